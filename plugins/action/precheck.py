# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges one host for a migration, on the controller, from its probe and the cloud's facts."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase

from ansible_collections.alicloud.os_migration.plugins.plugin_utils import transaction
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.assessment import Assessment, Subject, assess
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.facts import FactsError, parse
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.findings import SEVERITIES
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.outcome import touched
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.plan import PlanError, unfinished
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.run import RunDirectory, RunError
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.waivers import parse_waivers


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
                "fail_on": {"type": "str", "choices": ["never", *SEVERITIES], "default": "never"},
                "reassess": {"type": "bool", "default": False},
            }
        )
        host = str((task_vars or {}).get("inventory_hostname", ""))
        try:
            return {"changed": False, **_judge(RunDirectory.at(arguments["run_dir"]), host, arguments)}
        except (RunError, FactsError, PlanError) as error:
            return {"failed": True, "msg": str(error)}


def _judge(run: RunDirectory, host: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Assesses the host and writes the assessment into its record. What an interrupted run decided stays decided."""
    record = run.host_record(host)
    instance = (run.read("cloud.json") or {}).get(host)
    if unfinished(instance or {}, run.run_id):
        outcome = record["outcome"] if record["outcome"] not in ("held", "not_started") else None
        record = run.update_host(host, eligible=True, outcome=outcome, engine=record["engine"] or arguments["engine"])
    elif not record["outcome"] or (arguments["reassess"] and not touched(record)):
        found = assess(
            _subject(run, host, instance, arguments["probe_error"]), arguments["target"], arguments["engine"]
        )
        record = run.update_host(host, **{**_changes(found), **_remedied(found, record)})
    return {
        "eligible": record["eligible"],
        "outcome": record["outcome"],
        "reason": record["reason"],
        "findings": [f"{finding['severity']} {finding['id']}: {finding['title']}" for finding in record["findings"]],
        "problem": _problem(record["findings"], arguments["fail_on"]),
    }


def _subject(run: RunDirectory, host: str, instance: dict[str, Any] | None, error: str) -> Subject:
    document = None if error else run.read_probe(host, "before")
    facts = parse(document) if document else None
    return Subject(
        host,
        facts,
        error,
        instance,
        transaction.of_host(run.read_transaction(host), facts) if facts else None,
        parse_waivers(run.facts().get("waivers") or []),
    )


def _problem(findings: list[dict[str, Any]], fail_on: str) -> str:
    """The ids of the findings that are as bad as the user asked to fail on, as a sentence; nothing where there are none."""
    severities = SEVERITIES[: SEVERITIES.index(fail_on) + 1] if fail_on != "never" else ()
    ids = [
        finding["id"]
        for finding in findings
        if finding["severity"] in severities and finding["status"] == "fired" and not finding["waived"]
    ]
    return f"Findings of severity {fail_on} or worse: {', '.join(ids)}." if ids else ""


def _remedied(found: Assessment, record: dict[str, Any]) -> dict[str, str]:
    """Of a host that remedies have changed nobody says that nothing was changed."""
    done = [step["name"] for step in record["steps"] if step["status"] == "finished"]
    return {"reason": f"No check forbids the migration; {', '.join(done)}."} if found.eligible and done else {}


def _changes(found: Assessment) -> dict[str, Any]:
    return {
        "eligible": found.eligible,
        "outcome": found.outcome,
        "reason": found.reason,
        "source": found.source,
        "engine": found.engine,
        "findings": [finding.as_dict() for finding in found.findings],
        "paths": found.paths,
    }
