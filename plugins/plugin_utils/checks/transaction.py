# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What does the package manager of the host itself say about the real conversion?

Where the transaction could not be resolved, one finding says so, and the checks that look into it have nothing to look at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.base import (
    Context,
    UnknownFact,
    check,
    need,
)
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.facts_types import Package, Space, Transaction
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.facts_vendors import vendors_of
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.facts_versions import compare_versions, newest
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.transaction_text import name_of

RESOLVED = "the package manager of the host, which resolved the transaction against the target's repositories"
_check = partial(check, area="transaction", engines=("distro_sync",))
# The first of these on a file system speaks for all that lie on it.
_PLACES = ("/", "/boot", "/usr", "/var")
_ROOM = "Free space or extend the file system."


def _asked(context: Context) -> Transaction:
    return need(context.transaction, "transaction")


def _part(context: Context, name: str) -> Any:
    """One part of a transaction that resolves; nothing where it does not, for that is a finding of its own."""
    transaction = _asked(context)
    if transaction.error:
        return type(getattr(transaction, name))()
    if name in transaction.unread:
        raise UnknownFact(name, transaction.unread[name])
    return getattr(transaction, name)


@_check(
    id="TX-REPOSITORY",
    title="The target's repositories cannot be read from this host",
    severity="inhibitor",
    remediation="Let the host reach the mirror (routes, security group, proxy), or name another with os_migration_mirror.",
    source=RESOLVED,
    grade="lab",
)
def repository(context: Context) -> Iterable[str]:
    transaction = _asked(context)
    return [transaction.error, *transaction.problems] if transaction.cause == "repository" else []


@_check(
    id="TX-RESOLVE",
    title="The package manager cannot resolve the conversion",
    severity="inhibitor",
    remediation="Remove or replace the packages that the package manager names, then assess the host again.",
    source=RESOLVED,
    grade="lab",
)
def resolve(context: Context) -> Iterable[str]:
    transaction = _asked(context)
    if transaction.cause in ("space", "unknown"):
        raise UnknownFact("transaction", "; ".join((transaction.error, *transaction.problems[:3])))
    return (transaction.problems or [transaction.error]) if transaction.cause == "resolve" else []


@_check(
    id="TX-KEY",
    title="The target's signing key cannot be used",
    severity="inhibitor",
    remediation="Give a key file that the controller can read, as the signing key variable of the target's role, with its SHA-256.",
    source=RESOLVED + "; packages without a signature of the pinned key are never installed",
    grade="lab",
)
def key(context: Context) -> Iterable[str]:
    problem = _asked(context).key_problem
    return [problem] if problem else []


@_check(
    id="TX-KERNEL",
    title="The target's repositories have no kernel for this host",
    severity="inhibitor",
    remediation="Name repositories that hold the target's kernel.",
    source=RESOLVED,
    grade="lab",
)
def kernel(context: Context) -> Iterable[str]:
    found = _part(context, "kernel")
    return [] if found or _asked(context).error else ["no package kernel is offered"]


@_check(
    id="TX-REMOVED",
    title="The conversion would remove packages",
    severity="inhibitor",
    remediation="It ends before the first change, unless these packages may go: name them in os_migration_allow_removals, or "
    "remove or replace them before.",
    source=RESOLVED,
    grade="lab",
)
def removed(context: Context) -> Iterable[str]:
    return _part(context, "removed")


@_check(
    id="TX-SKIPPED",
    title="Packages cannot be brought to the target's build",
    severity="medium",
    remediation="They stay as they are, without updates, because something that they need is missing. Look whether a "
    "repository of the target is missing, or remove them.",
    source=RESOLVED,
    grade="documented",
)
def skipped(context: Context) -> Iterable[str]:
    return () if _asked(context).error else _asked(context).problems


@_check(
    id="TX-DOWNGRADED",
    title="Packages go back to an older version",
    severity="medium",
    remediation="Look whether their data and configuration can be read by the older version. Builds of the same version are "
    "not listed.",
    source=RESOLVED,
    grade="lab",
)
def downgraded(context: Context) -> Iterable[str]:
    for old, new in _part(context, "downgraded"):
        if _version(old) != _version(new):
            yield f"{old} becomes {new}"


def _version(nevra: str) -> str:
    """Epoch and version, without the release: a rebuild is no other version."""
    return nevra.rsplit("-", 2)[1] if nevra.count("-") >= 2 else ""


@_check(
    id="TX-NO-COUNTERPART",
    title="Packages of the source stay, because the target has none of their name",
    severity="low",
    remediation="They keep working but get no more updates. Remove what nothing needs.",
    source=RESOLVED,
    grade="lab",
)
def no_counterpart(context: Context) -> Iterable[str]:
    return _part(context, "no_counterpart")


@_check(
    id="TX-THIRD-PARTY",
    title="The conversion replaces or removes packages of other vendors",
    severity="medium",
    remediation="The target has packages of the same name. Look whether its build does what yours does, or keep yours out of "
    "the way under another name.",
    source=RESOLVED,
    grade="lab",
)
def third_party(context: Context) -> Iterable[str]:
    changes = [
        *((name, f"becomes {name}") for name in _part(context, "upgraded")),
        *((new, f"becomes {new}") for _old, new in _part(context, "downgraded")),
        *((name, "is removed") for name in _part(context, "removed")),
    ]
    known = (*vendors_of(context.path.source), *vendors_of(context.path.target))
    # The target's build may be for another architecture (noarch), so the name alone counts where no other is installed.
    installed = {**{p.name: p for p in context.packages}, **{f"{p.name}.{p.arch}": p for p in context.packages}}
    for nevra, change in changes:
        name = name_of(nevra)
        package = installed.get(f"{name}.{nevra.rpartition('.')[2]}") or installed.get(name)
        if package and package.vendor and not package.vendor.startswith(known):
            yield f"{package.nevra} of {package.vendor} {change}"


@_check(
    id="TX-STREAMS",
    title="Module streams are enabled that the target does not have",
    severity="medium",
    remediation="The conversion resets them. Look whether the target's default stream, or another one, runs your application.",
    command="dnf module list --enabled",
    source=RESOLVED + "; documented: modulemd, the streams in the metadata of a repository",
    grade="documented",
)
def streams(context: Context) -> Iterable[str]:
    return _part(context, "missing_streams")


def _servers(context: Context, judge: Callable[[Package, str], bool]) -> Iterable[str]:
    for name, version in sorted(_part(context, "versions").items()):
        installed = tuple(p for p in context.packages if p.name == name)
        if installed and judge(newest(installed), version):
            yield f"{newest(installed).nevra} becomes version {version}"


def _series(package: Package, version: str) -> bool:
    """Whether a newer version is another series: the first number of PostgreSQL and Redis, the first two of the others."""
    count = 1 if package.name.startswith(("postgresql", "redis")) else 2
    return (
        compare_versions(version, package.version) > 0
        and version.split(".")[:count] != package.version.split(".")[:count]
    )


@_check(
    id="TX-DATABASE",
    title="A database server goes back to an older version",
    severity="inhibitor",
    remediation="It would not read its files any more. Dump the data and remove the server before the migration, or take a "
    "repository whose version is as new.",
    source=RESOLVED + "; documented: MySQL, MariaDB, PostgreSQL and Redis, downgrading",
    grade="documented",
)
def database(context: Context) -> Iterable[str]:
    return _servers(context, lambda package, version: compare_versions(version, package.version) < 0)


@_check(
    id="TX-DATABASE-SERIES",
    title="A database server moves to another series",
    severity="medium",
    remediation="Make a dump, and plan the upgrade of its files (pg_upgrade, mysql_upgrade, mariadb-upgrade) after the migration.",
    source=RESOLVED + "; documented: MySQL, MariaDB and PostgreSQL, upgrading",
    grade="documented",
)
def database_series(context: Context) -> Iterable[str]:
    return _servers(context, _series)


@_check(
    id="TX-MEMORY",
    title="There may be too little memory for a transaction of this size",
    severity="high",
    remediation="Stop applications, or add swap space for the time of the migration.",
    source="assumed: 400 MiB and one more for every four packages; public reports tell of conversions that were killed for lack "
    "of memory",
    grade="assumed",
)
def memory(context: Context) -> Iterable[str]:
    count = sum(len(_part(context, name)) for name in ("installed", "upgraded", "downgraded"))
    wanted = 400 + count // 4
    free, swap = need(context.facts.memory_available_mib, "memory_available_mib"), context.facts.swap_mib or 0
    if count and free + swap < wanted:
        yield f"{free} MiB of memory and {swap} MiB of swap space are there, {count} packages need about {wanted} MiB"


def _lack(context: Context, place: str) -> Iterable[str]:
    """What the file system of this place lacks, for all the places on it; said once, by the first of them."""
    needs, spaces = _part(context, "needs_mib"), need(context.facts.spaces, "spaces")
    if not needs:
        return
    on = {path: space for path in _PLACES if (space := _space(spaces, path))}
    shared = [path for path in on if place in on and on[path].mount == on[place].mount]
    if not shared or shared[0] != place:
        return
    wanted, space = sum(needs.get(path, 0) for path in shared), on[place]
    if space.free_mib < wanted:
        parts = ", ".join(f"{path} {needs[path]} MiB" for path in shared if needs.get(path))
        yield f"{space.mount} has {space.free_mib} MiB free, {wanted} MiB are needed ({parts})"


def _space(spaces: Any, path: str) -> Space | None:
    return spaces.get(path) or spaces.get("/")


def _space_check(identifier: str, place: str, why: str, grade: str, command: str | None = None) -> None:
    @_check(
        id=identifier,
        title=f"The packages of the conversion do not fit into {'the root file system' if place == '/' else place}",
        severity="inhibitor",
        remediation=why,
        command=command,
        source="measured on the host from the metadata of the packages of the transaction",
        grade=grade,
    )
    def lack(context: Context) -> Iterable[str]:
        return _lack(context, place)


_space_check("TX-SPACE-ROOT", "/", _ROOM + " What lies on the root file system is counted together.", "lab")
_space_check(
    "TX-SPACE-BOOT", "/boot", "Remove old kernels, but never the one that runs. The need is that of the largest present kernel.",
    "assumed", "dnf -y remove --oldinstallonly --setopt installonly_limit=2 kernel",
)  # fmt: skip
_space_check("TX-SPACE-USR", "/usr", _ROOM, "lab")
_space_check("TX-SPACE-VAR", "/var", _ROOM + " All packages are downloaded to /var first.", "lab", "dnf clean all")
