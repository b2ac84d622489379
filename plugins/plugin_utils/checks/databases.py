# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Can the target's database servers read what the source's wrote?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.base import SMC_LIMITS, Context, check, need
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.named import packages_named
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.facts_types import Package
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.facts_versions import compare_versions

STREAMS = "Red Hat: application streams and their life cycle; assumed to be the same on the other targets"
_PACKAGES = {
    "MySQL": re.compile(r"(mysql|mysql-community|Percona-Server|percona-server|rh-mysql\d+-mysql)-server(-\d+)?"),
    "MariaDB": re.compile(r"(mariadb|MariaDB|mariadb10\.\d+|mariadb10\d+|rh-mariadb\d+-mariadb)-server"),
    "PostgreSQL": re.compile(r"(postgresql\d*|rh-postgresql\d+-postgresql)-server"),
    "Redis": re.compile(r"(rh-redis\d+-)?redis\d*"),
}
_EL7 = {"MySQL": (), "MariaDB": ("5.5",), "PostgreSQL": ("9.2",), "Redis": ()}
_REBUILD_8 = {
    "MySQL": ("8.0",),
    "MariaDB": ("10.3", "10.5"),
    "PostgreSQL": ("9.6", "10", "12", "13"),
    "Redis": ("5.0", "6.0", "6.2"),
}
# The versions that a target's own repositories offer, oldest first.
_OFFERED: dict[str, dict[str, tuple[str, ...]]] = {
    "alinux2": _EL7,
    "anolis7": _EL7,
    "rhel7": _EL7,
    "alinux3": _REBUILD_8,
    "anolis8": _REBUILD_8,
    "rhel8": {
        "MySQL": ("8.0", "8.4"),
        "MariaDB": ("10.3", "10.5", "10.11"),
        "PostgreSQL": ("9.6", "10", "12", "13", "15", "16"),
        "Redis": ("5.0", "6.0", "6.2"),
    },
    "rhel9": {
        "MySQL": ("8.0", "8.4"),
        "MariaDB": ("10.5", "10.11"),
        "PostgreSQL": ("13", "15", "16"),
        "Redis": ("6.2", "7.0"),
    },
}
_BINARIES = re.compile(
    r"/(mysqld|mariadbd|postgres|postmaster|mongod|mongos|redis-server|oracle|clickhouse(-server)?|beam\.smp|etcd|influxd"
    r"|taosd|observer|hdbnameserver)( \(deleted\))?$"
)


def _servers(context: Context, product: str) -> Iterator[Package]:
    return (p for p in context.packages if _PACKAGES[product].fullmatch(p.name))


def _offered(context: Context, product: str) -> tuple[str, ...]:
    return _OFFERED.get(context.path.target, {}).get(product, ())


def _series(product: str, version: str) -> str:
    """The part of a version within which the format of the data stays: 13 of 13.4, but 9.2 of 9.2.24."""
    parts = version.split(".")
    return parts[0] if product == "PostgreSQL" and parts[0] != "9" else ".".join(parts[:2])


def _newer(context: Context, product: str) -> Iterator[str]:
    """Those of which the target has an older version only."""
    offered = _offered(context, product)
    for p in _servers(context, product):
        if offered and compare_versions(_series(product, p.version), offered[-1]) > 0:
            yield f"{p.nevra} ({p.vendor or 'no vendor'}); the target offers {product} {', '.join(offered)}"


@check(
    id="DB-MYSQL-NEWER",
    title="MySQL is newer than the target's",
    severity="high",
    severities={"smc": "inhibitor"},
    area="databases",
    remediation="MySQL does not go back to an older version. Keep the server from its vendor's own repository for the "
    "target, or restore a dump into the target's version.",
    source=SMC_LIMITS + "; " + STREAMS,
    grade="assumed",
)
def mysql_newer(context: Context) -> Iterable[str]:
    return _newer(context, "MySQL")


@check(
    id="DB-NEWER",
    title="A database server is newer than the target's",
    severity="high",
    area="databases",
    remediation="Its data files cannot be read by an older version. Set up its vendor's own repository for the target "
    "first, or restore a dump into the target's version.",
    source=SMC_LIMITS + "; " + STREAMS,
    grade="assumed",
)
def newer(context: Context) -> Iterable[str]:
    for product in ("MariaDB", "PostgreSQL", "Redis"):
        yield from _newer(context, product)


@check(
    id="DB-POSTGRESQL-SERIES",
    title="The target has no PostgreSQL that opens these data files",
    severity="high",
    area="databases",
    remediation="Each major version has a format of its own. Make a dump with pg_dumpall before, and load it into the "
    "target's version, or use pg_upgrade with both versions installed.",
    command="runuser -u postgres -- pg_dumpall > dump.sql",
    source="Leapp: PostgreSQL; " + STREAMS,
    grade="assumed",
)
def postgresql_series(context: Context) -> Iterable[str]:
    offered = _offered(context, "PostgreSQL")
    for p in _servers(context, "PostgreSQL"):
        series = _series("PostgreSQL", p.version)
        if context.from_source(p) and offered and compare_versions(series, offered[-1]) < 0 and series not in offered:
            yield f"{p.nevra}; the target offers {', '.join(offered)}"


@check(
    id="DB-MARIADB-OLDER",
    title="MariaDB is older than anything the target offers",
    severity="high",
    area="databases",
    remediation="Make a dump, let the target's server start on the data, and run mysql_upgrade. On the way from major "
    "version 7 to 8 the server's package itself may be removed: look for it afterwards.",
    command="mysqldump --all-databases --single-transaction > dump.sql",
    source="AlmaLinux/leapp-repository issue 103; Leapp: MariaDB",
    grade="assumed",
)
def mariadb_older(context: Context) -> Iterable[str]:
    offered = _offered(context, "MariaDB")
    for p in _servers(context, "MariaDB"):
        if context.from_source(p) and offered and compare_versions(_series("MariaDB", p.version), offered[0]) < 0:
            yield f"{p.nevra}; the target offers {', '.join(offered)}"


@check(
    id="DB-MYSQL-STEP",
    title="MySQL is too old to be upgraded to the target's in one step",
    severity="high",
    area="databases",
    remediation="MySQL 8.0 opens the data of 5.7 only. Upgrade to 5.7 first, or restore a dump.",
    source="MySQL 8.0 reference manual: upgrade paths",
    grade="assumed",
)
def mysql_step(context: Context) -> Iterable[str]:
    if any(compare_versions(version, "8.0") >= 0 for version in _offered(context, "MySQL")):
        for p in _servers(context, "MySQL"):
            if compare_versions(p.version, "5.7") < 0:
                yield p.nevra


packages_named(
    r"(mongodb-org-server|mongodb-server|percona-server-mongodb-server|rh-mongodb\d+-mongodb-server)",
    id="DB-MONGODB",
    title="MongoDB is installed, and no target offers it",
    severity="medium",
    area="databases",
    remediation="Set up its vendor's repository for the target's major version, and make a dump first.",
    source="MongoDB, Inc. builds for each major version of Red Hat Enterprise Linux; RHEL 8 dropped it",
    grade="documented",
)

packages_named(
    r"(galera(-\d)?|mariadb-server-galera|MariaDB-Galera-server|percona-xtradb-cluster.*|Percona-XtraDB-Cluster-server.*"
    r"|mysql-cluster-.*-server)",
    id="DB-REPLICATED",
    title="The host is a member of a database cluster",
    severity="high",
    area="databases",
    remediation="Migrate one member at a time: take it out of the cluster, migrate it, let it join and catch up, and go on "
    "with the next only then.",
    source="Galera Cluster documentation: rolling upgrades",
    grade="documented",
)


@check(
    id="DB-UNPACKAGED",
    title="A database server runs that no package owns",
    severity="medium",
    area="databases",
    remediation="The migration leaves it alone, so it has to run with the target's libraries as it is. Test it on a clone, "
    "and make a dump first.",
    source=SMC_LIMITS,
    grade="documented",
)
def unpackaged(context: Context) -> Iterable[str]:
    unowned = need(context.facts.unowned, "unowned")
    for path in need(context.facts.running, "running"):
        if _BINARIES.search(path) and (path in unowned or path.endswith(" (deleted)")):
            yield path
