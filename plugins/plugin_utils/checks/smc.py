# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Server Migration Center looks at on the host itself, so that its drill holds no surprise."""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.base import (
    CONVERT2RHEL,
    SMC_DRILL,
    Context,
    UnknownFact,
    check,
    need,
)

_SMC = ("smc",)


@check(
    id="SMC-CPU",
    title="The processors are busy",
    severity="medium",
    area="smc",
    remediation="The drill warns above 90 percent, and the migration takes longer. Stop applications, or choose another time.",
    command="top",
    source=SMC_DRILL + "; the load of the last five minutes stands for the use of processors",
    grade="documented",
    engines=_SMC,
)
def cpu(context: Context) -> Iterable[str]:
    load = need(context.facts.kernel_values, "kernel_values").get("/proc/loadavg", "").split()
    cpus = need(context.facts.cpus, "cpus")
    try:
        average = float(load[1])
    except (IndexError, ValueError):
        raise UnknownFact("kernel_values", "/proc/loadavg says nothing") from None
    if cpus > 0 and average > 0.9 * cpus:
        yield f"the load is {average:.2f} on {cpus} processors"


@check(
    id="SMC-MEMORY",
    title="Nearly all memory is in use",
    severity="medium",
    area="smc",
    remediation="The drill warns above 95 percent. Stop applications for the time of the migration.",
    command="free -m",
    source=SMC_DRILL,
    grade="documented",
    engines=_SMC,
)
def memory(context: Context) -> Iterable[str]:
    total, free = (
        need(context.facts.memory_mib, "memory_mib"),
        need(context.facts.memory_available_mib, "memory_available_mib"),
    )
    if total > 0 and free * 100 < total * 5:
        yield f"{free} of {total} MiB are free"


@check(
    id="SMC-SPACE",
    title="A file system is full",
    severity="high",
    area="smc",
    remediation="The drill warns above 99 percent, or ends. Free space, or extend the file system.",
    command="df -h",
    source=SMC_DRILL,
    grade="documented",
    engines=_SMC,
)
def space(context: Context) -> Iterable[str]:
    found = {s.mount: s for s in need(context.facts.spaces, "spaces").values()}
    for mount, item in found.items():
        if item.total_mib > 0 and item.free_mib * 100 < item.total_mib:
            yield f"{mount} has {item.free_mib} of {item.total_mib} MiB free"


@check(
    id="SMC-RSYNC",
    title="rsync is missing",
    severity="low",
    area="smc",
    remediation="The client copies with it, and installs it where it can. Install it before.",
    command="{manager} -y install rsync",
    source="Server Migration Center: error S1, rsync is not installed",
    grade="documented",
    engines=_SMC,
)
def rsync(context: Context) -> Iterable[str]:
    if "rsync" not in need(context.facts.tools, "tools"):
        yield "rsync is not installed"


@check(
    id="SMC-READ-ONLY",
    title="/mnt or /sys is mounted read-only",
    severity="inhibitor",
    area="smc",
    remediation="The tool that converts to Red Hat Enterprise Linux writes there, and refuses to start. Mount it again for "
    "writing, or unmount it.",
    command="mount -o remount,rw /mnt",
    source=CONVERT2RHEL + "; Server Migration Center refers to its troubleshooting for this path",
    grade="documented",
    engines=("convert2rhel", "smc"),
    sources=("centos7", "centos8"),
    targets=("rhel7", "rhel8"),
)
def read_only(context: Context) -> Iterable[str]:
    for path, mount in {m.path: m for m in need(context.facts.mounts, "mounts")}.items():
        if path in ("/mnt", "/sys") and "ro" in mount.options:
            yield f"{path} on {mount.device}"
