"""Migration sources against the simulator: listing, matching, changing, deleting."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from simulator.pytest_plugin import Simulator, start

DISK = [{"type": "system", "category": "cloud_essd", "size_gib": 40}]
FLEET: dict[str, Any] = {
    "clock_rate": 6000,
    "smc": {
        "sources": [
            {"name": "web", "ipv4": "10.0.0.1"},
            {"name": "db", "ipv4": "", "hostname": "db"},
            {"name": "liar", "ipv4": "192.168.7.7", "hostname": "twin"},
            {"name": "double-a", "ipv4": "10.0.0.4"},
            {"name": "double-b", "ipv4": "10.0.0.4", "state": "Unavailable"},
            {"name": "mine", "ipv4": "10.9.9.9", "tags": {"os_migration_instance_id": "i-tagged", "team": "a"}},
            *({"name": f"filler-{index}", "ipv4": f"172.16.0.{index}"} for index in range(1, 120)),
        ]
    },
    "regions": {
        "cn-hangzhou": {
            "instances": [
                {"name": "web", "instance_id": "i-web", "private_ip": "10.0.0.1", "disks": DISK},
                {"name": "db", "instance_id": "i-db", "private_ip": "10.0.0.2", "disks": DISK},
                {"name": "twin", "instance_id": "i-twin", "private_ip": "10.0.0.3", "disks": DISK},
                {"name": "double", "instance_id": "i-double", "private_ip": "10.0.0.4", "disks": DISK},
                {"name": "tagged", "instance_id": "i-tagged", "private_ip": "10.0.0.5", "disks": DISK},
                {"name": "bare", "instance_id": "i-bare", "private_ip": "10.0.0.6", "disks": DISK},
            ]
        }
    },
}


@pytest.fixture(scope="module")
def simulator_process() -> Iterator[Simulator]:
    running = start(FLEET)
    yield running
    assert running.stop() == 0


def ids(*names: str) -> list[dict[str, str]]:
    return [{"id": name} for name in names]


def source_ids(sim, *names: str) -> list[str]:
    by_name = {one["name"]: key for key, one in sim.state()["smc"]["sources"].items()}
    return [by_name[name] for name in names]


def test_every_source_is_listed_however_many_pages_there_are(run, sim):
    answer = run("smc_source_info")
    assert len({one["source_id"] for one in answer["sources"]}) == 125
    assert answer["api_calls"] == {"smc.DescribeSourceServers": 3} and not answer["changed"]


def test_sources_are_found_by_id_name_state_and_tags(run, sim):
    web, mine = source_ids(sim, "web", "mine")
    found = run("smc_source_info", source_ids=[web, "s-none"], on_item_error="report")
    assert [one["source_id"] for one in found["sources"]] == [web]
    assert [(one["error"] or {}).get("code") for one in found["results"]] == [None, "SourceNotFound"]
    assert [one["name"] for one in run("smc_source_info", names=["web", "db"])["sources"]] == ["web", "db"]
    assert [one["name"] for one in run("smc_source_info", state="Unavailable")["sources"]] == ["double-b"]
    assert [one["source_id"] for one in run("smc_source_info", tags={"team": "a"})["sources"]] == [mine]


def test_each_instance_gets_its_own_source_or_a_reason_why_not(run, sim):
    names = ("i-web", "i-db", "i-twin", "i-double", "i-tagged", "i-bare", "i-none")
    answer = run("smc_source_info", instances=ids(*names), on_item_error="report")
    by_id = {one["instance_id"]: one for one in answer["results"]}
    web, db, mine, liar = source_ids(sim, "web", "db", "mine", "liar")
    assert {name: one["source_id"] for name, one in by_id.items()} == {
        "i-web": web, "i-db": db, "i-twin": None, "i-double": None, "i-tagged": mine, "i-bare": None, "i-none": None,
    }  # fmt: skip
    assert by_id["i-web"]["matched_by"] == "address 10.0.0.1" and by_id["i-db"]["matched_by"] == "hostname db"
    assert by_id["i-twin"]["error"]["code"] == "AmbiguousSource" and by_id["i-twin"]["candidates"] == [liar]
    assert sorted(by_id["i-double"]["candidates"]) == sorted(source_ids(sim, "double-a", "double-b"))
    assert all(one in by_id["i-double"]["error"]["message"] for one in by_id["i-double"]["candidates"])
    assert by_id["i-bare"]["error"] is None and "no source" in by_id["i-bare"]["matched_by"]
    assert by_id["i-none"]["error"]["code"] == "InvalidInstanceId.NotFound"
    assert answer["api_calls"] == {"DescribeInstances": 1, "smc.DescribeSourceServers": 3}


def test_name_description_and_tags_are_changed_only_where_they_differ(run, sim):
    web, mine = source_ids(sim, "web", "mine")
    wish = {"source_ids": [web, mine], "description": "wave 1", "tags": {"team": "a"}}
    planned = run("smc_source", check=True, **wish)
    assert planned["changed"] and not sim.mutating()
    assert planned["results"][0]["tags"] == {"team": "a"} and planned["results"][0]["description"] == "wave 1"
    made = run("smc_source", **wish)
    assert made["results"] == planned["results"]
    assert made["api_calls"] == {
        "smc.DescribeSourceServers": 1, "smc.ModifySourceServerAttribute": 2, "smc.TagResources": 1,
    }  # fmt: skip
    assert not run("smc_source", **wish)["changed"]
    off = run("smc_source", source_ids=[mine], remove_tags=["team", "none"])
    assert off["changed"] and off["results"][0]["tags"] == {"os_migration_instance_id": "i-tagged"}
    assert run("smc_source", source_ids=[web], name="front")["results"][0]["name"] == "front"


@pytest.mark.parametrize("kind", ["reset_before", "reset_after", "error500", "error500_after", "throttle"])
@pytest.mark.parametrize("op", ["ModifySourceServerAttribute", "TagResources", "DeleteSourceServer"])
def test_a_lost_answer_is_settled_by_looking(run, sim, kind, op):
    (web,) = source_ids(sim, "web")
    sim.faults([{"op": op, "kind": kind, "times": 1, "product": "smc"}])
    given = {"state": "absent"} if op == "DeleteSourceServer" else {"description": "wave 1", "tags": {"team": "a"}}
    answer = run("smc_source", source_ids=[web], **given)
    assert answer["changed"] and answer["results"][0]["error"] is None
    assert sim.count(op) == (1 if kind.endswith("after") else 2)


def test_sources_of_a_run_are_deleted_and_no_others(run, sim):
    web, db = source_ids(sim, "web", "db")
    run("smc_source", source_ids=[web], tags={"os_migration_run_id": "r1"})
    run("smc_source", source_ids=[db], tags={"os_migration_run_id": "r2"})
    planned = run("smc_source", run_id="r1", state="absent", check=True)
    assert planned["changed"] and [one["source_id"] for one in planned["results"]] == [web]
    assert sim.count("DeleteSourceServer") == 0
    assert run("smc_source", run_id="r1", state="absent")["changed"]
    assert not run("smc_source", source_ids=[web, "s-none"], state="absent")["changed"]
    assert sim.state()["smc"]["sources"][db]["state"] == "Available"


def test_one_unknown_source_does_not_hold_back_the_others(run, sim):
    (web,) = source_ids(sim, "web")
    answer = run("smc_source", source_ids=["s-none", web], tags={"team": "b"}, on_item_error="report")
    assert [(one["changed"], bool(one["error"])) for one in answer["results"]] == [(False, True), (True, False)]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "source_ids"),
        ({"run_id": "r1"}, "source_ids"),
        ({"source_ids": ["s-1"], "run_id": "r1"}, "mutually exclusive"),
        ({"source_ids": ["s-1"], "tags": {"a": "1"}, "remove_tags": ["a"]}, "set and removed at once: a"),
        ({"source_ids": ["s-1"], "tags": {"acs:a": "1"}}, "acs:a"),
    ],
)
def test_odd_options_are_refused_before_anything_is_called(run, sim, given, told):
    answer = run("smc_source", **given)
    assert answer["failed"] and told in answer["msg"] and sim.count() == 0


def test_an_empty_list_calls_nothing(run, sim):
    assert run("smc_source_info", instances=[])["sources"] == []
    assert run("smc_source_info", source_ids=[])["sources"] == []
    assert not run("smc_source", source_ids=[], tags={"a": "1"})["changed"] and sim.count() == 0
