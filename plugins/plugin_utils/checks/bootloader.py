# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is the boot loader complete, and will the firmware find it?"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.base import (
    KNOWN_FAILURE,
    LEAPP,
    Context,
    UnknownFact,
    check,
    need,
)
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.storage import below, boot_disks

_VENDORS = {
    "centos7": "centos", "centos8": "centos", "rhel7": "redhat", "rhel8": "redhat", "alinux2": "alinux",
}  # fmt: skip


def _efi_files(context: Context) -> dict[str, int]:
    """Path below the directory EFI of the partition -> size."""
    beginning = "/boot/efi/EFI/"
    states = need(context.facts.path_states, "path_states")
    return {path[len(beginning) :]: state.size for path, state in states.items() if path.startswith(beginning)}


@check(
    id="GRUB-LEGACY",
    title="The boot loader is GRUB 1",
    severity="inhibitor",
    area="bootloader",
    remediation="The target's kernels add themselves to GRUB 2 alone. Install and switch to it first, and reboot once.",
    source=LEAPP + ": checklegacygrub",
    grade="documented",
)
def legacy(context: Context) -> Iterable[str]:
    states = need(context.facts.path_states, "path_states")
    found = [path for path in ("/boot/grub/grub.conf", "/boot/grub/menu.lst") if path in states]
    return found if "/boot/grub2/grub.cfg" not in states else []


@check(
    id="GRUB-CONFIG",
    title="The configuration of the boot loader is missing or empty",
    severity="inhibitor",
    area="bootloader",
    remediation="The host boots by chance, if at all. Make the configuration again, and reboot once before the migration.",
    command="grub2-mkconfig -o /boot/grub2/grub.cfg",
    source="elevate-cpanel: grub.cfg missing; convert2rhel",
    grade="documented",
)
def config(context: Context) -> Iterable[str]:
    states = need(context.facts.path_states, "path_states")
    found = {
        path: state for path, state in states.items() if re.fullmatch(r"/boot/(grub2|efi/EFI/\w+)/grub\.cfg", path)
    }
    if not found:
        yield "there is neither /boot/grub2/grub.cfg nor one in /boot/efi/EFI"
    yield from (f"{path} is empty" for path, state in found.items() if state.type == "f" and not state.size)


@check(
    id="GRUB-CORE",
    title="GRUB is not in the boot sector of the disk of /boot",
    severity="medium",
    area="bootloader",
    remediation="Nobody knows which loader starts this host, so it is not updated. Install GRUB to the disk that boots.",
    source=LEAPP + ": checkgrubcore",
    grade="documented",
    severities={"leapp": "high", "smc": "high"},
)
def core(context: Context) -> Iterable[str]:
    if need(context.facts.efi, "efi"):
        return
    sectors = need(context.facts.boot_sectors, "boot_sectors")
    for disk in boot_disks(context):
        kind = sectors.get(disk, "unread")
        if kind == "unread":
            raise UnknownFact("boot_sectors", f"the first sector of {disk} could not be read")
        if kind != "grub":
            yield f"{disk}: its first sector is {kind}, not GRUB's"


@check(
    id="GRUB-ENVIRONMENT",
    title="The environment block of GRUB is damaged",
    severity="high",
    area="bootloader",
    remediation="grubby cannot store which kernel boots next, so the target's would not be the default. Make the block anew, "
    "then set the default again.",
    command='grub2-editenv "$(readlink -f /boot/grub2/grubenv)" create',
    source=LEAPP + " and infra.leapp: corrupted grubenv, a block is 1024 bytes long",
    grade="documented",
)
def environment_block(context: Context) -> Iterable[str]:
    found = need(context.facts.boot_files, "boot_files").get("/boot/grub2/grubenv")
    sizes = {"/boot/grub2/grubenv": found.size} if found and found.type == "f" else {}
    if need(context.facts.efi, "efi"):
        sizes |= {
            f"/boot/efi/EFI/{path}": size for path, size in _efi_files(context).items() if path.endswith("/grubenv")
        }
    yield from (f"{path} has {size} bytes, not 1024" for path, size in sizes.items() if size != 1024)


@check(
    id="GRUB-ENTRY-FILES",
    title="Entries of the boot menu name files that are not there",
    severity="medium",
    area="bootloader",
    remediation="Such an entry may become the default when kernels are replaced. Remove it, or make the initramfs again.",
    command="ls /boot/loader/entries",
    source="convert2rhel: boot files of entries; " + KNOWN_FAILURE,
    grade="documented",
    sources=("centos8", "rhel8"),
)
def entry_files(context: Context) -> Iterable[str]:
    files = need(context.facts.boot_files, "boot_files")
    for path, entry in need(context.facts.bls, "bls").items():
        words = f"{entry.get('linux', '')} {entry.get('initrd', '')}".split()
        gone = [word for word in words if "$" not in word and word not in files and f"/boot{word}" not in files]
        yield from (f"{path.rpartition('/')[2]}: {word}" for word in gone)


@check(
    id="GRUB-UNPAIRED",
    title="Kernels have no initramfs",
    severity="low",
    area="bootloader",
    remediation="They would not boot, if anybody chose them for want of a better one. Remove them, or make the initramfs.",
    source=KNOWN_FAILURE + " (almalinux-deploy: /boot was full)",
    grade="documented",
)
def unpaired(context: Context) -> Iterable[str]:
    files, running = need(context.facts.boot_files, "boot_files"), need(context.facts.kernel, "kernel")
    for path in files:
        version = path[len("/boot/vmlinuz-") :] if path.startswith("/boot/vmlinuz-") else ""
        # That of the running kernel is BOOT-KERNEL-FILES's.
        if version and version not in (running, "upgrade") and f"/boot/initramfs-{version}.img" not in files:
            yield path


@check(
    id="EFI-ENTRY",
    title="The firmware did not start the loader of the installed system",
    severity="low",
    area="bootloader",
    remediation="It started its fallback or another system's loader. Make sure that this loader is replaced as well, or "
    "correct the boot order.",
    command="efibootmgr -v",
    source="convert2rhel: the current boot entry is not the distribution's",
    grade="documented",
)
def efi_entry(context: Context) -> Iterable[str]:
    if not need(context.facts.efi, "efi"):
        return
    boot = need(context.facts.efi_boot, "efi_boot")
    entry = boot.entries.get(boot.current, "")
    if boot.current and f"\\{_VENDORS.get(context.path.source, '?')}\\" not in entry.lower():
        yield f"Boot{boot.current}: {entry or 'no such entry'}"


@check(
    id="EFI-LOADER",
    title="The EFI system partition holds no loader",
    severity="high",
    area="bootloader",
    remediation="Mount the right partition on /boot/efi, and reinstall shim and grub2-efi.",
    command="{manager} -y reinstall shim-x64 grub2-efi-x64",
    source="migrate2rocky, rocky-tools: boot entries that name no loader",
    grade="documented",
)
def efi_loader(context: Context) -> Iterable[str]:
    if not need(context.facts.efi, "efi"):
        return
    if not any(path.lower().endswith(".efi") and size for path, size in _efi_files(context).items()):
        yield "no file *.efi in the directories of /boot/efi/EFI"


@check(
    id="EFI-FALLBACK",
    title="The EFI system partition has no fallback loader",
    severity="low",
    area="bootloader",
    remediation="A firmware that lost its boot entries looks for EFI/BOOT alone. Copy the loader there.",
    source="UEFI specification: default boot file; rocky-tools: the firmware re-orders its entries",
    grade="documented",
)
def efi_fallback(context: Context) -> Iterable[str]:
    if need(context.facts.efi, "efi"):
        files = {path.lower() for path in _efi_files(context)}
        if not files & {"boot/bootx64.efi", "boot/bootaa64.efi"}:
            yield "neither EFI/BOOT/BOOTX64.EFI nor EFI/BOOT/BOOTAA64.EFI"


@check(
    id="EFI-SPACE",
    title="There is too little room in the EFI system partition",
    severity="high",
    area="bootloader",
    remediation="The target's loaders lie beside the source's for a while. Remove what other systems left there.",
    source="assumed: shim, GRUB and their fonts of one distribution take up to 16 MiB",
    grade="assumed",
)
def efi_space(context: Context) -> Iterable[str]:
    if need(context.facts.efi, "efi"):
        space = need(context.facts.spaces, "spaces").get("/boot/efi")
        if space and space.mount == "/boot/efi" and space.free_mib < 16:
            yield f"/boot/efi has {space.free_mib} MiB free, 16 MiB are needed"


@check(
    id="EFI-32-BIT",
    title="The firmware is of 32 bit",
    severity="inhibitor",
    area="bootloader",
    remediation="The target has no loader for it. Take an instance type with a firmware of 64 bit.",
    source="convert2rhel: only 64-bit EFI is supported",
    grade="documented",
)
def efi_32_bit(context: Context) -> Iterable[str]:
    if need(context.facts.kernel_values, "kernel_values").get("/sys/firmware/efi/fw_platform_size") == "32":
        yield "/sys/firmware/efi/fw_platform_size is 32"


@check(
    id="EFI-SEVERAL",
    title="There are several partitions from which the firmware may boot",
    severity="low",
    area="bootloader",
    remediation="Only that on /boot/efi gets the target's loader. Make sure that the firmware does not choose another one.",
    source="assumed: partitions of type vfat on a host that boots by EFI",
    grade="assumed",
)
def efi_several(context: Context) -> Iterable[str]:
    if need(context.facts.efi, "efi"):
        found = [f"{device.name} {device.mount}".strip() for device in need(context.facts.block, "block")
                 if device.fstype == "vfat"]  # fmt: skip
        if len(found) > 1:
            yield from found


@check(
    id="EFI-MAPPED",
    title="The EFI system partition lies on a RAID array or behind multipath",
    severity="high",
    area="bootloader",
    remediation="Boot entries name one partition of one disk; tools find the wrong one behind an array. Rehearse on a clone.",
    source=KNOWN_FAILURE + " (rocky-tools: the EFI partition on RAID, behind multipath)",
    grade="documented",
)
def efi_mapped(context: Context) -> Iterable[str]:
    if need(context.facts.efi, "efi"):
        kinds = {device.name: device.type for device in need(context.facts.block, "block")}
        for name in below(context, "/boot/efi"):
            if kinds.get(name, "").startswith(("raid", "mpath")):
                yield f"/boot/efi on {name} ({kinds[name]})"
