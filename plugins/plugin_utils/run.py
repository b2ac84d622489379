# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The run record: one directory per run on the controller, one file per host, every file written by rename."""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ansible_collections.alicloud.os_migration.plugins.plugin_utils import outcome as outcomes
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.run_files import (
    LockHeld,
    RunError,
    RunLock,
    explained,
    safe_name,
    write_atomic,
)

__all__ = ["LockHeld", "RunDirectory", "RunError", "check_run_id", "list_runs", "new_run_id", "safe_name", "utc"]

RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")

EMPTY_HOST: dict[str, Any] = {
    "schema": 1, "host": "", "instance_id": "", "instance_name": "", "region_id": "", "stage": "assessed",
    "outcome": None, "reason": "", "eligible": None, "source": {"id": "", "version": "", "name": ""}, "target": "",
    "engine": "", "findings": [], "paths": [], "plan": [], "restore_point": [], "failure": None, "steps": [],
    "comparison": None, "job": None,
    "times": {"started": None, "outage_started": None, "outage_finished": None, "finished": None},
}  # fmt: skip
# These are added to key by key; every other value of a host is replaced as a whole.
MERGED = ("source", "times")


def utc(now: datetime | None = None) -> str:
    """A moment as UTC in ISO 8601, to the second: the only form in which the record keeps time."""
    moment = now or datetime.now(timezone.utc)
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def new_run_id(now: datetime | None = None, random: Callable[[int], str] = secrets.token_hex) -> str:
    """A fresh id that sorts by time; `random` gives as many random bytes as it is asked for, in hexadecimal."""
    moment = (now or datetime.now(timezone.utc)).astimezone(timezone.utc)
    return f"{moment:%Y%m%d-%H%M%S}-{random(2)}"


def check_run_id(run_id: str) -> str:
    """The id itself, or RunError: it becomes a directory, a tag and the name of a systemd unit."""
    if not RUN_ID.fullmatch(run_id):
        raise RunError(
            f"The run id {run_id[:80]!r} is not valid: use 1 to 64 letters, digits, hyphens and underscores,"
            " and begin with a letter or digit."
        )
    return str(run_id)


def list_runs(base: str | os.PathLike[str]) -> list[str]:
    """The ids of all runs under a directory, oldest first by name."""
    try:
        return sorted(p.name for p in Path(base).iterdir() if RUN_ID.fullmatch(p.name) and (p / "run.json").is_file())
    except FileNotFoundError:
        return []
    except OSError as exc:
        raise explained(exc, "read", Path(base)) from exc


class RunDirectory:
    """One run on disk. Use `create` to start or to resume, `open` where the run must exist already."""

    def __init__(self, base: str | os.PathLike[str], run_id: str) -> None:
        self.run_id = check_run_id(run_id)
        self.path = Path(base) / self.run_id

    @classmethod
    def create(cls, base: str | os.PathLike[str], run_id: str, **facts: Any) -> RunDirectory:
        """Make the directory, or take up the one that is there: the facts of its first start then stay as they are."""
        run = cls(base, run_id)
        try:
            for folder in (run.path, run.path / "hosts", run.path / "probes"):
                # Probes show how hosts are configured: nobody else on the controller needs to read them.
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as exc:
            raise explained(exc, "create", run.path) from exc
        if not (run.path / "run.json").exists():
            run.write(
                "run.json",
                {"schema": 1, "run_id": run.run_id, "started": utc(), "finished": None, "hosts": [], **facts},
            )
        return run

    @classmethod
    def open(cls, base: str | os.PathLike[str], run_id: str) -> RunDirectory:
        """The directory of a run that exists."""
        run = cls(base, run_id)
        if not (run.path / "run.json").is_file():
            known = list_runs(base)
            hint = f"the newest run there is {known[-1]}" if known else "there are no runs there"
            raise RunError(f"There is no run {run.run_id} in {base}; {hint}.")
        return run

    @classmethod
    def at(cls, run_dir: str | os.PathLike[str]) -> RunDirectory:
        """The run whose directory is given."""
        return cls.open(Path(run_dir).parent, Path(run_dir).name)

    # The lock

    def lock(self, owner_pid: int) -> None:
        """Keep other controllers out, in the name of the process that runs the playbook; LockHeld where one is in."""
        RunLock(self.path / "lock").acquire(owner_pid)

    def unlock(self, owner_pid: int) -> None:
        """Let others in again."""
        RunLock(self.path / "lock").release(owner_pid)

    # Files

    def write(self, name: str, data: Any) -> None:
        """Write a JSON document; a reader sees the old one or the new one, never a part."""
        self.write_text(name, json.dumps(data, indent=1, sort_keys=True) + "\n")

    def write_text(self, name: str, text: str) -> None:
        """Write any text by rename; lone surrogates, which no file can hold, become question marks."""
        write_atomic(self.path / name, text.encode("utf-8", "replace"))

    def read(self, name: str) -> Any:
        """A JSON document of the run, or None where it does not exist."""
        target = self.path / name
        try:
            return json.loads(target.read_bytes())
        except FileNotFoundError:
            return None
        except OSError as exc:
            raise explained(exc, "read", target) from exc
        except ValueError as exc:
            raise RunError(
                f"The file {target} is not valid JSON; it was changed by something other than this collection."
            ) from exc

    def facts(self) -> dict[str, Any]:
        """What run.json holds."""
        return dict(self.read("run.json") or {})

    def update(self, **changes: Any) -> dict[str, Any]:
        """Change keys of run.json."""
        facts = {**self.facts(), **changes}
        self.write("run.json", facts)
        return facts

    def write_probe(self, host: str, moment: str, document: Any) -> None:
        """Keep a probe document; `moment` is `before` or `after`."""
        self.write(f"probes/{safe_name(host)}.{_moment(moment)}.json", document)

    def read_probe(self, host: str, moment: str) -> Any:
        """A probe document, or None where the host was not probed."""
        return self.read(f"probes/{safe_name(host)}.{_moment(moment)}.json")

    def write_transaction(self, host: str, document: Any) -> None:
        """Keep what the host's package manager said of the conversion's transaction."""
        self.write(f"probes/{safe_name(host)}.transaction.json", document)

    def read_transaction(self, host: str) -> Any:
        """That document, or None where nobody asked the host."""
        return self.read(f"probes/{safe_name(host)}.transaction.json")

    def answer_path(self, instance_id: str) -> Path:
        """Where the answer of a host lies that was read together with others."""
        return self.path / "answers" / f"{safe_name(instance_id)}.out"

    def forget_answer(self, instance_id: str) -> None:
        """Remove an answer that was not taken."""
        self.answer_path(instance_id).unlink(missing_ok=True)

    # Hosts

    def host_record(self, host: str) -> dict[str, Any]:
        """What is known of a host; a host without a file has an empty record."""
        record = json.loads(json.dumps(EMPTY_HOST))
        record["host"] = host
        return _merged(record, self.read(f"hosts/{safe_name(host)}.json") or {})

    def update_host(self, host: str, **changes: Any) -> dict[str, Any]:
        """Change a host's record and return it. Writers of different hosts never meet; one host has one writer."""
        _check_changes(host, changes)
        record = _merged(self.host_record(host), changes)
        self.write(f"hosts/{safe_name(host)}.json", record)
        return record

    def update_step(self, host: str, name: str, **changes: Any) -> dict[str, Any]:
        """Change one step of a host, or add it at the end."""
        steps = self.host_record(host)["steps"]
        step = next((item for item in steps if item.get("name") == name), None)
        if step is None:
            step = {"name": name, "started": None, "finished": None, "status": "pending"}
            steps.append(step)
        step.update(changes)
        return self.update_host(host, steps=steps)

    def hosts(self) -> list[str]:
        """Every host of the run: those it was started for, in order, then any other that has a record."""
        names = dict.fromkeys(str(name) for name in self.facts().get("hosts") or [])
        try:
            files = sorted(p.name for p in (self.path / "hosts").glob("*.json") if not p.name.startswith("."))
        except OSError as exc:
            raise explained(exc, "read", self.path / "hosts") from exc
        for name in files:
            host = (self.read(f"hosts/{name}") or {}).get("host")
            names.setdefault(name.removesuffix(".json") if host is None else str(host))
        return list(names)

    def snapshot(self) -> dict[str, Any]:
        """The whole run as plain data: what the report is built from."""
        return {"run": self.facts(), "hosts": [self.host_record(host) for host in self.hosts()]}

    # The end of a run

    def settle(self, now: datetime | None = None) -> dict[str, int]:
        """Give every host exactly one outcome, and the run its end; a second call changes nothing."""
        check_mode = bool(self.facts().get("check_mode"))
        moment = utc(now)
        for host in self.hosts():
            record = self.host_record(host)
            name = outcomes.verdict(record, check_mode)
            if record["outcome"] == name and record["stage"] == "settled":
                continue
            finished = record["times"]["finished"] or moment
            self.update_host(
                host, outcome=name, reason=outcomes.why(record, name), stage="settled", times={"finished": finished}
            )
        if not self.facts().get("finished"):
            self.update(finished=moment)
        return self.summary()

    def summary(self) -> dict[str, int]:
        """How many hosts have each outcome; `none` counts those that have none yet."""
        counts = {**dict.fromkeys(outcomes.NAMES, 0), "none": 0}
        for host in self.hosts():
            name = self.host_record(host)["outcome"]
            counts[name if name in outcomes.BY_NAME else "none"] += 1
        return counts

    def exit_code_reason(self, accepted: Iterable[str] = ("migrated", "planned")) -> str | None:
        """None where every host ended as accepted, else one sentence that names the others."""
        allowed = set(accepted)
        others: dict[str, list[str]] = {}
        total = 0
        for host in self.hosts():
            name = self.host_record(host)["outcome"] or "no outcome"
            total += 1
            if name not in allowed:
                others.setdefault(name, []).append(host)
        if not others:
            return None
        parts = [
            f"{len(others[name])} {name} ({_some(others[name])})"
            for name in (*outcomes.NAMES, "no outcome")
            if name in others
        ]
        count = sum(len(hosts) for hosts in others.values())
        return f"{count} of {total} hosts did not end as {' or '.join(sorted(allowed))}: {', '.join(parts)}."


def _merged(record: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**record, **changes}
    for key in MERGED:
        if isinstance(record.get(key), Mapping) and isinstance(changes.get(key), Mapping):
            merged[key] = {**record[key], **changes[key]}
    return merged


def _check_changes(host: str, changes: Mapping[str, Any]) -> None:
    unknown = sorted(set(changes) - (set(EMPTY_HOST) - {"schema", "host"}))
    if unknown:
        raise RunError(f"The record of {host!r} has no key {unknown[0]!r} that can be changed.")
    if changes.get("outcome") is not None and changes["outcome"] not in outcomes.BY_NAME:
        raise RunError(f"{changes['outcome']!r} is not an outcome; the outcomes are {', '.join(outcomes.NAMES)}.")
    if "stage" in changes and changes["stage"] not in outcomes.STAGES:
        raise RunError(f"{changes['stage']!r} is not a stage; the stages are {', '.join(outcomes.STAGES)}.")


def _moment(moment: str) -> str:
    if moment not in ("before", "after"):
        raise RunError(f"{moment!r} is not a moment of a probe; it is before or after.")
    return moment


def _some(hosts: list[str]) -> str:
    shown = ", ".join(repr(host)[1:-1] for host in hosts[:5])
    return f"{shown} and {len(hosts) - 5} more" if len(hosts) > 5 else shown
