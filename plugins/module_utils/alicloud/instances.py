# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances: read many of them, with their disks, as plain dicts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from . import answers, disks, inputs
from .batch import Ref, by_region, chunks, each, region_chunks
from .client import Caller, pages
from .errors import CloudError
from .tags import from_wire

Instance = dict[str, Any]

IDS_PER_CALL = 100
PAGE = 100
PATH = ("Instances", "Instance")
# Documented (DescribeInstances, Tag.N): tags cannot narrow down to more resources than this.
TAGGED_AT_MOST = 1000
# Documented (NetworkInterface.Ipv6Sets): IPv6 addresses come only with this attribute.
MORE = {"AdditionalAttributes": ["NETWORK_PRIMARY_ENI_IP"]}
# Documented: DescribeRegions answers alike in every region.
ANY_REGION = "cn-hangzhou"
# What a search may ask for: our names and those of DescribeInstances.
FILTERS = {
    "image_id": "ImageId",
    "instance_charge_type": "InstanceChargeType",
    "instance_name": "InstanceName",
    "instance_type": "InstanceType",
    "security_group_id": "SecurityGroupId",
    "status": "Status",
    "vpc_id": "VpcId",
    "vswitch_id": "VSwitchId",
    "zone_id": "ZoneId",
}


@dataclass(frozen=True)
class Search:
    """Which instances of a region are wanted. Every part narrows further; a tag of None stands for any value."""

    filters: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str | None] = field(default_factory=dict)
    ids: tuple[str, ...] | None = None

    def params(self) -> dict[str, Any]:
        named = {FILTERS[name]: value for name, value in self.filters.items()}
        wire = [{"Key": key} | ({} if value is None else {"Value": value}) for key, value in sorted(self.tags.items())]
        return named | ({"Tag": wire} if wire else {})

    def has_tags(self, instance: Instance) -> bool:
        have = instance["tags"]
        return all(key in have and value in (None, have[key]) for key, value in self.tags.items())


def normalise(raw: Mapping[str, Any]) -> Instance:
    vpc = answers.mapping(raw.get("VpcAttributes"))
    public = answers.texts(raw, "PublicIpAddress", "IpAddress")
    elastic = answers.text(answers.mapping(raw.get("EipAddress")), "IpAddress")
    private = answers.texts(vpc, "PrivateIpAddress", "IpAddress") or answers.texts(raw, "InnerIpAddress", "IpAddress")
    locks = answers.entries(raw, "OperationLocks", "LockReason")
    return {
        "instance_id": answers.ident(raw, "InstanceId"),
        "region_id": answers.text(raw, "RegionId"),
        "zone_id": answers.text(raw, "ZoneId"),
        "instance_name": answers.text(raw, "InstanceName") or "",
        "hostname": answers.text(raw, "HostName") or "",
        "status": answers.text(raw, "Status"),
        "instance_type": answers.text(raw, "InstanceType"),
        "image_id": answers.text(raw, "ImageId"),
        "os_name": answers.text(raw, "OSNameEn") or answers.text(raw, "OSName") or "",
        "os_type": answers.text(raw, "OSType"),
        "created": answers.text(raw, "CreationTime"),
        "expired": answers.text(raw, "ExpiredTime"),
        "charge_type": answers.text(raw, "InstanceChargeType"),
        "stopped_mode": answers.text(raw, "StoppedMode"),
        "spot_strategy": answers.text(raw, "SpotStrategy"),
        "deletion_protection": answers.flag(raw, "DeletionProtection"),
        "operation_locks": [reason for reason in (answers.text(lock, "LockReason") for lock in locks) if reason],
        "private_ips": private,
        "public_ips": public + ([elastic] if elastic and elastic not in public else []),
        "eip": elastic or None,
        "ipv6_addresses": _ipv6(raw),
        "security_group_ids": answers.texts(raw, "SecurityGroupIds", "SecurityGroupId"),
        "vpc_id": answers.text(vpc, "VpcId") or None,
        "vswitch_id": answers.text(vpc, "VSwitchId") or None,
        "tags": from_wire(raw.get("Tags")),
    }


def _ipv6(raw: Mapping[str, Any]) -> list[str]:
    interfaces = answers.entries(raw, "NetworkInterfaces", "NetworkInterface")
    found = [
        answers.text(entry, "Ipv6Address")
        for one in interfaces
        for entry in answers.entries(one, "Ipv6Sets", "Ipv6Set")
    ]
    return [address for address in found if address]


@dataclass(frozen=True)
class Shape:
    """What an entry of DescribeInstances and one of DescribeDisks become."""

    instance: Callable[[Mapping[str, Any]], Instance] = normalise
    disk: Callable[[Mapping[str, Any]], disks.Disk] = disks.normalise


PLAIN = Shape()


def not_found(ref: Ref) -> CloudError:
    return CloudError(
        "InvalidInstanceId.NotFound",
        f"instance {ref.id} was not found in region {ref.region}",
        operation="DescribeInstances",
        resource=ref.id,
        hint=f"Check that {ref.id} exists and is in {ref.region}. An account without the right "
        "ecs:DescribeInstances gets an empty answer as well.",
    )


def describe(
    api: Caller, refs: Iterable[Ref], shape: Shape = PLAIN
) -> tuple[dict[Ref, Instance], dict[Ref, CloudError]]:
    """(found, errors) of instances by their ids. Raises when no region could be asked for a reason that all share."""

    def read(piece: tuple[str, list[str]]) -> dict[Ref, Instance]:
        region, ids = piece
        # Only what was asked for: an answer to another question must not widen what a run acts on.
        found = pages(api, "DescribeInstances", region, {"InstanceIds": json.dumps(ids)} | MORE, PATH, PAGE)
        return {Ref(region, raw["InstanceId"]): shape.instance(raw) for raw in found if raw.get("InstanceId") in ids}

    found: dict[Ref, Instance] = {}
    wanted = list(dict.fromkeys(refs))
    errors = inputs.wrong(wanted)
    outcomes = each(region_chunks(inputs.sound(wanted), IDS_PER_CALL), read)
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


def with_disks(
    api: Caller, found: dict[Ref, Instance], shape: Shape = PLAIN
) -> tuple[dict[Ref, Instance], dict[Ref, CloudError]]:
    """The same instances with their disks, regions in parallel."""
    groups = list(by_region(found).items())
    outcomes = each(groups, lambda group: disks.attached(api, group[0], [ref.id for ref in group[1]], shape.disk))
    joined: dict[Ref, Instance] = {}
    errors: dict[Ref, CloudError] = {}
    for outcome in outcomes:
        for ref in outcome.item[1]:
            own, broken = outcome.value or ({}, {})
            error = outcome.error or broken.get(ref.id)
            if error is not None:
                errors[ref] = error
            else:
                joined[ref] = found[ref] | {"disks": own.get(ref.id, [])}
    return joined, errors


def load(api: Caller, refs: Iterable[Ref], shape: Shape = PLAIN) -> tuple[dict[Ref, Instance], dict[Ref, CloudError]]:
    """Instances with their disks, and an error for each one that cannot be had."""
    found, errors = describe(api, refs, shape)
    joined, disk_errors = with_disks(api, found, shape)
    return joined, errors | disk_errors


def find(api: Caller, region: str, wanted: Search, shape: Shape = PLAIN) -> dict[Ref, Instance]:
    """All instances of a region that are wanted."""
    if wanted.ids is not None:
        pieces = [{"InstanceIds": json.dumps(ids)} for ids in chunks(list(dict.fromkeys(wanted.ids)), IDS_PER_CALL)]
        found = [_read(api, region, wanted.params() | piece, shape) for piece in pieces]
        return {ref: instance for piece in found for ref, instance in piece.items()}
    answer = _read(api, region, wanted.params(), shape)
    if wanted.tags and len(answer) >= TAGGED_AT_MOST:
        everything = _read(api, region, replace(wanted, tags={}).params(), shape)
        return {ref: instance for ref, instance in everything.items() if wanted.has_tags(instance)}
    return answer


def find_in(
    api: Caller, regions: Iterable[str], wanted: Search, disks: bool = False
) -> tuple[dict[Ref, Instance], dict[str, CloudError]]:
    """(found, errors by region) of several regions in parallel. A region with an error has no instances."""

    def read(region: str) -> dict[Ref, Instance]:
        found = find(api, region, wanted)
        if disks and found:
            found, errors = with_disks(api, found)
            for error in errors.values():
                raise error
        return found

    outcomes = each(dict.fromkeys(regions), read)
    errors = {outcome.item: outcome.error for outcome in outcomes if outcome.error is not None}
    return {ref: one for outcome in outcomes for ref, one in (outcome.value or {}).items()}, errors


def told_by_region(errors: Mapping[str, CloudError]) -> str:
    """Errors of regions as one text, regions with the same error together."""
    groups: dict[str, list[str]] = {}
    for region, error in errors.items():
        groups.setdefault(error.code, []).append(region)
    return " | ".join(f"{', '.join(regions)}: {errors[regions[0]]}" for regions in groups.values())


def all_regions(api: Caller) -> list[str]:
    """The ids of all regions that the account can see."""
    answer = api.call("DescribeRegions", ANY_REGION, {})
    return [answers.ident(raw, "RegionId") for raw in answers.listed(answer, ("Regions", "Region"), "DescribeRegions")]


def _read(api: Caller, region: str, params: dict[str, Any], shape: Shape) -> dict[Ref, Instance]:
    found = map(shape.instance, pages(api, "DescribeInstances", region, params | MORE, PATH, PAGE))
    return {Ref(region, one["instance_id"]): one for one in found}
