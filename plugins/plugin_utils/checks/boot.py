# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Will the host boot, and boot what it should?"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.base import (
    CONVERT2RHEL,
    KNOWN_FAILURE,
    LEAPP,
    SMC_DRILL,
    SMC_LIMITS,
    Context,
    check,
    need,
)
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.facts_versions import newest

_SECURITY_CENTER = re.compile(r"AliSec|aliyun|alisec", re.IGNORECASE)
_NEEDED_DRIVER = re.compile(r"\b(virtio\w*|nvme|xfs|ext4)\b")
_GONE_DRACUT_MODULES = ("systemd-bootchart", "btrfs")


@check(
    id="BOOT-RUNNING-KERNEL",
    title="The newest installed kernel does not run",
    severity="inhibitor",
    area="boot",
    remediation="Reboot into the newest kernel before the migration: what does not boot now will not boot later "
    "either.",
    command="reboot",
    source=CONVERT2RHEL + "; " + LEAPP,
    grade="documented",
)
def running_kernel(context: Context) -> Iterable[str]:
    running, kernels = need(context.facts.kernel, "kernel"), need(context.facts.kernels, "packages")
    if not kernels:
        yield f"{running} runs, and no kernel package is installed"
    elif running != newest(kernels).kernel_release:
        yield f"{running} runs, the newest one is {newest(kernels).kernel_release}"


@check(
    id="BOOT-DEFAULT-KERNEL",
    title="The running kernel is not the one that boots next",
    severity="high",
    area="boot",
    remediation="Make the running kernel the default, or reboot into the default one.",
    command='grubby --set-default "/boot/vmlinuz-$(uname -r)"',
    source="elevate-cpanel; convert2rhel",
    grade="documented",
)
def default_kernel(context: Context) -> Iterable[str]:
    running, default = need(context.facts.kernel, "kernel"), need(context.facts.default_kernel, "default_kernel")
    if default != f"/boot/vmlinuz-{running}":
        yield f"{running} runs, {default} is the default"


@check(
    id="BOOT-KERNEL-FILES",
    title="The files of the running kernel are not complete",
    severity="inhibitor",
    area="boot",
    remediation="Reinstall the kernel and make its initramfs again.",
    command='dracut -f "/boot/initramfs-$(uname -r).img" "$(uname -r)"',
    source=SMC_DRILL,
    grade="documented",
)
def kernel_files(context: Context) -> Iterable[str]:
    files, running = need(context.facts.boot_files, "boot_files"), need(context.facts.kernel, "kernel")
    for path in (f"/boot/vmlinuz-{running}", f"/boot/initramfs-{running}.img"):
        if path not in files or not files[path].size:
            yield f"{path} is {'empty' if path in files else 'missing'}"


@check(
    id="BOOT-NO-ENTRIES",
    title="The boot loader has no entry files",
    severity="inhibitor",
    area="boot",
    remediation="The target's kernel adds its entry beside those that exist, and fails where there is none. Make "
    "them again.",
    command='kernel-install add "$(uname -r)" "/lib/modules/$(uname -r)/vmlinuz"',
    source="mkosi: installation of Alibaba Cloud Linux 3",
    grade="documented",
    sources=("centos8", "rhel8"),
)
def no_entries(context: Context) -> Iterable[str]:
    if not need(context.facts.bls, "bls"):
        yield "/boot/loader/entries holds no entry"


@check(
    id="BOOT-ENTRIES-OFF",
    title="The boot loader is told not to read entry files",
    severity="high",
    area="boot",
    remediation="Set GRUB_ENABLE_BLSCFG=true in /etc/default/grub and make grub.cfg again; the target's kernels "
    "come as entry files.",
    command="grub2-mkconfig -o /boot/grub2/grub.cfg",
    source="elevate-cpanel: GRUB_ENABLE_BLSCFG",
    grade="documented",
    targets=("alinux3", "anolis8", "rhel8", "rhel9"),
)
def entries_off(context: Context) -> Iterable[str]:
    value = need(context.facts.grub_default, "grub_default").get("GRUB_ENABLE_BLSCFG", "true")
    if value.lower() != "true":
        yield f"GRUB_ENABLE_BLSCFG={value}"


@check(
    id="BOOT-FOREIGN-ENTRIES",
    title="Boot entries bear the id of another machine",
    severity="medium",
    area="boot",
    remediation="They come from the image that this host was made of, and may win over the new entry. Remove "
    "those which boot nothing.",
    source="convert2rhel removes such entries",
    grade="documented",
)
def foreign_entries(context: Context) -> Iterable[str]:
    machine = need(context.facts.machine_id, "machine_id")
    names = (path.rpartition("/")[2] for path in need(context.facts.bls, "bls"))
    return [name for name in names if re.match(r"[0-9a-f]{32}-", name) and not name.startswith(machine)]


@check(
    id="BOOT-GRUB-DEFAULT",
    title="/etc/default/grub is missing",
    severity="high",
    area="boot",
    remediation="The boot loader's configuration cannot be made again without it. Restore the file.",
    source=CONVERT2RHEL,
    grade="documented",
)
def grub_default(context: Context) -> Iterable[str]:
    if not need(context.facts.grub_default, "grub_default"):
        yield "/etc/default/grub is missing or empty"


@check(
    id="BOOT-GRUBENV-LINK",
    title="grubenv is a link",
    severity="high",
    area="boot",
    remediation="It points into the directory of the source's EFI loader, which goes with the source. Replace the"
    " link by the file.",
    command='cp --remove-destination "$(readlink -f /boot/grub2/grubenv)" /boot/grub2/grubenv',
    source="almalinux-deploy; Leapp: hybrid images",
    grade="documented",
)
def grubenv_link(context: Context) -> Iterable[str]:
    found = need(context.facts.boot_files, "boot_files").get("/boot/grub2/grubenv")
    if found and found.type == "l" and not need(context.facts.efi, "efi"):
        yield f"/boot/grub2/grubenv -> {found.link}"


@check(
    id="BOOT-SECURE-BOOT",
    title="Secure Boot is on",
    severity="inhibitor",
    area="boot",
    remediation="The firmware refuses the target's loader and kernel unless it knows their key. Switch Secure "
    "Boot off.",
    source="almalinux-deploy: a converted host refused to boot; convert2rhel",
    grade="documented",
)
def secure_boot(context: Context) -> Iterable[str]:
    if need(context.facts.secure_boot, "secure_boot"):
        yield "the firmware variable SecureBoot is 1"


@check(
    id="BOOT-EFI-TOOL",
    title="efibootmgr is missing on a host that boots by EFI",
    severity="inhibitor",
    area="boot",
    remediation="Install it: the boot entry cannot be changed without it.",
    command="{manager} -y install efibootmgr",
    source=LEAPP + "; " + CONVERT2RHEL,
    grade="documented",
)
def efi_tool(context: Context) -> Iterable[str]:
    if need(context.facts.efi, "efi") and "efibootmgr" not in need(context.facts.tools, "tools"):
        yield "efibootmgr is not installed"


@check(
    id="BOOT-EFI-PARTITION",
    title="The EFI system partition is not mounted",
    severity="inhibitor",
    area="boot",
    remediation="The new loader is written to /boot/efi. Mount the EFI system partition there, and keep it in "
    "/etc/fstab.",
    source="migrate2rocky; convert2rhel",
    grade="documented",
)
def efi_partition(context: Context) -> Iterable[str]:
    mounts = need(context.facts.mounts, "mounts")
    if need(context.facts.efi, "efi") and not any(m.path == "/boot/efi" for m in mounts):
        yield "/boot/efi is not a mount point"


@check(
    id="BOOT-MODULES",
    title="Kernel modules are loaded that do not come with the kernel",
    severity="high",
    area="boot",
    remediation="They are built for the running kernel. Find the vendor's build for the target's kernel, or do "
    "without them.",
    source=SMC_LIMITS + "; " + CONVERT2RHEL,
    grade="documented",
)
def loaded_modules(context: Context) -> Iterable[str]:
    for module in need(context.facts.kernel_modules, "kernel_modules"):
        if {"O", "P", "F"} & set(module.flags) and not _SECURITY_CENTER.search(module.name):
            yield f"{module.name} ({module.flags})"


@check(
    id="BOOT-DRACUT",
    title="dracut is told to leave out drivers, or to use modules that do not exist",
    severity="high",
    area="boot",
    remediation="An initramfs made like this does not find its disk, or is not made at all. Correct the configuration.",
    source=KNOWN_FAILURE + " (Leapp: systemd-bootchart left a host without an initramfs)",
    grade="documented",
)
def dracut(context: Context) -> Iterable[str]:
    for path, line in need(context.facts.dracut_conf, "dracut_conf"):
        text = line.partition("#")[0]
        omits = "omit_drivers" in text and _NEEDED_DRIVER.search(text)
        if omits or (
            re.search(r"dracutmodules\+?=", text)
            and any(m in text for m in _GONE_DRACUT_MODULES)
            and "omit" not in text
        ):
            yield f"{path}: {line.strip()}"


@check(
    id="BOOT-KEEP-DEFAULT",
    title="A new kernel does not become the default",
    severity="medium",
    area="boot",
    remediation="Set UPDATEDEFAULT=yes and DEFAULTKERNEL to the kernel's package in /etc/sysconfig/kernel, so "
    "that later updates take effect.",
    source=CONVERT2RHEL,
    grade="documented",
)
def keep_default(context: Context) -> Iterable[str]:
    value = need(context.facts.sysconfig_kernel, "sysconfig_kernel").get("UPDATEDEFAULT", "yes")
    if value.lower() != "yes":
        yield f"UPDATEDEFAULT={value}"


@check(
    id="BOOT-SELINUX-NEXT",
    title="SELinux is off now, but not after the next boot",
    severity="high",
    area="boot",
    remediation="Images of Alibaba Cloud come with SELinux disabled, and an instance can become unbootable when "
    "it is switched on. Set SELINUX=disabled, or reboot and relabel before the migration.",
    command="sed -i 's/^SELINUX=.*/SELINUX=disabled/' /etc/selinux/config",
    source="Alibaba Cloud: instructions for importing images",
    grade="documented",
)
def selinux_next(context: Context) -> Iterable[str]:
    configured = need(context.facts.selinux_configured, "selinux_configured")
    if configured == "enforcing" and not need(context.facts.selinux_enforcing, "selinux_enforcing"):
        yield "SELINUX=enforcing is configured, but it does not enforce"


@check(
    id="BOOT-SELINUX",
    title="SELinux enforces",
    severity="low",
    area="boot",
    remediation="Its labels are kept, and the policy is the target's afterwards. Rehearse on a clone of such a host.",
    source="Server Migration Center: preparations, SELinux",
    grade="documented",
)
def selinux(context: Context) -> Iterable[str]:
    if need(context.facts.selinux_enforcing, "selinux_enforcing"):
        yield "SELinux is enforcing"
