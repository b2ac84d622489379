"""Temporary clones, against the simulator."""

from __future__ import annotations

import calendar
import time
from typing import Any

import pytest

from simulator.pytest_plugin import survivable

RUN: dict[str, Any] = {"run_id": "r1", "wait_interval": 0.02, "wait_timeout": 30}
PUBLIC = "centos_7_9_x64_20G_alibase_20240628.vhd"
# In the fast cloud of these tests a minute is a hundredth of a second.
NEW: dict[str, Any] = {
    "auto_release_minutes": 100_000,
    "vswitch_id": "vsw-cn-hangzhou-a",
    "security_group_ids": ["sg-cn-hangzhou"],
    **RUN,
}
FROZEN = pytest.mark.parametrize("sim", ["frozen_process"], indirect=True)


def sources(*names: str, image: str = PUBLIC) -> list[dict[str, Any]]:
    return [{"id": name, "image_id": image} for name in names]


def region(sim: Any, name: str = "cn-hangzhou") -> dict[str, Any]:
    return sim.state()["regions"][name]


def clones(sim: Any) -> list[dict[str, Any]]:
    return [one for one in region(sim)["instances"].values() if "os_migration_purpose" in one["tags"]]


def image_of(run: Any, name: str) -> tuple[str, dict[str, str]]:
    """(image id, device -> snapshot id) of a restore point of an instance."""
    fast = {"wait_interval": 0.02, "wait_timeout": 30}
    made = run("ecs_snapshot", instances=[{"id": name}], run_id="r1", purpose="drill", **fast)["results"][0]
    named = {one["device"]: one["snapshot_id"] for one in made["snapshots"]}
    image = run("ecs_image", sources=[{"id": name, "snapshots": named}], **RUN)["results"][0]["image_id"]
    return image, named


def test_a_clone_carries_the_disks_of_the_snapshots_and_is_told_where_it_is(run, sim):
    image, named = image_of(run, "i-two")
    answer = run("ecs_instance", sources=sources("i-two", image=image), **NEW)["results"][0]
    assert answer["error"] is None and answer["changed"] and answer["status"] == "Running"
    (clone,) = clones(sim)
    assert clone["instance_id"] == answer["clone_id"] and clone["private_ip"] == answer["private_ip"]
    disks = [region(sim)["disks"][one] for one in clone["disk_ids"]]
    assert {one["device"]: one["restored_from"] for one in disks} == named
    assert clone["system"] == "centos7" and clone["image_id"] == image


def test_a_clone_is_isolated_temporary_and_says_what_it_is(run, sim):
    run("ecs_instance", sources=sources("i-one"), **NEW)
    (clone,) = clones(sim)
    assert clone["public_ip"] is None and clone["bandwidth_out"] == 0
    assert clone["ram_role_name"] == "" and clone["user_data"] == ""
    assert not clone["deletion_protection"] and clone["charge_type"] == "PostPaid"
    assert clone["security_group_ids"] == ["sg-cn-hangzhou"] and clone["vswitch_id"] == "vsw-cn-hangzhou-a"
    assert clone["name"] == "drill-i-one" and clone["hostname"] == "drill-i-one"
    assert clone["tags"] == {
        "os_migration_run_id": "r1",
        "os_migration_purpose": "drill",
        "os_migration_instance_id": "i-one",
    }
    assert region(sim)["disks"][clone["disk_ids"][0]]["tags"] == clone["tags"]
    assert sim.count("RunInstances") == 1


@FROZEN
def test_a_clone_goes_away_by_itself_when_nobody_comes_back(run, sim):
    answer = run("ecs_instance", sources=sources("i-one"), **{**NEW, "auto_release_minutes": 30}, wait=False)
    told = answer["results"][0]["auto_release_time"]
    left = calendar.timegm(time.strptime(told, "%Y-%m-%dT%H:%M:%SZ")) - time.time()
    assert 30 * 60 < left <= 32 * 60
    sim.advance(29 * 60)
    assert len(clones(sim)) == 1
    sim.advance(4 * 60)
    assert clones(sim) == []


@FROZEN
def test_its_disks_go_with_it(run, sim):
    before = set(region(sim)["disks"])
    run("ecs_instance", sources=sources("i-one"), **{**NEW, "auto_release_minutes": 30}, wait=False)
    assert len(region(sim)["disks"]) == len(before) + 1
    sim.advance(3600)
    assert set(region(sim)["disks"]) == before


def test_what_is_asked_for_is_given_and_the_type_is_that_of_the_source_otherwise(run, sim):
    more = {
        "ram_role_name": "drill-role",
        "user_data": "#!/bin/sh\n",
        "key_pair_name": "drill-key",
        "spot_strategy": "SpotAsPriceGo",
        "system_disk_category": "cloud_essd",
        "name_prefix": "rehearsal",
        "tags": {"cost_center": "42"},
    }
    items = [
        {"id": "i-one", "image_id": PUBLIC, "instance_type": "ecs.g7.small", "instance_name": "mine", "hostname": "mine.test"},
        {"id": "i-two", "image_id": PUBLIC},
    ]  # fmt: skip
    answer = run("ecs_instance", sources=items, **NEW, **more)
    one, two = (region(sim)["instances"][result["clone_id"]] for result in answer["results"])
    assert (one["instance_type"], one["name"], one["hostname"]) == ("ecs.g7.small", "mine", "mine.test")
    assert (two["instance_type"], two["name"], two["hostname"]) == (
        "ecs.g6.large",
        "rehearsal-i-two",
        "rehearsal-i-two",
    )
    for clone in (one, two):
        assert clone["ram_role_name"] == "drill-role" and clone["key_pair_name"] == "drill-key"
        assert clone["user_data"] == "IyEvYmluL3NoCg==" and clone["spot_strategy"] == "SpotAsPriceGo"
        assert clone["tags"]["cost_center"] == "42"
        assert region(sim)["disks"][clone["disk_ids"][0]]["category"] == "cloud_essd"


def test_a_second_run_takes_over_the_clone_that_is_there(run, sim):
    first = run("ecs_instance", sources=sources("i-one", "i-two"), **NEW)
    again = run("ecs_instance", sources=sources("i-one", "i-two"), **NEW)
    assert not again["changed"] and sim.count("RunInstances") == 2
    assert [one["clone_id"] for one in again["results"]] == [one["clone_id"] for one in first["results"]]
    assert all(one["status"] == "Running" for one in again["results"])


@FROZEN
def test_another_controller_takes_over_a_clone_that_is_still_starting(run, sim):
    first = run("ecs_instance", sources=sources("i-one"), wait=False, **NEW)["results"][0]
    assert first["status"] == "Pending"
    sim.advance(600)
    second = run("ecs_instance", sources=sources("i-one"), **NEW)["results"][0]
    assert (second["clone_id"], second["status"], second["changed"]) == (first["clone_id"], "Running", False)


def test_a_clone_of_another_image_is_not_taken_for_the_one_asked_for(run, sim):
    run("ecs_instance", sources=sources("i-one"), **NEW)
    image, _named = image_of(run, "i-one")
    answer = run("ecs_instance", sources=sources("i-one", image=image), **NEW)
    assert answer["results"][0]["error"]["code"] == "OtherImage" and len(clones(sim)) == 1


@pytest.mark.parametrize(("op", "kind"), survivable("RunInstances", "DescribeInstances"))
def test_a_lost_answer_leads_to_exactly_one_clone(run, sim, op, kind):
    sim.strike(op, kind)
    answer = run("ecs_instance", sources=sources("i-one"), **NEW)["results"][0]
    assert answer["error"] is None and answer["status"] == "Running" and len(clones(sim)) == 1


@FROZEN
def test_a_controller_that_died_after_the_call_leaves_one_clone_and_the_next_finds_it(run, sim, monkeypatch):
    """Four lost answers are more than are tried again; a minute later the time of release is another one."""
    sim.faults([{"op": "RunInstances", "kind": "reset_after", "times": 4}])
    lost = run("ecs_instance", sources=sources("i-one"), wait=False, **NEW)
    assert lost["failed"] and len(clones(sim)) == 1
    later = time.time() + 90
    monkeypatch.setattr(time, "time", lambda: later)
    found = run("ecs_instance", sources=sources("i-one"), wait=False, **NEW)["results"][0]
    assert found["error"] is None and not found["changed"] and len(clones(sim)) == 1


def test_a_clone_released_since_is_made_anew_and_not_taken_from_an_old_token(run, sim):
    for _time in range(2):
        made = run("ecs_instance", sources=sources("i-one"), **NEW)["results"][0]
        assert made["changed"] and made["error"] is None
        assert [one["instance_id"] for one in clones(sim)] == [made["clone_id"]]
        run("ecs_instance", sources=[{"id": "i-one"}], state="absent", **RUN)
        assert clones(sim) == []


def test_a_clone_that_does_not_start_is_an_error(run, sim):
    sim.faults([{"op": "RunInstances", "kind": "fail_work", "times": 1}])
    answer = run("ecs_instance", sources=sources("i-one"), **NEW)
    assert answer["failed"] and "Stopped" in answer["msg"] and answer["results"][0]["changed"]


def test_one_that_cannot_be_made_costs_the_others_nothing(run, sim):
    items = [*sources("i-none"), *sources("i-one", image="m-none"), *sources("i-two")]
    answer = run("ecs_instance", sources=items, on_item_error="report", **NEW)
    assert [(one["error"] or {}).get("code") for one in answer["results"]] == [
        "InvalidInstanceId.NotFound",
        "InvalidImageId.NotFound",
        None,
    ]
    assert answer["results"][2]["status"] == "Running" and len(clones(sim)) == 1


def test_clones_of_two_regions_are_made_where_their_sources_are(run, sim):
    far = {"id": "i-far", "region": "cn-beijing", "image_id": PUBLIC, "vswitch_id": "vsw-cn-beijing-a",
           "security_group_ids": ["sg-cn-beijing"]}  # fmt: skip
    answer = run("ecs_instance", sources=[*sources("i-one"), far], **NEW)
    assert [(one["region_id"], one["vswitch_id"]) for one in answer["results"]] == [
        ("cn-hangzhou", "vsw-cn-hangzhou-a"),
        ("cn-beijing", "vsw-cn-beijing-a"),
    ]
    assert answer["results"][1]["clone_id"] in region(sim, "cn-beijing")["instances"]


def test_check_mode_shows_the_clone_and_makes_none(run, sim):
    answer = run("ecs_instance", sources=sources("i-one"), check=True, **NEW)["results"][0]
    assert answer["changed"] and answer["status"] == "planned" and answer["clone_id"] is None
    assert (answer["instance_type"], answer["clone_name"]) == ("ecs.g6.large", "drill-i-one")
    assert not sim.mutating()


def test_absent_releases_the_clones_and_leaves_the_sources_alone(run, sim):
    before = set(region(sim)["instances"])
    run("ecs_instance", sources=sources("i-one", "i-two"), **NEW)
    planned = run("ecs_instance", sources=[{"id": "i-one"}], state="absent", check=True, **RUN)
    assert planned["results"][0]["status"] == "to be released" and len(clones(sim)) == 2
    gone = run("ecs_instance", sources=[{"id": "i-one"}, {"id": "i-old"}], state="absent", **RUN)["results"]
    assert [(one["instance_id"], one["status"], one["changed"]) for one in gone] == [
        ("i-one", "released", True),
        ("i-old", None, False),
    ]
    assert [one["tags"]["os_migration_instance_id"] for one in clones(sim)] == ["i-two"]
    assert run("ecs_instance", state="absent", **RUN)["changed"]
    assert set(region(sim)["instances"]) == before
    assert not run("ecs_instance", state="absent", **RUN)["changed"]


def test_a_production_instance_is_never_released(run, sim):
    """Whatever the caller says, and also where somebody put our tags on it by hand."""
    marks = {"os_migration_run_id": "r1", "os_migration_purpose": "drill"}
    run("ecs_tag", instances=[{"id": "i-one"}], tags={**marks, "os_migration_instance_id": "i-one"})
    run("ecs_tag", instances=[{"id": "i-two"}], tags=marks)
    run("ecs_tag", instances=[{"id": "i-old"}], tags={**marks, "os_migration_instance_id": "i-two"})
    before, alive = len(sim.mutating()), set(region(sim)["instances"])
    named = [{"id": name} for name in ("i-one", "i-two", "i-off")]
    answer = run("ecs_instance", state="absent", clones=named, on_item_error="report", **RUN)
    assert [one["error"]["code"] for one in answer["results"]] == ["NotTemporary"] * 3
    assert all(one["id"] in run("ecs_instance", state="absent", clones=[one], **RUN)["msg"] for one in named)
    # It bears the marks of a clone of i-two, yet it is named as a source itself.
    chosen = run(
        "ecs_instance", state="absent", sources=[{"id": "i-old"}, {"id": "i-two"}], on_item_error="report", **RUN
    )
    assert chosen["results"][0]["error"]["code"] == "NotTemporary"
    assert len(sim.mutating()) == before and set(region(sim)["instances"]) == alive


def test_an_instance_of_another_purpose_is_left_alone(run, sim):
    made = run("ecs_instance", sources=sources("i-one"), purpose="bench", **NEW)["results"][0]["clone_id"]
    assert not run("ecs_instance", state="absent", **RUN)["changed"]
    answer = run("ecs_instance", state="absent", clones=[{"id": made}])
    assert answer["failed"] and answer["results"][0]["error"]["code"] == "NotTemporary" and len(clones(sim)) == 1
    assert run("ecs_instance", state="absent", clones=[{"id": made}], purpose="bench")["changed"]


@FROZEN
def test_a_clone_that_is_still_being_made_is_released_once_that_is_possible(run, sim):
    run("ecs_instance", sources=sources("i-one"), wait=False, **NEW)
    early = run("ecs_instance", state="absent", **{**RUN, "wait_timeout": 0}, on_item_error="report")["results"][0]
    assert early["error"]["code"] == "WaitTimeout" and not early["changed"] and sim.count("DeleteInstances") == 0
    sim.advance(600)
    late = run("ecs_instance", state="absent", wait=False, **RUN)["results"][0]
    assert late["error"] is None and late["changed"]
    sim.advance(600)
    assert clones(sim) == []


@pytest.mark.parametrize(("op", "kind"), survivable("DeleteInstances"))
def test_a_lost_answer_of_a_release_is_settled(run, sim, op, kind):
    run("ecs_instance", sources=sources("i-one", "i-two"), **NEW)
    sim.strike(op, kind)
    gone = run("ecs_instance", state="absent", **RUN)["results"]
    assert [(one["status"], one["error"]) for one in gone] == [("released", None)] * 2 and clones(sim) == []


def test_a_release_that_did_not_happen_is_tried_again_by_the_next_run(run, sim):
    run("ecs_instance", sources=sources("i-one"), **NEW)
    sim.faults([{"op": "DeleteInstances", "kind": "fail_work", "times": 1}])
    assert run("ecs_instance", state="absent", **{**RUN, "wait_timeout": 1})["failed"]
    assert run("ecs_instance", state="absent", **RUN)["changed"] and clones(sim) == []


def test_one_that_cannot_be_released_costs_the_others_nothing(run, sim):
    made = run("ecs_instance", sources=sources("i-one", "i-two"), **NEW)["results"]
    stuck = sorted(one["clone_id"] for one in made)[0]
    # Refused for both together, and again for the one alone.
    refusal = {"op": "DeleteInstances", "kind": "arrears", "match": {"InstanceId.1": stuck}, "times": 2}
    by_order = {"op": "DeleteInstances", "kind": "arrears", "match": {"InstanceId.2": stuck}, "times": 1}
    sim.faults([refusal, by_order])
    gone = run("ecs_instance", state="absent", on_item_error="report", **RUN)["results"]
    assert {one["clone_id"]: (one["error"] or {}).get("code") for one in gone} == {
        one["clone_id"]: "InvalidAccountStatus.NotEnoughBalance" if one["clone_id"] == stuck else None for one in made
    }
    assert [one["instance_id"] for one in clones(sim)] == [stuck]


def test_a_zone_without_stock_is_told_with_what_to_do(run, sim):
    sim.faults([{"op": "RunInstances", "kind": "no_stock"}])
    answer = run("ecs_instance", sources=sources("i-one", "i-two"), **NEW)
    assert answer["failed"] and "capacity" in answer["msg"] and "1 of 2" in answer["msg"] and len(clones(sim)) == 1


def test_an_empty_list_calls_nothing(run, sim):
    assert not run("ecs_instance", sources=[], **NEW)["changed"]
    assert not run("ecs_instance", sources=[], state="absent", **RUN)["changed"]
    assert sim.count() == 0


WHOLE = {"sources": sources("i-one"), **NEW}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({**WHOLE, "run_id": None}, "run_id"),
        ({**WHOLE, "auto_release_minutes": None}, "auto_release_minutes"),
        ({**WHOLE, "auto_release_minutes": 29}, "30 to"),
        ({**WHOLE, "auto_release_minutes": 10_000_000}, "30 to"),
        ({**WHOLE, "sources": None}, "sources"),
        ({**WHOLE, "sources": [{"id": "i-one"}]}, "image_id"),
        ({**WHOLE, "sources": [*sources("i-one"), *sources("i-one", image="m-x")]}, "twice"),
        ({**WHOLE, "clones": []}, "state=absent"),
        ({**WHOLE, "user_data": "x" * 32769}, "user_data"),
        ({"state": "absent"}, "run_id"),
        ({"state": "absent", "sources": [{"id": "i-one"}]}, "run_id"),
    ],
)
def test_a_wrong_option_is_told_before_any_call(run, sim, given, told):
    answer = run("ecs_instance", **given)
    assert answer["failed"] and told in answer["msg"] and sim.count() == 0


@pytest.mark.parametrize("missing", ["vswitch_id", "security_group_ids"])
def test_a_clone_without_a_place_or_without_isolation_is_never_made(run, sim, missing):
    answer = run("ecs_instance", **{**WHOLE, missing: None})
    assert answer["failed"] and missing in answer["msg"] and not sim.mutating()
