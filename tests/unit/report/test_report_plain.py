# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest

from ansible_collections.alicloud.os_migration.plugins.plugin_utils import report, report_text


def fleet(run: dict[str, Any], migrated: int) -> dict[str, Any]:
    run["hosts"] += [{**run["hosts"][0], "host": f"more{number}"} for number in range(migrated)]
    return report.build(run)


def test_a_build_server_fails_for_hosts_that_need_a_person(sample: dict[str, Any]) -> None:
    root = ElementTree.fromstring(report.junit_xml(sample))
    suite = root.find("testsuite")
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("7", "2", "2")
    failed = {case.get("name"): case.find("failure") for case in suite if case.find("failure") is not None}
    assert set(failed) == {"db01", "app"}
    text = failed["db01"].text if failed["db01"] is not None else ""
    assert text is not None and "last words of the log" in text
    assert {case.get("name") for case in suite if case.find("skipped") is not None} == {"ftp", "cache"}
    assert suite[-2].get("time") == "948"


def test_no_answer_of_a_host_makes_the_junit_file_unreadable(hostile: dict[str, Any]) -> None:
    root = ElementTree.fromstring(report.junit_xml(hostile).encode("utf-8"))
    assert len(root.findall(".//testcase")) == 7


@pytest.mark.parametrize("width", [1, 40, 60, 80, 120, 300])
def test_no_line_is_wider_than_the_terminal(hostile: dict[str, Any], sample: dict[str, Any], width: int) -> None:
    for data in (hostile, sample):
        lines = report.terminal_table(data, width).splitlines()
        assert max(map(report_text.columns, lines)) <= max(width, 40)


def test_each_host_has_one_line_and_its_reason(sample: dict[str, Any]) -> None:
    lines = report.terminal_table(sample, 160).splitlines()
    assert len([line for line in lines if line.startswith("db01 ")]) == 1
    assert any(
        line.split()[:2] == ["ftp", "not_eligible"] and line.endswith("PKG-I686 forbids the migration.")
        for line in lines
    )
    assert any(line.startswith("web2 ") and "6 min 21 s" in line for line in lines)
    assert lines[-1] == "hosts=7  held=1  rolled_back=1  not_eligible=1  not_started=1  planned=1  migrated=2"


def test_nothing_a_host_says_reaches_the_terminal_as_a_command(hostile: dict[str, Any]) -> None:
    table = report.terminal_table(hostile, 120)
    assert all(letter == "\n" or letter.isprintable() for letter in table)


def test_a_large_run_lists_only_the_hosts_that_need_a_look(run: dict[str, Any]) -> None:
    table = report.terminal_table(fleet(run, 40), 120)
    assert "more1" not in table and "web2" not in table
    assert "db01" in table and "cache" in table
    assert "... and 42 hosts that are migrated" in table and "migrated=42" in table


def test_forty_hosts_are_all_listed(run: dict[str, Any]) -> None:
    table = report.terminal_table(fleet(run, 33), 120)
    assert "more32" in table and "..." not in table


def test_a_plan_calls_itself_a_plan(run: dict[str, Any]) -> None:
    run["run"]["check_mode"] = True
    assert report.terminal_table(report.build(run)).startswith("Plan 20261123-101112-4f2a")
