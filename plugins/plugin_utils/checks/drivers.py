# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drivers and sensors that are built for one kernel."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.base import (
    LEAPP,
    SMC_LIMITS,
    Context,
    check,
    need,
)

_NVIDIA = re.compile(
    r"(kmod-|akmod-)?nvidia(-driver|-x11-drv|-kmod|-gridd|-dkms|-open)?([-_].*)?|cuda-drivers.*|xorg-x11-drv-nvidia.*"
)
_RDMA = re.compile(r"(kmod-)?(mlnx-ofa_kernel|mlnx-ofed|erdma|iser|srp|knem)(-.*)?|MLNX_OFED.*")
_AMD = re.compile(r"amdgpu(-dkms|-core|-pro.*)?|rock-dkms|rocm-dkms")
_SENSORS = re.compile(
    r"falcon-sensor|SentinelAgent|sentinelagent|ds_agent|TmccSensor|McAfeeTP|McAfeeESP|ISecTP|ISecESP|sep|sdcss.*|cb-psc-sensor|cbagentd"
    r"|cybereason-sensor|savinst.*|sophos-.*|esets|eea|efs|kesl|kav4fs|drweb-.*|mdatp|xagt|titanagent|osec-agent"
)
_SENSOR_MODULES = re.compile(
    r"(falcon_.*|sentinel.*|tmhook|bmhook|dsa_filter.*|mfe_.*|symev.*|symap.*|cbsensor.*|cbproxy|savlog|talpa_.*|eset_rtp)$"
)
_PROBES = re.compile(r"(sysdig_probe|falco|falco_probe|scap|opensnoop|twnotify|redirfs|gsch|bpfagent|qualys_fim)$")


def _named(context: Context, packages: re.Pattern[str]) -> list[str]:
    return [p.nevra for p in context.packages if packages.fullmatch(p.name)]


def _loaded(context: Context, modules: re.Pattern[str]) -> list[str]:
    found = need(context.facts.kernel_modules, "kernel_modules")
    return [f"kernel module {module.name}" for module in found if modules.match(module.name)]


@check(
    id="DRV-NVIDIA",
    title="The driver of NVIDIA is in use",
    severity="high",
    severities={"leapp": "inhibitor"},
    area="drivers",
    remediation="Remove the driver, migrate, and install the build for the target's kernel. Drivers from a .run file have "
    "an uninstaller of their own.",
    command="nvidia-uninstall",
    source=LEAPP + ": proprietary driver of NVIDIA",
    grade="documented",
)
def nvidia(context: Context) -> Iterable[str]:
    return [*_named(context, _NVIDIA), *_loaded(context, re.compile(r"nvidia"))]


@check(
    id="DRV-RDMA",
    title="Drivers for RDMA from outside the kernel are in use",
    severity="high",
    area="drivers",
    remediation="Get the build for the target's kernel first (for eRDMA, Alibaba Cloud's installation script), remove the "
    "driver, and install it again after the migration.",
    source=SMC_LIMITS + " (kernel modules)",
    grade="documented",
)
def rdma(context: Context) -> Iterable[str]:
    return [*_named(context, _RDMA), *_loaded(context, re.compile(r"(erdma|mlx_compat|knem)$"))]


@check(
    id="DRV-AMD",
    title="The driver of AMD for graphics processors comes from outside the kernel",
    severity="high",
    area="drivers",
    remediation="Remove the driver, migrate, and install the build for the target's kernel.",
    source=SMC_LIMITS + " (kernel modules)",
    grade="documented",
)
def amd(context: Context) -> Iterable[str]:
    return [*_named(context, _AMD), *_loaded(context, re.compile(r"(amdkcl|amddrm_.*)$"))]


@check(
    id="DRV-SENSOR",
    title="A security sensor or virus scanner hooks into the kernel",
    severity="high",
    area="drivers",
    remediation="Such products list the kernels that they know, and may take the replacement of every program for an attack. "
    "Uninstall the product, and install it again on the target.",
    source=LEAPP + ": security software; " + SMC_LIMITS,
    grade="documented",
)
def sensor(context: Context) -> Iterable[str]:
    return [*_named(context, _SENSORS), *_loaded(context, _SENSOR_MODULES)]


@check(
    id="DRV-PROBE",
    title="A monitoring agent has loaded a kernel module of its own",
    severity="medium",
    area="drivers",
    remediation="Its module does not fit the target's kernel. Update the agent to a version that builds or brings one for "
    "it, and look whether it reports again after the migration.",
    source=SMC_LIMITS + " (kernel modules)",
    grade="documented",
)
def probes(context: Context) -> Iterable[str]:
    return _loaded(context, _PROBES)
