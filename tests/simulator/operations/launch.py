"""Instances come and go: RunInstances, DeleteInstance(s), and the release that was set for a time."""

from __future__ import annotations

import base64
import binascii
import calendar
import re
import time
from dataclasses import dataclass
from itertools import islice

from ..compute_world import Image, VSwitch
from ..errors import ApiError, not_modelled
from ..world import Disk, Instance
from . import common
from .common import Answer, Context, Parameters
from .security_groups import group_of
from .table import Operation, changes

MIN_RELEASE_S, MAX_RELEASE_S = 1800, 3 * 366 * 86400
MAX_AMOUNT = 100
CATEGORIES = ("cloud", "cloud_efficiency", "cloud_ssd", "cloud_essd", "cloud_auto", "cloud_essd_entry")
_INSTANCE_NAME = re.compile(r"^(?!https?://)[^\W_][\w.:-]{1,127}$")
_HOST_NAME = re.compile(r"^(?=.{2,64}$)[A-Za-z0-9]+([.-][A-Za-z0-9]+)*$")
_DISK_KEYS = {"Category", "Size", "DiskName", "Description", "PerformanceLevel", "SnapshotId", "Device"}


@dataclass(frozen=True)
class NewDisk:
    """What one disk of every new instance will be."""

    type: str
    device: str
    category: str
    size_gib: int
    content: str | None
    source_snapshot_id: str | None
    name: str


def run_instances(context: Context, given: Parameters) -> Answer:
    """Source of the codes and their statuses: error table of RunInstances (2021)."""
    amount = _amount(given)
    image = _image(context, given)
    if "InstanceType" not in given:
        raise ApiError(400, "MissingParameter", 'The input parameter "InstanceType" is not supplied.')
    if not re.fullmatch(r"ecs(\.[a-z0-9-]+){2,}", given["InstanceType"]):
        message = "The specified InstanceType beyond the permitted range."
        raise ApiError(400, "InvalidInstanceType.ValueNotSupported", message)
    if given.get("InstanceChargeType", "PostPaid") != "PostPaid":
        raise not_modelled("the purchase of subscriptions")
    vswitch, groups = _network(context, given)
    release = _release_at(context, given)
    _words(given)
    tags = common.new_tags(given)
    disks = _disks(context, given, image)
    if len(context.region.instances) + amount > context.region.instance_quota:
        raise ApiError(400, "QuotaExceed.AfterpayInstance", "Living afterpay instances quota exceeded.")
    taken = {one.private_ip for one in context.region.instances.values()}
    addresses = list(islice(vswitch.free(taken), amount))
    if len(addresses) < amount:
        raise ApiError(400, "QuotaExceeded.PrivateIpAddress", "Don't have enough private IPs in this switch")
    common.dry_run(given)
    made = []
    for number, address in enumerate(addresses, start=1):
        one = _create(context, given, image, vswitch, groups, address, disks, tags)
        if given.get("UniqueSuffix") and amount > 1:
            one.name, one.hostname = f"{one.name}{number:03d}", f"{one.hostname}{number:03d}"
        _begin(context, one)
        if release is not None:
            one.auto_release_time = given["AutoReleaseTime"][:17] + "00Z"
            _release_later(context, one, release)
        made.append(one.instance_id)
    return {"InstanceIdSets": {"InstanceIdSet": made}}


def _amount(given: Parameters) -> int:
    amount: int = given.get("Amount", 1)
    if not 1 <= amount <= MAX_AMOUNT:  # the limit is documented (SDK text)
        raise ApiError(400, "InvalidMaxAmount.Malformed", "The specified parameter MaxAmount is not valid.")
    if not 1 <= given.get("MinAmount", 1) <= amount:
        raise ApiError(400, "InvalidMinAmount.Malformed", "The specified parameter MinAmount is not valid.")
    return amount


def _image(context: Context, given: Parameters) -> Image:
    if "ImageId" not in given:
        raise ApiError(400, "MissingParameter", 'The input parameter "ImageId" is not supplied.')
    image = context.region.images.get(given["ImageId"])
    if image is None:
        raise ApiError(404, "InvalidImageId.NotFound", "The specified ImageId does not exist.")
    if image.status != "Available":  # documented code, assumed for an image that is not ready yet
        raise ApiError(403, "OperationDenied.ImageNotValid", "The specified Image is disabled or is deleted.")
    return image


def _network(context: Context, given: Parameters) -> tuple[VSwitch, list[str]]:
    single, several = given.get("SecurityGroupId"), given.get("SecurityGroupIds")
    if single and several:  # documented rule (SDK text), assumed code
        message = "SecurityGroupId and SecurityGroupIds cannot be specified at the same time."
        raise ApiError(400, "InvalidParameter.Conflict", message)
    group_ids = list(dict.fromkeys(several or ([single] if single else [])))
    if not group_ids or "VSwitchId" not in given:
        missing = "VSwitchId" if group_ids else "SecurityGroupId"
        raise ApiError(400, "MissingParameter", f'The input parameter "{missing}" is not supplied.')
    vswitch = context.region.vswitches.get(given["VSwitchId"])
    if vswitch is None:
        raise ApiError(404, "InvalidVSwitchId.NotFound", "Specified virtual switch does not exist.")
    if given.get("ZoneId", vswitch.zone_id) != vswitch.zone_id:
        raise ApiError(400, "InvalidParameter.Mismatch", "Specified virtual switch is not in the specified zone.")
    if any(group_of(context, one).vpc_id != vswitch.vpc_id for one in group_ids):
        message = "Specified security group and virtual switch are not in the same VPC."
        raise ApiError(400, "InvalidParameter.Mismatch", message)
    if not 0 <= given.get("InternetMaxBandwidthOut", 0) <= 100:
        message = 'The specified parameter "InternetMaxBandwidthOut" is not valid.'
        raise ApiError(400, "InvalidParameter", message)
    return vswitch, group_ids


def _release_at(context: Context, given: Parameters) -> float | None:
    """When to release, in virtual time; from half an hour to three years ahead, whole minutes (documented: SDK text)."""
    text = given.get("AutoReleaseTime")
    if not text:
        return None
    wall = context.now if context.wall is None else context.wall
    try:
        named = calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))
    except ValueError:
        named = 0
    if not MIN_RELEASE_S <= named - wall <= MAX_RELEASE_S:
        message = "The specified parameter AutoReleaseTime is not valid."
        raise ApiError(400, "InvalidAutoReleaseTime.Malformed", message)
    return context.now + (named // 60 * 60 - wall)


def _words(given: Parameters) -> None:
    """Source of the rules: SDK text of each parameter."""
    if "InstanceName" in given and not _INSTANCE_NAME.match(given["InstanceName"]):
        raise ApiError(400, "InvalidInstanceName.Malformed", 'The specified parameter "InstanceName" is not valid.')
    if "HostName" in given and not _HOST_NAME.match(given["HostName"]):
        raise ApiError(400, "InvalidHostName.Malformed", 'The specified parameter "HostName" is not valid.')
    common.described(given.get("Description"))
    if given.get("SpotStrategy", "NoSpot") not in ("NoSpot", "SpotAsPriceGo"):
        raise not_modelled(f"the SpotStrategy {given['SpotStrategy']}")
    try:
        data = base64.b64decode(given.get("UserData", ""), validate=True)
    except binascii.Error:  # assumed code
        raise ApiError(400, "InvalidUserData.Base64FormatInvalid", "UserData is not Base64.") from None
    if len(data) > 32 * 1024:
        raise ApiError(400, "InvalidUserData.SizeExceeded", 'The specified parameter "UserData" exceeds the size.')


def _disks(context: Context, given: Parameters, image: Image) -> list[NewDisk]:
    """The image's disks, each with the content of its snapshot, and what DataDisk adds to them."""
    system = given.get("SystemDisk") or {}
    _heeded(system, "SystemDisk", _DISK_KEYS - {"SnapshotId", "Device"})
    category = system.get("Category", "cloud_efficiency")
    if category not in CATEGORIES:
        message = 'The specified parameter "SystemDisk.Category" is not valid.'
        raise ApiError(400, "InvalidSystemDiskCategory.ValueNotSupported", message)
    wanted = system.get("Size") or str(max(40, image.size_gib))
    if not wanted.isdigit():  # assumed code
        raise ApiError(400, "InvalidParameter", 'The specified parameter "SystemDisk.Size" is not valid.')
    size = int(wanted)
    if size < image.size_gib:
        message = "The specified parameter SystemDisk.Size is less than the image size."
        raise ApiError(404, "InvalidSystemDiskSize.LessThanImageSize", message)
    disks = []
    for one in image.disks:
        is_system = one.type == "system"
        gib = size if is_system else one.size_gib
        content = one.snapshot_id or image.image_id
        name = system.get("DiskName", "") if is_system else ""
        disks.append(NewDisk(one.type, one.device, category, gib, content, None, name))
    for entry in given.get("DataDisk") or []:
        disks.append(_data_disk(context, entry, {one.device for one in disks}))
    return disks


def _data_disk(context: Context, entry: Parameters, taken: set[str]) -> NewDisk:
    _heeded(entry, "DataDisk", _DISK_KEYS)
    category = entry.get("Category", "cloud_efficiency")
    if category not in CATEGORIES:
        message = 'The specified parameter "DataDisk.n.Category" is not valid.'
        raise ApiError(400, "InvalidDataDiskCategory.ValueNotSupported", message)
    free = (f"/dev/xvd{chr(letter)}" for letter in range(ord("b"), ord("z") + 1))
    device = entry.get("Device") or next(one for one in free if one not in taken)
    if device in taken:  # documented code, assumed for a device of the image
        raise ApiError(403, "InvalidDevice.InUse", "The specified device has been occupied.")
    snapshot_id = entry.get("SnapshotId")
    if snapshot_id is None:
        return NewDisk("data", device, category, entry.get("Size", 20), None, None, entry.get("DiskName", ""))
    snapshot = context.region.snapshots.get(snapshot_id)
    if snapshot is None:
        message = 'The specified parameter "DataDisk.n.SnapshotId" is not valid.'
        raise ApiError(404, "InvalidDataDiskSnapshotId.NotFound", message)
    if snapshot.disk_type != "data":
        message = "The specified snapshot is system disk snapshot."
        raise ApiError(403, "InvalidSnapshotId.NotDataDiskSnapshot", message)
    if snapshot.status != "accomplished":  # assumed: available by instant access is not enough
        raise ApiError(403, "InvalidSnapshotId.NotReady", "The specified snapshot has not completed yet.")
    size = entry.get("Size", snapshot.size_gib)
    if size < snapshot.size_gib:
        raise ApiError(403, "InvalidDiskSize.TooSmall", "Specified disk size is less than the size of snapshot")
    return NewDisk("data", device, category, size, snapshot_id, snapshot_id, entry.get("DiskName", ""))


def _heeded(entry: Parameters, name: str, known: set[str]) -> None:
    if unheeded := set(entry) - known:
        raise not_modelled(f"{', '.join(sorted(unheeded))} of {name}")


def _create(
    context: Context,
    given: Parameters,
    image: Image,
    vswitch: VSwitch,
    groups: list[str],
    address: str,
    disks: list[NewDisk],
    tags: dict[str, str],
) -> Instance:
    instance_id = context.world.new_id("i")
    made = [_new_disk(context, one, instance_id, vswitch.zone_id, tags) for one in disks]
    context.region.disks |= {one.disk_id: one for one in made}
    bandwidth = given.get("InternetMaxBandwidthOut", 0)
    # documented: the instance id stands in for its placeholder, and is the default name
    name, hostname = (given.get(key, instance_id).replace("${instance_id}", instance_id)
                      for key in ("InstanceName", "HostName"))  # fmt: skip
    one = context.region.instances[instance_id] = Instance(
        instance_id=instance_id,
        name=name,
        hostname=hostname,
        zone_id=vswitch.zone_id,
        status="Pending",
        instance_type=given["InstanceType"],
        image_id=image.image_id,
        os_name=image.os_name,
        os_type=image.os_type,
        charge_type="PostPaid",
        private_ip=address,
        # A range for documentation: nothing answers there.
        public_ip=f"198.51.100.{len(context.region.instances) % 250 + 1}" if bandwidth else None,
        created=context.now,
        disk_ids=[disk.disk_id for disk in made],
        spot_strategy=given.get("SpotStrategy", "NoSpot"),
        deletion_protection=bool(given.get("DeletionProtection")),
        system=image.system,
        vpc_id=vswitch.vpc_id,
        vswitch_id=vswitch.vswitch_id,
        security_group_ids=list(groups),
        key_pair_name=given.get("KeyPairName", ""),
        ram_role_name=given.get("RamRoleName", ""),
        user_data=given.get("UserData", ""),
        bandwidth_out=bandwidth,
        description=given.get("Description", ""),
        tags=dict(tags),
    )
    return one


def _new_disk(context: Context, one: NewDisk, owner: str, zone: str, tags: dict[str, str]) -> Disk:
    return Disk(
        disk_id=context.world.new_id("d"),
        name=one.name,
        type=one.type,
        category=one.category,
        size_gib=one.size_gib,
        device=one.device,
        zone_id=zone,
        created=context.now,
        instance_id=owner,
        restored_from=one.content,
        source_snapshot_id=one.source_snapshot_id,
        # documented: the tags are those of the instance, its disks and its primary network interface
        tags=dict(tags),
    )


def _begin(context: Context, one: Instance) -> None:
    """Pending, Starting, Running. That a start that fails leaves it Stopped is assumed."""
    world, created = context.world, context.now + context.world.timing.create_s

    def started(succeeded: bool, at: float) -> None:
        if one.status == "Starting":
            one.status = "Running" if succeeded else "Stopped"

    def prepared(succeeded: bool, at: float) -> None:
        one.status = "Starting" if succeeded else "Stopped"
        world.schedule(at + world.timing.start_s, started)

    world.schedule(created, prepared)


def _release_later(context: Context, one: Instance, due: float) -> None:
    """Release protection does not keep the system from it (documented: SDK text of DeletionProtection)."""
    region = context.region

    def release(succeeded: bool, at: float) -> None:
        if one.instance_id in region.instances:
            _remove(context, one)

    context.world.schedule(due, release)


def _remove(context: Context, one: Instance) -> None:
    """Disks go along, snapshots stay (documented: page of DeleteInstance; every disk has DeleteWithInstance)."""
    context.region.instances.pop(one.instance_id, None)
    for disk_id in one.disk_ids:
        context.region.disks.pop(disk_id, None)


def _check_delete(context: Context, given: Parameters, instance_id: str) -> Instance:
    """Source of the codes: error tables of DeleteInstance and DeleteInstances (2021)."""
    one = common.instance(context, instance_id)
    common.unlocked(one)
    if one.status == "Pending":
        message = "The specified instance status does not support this operation."
        raise ApiError(403, "IncorrectInstanceStatus.Initializing", message)
    if one.charge_type == "PrePaid":
        message = "The operation is not permitted due to charge type of the instance."
        raise ApiError(403, "ChargeTypeViolation", message)
    if one.deletion_protection:
        message = "The operation is not permitted due to deletion protection."
        raise ApiError(403, "InvalidOperation.DeletionProtection", message)
    # documented: force is for a running instance; that it does not help one that starts or stops is assumed
    if one.status not in (("Stopped", "Running") if given.get("Force") else ("Stopped",)):
        message = "The current status of the resource does not support this operation."
        raise ApiError(403, "IncorrectInstanceStatus", message)
    return one


def _delete(context: Context, one: Instance) -> None:
    """It is seen for a while yet, and in its security groups; how long, and as what, is assumed."""
    before, one.status = one.status, "Stopping"

    def finish(succeeded: bool, at: float) -> None:
        if succeeded:
            _remove(context, one)
        else:
            one.status = before

    context.world.schedule(context.now + context.world.timing.release_s, finish)


def delete_instance(context: Context, given: Parameters) -> Answer:
    one = _check_delete(context, given, given["InstanceId"])
    common.dry_run(given)
    _delete(context, one)
    return {}


def delete_instances(context: Context, given: Parameters) -> Answer:
    """All or nothing: assumed, as the answer names no instances."""
    ids = list(dict.fromkeys(given["InstanceId"]))
    if len(ids) > 100:  # the limit is documented (SDK text), the code is that of StopInstances
        raise ApiError(403, "InvalidParameter.TooManyInstanceIds", "Instance ids cannot be more than 100.")
    common.dry_run(given, "DRYRUN.SUCCESS")  # documented: without a look at the instances
    for one in [_check_delete(context, given, instance_id) for instance_id in ids]:
        _delete(context, one)
    return {}


OPERATIONS: dict[str, Operation] = {
    "RunInstances": changes(
        run_instances,
        "Amount MinAmount ImageId InstanceType VSwitchId ZoneId SecurityGroupId SecurityGroupIds SystemDisk DataDisk "
        "InstanceName HostName UniqueSuffix Description Tag AutoReleaseTime InternetMaxBandwidthOut DryRun SpotStrategy "
        "KeyPairName RamRoleName UserData InstanceChargeType DeletionProtection PasswordInherit"),
    "DeleteInstance": changes(delete_instance, "InstanceId Force DryRun"),
    "DeleteInstances": changes(delete_instances, "InstanceId Force DryRun"),
}  # fmt: skip
