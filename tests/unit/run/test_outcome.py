# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.alicloud.os_migration.plugins.plugin_utils import outcome

CASES = yaml.safe_load(Path(__file__).with_name("verdict.yml").read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_every_host_gets_the_outcome_that_it_deserves(case: dict[str, Any]) -> None:
    assert outcome.verdict(case["record"], case.get("check_mode", False)) == case["outcome"]


def test_the_cause_of_a_failure_is_told_in_one_line() -> None:
    record = {"failure": {"step": "transaction", "message": "no space\n left on device"}, "reason": "old"}
    assert outcome.why(record, "held") == "transaction: no space left on device"


def test_every_outcome_comes_with_a_reason_even_where_none_was_recorded() -> None:
    for name in outcome.NAMES:
        assert outcome.why({}, name).endswith(".")
        assert outcome.why({"reason": "Budget spent."}, name) == "Budget spent."


def test_no_two_outcomes_share_a_sign_so_that_colour_is_never_needed() -> None:
    assert len(outcome.OUTCOMES) == 6
    assert len({item.sign for item in outcome.STANDINGS}) == len(outcome.STANDINGS) == 8
