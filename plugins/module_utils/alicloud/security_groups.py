# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Security groups: read them with their rules, and create and delete them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from . import answers, inputs, security_rules, tags
from .batch import Ref, by_region, chunks, each
from .client import Caller, pages
from .errors import CloudError, LostAnswer
from .security_rules import EGRESS, INGRESS, Rule
from .temporary import Found, Marks, client_token

Group = dict[str, Any]

PAGE = 100
RULES_PER_PAGE = 500
RULES_PER_CALL = 100
AUTHORIZE = {INGRESS: "AuthorizeSecurityGroup", EGRESS: "AuthorizeSecurityGroupEgress"}
REVOKE = {INGRESS: "RevokeSecurityGroup", EGRESS: "RevokeSecurityGroupEgress"}
_PATH = ("SecurityGroups", "SecurityGroup")
_RULES = ("Permissions", "Permission")


def normalise(raw: Mapping[str, Any]) -> Group:
    return {
        "security_group_id": answers.ident(raw, "SecurityGroupId"),
        "name": answers.text(raw, "SecurityGroupName") or "",
        "vpc_id": answers.text(raw, "VpcId") or None,
        "created": answers.text(raw, "CreationTime"),
        "tags": tags.from_wire(raw.get("Tags")),
    }


def by_tags(api: Caller, region: str, wanted: Mapping[str, str]) -> Found:
    found = tags.listed(api, "DescribeSecurityGroups", region, wanted, _PATH, PAGE)
    groups = [one for one in map(normalise, found) if tags.bears(one["tags"], wanted)]
    return {Ref(region, one["security_group_id"]): one for one in groups}


def describe(api: Caller, refs: Iterable[Ref]) -> Found:
    """Groups by their ids; those that do not exist are left out."""
    groups: Found = {}
    refs = inputs.sound(refs)
    for region, mine in by_region(refs).items():
        for piece in chunks(mine, PAGE):
            params = {"SecurityGroupIds": json.dumps([ref.id for ref in piece])}
            for raw in pages(api, "DescribeSecurityGroups", region, params, _PATH, PAGE):
                group = normalise(raw)
                groups[Ref(region, group["security_group_id"])] = group
    return {ref: groups[ref] for ref in refs if ref in groups}


def attribute(api: Caller, group: Ref) -> tuple[list[Rule], str]:
    """(rules, whether members reach each other: accept or drop)."""
    operation, rules = "DescribeSecurityGroupAttribute", list[Rule]()
    token: str | None = None
    seen: set[str] = set()
    while True:
        params: dict[str, Any] = {"SecurityGroupId": group.id, "MaxResults": RULES_PER_PAGE}
        params |= {"NextToken": token} if token else {}
        answer = api.call(operation, group.region, params, resource=group.id)
        rules += [security_rules.from_wire(raw) for raw in answers.listed(answer, _RULES, operation)]
        token = answers.next_token(answer, seen, operation)
        if token is None:
            return rules, (answers.text(answer, "InnerAccessPolicy") or "accept").lower()


def create(api: Caller, vpc: Ref, name: str, marks: Marks, attempt: int) -> str:
    """A basic group; the service lets nothing in, everything out, and members reach each other."""
    params: dict[str, Any] = {
        "VpcId": vpc.id,
        "SecurityGroupName": name,
        "SecurityGroupType": "normal",
        "Tag": tags.to_wire(marks.all_tags),
    }
    params["ClientToken"] = client_token("CreateSecurityGroup", vpc, params, attempt)
    return answers.ident(api.call("CreateSecurityGroup", vpc.region, params, resource=vpc.id), "SecurityGroupId")


def set_inner_access(api: Caller, group: Ref, policy: str) -> None:
    """Whether members reach each other. Writing it twice ends in the same."""
    params = {"SecurityGroupId": group.id, "InnerAccessPolicy": policy.capitalize()}
    _settled(
        lambda: api.call("ModifySecurityGroupPolicy", group.region, params, resource=group.id),
        lambda: attribute(api, group)[1] == policy,
    )


def authorize(api: Caller, group: Ref, rules: list[Rule]) -> None:
    """Add rules. One that is there already is left alone by the service, so a second arrival adds nothing."""
    for direction, operation in AUTHORIZE.items():
        for piece in chunks([one for one in rules if one.direction == direction], RULES_PER_CALL):
            params = {"Permissions": [security_rules.to_wire(one) for one in piece]}
            _change_rules(api, operation, group, params, set(piece), there=True)


def revoke(api: Caller, group: Ref, rules: list[Rule]) -> None:
    """Take rules away by their ids; one that is gone already is no error."""
    for direction, operation in REVOKE.items():
        known = [one for one in rules if one.direction == direction and one.rule_id]
        for piece in chunks(known, RULES_PER_CALL):
            params = {"SecurityGroupRuleId": [one.rule_id for one in piece]}
            _change_rules(api, operation, group, params, set(piece), there=False)


def _change_rules(
    api: Caller, operation: str, group: Ref, params: dict[str, Any], rules: set[Rule], there: bool
) -> None:
    def done() -> bool:
        found = set(attribute(api, group)[0])
        return rules <= found if there else not rules & found

    wanted = {"SecurityGroupId": group.id} | params
    _settled(lambda: api.call(operation, group.region, wanted, resource=group.id), done)


def delete(api: Caller, group: Ref) -> None:
    def gone() -> bool:
        return group not in describe(api, [group])

    try:
        params = {"SecurityGroupId": group.id}
        _settled(lambda: api.call("DeleteSecurityGroup", group.region, params, resource=group.id), gone)
    except CloudError as error:
        if error.code != "InvalidSecurityGroupId.NotFound":
            raise


def _settled(send: Callable[[], Any], done: Callable[[], bool]) -> None:
    """Send; when the answer was lost, look whether it arrived before it is sent again."""
    for attempt in range(3):
        try:
            send()
            return
        except LostAnswer:
            if done():
                return
            if attempt == 2:
                raise


def details(api: Caller, refs: list[Ref]) -> tuple[dict[Ref, tuple[list[Rule], str]], dict[Ref, CloudError]]:
    """The rules and the inner policy of each group: one call each, as the service takes a single id."""
    outcomes = each(refs, lambda ref: attribute(api, ref))
    found = {outcome.item: outcome.value for outcome in outcomes if outcome.value is not None}
    return found, {outcome.item: outcome.error for outcome in outcomes if outcome.error is not None}
