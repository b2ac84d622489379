# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.alicloud.os_migration.plugins.plugin_utils import report, report_text
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.report_files import write_fleet_report
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.run import RunDirectory
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.texts import LANGUAGES, Texts


def fleet(run: dict[str, Any], number: int, **changes: Any) -> dict[str, Any]:
    """A report with so many more hosts like the first."""
    more = [{**copy.deepcopy(run["hosts"][0]), **changes, "host": f"more{count}"} for count in range(number)]
    return report.build({**run, "hosts": [*run["hosts"], *more]})


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", [1, 40, 60, 80, 120, 300])
def test_no_line_is_wider_than_the_terminal(
    hostile: dict[str, Any], sample: dict[str, Any], width: int, language: str
) -> None:
    for data in (hostile, sample):
        lines = report.terminal_table(data, width, Texts.of(language)).splitlines()
        assert max(map(report_text.columns, lines)) <= max(width, 40)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("outcome", ["migrated", "held", "not_eligible"])
def test_five_hundred_hosts_fit_one_screen(run: dict[str, Any], outcome: str, language: str) -> None:
    texts = Texts.of(language)
    many = [{**run["hosts"][3]["findings"][0], "id": f"CHECK-{number}"} for number in range(15)]
    for finished in (None, "2026-11-23T10:46:13Z"):
        run["run"]["finished"] = finished
        lines = report.terminal_table(fleet(run, 500, outcome=outcome, findings=many), 80, texts).splitlines()
        assert len(lines) <= 46
        named = [line for line in lines if line.startswith(("more", "db01", "ftp"))]
        assert len(named) >= (8 if outcome != "migrated" else 2)


def test_each_host_has_one_line_and_its_reason(sample: dict[str, Any]) -> None:
    lines = report.terminal_table(sample, 160).splitlines()
    assert len([line for line in lines if line.startswith("db01 ")]) == 1
    assert any(line.split()[:2] == ["ftp", "not_eligible"] and line.endswith("PKG-I686") for line in lines)
    assert any(line.startswith("web2 ") and "6 min 21 s" in line for line in lines)
    assert lines[-1] == "hosts=7 held=1 rolled_back=1 not_eligible=1 not_started=1 planned=1 migrated=2"


def test_what_blocks_hosts_comes_before_the_other_findings(assessment: dict[str, Any]) -> None:
    lines = report.terminal_table(report.build(assessment)).splitlines()
    assert lines[1] == "Of 5 hosts: 2 eligible, 3 not eligible."
    assert lines[2] == "Findings: inhibitor 4, info 2, waived 2"
    blockers = lines.index("HOSTS  ONLY  BLOCKED BY")
    assert [line.split()[:3] for line in lines[blockers + 1 : blockers + 3]] == [
        ["2", "1", "DISK-BOOT"],
        ["2", "1", "PKG-I686"],
    ]
    other = next(number for number, line in enumerate(lines) if "TOP FINDINGS" in line)
    assert other > blockers and not any("PKG-I686" in line for line in lines[other : other + 2])
    assert any(line.split() == ["old2", "not_eligible", "DISK-BOOT,", "PKG-I686"] for line in lines)


def test_nothing_a_host_says_reaches_the_terminal_as_a_command(hostile: dict[str, Any]) -> None:
    table = report.terminal_table(hostile, 120)
    assert all(letter == "\n" or letter.isprintable() for letter in table)


def test_a_large_run_lists_only_the_hosts_that_need_a_look(run: dict[str, Any]) -> None:
    table = report.terminal_table(fleet(run, 40), 120)
    assert "more1" not in table and "web2" not in table
    assert "db01" in table and "cache" in table
    assert "... and 42 hosts that need none" in table and "migrated=42" in table


def test_hosts_that_have_no_room_are_counted(run: dict[str, Any]) -> None:
    lines = report.terminal_table(fleet(run, 100, outcome="held"), 80).splitlines()
    shown = sum(line.split()[1:2] == ["held"] for line in lines)
    (more,) = [line for line in lines if line.endswith("more hosts that need a look")]
    assert shown + int(more.split()[2]) == 101 + 4, "the other four that need a look are not held"


def test_a_run_that_fits_the_screen_is_shown_whole(run: dict[str, Any]) -> None:
    table = report.terminal_table(fleet(run, 15), 120)
    assert "more14" in table and "web10" in table and "..." not in table


def test_a_plan_calls_itself_a_plan(run: dict[str, Any]) -> None:
    run["run"]["check_mode"] = True
    assert report.terminal_table(report.build(run)).startswith("Migration plan 20261123-101112-4f2a")


def test_all_runs_together_fit_one_screen_too(tmp_path: Path, run: dict[str, Any]) -> None:
    many = [{**run["hosts"][3]["findings"][0], "id": f"CHECK-{number}"} for number in range(30)]
    for name in ("r1", "r2"):
        directory = RunDirectory.create(tmp_path, name, hosts=[], target="alinux3")
        for number in range(60):
            # Half of the findings are other ones in the second run.
            found = many[:15] if name == "r1" else many[10:]
            directory.update_host(f"web{number}", eligible=False, outcome="not_eligible", reason="x", findings=found)
    table = write_fleet_report(tmp_path, "en")["table"]
    assert len(table) <= 46 and max(map(report_text.columns, table)) <= 80
    assert "Since the assessment before: 900 new findings, 600 resolved" in table[3]


def test_text_without_spaces_is_broken_by_columns() -> None:
    assert report_text.wrap("日本語の文章", 5) == ["日本", "語の", "文章"]
    assert report_text.wrap("one two three", 7) == ["one two", "three"]
    assert report_text.wrap("", 5) == []
