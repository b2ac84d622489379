# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The restore point of an instance: one usable snapshot of every disk, found again by its tags."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from . import disks, snapshots, tags
from .batch import Ref
from .disks import Disk
from .errors import CloudError
from .instances import Instance
from .snapshots import Snapshot

# A group takes this many disks.
DISKS_PER_GROUP = 128
RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")

# The service says no to the group as such; snapshots one by one may still be possible.
GROUP_REFUSED = (
    "InvalidOperation.MultiAttachDisk",
    "InvalidDisk.",
    "InvalidDiskIds.NotInSameZone",
    "DiskCategory.",
    "InvalidRegion.NotSupport",
    "UserNotInTheWhiteList",
    "NumberExceed.TooManyDisks",
    "CapacityExceed.",
)


@dataclass(frozen=True)
class Wish:
    """What the caller wants, the same for every instance."""

    run_id: str
    purpose: str = "restore_point"
    tags: Mapping[str, str] = field(default_factory=dict)
    retention_days: int | None = None
    group: str = "auto"
    exclude_disks: frozenset[str] = frozenset()

    @property
    def key_tags(self) -> dict[str, str]:
        return {tags.RUN_ID: self.run_id, tags.PURPOSE: self.purpose}

    def instance_tags(self, instance_id: str) -> dict[str, str]:
        return {**self.tags, **self.key_tags, tags.INSTANCE_ID: instance_id}

    def disk_tags(self, instance_id: str, disk_id: str) -> dict[str, str]:
        return {**self.instance_tags(instance_id), tags.DISK_ID: disk_id}

    def check(self) -> None:
        if not RUN_ID.fullmatch(self.run_id):
            raise CloudError(
                "InvalidRunId", f"run_id {self.run_id!r} must be 1 to 64 letters, digits and . _ : -", hint=""
            )
        tags.check(self.disk_tags("i-0", "d-0"))


@dataclass
class Plan:
    """What is there already and what has to be made for one instance."""

    ref: Ref
    disks: list[Disk]
    reuse: dict[str, Snapshot]
    group: list[Disk]
    single: list[Disk]
    attempt: int
    error: CloudError | None = None


def make_plan(ref: Ref, instance: Instance, existing: list[Snapshot], wish: Wish) -> Plan:
    wanted = [disk for disk in instance["disks"] if disk["disk_id"] not in wish.exclude_disks]
    ids = {disk["disk_id"] for disk in wanted}
    mine = [snapshot for snapshot in existing if snapshot["disk_id"] in ids]
    reuse = first_good(mine)
    lacking = [disk for disk in wanted if disk["disk_id"] not in reuse]
    # A failed snapshot keeps its token, so the next one needs another.
    plan = Plan(ref, wanted, reuse, [], [], attempt=sum(1 for snapshot in mine if snapshots.failed(snapshot)))
    plan.error = objection(ref, wanted, lacking)
    if plan.error is not None:
        return plan
    reason = why_no_group(wanted) if wish.group != "never" else "groups are switched off"
    if len(lacking) < 2 or (reason and wish.group != "always"):
        plan.single = lacking
    elif reason:
        plan.error = CloudError(
            "GroupNotPossible",
            f"{ref.id}: {reason}",
            resource=ref.id,
            hint="Use group=auto to have one snapshot per disk where a group is not possible.",
        )
    else:
        plan.group = lacking
    return plan


def first_good(existing: list[Snapshot]) -> dict[str, Snapshot]:
    """disk id -> its snapshot. The oldest that did not fail: a later one may show a half-converted system."""
    good: dict[str, Snapshot] = {}
    for snapshot in sorted(existing, key=lambda one: (one["created"] or "", one["snapshot_id"])):
        if not snapshots.failed(snapshot):
            good.setdefault(snapshot["disk_id"], snapshot)
    return good


def objection(ref: Ref, wanted: list[Disk], lacking: list[Disk]) -> CloudError | None:
    """Why no restore point is possible; told before the first snapshot is made."""
    if not wanted:
        return CloudError("NoDisks", f"{ref.id} has no disk to snapshot", resource=ref.id, hint="Check exclude_disks.")
    local = [disk for disk in wanted if disks.is_local(disk)]
    if local:
        names = ", ".join(f"{disk['disk_id']} ({disk['category']})" for disk in local)
        return CloudError(
            "LocalDisk",
            f"{ref.id} has local disks, which cannot be snapshotted: {names}",
            resource=ref.id,
            hint="Their content cannot be brought back. Name them in exclude_disks if that is acceptable.",
        )
    unfit = [f"{disk['disk_id']} ({disk['status']})" for disk in lacking if disk["status"] not in disks.STABLE]
    if unfit:
        return CloudError(
            "IncorrectDiskStatus",
            f"{ref.id} has disks in a state that allows no snapshot: {', '.join(unfit)}",
            resource=ref.id,
            hint="Wait until they are In_use or Available.",
        )
    return None


def why_no_group(wanted: list[Disk]) -> str | None:
    if len(wanted) > DISKS_PER_GROUP:
        return f"a group takes {DISKS_PER_GROUP} disks at most"
    unfit = [disk["disk_id"] for disk in wanted if not disks.can_group(disk)]
    if unfit:
        return f"only ESSD disks without multi-attach can be in a group, not {', '.join(unfit)}"
    if len({disk["zone_id"] for disk in wanted}) > 1:
        return "the disks are in more than one zone"
    return None


def snapshot_name(run_id: str, instance_id: str, device: str = "") -> str:
    text = "-".join(part for part in ("os-migration", run_id, instance_id, device.rpartition("/")[2]) if part)
    return re.sub(r"[^A-Za-z0-9:_.-]", "-", text)[:128]


def complete(plan: Plan, found: Mapping[str, Snapshot], level: str) -> bool:
    return bool(plan.disks) and all(
        disk["disk_id"] in found and snapshots.usable(found[disk["disk_id"]], level) for disk in plan.disks
    )


def merge(errors: list[CloudError]) -> CloudError | None:
    """The first error, telling of the others."""
    if len(errors) < 2:
        return errors[0] if errors else None
    first = errors[0]
    text = "; ".join(f"{error.resource or ''} {error.code}: {error.message}".strip() for error in errors)
    return CloudError(
        first.code,
        text,
        kind=first.kind,
        operation=first.operation,
        resource=first.resource,
        request_id=first.request_id,
        http_status=first.http_status,
        hint=first.hint,
    )


def shown(snapshot: Mapping[str, Any], disk: Mapping[str, Any] | None) -> dict[str, Any]:
    """A snapshot as it is returned: with the device of its disk."""
    keys = (
        "snapshot_id",
        "disk_id",
        "device",
        "disk_type",
        "status",
        "available",
        "progress",
        "created",
        "group_id",
        "size_gib",
    )
    merged = {**snapshot, "device": disk["device"] if disk else snapshot["device"]}
    return {key: merged[key] for key in keys}


def planned(disk: Mapping[str, Any], group: bool) -> dict[str, Any]:
    """What check mode shows for a snapshot that would be made."""
    return {
        "snapshot_id": None,
        "disk_id": disk["disk_id"],
        "device": disk["device"],
        "disk_type": disk["type"],
        "status": "planned",
        "available": False,
        "progress": 0,
        "created": None,
        "group_id": "planned" if group else None,
        "size_gib": disk["size_gib"],
    }
