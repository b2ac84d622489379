# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does this host play a role that a migration must not disturb?"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.base import LEAPP, SMC_LIMITS, Context, check

_CLUSTER = ("pacemaker", "corosync", "lvm2-cluster", "lvm2-lockd", "keepalived-cluster")
_LIVE_PATCH = re.compile(r"(kpatch|kpatch-patch.*|kpatch-dnf|kernelcare|ksplice|uptrack)$")
_DESKTOP = ("gnome-shell", "plasma-workspace", "xfce4-session", "mate-session-manager", "gdm", "sddm", "lightdm")
_DATABASE = re.compile(r"(mysql-server|mysql-community-server|mariadb-server|MariaDB-server|postgresql(\d\d)?-server)$")
_MANAGED = re.compile(
    r"(katello-ca-consumer.*|katello-host-tools|salt-minion-uyuni|venv-salt-minion|spacewalk-client-tools)$"
)


@check(
    id="APP-CLUSTER",
    title="The host is a member of a cluster",
    severity="inhibitor",
    area="applications",
    remediation="Take the host out of the cluster, and remove the cluster's packages, before it is migrated.",
    source=LEAPP,
    grade="documented",
)
def cluster(context: Context) -> Iterable[str]:
    return [p.nevra for p in context.packages if p.name in _CLUSTER]


@check(
    id="APP-LIVE-PATCH",
    title="The kernel is patched while it runs",
    severity="high",
    area="applications",
    remediation="Patches are made for one kernel. Remove the live patching tool, and register again on the target.",
    source="elevate-cpanel refuses KernelCare",
    grade="documented",
)
def live_patch(context: Context) -> Iterable[str]:
    return [p.nevra for p in context.packages if _LIVE_PATCH.match(p.name)]


@check(
    id="APP-IDENTITY-SERVER",
    title="The host is an identity server",
    severity="high",
    area="applications",
    remediation="Move the role to a new server on the target by replication instead of converting this one.",
    source=LEAPP,
    grade="documented",
)
def identity_server(context: Context) -> Iterable[str]:
    return [p.nevra for p in context.packages if p.name in ("ipa-server", "389-ds-base", "freeipa-server")]


@check(
    id="APP-MANAGED",
    title="Another server manages this host's packages",
    severity="high",
    area="applications",
    remediation="Unregister the host before it is migrated; otherwise the manager brings the source's packages back.",
    source="migrate2rocky, Leapp: Katello, Uyuni",
    grade="documented",
)
def managed(context: Context) -> Iterable[str]:
    return [p.nevra for p in context.packages if _MANAGED.match(p.name)]


@check(
    id="APP-DESKTOP",
    title="A graphical desktop is installed",
    severity="medium",
    area="applications",
    remediation="Conversions of desktops are not covered by the vendors. Remove the desktop, or rehearse on a clone.",
    source="OpenCloudOS and Anolis OS migration guides exclude desktops",
    grade="documented",
)
def desktop(context: Context) -> Iterable[str]:
    return [p.nevra for p in context.packages if p.name in _DESKTOP]


@check(
    id="APP-DATABASE",
    title="A database server is installed",
    severity="medium",
    area="applications",
    remediation="Compare its version with the target's: data files cannot go back to an older version. Make a "
    "dump first.",
    source=SMC_LIMITS,
    grade="documented",
)
def database(context: Context) -> Iterable[str]:
    return [p.nevra for p in context.packages if _DATABASE.match(p.name)]
