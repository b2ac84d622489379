# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Temporary instances, each made from the image of a source instance and released by the service after a while."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from . import answers, inputs, instances, tags, temporary
from .batch import Ref
from .client import Caller, pages
from .errors import CloudError
from .instances import Instance
from .temporary import Found, Kind, Marks, client_token
from .waiter import MISSES, Pace, Waiter, wait_for

Result = dict[str, Any]

# documented: SDK text of AutoReleaseTime and of UserData.
MIN_RELEASE_MINUTES, MAX_RELEASE_MINUTES = 30, 3 * 365 * 24 * 60
MAX_USER_DATA = 32 * 1024


@dataclass(frozen=True)
class Clone:
    """What one temporary instance is made of. What is None is as in the wish, or as with the source."""

    source: Ref
    image_id: str
    instance_type: str | None = None
    vswitch_id: str | None = None
    security_group_ids: tuple[str, ...] | None = None
    name: str | None = None
    hostname: str | None = None


@dataclass(frozen=True)
class Wish:
    """What the caller wants of every clone."""

    marks: Marks
    auto_release_minutes: int
    instance_type: str | None = None
    vswitch_id: str | None = None
    security_group_ids: tuple[str, ...] = ()
    prefix: str = "drill"
    system_disk_category: str | None = None
    spot_strategy: str = "NoSpot"
    key_pair_name: str | None = None
    password_inherit: bool = False
    ram_role_name: str | None = None
    user_data: str | None = None
    clock: Any = field(default=time.time, compare=False)

    def check(self) -> None:
        self.marks.check(tags.INSTANCE_ID)
        if not MIN_RELEASE_MINUTES <= self.auto_release_minutes <= MAX_RELEASE_MINUTES:
            text = f"auto_release_minutes must be {MIN_RELEASE_MINUTES} to {MAX_RELEASE_MINUTES}"
            raise CloudError("InvalidAutoRelease", text, hint="")
        if self.user_data and len(self.user_data.encode()) > MAX_USER_DATA:
            raise CloudError("InvalidUserData", f"user_data is longer than {MAX_USER_DATA} bytes", hint="")


def normalise(raw: Mapping[str, Any]) -> Instance:
    return instances.normalise(raw) | {"auto_release_time": answers.text(raw, "AutoReleaseTime") or None}


def by_tags(api: Caller, region: str, wanted: Mapping[str, str]) -> Found:
    """The temporary instances of a run: what bears the tags, and names an instance other than itself as its source."""
    params = {"Tag": tags.to_wire(wanted)}
    found = pages(api, "DescribeInstances", region, params, ("Instances", "Instance"), instances.PAGE)
    states = {Ref(region, one["instance_id"]): one for one in map(normalise, found) if tags.bears(one["tags"], wanted)}
    return {ref: one for ref, one in states.items() if one["tags"].get(tags.INSTANCE_ID, ref.id) != ref.id}


def ensure(api: Caller, clones: list[Clone], wish: Wish, pace: Pace, wait: bool, check: bool) -> list[Result]:
    """Make what is missing. A clone that is there must be of the image that is asked for."""
    wish.check()
    wanted = {clone.source: clone for clone in clones}
    found, broken = temporary.list_all(
        lambda region: by_tags(api, region, wish.marks.key_tags), [ref.region for ref in wanted]
    )
    errors = {ref: broken[ref.region] for ref in wanted if ref.region in broken} | inputs.wrong(wanted)
    owners = temporary.owned(_kind(api, {}, wish), found)
    have = {ref: owners[ref][0] for ref in wanted if ref in owners}
    errors |= {ref: other_image(ref, have[ref][1]) for ref, clone in wanted.items()
               if ref in have and have[ref][1]["image_id"] != clone.image_id}  # fmt: skip
    lacking = {ref: clone for ref, clone in wanted.items() if ref not in have and ref not in errors}
    types, more = _types(api, lacking, wish)
    errors |= more
    requests = {ref: parameters(clone, wish, types[ref]) for ref, clone in lacking.items() if ref in types}
    errors |= {ref: problem for ref, params in requests.items() if (problem := _incomplete(ref, params))}
    todo = {ref: params for ref, params in requests.items() if ref not in errors}
    if check:
        planned = {ref: _planned(params, wish, ref) for ref, params in todo.items()}
        return [_result(ref, planned.get(ref) or _state(have, ref), errors.get(ref), ref in planned) for ref in wanted]
    made = temporary.make(_kind(api, todo, wish), dict.fromkeys(todo, 0), pace)
    errors |= made.errors
    have |= made.found
    if wait:
        errors |= _wait_running(api, {ref: pair for ref, pair in have.items() if ref not in errors}, have, pace)
    return [_result(ref, _state(have, ref), errors.get(ref), ref in made.found) for ref in wanted]


def _kind(api: Caller, requests: Mapping[Ref, dict[str, Any]], wish: Wish) -> Kind:
    def create(item: Ref, attempt: int) -> str:
        params = dict(requests[item])
        # The token leaves the time of release out, so that another controller, a minute later, makes no second clone.
        token = client_token("RunInstances", item, params, attempt)
        params |= {"AutoReleaseTime": release_time(wish), "ClientToken": token}
        answer = api.call("RunInstances", item.region, params, resource=item.id)
        ids = answers.texts(answer, "InstanceIdSets", "InstanceIdSet")
        if len(ids) != 1 or not ids[0]:
            text = f"one instance was asked for, and the answer names {len(ids)}"
            raise CloudError("BadAnswer", text, operation="RunInstances", resource=item.id)
        return ids[0]

    return Kind("the instance", create, lambda region: by_tags(api, region, wish.marks.key_tags))


def release_time(wish: Wish) -> str:
    """Whole minutes, as the service rounds down, and one more for the way there and clocks that differ."""
    minute = int(wish.clock()) // 60 + wish.auto_release_minutes + 2
    return time.strftime("%Y-%m-%dT%H:%M:00Z", time.gmtime(minute * 60))


def parameters(clone: Clone, wish: Wish, instance_type: str) -> dict[str, Any]:
    """RunInstances of one clone: no public address, nothing of the source's role or user data."""
    hostname = clone.hostname or f"{wish.prefix}-{clone.source.id}"
    params: dict[str, Any] = {
        "Amount": 1,
        "ImageId": clone.image_id,
        "InstanceType": instance_type,
        "VSwitchId": clone.vswitch_id or wish.vswitch_id,
        "SecurityGroupIds": list(clone.security_group_ids or wish.security_group_ids),
        "InstanceName": clone.name or re.sub(r"[^\w:.-]", "-", f"{wish.prefix}-{clone.source.id}")[:128],
        "HostName": re.sub(r"[^A-Za-z0-9]+", "-", hostname)[:64].strip("-") if clone.hostname is None else hostname,
        "InstanceChargeType": "PostPaid",
        "InternetMaxBandwidthOut": 0,
        "DeletionProtection": False,
        "SpotStrategy": wish.spot_strategy,
        "Tag": tags.to_wire(wish.marks.of_instance(clone.source.id)),
    }
    optional = {
        "SystemDisk": {"Category": wish.system_disk_category} if wish.system_disk_category else None,
        "KeyPairName": wish.key_pair_name,
        "PasswordInherit": wish.password_inherit or None,
        "RamRoleName": wish.ram_role_name,
        "UserData": base64.b64encode(wish.user_data.encode()).decode() if wish.user_data else None,
    }
    return params | {key: value for key, value in optional.items() if value is not None}


def _incomplete(ref: Ref, params: Mapping[str, Any]) -> CloudError | None:
    absent = [name for name, key in (("image_id", "ImageId"), ("vswitch_id", "VSwitchId"),
                                     ("security_group_ids", "SecurityGroupIds")) if not params[key]]  # fmt: skip
    if not absent:
        return None
    return CloudError(
        "MissingParameter",
        f"{ref.id}: {', '.join(absent)} must be given, for the instance or for all",
        resource=ref.id,
        hint="",
    )


def _types(api: Caller, lacking: Mapping[Ref, Clone], wish: Wish) -> tuple[dict[Ref, str], dict[Ref, CloudError]]:
    """The instance type of each clone; the source is looked at only where it decides."""
    types = {ref: kind for ref, clone in lacking.items() if (kind := clone.instance_type or wish.instance_type)}
    unknown = [ref for ref in lacking if ref not in types]
    if not unknown:
        return types, {}
    found, errors = instances.describe(api, unknown)
    told = {ref: one["instance_type"] for ref, one in found.items()}
    untold = {ref: answers.bad(f"the service does not tell the type of {ref.id}", "DescribeInstances")
              for ref, kind in told.items() if not kind}  # fmt: skip
    return types | {ref: kind for ref, kind in told.items() if kind}, errors | untold


def other_image(ref: Ref, clone: Instance) -> CloudError:
    return CloudError(
        "OtherImage",
        f"{ref.id}: its clone {clone['instance_id']} of this run was made from another image, {clone['image_id']}",
        resource=ref.id,
        hint="Remove it with state=absent first, so that nobody takes the one for the other.",
    )


def look(api: Caller, refs: Iterable[Ref]) -> Found:
    """Instances by their ids; those that are gone are left out."""
    found, errors = instances.describe(api, refs)
    for error in errors.values():
        if error.code != "InvalidInstanceId.NotFound":
            raise error
    return found


def _wait_running(
    api: Caller, wanted: Mapping[Ref, tuple[Ref, Instance]], have: dict[Ref, tuple[Ref, Instance]], pace: Pace
) -> dict[Ref, CloudError]:
    item_of = {clone: item for item, (clone, _state) in wanted.items()}
    waiter: Waiter[Instance] = Waiter(
        "the start of the instance",
        lambda pending: look(api, pending),
        lambda one: one["status"] == "Running",
        lambda one: f"{one['instance_id']} is Stopped: start it, or remove it" if one["status"] == "Stopped" else None,
        gone_after=MISSES,
    )
    errors = {}
    waiting = [clone for clone, state in wanted.values() if state["status"] != "Running"]
    for clone, waited in wait_for(waiter, waiting, pace).items():
        item = item_of[clone]
        have[item] = (clone, have[item][1] | (waited.state or {}))
        if waited.error is not None:
            errors[item] = waited.error
    return errors


def _state(have: Mapping[Ref, tuple[Ref, Instance]], ref: Ref) -> Instance | None:
    return have[ref][1] if ref in have else None


def _planned(params: Mapping[str, Any], wish: Wish, ref: Ref) -> Instance:
    return {
        "instance_id": None,
        "instance_name": params["InstanceName"],
        "hostname": params["HostName"],
        "status": "planned",
        "instance_type": params["InstanceType"],
        "image_id": params["ImageId"],
        "vswitch_id": params["VSwitchId"],
        "security_group_ids": params["SecurityGroupIds"],
        "auto_release_time": release_time(wish),
        "tags": wish.marks.of_instance(ref.id),
    }


def _result(source: Ref, clone: Instance | None, error: CloudError | None, changed: bool) -> Result:
    return {
        "instance_id": source.id,
        "region_id": source.region,
        "changed": changed,
        **shown(clone or {}),
        "error": error.as_dict() if error else None,
    }


def shown(clone: Mapping[str, Any]) -> dict[str, Any]:
    """What the results tell of a clone."""
    return {
        "clone_id": clone.get("instance_id"),
        "clone_name": clone.get("instance_name"),
        "hostname": clone.get("hostname"),
        "status": clone.get("status"),
        "instance_type": clone.get("instance_type"),
        "image_id": clone.get("image_id"),
        "private_ip": next(iter(clone.get("private_ips") or []), None),
        "vpc_id": clone.get("vpc_id"),
        "vswitch_id": clone.get("vswitch_id"),
        "security_group_ids": clone.get("security_group_ids", []),
        "auto_release_time": clone.get("auto_release_time"),
        "tags": clone.get("tags", {}),
    }
