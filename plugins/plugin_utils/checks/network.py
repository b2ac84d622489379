# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Will the host be reachable by the network afterwards?"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.base import (
    KNOWN_FAILURE,
    LEAPP,
    Context,
    check,
    need,
)

# What packages of the system, and the directories of NetworkManager, have there.
_OWN_DISPATCHERS = re.compile(
    r"/(no-wait\.d|pre-up\.d|pre-down\.d|00-netreport|04-iscsi|10-ifcfg-rh-routes\.sh|10-sendmail|11-dhclient|12-dhcpd"
    r"|20-chrony(-dhcp|-onoffline)?|20-squid|30-winbind(-systemd)?|99-vpnc|90-nm-cloud-setup\.sh|hook-network-manager"
    r"|cloud-init-hook-network-manager|nm-cloud-setup.*)$"
)
_SERVICES = ("NetworkManager.service", "network.service", "systemd-networkd.service")


@check(
    id="NET-NAMES",
    title="Several interfaces bear names that a reboot may swap",
    severity="high",
    area="network",
    remediation="Keep the names by net.ifnames=0 on the kernel's command line, and bind each configuration to its"
    " hardware address.",
    command="grubby --update-kernel=ALL --args=net.ifnames=0",
    source="Server Migration Center FAQ and Leapp: unsupported network configuration",
    grade="documented",
)
def names(context: Context) -> Iterable[str]:
    found = [name for name in need(context.facts.interfaces, "interfaces") if re.fullmatch(r"eth\d+", name)]
    if len(found) > 1 and "net.ifnames=0" not in need(context.facts.cmdline, "cmdline"):
        yield f"{', '.join(found)} without net.ifnames=0"


@check(
    id="NET-SERVICE",
    title="No service configures the network at boot",
    severity="high",
    area="network",
    remediation="The addresses were set by hand and will be gone after the reboot. Enable the service that the "
    "host uses.",
    command="systemctl enable NetworkManager",
    source=LEAPP,
    grade="documented",
)
def service(context: Context) -> Iterable[str]:
    files = need(context.facts.unit_files, "unit_files")
    # Major version 7 does not list init scripts among its unit files.
    script = (context.facts.units or {}).get("network.service")
    by_script = script is not None and script.active == "active"
    if not by_script and not any(files.get(name, "").startswith(("enabled", "generated")) for name in _SERVICES):
        yield f"none of {', '.join(_SERVICES)} is enabled"


@check(
    id="NET-GATEWAY",
    title="There is no default route",
    severity="high",
    area="network",
    remediation="The target's repositories cannot be reached. Repair the route, or use a mirror in the same network.",
    source="assumed: repositories are outside the host's own network",
    grade="assumed",
)
def gateway(context: Context) -> Iterable[str]:
    need(context.facts.routes, "routes")
    if not context.facts.gateways:
        yield "ip route shows no default route"


@check(
    id="NET-RESOLVER",
    title="No name server is configured",
    severity="high",
    area="network",
    remediation="The target's repositories cannot be found by name. Repair /etc/resolv.conf.",
    source="assumed: repositories are addressed by name",
    grade="assumed",
)
def resolver(context: Context) -> Iterable[str]:
    if not need(context.facts.nameservers, "nameservers"):
        yield "/etc/resolv.conf names no server"


@check(
    id="NET-HOOK",
    title="A script of the host's own hooks into the network service",
    severity="low",
    area="network",
    remediation="Make sure that it works with the target's network service, or does no harm there.",
    source=KNOWN_FAILURE + "; Leapp: custom network scripts",
    grade="documented",
)
def hook(context: Context) -> Iterable[str]:
    paths, hooks = need(context.facts.paths, "paths"), need(context.facts.network_hooks, "network_hooks")
    yield from (path for path in paths if path == "/etc/sysconfig/network-scripts/ifup-local")
    yield from (path for path in hooks if path.startswith(("/sbin/", "/etc/dhcp/")))
    for path in hooks:
        if path.startswith("/etc/NetworkManager/dispatcher.d/") and not _OWN_DISPATCHERS.search(path):
            yield path
