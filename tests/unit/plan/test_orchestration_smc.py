# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of a run that goes by Server Migration Center, from the record alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from trial import HOSTS, HOSTVARS, Run, facts, snapshots

from ansible_collections.alicloud.os_migration.plugins.plugin_utils import plan

ASSISTANT = {"ansible_connection": "alicloud.os_migration.cloud_assistant"}
TIMEOUT = {"code": "WaitTimeout", "message": "it took longer", "hint": None}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """All hosts eligible, by SMC, with a restore point."""
    return begun(tmp_path)


def begun(tmp_path: Path, *cloud: dict[str, Any], **options: Any) -> Run:
    run = Run(tmp_path, *cloud, engine="smc", **options)
    for host in HOSTS:
        run.record.update_host(host, eligible=True, engine="smc")
    run.step("note_restore_point", results=snapshots(*HOSTS))
    return run


def imported(*hosts: str, error: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    return [{"instance_id": f"i-{host}", "source_id": None if error else f"s-{host}", "error": error} for host in hosts]


def job(host: str, status: str = "Finished", error: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"instance_id": f"i-{host}", "job_id": f"j-{host}", "status": status, "error": error, **more}


def test_hosts_of_other_engines_are_left_to_themselves(run: Run) -> None:
    run.record.update_host("b", engine="distro_sync")
    assert run.step("select_smc")["hosts"] == ["a", "c"]
    run.step("note_smc_sources", hosts=["a", "c"], results=imported("a", "c"))
    ended = run.step("note_smc_jobs", results=[job("a"), job("c")])
    assert ended["ready"] == HOSTS
    last = run.step("note_smc_settled", results=[])
    assert (last["ready"], last["by_cloud"], last["unasked"]) == (HOSTS, ["a", "c"], ["a", "c"])


def test_a_host_without_a_restore_point_never_gets_a_job(run: Run) -> None:
    run.record.update_host("b", restore_point=[])
    assert run.step("select_smc")["hosts"] == ["a", "c"]


BY_SSH = {**HOSTVARS, "b": {**HOSTVARS["b"], "os_migration_smc_import": "ssh"}}


def test_a_host_says_by_itself_that_it_is_imported_over_ssh(run: Run) -> None:
    assert [one["id"] for one in run.step("select_smc", hostvars=BY_SSH)["ssh_instances"]] == ["i-b"]
    planned = run.step("plan_smc_imports", hostvars=BY_SSH)
    assert planned["ssh_hosts"] == planned["ssh_waiting"] == ["b"]
    assert [one["id"] for one in planned["instances"]] == ["i-a", "i-c"]


def test_a_host_that_is_a_source_already_is_not_imported_again_over_ssh(run: Run) -> None:
    source = {"instance_id": "i-b", "source_id": "s-b", "state": "Available", "error": None}
    planned = run.step("plan_smc_imports", hostvars=BY_SSH, results=[source])
    assert (planned["ssh_hosts"], planned["ssh_waiting"]) == ([], ["b"])


def test_nothing_is_run_on_a_host_whose_job_is_under_way_and_the_job_is_taken_up(run: Run) -> None:
    known = {"instance_id": "i-b", "job_id": "j-b", "source_id": "s-b", "status": "Running", "error": None}
    planned = run.step("plan_smc_imports", results=[known])
    assert [one["id"] for one in planned["instances"]] == ["i-a", "i-c"]
    # The host restarts, so what a neighbour's answer says about it does not count.
    offline = [{"instance_id": "i-b", "error": {"message": "the agent does not answer"}}]
    due = run.step("note_smc_sources", results=[*offline, *imported("a", "c")])["jobs"]
    assert {"id": "i-b", "region": "cn-hangzhou", "source_id": "s-b"} in due and len(due) == 3
    assert run.outcome("b") is None and run.record.host_record("b")["stage"] == "converting"


def test_a_host_whose_import_over_ssh_failed_is_as_it_was_and_is_not_taken_back(run: Run) -> None:
    run.record.update_host("b", failure={"step": "smc_import", "message": "no route to host"})
    assert run.step("select_smc", hostvars=BY_SSH)["ssh_instances"] == []
    run.step("note_smc_sources", results=imported("a", "c"))
    assert run.outcome("b") == "not_started"
    assert run.step("select_rollback")["hosts"] == []


def test_a_host_that_could_not_be_imported_is_as_it_was_and_the_others_go_on(run: Run) -> None:
    error = {"code": "AmbiguousSource", "message": "two sources fit", "hint": "delete one"}
    kept = [{"instance_id": f"i-{host}", "error": None} for host in HOSTS]
    jobs = run.step("note_smc_sources", results=[*kept, *imported("a", "c"), *imported("b", error=error)])["jobs"]
    assert [(one["id"], one["source_id"]) for one in jobs] == [("i-a", "s-a"), ("i-c", "s-c")]
    assert run.outcome("b") == "not_started" and "delete one" in run.record.host_record("b")["reason"]
    assert run.step("note_smc_jobs", results=[job("a"), job("c")])["ready"] == ["a", "c"]
    assert run.step("select_rollback")["hosts"] == []


def test_a_first_probe_that_could_not_be_kept_stops_the_host_before_its_job(run: Run) -> None:
    lost = [{"instance_id": "i-a", "error": {"message": "the disk is full"}}]
    assert run.step("note_smc_sources", hosts=["a"], results=[*lost, *imported("a")])["jobs"] == []
    assert run.outcome("a") == "not_started"


def test_before_its_job_starts_the_record_says_that_a_host_may_be_changed(run: Run) -> None:
    run.step("note_smc_sources", results=imported(*HOSTS))
    assert {run.record.host_record(host)["stage"] for host in HOSTS} == {"converting"}


def test_a_job_that_failed_takes_its_host_back_to_the_restore_point(run: Run) -> None:
    run.step("note_smc_sources", results=imported(*HOSTS))
    error = {"code": "M199", "message": "the source environment check failed", "hint": "see the message"}
    ended = run.step("note_smc_jobs", results=[job("a", "InError", error), job("b"), job("c")])
    assert ended["ready"] == ["b", "c"]
    assert run.step("select_rollback")["hosts"] == ["a"]


@pytest.mark.parametrize(
    ("code", "outcome"),
    [("InvalidOsMigrationType.NotMatched", "not_eligible"), ("QuotaExceeded.ReplicationJob", "not_started")],
)
def test_a_job_that_was_refused_has_changed_nothing(run: Run, code: str, outcome: str) -> None:
    run.step("note_smc_sources", results=imported(*HOSTS))
    refused = job("a", "", {"code": code, "message": "no"}, job_id=None) | {"job_id": None}
    run.step("note_smc_jobs", results=[refused, job("b"), job("c")])
    assert run.outcome("a") == outcome
    assert run.step("select_rollback")["hosts"] == []


def test_a_job_that_outlasts_the_wait_is_never_rolled_back_and_is_taken_up_by_the_same_command(run: Run) -> None:
    run.step("note_smc_sources", results=imported(*HOSTS))
    run.step("note_smc_jobs", results=[job("a", "Running", TIMEOUT), job("b"), job("c")])
    assert run.outcome("a") == "held"
    assert run.step("select_rollback")["hosts"] == []
    tagged = [one["id"] for group in run.step("settle_wave")["tags"] for one in group["instances"]]
    assert "i-a" not in tagged


def test_a_host_that_does_not_settle_goes_back(run: Run) -> None:
    run.step("note_smc_sources", results=imported(*HOSTS))
    run.step("note_smc_jobs", results=[job(host) for host in HOSTS])
    asked = [{"instance_id": "i-a", "error": TIMEOUT}, {"instance_id": "i-b", "error": None}]
    last = run.step("note_smc_settled", results=asked)
    assert (last["ready"], last["unasked"], last["settled"]) == (["b", "c"], ["c"], ["b"])
    assert run.step("select_rollback")["hosts"] == ["a"]


def test_hosts_of_the_cloud_assistant_connection_are_asked_together_and_told_what_to_show(run: Run) -> None:
    run.step("note_smc_sources", results=imported(*HOSTS))
    hostvars = {**HOSTVARS, "b": {**HOSTVARS["b"], **ASSISTANT}}
    ended = run.step("note_smc_jobs", results=[job(host) for host in HOSTS], hostvars=hostvars)
    assert [one["id"] for one in ended["instances"]] == ["i-b"]
    assert ended["system"] == ["alinux", "3"]


def test_the_phases_of_a_job_become_steps_and_the_outage_begins_where_the_system_is_replaced(run: Run) -> None:
    run.step("note_smc_sources", results=imported(*HOSTS))
    history = [
        {"time": "2026-11-24T10:00:00Z", "status": "Running", "business_status": "Syncing", "progress": 10},
        {"time": "2026-11-24T10:10:00Z", "status": "Running", "business_status": "Processing", "progress": 40},
        {"time": "2026-11-24T10:30:00Z", "status": "Finished", "business_status": "", "progress": 100},
    ]
    run.step("note_smc_jobs", hosts=["a"], results=[job("a", history=history)])
    record = run.record.host_record("a")
    assert [(step["name"], step["status"]) for step in record["steps"]] == [
        ("Syncing", "done"), ("Processing", "done"), ("Finished", "done"),
    ]  # fmt: skip
    assert record["times"]["outage_started"] == "2026-11-24T10:10:00Z"


def test_check_mode_makes_no_job_and_says_what_would_be_done(tmp_path: Path) -> None:
    run = begun(tmp_path, check_mode=True)
    assert run.step("select_smc")["hosts"] == HOSTS
    assert run.step("note_smc_sources", results=imported(*HOSTS))["jobs"] == []
    assert "Import the instance as a migration source." in run.record.host_record("a")["plan"]
    assert run.record.host_record("a")["stage"] == "assessed"


def test_a_cloud_that_cannot_be_asked_drops_no_host_and_the_same_command_goes_on(tmp_path: Path) -> None:
    tags = {plan.TAG_RUN: "r1", plan.TAG_STATE: "migrating"}
    run = begun(tmp_path, *(facts(host, **tags) for host in HOSTS))
    run.step("note_smc_sources", hosts=["a"], results=imported("a"))
    run.record.update_host("c", restore_point=[], stage="assessed")
    stands_in = run.step("note_cloud_failure", message="InvalidSecurityToken: expired")
    assert stands_in["ready"] == [] and stands_in["instances"] == []
    assert [run.outcome(host) for host in HOSTS] == ["held", "held", "not_started"]
    assert run.step("settle_wave")["tags"] == []


def test_an_answer_that_was_read_earlier_is_not_taken_for_a_later_one(run: Run) -> None:
    path = run.record.answer_path("i-a")
    path.parent.mkdir()
    path.write_text("{}")
    hostvars = {host: {**HOSTVARS[host], **ASSISTANT} for host in HOSTS}
    assert len(run.step("select_connection", hostvars=hostvars)["instances"]) == 3
    assert not path.exists()
