# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The judgement on one host: before, whether it can be migrated; after, whether it is what it should be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from ansible_collections.alicloud.os_migration.plugins.plugin_utils import matrix, tool_reports
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks import Context, run_checks
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.gates import gate
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.compare import (
    Expectation,
    compare,
    compare_restored,
)
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.facts import Facts
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.facts_types import Transaction
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.findings import Finding, in_order
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.matrix import Path
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.waivers import Waiver, waive


@dataclass(frozen=True)
class Subject:
    """A host that is to be judged. `facts` is None where it could not be read, and `error` says why."""

    host: str
    facts: Facts | None
    error: str = ""
    instance: Mapping[str, Any] | None = None
    transaction: Transaction | None = None
    waivers: tuple[Waiver, ...] = ()
    today: date = field(default_factory=date.today)


@dataclass(frozen=True)
class PathVerdict:
    """What stands in the way of one path from this host."""

    path: Path
    findings: list[Finding]

    @property
    def blocked_by(self) -> list[str]:
        return [finding.id for finding in self.findings if finding.blocks]

    def as_dict(self) -> dict[str, Any]:
        return {
            "target": self.path.target,
            "engine": self.path.engine,
            "available": self.path.available,
            "eligible": not self.blocked_by,
            "blocked_by": self.blocked_by,
            "findings": len(self.findings),
        }


@dataclass(frozen=True)
class Assessment:
    """`outcome` is set where the assessment alone decides how the host ends; `paths` are all that lead on from here."""

    eligible: bool
    outcome: str | None
    reason: str
    findings: list[Finding] = field(default_factory=list)
    source: dict[str, str] = field(default_factory=lambda: {"id": "", "version": "", "name": ""})
    engine: str = ""
    paths: list[dict[str, Any]] = field(default_factory=list)


def assess(subject: Subject, target: str, engine: str) -> Assessment:
    """Judges a host for a target, or with the target `auto` for every path that leads on from it."""
    facts = subject.facts
    if facts is None:
        return _refused([gate("NET-UNREADABLE", subject.error or "no probe")])
    identity = matrix.identify(facts.os_release or {})
    if identity is None:
        name = (facts.os_release or {}).get("PRETTY_NAME") or "an operating system that does not say its name"
        return _refused([gate("IDN-UNKNOWN", name)])
    source = {"id": identity.id, "version": identity.version, "name": identity.name}
    if identity.id == target:
        return Assessment(False, "migrated", f"The host runs {identity.name} already; nothing was done.", [], source)
    paths = [path for path in matrix.paths(identity.id, facts.arch or "") if target in ("auto", path.target)]
    verdicts = [_judge(subject, path) for path in paths]
    if target == "auto":
        return _every_path(verdicts, engine, source)
    shown = [verdict.as_dict() for verdict in verdicts]
    try:
        path = matrix.choose(identity.id, target, facts.arch or "", engine)
    except matrix.MatrixError as problem:
        return _refused(_without_path(verdicts, engine, str(problem)), source, paths=shown)
    chosen = next(verdict for verdict in verdicts if verdict.path == path)
    if chosen.blocked_by:
        return _refused(chosen.findings, source, path.engine, shown)
    return Assessment(True, None, "", chosen.findings, source, path.engine, shown)


def _judge(subject: Subject, path: Path) -> PathVerdict:
    """Every finding on one path. What the package manager said belongs to the engine that uses it."""
    facts = subject.facts or Facts()
    transaction = subject.transaction if path.engine == "distro_sync" else None
    findings = run_checks(Context(facts, subject.instance, path, transaction)) + tool_reports.findings_of(facts, path)
    return PathVerdict(path, in_order(waive(findings, subject.host, subject.waivers, subject.today)))


def _without_path(verdicts: list[PathVerdict], engine: str, problem: str) -> list[Finding]:
    """No path can be taken: that, and what would be found on the one that was meant."""
    meant = [verdict for verdict in verdicts if engine in ("auto", verdict.path.engine)]
    others = [finding for finding in meant[0].findings if finding.id != "IDN-PATH"] if meant else []
    return in_order([gate("IDN-PATH", problem), *others])


def _every_path(verdicts: list[PathVerdict], engine: str, source: dict[str, str]) -> Assessment:
    """All that stands in the way of any target. A finding shows its worst side, and the paths that it is about."""
    wanted = [verdict for verdict in verdicts if engine in ("auto", verdict.path.engine)]
    if not wanted:
        return _refused([gate("IDN-PATH", f"no migration starts at {source['name']} on this architecture")], source)
    usable = any(verdict.path.available for verdict in wanted)
    worst: dict[str, Finding] = {}
    about: dict[str, list[str]] = {}
    for verdict in wanted:
        for finding in verdict.findings:
            if finding.id == "IDN-PATH" and usable:
                continue  # the list of paths says so; it is no finding about the host while another path can be taken
            about.setdefault(finding.id, []).append(f"{verdict.path.target} by {verdict.path.engine}")
            known = worst.get(finding.id)
            worst[finding.id] = finding if known is None else in_order([known, finding])[0]
    findings = in_order(replace(finding, paths=tuple(about[id_])) for id_, finding in worst.items())
    shown = [verdict.as_dict() for verdict in wanted]
    if any(entry["eligible"] for entry in shown):
        return Assessment(True, None, "", findings, source, "", shown)
    blocking = sorted({id_ for entry in shown for id_ in entry["blocked_by"]} & worst.keys())
    reason = f"No target can be reached yet; in the way: {', '.join(blocking)}."
    return Assessment(False, "not_eligible", reason, findings, source, "", shown)


def _refused(
    findings: list[Finding],
    source: dict[str, str] | None = None,
    engine: str = "",
    paths: list[dict[str, Any]] | None = None,
) -> Assessment:
    ids = [finding.id for finding in findings if finding.blocks]
    number = f"{len(ids)} inhibitors must" if len(ids) > 1 else "1 inhibitor must"
    reason = f"{number} be resolved first: {', '.join(ids)}."
    unknown = {"id": "", "version": "", "name": ""}
    return Assessment(False, "not_eligible", reason, findings, source or unknown, engine, paths or [])


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
