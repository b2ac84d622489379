"""Which labs exist on this machine: one number each, under /run, held by a lock for as long as the supervisor lives."""
# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

from .image.run import LabError

BASE = Path("/run/os_migration-lab")
NETWORK = "10.77"
# All that is big and short-lived, under the state directory, by a name that no other program uses.
DISKS = ".os_migration-lab"


class Claim:
    """A lab's number. Everything that bears a name outside the lab's own namespaces is derived from it."""

    def __init__(self, number: int, lock: int) -> None:
        self.number = number
        self.lock = lock
        self.folder = BASE / str(number)
        self.bridge = f"osm{number}"

    def address(self, last: int) -> str:
        return f"{NETWORK}.{self.number}.{last}"

    def port(self, index: int) -> str:
        return f"{self.bridge}h{index}"

    def release(self) -> None:
        clean(self.number)
        os.close(self.lock)


def claim(state: Path) -> Claim:
    """The lowest free number; dead labs are removed first."""
    BASE.mkdir(exist_ok=True)
    with (BASE / ".lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        _reap()
        routes = subprocess.run(["ip", "-4", "route"], capture_output=True, text=True, check=True).stdout
        for number in range(1, 255):
            if not (BASE / str(number)).exists() and f"{NETWORK}.{number}.0/" not in routes:
                (BASE / str(number)).mkdir()
                (BASE / str(number) / "lab.json").write_text(json.dumps({"state": str(state)}))
                lock = os.open(BASE / str(number) / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return Claim(number, lock)
    raise LabError("no free lab number: 254 labs are running")


def reap() -> list[int]:
    """Removes what labs left behind whose supervisor is dead, and tells their numbers."""
    if not BASE.is_dir():
        return []
    with (BASE / ".lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        return _reap()


def _reap() -> list[int]:
    reaped = []
    for folder in sorted(BASE.glob("[0-9]*")):
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        finally:
            os.close(lock)
        clean(int(folder.name))
        reaped.append(int(folder.name))
    return reaped


def clean(number: int) -> None:
    """Processes, links, disks and the registration of a lab. Mounts end with their processes."""
    folder = BASE / str(number)
    _kill_all(f"{folder}/")
    remove_links(number)
    try:
        state = Path(json.loads((folder / "lab.json").read_text())["state"])
    except (OSError, ValueError, KeyError):
        state = None
    if state:
        remove_disks(state)
    shutil.rmtree(folder, ignore_errors=True)


def remove_links(number: int) -> None:
    """The bridge and its ports. A dead host's network lives on, with its port, while the kernel still closes connections in it."""
    links = [path.name for path in Path("/sys/class/net").glob(f"osm{number}*")]
    for name in links:
        if name == f"osm{number}" or name.startswith(f"osm{number}h"):
            subprocess.run(["ip", "link", "delete", name], stderr=subprocess.DEVNULL, check=False)


def remove_disks(state: Path) -> None:
    shutil.rmtree(state / DISKS, ignore_errors=True)
    for name in ("control.sock", "lab.json"):
        (state / name).unlink(missing_ok=True)


def _kill_all(mark: str) -> None:
    """Ends the processes whose command line bears the lab's folder: every namespace keeper does; what it keeps dies with it."""
    for process in Path("/proc").glob("[0-9]*"):
        if int(process.name) == os.getpid():
            continue
        try:
            if mark.encode() in (process / "cmdline").read_bytes():
                os.kill(int(process.name), signal.SIGKILL)
        except OSError:
            continue
