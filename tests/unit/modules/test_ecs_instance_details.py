# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Details of instances: many at once, and what cannot be read is told instead of failing the precheck of a wave."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest

from simulator.pytest_plugin import Simulator, start

DETAILS = ["assistant", "attributes", "events", "image", "instance_type", "load_balancer", "quotas", "snapshots"]
KEYS = {
    "assistant", "attributes", "details_unread", "events", "health", "image", "load_balancers", "quotas", "snapshots",
    "type_info",
}  # fmt: skip
BALANCERS = "slb.DescribeLoadBalancers"
ESSD = {"category": "cloud_essd", "size_gib": 40}
SHOP, GONE = "m-shop", "m-gone"
FLEET: dict[str, Any] = {
    "clock_rate": 0,
    "regions": {
        "cn-hangzhou": {
            "images": {SHOP: {"owner": "marketplace", "product_code": "cmjj1", "boot_mode": "UEFI"}, GONE: None},
            "instance_types": {"ecs.gn6i.large": {"gpus": 1, "gpu": "T4", "cpus": 4}, "ecs.s1.small": None},
            "load_balancers": [
                {"name": "front", "load_balancer_id": "lb-front", "backends": ["i-gpu", "web-0001"]},
                {"name": "back", "load_balancer_id": "lb-back", "backends": ["i-gpu"], "status": "inactive"},
            ],
            "account": {"real-name-authentication": "none"},
            "instances": [
                {"name": "one", "instance_id": "i-one", "disks": [
                    {"type": "system", "disk_id": "d-one", "shown": {"KMSKeyId": "k-1", "AutoSnapshotPolicyId": "sp-1"}, **ESSD},
                    {"type": "data", "disk_id": "d-two", **ESSD}]},
                {"name": "gpu", "instance_id": "i-gpu", "image_id": SHOP, "instance_type": "ecs.gn6i.large",
                 "assistant": "missing", "health": "Warning", "shown": {"HibernationOptions": {"Configured": True}},
                 "events": [{"type": "SystemMaintenance.Reboot", "not_before": "2026-12-01T02:00:00Z"},
                            {"type": "SystemFailure.Redeploy", "status": "Inquiring", "disk_id": "d-x"},
                            {"type": "SystemFailure.Reboot", "status": "Executed"}]},
                {"name": "old", "instance_id": "i-old", "image_id": GONE, "instance_type": "ecs.s1.small"},
                {"name": "web", "count": 117, "tags": {"role": "web"}},
            ],
        },
        "cn-beijing": {"instances": [{"name": "far", "instance_id": "i-far"}, {"name": "farther"}]},
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def details_process() -> Iterator[Simulator]:
    running = start(FLEET)
    yield running
    assert running.stop() == 0


pytestmark = pytest.mark.parametrize("sim", ["details_process"], indirect=True)


def ids(*names: str) -> list[dict[str, str]]:
    return [{"id": name} for name in names]


def test_without_details_nothing_else_is_called_or_told(run, sim):
    answer = run("ecs_instance_info", instances=ids("i-one", "i-gpu"))
    assert answer["api_calls"] == {"DescribeDisks": 2, "DescribeInstances": 1}
    assert not KEYS & set(answer["results"][0])
    assert answer == run("ecs_instance_info", instances=ids("i-one", "i-gpu"), details=[])


@pytest.mark.parametrize("detail", DETAILS)
def test_a_detail_costs_its_own_calls_alone(run, sim, detail):
    calls = run("ecs_instance_info", instances=ids("i-one", "i-gpu"), details=[detail])["api_calls"]
    assert {name: calls[name] for name in calls if name not in ("DescribeDisks", "DescribeInstances")} == {
        "assistant": {"DescribeCloudAssistantStatus": 1},
        "attributes": {},
        "events": {"DescribeInstanceHistoryEvents": 1, "DescribeInstancesFullStatus": 1},
        "image": {"DescribeImages": 2},
        "instance_type": {"DescribeInstanceTypes": 1},
        "load_balancer": {BALANCERS: 3},
        "quotas": {"DescribeAccountAttributes": 1},
        "snapshots": {"DescribeSnapshots": 4},
    }[detail]


def test_a_wave_is_read_in_batches(run, sim):
    answer = run("ecs_instance_info", details=DETAILS)
    assert len(answer["instances"]) == 120 and all(one["details_unread"] == {} for one in answer["instances"])
    assert all(set(one) >= KEYS for one in answer["instances"])
    assert answer["api_calls"] == {
        "DescribeAccountAttributes": 1,
        "DescribeCloudAssistantStatus": 3,
        "DescribeDisks": 1,
        "DescribeImages": 3,
        "DescribeInstanceHistoryEvents": 2,
        "DescribeInstanceTypes": 1,
        "DescribeInstances": 2,
        "DescribeInstancesFullStatus": 2,
        "DescribeSnapshots": 2,
        BALANCERS: 121,
    }
    assert sim.mutating() == []


def test_every_detail_is_that_of_its_instance(run, sim):
    one, gpu = run("ecs_instance_info", instances=ids("i-one", "i-gpu"), details=DETAILS)["results"]
    assert one["assistant"]["online"] and not gpu["assistant"]["online"]
    assert gpu["assistant"]["last_heartbeat"] is None
    assert (one["health"], one["events"], gpu["health"]) == ("Ok", [], "Warning")
    assert [(event["type"], event["status"], event["not_before"], event["disk_id"]) for event in gpu["events"]] == [
        ("SystemMaintenance.Reboot", "Scheduled", "2026-12-01T02:00:00Z", None),
        ("SystemFailure.Redeploy", "Inquiring", None, "d-x"),
    ]
    assert (one["image"]["owner"], gpu["image"]["owner"], gpu["image"]["product_code"]) == (
        "system",
        "marketplace",
        "cmjj1",
    )
    assert (one["image"]["boot_mode"], gpu["image"]["boot_mode"]) == ("BIOS", "UEFI")
    assert (one["type_info"]["gpus"], gpu["type_info"]["gpus"], gpu["type_info"]["cpus"]) == (0, 1, 4)
    assert one["load_balancers"] == []
    assert gpu["load_balancers"] == [
        {"id": "lb-front", "name": "front", "status": "active"},
        {"id": "lb-back", "name": "back", "status": "inactive"},
    ]
    assert one["quotas"] == gpu["quotas"]
    assert one["quotas"]["real_name_authentication"] == "none" and one["quotas"]["commands_per_day"] == 5000
    assert one["quotas"]["postpaid_vcpus_used"] > 200
    assert (one["attributes"]["hibernation"], gpu["attributes"]["hibernation"]) == (None, True)
    assert one["attributes"]["network_type"] == "vpc" and one["attributes"]["io_optimized"] is True
    assert [disk["attributes"]["kms_key_id"] for disk in one["disks"]] == ["k-1", None]
    assert one["disks"][0]["attributes"]["auto_snapshot_policy_id"] == "sp-1"


def test_an_image_and_a_type_that_are_gone_are_no_errors(run, sim):
    old = run("ecs_instance_info", instances=ids("i-old"), details=DETAILS)["results"][0]
    assert (old["error"], old["image"], old["type_info"], old["details_unread"]) == (None, None, None, {})


@pytest.mark.parametrize("more", [[], [f"{letter}-none" for letter in "abcd"]], ids=["few", "many"])
def test_snapshots_are_counted_for_each_disk_however_many_are_asked(run, sim, more):
    run("ecs_snapshot", instances=ids("i-one"), run_id="r1", wait=False)
    if not more:
        (one,) = run("ecs_instance_info", instances=ids("i-one"), details=["snapshots"])["results"]
    else:
        (one,) = (
            one for one in run("ecs_instance_info", details=["snapshots"])["instances"] if one["instance_id"] == "i-one"
        )
    assert one["snapshots"]["manual_per_disk"] == {"d-one": 1, "d-two": 1}
    assert sorted(snapshot["disk_id"] for snapshot in one["snapshots"]["in_progress"]) == ["d-one", "d-two"]
    sim.advance(100_000)
    (later,) = run("ecs_instance_info", instances=ids("i-one"), details=["snapshots"])["results"]
    assert later["snapshots"] == {"in_progress": [], "manual_per_disk": {"d-one": 1, "d-two": 1}}


@pytest.mark.parametrize(
    ("op", "detail"),
    [
        ("DescribeCloudAssistantStatus", "assistant"),
        ("DescribeInstancesFullStatus", "events"),
        ("DescribeInstanceHistoryEvents", "events"),
        ("DescribeImages", "image"),
        ("DescribeInstanceTypes", "instance_type"),
        ("DescribeAccountAttributes", "quotas"),
        ("DescribeLoadBalancers", "load_balancer"),
        ("DescribeSnapshots", "snapshots"),
    ],
)
def test_a_right_that_is_missing_is_told_and_costs_its_detail_alone(run, sim, op, detail):
    sim.faults([{"op": op, "kind": "forbidden", "times": 50}])
    answer = run("ecs_instance_info", instances=ids("i-one", "i-gpu"), details=DETAILS)
    assert "failed" not in answer
    for one in answer["results"]:
        assert one["error"] is None and set(one["details_unread"]) == {detail}
        assert "Forbidden.RAM" in one["details_unread"][detail] and op in one["details_unread"][detail]
        several = {"events": {"events", "health"}, "instance_type": {"type_info"}, "load_balancer": {"load_balancers"}}
        missing = several.get(detail, {detail})
        assert KEYS - set(one) == missing


def test_trouble_in_one_region_leaves_the_other_alone(run, sim):
    sim.faults([{"op": "DescribeAccountAttributes", "kind": "forbidden"}])
    wanted = [{"id": "i-one"}, {"id": "i-far", "region": "cn-beijing"}]
    unread = [
        one["details_unread"] for one in run("ecs_instance_info", instances=wanted, details=["quotas"])["results"]
    ]
    assert sorted(map(list, unread)) == [[], ["quotas"]]


def test_a_region_without_load_balancers_costs_one_call_however_many_instances_it_has(run, sim):
    answer = run("ecs_instance_info", region="cn-beijing", details=["load_balancer"])
    assert [one["load_balancers"] for one in answer["instances"]] == [[], []]
    assert answer["api_calls"][BALANCERS] == 1


def test_trouble_with_one_instance_leaves_the_load_balancers_of_the_others(run, sim):
    sim.faults([{"op": "DescribeLoadBalancers", "kind": "forbidden", "match": {"ServerId": "i-one"}}])
    one, gpu = run("ecs_instance_info", instances=ids("i-one", "i-gpu"), details=["load_balancer"])["results"]
    assert "load_balancers" not in one and "Forbidden.RAM" in one["details_unread"]["load_balancer"]
    assert len(gpu["load_balancers"]) == 2 and gpu["details_unread"] == {}


def test_without_the_sdk_of_load_balancers_everything_else_is_read(run, sim, monkeypatch):
    for name in ("alibabacloud_slb20140515", "alibabacloud_slb20140515.client", "alibabacloud_slb20140515.models"):
        monkeypatch.setitem(sys.modules, name, None)
    wanted = [*ids("i-one", "i-gpu"), {"id": "i-far", "region": "cn-beijing"}]
    answer = run("ecs_instance_info", instances=wanted, details=DETAILS)
    assert "failed" not in answer and BALANCERS not in answer["api_calls"]
    for one in answer["results"]:
        assert set(one["details_unread"]) == {"load_balancer"} and KEYS - set(one) == {"load_balancers"}
        reason = one["details_unread"]["load_balancer"]
        assert f"{sys.executable} -m pip install alibabacloud-slb20140515" in reason


def test_an_outage_that_lasts_is_told_and_a_short_one_is_not_noticed(run, sim):
    sim.faults([{"op": "DescribeInstanceTypes", "kind": "error503", "times": 1}])
    (one,) = run("ecs_instance_info", instances=ids("i-one"), details=["instance_type"])["results"]
    assert one["details_unread"] == {}
    sim.faults([{"op": "DescribeInstanceTypes", "kind": "error503", "times": 50}])
    (one,) = run("ecs_instance_info", instances=ids("i-one"), details=["instance_type"])["results"]
    assert "ServiceUnavailable" in one["details_unread"]["instance_type"]


def test_an_instance_that_is_not_there_has_its_error_and_the_others_their_details(run, sim):
    answer = run("ecs_instance_info", instances=ids("i-none", "i-one"), details=DETAILS, on_item_error="report")
    none, one = answer["results"]
    assert none["error"]["code"] == "InvalidInstanceId.NotFound" and "details_unread" not in none
    assert one["details_unread"] == {} and one["assistant"]["online"]


def test_details_of_no_instance_call_nothing(run, sim):
    assert run("ecs_instance_info", instances=[], details=DETAILS)["results"] == []
    assert run("ecs_instance_info", tags={"role": "none"}, details=DETAILS)["api_calls"] == {"DescribeInstances": 1}


def test_snapshots_without_disks_are_refused_before_any_call(run, sim):
    answer = run("ecs_instance_info", instances=ids("i-one"), disks=False, details=["snapshots"])
    assert answer["failed"] and "disks=true" in answer["msg"] and sim.log() == []


def test_a_detail_that_does_not_exist_is_refused(run, sim):
    assert "evnets" in run("ecs_instance_info", instances=ids("i-one"), details=["evnets"])["msg"]
