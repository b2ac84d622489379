# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make security groups that isolate, one in each VPC, and remove them again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from . import inputs, security_groups, security_rules, temporary
from .batch import Ref, each
from .client import Caller
from .errors import CloudError
from .security_groups import Group
from .security_rules import Rule
from .temporary import Kind, Marks, Unwanted
from .waiter import TIMEOUT, Pace, Waiter, wait_for

Result = dict[str, Any]


@dataclass(frozen=True)
class Wish:
    """inner_access: whether the members reach each other. purge: rules that are not wanted are taken away."""

    marks: Marks
    name: str
    rules: tuple[Rule, ...]
    inner_access: str = "drop"
    purge: bool = False


@dataclass
class Change:
    """What one group has, and what it gets and loses."""

    before: list[Rule]
    inner_before: str
    add: list[Rule]
    unwanted: list[Rule]
    purge: bool
    inner: str

    @property
    def removed(self) -> list[Rule]:
        return self.unwanted if self.purge else []

    @property
    def after(self) -> list[Rule]:
        return [one for one in self.before if one not in self.removed] + self.add

    @property
    def needed(self) -> bool:
        return bool(self.add or self.removed or self.inner != self.inner_before)


def compare(before: list[Rule], inner_before: str, wish: Wish) -> Change:
    add = [one for one in wish.rules if one not in before]
    unwanted = [one for one in before if one not in wish.rules]
    return Change(before, inner_before, add, unwanted, wish.purge, wish.inner_access)


def ensure(api: Caller, vpcs: list[Ref], wish: Wish, pace: Pace, check: bool) -> list[Result]:
    wish.marks.check()
    kind = _kind(api, wish)
    found, broken = temporary.list_all(kind.listed, [ref.region for ref in vpcs])
    owners = temporary.owned(kind, found)
    errors = {ref: broken[ref.region] for ref in vpcs if ref.region in broken} | inputs.wrong(vpcs)
    have = {ref: owners[ref][0] for ref in vpcs if ref in owners}
    lacking = [ref for ref in vpcs if ref not in have and ref not in errors]
    created = lacking
    if not check:
        made = temporary.make(kind, dict.fromkeys(lacking, 0), pace)
        errors |= made.errors
        have |= made.found
        created = list(made.found)
    changes, more = _changes(api, have, wish)
    errors |= more
    if check:
        changes |= dict.fromkeys(created, compare([], "accept", wish))
    else:
        errors |= _apply(api, have, {ref: change for ref, change in changes.items() if ref not in errors})
    return [_result(ref, have.get(ref), changes.get(ref), errors.get(ref), ref in created, wish) for ref in vpcs]


def in_vpc(ref: Ref, state: Group) -> Ref:
    return Ref(ref.region, state["vpc_id"] or "")


def _kind(api: Caller, wish: Wish) -> Kind:
    return Kind(
        "the security group",
        lambda vpc, attempt: security_groups.create(api, vpc, wish.name, wish.marks, attempt),
        lambda region: security_groups.by_tags(api, region, wish.marks.key_tags),
        owner=in_vpc,
    )


def _changes(
    api: Caller, have: dict[Ref, tuple[Ref, Group]], wish: Wish
) -> tuple[dict[Ref, Change], dict[Ref, CloudError]]:
    item_of = {group: vpc for vpc, (group, _state) in have.items()}
    found, errors = security_groups.details(api, list(item_of))
    changes = {item_of[group]: compare(rules, inner, wish) for group, (rules, inner) in found.items()}
    return changes, {item_of[group]: error for group, error in errors.items()}


def _apply(api: Caller, have: dict[Ref, tuple[Ref, Group]], changes: dict[Ref, Change]) -> dict[Ref, CloudError]:
    """What closes comes before what opens, so that a group is at no moment wider than it was and than it will be."""

    def one(vpc: Ref) -> None:
        group, change = have[vpc][0], changes[vpc]
        if change.inner == "drop" and change.inner_before != "drop":
            security_groups.set_inner_access(api, group, change.inner)
        security_groups.authorize(api, group, [rule for rule in change.add if rule.policy == "drop"])
        security_groups.revoke(api, group, [rule for rule in change.removed if rule.policy == "accept"])
        security_groups.authorize(api, group, [rule for rule in change.add if rule.policy != "drop"])
        security_groups.revoke(api, group, [rule for rule in change.removed if rule.policy != "accept"])
        if change.inner == "accept" and change.inner_before != "accept":
            security_groups.set_inner_access(api, group, change.inner)

    outcomes = each([vpc for vpc, change in changes.items() if change.needed], one)
    return {outcome.item: outcome.error for outcome in outcomes if outcome.error is not None}


def remove(api: Caller, unwanted: Unwanted, pace: Pace | None, check: bool) -> list[Result]:
    """Delete groups; while their last instances are being released, try again. pace None means to try once."""
    chosen, errors = temporary.choose(
        unwanted,
        lambda region: security_groups.by_tags(api, region, unwanted.marks.key_tags),
        lambda refs: security_groups.describe(api, refs),
        owner=in_vpc,
    )
    todo = [ref for ref in chosen if ref not in errors]
    if not check:
        errors |= _delete(api, todo, pace)
    results = []
    for ref, state in chosen.items():
        done = ref in todo and ref not in errors
        results.append(_result(in_vpc(ref, state), (ref, state), None, errors.get(ref), done))
    shown = {in_vpc(ref, state) for ref, state in chosen.items()}
    results += [_result(ref, None, None, errors.get(ref), False) for ref in unwanted.items or [] if ref not in shown]
    gone = [ref for ref in unwanted.ids if ref not in chosen]
    return results + [_result(Ref(ref.region, ""), (ref, {}), None, errors.get(ref), False) for ref in gone]


def _delete(api: Caller, refs: list[Ref], pace: Pace | None) -> dict[Ref, CloudError]:
    """The reasons of those that stay. A group in use is tried again at every tick until the time is up."""
    last: dict[Ref, CloudError] = {}

    def attempt(pending: list[Ref]) -> dict[Ref, bool]:
        outcomes = each(pending, lambda ref: security_groups.delete(api, ref))
        for outcome in outcomes:
            last.pop(outcome.item, None)
            if outcome.error is not None:
                last[outcome.item] = outcome.error
        # In use: seen, and neither done nor failed. Deleted, or refused for another reason: no use to try again.
        return {ref: True for ref in pending if ref in last and last[ref].code == "DependencyViolation"}

    if pace is None:
        attempt(refs)
        return last
    waiter: Waiter[bool] = Waiter("the deletion", attempt, lambda _state: False, gone_is_done=True)
    waited = wait_for(waiter, refs, pace)
    late = {ref: one.error for ref, one in waited.items() if one.error is not None and one.error.code != TIMEOUT}
    return {**late, **last}


def _result(
    vpc: Ref,
    group: tuple[Ref, Group] | None,
    change: Change | None,
    error: CloudError | None,
    touched: bool,
    wish: Wish | None = None,
) -> Result:
    ref, state = group if group else (None, {})
    after = security_rules.order(change.after) if change else []
    return {
        "vpc_id": vpc.id or None,
        "region_id": vpc.region,
        "security_group_id": ref.id if ref else None,
        "name": state.get("name") or (wish.name if wish else None),
        "changed": touched or (change is not None and change.needed and error is None),
        "created": touched and wish is not None,
        "rules": [one.as_dict() for one in after],
        "rules_before": [one.as_dict() for one in security_rules.order(change.before)] if change else [],
        "unwanted_rules": [one.as_dict() for one in change.unwanted] if change else [],
        "inner_access": wish.inner_access if wish else None,
        "tags": state.get("tags") or (wish.marks.all_tags if wish else {}),
        "error": error.as_dict() if error else None,
    }
