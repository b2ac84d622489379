# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a host once, in one round trip, without changing anything on it.

Where a batch task of the same run has fetched the host's answer already, that is taken and the host is not asked.
"""

from __future__ import annotations

import json
import time
from typing import Any, ClassVar

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.facts import Facts, FactsError, parse
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.host import (
    HostAction,
    HostError,
    host_program,
    parse_answer,
)
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.run import RunDirectory

PROBE = "precheck/probe.sh"
LAUNCHER = "convert/job.sh"
FIRST_PROBE = "before.json"

Reading = tuple[dict[str, Any], Facts]


def reading(document: dict[str, Any], read_at: float) -> Reading:
    """A probe document with its facts; HostError where it is none. `read_at`: the controller's clock when it came."""
    try:
        document = {**document, "read_at": int(read_at)}
        return document, parse(document)
    except FactsError as error:
        raise HostError(str(error)) from error


class ActionModule(HostAction):
    arguments: ClassVar = {
        "run_dir": {"type": "path"},
        "moment": {"type": "str", "choices": ["before", "after"], "default": "before"},
        "timeout": {"type": "int", "default": 120},
        "wait_timeout": {"type": "int", "default": 0},
    }

    def act(self, arguments: dict[str, Any]) -> dict[str, Any]:
        document, facts = self._read_before() or self._ask(arguments)
        result: dict[str, Any] = {"changed": False, "os": dict(facts.os_release or {}).get("PRETTY_NAME", "")}
        if arguments["run_dir"]:
            self._keep(document, facts, arguments["moment"])
        else:
            result["probe"] = document
        return result

    def _ask(self, arguments: dict[str, Any]) -> Reading:
        """Asks the host itself."""
        answer = self.patiently(arguments["wait_timeout"], host_program(PROBE), timeout=arguments["timeout"])
        return reading(answer, time.time())

    def _read_before(self) -> Reading | None:
        """The answer that a batch task has fetched for this host, used once; None where there is none to be used."""
        if not self.given["run_dir"]:
            return None
        run = self.run_directory()
        instance = run.host_record(self.host)["instance_id"]
        if not instance:
            return None
        try:
            answer = run.answer_path(instance)
            said, read_at = answer.read_bytes(), answer.stat().st_mtime
            run.forget_answer(instance)
            return reading(parse_answer({"stdout": said.decode("utf-8", "surrogateescape")}), read_at)
        except (OSError, HostError):
            return None

    def _keep(self, document: dict[str, Any], facts: Facts, moment: str) -> None:
        """Writes the probe down. The first probe of a run stays what it was before the host was changed."""
        run = self.run_directory()
        if moment == "before" and self.begun(facts):
            moment = "after"
            self._fetch_first_probe(run)
        run.write_probe(self.host, moment, document)

    def _fetch_first_probe(self, run: RunDirectory) -> None:
        """Another controller began this run: the host carries the first probe with its job."""
        if run.read_probe(self.host, "before") is not None:
            return
        answer = self.run_program(host_program(LAUNCHER), "fetch", run.run_id, FIRST_PROBE, timeout=60)
        try:
            first = json.loads(str(answer.get("content", "")))
            parse(first)
        except (ValueError, FactsError):
            return  # verification then says that there is nothing to compare with
        run.write_probe(self.host, "before", first)
