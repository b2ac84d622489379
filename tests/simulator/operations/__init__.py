"""The table of operations: what each is called, whether it changes anything, and which parameters it heeds."""

from __future__ import annotations

from dataclasses import dataclass

from . import groups, inventory, power, smc, snapshots, tags
from .common import Answer, Context, Handler, Parameters

__all__ = ["OPERATIONS", "Answer", "Context", "Operation", "Parameters"]

# Parameters that change nothing an answer depends on here.
_EVERYWHERE = frozenset(
    ("RegionId", "ClientToken", "OwnerId", "OwnerAccount", "ResourceOwnerId", "ResourceOwnerAccount")
)
_PAGED = "MaxResults NextToken PageNumber PageSize DryRun "


@dataclass(frozen=True)
class Operation:
    handler: Handler
    mutating: bool
    heeded: frozenset[str]
    product: str = "ecs"


def _reads(handler: Handler, heeded: str, product: str = "ecs") -> Operation:
    return Operation(handler, False, _EVERYWHERE.union(heeded.split()), product)


def _changes(handler: Handler, heeded: str) -> Operation:
    return Operation(handler, True, _EVERYWHERE.union(heeded.split()))


OPERATIONS: dict[str, Operation] = {
    "DescribeRegions": _reads(inventory.describe_regions, "AcceptLanguage"),
    "DescribeInstances": _reads(
        inventory.describe_instances,
        _PAGED + "InstanceIds Status Tag InstanceName ZoneId ImageId InstanceType InstanceChargeType VpcId VSwitchId "
        "InstanceNetworkType SecurityGroupId PrivateIpAddresses AdditionalAttributes"),
    "DescribeInstanceStatus": _reads(inventory.describe_instance_status, "InstanceId ZoneId PageNumber PageSize"),
    "DescribeDisks": _reads(
        inventory.describe_disks, _PAGED + "DiskIds InstanceId ZoneId Encrypted DiskName DiskType Category Status Tag"),
    "CreateSnapshot": _changes(
        snapshots.create_snapshot, "DiskId SnapshotName Description RetentionDays Tag InstantAccess"),
    "DescribeSnapshots": _reads(
        snapshots.describe_snapshots,
        _PAGED + "SnapshotIds DiskId InstanceId SnapshotName Encrypted Status SourceDiskType SnapshotType Tag"),
    "ModifySnapshotAttribute": _changes(
        snapshots.modify_snapshot_attribute, "SnapshotId SnapshotName Description RetentionDays"),
    "DeleteSnapshot": _changes(snapshots.delete_snapshot, "SnapshotId Force"),
    "ResetDisk": _changes(snapshots.reset_disk, "DiskId SnapshotId DryRun"),
    "CreateSnapshotGroup": _changes(
        groups.create_snapshot_group, "InstanceId DiskId ExcludeDiskId Name Description Tag InstantAccess"),
    "DescribeSnapshotGroups": _reads(
        groups.describe_snapshot_groups, "SnapshotGroupId InstanceId Name Status Tag MaxResults NextToken"),
    "DeleteSnapshotGroup": _changes(groups.delete_snapshot_group, "SnapshotGroupId"),
    "StopInstance": _changes(power.stop_instance, "InstanceId ForceStop StoppedMode DryRun ConfirmStop"),
    "StopInstances": _changes(power.stop_instances, "InstanceId ForceStop StoppedMode DryRun BatchOptimization"),
    "StartInstance": _changes(power.start_instance, "InstanceId DryRun"),
    "StartInstances": _changes(power.start_instances, "InstanceId DryRun BatchOptimization"),
    "RebootInstance": _changes(power.reboot_instance, "InstanceId ForceStop DryRun"),
    "RebootInstances": _changes(power.reboot_instances, "InstanceId ForceReboot DryRun BatchOptimization"),
    "TagResources": _changes(tags.tag_resources, "ResourceType ResourceId Tag"),
    "UntagResources": _changes(tags.untag_resources, "ResourceType ResourceId TagKey All"),
    "ListTagResources": _reads(tags.list_tag_resources, "ResourceType ResourceId Tag NextToken"),
    "DescribeSourceServers": _reads(
        smc.describe_source_servers, "PageNumber PageSize SourceId State Name JobId Tag WorkgroupId", "smc"),
    "DescribeReplicationJobs": _reads(
        smc.describe_replication_jobs,
        "PageNumber PageSize JobId SourceId Status BusinessStatus JobType Name InstanceId Tag", "smc"),
    "DescribeWorkgroups": _reads(smc.describe_workgroups, "PageNumber PageSize", "smc"),
}  # fmt: skip
