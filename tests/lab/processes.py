"""Commands of the supervisor, and programs that it starts in namespaces of their own."""
# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from .image.run import LabError
from .registry import Claim

TESTS = str(Path(__file__).resolve().parents[1])
RUN_LIMIT = 900.0


async def command(*words: str, stdin: bytes | None = None, limit: float = RUN_LIMIT) -> tuple[int, bytes, bytes]:
    process = await asyncio.create_subprocess_exec(
        *words,
        stdin=asyncio.subprocess.PIPE if stdin is not None else asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(stdin), limit)
    except asyncio.TimeoutError:
        process.kill()
        await process.wait()
        raise LabError(f"{words[0]} was ended after {limit:.0f} s") from None
    return process.returncode or 0, out, err


async def must(*words: str, stdin: bytes | None = None) -> None:
    status, _out, err = await command(*words, stdin=stdin)
    if status:
        raise LabError(f"{' '.join(words)[:200]} failed: {err.decode(errors='replace').strip()}")


async def start_in_namespaces(kinds: list[str], module: str, *arguments: str) -> tuple[asyncio.subprocess.Process, int]:
    """Starts a module of this package in new namespaces; tells the keeper process and the pid of the module's own."""
    environment = {**os.environ, "PYTHONPATH": TESTS, "PYTHONDONTWRITEBYTECODE": "1"}
    keeper = await asyncio.create_subprocess_exec(
        "setpriv",
        "--pdeathsig",
        "KILL",
        "unshare",
        *kinds,
        "--fork",
        "--kill-child",
        sys.executable,
        "-S",
        "-s",
        "-m",
        module,
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=environment,
        start_new_session=True,
    )
    assert keeper.stdout
    line = await keeper.stdout.readline()
    if not line:
        raise LabError(f"{module} did not start")
    return keeper, int(line)


async def connect(claim: Claim, keeper: asyncio.subprocess.Process, pid: int, index: int, up: bool = True) -> None:
    """Gives the waiting process its eth0 and lets it go on."""
    port = claim.port(index)
    await command("ip", "link", "delete", port)
    mac = f"02:77:00:{claim.number:02x}:00:{index:02x}"
    lines = (
        f"link add {port} type veth peer name eth0 address {mac} netns {pid}\n"
        f"link set {port} master {claim.bridge}\nlink set {port} {'up' if up else 'down'}\n"
    )
    await must("ip", "-batch", "-", stdin=lines.encode())
    assert keeper.stdin
    keeper.stdin.write(b"g")
    await keeper.stdin.drain()
    keeper.stdin.close()
