# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waits until a host runs the target system and has ended the work of its first boots, by what the host itself shows."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, ClassVar

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.host import (
    HostAction,
    HostError,
    HostUnreachable,
    clean_text,
    host_program,
)
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.matrix import SYSTEMS

PROGRAM = "smc/settled.sh"
CALL_TIMEOUT = 60


class ActionModule(HostAction):
    step = "smc_settle"
    arguments: ClassVar = {
        "run_dir": {"type": "path"},
        "target": {"type": "str", "required": True, "choices": sorted(SYSTEMS)},
        "quiet": {"type": "int", "default": 120},
        "timeout": {"type": "int", "default": 3600},
        "poll": {"type": "int", "default": 30},
    }

    def act(self, arguments: dict[str, Any]) -> dict[str, Any]:
        if self._task.check_mode:
            return {"changed": False, "settled": False}
        _name, system, major, _stream = SYSTEMS[arguments["target"]]
        words = (str(arguments["quiet"]), system, major)
        deadline = time.monotonic() + arguments["timeout"]
        while True:
            waits_for = self._look(words)
            if not waits_for:
                return {"changed": False, "settled": True}
            if time.monotonic() >= deadline:
                raise HostError(
                    f"the host had not settled after {arguments['timeout']} seconds; it still waits for: {waits_for}"
                )
            time.sleep(arguments["poll"])

    def _look(self, words: tuple[str, ...]) -> str:
        """What the host still waits for; nothing where it has settled."""
        try:
            return waiting(self.run_program(host_program(PROGRAM), *words, timeout=CALL_TIMEOUT))
        except HostUnreachable:
            self.reset_connection()
            return "an answer"


def waiting(answer: Mapping[str, Any]) -> str:
    """What an answer of the program says is still missing, in words; nothing where all is well."""
    if answer.get("settled") is True:
        return ""
    reasons = answer.get("waits_for")
    busy = answer.get("busy")
    words = [clean_text(word, 40) for group in (reasons, busy) if isinstance(group, list) for word in group[:10]]
    return ", ".join(word for word in words if word) or "an answer that can be read"
