"""Regions, instances and disks, as they are read."""

from __future__ import annotations

from ..clock import iso
from ..errors import ApiError
from ..world import Disk, Instance
from .common import Answer, Context, Parameters, dry_run, equal, id_list, page, tags_match, wildcard, wire_tags
from .table import PAGED, Operation, reads


def describe_regions(context: Context, given: Parameters) -> Answer:
    return {"Regions": {"Region": [
        {"RegionId": name, "LocalName": name, "RegionEndpoint": f"ecs.{name}.aliyuncs.com", "Status": "available"}
        for name in context.world.regions
    ]}}  # fmt: skip


def describe_instances(context: Context, given: Parameters) -> Answer:
    dry_run(given)
    ids = id_list(given, "InstanceIds")
    addresses = id_list(given, "PrivateIpAddresses")
    chosen = [
        one for one in context.region.instances.values()
        if (ids is None or one.instance_id in ids)
        and (addresses is None or one.private_ip in addresses)
        and equal(given, Status=one.status, ZoneId=one.zone_id, ImageId=one.image_id, InstanceType=one.instance_type,
                  InstanceChargeType=one.charge_type, InstanceNetworkType="vpc", VpcId=one.vpc_id,
                  VSwitchId=one.vswitch_id)
        and given.get("SecurityGroupId", next(iter(one.security_group_ids), None)) in (None, *one.security_group_ids)
        and wildcard(given.get("InstanceName"), one.name)
        and tags_match(given.get("Tag"), one.tags)
    ]  # fmt: skip
    answer = page(chosen, given, lambda one: _instance(context, one), least=10, most=100)
    return {"Instances": {"Instance": answer.pop("items")}, **answer}


def _instance(context: Context, one: Instance) -> Answer:
    prepaid = one.charge_type == "PrePaid"
    kind = context.region.type_of(one)
    return {
        "InstanceId": one.instance_id,
        "RegionId": context.region.region_id,
        "ZoneId": one.zone_id,
        "InstanceName": one.name,
        "HostName": one.hostname,
        "Description": one.description,
        "Status": one.status,
        "StoppedMode": one.stopped_mode,
        "InstanceType": one.instance_type,
        "InstanceTypeFamily": one.instance_type.rpartition(".")[0],
        "Cpu": kind.cpus,
        "Memory": int(kind.memory_gib * 1024),
        "ImageId": one.image_id,
        "OSName": one.os_name,
        "OSNameEn": one.os_name,
        "OSType": one.os_type,
        "CreationTime": iso(one.created)[:-4] + "Z",
        "ExpiredTime": iso(one.created + 365 * 86400)[:-4] + "Z" if prepaid else "2099-12-31T15:59Z",
        "InstanceChargeType": one.charge_type,
        "InstanceNetworkType": "vpc",
        "AutoReleaseTime": one.auto_release_time,
        "KeyPairName": one.key_pair_name,
        "InternetMaxBandwidthOut": one.bandwidth_out,
        "SpotStrategy": one.spot_strategy,
        "DeletionProtection": one.deletion_protection,
        "IoOptimized": True,
        "OperationLocks": {"LockReason": [{"LockReason": reason} for reason in one.operation_locks]},
        "PublicIpAddress": {"IpAddress": [one.public_ip] if one.public_ip else []},
        "InnerIpAddress": {"IpAddress": []},
        "EipAddress": {"AllocationId": "", "IpAddress": "", "InternetChargeType": ""},
        "SecurityGroupIds": {"SecurityGroupId": list(one.security_group_ids)},
        "VpcAttributes": {
            "VpcId": one.vpc_id,
            "VSwitchId": one.vswitch_id,
            "PrivateIpAddress": {"IpAddress": [one.private_ip]},
            "NatIpAddress": "",
        },
        "NetworkInterfaces": {"NetworkInterface": [
            {"NetworkInterfaceId": f"eni-{one.instance_id[2:]}", "PrimaryIpAddress": one.private_ip, "Type": "Primary"},
        ]},
        "Tags": wire_tags(one.tags),
        **one.shown,
    }  # fmt: skip


def describe_instance_status(context: Context, given: Parameters) -> Answer:
    ids = given.get("InstanceId")
    if ids is not None and len(ids) > 100:  # documented: error table of DescribeInstanceStatus
        raise ApiError(403, "InvalidParameter.TooManyInstanceIds", "Instance ids cannot be more than 100.")
    chosen = [one for one in context.region.instances.values()
              if (ids is None or one.instance_id in ids) and equal(given, ZoneId=one.zone_id)]  # fmt: skip
    answer = page(chosen, given, lambda one: {"InstanceId": one.instance_id, "Status": one.status}, least=1, most=50)
    return {"InstanceStatuses": {"InstanceStatus": answer.pop("items")}, **answer}


def describe_disks(context: Context, given: Parameters) -> Answer:
    dry_run(given)
    ids = id_list(given, "DiskIds")
    chosen = [
        one for one in context.region.disks.values()
        if (ids is None or one.disk_id in ids)
        and equal(given, InstanceId=one.instance_id, ZoneId=one.zone_id, Encrypted=one.encrypted, DiskName=one.name)
        and given.get("DiskType", "all") in ("all", one.type)
        and given.get("Category", "all") in ("all", one.category)
        and given.get("Status", "All") in ("All", one.status)
        and tags_match(given.get("Tag"), one.tags)
    ]  # fmt: skip
    answer = page(chosen, given, lambda one: _disk(context, one), least=10, most=500)
    return {"Disks": {"Disk": answer.pop("items")}, **answer}


def _disk(context: Context, one: Disk) -> Answer:
    owner = context.region.instance_of(one)
    attached = iso(one.created)
    attachment = {"InstanceId": one.instance_id, "Device": one.device, "AttachedTime": attached}
    return {
        "DiskId": one.disk_id,
        "DiskName": one.name,
        "Description": "",
        "RegionId": context.region.region_id,
        "ZoneId": one.zone_id,
        "Type": one.type,
        "Category": one.category,
        "PerformanceLevel": "PL1" if one.category == "cloud_essd" else "",
        "Size": one.size_gib,
        "Status": one.status,
        "Device": one.device,
        "InstanceId": one.instance_id or "",
        "SourceSnapshotId": one.source_snapshot_id or "",
        "ImageId": owner.image_id if owner and one.type == "system" else "",
        "Attachments": {"Attachment": [attachment] if one.instance_id else []},
        "AttachedTime": attached,
        "CreationTime": iso(one.created),
        "Encrypted": one.encrypted,
        "MultiAttach": "Enabled" if one.multi_attach else "Disabled",
        "Portable": one.type == "data",
        "DeleteWithInstance": True,
        "DeleteAutoSnapshot": True,
        "EnableAutoSnapshot": True,
        "DiskChargeType": owner.charge_type if owner else "PostPaid",
        "OperationLocks": {"OperationLock": []},
        "MountInstances": {"MountInstance": []},
        "Tags": wire_tags(one.tags),
        **one.shown,
    }


OPERATIONS: dict[str, Operation] = {
    "DescribeRegions": reads(describe_regions, "AcceptLanguage"),
    "DescribeInstances": reads(
        describe_instances,
        PAGED + "InstanceIds Status Tag InstanceName ZoneId ImageId InstanceType InstanceChargeType VpcId VSwitchId "
        "InstanceNetworkType SecurityGroupId PrivateIpAddresses AdditionalAttributes"),
    "DescribeInstanceStatus": reads(describe_instance_status, "InstanceId ZoneId PageNumber PageSize"),
    "DescribeDisks": reads(
        describe_disks, PAGED + "DiskIds InstanceId ZoneId Encrypted DiskName DiskType Category Status Tag"),
}  # fmt: skip
