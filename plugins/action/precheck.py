# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges one host for a migration, on the controller, from its probe and the cloud's facts."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.assessment import Assessment, assess
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.facts import FactsError, parse
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.plan import unfinished
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.run import RunDirectory, RunError


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        _result, arguments = self.validate_argument_spec(
            {
                "run_dir": {"type": "path", "required": True},
                "target": {"type": "str", "required": True},
                "engine": {"type": "str", "default": "auto"},
                "probe_error": {"type": "str", "default": ""},
            }
        )
        host = str((task_vars or {}).get("inventory_hostname", ""))
        try:
            return {"changed": False, **_judge(RunDirectory.at(arguments["run_dir"]), host, arguments)}
        except (RunError, FactsError) as error:
            return {"failed": True, "msg": str(error)}


def _judge(run: RunDirectory, host: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Assesses the host and writes the assessment into its record. What an interrupted run decided stays decided."""
    record = run.host_record(host)
    instance = (run.read("cloud.json") or {}).get(host)
    document = run.read_probe(host, "before")
    if unfinished(instance or {}, run.run_id):
        outcome = record["outcome"] if record["outcome"] not in ("held", "not_started") else None
        record = run.update_host(host, eligible=True, outcome=outcome, engine=record["engine"] or arguments["engine"])
    elif not record["outcome"]:
        facts = parse(document) if document and not arguments["probe_error"] else None
        found = assess(facts, arguments["probe_error"], instance, arguments["target"], arguments["engine"])
        record = run.update_host(host, **_changes(found))
    return {
        "eligible": record["eligible"],
        "outcome": record["outcome"],
        "reason": record["reason"],
        "findings": [f"{finding['severity']} {finding['id']}: {finding['title']}" for finding in record["findings"]],
    }


def _changes(found: Assessment) -> dict[str, Any]:
    return {
        "eligible": found.eligible,
        "outcome": found.outcome,
        "reason": found.reason,
        "source": found.source,
        "engine": found.engine,
        "findings": [finding.as_dict() for finding in found.findings],
    }
