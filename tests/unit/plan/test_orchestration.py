# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of a run on the controller, from the record alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from trial import HOSTS, Run, facts, snapshots

from ansible_collections.alicloud.os_migration.plugins.plugin_utils import plan


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path)


def test_only_eligible_hosts_get_into_a_wave(run: Run) -> None:
    run.eligible("b")
    assert run.step("select_wave")["hosts"] == ["b"]


def test_a_host_without_a_complete_restore_point_is_never_changed(run: Run) -> None:
    run.eligible(*HOSTS)
    ready = run.step("note_restore_point", results=[*snapshots("a"), *snapshots("b", complete=False)])["ready"]
    assert ready == ["a"]
    assert [run.outcome("b"), run.outcome("c")] == ["not_started", "not_started"]


def test_when_the_budget_is_spent_no_further_host_starts_but_what_began_goes_on(tmp_path: Path) -> None:
    run = Run(tmp_path, facts("a"), facts("b"), facts("c", **{plan.TAG_RUN: "r1", plan.TAG_STATE: "migrating"}))
    assert run.opened["run_id"] == "r1"
    run.eligible(*HOSTS)
    run.record.update_host("a", failure={"step": "transaction", "message": "broke"}, outcome="rolled_back")
    assert run.step("select_wave")["hosts"] == ["c"]
    assert run.outcome("b") == "not_started"


@pytest.mark.parametrize(
    ("step", "outcome"), [("prove", "not_eligible"), ("verify_signatures", "not_eligible"), ("prepare", "not_started")]
)
def test_a_proof_that_fails_leaves_the_host_as_it_was(step: str, outcome: str, run: Run) -> None:
    run.eligible("a")
    run.step("note_restore_point", hosts=["a"], results=snapshots("a"))
    run.record.update_host("a", failure={"step": step, "message": "no"})
    assert run.step("note_failure", hosts=["a"])["untouched"] is True
    assert run.outcome("a") == outcome
    assert run.step("select_rollback")["hosts"] == []


def test_a_failure_after_the_first_change_goes_back(run: Run) -> None:
    run.eligible("a")
    run.step("note_restore_point", hosts=["a"], results=snapshots("a"))
    run.record.update_host("a", stage="converting", failure={"step": "transaction", "message": "died"})
    assert run.step("note_failure", hosts=["a"])["untouched"] is False
    assert run.step("select_rollback")["instances"] == [{"id": "i-a", "region": "cn-hangzhou"}]


def test_a_failure_that_no_step_wrote_down_goes_back_too(run: Run) -> None:
    run.step("note_restore_point", hosts=["a"], results=snapshots("a"))
    run.record.update_host("a", stage="converting")
    run.step("note_failure", hosts=["a"], message="undefined variable")
    assert run.step("select_rollback")["hosts"] == ["a"]


def test_the_user_can_ask_to_hold_failed_hosts(tmp_path: Path) -> None:
    run = Run(tmp_path, on_failure="hold")
    run.step("note_restore_point", hosts=["a"], results=snapshots("a"))
    run.record.update_host("a", stage="converting", failure={"step": "transaction", "message": "died"})
    assert run.step("select_rollback")["hosts"] == []
    assert run.outcome("a") == "held"


def test_a_disk_that_cannot_be_reset_makes_a_host_held_with_both_reasons(run: Run) -> None:
    run.record.update_host("a", stage="rolling_back", failure={"step": "transaction", "message": "died"})
    error = {"message": "snapshot is gone", "hint": "look in the console"}
    assert run.step("note_rollback", hosts=["a"], results=[{"instance_id": "i-a", "error": error}])["restored"] == []
    reason = run.record.host_record("a")["reason"]
    assert run.outcome("a") == "held" and "died" in reason and "snapshot is gone" in reason


def test_only_instances_that_the_run_began_with_are_tagged(run: Run) -> None:
    run.record.update_host("a", restore_point=[{"snapshot_id": "s-1"}], outcome="migrated")
    run.record.update_host("b", outcome="not_eligible")
    run.record.update_host("c", outcome="migrated")
    (group,) = run.step("settle_wave")["tags"]
    assert group["instances"] == [{"id": "i-a", "region": "cn-hangzhou"}]
    assert group["tags"][plan.TAG_STATE] == "migrated"


def test_every_host_of_a_closed_run_has_an_outcome_and_a_problem_is_one_sentence(run: Run) -> None:
    run.record.update_host("a", outcome="migrated")
    run.record.update_host("b", stage="converting")
    closed = run.step("close")
    assert [run.outcome(host) for host in HOSTS] == ["migrated", "held", "not_started"]
    assert "1 held (b)" in closed["problem"] and "1 not_started (c)" in closed["problem"]
    assert Path(closed["report"]).is_file()


def test_a_plan_never_goes_on_in_the_record_of_a_real_run(tmp_path: Path) -> None:
    begun = facts("a", **{plan.TAG_RUN: "r1", plan.TAG_STATE: "migrating"})
    assert Run(tmp_path, begun, facts("b"), facts("c"), check_mode=True).opened["run_id"] != "r1"


def test_a_host_whose_rollback_was_cut_off_is_never_converted_but_goes_back_all_the_way(tmp_path: Path) -> None:
    run = Run(tmp_path, facts("a", **{plan.TAG_RUN: "r1", plan.TAG_STATE: "rolling_back"}), facts("b"), facts("c"))
    run.eligible("a")
    assert run.step("note_restore_point", hosts=["a"], results=snapshots("a"))["ready"] == []
    assert run.step("select_rollback", hosts=["a"])["hosts"] == ["a"]


def test_a_host_whose_rollback_was_cut_off_and_whose_snapshots_are_gone_is_held(tmp_path: Path) -> None:
    run = Run(tmp_path, facts("a", **{plan.TAG_RUN: "r1", plan.TAG_STATE: "rolling_back"}), facts("b"), facts("c"))
    run.eligible("a")
    run.step("note_restore_point", hosts=["a"], results=snapshots("a", complete=False))
    assert run.outcome("a") == "held"
