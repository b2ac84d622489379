"""Source servers: hosts whose client has been imported. The API does not tell which ECS instance one is."""

from __future__ import annotations

import json

from ..clock import iso
from ..errors import ApiError
from ..smc_world import Job, Source
from ..world import Instance, World
from . import smc_tokens
from .common import Answer, Context, Parameters, equal, page, tags_match
from .table import Operation, changes, reads

STATES = ("Unavailable", "Available", "InUse", "Deleting")
_PLATFORMS = {"centos": "CentOS", "rhel": "Red Hat", "alinux": "Alibaba Cloud Linux", "anolis": "Anolis OS"}
HEARTBEAT_S = 30  # documented: example of HeartbeatRate


def import_source(world: World, code: str, instance: Instance, region_id: str, now: float) -> str:
    """Import an instance, as its client does with an activation code; the id of its source server.

    An instance that was imported before keeps its source, and no use of the code is counted (assumed).
    """
    token = smc_tokens.accepted(world, code, now)
    if instance.status != "Running":  # assumed: a host that is off runs no client
        raise ApiError(403, "IncorrectInstanceStatus", f"The instance {instance.instance_id} is not running.")
    smc = world.smc
    source = next((one for one in smc.sources.values() if _is(one, instance, region_id)), None)
    if source is None:
        if len(smc.sources) >= smc.quota.sources:  # documented limit, assumed code
            raise ApiError(403, "QuotaExceeded.SourceServer", "The maximum number of source servers is exceeded.")
        source = _new(world, instance, region_id, now)
        source.token_id, token.registered = token.token_id, token.registered + 1
    if source.state != "InUse":
        _come_online(world, source, instance, now)
    return source.source_id


def _is(source: Source, instance: Instance, region_id: str) -> bool:
    same = (source.instance_id, source.region_id) == (instance.instance_id, region_id)
    return same and source.state != "Deleting"


def _new(world: World, instance: Instance, region_id: str, now: float) -> Source:
    source_id = world.new_id("s")
    made = world.smc.sources[source_id] = Source(
        source_id=source_id,
        name=instance.hostname,  # assumed: without a name of its own, a source gets that of its host
        hostname=instance.hostname,
        ipv4=instance.private_ip,
        created=now,
        region_id=region_id,
        instance_id=instance.instance_id,
    )
    return made


def _come_online(world: World, source: Source, instance: Instance, now: float) -> None:
    errors = world.smc.import_errors
    source.state, source.error_code, source.error_msg = "Unavailable", "", ""
    source.hostname, source.ipv4 = instance.hostname, instance.private_ip
    if code := errors.get(instance.instance_id) or errors.get(instance.name):
        source.error_code, source.error_msg = code, "The client met an error while it examined the host."
        return

    def finish(succeeded: bool, at: float) -> None:
        if source.state == "Unavailable":
            source.state = "Available"

    world.schedule(now + world.timing.smc_import_s, finish)


def instance_of(world: World, source: Source) -> Instance | None:
    region = world.regions.get(source.region_id or "")
    return region.instances.get(source.instance_id or "") if region else None


def system_of(world: World, source: Source) -> tuple[str, str]:
    """Which system and which architecture the client reports."""
    instance = instance_of(world, source)
    return (instance.system, instance.arch) if instance else (source.system, source.arch)


def state_of(world: World, source: Source) -> str:
    """A host that is not running sends no heartbeat. That its client starts with it is assumed."""
    instance = instance_of(world, source)
    offline = source.state == "Available" and instance is not None and instance.status != "Running"
    return "Unavailable" if offline else source.state


def find(context: Context, source_id: str) -> Source:
    found = context.world.smc.sources.get(source_id)
    if found is None:  # assumed: no code is documented for an id that does not exist
        raise ApiError(404, "InvalidSourceId.NotFound", "The specified SourceId does not exist.")
    return found


def in_state(context: Context, source: Source, *allowed: str) -> None:
    """Source of code and message: API metadata of CreateReplicationJob."""
    state = state_of(context.world, source)
    if state not in allowed:
        message = (f"The specified source server status: {state} is invalid. "
                   f"This operation can only be performed in the following status: {', '.join(allowed)}.")  # fmt: skip
        raise ApiError(400, "SourceServerState.Invalid", message)


def filtered(given: Parameters, name: str, value: str | None, most: int = 50) -> bool:
    """Whether a value passes a filter of several ids; at most 50 are documented, the code is assumed."""
    wanted = given.get(name)
    if wanted is None:
        return True
    if len(wanted) > most:
        raise smc_tokens.bad(name)
    return value in wanted


def describe_source_servers(context: Context, given: Parameters) -> Answer:
    if given.get("State", STATES[0]) not in STATES:
        raise smc_tokens.bad("State")
    filtered(given, "SourceId", None)  # an account without sources refuses too many ids too
    chosen = [
        one for one in context.world.smc.sources.values()
        if filtered(given, "SourceId", one.source_id)
        and equal(given, Name=one.name, JobId=one.job_id, State=state_of(context.world, one), WorkgroupId="")
        and ("RelatedJobType" not in given or (one.job_id and "1" in given["RelatedJobType"]))
        and tags_match(given.get("Tag"), one.tags)
    ]  # fmt: skip
    answer = page(chosen, given, lambda one: _source(context, one), least=1, most=50)
    return {"SourceServers": {"SourceServer": answer.pop("items")}, **answer}


def _source(context: Context, one: Source) -> Answer:
    state = state_of(context.world, one)
    system, arch = system_of(context.world, one)
    rendered: Answer = {
        "SourceId": one.source_id,
        "Name": one.name,
        "Description": one.description,
        "State": state,
        "Platform": next((text for name, text in _PLATFORMS.items() if system.startswith(name)), "Other Linux"),
        "Architecture": arch,
        "KernelLevel": 3 if system in ("centos7", "rhel7") else 4,  # assumed: the kernel's major version
        "AgentVersion": "2.7.0",
        "HeartbeatRate": HEARTBEAT_S,
        "ReplicationDriver": "SMT",
        "CreationTime": iso(one.created),
        "JobId": one.job_id,
        "SystemInfo": _system_info(one),
        "Tags": {"Tag": [{"Key": key, "Value": value} for key, value in one.tags.items()]},
    }
    if state == "Unavailable" and one.error_code:  # documented: SDK text of StatusInfo
        rendered["ErrorCode"] = one.error_code
        rendered["StatusInfo"] = json.dumps({"error_code": one.error_code, "error_msg": one.error_msg})
    return rendered


def _system_info(one: Source) -> str:
    """JSON of at most 1 KB; the keys are those of the SDK's text."""
    return json.dumps({
        "agent_mode": "client",
        "agent_type": "go2aliyun",
        "client_type": "linux",
        "hostname": one.hostname,
        "ipv4": one.ipv4,
        "ipv6": "",
        "cores": 2,
        "cpu_usage": 1,
        "memory": 8192,
        "memory_usage": 10,
    })  # fmt: skip


def modify_source_server_attribute(context: Context, given: Parameters) -> Answer:
    source = find(context, given["SourceId"])
    in_state(context, source, "Unavailable", "Available", "InUse")
    description = given.get("Description", source.description)
    if len(description) > 256 or description.startswith(("http://", "https://")):  # documented: SDK text
        raise smc_tokens.bad("Description")
    source.name = smc_tokens.checked_name(given) or source.name
    source.description = description
    return {}


def delete_source_server(context: Context, given: Parameters) -> Answer:
    """Source of the codes and messages: API metadata of DeleteSourceServer."""
    smc = context.world.smc
    source = find(context, given["SourceId"])
    jobs = smc.jobs_of(source.source_id)
    if any(one.status == "Running" for one in jobs):
        message = "The specified source server has related replication jobs that are running."
        raise ApiError(400, "SourceServer.WithRunningReplicationJob", message)
    if jobs and not given.get("Force"):  # a job that is being deleted still counts: assumed
        names = ", ".join(one.job_id for one in jobs)
        message = (f"The specified source server has related replication jobs. Please delete replication jobs: {names} "
                   "before delete this source server.")  # fmt: skip
        raise ApiError(400, "ReplicationJob.Related", message)
    in_state(context, source, "Unavailable", "Available")
    for one in jobs:
        delete_job(context, one)
    source.state = "Deleting"

    def finish(succeeded: bool, at: float) -> None:
        smc.sources.pop(source.source_id, None)

    context.world.schedule(context.now + context.world.timing.smc_delete_s, finish)
    return {}


def delete_job(context: Context, job: Job) -> None:
    """A job that is not running goes away, after a while."""
    job.status, job.turn = "Deleting", job.turn + 1
    jobs = context.world.smc.jobs

    def finish(succeeded: bool, at: float) -> None:
        jobs.pop(job.job_id, None)

    context.world.schedule(context.now + context.world.timing.smc_delete_s, finish)


OPERATIONS: dict[str, Operation] = {
    "DescribeSourceServers": reads(
        describe_source_servers,
        "PageNumber PageSize SourceId State Name JobId Tag WorkgroupId RelatedJobType", "smc"),
    "ModifySourceServerAttribute": changes(modify_source_server_attribute, "SourceId Name Description", "smc"),
    "DeleteSourceServer": changes(delete_source_server, "SourceId Force", "smc"),
}  # fmt: skip
