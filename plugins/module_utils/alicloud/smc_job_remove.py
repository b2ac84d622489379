# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stop and delete the jobs of a run, and the backup snapshots that SMC made for them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from . import inputs, instances, smc, smc_job_task, smc_jobs, snapshots, tags
from .batch import Ref, by_region, each
from .client import Caller
from .disks import FEW
from .errors import CloudError
from .smc_job_wish import Item
from .smc_jobs import DELETING, RUNNING, STOPPED, Job
from .snapshots import Snapshot
from .waiter import BLIND, TIMEOUT, Pace, Waiter, wait_for

Result = dict[str, Any]

# documented: the beginning of the name. What follows is assumed to be, or to contain, the id of the job.
BACKUP_PREFIX = "SMC_Backup_Snapshot_"
_JOB_ID = re.compile(r"\bj-[A-Za-z0-9-]+")


@dataclass
class Task:
    job: Job
    error: CloudError | None = None
    changed: bool = False
    snapshots: list[str] = field(default_factory=list)

    @property
    def ref(self) -> Ref:
        return smc.ref(self.job["job_id"])


def chosen(api: Caller, run_id: str, refs: Iterable[Ref] | None) -> list[Task]:
    """The jobs of the run, or of these instances in it. Jobs of other runs are never touched."""
    wanted = None if refs is None else {ref.id for ref in refs}
    jobs = smc_jobs.of_run(api, run_id)
    return [Task(job) for job in jobs if wanted is None or smc_jobs.instance_of(job) in wanted]


def refused(refs: Iterable[Ref]) -> list[Result]:
    """A result for each instance that no job can be of."""
    named = [smc_job_task.Task(Item(ref), error=error) for ref, error in inputs.wrong(refs).items()]
    return [smc_job_task.result(task) | {"snapshots": []} for task in named]


def stop(api: Caller, tasks: list[Task], pace: Pace, wait: bool, check: bool) -> list[Result]:
    """Stop what runs. The service allows it only while a job synchronises, and says so otherwise."""
    todo = [task for task in tasks if task.job["status"] == RUNNING]
    for task in todo:
        task.changed = True
    if not check:
        _each(api, todo, smc_jobs.stop)
        _await(api, [task for task in todo if task.error is None], pace, wait, ("the stop", STOPPED))
    return [result(task) for task in tasks]


def absent(api: Caller, tasks: list[Task], backups: bool, pace: Pace, wait: bool, check: bool) -> list[Result]:
    """Delete jobs that do not run; backups: and before that the snapshots that SMC made for them."""
    for task in tasks:
        if task.job["status"] == RUNNING:
            task.error = is_running(task.job)
    todo = [task for task in tasks if task.error is None and task.job["status"] != DELETING]
    if backups:
        _delete_backups(api, todo, check)
    todo = [task for task in todo if task.error is None]
    for task in todo:
        task.changed = True
    if not check:
        _each(api, todo, smc_jobs.delete)
        going = [task for task in tasks if task.error is None]
        _await(api, going, pace, wait, ("the deletion", None))
    return [result(task) for task in tasks]


def is_running(job: Job) -> CloudError:
    return CloudError(
        "SmcJobRunning",
        f"job {job['job_id']} is Running and cannot be deleted",
        resource=job["job_id"],
        hint="Wait until it ends, or stop it first (state=stopped).",
    )


def _each(api: Caller, todo: list[Task], work: Any) -> None:
    for outcome in each(todo, lambda task: work(api, task.job["job_id"])):
        if outcome.error is not None:
            outcome.item.error, outcome.item.changed = outcome.error, bool(outcome.item.snapshots)


def _await(api: Caller, tasks: list[Task], pace: Pace, wait: bool, end: tuple[str, str | None]) -> None:
    """Look at all of them together, until they are in their last state, or gone where there is none; or only once."""
    by_ref = {task.ref: task for task in tasks}
    what, status = end

    def look(pending: list[Ref]) -> dict[Ref, Job]:
        return {smc.ref(job_id): job for job_id, job in smc_jobs.by_ids(api, [ref.id for ref in pending]).items()}

    if not wait:
        seen = look(list(by_ref))
        for ref, task in by_ref.items():
            task.job = seen.get(ref) or task.job | {"status": "" if status is None else task.job["status"]}
        return
    waiter = Waiter(what, look, lambda job: status is not None and job["status"] != RUNNING, gone_is_done=True)
    for ref, waited in wait_for(waiter, by_ref, pace).items():
        task = by_ref[ref]
        task.error = waited.error
        task.job = waited.state or task.job | {"status": ""}
        task.changed = task.changed and (waited.error is None or waited.error.code in (TIMEOUT, BLIND))


def _delete_backups(api: Caller, tasks: list[Task], check: bool) -> None:
    found, errors = find_backups(api, [task.job for task in tasks])
    for task in tasks:
        job_id = task.job["job_id"]
        task.error = errors.get(job_id)
        task.snapshots = [ref.id for ref in found.get(job_id, [])] if task.error is None else []
        task.changed = bool(task.snapshots)
    todo = [(task, ref) for task in tasks if task.error is None for ref in found.get(task.job["job_id"], [])]
    for outcome in [] if check else each(todo, lambda pair: snapshots.delete(api, pair[1], force=False)):
        task, ref = outcome.item
        if outcome.error is not None:
            task.error = outcome.error
            task.snapshots.remove(ref.id)
            task.changed = bool(task.snapshots)


def find_backups(api: Caller, jobs: list[Job]) -> tuple[dict[str, list[Ref]], dict[str, CloudError]]:
    """job id -> its backup snapshots. An instance that is gone has no disks left to look at, and that is no error."""
    homes = {job["job_id"]: Ref(job["region_id"] or "", smc_jobs.instance_of(job) or "") for job in jobs}
    refs = [ref for ref in homes.values() if ref.region and ref.id]
    loaded, errors = instances.load(api, refs)
    groups = list(by_region(loaded).items())
    outcomes = each(groups, lambda group: _taken(api, group[0], [ref.id for ref in group[1]]))
    named = {outcome.item[0]: outcome for outcome in outcomes}
    found: dict[str, list[Ref]] = {}
    failed: dict[str, CloudError] = {}
    for job in jobs:
        ref = homes[job["job_id"]]
        error = errors.get(ref) or (named[ref.region].error if ref in loaded else None)
        if error is not None and error.code != "InvalidInstanceId.NotFound":
            failed[job["job_id"]] = error
        elif ref in loaded:
            disks = {disk["disk_id"] for disk in loaded[ref]["disks"]}
            mine = [one for one in named[ref.region].value or [] if is_backup_of(job, one, disks)]
            found[job["job_id"]] = [Ref(ref.region, one["snapshot_id"]) for one in mine]
    return found, failed


def _taken(api: Caller, region: str, instance_ids: list[str]) -> list[Snapshot]:
    """The snapshots of few instances, or of the whole region where that costs fewer calls."""
    if len(instance_ids) > FEW:
        return snapshots.of_region(api, region)
    return [one for instance in instance_ids for one in snapshots.of_instance(api, region, instance)]


def is_backup_of(job: Mapping[str, Any], snapshot: Snapshot, disk_ids: set[str]) -> bool:
    """Whether SMC made a snapshot for this job: by its name and disk, or by its time where the name names no job.

    A snapshot of our own, or one whose time is unknown, never is.
    """
    name = snapshot["name"]
    if not name.startswith(BACKUP_PREFIX) or snapshot["disk_id"] not in disk_ids or snapshot["tags"].get(tags.RUN_ID):
        return False
    rest = name[len(BACKUP_PREFIX) :]
    if job["job_id"] in rest:
        return True
    if _JOB_ID.search(rest):
        return False
    created, began, ended = (_comparable(text) for text in (snapshot["created"], job["started"], job["ended"]))
    if not created or not began:
        return False
    return began <= created and (not ended or created <= ended)


def _comparable(text: Any) -> str:
    """ISO 8601 in UTC, with or without seconds, cut to minutes; an empty text where it is none."""
    found = re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d", str(text or ""))
    return found.group() if found else ""


def result(task: Task) -> Result:
    job = task.job
    return {
        "instance_id": smc_jobs.instance_of(job),
        "region_id": job["region_id"],
        "source_id": job["source_id"],
        "job_id": job["job_id"],
        "status": job["status"] or None,
        "business_status": job["business_status"],
        "progress": job["progress"],
        "snapshots": task.snapshots,
        "attempts": 0,
        "history": [],
        "changed": task.changed,
        "error": task.error.as_dict() if task.error else None,
    }
