"""The way back, against the simulator."""

from __future__ import annotations

import pytest

from simulator.pytest_plugin import Simulator

RUN = {"run_id": "r1"}


def ids(*names: str) -> list[dict[str, str]]:
    return [{"id": name} for name in names]


@pytest.fixture
def restorable(run, sim, fast):
    """Two instances with restore points, stopped."""
    made = run("ecs_snapshot", instances=ids("i-one", "i-two"), wait_for="accomplished", **RUN, **fast)
    run("ecs_power", instances=ids("i-one", "i-two"), state="stopped", **fast)
    return made


def resets(sim: Simulator) -> int:
    return sum(entry["status"] == 200 for entry in sim.log(op="ResetDisk"))


def test_every_disk_goes_back_to_its_own_snapshot(run, sim, fast, restorable):
    answer = run("ecs_disk_reset", instances=ids("i-one", "i-two"), **RUN, **fast)
    assert answer["changed"] and resets(sim) == 3
    made = {one["disk_id"]: one["snapshot_id"] for result in restorable["results"] for one in result["snapshots"]}
    put = {
        one["disk_id"]: one["snapshot_id"] for result in answer["results"] for one in result["disks"] if one["reset"]
    }
    assert put == made
    region = sim.state()["regions"]["cn-hangzhou"]
    assert {disk: region["disks"][disk]["restored_from"] for disk in made} == made
    assert {region["disks"][disk]["status"] for disk in made} == {"In_use"}


def test_check_mode_shows_the_pairs_and_touches_no_disk(run, sim, fast, restorable):
    answer = run("ecs_disk_reset", instances=ids("i-two"), check=True, **RUN, **fast)
    assert answer["changed"] and len(answer["results"][0]["disks"]) == 2 and resets(sim) == 0


def test_a_running_instance_is_refused_while_the_stopped_one_is_reset(run, sim, fast, restorable):
    run("ecs_power", instances=ids("i-two"), state="started", **fast)
    answer = run("ecs_disk_reset", instances=ids("i-one", "i-two"), on_item_error="report", **RUN, **fast)
    assert [(one["error"] or {}).get("code") for one in answer["results"]] == [None, "IncorrectInstanceStatus"]
    assert resets(sim) == 1


def test_a_disk_without_a_snapshot_stops_the_reset_of_all_disks_of_its_instance(run, sim, fast):
    info = run("ecs_instance_info", instances=ids("i-two"))["results"][0]
    data = [disk["disk_id"] for disk in info["disks"] if disk["type"] == "data"]
    run("ecs_snapshot", instances=ids("i-two"), exclude_disks=data, wait_for="accomplished", **RUN, **fast)
    run("ecs_power", instances=ids("i-two"), state="stopped", **fast)
    refused = run("ecs_disk_reset", instances=ids("i-two"), on_item_error="report", **RUN, **fast)
    assert refused["results"][0]["error"]["code"] == "IncompleteRestorePoint"
    assert data[0] in refused["results"][0]["error"]["message"] and resets(sim) == 0
    assert run("ecs_disk_reset", instances=ids("i-two"), exclude_disks=data, **RUN, **fast)["changed"]


def test_snapshots_of_another_run_are_never_used(run, sim, fast, restorable):
    answer = run("ecs_disk_reset", instances=ids("i-one"), run_id="r2", on_item_error="report", **fast)
    assert answer["results"][0]["error"]["code"] == "IncompleteRestorePoint" and resets(sim) == 0


@pytest.mark.parametrize("kind", ["reset_before", "reset_after", "error500", "error503"])
def test_a_lost_answer_still_ends_with_every_disk_reset(run, sim, fast, restorable, kind):
    sim.faults([{"op": "ResetDisk", "kind": kind, "times": 2}])
    answer = run("ecs_disk_reset", instances=ids("i-one", "i-two"), **RUN, **fast)
    assert all(disk["reset"] for result in answer["results"] for disk in result["disks"])
    region = sim.state()["regions"]["cn-hangzhou"]
    for result in answer["results"]:
        for disk in result["disks"]:
            assert region["disks"][disk["disk_id"]]["restored_from"] == disk["snapshot_id"]


def test_a_single_disk_can_be_named_with_its_snapshot(run, sim, fast, restorable):
    pair = restorable["results"][0]["snapshots"][0]
    answer = run("ecs_disk_reset", disks=[{"disk_id": pair["disk_id"], "snapshot_id": pair["snapshot_id"]}], **fast)
    assert answer["results"][0]["instance_id"] == "i-one" and resets(sim) == 1


def test_the_snapshot_of_another_disk_is_refused(run, sim, fast, restorable):
    one, two = (result["snapshots"][0] for result in restorable["results"])
    answer = run(
        "ecs_disk_reset",
        disks=[{"disk_id": one["disk_id"], "snapshot_id": two["snapshot_id"]}],
        on_item_error="report",
        **fast,
    )
    assert answer["results"][0]["error"]["code"] == "InvalidParameter.Mismatch" and resets(sim) == 0


def test_an_empty_list_calls_nothing(run, sim, fast):
    answer = run("ecs_disk_reset", instances=[], **RUN, **fast)
    assert not answer["changed"] and sim.count() == 0


def test_instances_without_a_run_id_are_refused(run, sim, fast):
    assert run("ecs_disk_reset", instances=ids("i-one"), **fast)["failed"] and sim.count() == 0
