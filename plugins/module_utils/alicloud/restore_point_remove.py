# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Remove restore points: by run, purpose and tags, or by age."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from . import inputs, restore_point, snapshots, tags
from .batch import Ref, by_region, each
from .client import Caller
from .errors import CloudError
from .instances import raise_if_hopeless
from .snapshots import Group, Snapshot
from .waiter import Pace, Waiter, wait_for

Result = dict[str, Any]
Found = tuple[list[Snapshot], list[Group]]


@dataclass(frozen=True)
class Unwanted:
    """Which snapshots to delete: always those of one purpose, further narrowed by what is set."""

    purpose: str
    run_id: str | None = None
    tags: Mapping[str, str] | None = None
    older_than_days: int | None = None
    force: bool = False

    @property
    def key_tags(self) -> dict[str, str]:
        return {**(self.tags or {}), tags.PURPOSE: self.purpose, **({tags.RUN_ID: self.run_id} if self.run_id else {})}

    def old_enough(self, snapshot: Mapping[str, Any], now: datetime) -> bool:
        if self.older_than_days is None:
            return True
        try:
            created = datetime.strptime(str(snapshot["created"]), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
        except ValueError:
            # Of unknown age: keep it.
            return False
        return created < now - timedelta(days=self.older_than_days)


@dataclass(frozen=True)
class Deletion:
    """One delete call: a whole group, or a single snapshot."""

    target: Ref
    members: tuple[Ref, ...]
    grouped: bool


def remove(
    api: Caller, refs: list[Ref], unwanted: Unwanted, pace: Pace | None, check: bool, now: datetime
) -> list[Result]:
    """Delete what matches for these instances; they need not exist any more. pace: None means not to wait."""
    outcomes = each(list(by_region(refs)), lambda region: snapshots.of_run(api, region, unwanted.key_tags))
    raise_if_hopeless([outcome.error for outcome in outcomes])
    errors = {outcome.item: outcome.error for outcome in outcomes if outcome.error is not None}
    unknown = inputs.wrong(refs)
    regions = {outcome.item: outcome.value for outcome in outcomes if outcome.value is not None}
    chosen = {ref: select(regions[ref.region][0], ref.id, unwanted, now) for ref in refs if ref.region in regions}
    failures: dict[Ref, CloudError] = {}
    if not check:
        failures = _delete(api, deletions(chosen, regions), unwanted.force, pace)
    return [
        _result(ref, chosen.get(ref, []), unknown.get(ref) or errors.get(ref.region), failures, check) for ref in refs
    ]


def select(found: list[Snapshot], instance_id: str, unwanted: Unwanted, now: datetime) -> list[Snapshot]:
    return [one for one in found if one["tags"].get(tags.INSTANCE_ID) == instance_id and unwanted.old_enough(one, now)]


def deletions(chosen: Mapping[Ref, list[Snapshot]], regions: Mapping[str, Found]) -> list[Deletion]:
    """A group goes as a whole when all of it is unwanted, so that no empty group stays behind."""
    todo = {Ref(ref.region, one["snapshot_id"]) for ref, found in chosen.items() for one in found}
    calls: list[Deletion] = []
    for region, (_snapshots, groups) in regions.items():
        for group in groups:
            members = tuple(Ref(region, member) for member in group.members)
            if members and todo.issuperset(members):
                calls.append(Deletion(Ref(region, group.group_id), members, True))
                todo.difference_update(members)
    return calls + [Deletion(ref, (ref,), False) for ref in sorted(todo)]


def _delete(api: Caller, calls: list[Deletion], force: bool, pace: Pace | None) -> dict[Ref, CloudError]:
    def one(call: Deletion) -> None:
        if call.grouped:
            snapshots.delete_group(api, call.target, call.members)
        else:
            snapshots.delete(api, call.target, force)

    failures: dict[Ref, CloudError] = {}
    gone: list[Ref] = []
    for outcome in each(calls, one):
        if outcome.error is None:
            gone += outcome.item.members
        else:
            failures.update({member: outcome.error for member in outcome.item.members})
    if pace is not None:
        waiter = Waiter(
            "the deletion", lambda pending: snapshots.describe(api, pending), lambda _one: False, gone_is_done=True
        )
        waited = wait_for(waiter, gone, pace)
        failures.update({ref: state.error for ref, state in waited.items() if state.error is not None})
    return failures


def _result(
    ref: Ref, chosen: list[Snapshot], error: CloudError | None, failures: Mapping[Ref, CloudError], check: bool
) -> Result:
    mine = {one["snapshot_id"]: failures.get(Ref(ref.region, one["snapshot_id"])) for one in chosen}
    error = error or restore_point.merge([failure for failure in mine.values() if failure is not None])
    word = "to be deleted" if check else "deleted"
    shown = [
        restore_point.shown(one, None) | ({} if mine[one["snapshot_id"]] else {"status": word, "available": False})
        for one in chosen
    ]
    return {
        "instance_id": ref.id,
        "region_id": ref.region,
        "changed": any(failure is None for failure in mine.values()),
        "complete": False,
        "snapshots": shown,
        "error": error.as_dict() if error else None,
    }
