# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report over several runs: every host as its newest assessment left it, and what has changed since the one before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.alicloud.os_migration.plugins.plugin_utils import report_text as text
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.findings import SEVERITIES
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.matrix import name_of
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.report import fleet_findings, in_order, summarise
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.report_fleet_runs import Assessment, Fleet
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.report_hosts import (
    ITEMS,
    NAME,
    SENTENCE,
    host_data,
    moment,
)
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.run import utc
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.texts import ENGLISH, Texts


def build_fleet(fleet: Fleet, generated: str | None = None, texts: Texts = ENGLISH) -> dict[str, Any]:
    """A report like that of a run, with `runs`, `left_out` and `changes`, and in each host `run_id`, `assessed`, `change`."""
    hosts = in_order([_host(newest, previous, texts) for newest, previous in fleet.hosts])
    return {
        "schema": 1,
        "generated": generated or utc(),
        "run": {
            "run_id": "",
            "kind": "fleet",
            "language": texts.language,
            "check_mode": False,
            "started": moment(fleet.runs[0]["started"]) if fleet.runs else None,
            "finished": None,
            "seconds": None,
            "target": "",
            "target_name": "",
            "engine": "",
            "commands": [],
        },
        "summary": summarise(hosts, texts),
        "changes": _changes(hosts, texts),
        "findings": fleet_findings(hosts),
        "hosts": hosts,
        "runs": [_run(facts) for facts in fleet.runs],
        "left_out": [
            {"name": text.line(name, NAME), "reason": text.line(reason, SENTENCE)} for name, reason in fleet.left_out
        ],
    }


def _run(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "run_id": text.line(facts["run_id"], NAME),
        "started": moment(facts.get("started")),
        "check_mode": bool(facts.get("check_mode")),
        "target": text.line(facts.get("target"), NAME),
        "target_name": text.line(name_of(str(facts.get("target") or "")), NAME),
        "hosts": facts["count"],
    }


def _host(newest: Assessment, previous: Assessment | None, texts: Texts) -> dict[str, Any]:
    host = _data(newest, texts)
    page = f"{newest.run_id}/{host['page']}"
    return {
        **host,
        "page": page if newest.has_page else "",
        "run_id": newest.run_id,
        "assessed": moment(newest.moment),
        "change": _change(host, previous, texts),
    }


def _data(assessment: Assessment, texts: Texts) -> dict[str, Any]:
    return host_data(assessment.record, assessment.finished, assessment.check_mode, texts)


def _change(host: Mapping[str, Any], previous: Assessment | None, texts: Texts) -> dict[str, Any]:
    """Findings that were not there before, and those that are gone. An accepted finding is as good as gone."""
    if previous is None:
        return {"previous": None, "changed": False, "new": [], "resolved": []}
    before = _data(previous, texts)
    now, then = _open(host), _open(before)
    new = [now[key] for key in now if key not in then]
    resolved = [then[key] for key in then if key not in now]
    return {
        "previous": {
            "run_id": previous.run_id,
            "assessed": moment(previous.moment),
            "outcome": before["outcome"],
            "target": before["target"],
        },
        "changed": bool(new or resolved or before["outcome"] != host["outcome"]),
        "new": new[:ITEMS],
        "resolved": resolved[:ITEMS],
    }


def _open(host: Mapping[str, Any]) -> dict[tuple[str, str], dict[str, str]]:
    """Findings that count, by id and by whether they could be judged; the worst first."""
    items = [item for item in host["findings"] if not item["waived"]]
    items.sort(key=lambda item: (SEVERITIES.index(item["severity"]), item["id"]))
    keys = ("id", "severity", "status", "title")
    return {(item["id"], item["status"]): {key: item[key] for key in keys} for item in items}


def _changes(hosts: list[dict[str, Any]], texts: Texts) -> dict[str, Any]:
    changes = [host["change"] for host in hosts]
    new, resolved = (sum(len(change[kind]) for change in changes) for kind in ("new", "resolved"))
    outcomes = sum(
        bool(host["change"]["previous"]) and host["change"]["previous"]["outcome"] != host["outcome"] for host in hosts
    )
    first = sum(change["previous"] is None for change in changes)
    if new or resolved or outcomes:
        headline = texts.ui("changes.headline", new=new, resolved=resolved, outcomes=outcomes)
    else:
        headline = texts.ui("changes.none" if first < len(hosts) else "changes.first")
    return {
        "headline": headline,
        "first": first,
        "new": new,
        "resolved": resolved,
        "outcomes": outcomes,
        "findings": _changed_findings(changes),
    }


def _changed_findings(changes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """On how many hosts each finding is new, and on how many it is gone."""
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for change in changes:
        for kind in ("new", "resolved"):
            for item in change[kind]:
                entry = found.setdefault(
                    (item["id"], item["severity"], item["status"]), {**item, "new": 0, "resolved": 0}
                )
                entry[kind] += 1
    return sorted(found.values(), key=lambda item: (SEVERITIES.index(item["severity"]), -item["new"], item["id"]))
