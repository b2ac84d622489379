# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the records of several runs; what is damaged or not a run is left out and named, and stops nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.run import EMPTY_HOST, RUN_ID, RunError, safe_name
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.run_files import explained

SCHEMA = 1
NOTHING = type(None)
WORD = (str, NOTHING)
# What a report takes for granted about a host's record: a type, a list of what is in brackets, a dict with such values
# where they are there, or one of several.
RECORD: dict[str, Any] = {
    "host": str,
    "instance_id": str,
    "outcome": WORD,
    "stage": WORD,
    "reason": WORD,
    "target": WORD,
    "source": {"id": WORD, "name": WORD},
    "times": dict.fromkeys(("started", "outage_started", "outage_finished", "finished"), WORD),
    "findings": [
        {"id": str, "evidence": [str], "remediation": (dict, NOTHING), "waived": (dict, NOTHING), "paths": [str]}
    ],
    "paths": [{"target": WORD, "blocked_by": [str]}],
    "restore_point": [dict],
    "plan": list,
    "steps": [dict],
    "failure": (dict, NOTHING),
    "comparison": ({"lost": list, "changed": list, "gained": list}, NOTHING),
}


class Damaged(ValueError):
    """A file is not what a run writes; the text says in which way."""


@dataclass(frozen=True)
class Assessment:
    """A host in one run. `moment` is when the host entered the run, in ISO 8601."""

    run_id: str
    moment: str
    finished: bool
    check_mode: bool
    has_page: bool
    record: dict[str, Any]


@dataclass(frozen=True)
class Fleet:
    """`runs` are in order of their start; `hosts` are pairs of the newest assessment and the one before, if any."""

    runs: list[dict[str, Any]]
    hosts: list[tuple[Assessment, Assessment | None]]
    left_out: list[tuple[str, str]]


def read_fleet(base: Path) -> Fleet:
    """All runs below a directory; RunError where it cannot be read or holds none."""
    try:
        folders = sorted(path for path in base.iterdir() if path.is_dir() and not path.name.startswith("."))
    except FileNotFoundError as exc:
        raise RunError(f"There is no directory {base}; os_migration_runs_dir says where runs are kept.") from exc
    except OSError as exc:
        raise explained(exc, "read", base) from exc
    runs: list[tuple[dict[str, Any], Path]] = []
    left_out: list[tuple[str, str]] = []
    for folder in folders:
        try:
            runs.append((_run_facts(folder), folder))
        except Damaged as problem:
            left_out.append((folder.name, str(problem)))
    if not runs:
        raise RunError(f"There are no runs in {base}; os_migration_runs_dir says where they are kept.")
    runs.sort(key=lambda run: (run[0]["started"], run[0]["run_id"]))
    hosts = _Hosts()
    for facts, folder in runs:
        facts["count"] = 0
        for assessment in _assessments(facts, folder, left_out):
            facts["count"] += 1
            hosts.add(assessment)
    return Fleet([facts for facts, _folder in runs], hosts.pairs(), left_out)


class _Hosts:
    """The two newest assessments of every host; no more are kept in memory, however many runs there are."""

    def __init__(self) -> None:
        self._of: dict[tuple[str, str], list[Assessment]] = {}
        self._instances: dict[str, set[str]] = {}

    def add(self, assessment: Assessment) -> None:
        host, instance = assessment.record["host"], assessment.record["instance_id"]
        if instance:
            self._instances.setdefault(host, set()).add(instance)
        self._keep(("instance", instance) if instance else ("host", host), [assessment])

    def pairs(self) -> list[tuple[Assessment, Assessment | None]]:
        """What was seen once without its instance belongs to the one instance of that name, if there is only one."""
        for host, instances in self._instances.items():
            if len(instances) == 1 and ("host", host) in self._of:
                (instance,) = instances
                self._keep(("instance", instance), self._of.pop(("host", host)))
        return [(kept[0], kept[1] if len(kept) > 1 else None) for kept in self._of.values()]

    def _keep(self, key: tuple[str, str], more: list[Assessment]) -> None:
        known = [*self._of.get(key, []), *more]
        known.sort(key=lambda assessment: (assessment.moment, assessment.run_id), reverse=True)
        self._of[key] = known[:2]


def _run_facts(folder: Path) -> dict[str, Any]:
    if not (folder / "run.json").is_file() or not RUN_ID.fullmatch(folder.name):
        raise Damaged("not the directory of a run")
    facts = _object(folder / "run.json")
    if not isinstance(facts.get("started"), str):
        raise Damaged("run.json does not say when the run started")
    return {**facts, "run_id": folder.name}


def _assessments(facts: dict[str, Any], folder: Path, left_out: list[tuple[str, str]]) -> Iterator[Assessment]:
    try:
        files = sorted(path for path in (folder / "hosts").glob("*.json") if not path.name.startswith("."))
    except OSError as exc:
        left_out.append((f"{folder.name}/hosts", exc.strerror or "cannot be read"))
        return
    for path in files:
        try:
            record = _record(path)
        except Damaged as problem:
            left_out.append((f"{folder.name}/hosts/{path.name}", str(problem)))
            continue
        # A run that ended before this host was judged says nothing about it.
        if record["eligible"] is None and not record["outcome"] and not record["findings"]:
            continue
        yield Assessment(
            facts["run_id"],
            str(record["times"].get("started") or facts["started"]),
            bool(facts.get("finished")),
            bool(facts.get("check_mode")),
            (folder / "report" / f"{safe_name(record['host'])}.html").is_file(),
            record,
        )


def _record(path: Path) -> dict[str, Any]:
    record = {"paths": [], **EMPTY_HOST, **_object(path)}
    for key, shape in RECORD.items():
        if not _fits(record[key], shape):
            raise Damaged(f"{key} is not what it should be")
    if not record["host"]:
        raise Damaged("it does not name its host")
    return record


def _fits(value: Any, shape: Any) -> bool:
    if isinstance(shape, dict):
        return isinstance(value, dict) and all(_fits(value[key], part) for key, part in shape.items() if key in value)
    if isinstance(shape, list):
        return isinstance(value, list) and all(_fits(item, shape[0]) for item in value)
    if isinstance(shape, tuple):
        return any(_fits(value, part) for part in shape)
    return isinstance(value, shape)


def _object(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except OSError as exc:
        raise Damaged(exc.strerror or "cannot be read") from exc
    except (ValueError, RecursionError) as exc:
        raise Damaged(f"{path.name} is not valid JSON") from exc
    if not isinstance(found, dict):
        raise Damaged(f"{path.name} is not a JSON object")
    if found.get("schema") != SCHEMA:
        raise Damaged(f"{path.name} has schema {str(found.get('schema'))[:40]}, and this version reads {SCHEMA}")
    return found
