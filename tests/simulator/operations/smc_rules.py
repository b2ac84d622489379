"""What the parameters of a replication job must be like: account, kind, name, instance, target system, times, tags."""

from __future__ import annotations

import calendar
import json
import time

from ..errors import ApiError, not_modelled
from ..smc_world import DAY, PATHS, Job, Source
from . import smc_sources, smc_tokens
from .common import Context, Parameters, checked_tags

# documented: SDK text of ReplicationParameters
_DRIVER_KEYS = {"bandwidth_limit", "compress_level", "checksum"}


def account(context: Context) -> None:
    """Source of codes and messages: API metadata of CreateReplicationJob."""
    if not context.world.smc.role:
        message = "The account is unauthorized. Please assign the role AliyunServiceRoleForSMC to your account."
        raise ApiError(403, "EntityNotExist.Role", message)
    if not context.world.smc.verified:
        message = "You must perform real-name verification for your account."
        raise ApiError(403, "RealNameAuthenticationError", message)


def kind(given: Parameters) -> None:
    if given.get("JobType") != 1:
        raise not_modelled("jobs other than JobType 1, operating system migration")
    if not given.get("RunOnce", True):
        raise not_modelled("incremental jobs (RunOnce=false)")
    target_type(given)


def target_type(given: Parameters) -> None:
    """documented: TargetInstance needs an InstanceId, and the value knows no case; the codes are assumed."""
    kind = given.get("TargetType", "").lower()
    if kind in ("image", "containerimage"):
        raise not_modelled("images as the result of a job")
    if kind not in ("", "targetinstance"):
        raise smc_tokens.bad("TargetType")
    if kind and not given.get("InstanceId"):
        raise ApiError(400, "MissingParameter", "The parameter InstanceId is required for this TargetType.")


def unique_name(context: Context, given: Parameters, job: Job | None) -> str:
    name = smc_tokens.checked_name(given)
    if name and any(one.name == name and one is not job for one in context.world.smc.jobs.values()):
        message = "The specified replication job name already exists."
        raise ApiError(400, "ReplicationJobName.Duplicate", message)
    return name


def description(given: Parameters, default: str) -> str:
    return smc_tokens.checked_name(given, "Description") or default  # documented: the rules of a name


def instance(context: Context, given: Parameters, source: Source) -> str | None:
    """The instance that the request names, else that of the source."""
    wanted = given.get("InstanceId") or (source.instance_id if source.region_id == given["RegionId"] else None)
    if wanted is None and source.instance_id:  # assumed: a system cannot be migrated in place into another region
        raise smc_tokens.bad("RegionId")
    if wanted is None:
        return None
    if wanted not in context.world.regions[given["RegionId"]].instances:  # assumed code
        raise ApiError(404, "InvalidInstanceId.NotFound", "The specified InstanceId does not exist.")
    if source.instance_id and wanted != source.instance_id:
        context.notes.append(f"a job for {wanted} with the source of {source.instance_id}")
    return wanted


def target(context: Context, given: Parameters, source: Source) -> str:
    """The system that the job leads to. Code and message are documented, how it is given is not."""
    rule = context.world.smc.target_os
    parameters = _replication_parameters(given)
    value = given.get(rule.key, "") if rule.where == "query" else parameters.get(rule.key, "")
    system, arch = smc_sources.system_of(context.world, source)
    allowed = PATHS.get(arch, {}).get(system, ())
    target = rule.system(value) if isinstance(value, str) else None
    if target not in allowed or target is None:
        listed = ", ".join(rule.values[one] for one in allowed if one in rule.values)
        origin = rule.values.get(system, system)
        message = (f"The SourceOsType: {origin} and TargetOsType: {value} are not matched. "
                   f"The supported TargetOsType list is: [{listed}].")  # fmt: skip
        raise ApiError(400, "InvalidOsMigrationType.NotMatched", message)
    known = _DRIVER_KEYS | ({rule.key} if rule.where == "parameters" else set())
    if not parameters.keys() <= known:  # documented: the keys are fixed; the code is assumed
        raise smc_tokens.bad("ReplicationParameters")
    return target


def _replication_parameters(given: Parameters) -> dict[str, object]:
    text = given.get("ReplicationParameters", "{}")
    try:
        parameters = json.loads(text) if len(text) <= 2048 else None  # documented limit
    except ValueError:
        parameters = None
    if not isinstance(parameters, dict):
        raise smc_tokens.bad("ReplicationParameters")
    return parameters


def new_tags(given: Parameters) -> dict[str, str]:
    if len(given.get("Tag", [])) > 20:
        raise ApiError(400, "NumberExceed.Tags", "The maximum number of the Tag parameters cannot exceed 20.")
    return checked_tags(given.get("Tag", []))


def _moment(context: Context, given: Parameters, name: str) -> float | None:
    """A time of the client's clock as virtual time."""
    if name not in given:
        return None
    try:
        at = calendar.timegm(time.strptime(given[name], "%Y-%m-%dT%H:%M:%SZ"))
    except ValueError:
        raise smc_tokens.bad(name) from None
    return at if context.wall is None else context.now + at - context.wall


def valid_until(context: Context, given: Parameters, created: float) -> float:
    """7 to 90 days after the creation, by default 30 (SDK text)."""
    at = _moment(context, given, "ValidTime")
    if at is None:
        return created + 30 * DAY
    if not 7 * DAY - 60 <= at - created <= 90 * DAY:  # a minute of grace for the way of the request
        raise smc_tokens.bad("ValidTime")
    return at


def scheduled(context: Context, given: Parameters) -> float | None:
    at = _moment(context, given, "ScheduledStartTime")
    if at is not None and not context.now - 60 <= at <= context.now + 30 * DAY:  # documented: within 30 days
        raise smc_tokens.bad("ScheduledStartTime")
    return at
