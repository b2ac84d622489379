# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a run: plain data first, then a page, a JUnit file and a table for the terminal made from it."""

from __future__ import annotations

import shlex
from base64 import b64encode
from collections import Counter
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from ansible_collections.alicloud.os_migration.plugins.plugin_utils import report_text as text
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.matrix import name_of
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.outcome import STANDINGS, standing, why
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.report_plain import junit_xml, terminal_table
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.run import utc

__all__ = ["build", "junit_xml", "render_html", "terminal_table"]

SEVERITIES = ("inhibitor", "high", "medium", "low", "info")
STANDING = {item.name: item for item in STANDINGS}
ORDER = tuple(STANDING)
# Limits keep the page usable when a host answers with nonsense of any size.
NAME, SENTENCE, TEXT, LOG = 255, 1_000, 4_000, 16_000
EVIDENCE, FINDINGS, ITEMS, STEPS, DISKS = 60, 150, 200, 100, 64


def build(run: Mapping[str, Any], generated: str | None = None) -> dict[str, Any]:
    """The report as data, from what `RunDirectory.snapshot` gives: cleaned, cut, sorted and counted."""
    facts = run["run"]
    check_mode = bool(facts.get("check_mode"))
    finished = bool(facts.get("finished"))
    hosts = [_host(record, finished, check_mode) for record in run["hosts"]]
    hosts.sort(key=lambda host: (ORDER.index(host["outcome"]), text.natural(host["host"])))
    outcomes = {name: sum(host["outcome"] == name for host in hosts) for name in ORDER}
    return {
        "schema": 1,
        "generated": generated or utc(),
        "run": {
            "run_id": text.line(facts.get("run_id"), NAME),
            "check_mode": check_mode,
            "started": _moment(facts.get("started")),
            "finished": _moment(facts.get("finished")),
            "seconds": text.seconds_between(facts.get("started"), facts.get("finished")),
            "target": text.line(facts.get("target"), NAME),
            "target_name": text.line(name_of(str(facts.get("target") or "")), NAME),
            "engine": text.line(facts.get("engine"), NAME),
            "commands": _commands(facts, hosts),
        },
        "summary": {
            "hosts": len(hosts),
            "outcomes": outcomes,
            "headline": _headline(outcomes, len(hosts)),
            "longest_outage_seconds": max((host["outage_seconds"] or 0 for host in hosts), default=0) or None,
            "snapshots": sum(len(host["restore_point"]) for host in hosts),
        },
        "findings": _fleet_findings(hosts),
        "hosts": hosts,
    }


def _headline(outcomes: Mapping[str, int], total: int) -> str:
    if not total:
        return "No host took part in this run."
    good = ("migrated", "planned", "eligible", "under_way")
    order = (*good, *(name for name in ORDER if name not in good))
    parts = [f"{outcomes[name]} {STANDING[name].label.lower()}" for name in order if outcomes[name]]
    return f"Of {total} {'host' if total == 1 else 'hosts'}: {', '.join(parts)}."


def _moment(value: Any) -> str | None:
    return text.line(value, 40) if value else None


def _host(record: Mapping[str, Any], finished: bool, check_mode: bool) -> dict[str, Any]:
    outcome = standing(record, finished, check_mode)
    source = record.get("source") or {}
    times = record.get("times") or {}
    findings = [_finding(item) for item in (record.get("findings") or [])[:FINDINGS]]
    findings.sort(key=lambda item: (item["waived"] is not None, SEVERITIES.index(item["severity"]), item["id"]))
    failure = record.get("failure")
    target = str(record.get("target") or "")
    return {
        "host": text.line(record.get("host"), NAME),
        "instance_id": text.line(record.get("instance_id"), NAME),
        "instance_name": text.line(record.get("instance_name"), NAME),
        "region_id": text.line(record.get("region_id"), NAME),
        "source": text.line(source.get("name") or name_of(str(source.get("id") or "")), NAME),
        "target": text.line(name_of(target), NAME),
        "engine": text.line(record.get("engine"), NAME),
        "stage": text.line(record.get("stage"), NAME),
        "outcome": outcome,
        "reason": text.line(why(record, outcome), SENTENCE),
        "finding_counts": _counts(findings),
        "findings": findings,
        "plan": _plan(record, outcome),
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
        "times": {key: _moment(times.get(key)) for key in ("started", "outage_started", "outage_finished", "finished")},
        "outage_seconds": text.seconds_between(times.get("outage_started"), times.get("outage_finished")),
        "seconds": text.seconds_between(times.get("started"), times.get("finished")),
    }  # fmt: skip


def _finding(item: Mapping[str, Any]) -> dict[str, Any]:
    evidence = [str(entry) for entry in item.get("evidence") or []]
    remediation = item.get("remediation") or {}
    waived = item.get("waived")
    return {
        "id": text.line(item.get("id"), NAME),
        "title": text.line(item.get("title"), SENTENCE),
        "severity": item["severity"] if item.get("severity") in SEVERITIES else "high",
        "status": "unknown" if item.get("status") == "unknown" else "fired",
        "area": text.line(item.get("area"), NAME),
        "evidence": [text.line(entry, 500) for entry in evidence[:EVIDENCE]],
        "evidence_total": len(evidence),
        "remediation": {
            "text": text.block(remediation.get("text"), TEXT),
            "command": text.command(remediation.get("command"), TEXT),
        },
        "source": text.line(item.get("source"), SENTENCE),
        "grade": text.line(item.get("grade"), NAME),
        "waived": {key: text.line(waived.get(key), SENTENCE) for key in ("reason", "expires")} if waived else None,
    }


def _counts(findings: list[dict[str, Any]]) -> dict[str, int]:
    """Findings that count, by severity; those that could not be judged and those that were waived, apart."""
    counts = dict.fromkeys((*SEVERITIES, "unknown", "waived"), 0)
    for item in findings:
        counts["waived" if item["waived"] else "unknown" if item["status"] == "unknown" else item["severity"]] += 1
    return counts


def _plan(record: Mapping[str, Any], outcome: str) -> list[str]:
    """What would be done: the snapshots as the record names them, then the steps that every migration has."""
    if outcome != "planned":
        return []
    snapshots = [text.line(item, SENTENCE) for item in (record.get("plan") or [])[:ITEMS]]
    target, engine = name_of(str(record.get("target") or "")), record.get("engine") or "auto"
    return [
        *(snapshots or ["Take a snapshot of every attached disk."]),
        "Wait until the restore point is complete.",
        text.line(f"Convert the system to {target} with the engine {engine}, then restart.", SENTENCE),
        "Compare the host with what it was before; take it back to the restore point where something is lost.",
    ]


def _step(step: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": text.line(step.get("name"), NAME),
        "status": text.line(step.get("status"), NAME),
        "started": _moment(step.get("started")),
        "finished": _moment(step.get("finished")),
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


def _fleet_findings(hosts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each check that fired or could not be judged somewhere, and on how many hosts."""
    known: dict[tuple[str, str, str], dict[str, Any]] = {}
    count: Counter[tuple[str, str, str]] = Counter()
    for host in hosts:
        for item in host["findings"]:
            key = (item["id"], item["severity"], item["status"])
            if not item["waived"]:
                known.setdefault(key, item)
                count[key] += 1
    ordered = sorted(known, key=lambda key: (SEVERITIES.index(key[1]), -count[key], key))
    return [
        {"id": key[0], "severity": key[1], "status": key[2], "title": known[key]["title"], "hosts": count[key]}
        for key in ordered
    ]


def _commands(facts: Mapping[str, Any], hosts: list[dict[str, Any]]) -> list[dict[str, str]]:
    """What the user is likely to run next, ready to be copied."""
    standings = {host["outcome"] for host in hosts}
    again = standings & {"not_started", "held", "rolled_back", "not_eligible", "under_way"}
    restorable = any(host["restore_point"] and host["outcome"] != "rolled_back" for host in hosts)
    found: list[tuple[str, str]] = []
    if standings & {"planned", "eligible"} and not restorable:
        found.append(("Migrate the hosts that can be", _playbook("migrate", facts, "target")))
    elif again and not facts.get("check_mode"):
        found.append(("Resume this run", _playbook("migrate", facts, "target", "run_id")))
    if restorable:
        found.append(("Go back to the restore points", _playbook("rollback", facts, "run_id")))
    return [{"label": label, "command": safe} for label, full in found if (safe := text.command(full, SENTENCE))]


def _playbook(name: str, facts: Mapping[str, Any], *variables: str) -> str:
    inventory = ["-i", str(facts["inventory"])] if facts.get("inventory") else []
    extra = [part for key in variables if facts.get(key) for part in ("-e", f"os_migration_{key}={facts[key]}")]
    consent = ["-e", "os_migration_accept_risks=true"]
    return shlex.join(["ansible-playbook", f"alicloud.os_migration.{name}", *inventory, *extra, *consent])


def render_html(report: Mapping[str, Any]) -> str:
    """One page that needs nothing else: no network, no other file, and no script to be read."""
    here = Path(__file__).parent
    parts = {name: (here / f"report.{name}").read_text(encoding="utf-8") for name in ("css", "js", "html.j2")}
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["duration"] = text.duration
    return environment.from_string(parts["html.j2"]).render(
        report=report,
        outcomes=STANDINGS,
        by_name=STANDING,
        severities=SEVERITIES,
        css=parts["css"],
        js=parts["js"],
        # The browser runs exactly this style and this script, whatever else might have come into the page.
        css_hash=_hash(parts["css"]),
        js_hash=_hash(parts["js"]),
    )


def _hash(content: str) -> str:
    return "sha256-" + b64encode(sha256(content.encode()).digest()).decode()
