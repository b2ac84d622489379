"""Replication jobs of the type operating system migration: create, start, pause, change, delete and describe them."""

from __future__ import annotations

import json
from dataclasses import replace

from ..clock import iso
from ..errors import ApiError
from ..smc_world import DAY, PHASES, UNFINISHED, Job, JobFault
from . import smc_rules, smc_run, smc_sources, smc_tokens
from .common import Answer, Context, Parameters, equal, page, tags_match
from .smc_sources import filtered
from .table import Operation, changes, reads

STATUSES = ("Ready", "Running", "Stopped", "InError", "Finished", "Waiting", "Expired", "Deleting")
_ANY_TIME = {"JobId", "Name", "Description", "ValidTime"}


def create_replication_job(context: Context, given: Parameters) -> Answer:
    """The order of the guards is assumed."""
    smc = context.world.smc
    smc_rules.account(context)
    smc_rules.kind(given)
    if given["RegionId"] not in context.world.regions:  # assumed code
        raise ApiError(404, "InvalidRegionId.NotFound", "The specified RegionId does not exist.")
    source = smc_sources.find(context, given["SourceId"])
    name = smc_rules.unique_name(context, given, None)
    description = smc_rules.description(given, "")
    smc_sources.in_state(context, source, "Available")
    if any(one.status in UNFINISHED for one in smc.jobs_of(source.source_id)):  # documented rule, assumed code
        raise ApiError(400, "SourceServerState.Invalid", "The specified source server has an unfinished job.")
    if len(smc.jobs) >= smc.quota.jobs:
        message = "The maximum number of replication jobs is exceeded. Please submit a ticket to raise the quota."
        raise ApiError(400, "QuotaExceeded.ReplicationJob", message)
    target = smc_rules.target(context, given, source)
    job = Job(
        job_id=context.world.new_id("j"),
        name=name,
        description=description,
        region_id=given["RegionId"],
        source_id=source.source_id,
        instance_id=smc_rules.instance(context, given, source),
        target=target,
        target_type=given.get("TargetType", ""),
        replication_parameters=given.get("ReplicationParameters", ""),
        created=context.now,
        valid_until=smc_rules.valid_until(context, given, context.now),
        scheduled=smc_rules.scheduled(context, given),
        fault=_fault(context),
        tags=smc_rules.new_tags(given),
    )
    smc.jobs[job.job_id], source.job_id = job, job.job_id
    _await_expiry(context, job)
    _await_schedule(context, job)
    return {"JobId": job.job_id}


def _fault(context: Context) -> JobFault | None:
    fault = context.fault
    if fault is None or fault.kind not in ("job_error", "stuck"):
        return None
    context.world.stuck_work = False  # the job gets stuck in its phase, not at its first step
    return JobFault(fault.code, fault.phase, fault.kind == "stuck")


def _await_expiry(context: Context, job: Job) -> None:
    """documented: a running job does not expire, and an expired one is deleted after seven days."""
    world, until = context.world, job.valid_until

    def expire(succeeded: bool, at: float) -> None:
        if job.valid_until == until and job.status in ("Ready", "Stopped", "InError"):
            job.status, job.turn = "Expired", job.turn + 1
            world.schedule(at + 7 * DAY, forget)

    def forget(succeeded: bool, at: float) -> None:
        world.smc.jobs.pop(job.job_id, None)

    world.schedule(until, expire)


def _await_schedule(context: Context, job: Job) -> None:
    """What a job does whose scheduled start is refused is assumed: it is in error, with the code of the refusal."""
    world, wanted = context.world, job.scheduled
    if wanted is None:
        return

    def begin(succeeded: bool, at: float) -> None:
        if job.status != "Ready" or job.scheduled != wanted:
            return
        later = Context(world, world.regions[job.region_id], at)
        try:
            _startable(later, job)
        except ApiError as refusal:
            smc_run.fail(later, job, refusal.code, refusal.message)
        else:
            smc_run.start(later, job, "Schedule", job.fault)

    world.schedule(wanted, begin)


def find(context: Context, job_id: str) -> Job:
    found = context.world.smc.jobs.get(job_id)
    if found is None:  # assumed: no code is documented for an id that does not exist
        raise ApiError(404, "InvalidJobId.NotFound", "The specified JobId does not exist.")
    return found


def _in_status(job: Job, *allowed: str) -> None:
    """Source of code and message: API metadata of StartReplicationJob."""
    if job.status not in allowed:
        message = (f"The specified replication job status: {job.status} is invalid. "
                   f"This operation can only be performed in the following status: {', '.join(allowed)}.")  # fmt: skip
        raise ApiError(400, "ReplicationJob.InvalidStatus", message)


def _startable(context: Context, job: Job) -> None:
    smc = context.world.smc
    smc_sources.in_state(context, smc_sources.find(context, job.source_id), "Available")
    if smc.running() >= smc.quota.running:  # documented limit, assumed code
        message = "The maximum number of replication jobs that run at once is exceeded."
        raise ApiError(400, "QuotaExceeded.RunningReplicationJob", message)


def start_replication_job(context: Context, given: Parameters) -> Answer:
    job = find(context, given["JobId"])
    _in_status(job, "Ready", "Stopped", "InError")
    _startable(context, job)
    waiting = job.fault if job.status == "Ready" else None  # told when it was created
    context = replace(context, region=context.world.regions[job.region_id])
    smc_run.start(context, job, "Manual", _fault(context) or waiting)
    return {}


def stop_replication_job(context: Context, given: Parameters) -> Answer:
    """Only while it runs and synchronizes. Source of both codes: API metadata of StopReplicationJob."""
    job = find(context, given["JobId"])
    _in_status(job, "Running")
    if job.phase != "Syncing":
        message = (f"The specified business status: {job.phase} of the replication job is invalid. "
                   "This operation can only be performed in the following status: Syncing.")  # fmt: skip
        raise ApiError(400, "ReplicationJob.InvalidBusinessStatus", message)
    smc_run.stop(context, job)
    return {}


def delete_replication_job(context: Context, given: Parameters) -> Answer:
    job = find(context, given["JobId"])
    _in_status(job, *(one for one in STATUSES if one not in ("Running", "Deleting")))
    smc_sources.delete_job(context, job)
    return {}


def modify_replication_job_attribute(context: Context, given: Parameters) -> Answer:
    """Name and Description at any time, ValidTime in most states, the rest only before the start (SDK text)."""
    job = find(context, given["JobId"])
    if not given.keys() <= _ANY_TIME:
        _in_status(job, "Ready")
    elif "ValidTime" in given:
        _in_status(job, "Ready", "Running", "Stopped", "InError", "Waiting")
    name = smc_rules.unique_name(context, given, job)
    description = smc_rules.description(given, job.description)
    wanted: Parameters = {"InstanceId": job.instance_id, "RegionId": job.region_id, **given}
    smc_rules.target_type(wanted)
    source = smc_sources.find(context, job.source_id)
    target = smc_rules.target(context, given, source) if "ReplicationParameters" in given else job.target
    instance_id = smc_rules.instance(context, wanted, source) if "InstanceId" in given else job.instance_id
    until, scheduled = smc_rules.valid_until(context, given, job.created), smc_rules.scheduled(context, given)
    job.name, job.description, job.target, job.instance_id = name or job.name, description, target, instance_id
    job.replication_parameters = given.get("ReplicationParameters", job.replication_parameters)
    job.target_type = given.get("TargetType", job.target_type)
    if "ValidTime" in given:
        job.valid_until = until
        _await_expiry(context, job)
    if scheduled is not None:
        job.scheduled = scheduled
        _await_schedule(context, job)
    return {}


def describe_replication_jobs(context: Context, given: Parameters) -> Answer:
    for name, words in (("Status", STATUSES), ("BusinessStatus", PHASES), ("JobType", (0, 1, 2, 3))):
        if given.get(name, words[0]) not in words:
            raise smc_tokens.bad(name)
    for name, most in (("JobId", 50), ("SourceId", 50), ("InstanceId", 20)):
        filtered(given, name, None, most)  # an account without jobs refuses too many ids too
    chosen = [
        one for one in context.world.smc.jobs.values()
        if filtered(given, "JobId", one.job_id)
        and filtered(given, "SourceId", one.source_id)
        and filtered(given, "InstanceId", one.instance_id, 20)
        and equal(given, RegionId=one.region_id, Name=one.name, Status=one.status, JobType=1, BusinessStatus=one.phase)
        and tags_match(given.get("Tag"), one.tags)
    ]  # fmt: skip
    answer = page(chosen, given, lambda one: _job(context, one), least=1, most=50)
    return {"ReplicationJobs": {"ReplicationJob": answer.pop("items")}, **answer}


def _job(context: Context, one: Job) -> Answer:
    rendered: Answer = {
        "JobId": one.job_id,
        "Name": one.name,
        "Description": one.description,
        "JobType": 1,
        "RegionId": one.region_id,
        "SourceId": one.source_id,
        "Status": one.status,
        "BusinessStatus": one.phase,
        "Progress": one.progress_at(context.now),
        "TargetType": one.target_type,
        "RunOnce": True,
        "ReplicationParameters": one.replication_parameters,
        "CreationTime": iso(one.created),
        "ValidTime": iso(one.valid_until),
        "ScheduledStartTime": iso(one.scheduled) if one.scheduled is not None else "",
        "InstanceId": one.instance_id or "",
        "StartTime": iso(one.runs[0].start) if one.runs else "",
        "EndTime": iso(one.runs[-1].end) if one.runs and one.runs[-1].end is not None else "",
        "ReplicationJobRuns": {"ReplicationJobRun": [
            {"StartTime": iso(run.start), "EndTime": "" if run.end is None else iso(run.end), "Type": run.type}
            for run in one.runs
        ]},
        "Tags": {"Tag": [{"Key": key, "Value": value} for key, value in one.tags.items()]},
    }  # fmt: skip
    if one.status == "InError":
        rendered["ErrorCode"] = one.error_code
        rendered["StatusInfo"] = json.dumps({"error_code": one.error_code, "error_msg": one.error_msg})
    return rendered


OPERATIONS: dict[str, Operation] = {
    "CreateReplicationJob": changes(
        create_replication_job,
        "SourceId JobType TargetType InstanceId Name Description RunOnce ScheduledStartTime ValidTime "
        "ReplicationParameters Tag", "smc"),
    "StartReplicationJob": changes(start_replication_job, "JobId", "smc"),
    "StopReplicationJob": changes(stop_replication_job, "JobId", "smc"),
    "DeleteReplicationJob": changes(delete_replication_job, "JobId", "smc"),
    "ModifyReplicationJobAttribute": changes(
        modify_replication_job_attribute,
        "JobId Name Description ValidTime ScheduledStartTime InstanceId ReplicationParameters TargetType", "smc"),
    "DescribeReplicationJobs": reads(
        describe_replication_jobs,
        "PageNumber PageSize JobId SourceId Status BusinessStatus JobType Name InstanceId Tag", "smc"),
}  # fmt: skip
