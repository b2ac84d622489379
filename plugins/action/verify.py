# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares a host's two probes on the controller, and fails where something was lost."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.assessment import verify_source, verify_target
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.facts import FactsError, parse
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.run import RunDirectory, RunError, utc


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        _result, arguments = self.validate_argument_spec(
            {
                "run_dir": {"type": "path", "required": True},
                "expect": {"type": "str", "choices": ["target", "source"], "default": "target"},
            }
        )
        host = str((task_vars or {}).get("inventory_hostname", ""))
        try:
            return _verify(RunDirectory.at(arguments["run_dir"]), host, arguments["expect"])
        except (RunError, FactsError) as error:
            return {"failed": True, "msg": str(error)}


def _verify(run: RunDirectory, host: str, expect: str) -> dict[str, Any]:
    record = run.host_record(host)
    first, second = run.read_probe(host, "before"), run.read_probe(host, "after")
    if second is None:
        return {"failed": True, "msg": "the host was not read after the change"}
    before, after = (parse(first) if first else None), parse(second)
    if expect == "target":
        comparison = verify_target(before, after, record["target"])
        if comparison["reasons"]:
            message = "; ".join(comparison["reasons"])
            run.update_host(
                host, stage="verifying", comparison=comparison, failure={"step": "verify", "message": message}
            )
            return {"failed": True, "msg": message, "comparison": comparison}
        times = {"finished": utc(), **({"outage_finished": utc()} if record["times"]["outage_started"] else {})}
        run.update_host(
            host, stage="settled", outcome="migrated", reason="", comparison=comparison, failure=None, times=times
        )
    else:
        reasons = verify_source(before, after, record["target"])
        if reasons:
            return {"failed": True, "msg": "; ".join(reasons)}
        failure = record["failure"] or {"step": "rollback", "message": "asked for"}
        reason = f"{failure['step']}: {failure['message']}"
        run.update_host(
            host,
            stage="settled",
            outcome="rolled_back",
            reason=reason,
            times={"finished": utc(), "outage_finished": utc()},
        )
    return {"changed": False, "comparison": run.host_record(host)["comparison"]}
