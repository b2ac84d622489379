# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Resolves findings of a host by remedies that can be taken back, takes them back, or tells which ones are left."""

from __future__ import annotations

from typing import Any, ClassVar

from ansible_collections.alicloud.os_migration.plugins.plugin_utils import remediation
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.host import HostAction, HostError, host_program
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.plan import PlanError
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.run import utc

PROGRAM = ("remediate/remedies.sh", "remediate/remediate.sh")


class ActionModule(HostAction):
    arguments: ClassVar = {
        "run_dir": {"type": "path", "required": True},
        "state": {"type": "str", "choices": ["applied", "undone", "resolved"], "default": "applied"},
        "remedies": {"type": "list", "elements": "str", "default": []},
        "vault_mirror": {"type": "str", "default": "https://mirrors.aliyun.com"},
        "irreversible": {"type": "bool", "default": False},
        "timeout": {"type": "int", "default": 3600},
        "wait_timeout": {"type": "int", "default": 300},
    }

    def act(self, arguments: dict[str, Any]) -> dict[str, Any]:
        try:
            wanted = remediation.asked(arguments["remedies"])
            mirror = remediation.check_mirror(arguments["vault_mirror"])
        except PlanError as error:
            raise HostError(str(error)) from error
        if arguments["state"] == "resolved":
            return self._resolved()
        if not wanted:
            return {"changed": False, "remedies": [], "diff": []}
        findings = self.run_directory().host_record(self.host)["findings"]
        due = remediation.due(findings, arguments["remedies"]) if arguments["state"] == "applied" else []
        answer = self.patiently(
            arguments["wait_timeout"],
            host_program(*PROGRAM),
            self._verb(),
            "yes" if self._task.diff else "no",
            "yes" if arguments["irreversible"] else "no",
            mirror,
            ",".join(wanted),
            ",".join(due),
            timeout=arguments["timeout"],
        )
        return self._told(remediation.answered(answer))

    def _verb(self) -> str:
        verb = "apply" if self.given["state"] == "applied" else "undo"
        return {"apply": "plan", "undo": "plan-undo"}[verb] if self._task.check_mode else verb

    def _told(self, remedies: list[dict[str, Any]]) -> dict[str, Any]:
        """Writes down what was done, or would be, and gives it back; failed where a remedy was not possible."""
        run = self.run_directory()
        acts = [f"{one['id']}: {act}" for one in remedies for act in one["acts"]]
        if self._task.check_mode:
            run.update_host(self.host, plan=[*run.host_record(self.host)["plan"], *acts])
        else:
            for one in remedies:
                if one["changed"] or one["state"] in ("refused", "failed"):
                    status = "failed" if one["state"] in ("refused", "failed") else "finished"
                    run.update_step(self.host, f"{one['state']} {one['id']}", finished=utc(), status=status)
        problem = remediation.problems(remedies)
        return {
            "changed": any(one["changed"] or one["state"] == "planned" for one in remedies),
            "remedies": [{key: value for key, value in one.items() if key != "diffs"} for one in remedies],
            "diff": [part for one in remedies for part in one["diffs"]],
            **({"failed": True, "msg": problem} if problem else {}),
        }

    def _resolved(self) -> dict[str, Any]:
        """Whether the findings of the remedies asked for are gone, by the host's newest assessment."""
        record = self.run_directory().host_record(self.host)
        applied = [step["name"].removeprefix("applied ") for step in record["steps"] if step["status"] == "finished"]
        left = remediation.unresolved(record["findings"], self.given["remedies"], applied)
        result: dict[str, Any] = {"changed": False, "unresolved": left}
        if left:
            told = "; ".join(f"{name} did not resolve {', '.join(ids)}" for name, ids in left.items())
            result.update(failed=True, msg=f"{told}. The report shows what is left.")
        return result
