# SPDX-License-Identifier: GPL-3.0-or-later
"""Decisions about hosts: what is asked for, what is due, what goes on."""

from __future__ import annotations

import pytest

from ansible_collections.alicloud.os_migration.plugins.plugin_utils import plan


def test_every_host_without_an_instance_id_is_named_at_once() -> None:
    with pytest.raises(plan.PlanError, match=r"2 hosts \(a, c\).*os_migration_instance_id"):
        plan.requested(["a", "b", "c"], {"a": {}, "b": {"instance_id": "i-1"}, "c": {"os_migration_instance_id": ""}})


def test_two_hosts_never_share_an_instance() -> None:
    with pytest.raises(plan.PlanError, match=r"same instance id: a, b \(i-1\)"):
        plan.requested(["a", "b"], {"a": {"instance_id": "i-1"}, "b": {"os_migration_instance_id": "i-1"}})


def test_our_variables_win_over_those_of_an_inventory_plugin() -> None:
    variables = {"instance_id": "i-1", "os_migration_instance_id": "i-2", "region_id": "cn-beijing"}
    assert plan.requested(["a"], {"a": variables}) == [{"host": "a", "id": "i-2", "region": "cn-beijing"}]


@pytest.mark.parametrize(
    ("limit", "hosts", "allowed"),
    [("10%", 500, 50), ("10%", 5, 1), ("1%", 150, 2), ("0", 9, 1), ("5", 9, 5), (5, 9, 5)],
)
def test_the_failure_budget_is_a_number_or_a_share_and_at_least_one(limit: object, hosts: int, allowed: int) -> None:
    assert plan.budget(limit, hosts) == allowed


@pytest.mark.parametrize("limit", ["", "many", "-1", "x%"])
def test_a_failure_budget_that_makes_no_sense_is_refused(limit: str) -> None:
    with pytest.raises(plan.PlanError, match="os_migration_max_failures"):
        plan.budget(limit, 10)


def instance(run: str = "", state: str = "") -> dict[str, object]:
    return {"instance_id": f"i-{run}{state}", "tags": {plan.TAG_RUN: run, plan.TAG_STATE: state}}


def test_an_unfinished_run_goes_on_and_a_finished_one_does_not() -> None:
    assert plan.run_to_resume([instance("r1", "migrating"), instance("r1", "rolling_back")]) == "r1"
    assert (
        plan.run_to_resume([instance("r1", "migrated"), instance("r2", "held"), {"instance_id": "i-9", "tags": None}])
        is None
    )


def test_two_unfinished_runs_are_not_mixed() -> None:
    with pytest.raises(plan.PlanError, match="os_migration_run_id"):
        plan.run_to_resume([instance("r1", "migrating"), instance("r2", "migrating")])


def test_instances_that_the_cloud_does_not_know_are_all_named_with_their_region() -> None:
    wanted = [{"host": h, "id": f"i-{h}", "region": "cn-beijing"} for h in "ab"]
    results = [{"instance_id": "i-a", "error": {"message": "not found", "hint": "check the region"}}]
    with pytest.raises(
        plan.PlanError, match=r"a: i-a in cn-beijing: not found check the region; b: i-b in cn-beijing: no answer"
    ):
        plan.joined(wanted, results)


def test_nothing_is_changed_for_a_user_who_has_not_said_so() -> None:
    with pytest.raises(plan.PlanError, match="os_migration_accept_risks=true"):
        plan.check_risks(False)


@pytest.mark.parametrize(
    ("target", "engine"), [("alinux9", "auto"), ("rhel9", "auto"), ("alinux3", "magic"), ("alinux3", "leapp")]
)
def test_a_path_that_no_host_could_take_is_refused_before_anything_is_asked(target: str, engine: str) -> None:
    with pytest.raises(plan.PlanError):
        plan.check_target(target, engine)
