# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags: their two shapes on the wire, the tags of a run, and setting and removing them in batches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from . import answers, inputs
from .batch import Ref, each, region_chunks
from .client import Caller, pages
from .errors import CloudError, LostAnswer

RUN_ID = "os_migration_run_id"
INSTANCE_ID = "os_migration_instance_id"
DISK_ID = "os_migration_disk_id"
PURPOSE = "os_migration_purpose"

# Limits of TagResources, UntagResources and ListTagResources.
RESOURCES_PER_CALL = 50
TAGS_PER_CALL = 20
TAG_HINT = (
    f"A resource has {TAGS_PER_CALL} tags at most; keys and values have 128 characters at most, no http:// or https://, and "
    "keys do not begin with aliyun or acs:."
)


def to_wire(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def from_wire(raw: Mapping[str, Any] | None) -> dict[str, str]:
    """Describe answers say TagKey and TagValue, except those of snapshot groups, which say Key and Value."""
    found = answers.entries({"Tags": raw}, "Tags", "Tag")
    pairs = [(_text(tag, "TagKey", "Key"), _text(tag, "TagValue", "Value")) for tag in found]
    return {key: value for key, value in pairs if key}


def bears(have: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    """Whether all wanted tags are there: a service that overlooks a filter must not widen what a run acts on."""
    return all(have.get(key) == value for key, value in wanted.items())


def _text(tag: Mapping[str, Any], *names: str) -> str:
    return next((text for text in (answers.text(tag, name) for name in names) if text), "")


def check(tags: Mapping[str, str]) -> None:
    """Say what the service would refuse before anything is sent."""
    if len(tags) > TAGS_PER_CALL:
        raise CloudError(
            "InvalidTag", f"{len(tags)} tags are too many, with those that this collection adds", hint=TAG_HINT
        )
    for key, value in tags.items():
        if not key or key.lower().startswith(("aliyun", "acs:")):
            raise CloudError("InvalidTag", f"tag key {key!r} is empty or begins with aliyun or acs:", hint=TAG_HINT)
        if any(len(text) > 128 or "http://" in text or "https://" in text for text in (key, value)):
            raise CloudError(
                "InvalidTag", f"tag {inputs.shown(key)} is longer than 128 characters or contains a URL", hint=TAG_HINT
            )


@dataclass(frozen=True)
class Change:
    """What one resource needs: tags to write and keys to take away. Empty when it is as wished."""

    before: Mapping[str, str]
    write: Mapping[str, str]
    remove: tuple[str, ...]

    @property
    def after(self) -> dict[str, str]:
        return {key: value for key, value in {**self.before, **self.write}.items() if key not in self.remove}

    def __bool__(self) -> bool:
        return bool(self.write or self.remove)


def plan(before: Mapping[str, str], wanted: Mapping[str, str], remove: Iterable[str]) -> Change:
    write = {key: value for key, value in wanted.items() if before.get(key) != value}
    return Change(dict(before), write, tuple(key for key in remove if key in before))


def current(
    api: Caller, resource_type: str, refs: Iterable[Ref], product: str = "ecs"
) -> tuple[dict[Ref, dict[str, str]], dict[Ref, CloudError]]:
    """The tags of every resource; a resource without tags, or without existence, has none."""

    def read(piece: tuple[str, list[str]]) -> dict[Ref, dict[str, str]]:
        region, ids = piece
        found: dict[Ref, dict[str, str]] = {Ref(region, resource): {} for resource in ids}
        token: str | None = None
        seen: set[str] = set()
        while True:
            params: dict[str, Any] = {"ResourceType": resource_type, "ResourceId": ids}
            page = params | ({"NextToken": token} if token else {})
            answer = api.call("ListTagResources", region, page, product=product)
            for entry in answers.listed(answer, ("TagResources", "TagResource"), "ListTagResources"):
                ref = Ref(region, answers.ident(entry, "ResourceId"))
                if ref in found:
                    found[ref][answers.ident(entry, "TagKey")] = answers.text(entry, "TagValue") or ""
            token = answers.next_token(answer, seen, "ListTagResources")
            if token is None:
                return found

    tags: dict[Ref, dict[str, str]] = {}
    wanted = list(dict.fromkeys(refs))
    errors = inputs.wrong(wanted)
    for outcome in each(region_chunks(inputs.sound(wanted), RESOURCES_PER_CALL), read):
        if outcome.error is not None:
            errors.update({Ref(outcome.item[0], resource): outcome.error for resource in outcome.item[1]})
        tags.update(outcome.value or {})
    return tags, errors


def apply(
    api: Caller, resource_type: str, changes: Mapping[Ref, Change], product: str = "ecs"
) -> dict[Ref, CloudError]:
    """Carry the changes out, resources with the same change together. Returns the errors."""
    groups: dict[tuple[str, tuple[tuple[str, str], ...], tuple[str, ...]], list[Ref]] = {}
    for ref, change in changes.items():
        if change:
            groups.setdefault((ref.region, tuple(sorted(change.write.items())), change.remove), []).append(ref)
    work = [
        (dict(write), remove, region, ids)
        for (_region, write, remove), refs in groups.items()
        for region, ids in region_chunks(refs, RESOURCES_PER_CALL)
    ]
    errors: dict[Ref, CloudError] = {}
    for outcome in each(work, lambda piece: _apply_one(api, product, resource_type, *piece)):
        if outcome.error is not None:
            errors.update({Ref(outcome.item[2], resource): outcome.error for resource in outcome.item[3]})
        errors.update(outcome.value or {})
    return errors


def _apply_one(
    api: Caller, product: str, kind: str, write: dict[str, str], remove: tuple[str, ...], region: str, ids: list[str]
) -> dict[Ref, CloudError]:
    try:
        if write:
            params: dict[str, Any] = {"Tag": to_wire(write)}
            _send(api, product, "TagResources", region, kind, ids, params, Change({}, write, ()))
        if remove:
            params = {"TagKey": list(remove)}
            _send(api, product, "UntagResources", region, kind, ids, params, Change({}, {}, remove))
    except CloudError as error:
        if error.kind != "refused" or len(ids) == 1:
            raise
        # One bad resource makes the service refuse all of them; alone, each gets its own answer.
        alone = [(write, remove, region, [resource]) for resource in ids]
        outcomes = each(alone, lambda piece: _apply_one(api, product, kind, *piece), threads=1)
        return {Ref(region, outcome.item[3][0]): outcome.error for outcome in outcomes if outcome.error is not None}
    return {}


def _send(
    api: Caller,
    product: str,
    operation: str,
    region: str,
    kind: str,
    ids: list[str],
    params: dict[str, Any],
    change: Change,
) -> None:
    wanted = {"ResourceType": kind, "ResourceId": ids} | params
    for attempt in range(3):
        try:
            api.call(operation, region, wanted, resource=", ".join(ids), product=product)
            return
        except LostAnswer as error:
            tags, errors = current(api, kind, [Ref(region, resource) for resource in ids], product)
            done = not errors and all(not plan(tags[ref], change.write, change.remove) for ref in tags)
            if done:
                return
            if attempt == 2:
                raise error


def listed(
    api: Caller, operation: str, region: str, tags: Mapping[str, str], path: tuple[str, str], size: int
) -> list[dict[str, Any]]:
    """All resources of a paged Describe that bear all of these tags."""
    return list(pages(api, operation, region, {"Tag": to_wire(tags)}, path, size))
