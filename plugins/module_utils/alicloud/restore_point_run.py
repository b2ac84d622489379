# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the restore points of many instances at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from . import disks, instances, restore_point, snapshots, tags
from .batch import Outcome, Ref, by_region, each
from .client import Caller
from .errors import CloudError
from .restore_point import Plan, Wish
from .snapshots import Snapshot
from .waiter import MISSES, TIMEOUT, Pace, Waiter, wait_for

Result = dict[str, Any]

# How many looks a new snapshot gets until it must be visible.
LOOKS = 5


@dataclass(frozen=True)
class Job:
    """One create call: a single disk, or the disks of a group."""

    plan: Plan
    members: tuple[disks.Disk, ...]
    grouped: bool
    attempt: int


def ensure(
    api: Caller, refs: list[Ref], wish: Wish, pace: Pace, wait_for_level: str | None, check: bool
) -> tuple[list[Result], list[str]]:
    """Make what is missing and return (results, warnings). wait_for_level None means not to wait."""
    wish.check()
    found, errors = instances.load(api, refs)
    existing, region_errors = _existing(api, by_region(found), wish.key_tags)
    errors.update({ref: region_errors[ref.region] for ref in found if ref.region in region_errors})
    plans = {
        ref: restore_point.make_plan(ref, instance, existing[ref.region], wish)
        for ref, instance in found.items()
        if ref not in errors
    }
    if check:
        return [_check_result(ref, plans.get(ref), errors.get(ref), wish) for ref in refs], []
    runner = Runner(api, wish, pace)
    runner.make([plan for plan in plans.values() if plan.error is None])
    runner.finish(plans, wait_for_level)
    level = wait_for_level or "available"
    return [runner.result(ref, plans.get(ref), errors.get(ref), level) for ref in refs], runner.warnings


def _existing(
    api: Caller, regions: Iterable[str], key_tags: Mapping[str, str]
) -> tuple[dict[str, list[Snapshot]], dict[str, CloudError]]:
    outcomes = each(list(regions), lambda region: snapshots.of_run(api, region, key_tags)[0])
    found = {outcome.item: outcome.value or [] for outcome in outcomes}
    return found, {outcome.item: outcome.error for outcome in outcomes if outcome.error is not None}


def _check_result(ref: Ref, plan: Plan | None, error: CloudError | None, wish: Wish) -> Result:
    error = error or (plan.error if plan else None)
    shown: list[dict[str, Any]] = []
    if plan is not None and error is None:
        grouped = {disk["disk_id"] for disk in plan.group}
        for disk in plan.disks:
            snapshot = plan.reuse.get(disk["disk_id"])
            shown.append(
                restore_point.shown(snapshot, disk)
                if snapshot
                else restore_point.planned(disk, disk["disk_id"] in grouped)
            )
    changed = plan is not None and error is None and bool(plan.group or plan.single)
    complete = plan is not None and error is None and restore_point.complete(plan, plan.reuse, "available")
    return _result(ref, changed, complete, shown, error)


def _result(ref: Ref, changed: bool, complete: bool, shown: list[dict[str, Any]], error: CloudError | None) -> Result:
    return {
        "instance_id": ref.id,
        "region_id": ref.region,
        "changed": changed,
        "complete": complete,
        "snapshots": shown,
        "error": error.as_dict() if error else None,
    }


class Runner:
    """The steps of one run; they share the api, the wish, the pace and what went wrong per instance."""

    def __init__(self, api: Caller, wish: Wish, pace: Pace) -> None:
        self.api = api
        self.wish = wish
        self.pace = pace
        self.errors: dict[Ref, list[CloudError]] = {}
        self.warnings: list[str] = []
        self.made: dict[Ref, tuple[Plan, str]] = {}
        self.group_of: dict[Ref, str] = {}
        self.touched: set[Ref] = set()
        self.states: dict[Ref, Snapshot] = {}

    def make(self, plans: list[Plan]) -> None:
        jobs = [Job(plan, tuple(plan.group), True, plan.attempt) for plan in plans if plan.group]
        jobs += [Job(plan, (disk,), False, plan.attempt) for plan in plans for disk in plan.single]
        # A second round is for group refusals, and for tokens that the service answered with a snapshot deleted since.
        for _round in range(2):
            jobs = self._round(jobs)
        for job in jobs:
            self._fail(
                job.plan.ref,
                CloudError(
                    "SnapshotNotVisible", "the snapshot was accepted but cannot be seen", resource=job.plan.ref.id
                ),
            )

    def _round(self, jobs: list[Job]) -> list[Job]:
        again: list[Job] = []
        singles: dict[Ref, Job] = {}
        groups: dict[Ref, Job] = {}
        for outcome in each(jobs, self._create):
            job = outcome.item
            if outcome.error is not None:
                again += self._refused(outcome)
            elif outcome.value is not None:
                self.touched.add(job.plan.ref)
                (groups if job.grouped else singles)[outcome.value] = job
        again += self._members(groups)
        seen = wait_for(self._visible(), singles, self._short())
        for ref, job in singles.items():
            error = seen[ref].error
            if error is not None and error.code == TIMEOUT:
                again.append(replace(job, attempt=job.attempt + 1))
            else:
                self.made[ref] = (job.plan, job.members[0]["disk_id"])
        return again

    def _create(self, job: Job) -> Ref:
        ref, wish = job.plan.ref, self.wish
        if job.grouped:
            name = restore_point.snapshot_name(wish.run_id, ref.id)
            ids = [disk["disk_id"] for disk in job.members]
            return Ref(
                ref.region, snapshots.create_group(self.api, ref, ids, name, wish.instance_tags(ref.id), job.attempt)
            )
        disk = job.members[0]
        name = restore_point.snapshot_name(wish.run_id, ref.id, disk["device"])
        key = wish.disk_tags(ref.id, disk["disk_id"])
        return Ref(
            ref.region,
            snapshots.create(self.api, Ref(ref.region, disk["disk_id"]), name, key, wish.retention_days, job.attempt),
        )

    def _refused(self, outcome: Outcome[Job, Ref]) -> list[Job]:
        job, error = outcome.item, outcome.error
        if error is None:
            return []
        if job.grouped and self.wish.group == "auto" and error.code.startswith(restore_point.GROUP_REFUSED):
            self.warnings.append(
                f"{job.plan.ref.id}: no consistent group, one snapshot per disk instead: {error.code}: {error.message}"
            )
            return [Job(job.plan, (disk,), False, job.attempt) for disk in job.members]
        self._fail(job.plan.ref, error)
        return []

    def _members(self, groups: dict[Ref, Job]) -> list[Job]:
        """The snapshots of new groups; they are looked up because the create call names only the group."""
        size = {ref: len(job.members) for ref, job in groups.items()}
        waiter = Waiter("the snapshot group", self._groups, lambda pair: len(pair[1]) >= size[pair[0]])
        again: list[Job] = []
        for ref, waited in wait_for(waiter, groups, self._short()).items():
            job = groups[ref]
            if waited.error is not None and waited.error.code == TIMEOUT:
                again.append(replace(job, attempt=job.attempt + 1))
            elif waited.error is not None:
                self._fail(job.plan.ref, waited.error)
            if waited.error is not None or waited.state is None:
                continue
            for snapshot_id, disk_id in waited.state[1].items():
                self.made[Ref(ref.region, snapshot_id)] = (job.plan, disk_id)
                self.group_of[Ref(ref.region, snapshot_id)] = ref.id
        return again

    def _groups(self, refs: list[Ref]) -> dict[Ref, tuple[Ref, dict[str, str]]]:
        found: dict[Ref, tuple[Ref, dict[str, str]]] = {}
        for region in by_region(refs):
            known, listed = snapshots.of_run(self.api, region, self.wish.key_tags)
            disk_of = {snapshot["snapshot_id"]: snapshot["disk_id"] for snapshot in known}
            for group in listed:
                ref = Ref(region, group.group_id)
                found[ref] = (ref, {member: disk_of[member] for member in group.members if member in disk_of})
        return found

    def _visible(self) -> Waiter[Snapshot]:
        return Waiter("the new snapshot", lambda refs: snapshots.describe(self.api, refs), lambda snapshot: True)

    def _short(self) -> Pace:
        return replace(self.pace, timeout=self.pace.interval * LOOKS)

    def _fail(self, ref: Ref, error: CloudError) -> None:
        self.errors.setdefault(ref, []).append(error)

    def finish(self, plans: dict[Ref, Plan], level: str | None) -> None:
        """Tag, set the retention, wait if asked to, and read the last state."""
        owner = {ref: plan for ref, (plan, _disk) in self.made.items()}
        disk_of = {ref: disk for ref, (_plan, disk) in self.made.items()}
        for plan in plans.values():
            for disk_id, snapshot in plan.reuse.items():
                ref = Ref(plan.ref.region, snapshot["snapshot_id"])
                owner[ref], disk_of[ref] = plan, disk_id
                if snapshot["group_id"]:
                    self.group_of[ref] = snapshot["group_id"]
        if not owner:
            return
        try:
            self.states = snapshots.describe(self.api, owner)
        except CloudError as error:
            for plan in owner.values():
                self._fail(plan.ref, error)
            return
        self._tag(owner, disk_of)
        self._retain(owner)
        if level is not None:
            self._wait(owner, level)

    def _tag(self, owner: dict[Ref, Plan], disk_of: dict[Ref, str]) -> None:
        changes = {
            ref: tags.plan(state["tags"], self.wish.disk_tags(owner[ref].ref.id, disk_of[ref]), ())
            for ref, state in self.states.items()
        }
        errors = tags.apply(self.api, "snapshot", changes)
        for ref, change in changes.items():
            if ref in errors:
                self._fail(owner[ref].ref, errors[ref])
            elif change:
                self.touched.add(owner[ref].ref)
                self.states[ref]["tags"] = change.after

    def _retain(self, owner: dict[Ref, Plan]) -> None:
        days = self.wish.retention_days
        late = [
            ref
            for ref in self.made
            if days and ref in self.group_of and (self.states.get(ref) or {}).get("retention_days") != days
        ]
        for outcome in each(late, lambda ref: snapshots.prolong(self.api, ref, days or 0)):
            if outcome.error is not None:
                # The restore point is as good without it; it only will not go away by itself.
                self.warnings.append(
                    f"the retention of {outcome.item.id} was not set: {outcome.error.code}: {outcome.error.message}"
                )

    def _wait(self, owner: dict[Ref, Plan], level: str) -> None:
        waiter = Waiter(
            "the snapshot",
            lambda refs: snapshots.describe(self.api, refs),
            lambda one: snapshots.usable(one, level),
            lambda one: f"snapshot {one['snapshot_id']} failed" if snapshots.failed(one) else None,
            gone_after=MISSES,
        )
        for ref, waited in wait_for(waiter, owner, self.pace).items():
            if waited.state is not None:
                self.states[ref] = waited.state
            if waited.error is not None:
                self._fail(owner[ref].ref, waited.error)

    def result(self, ref: Ref, plan: Plan | None, error: CloudError | None, level: str) -> Result:
        if plan is None or plan.error is not None:
            return _result(ref, False, False, [], error or (plan.error if plan else None))
        mine = {disk: made for made, (owner, disk) in self.made.items() if owner.ref == ref}
        mine.update({disk: Ref(ref.region, one["snapshot_id"]) for disk, one in plan.reuse.items()})
        found = {
            disk: self.states[one] | {"group_id": self.group_of.get(one)}
            for disk, one in mine.items()
            if one in self.states
        }
        shown = [restore_point.shown(found[disk["disk_id"]], disk) for disk in plan.disks if disk["disk_id"] in found]
        error = error or restore_point.merge(self.errors.get(ref, []))
        # What was seen earlier is no restore point when something has happened to it since.
        complete = error is None and restore_point.complete(plan, found, level)
        return _result(ref, ref in self.touched, complete, shown, error)
