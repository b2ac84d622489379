# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Resolves the transaction of a conversion on a host, where that tells something, without changing the host."""

from __future__ import annotations

import base64
import gzip
import shlex
from collections.abc import Mapping
from typing import Any, ClassVar

from ansible_collections.alicloud.os_migration.plugins.action.host_job import shell_assignments
from ansible_collections.alicloud.os_migration.plugins.plugin_utils import matrix
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.facts import Facts, FactsError, parse
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.host import HostAction, HostError, host_program
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.run import RunDirectory
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.signing_key import (
    KeyProblem,
    pinned_key,
    repository_file,
)
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.transaction import parse as parse_transaction

LAUNCHER = "convert/transaction.sh"
ENGINE = "distro_sync"
KEY_FILE = "/etc/pki/rpm-gpg/target.key"
# The host stops by itself so much earlier than the controller stops waiting, so that it can still say why.
GRACE = 30


class ActionModule(HostAction):
    arguments: ClassVar = {
        "run_dir": {"type": "path", "required": True},
        "target": {"type": "str", "required": True},
        "engine": {"type": "str", "default": "auto"},
        "config": {"type": "dict", "required": True},
        "repositories": {"type": "list", "elements": "dict", "required": True},
        "signing_key": {"type": "str", "default": ""},
        "signing_key_sha256": {"type": "str", "default": ""},
        "timeout": {"type": "int", "default": 420},
    }

    def act(self, arguments: dict[str, Any]) -> dict[str, Any]:
        run = self.run_directory()
        facts = self._facts(run)
        reason = self._needless(facts, arguments["target"], arguments["engine"])
        if facts is None or reason:
            return {"changed": False, "skipped": True, "skip_reason": reason, "reachable": None}
        document, failure = self._ask(run, arguments)
        # The evidence is about the host as that probe found it; a later probe makes it void.
        document = {**document, "read_at": facts.read_at}
        run.write_transaction(self.host, document)
        if failure:
            raise failure
        found = parse_transaction(document, facts)
        return {"changed": False, "resolved": not found.error, "cause": found.cause, "problem": found.error}

    def _facts(self, run: RunDirectory) -> Facts | None:
        try:
            return parse(run.read_probe(self.host, "before"))
        except FactsError:
            return None

    def _needless(self, facts: Facts | None, target: str, engine: str) -> str:
        """Why there is no transaction to resolve on this host; nothing where there is one."""
        if facts is None:
            return "the host was not read"
        if facts.uid:
            return "the host was not read as root"
        if self.begun(facts):
            return "the migration of the host has begun"
        identity = matrix.identify(facts.os_release or {})
        if identity is None or target not in matrix.TARGETS:
            return "the path of the host is not known"
        try:
            path = matrix.choose(identity.id, target, facts.arch or "", engine)
        except matrix.MatrixError as problem:
            return str(problem)
        return "" if path.engine == ENGINE else f"the engine {path.engine} resolves no transaction beforehand"

    def _ask(self, run: RunDirectory, arguments: Mapping[str, Any]) -> tuple[dict[str, Any], HostError | None]:
        """The host's document, or one that tells why there is none, with the error."""
        key, key_problem = "", ""
        try:
            repositories = repository_file(arguments["repositories"], KEY_FILE)
        except KeyProblem as problem:
            return _refusal(str(problem)), HostError(str(problem))
        try:
            key = pinned_key(run, arguments["signing_key"], arguments["signing_key_sha256"])
        except KeyProblem as problem:
            key_problem = str(problem)
        seconds = max(GRACE, arguments["timeout"] - GRACE)
        program = evidence_program(arguments["config"], repositories, key)
        try:
            document = self.run_program(program, str(seconds), timeout=arguments["timeout"])
        except HostError as error:
            return {**_refusal(str(error)), "key_problem": key_problem}, error
        return {**document, "key_problem": key_problem}, None


def _refusal(problem: str) -> dict[str, Any]:
    return {"transaction": 1, "cause": "unknown", "problem": problem}


def evidence_program(config: Mapping[str, Any], repositories: str, key: str) -> str:
    """The launcher with the packed program in front of it, as one shell program without a temporary file."""
    program = "\n".join(
        (
            host_program("convert/resolution.sh"),
            "ALLOW_REMOVALS=''",
            shell_assignments(config),
            f"TARGET_REPO={shlex.quote(repositories)}",
            f"TARGET_KEY={shlex.quote(key)}",
            host_program("convert/evidence.sh"),
        )
    )
    packed = base64.b64encode(gzip.compress(program.encode("utf-8"), mtime=0)).decode("ascii")
    return f"payload='{packed}'\n{host_program(LAUNCHER)}"
