# SPDX-License-Identifier: GPL-3.0-or-later
"""A run in a temporary directory, for trying its steps."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ansible_collections.alicloud.os_migration.plugins.plugin_utils import orchestration
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.run import RunDirectory
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.step import StepArguments

HOSTS = ["a", "b", "c"]
HOSTVARS = {host: {"os_migration_instance_id": f"i-{host}", "os_migration_region": "cn-hangzhou"} for host in HOSTS}
DEFAULTS: dict[str, Any] = {
    "hosts": HOSTS, "run_dir": None, "run_id": "", "target": "alinux3", "engine": "auto", "accept_risks": True,
    "on_failure": "rollback", "max_failures": "10%", "accepted_outcomes": ["migrated", "planned"], "results": [],
    "message": "", "resume": True, "everything": False, "assess_only": False, "waivers": [], "hostvars": HOSTVARS,
    "check_mode": False, "inventory": "",
}  # fmt: skip


def facts(host: str, **tags: str) -> dict[str, Any]:
    return {"instance_id": f"i-{host}", "region_id": "cn-hangzhou", "instance_name": host, "tags": tags, "error": None}


class Run:
    """A run in a temporary directory, on which steps are tried one after another."""

    def __init__(self, base: Path, *cloud: dict[str, Any], **options: Any) -> None:
        self.options = {**DEFAULTS, "runs_dir": str(base), "owner_pid": os.getpid(), **options}
        results = list(cloud) or [facts(host) for host in HOSTS]
        self.opened = orchestration.open_run(StepArguments(**{**self.options, "results": results}))
        self.options["run_dir"] = self.opened["run_dir"]
        self.record = RunDirectory(base, self.opened["run_id"])

    def step(self, name: str, **options: Any) -> dict[str, Any]:
        return orchestration.STEPS[name](StepArguments(**{**self.options, **options}))

    def eligible(self, *hosts: str) -> None:
        for host in hosts:
            self.record.update_host(host, eligible=True)

    def outcome(self, host: str) -> Any:
        return self.record.host_record(host)["outcome"]


def snapshots(*hosts: str, complete: bool = True) -> list[dict[str, Any]]:
    item = {"snapshot_id": "s-1", "disk_id": "d-1", "device": "/dev/xvda", "disk_type": "system"}
    return [{"instance_id": f"i-{host}", "complete": complete, "snapshots": [item], "error": None} for host in hosts]
