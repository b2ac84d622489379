"""A precheck that reads events, types and quotas here must meet the same paging, filters and gaps as in the cloud."""

from __future__ import annotations

from typing import Any

import pytest

from simulator import fleet
from simulator.errors import ApiError
from simulator.operations import OPERATIONS, Context

NOW = 1_000_000.0
EVENTS = [
    {"type": "SystemMaintenance.Reboot", "not_before": "2026-12-01T02:00:00Z"},
    {"type": "SystemFailure.Redeploy", "status": "Executing"},
    {"type": "SystemMaintenance.Reboot", "status": "Executed"},
]
FLEET: dict[str, Any] = {
    "regions": {
        "cn-hangzhou": {
            "images": {"old.vhd": None, "shop.vhd": {"owner": "marketplace", "product_code": "cmjj1"}},
            "instance_types": {"ecs.gn6i.large": {"cpus": 4, "gpus": 1, "boot_modes": ["UEFI"]}, "ecs.s1.small": None},
            "account": {"real-name-authentication": "none"},
            "load_balancers": [
                {"name": "front", "backends": ["i-gpu", "web-0001"]},
                {"name": "back", "load_balancer_id": "lb-back", "backends": ["i-gpu"], "status": "inactive"},
                {"name": "idle"},
            ],
            "instances": [
                {"name": "web", "count": 12},
                {"name": "gpu", "instance_id": "i-gpu", "instance_type": "ecs.gn6i.large", "image_id": "shop.vhd",
                 "health": "Warning", "events": EVENTS, "shown": {"CreditSpecification": "Standard"}},
                {"name": "old", "instance_id": "i-old", "instance_type": "ecs.s1.small", "image_id": "old.vhd",
                 "charge_type": "PrePaid", "disks": [{"type": "system", "shown": {"KMSKeyId": "k-1"}}]},
            ],
        }
    }
}  # fmt: skip


def ask(op: str, **given: Any) -> dict[str, Any]:
    world = fleet.build(fleet.settings(FLEET), NOW)
    return OPERATIONS["ecs", op].handler(Context(world, world.regions["cn-hangzhou"], NOW), given)


def statuses(**given: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ask("DescribeInstancesFullStatus", **given)["InstanceFullStatusSet"][
        "InstanceFullStatusType"
    ]
    return found


def history(**given: Any) -> list[dict[str, Any]]:
    answer = ask("DescribeInstanceHistoryEvents", **given)
    found: list[dict[str, Any]] = answer["InstanceSystemEventSet"]["InstanceSystemEventType"]
    return found


def test_the_full_status_hides_events_that_are_no_longer_scheduled() -> None:
    (one,) = statuses(InstanceId=["i-gpu"])
    shown = one["ScheduledSystemEventSet"]["ScheduledSystemEventType"]
    assert (one["HealthStatus"]["Name"], [event["EventType"]["Name"] for event in shown]) == (
        "Warning",
        ["SystemMaintenance.Reboot"],
    )


def test_the_full_status_comes_in_numbered_pages() -> None:
    assert [len(statuses(PageNumber=number, PageSize=6)) for number in (1, 2, 3, 4)] == [6, 6, 2, 0]
    assert [one["InstanceId"] for one in statuses(HealthStatus="Warning")] == ["i-gpu"]


def test_more_ids_than_one_call_takes_are_refused() -> None:
    with pytest.raises(ApiError, match="InvalidParameter"):
        statuses(InstanceId=["i-gpu"] * 101)
    assert len(statuses(InstanceId=["i-gpu"] * 100)) == 1


@pytest.mark.parametrize(
    ("given", "states"),
    [
        ({}, ["Scheduled", "Executing", "Executed"]),
        ({"InstanceEventCycleStatus": ["Scheduled", "Executing", "Inquiring"]}, ["Scheduled", "Executing"]),
        ({"ResourceId": ["i-old"]}, []),
        ({"ResourceId": ["i-gpu"], "InstanceId": "i-old"}, ["Scheduled", "Executing", "Executed"]),
        ({"ResourceType": "ddh"}, []),
    ],
)
def test_the_history_of_events_heeds_its_filters(given: dict[str, Any], states: list[str]) -> None:
    assert [one["EventCycleStatus"]["Name"] for one in history(**given)] == states


def test_a_type_that_the_region_does_not_have_is_left_out() -> None:
    found = ask("DescribeInstanceTypes", InstanceTypes=["ecs.gn6i.large", "ecs.s1.small"])["InstanceTypes"]
    (gpu,) = found["InstanceType"]
    assert (gpu["InstanceTypeId"], gpu["GPUAmount"], gpu["SupportedBootModes"]) == (
        "ecs.gn6i.large",
        1,
        {"SupportedBootMode": ["UEFI"]},
    )
    assert len(ask("DescribeInstanceTypes")["InstanceTypes"]["InstanceType"]) == 2


def test_used_vcpus_are_those_of_instances_that_are_paid_by_use() -> None:
    answer = ask("DescribeAccountAttributes", AttributeName=["used-postpaid-instance-vcpu-count"])
    (item,) = answer["AccountAttributeItems"]["AccountAttributeItem"]
    assert item["AttributeValues"]["ValueItem"] == [{"Value": "28"}]


def test_what_a_fleet_says_of_images_and_the_account_is_shown() -> None:
    images = {one["ImageId"]: one for one in ask("DescribeImages", PageSize=100)["Images"]["Image"]}
    assert (images["shop.vhd"]["ImageOwnerAlias"], images["shop.vhd"]["ProductCode"]) == ("marketplace", "cmjj1")
    assert "old.vhd" not in images
    listed = ask("DescribeAccountAttributes")["AccountAttributeItems"]["AccountAttributeItem"]
    assert {one["AttributeName"]: one["AttributeValues"]["ValueItem"][0]["Value"] for one in listed}[
        "real-name-authentication"
    ] == "none"


def balancers(**given: Any) -> list[tuple[str, str]]:
    world = fleet.build(fleet.settings(FLEET), NOW)
    answer = OPERATIONS["slb", "DescribeLoadBalancers"].handler(
        Context(world, world.regions["cn-hangzhou"], NOW), given
    )
    listed = answer["LoadBalancers"]["LoadBalancer"]
    return [(one["LoadBalancerName"], one["LoadBalancerStatus"]) for one in listed]


def test_load_balancers_are_found_by_one_of_their_servers() -> None:
    assert balancers(ServerId="i-gpu") == [("front", "active"), ("back", "inactive")]
    assert balancers(ServerId="i-old") == balancers(ServerId="i-none") == []
    assert [name for name, _status in balancers()] == ["front", "back", "idle"]
    world = fleet.build(fleet.settings(FLEET), NOW)
    web = next(one.instance_id for one in world.regions["cn-hangzhou"].instances.values() if one.name == "web-0001")
    assert balancers(ServerId=web) == [("front", "active")]


def test_load_balancers_come_in_pages_which_have_a_number() -> None:
    assert balancers(PageNumber=2, PageSize=1) == [("back", "inactive")]
    with pytest.raises(ApiError, match="MissingParameter"):
        balancers(PageSize=1)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"images": {"none.vhd": {"owner": "self"}}}, "none.vhd"),
        ({"images": {"shop.vhd": {"owner": "nobody"}}}, "shop.vhd"),
        ({"account": {"max-snapshots": 1}}, "max-snapshots"),
        ({"load_balancers": [{"name": "front", "backends": ["i-none"]}]}, "front"),
        ({"load_balancers": [{"name": "front", "status": "asleep"}]}, "front"),
        ({"load_balancers": [{"servers": ["i-gpu"]}]}, "servers"),
        ({"instance_types": {"ecs.g6.large": {"cores": 1}}}, "cores"),
        ({"images": {}, "instances": [{"name": "a", "health": "Fine"}]}, "Fine"),
        ({"instances": [{"name": "a", "events": [{"type": "x", "status": "Someday"}]}]}, "no such status"),
    ],
)
def test_a_fleet_that_means_nothing_is_refused(change: dict[str, Any], named: str) -> None:
    region = {**FLEET["regions"]["cn-hangzhou"], **change}
    with pytest.raises(fleet.FleetError, match=named):
        fleet.build(fleet.settings({"regions": {"cn-hangzhou": region}}), NOW)
