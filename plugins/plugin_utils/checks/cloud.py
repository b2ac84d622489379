# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does the cloud allow what the migration needs: a restore point, a reboot, a way back?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from typing import Any

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.base import (
    SMC_LIMITS,
    Context,
    UnknownFact,
    check,
    need,
)

_DAYS = 7


def _value(context: Context, key: str) -> Any:
    return need((context.cloud or {}).get(key), key)


def _name(disk: Mapping[str, Any]) -> str:
    return f"{disk.get('disk_id', 'a disk')} ({disk.get('device') or disk.get('type') or 'unknown place'})"


@check(
    id="CLOUD-FACTS",
    title="Nothing is known of the instance in the cloud",
    severity="high",
    area="gates",
    remediation="Give the host its instance id and region: without them there is neither a restore point nor a "
    "way back.",
    source="design of this collection: no change without a restore point",
    grade="documented",
)
def no_cloud_facts(context: Context) -> Iterable[str]:
    if context.cloud is None:
        yield "the cloud was not asked about this host"


@check(
    id="CLOUD-STATUS",
    title="The instance does not run",
    severity="inhibitor",
    area="cloud",
    remediation="Start the instance. The migration works inside the running system.",
    source="Server Migration Center: prerequisites of migrating a Linux operating system",
    grade="documented",
    waivable=False,
)
def status(context: Context) -> Iterable[str]:
    found = str(_value(context, "status"))
    if found != "Running":
        yield f"the status is {found}"


@check(
    id="CLOUD-LOCKED",
    title="The instance is locked",
    severity="inhibitor",
    area="cloud",
    remediation="A locked instance cannot be stopped or rolled back. Remove the reason: pay, or settle the "
    "security event.",
    source="ECS API: operation locks of an instance",
    grade="documented",
    waivable=False,
)
def locked(context: Context) -> Iterable[str]:
    return [str(reason) for reason in _value(context, "operation_locks")]


@check(
    id="CLOUD-SPOT",
    title="This is a preemptible instance",
    severity="high",
    area="cloud",
    remediation="It can be reclaimed in the middle of the migration. Build a new one on the target instead.",
    source="ECS: preemptible instances",
    grade="documented",
)
def spot(context: Context) -> Iterable[str]:
    strategy = (context.cloud or {}).get("spot_strategy")
    if strategy and strategy != "NoSpot":
        yield f"the spot strategy is {strategy}"


@check(
    id="CLOUD-EXPIRING",
    title="The subscription ends soon",
    severity="high",
    area="cloud",
    remediation="Renew the instance: one that has expired cannot be started again after the rollback of a disk.",
    source="ECS API: InstanceExpired on StartInstance and ResetDisk",
    grade="documented",
)
def expiring(context: Context) -> Iterable[str]:
    cloud = context.cloud or {}
    if cloud.get("charge_type") != "PrePaid":
        return
    expires = str(_value(context, "expired"))
    try:
        end = datetime.fromisoformat(expires.replace("Z", "+00:00"))
    except ValueError:
        raise UnknownFact("expired") from None
    if end.tzinfo is None:
        end = end.replace(tzinfo=timezone.utc)
    left = (end.timestamp() - need(context.facts.epoch, "epoch")) / 86_400
    if left < _DAYS:
        yield f"it ends at {expires}"


@check(
    id="CLOUD-LOCAL-DISK",
    title="The instance has local disks",
    severity="inhibitor",
    area="cloud",
    remediation="Local disks have no snapshots, so there is no way back for what is on them. Move the data, and "
    "detach or replace the instance.",
    source="ECS: snapshots of local disks are not possible",
    grade="documented",
    waivable=False,
)
def local_disk(context: Context) -> Iterable[str]:
    for disk in context.disks:
        category = str(disk.get("category", ""))
        if category.startswith("local") or category == "ephemeral_ssd" or category == "ephemeral":
            yield f"{_name(disk)}: {category}"


@check(
    id="CLOUD-MULTI-ATTACH",
    title="A disk is attached to several instances",
    severity="inhibitor",
    area="cloud",
    remediation="Rolling it back would take the other instances back as well. Detach it for the time of the migration.",
    source="ECS API: InvalidOperation.MultiAttachDisk",
    grade="documented",
    waivable=False,
)
def multi_attach(context: Context) -> Iterable[str]:
    return [_name(disk) for disk in context.disks if disk.get("multi_attach") not in (None, False, "Disabled", "")]


@check(
    id="CLOUD-DISK-STATUS",
    title="A disk is not in a state in which a snapshot can be made",
    severity="inhibitor",
    area="cloud",
    remediation="Wait until the disk is in use, and until no other snapshot of it is being made.",
    source="ECS API: CreateSnapshot, IncorrectDiskStatus",
    grade="documented",
    waivable=False,
)
def disk_status(context: Context) -> Iterable[str]:
    return [f"{_name(disk)}: {disk.get('status')}" for disk in context.disks if disk.get("status") != "In_use"]


@check(
    id="CLOUD-NO-SYSTEM-DISK",
    title="The cloud shows no system disk",
    severity="inhibitor",
    area="cloud",
    remediation="Give the account the right to describe disks; without the system disk there is no restore point.",
    source="ECS API: an empty result when the right is missing",
    grade="documented",
    waivable=False,
)
def no_system_disk(context: Context) -> Iterable[str]:
    if not any(disk.get("type") == "system" for disk in context.disks):
        yield f"{len(context.disks)} disks are shown, none of them is a system disk"


@check(
    id="CLOUD-ENCRYPTED",
    title="Disks are encrypted by the cloud",
    severity="info",
    area="cloud",
    remediation="Their snapshots are encrypted with the same key; make sure that it is neither disabled nor to be"
    " deleted.",
    source="ECS: encrypted disks",
    grade="documented",
)
def encrypted(context: Context) -> Iterable[str]:
    return [_name(disk) for disk in context.disks if disk.get("encrypted") is True]


@check(
    id="CLOUD-SCALING",
    title="The instance belongs to a scaling group",
    severity="high",
    area="cloud",
    remediation="The group may release the instance while it does not answer. Put it on standby, and give the "
    "group an image of the target.",
    source="assumed: Auto Scaling tags its instances",
    grade="assumed",
)
def scaling(context: Context) -> Iterable[str]:
    tags = _value(context, "tags")
    return [f"{key}={tags[key]}" for key in tags if str(key).startswith("acs:autoscaling:")]


@check(
    id="CLOUD-PLATFORM",
    title="The cloud does not list the instance as Linux",
    severity="inhibitor",
    area="cloud",
    remediation="Make sure that the inventory's address and instance id belong together.",
    source=SMC_LIMITS,
    grade="documented",
    waivable=False,
)
def platform(context: Context) -> Iterable[str]:
    found = str(_value(context, "os_type"))
    if found.lower() != "linux":
        yield f"the system type is {found}"
