"""Runs the fleet's driver command for the instances that are real hosts, so that a snapshot is one of a real disk."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
from collections import defaultdict
from collections.abc import Callable

from .fleet import Driver
from .world import Work


class DriverRunner:
    """One job at a time per host, a few at once over all hosts; never blocks the event loop."""

    def __init__(self, driver: Driver | None) -> None:
        self._driver = driver
        self._hosts: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._slots = asyncio.Semaphore(driver.parallel if driver else 1)
        self._tasks: set[asyncio.Task[None]] = set()

    def submit(self, work: Work, report: Callable[[Work], None]) -> None:
        task = asyncio.get_running_loop().create_task(self._run(work, report))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self, work: Work, report: Callable[[Work], None]) -> None:
        # The locks are fair, so that a host's jobs run in the order in which they were asked for.
        async with self._hosts[work.host], self._slots:
            work.error = "no driver command in the fleet" if self._driver is None else await _call(self._driver, work)
        work.done = True
        report(work)


async def _call(driver: Driver, work: Work) -> str | None:
    """Run the command; the error, or None. Output goes to a file: a daemon it leaves behind may hold a pipe open."""
    with tempfile.TemporaryFile() as output:
        try:
            process = await asyncio.create_subprocess_exec(
                *driver.command, work.verb, *work.arguments,
                stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True)  # fmt: skip
        except OSError as error:
            return str(error)
        try:
            code = await asyncio.wait_for(process.wait(), driver.timeout_s)
        except asyncio.TimeoutError:
            return f"no end after {driver.timeout_s} s"
        finally:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
        if code == 0:
            return None
        output.seek(0)
        return f"exit status {code}: {output.read()[-500:].decode(errors='replace').strip()}"
