"""Accounts with less than everything, and instances that must be left alone while SMC changes their system."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud import smc_jobs
from simulator.pytest_plugin import Simulator, start

ESSD = [{"type": "system", "category": "cloud_essd", "size_gib": 40}]
FLEET: dict[str, Any] = {
    "clock_rate": 6000,
    "timing": {"snapshot_base_s": 30, "snapshot_per_gib_s": 1, "stop_s": 20, "start_s": 20, "reset_s": 60},
    "smc": {
        "quota": {"running": 1},
        "target_os": {"where": "query", "key": "HiddenTarget", "values": {"alinux3": "Alinux 3"}},
        "sources": [
            {"name": name, "instance_id": f"i-{name}", "ipv4": f"10.1.0.{index}", "system": "centos8"}
            for index, name in enumerate(("one", "two"))
        ],
    },
    "regions": {
        "cn-hangzhou": {
            "instances": [
                {"name": name, "instance_id": f"i-{name}", "private_ip": f"10.1.0.{index}", "system": "centos8",
                 "disks": ESSD}
                for index, name in enumerate(("one", "two"))
            ]
        }
    },
}  # fmt: skip
QUERY = {"where": "query", "key": "HiddenTarget", "values": {"alinux3": "Alinux 3"}}
RUN = {"run_id": "r1", "target": "alinux3", "target_os_field": QUERY}


@pytest.fixture(scope="module")
def simulator_process() -> Iterator[Simulator]:
    running = start(FLEET)
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="module")
def frozen_process() -> Iterator[Simulator]:
    running = start({**FLEET, "clock_rate": 0})
    yield running
    assert running.stop() == 0


frozen = pytest.mark.parametrize("sim", ["frozen_process"], indirect=True)


def ids(*names: str) -> list[dict[str, str]]:
    return [{"id": name} for name in names]


def codes(answer) -> list[str | None]:
    return [(one["error"] or {}).get("code") for one in answer["results"]]


def test_a_target_that_is_a_parameter_of_its_own_reaches_the_service(run, sim, fast):
    answer = run("smc_job", jobs=ids("i-one"), state="present", **RUN, **fast)
    job = sim.state()["smc"]["jobs"][answer["results"][0]["job_id"]]
    assert job["target"] == "alinux3" and job["replication_parameters"] == ""


@pytest.mark.parametrize("kind", ["reset_after", "error500", "throttle"])
def test_a_call_with_a_parameter_of_its_own_is_repeated_like_any_other(run, sim, fast, kind):
    sim.faults([{"op": "CreateReplicationJob", "kind": kind, "times": 1}])
    answer = run("smc_job", jobs=ids("i-one"), state="present", **RUN, **fast)
    assert answer["changed"] and len(sim.state()["smc"]["jobs"]) == 1


def test_a_parameter_that_has_its_own_option_cannot_be_smuggled_in(run, sim, fast):
    field = {**QUERY, "key": "InstanceId"}
    answer = run("smc_job", jobs=ids("i-one"), state="present", on_item_error="report", **{**RUN, "target_os_field": field},
                 **fast)  # fmt: skip
    assert codes(answer) == ["KnownParameter"] and sim.count("CreateReplicationJob") == 0


def test_an_account_that_may_run_fewer_jobs_than_thought_still_gets_through(run, sim, fast):
    answer = run("smc_job", jobs=ids("i-one", "i-two"), max_running=50, **RUN, **fast)
    assert {one["status"] for one in answer["results"]} == {"Finished"}


@frozen
@pytest.mark.parametrize("state", ["stopped", "rebooted"])
def test_an_instance_under_migration_is_neither_stopped_nor_rebooted(run, sim, fast, state):
    job = run("smc_job", jobs=ids("i-one"), state="started", **RUN, **fast)["results"][0]["job_id"]
    given = {"instances": ids("i-one", "i-two"), "state": state, "on_item_error": "report", "wait": False}
    for check in (True, False):
        answer = run("ecs_power", check=check, **given, **fast)
        assert codes(answer) == ["SmcJobRunning", None] and [one["changed"] for one in answer["results"]] == [
            False,
            True,
        ]
        assert (
            job in answer["results"][0]["error"]["message"] and "stop it first" in answer["results"][0]["error"]["hint"]
        )
        assert answer["api_calls"]["smc.DescribeReplicationJobs"] == 1
    assert sim.state()["smc"]["jobs"][job]["status"] == "Running"


@frozen
def test_the_guard_can_be_switched_off_and_never_keeps_an_instance_from_starting(run, sim, fast):
    run("smc_job", jobs=ids("i-one"), state="started", **RUN, **fast)
    started = run("ecs_power", instances=ids("i-one"), state="started", **fast)
    assert "smc.DescribeReplicationJobs" not in started["api_calls"]
    answer = run("ecs_power", instances=ids("i-one"), state="stopped", smc_guard=False, wait=False, **fast)
    assert answer["changed"] and "smc.DescribeReplicationJobs" not in answer["api_calls"]


@pytest.fixture
def restorable(run, sim, fast) -> list[dict[str, str]]:
    """Both instances with a restore point, and stopped; the disk of each with its snapshot."""
    made = run("ecs_snapshot", instances=ids("i-one", "i-two"), run_id="r1", **fast)
    run("ecs_power", instances=ids("i-one", "i-two"), state="stopped", **fast)
    return [{key: one["snapshots"][0][key] for key in ("disk_id", "snapshot_id")} for one in made["results"]]


def test_the_disks_of_an_instance_under_migration_are_not_reset(run, sim, fast, restorable, monkeypatch):
    # In the simulator a stopped instance has no running job; in the cloud a job stops its instance itself.
    job = {"job_id": "j-1", "status": "Running", "business_status": "Processing"}
    monkeypatch.setattr(smc_jobs, "running", lambda api, refs: {ref: job for ref in refs if ref.id == "i-one"})
    whole = run("ecs_disk_reset", instances=ids("i-one", "i-two"), run_id="r1", on_item_error="report", **fast)
    single = run("ecs_disk_reset", disks=restorable, on_item_error="report", **fast)
    for answer in (whole, single):
        assert codes(answer) == ["SmcJobRunning", None] and [one["changed"] for one in answer["results"]] == [
            False,
            True,
        ]
    forced = run("ecs_disk_reset", disks=restorable, smc_guard=False, **fast)
    assert [one["changed"] for one in forced["results"]] == [True, True]


def test_one_call_to_smc_serves_all_disks(run, sim, fast, restorable):
    for given in ({"instances": ids("i-one", "i-two"), "run_id": "r1"}, {"disks": restorable}):
        answer = run("ecs_disk_reset", **given, **fast)
        assert answer["changed"] and answer["api_calls"]["smc.DescribeReplicationJobs"] == 1


@frozen
def test_a_clone_under_migration_is_not_released(run, sim, fast):
    marks = {"os_migration_run_id": "r1", "os_migration_purpose": "drill", "os_migration_instance_id": "i-source"}
    run("ecs_tag", instances=ids("i-one", "i-two"), tags=marks)
    run("smc_job", jobs=ids("i-one"), state="started", **RUN, **fast)
    given = {"clones": ids("i-one", "i-two"), "state": "absent", "on_item_error": "report", "wait": False}
    answer = run("ecs_instance", **given, **fast)
    assert codes(answer) == ["SmcJobRunning", None] and [one["changed"] for one in answer["results"]] == [False, True]
    assert sim.log(op="DeleteInstances")[0]["ids"]["InstanceId"] == ["i-two"]
    assert run("ecs_instance", smc_guard=False, **{**given, "clones": ids("i-one")}, **fast)["changed"]


def test_without_a_right_to_ask_the_guard_warns_and_the_work_goes_on(run, sim, fast):
    sim.faults([{"op": "DescribeReplicationJobs", "kind": "forbidden", "times": 9}])
    answer = run("ecs_power", instances=ids("i-one"), state="stopped", **fast)
    assert answer["results"][0]["status"] == "Stopped"
    assert len(answer["warnings"]) == 1 and "Forbidden" in answer["warnings"][0]


def test_without_a_way_to_smc_the_guard_warns_and_the_work_goes_on(run, sim, fast):
    answer = run("ecs_power", instances=ids("i-one"), state="stopped", smc_endpoint="http://127.0.0.1:9", **fast)
    assert answer["results"][0]["status"] == "Stopped" and "Unreachable" in answer["warnings"][0]


def test_a_service_that_does_not_answer_stops_the_work_as_a_job_may_be_running(run, sim, fast):
    sim.faults([{"op": "DescribeReplicationJobs", "kind": "error500", "times": 9}])
    answer = run("ecs_power", instances=ids("i-one"), state="stopped", on_item_error="report", **fast)
    assert codes(answer) == ["InternalError"] and sim.count("StopInstances") == 0


def test_where_nothing_is_to_be_done_smc_is_not_asked(run, sim, fast):
    run("ecs_power", instances=ids("i-one"), state="stopped", **fast)
    before = sim.count("DescribeReplicationJobs")
    run("ecs_power", instances=ids("i-one"), state="stopped", **fast)
    run("ecs_disk_reset", instances=ids("i-one"), run_id="none", on_item_error="report", **fast)
    assert sim.count("DescribeReplicationJobs") == before
