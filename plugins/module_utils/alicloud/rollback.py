# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reset the disks of many stopped instances to their snapshots, after proving that the restore point is whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from . import disks, inputs, instances, restore_point, smc_jobs, snapshots, tags
from .batch import Ref, by_region, each
from .client import Caller
from .errors import CloudError
from .instances import Instance
from .snapshots import Snapshot
from .waiter import Pace

Result = dict[str, Any]
Found = dict[Ref, dict[str, Any]]


@dataclass
class Reset:
    """One instance, or one disk that was named itself, and which snapshot goes onto which disk."""

    ref: Ref
    pairs: list[tuple[disks.Disk, Snapshot]] = field(default_factory=list)
    error: CloudError | None = None


def incomplete(ref: Ref, message: str, hint: str) -> CloudError:
    return CloudError("IncompleteRestorePoint", message, resource=ref.id, hint=hint)


def plan_instance(ref: Ref, instance: Instance, found: list[Snapshot], exclude: frozenset[str]) -> Reset:
    """Match disks and snapshots, or say why not. found: the snapshots of the run, of all instances of the region."""
    attached = {disk["disk_id"]: disk for disk in instance["disks"] if disk["disk_id"] not in exclude}
    mine = [
        one
        for one in found
        if one["disk_id"] not in exclude and (one["disk_id"] in attached or one["tags"].get(tags.INSTANCE_ID) == ref.id)
    ]
    good = restore_point.first_good(mine)
    return Reset(
        ref,
        [(disk, good[one]) for one, disk in attached.items() if one in good],
        _objection(ref, instance, attached, good),
    )


def _objection(
    ref: Ref, instance: Instance, attached: Mapping[str, disks.Disk], good: Mapping[str, Snapshot]
) -> CloudError | None:
    if not good:
        return incomplete(ref, f"{ref.id} has no snapshots of this run", "Check run_id and purpose.")
    bare = [one for one in attached if one not in good]
    if bare:
        return incomplete(
            ref,
            f"{ref.id} has attached disks without a usable snapshot: {', '.join(bare)}",
            "Name them in exclude_disks to leave them as they are.",
        )
    strange = [f"{snapshot['snapshot_id']} of {one}" for one, snapshot in good.items() if one not in attached]
    if strange:
        return incomplete(
            ref,
            f"{ref.id} has snapshots of disks that are not attached to it: {', '.join(strange)}",
            "Attach them again, or name the disks in exclude_disks. A replaced system disk cannot be reset.",
        )
    unready = [
        f"{one['snapshot_id']} ({one['status']}, {one['progress']}%)"
        for one in good.values()
        if not snapshots.usable(one)
    ]
    if unready:
        return incomplete(
            ref,
            f"{ref.id} has snapshots that are not usable yet: {', '.join(unready)}",
            "Wait until they are available.",
        )
    if instance["status"] != "Stopped":
        return CloudError(
            "IncorrectInstanceStatus",
            f"{ref.id} is {instance['status']}, not Stopped",
            resource=ref.id,
            hint="Stop the instance first (ecs_power with state=stopped).",
        )
    return None


def run(
    api: Caller,
    refs: list[Ref],
    key_tags: Mapping[str, str],
    exclude: frozenset[str],
    pace: Pace,
    wait: bool,
    check: bool,
    guard: smc_jobs.Guard = smc_jobs.no_guard,
) -> list[Result]:
    """Reset every disk of these instances to the restore point with the tags."""
    loaded, errors = instances.load(api, refs)
    outcomes = each(list(by_region(loaded)), lambda region: snapshots.of_run(api, region, key_tags)[0])
    found = {outcome.item: outcome for outcome in outcomes}
    resets: list[Reset] = []
    for ref in refs:
        error = errors.get(ref) or (found[ref.region].error if ref in loaded else None)
        if error is not None:
            resets.append(Reset(ref, error=error))
        else:
            resets.append(plan_instance(ref, loaded[ref], found[ref.region].value or [], exclude))
    able = [reset.ref for reset in resets if reset.error is None]
    blocked = guard(able) if able else {}
    for reset in resets:
        reset.error = reset.error or blocked.get(reset.ref)
    done = _reset_all(api, resets, pace, wait, check)
    return [_result(reset, done, check) | {"instance_id": reset.ref.id} for reset in resets]


def run_disks(
    api: Caller,
    wanted: list[tuple[Ref, str]],
    pace: Pace,
    wait: bool,
    check: bool,
    guard: smc_jobs.Guard = smc_jobs.no_guard,
) -> list[Result]:
    """Reset disks that were named one by one, each with its snapshot."""
    wrong = {disk: error for disk, snapshot in wanted if (error := inputs.wrong_id(snapshot)) is not None}
    wrong |= inputs.wrong(disk for disk, _snapshot in wanted)
    known, broken = _by_region([disk for disk, _snapshot in wanted], lambda refs: disks.describe(api, refs))
    named = [Ref(disk.region, snapshot) for disk, snapshot in wanted if disk.region not in broken]
    taken, more = _by_region(named, lambda refs: snapshots.describe(api, refs))
    wrong |= {disk: broken[disk.region] for disk, _snapshot in wanted if disk.region in broken}
    wrong |= {disk: more[disk.region] for disk, _snapshot in wanted if disk.region in more}
    owners = {Ref(disk.region, owner) for disk, state in known.items() for owner in state["instance_ids"]}
    loaded, _errors = instances.describe(api, owners)
    resets = [
        Reset(disk, error=wrong[disk])
        if disk in wrong
        else _plan_disk(disk, snapshot, known.get(disk), taken.get(Ref(disk.region, snapshot)), loaded)
        for disk, snapshot in wanted
    ]
    blocked = guard(sorted(owners)) if any(reset.error is None for reset in resets) else {}
    for reset in resets:
        mine = [Ref(reset.ref.region, owner) for owner in known.get(reset.ref, {}).get("instance_ids", [])]
        reset.error = reset.error or next((blocked[owner] for owner in mine if owner in blocked), None)
    done = _reset_all(api, resets, pace, wait, check)
    return [
        _result(reset, done, check)
        | {"instance_id": ", ".join((known.get(reset.ref) or {}).get("instance_ids", [])) or None}
        for reset in resets
    ]


def _by_region(refs: Iterable[Ref], look: Callable[[list[Ref]], Found]) -> tuple[Found, dict[str, CloudError]]:
    """(found, errors by region). Raises when no region could be asked for a reason that all share."""
    outcomes = each(list(by_region(inputs.sound(refs)).items()), lambda group: look(group[1]))
    instances.raise_if_hopeless([outcome.error for outcome in outcomes])
    found = {ref: state for outcome in outcomes for ref, state in (outcome.value or {}).items()}
    return found, {outcome.item[0]: outcome.error for outcome in outcomes if outcome.error is not None}


def _plan_disk(
    ref: Ref, snapshot_id: str, disk: disks.Disk | None, snapshot: Snapshot | None, loaded: Mapping[Ref, Instance]
) -> Reset:
    if disk is None:
        return Reset(
            ref,
            error=CloudError("InvalidDiskId.NotFound", f"disk {ref.id} was not found in region {ref.region}"),
        )
    if snapshot is None:
        text = f"snapshot {snapshot_id} was not found in region {ref.region}"
        return Reset(ref, error=CloudError("InvalidSnapshotId.NotFound", text))
    if snapshot["disk_id"] != ref.id:
        return Reset(
            ref,
            error=CloudError(
                "InvalidParameter.Mismatch", f"snapshot {snapshot_id} is of disk {snapshot['disk_id']}, not of {ref.id}"
            ),
        )
    error = None
    if not snapshots.usable(snapshot):
        error = incomplete(
            ref,
            f"snapshot {snapshot_id} is not usable: {snapshot['status']}, {snapshot['progress']}%",
            "Wait until it is available.",
        )
    for owner in disk["instance_ids"]:
        status = (loaded.get(Ref(ref.region, owner)) or {}).get("status")
        if status != "Stopped":
            error = CloudError(
                "IncorrectInstanceStatus", f"{owner}, to which {ref.id} is attached, is {status}, not Stopped"
            )
    return Reset(ref, [(disk, snapshot)], error)


def _reset_all(api: Caller, resets: list[Reset], pace: Pace, wait: bool, check: bool) -> dict[Ref, CloudError | None]:
    """Disk -> its error, for every disk that was tried."""
    todo = {
        Ref(one.ref.region, disk["disk_id"]): snapshot["snapshot_id"]
        for one in resets
        if one.error is None
        for disk, snapshot in one.pairs
    }
    if check or not todo:
        return {}
    # A reset that is already under way, from a run that was cut off, may lead elsewhere: let it end first.
    ready = disks.wait_stable(api, todo, pace)
    done: dict[Ref, CloudError | None] = {ref: state.error for ref, state in ready.items()}
    able = [ref for ref in todo if done.get(ref) is None]
    for outcome in each(able, lambda ref: disks.reset(api, ref, todo[ref])):
        done[outcome.item] = outcome.error
    if wait:
        asked = [ref for ref in able if done[ref] is None]
        done.update({ref: state.error for ref, state in disks.wait_stable(api, asked, pace).items()})
    return done


def _result(reset: Reset, done: Mapping[Ref, CloudError | None], check: bool) -> Result:
    tried = {disk["disk_id"]: done.get(Ref(reset.ref.region, disk["disk_id"])) for disk, _snapshot in reset.pairs}
    error = reset.error or restore_point.merge([failure for failure in tried.values() if failure is not None])
    shown = [
        {
            "disk_id": disk["disk_id"],
            "snapshot_id": snapshot["snapshot_id"],
            "device": disk["device"],
            "disk_type": disk["type"],
            "reset": not check and reset.error is None and tried[disk["disk_id"]] is None,
        }
        for disk, snapshot in reset.pairs
    ]
    changed = reset.error is None and (bool(reset.pairs) if check else any(one["reset"] for one in shown))
    return {
        "region_id": reset.ref.region,
        "changed": changed,
        "disks": shown,
        "error": error.as_dict() if error else None,
    }
