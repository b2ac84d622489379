# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does this host play a role that a migration must not disturb?"""

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
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.named import packages_named

_CLUSTER = ("pacemaker", "corosync", "lvm2-cluster", "lvm2-lockd", "keepalived-cluster")
_LIVE_PATCH = re.compile(r"(kpatch|kpatch-patch.*|kpatch-dnf|kernelcare|ksplice|uptrack)$")
_DESKTOP = ("gnome-shell", "plasma-workspace", "xfce4-session", "mate-session-manager", "gdm", "sddm", "lightdm")
_DATABASE = re.compile(r"(mysql-server|mysql-community-server|mariadb-server|MariaDB-server|postgresql(\d\d)?-server)$")
_PANELS = {
    "/usr/local/cpanel": "cPanel",
    "/usr/local/psa": "Plesk",
    "/usr/local/directadmin": "DirectAdmin",
    "/usr/local/CyberCP": "CyberPanel",
    "/usr/local/mgr5": "ISPmanager",
    "/www/server/panel": "aaPanel (BaoTa)",
}
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


@check(
    id="APP-PANEL",
    title="A hosting control panel manages the host",
    severity="high",
    area="applications",
    remediation="A panel knows the systems that it supports, and replaces packages itself. Use its vendor's way of changing "
    "the system, or move the sites to a new host.",
    source="elevate-cpanel, centos2alma: panels need tools of their own",
    grade="documented",
)
def panel(context: Context) -> Iterable[str]:
    there = need(context.facts.paths, "paths")
    return [f"{path} ({name})" for path, name in _PANELS.items() if path in there]


@check(
    id="APP-SAP",
    title="SAP software is installed",
    severity="high",
    area="applications",
    remediation="SAP supports releases of a few systems only, and names kernels and packages for them. Check the notes for "
    "the target, stop all instances, and rehearse on a clone.",
    source=LEAPP + ": SAP HANA",
    grade="documented",
)
def sap(context: Context) -> Iterable[str]:
    if "sapadm" in need(context.facts.users, "users"):
        yield "user sapadm"
    yield from (
        path
        for path in need(context.facts.running, "running")
        if re.search(r"/(sapstartsrv|hdbdaemon|disp\+work)$", path)
    )


@check(
    id="APP-ORACLE",
    title="Oracle Database is installed",
    severity="high",
    area="applications",
    remediation="Its binaries were linked on the source, and its vendor certifies a few systems. Stop the database, copy the "
    "home directory, and relink it on the target.",
    command="$ORACLE_HOME/bin/relink all",
    source="Oracle: relink after an upgrade of the operating system",
    grade="documented",
)
def oracle(context: Context) -> Iterable[str]:
    if "/etc/oratab" in need(context.facts.paths, "paths"):
        yield "/etc/oratab"


packages_named(
    r"eap\d-wildfly|jbossas.*|jboss-as.*",
    id="APP-JBOSS",
    title="JBoss Enterprise Application Platform is installed",
    severity="high",
    area="applications",
    remediation="Its packages belong to one major version and are not carried over. Remove them, and install the platform anew; "
    "keep the configuration and the applications.",
    source=LEAPP + ": JBoss EAP",
    grade="documented",
)

packages_named(
    r"(rh-)?dotnet(core)?\d*-.*|dotnet-(runtime|sdk|host)-.*|aspnetcore-runtime-.*",
    id="APP-DOTNET",
    title=".NET is installed",
    severity="low",
    area="applications",
    remediation="Versions that the target has not stay as leftovers without updates. Look up which versions it offers, and "
    "publish the applications for one of them.",
    source=LEAPP + ": .NET",
    grade="documented",
)


@check(
    id="APP-JAVA",
    title="The default Java was chosen by hand",
    severity="low",
    area="applications",
    remediation="Alternatives may be set anew when packages are replaced. Compare them after the migration, and choose "
    "the same Java again.",
    command="alternatives --config java",
    source="almalinux-deploy issue 50",
    grade="documented",
)
def java(context: Context) -> Iterable[str]:
    for name, target in sorted(need(context.facts.alternatives, "alternatives").items()):
        if name in ("java", "javac") and not target.startswith("/usr/lib/jvm/"):
            yield f"{name} is {target}"
