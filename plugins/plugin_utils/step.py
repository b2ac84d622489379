# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the steps of a run share: their arguments, and forms in which they give hosts to batch modules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.run import RunDirectory

# The step of a failure that is the cloud's or the network's, not the host's.
CLOUD_STEP = "cloud"


@dataclass(frozen=True)
class StepArguments:
    """What a step may look at; `hosts` are inventory names, `results` come from a batch module."""

    hosts: list[str]
    run_dir: str | None
    runs_dir: str
    run_id: str
    target: str
    engine: str
    accept_risks: bool
    on_failure: str
    max_failures: str
    accepted_outcomes: list[str]
    results: list[dict[str, Any]]
    message: str
    resume: bool
    everything: bool
    assess_only: bool
    waivers: list[dict[str, Any]]
    inventory: str
    hostvars: Mapping[str, Any]
    check_mode: bool
    owner_pid: int
    language: str = "en"

    def run(self) -> RunDirectory:
        """The directory of the run under way."""
        return RunDirectory.at(self.run_dir or "")


def item(instance_id: str, region: str) -> dict[str, str]:
    return {"id": instance_id, **({"region": region} if region else {})}


def targets(records: list[dict[str, Any]]) -> dict[str, Any]:
    return {"instances": [item(record["instance_id"], record["region_id"]) for record in records]}


def failure_text(record: Mapping[str, Any]) -> str:
    failure = record["failure"] or {"step": record["stage"], "message": "no reason is known"}
    return f"{failure['step']}: {failure['message']}"
