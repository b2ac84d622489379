"""What Cloud Assistant and the client of Server Migration Center do on a host: commands, files, activation codes."""
# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import asyncio
import base64
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from .host import Host
from .image.run import LabError
from .processes import TESTS

# The real agent's limit is that of its operation; this one keeps a runaway command from filling the machine's memory.
MOST_OUTPUT = 64 * 1024 * 1024
# Told by exit status: 10 exists, 11 no such user, 12 no such group, 13 the directory cannot be made.
WRITE = """\
path=$1 mode=$2 user=${3%%:*} group=${3#*:} overwrite=$4
directory=${path%/*}
mkdir -p -- "${directory:-/}" 2>/dev/null && [ -d "${directory:-/}" ] || exit 13
[ "$overwrite" = yes ] || [ ! -e "$path" ] || exit 10
id -u -- "$user" >/dev/null 2>&1 || exit 11
getent group -- "$group" >/dev/null 2>&1 || exit 12
cat >"$path" && chmod -- "$mode" "$path" && chown -- "$user:$group" "$path"
"""
WRITTEN = {0: "written", 10: "exists", 11: "no-owner", 12: "no-group", 13: "bad-path"}
CLIENTS = "/run/lab/smc"
TELL_CLIENT = f'cat >"{CLIENTS}/new.$1" && mv "{CLIENTS}/new.$1" "{CLIENTS}/answer.$1"'


async def execute(host: Host, script: bytes, limit: float, user: str = "root", directory: str = "") -> dict[str, Any]:
    """Run a script and wait for its end; `how` it ended is exited, timeout, interrupted, offline, no-account or no-directory."""
    if not await host.ready():
        return {"how": "offline"}
    output = os.memfd_create("output")
    try:
        return await _Execution(host, output).run(script, limit, user, directory)
    finally:
        os.close(output)


class _Execution:
    def __init__(self, host: Host, output: int) -> None:
        self.host, self.output, self.pid = host, output, host.pid

    async def run(self, script: bytes, limit: float, user: str, directory: str) -> dict[str, Any]:
        # Not while a snapshot has stopped the host's processes: it would miss the new one.
        async with self.host.lock:
            process, told = await self._start(script, user, directory)
        try:
            status = await asyncio.wait_for(process.wait(), limit)
        except asyncio.TimeoutError:
            await self._kill(process)
            return {"how": "timeout", "output": self._said()}
        except asyncio.CancelledError:
            await self._kill(process)
            raise
        if self.host.leaving(self.pid):
            return {"how": "interrupted", "output": self._said()}
        if told != "started":
            return {"how": told or "offline"}
        return {"how": "exited", "rc": status, "output": self._said()}

    async def _start(self, script: bytes, user: str, directory: str) -> tuple[asyncio.subprocess.Process, str]:
        reading, writing = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                "setpriv", "--pdeathsig", "KILL", sys.executable, "-S", "-s", "-m", "lab.inside",
                str(self.pid), str(writing), user, directory,
                stdin=asyncio.subprocess.PIPE, stdout=self.output, stderr=self.output, pass_fds=(writing,),
                env={**os.environ, "PYTHONPATH": TESTS, "PYTHONDONTWRITEBYTECODE": "1"}, start_new_session=True,
            )  # fmt: skip
            os.close(writing)
            writing = -1
            assert process.stdin
            process.stdin.write(script)
            process.stdin.close()
            told = await asyncio.to_thread(os.read, reading, 100)
        finally:
            os.close(reading)
            if writing >= 0:
                os.close(writing)
        return process, told.decode()

    async def _kill(self, process: asyncio.subprocess.Process) -> None:
        """The script and all that it has started, as long as they are in one tree; what detached itself stays."""
        while tree := self._tree(process.pid):
            for pid in tree:
                _signal(pid, signal.SIGKILL)
            await asyncio.sleep(0.01)
        await process.wait()

    def _tree(self, root: int) -> list[int]:
        if self.host.pid != self.pid:
            return []
        children: dict[int, list[int]] = {}
        for pid, parent, _name in self.host.processes():
            children.setdefault(parent, []).append(pid)
        found, new = [], children.get(root, [])
        while new:
            found += new
            new = [child for pid in new for child in children.get(pid, [])]
        return found

    def _said(self) -> str:
        size = min(os.fstat(self.output).st_size, MOST_OUTPUT)
        return base64.b64encode(os.pread(self.output, size, 0)).decode()


async def write(host: Host, content: bytes, path: str, mode: str, owner: str, overwrite: str) -> dict[str, Any]:
    if not await host.ready():
        return {"how": "offline"}
    async with host.lock:
        done = await host.run(["/bin/sh", "-c", WRITE, "put", path, mode, owner, overwrite], content)
    if done["rc"] not in WRITTEN:
        raise LabError(f"{path} was not written: {done['stderr'].strip()}")
    return {"how": WRITTEN[done["rc"]]}


def questions(host: Host) -> list[dict[str, str]]:
    """What clients ask who have been given an activation code. Each is told once, and the code is on the host no more."""
    found = []
    for path in sorted(Path(f"/proc/{host.pid}/root{CLIENTS}").glob("code.*")) if host.pid else ():
        with suppress(OSError):  # the host goes down
            found.append({"host": host.spec.name, "id": path.suffix[1:], "code": path.read_text().strip()})
            path.unlink()
    return found


async def tell_client(host: Host, number: str, answer: bytes) -> bool:
    async with host.lock:
        if host.state != "on" or not number.isdigit():
            return False
        done = await host.run(["/bin/sh", "-c", TELL_CLIENT, "tell", number], answer)
    return bool(done["rc"] == 0)


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
