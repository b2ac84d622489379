# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One instance on its way through its migration job, what a user is told about it, and a file that shows all of them."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from .batch import Ref
from .errors import CloudError
from .smc_job_wish import Item
from .smc_jobs import Job

Result = dict[str, Any]


@dataclass
class Task:
    """attempts: how often this run of the module has started the job. history: one entry per change that was seen."""

    item: Item
    source_id: str | None = None
    source: Mapping[str, Any] | None = None
    job: Job | None = None
    error: CloudError | None = None
    changed: bool = False
    attempts: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)
    # Looks in a row that did not see the job.
    unseen: int = 0
    # Not before this time of the pace's clock is the job started.
    not_before: float = 0.0
    # How the job looked before it was started, and how many looks since then have shown just that.
    before_start: tuple[Any, ...] | None = None
    same: int = 0

    @property
    def ref(self) -> Ref:
        return self.item.ref

    @property
    def job_id(self) -> str:
        return str(self.job["job_id"]) if self.job else ""

    @property
    def status(self) -> str:
        return str(self.job["status"]) if self.job else ""

    @property
    def reason(self) -> tuple[str, str]:
        """(code, message) that the job itself gives."""
        job = self.job or {}
        return job.get("error_code") or "", job.get("error_message") or ""

    def shape(self) -> tuple[Any, ...]:
        job = self.job or {}
        return tuple(job.get(key) for key in ("status", "started", "ended", "progress", "error_code"))

    def see(self, job: Job | None) -> None:
        """Take in what a look showed; a job that it missed keeps what was seen last."""
        self.unseen = self.unseen + 1 if job is None else 0
        if job is None:
            return
        self.job = job
        self.same = self.same + 1 if self.before_start == self.shape() else 0
        entry = {key: job[key] for key in ("status", "business_status", "progress")}
        last = {key: value for key, value in self.history[-1].items() if key != "time"} if self.history else None
        if entry != last:
            self.history.append({"time": now_text(), **entry})


def now_text() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def result(task: Task) -> Result:
    job = task.job or {}
    return {
        "instance_id": task.ref.id,
        "region_id": task.ref.region,
        "source_id": task.source_id,
        "job_id": job.get("job_id"),
        "status": job.get("status"),
        "business_status": job.get("business_status"),
        "progress": job.get("progress"),
        "attempts": task.attempts,
        "history": task.history,
        "changed": task.changed,
        "error": task.error.as_dict() if task.error else None,
    }


def write_progress(path: str, tasks: list[Task]) -> None:
    """The state of all jobs as one JSON document; a reader never sees half of one. Raises OSError."""
    keys = ("instance_id", "job_id", "status", "business_status", "progress")
    jobs = [{key: value for key, value in result(task).items() if key in keys} for task in tasks]
    target = Path(path)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump({"time": now_text(), "jobs": jobs}, file)
        os.replace(name, target)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


def reporter(path: str | None, warn: Callable[[str], None]) -> Callable[[list[Task]], None]:
    """Writes the progress file at each look; one that cannot be written is a warning, as the jobs go on."""
    warned: list[OSError] = []

    def report(tasks: list[Task]) -> None:
        if path and not warned:
            try:
                write_progress(path, tasks)
            except OSError as error:
                warned.append(error)
                warn(f"progress_file {path} cannot be written: {error}")

    return report
