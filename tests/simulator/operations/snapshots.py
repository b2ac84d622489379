"""Snapshots of single disks, and the roll back of a disk."""

from __future__ import annotations

from ..clock import iso
from ..errors import ApiError
from ..world import ESSD, Disk, Instance, Snapshot, Work
from . import common
from .common import Answer, Context, Parameters, equal, id_list, page, tags_match, wire_tags
from .table import PAGED, Operation, changes, reads


def create_snapshot(context: Context, given: Parameters) -> Answer:
    disk = common.disk(context, given["DiskId"])
    if not common.valid_name(given.get("SnapshotName")) or given.get("SnapshotName", "").startswith("auto"):
        # documented: error table of CreateSnapshot, SDK text of SnapshotName
        raise ApiError(400, "InvalidSnapshotName.Malformed", "The specified SnapshotName is wrongly formed.")
    description = common.described(given.get("Description"))
    days = _retention(given)
    tags = common.new_tags(given)
    snapshottable(context, disk)
    made = start(context, disk, given.get("SnapshotName", ""), description, tags, days=days)
    return {"SnapshotId": made.snapshot_id}


def snapshottable(context: Context, disk: Disk) -> None:
    """The guards that both ways of creating snapshots share. Source: error table of CreateSnapshot."""
    if not disk.category.startswith("cloud"):
        message = "The operation is not supported to the specified disk due to its disk category."
        raise ApiError(400, "DiskCategory.OperationNotSupported", message)
    if disk.status not in ("In_use", "Available"):
        raise ApiError(403, "IncorrectDiskStatus", "The current disk status does not support this operation.")
    owner = context.region.instance_of(disk)
    if owner and owner.status not in ("Running", "Stopped"):
        message = "The current status of the resource does not support this operation."
        raise ApiError(400, "IncorrectInstanceStatus", message)
    common.unlocked(owner)
    if any(context.region.unfinished(disk.disk_id)):
        raise ApiError(403, "IncorrectDiskStatus.CreatingSnapshot", "A previous snapshot creation is in process.")
    # documented limit: 256 manual snapshots of a disk
    if sum(one.disk_id == disk.disk_id for one in context.region.snapshots.values()) >= context.region.snapshot_quota:
        raise ApiError(403, "QuotaExceed.Snapshot", "The snapshot quota exceeds.")


def start(context: Context, disk: Disk, name: str, description: str, tags: dict[str, str], *,
          days: int | None = None, group_id: str | None = None) -> Snapshot:  # fmt: skip
    """Begin a snapshot; it ends when its time has come and the driver, if there is one, has done its work."""
    timing, now = context.world.timing, context.now
    snapshot_id = context.world.new_id("s")
    owner = context.region.instance_of(disk)
    made = Snapshot(
        snapshot_id=snapshot_id,
        name=name,
        description=description,
        disk_id=disk.disk_id,
        instance_id=disk.instance_id,
        disk_type=disk.type,
        size_gib=disk.size_gib,
        encrypted=disk.encrypted,
        instant=disk.category in ESSD,
        system=owner.system if owner else "",
        created=now,
        usable_at=now + timing.snapshot_base_s,
        due=now + timing.snapshot_base_s + timing.snapshot_per_gib_s * disk.size_gib,
        retention_days=days,
        group_id=group_id,
        work=driver_work("snapshot", owner, disk, snapshot_id),
        tags=dict(tags),
    )
    context.region.snapshots[snapshot_id] = made

    def finish(succeeded: bool, at: float) -> None:
        made.status = "accomplished" if succeeded else "failed"

    if context.world.fail_percent is not None:
        made.fails_at = context.world.fail_percent
        context.world.fail_work = True
    made.work = context.world.schedule(made.ends, finish, made.work)
    if days is not None:
        _expire(context, made, days)
    return made


def _retention(given: Parameters) -> int | None:
    days: int | None = given.get("RetentionDays")
    if days is not None and not 1 <= days <= 65536:  # documented: SDK text and error table of CreateSnapshotGroup
        raise ApiError(400, "InvalidRetentionDays.Malformed", "The specified RetentionDays is not valid.")
    return days


def _expire(context: Context, one: Snapshot, days: int) -> None:
    """Released by itself when the retention ends, counted from its creation (documented); the last setting counts."""
    one.retention_days = days

    def end(succeeded: bool, at: float) -> None:
        if one.retention_days == days:
            remove(context, one.snapshot_id)

    context.world.schedule(one.created + days * 86400, end)


def modify_snapshot_attribute(context: Context, given: Parameters) -> Answer:
    """Source: page of ModifySnapshotAttribute; that only a finished snapshot takes a retention is not documented."""
    one = context.region.snapshots.get(given["SnapshotId"])
    if one is None:
        raise ApiError(404, "InvalidSnapshotId.NotFound", "The specified SnapshotId does not exist.")
    if "SnapshotName" in given:
        if not common.valid_name(given["SnapshotName"]) or given["SnapshotName"].startswith("auto"):
            raise ApiError(400, "InvalidSnapshotName.Malformed", "The specified SnapshotName is wrongly formed.")
        one.name = given["SnapshotName"]
    if "Description" in given:
        one.description = common.described(given["Description"])
    days = _retention(given)
    if days is not None:
        _expire(context, one, days)
    return {}


def driver_work(verb: str, owner: Instance | None, disk: Disk, blob: str) -> Work | None:
    if owner is None or not owner.driver_host or not disk.driver_disk:
        return None
    return Work(verb, (owner.driver_host, disk.driver_disk, blob), owner.driver_host)


def remove(context: Context, snapshot_id: str) -> None:
    """Forget a snapshot; deleting an unfinished one cancels it (documented: DeleteSnapshot)."""
    gone = context.region.snapshots.pop(snapshot_id, None)
    if gone is None:
        return
    if gone.work is not None and gone.work.verb == "snapshot":
        context.world.do(Work("drop", (snapshot_id,), gone.work.host))
    group = context.region.groups.get(gone.group_id or "")
    if group is not None:
        group.snapshot_ids.remove(snapshot_id)


def describe_snapshots(context: Context, given: Parameters) -> Answer:
    common.dry_run(given)
    ids = id_list(given, "SnapshotIds")
    if given.get("Status", "all") not in ("all", "progressing", "accomplished", "failed"):  # documented: error table
        raise ApiError(404, "InvalidStatus.NotFound", "The specified Status is not found.")
    chosen = [
        one for one in context.region.snapshots.values()
        if (ids is None or one.snapshot_id in ids)
        and equal(given, DiskId=one.disk_id, InstanceId=one.instance_id, SnapshotName=one.name, Encrypted=one.encrypted)
        and given.get("Status", "all") in ("all", one.status)
        and given.get("SourceDiskType", one.disk_type).lower() == one.disk_type
        and given.get("SnapshotType", "all") in ("all", "user")
        and tags_match(given.get("Tag"), one.tags)
    ]  # fmt: skip
    answer = page(chosen, given, lambda one: _snapshot(context, one), least=1, most=100)
    return {"Snapshots": {"Snapshot": answer.pop("items")}, **answer}


def _snapshot(context: Context, one: Snapshot) -> Answer:
    rendered: Answer = {
        "SnapshotId": one.snapshot_id,
        "SnapshotName": one.name,
        "Description": one.description,
        "RegionId": context.region.region_id,
        "Status": one.status,
        "Progress": f"{one.progress(context.now)}%",
        "RemainTime": max(0, int(one.due - context.now)) if one.status == "progressing" else 0,
        "Available": one.available(context.now),
        "InstantAccess": one.instant,
        "SourceDiskId": one.disk_id,
        "SourceDiskSize": str(one.size_gib),
        "SourceDiskType": one.disk_type,
        "SnapshotType": "user",
        "Category": "standard",
        "Encrypted": one.encrypted,
        "Usage": "none",
        "CreationTime": iso(one.created),
        "LastModifiedTime": iso(one.created),
        "Tags": wire_tags(one.tags),
    }
    if one.retention_days is not None:
        rendered["RetentionDays"] = one.retention_days
    return rendered


def delete_snapshot(context: Context, given: Parameters) -> Answer:
    """An unknown id is ignored, so that deleting twice is safe. Source: page of DeleteSnapshot."""
    deletable(context, given["SnapshotId"], bool(given.get("Force")))
    remove(context, given["SnapshotId"])
    return {}


def deletable(context: Context, snapshot_id: str, force: bool = False) -> None:
    used = any(one.resetting and one.restored_from == snapshot_id for one in context.region.disks.values())
    if used:  # documented code, assumed cause
        raise ApiError(403, "Operation.Conflict", "The operation may conflicts with others, please retry later.")
    # documented: error table of DeleteSnapshot
    if any(disk.snapshot_id == snapshot_id for image in context.region.images.values() for disk in image.disks):
        raise ApiError(403, "SnapshotCreatedImage", "The snapshot has been used to create user defined image(s).")
    if not force and any(one.source_snapshot_id == snapshot_id for one in context.region.disks.values()):
        raise ApiError(403, "SnapshotCreatedDisk", "The snapshot has been used to create disk(s).")


def reset_disk(context: Context, given: Parameters) -> Answer:
    """Roll a disk back. Source of every code: error table of ResetDisk (2025); the order of the guards is assumed."""
    disk = common.disk(context, given["DiskId"])
    snapshot = context.region.snapshots.get(given["SnapshotId"])
    if snapshot is None:
        raise ApiError(404, "InvalidSnapshotId.NotFound", "The specified SnapshotId does not exist.")
    if snapshot.disk_id != disk.disk_id:
        message = "The specified snapshot is not created from the specified disk."
        raise ApiError(403, "InvalidParameter.Mismatch", message)
    if disk.resetting:
        message = "The operation cannot be performed because the disk has an ongoing reset task."
        raise ApiError(403, "InvalidOperation.DiskResetInProgress", message)
    if disk.status not in ("In_use", "Available"):
        raise ApiError(403, "IncorrectDiskStatus", "The current disk status does not support this operation.")
    owner = context.region.instance_of(disk)
    if owner and owner.status != "Stopped":
        message = "The current status of the resource does not support this operation."
        raise ApiError(403, "IncorrectInstanceStatus", message)
    common.unlocked(owner)
    if not snapshot.available(context.now):
        raise ApiError(403, "InvalidSnapshotId.NotReady", "The specified snapshot has not completed yet.")
    # assumed: an unfinished snapshot that is available already (instant access) stands in nobody's way
    if any(not one.available(context.now) for one in context.region.unfinished(disk.disk_id)):
        raise ApiError(403, "IncorrectDiskStatus.HasUnfinishedSnapshot", "The current disk has unfinished snapshot.")
    common.dry_run(given)
    before, previous = disk.status, disk.restored_from
    disk.status, disk.restored_from = "ReIniting", snapshot.snapshot_id

    def finish(succeeded: bool, at: float) -> None:
        disk.status = before
        if not succeeded:
            disk.restored_from = previous
        elif owner and disk.type == "system" and snapshot.system:
            owner.system, owner.settling_until = snapshot.system, 0.0

    work = driver_work("restore", owner, disk, snapshot.snapshot_id)
    context.world.schedule(context.now + context.world.timing.reset_s, finish, work)
    return {}


OPERATIONS: dict[str, Operation] = {
    "CreateSnapshot": changes(create_snapshot, "DiskId SnapshotName Description RetentionDays Tag InstantAccess"),
    "DescribeSnapshots": reads(
        describe_snapshots,
        PAGED + "SnapshotIds DiskId InstanceId SnapshotName Encrypted Status SourceDiskType SnapshotType Tag"),
    "ModifySnapshotAttribute": changes(
        modify_snapshot_attribute, "SnapshotId SnapshotName Description RetentionDays"),
    "DeleteSnapshot": changes(delete_snapshot, "SnapshotId Force"),
    "ResetDisk": changes(reset_disk, "DiskId SnapshotId DryRun"),
}  # fmt: skip
