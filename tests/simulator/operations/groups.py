"""Snapshot-consistent groups: snapshots of several ESSDs of one zone at one point in time."""

from __future__ import annotations

from ..clock import iso
from ..errors import ApiError
from ..world import ESSD, Disk, Group
from . import common
from .common import Answer, Context, Parameters, equal, page, tags_match, wire_tags
from .snapshots import deletable, remove, snapshottable, start
from .table import Operation, changes, reads

MAX_DISKS, MAX_GIB = 128, 256 * 1024


def create_snapshot_group(context: Context, given: Parameters) -> Answer:
    """Source of the codes: error table of CreateSnapshotGroup (2026); of the limits: SDK text of DiskId."""
    if not common.valid_name(given.get("Name")):
        raise ApiError(400, "InvalidParameter.Name", "The specified Name is invalid.")
    description = common.described(given.get("Description"))
    tags = common.new_tags(given)
    disks = _members(context, given)
    for disk in disks:
        _groupable(context, disk)
    if len({disk.zone_id for disk in disks}) > 1:
        message = "The specified disks are not in the same availability zone."
        raise ApiError(400, "InvalidDiskIds.NotInSameZone", message)
    if len(disks) > MAX_DISKS:
        raise ApiError(403, "NumberExceed.TooManyDisks", "The number of all disks in the request exceeds.")
    if sum(disk.size_gib for disk in disks) > MAX_GIB:
        raise ApiError(403, "CapacityExceed.TooManyDisks", "The capacity of all disks in the request exceeds.")
    group_id = context.world.new_id("ssg")
    name = given.get("Name", "")
    # The tags are documented for the group only; that its snapshots bear them as well is assumed.
    made = [start(context, disk, name, description, tags, group_id=group_id) for disk in disks]
    context.region.groups[group_id] = Group(
        group_id=group_id,
        name=name,
        description=description,
        instance_id=given.get("InstanceId", ""),
        created=context.now,
        snapshot_ids=[one.snapshot_id for one in made],
        tags=tags,
    )
    return {"SnapshotGroupId": group_id}


def _members(context: Context, given: Parameters) -> list[Disk]:
    chosen, excluded = given.get("DiskId") or [], given.get("ExcludeDiskId") or []
    if chosen and excluded:
        message = "The use of parameter 'ExcludeDiskIds' and 'DiskIds' at the same time is not supported."
        raise ApiError(400, "InvalidParam.ExcludeDiskIdsAndDiskIds.Conflict", message)
    if not chosen and "InstanceId" not in given:
        # documented, with this spelling
        raise ApiError(400, "MissingParamter.InstanceId", "The specified InstanceId should not be null.")
    if "InstanceId" not in given:
        return [common.disk(context, disk_id) for disk_id in dict.fromkeys(chosen)]
    attached = context.region.disks_of(common.instance(context, given["InstanceId"]))
    for disk_id in (*chosen, *excluded):
        if disk_id not in {disk.disk_id for disk in attached}:  # assumed code for a disk of another instance
            raise ApiError(404, "InvalidDiskId.NotFound", "The specified DiskId does not exist.")
    members = [disk for disk in attached if (disk.disk_id in chosen if chosen else disk.disk_id not in excluded)]
    if not members:  # documented code; that excluding every disk leads to it is assumed
        raise ApiError(403, "InvalidInstance.NoDisk", "There is no disk mounted on the instance.")
    return members


def _groupable(context: Context, disk: Disk) -> None:
    if disk.multi_attach:
        raise ApiError(403, "InvalidOperation.MultiAttachDisk", "Multi attach disk does not support this operation.")
    if disk.category not in ESSD:
        message = "The operation is not supported to the specified disk due to its disk category."
        raise ApiError(400, "DiskCategory.OperationNotSupported", message)
    if disk.status != "In_use":  # documented: disks of a group are in use
        raise ApiError(403, "IncorrectDiskStatus", "The current disk status does not support this operation.")
    snapshottable(context, disk)


def status(context: Context, group: Group) -> str:
    """The worst of its members'."""
    states = {context.region.snapshots[one].status for one in group.snapshot_ids}
    return next((one for one in ("failed", "progressing") if one in states), "accomplished")


def describe_snapshot_groups(context: Context, given: Parameters) -> Answer:
    states = given.get("Status")
    if states and set(states) - {"progressing", "accomplished", "failed"}:  # documented: its error table
        raise ApiError(403, "InvalidStatus.ValueNotSupported", "The specified Status is not supported.")
    ids = given.get("SnapshotGroupId")
    if ids and len(ids) > 10:  # the limit is documented, the code is assumed
        raise ApiError(400, "InvalidParameter", "No more than 10 SnapshotGroupId can be given.")
    chosen = [
        one for one in context.region.groups.values()
        if (not ids or one.group_id in ids)
        and equal(given, InstanceId=one.instance_id, Name=one.name)
        and (not states or status(context, one) in states)
        and tags_match(given.get("Tag"), one.tags)
    ]  # fmt: skip
    answer = page(chosen, {"NextToken": "", **given}, lambda one: _group(context, one), least=1, most=100)
    return {"SnapshotGroups": {"SnapshotGroup": answer["items"]}, "NextToken": answer["NextToken"]}


def _group(context: Context, group: Group) -> Answer:
    members = [context.region.snapshots[one] for one in group.snapshot_ids]
    return {
        "SnapshotGroupId": group.group_id,
        "Name": group.name,
        "Description": group.description,
        "InstanceId": group.instance_id,
        "Status": status(context, group),
        "CreationTime": iso(group.created),
        "Tags": wire_tags(group.tags, "Key", "Value"),
        "Snapshots": {"Snapshot": [
            {"SnapshotId": one.snapshot_id, "SourceDiskId": one.disk_id, "SourceDiskType": one.disk_type,
             "Progress": f"{one.progress(context.now)}%", "Available": one.available(context.now),
             "InstantAccess": one.instant, "Tags": wire_tags(one.tags, "Key", "Value")}
            for one in members
        ]},
    }  # fmt: skip


def delete_snapshot_group(context: Context, given: Parameters) -> Answer:
    group = context.region.groups.get(given["SnapshotGroupId"])
    if group is None:  # assumed: no table is published
        raise ApiError(404, "InvalidSnapshotGroupId.NotFound", "The specified SnapshotGroupId does not exist.")
    members = list(group.snapshot_ids)
    for snapshot_id in members:
        deletable(context, snapshot_id)
    for snapshot_id in members:
        remove(context, snapshot_id)
    del context.region.groups[group.group_id]
    return {"OperationProgressSet": {"OperationProgress": [
        {"OperationStatus": "Success", "ErrorCode": "", "ErrorMsg": "",
         "RelatedItemSet": {"RelatedItem": [{"Name": "SnapshotId", "Value": one}]}}
        for one in members
    ]}}  # fmt: skip


OPERATIONS: dict[str, Operation] = {
    "CreateSnapshotGroup": changes(
        create_snapshot_group, "InstanceId DiskId ExcludeDiskId Name Description Tag InstantAccess"),
    "DescribeSnapshotGroups": reads(
        describe_snapshot_groups, "SnapshotGroupId InstanceId Name Status Tag MaxResults NextToken"),
    "DeleteSnapshotGroup": changes(delete_snapshot_group, "SnapshotGroupId"),
}  # fmt: skip
