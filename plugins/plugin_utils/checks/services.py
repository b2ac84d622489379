# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Are the services and tools of the system in order?"""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.base import (
    CONVERT2RHEL,
    KNOWN_FAILURE,
    LEAPP,
    Context,
    check,
    need,
)

_TOOLS = ("awk", "base64", "curl", "dnf", "flock", "rpm", "rpmkeys", "sed", "sha256sum", "tail", "tar", "timeout")
# Disabled, and yet started at every boot because another unit wants them.
_STARTED_BY_OTHERS = ("gssproxy.service", "rpc-statd.service", "rpcbind.service", "NetworkManager-wait-online.service")
_UPDATERS = (
    "dnf-automatic.timer",
    "dnf-automatic-install.timer",
    "dnf-automatic-download.timer",
    "yum-cron.service",
    "packagekit-offline-update.service",
)


@check(
    id="SVC-DETACH",
    title="The conversion cannot be started apart from the login session",
    severity="inhibitor",
    area="services",
    remediation="It must outlive a lost connection. Install util-linux, which has setsid, or boot the host with "
    "systemd.",
    command="{manager} -y install util-linux",
    source=KNOWN_FAILURE + " (dnf, almalinux-deploy: a lost session broke the host)",
    grade="documented",
    waivable=False,
)
def detach(context: Context) -> Iterable[str]:
    tools = need(context.facts.tools, "tools")
    with_systemd = "systemd-run" in tools and "/run/systemd/system" in need(context.facts.paths, "paths")
    if not with_systemd and "setsid" not in tools:
        yield "neither systemd-run nor setsid can be used"


@check(
    id="SVC-TOOLS",
    title="Programs are missing that the conversion needs",
    severity="inhibitor",
    area="services",
    remediation="Install the packages that hold them.",
    command="dnf -y install coreutils gawk curl dnf rpm sed tar util-linux",
    source="migrate-to-ol, migrate2rocky: list of programs needed",
    grade="documented",
    engines=("distro_sync",),
    sources=("centos8", "rhel8"),
    waivable=False,
)
def tools(context: Context) -> Iterable[str]:
    found = need(context.facts.tools, "tools")
    return [f"{tool} is missing" for tool in _TOOLS if tool not in found]


@check(
    id="SVC-BOOT-TOOLS",
    title="Programs are missing that make the host bootable",
    severity="high",
    area="services",
    remediation="Install the packages grubby, dracut and grub2-tools.",
    command="{manager} -y install grubby dracut grub2-tools",
    source="migrate-to-ol, convert2rhel: default kernel and initramfs are verified with them",
    grade="documented",
)
def boot_tools(context: Context) -> Iterable[str]:
    found = need(context.facts.tools, "tools")
    return [f"{tool} is missing" for tool in ("dracut", "grub2-mkconfig", "grubby", "lsinitrd") if tool not in found]


@check(
    id="SVC-FAILED",
    title="Services have failed already",
    severity="medium",
    area="services",
    remediation="Repair or disable them, so that a failure after the migration can be told from one before it.",
    command="systemctl --failed",
    source=CONVERT2RHEL + "; state before and after is compared",
    grade="documented",
)
def failed(context: Context) -> Iterable[str]:
    return need(context.facts.failed_units, "units")


@check(
    id="SVC-UPDATES",
    title="Updates are installed automatically",
    severity="medium",
    area="services",
    remediation="They may start in the middle of the migration. Disable them until it is over.",
    source="assumed: two package managers at once",
    grade="assumed",
)
def automatic_updates(context: Context) -> Iterable[str]:
    files = need(context.facts.unit_files, "unit_files")
    return [name for name in _UPDATERS if files.get(name) == "enabled"]


@check(
    id="SVC-INIT",
    title="systemd does not run this system",
    severity="high",
    area="services",
    remediation="State of services cannot be compared before and after, and the conversion is less well "
    "protected. Boot with systemd.",
    source="assumed: every source and target boots with systemd",
    grade="assumed",
)
def init(context: Context) -> Iterable[str]:
    name = need(context.facts.pid1, "pid1")
    if name != "systemd":
        yield f"process 1 is {name}"


@check(
    id="SVC-CRYPTO-POLICY",
    title="The system-wide cryptographic policy is not the default",
    severity="low",
    area="services",
    remediation="Make sure that the target has a policy of this name.",
    command="update-crypto-policies --show",
    source=LEAPP,
    grade="documented",
)
def crypto_policy(context: Context) -> Iterable[str]:
    policy = need(context.facts.crypto_policy, "crypto_policy")
    if policy and policy != "DEFAULT":
        yield policy


@check(
    id="SVC-NOT-ENABLED",
    title="Services run that do not start at boot",
    severity="medium",
    area="services",
    remediation="They were started by hand and will be gone after the reboot. Enable them, or stop them.",
    source="assumed: a reboot starts what is enabled",
    grade="assumed",
)
def not_enabled(context: Context) -> Iterable[str]:
    files = need(context.facts.unit_files, "unit_files")
    for name, unit in need(context.facts.units, "units").items():
        by_socket = files.get(name.replace(".service", ".socket")) == "enabled"
        started = name.endswith(".service") and unit.sub == "running" and name not in _STARTED_BY_OTHERS
        if started and files.get(name) == "disabled" and not by_socket:
            yield name
