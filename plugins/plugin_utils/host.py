# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The base of the action plugins that talk to a host: one shell program in, one JSON document out, never a module."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.facts_types import Facts
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.outcome import CHANGING
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.run import RunDirectory, RunError

ROLES = Path(__file__).resolve().parents[2] / "roles"
KEEP_ALIVE = "-o ServerAliveInterval=5 -o ServerAliveCountMax=3"


class HostError(Exception):
    """The host answered, but not with what was asked for."""


class HostUnreachable(HostError):
    """The host could not be reached, or the connection was lost before the answer was complete."""


class _Overdue(BaseException):
    """Goes through every `except Exception` of the libraries below, which would take it for a failure of theirs."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raises HostUnreachable from the block after that many seconds: a dead network must not block a run."""

    overdue = _Overdue()

    def ring(_signal: int, _frame: Any) -> None:
        raise overdue

    started = time.monotonic()
    previous_handler = signal.signal(signal.SIGALRM, ring)
    pending, interval = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    except _Overdue as rung:
        if rung is not overdue:
            raise
        raise HostUnreachable(f"no answer within {seconds:.0f} seconds") from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous_handler)
        if pending:  # a time limit that the task itself has
            signal.setitimer(signal.ITIMER_REAL, max(0.01, pending - (time.monotonic() - started)), interval)


def host_program(*names: str) -> str:
    """The text of host programs of this collection (role/file), joined in that order."""
    return "\n".join((ROLES / role / "files" / name).read_text("utf-8") for role, name in (n.split("/") for n in names))


def shell_function(name: str, text: str) -> str:
    """A shell function that prints a text, whatever is in it."""
    end = f"END_{hashlib.sha256(text.encode('utf-8')).hexdigest()[:16]}"
    return f"{name}() {{\ncat <<'{end}'\n{text}\n{end}\n}}\n"


class HostAction(ActionBase):
    """What the host_* action plugins share: `arguments` is the spec, `act` does the work and may raise HostError.

    A task of these never drops the host from the play: a host out of reach is a failure like any other, which a
    rescue section can handle. With `run_dir` a failure is written into the host's record.
    """

    TRANSFERS_FILES = False
    _requires_connection = True
    _supports_check_mode = True
    arguments: ClassVar[dict[str, dict[str, Any]]] = {}
    step = ""

    def act(self, arguments: dict[str, Any]) -> dict[str, Any]:
        raise HostError("this action does nothing")

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        _result, self.given = self.validate_argument_spec(self.arguments)
        self.host = str((task_vars or {}).get("inventory_hostname", ""))
        try:
            return {"reachable": True, **self.act(self.given)}
        except (HostError, RunError) as error:
            if self.step:
                self.record(failure={"step": self.step, "message": str(error)})
            return {"failed": True, "reachable": not isinstance(error, HostUnreachable), "msg": str(error)}

    def run_directory(self) -> RunDirectory:
        """The record of the run that the task names."""
        return RunDirectory.at(self.given["run_dir"])

    def begun(self, facts: Facts) -> bool:
        """Whether this run may have begun to change the host, by the host's own journal or by its record."""
        run = self.run_directory()
        return run.run_id in (facts.journal or {}) or run.host_record(self.host)["stage"] in CHANGING

    def record(self, **changes: Any) -> None:
        """Changes the host's record, where the task belongs to a run."""
        if self.given.get("run_dir") and not self._task.check_mode:
            self.run_directory().update_host(self.host, **changes)

    def patiently(self, wait: float, program: str, *words: str, timeout: float) -> dict[str, Any]:
        """Like run_program, but a host out of reach is asked again until so many seconds are over."""
        deadline = time.monotonic() + wait
        while True:
            try:
                return self.run_program(program, *words, timeout=timeout)
            except HostUnreachable:
                if time.monotonic() >= deadline:
                    raise
                self.reset_connection()
                time.sleep(2)

    def run_program(self, program: str, *arguments: str, timeout: float) -> dict[str, Any]:
        """Runs a shell program on the host and returns the JSON object that it printed.

        Raises HostUnreachable where the connection failed, HostError where the answer is not usable.
        """
        self._keep_alive()
        try:
            with time_limit(timeout):
                answer = self._execute(program, arguments)
        except AnsibleConnectionFailure as error:
            raise HostUnreachable(_first_line(str(error))) from error
        except HostUnreachable:
            self.reset_connection()
            raise
        except AnsibleError as error:
            raise HostError(_first_line(str(error))) from error
        return parse_answer(answer)

    def reset_connection(self) -> None:
        """Drops a shared connection that may be dead, so that the next call opens a new one."""
        with suppress(Exception), time_limit(15):
            self._connection.reset()

    def _keep_alive(self) -> None:
        with suppress(KeyError, AttributeError):
            options = self._connection.get_option("ssh_common_args") or ""
            if KEEP_ALIVE not in options:
                self._connection.set_option("ssh_common_args", f"{options} {KEEP_ALIVE}".strip())

    @property
    def takes_input(self) -> bool:
        """Whether a program can be sent on standard input, so that nothing is written on the host."""
        become = getattr(self._connection, "become", None)
        # ansible-core 2.16 does not say which way of becoming root leaves standard input alone: all but su do.
        passes = become is None or getattr(become, "pipelining", become.name != "su")
        return bool(self._connection.has_pipelining and passes)

    def _execute(self, program: str, arguments: tuple[str, ...]) -> Mapping[str, Any]:
        words = " ".join(shlex.quote(argument) for argument in arguments)
        if self.takes_input:
            # The program goes in on standard input: one round trip, and nothing is written on the host.
            return self._low_level_execute_command(f"/bin/sh -s -- {words}", in_data=program.encode("utf-8"))
        directory = self._make_tmp_path()
        try:
            path = self._connection._shell.join_path(directory, "program.sh")
            self._transfer_data(path, program)
            self._fixup_perms2((directory, path))
            return self._low_level_execute_command(f"/bin/sh {shlex.quote(path)} {words}")
        finally:
            self._remove_tmp_path(directory)


def parse_answer(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON object in a low-level result; login banners before it are passed over."""
    text = str(answer.get("stdout", ""))
    for start in [match.start() for match in re.finditer(r"^\{", text, re.MULTILINE)][:20]:
        with suppress(ValueError, RecursionError):
            return json.JSONDecoder().raw_decode(text[start:])[0]
    said = _first_line(str(answer.get("stderr", "")) or text) or "nothing"
    raise HostError(f"the host's answer could not be read (exit status {answer.get('rc')}); it said: {said}")


def _first_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return "".join(c for c in (lines[0] if lines else "") if c.isprintable())[:300]


def clean_text(value: Any, limit: int) -> str:
    """Text of a host: its bytes came one escape each, so they are joined to UTF-8 again; control characters are dropped."""
    text = value if isinstance(value, str) else ""
    text = text.encode("latin-1", "replace").decode("utf-8", "replace")
    return "".join(c for c in text if c == "\n" or c.isprintable())[-limit:]
