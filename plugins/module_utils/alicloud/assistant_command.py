# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A command on many instances as a user asks for it: once, or until the output matches; results per instance."""

from __future__ import annotations

import os
import re
import secrets
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .assistant_dispatch import Session
from .assistant_execute import Answer, Job, execute, until
from .batch import Ref
from .client import Caller
from .errors import CloudError
from .waiter import Pace

Result = dict[str, Any]


@dataclass(frozen=True)
class Wanted:
    """How to run the job and what to make of its answers; times in seconds."""

    run_token: str | None = None
    wait: bool = True
    stop_on_timeout: bool = False
    until_stdout: re.Pattern[str] | None = None
    until_timeout: float = 600
    until_interval: float = 10
    failed_when_rc: bool = True
    dest: Path | None = None


def run(api: Caller, refs: Sequence[Ref], job: Job, wanted: Wanted, pace: Pace) -> list[Result]:
    if wanted.dest is not None:
        _make_folder(wanted.dest)
    seed = f"ecs_command:{wanted.run_token or secrets.token_hex(16)}"
    session = Session(api, pace, seed, stop_on_timeout=wanted.stop_on_timeout)
    pattern = wanted.until_stdout
    if pattern is None:
        answers = execute(session, refs, job, wanted.wait)
    else:
        answers = until(
            session,
            refs,
            job,
            lambda stdout: pattern.search(_text(stdout)) is not None,
            wanted.until_timeout,
            wanted.until_interval,
        )
    return [_result(ref, answers[ref], wanted) for ref in refs]


def unused(ref: Ref) -> Result:
    """The result of check mode: nothing was run, so nothing is known."""
    return _entry(ref, Answer()) | {"changed": True}


def _result(ref: Ref, answer: Answer, wanted: Wanted) -> Result:
    begun = answer.begun
    if answer.error is None and wanted.failed_when_rc and answer.exit_code:
        answer.error = CloudError("NonZeroExit", _last_words(answer), operation="RunCommand", resource=ref.id)
    entry = _entry(ref, answer) | {"changed": begun}
    if wanted.dest is not None and wanted.wait:
        entry["stdout"] = ""
        if not entry["truncated"] and answer.exit_code is not None:
            try:
                entry["path"] = str(write_private(wanted.dest, f"{ref.id}.out", answer.stdout))
            except OSError as error:
                entry["error"] = _cannot_write(error).as_dict()
    return entry


def _entry(ref: Ref, answer: Answer) -> Result:
    return {
        "instance_id": ref.id,
        "region_id": ref.region,
        "invoke_id": answer.invoke_id,
        "status": answer.status or ("Pending" if answer.invoke_id and answer.error is None else None),
        "exit_code": answer.exit_code,
        "stdout": _text(answer.stdout),
        "stderr": _text(answer.stderr),
        "truncated": answer.error is not None and answer.error.code.startswith("Output"),
        "path": None,
        "error": answer.error.as_dict() if answer.error else None,
    }


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise _cannot_write(error) from error


def _cannot_write(error: OSError) -> CloudError:
    return CloudError("CannotWrite", str(error), hint="Check dest, which is a directory on the controller.")


def write_private(folder: Path, name: str, content: bytes) -> Path:
    """A file that only its owner may read, there as a whole or not at all."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
        raise OSError(f"{name!r} cannot be the name of a file")
    handle, temporary = tempfile.mkstemp(prefix=f".{name}.", dir=folder)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.replace(temporary, folder / name)
    except BaseException:
        os.unlink(temporary)
        raise
    return folder / name


def _text(content: bytes) -> str:
    return content.decode("utf-8", "replace")


def _last_words(answer: Answer) -> str:
    lines = [line for line in _text(answer.stderr or answer.stdout).splitlines() if line.strip()][-5:]
    said = "".join(c for c in " / ".join(lines) if c.isprintable())[-500:]
    return f"the command ended with exit status {answer.exit_code}" + (f": {said}" if said else "")
