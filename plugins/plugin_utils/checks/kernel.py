# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Do the processor, the kernel and its own drivers suit the target?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.base import (
    CONVERT2RHEL,
    KNOWN_FAILURE,
    LEAPP,
    SMC_LIMITS,
    Context,
    check,
    need,
)
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.named import EL7, EL8

# Flags of /proc/cpuinfo that make up the level x86-64-v2 of the System V ABI.
_LEVEL_2 = ("cx16", "lahf_lm", "popcnt", "sse4_1", "sse4_2", "ssse3")
# Bits of /proc/sys/kernel/tainted that tell of trouble; the others tell of modules, which BOOT-MODULES lists.
_TROUBLE = {
    4: "the processor reported an error (M)",
    5: "a page of memory was bad (B)",
    7: "the kernel died of an error and went on (D)",
    14: "a processor was stuck in the kernel (L)",
}
_REMOVED_IN_8 = re.compile(
    r"3w_(9xxx|sas)|aic79xx|aoe|arcmsr|acard_ahci|sata_(mv|nv|promise|qstor|sil|sil24|sis|svw|sx4|uli|via|vsc)|bfa"
    r"|cxgb3i?|iw_cxgb3|e1000|hptiop|initio|isci|mpt(base|ctl|sas|scsih|spi)|mtip32xx|mvsas|mvumi|osd|libosd|osst"
    r"|pm80xx|pmcraid|stex|sx8|tulip|ufshcd|carl9170|iwl4965|iwl3945|mwl8k|rt73usb|rt61pci|rtl8187|wil6210"
)
# Virtual machines load these for devices that nobody uses.
_IDLE = ("pata_acpi", "floppy")
_DEPRECATED_IN_8 = ("bnx2", "dl2k", "dlci", "dnet", "ethoc", "hpsa", "qla3xxx")
# Keys that newer kernels do not have any more, and the version that lost them.
_SYSCTL_GONE: Mapping[str, tuple[int, int]] = {
    "net.ipv4.tcp_tw_recycle": (4, 12),
    "kernel.sched_latency_ns": (5, 13),
    "kernel.sched_migration_cost_ns": (5, 13),
    "kernel.sched_min_granularity_ns": (5, 13),
    "kernel.sched_tunable_scaling": (5, 13),
    "kernel.sched_wakeup_granularity_ns": (5, 13),
}
_KERNELS: Mapping[str, tuple[int, int]] = {
    "alinux2": (4, 19), "alinux3": (5, 10), "anolis7": (4, 19), "anolis8": (4, 18), "rhel7": (3, 10), "rhel8": (4, 18),
    "rhel9": (5, 14),
}  # fmt: skip
_NEEDED = ("virtio", "virtio_pci", "virtio_blk", "virtio_net", "virtio_scsi", "nvme", "nvme_core", "xfs", "ext4")


def _loaded(context: Context) -> set[str]:
    return {module.name.replace("-", "_") for module in need(context.facts.kernel_modules, "kernel_modules")}


@check(
    id="CPU-LEVEL",
    title="The processor is too old for the target",
    severity="inhibitor",
    area="kernel",
    remediation="Red Hat Enterprise Linux 9 needs a processor of the level x86-64-v2. Take a newer instance family.",
    source="Red Hat: RHEL 9, architectures; " + LEAPP + ": checkmicroarchitecture",
    grade="documented",
    targets=("rhel9",),
)
def cpu_level(context: Context) -> Iterable[str]:
    cpu = need(context.facts.cpu, "cpu")
    lacking = [flag for flag in _LEVEL_2 if flag not in cpu.get("flags", "").split()]
    if "flags" in cpu and lacking:
        yield f"{cpu.get('model name', 'the processor')} lacks {', '.join(lacking)}"


@check(
    id="KERNEL-TAINT",
    title="The kernel has met with errors since it started",
    severity="high",
    area="kernel",
    remediation="Find the cause in the kernel's log, and reboot: a migration works every corner of memory and disk.",
    command="dmesg -T",
    source="Linux: admin-guide/tainted-kernels",
    grade="documented",
)
def taint(context: Context) -> Iterable[str]:
    value = need(context.facts.taint, "taint")
    return [f"{text}, /proc/sys/kernel/tainted is {value}" for bit, text in _TROUBLE.items() if value >> bit & 1]


@check(
    id="KERNEL-UNOWNED",
    title="The running kernel belongs to no package",
    severity="high",
    area="kernel",
    remediation="It was built or put there by hand: the target replaces it, and what needs its features stops. Boot a kernel "
    "of the source first.",
    source=CONVERT2RHEL + "; " + SMC_LIMITS,
    grade="documented",
    severities={"convert2rhel": "inhibitor", "smc": "inhibitor"},
)
def unowned(context: Context) -> Iterable[str]:
    running, kernels = need(context.facts.kernel, "kernel"), need(context.facts.kernels, "packages")
    if running not in {package.kernel_release for package in kernels}:
        yield running


@check(
    id="KERNEL-DRIVERS-REMOVED",
    title="Drivers are loaded that the target's kernel does not have",
    severity="high",
    area="kernel",
    remediation="If a device needs them, its disks or networks are gone after the migration. If none does, unload the "
    "driver, and keep it from being loaded in /etc/modprobe.d.",
    source="Red Hat: considerations in adopting RHEL 8, removed device drivers; " + LEAPP,
    grade="assumed",
    sources=EL7,
    targets=EL8,
    severities={"leapp": "inhibitor"},
)
def removed_drivers(context: Context) -> Iterable[str]:
    return sorted(name for name in _loaded(context) if _REMOVED_IN_8.fullmatch(name))


@check(
    id="KERNEL-DRIVERS-IDLE",
    title="Drivers are loaded that no device of the cloud needs and that the target does not have",
    severity="low",
    area="kernel",
    remediation="Leapp refuses hosts on which they are loaded. Unload them.",
    command="modprobe -r pata_acpi floppy",
    source=LEAPP + ": removed drivers; guides of ELevate unload pata_acpi and floppy",
    grade="assumed",
    engines=("leapp", "smc"),
    sources=EL7,
    targets=EL8,
)
def idle_drivers(context: Context) -> Iterable[str]:
    return sorted(_loaded(context) & set(_IDLE))


@check(
    id="KERNEL-DRIVERS-DEPRECATED",
    title="Drivers are loaded that the target does not maintain",
    severity="medium",
    area="kernel",
    remediation="Red Hat Enterprise Linux 9 warns of them or has dropped them. Look them up in its release notes.",
    source="Red Hat: RHEL 8 release notes, deprecated hardware",
    grade="assumed",
    targets=("rhel9",),
)
def deprecated_drivers(context: Context) -> Iterable[str]:
    return sorted(_loaded(context) & set(_DEPRECATED_IN_8))


@check(
    id="KERNEL-BLOCKED",
    title="Drivers that the host needs are blocked",
    severity="high",
    area="kernel",
    remediation="The running kernel may have them built in or load them early, the target's may not. Remove these lines from "
    "/etc/modprobe.d.",
    source="modprobe.d(5); Leapp mounts overlays and loop devices",
    grade="documented",
)
def blocked(context: Context) -> Iterable[str]:
    wanted = set(_NEEDED)
    if context.path.engine == "leapp":
        wanted |= {"overlay", "loop"}
    if need(context.facts.efi, "efi"):
        wanted |= {"vfat", "fat"}
    for path, lines in need(context.facts.config_files, "config_files").items():
        for words in (line.split() for line in lines if path.startswith("/etc/modprobe.d/")):
            off = words[:1] == ["blacklist"] or (words[:1] == ["install"] and words[-1].endswith(("/true", "/false")))
            if len(words) > 1 and off and words[1].replace("-", "_") in wanted:
                yield f"{path}: {' '.join(words)}"


@check(
    id="KERNEL-SYSCTL",
    title="Kernel parameters are set that the target's kernel does not have",
    severity="medium",
    area="kernel",
    remediation="The setting gets lost, and a service that sets it fails. Find out what it was for, and remove the line.",
    command="sysctl --system",
    source="Linux: net.ipv4.tcp_tw_recycle was removed in 4.12, scheduler parameters moved to debugfs in 5.13",
    grade="documented",
)
def sysctl(context: Context) -> Iterable[str]:
    kernel = _KERNELS.get(context.path.target, (0, 0))
    for path, lines in need(context.facts.config_files, "config_files").items():
        for line in lines if "sysctl" in path else ():
            gone = _SYSCTL_GONE.get(line.partition("=")[0].strip().lstrip("-").replace("/", "."))
            if gone and kernel >= gone:
                yield f"{path}: {line.strip()}"


@check(
    id="KERNEL-CGROUP",
    title="The host depends on control groups of version 1",
    severity="medium",
    area="kernel",
    remediation="The target mounts version 2 alone. Move limits to systemd units, and update container engines first.",
    source="Red Hat: RHEL 9 mounts cgroup-v2 by default; " + LEAPP + "; " + KNOWN_FAILURE,
    grade="documented",
    targets=("rhel9",),
)
def cgroup(context: Context) -> Iterable[str]:
    files = need(context.facts.unit_files, "unit_files")
    yield from (name for name in ("cgconfig.service", "cgred.service") if files.get(name) == "enabled")
    if "systemd.unified_cgroup_hierarchy=0" in need(context.facts.cmdline, "cmdline"):
        yield "systemd.unified_cgroup_hierarchy=0 on the kernel's command line"
