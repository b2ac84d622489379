# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Migration jobs of SMC: read, create, start, stop and delete them, and keep others away from an instance under one."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from . import answers, inputs, smc, smc_errors, tags
from .batch import Ref, chunks, each
from .client import Caller
from .errors import CloudError

Job = dict[str, Any]

# documented: SDK text of Status and of CreateReplicationJob.
READY, RUNNING, STOPPED, IN_ERROR, FINISHED = "Ready", "Running", "Stopped", "InError", "Finished"
WAITING, EXPIRED, DELETING = "Waiting", "Expired", "Deleting"
UNFINISHED = (READY, RUNNING, STOPPED, WAITING, IN_ERROR, EXPIRED)
# documented: StartReplicationJob is for jobs in these states.
STARTABLE = (READY, STOPPED, IN_ERROR)
OS_MIGRATION = 1
PURPOSE = "job"
_PATH = ("ReplicationJobs", "ReplicationJob")


def normalise(raw: Mapping[str, Any]) -> Job:
    code, message = smc_errors.reason_of(raw.get("ErrorCode"), raw.get("StatusInfo"))
    return {
        "job_id": answers.ident(raw, "JobId"),
        "name": answers.text(raw, "Name") or "",
        "region_id": answers.text(raw, "RegionId") or None,
        "source_id": answers.text(raw, "SourceId") or None,
        "instance_id": answers.text(raw, "InstanceId") or None,
        "transition_instance_id": answers.text(raw, "TransitionInstanceId") or None,
        "job_type": answers.number(raw, "JobType"),
        "status": answers.text(raw, "Status") or "",
        "business_status": answers.text(raw, "BusinessStatus") or None,
        "progress": _progress(raw.get("Progress")),
        "error_code": code or None,
        "error_message": message or None,
        "created": answers.text(raw, "CreationTime") or None,
        "started": answers.text(raw, "StartTime") or None,
        "ended": answers.text(raw, "EndTime") or None,
        "valid_until": answers.text(raw, "ValidTime") or None,
        "tags": tags.from_wire(raw.get("Tags")),
    }


def _progress(value: Any) -> float | None:
    try:
        percent = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return min(max(percent, 0.0), 100.0) if math.isfinite(percent) else None


def instance_of(job: Mapping[str, Any]) -> str | None:
    """The ECS instance that a job works on: the one our tag names, or the job's own field."""
    return job["tags"].get(tags.INSTANCE_ID) or job["instance_id"]


def search(api: Caller, **filters: Any) -> list[Job]:
    """All jobs of the account, in every region, that match filters named as on the wire."""
    found = smc.pages(api, "DescribeReplicationJobs", filters, _PATH)
    return list({one["job_id"]: one for one in map(normalise, found)}.values())


def of_run(api: Caller, run_id: str) -> list[Job]:
    wanted = {tags.RUN_ID: run_id}
    return [one for one in search(api, Tag=tags.to_wire(wanted)) if tags.bears(one["tags"], wanted)]


def _listed(api: Caller, parameter: str, key: str, ids: Iterable[str]) -> list[Job]:
    wanted = inputs.sound(ids)
    pieces = list(chunks(wanted, smc.IDS_PER_CALL))
    jobs: dict[str, Job] = {}
    for outcome in each(pieces, lambda piece: search(api, **{parameter: piece})):
        if outcome.error is not None:
            raise outcome.error
        jobs.update({one["job_id"]: one for one in outcome.value or [] if one[key] in wanted})
    return list(jobs.values())


def by_ids(api: Caller, ids: Iterable[str]) -> dict[str, Job]:
    """Jobs by their ids; those that do not exist are left out."""
    return {one["job_id"]: one for one in _listed(api, "JobId", "job_id", ids)}


def of_sources(api: Caller, source_ids: Iterable[str]) -> list[Job]:
    return _listed(api, "SourceId", "source_id", source_ids)


def of_instances(api: Caller, refs: Iterable[Ref]) -> list[Job]:
    """Operating system migrations of these instances. The filter InstanceId knows only jobs that were given one."""
    wanted = {ref.id for ref in refs}
    return [one for one in search(api, JobType=OS_MIGRATION) if instance_of(one) in wanted] if wanted else []


def running(api: Caller, refs: Iterable[Ref]) -> dict[Ref, Job]:
    """Which of these instances are under a running operating system migration.

    One paged read serves any number of instances. A job that neither names its instance nor bears our tag is not
    seen: finding its instance would need all sources and all instances too.
    """
    wanted = {ref.id: ref for ref in refs}
    if not wanted:
        return {}
    found = search(api, JobType=OS_MIGRATION, Status=RUNNING)
    return {wanted[instance]: job for job in found if (instance := instance_of(job) or "") in wanted}


Guard = Callable[[list[Ref]], dict[Ref, CloudError]]


def guard(api: Caller, warn: Callable[[str], None]) -> Guard:
    """Says which instances must be left alone because SMC is changing their system.

    Where SMC cannot be asked for good (no right, no way to it), that is a warning: an account that does not use SMC
    must be able to do without. A service that does not answer just now stops everything, as a job may be running.
    """

    def blocked(refs: list[Ref]) -> dict[Ref, CloudError]:
        try:
            return {ref: under_migration(ref, job) for ref, job in running(api, refs).items()}
        except CloudError as error:
            if error.kind not in ("refused", "unsent"):
                return {ref: error for ref in refs}
            warn(f"SMC could not be asked whether it is migrating these instances, so that is not known: {error}")
            return {}

    return blocked


def no_guard(refs: list[Ref]) -> dict[Ref, CloudError]:
    return {}


def under_migration(ref: Ref, job: Job) -> CloudError:
    phase = f", {job['business_status']}" if job["business_status"] else ""
    return CloudError(
        "SmcJobRunning",
        f"{ref.id} is being migrated by SMC job {job['job_id']} ({job['status']}{phase}); a stop or a reset breaks it",
        resource=ref.id,
        hint="Wait until the job ends, or stop it first (smc_job with state=stopped).",
    )


def client_token(run_id: str, instance: Ref, source_id: str, attempt: int) -> str:
    """The same wish gives the same token, also from another controller."""
    text = json.dumps(["CreateReplicationJob", run_id, instance.region, instance.id, source_id, attempt])
    return hashlib.sha256(text.encode()).hexdigest()[:48]


def create(api: Caller, params: dict[str, Any], extra: Mapping[str, str], instance: Ref) -> str:
    answer = smc.call(api, "CreateReplicationJob", params, resource=instance.id, extra=extra)
    job_id = answers.text(answer, "JobId") or ""
    if not job_id:
        raise CloudError("BadAnswer", "the new job has no id", operation="CreateReplicationJob", resource=instance.id)
    return job_id


def start(api: Caller, job_id: str, before: str) -> None:
    """Start a job that was seen in the state `before`. A job that has left it needs no second start."""
    _change(api, "StartReplicationJob", job_id, lambda now: now is not None and now["status"] not in (before, DELETING))


def stop(api: Caller, job_id: str) -> None:
    _change(api, "StopReplicationJob", job_id, lambda now: now is not None and now["status"] == STOPPED)


def delete(api: Caller, job_id: str) -> None:
    _change(api, "DeleteReplicationJob", job_id, lambda now: now is None or now["status"] == DELETING)


def _change(api: Caller, operation: str, job_id: str, done: Callable[[Job | None], bool]) -> None:
    def arrived() -> bool:
        return done(by_ids(api, [job_id]).get(job_id))

    smc.settled(api, operation, {"JobId": job_id}, job_id, arrived)
