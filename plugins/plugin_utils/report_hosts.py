# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host in the report: its record cleaned, cut, sorted and counted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.alicloud.os_migration.plugins.plugin_utils import report_text as text
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.findings import GRADES, SEVERITIES
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.matrix import name_of
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.outcome import STANDINGS, standing, why
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.run import safe_name
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.texts import Texts

# How the sentences begin with which the assessment says why a host is not eligible.
REASONS = {"reason.blocked": "{count} inhibitor", "reason.no_target": "No target can be reached yet"}
MEANINGS = {item.name: item.meaning for item in STANDINGS}
# Limits keep the page usable when a host answers with nonsense of any size.
NAME, SENTENCE, TEXT, LOG = 255, 1_000, 4_000, 16_000
EVIDENCE, FINDINGS, ITEMS, STEPS, DISKS, PATHS = 60, 250, 200, 100, 64, 40


def host_data(record: Mapping[str, Any], finished: bool, check_mode: bool, texts: Texts) -> dict[str, Any]:
    """A host as the report has it; `finished` and `check_mode` are those of its run."""
    outcome = standing(record, finished, check_mode)
    source = record.get("source") or {}
    times = record.get("times") or {}
    findings = [_finding(item, texts) for item in (record.get("findings") or [])[:FINDINGS]]
    findings.sort(key=lambda item: (item["waived"] is not None, SEVERITIES.index(item["severity"]), item["id"]))
    failure = record.get("failure")
    return {
        "host": text.line(record.get("host"), NAME),
        "instance_id": text.line(record.get("instance_id"), NAME),
        "instance_name": text.line(record.get("instance_name"), NAME),
        "region_id": text.line(record.get("region_id"), NAME),
        "source": text.line(source.get("name") or name_of(str(source.get("id") or "")), NAME),
        "target": text.line(name_of(str(record.get("target") or "")), NAME),
        "engine": text.line(record.get("engine"), NAME),
        "stage": text.line(record.get("stage"), NAME),
        "outcome": outcome,
        "reason": text.line(_reason(record, outcome, findings, texts), SENTENCE),
        "page": f"report/{safe_name(str(record.get('host') or ''))}.html",
        "finding_counts": _counts(findings),
        "findings": findings,
        "paths": [_path(item) for item in (record.get("paths") or [])[:PATHS]],
        "plan": _plan(record, outcome, texts),
        "restore_point": [
            {key: text.line(disk.get(key), NAME) for key in ("snapshot_id", "disk_id", "device", "type")}
            for disk in (record.get("restore_point") or [])[:DISKS]
        ],
        "failure": None if not failure else {
            "step": text.line(failure.get("step"), NAME),
            "message": text.block(failure.get("message"), TEXT),
            "log": text.block(failure.get("log"), LOG),
        },
        "steps": [_step(step) for step in (record.get("steps") or [])[:STEPS]],
        "comparison": _comparison(record.get("comparison")),
        "times": {key: moment(times.get(key)) for key in ("started", "outage_started", "outage_finished", "finished")},
        "outage_seconds": text.seconds_between(times.get("outage_started"), times.get("outage_finished")),
        "seconds": text.seconds_between(times.get("started"), times.get("finished")),
    }  # fmt: skip


def moment(value: Any) -> str | None:
    """A moment as the record has it, or None."""
    return text.line(value, 40) if value else None


def inhibitors(host: Mapping[str, Any]) -> list[str]:
    """The ids of the findings that forbid the migration of a host, each once."""
    return list(dict.fromkeys(item["id"] for item in host["findings"] if blocks(item)))


def blocks(item: Mapping[str, Any]) -> bool:
    """Whether a finding of the report forbids the migration; see `Finding.blocks`."""
    return item["severity"] == "inhibitor" and item["status"] == "fired" and not item["waived"]


def _reason(record: Mapping[str, Any], outcome: str, findings: list[dict[str, Any]], texts: Texts) -> str:
    """Why a host stands so. What the run wrote down is English; other languages have words for the frequent cases."""
    recorded = why(record, outcome)
    if texts.language == "en":
        return recorded
    if recorded == MEANINGS[outcome]:
        return texts.ui(f"meaning.{outcome}")
    ids = inhibitors({"findings": findings})
    for key, english in REASONS.items():
        # Only where the sentence says nothing else: it begins as that of the assessment does.
        if outcome == "not_eligible" and ids and recorded.startswith(english.format(count=len(ids))):
            return texts.ui(key, count=len(ids), ids=texts.ui("list.comma").join(ids))
    return recorded


def _finding(item: Mapping[str, Any], texts: Texts) -> dict[str, Any]:
    evidence = [str(entry) for entry in item.get("evidence") or []]
    remediation = item.get("remediation") or {}
    waived = item.get("waived")
    return {
        "id": text.line(item.get("id"), NAME),
        "title": text.line(texts.title(item), SENTENCE),
        "severity": item["severity"] if item.get("severity") in SEVERITIES else "high",
        "status": "unknown" if item.get("status") == "unknown" else "fired",
        "area": text.line(item.get("area"), NAME),
        "evidence": [text.line(entry, 500) for entry in evidence[:EVIDENCE]],
        "evidence_total": len(evidence),
        "remediation": {
            "text": text.block(texts.remediation(item), TEXT),
            "command": text.command(remediation.get("command"), TEXT),
            "id": text.line(remediation.get("id"), NAME),
        },
        "source": text.line(item.get("source"), SENTENCE),
        "paths": [text.line(entry, NAME) for entry in (item.get("paths") or [])[:PATHS]],
        "grade": item["grade"] if item.get("grade") in GRADES else "assumed",
        "waived": {key: text.line(waived.get(key), SENTENCE) for key in ("reason", "expires")} if waived else None,
    }


def _counts(findings: list[dict[str, Any]]) -> dict[str, int]:
    """Findings that count, by severity; those that could not be judged and those that were waived, apart."""
    counts = dict.fromkeys((*SEVERITIES, "unknown", "waived"), 0)
    for item in findings:
        counts["waived" if item["waived"] else "unknown" if item["status"] == "unknown" else item["severity"]] += 1
    return counts


def _path(item: Mapping[str, Any]) -> dict[str, Any]:
    findings = item.get("findings")
    return {
        "target": text.line(item.get("target"), NAME),
        "target_name": text.line(name_of(str(item.get("target") or "")), NAME),
        "engine": text.line(item.get("engine"), NAME),
        "available": bool(item.get("available")),
        "eligible": bool(item.get("eligible")),
        "blocked_by": [text.line(entry, NAME) for entry in (item.get("blocked_by") or [])[:ITEMS]],
        "findings": max(findings, 0) if isinstance(findings, int) else 0,
    }


def _plan(record: Mapping[str, Any], outcome: str, texts: Texts) -> list[str]:
    """What would be done: the snapshots as the record names them, then the steps that every migration has."""
    if outcome != "planned":
        return []
    snapshots = [text.line(item, SENTENCE) for item in (record.get("plan") or [])[:ITEMS]]
    target, engine = name_of(str(record.get("target") or "")), record.get("engine") or "auto"
    return [
        *(snapshots or [texts.ui("plan.snapshots")]),
        texts.ui("plan.wait"),
        text.line(texts.ui("plan.convert", target=target, engine=engine), SENTENCE),
        texts.ui("plan.compare"),
    ]


def _step(step: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": text.line(step.get("name"), NAME),
        "status": text.line(step.get("status"), NAME),
        "started": moment(step.get("started")),
        "finished": moment(step.get("finished")),
        "seconds": text.seconds_between(step.get("started"), step.get("finished")),
    }


def _comparison(comparison: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if not comparison:
        return None
    kinds = {kind: comparison.get(kind) or [] for kind in ("lost", "changed", "gained")}
    return {
        kind: {"total": len(items), "items": [text.line(_item(item), 500) for item in items[:ITEMS]]}
        for kind, items in kinds.items()
    }


def _item(item: Any) -> str:
    if not isinstance(item, Mapping):
        return str(item)
    label = " ".join(str(value) for key, value in item.items() if key not in ("before", "after") and value)
    if "before" in item or "after" in item:
        return f"{label}: {item.get('before')} → {item.get('after')}"
    return label
