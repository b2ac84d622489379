# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a phase of the conversion as a detached job on a host and watches it; it outlives the connection."""

from __future__ import annotations

import base64
import io
import json
import shlex
import tarfile
import time
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any, ClassVar

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.host import (
    HostAction,
    HostError,
    clean_text,
    host_program,
)
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.run import utc
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.signing_key import (
    KeyProblem,
    pinned_key,
    repository_file,
)

LAUNCHER = "convert/job.sh"
ENGINE = ("convert/resolution.sh", "convert/engine.sh")
JOBS = "/var/lib/os_migration"
CALL_TIMEOUT = 90
STATES = frozenset({"absent", "refused", "running", "finished", "failed", "died"})
OUTAGE_STEP = "stop_services"


class ActionModule(HostAction):
    arguments: ClassVar = {
        "run_dir": {"type": "path", "required": True},
        "state": {"type": "str", "choices": ["finished", "started", "reported", "absent"], "default": "finished"},
        "phase": {"type": "str", "choices": ["prepare", "convert"], "default": "prepare"},
        "config": {"type": "dict", "default": {}},
        "repositories": {"type": "list", "elements": "dict", "default": []},
        "signing_key": {"type": "str", "default": ""},
        "signing_key_sha256": {"type": "str", "default": ""},
        "timeout": {"type": "int", "default": 7200},
        "poll": {"type": "int", "default": 5},
    }

    def act(self, arguments: dict[str, Any]) -> dict[str, Any]:
        job = self.run_directory().run_id
        state = arguments["state"]
        if state in ("reported", "absent") or self._task.check_mode:
            word = "remove" if state == "absent" and not self._task.check_mode else "status"
            status = clean_status(self.patiently(0, host_program(LAUNCHER), word, job, timeout=CALL_TIMEOUT))
            return {"changed": word == "remove", "job": status}
        self.step = "prepare" if arguments["phase"] == "prepare" else "convert"
        deadline = time.monotonic() + arguments["timeout"]
        program = self._program(arguments)
        if arguments["phase"] == "convert":
            self.record(stage="converting")
        status = self._ask(deadline, program, "start", job, arguments["phase"])
        while state == "finished" and status["state"] == "running":
            if time.monotonic() >= deadline:
                raise HostError(f"the job still runs step {status['step']} after the time limit; it goes on by itself")
            time.sleep(arguments["poll"])
            status = self._ask(deadline, host_program(LAUNCHER), "status", job)
        self._note(status)
        return {"changed": True, "job": status}

    def _ask(self, deadline: float, program: str, *words: str) -> dict[str, Any]:
        """One call, repeated while the host is out of reach and the deadline has not passed: the job does not need us."""
        wait = max(0.0, deadline - time.monotonic())
        return clean_status(self.patiently(wait, program, *words, timeout=CALL_TIMEOUT))

    def _program(self, arguments: Mapping[str, Any]) -> str:
        """The launcher; in front of it the job's files, which the host keeps from the first phase on."""
        run = self.run_directory()
        if not run.host_record(self.host)["restore_point"]:
            raise HostError("there is no complete restore point of this host in this run, so it must not be changed")
        if arguments["phase"] == "convert":
            return host_program(LAUNCHER)
        try:
            files = {
                "engine.sh": host_program(*ENGINE),
                "config": shell_assignments(arguments["config"]),
                "target.repo": repository_file(arguments["repositories"], f"{JOBS}/{run.run_id}/target.key"),
                "target.key": pinned_key(run, arguments["signing_key"], arguments["signing_key_sha256"]),
                "before.json": json.dumps(run.read_probe(self.host, "before")),
            }
        except KeyProblem as error:
            raise HostError(str(error)) from error
        return launch_program(files)

    def _note(self, status: dict[str, Any]) -> None:
        """Writes the job's steps and times down, and raises HostError where it failed."""
        steps = timeline(status["steps"])
        outage = next((step["started"] for step in steps if step["name"] == OUTAGE_STEP), None)
        failed = status["state"] in ("failed", "died", "refused", "absent")
        self.record(steps=steps, **({"times": {"outage_started": outage}} if outage else {}))
        if failed:
            if status["step"]:
                self.step = status["step"]
            reason = status["message"] or "the job ended without a word: it was killed, or the host restarted"
            raise HostError(f"{reason}\n{status['log_tail']}" if status["state"] == "died" else reason)


def shell_assignments(config: Mapping[str, Any]) -> str:
    """Settings as assignments that a shell reads back unchanged."""
    return "".join(
        f"{name}={shlex.quote(str(value).strip())}\n" for name, value in sorted(config.items()) if name.isidentifier()
    )


def launch_program(files: Mapping[str, str]) -> str:
    """The launcher with the job's files in front of it, as one shell program."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in files.items():
            data = content.encode("utf-8")
            member = tarfile.TarInfo(name)
            member.size = len(data)
            member.mode = 0o600
            archive.addfile(member, io.BytesIO(data))
    text = base64.encodebytes(packed.getvalue()).decode("ascii")
    return f"payload() {{\ncat <<'END_OF_PAYLOAD'\n{text}END_OF_PAYLOAD\n}}\n{host_program(LAUNCHER)}"


def clean_status(document: Mapping[str, Any]) -> dict[str, Any]:
    """A job's status as the host tells it, with every field of the type and within the bounds that are expected."""
    state, percent, steps = document.get("state"), document.get("percent"), document.get("steps")
    return {
        "state": state if isinstance(state, str) and state in STATES else "died",
        "percent": percent if isinstance(percent, int) and 0 <= percent <= 100 else None,
        **{
            name: clean_text(document.get(name), limit)
            for name, limit in {
                "phase": 20,
                "step": 40,
                "message": 2000,
                "log_tail": 8000,
                "boot_id": 64,
                "job_boot_id": 64,
            }.items()
        },
        "steps": [
            {
                "time": step["time"],
                "step": clean_text(step.get("step"), 40),
                "status": clean_text(step.get("status"), 20),
            }
            for step in (steps if isinstance(steps, list) else [])[:200]
            if isinstance(step, Mapping) and isinstance(step.get("time"), int) and 0 < step["time"] < 2**33
        ],
    }


def timeline(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The journal's events as steps with a start and an end."""
    steps: dict[str, dict[str, Any]] = {}
    for event in events:
        step = steps.setdefault(
            event["step"], {"name": event["step"], "started": None, "finished": None, "status": "pending"}
        )
        moment = utc(datetime.fromtimestamp(event["time"], timezone.utc))
        if event["status"] == "started":
            step.update(started=step["started"] or moment, status="running")
        else:
            step.update(finished=moment, status=event["status"])
    return list(steps.values())
