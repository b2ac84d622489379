# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a comparison overlooks, the users of the host find; what it makes up, rolls a good host back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.compare import (
    Comparison,
    Expectation,
    compare,
    compare_restored,
)
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.facts import Facts, parse
from ansible_collections.alicloud.os_migration.tests.unit.checks.hosts import changed, document, host


def _load(name: str) -> Any:
    return yaml.safe_load((Path(__file__).parent / name).read_text("utf-8"))


MIGRATED = _load("migrated.yml")


def _migrated(changes: dict[str, Any]) -> Facts:
    """The clean host after a good migration, with further changes made to that state."""
    state = document(MIGRATED)
    for name, change in changes.items():
        state["sections"][name] = changed(state["sections"][name], change)
    return parse(state)


def _assert(result: Comparison, case: dict[str, Any]) -> None:
    reasons = case.get("reasons", [])
    assert len(result.reasons) == len(reasons), result.reasons
    assert [r for r in reasons if not any(r in found for found in result.reasons)] == []
    assert result.verdict == ("failed" if reasons else "ok")
    for kind in ("lost", "changed", "gained"):
        items = "\n".join(getattr(result, kind))
        assert [text for text in case.get(kind, []) if text not in items] == []
        assert [text for text in case.get(f"not_{kind}", []) if text in items] == []


@pytest.mark.parametrize("case", _load("after_migration.yml"), ids=lambda case: case["case"])
def test_a_migrated_host_is_accepted_only_if_nothing_that_matters_is_lost(case: dict[str, Any]) -> None:
    expectation = Expectation.for_path("centos8", "alinux3")
    _assert(compare(host(case.get("before")), _migrated(case.get("sections", {})), expectation), case)


@pytest.mark.parametrize("case", _load("after_rollback.yml"), ids=lambda case: case["case"])
def test_a_rolled_back_host_has_to_be_what_it_was(case: dict[str, Any]) -> None:
    _assert(compare_restored(host(), host(case.get("sections"))), case)


def test_what_the_user_gave_up_is_no_reason_to_go_back() -> None:
    after = _migrated({"units": {"drop": "nginx"}, "sockets": {"drop": "nginx"}})
    given_up = Expectation("alinux3", ".al8", ("CentOS",), ("nginx.service",), ("80/tcp",))
    result = compare(host(), after, given_up)
    assert result.ok
    assert "port 80/tcp (nginx)" in result.lost


def test_a_comparison_fits_into_the_report() -> None:
    result = compare(host(), _migrated({}), Expectation.for_path("centos8", "alinux3")).as_dict()
    assert set(result) == {"lost", "changed", "gained", "reasons", "verdict"}
    huge = Comparison(gained=[f"package p{n}" for n in range(5000)]).as_dict()
    assert len(huge["gained"]) == 1001
    assert huge["gained"][-1] == "and 4000 more"
