# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What other converters look at, and what is known to have gone wrong, is looked at here too, or answered otherwise."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks import REGISTER, run_checks
from ansible_collections.alicloud.os_migration.tests.unit.checks.test_checks import CASES, context_of

CONDITIONS: dict[str, list[dict[str, Any]]] = yaml.safe_load(
    (Path(__file__).parent / "conditions.yml").read_text("utf-8")
)
ROWS = [pytest.param(row, id=f"{part}: {row['condition']}") for part, rows in CONDITIONS.items() for row in rows]
THREADS = [
    pytest.param(row["checks"], id=origin)
    for row in CONDITIONS["threads"]
    for origin in row["origin"]
    if "checks" in row
]
# How many conditions and, of the threads, how many distinct ones there are at least: none is dropped in silence.
LEAST = {"converters": 143, "unchecked_elsewhere": 40, "server_migration_center": 51, "threads": 63}
LEAST_THREADS = 96


@pytest.mark.parametrize("row", ROWS)
def test_every_condition_has_one_answer(row: dict[str, Any]) -> None:
    assert set(row) in ({"condition", "origin", "checks"}, {"condition", "origin", "instead"})
    assert row["origin"]
    checks = row.get("checks", [])
    assert [id_ for id_ in checks if id_ not in REGISTER] == []
    assert len(checks) == len(set(checks))
    assert checks or re.fullmatch(r"[A-Z].{20,}[^.]\.", row["instead"])


@pytest.mark.parametrize("part", sorted(LEAST))
def test_no_condition_is_dropped_or_listed_twice(part: str) -> None:
    names = [row["condition"] for row in CONDITIONS[part]]
    assert len(names) >= LEAST[part]
    assert sorted({name for name in names if names.count(name) > 1}) == []


def test_no_part_of_the_table_is_left_out() -> None:
    assert set(CONDITIONS) == set(LEAST)


def test_every_thread_is_answered_once() -> None:
    threads = [origin for row in CONDITIONS["threads"] for origin in row["origin"]]
    assert [thread for thread in threads if not re.fullmatch(r"[\w./-]+#\d+", thread)] == []
    assert len(threads) == len(set(threads)) >= LEAST_THREADS


@pytest.mark.parametrize("checks", THREADS)
def test_a_host_as_in_this_thread_is_seen_before_it_is_migrated(checks: list[str]) -> None:
    findings = run_checks(context_of(CASES[checks[0]]["fires"][0]))
    assert [finding.status for finding in findings if finding.id == checks[0]] == ["fired"]
