# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Will the host be guarded afterwards as it is now, neither more nor less?"""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.base import (
    LEAPP,
    SMC_DRILL,
    Context,
    check,
    need,
)
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.named import EL7, EL8


def _enabled(context: Context, *names: str) -> list[str]:
    files = need(context.facts.unit_files, "unit_files")
    return [name for name in names if files.get(name) == "enabled"]


def _lines(context: Context, path: str) -> tuple[str, ...]:
    return need(context.facts.config_files, "config_files").get(path, ())


@check(
    id="FW-TCP-WRAPPERS",
    title="Access is limited by TCP wrappers",
    severity="high",
    area="firewall",
    remediation="The target's services do not read /etc/hosts.allow and /etc/hosts.deny any more: whoever is refused now gets "
    "in. Express the rules in security groups or a firewall.",
    source="Red Hat: considerations in adopting RHEL 8, TCP wrappers are removed; " + LEAPP,
    grade="documented",
    sources=EL7,
    targets=EL8,
    severities={"leapp": "inhibitor"},
)
def tcp_wrappers(context: Context) -> Iterable[str]:
    for path in ("/etc/hosts.deny", "/etc/hosts.allow"):
        yield from (f"{path}: {line}" for line in _lines(context, path))


@check(
    id="FW-ZONE-DRIFTING",
    title="firewalld lets packets drift from one zone to another",
    severity="medium",
    area="firewall",
    remediation="The target does not know AllowZoneDrifting, and Leapp refuses it. Set it to no, and test your rules.",
    command="sed -i 's/^AllowZoneDrifting=.*/AllowZoneDrifting=no/' /etc/firewalld/firewalld.conf",
    source=LEAPP + ": firewalldcheckallowzonedrifting",
    grade="documented",
    targets=("rhel9",),
    severities={"leapp": "inhibitor", "smc": "high"},
)
def zone_drifting(context: Context) -> Iterable[str]:
    if _enabled(context, "firewalld.service"):
        for line in _lines(context, "/etc/firewalld/firewalld.conf"):
            if line.replace(" ", "").lower() == "allowzonedrifting=yes":
                yield line


@check(
    id="FW-DIRECT",
    title="firewalld has rules in the language of iptables",
    severity="medium",
    area="firewall",
    remediation="They are applied by another backend on the target, and in another order. Write them as rich rules.",
    command="firewall-cmd --direct --get-all-rules",
    source=LEAPP + ": firewalld direct rules; Red Hat: firewalld uses nftables from RHEL 8 on",
    grade="documented",
    sources=(*EL7, "rhel8"),
    targets=(*EL8, "rhel9"),
)
def direct(context: Context) -> Iterable[str]:
    if _enabled(context, "firewalld.service"):
        lines = _lines(context, "/etc/firewalld/direct.xml")
        yield from (line.strip() for line in lines if line.strip().startswith(("<rule", "<passthrough", "<chain")))


@check(
    id="FW-IPTABLES",
    title="Services of iptables load the rules",
    severity="medium",
    area="firewall",
    remediation="The target has them in another package, iptables-nft-services, which is deprecated. Write the rules for "
    "nftables or firewalld.",
    command="iptables-restore-translate -f /etc/sysconfig/iptables",
    source="Red Hat: RHEL 9, iptables is deprecated, and so is iptables-nft-services",
    grade="documented",
    targets=("rhel9",),
)
def iptables(context: Context) -> Iterable[str]:
    return _enabled(context, "iptables.service", "ip6tables.service", "ipset.service")


@check(
    id="FW-EBTABLES",
    title="Bridges are guarded by ebtables or arptables",
    severity="medium",
    area="firewall",
    remediation="The target's ebtables has no table broute and comes without these services. Write the rules for nftables.",
    source="Red Hat: considerations in adopting RHEL 8, ebtables; that the services are gone is assumed",
    grade="assumed",
    sources=(*EL7, "rhel8"),
    targets=(*EL8, "rhel9"),
)
def ebtables(context: Context) -> Iterable[str]:
    return _enabled(context, "ebtables.service", "arptables.service")


@check(
    id="FW-TWO",
    title="Two services load firewall rules",
    severity="medium",
    area="firewall",
    remediation="Which one wins is chance at each boot, before as after the migration. Disable one of them.",
    source="firewalld: conflicts with iptables.service",
    grade="documented",
)
def two(context: Context) -> Iterable[str]:
    found = _enabled(context, "firewalld.service", "iptables.service", "nftables.service")
    return found if len(found) > 1 else []


@check(
    id="FW-ON",
    title="A firewall runs on the host",
    severity="low",
    area="firewall",
    remediation="Server Migration Center needs its way out to the cloud's endpoints. Security groups can do the same for the "
    "time of the migration.",
    source=SMC_DRILL,
    grade="documented",
    engines=("smc",),
)
def on(context: Context) -> Iterable[str]:
    units = need(context.facts.units, "units")
    names = ("firewalld.service", "iptables.service", "nftables.service")
    return [name for name in names if name in units and units[name].active == "active"]
