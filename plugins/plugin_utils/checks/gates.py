# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Can the host be judged at all, and does a path lead from it? Without these, no other check means anything."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.base import (
    REGISTER,
    SMC_LIMITS,
    Context,
    check,
    need,
)
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.findings import Finding
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.matrix import MATRIX, Path, name_of

_OURS = "this collection: what cannot be read or has no path cannot be judged"
_MINOR = re.compile(r"\b\d+\.(\d+)")
NO_PATH = Path("", "", "", "distro_sync", "")


def gate(id: str, evidence: str) -> Finding:
    """The finding of a gate that was met before any check could run."""
    return REGISTER[id].finding(NO_PATH, "fired", (evidence,))


@check(
    id="NET-UNREADABLE",
    title="The host could not be read",
    severity="inhibitor",
    area="gates",
    remediation="Make sure that the controller reaches the host and that the user may become root there, then run again.",
    source=_OURS,
    grade="lab",
    waivable=False,
)
def unreadable(context: Context) -> Iterable[str]:
    if context.facts.os_release is None and context.facts.packages is None:
        reasons = sorted(set(context.facts.unread.values()))
        yield reasons[0] if reasons else "the answer of the host is empty"


@check(
    id="PKG-UNREADABLE",
    title="The installed packages could not be read",
    severity="inhibitor",
    area="gates",
    remediation="Repair the rpm database (rpm --rebuilddb after a backup of /var/lib/rpm), then run again.",
    source=_OURS,
    grade="lab",
    waivable=False,
)
def packages_unreadable(context: Context) -> Iterable[str]:
    if context.facts.packages is None:
        yield context.facts.unread.get("packages", "the rpm database was not read")


@check(
    id="IDN-UNKNOWN",
    title="The operating system is not known",
    severity="inhibitor",
    area="gates",
    remediation="Leave the host out: no migration starts at this system.",
    source=_OURS,
    grade="lab",
    waivable=False,
)
def unknown_system(context: Context) -> Iterable[str]:
    release = need(context.facts.os_release, "os_release")
    if not release.get("ID"):
        yield release.get("PRETTY_NAME") or "the system does not say its name"


@check(
    id="IDN-PATH",
    title="No migration leads from this host to the target",
    severity="inhibitor",
    area="gates",
    remediation="Choose another target or engine for this host, or leave it out.",
    source="matrix of the paths of this collection",
    grade="documented",
    waivable=False,
)
def no_path(context: Context) -> Iterable[str]:
    if not context.path.available:
        yield f"from {name_of(context.path.source)} to {name_of(context.path.target)}: {context.path.reason}"


@check(
    id="IDN-MINOR",
    title="The minor version is not the one at which this path starts",
    severity="inhibitor",
    area="gates",
    remediation="Update the host within its major version and restart it, or choose another target.",
    source="conditions of the rows in the matrix: Server Migration Center, Leapp, convert2rhel",
    grade="documented",
    sources=tuple(sorted({path.source for path in MATRIX if _MINOR.search(path.condition)})),
    waivable=False,
)
def minor(context: Context) -> Iterable[str]:
    wanted = _MINOR.search(context.path.condition)
    if not wanted:
        return
    system = need(context.facts.os, "os")
    if need(system.minor, "os") < int(wanted[1]):
        yield f"the host runs {system.major}.{system.minor}; {context.path.engine} needs {context.path.condition}"


@check(
    id="SMC-ALLOW-LIST",
    title="Alibaba Cloud must enable this path for the account",
    severity="low",
    area="gates",
    remediation="Ask for it by a ticket before the day of the migration; otherwise Server Migration Center refuses the job.",
    source=SMC_LIMITS,
    grade="documented",
    engines=("smc",),
    sources=("centos7", "centos8"),
    targets=("rhel7", "rhel8"),
)
def allow_list(context: Context) -> Iterable[str]:
    yield f"{name_of(context.path.source)} to {name_of(context.path.target)} is open to enabled accounts only"
