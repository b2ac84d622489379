# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reboots a host and waits until it answers with another boot id."""

from __future__ import annotations

import time
from typing import Any, ClassVar

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.host import (
    HostAction,
    HostError,
    HostUnreachable,
    host_program,
)

REBOOT = "convert/reboot.sh"
CALL_TIMEOUT = 40


class ActionModule(HostAction):
    step = "reboot"
    arguments: ClassVar = {
        "run_dir": {"type": "path"},
        "boot_id": {"type": "str", "default": ""},
        "timeout": {"type": "int", "default": 900},
        "poll": {"type": "int", "default": 3},
    }

    def act(self, arguments: dict[str, Any]) -> dict[str, Any]:
        if self._task.check_mode:
            return {"changed": True, "boot_id": None}
        started = time.monotonic()
        before = self._boot_id("current", wait=arguments["timeout"])
        # Booted anew since the caller's boot id: an earlier, interrupted run did it already.
        if arguments["boot_id"] and before != arguments["boot_id"]:
            return {"changed": False, "boot_id": before, "elapsed": 0}
        self._boot_id("reboot")
        after = self._wait(before, started + arguments["timeout"], arguments["poll"])
        return {"changed": True, "boot_id": after, "elapsed": round(time.monotonic() - started, 1)}

    def _boot_id(self, verb: str, wait: float = 0) -> str:
        boot_id = self.patiently(wait, host_program(REBOOT), verb, timeout=CALL_TIMEOUT).get("boot_id")
        if not isinstance(boot_id, str) or not boot_id:
            raise HostError("the host did not tell its boot id")
        return boot_id

    def _wait(self, before: str, deadline: float, poll: int) -> str:
        while time.monotonic() < deadline:
            time.sleep(poll)
            self.reset_connection()
            try:
                boot_id = self._boot_id("current")
            except HostUnreachable:
                continue
            if boot_id != before:
                return boot_id
        raise HostUnreachable("the host did not come back from its reboot within the time limit")
