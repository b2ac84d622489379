"""Restore points against the simulator."""

from __future__ import annotations

from typing import Any

import pytest

RUN = {"run_id": "r1"}


def ids(*names: str) -> list[dict[str, str]]:
    return [{"id": name} for name in names]


def by_id(answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {result["instance_id"]: result for result in answer["results"]}


def live(sim: Any) -> list[dict[str, Any]]:
    return list(sim.state()["regions"]["cn-hangzhou"]["snapshots"].values())


def test_every_disk_of_every_instance_gets_a_usable_tagged_snapshot(run, sim, fast):
    answer = run(
        "ecs_snapshot",
        instances=[*ids("i-one", "i-two", "i-old"), {"id": "i-far", "region": "cn-beijing"}],
        **RUN,
        **fast,
    )
    assert answer["changed"]
    assert [(one["instance_id"], one["complete"], len(one["snapshots"])) for one in answer["results"]] == [
        ("i-one", True, 1),
        ("i-two", True, 2),
        ("i-old", True, 2),
        ("i-far", True, 1),
    ]
    two = by_id(answer)["i-two"]["snapshots"]
    assert [(one["device"], one["disk_type"]) for one in two] == [("/dev/xvda", "system"), ("/dev/xvdb", "data")]
    found = run("ecs_snapshot_info", run_id="r1")["snapshots"]
    assert len(found) == 5
    for one in found:
        assert one["tags"] == {
            "os_migration_run_id": "r1",
            "os_migration_instance_id": one["instance_id"],
            "os_migration_disk_id": one["disk_id"],
            "os_migration_purpose": "restore_point",
        }


def test_disks_that_allow_it_are_caught_at_the_same_moment(run, sim, fast):
    answer = by_id(run("ecs_snapshot", instances=ids("i-one", "i-two", "i-old"), **RUN, **fast))
    assert len({one["group_id"] for one in answer["i-two"]["snapshots"]} - {None}) == 1
    assert {one["group_id"] for name in ("i-one", "i-old") for one in answer[name]["snapshots"]} == {None}
    assert sim.count("CreateSnapshotGroup") == 1


def test_a_second_run_pays_for_no_second_snapshot(run, sim, fast):
    first = run("ecs_snapshot", instances=ids("i-one", "i-two", "i-old"), **RUN, **fast)
    before = len(sim.mutating())
    again = run("ecs_snapshot", instances=ids("i-one", "i-two", "i-old"), **RUN, **fast)
    assert not again["changed"]
    assert len(sim.mutating()) == before
    assert [[one["snapshot_id"] for one in result["snapshots"]] for result in again["results"]] == [
        [one["snapshot_id"] for one in result["snapshots"]] for result in first["results"]
    ]


@pytest.mark.parametrize("sim", ["frozen_process"], indirect=True)
def test_another_controller_takes_over_snapshots_that_are_still_being_made(run, sim, fast):
    started = run("ecs_snapshot", instances=ids("i-old"), wait=False, **RUN, **fast)["results"][0]
    assert not started["complete"]
    sim.advance(3600)
    taken = run("ecs_snapshot", instances=ids("i-old"), **RUN, **fast)["results"][0]
    assert taken["complete"] and not taken["changed"]
    assert sim.count("CreateSnapshot") == 2


def test_check_mode_shows_what_would_be_made_and_makes_nothing(run, sim, fast):
    answer = run("ecs_snapshot", instances=ids("i-two"), check=True, **RUN, **fast)
    assert answer["changed"] and not sim.mutating()
    assert [(one["device"], one["status"], one["group_id"]) for one in answer["results"][0]["snapshots"]] == [
        ("/dev/xvda", "planned", "planned"),
        ("/dev/xvdb", "planned", "planned"),
    ]


def test_an_instance_with_a_local_disk_is_refused_before_any_snapshot_and_the_others_are_done(run, sim, fast):
    answer = run("ecs_snapshot", instances=ids("i-loc", "i-one", "i-none"), on_item_error="report", **RUN, **fast)
    results = by_id(answer)
    assert results["i-loc"]["error"]["code"] == "LocalDisk" and "local_ssd_pro" in results["i-loc"]["error"]["message"]
    assert results["i-none"]["error"]["code"] == "InvalidInstanceId.NotFound"
    assert "cn-hangzhou" in results["i-none"]["error"]["hint"]
    assert results["i-one"]["complete"]
    assert sim.count("CreateSnapshot") == 1


def test_by_default_item_errors_fail_the_task_and_every_one_is_named(run, sim, fast):
    answer = run("ecs_snapshot", instances=ids("i-loc", "i-one", "i-none"), **RUN, **fast)
    assert answer["failed"] and "i-loc" in answer["msg"] and "i-none" in answer["msg"] and "2 of 3" in answer["msg"]
    assert by_id(answer)["i-one"]["complete"]


def test_an_excluded_local_disk_does_not_block_the_rest(run, sim, fast):
    info = run("ecs_instance_info", instances=ids("i-loc"))
    local = [disk["disk_id"] for disk in info["results"][0]["disks"] if disk["category"] == "local_ssd_pro"]
    answer = run("ecs_snapshot", instances=ids("i-loc"), exclude_disks=local, **RUN, **fast)
    assert answer["results"][0]["complete"]


@pytest.mark.parametrize("kind", ["reset_before", "reset_after", "error500", "error503"])
def test_a_lost_answer_leads_to_exactly_one_snapshot_per_disk(run, sim, fast, kind):
    sim.faults(
        [{"op": "CreateSnapshot", "kind": kind, "times": 2}, {"op": "CreateSnapshotGroup", "kind": kind, "times": 1}]
    )
    answer = run("ecs_snapshot", instances=ids("i-one", "i-two"), **RUN, **fast)
    assert all(result["complete"] for result in answer["results"])
    assert len(live(sim)) == 3


def test_throttled_calls_wait_and_go_through(run, sim, fast):
    rules = [
        {"op": op, "kind": "throttle", "times": 3}
        for op in ("CreateSnapshot", "DescribeSnapshots", "DescribeInstances")
    ]
    sim.faults(rules)
    answer = run("ecs_snapshot", instances=ids("i-one", "i-old"), **RUN, **fast)
    assert all(result["complete"] for result in answer["results"])
    assert len(live(sim)) == 3


def test_a_failed_snapshot_is_reported_and_made_anew_by_the_next_run(run, sim, fast):
    sim.faults([{"op": "CreateSnapshot", "kind": "fail_work", "times": 1}])
    first = run("ecs_snapshot", instances=ids("i-one"), wait_for="accomplished", on_item_error="report", **RUN, **fast)
    assert not first["results"][0]["complete"] and "failed" in first["results"][0]["error"]["message"]
    second = run("ecs_snapshot", instances=ids("i-one"), wait_for="accomplished", **RUN, **fast)["results"][0]
    assert second["changed"] and second["complete"]
    assert second["snapshots"][0]["snapshot_id"] != first["results"][0]["snapshots"][0]["snapshot_id"]


def test_where_a_group_is_demanded_and_impossible_nothing_is_made(run, sim, fast):
    answer = run("ecs_snapshot", instances=ids("i-old"), group="always", on_item_error="report", **RUN, **fast)
    assert answer["results"][0]["error"]["code"] == "GroupNotPossible" and not sim.mutating()


def test_absent_deletes_this_run_and_nothing_else(run, sim, fast):
    run("ecs_snapshot", instances=ids("i-one", "i-two"), wait_for="accomplished", **RUN, **fast)
    run("ecs_snapshot", instances=ids("i-one"), run_id="r2", **fast)
    planned = run("ecs_snapshot", instances=ids("i-one", "i-two"), state="absent", check=True, **RUN, **fast)
    assert planned["changed"] and len(live(sim)) == 4
    gone = run("ecs_snapshot", instances=ids("i-one", "i-two"), state="absent", **RUN, **fast)
    assert gone["changed"] and [len(one["snapshots"]) for one in gone["results"]] == [1, 2]
    assert [
        one["tags"]["os_migration_run_id"] for one in run("ecs_snapshot_info", instances=ids("i-one"))["snapshots"]
    ] == ["r2"]
    assert sim.count("DeleteSnapshotGroup") == 1
    assert not run("ecs_snapshot", instances=ids("i-one", "i-two"), state="absent", **RUN, **fast)["changed"]


@pytest.mark.parametrize("kind", ["reset_before", "reset_after", "error500"])
def test_a_lost_answer_to_a_deletion_is_settled(run, sim, fast, kind):
    run("ecs_snapshot", instances=ids("i-one", "i-two"), wait_for="accomplished", **RUN, **fast)
    sim.faults([{"op": op, "kind": kind, "times": 1} for op in ("DeleteSnapshot", "DeleteSnapshotGroup")])
    assert run("ecs_snapshot", instances=ids("i-one", "i-two"), state="absent", **RUN, **fast)["changed"]
    assert not live(sim)


def test_after_a_deletion_the_same_run_can_make_its_restore_point_again(run, sim, fast):
    for _round in range(2):
        answer = run("ecs_snapshot", instances=ids("i-one", "i-two"), **RUN, **fast)
        assert all(one["complete"] and one["changed"] for one in answer["results"])
        run("ecs_snapshot", instances=ids("i-one", "i-two"), state="absent", **RUN, **fast)


def test_young_snapshots_survive_a_deletion_by_age(run, sim, fast):
    run("ecs_snapshot", instances=ids("i-one"), **RUN, **fast)
    answer = run("ecs_snapshot", instances=ids("i-one"), state="absent", retention_days=30, **fast)
    assert not answer["changed"] and len(live(sim)) == 1


def test_absent_without_any_limit_is_refused(run, sim, fast):
    answer = run("ecs_snapshot", instances=ids("i-one"), state="absent", **fast)
    assert answer["failed"] and not sim.log()


def test_an_empty_list_calls_nothing(run, sim, fast):
    answer = run("ecs_snapshot", instances=[], **RUN, **fast)
    assert not answer["changed"] and answer["results"] == [] and sim.count() == 0


@pytest.mark.parametrize("given", [{"run_id": "bad id"}, {"run_id": "r1", "tags": {"acs:x": "y"}}])
def test_what_the_service_would_refuse_is_told_before_anything_is_sent(run, sim, fast, given):
    answer = run("ecs_snapshot", instances=ids("i-one"), **given, **fast)
    assert answer["failed"] and not sim.mutating()


def test_the_retention_reaches_single_snapshots_and_those_of_groups(run, sim, fast):
    answer = run("ecs_snapshot", instances=ids("i-one", "i-two"), retention_days=30, **RUN, **fast)
    assert answer.get("warnings", []) == []
    assert {one["retention_days"] for one in live(sim)} == {30}
    assert not run("ecs_snapshot", instances=ids("i-one", "i-two"), retention_days=30, **RUN, **fast)["changed"]


def test_a_retention_that_cannot_be_set_costs_a_warning_and_not_the_restore_point(run, sim, fast):
    sim.faults([{"op": "ModifySnapshotAttribute", "kind": "error500", "times": 100}])
    answer = run("ecs_snapshot", instances=ids("i-two"), retention_days=30, **RUN, **fast)
    assert answer["results"][0]["complete"] and "retention" in str(answer["warnings"])
