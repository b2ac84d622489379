# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What lives only for a run: marked at creation, created once, found again by its marks, and removed by them alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from . import inputs, restore_point, tags
from .batch import Ref, by_region, each
from .errors import CloudError
from .instances import raise_if_hopeless
from .waiter import TIMEOUT, Pace, Waiter, wait_for

State = dict[str, Any]
Found = dict[Ref, State]

# How many looks a new resource gets until it must be visible.
LOOKS = 3
# Further rounds are for tokens that the service answers with a resource deleted since, by an earlier use of the run id.
ROUNDS = 4


@dataclass(frozen=True)
class Marks:
    """The tags that everything of one run and purpose bears."""

    run_id: str
    purpose: str = "drill"
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def key_tags(self) -> dict[str, str]:
        return {tags.RUN_ID: self.run_id, tags.PURPOSE: self.purpose}

    @property
    def all_tags(self) -> dict[str, str]:
        return {**self.tags, **self.key_tags}

    def of_instance(self, instance_id: str) -> dict[str, str]:
        return {**self.all_tags, tags.INSTANCE_ID: instance_id}

    def check(self, *more: str) -> None:
        """more: the keys of further tags that one resource bears."""
        if not restore_point.RUN_ID.fullmatch(self.run_id):
            text = f"run_id {self.run_id!r} must be 1 to 64 letters, digits and . _ : -"
            raise CloudError("InvalidRunId", text, hint="")
        self.check_purpose()
        tags.check({**self.all_tags, **dict.fromkeys(more, "")})

    def check_purpose(self) -> None:
        """A restore point is no temporary thing: it must not be removed as one."""
        if not self.purpose or self.purpose == "restore_point":
            raise CloudError("InvalidPurpose", "purpose must not be empty or restore_point", hint="")


def client_token(operation: str, item: Ref, *parts: Any) -> str:
    """The same for the same wish, also from another controller."""
    text = json.dumps([operation, item.region, item.id, *parts], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:48]


def by_instance(ref: Ref, state: State) -> Ref:
    return Ref(ref.region, state["tags"].get(tags.INSTANCE_ID) or "")


@dataclass(frozen=True)
class Kind:
    """One kind of resource. Items are what a resource is made for: a source instance, or a VPC.

    create: (item, attempt) -> id; the ClientToken has to differ between attempts. listed: all of the run in a region.
    owner: the item that a listed resource was made for.
    """

    what: str
    create: Callable[[Ref, int], str]
    listed: Callable[[str], Found]
    owner: Callable[[Ref, State], Ref] = by_instance


@dataclass(frozen=True)
class Unwanted:
    """What to remove: what was made for these items, what has these ids, or with neither all of the run in the regions."""

    marks: Marks
    items: list[Ref] | None
    ids: list[Ref]
    regions: list[str]


@dataclass
class Made:
    found: dict[Ref, tuple[Ref, State]] = field(default_factory=dict)
    errors: dict[Ref, CloudError] = field(default_factory=dict)


def list_all(listed: Callable[[str], Found], regions: Iterable[str]) -> tuple[Found, dict[str, CloudError]]:
    """(found, errors by region). Raises when no region could be asked for a reason that all share."""
    outcomes = each(list(dict.fromkeys(regions)), listed)
    raise_if_hopeless([outcome.error for outcome in outcomes])
    found = {ref: state for outcome in outcomes for ref, state in (outcome.value or {}).items()}
    return found, {outcome.item: outcome.error for outcome in outcomes if outcome.error is not None}


def owned(kind: Kind, found: Found) -> dict[Ref, list[tuple[Ref, State]]]:
    """item -> its resources, the oldest first."""
    owners: dict[Ref, list[tuple[Ref, State]]] = {}
    for ref, state in sorted(found.items(), key=lambda pair: (pair[1].get("created") or "", pair[0])):
        owners.setdefault(kind.owner(ref, state), []).append((ref, state))
    return owners


def make(kind: Kind, wanted: Mapping[Ref, int], pace: Pace) -> Made:
    """Create one resource for each item; wanted: item -> the number of its attempt."""
    made = Made()
    todo = dict(wanted)
    for _round in range(ROUNDS):
        if not todo:
            return made
        todo = _round_of(kind, todo, pace, made)
    for item in todo:
        text = f"{kind.what} for {item.id} was accepted but cannot be seen"
        made.errors[item] = CloudError("NotVisible", text, resource=item.id, hint="Run again in a minute.")
    return made


def _round_of(kind: Kind, todo: dict[Ref, int], pace: Pace, made: Made) -> dict[Ref, int]:
    named: dict[Ref, Ref] = {}
    pending: list[Ref] = []
    for outcome in each(todo.items(), lambda pair: kind.create(*pair)):
        item = outcome.item[0]
        if outcome.value is not None:
            named[item] = Ref(item.region, outcome.value)
            pending.append(item)
        elif outcome.error is not None and outcome.error.code == "IdempotentParameterMismatch":
            # Another controller asked for it with the same token, at another time: it will show by its tags.
            pending.append(item)
        elif outcome.error is not None:
            made.errors[item] = outcome.error

    def visible(items: list[Ref]) -> dict[Ref, tuple[Ref, State]]:
        found, errors = list_all(kind.listed, [item.region for item in items])
        for error in errors.values():
            raise error
        owners = owned(kind, found)
        shown = {item: _shown(named.get(item), found, owners.get(item, [])) for item in items}
        return {item: pair for item, pair in shown.items() if pair is not None}

    waiter = Waiter(kind.what, visible, lambda _pair: True)
    again: dict[Ref, int] = {}
    for item, waited in wait_for(waiter, pending, replace(pace, timeout=pace.interval * LOOKS)).items():
        if waited.error is None and waited.state is not None:
            made.found[item] = waited.state
        elif waited.error is not None and waited.error.code == TIMEOUT:
            again[item] = todo[item] + 1
        elif waited.error is not None:
            made.errors[item] = waited.error
    return again


def _shown(named: Ref | None, found: Found, mine: list[tuple[Ref, State]]) -> tuple[Ref, State] | None:
    if named is not None:
        return (named, found[named]) if named in found else None
    return mine[0] if mine else None


def choose(
    unwanted: Unwanted,
    listed: Callable[[str], Found],
    look: Callable[[list[Ref]], Mapping[Ref, State]],
    owner: Callable[[Ref, State], Ref] = by_instance,
) -> tuple[Found, dict[Ref, CloudError]]:
    """(what is there of it, errors). An error stands for an item or an id that nobody could be asked about, or for
    a resource that is not removed because it does not bear the mark of the purpose."""
    unwanted.marks.check_purpose()
    chosen: Found = {}
    errors = inputs.wrong([*(unwanted.items or []), *unwanted.ids])
    for _region, ids in by_region(inputs.sound(unwanted.ids)).items():
        try:
            chosen |= look(ids)
        except CloudError as error:
            if error.fatal:
                raise
            errors |= dict.fromkeys(ids, error)
    regions = [ref.region for ref in unwanted.items or []] or unwanted.regions
    found, broken = list_all(listed, regions) if regions else ({}, {})
    for trouble in broken.values() if unwanted.items is None else ():
        raise trouble
    wanted = None if unwanted.items is None else set(unwanted.items)
    chosen |= {ref: state for ref, state in found.items() if wanted is None or owner(ref, state) in wanted}
    errors |= {ref: broken[ref.region] for ref in unwanted.items or [] if ref.region in broken}
    purpose = unwanted.marks.purpose
    return chosen, errors | {
        ref: problem for ref, state in chosen.items() if (problem := objection(ref, state, purpose)) is not None
    }


def objection(ref: Ref, state: State, purpose: str) -> CloudError | None:
    """Why this is not removed: only what bears the mark of the purpose is ours to remove."""
    if state["tags"].get(tags.PURPOSE) == purpose:
        return None
    return CloudError(
        "NotTemporary",
        f"{ref.id} does not bear the tag {tags.PURPOSE}={purpose}, so it is left alone",
        resource=ref.id,
        hint="Only what was made for this purpose is removed. Check the id, or purpose.",
    )
