# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the instance type offers, as far as the target has to cope with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.base import Context, check
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.cloud_details import (
    attribute,
    boots_by_efi,
    detail,
    is_of,
    texts,
)


def _type(context: Context) -> Mapping[str, Any] | None:
    """None stands for a type that the region does not list."""
    found = detail(context, "instance_type", "type_info")
    return found if isinstance(found, Mapping) else None


@check(
    id="CLOUD-TYPE-UNLISTED",
    title="The region does not offer the instance type any more",
    severity="low",
    area="cloud_type",
    remediation="An instance of it may find no place to start in, once it was stopped in economical mode: stop it in "
    "standard mode only. For a rehearsal choose another type.",
    source="ECS API: DescribeInstanceTypes, a type that is not listed",
    grade="assumed",
)
def type_unlisted(context: Context) -> Iterable[str]:
    if _type(context) is None:
        yield str((context.cloud or {}).get("instance_type"))


@check(
    id="CLOUD-TYPE-BOOT",
    title="The instance type does not support the way in which the host boots",
    severity="high",
    area="cloud_type",
    remediation="Make sure that the address and the instance id of the inventory belong together, and that the host "
    "has started on this type before.",
    source="ECS API: DescribeInstanceTypes, SupportedBootModes",
    grade="documented",
)
def type_boot(context: Context) -> Iterable[str]:
    modes = texts((_type(context) or {}).get("boot_modes"))
    if modes:
        mine = "UEFI" if boots_by_efi(context) else "BIOS"
        if mine not in modes:
            yield f"the host boots by {mine}, the type by {', '.join(modes)}"


@check(
    id="CLOUD-TYPE-ARCH",
    title="The host has another architecture than the instance type",
    severity="high",
    area="cloud_type",
    remediation="Make sure that the address and the instance id of the inventory belong together: the restore point "
    "would be of another host.",
    source="ECS API: DescribeInstanceTypes, CpuArchitecture",
    grade="documented",
)
def type_arch(context: Context) -> Iterable[str]:
    found = (_type(context) or {}).get("architecture")
    if found and not is_of(context, str(found)):
        yield f"the type is of {found}, the host of {context.path.arch}"


@check(
    id="CLOUD-TYPE-LOCAL-DISK",
    title="The instance type has local disks",
    severity="high",
    area="cloud_type",
    remediation="No snapshot holds what is on them, and no rollback brings it back. Copy it elsewhere before the "
    "migration, and leave it out of what must survive.",
    source="ECS: snapshots of local disks are not possible",
    grade="documented",
)
def type_local_disk(context: Context) -> Iterable[str]:
    kind = _type(context) or {}
    if kind.get("local_disks"):
        yield f"{kind['local_disks']} of {kind.get('local_disk_category') or 'a kind that is not told'}"


@check(
    id="CLOUD-TYPE-BARE-METAL",
    title="This is a bare metal instance",
    severity="medium",
    area="cloud_type",
    remediation="It takes many minutes to restart, so raise os_migration_reboot_timeout, and rehearse on one of the "
    "same type: the drivers of its hardware are the target's.",
    source="ECS: bare metal instance families",
    grade="documented",
)
def type_bare_metal(context: Context) -> Iterable[str]:
    kind = _type(context) or {}
    if kind.get("category") == "ECS Bare Metal" or str(kind.get("family")).startswith("ecs.ebm"):
        yield f"{kind.get('instance_type')} ({kind.get('category')})"


@check(
    id="CLOUD-TYPE-ACCELERATOR",
    title="The instance has accelerators that need drivers of their own",
    severity="high",
    area="cloud_type",
    remediation="Drivers that were built for the old kernel do not load in the target's. Have the driver for the "
    "target at hand, and rehearse on one of the same type.",
    source="Server Migration Center: kernel modules are not migrated; ECS API: DescribeInstanceTypes",
    grade="documented",
)
def type_accelerator(context: Context) -> Iterable[str]:
    kind = _type(context) or {}
    if kind.get("gpus") or any(word in str(kind.get("category")) for word in ("GPU", "FPGA", "NPU")):
        yield f"{kind.get('gpus') or 0} GPUs {kind.get('gpu') or ''} ({kind.get('category')})".replace("  ", " ")


@check(
    id="CLOUD-TYPE-BURSTABLE",
    title="The CPU of the instance may be throttled in the middle of the migration",
    severity="low",
    area="cloud_type",
    remediation="Switch it to the performance mode Unlimited for the time of the migration, or migrate while it has "
    "CPU credits.",
    source="ECS: burstable instances",
    grade="documented",
)
def type_burstable(context: Context) -> Iterable[str]:
    kind = _type(context) or {}
    mode = attribute(context, "credit_specification")
    if kind.get("family_level") == "CreditEntryLevel" and mode != "Unlimited":
        yield f"{kind.get('instance_type')} in the mode {mode or 'that is not told'}"


@check(
    id="CLOUD-TYPE-SHARED",
    title="The instance shares its CPUs with others",
    severity="info",
    area="cloud_type",
    remediation="How long the migration takes cannot be foretold from other hosts. Plan a longer outage.",
    source="ECS API: DescribeInstanceTypes, InstanceFamilyLevel",
    grade="documented",
)
def type_shared(context: Context) -> Iterable[str]:
    kind = _type(context) or {}
    if kind.get("family_level") == "EntryLevel":
        yield str(kind.get("instance_type"))


@check(
    id="CLOUD-TYPE-NVME",
    title="The disks are attached by NVMe",
    severity="low",
    area="cloud_type",
    remediation="The initramfs of the target has to hold the driver nvme, and what names disks as /dev/vdX has to "
    "name them by UUID. The assertions before the restart look at the driver.",
    source="ECS API: DescribeInstanceTypes, NvmeSupport",
    grade="documented",
)
def type_nvme(context: Context) -> Iterable[str]:
    kind = _type(context) or {}
    if kind.get("nvme_support") == "required":
        yield str(kind.get("instance_type"))


@check(
    id="CLOUD-TYPE-CLUSTER",
    title="The instance is part of a high performance cluster",
    severity="high",
    area="cloud_type",
    remediation="Its network needs drivers that were built for the old kernel. Have those for the target at hand, and "
    "take the node out of the cluster first.",
    source="ECS: Super Computing Clusters and RDMA",
    grade="documented",
)
def type_cluster(context: Context) -> Iterable[str]:
    addresses = texts(attribute(context, "rdma_ips"))
    cluster = attribute(context, "hpc_cluster_id")
    if cluster:
        yield f"the cluster {cluster}"
    yield from (f"the RDMA address {address}" for address in addresses)
