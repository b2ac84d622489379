# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a run as plain data; pages, tables and files are made from it."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Mapping
from typing import Any

from ansible_collections.alicloud.os_migration.plugins.plugin_utils import report_text as text
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.findings import SEVERITIES
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.matrix import name_of
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.outcome import STANDINGS
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.report_csv import findings_csv, hosts_csv
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.report_hosts import (
    NAME,
    SENTENCE,
    host_data,
    inhibitors,
    moment,
)
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.report_pages import render_host, render_html
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.report_plain import junit_xml
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.report_terminal import terminal_table
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.run import utc
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.texts import ENGLISH, Texts

__all__ = ["build", "findings_csv", "hosts_csv", "junit_xml", "render_host", "render_html", "terminal_table"]

ORDER = tuple(item.name for item in STANDINGS)
READY = ("eligible", "planned")


def build(run: Mapping[str, Any], generated: str | None = None, texts: Texts = ENGLISH) -> dict[str, Any]:
    """The report as data, from what `RunDirectory.snapshot` gives: cleaned, cut, sorted and counted.

    What programs read is built in English; the page and the terminal table take a report in the language of the run.
    """
    facts = run["run"]
    check_mode, finished = bool(facts.get("check_mode")), bool(facts.get("finished"))
    hosts = in_order([host_data(record, finished, check_mode, texts) for record in run["hosts"]])
    summary = summarise(hosts, texts)
    migration = finished or summary["snapshots"]
    return {
        "schema": 1,
        "generated": generated or utc(),
        "run": {
            "run_id": text.line(facts.get("run_id"), NAME),
            "kind": "plan" if check_mode else "migration" if migration else "assessment",
            "language": Texts.of(facts.get("language")).language,
            "check_mode": check_mode,
            "started": moment(facts.get("started")),
            "finished": moment(facts.get("finished")),
            "seconds": text.seconds_between(facts.get("started"), facts.get("finished")),
            "target": text.line(facts.get("target"), NAME),
            "target_name": text.line(name_of(str(facts.get("target") or "")), NAME),
            "engine": text.line(facts.get("engine"), NAME),
            "commands": _commands(facts, hosts, texts),
        },
        "summary": summary,
        "findings": fleet_findings(hosts),
        "hosts": hosts,
    }


def in_order(hosts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Hosts that need work first; within an outcome by name, as people count."""
    return sorted(hosts, key=lambda host: (ORDER.index(host["outcome"]), text.natural(host["host"])))


def summarise(hosts: list[dict[str, Any]], texts: Texts) -> dict[str, Any]:
    """All hosts in numbers."""
    outcomes = {name: sum(host["outcome"] == name for host in hosts) for name in ORDER}
    return {
        "hosts": len(hosts),
        "outcomes": outcomes,
        "ready": sum(outcomes[name] for name in READY),
        "headline": _headline(outcomes, len(hosts), texts),
        "longest_outage_seconds": max((host["outage_seconds"] or 0 for host in hosts), default=0) or None,
        "snapshots": sum(len(host["restore_point"]) for host in hosts),
        "severities": _severities(hosts),
        "blocked_by": _blocked_by(hosts),
        "paths": _paths(hosts),
    }


def _headline(outcomes: Mapping[str, int], total: int, texts: Texts) -> str:
    if not total:
        return texts.ui("headline.empty")
    good = ("migrated", "planned", "eligible", "under_way")
    order = (*good, *(name for name in ORDER if name not in good))
    parts = [
        texts.ui("headline.part", number=outcomes[name], outcome=texts.ui(f"outcome.{name}").lower())
        for name in order
        if outcomes[name]
    ]
    return texts.ui("headline", count=total, parts=texts.ui("list.comma").join(parts))


def _severities(hosts: list[dict[str, Any]]) -> dict[str, dict[str, int]]:
    """Findings by severity; those that could not be judged and those that were waived apart."""
    counts = {name: {"fired": 0, "unknown": 0, "waived": 0} for name in SEVERITIES}
    for host in hosts:
        for item in host["findings"]:
            counts[item["severity"]]["waived" if item["waived"] else item["status"]] += 1
    return counts


def _blocked_by(hosts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What forbids the migration of hosts, the most frequent first; `alone` counts hosts that nothing else holds back."""
    count: Counter[str] = Counter()
    alone: Counter[str] = Counter()
    titles: dict[str, str] = {}
    for host in hosts:
        ids = inhibitors(host) if host["outcome"] == "not_eligible" else []
        count.update(ids)
        alone.update(ids if len(ids) == 1 else ())
        titles.update((item["id"], item["title"]) for item in host["findings"] if item["id"] in ids)
    ordered = sorted(count, key=lambda key: (-count[key], key))
    return [{"id": key, "title": titles[key], "hosts": count[key], "alone": alone[key]} for key in ordered]


def _paths(hosts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """For every path that was judged, how many hosts could take it."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for host in hosts:
        for path in host["paths"]:
            entry = found.setdefault(
                (path["target"], path["engine"]),
                {key: path[key] for key in ("target", "target_name", "engine")}
                | {"available": False, "eligible": 0, "blocked": 0},
            )
            entry["available"] |= path["available"]
            entry["eligible" if path["eligible"] else "blocked"] += 1
    return sorted(found.values(), key=lambda path: (-path["eligible"], path["target"], path["engine"]))


def fleet_findings(hosts: list[dict[str, Any]]) -> list[dict[str, Any]]:
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


def _commands(facts: Mapping[str, Any], hosts: list[dict[str, Any]], texts: Texts) -> list[dict[str, str]]:
    """What the user is likely to run next, ready to be copied."""
    standings = {host["outcome"] for host in hosts}
    again = standings & {"not_started", "held", "rolled_back", "not_eligible", "under_way"}
    restorable = any(host["restore_point"] and host["outcome"] != "rolled_back" for host in hosts)
    found: list[tuple[str, str]] = []
    # An assessment for every target does not say which one is wanted.
    one_target = facts.get("target") != "auto"
    if standings.intersection(READY) and not restorable and one_target:
        found.append(("migrate", _playbook("migrate", facts, "target")))
    elif again and not facts.get("check_mode") and one_target:
        found.append(("resume", _playbook("migrate", facts, "target", "run_id")))
    if restorable:
        found.append(("rollback", _playbook("rollback", facts, "run_id")))
    return [
        {"id": name, "label": texts.ui(f"command.{name}"), "command": safe}
        for name, full in found
        if (safe := text.command(full, SENTENCE))
    ]


def _playbook(name: str, facts: Mapping[str, Any], *variables: str) -> str:
    inventory = ["-i", str(facts["inventory"])] if facts.get("inventory") else []
    extra = [part for key in variables if facts.get(key) for part in ("-e", f"os_migration_{key}={facts[key]}")]
    if facts.get("language") in ("ja", "zh"):
        extra += ["-e", f"os_migration_language={facts['language']}"]
    consent = ["-e", "os_migration_accept_risks=true"]
    return shlex.join(["ansible-playbook", f"alicloud.os_migration.{name}", *inventory, *extra, *consent])
