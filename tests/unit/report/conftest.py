# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.alicloud.os_migration.plugins.plugin_utils import report

RUN = yaml.safe_load(Path(__file__).with_name("run.yml").read_text())
GENERATED = "2026-11-23T10:46:17Z"
# What a host may answer in any of its fields.
HOSTILE = (
    "<script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>",
    "</title></style></script><svg onload=alert(1)>",
    "]]>--><!DOCTYPE x",
    "{{ 7 * 7 }}{% raw %}",
    "\x1b]0;owned\x07\x1b[2J\x1b[31mred\r\b\x00",
    "a\u202eb\u2066c\u200bd\u2028e\ufefff\U000e0041\ud800\uffff",
    "日本語" * 20,
)


@pytest.fixture
def run() -> dict[str, Any]:
    return copy.deepcopy(RUN)


@pytest.fixture
def sample(run: dict[str, Any]) -> dict[str, Any]:
    return report.build(run, GENERATED)


def poisoned(value: Any, poison: str) -> Any:
    """The same data with every text replaced, but for the words that the record itself checks."""
    if isinstance(value, dict):
        kept = ("outcome", "stage", "severity", "status", "started", "finished", "outage_started", "outage_finished")
        return {key: item if key in kept else poisoned(item, poison) for key, item in value.items()}
    if isinstance(value, list):
        return [poisoned(item, poison) for item in value]
    return poison if isinstance(value, str) else value


@pytest.fixture(params=HOSTILE, ids=range(len(HOSTILE)))
def hostile(request: pytest.FixtureRequest, run: dict[str, Any]) -> dict[str, Any]:
    found = poisoned(run, request.param)
    # An inventory holds each name once.
    for number, record in enumerate(found["hosts"]):
        record["host"] += str(number)
    return report.build(found, GENERATED)


@pytest.fixture
def assessment(run: dict[str, Any]) -> dict[str, Any]:
    """A run that was an assessment: two hosts are ready, three are blocked, one of them by two findings."""
    ready, blocked = copy.deepcopy(run["hosts"][1]), copy.deepcopy(run["hosts"][3])
    for record in (ready, blocked):
        record.update(outcome=None, stage="assessed", restore_point=[], comparison=None, reason="", steps=[], times={})
    other = {**blocked["findings"][0], "id": "DISK-BOOT", "title": "/boot is too small"}
    run["hosts"] = [
        {**ready, "host": "ready1"},
        {**ready, "host": "ready2"},
        {**blocked, "host": "old1"},
        {**blocked, "host": "old2", "findings": [*blocked["findings"], other]},
        {**blocked, "host": "small", "findings": [other]},
    ]
    run["run"].update(finished=None)
    return run
