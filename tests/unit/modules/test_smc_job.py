"""Operating system migration jobs against the simulator."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from simulator.pytest_plugin import Simulator, start

ESSD = {"category": "cloud_essd", "size_gib": 40}
NAMES = ("one", "two", "three", "four")
FLEET: dict[str, Any] = {
    "clock_rate": 6000,
    "timing": {"snapshot_base_s": 30, "snapshot_per_gib_s": 1, "smc_process_s": 300},
    "smc": {
        "sources": [
            *({"name": name, "instance_id": f"i-{name}", "ipv4": f"10.1.0.{index}", "system": "centos8"}
              for index, name in enumerate(NAMES)),
            {"name": "sick", "instance_id": "i-sick", "ipv4": "10.1.0.9", "state": "Unavailable", "error_code": "S1"},
            {"name": "far", "instance_id": "i-far", "ipv4": "10.2.0.1", "system": "centos7"},
        ]
    },
    "regions": {
        "cn-hangzhou": {
            "instances": [
                *({"name": name, "instance_id": f"i-{name}", "private_ip": f"10.1.0.{index}", "system": "centos8",
                   "disks": [{"type": "system", **ESSD}, {"type": "data", **ESSD}]}
                  for index, name in enumerate(NAMES)),
                {"name": "sick", "instance_id": "i-sick", "private_ip": "10.1.0.9"},
                {"name": "bare", "instance_id": "i-bare", "private_ip": "10.1.0.10"},
            ]
        },
        "cn-beijing": {"instances": [
            {"name": "far", "instance_id": "i-far", "private_ip": "10.2.0.1", "system": "centos7"},
        ]},
    },
}  # fmt: skip
RUN = {"run_id": "r1", "target": "alinux3"}


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


@pytest.fixture
def quick(fast: dict[str, Any]) -> dict[str, Any]:
    return {**fast, "retry_pause": 0.01}


def ids(*names: str) -> list[dict[str, str]]:
    return [{"id": name} for name in names]


def jobs(sim) -> dict[str, Any]:
    return sim.state()["smc"]["jobs"]


def codes(answer) -> list[str | None]:
    return [(one["error"] or {}).get("code") for one in answer["results"]]


def test_a_wave_is_migrated_in_one_task_and_a_second_run_changes_nothing(run, sim, quick):
    wave = [*ids("i-one", "i-two"), {"id": "i-far", "region": "cn-beijing"}]
    answer = run("smc_job", jobs=wave, **RUN, **quick)
    assert [(one["status"], one["progress"], one["attempts"]) for one in answer["results"]] == [
        ("Finished", 100.0, 1)
    ] * 3
    regions = sim.state()["regions"]
    assert regions["cn-hangzhou"]["instances"]["i-one"]["system"] == "alinux3"
    assert regions["cn-beijing"]["instances"]["i-far"]["system"] == "alinux3"
    seen = [entry["business_status"] for entry in answer["results"][0]["history"] if entry["status"] == "Running"]
    assert list(dict.fromkeys(seen)) == sorted(set(seen), key=["Preparing", "Syncing", "Processing", "Cleaning"].index)
    before = len(sim.mutating())
    again = run("smc_job", jobs=wave, **RUN, **quick)
    assert not again["changed"] and len(sim.mutating()) == before
    assert [one["job_id"] for one in again["results"]] == [one["job_id"] for one in answer["results"]]


def test_a_job_is_found_by_its_tags_and_its_unique_name(run, sim, quick):
    made = run("smc_job", jobs=ids("i-one"), state="present", tags={"team": "a"}, **RUN, **quick)
    job = jobs(sim)[made["results"][0]["job_id"]]
    assert job["name"] == "os-migration-r1-i-one" and job["status"] == "Ready"
    assert job["tags"] == {
        "team": "a", "os_migration_run_id": "r1", "os_migration_instance_id": "i-one", "os_migration_purpose": "job",
    }  # fmt: skip
    assert json.loads(job["replication_parameters"]) == {"TargetOsType": "Alibaba Cloud Linux 3"}
    assert made["changed"] and sim.count("StartReplicationJob") == 0
    assert not run("smc_job", jobs=ids("i-one"), state="present", **RUN, **quick)["changed"]


def test_check_mode_creates_and_starts_nothing(run, sim, quick):
    planned = run("smc_job", jobs=ids("i-one", "i-bare"), check=True, on_item_error="report", **RUN, **quick)
    assert [one["changed"] for one in planned["results"]] == [True, False]
    assert codes(planned) == [None, "SourceNotFound"] and not sim.mutating()
    run("smc_job", jobs=ids("i-one"), state="present", **RUN, **quick)
    assert run("smc_job", jobs=ids("i-one"), check=True, **RUN, **quick)["changed"]
    assert not run("smc_job", jobs=ids("i-one"), state="present", check=True, **RUN, **quick)["changed"]
    assert len(sim.mutating()) == 1


def test_each_instance_that_cannot_be_migrated_says_why_and_the_others_are(run, sim, quick):
    names = ("i-one", "i-sick", "i-bare", "i-none")
    answer = run("smc_job", jobs=ids(*names), on_item_error="report", **RUN, **quick)
    expected = [None, "SourceServerState.Invalid", "SourceNotFound", "InvalidInstanceId.NotFound"]
    assert codes(answer) == expected and answer["results"][0]["status"] == "Finished"
    assert "S1" in answer["results"][1]["error"]["message"] and "smc_import" in answer["results"][2]["error"]["hint"]


def test_a_target_that_the_service_does_not_offer_is_answered_with_its_own_list(run, sim, quick):
    answer = run("smc_job", jobs=ids("i-one"), run_id="r1", target="rhel9", on_item_error="report", **quick)
    error = answer["results"][0]["error"]
    assert error["code"] == "InvalidOsMigrationType.NotMatched" and "target_os_field" in error["hint"]
    assert all(name in error["message"] for name in ("Anolis OS 8", "Alibaba Cloud Linux 3", "RHEL 8"))


def test_value_and_values_of_the_target_field_are_sent_as_the_user_says(run, sim, quick):
    by_target = {"values": {"rhel9": "Anolis OS 8"}}
    one = run(
        "smc_job", jobs=ids("i-one"), run_id="r1", target="rhel9", target_os_field=by_target, state="present", **quick
    )
    two = run("smc_job", jobs=ids("i-two"), run_id="r1", target="rhel9", state="present",
              target_os_field={**by_target, "value": "RHEL 8"}, **quick)  # fmt: skip
    assert [jobs(sim)[one["results"][0]["job_id"]]["target"] for one in (one, two)] == ["anolis8", "rhel8"]


def test_parameters_and_validity_reach_the_service(run, sim, quick):
    given = {"parameters": {"bandwidth_limit": 10}, "valid_days": 8, "target_type": "TargetInstance"}
    made = run("smc_job", jobs=ids("i-one"), state="present", **given, **RUN, **quick)
    job = jobs(sim)[made["results"][0]["job_id"]]
    assert json.loads(job["replication_parameters"])["bandwidth_limit"] == 10
    assert abs(job["valid_until"] - job["created"] - 8 * 86400) < 3600 and job["target_type"] == "TargetInstance"


def test_never_more_jobs_run_than_the_account_may(run, sim, quick):
    foreign = run("smc_job", jobs=ids("i-four"), run_id="other", target="alinux3", state="started", wait=False, **quick)
    assert foreign["results"][0]["status"] == "Running"
    answer = run("smc_job", jobs=ids("i-one", "i-two", "i-three"), max_running=2, **RUN, **quick)
    assert {one["status"] for one in answer["results"]} == {"Finished"}
    runs = [job["runs"][0] for job in jobs(sim).values()]
    for one in runs:
        assert sum(other["start"] <= one["start"] < other["end"] for other in runs) <= 2


def test_without_waiting_what_does_not_fit_is_told_as_queued(run, sim, quick):
    given = {"max_running": 1, "wait": False, "on_item_error": "report"}
    answer = run("smc_job", jobs=ids("i-one", "i-two"), state="started", **given, **RUN, **quick)
    assert codes(answer) == [None, "QueueFull"] and answer["results"][1]["status"] == "Ready"
    assert "wait" in answer["results"][1]["error"]["hint"] and sim.count("StartReplicationJob") == 1


@pytest.mark.parametrize(
    "kind", ["reset_before", "reset_after", "error500", "error500_after", "throttle", "empty", "duplicate"]
)
@pytest.mark.parametrize("op", ["CreateReplicationJob", "StartReplicationJob", "DescribeReplicationJobs"])
def test_a_lost_answer_loses_no_job_and_makes_none_twice(run, sim, quick, kind, op):
    sim.faults([{"op": op, "kind": kind, "times": 1}] if op[0] != "D" or "after" not in kind else [])
    answer = run("smc_job", jobs=ids("i-one", "i-two"), **RUN, **quick)
    assert {one["status"] for one in answer["results"]} == {"Finished"} and len(jobs(sim)) == 2
    assert all(len(job["runs"]) == 1 for job in jobs(sim).values())


def test_a_new_job_that_the_service_shows_late_is_waited_for(run, sim, quick):
    sim.faults([{"op": "CreateReplicationJob", "kind": "lag", "times": 1, "seconds": 60}])
    answer = run("smc_job", jobs=ids("i-one"), **RUN, **quick)
    assert answer["results"][0]["status"] == "Finished" and sim.count("CreateReplicationJob") == 1


def test_a_job_whose_error_passes_is_started_again_and_not_for_ever(run, sim, quick):
    sim.faults([{"op": "StartReplicationJob", "kind": "job_error", "code": "InternalError", "times": 1}])
    answer = run("smc_job", jobs=ids("i-one"), **RUN, **quick)
    assert (answer["results"][0]["status"], answer["results"][0]["attempts"]) == ("Finished", 2)
    sim.reset()
    sim.faults([{"op": "StartReplicationJob", "kind": "job_error", "code": "InternalError", "times": 9}])
    answer = run("smc_job", jobs=ids("i-one"), retries=1, on_item_error="report", **RUN, **quick)
    assert codes(answer) == ["InternalError"] and answer["results"][0]["attempts"] == 2


def test_an_error_that_needs_a_person_is_explained_and_a_later_run_goes_on_with_the_job(run, sim, quick):
    sim.faults([{"op": "StartReplicationJob", "kind": "job_error", "code": "M199", "phase": "Preparing"}])
    answer = run("smc_job", jobs=ids("i-one", "i-two"), on_item_error="report", **RUN, **quick)
    errors = [one["error"] for one in answer["results"] if one["error"]]
    assert [one["code"] for one in errors] == ["M199"] and "environment check" in errors[0]["message"]
    again = run("smc_job", jobs=ids("i-one", "i-two"), **RUN, **quick)
    assert {one["status"] for one in again["results"]} == {"Finished"} and len(jobs(sim)) == 2


@pytest.mark.parametrize("sim", ["frozen_process"], indirect=True)
def test_a_wait_that_ends_too_early_says_so_and_the_next_run_takes_the_job_up(run, sim, quick):
    short = {**quick, "wait_timeout": 0}
    answer = run("smc_job", jobs=ids("i-one"), on_item_error="report", **RUN, **short)
    assert codes(answer) == ["WaitTimeout"] and answer["changed"] and answer["results"][0]["status"] == "Running"
    sim.advance(3600)
    again = run("smc_job", jobs=ids("i-one"), **RUN, **quick)
    assert again["results"][0]["status"] == "Finished" and sim.count("StartReplicationJob") == 1


@pytest.mark.parametrize("sim", ["frozen_process"], indirect=True)
def test_the_job_of_another_run_is_named_and_left_alone(run, sim, quick):
    other = run("smc_job", jobs=ids("i-one"), run_id="r0", target="alinux3", state="present", **quick)
    answer = run("smc_job", jobs=ids("i-one", "i-two"), state="present", on_item_error="report", **RUN, **quick)
    assert codes(answer) == ["JobOfAnotherRun", None]
    message = answer["results"][0]["error"]["message"]
    assert other["results"][0]["job_id"] in message and "r0" in message


@pytest.mark.parametrize("sim", ["frozen_process"], indirect=True)
def test_a_job_stops_only_while_it_synchronises_and_goes_on_later(run, sim, quick):
    run("smc_job", jobs=ids("i-one"), state="started", **RUN, **quick)
    early = run("smc_job", run_id="r1", state="stopped", on_item_error="report", **quick)
    assert codes(early) == ["ReplicationJob.InvalidBusinessStatus"] and not early["changed"]
    sim.advance(90)
    assert run("smc_job", run_id="r1", state="stopped", check=True, **quick)["changed"]
    stopped = run("smc_job", run_id="r1", state="stopped", **quick)
    assert stopped["changed"] and stopped["results"][0]["status"] == "Stopped"
    assert not run("smc_job", run_id="r1", state="stopped", **quick)["changed"]
    run("smc_job", jobs=ids("i-one"), state="started", **RUN, **quick)
    sim.advance(3600)
    assert run("smc_job", jobs=ids("i-one"), **RUN, **quick)["results"][0]["status"] == "Finished"


@pytest.mark.parametrize("sim", ["frozen_process"], indirect=True)
def test_expired_jobs_are_told_and_can_be_made_anew(run, sim, quick):
    first = run("smc_job", jobs=ids("i-one"), state="present", valid_days=7, **RUN, **quick)
    sim.advance(7 * 86400 + 60)
    answer = run("smc_job", jobs=ids("i-one"), on_item_error="report", **RUN, **quick)
    assert codes(answer) == ["SmcJobExpired"] and "state=absent" in answer["results"][0]["error"]["hint"]
    deleted = run("smc_job", run_id="r1", state="absent", wait=False, **quick)
    assert deleted["changed"]
    going = run("smc_job", jobs=ids("i-one"), state="present", on_item_error="report", **RUN, **quick)
    assert codes(going) == ["SmcJobDeleting"]
    sim.advance(60)
    second = run("smc_job", jobs=ids("i-one"), state="present", **RUN, **quick)
    assert second["changed"] and second["results"][0]["job_id"] != first["results"][0]["job_id"]


def snapshots(sim) -> dict[str, Any]:
    return sim.state()["regions"]["cn-hangzhou"]["snapshots"]


def test_jobs_of_a_run_are_deleted_with_their_backups_and_with_nothing_else(run, sim, quick):
    run("smc_job", jobs=ids("i-one"), **RUN, **quick)
    run("smc_job", jobs=ids("i-two"), run_id="r2", target="alinux3", **quick)
    run("ecs_snapshot", instances=ids("i-one"), run_id="r1", wait_interval=0.02, wait_timeout=30)
    assert len(snapshots(sim)) == 6
    planned = run("smc_job", run_id="r1", state="absent", backup_snapshots=True, check=True, **quick)
    assert planned["changed"] and len(planned["results"][0]["snapshots"]) == 2 and len(snapshots(sim)) == 6
    answer = run("smc_job", run_id="r1", state="absent", backup_snapshots=True, **quick)
    assert answer["changed"] and answer["results"][0]["snapshots"] == planned["results"][0]["snapshots"]
    assert {job["tags"]["os_migration_run_id"] for job in jobs(sim).values()} == {"r2"}
    left = [one["name"] for one in snapshots(sim).values()]
    assert len(left) == 4 and sum(name.startswith("SMC_Backup_Snapshot_") for name in left) == 2
    assert not run("smc_job", run_id="r1", state="absent", backup_snapshots=True, **quick)["changed"]


def test_backups_stay_unless_their_deletion_is_asked_for(run, sim, quick):
    run("smc_job", jobs=ids("i-one"), **RUN, **quick)
    run("smc_job", jobs=ids("i-one"), run_id="r1", state="absent", **quick)
    assert len(snapshots(sim)) == 2 and not jobs(sim)


@pytest.mark.parametrize("sim", ["frozen_process"], indirect=True)
def test_a_running_job_is_never_deleted(run, sim, quick):
    run("smc_job", jobs=ids("i-one", "i-two"), state="present", **RUN, **quick)
    run("smc_job", jobs=ids("i-one"), state="started", **RUN, **quick)
    answer = run("smc_job", run_id="r1", state="absent", on_item_error="report", wait=False, **quick)
    by_id = {one["instance_id"]: one for one in answer["results"]}
    assert by_id["i-one"]["error"]["code"] == "SmcJobRunning" and by_id["i-two"]["error"] is None
    assert sim.count("DeleteReplicationJob") == 1


@pytest.mark.parametrize("kind", ["reset_before", "reset_after", "error500_after", "throttle"])
@pytest.mark.parametrize("op", ["DeleteReplicationJob", "DeleteSnapshot"])
def test_a_lost_answer_of_a_deletion_is_settled_by_looking(run, sim, quick, kind, op):
    run("smc_job", jobs=ids("i-one"), **RUN, **quick)
    sim.faults([{"op": op, "kind": kind, "times": 1}])
    answer = run("smc_job", run_id="r1", state="absent", backup_snapshots=True, **quick)
    assert answer["results"][0]["error"] is None and not jobs(sim) and not snapshots(sim)


def test_jobs_are_read_by_run_id_status_and_instance(run, sim, quick):
    run("smc_job", jobs=ids("i-one"), **RUN, **quick)
    made = run("smc_job", jobs=ids("i-two"), run_id="r2", target="alinux3", state="present", **quick)
    two = made["results"][0]["job_id"]
    assert [one["instance_id"] for one in run("smc_job_info", run_id="r1")["jobs"]] == ["i-one"]
    assert [one["job_id"] for one in run("smc_job_info", status="Ready")["jobs"]] == [two]
    assert [one["job_id"] for one in run("smc_job_info", instances=ids("i-two", "i-bare"))["jobs"]] == [two]
    assert len(run("smc_job_info")["jobs"]) == 2
    named = run("smc_job_info", job_ids=[two, "j-none"], on_item_error="report")
    assert codes(named) == [None, "JobNotFound"] and named["jobs"][0]["tags"]["os_migration_run_id"] == "r2"
    assert run("smc_job_info", instances=[])["jobs"] == []


def test_the_progress_file_shows_every_job(run, sim, quick, tmp_path):
    path = tmp_path / "progress.json"
    run("smc_job", jobs=ids("i-one", "i-bare"), progress_file=str(path), on_item_error="report", **RUN, **quick)
    shown = json.loads(path.read_text())
    assert [(one["instance_id"], one["status"]) for one in shown["jobs"]] == [("i-one", "Finished"), ("i-bare", None)]
    assert shown["time"].endswith("Z") and [one.name for one in tmp_path.iterdir()] == ["progress.json"]


def test_a_progress_file_that_cannot_be_written_stops_no_job(run, sim, quick, tmp_path):
    answer = run("smc_job", jobs=ids("i-one"), progress_file=str(tmp_path / "none/progress.json"), **RUN, **quick)
    assert answer["results"][0]["status"] == "Finished" and len(answer["warnings"]) == 1


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"jobs": ids("i-one"), "target": "alinux3"}, "run_id"),
        ({"jobs": ids("i-one"), "run_id": "r1"}, "target"),
        ({"run_id": "r1", "target": "alinux3"}, "jobs"),
        ({"jobs": ids("i-one"), "run_id": "r1", "target": "alinux4"}, "alinux4"),
        ({"jobs": ids("i-one"), "valid_days": 6, **RUN}, "valid_days"),
        ({"jobs": ids("i-one"), "max_running": 0, **RUN}, "max_running"),
        ({"jobs": ids("i-one"), "retries": -1, **RUN}, "retries"),
        ({"jobs": ids("i-one"), "parameters": {"TargetOsType": "x"}, **RUN}, "TargetOsType"),
        ({"jobs": ids("i-one"), "parameters": {"checksum": "x" * 2048}, **RUN}, "2048"),
        ({"jobs": ids("i-one"), "tags": {"acs:a": "1"}, **RUN}, "acs:a"),
    ],
)
def test_odd_options_are_refused_before_anything_is_called(run, sim, given, told):
    answer = run("smc_job", **given)
    assert answer["failed"] and told in answer["msg"] and sim.count() == 0


def test_an_odd_name_is_an_error_of_its_own_also_in_check_mode(run, sim, quick):
    wave = [{"id": "i-one", "name": "1st"}, {"id": "i-two"}]
    for check in (True, False):
        answer = run("smc_job", jobs=wave, state="present", on_item_error="report", check=check, **RUN, **quick)
        assert codes(answer) == ["InvalidName", None]


def test_a_source_that_belongs_to_another_instance_is_refused(run, sim, quick):
    source = next(key for key, one in sim.state()["smc"]["sources"].items() if one["name"] == "one")
    run("smc_source", source_ids=[source], tags={"os_migration_instance_id": "i-one"})
    wave = [{"id": "i-two", "source_id": source}, {"id": "i-three", "source_id": "s-none"}]
    answer = run("smc_job", jobs=wave, on_item_error="report", **RUN, **quick)
    assert codes(answer) == ["SourceMismatch", "SourceNotFound"] and not jobs(sim)


def test_an_empty_list_calls_nothing(run, sim, quick):
    for state in ("present", "started", "finished", "stopped", "absent"):
        assert not run("smc_job", jobs=[], state=state, **RUN, **quick)["changed"]
    assert sim.count() == 0
