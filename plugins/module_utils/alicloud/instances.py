# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances: read many of them, with their disks, as plain dicts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from . import disks
from .batch import Ref, by_region, each, region_chunks
from .client import Caller, pages
from .errors import CloudError
from .tags import from_wire, to_wire

Instance = dict[str, Any]

IDS_PER_CALL = 100
PAGE = 100


def normalise(raw: Mapping[str, Any]) -> Instance:
    vpc = raw.get("VpcAttributes") or {}
    public = _list(raw.get("PublicIpAddress"), "IpAddress")
    elastic = (raw.get("EipAddress") or {}).get("IpAddress")
    locks = _list(raw.get("OperationLocks"), "LockReason")
    return {
        "instance_id": raw["InstanceId"],
        "region_id": raw.get("RegionId"),
        "zone_id": raw.get("ZoneId"),
        "instance_name": raw.get("InstanceName") or "",
        "hostname": raw.get("HostName") or "",
        "status": raw.get("Status"),
        "instance_type": raw.get("InstanceType"),
        "image_id": raw.get("ImageId"),
        "os_name": raw.get("OSNameEn") or raw.get("OSName") or "",
        "os_type": raw.get("OSType"),
        "created": raw.get("CreationTime"),
        "expired": raw.get("ExpiredTime"),
        "charge_type": raw.get("InstanceChargeType"),
        "stopped_mode": raw.get("StoppedMode"),
        "spot_strategy": raw.get("SpotStrategy"),
        "deletion_protection": bool(raw.get("DeletionProtection")),
        "operation_locks": [lock.get("LockReason") for lock in locks],
        "private_ips": _list(vpc.get("PrivateIpAddress"), "IpAddress") or _list(raw.get("InnerIpAddress"), "IpAddress"),
        "public_ips": public + ([elastic] if elastic and elastic not in public else []),
        "security_group_ids": _list(raw.get("SecurityGroupIds"), "SecurityGroupId"),
        "vpc_id": vpc.get("VpcId") or None,
        "vswitch_id": vpc.get("VSwitchId") or None,
        "tags": from_wire(raw.get("Tags")),
    }


def _list(raw: Mapping[str, Any] | None, key: str) -> list[Any]:
    return list((raw or {}).get(key) or [])


def not_found(ref: Ref) -> CloudError:
    return CloudError(
        "InvalidInstanceId.NotFound",
        f"instance {ref.id} was not found in region {ref.region}",
        operation="DescribeInstances",
        resource=ref.id,
        hint=f"Check that {ref.id} exists and is in {ref.region}. An account without the right "
        "ecs:DescribeInstances gets an empty answer as well.",
    )


def describe(api: Caller, refs: Iterable[Ref]) -> tuple[dict[Ref, Instance], dict[Ref, CloudError]]:
    """(found, errors) of instances by their ids. Raises when no region could be asked for a reason that all share."""

    def read(piece: tuple[str, list[str]]) -> dict[Ref, Instance]:
        region, ids = piece
        found = pages(
            api, "DescribeInstances", region, {"InstanceIds": json.dumps(ids)}, ("Instances", "Instance"), PAGE
        )
        return {Ref(region, raw["InstanceId"]): normalise(raw) for raw in found}

    found: dict[Ref, Instance] = {}
    errors: dict[Ref, CloudError] = {}
    outcomes = each(region_chunks(refs, IDS_PER_CALL), read)
    for outcome in outcomes:
        region, ids = outcome.item
        asked = [Ref(region, one) for one in ids]
        seen = outcome.value or {}
        found.update(seen)
        errors.update({ref: outcome.error or not_found(ref) for ref in asked if ref not in seen})
    raise_if_hopeless([outcome.error for outcome in outcomes])
    return found, errors


def raise_if_hopeless(errors: list[CloudError | None]) -> None:
    """One clear error instead of the same one for every item: when not a single call got through."""
    if errors and all(error is not None and error.fatal for error in errors):
        first = errors[0]
        if first is not None:
            raise first


def with_disks(api: Caller, found: dict[Ref, Instance]) -> tuple[dict[Ref, Instance], dict[Ref, CloudError]]:
    """The same instances with their disks, regions in parallel."""
    groups = list(by_region(found).items())
    outcomes = each(groups, lambda group: disks.attached(api, group[0], [ref.id for ref in group[1]]))
    joined: dict[Ref, Instance] = {}
    errors: dict[Ref, CloudError] = {}
    for outcome in outcomes:
        for ref in outcome.item[1]:
            if outcome.error is not None:
                errors[ref] = outcome.error
            else:
                joined[ref] = found[ref] | {"disks": (outcome.value or {}).get(ref.id, [])}
    return joined, errors


def load(api: Caller, refs: Iterable[Ref]) -> tuple[dict[Ref, Instance], dict[Ref, CloudError]]:
    """Instances with their disks, and an error for each one that cannot be had."""
    found, errors = describe(api, refs)
    joined, disk_errors = with_disks(api, found)
    return joined, errors | disk_errors


def search(
    api: Caller, region: str, tags: Mapping[str, str] | None = None, status: str | None = None
) -> dict[Ref, Instance]:
    """All instances of a region that match."""
    params: dict[str, Any] = {}
    if tags:
        params["Tag"] = to_wire(tags)
    if status:
        params["Status"] = status
    found = pages(api, "DescribeInstances", region, params, ("Instances", "Instance"), PAGE)
    return {Ref(region, raw["InstanceId"]): normalise(raw) for raw in found}
