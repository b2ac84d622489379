"""Custom images: made from an instance, from a system disk's snapshot, or from one snapshot per disk."""

from __future__ import annotations

import re

from ..clock import iso
from ..compute_world import Image, ImageDisk
from ..errors import ApiError, not_modelled
from ..world import Snapshot
from . import common
from .common import Answer, Context, Parameters, equal, page, tags_match, wildcard, wire_tags
from .snapshots import snapshottable, start
from .table import Operation, changes, reads

STATES = ("Creating", "Waiting", "Available", "UnAvailable", "CreateFailed", "Deprecated")
MAX_DATA_DISKS = 16
# Seconds between two looks at snapshots that an image waits for.
_LOOK = 10
_NAME = re.compile(r"^(?!aliyun|acs:|https?://)[^\W\d_][\w.:-]{1,127}$")


def create_image(context: Context, given: Parameters) -> Answer:
    """Source of the codes and their statuses: error table of CreateImage (2021)."""
    image_id = context.world.new_id("m")
    name = given.get("ImageName", image_id)
    if "ImageName" in given and not _NAME.match(name):
        raise ApiError(400, "InvalidImageName.Malformed", "The specified Image name is wrongly formed.")
    if any(one.name == name for one in context.region.images.values()):
        raise ApiError(400, "InvalidImageName.Duplicated", "The specified Image name has already been used.")
    description = common.described(given.get("Description"))
    tags = common.new_tags(given)
    sources = [key for key in ("InstanceId", "SnapshotId", "DiskDeviceMapping") if given.get(key)]
    if not sources:
        message = "The input parameter SnapshotId or InstanceId or DiskDeviceMapping is not supplied."
        raise ApiError(400, "MissingParameter", message)
    if len(sources) > 1:  # assumed: the code for two sources at once
        raise ApiError(400, "InvalidParameter", f"{' and '.join(sources)} cannot be given at the same time.")
    if sum(one.owner == "self" for one in context.region.images.values()) >= context.region.image_quota:
        raise ApiError(403, "QuotaExceed.Image", "The Image Quota exceeds.")
    if sources == ["InstanceId"]:
        _instance_fit(context, given["InstanceId"])
    else:
        mapping = given.get("DiskDeviceMapping") or [{"SnapshotId": given["SnapshotId"]}]
        disks = _from_snapshots(context, mapping)
    common.dry_run(given)
    if sources == ["InstanceId"]:
        disks = _from_instance(context, given["InstanceId"], name)
    origin = next(context.region.snapshots[disk.snapshot_id or ""] for disk in disks if disk.type == "system")
    owner = context.region.instances.get(origin.instance_id or "")
    image = Image(
        image_id=image_id,
        name=name,
        description=description,
        created=context.now,
        due=max([context.now, *(_snapshot(context, disk).due for disk in disks)]) + context.world.timing.image_s,
        disks=disks,
        system=origin.system,
        # ECS goes on showing the system of the image that the instance was bought with.
        os_name=owner.os_name if owner else "",
        os_type=owner.os_type if owner else "linux",
        tags=tags,
    )
    context.region.images[image_id] = image
    _finish_later(context, image, image.due)
    return {"ImageId": image_id}


def _snapshot(context: Context, disk: ImageDisk) -> Snapshot:
    return context.region.snapshots[disk.snapshot_id or ""]


def _finish_later(context: Context, image: Image, due: float) -> None:
    """Available once its time has come and all its snapshots are accomplished; one that failed fails it."""

    def finish(succeeded: bool, at: float) -> None:
        found = [context.region.snapshots.get(disk.snapshot_id or "") for disk in image.disks]
        states = {one.status if one else "failed" for one in found}
        if succeeded and "failed" not in states and "progressing" in states:
            _finish_later(context, image, at + _LOOK)
            return
        image.status = "Available" if succeeded and states == {"accomplished"} else "CreateFailed"

    context.world.schedule(due, finish)


def _instance_fit(context: Context, instance_id: str) -> None:
    owner = context.region.instances.get(instance_id)
    if owner is None:
        raise ApiError(400, "InvalidInstanceId.NotFound", "The specified InstanceId does not exist.")
    if owner.status not in ("Running", "Stopped"):
        message = "The current status of the instance does not support this operation."
        raise ApiError(400, "IncorrectInstanceStatus", message)
    if "security" in owner.operation_locks:
        raise ApiError(400, "InstanceLockedForSecurity", "The instance is locked due to security.")
    for disk in context.region.disks_of(owner):
        snapshottable(context, disk)


def _from_instance(context: Context, instance_id: str, name: str) -> list[ImageDisk]:
    """It snapshots every disk (documented); the snapshots stay when the image is deleted."""
    made = []
    for disk in context.region.disks_of(context.region.instances[instance_id]):
        snapshot = start(context, disk, f"Created_from_{name}"[:128], "", {})
        made.append(ImageDisk(disk.device, disk.type, disk.size_gib, snapshot.snapshot_id))
    return made


def _from_snapshots(context: Context, mapping: list[Parameters]) -> list[ImageDisk]:
    disks = [_mapped(context, one, len(mapping) == 1) for one in mapping]
    systems = sum(one.type == "system" for one in disks)
    if systems != 1:
        how = "does not contain" if not systems else "contains two or more"
        message = f"The specified parameter DiskDeviceMapping.n.SnapshotId {how} system disk snapshot."
        raise ApiError(400, "OperationDenied", message)
    if len(disks) - 1 > MAX_DATA_DISKS:  # the limit is documented (SDK text), the code is assumed
        raise ApiError(400, "InvalidParameter", f"At most {MAX_DATA_DISKS} data disk snapshots can be specified.")
    free = (f"/dev/xvd{chr(letter)}" for letter in range(ord("b"), ord("z") + 1))
    taken = {one.device for one in disks}
    for one in disks:
        # assumed: a data disk without a device gets the next free one
        one.device = one.device or next(device for device in free if device not in taken)
    devices = [one.device for one in disks]
    wrong = [one for one in disks if (one.device == "/dev/xvda") != (one.type == "system")]
    if wrong or len(set(devices)) < len(devices) or not all(re.fullmatch(r"/dev/xvd[a-z]", one) for one in devices):
        # the rule is documented (SDK text of Device), the code is assumed
        raise ApiError(400, "InvalidDevice.Malformed", "The specified DiskDeviceMapping.n.Device is not valid.")
    return disks


def _mapped(context: Context, one: Parameters, alone: bool) -> ImageDisk:
    if "SnapshotId" not in one:
        raise not_modelled("an empty disk in DiskDeviceMapping")
    snapshot = context.region.snapshots.get(one["SnapshotId"])
    if snapshot is None:
        raise ApiError(404, "InvalidSnapshotId.NotFound", "The specified SnapshotId does not exist.")
    # assumed: available by instant access is not enough
    if snapshot.status != "accomplished":
        message = (
            "The current status of the DiskDeviceMapping.n.SnapshotId or SnapshotId does not support this operation."
        )
        raise ApiError(403, "InvalidSnapshotId.NotReady", message)
    if one.get("DiskType", snapshot.disk_type) != snapshot.disk_type:
        raise not_modelled("another DiskType than the snapshot's")
    if alone and snapshot.disk_type != "system":
        raise ApiError(403, "OperationDenied", "The specified snapshot is not from system disk.")
    size = one.get("Size", snapshot.size_gib)
    if size < snapshot.size_gib:  # documented rule (SDK text of Size); the code of the table for sizes out of range
        message = "The specified parameter DiskDeviceMapping.n.Size beyond the permitted range."
        raise ApiError(400, "InvalidSize.ValueNotSupported", message)
    default = "/dev/xvda" if snapshot.disk_type == "system" else ""
    return ImageDisk(one.get("Device", default), snapshot.disk_type, size, snapshot.snapshot_id)


def describe_images(context: Context, given: Parameters) -> Answer:
    """Only available ones unless Status says otherwise (documented: SDK text of Status)."""
    common.dry_run(given)
    states = given.get("Status", "Available").split(",")
    if "ALL" in states:
        states = list(STATES)
    if set(states) - set(STATES):  # assumed code
        raise ApiError(400, "InvalidStatus.ValueNotSupported", "The specified Status is not supported.")
    if given.get("ImageOwnerAlias", "self") not in ("self", "system", "others", "marketplace"):  # assumed code
        raise ApiError(400, "InvalidImageOwnerAlias.ValueNotSupported", "ImageOwnerAlias is not valid.")
    used = {one.image_id for one in context.region.instances.values()}
    chosen = [
        one for one in context.region.images.values()
        if one.status in states
        and equal(given, ImageId=one.image_id, ImageOwnerAlias=one.owner, OSType=one.os_type,
                  Usage="instance" if one.image_id in used else "none")
        and wildcard(given.get("ImageName"), one.name)
        and given.get("SnapshotId") in (None, *(disk.snapshot_id for disk in one.disks))
        and tags_match(given.get("Tag"), one.tags)
    ]  # fmt: skip
    answer = page(chosen, given, lambda one: _image(context, one, one.image_id in used), least=1, most=100)
    return {"Images": {"Image": answer.pop("items")}, "RegionId": context.region.region_id, **answer}


def _image(context: Context, one: Image, used: bool) -> Answer:
    return {
        "ImageId": one.image_id,
        "ImageName": one.name,
        "Description": one.description,
        "Status": one.status,
        "Progress": f"{one.progress(context.now)}%",
        "ImageOwnerAlias": one.owner,
        "OSName": one.os_name,
        "OSNameEn": one.os_name,
        "OSType": one.os_type,
        "Architecture": one.arch,
        "BootMode": one.boot_mode,
        "Features": {"NvmeSupport": one.nvme},
        "Platform": one.platform,
        "ProductCode": one.product_code,
        "Size": one.size_gib,
        "CreationTime": iso(one.created),
        "Usage": "instance" if used else "none",
        "IsPublic": False,
        "IsSelfShared": "",
        "DiskDeviceMappings": {"DiskDeviceMapping": [
            {"Device": disk.device, "Type": disk.type, "Size": str(disk.size_gib), "SnapshotId": disk.snapshot_id or ""}
            for disk in one.disks
        ]},
        "Tags": wire_tags(one.tags),
    }  # fmt: skip


def delete_image(context: Context, given: Parameters) -> Answer:
    """An unknown id is ignored (documented: SDK text of ImageId). Source of the codes: its error tables."""
    image = context.region.images.get(given["ImageId"])
    if image is not None and image.owner != "self":  # assumed for an image of somebody else
        raise ApiError(404, "InvalidImageId.NotFound", "The specified ImageId does not exist.")
    force = bool(given.get("Force"))
    if image is not None and image.status == "Creating" and not force:  # assumed: force cancels the creation
        raise ApiError(403, "ImageIsCreating", "The specified image is being created.")
    if not force and any(one.image_id == given["ImageId"] for one in context.region.instances.values()):
        raise ApiError(403, "ImageUsingByInstance", "The specified image has been used to create instances.")
    common.dry_run(given)
    context.region.images.pop(given["ImageId"], None)
    return {}


OPERATIONS: dict[str, Operation] = {
    "CreateImage": changes(
        create_image, "InstanceId SnapshotId DiskDeviceMapping ImageName Description Tag DryRun"),
    "DescribeImages": reads(
        describe_images, "PageNumber PageSize DryRun ImageId ImageName ImageOwnerAlias Status SnapshotId OSType Usage Tag"),
    "DeleteImage": changes(delete_image, "ImageId Force DryRun"),
}  # fmt: skip
