# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many migration jobs from Ready to Finished: a queue that respects what the account may run at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import smc_errors, smc_jobs
from .batch import each
from .client import Caller
from .errors import CloudError
from .smc_job_prepare import prepare
from .smc_job_task import Task, result
from .smc_job_wish import Item, Wish
from .smc_job_wish import check as check_wish
from .smc_jobs import DELETING, EXPIRED, FINISHED, IN_ERROR, RUNNING, STARTABLE, STOPPED, WAITING
from .waiter import BLIND, TIMEOUT, Pace

Report = Callable[[list[Task]], None]

# A job that one look misses, or shows as it was before its start, may be otherwise at the next one.
LOOKS = 3


def run(api: Caller, items: list[Item], wish: Wish, pace: Pace, check: bool, report: Report) -> list[dict[str, Any]]:
    """Bring every item's job to the wished state. `report` gets all tasks at each look."""
    check_wish(wish)
    tasks = prepare(api, items, wish, pace, check)
    if wish.state != "present":
        if check:
            for task in tasks:
                task.changed = task.changed or (task.error is None and task.status in STARTABLE)
        else:
            Drive(api, tasks, wish, pace, report).run()
    return [result(task) for task in tasks]


class Drive:
    """Starts what there is room for, looks at all jobs together, and again, until all have ended or the time is up."""

    def __init__(self, api: Caller, tasks: list[Task], wish: Wish, pace: Pace, report: Report) -> None:
        self.api = api
        self.tasks = tasks
        self.wish = wish
        self.pace = pace
        self.report = report
        self.mine = [task for task in tasks if task.job is not None and task.error is None]
        self.queue = [task for task in self.mine if task.status in STARTABLE]
        self.trouble: CloudError | None = None

    def run(self) -> None:
        deadline = self.pace.clock() + self.pace.timeout
        self._judge()
        while True:
            self._attempt(self._start_next)
            self._judge()
            self.report(self.tasks)
            left = deadline - self.pace.clock()
            if not self.wish.wait or left <= 0 or self._hopeless() or not self._pending():
                break
            self.pace.sleep(min(self.pace.interval, left))
            self._attempt(lambda: self._look(self._pending()))
            self._judge()
        self._close()
        self.report(self.tasks)

    def _attempt(self, work: Callable[[], None]) -> None:
        """The work goes on in the cloud, so a call that failed is no reason to give up: the next one may get through."""
        try:
            work()
        except CloudError as error:
            self.trouble = error

    def _hopeless(self) -> bool:
        return self.trouble is not None and self.trouble.kind in ("credentials", "refused")

    def _pending(self) -> list[Task]:
        return [task for task in self.mine if not self._settled(task)]

    def _settled(self, task: Task) -> bool:
        if task.error is not None or task.status == FINISHED:
            return True
        return self.wish.state == "started" and task.status in (RUNNING, WAITING)

    def _start_next(self) -> None:
        """As many as the account has room for: every running job counts, also those of others."""
        due = [task for task in self.queue if task.not_before <= self.pace.clock()]
        if not due:
            return
        room = self.wish.max_running - len(smc_jobs.search(self.api, Status=RUNNING))
        started: list[Task] = []
        for outcome in each(due[: max(room, 0)], self._start):
            task, error = outcome.item, outcome.error
            if error is not None and error.code.startswith("QuotaExceeded"):
                # Somebody else was faster, or the account may run fewer.
                task.not_before = self.pace.clock() + self.pace.interval
                continue
            self.queue.remove(task)
            task.error = error
            if error is None:
                task.changed = True
                task.attempts += 1
                started.append(task)
        self._look(started)

    def _start(self, task: Task) -> None:
        task.before_start, task.same = task.shape(), 0
        smc_jobs.start(self.api, task.job_id, task.status)

    def _look(self, tasks: list[Task]) -> None:
        """One read of all jobs."""
        seen = smc_jobs.by_ids(self.api, [task.job_id for task in tasks]) if tasks else {}
        self.trouble = None
        for task in tasks:
            task.see(seen.get(task.job_id))

    def _judge(self) -> None:
        """Jobs that ended otherwise than hoped: those that may be started again are queued, the others get an error."""
        for task in self.mine:
            waits_for_first_look = task.before_start == task.shape() and task.same < LOOKS
            if task in self.queue or task.error is not None or waits_for_first_look:
                continue
            if task.status == IN_ERROR and self._may_retry(task):
                task.not_before = self.pace.clock() + self.wish.retry_pause
                self.queue.append(task)
            else:
                task.error = bad_end(task)

    def _may_retry(self, task: Task) -> bool:
        return self.wish.wait and task.attempts <= self.wish.retries and smc_errors.retryable(*task.reason)

    def _close(self) -> None:
        """What is still open when the loop ends: not started, or not finished in time."""
        for task in self._pending():
            if task in self.queue:
                task.error = self._not_started(task)
            elif self._hopeless():
                task.error = self.trouble
            elif self.wish.wait:
                task.error = self._too_late(task)

    def _not_started(self, task: Task) -> CloudError:
        if self.trouble is not None:
            text = f"job {task.job_id} was not started: {self.trouble.message}"
            return CloudError(self.trouble.code, text, kind=self.trouble.kind, resource=task.ref.id)
        if task.status == IN_ERROR and task.attempts:
            return smc_errors.in_error(task.job_id, *task.reason)
        return CloudError(
            "QueueFull",
            f"job {task.job_id} of {task.ref.id} is {task.status} and waits: {self.wish.max_running} jobs may run at a time",
            resource=task.ref.id,
            hint="Run again when jobs have ended, or wait longer (wait, wait_timeout).",
        )

    def _too_late(self, task: Task) -> CloudError:
        text = f"job {task.job_id} of {task.ref.id} is {task.status} after {self.pace.timeout:g} seconds"
        if self.trouble is None:
            return CloudError(TIMEOUT, text, resource=task.ref.id)
        text += f"; the last look failed: {self.trouble.code}: {self.trouble.message}"
        return CloudError(BLIND, text, resource=task.ref.id)


def bad_end(task: Task) -> CloudError | None:
    """The error of a job in a state from which it does not go on by itself."""
    ref = task.ref
    if task.unseen >= LOOKS:
        text = f"job {task.job_id} of {ref.id} is not listed any more"
        hint = "Somebody deleted it. Look at the instance before it is migrated again."
        return CloudError("SmcJobGone", text, resource=ref.id, hint=hint)
    if task.status == IN_ERROR:
        return smc_errors.in_error(task.job_id, *task.reason)
    texts = {
        STOPPED: ("SmcJobStopped", "was stopped", "Run again with state=finished to go on, or delete the job."),
        EXPIRED: ("SmcJobExpired", "has expired", "Delete it (state=absent), then run again."),
        DELETING: ("SmcJobDeleting", "is being deleted", "Run again when it is gone."),
    }
    if task.status not in texts:
        return None
    code, text, hint = texts[task.status]
    return CloudError(code, f"job {task.job_id} of {ref.id} {text}", resource=ref.id, hint=hint)
