# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report for a build server (JUnit) and for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

from ansible_collections.alicloud.os_migration.plugins.plugin_utils import report_text as text
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.outcome import NAMES

# A terminal shows that many hosts; of a larger run only those that need a look.
MANY_HOSTS = 40
NARROWEST = 40
FAILED = ("held", "rolled_back")
SKIPPED = ("not_eligible", "not_started", "under_way", "eligible")


def junit_xml(report: Mapping[str, Any]) -> str:
    """One test case per host: held and rolled back ones fail, those that never began are skipped."""
    run, hosts = report["run"], report["hosts"]
    totals: dict[str, str] = {
        "tests": str(len(hosts)),
        "failures": str(sum(host["outcome"] in FAILED for host in hosts)),
        "errors": "0",
        "skipped": str(sum(host["outcome"] in SKIPPED for host in hosts)),
        "time": str(run["seconds"] or 0),
    }
    root = ElementTree.Element("testsuites", {"name": "os_migration", **totals})
    suite = ElementTree.SubElement(
        root, "testsuite", {"name": run["run_id"], "timestamp": (run["started"] or "").rstrip("Z"), **totals}
    )
    for host in hosts:
        seconds = str(host["seconds"] or 0)
        case = ElementTree.SubElement(
            suite, "testcase", classname=f"os_migration.{run['target'] or 'unknown'}", name=host["host"], time=seconds
        )
        if host["outcome"] in FAILED:
            failure = ElementTree.SubElement(case, "failure", type=host["outcome"], message=host["reason"])
            failure.text = _detail(host)
        elif host["outcome"] in SKIPPED:
            ElementTree.SubElement(case, "skipped", message=f"{host['outcome']}: {host['reason']}")
        output = ElementTree.SubElement(case, "system-out")
        output.text = "\n".join([f"{host['outcome']}: {host['reason']}", *map(_finding, host["findings"])])
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _detail(host: Mapping[str, Any]) -> str:
    failure = host["failure"]
    if not failure:
        return str(host["reason"])
    return "\n".join(part for part in (f"{failure['step']}: {failure['message']}", failure["log"]) if part)


def _finding(item: Mapping[str, Any]) -> str:
    state = "waived" if item["waived"] else item["status"]
    return f"[{item['severity']}, {state}] {item['id']}: {item['title']}"


def terminal_table(report: Mapping[str, Any], width: int = 80) -> str:
    """One line per host, and how many ended how; a long list is cut down to the hosts that need a look."""
    width = max(width, NARROWEST)
    run, hosts = report["run"], report["hosts"]
    quiet = "planned" if run["check_mode"] else "migrated"
    shown = hosts if len(hosts) <= MANY_HOSTS else [host for host in hosts if host["outcome"] != quiet]
    title = f"{'Plan' if run['check_mode'] else 'Run'} {run['run_id']}"
    lines = [text.fit(title, width), *textwrap.wrap(report["summary"]["headline"], width)]
    if shown:
        lines += ["", *_rows(shown, width)]
    if len(shown) < len(hosts):
        lines += [f"... and {len(hosts) - len(shown)} hosts that are {quiet}"]
    outcomes = report["summary"]["outcomes"]
    # Where a host stands on the way to an outcome is shown while there is such a host.
    counts = "  ".join(f"{name}={count}" for name, count in outcomes.items() if count or name in NAMES)
    lines += ["", *textwrap.wrap(f"hosts={len(hosts)}  {counts}", width)]
    return "\n".join(part.rstrip() for part in lines) + "\n"


def _rows(hosts: list[Mapping[str, Any]], width: int) -> list[str]:
    cells = [("HOST", "OUTCOME", "OUTAGE", "REASON")]
    cells += [
        (
            host["host"],
            host["outcome"],
            "-" if host["outage_seconds"] is None else text.duration(host["outage_seconds"]),
            host["reason"],
        )
        for host in hosts
    ]
    widths = [max(text.columns(row[column]) for row in cells) for column in range(3)]
    # Names may be long; the reason keeps at least a third of the line.
    widths[0] = min(widths[0], max(width // 3, 10))
    if sum(widths) + 6 > width * 2 // 3:
        widths[2] = 0
    rows = []
    for row in cells:
        fixed = [text.fit(value, size) for value, size in zip(row, widths, strict=False) if size]
        used = sum(map(text.columns, fixed)) + 2 * len(fixed)
        rows.append("  ".join([*fixed, text.fit(row[3], max(width - used, 0))]))
    return rows
