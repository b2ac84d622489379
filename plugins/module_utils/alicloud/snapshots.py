# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshots and snapshot-consistent groups: read, create, prolong and delete them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from . import answers, inputs
from .batch import Ref, each, region_chunks
from .client import Caller, pages
from .errors import CloudError, LostAnswer
from .tags import from_wire, listed, to_wire

Snapshot = dict[str, Any]

IDS_PER_CALL = 100
PAGE = 100


@dataclass(frozen=True)
class Group:
    """A snapshot-consistent group: its snapshots show the disks of one moment."""

    group_id: str
    status: str
    members: tuple[str, ...]
    tags: Mapping[str, str]


def normalise(raw: Mapping[str, Any]) -> Snapshot:
    return {
        "snapshot_id": answers.ident(raw, "SnapshotId"),
        "name": answers.text(raw, "SnapshotName") or "",
        "disk_id": answers.text(raw, "SourceDiskId"),
        "device": "",
        "disk_type": answers.text(raw, "SourceDiskType"),
        "status": answers.text(raw, "Status"),
        "available": answers.flag(raw, "Available"),
        "progress": answers.percent(raw, "Progress"),
        "created": answers.text(raw, "CreationTime"),
        "group_id": None,
        "size_gib": answers.number(raw, "SourceDiskSize"),
        "encrypted": answers.flag(raw, "Encrypted"),
        "retention_days": answers.number(raw, "RetentionDays"),
        "tags": from_wire(raw.get("Tags")),
    }


def failed(snapshot: Mapping[str, Any]) -> bool:
    return snapshot["status"] == "failed"


def usable(snapshot: Mapping[str, Any], level: str = "available") -> bool:
    """available: a disk can be reset to it now. accomplished: it is stored for good."""
    if snapshot["status"] == "accomplished":
        return True
    return level == "available" and snapshot["available"] and not failed(snapshot)


def by_tags(api: Caller, region: str, tags: Mapping[str, str]) -> list[Snapshot]:
    return [normalise(raw) for raw in listed(api, "DescribeSnapshots", region, tags, ("Snapshots", "Snapshot"), PAGE)]


def of_instance(api: Caller, region: str, instance_id: str) -> list[Snapshot]:
    found = pages(api, "DescribeSnapshots", region, {"InstanceId": instance_id}, ("Snapshots", "Snapshot"), PAGE)
    return [normalise(raw) for raw in found]


def of_region(api: Caller, region: str) -> list[Snapshot]:
    found = pages(api, "DescribeSnapshots", region, {}, ("Snapshots", "Snapshot"), PAGE)
    return [normalise(raw) for raw in found]


def describe(api: Caller, refs: Iterable[Ref]) -> dict[Ref, Snapshot]:
    """Snapshots by their ids; those that do not exist are left out."""

    def read(piece: tuple[str, list[str]]) -> dict[Ref, Snapshot]:
        region, ids = piece
        found = pages(
            api, "DescribeSnapshots", region, {"SnapshotIds": json.dumps(ids)}, ("Snapshots", "Snapshot"), PAGE
        )
        return {Ref(region, raw["SnapshotId"]): normalise(raw) for raw in found if raw.get("SnapshotId") in ids}

    snapshots: dict[Ref, Snapshot] = {}
    for outcome in each(region_chunks(inputs.sound(refs), IDS_PER_CALL), read):
        if outcome.error is not None:
            raise outcome.error
        snapshots.update(outcome.value or {})
    return snapshots


def groups(api: Caller, region: str, tags: Mapping[str, str]) -> list[Group]:
    found = listed(api, "DescribeSnapshotGroups", region, tags, ("SnapshotGroups", "SnapshotGroup"), PAGE)
    return [_group(raw) for raw in found]


def _group(raw: Mapping[str, Any]) -> Group:
    ids = tuple(answers.ident(member, "SnapshotId") for member in answers.entries(raw, "Snapshots", "Snapshot"))
    group_id, status = answers.ident(raw, "SnapshotGroupId"), answers.text(raw, "Status") or ""
    return Group(group_id, status, ids, from_wire(raw.get("Tags")))


def of_run(api: Caller, region: str, tags: Mapping[str, str]) -> tuple[list[Snapshot], list[Group]]:
    """All snapshots that bear the tags or belong to a group that does.

    Tags given to a group are documented for the group alone, so its snapshots may lack them until we have tagged them.
    """
    grouped = groups(api, region, tags)
    found = {snapshot["snapshot_id"]: snapshot for snapshot in by_tags(api, region, tags)}
    missing = [Ref(region, member) for group in grouped for member in group.members if member not in found]
    found.update({ref.id: snapshot for ref, snapshot in describe(api, missing).items()})
    for group in grouped:
        for member in group.members:
            if member in found:
                found[member] |= {"group_id": group.group_id, "tags": {**group.tags, **found[member]["tags"]}}
    return sorted(found.values(), key=lambda snapshot: (snapshot["created"] or "", snapshot["snapshot_id"])), grouped


def client_token(operation: str, region: str, params: Mapping[str, Any], attempt: int) -> str:
    """The same wish gives the same token, also from another controller: the service answers with the first result."""
    text = json.dumps([operation, region, params, attempt], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:48]


def create(api: Caller, disk: Ref, name: str, tags: Mapping[str, str], retention_days: int | None, attempt: int) -> str:
    params: dict[str, Any] = {"DiskId": disk.id, "SnapshotName": name, "Tag": to_wire(tags)}
    if retention_days:
        params["RetentionDays"] = retention_days
    params["ClientToken"] = client_token("CreateSnapshot", disk.region, params, attempt)
    return answers.ident(api.call("CreateSnapshot", disk.region, params, resource=disk.id), "SnapshotId")


def create_group(
    api: Caller, instance: Ref, disk_ids: list[str], name: str, tags: Mapping[str, str], attempt: int
) -> str:
    params: dict[str, Any] = {"InstanceId": instance.id, "DiskId": sorted(disk_ids), "Name": name, "Tag": to_wire(tags)}
    params["ClientToken"] = client_token("CreateSnapshotGroup", instance.region, params, attempt)
    answer = api.call("CreateSnapshotGroup", instance.region, params, resource=instance.id)
    return answers.ident(answer, "SnapshotGroupId")


def prolong(api: Caller, snapshot: Ref, days: int) -> None:
    """Set how long a snapshot is kept, counted from its creation. A group takes no such setting when it is created."""
    for attempt in range(3):
        try:
            params = {"SnapshotId": snapshot.id, "RetentionDays": days}
            api.call("ModifySnapshotAttribute", snapshot.region, params, resource=snapshot.id)
            return
        except LostAnswer:
            state = describe(api, [snapshot]).get(snapshot)
            if state is not None and state["retention_days"] == days:
                return
            if attempt == 2:
                raise


def delete(api: Caller, snapshot: Ref, force: bool) -> None:
    for attempt in range(3):
        try:
            params = {"SnapshotId": snapshot.id} | ({"Force": True} if force else {})
            api.call("DeleteSnapshot", snapshot.region, params, resource=snapshot.id)
            return
        except LostAnswer:
            if snapshot not in describe(api, [snapshot]):
                return
            if attempt == 2:
                raise
        except CloudError as error:
            if error.code == "InvalidSnapshotId.NotFound":
                return
            raise


def delete_group(api: Caller, group: Ref, members: Iterable[Ref]) -> None:
    snapshots = list(members)
    for attempt in range(3):
        try:
            api.call("DeleteSnapshotGroup", group.region, {"SnapshotGroupId": group.id}, resource=group.id)
            return
        except LostAnswer:
            if not describe(api, snapshots):
                return
            if attempt == 2:
                raise
        except CloudError as error:
            # Gone already, most likely through our own lost first request.
            if attempt and not describe(api, snapshots):
                return
            raise error
