"""Runs the fleet's driver command for the instances that are real hosts, so that a snapshot is one of a real disk."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import defaultdict
from collections.abc import Callable
from contextlib import AsyncExitStack

from .fleet import Driver
from .world import Work

OVERLAPPING = 32
STOPPED = "stopped"


class DriverRunner:
    """One job at a time per host, a few at once over all hosts; commands in hosts run beside them. Never blocks the loop."""

    def __init__(self, driver: Driver | None) -> None:
        self._driver = driver
        self._hosts: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._slots = asyncio.Semaphore(driver.parallel if driver else 1)
        self._commands = asyncio.Semaphore(OVERLAPPING)
        self._tasks: dict[int, asyncio.Task[None]] = {}

    def submit(self, work: Work, report: Callable[[Work], None]) -> None:
        task = asyncio.get_running_loop().create_task(self._run(work, report))
        self._tasks[id(work)] = task
        task.add_done_callback(lambda _task: self._tasks.pop(id(work), None))

    def cancel(self, work: Work) -> None:
        """End this work, whatever it is doing; it fails."""
        if task := self._tasks.get(id(work)):
            task.cancel()

    async def stop(self) -> None:
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, work: Work, report: Callable[[Work], None]) -> None:
        try:
            async with AsyncExitStack() as turn:
                # The locks are fair, so that a host's jobs run in the order in which they were asked for.
                locks = (self._commands,) if work.overlaps else (self._hosts[work.host], self._slots)
                for lock in locks:
                    await turn.enter_async_context(lock)
                work.error = await _call(self._driver, work) if self._driver else "no driver command in the fleet"
        except asyncio.CancelledError:
            work.error = STOPPED
            raise
        finally:
            work.stdin = None
            work.done = True
            report(work)


async def _call(driver: Driver, work: Work) -> str | None:
    """Run the command; the error, or None. A daemon that it leaves behind may hold a pipe open, and secrets must not
    reach a disk: so its output goes to files in memory."""
    out, err = os.memfd_create("stdout"), os.memfd_create("stderr")
    try:
        return await _call_into(driver, work, out, err)
    finally:
        os.close(out)
        os.close(err)


async def _call_into(driver: Driver, work: Work, out: int, err: int) -> str | None:
    given = asyncio.subprocess.DEVNULL if work.stdin is None else asyncio.subprocess.PIPE
    try:
        process = await asyncio.create_subprocess_exec(
            *driver.command, work.verb, *work.arguments,
            stdin=given, stdout=out, stderr=err, start_new_session=True)  # fmt: skip
    except OSError as error:
        return str(error)
    limit = max(driver.timeout_s, work.limit_s or 0)
    try:
        code = await asyncio.wait_for(_feed(process, work.stdin), limit)
    except asyncio.TimeoutError:
        return f"no end after {limit:g} s"
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    if code == 0:
        work.output = _read(out).decode(errors="replace")
        return None
    said = (_read(err) or _read(out))[-500:]
    return f"exit status {code}: {said.decode(errors='replace').strip()}"


async def _feed(process: asyncio.subprocess.Process, content: bytes | None) -> int:
    if process.stdin is not None:
        try:
            process.stdin.write(content or b"")
            await process.stdin.drain()
            process.stdin.close()
        except ConnectionError:
            pass  # it does not want to know
    return await process.wait()


def _read(file: int) -> bytes:
    return os.pread(file, os.fstat(file).st_size, 0)
