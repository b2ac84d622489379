"""What the service plans for instances, what their types offer, and what the account may use."""

from __future__ import annotations

from ..clock import iso
from ..details_world import ACCOUNT, CYCLE, HEALTH, InstanceType, SystemEvent
from ..errors import ApiError
from ..world import Instance
from .common import Answer, Context, Parameters, page
from .table import Operation, reads

USED_VCPUS = "used-postpaid-instance-vcpu-count"


def describe_instances_full_status(context: Context, given: Parameters) -> Answer:
    """With the events that are Scheduled, no others (documented: page of the operation)."""
    within(given, "InstanceId", 100)
    one_of(given, "HealthStatus", HEALTH)
    ids = given.get("InstanceId")
    chosen = [
        one for one in context.region.instances.values()
        if (ids is None or one.instance_id in ids)
        and given.get("Status") in (None, one.status)
        and given.get("HealthStatus") in (None, one.health)
    ]  # fmt: skip
    answer = page(chosen, given, _full_status, least=1, most=100)
    return {"InstanceFullStatusSet": {"InstanceFullStatusType": answer.pop("items")}, **answer}


def _full_status(one: Instance) -> Answer:
    scheduled = [_event(event) for event in one.events if event.status == "Scheduled"]
    return {
        "InstanceId": one.instance_id,
        "Status": {"Name": one.status},
        "HealthStatus": {"Name": one.health},
        "ScheduledSystemEventSet": {"ScheduledSystemEventType": scheduled},
    }


def _event(event: SystemEvent) -> Answer:
    disk = {"ExtendedAttribute": {"DiskId": event.disk_id}} if event.disk_id else {}
    return {
        "EventId": event.event_id,
        "EventType": {"Name": event.type},
        "EventCycleStatus": {"Name": event.status},
        "NotBefore": event.not_before,
        "Reason": event.reason,
        **disk,
    }


def describe_instance_history_events(context: Context, given: Parameters) -> Answer:
    """By ResourceId, which outweighs InstanceId, and by the state of the event (documented: SDK texts)."""
    within(given, "ResourceId", 100)
    one_of(given, "ResourceType", ("instance", "ddh", "managehost"))
    for state in given.get("InstanceEventCycleStatus", []):
        one_of({"InstanceEventCycleStatus": state}, "InstanceEventCycleStatus", CYCLE)
    ids = given.get("ResourceId") or [one for one in [given.get("InstanceId")] if one]
    states = given.get("InstanceEventCycleStatus", CYCLE)
    here = context.region.instances.values() if given.get("ResourceType", "instance") == "instance" else ()
    chosen = [
        (one, event) for one in here for event in one.events
        if (not ids or one.instance_id in ids) and event.status in states
    ]  # fmt: skip
    answer = page(chosen, given, lambda pair: _history(context, *pair), least=10, most=100)
    return {"InstanceSystemEventSet": {"InstanceSystemEventType": answer.pop("items")}, **answer}


def _history(context: Context, one: Instance, event: SystemEvent) -> Answer:
    published = iso(one.created)
    return {"InstanceId": one.instance_id, "ResourceType": "instance", "EventPublishTime": published, **_event(event)}


def describe_instance_types(context: Context, given: Parameters) -> Answer:
    """A type that the region does not have is left out (assumed)."""
    within(given, "InstanceTypes", 10)
    names = given.get("InstanceTypes")
    chosen = [one for name, one in sorted(context.region.instance_types.items()) if names is None or name in names]
    answer = page(chosen, {"MaxResults": 1600, **given}, _type, least=1, most=1600)
    # documented: there is no count here
    return {"InstanceTypes": {"InstanceType": answer["items"]}, "NextToken": answer["NextToken"]}


def _type(one: InstanceType) -> Answer:
    return {
        "InstanceTypeId": one.instance_type,
        "InstanceTypeFamily": one.family,
        "InstanceCategory": one.category,
        "InstanceFamilyLevel": one.family_level,
        "CpuArchitecture": one.architecture,
        "CpuCoreCount": one.cpus,
        "MemorySize": float(one.memory_gib),
        "GPUAmount": one.gpus,
        "GPUSpec": one.gpu,
        "LocalStorageAmount": one.local_disks,
        "LocalStorageCategory": one.local_disk_category,
        "NvmeSupport": one.nvme_support,
        "SupportedBootModes": {"SupportedBootMode": list(one.boot_modes)},
    }


def describe_account_attributes(context: Context, given: Parameters) -> Answer:
    """Without names all attributes are told (assumed). What is used is counted, what is allowed is the fleet's."""
    within(given, "AttributeName", 8)
    values = {**ACCOUNT, **context.region.account, USED_VCPUS: str(_used_vcpus(context))}
    for name in given.get("AttributeName", []):
        one_of({"AttributeName": name}, "AttributeName", tuple(values))
    names = given.get("AttributeName") or sorted(values)
    return {"AccountAttributeItems": {"AccountAttributeItem": [
        {"AttributeName": name, "AttributeValues": {"ValueItem": [{"Value": values[name]}]}} for name in names
    ]}}  # fmt: skip


def _used_vcpus(context: Context) -> int:
    paid_by_use = (one for one in context.region.instances.values() if one.charge_type == "PostPaid")
    return sum(context.region.type_of(one).cpus for one in paid_by_use)


def within(given: Parameters, name: str, most: int) -> None:
    """The numbers are documented (SDK texts), the code is assumed."""
    if len(given.get(name, [])) > most:
        raise ApiError(400, "InvalidParameter", f'The specified parameter "{name}" has more than {most} values.')


def one_of(given: Parameters, name: str, values: tuple[str, ...]) -> None:
    """The values are documented (SDK texts), the code is assumed."""
    if given.get(name) not in (None, *values):
        raise ApiError(400, "InvalidParameter", f'The specified parameter "{name}" is not valid.')


OPERATIONS: dict[str, Operation] = {
    "DescribeInstancesFullStatus": reads(
        describe_instances_full_status, "InstanceId Status HealthStatus PageNumber PageSize"),
    "DescribeInstanceHistoryEvents": reads(
        describe_instance_history_events,
        "ResourceId ResourceType InstanceId InstanceEventCycleStatus MaxResults NextToken PageNumber PageSize"),
    "DescribeInstanceTypes": reads(describe_instance_types, "InstanceTypes MaxResults NextToken"),
    "DescribeAccountAttributes": reads(describe_account_attributes, "AttributeName"),
}  # fmt: skip
