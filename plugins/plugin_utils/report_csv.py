# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report for spreadsheets. The columns are the same in all languages; a spreadsheet never takes a cell for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.findings import SEVERITIES
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.report_hosts import inhibitors

HOST = ("host", "instance_id", "instance_name", "region_id", "source", "target", "engine", "outcome", "reason")
COUNTS = (*SEVERITIES, "unknown", "waived")
HOST_COLUMNS = (*HOST, *COUNTS, "blocked_by", "outage_seconds", "snapshots", "started", "finished")
FINDING_COLUMNS = (
    "host", "instance_id", "region_id", "source", "target", "engine", "outcome", "finding", "severity", "status", "area", "title",
    "evidence", "evidence_total", "remediation", "command", "remedy", "waived_reason", "waived_expires", "fact_source", "grade",
)  # fmt: skip
CHANGE_COLUMNS = ("run_id", "assessed", "previous_run_id", "previous_outcome", "new", "resolved")
# What spreadsheets take for the beginning of a formula, also in the wide letters of East Asia.
FORMULA = tuple("=+-@\t\r\n＝＋－＠")


def hosts_csv(report: Mapping[str, Any]) -> str:
    """One line per host."""
    return _table(HOST_COLUMNS, map(_host, report["hosts"]))


def findings_csv(report: Mapping[str, Any]) -> str:
    """One line per host and finding."""
    rows = (_finding(host, item) for host in report["hosts"] for item in host["findings"])
    return _table(FINDING_COLUMNS, rows)


def fleet_csv(report: Mapping[str, Any]) -> str:
    """One line per host of a report over several runs, with what has changed since its assessment before."""
    return _table((*HOST_COLUMNS, *CHANGE_COLUMNS), (_host(host) | _change(host) for host in report["hosts"]))


def _host(host: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **{key: host[key] for key in HOST},
        **{key: host["finding_counts"][key] for key in COUNTS},
        "blocked_by": " ".join(inhibitors(host)),
        "outage_seconds": host["outage_seconds"],
        "snapshots": len(host["restore_point"]),
        "started": host["times"]["started"],
        "finished": host["times"]["finished"],
    }


def _finding(host: Mapping[str, Any], item: Mapping[str, Any]) -> dict[str, Any]:
    remediation, waived = item["remediation"], item["waived"] or {}
    return {
        **{key: host[key] for key in FINDING_COLUMNS[:7]},
        **{key: item[key] for key in ("severity", "status", "area", "title", "evidence_total", "grade")},
        "finding": item["id"],
        "evidence": " | ".join(item["evidence"]),
        "remediation": remediation["text"],
        "command": remediation["command"],
        "remedy": remediation["id"],
        "waived_reason": waived.get("reason"),
        "waived_expires": waived.get("expires"),
        "fact_source": item["source"],
    }


def _change(host: Mapping[str, Any]) -> dict[str, Any]:
    change = host["change"]
    previous = change["previous"] or {}
    return {
        "run_id": host["run_id"],
        "assessed": host["assessed"],
        "previous_run_id": previous.get("run_id"),
        "previous_outcome": previous.get("outcome"),
        "new": " ".join(item["id"] for item in change["new"]),
        "resolved": " ".join(item["id"] for item in change["resolved"]),
    }


def _table(columns: tuple[str, ...], rows: Iterable[Mapping[str, Any]]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([_cell(row[column]) for column in columns] for row in rows)
    return stream.getvalue()


def _cell(value: Any) -> str:
    text = str(value if value is not None else "")
    # A space in front does not keep every spreadsheet from evaluating what follows.
    return f"'{text}" if text.startswith(FORMULA) or text.lstrip().startswith(FORMULA) else text
