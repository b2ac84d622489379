# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the service says of the instance now: its agent, its health, what is planned, what the account may use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.base import (
    Context,
    UnknownFact,
    check,
    need,
)
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.cloud_details import (
    days_from_now,
    detail,
    entries,
    number,
    record,
)

# documented: HealthStatus; what cannot be judged, and a stopped instance, have checks of their own.
_WELL = frozenset({"ok", "insufficientdata", "notapplicable"})
_ENDINGS = ("InstanceExpiration.", "AccountUnbalanced.")


def _events(context: Context) -> list[Mapping[str, Any]]:
    return entries(detail(context, "events"))


def _planned(context: Context) -> list[Mapping[str, Any]]:
    return [event for event in _events(context) if event.get("status") in ("Scheduled", "Inquiring")]


def _ends(event: Mapping[str, Any]) -> bool:
    kind = str(event.get("type"))
    return kind.startswith(_ENDINGS) or kind.endswith((".Delete", ".Stop"))


def _told(event: Mapping[str, Any]) -> str:
    reason = f": {event['reason']}" if event.get("reason") else ""
    return f"{event.get('type')} ({event.get('status')}), not before {event.get('not_before') or 'now'}{reason}"


@check(
    id="CLOUD-ASSISTANT-OFFLINE",
    title="The agent of Cloud Assistant does not answer",
    severity="low",
    area="cloud_service",
    severities={"smc": "medium"},
    remediation="Start the service aliyun, or install the agent and restart the instance. Without it there is no way "
    "in where SSH fails after the migration.",
    source="ECS API: DescribeCloudAssistantStatus, a heartbeat within two minutes",
    grade="documented",
)
def assistant_offline(context: Context) -> Iterable[str]:
    agent = record(context, "assistant")
    if agent.get("online") is not True:
        yield (
            f"the last heartbeat was at {agent['last_heartbeat']}"
            if agent.get("last_heartbeat")
            else "no heartbeat yet"
        )


@check(
    id="CLOUD-ASSISTANT-SILENT",
    title="The agent of Cloud Assistant has not run within the last 24 hours",
    severity="high",
    area="cloud_service",
    engines=("smc",),
    remediation="Server Migration Center wants an agent that has run within the last 24 hours. Start the service "
    "aliyun, or install the agent.",
    source="Server Migration Center: prerequisites of migrating a Linux operating system",
    grade="documented",
)
def assistant_silent(context: Context) -> Iterable[str]:
    agent = record(context, "assistant")
    last = agent.get("last_heartbeat")
    if agent.get("online") is True:
        return
    if not last:
        yield "no heartbeat was ever seen"
    elif days_from_now(str(last), context, "cloud assistant") < -1:
        yield f"the last heartbeat was at {last}"


@check(
    id="CLOUD-ASSISTANT-BUSY",
    title="Cloud Assistant runs commands on the host",
    severity="low",
    area="cloud_service",
    remediation="The restart ends them in the middle. Let them finish, and pause what starts them on a schedule.",
    source="ECS API: DescribeCloudAssistantStatus, ActiveTaskCount",
    grade="documented",
)
def assistant_busy(context: Context) -> Iterable[str]:
    tasks = number(record(context, "assistant"), "active_tasks", "assistant")
    if tasks:
        yield f"{tasks} run now"


@check(
    id="CLOUD-HEALTH",
    title="The service says that the instance is not well",
    severity="high",
    area="cloud_service",
    remediation="Look at the instance in the console, and settle what it says before its system is changed.",
    source="ECS API: DescribeInstancesFullStatus, HealthStatus",
    grade="documented",
)
def health(context: Context) -> Iterable[str]:
    found = str(need(detail(context, "events", "health"), "cloud events"))
    if found.lower() not in _WELL:
        yield f"the health status is {found}"


@check(
    id="CLOUD-EVENT-RUNNING",
    title="A system event is being carried out on the instance",
    severity="inhibitor",
    area="cloud_service",
    remediation="Wait until it has ended: it can restart or move the instance in the middle of the migration.",
    source="ECS API: DescribeInstanceHistoryEvents, EventCycleStatus",
    grade="documented",
)
def event_running(context: Context) -> Iterable[str]:
    return [_told(event) for event in _events(context) if event.get("status") == "Executing"]


@check(
    id="CLOUD-EVENT-PLANNED",
    title="Maintenance is planned for the instance",
    severity="high",
    area="cloud_service",
    remediation="Accept it, or bring it forward, and let it pass before the migration; else migrate well before it "
    "begins.",
    source="ECS: system events of instances",
    grade="documented",
)
def event_planned(context: Context) -> Iterable[str]:
    return [_told(event) for event in _planned(context) if not _ends(event) and not event.get("disk_id")]


@check(
    id="CLOUD-EVENT-DISK",
    title="A system event concerns a disk of the instance",
    severity="high",
    area="cloud_service",
    remediation="Settle it first: a disk that is damaged or about to be replaced has no dependable restore point.",
    source="ECS: system events of disks",
    grade="documented",
)
def event_disk(context: Context) -> Iterable[str]:
    return [f"{event['disk_id']}: {_told(event)}" for event in _planned(context) if event.get("disk_id")]


@check(
    id="CLOUD-EVENT-ENDING",
    title="The instance is about to be stopped or released",
    severity="high",
    area="cloud_service",
    remediation="Renew it, or settle the bill. A stopped instance can be neither migrated nor taken back.",
    source="ECS: system events InstanceExpiration and AccountUnbalanced",
    grade="documented",
)
def event_ending(context: Context) -> Iterable[str]:
    return [_told(event) for event in _planned(context) if _ends(event)]


@check(
    id="CLOUD-LOAD-BALANCER",
    title="A load balancer sends traffic to the instance",
    severity="medium",
    area="cloud_service",
    remediation="Set the weight of the instance to 0, or take it out of the server groups, before its outage, and put it back "
    "after the verification. Until a health check has noticed, users are sent to a host that restarts, and again to one that "
    "answers but is not verified yet. Classic load balancers are seen, application and network load balancers are not.",
    source="SLB API: DescribeLoadBalancers, ServerId",
    grade="documented",
)
def load_balancer(context: Context) -> Iterable[str]:
    found = detail(context, "load_balancer", "load_balancers")
    if not isinstance(found, list):
        raise UnknownFact("cloud load_balancer", "the cloud does not tell")
    for one in entries(found):
        yield f"{one.get('id')} ({one.get('name') or 'without a name'}), {one.get('status') or 'in an unknown state'}"


@check(
    id="CLOUD-REAL-NAME",
    title="The account is not verified",
    severity="inhibitor",
    area="cloud_service",
    engines=("smc",),
    remediation="Complete the real-name verification of the account: Server Migration Center refuses its jobs until "
    "then.",
    source="Server Migration Center: RealNameAuthenticationError; ECS API: DescribeAccountAttributes",
    grade="documented",
)
def real_name(context: Context) -> Iterable[str]:
    found = need(record(context, "quotas").get("real_name_authentication"), "cloud quotas")
    if found == "none":
        yield "real-name-authentication is none"


@check(
    id="CLOUD-COMMAND-QUOTA",
    title="The account may run no command by Cloud Assistant",
    severity="inhibitor",
    area="cloud_service",
    engines=("smc",),
    remediation="Raise the daily quota of Cloud Assistant in Quota Center: the migration client is started by a "
    "command.",
    source="ECS API: DescribeAccountAttributes, max-axt-invocation-daily",
    grade="documented",
)
def command_quota(context: Context) -> Iterable[str]:
    if number(record(context, "quotas"), "commands_per_day", "quotas") == 0:
        yield "max-axt-invocation-daily is 0"


@check(
    id="CLOUD-VCPU-QUOTA",
    title="There is no room for a clone of the instance",
    severity="low",
    area="cloud_service",
    remediation="A rehearsal starts a clone that is paid by use. Raise the quota of vCPUs, or rehearse on a smaller "
    "type.",
    source="ECS API: DescribeAccountAttributes, max-postpaid-instance-vcpu-count",
    grade="documented",
)
def vcpu_quota(context: Context) -> Iterable[str]:
    quotas = record(context, "quotas")
    allowed = number(quotas, "postpaid_vcpus", "quotas")
    free = allowed - number(quotas, "postpaid_vcpus_used", "quotas")
    wanted = number(record(context, "instance_type", "type_info"), "cpus", "instance_type")
    if free < wanted:
        yield f"a clone takes {wanted} vCPUs, {max(free, 0)} of {allowed} are free"
