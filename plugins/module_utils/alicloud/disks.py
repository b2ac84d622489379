# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Disks: read them as plain dicts, tell what can be done with them, and put a snapshot's content back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from . import answers, inputs
from .batch import Ref, each, region_chunks
from .client import Caller, pages
from .errors import CloudError, LostAnswer
from .tags import from_wire
from .waiter import MISSES, Pace, Waited, Waiter, wait_for

Disk = dict[str, Any]

PAGE = 500
IDS_PER_CALL = 100
# Up to this many instances, asking for each is cheaper than reading all disks of the region.
FEW = 4
STABLE = ("In_use", "Available")
LOCAL_PREFIXES = ("local_", "ephemeral", "elastic_ephemeral_disk")
GROUP_PREFIXES = ("cloud_essd", "cloud_auto")


def is_local(disk: Mapping[str, Any]) -> bool:
    """The content of a local disk lives on the physical host: it cannot be snapshotted or reset."""
    return str(disk["category"]).startswith(LOCAL_PREFIXES)


def can_group(disk: Mapping[str, Any]) -> bool:
    return str(disk["category"]).startswith(GROUP_PREFIXES) and not disk["multi_attach"]


def normalise(raw: Mapping[str, Any]) -> Disk:
    return {
        "disk_id": answers.ident(raw, "DiskId"),
        "name": answers.text(raw, "DiskName") or "",
        "type": answers.text(raw, "Type"),
        "category": answers.text(raw, "Category") or "",
        "size_gib": answers.number(raw, "Size"),
        "status": answers.text(raw, "Status"),
        "device": answers.text(raw, "Device") or "",
        "encrypted": answers.flag(raw, "Encrypted"),
        "multi_attach": answers.text(raw, "MultiAttach") in ("Enabled", "LegacyShared"),
        "portable": answers.flag(raw, "Portable"),
        "delete_with_instance": answers.flag(raw, "DeleteWithInstance"),
        "performance_level": answers.text(raw, "PerformanceLevel") or None,
        "zone_id": answers.text(raw, "ZoneId"),
        "tags": from_wire(raw.get("Tags")),
    }


def _owners(raw: Mapping[str, Any]) -> dict[str, str]:
    """instance id -> device. A disk with multi-attach lists its instances apart and has none of its own."""
    found = [raw, *answers.entries(raw, "Attachments", "Attachment")]
    named = [(answers.text(one, "InstanceId"), answers.text(one, "Device") or "") for one in found]
    return {owner: device for owner, device in named if owner}


def attached(
    api: Caller,
    region: str,
    instance_ids: Iterable[str],
    shape: Callable[[Mapping[str, Any]], Disk] = normalise,
) -> tuple[dict[str, list[Disk]], dict[str, CloudError]]:
    """(the disks of each instance, system disk first, in the order of their devices; errors by instance)."""
    wanted = list(instance_ids)
    filters: list[dict[str, Any]] = [{"InstanceId": one} for one in wanted] if len(wanted) <= FEW else [{}]
    found: dict[str, dict[str, Disk]] = {one: {} for one in wanted}
    errors: dict[str, CloudError] = {}
    for params in filters:
        for raw in pages(api, "DescribeDisks", region, params, ("Disks", "Disk"), PAGE):
            for owner, device in _owners(raw).items():
                if owner not in found:
                    continue
                try:
                    disk = shape(raw)
                except CloudError as error:
                    errors[owner] = error
                else:
                    found[owner][disk["disk_id"]] = disk | {"device": device or disk["device"]}
    return {one: sorted(disks.values(), key=_order) for one, disks in found.items() if one not in errors}, errors


def _order(disk: Disk) -> tuple[bool, str, str]:
    return disk["type"] != "system", disk["device"], disk["disk_id"]


def describe(api: Caller, refs: Iterable[Ref]) -> dict[Ref, Disk]:
    """Disks by their ids; those that do not exist are left out."""

    def read(piece: tuple[str, list[str]]) -> dict[Ref, Disk]:
        region, ids = piece
        found = pages(api, "DescribeDisks", region, {"DiskIds": json.dumps(ids)}, ("Disks", "Disk"), PAGE)
        # The owners go along, because a reset needs the state of the instance.
        asked = [raw for raw in found if answers.text(raw, "DiskId") in ids]
        return {Ref(region, raw["DiskId"]): normalise(raw) | {"instance_ids": sorted(_owners(raw))} for raw in asked}

    disks: dict[Ref, Disk] = {}
    for outcome in each(region_chunks(inputs.sound(refs), IDS_PER_CALL), read):
        if outcome.error is not None:
            raise outcome.error
        disks.update(outcome.value or {})
    return disks


def wait_stable(api: Caller, refs: Iterable[Ref], pace: Pace) -> dict[Ref, Waited[Disk]]:
    waiter = Waiter(
        "the disk reset",
        lambda pending: describe(api, pending),
        lambda disk: disk["status"] in STABLE,
        gone_after=MISSES,
    )
    return wait_for(waiter, refs, pace)


def reset(api: Caller, disk: Ref, snapshot_id: str) -> None:
    """Ask for one reset.

    A second ResetDisk with the same snapshot on a stopped instance ends in the same content, so it is sent again when
    nobody knows of the first.
    """
    for attempt in range(3):
        try:
            api.call("ResetDisk", disk.region, {"DiskId": disk.id, "SnapshotId": snapshot_id}, resource=disk.id)
            return
        except LostAnswer as error:
            state = describe(api, [disk]).get(disk)
            if state is not None and state["status"] == "ReIniting":
                return
            if attempt == 2:
                raise error
        except CloudError as error:
            # Only our own earlier request can be the one in progress: the disk was stable before it.
            if attempt and error.code == "InvalidOperation.DiskResetInProgress":
                return
            raise
