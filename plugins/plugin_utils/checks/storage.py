# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What lies between the disks and the file systems, and can the target's first boot cope with it?"""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.base import (
    KNOWN_FAILURE,
    LEAPP,
    SMC_LIMITS,
    Context,
    UnknownFact,
    check,
    need,
)
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.fstab import NETWORK_TYPES

_SECTORS = 2048  # 1 MiB
_SYSTEM = ("/", "/boot", "/boot/efi", "/usr", "/var")


def _mapped(context: Context, beginning: str) -> Iterable[tuple[str, str]]:
    """Name and UUID of the devices of device mapper whose UUID begins like this; the kernel says who made them."""
    values = need(context.facts.kernel_values, "kernel_values")
    for path, uuid in values.items():
        if path.endswith("/dm/uuid") and uuid.startswith(beginning):
            yield values.get(path.replace("/dm/uuid", "/dm/name"), path.split("/")[3]), uuid


def below(context: Context, path: str) -> Iterable[str]:
    """The block devices that a mount point lies on, down to the disks."""
    parents = need(context.facts.block_parents, "block")
    queue = [device.name for device in need(context.facts.block, "block") if device.mount == path]
    seen: list[str] = []
    while queue:
        name = queue.pop()
        if name not in seen:
            seen.append(name)
            queue.extend(parents.get(name, ()))
    return seen


def boot_disks(context: Context) -> list[str]:
    """The disks that /boot lies on."""
    mounts = {m.path for m in need(context.facts.mounts, "mounts")}
    kinds = {device.name: device.type for device in need(context.facts.block, "block")}
    found = [name for name in below(context, "/boot" if "/boot" in mounts else "/") if kinds.get(name) == "disk"]
    if not found:
        raise UnknownFact("block", "lsblk does not show the disk of /boot")
    return found


@check(
    id="STORAGE-FIRST-PARTITION",
    title="The first partition leaves too little room for the boot loader",
    severity="medium",
    area="storage",
    remediation="A newer core of GRUB does not fit before a partition that begins below 1 MiB. Build a new instance on the "
    "target, and move the data.",
    source=LEAPP + ": checkfirstpartitionoffset",
    grade="documented",
    severities={"leapp": "inhibitor", "smc": "high"},
)
def first_partition(context: Context) -> Iterable[str]:
    if need(context.facts.efi, "efi"):
        return
    values, disks = need(context.facts.kernel_values, "kernel_values"), boot_disks(context)
    parents = need(context.facts.block_parents, "block")
    for device in need(context.facts.block, "block"):
        start = values.get(f"/sys/class/block/{device.name}/start", "")
        # A partition of up to 2 MiB is the one of GPT that holds GRUB's core itself.
        of_boot_disk = (
            device.type == "part" and device.size > 2 << 20 and set(parents.get(device.name, ())) & set(disks)
        )
        if of_boot_disk and start.isdecimal() and int(start[:18]) < _SECTORS:
            yield f"{device.name} begins at sector {start}"


@check(
    id="STORAGE-VDO",
    title="Volumes are compressed by VDO",
    severity="inhibitor",
    area="storage",
    remediation="Its module is not part of the target's kernel, or it wants to be converted to LVM first. Move the data to "
    "plain volumes.",
    source=LEAPP + ": checkvdo",
    grade="documented",
)
def vdo(context: Context) -> Iterable[str]:
    devices = need(context.facts.block, "block")
    yield from (f"{d.name} ({d.fstype or d.type})" for d in devices if "vdo" in (d.type.lower(), d.fstype.lower()))
    yield from (name for name, _uuid in _mapped(context, "VDO-"))


@check(
    id="STORAGE-MULTIPATH",
    title="Disks are reached by multipath",
    severity="medium",
    area="storage",
    remediation="Look at /etc/multipath.conf: the target's version takes other words, and its defaults differ. Rehearse on a "
    "clone.",
    source=LEAPP + ": multipath configuration; rocky-tools: the EFI partition behind multipath",
    grade="documented",
    severities={"leapp": "high", "smc": "high"},
)
def multipath(context: Context) -> Iterable[str]:
    yield from (name for name, _uuid in _mapped(context, "mpath-"))
    files = context.facts.unit_files or {}
    if files.get("multipathd.service") == "enabled":
        yield "multipathd.service is enabled"


@check(
    id="STORAGE-NVME-FABRICS",
    title="NVMe disks are reached by the network",
    severity="high",
    area="storage",
    remediation="The target's first boot may not connect to them. Unmount them, and disconnect them for the time of the "
    "migration.",
    source=LEAPP + ": NVMe over fabrics",
    grade="documented",
    severities={"leapp": "inhibitor"},
)
def nvme_fabrics(context: Context) -> Iterable[str]:
    for path, transport in need(context.facts.kernel_values, "kernel_values").items():
        if path.startswith("/sys/class/nvme/") and transport not in ("pcie", "loop", "apple-nvme"):
            yield f"{path.split('/')[4]}: {transport}"


@check(
    id="STORAGE-LVM-SNAPSHOT",
    title="Volumes have snapshots by LVM",
    severity="medium",
    area="storage",
    remediation="They fill while packages are replaced, and make every write slow. Merge or remove them; the restore point is "
    "made by the cloud.",
    command="lvs -o lv_name,origin,snap_percent",
    source="lvmsnapshot(7); Linux: device mapper snapshots become invalid when they are full",
    grade="documented",
)
def lvm_snapshot(context: Context) -> Iterable[str]:
    return [name for name, uuid in _mapped(context, "LVM-") if uuid.endswith("-cow")]


@check(
    id="STORAGE-LVM-THIN",
    title="Volumes get their room from a thin pool",
    severity="medium",
    area="storage",
    remediation="df shows room that the pool may not have, and a full pool stops all writes. Look at its data and metadata "
    "before the migration.",
    command="lvs -o lv_name,data_percent,metadata_percent",
    source="lvmthin(7)",
    grade="documented",
)
def lvm_thin(context: Context) -> Iterable[str]:
    return [name for name, uuid in _mapped(context, "LVM-") if uuid.endswith("-tpool")]


@check(
    id="STORAGE-RAID-SYSTEM",
    title="The system lies on a RAID array of its own making",
    severity="medium",
    area="storage",
    remediation="The boot loader has to be on every member, and the initramfs has to assemble the array. Rehearse on a clone.",
    source=KNOWN_FAILURE + " (rocky-tools: the EFI partition on a RAID array)",
    grade="documented",
)
def raid_system(context: Context) -> Iterable[str]:
    for device in need(context.facts.block, "block"):
        if device.type.startswith("raid") and device.mount in _SYSTEM:
            yield f"{device.mount} on {device.name} ({device.type})"


@check(
    id="STORAGE-RAID-DEGRADED",
    title="A RAID array lacks a member",
    severity="high",
    area="storage",
    remediation="Repair it first: an initramfs may refuse to start from an incomplete array.",
    command="cat /proc/mdstat",
    source="mdadm(8): incremental assembly waits for all members",
    grade="documented",
)
def raid_degraded(context: Context) -> Iterable[str]:
    return need(context.facts.md_degraded, "md_degraded")


@check(
    id="STORAGE-USR",
    title="/usr is a file system of its own",
    severity="low",
    area="storage",
    remediation="The initramfs has to mount it before the system starts. Rehearse on a clone.",
    source=LEAPP + ": separate /usr",
    grade="documented",
    severities={"leapp": "high", "smc": "high"},
)
def separate_usr(context: Context) -> Iterable[str]:
    return [f"/usr on {m.device}" for m in need(context.facts.mounts, "mounts") if m.path == "/usr"]


@check(
    id="STORAGE-REMOTE-ROOT",
    title="The system itself is reached by the network",
    severity="inhibitor",
    area="storage",
    remediation="A restore point of the cloud's disks does not cover it. Build a new instance on the target.",
    source=LEAPP + ": remote root file system",
    grade="documented",
)
def remote_root(context: Context) -> Iterable[str]:
    for mount in need(context.facts.mounts, "mounts"):
        if mount.path in _SYSTEM and (mount.type in NETWORK_TYPES or mount.device.startswith(("/dev/nbd", "/dev/rbd"))):
            yield f"{mount.path} from {mount.device}"
    words = need(context.facts.cmdline, "cmdline")
    yield from (
        word for word in words if word.startswith(("netroot=", "root=nfs", "root=iscsi", "rd.iscsi.", "ip=ibft"))
    )


@check(
    id="STORAGE-XFS-FTYPE",
    title="A file system of XFS does not store the types of files",
    severity="medium",
    area="storage",
    remediation="Overlays, which containers and Leapp use, do not work on it. It cannot be changed: make the file system "
    "again with ftype=1, and move the data back.",
    source=LEAPP + ": XFS without ftype; Linux: overlayfs needs d_type",
    grade="documented",
    severities={"leapp": "high", "smc": "high"},
)
def xfs_ftype(context: Context) -> Iterable[str]:
    return _xfs(context, "ftype=0")


@check(
    id="STORAGE-XFS-V4",
    title="A file system of XFS is of the old format 4",
    severity="low",
    area="storage",
    remediation="It still works, and newer kernels warn of it: they will lose the format in the year 2030. Plan to make it "
    "again, and to move the data.",
    source="Linux: admin-guide/xfs, deprecation of the V4 format",
    grade="documented",
)
def xfs_v4(context: Context) -> Iterable[str]:
    return _xfs(context, "crc=0")


def _xfs(context: Context, feature: str) -> Iterable[str]:
    if any(m.type == "xfs" for m in need(context.facts.mounts, "mounts")):
        yield from (path for path, features in need(context.facts.xfs, "xfs").items() if feature in features)


@check(
    id="STORAGE-MEMORY-TOTAL",
    title="The host has less memory than Leapp asks for",
    severity="inhibitor",
    area="storage",
    remediation="Take a larger instance type for the time of the migration.",
    source=LEAPP + ": checkmemory, 1.5 GiB",
    grade="documented",
    engines=("leapp",),
)
def memory_total(context: Context) -> Iterable[str]:
    total = need(context.facts.memory_mib, "memory_mib")
    # The kernel keeps some of it for itself: a type of 2 GiB shows some 1800 MiB.
    if total < 1536:
        yield f"{total} MiB of memory, 1536 MiB are needed"


@check(
    id="STORAGE-MEMORY-FREE",
    title="Only swap space makes the memory suffice",
    severity="medium",
    area="storage",
    remediation="The migration will be slow, and the kernel may kill what needs most. Stop applications before it.",
    source=SMC_LIMITS + " (600 MiB)",
    grade="documented",
)
def memory_free(context: Context) -> Iterable[str]:
    free, swap = need(context.facts.memory_available_mib, "memory_available_mib"), context.facts.swap_mib or 0
    if free < 600 <= free + swap:
        yield f"{free} MiB of memory are free, and {swap} MiB of swap space are there"
