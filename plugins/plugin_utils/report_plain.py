# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report for a build server: JUnit, in English whatever the language of the run is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.report_hosts import blocks

FAILED = ("held", "rolled_back")
SKIPPED = ("not_eligible", "not_started", "under_way", "eligible")
# Before a migration the question is whether it can start: a host that is ready passes, one that is blocked fails.
FAILED_BEFORE = (*FAILED, "not_eligible")
SKIPPED_BEFORE = ("not_started", "under_way")


def junit_xml(report: Mapping[str, Any]) -> str:
    """One test case per host: held and rolled back ones fail, those that never began are skipped.

    In an assessment and in a plan a host that the checks block fails, with its inhibitors.
    """
    run, hosts = report["run"], report["hosts"]
    before = run["kind"] in ("assessment", "plan")
    failed, skipped = (FAILED_BEFORE, SKIPPED_BEFORE) if before else (FAILED, SKIPPED)
    totals: dict[str, str] = {
        "tests": str(len(hosts)),
        "failures": str(sum(host["outcome"] in failed for host in hosts)),
        "errors": "0",
        "skipped": str(sum(host["outcome"] in skipped for host in hosts)),
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
        if host["outcome"] in failed:
            failure = ElementTree.SubElement(case, "failure", type=host["outcome"], message=host["reason"])
            failure.text = _detail(host)
        elif host["outcome"] in skipped:
            ElementTree.SubElement(case, "skipped", message=f"{host['outcome']}: {host['reason']}")
        output = ElementTree.SubElement(case, "system-out")
        output.text = "\n".join([f"{host['outcome']}: {host['reason']}", *map(_finding, host["findings"])])
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _detail(host: Mapping[str, Any]) -> str:
    failure = host["failure"]
    if failure:
        return "\n".join(part for part in (f"{failure['step']}: {failure['message']}", failure["log"]) if part)
    inhibitors = [_with_remedy(item) for item in host["findings"] if blocks(item)]
    return "\n".join(inhibitors) or str(host["reason"])


def _with_remedy(item: Mapping[str, Any]) -> str:
    evidence = [f"  {entry}" for entry in item["evidence"]]
    remedy = [f"  -> {item['remediation']['text']}"] if item["remediation"]["text"] else []
    return "\n".join([f"{item['id']}: {item['title']}", *evidence, *remedy])


def _finding(item: Mapping[str, Any]) -> str:
    state = "waived" if item["waived"] else item["status"]
    return f"[{item['severity']}, {state}] {item['id']}: {item['title']}"
