# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernels beyond the one that runs, and packages that replace the kernel's or the base system's."""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.base import LEAPP, Context, check

_MAX_KERNELS = 3


@check(
    id="KERNEL-DEVEL-SEVERAL",
    title="Several development or debug packages of the kernel are installed",
    severity="low",
    severities={"leapp": "inhibitor"},
    area="kernel_packages",
    remediation="Keep the one of the newest kernel, and remove the others.",
    source=LEAPP,
    grade="documented",
)
def several_devel(context: Context) -> Iterable[str]:
    for name in ("kernel-devel", "kernel-debug", "kernel-debug-devel", "kernel-debug-core"):
        found = [p.nevra for p in context.packages if p.name == name]
        if len(found) > 1:
            yield from found


@check(
    id="KERNEL-OLD",
    title="More old kernels are kept than anybody boots",
    severity="low",
    area="kernel_packages",
    remediation="Keep the running kernel and the one before it: each other one takes room in /boot that the target's "
    "kernel needs.",
    source="centos2alma, elevate-cpanel: /boot filled up during the conversion",
    grade="documented",
    remedy="old-kernels",
)
def old_kernels(context: Context) -> Iterable[str]:
    found = [p.nevra for p in context.packages if p.name == "kernel"]
    if len(found) > _MAX_KERNELS:
        yield from found


@check(
    id="PKG-ELREPO",
    title="Packages of ELRepo are installed",
    severity="medium",
    area="kernel_packages",
    remediation="They hold kernels and drivers for the source's kernel alone. Remove them, or find the vendor's build "
    "for the target.",
    source="migrate-to-ol issue 4: kernel-ml and kmod packages held a conversion up",
    grade="documented",
)
def elrepo(context: Context) -> Iterable[str]:
    return [p.nevra for p in context.packages if "elrepo" in p.vendor.lower() or p.release.endswith(".elrepo")]


@check(
    id="PKG-CENTOSPLUS",
    title="Packages of the repository CentOSPlus are installed",
    severity="medium",
    area="kernel_packages",
    remediation="They replace packages of the base system by versions with more features, which the target has not. "
    "Go back to the base system's versions.",
    command="{manager} -y distro-sync --disablerepo='centosplus'",
    source="migrate-to-ol issue 4",
    grade="documented",
    sources=("centos7", "centos8"),
)
def centosplus(context: Context) -> Iterable[str]:
    return [p.nevra for p in context.packages if ".plus" in p.release or p.name.startswith("kernel-plus")]
