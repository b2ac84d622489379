# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make and remove the images of a run, many at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from . import images, inputs, instances, restore_point, snapshots, tags, temporary
from .batch import Ref, each
from .client import Caller
from .errors import CloudError
from .images import Image, Source
from .snapshots import Snapshot
from .temporary import Found, Kind, Marks, Unwanted
from .waiter import MISSES, Pace, Waiter, wait_for

Result = dict[str, Any]


@dataclass(frozen=True)
class Wish:
    marks: Marks
    prefix: str = "drill"


def ensure(api: Caller, sources: list[Source], wish: Wish, pace: Pace, wait: bool, check: bool) -> list[Result]:
    wish.marks.check(tags.INSTANCE_ID, images.MODE)
    wanted = {source.ref: source for source in sources}
    kind = _kind(api, wanted, wish, {})
    found, broken = temporary.list_all(kind.listed, [ref.region for ref in wanted])
    owners = temporary.owned(kind, found)
    have = {ref: pair for ref, source in wanted.items() if (pair := _first_usable(owners.get(ref, []), source))}
    errors = {ref: broken[ref.region] for ref in wanted if ref.region in broken} | inputs.wrong(wanted)
    lacking = [source for ref, source in wanted.items() if ref not in have and ref not in errors]
    known, more = _ready(api, lacking, pace if wait and not check else None, strict=not wait)
    errors |= more
    todo = [source for source in lacking if source.ref not in errors]
    if check:
        planned = {source.ref: _planned(source, wish, known) for source in todo}
        return [_result(source.ref, planned.get(source.ref) or _state(have, source.ref), errors.get(source.ref),
                        source.ref in planned) for source in sources]  # fmt: skip
    attempts = {source.ref: len(owners.get(source.ref, [])) for source in todo}
    made = temporary.make(_kind(api, wanted, wish, known), attempts, pace)
    errors |= made.errors
    have |= made.found
    if wait:
        errors |= _wait(kind, have, pace)
    errors |= _mark_snapshots(api, {ref: have[ref] for ref in made.found if wanted[ref].mode == "instance"}, wish.marks)
    return [_result(one.ref, _state(have, one.ref), errors.get(one.ref), one.ref in made.found) for one in sources]


def _kind(api: Caller, wanted: Mapping[Ref, Source], wish: Wish, known: Mapping[Ref, Snapshot]) -> Kind:
    def create(item: Ref, attempt: int) -> str:
        source = wanted[item]
        name = images.default_name(wish.marks, source, wish.prefix, attempt)
        mapping = images.disk_mapping(source, known) if source.mode == "snapshots" else []
        return images.create(api, source, wish.marks, name, mapping, attempt)

    return Kind("the image", create, lambda region: images.by_tags(api, region, wish.marks.key_tags))


def _first_usable(mine: list[tuple[Ref, Image]], source: Source) -> tuple[Ref, Image] | None:
    return next((pair for pair in mine if images.usable(pair[1], source)), None)


def _state(have: Mapping[Ref, tuple[Ref, Image]], ref: Ref) -> Image | None:
    return have[ref][1] if ref in have else None


def _ready(
    api: Caller, lacking: list[Source], pace: Pace | None, strict: bool
) -> tuple[dict[Ref, Snapshot], dict[Ref, CloudError]]:
    """The snapshots that images will be made of, and why an image cannot be made.

    pace None means not to wait. strict: one that is not accomplished yet is an error.
    """
    whole = [source.ref for source in lacking if source.mode == "instance"]
    errors = instances.describe(api, whole)[1] if whole else {}
    parts = [source for source in lacking if source.mode == "snapshots"]
    named = {source.ref: [Ref(source.ref.region, one) for one in source.snapshots.values()] for source in parts}
    try:
        known = snapshots.describe(api, [ref for refs in named.values() for ref in refs])
    except CloudError as refusal:
        if refusal.fatal:
            raise
        return {}, errors | dict.fromkeys(named, refusal)
    errors |= {one.ref: problem for one in parts if (problem := images.objection(one, known)) is not None}
    fit = {ref: refs for ref, refs in named.items() if ref not in errors}
    if pace is None:
        late = [ref for ref, refs in fit.items() if strict and not _accomplished(refs, known)]
        return known, errors | {ref: _unfinished(ref) for ref in late}
    waiter: Waiter[Snapshot] = Waiter(
        "the snapshot",
        lambda refs: snapshots.describe(api, refs),
        lambda one: snapshots.usable(one, "accomplished"),
        lambda one: f"snapshot {one['snapshot_id']} failed" if snapshots.failed(one) else None,
        gone_after=MISSES,
    )
    waited = wait_for(waiter, [ref for refs in fit.values() for ref in refs if not _accomplished([ref], known)], pace)
    for item, refs in fit.items():
        trouble = restore_point.merge([error for ref in refs if ref in waited and (error := waited[ref].error)])
        if trouble is not None:
            errors[item] = trouble
    return known, errors


def _accomplished(refs: list[Ref], known: Mapping[Ref, Snapshot]) -> bool:
    return all(snapshots.usable(known[ref], "accomplished") for ref in refs)


def _unfinished(ref: Ref) -> CloudError:
    return CloudError(
        "InvalidSnapshotId.NotReady",
        f"{ref.id}: its snapshots are not accomplished yet; that they can be used for a roll back is not enough",
        resource=ref.id,
        hint="Use wait=true to have the module wait for them.",
    )


def _planned(source: Source, wish: Wish, known: Mapping[Ref, Snapshot]) -> Image:
    mapping = images.disk_mapping(source, known) if source.mode == "snapshots" else []
    disks = [{"device": one["Device"], "type": one["DiskType"], "size_gib": None, "snapshot_id": one["SnapshotId"]}
             for one in mapping]  # fmt: skip
    name = images.default_name(wish.marks, source, wish.prefix, 0)
    marks = wish.marks.of_instance(source.ref.id) | {images.MODE: source.mode}
    return {"image_id": None, "name": name, "status": "planned", "progress": 0, "size_gib": None, "disks": disks,
            "tags": marks}  # fmt: skip


def _wait(kind: Kind, have: dict[Ref, tuple[Ref, Image]], pace: Pace) -> dict[Ref, CloudError]:
    """Until the images are available; one paged read of the run's images per tick. Puts the last states into have."""
    item_of = {image: item for item, (image, _state) in have.items()}

    def look(pending: list[Ref]) -> Found:
        found, errors = temporary.list_all(kind.listed, [ref.region for ref in pending])
        for error in errors.values():
            raise error
        return {ref: state for ref, state in found.items() if ref in item_of}

    waiter: Waiter[Image] = Waiter(
        kind.what,
        look,
        lambda one: one["status"] == "Available",
        lambda one: f"image {one['image_id']} is {one['status']}" if one["status"] in images.BROKEN else None,
        gone_after=MISSES,
    )
    unfinished = [image for image, state in have.values() if state["status"] != "Available"]
    errors = {}
    for image, waited in wait_for(waiter, unfinished, pace).items():
        item = item_of[image]
        have[item] = (image, waited.state or have[item][1])
        if waited.error is not None:
            errors[item] = waited.error
    return errors


def _mark_snapshots(api: Caller, have: Mapping[Ref, tuple[Ref, Image]], marks: Marks) -> dict[Ref, CloudError]:
    """An image of an instance brings snapshots of its own, which cost money and bear no tags until now."""
    changes: dict[Ref, tags.Change] = {}
    item_of: dict[Ref, Ref] = {}
    for item, (_image, state) in have.items():
        for disk in state["disks"]:
            if disk["snapshot_id"]:
                ref = Ref(item.region, disk["snapshot_id"])
                changes[ref] = tags.plan({}, marks.of_instance(item.id), ())
                item_of[ref] = item
    return {item_of[ref]: error for ref, error in tags.apply(api, "snapshot", changes).items()}


def remove(api: Caller, unwanted: Unwanted, force: bool, pace: Pace | None, check: bool) -> list[Result]:
    """Delete images, and the snapshots of those made from an instance. pace None means not to wait."""
    chosen, errors = temporary.choose(
        unwanted,
        lambda region: images.by_tags(api, region, unwanted.marks.key_tags),
        lambda refs: images.describe(api, refs),
    )
    todo = [ref for ref in chosen if ref not in errors]
    if not check:
        outcomes = each(todo, lambda ref: images.delete(api, ref, force))
        errors |= {outcome.item: outcome.error for outcome in outcomes if outcome.error is not None}
        gone = [ref for ref in todo if ref not in errors]
        if pace is not None:
            waiter: Waiter[Image] = Waiter(
                "the deletion", partial(images.describe, api), lambda _one: False, gone_is_done=True
            )
            waited = wait_for(waiter, gone, pace)
            errors |= {ref: state.error for ref, state in waited.items() if state.error is not None}
        errors |= _drop_snapshots(api, {ref: chosen[ref] for ref in gone if ref not in errors})
    word = "to be deleted" if check else "deleted"
    results = []
    for ref, state in chosen.items():
        done = ref in todo and ref not in errors
        item = temporary.by_instance(ref, state)
        results.append(_result(item, state | ({"status": word} if done else {}), errors.get(ref), done, ref))
    shown = {temporary.by_instance(ref, state) for ref, state in chosen.items()}
    bare = [ref for ref in unwanted.items or [] if ref not in shown]
    missing = [ref for ref in unwanted.ids if ref not in chosen]
    results += [_result(ref, None, errors.get(ref), False) for ref in bare]
    return results + [_result(Ref(ref.region, ""), None, errors.get(ref), False, ref) for ref in missing]


def _drop_snapshots(api: Caller, gone: Found) -> dict[Ref, CloudError]:
    owner = {
        Ref(ref.region, disk["snapshot_id"]): ref
        for ref, state in gone.items()
        if state["tags"].get(images.MODE) == "instance"
        for disk in state["disks"]
        if disk["snapshot_id"]
    }
    outcomes = each(list(owner), lambda ref: snapshots.delete(api, ref, False))
    return {owner[outcome.item]: outcome.error for outcome in outcomes if outcome.error is not None}


def _result(
    item: Ref, image: Image | None, error: CloudError | None, changed: bool, image_ref: Ref | None = None
) -> Result:
    image = image or {}
    return {
        "instance_id": item.id or None,
        "region_id": item.region,
        "image_id": image.get("image_id") or (image_ref.id if image_ref else None),
        "image_name": image.get("name"),
        "status": image.get("status"),
        "progress": image.get("progress", 0),
        "size_gib": image.get("size_gib"),
        "disks": image.get("disks", []),
        "tags": image.get("tags", {}),
        "changed": changed,
        "error": error.as_dict() if error else None,
    }
