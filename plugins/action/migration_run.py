# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps the record of a run on the controller and says which hosts are due for what."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ansible.plugins.action import ActionBase

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.orchestration import STEPS
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.plan import PlanError
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.run import RunError
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.step import StepArguments
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.texts import LANGUAGES


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        _result, arguments = self.validate_argument_spec(
            {
                "step": {"type": "str", "required": True, "choices": sorted(STEPS)},
                "hosts": {"type": "list", "elements": "str", "default": []},
                "run_dir": {"type": "path"},
                "runs_dir": {"type": "path", "default": "os_migration_runs"},
                "run_id": {"type": "str", "default": ""},
                "target": {"type": "str", "default": ""},
                "engine": {"type": "str", "default": "auto"},
                "accept_risks": {"type": "bool", "default": False},
                "on_failure": {"type": "str", "choices": ["rollback", "hold"], "default": "rollback"},
                "max_failures": {"type": "str", "default": "10%"},
                "accepted_outcomes": {"type": "list", "elements": "str", "default": ["migrated", "planned"]},
                "results": {"type": "list", "elements": "dict", "default": []},
                "message": {"type": "str", "default": ""},
                "resume": {"type": "bool", "default": True},
                "everything": {"type": "bool", "default": False},
                "assess_only": {"type": "bool", "default": False},
                "waivers": {"type": "list", "elements": "dict", "default": []},
                "language": {"type": "str", "choices": sorted(LANGUAGES), "default": "en"},
            }
        )
        variables = task_vars or {}
        hostvars: Mapping[str, Any] = variables.get("hostvars", {})
        request = StepArguments(
            **{key: value for key, value in arguments.items() if key != "step"},
            hostvars=hostvars,
            check_mode=bool(self._task.check_mode),
            # Each task runs in a process of its own; the run belongs to the process that runs the playbook.
            owner_pid=os.getppid(),
            inventory=" ".join(str(source) for source in variables.get("ansible_inventory_sources") or []),
        )
        try:
            return {"changed": False, **STEPS[arguments["step"]](request)}
        except (PlanError, RunError) as error:
            return {"failed": True, "msg": str(error)}
