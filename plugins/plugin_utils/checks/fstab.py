# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Are the lines of /etc/fstab such that the next boot finds everything?"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.base import (
    KNOWN_FAILURE,
    LEAPP,
    Context,
    check,
    need,
)
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.facts_types import BlockDevice, Mount

NETWORK_TYPES = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "ceph", "fuse.glusterfs", "fuse.sshfs", "fuse.ossfs")
_PSEUDO = ("proc", "sysfs", "devpts", "devtmpfs", "cgroup", "securityfs", "debugfs")
_DEVICE_NAME = re.compile(r"/dev/(xvd[a-z]+|vd[a-z]+|sd[a-z]+|nvme\d+n\d+p?)\d*")
_DRIVERS_ELSEWHERE = ("zfs", "reiserfs", "jfs", "f2fs", "nilfs2", "gfs2", "ocfs2", "ntfs", "ntfs3", "hfsplus", "aufs")
# Removed from XFS: all but the last two in Linux 4.0, those in 4.19.
_XFS_REMOVED = {
    "delaylog", "nodelaylog", "ihashsize", "irixsgid", "osyncisdsync", "osyncisosync", "barrier", "nobarrier",
}  # fmt: skip


def _fstab(context: Context) -> tuple[Mount, ...]:
    return need(context.facts.fstab, "fstab")


def _device_of(mount: Mount, devices: Iterable[BlockDevice]) -> BlockDevice | None:
    """The block device that a line of /etc/fstab means."""
    key, equals, value = mount.device.replace('"', "").partition("=")
    for device in devices:
        ids = {"UUID": device.uuid.lower(), "LABEL": device.label}
        by_id = equals and value and ids.get(key) == (value.lower() if key == "UUID" else value)
        if by_id or mount.device == f"/dev/{device.name}":
            return device
    return None


@check(
    id="FSTAB-ORDER",
    title="/etc/fstab names a directory before the one that it lies in",
    severity="low",
    area="fstab",
    remediation="Move the line of the outer directory up. Leapp mounts in the order of the lines, and refuses the host.",
    source=LEAPP + ": checkfstabmountorder",
    grade="documented",
    severities={"leapp": "inhibitor", "smc": "high"},
)
def order(context: Context) -> Iterable[str]:
    seen: list[str] = []
    for mount in _fstab(context):
        path = mount.path.rstrip("/") or "/"
        if not path.startswith("/"):
            continue
        yield from (f"{inner} stands before {path}" for inner in seen if inner.startswith(f"{path.rstrip('/')}/"))
        if path != "/":
            seen.append(path)


@check(
    id="FSTAB-PSEUDO",
    title="/etc/fstab lists file systems of the kernel",
    severity="low",
    area="fstab",
    remediation="Remove these lines: systemd mounts them by itself, and their old options may not be known any more.",
    source=LEAPP + ": pseudo file systems in fstab",
    grade="documented",
    severities={"leapp": "high"},
)
def pseudo(context: Context) -> Iterable[str]:
    for mount in _fstab(context):
        shared_memory = mount.type == "tmpfs" and mount.path in ("/dev/shm", "/run", "/sys/fs/cgroup")
        if mount.type in _PSEUDO or shared_memory:
            yield f"{mount.path} ({mount.type})"


@check(
    id="FSTAB-RAID-MEMBER",
    title="/etc/fstab mounts a single member of a RAID array",
    severity="high",
    area="fstab",
    remediation="Name the array itself, by the id that lsblk shows for it. Which member wins is chance otherwise.",
    command="lsblk -f",
    source=LEAPP + ": RAID members in fstab",
    grade="documented",
)
def raid_member(context: Context) -> Iterable[str]:
    devices = need(context.facts.block, "block")
    for mount in _fstab(context):
        device = _device_of(mount, devices)
        if device and device.fstype == "linux_raid_member":
            yield f"{mount.path}: {mount.device} is {device.name}"


@check(
    id="FSTAB-DEVICE-NAME",
    title="/etc/fstab names disks by names that may change",
    severity="medium",
    area="fstab",
    remediation="Disks can bear other names under another kernel, and after one was detached and attached again. Name "
    "them by UUID.",
    command="blkid",
    source="ECS: use the UUID in /etc/fstab, because device names may change",
    grade="documented",
)
def device_name(context: Context) -> Iterable[str]:
    return [f"{m.path}: {m.device}" for m in _fstab(context) if _DEVICE_NAME.fullmatch(m.device)]


@check(
    id="FSTAB-NETWORK",
    title="/etc/fstab mounts file systems of the network at boot",
    severity="medium",
    area="fstab",
    remediation="The first boots of the target wait for them, and Leapp refuses such lines. Add noauto for the time of "
    "the migration.",
    source=LEAPP + ": NFS and CIFS in fstab",
    grade="documented",
    severities={"leapp": "inhibitor", "smc": "high"},
)
def network(context: Context) -> Iterable[str]:
    return [f"{m.path}: {m.device}" for m in _fstab(context) if m.type in NETWORK_TYPES and "noauto" not in m.options]


@check(
    id="FSTAB-XFS-OPTIONS",
    title="Options of XFS are used that the target's kernel does not know",
    severity="inhibitor",
    area="fstab",
    remediation="The file system would not be mounted, and the host would stop in the emergency shell. Remove the options.",
    source="Linux: admin-guide/xfs, removed mount options; Leapp",
    grade="documented",
    sources=("centos7", "rhel7"),
    targets=("alinux2", "alinux3", "anolis7", "anolis8", "rhel8"),
)
def xfs_options(context: Context) -> Iterable[str]:
    for mount in _fstab(context):
        gone = sorted(_XFS_REMOVED & {option.partition("=")[0] for option in mount.options})
        if mount.type == "xfs" and gone:
            yield f"{mount.path}: {', '.join(gone)}"


@check(
    id="FSTAB-QUOTA",
    title="File systems have quotas",
    severity="low",
    area="fstab",
    remediation="Compare them after the migration: quotas of ext4 are switched on by a service, which has to be enabled "
    "on the target as well.",
    command="repquota -a",
    source="assumed: package quota belongs to the system and is replaced with it",
    grade="assumed",
)
def quota(context: Context) -> Iterable[str]:
    for mount in _fstab(context):
        words = [option for option in mount.options if re.match(r"(usr|grp|prj|u|g|p)j?quota", option)]
        if words:
            yield f"{mount.path}: {', '.join(words)}"


@check(
    id="FSTAB-SWAP",
    title="Swap space is configured but not in use",
    severity="low",
    area="fstab",
    remediation="Switch it on, or remove the line: the migration may need the memory, and a boot may wait for the device.",
    command="swapon -a",
    source="rocky-tools: a conversion was killed for lack of memory",
    grade="documented",
)
def swap(context: Context) -> Iterable[str]:
    in_use = need(context.facts.swap_mib, "swap_mib")
    lines = [m for m in _fstab(context) if m.type == "swap" and "noauto" not in m.options]
    return [m.device for m in lines] if lines and not in_use else []


@check(
    id="FSTAB-DRIVER",
    title="File systems are mounted for which the target has no driver",
    severity="high",
    area="fstab",
    remediation="Their drivers come from elsewhere, and are built for one kernel. Find the build for the target's "
    "kernel, or unmount them and take their lines out of /etc/fstab.",
    source="Server Migration Center: items of the migration drill, file system types; Red Hat: file systems of RHEL 8",
    grade="documented",
)
def driver(context: Context) -> Iterable[str]:
    mounts = need(context.facts.mounts, "mounts")
    return [f"{m.path} ({m.type})" for m in mounts if m.type in _DRIVERS_ELSEWHERE]


@check(
    id="FSTAB-OPTIONAL",
    title="Data disks have to be there for the host to boot",
    severity="low",
    area="fstab",
    remediation="Add nofail to the lines of data disks: then a disk that is late or gone keeps nobody from logging in.",
    source="systemd.mount: nofail; " + KNOWN_FAILURE,
    grade="documented",
)
def optional(context: Context) -> Iterable[str]:
    system = ("/", "/boot", "/boot/efi", "/usr", "/var", "/home", "/opt", "/tmp", "/var/log", "/var/tmp")
    for mount in _fstab(context):
        local = mount.type in ("ext3", "ext4", "xfs") and mount.path.rstrip("/") not in (*system, "")
        if local and not {"nofail", "noauto"} & set(mount.options):
            yield f"{mount.path}: {mount.device}"
