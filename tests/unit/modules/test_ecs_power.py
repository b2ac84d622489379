"""Power against the simulator."""

from __future__ import annotations

import pytest


def ids(*names: str) -> list[dict[str, str]]:
    return [{"id": name} for name in names]


def test_only_what_is_not_there_yet_is_called(run, sim, fast):
    answer = run("ecs_power", instances=ids("i-one", "i-off"), state="stopped", **fast)
    assert [(one["changed"], one["previous_status"], one["status"]) for one in answer["results"]] == [
        (True, "Running", "Stopped"),
        (False, "Stopped", "Stopped"),
    ]
    again = run("ecs_power", instances=ids("i-one", "i-off"), state="stopped", **fast)
    assert not again["changed"] and sim.count("StopInstances") == 1


def test_a_stopped_instance_keeps_its_resources_unless_asked_otherwise(run, sim, fast):
    kept = run("ecs_power", instances=ids("i-one"), state="stopped", **fast)
    given = run("ecs_power", instances=ids("i-two"), state="stopped", stopped_mode="StopCharging", **fast)
    assert [one["results"][0]["stopped_mode"] for one in (kept, given)] == ["KeepCharging", "StopCharging"]


def test_start_and_reboot(run, sim, fast):
    assert run("ecs_power", instances=ids("i-off"), state="started", **fast)["results"][0]["status"] == "Running"
    for _round in range(2):
        answer = run("ecs_power", instances=ids("i-off"), state="rebooted", **fast)
        assert answer["changed"] and answer["results"][0]["status"] == "Running"
    assert sim.count("RebootInstances") == 2


def test_a_stopped_instance_is_not_rebooted_and_says_what_to_do(run, sim, fast):
    answer = run("ecs_power", instances=ids("i-off", "i-one"), state="rebooted", on_item_error="report", **fast)
    error = answer["results"][0]["error"]
    assert error["code"] == "IncorrectInstanceStatus" and "state=started" in error["hint"]
    assert answer["results"][1]["changed"]


def test_an_instance_on_its_way_down_is_started_again(run, sim, fast):
    run("ecs_power", instances=ids("i-one"), state="stopped", wait=False, **fast)
    answer = run("ecs_power", instances=ids("i-one"), state="started", **fast)
    assert answer["results"][0]["status"] == "Running"


def test_one_missing_instance_does_not_hold_back_the_others(run, sim, fast):
    answer = run("ecs_power", instances=ids("i-none", "i-one"), state="stopped", on_item_error="report", **fast)
    assert answer["results"][0]["error"]["code"] == "InvalidInstanceId.NotFound"
    assert answer["results"][1]["status"] == "Stopped"


@pytest.mark.parametrize("kind", ["reset_before", "reset_after", "error500"])
@pytest.mark.parametrize(
    ("state", "op", "end"), [("stopped", "StopInstances", "Stopped"), ("started", "StartInstances", "Running")]
)
def test_a_lost_answer_is_settled_by_looking(run, sim, fast, kind, state, op, end):
    names = ids("i-one", "i-two") if state == "stopped" else ids("i-off")
    sim.faults([{"op": op, "kind": kind, "times": 1}])
    answer = run("ecs_power", instances=names, state=state, **fast)
    assert {one["status"] for one in answer["results"]} == {end}
    done = list(sim.log(op=op))
    assert len(done) == (1 if kind == "reset_after" else 2)


def test_a_reboot_is_never_sent_twice(run, sim, fast):
    sim.faults([{"op": "RebootInstances", "kind": "reset_before", "times": 1}])
    answer = run("ecs_power", instances=ids("i-one"), state="rebooted", on_item_error="report", **fast)
    assert answer["results"][0]["error"]["code"] == "NoAnswer" and sim.count("RebootInstances") == 1


def test_check_mode_stops_nothing(run, sim, fast):
    answer = run("ecs_power", instances=ids("i-one", "i-off"), state="stopped", check=True, **fast)
    assert [one["changed"] for one in answer["results"]] == [True, False] and not sim.mutating()


@pytest.mark.parametrize("sim", ["frozen_process"], indirect=True)
def test_a_wait_that_ends_too_early_says_so_and_counts_as_changed(run, sim, fast):
    answer = run(
        "ecs_power", instances=ids("i-one"), state="stopped", on_item_error="report", wait_timeout=0, wait_interval=0.01
    )
    assert answer["changed"] and answer["results"][0]["error"]["code"] == "WaitTimeout"


def test_an_empty_list_calls_nothing(run, sim, fast):
    assert not run("ecs_power", instances=[], state="stopped", **fast)["changed"]
    assert sim.count() == 0
