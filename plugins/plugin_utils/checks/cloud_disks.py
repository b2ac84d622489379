# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshots and disks: is there room and a key for a restore point, and does it show one moment?"""

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
    disk_attributes,
    disk_name,
    entries,
    record,
    texts,
)

_DAYS = 7
# documented: manual snapshots of a disk. So many more may be needed by a run and its repetitions.
_MANUAL, _SPARE = 256, 8
# documented: CreateSnapshotGroup.
_TOGETHER = ("cloud_essd", "cloud_auto")
_GROUP_DISKS, _GROUP_GIB = 16, 32 * 1024


def _snapshots(context: Context) -> Mapping[str, Any]:
    return record(context, "snapshots")


def _counts(context: Context) -> list[tuple[str, int]]:
    counts = _snapshots(context).get("manual_per_disk")
    if not isinstance(counts, Mapping):
        raise UnknownFact("cloud snapshots", "the cloud does not tell")
    return [(str(disk), count) for disk, count in counts.items() if isinstance(count, int)]


@check(
    id="CLOUD-SNAPSHOT-RUNNING",
    title="A snapshot of a disk is being made",
    severity="medium",
    area="cloud_disks",
    severities={"smc": "inhibitor"},
    remediation="Wait until it is complete: Server Migration Center refuses to start, and older kinds of disks take "
    "one snapshot at a time.",
    source="Server Migration Center: limits of migrating a Linux operating system; ECS: snapshots of a disk",
    grade="documented",
)
def snapshot_running(context: Context) -> Iterable[str]:
    for one in entries(_snapshots(context).get("in_progress")):
        yield f"{one.get('snapshot_id')} of {one.get('disk_id')} is at {one.get('progress')} %"


@check(
    id="CLOUD-SNAPSHOT-FULL",
    title="A disk has as many manual snapshots as it may have",
    severity="inhibitor",
    area="cloud_disks",
    waivable=False,
    remediation="Delete old manual snapshots of the disk: without a free one there is no restore point.",
    source="ECS API: CreateSnapshot, QuotaExceed.Snapshot; 256 manual snapshots of a disk",
    grade="documented",
)
def snapshot_full(context: Context) -> Iterable[str]:
    return [f"{disk}: {count} of {_MANUAL}" for disk, count in _counts(context) if count >= _MANUAL]


@check(
    id="CLOUD-SNAPSHOT-NEARLY-FULL",
    title="A disk has nearly as many manual snapshots as it may have",
    severity="medium",
    area="cloud_disks",
    remediation="A migration takes a snapshot or two of each disk, and every try takes them anew. Delete old ones.",
    source="ECS API: CreateSnapshot, 256 manual snapshots of a disk",
    grade="documented",
)
def snapshot_nearly_full(context: Context) -> Iterable[str]:
    return [f"{disk}: {count} of {_MANUAL}" for disk, count in _counts(context) if _MANUAL - _SPARE < count < _MANUAL]


@check(
    id="CLOUD-SNAPSHOT-POLICY",
    title="Snapshots of a disk are made on a schedule",
    severity="low",
    area="cloud_disks",
    severities={"smc": "medium"},
    remediation="Migrate at another hour than the policy's. One that begins in between delays the restore point, and "
    "makes Server Migration Center refuse the job.",
    source="ECS: automatic snapshot policies",
    grade="documented",
)
def snapshot_policy(context: Context) -> Iterable[str]:
    for name, disk in disk_attributes(context):
        if disk.get("auto_snapshot_policy_id"):
            yield f"{name}: {disk['auto_snapshot_policy_id']}"


@check(
    id="CLOUD-DISK-LOCKED",
    title="A disk is locked",
    severity="inhibitor",
    area="cloud_disks",
    remediation="A locked disk has no snapshot and cannot be rolled back. Remove the reason: pay, or settle the "
    "security event.",
    source="ECS API: DescribeDisks, OperationLocks; CreateSnapshot, DiskInArrears",
    grade="documented",
)
def disk_locked(context: Context) -> Iterable[str]:
    for name, disk in disk_attributes(context):
        if disk.get("operation_locks"):
            yield f"{name}: {', '.join(texts(disk['operation_locks']))}"


@check(
    id="CLOUD-DISK-EXPIRING",
    title="The subscription of a disk ends soon",
    severity="high",
    area="cloud_disks",
    remediation="Renew the disk: one that has expired is detached, and cannot be rolled back.",
    source="ECS API: DescribeDisks, ExpiredTime",
    grade="documented",
)
def disk_expiring(context: Context) -> Iterable[str]:
    for name, disk in disk_attributes(context):
        if disk.get("charge_type") != "PrePaid":
            continue
        ends = str(need(disk.get("expired"), "cloud attributes"))
        if days_from_now(ends, context, "cloud attributes") < _DAYS:
            yield f"{name}: it ends at {ends}"


@check(
    id="CLOUD-DISK-KEY",
    title="Disks are encrypted with keys of the account",
    severity="low",
    area="cloud_disks",
    remediation="Make sure that the keys are enabled and stay so: without them neither the disk nor its restore point "
    "can be read.",
    source="ECS: encrypted disks",
    grade="documented",
)
def disk_key(context: Context) -> Iterable[str]:
    return [f"{name}: {disk['kms_key_id']}" for name, disk in disk_attributes(context) if disk.get("kms_key_id")]


@check(
    id="CLOUD-DISK-PRODUCT",
    title="A disk comes from an image of Alibaba Cloud Marketplace",
    severity="info",
    area="cloud_disks",
    severities={"smc": "high"},
    remediation="Ask the vendor whether the product runs on the target. Server Migration Center takes such instances "
    "for enabled accounts only; open a ticket.",
    source="ECS API: DescribeDisks, ProductCode; Server Migration Center: limits of Marketplace images",
    grade="assumed",
)
def disk_product(context: Context) -> Iterable[str]:
    return [f"{name}: {disk['product_code']}" for name, disk in disk_attributes(context) if disk.get("product_code")]


@check(
    id="CLOUD-DISK-BASIC",
    title="A disk is of the oldest and slowest kind",
    severity="low",
    area="cloud_disks",
    remediation="The migration takes many times longer on a basic disk. Change its category first, or plan a longer "
    "outage.",
    source="ECS: basic disks",
    grade="documented",
)
def disk_basic(context: Context) -> Iterable[str]:
    return [f"{disk_name(disk)}: {disk['category']}" for disk in context.disks if disk.get("category") == "cloud"]


@check(
    id="CLOUD-DISKS-APART",
    title="The restore point will not show all disks at the same moment",
    severity="medium",
    area="cloud_disks",
    remediation="Only ESSDs are snapshotted together. Stop what writes to several disks (databases, LVM over disks) "
    "before the migration, or change the category of the disks.",
    source="ECS API: CreateSnapshotGroup, disk categories",
    grade="documented",
)
def disks_apart(context: Context) -> Iterable[str]:
    disks = context.disks
    if len(disks) > 1:
        for disk in disks:
            if not str(disk.get("category")).startswith(_TOGETHER):
                yield f"{disk_name(disk)}: {disk.get('category')}"


@check(
    id="CLOUD-DISKS-MANY",
    title="The instance has more disks than one group of snapshots may hold",
    severity="low",
    area="cloud_disks",
    remediation="Where the limit strikes, the disks are snapshotted one by one, each at its own moment: stop what "
    "writes to several of them before.",
    source="ECS API: CreateSnapshotGroup, 16 disks and 32 TiB; newer texts say 128 disks and 256 TiB",
    grade="documented",
)
def disks_many(context: Context) -> Iterable[str]:
    disks = context.disks
    size = sum(disk["size_gib"] for disk in disks if isinstance(disk.get("size_gib"), int))
    if len(disks) > _GROUP_DISKS or size > _GROUP_GIB:
        yield f"{len(disks)} disks of {size} GiB"
