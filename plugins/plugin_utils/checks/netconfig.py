# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is the network configured in a way that the target's services understand?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.base import (
    KNOWN_FAILURE,
    LEAPP,
    Context,
    check,
    need,
)
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.named import EL7, EL8

_IFCFG = "/etc/sysconfig/network-scripts/ifcfg-"
_NO = ("no", "n", "false", "0")
_LOCAL_RULES = re.compile(r"(0|32766|32767):\s+from all lookup (local|main|default)")


def _interfaces(context: Context) -> Iterable[tuple[str, Mapping[str, str]]]:
    """The ifcfg files that are used at boot, without the one of the loopback."""
    for path, values in need(context.facts.network_config, "network_config").items():
        used = path.startswith(_IFCFG) and not path.endswith(("/ifcfg-lo", ".bak", ".orig", "~"))
        if used and values.get("ONBOOT", "yes").lower() not in _NO:
            yield path, values


@check(
    id="NETCFG-UNMANAGED",
    title="Interfaces are kept from NetworkManager",
    severity="medium",
    area="netconfig",
    remediation="The target has no other service that configures them unless network-scripts is installed there. Remove "
    "NM_CONTROLLED=no, and test with NetworkManager before.",
    source=LEAPP + "; Red Hat: network-scripts are deprecated in RHEL 8 and gone in RHEL 9",
    grade="documented",
    targets=(*EL8, "rhel9"),
)
def unmanaged(context: Context) -> Iterable[str]:
    for path, values in _interfaces(context):
        if values.get("NM_CONTROLLED", "yes").lower() in _NO:
            yield f"{path}: NM_CONTROLLED={values['NM_CONTROLLED']}"


@check(
    id="NETCFG-NETWORKD",
    title="systemd-networkd configures the network",
    severity="medium",
    area="netconfig",
    remediation="Older images of Alibaba Cloud Linux 2 do this. The target uses NetworkManager, and Leapp carries over no "
    "networkd configuration: switch the network service first, as Alibaba Cloud describes.",
    source="Alibaba Cloud Linux 2: overview, images before 2021-02-08; that Leapp ignores networkd is assumed",
    grade="documented",
    sources=("alinux2",),
    targets=EL8,
)
def networkd(context: Context) -> Iterable[str]:
    if need(context.facts.unit_files, "unit_files").get("systemd-networkd.service") == "enabled":
        yield "systemd-networkd.service is enabled"


@check(
    id="NETCFG-SCRIPTS",
    title="Only the old network service configures the network",
    severity="high",
    area="netconfig",
    remediation="Red Hat Enterprise Linux 9 has no network-scripts. Enable NetworkManager, reboot, and test before the migration.",
    command="systemctl enable --now NetworkManager",
    source="Red Hat: considerations in adopting RHEL 9, network-scripts are removed",
    grade="documented",
    targets=("rhel9",),
)
def scripts(context: Context) -> Iterable[str]:
    files = need(context.facts.unit_files, "unit_files")
    old = files.get("network.service", "").startswith(("enabled", "generated"))
    if old and files.get("NetworkManager.service") != "enabled":
        yield "network.service is enabled, NetworkManager.service is not"


@check(
    id="NETCFG-SEVERAL",
    title="Several interfaces, and Leapp does not accept their names",
    severity="inhibitor",
    area="netconfig",
    remediation="Leapp refuses hosts with more than one interface where one is called eth0 or the like. Detach the other ones "
    "for the time of the migration, or give all of them names of their own.",
    source=LEAPP + ": persistentnetnamesdisable, unsupported network configuration",
    grade="documented",
    engines=("leapp",),
)
def several(context: Context) -> Iterable[str]:
    found = [name for name in need(context.facts.interfaces, "interfaces") if re.fullmatch(r"(eth|en)\w+", name)]
    if len(found) > 1 and any(re.fullmatch(r"eth\d+", name) for name in found):
        yield ", ".join(found)


@check(
    id="NETCFG-NO-DEVICE",
    title="An interface's configuration does not say which interface it is for",
    severity="medium",
    area="netconfig",
    remediation="Services guess by the name of the file, each in its own way. Write DEVICE or HWADDR.",
    source="initscripts: sysconfig.txt, ifcfg",
    grade="documented",
)
def no_device(context: Context) -> Iterable[str]:
    for path, values in _interfaces(context):
        if not values.get("DEVICE") and not values.get("HWADDR") and not values.get("NAME"):
            yield path


@check(
    id="NETCFG-HARDWARE",
    title="An interface's configuration is bound to a hardware address that does not exist",
    severity="high",
    area="netconfig",
    remediation="It came with an image of another machine. The configuration is not applied at boot: correct HWADDR, or remove it.",
    command="ip -o link",
    source=KNOWN_FAILURE + "; initscripts: HWADDR",
    grade="documented",
)
def hardware(context: Context) -> Iterable[str]:
    values = need(context.facts.kernel_values, "kernel_values")
    known = {value.lower() for path, value in values.items() if path.startswith("/sys/class/net/")}
    for path, config in _interfaces(context):
        address = config.get("HWADDR", "").lower()
        if address and known and address not in known:
            yield f"{path}: HWADDR={address}"


@check(
    id="NETCFG-STATIC",
    title="The addresses of interfaces are fixed on the host",
    severity="low",
    area="netconfig",
    remediation="The cloud gives them by DHCP. A fixed address works as long as the target's service reads the same file; "
    "compare after the migration.",
    source="ECS: instances get their private addresses by DHCP",
    grade="documented",
)
def static(context: Context) -> Iterable[str]:
    for path, values in need(context.facts.network_config, "network_config").items():
        keys = [key for key in values if re.fullmatch(r"IPADDR\d*|network\.Address", key)]
        manual = values.get("ipv4.method") == "manual"
        if not path.endswith("/ifcfg-lo") and (keys or manual):
            yield f"{path}: {', '.join(f'{key}={values[key]}' for key in keys) or 'method=manual'}"


@check(
    id="NETCFG-TEAM",
    title="Interfaces are joined by teamd",
    severity="medium",
    area="netconfig",
    remediation="Teams are deprecated on the target. Convert them to bonds before the migration.",
    command="team2bond --help",
    source="Red Hat: RHEL 9, network teams are deprecated",
    grade="documented",
    targets=("rhel9",),
)
def team(context: Context) -> Iterable[str]:
    for path, values in need(context.facts.network_config, "network_config").items():
        if (
            values.get("DEVICETYPE", "").lower() == "team"
            or "TEAM_MASTER" in values
            or values.get("connection.type") == "team"
        ):
            yield path


@check(
    id="NETCFG-VIRTUAL",
    title="Bonds, bridges or VLANs are configured",
    severity="low",
    area="netconfig",
    remediation="They come up in another order under another service. Rehearse on a clone, and keep the console at hand.",
    source=LEAPP + ": network configuration",
    grade="documented",
)
def virtual(context: Context) -> Iterable[str]:
    for path, values in need(context.facts.network_config, "network_config").items():
        kind = values.get("TYPE", values.get("connection.type", "")).lower()
        vlan = values.get("VLAN", "no").lower() in ("yes", "1", "true")
        if (
            kind in ("bond", "bridge", "vlan", "ovsbridge", "infiniband")
            or vlan
            or "MASTER" in values
            or "BRIDGE" in values
        ):
            yield path


@check(
    id="NETCFG-NO-IPV4",
    title="The host has no IPv4 address",
    severity="high",
    area="netconfig",
    remediation="Mirrors and the metadata service of the cloud are reached by IPv4. Add an address for the migration.",
    source="ECS: addresses of the metadata service and of the mirrors inside a VPC",
    grade="documented",
)
def no_ipv4(context: Context) -> Iterable[str]:
    addresses = need(context.facts.addresses, "addresses")
    if not any(a.family == "inet" and not a.address.startswith("127.") for a in addresses):
        yield f"{len(addresses)} addresses, none of them IPv4"


@check(
    id="NETCFG-RESOLV-LINK",
    title="/etc/resolv.conf is a link",
    severity="low",
    area="netconfig",
    remediation="Whoever writes what it points at may not run on the target. Keep the name servers at hand.",
    source="assumed: the writer of the file is a service of the source",
    grade="assumed",
)
def resolv_link(context: Context) -> Iterable[str]:
    state = need(context.facts.path_states, "path_states").get("/etc/resolv.conf")
    if state and state.link:
        yield f"/etc/resolv.conf -> {state.link}"


@check(
    id="NETCFG-HOSTS",
    title="/etc/hosts does not hold the name of the host",
    severity="low",
    area="netconfig",
    remediation="Programs wait for a name server when they look it up, and sudo warns. Add a line.",
    command='echo "127.0.1.1 $(uname -n)" >> /etc/hosts',
    source="assumed: names are looked up while the network is not there yet",
    grade="assumed",
)
def hosts(context: Context) -> Iterable[str]:
    lines = need(context.facts.config_files, "config_files").get("/etc/hosts", ())
    name = need(context.facts.hostname, "hostname")
    switch = context.facts.config_files or {}
    by_itself = any(line.startswith("hosts:") and "myhostname" in line for line in switch.get("/etc/nsswitch.conf", ()))
    names = {word for line in lines for word in line.partition("#")[0].split()[1:]}
    if not by_itself and name not in names and name.partition(".")[0] not in names:
        yield name


@check(
    id="NETCFG-POLICY",
    title="Routes depend on rules of the host's own",
    severity="medium",
    area="netconfig",
    remediation="NetworkManager reads rule files only with NetworkManager-dispatcher-routing-rules. Write them as properties "
    "of the connection, or install that package on the target.",
    command="ip rule show",
    source="Red Hat: policy-based routing with ifcfg files",
    grade="documented",
    targets=(*EL8, "rhel9"),
    sources=(*EL7, "rhel8"),
)
def policy(context: Context) -> Iterable[str]:
    hooks = need(context.facts.network_hooks, "network_hooks")
    yield from (path for path in hooks if re.search(r"/network-scripts/rule6?-", path))
    yield from (rule for rule in need(context.facts.ip_rules, "ip_rules") if not _LOCAL_RULES.match(rule))
