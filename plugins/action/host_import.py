# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Imports a host as a migration source over its own connection, and keeps its first probe on it."""

from __future__ import annotations

import shlex
from typing import Any, ClassVar

from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud import smc_client
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.errors import CloudError
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.redaction import redact
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.host import (
    HostAction,
    HostError,
    clean_text,
    host_program,
    shell_function,
)

PROBE_TIMEOUT = 180
SPARE = 60  # seconds for the connection, beyond the time that the host gives the command


class ActionModule(HostAction):
    step = "smc_import"
    arguments: ClassVar = {
        "run_dir": {"type": "path", "required": True},
        "client_url": {"type": "str", "default": ""},
        "client_checksum": {"type": "str", "default": ""},
        "command": {"type": "str", "default": ""},
        "token_id": {"type": "str", "default": ""},
        "code": {"type": "str", "no_log": True, "required": True},
        "timeout": {"type": "int", "default": 900},
    }

    def act(self, arguments: dict[str, Any]) -> dict[str, Any]:
        if self._task.check_mode:
            return {"changed": True}
        if not arguments["code"]:
            raise HostError("there is no activation code to import the host with: the service made none")
        self._keep_probe()
        self._import(arguments)
        return {"changed": True}

    def _keep_probe(self) -> None:
        program = shell_function("probe", host_program("precheck/probe.sh")) + host_program("smc/keep.sh")
        answer = self.patiently(SPARE, program, self.run_directory().run_id, timeout=PROBE_TIMEOUT)
        if answer.get("kept") is not True:
            raise HostError("the first probe could not be written to /var/lib/os_migration")

    def _import(self, arguments: dict[str, Any]) -> None:
        try:
            command = arguments["command"] or smc_client.default_command(
                "tarball", arguments["client_url"], arguments["client_checksum"], arguments["timeout"]
            )
            command = smc_client.with_code(command, arguments["token_id"], arguments["code"])
        except CloudError as error:
            raise HostError(str(error)) from error
        if not self.takes_input:
            raise HostError(
                "the activation code would be written into a file on the host, because its connection or its way of becoming "
                "root passes no standard input on; log in as root, use sudo, or import through Cloud Assistant"
            )
        try:
            self._run_command(command, arguments["timeout"])
        except HostError as error:
            # Whatever the host says may quote the program that it was sent.
            raise type(error)(redact(str(error), (arguments["code"],))) from None

    def _run_command(self, command: str, seconds: int) -> None:
        program = command_text(command) + host_program("smc/import.sh")
        answer = self.patiently(60, program, str(seconds), timeout=seconds + SPARE)
        if answer.get("status") != 0:
            said = clean_text(answer.get("said"), 600).strip()
            raise HostError(f"the import command ended with status {answer.get('status')}: {said}")


def command_text(command: str) -> str:
    """The shell function that import.sh calls. No here-document: older shells write those into temporary files."""
    return f"command_text() {{\nprintf '%s\\n' {shlex.quote(command)}\n}}\n"
