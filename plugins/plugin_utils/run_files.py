# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the run record is kept on disk: names of files, writing by rename, and the lock that names its owner."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import re
import secrets
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# A lock that cannot be read is being written, or its writer died between creating and filling it.
UNREADABLE_LOCK_SECONDS = 60
PLAIN_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
HASHED_NAME = re.compile(r".*-[0-9a-f]{16}")


class RunError(Exception):
    """The run record cannot be used; the text is one sentence for the user."""


class LockHeld(RunError):
    """Another controller works on this run."""


def safe_name(host: str) -> str:
    """A file name for a host: itself where that is harmless, else a readable part and a hash of its own."""
    # Capitals are hashed too, because some file systems take web1 and WEB1 for one name.
    if PLAIN_NAME.fullmatch(host) and not HASHED_NAME.fullmatch(host):
        return host
    digest = hashlib.sha256(host.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    readable = re.sub(r"[^a-z0-9._-]+", "_", host.lower()).strip("._-")[:60]
    return f"{readable or 'host'}-{digest}"


def explained(exc: OSError, doing: str, target: Path) -> RunError:
    """The error of the operating system as a sentence that says what to do about it."""
    if exc.errno in (errno.ENOSPC, errno.EDQUOT):
        return RunError(f"Cannot {doing} {target}: the disk is full or its quota is used up; make room and run again.")
    if exc.errno in (errno.EACCES, errno.EPERM):
        return RunError(f"Cannot {doing} {target}: permission denied for user id {os.geteuid()}.")
    if exc.errno == errno.EROFS:
        return RunError(f"Cannot {doing} {target}: the file system is read-only.")
    return RunError(f"Cannot {doing} {target}: {exc.strerror or exc}.")


def write_atomic(target: Path, content: bytes, durable: bool = True) -> None:
    """Put content in place by rename, so that a crash leaves the old file or the new one, never a part.

    What can be made again from other files need not be `durable`: it is not waited for until the disk has it.
    """
    temporary = target.with_name(f".{target.name[:100]}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
    try:
        try:
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as stream:
                stream.write(content)
                stream.flush()
                if durable:
                    os.fsync(stream.fileno())
            temporary.replace(target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        if durable:
            _sync_directory(target.parent)
    except OSError as exc:
        raise explained(exc, "write", target) from exc


def _sync_directory(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def process_start(pid: int) -> str:
    """When a process started, as an opaque text; empty where it does not exist or cannot be asked."""
    try:
        # The command name stands in parentheses and may contain anything; the 20th field after it is the start time.
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        pass
    if Path("/proc/self/stat").exists():
        return ""
    try:
        answer = subprocess.run(
            ["ps", "-o", "lstart=", "-p", str(pid)],
            capture_output=True, text=True, timeout=10, check=False, env={**os.environ, "LC_ALL": "C"},
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return ""
    return answer.stdout.strip()


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        # It exists and belongs to somebody else.
        return True
    return True


def _stale(holder: dict[str, Any]) -> bool:
    """Whether the owner of a lock is surely gone. What another computer's processes do cannot be known here."""
    if holder["host"] != socket.gethostname():
        return False
    if not _alive(holder["pid"]):
        return True
    started = process_start(holder["pid"])
    return bool(started and holder["started"]) and started != holder["started"]


class RunLock:
    """A lock file that belongs to a process, not to an open file, for each task of a playbook is its own process."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def acquire(self, pid: int) -> None:
        """Take the lock for the controller's process, or raise LockHeld; taking it twice is taking it once."""
        mine = {"host": socket.gethostname(), "pid": int(pid), "started": process_start(pid), "time": time.time()}
        with self._guard():
            holder = self.holder()
            if holder is not None:
                if _same_owner(holder, mine):
                    return
                if not _stale(holder):
                    raise LockHeld(self._sentence(holder))
            if self.path.exists():
                self.path.unlink()
            self._create(mine)

    def release(self, pid: int) -> None:
        """Give the lock back if this process owns it."""
        mine = {"host": socket.gethostname(), "pid": int(pid), "started": process_start(pid)}
        with self._guard():
            holder = self.holder()
            if holder is not None and _same_owner(holder, mine):
                self.path.unlink()

    def holder(self) -> dict[str, Any] | None:
        """Who has the lock, or None; a lock without readable content that is old enough has no owner."""
        try:
            content = self.path.read_text(errors="replace")
            age = time.time() - self.path.stat().st_mtime
        except FileNotFoundError:
            return None
        except OSError as exc:
            raise explained(exc, "read", self.path) from exc
        try:
            found = json.loads(content)
            return {
                "host": str(found["host"]),
                "pid": int(found["pid"]),
                "started": str(found["started"]),
                "time": float(found["time"]),
            }
        except (ValueError, KeyError, TypeError):
            if age >= UNREADABLE_LOCK_SECONDS:
                return None
            return {"host": "unknown", "pid": 0, "started": "", "time": time.time() - age}

    def _create(self, mine: dict[str, Any]) -> None:
        try:
            handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w") as stream:
                json.dump(mine, stream)
                stream.flush()
                os.fsync(stream.fileno())
        except FileExistsError as exc:
            # Only another computer gets here: on this one the guard keeps others out.
            raise LockHeld(self._sentence(self.holder() or mine)) from exc
        except OSError as exc:
            raise explained(exc, "write", self.path) from exc

    @contextmanager
    def _guard(self) -> Iterator[None]:
        """Let one process at a time look at the lock and act on what it saw."""
        guard = self.path.with_name(f".{self.path.name}.guard")
        try:
            handle = os.open(guard, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as exc:
            raise explained(exc, "write", guard) from exc
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _sentence(self, holder: dict[str, Any]) -> str:
        minutes = max(0, int(time.time() - holder["time"])) // 60
        age = f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"
        return (
            f"The run is in use by process {holder['pid']} on {holder['host']}, for {age} now; wait for it to end,"
            f" or delete {self.path} if that controller is gone for good."
        )


def _same_owner(holder: dict[str, Any], mine: dict[str, Any]) -> bool:
    return all(holder[key] == mine[key] for key in ("host", "pid", "started"))
