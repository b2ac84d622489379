# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One migration job for each instance: find those that exist, and create those that are missing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from . import inputs, smc_jobs, smc_match, smc_sources, tags
from .batch import Ref, each
from .client import Caller
from .errors import CloudError
from .smc_job_task import Task
from .smc_job_wish import Item, Wish, job_name, request
from .smc_jobs import DELETING, FINISHED, UNFINISHED, Job
from .waiter import Pace

# A token whose job was deleted since answers with the id of that job: the next token is tried.
CREATE_ATTEMPTS = 4
LOOKS = 3


def prepare(api: Caller, items: list[Item], wish: Wish, pace: Pace, check: bool) -> list[Task]:
    """Every item with its job, or an error. In check mode a job that would be created is missing without an error."""
    wrong = inputs.wrong(item.ref for item in items)
    tasks = [Task(item, item.source_id, error=wrong.get(item.ref)) for item in items]
    _find_jobs(tasks, smc_jobs.of_run(api, wish.run_id), wish)
    _find_sources(api, [task for task in tasks if task.job is None and task.error is None])
    _judge_others(api, tasks, wish)
    for task in tasks:
        if task.job is not None:
            task.see(task.job)
    todo = [task for task in tasks if task.job is None and task.error is None]
    if check:
        for outcome in each(todo, lambda task: request(wish, task.item, task.source_id or "", 0, _now())):
            outcome.item.changed, outcome.item.error = outcome.error is None, outcome.error
    else:
        _create(api, todo, wish, pace)
    return tasks


def _now() -> datetime:
    return datetime.now(timezone.utc)


def _find_jobs(tasks: list[Task], jobs: list[Job], wish: Wish) -> None:
    """The newest unfinished job of the run, or else its newest finished one."""
    mine: dict[str, list[Job]] = {}
    for job in jobs:
        mine.setdefault(smc_jobs.instance_of(job) or "", []).append(job)
    for task in tasks:
        found = sorted(mine.get(task.ref.id, []), key=lambda job: (job["status"] in UNFINISHED, job["created"] or ""))
        usable = [job for job in found if job["status"] in (*UNFINISHED, FINISHED)]
        if usable:
            task.job = usable[-1]
            task.source_id = task.job["source_id"] or task.source_id
        elif found:
            task.error = deleting(task.ref, found[-1])


def deleting(ref: Ref, job: Job) -> CloudError:
    return CloudError(
        "SmcJobDeleting",
        f"job {job['job_id']} of {ref.id} is being deleted",
        resource=ref.id,
        hint="Run again when it is gone.",
    )


def _find_sources(api: Caller, tasks: list[Task]) -> None:
    """Named sources are checked, the others are matched. Only an Available source can get a job."""
    if not tasks:
        return
    named = [task for task in tasks if task.source_id]
    known = smc_sources.by_ids(api, [task.source_id or "" for task in named])
    for task in named:
        _take(task, known.get(task.source_id or ""), smc_sources.not_found(task.source_id or ""))
    open_tasks = [task for task in tasks if task not in named]
    if not open_tasks:
        return
    _found, matches, errors = smc_sources.of_instances(api, [task.ref for task in open_tasks])
    for task in open_tasks:
        match = matches.get(task.ref)
        if match is None:
            task.error = errors[task.ref]
        elif match.ambiguous:
            task.error = smc_match.ambiguous(task.ref, match)
        else:
            _take(task, match.source, no_source(task.ref, match.reason))


def _take(task: Task, source: Mapping[str, Any] | None, missing: CloudError) -> None:
    if source is None:
        task.error = missing
        return
    task.source_id, task.source = source["source_id"], source
    owner = source["tags"].get(tags.INSTANCE_ID)
    if owner and owner != task.ref.id:
        text = f"source {source['source_id']} belongs to {owner}, not to {task.ref.id}"
        task.error = CloudError("SourceMismatch", text, resource=task.ref.id, hint="Check source_id.")


def no_source(ref: Ref, reason: str) -> CloudError:
    return CloudError(
        "SourceNotFound",
        f"{ref.id} is not a migration source: {reason}",
        resource=ref.id,
        hint="Import it first (smc_import).",
    )


def _judge_others(api: Caller, tasks: list[Task], wish: Wish) -> None:
    """A source has one unfinished job at a time: one of our name is ours, any other one is in the way."""
    todo = [task for task in tasks if task.job is None and task.error is None and task.source_id]
    in_the_way = {job["source_id"]: job for job in smc_jobs.of_sources(api, [task.source_id or "" for task in todo])
                  if job["status"] in (*UNFINISHED, DELETING)}  # fmt: skip
    for task in todo:
        job = in_the_way.get(task.source_id)
        if job is None:
            task.error = unavailable(task)
        elif job["status"] == DELETING:
            task.error = deleting(task.ref, job)
        elif _is_ours(job, task, wish):
            task.job = job
        else:
            task.error = foreign(task.ref, job)


def _is_ours(job: Job, task: Task, wish: Wish) -> bool:
    owner = job["tags"].get(tags.RUN_ID)
    return owner == wish.run_id or (not owner and job["name"] == (task.item.name or job_name(wish.run_id, task.ref.id)))


def foreign(ref: Ref, job: Job) -> CloudError:
    run = job["tags"].get(tags.RUN_ID)
    whose = f"of the run {run}" if run else "that this collection did not make"
    return CloudError(
        "JobOfAnotherRun",
        f"the source of {ref.id} has the unfinished job {job['job_id']} ({job['name']}, {job['status']}) {whose}",
        resource=ref.id,
        hint="Let that job finish, or delete it (smc_job with state=absent and its run_id, or the console).",
    )


def unavailable(task: Task) -> CloudError | None:
    source = task.source
    if source is None or source["state"] == smc_sources.AVAILABLE:
        return None
    why = ": ".join(text for text in (source["error_code"], source["error_message"]) if text)
    text = f"source {source['source_id']} of {task.ref.id} is {source['state']}, not Available"
    return CloudError("SourceServerState.Invalid", f"{text} ({why})" if why else text, resource=task.ref.id)


def _create(api: Caller, todo: list[Task], wish: Wish, pace: Pace) -> None:
    now = _now()
    for attempt in range(CREATE_ATTEMPTS):
        pending = [task for task in todo if task.job is None and task.error is None]
        _create_round(api, pending, wish, pace, attempt, now)
    for task in todo:
        if task.job is None and task.error is None:
            text = f"a job for {task.ref.id} was created, but is not listed"
            task.error = CloudError("JobNotListed", text, resource=task.ref.id, hint="Run again.")


def _create_round(api: Caller, pending: list[Task], wish: Wish, pace: Pace, attempt: int, now: datetime) -> None:
    answers = each(pending, lambda task: _create_one(api, task, wish, attempt, now))
    seen = _listed(api, [outcome.value for outcome in answers if outcome.value], pace)
    for outcome in answers:
        task, job = outcome.item, seen.get(outcome.value or "")
        if outcome.error is not None:
            task.error = outcome.error
        elif job is not None and job["status"] != DELETING:
            task.see(job)
            task.changed = True


def _listed(api: Caller, ids: list[str], pace: Pace) -> dict[str, Job]:
    """The new jobs. One that is missing may show a little later, or is the answer to an old token, and was deleted."""
    seen: dict[str, Job] = {}
    for look in range(LOOKS if ids else 0):
        if look:
            pace.sleep(pace.interval)
        seen.update(smc_jobs.by_ids(api, [one for one in ids if one not in seen]))
        if len(seen) == len(set(ids)):
            break
    return seen


def _create_one(api: Caller, task: Task, wish: Wish, attempt: int, now: datetime) -> str | None:
    """The id of the job; None where the token was used before for another wish, so that the next one is tried."""
    params, extra = request(wish, task.item, task.source_id or "", attempt, now)
    try:
        return smc_jobs.create(api, params, extra, task.ref)
    except CloudError as error:
        if error.code == "IdempotentParameterMismatch" and attempt < CREATE_ATTEMPTS - 1:
            return None
        raise
