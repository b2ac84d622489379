# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of a run on the way back, and what every controller is told at the end of a wave."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.alicloud.os_migration.plugins.plugin_utils import plan
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.orchestration_smc import goes_on
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.step import (
    CLOUD_STEP,
    StepArguments,
    failure_text,
    targets,
)


def select_rollback(arguments: StepArguments) -> dict[str, Any]:
    """The instances to take back now: those whose migration failed, or with `everything` all that this run began with."""
    run = arguments.run()
    hold = run.facts()["on_failure"] == "hold" and not arguments.everything
    cloud = run.read("cloud.json") or {}
    due = []
    for host in arguments.hosts:
        record = run.host_record(host)
        if arguments.everything:
            tags = (cloud.get(host) or {}).get("tags") or {}
            if tags.get(plan.TAG_RUN) != run.run_id:
                run.update_host(
                    host, outcome="not_started", reason=f"Run {run.run_id} has not begun with this instance."
                )
                continue
        elif not record["failure"] or record["outcome"]:
            continue
        elif hold or not record["restore_point"]:
            run.update_host(host, outcome="held", reason=failure_text(record))
            continue
        due.append(run.update_host(host, stage="rolling_back", outcome=None))
    return {"hosts": [record["host"] for record in due], **targets(due)}


def note_rollback(arguments: StepArguments) -> dict[str, Any]:
    """Writes down which disks could not be restored; returns the hosts whose disks all were."""
    run = arguments.run()
    errors = {result["instance_id"]: result["error"] for result in arguments.results if result.get("error")}
    restored = []
    for host in arguments.hosts:
        record = run.host_record(host)
        error = errors.get(record["instance_id"])
        if error:
            reason = f"{failure_text(record)} The rollback failed too: {error.get('message')} {error.get('hint') or ''}".rstrip()
            run.update_host(host, outcome="held", reason=reason)
        else:
            restored.append(host)
    return {"restored": restored}


def note_held(arguments: StepArguments) -> dict[str, Any]:
    """A host that did not come back from its rollback, or came back different: a person must look."""
    run = arguments.run()
    for host in arguments.hosts:
        record = run.host_record(host)
        if not record["outcome"]:
            run.update_host(
                host, outcome="held", reason=f"{failure_text(record)} After the rollback: {arguments.message[:1000]}"
            )
    return {}


def settle_wave(arguments: StepArguments) -> dict[str, Any]:
    """The tags that tell every controller how the instances of this wave ended; only those that a run has begun with."""
    run = arguments.run()
    groups: dict[str, list[dict[str, Any]]] = {}
    for host in arguments.hosts:
        record = run.host_record(host)
        if record["restore_point"] and record["outcome"] and not _resumable(record):
            groups.setdefault(record["outcome"], []).append(record)
    return {
        "tags": [
            {"tags": {plan.TAG_RUN: run.run_id, plan.TAG_STATE: outcome}, **targets(records)}
            for outcome, records in sorted(groups.items())
        ]
    }


def _resumable(record: Mapping[str, Any]) -> bool:
    """Whether the same command is to go on with this host: its tags then stay as they are."""
    return goes_on(record) or (record["failure"] or {}).get("step") == CLOUD_STEP
