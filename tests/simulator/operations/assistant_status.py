"""Cloud Assistant: which agents answer, and their installation."""

from __future__ import annotations

from ..assistant_world import ONLINE_S, Run
from ..clock import iso
from ..errors import ApiError
from ..world import Instance
from . import common
from .assistant_guards import within
from .common import Answer, Context, Parameters, page
from .table import Operation, changes, reads

VERSION = "2.2.3.857"


def describe_cloud_assistant_status(context: Context, given: Parameters) -> Answer:
    """By ids, or page after page. With ids the paging is off (documented); 50 of them is the most (assumed)."""
    ids = given.get("InstanceId")
    wanted = given.get("OSType", "linux").lower()
    if wanted not in ("windows", "linux", "freebsd"):  # documented values, assumed code
        raise ApiError(400, "InvalidParameter", "The specified parameter OSType is not valid.")
    if ids:
        within(ids, 50)
        chosen = [common.instance(context, instance_id) for instance_id in dict.fromkeys(ids)]
        given = {"PageNumber": 1, "PageSize": 50}
    else:
        chosen = list(context.region.instances.values())
    runs = _runs(context)
    answer = page(
        [one for one in chosen if one.os_type == wanted or "OSType" not in given],
        given, lambda one: _status(context, one, runs.get(one.instance_id, [])), least=1, most=50,
    )  # fmt: skip
    return {"InstanceCloudAssistantStatusSet": {"InstanceCloudAssistantStatus": answer.pop("items")}, **answer}


def _runs(context: Context) -> dict[str, list[Run]]:
    found: dict[str, list[Run]] = {}
    for invocation in context.region.invocations.values():
        for run in invocation.runs:
            found.setdefault(run.instance_id, []).append(run)
    return found


def _status(context: Context, one: Instance, runs: list[Run]) -> Answer:
    """Online is who gave a sign of life within two minutes (documented), and whose instance runs (assumed)."""
    now = context.now
    beat = one.agent.beat(now)
    alive = beat is not None and now - beat <= ONLINE_S and one.status == "Running"
    seen = [run.seen(now) for run in runs]
    started = [each.start for each in seen if each.start is not None]
    return {
        "InstanceId": one.instance_id,
        "CloudAssistantStatus": "true" if alive else "false",
        "CloudAssistantVersion": "" if beat is None else VERSION,
        "LastHeartbeatTime": "" if beat is None else iso(beat),
        "LastInvokedTime": iso(max(started)) if started else "",
        "InvocationCount": len(started),
        "ActiveTaskCount": sum(each.finish is None and each.start is not None for each in seen),
        "OSType": "Linux" if one.os_type == "linux" else "Windows",
        "SupportSessionManager": alive,
    }


def install_cloud_assistant(context: Context, given: Parameters) -> Answer:
    """It takes effect when the instance is restarted (documented)."""
    within(given["InstanceId"], 50)
    chosen = [common.instance(context, instance_id) for instance_id in given["InstanceId"]]
    for one in chosen:
        if one.status != "Running":  # assumed: as with other operations on a running instance
            message = "The current status of the resource does not support this operation."
            raise ApiError(403, "IncorrectInstanceStatus", message)
    for one in chosen:
        if one.agent.presence != "online":
            one.agent.presence = "installed"
    return {}


OPERATIONS: dict[str, Operation] = {
    "DescribeCloudAssistantStatus": reads(
        describe_cloud_assistant_status, "InstanceId OSType MaxResults NextToken PageNumber PageSize"),
    "InstallCloudAssistant": changes(install_cloud_assistant, "InstanceId"),
}  # fmt: skip
