# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is there room, and will the file systems be there after the reboot?"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.base import (
    CONVERT2RHEL,
    KNOWN_FAILURE,
    LEAPP,
    SMC_DRILL,
    SMC_LIMITS,
    Context,
    UnknownFact,
    check,
    need,
)
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.facts_types import Mount

# MiB that must be free. /boot: kernel and initramfs of the target beside those of the source.
_NEEDED = {"/boot": 200, "/usr": 1024, "/var": 4096}
_NEEDED_SMC = {"/boot": 100, "/usr": 250, "/var": 4096}
_SYSTEM_PATHS = ("/", "/boot", "/usr", "/var", "/var/lib", "/var/cache", "/var/tmp", "/etc", "/opt", "/tmp")
# Container engines mount and unmount below these by themselves.
_OTHERS_MOUNT_HERE = ("/run/", "/var/lib/docker/", "/var/lib/containers/", "/var/lib/kubelet/")
_LOCAL = ("ext2", "ext3", "ext4", "xfs", "btrfs", "vfat")
_NETWORK = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "ceph", "fuse.glusterfs", "fuse.sshfs", "fuse.ossfs")


def _needed(context: Context) -> dict[str, int]:
    return _NEEDED_SMC if context.path.engine == "smc" else _NEEDED


def _lack(context: Context, path: str) -> Iterable[str]:
    spaces = need(context.facts.spaces, "spaces")
    space, wanted = spaces.get(path) or spaces.get("/"), _needed(context)[path]
    if space is None:
        yield f"no file system was found for {path}"
    elif space.free_mib < wanted:
        yield f"{path} on {space.mount} has {space.free_mib} MiB free, {wanted} MiB are needed"


@check(
    id="DISK-BOOT",
    title="There is too little room in /boot",
    severity="inhibitor",
    area="disk",
    remediation="Remove old kernels, but never the one that runs.",
    source=SMC_LIMITS + "; elevate-cpanel asks for 200 MB",
    grade="documented",
    remedy="old-kernels",
)
def boot_space(context: Context) -> Iterable[str]:
    return _lack(context, "/boot")


@check(
    id="DISK-USR",
    title="There is too little room in /usr",
    severity="inhibitor",
    area="disk",
    remediation="Free space or extend the file system.",
    source=SMC_LIMITS + "; for distro_sync an estimate of what the packages grow by",
    grade="assumed",
)
def usr_space(context: Context) -> Iterable[str]:
    return _lack(context, "/usr")


@check(
    id="DISK-VAR",
    title="There is too little room in /var",
    severity="inhibitor",
    area="disk",
    remediation="All packages of the target are downloaded to /var first. Free space, for example by emptying caches.",
    command="{manager} clean all",
    source=SMC_LIMITS,
    grade="documented",
)
def var_space(context: Context) -> Iterable[str]:
    return _lack(context, "/var")


@check(
    id="DISK-SHARED",
    title="Directories that need room share a file system, and it is too small for all of them",
    severity="inhibitor",
    area="disk",
    remediation="Free space or extend the file system.",
    source=SMC_LIMITS + "; that the needs add up is assumed",
    grade="assumed",
)
def shared_space(context: Context) -> Iterable[str]:
    spaces, needed = need(context.facts.spaces, "spaces"), _needed(context)
    shared = defaultdict(list)
    for path in needed:
        space = spaces.get(path)
        if space:
            shared[space.mount].append(path)
    for mount, paths in shared.items():
        wanted, free = sum(needed[path] for path in paths), spaces[paths[0]].free_mib
        if len(paths) > 1 and free < wanted:
            yield f"{mount} has {free} MiB free; {', '.join(paths)} need {wanted} MiB together"


@check(
    id="DISK-INODES",
    title="A file system is running out of inodes",
    severity="inhibitor",
    area="disk",
    remediation="Remove directories with very many small files, such as old sessions or spool files.",
    source=SMC_DRILL,
    grade="documented",
)
def inodes(context: Context) -> Iterable[str]:
    seen = set()
    for space in need(context.facts.spaces, "spaces").values():
        if space.inodes_total and space.inodes_free is not None and space.mount not in seen:
            seen.add(space.mount)
            if space.inodes_free * 100 < space.inodes_total or (space.mount == "/" and space.inodes_free < 20_000):
                yield f"{space.mount} has {space.inodes_free} of {space.inodes_total} inodes free"


@check(
    id="DISK-MEMORY",
    title="There is too little free memory",
    severity="inhibitor",
    area="disk",
    remediation="Stop applications, add swap space for the time of the migration, or take a larger instance type.",
    source=SMC_LIMITS + " (600 MiB); rocky-tools: a conversion was killed for lack of memory",
    grade="documented",
)
def memory(context: Context) -> Iterable[str]:
    free, swap = need(context.facts.memory_available_mib, "memory_available_mib"), context.facts.swap_mib or 0
    if free + swap < 600:
        yield f"{free} MiB of memory and {swap} MiB of swap space are there, 600 MiB are needed"


@check(
    id="DISK-BTRFS",
    title="A file system of the system is btrfs",
    severity="inhibitor",
    area="disk",
    remediation="The target's kernel does not read btrfs. Move the data to another file system first.",
    source=LEAPP + "; almalinux-deploy",
    grade="documented",
)
def btrfs(context: Context) -> Iterable[str]:
    return [f"{m.path} on {m.device}" for m in need(context.facts.mounts, "mounts") if m.type == "btrfs"]


@check(
    id="DISK-LUKS",
    title="Disks are encrypted by the system itself",
    severity="inhibitor",
    area="disk",
    remediation="The host may ask for a passphrase on the console when it boots. Take it out of the run, and "
    "migrate it by hand.",
    source=LEAPP,
    grade="documented",
)
def luks(context: Context) -> Iterable[str]:
    devices = need(context.facts.block, "block")
    return [f"{d.name} ({d.fstype or d.type})" for d in devices if d.type == "crypt" or d.fstype == "crypto_LUKS"]


@check(
    id="DISK-NETWORK",
    title="Network file systems are mounted",
    severity="medium",
    area="disk",
    remediation="The restore point does not cover them, and their clients are replaced. Unmount them for the time"
    " of the migration.",
    source=LEAPP,
    grade="documented",
    severities={"leapp": "inhibitor", "smc": "high"},
)
def network_mounts(context: Context) -> Iterable[str]:
    return [f"{m.path} from {m.device}" for m in need(context.facts.mounts, "mounts") if m.type in _NETWORK]


@check(
    id="DISK-FSTAB-BROKEN",
    title="/etc/fstab has lines that cannot be read",
    severity="inhibitor",
    area="disk",
    remediation="Correct or remove these lines; the host may not boot with them.",
    command="findmnt --verify",
    source=LEAPP,
    grade="documented",
)
def fstab_broken(context: Context) -> Iterable[str]:
    return need(context.facts.fstab_broken, "fstab_broken")


@check(
    id="DISK-FSTAB-MISSING",
    title="/etc/fstab names devices that are not there",
    severity="inhibitor",
    area="disk",
    remediation="The host would wait for them and stop in the emergency shell at the next boot. Remove the lines,"
    " or add nofail.",
    command="findmnt --verify",
    source=KNOWN_FAILURE + "; elevate-cpanel tries mount -a",
    grade="documented",
)
def fstab_missing(context: Context) -> Iterable[str]:
    devices, fstab = need(context.facts.block, "block"), need(context.facts.fstab, "fstab")
    known = {f"UUID={d.uuid.lower()}" for d in devices if d.uuid} | {f"LABEL={d.label}" for d in devices if d.label}
    if not known:
        raise UnknownFact("block", "lsblk shows devices, but not what is on them")
    for m in fstab:
        key, equals, value = m.device.replace('"', "").partition("=")
        name = f"UUID={value.lower()}" if key == "UUID" else f"LABEL={value}"
        optional = m.type == "swap" or {"nofail", "noauto"} & set(m.options)
        if equals and key in ("UUID", "LABEL") and name not in known and not optional:
            yield f"{m.path}: {m.device}"


@check(
    id="DISK-FSTAB-DUPLICATE",
    title="/etc/fstab mounts two things in one place",
    severity="high",
    area="disk",
    remediation="Remove the line that is not wanted.",
    source=LEAPP,
    grade="documented",
)
def fstab_duplicate(context: Context) -> Iterable[str]:
    paths = Counter(m.path for m in need(context.facts.fstab, "fstab") if m.path.startswith("/"))
    return [path for path, count in paths.items() if count > 1]


@check(
    id="DISK-NOT-PERSISTENT",
    title="File systems are mounted that /etc/fstab does not know",
    severity="high",
    area="disk",
    remediation="They will be gone after the reboot. Add them to /etc/fstab with nofail, or unmount them.",
    source=LEAPP,
    grade="documented",
)
def not_persistent(context: Context) -> Iterable[str]:
    units = context.facts.unit_files or {}
    known = {m.path.rstrip("/") for m in need(context.facts.fstab, "fstab")}
    for m in need(context.facts.mounts, "mounts"):
        unit = m.path.strip("/").replace("-", r"\x2d").replace("/", "-") + ".mount"
        expected = m.path.rstrip("/") in known or unit in units or m.path.startswith(_OTHERS_MOUNT_HERE)
        if m.type in (*_LOCAL, *_NETWORK) and m.path not in ("/", "/boot/efi") and not expected:
            yield f"{m.path} from {m.device} ({m.type})"


@check(
    id="DISK-NOEXEC",
    title="Programs cannot be run from a directory that the conversion needs",
    severity="inhibitor",
    area="disk",
    remediation="Packages run scripts from there. Mount it again without noexec for the time of the migration.",
    source=LEAPP,
    grade="documented",
)
def noexec(context: Context) -> Iterable[str]:
    places = ("/", "/usr", "/var", "/var/tmp", "/tmp")
    return [m.path for m in _last_mounts(context) if m.path in places and "noexec" in m.options]


@check(
    id="DISK-READ-ONLY",
    title="A directory of the system is mounted read-only",
    severity="inhibitor",
    area="disk",
    remediation="Mount it again for writing. If the kernel made it read-only after an error, repair the file "
    "system first.",
    source=CONVERT2RHEL,
    grade="documented",
)
def read_only(context: Context) -> Iterable[str]:
    return [f"{m.path} on {m.device}" for m in _last_mounts(context) if m.path in _SYSTEM_PATHS and "ro" in m.options]


def _last_mounts(context: Context) -> Iterable[Mount]:
    """What is visible at each path: later mounts hide earlier ones."""
    return {m.path: m for m in need(context.facts.mounts, "mounts")}.values()
