# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Are the agents of the cloud there, and will they be?"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.base import (
    KNOWN_FAILURE,
    SMC_LIMITS,
    Context,
    check,
    need,
)
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.named import EL7, EL8


@check(
    id="AGENT-ASSISTANT",
    title="Cloud Assistant is not installed",
    severity="medium",
    area="agents",
    remediation="It is the second way to the host where SSH does not answer. Install it before the migration.",
    source=SMC_LIMITS + " (agent online)",
    grade="documented",
)
def assistant(context: Context) -> Iterable[str]:
    paths = need(context.facts.paths, "paths")
    if not {"/usr/local/share/aliyun-assist", "/usr/sbin/aliyun-service"} & paths:
        yield "neither /usr/local/share/aliyun-assist nor /usr/sbin/aliyun-service is there"


@check(
    id="AGENT-ASSISTANT-OFF",
    title="Cloud Assistant is installed but does not run",
    severity="medium",
    area="agents",
    remediation="Start and enable it; it is the second way to the host where SSH does not answer.",
    command="systemctl enable --now aliyun.service",
    source=SMC_LIMITS + " (agent online)",
    grade="documented",
)
def assistant_off(context: Context) -> Iterable[str]:
    unit = need(context.facts.units, "units").get("aliyun.service")
    if unit and unit.active != "active":
        yield f"aliyun.service is {unit.active}"


@check(
    id="AGENT-CLOUD-INIT",
    title="cloud-init is installed, but not as a package",
    severity="low",
    area="agents",
    remediation="Alibaba Cloud installs its own build beside the packages. Look at its version after the "
    "migration, and set the data source AliYun again if a package has taken its place.",
    source=KNOWN_FAILURE + "; Alibaba Cloud: install cloud-init",
    grade="documented",
)
def cloud_init(context: Context) -> Iterable[str]:
    paths = need(context.facts.paths, "paths")
    owned = any(p.name == "cloud-init" for p in context.packages)
    if not owned:
        yield from sorted(paths & {"/usr/bin/cloud-init", "/usr/local/bin/cloud-init"})


@check(
    id="AGENT-SECURITY-CENTER",
    title="The Security Center agent is installed",
    severity="inhibitor",
    area="agents",
    remediation="It has to be uninstalled before a conversion to Red Hat Enterprise Linux; install it again "
    "afterwards.",
    source="Server Migration Center: preparations for CentOS to RHEL",
    grade="documented",
    sources=("centos7", "centos8"),
    targets=("rhel7", "rhel8"),
)
def security_center(context: Context) -> Iterable[str]:
    modules = need(context.facts.kernel_modules, "kernel_modules")
    yield from (m.name for m in modules if m.name.startswith("AliSec"))
    if "/usr/local/aegis" in need(context.facts.paths, "paths"):
        yield "/usr/local/aegis"


@check(
    id="AGENT-CLOUD-INIT-PYTHON2",
    title="cloud-init runs with Python 2, which the target does not have",
    severity="low",
    area="agents",
    remediation="It does nothing at the next boots until the target's cloud-init takes its place. Note the settings in "
    "/etc/cloud, and make sure that the network does not depend on it.",
    source="Alibaba Cloud: cloud-init of CentOS 7 images is installed from an archive, for Python 2",
    grade="documented",
    sources=EL7,
    targets=EL8,
)
def cloud_init_python2(context: Context) -> Iterable[str]:
    line = need(context.facts.scripts, "scripts").get("/usr/bin/cloud-init", "")
    if re.search(r"python(2(\.\d)?)?( |$)", line) and "/usr/bin/cloud-init" in need(context.facts.unowned, "unowned"):
        yield f"/usr/bin/cloud-init: {line}"
