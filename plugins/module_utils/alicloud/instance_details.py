# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Details of instances beyond what DescribeInstances tells, each read in batches for all instances of a region."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from . import answers, assistant_status, images, instance_attributes, load_balancers, snapshots
from .batch import Ref, by_region, chunks, each
from .client import Caller, numbered_pages, pages
from .disks import FEW
from .errors import CloudError, told
from .instances import PLAIN, Instance, Shape

# What a reader found for an instance: keys to join into it, or why its detail cannot be had.
Answers = Mapping[Ref, "dict[str, Any] | CloudError"]
Reader = Callable[[Caller, str, Mapping[Ref, Instance]], Answers]

# documented: at most 100 instances (full status, history of events), 10 instance types, 8 attributes of the account.
STATUS_IDS = 100
OPEN_EVENTS = ["Scheduled", "Executing", "Inquiring"]
TYPES_PER_CALL = 10
TYPES_PAGE = 100
# documented: without a status only available images are shown; one that is no longer offered is Deprecated.
IMAGE_STATES = f"{images.STATES},Deprecated"
# documented: DescribeAccountAttributes, values of AttributeName, and our names of what they tell.
ACCOUNT = {
    "real-name-authentication": "real_name_authentication",
    "max-axt-invocation-daily": "commands_per_day",
    "max-postpaid-instance-vcpu-count": "postpaid_vcpus",
    "used-postpaid-instance-vcpu-count": "postpaid_vcpus_used",
}


def shape_for(wanted: Iterable[str]) -> Shape:
    """How instances and disks are to be read for these details: attributes come with the answers themselves."""
    return instance_attributes.SHAPE if "attributes" in wanted else PLAIN


def join(api: Caller, found: Mapping[Ref, Instance], wanted: Iterable[str]) -> dict[Ref, Instance]:
    """The same instances with the details that are wanted, by the names of `READERS`.

    `details_unread` of each names every detail that could not be read, with the reason: the right is missing, for example.
    """
    names = [name for name in dict.fromkeys(wanted) if name in READERS]
    regions = {region: {ref: found[ref] for ref in refs} for region, refs in by_region(found).items()}
    todo = [(name, region) for name in names for region in regions]
    joined = {ref: {**one, "details_unread": {}} for ref, one in found.items()}
    for outcome in each(todo, lambda item: READERS[item[0]](api, item[1], regions[item[1]])):
        name, region = outcome.item
        for ref in regions[region]:
            answer = outcome.error or (outcome.value or {}).get(ref) or _untold(name)
            if isinstance(answer, CloudError):
                joined[ref]["details_unread"][name] = told(answer.code, answer.message, answer.hint)
            else:
                joined[ref].update(answer)
    return joined


def _untold(name: str) -> CloudError:
    return CloudError("NoDetail", f"the service told nothing about the {name} of the instance")


def assistant(api: Caller, region: str, found: Mapping[Ref, Instance]) -> Answers:
    states, errors = assistant_status.describe(api, found)
    return {**{ref: {"assistant": state} for ref, state in states.items()}, **errors}


def events(api: Caller, region: str, found: Mapping[Ref, Instance]) -> Answers:
    """`health` of the instance, and the `events` that are planned for it, wait for consent, or happen now."""
    told_of: dict[Ref, dict[str, Any]] = {}
    for ids in chunks([ref.id for ref in found], STATUS_IDS):
        path = ("InstanceFullStatusSet", "InstanceFullStatusType")
        params = {"InstanceId": ids}
        for raw in numbered_pages(api, "DescribeInstancesFullStatus", region, params, path, STATUS_IDS, "ecs"):
            health = answers.text(answers.mapping(raw.get("HealthStatus")), "Name")
            told_of[Ref(region, answers.ident(raw, "InstanceId"))] = {"health": health, "events": []}
        for raw in _open_events(api, region, ids):
            one = told_of.get(Ref(region, answers.ident(raw, "InstanceId")))
            if one is not None:
                one["events"].append(_event(raw))
    return told_of


def _open_events(api: Caller, region: str, ids: list[str]) -> Iterable[dict[str, Any]]:
    # The full status has the scheduled events alone (documented); the history tells in which state each is.
    params = {"ResourceType": "instance", "ResourceId": ids, "InstanceEventCycleStatus": OPEN_EVENTS}
    path = ("InstanceSystemEventSet", "InstanceSystemEventType")
    return pages(api, "DescribeInstanceHistoryEvents", region, params, path, STATUS_IDS)


def _event(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "event_id": answers.text(raw, "EventId"),
        "type": answers.text(answers.mapping(raw.get("EventType")), "Name"),
        "status": answers.text(answers.mapping(raw.get("EventCycleStatus")), "Name"),
        "not_before": answers.text(raw, "NotBefore") or None,
        "reason": answers.text(raw, "Reason") or None,
        "disk_id": answers.text(answers.mapping(raw.get("ExtendedAttribute")), "DiskId") or None,
    }


def image(api: Caller, region: str, found: Mapping[Ref, Instance]) -> Answers:
    """One call for each image: DescribeImages takes a single id. None stands for an image that is gone."""

    def read(image_id: str) -> dict[str, Any]:
        params = {"ImageId": image_id, "Status": IMAGE_STATES}
        listed = numbered_pages(api, "DescribeImages", region, params, ("Images", "Image"), images.PAGE, "ecs")
        return {"image": next((_image(raw) for raw in listed if answers.text(raw, "ImageId") == image_id), None)}

    outcomes = each(sorted({one["image_id"] for one in found.values() if one["image_id"]}), read)
    by_id = {outcome.item: outcome.error or outcome.value or {"image": None} for outcome in outcomes}
    return {ref: by_id[one["image_id"]] for ref, one in found.items() if one["image_id"]}


def _image(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "image_id": answers.ident(raw, "ImageId"),
        "owner": answers.text(raw, "ImageOwnerAlias") or None,
        "os_name": answers.text(raw, "OSNameEn") or answers.text(raw, "OSName") or "",
        "platform": answers.text(raw, "Platform") or None,
        "architecture": answers.text(raw, "Architecture") or None,
        "boot_mode": answers.text(raw, "BootMode") or None,
        "nvme_support": answers.text(answers.mapping(raw.get("Features")), "NvmeSupport") or None,
        "product_code": answers.text(raw, "ProductCode") or None,
        "status": answers.text(raw, "Status"),
    }


def instance_type(api: Caller, region: str, found: Mapping[Ref, Instance]) -> Answers:
    """None stands for a type that the region does not list."""
    types = sorted({one["instance_type"] for one in found.values() if one["instance_type"]})
    known: dict[str, dict[str, Any]] = {}
    for some in chunks(types, TYPES_PER_CALL):
        path = ("InstanceTypes", "InstanceType")
        for raw in pages(api, "DescribeInstanceTypes", region, {"InstanceTypes": some}, path, TYPES_PAGE):
            one = _type(raw)
            known[one["instance_type"]] = one
    return {ref: {"type_info": known.get(one["instance_type"])} for ref, one in found.items() if one["instance_type"]}


def _type(raw: Mapping[str, Any]) -> dict[str, Any]:
    memory = raw.get("MemorySize")
    return {
        "instance_type": answers.ident(raw, "InstanceTypeId"),
        "family": answers.text(raw, "InstanceTypeFamily"),
        "category": answers.text(raw, "InstanceCategory") or None,
        "family_level": answers.text(raw, "InstanceFamilyLevel") or None,
        "architecture": answers.text(raw, "CpuArchitecture") or None,
        "boot_modes": answers.texts(raw, "SupportedBootModes", "SupportedBootMode"),
        "nvme_support": answers.text(raw, "NvmeSupport") or None,
        "cpus": answers.number(raw, "CpuCoreCount"),
        "memory_gib": memory if isinstance(memory, (int, float)) and not isinstance(memory, bool) else None,
        "gpus": answers.number(raw, "GPUAmount"),
        "gpu": answers.text(raw, "GPUSpec") or None,
        "local_disks": answers.number(raw, "LocalStorageAmount"),
        "local_disk_category": answers.text(raw, "LocalStorageCategory") or None,
    }


def load_balancer(api: Caller, region: str, found: Mapping[Ref, Instance]) -> Answers:
    """The classic load balancers that have the instance among their servers."""
    listed = load_balancers.of_instances(api, region, list(found))
    return {ref: one if isinstance(one, CloudError) else {"load_balancers": one} for ref, one in listed.items()}


def quotas(api: Caller, region: str, found: Mapping[Ref, Instance]) -> Answers:
    """What the account may use in the region; the same for all of its instances."""
    answer = api.call("DescribeAccountAttributes", region, {"AttributeName": list(ACCOUNT)})
    path = ("AccountAttributeItems", "AccountAttributeItem")
    listed = answers.listed(answer, path, "DescribeAccountAttributes")
    values = {answers.text(raw, "AttributeName") or "": _value(raw) for raw in listed}
    told_of: dict[str, Any] = {ours: answers.number(values, theirs) for theirs, ours in ACCOUNT.items()}
    told_of["real_name_authentication"] = answers.text(values, "real-name-authentication")
    return {ref: {"quotas": told_of} for ref in found}


def _value(raw: Mapping[str, Any]) -> str | None:
    """The value for the whole region: one that names a zone is of that zone alone."""
    items = answers.entries(raw, "AttributeValues", "ValueItem")
    return next((answers.text(one, "Value") for one in items if not one.get("ZoneId")), None)


def disk_snapshots(api: Caller, region: str, found: Mapping[Ref, Instance]) -> Answers:
    """The snapshots that are being made of the disks, and how many manual ones each disk has."""
    ids = [ref.id for ref in found]
    filters: list[dict[str, Any]] = [{"InstanceId": one} for one in ids] if len(ids) <= FEW else [{}]
    running, manual = (
        [one for params in filters for one in _snapshots(api, region, params | kind)]
        for kind in ({"Status": "progressing"}, {"SnapshotType": "user"})
    )
    return {ref: {"snapshots": _of_disks(one.get("disks") or [], running, manual)} for ref, one in found.items()}


def _snapshots(api: Caller, region: str, params: dict[str, Any]) -> Iterable[snapshots.Snapshot]:
    path = ("Snapshots", "Snapshot")
    return map(snapshots.normalise, pages(api, "DescribeSnapshots", region, params, path, snapshots.PAGE))


def _of_disks(
    attached: Iterable[Mapping[str, Any]], running: Iterable[snapshots.Snapshot], manual: Iterable[snapshots.Snapshot]
) -> dict[str, Any]:
    counts = {disk["disk_id"]: 0 for disk in attached}
    for one in manual:
        if one["disk_id"] in counts:
            counts[one["disk_id"]] += 1
    shown = ("snapshot_id", "disk_id", "progress", "created")
    return {
        "in_progress": [{key: one[key] for key in shown} for one in running if one["disk_id"] in counts],
        "manual_per_disk": counts,
    }


READERS: dict[str, Reader] = {
    "assistant": assistant,
    "events": events,
    "image": image,
    "instance_type": instance_type,
    "load_balancer": load_balancer,
    "quotas": quotas,
    "snapshots": disk_snapshots,
}
DETAILS = sorted([*READERS, "attributes"])
