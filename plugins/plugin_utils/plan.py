# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked for and what is due: decisions about hosts from plain data, with no input or output of their own."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.matrix import (
    BY_NAME_ONLY,
    ENGINES,
    MATRIX,
    TARGETS,
    name_of,
)

TAG_RUN, TAG_STATE = "os_migration_run_id", "os_migration_state"
# States of an instance's tag in which a run has begun something and not ended it.
UNFINISHED = frozenset({"migrating", "rolling_back"})


class PlanError(ValueError):
    """The request cannot be served; the text says what is wrong and what to do. Nothing has been changed."""


def requested(hosts: Sequence[str], hostvars: Mapping[str, Mapping[str, Any]]) -> list[dict[str, str]]:
    """Host, instance id and region of every selected host, or PlanError that names all that lack or share one."""
    if not hosts:
        raise PlanError("No host is selected: check the inventory, --limit and os_migration_hosts.")
    wanted = [{"host": host, **_instance(hostvars[host])} for host in hosts]
    missing = [entry["host"] for entry in wanted if not entry["id"]]
    if missing:
        raise PlanError(
            f"{_names(missing)} without an instance id: set os_migration_instance_id (for example i-bp1abc...) for each"
            " in the inventory, or leave them out with --limit."
        )
    seen: dict[str, list[str]] = {}
    for entry in wanted:
        seen.setdefault(entry["id"], []).append(entry["host"])
    shared = [f"{', '.join(names)} ({instance})" for instance, names in seen.items() if len(names) > 1]
    if shared:
        raise PlanError(f"Several inventory hosts have the same instance id: {'; '.join(shared)}. Keep one of each.")
    return wanted


def _instance(variables: Mapping[str, Any]) -> dict[str, str]:
    """The instance behind a host: our own variables, or those that inventory plug-ins for ECS set."""

    def first(*names: str) -> str:
        return next((str(variables[name]).strip() for name in names if variables.get(name)), "")

    return {
        "id": first("os_migration_instance_id", "instance_id"),
        "region": first("os_migration_region", "region_id", "region"),
    }


def check_target(target: str, engine: str, assess_only: bool = False) -> None:
    """PlanError where no host could ever take such a path in this version.

    An assessment alone may also look at paths that this version cannot take, and with `auto` at all of them.
    """
    if target == "auto" and not assess_only:
        raise PlanError(
            "os_migration_target is auto, which lists the possible targets of every host in an assessment"
            f" (playbook precheck). To migrate, name one: {', '.join(_targets(engine))}."
        )
    if target not in (*TARGETS, "auto"):
        raise PlanError(f"os_migration_target is {target!r}, which is not known. Known targets: {', '.join(TARGETS)}.")
    if engine not in ("auto", *ENGINES):
        raise PlanError(
            f"os_migration_engine is {engine!r}, which is not known. Known engines: auto, {', '.join(ENGINES)}."
        )
    if target not in _targets(engine) and not assess_only:
        way = "" if engine == "auto" else f" by {engine}"
        usable = ", ".join(_targets(engine)) or "none"
        others = [other for other in sorted(BY_NAME_ONLY) if engine == "auto" and target in _targets(other)]
        hint = "".join(f" It is with os_migration_engine={other}." for other in others)
        raise PlanError(
            f"No migration to {name_of(target)}{way} is available in this version.{hint} Available targets: {usable}."
        )


def _targets(engine: str) -> list[str]:
    """Where an engine leads in this version; `auto` takes none that must be asked for by name."""
    wanted = [engine] if engine != "auto" else [name for name in ENGINES if name not in BY_NAME_ONLY]
    return sorted({path.target for path in MATRIX if path.available and path.engine in wanted})


def check_risks(accepted: bool) -> None:
    """PlanError where the user has not said that the change is wanted."""
    if not accepted:
        raise PlanError(
            "A migration replaces the operating system and restarts every host. Read what it does in the README, try it"
            " with --check, and then say so with -e os_migration_accept_risks=true. Nothing was changed."
        )


def joined(wanted: Iterable[Mapping[str, str]], results: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The cloud's facts by host, or PlanError that names every host whose instance was not found."""
    known = {result.get("instance_id"): result for result in results}
    errors, facts = [], {}
    for entry in wanted:
        result = known.get(entry["id"])
        error = result.get("error") if result else {"message": "no answer for it"}
        if error:
            place = f" in {entry['region']}" if entry["region"] else ""
            errors.append(
                f"{entry['host']}: {entry['id']}{place}: {error.get('message')} {error.get('hint') or ''}".rstrip()
            )
        else:
            facts[entry["host"]] = {
                key: value for key, value in (result or {}).items() if key not in ("changed", "error")
            }
    if errors:
        shown = "; ".join(errors[:10]) + (f"; and {len(errors) - 10} more" if len(errors) > 10 else "")
        raise PlanError(f"The cloud does not know these instances, check their ids and regions: {shown}")
    return facts


def run_to_resume(instances: Iterable[Mapping[str, Any]]) -> str | None:
    """The run that began with some of these instances and did not end; PlanError where there are several."""
    runs: dict[str, list[str]] = {}
    for instance in instances:
        tags = instance.get("tags") or {}
        if tags.get(TAG_STATE) in UNFINISHED and tags.get(TAG_RUN):
            runs.setdefault(str(tags[TAG_RUN]), []).append(str(instance.get("instance_id")))
    if len(runs) > 1:
        listed = "; ".join(f"{run} ({_names(ids)})" for run, ids in sorted(runs.items()))
        raise PlanError(
            f"Several unfinished runs are under way: {listed}. Continue them one by one with -e os_migration_run_id=<run>."
        )
    return next(iter(runs), None)


def unfinished(instance: Mapping[str, Any], run_id: str) -> bool:
    """Whether this run has begun with an instance and not ended: its tag says so, whichever controller began."""
    tags = instance.get("tags") or {}
    return tags.get(TAG_RUN) == run_id and tags.get(TAG_STATE) in UNFINISHED


def going_back(instance: Mapping[str, Any], run_id: str) -> bool:
    """Whether this run has begun to reset the disks of an instance and not ended it."""
    tags = instance.get("tags") or {}
    return tags.get(TAG_RUN) == run_id and tags.get(TAG_STATE) == "rolling_back"


def budget(limit: Any, hosts: int) -> int:
    """How many hosts may fail before no more are started: a number, or a percentage of all hosts, at least one."""
    text = str(limit).strip()
    try:
        value = math.ceil(hosts * float(text[:-1]) / 100) if text.endswith("%") else int(text)
    except ValueError as error:
        raise PlanError(
            f"os_migration_max_failures is {text!r}: give a number such as 5, or a percentage such as 10%."
        ) from error
    if value < 0:
        raise PlanError(f"os_migration_max_failures is {text!r}: it cannot be negative.")
    return max(1, value)


def spent(records: Iterable[Mapping[str, Any]]) -> int:
    """How many hosts have failed after their migration had begun."""
    return sum(1 for record in records if record.get("outcome") in ("rolled_back", "held") or record.get("failure"))


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
    return f"{len(names)} host{'s' if len(names) > 1 else ''} ({shown})"
