# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The judgement on one host: before, whether it can be migrated; after, whether it is what it should be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.alicloud.os_migration.plugins.plugin_utils import matrix
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks import Context, run_checks
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.compare import (
    Expectation,
    compare,
    compare_restored,
)
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.facts import Facts
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.findings import Finding, in_order


@dataclass(frozen=True)
class Assessment:
    """`outcome` is set where the assessment alone decides how the host ends."""

    eligible: bool
    outcome: str | None
    reason: str
    findings: list[Finding] = field(default_factory=list)
    source: dict[str, str] = field(default_factory=lambda: {"id": "", "version": "", "name": ""})
    engine: str = ""


def assess(facts: Facts | None, error: str, instance: Mapping[str, Any] | None, target: str, engine: str) -> Assessment:
    """Judges a host for a target; `facts` is None where it could not be read, and `error` says why."""
    if facts is None:
        return _refused([_finding("NET-UNREADABLE", "The host could not be read", [error or "no probe"], _UNREADABLE)])
    identity = matrix.identify(facts.os_release or {})
    if identity is None:
        name = (facts.os_release or {}).get("PRETTY_NAME") or "an operating system that does not say its name"
        return _refused([_finding("IDN-UNKNOWN", "The operating system is not known", [name], _UNKNOWN_OS)])
    source = {"id": identity.id, "version": identity.version, "name": identity.name}
    if identity.id == target:
        return Assessment(False, "migrated", f"The host runs {identity.name} already; nothing was done.", [], source)
    try:
        path = matrix.choose(identity.id, target, facts.arch or "", engine)
    except matrix.MatrixError as problem:
        return _refused(
            [_finding("IDN-PATH", "No migration leads from this host to the target", [str(problem)], _NO_PATH)], source
        )
    findings = run_checks(Context(facts, instance, path))
    if facts.packages is None:
        evidence = [facts.unread.get("packages", "the rpm database was not read")]
        findings = in_order(
            [*findings, _finding("PKG-UNREADABLE", "The installed packages could not be read", evidence, _NO_RPM)]
        )
    if any(finding.severity == "inhibitor" and finding.status == "fired" for finding in findings):
        return _refused(findings, source, path.engine)
    return Assessment(True, None, "", findings, source, path.engine)


def _refused(findings: list[Finding], source: dict[str, str] | None = None, engine: str = "") -> Assessment:
    ids = [finding.id for finding in findings if finding.severity == "inhibitor" and finding.status == "fired"]
    number = f"{len(ids)} inhibitors must" if len(ids) > 1 else "1 inhibitor must"
    reason = f"{number} be resolved first: {', '.join(ids)}."
    return Assessment(False, "not_eligible", reason, findings, source or {"id": "", "version": "", "name": ""}, engine)


_UNREADABLE = "Make sure that the controller reaches the host and that the user may become root there, then run again."
_UNKNOWN_OS = "Leave the host out: no migration starts at this system."
_NO_PATH = "Choose another target for this host, or leave it out."
_NO_RPM = "Repair the rpm database (rpm --rebuilddb after a backup of /var/lib/rpm), then run again."


def _finding(identifier: str, title: str, evidence: list[str], remediation: str) -> Finding:
    area = "identity" if identifier.startswith("IDN") else "packages" if identifier.startswith("PKG") else "network"
    source = "this collection: what cannot be read or has no path cannot be judged"
    return Finding(identifier, title, "inhibitor", "fired", area, tuple(evidence), remediation, None, source, "lab")


def verify_target(before: Facts | None, after: Facts, target: str) -> dict[str, Any]:
    """What a migrated host lost, changed and gained, and the reasons for which it is not well; none where it is."""
    if before is None:
        return {"lost": [], "changed": [], "gained": [], "reasons": ["there is no first probe to compare with"]}
    source = matrix.identify(before.os_release or {})
    return compare(before, after, Expectation.for_path(source.id if source else "", target)).as_dict()


def verify_source(before: Facts | None, after: Facts, target: str) -> list[str]:
    """Why a host that was rolled back is not what it was; nothing where it is."""
    if before is not None:
        return list(compare_restored(before, after).reasons)
    identity = matrix.identify(after.os_release or {})
    if identity is None or identity.id == target:
        return [
            f"the host is still {identity.name if identity else 'an unknown system'}, and there is no first probe to compare with"
        ]
    return []
