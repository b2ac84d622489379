"""What is snapshotted and what is put back, decided from plain data."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from cloud_doubles import cases, disk, snapshot

from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud import (
    restore_point,
    restore_point_remove,
    rollback,
    tags,
)
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.batch import Ref
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.errors import CloudError
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.snapshots import Group

REF = Ref("cn-hangzhou", "i-1")


def ids(disks):
    return [one["disk_id"] for one in disks]


@pytest.mark.parametrize("case", cases("plans.yml"), ids=lambda case: case["name"])
def test_what_is_made_and_what_is_taken_over(case):
    given = case.get("wish", {})
    wish = restore_point.Wish("r1", group=given.get("group", "auto"), exclude_disks=frozenset(given.get("exclude", [])))
    existing = [snapshot(text, order) for order, text in enumerate(case.get("snapshots", []))]
    plan = restore_point.make_plan(REF, {"disks": [disk(text) for text in case["disks"]]}, existing, wish)
    assert (plan.error.code if plan.error else None) == case.get("error")
    if plan.error is None:
        assert ids(plan.group) == case.get("group", []) and ids(plan.single) == case.get("single", [])
        assert {one: found["snapshot_id"] for one, found in plan.reuse.items()} == case.get("reuse", {})
        assert plan.attempt == case.get("attempt", 0)


@pytest.mark.parametrize("case", cases("resets.yml"), ids=lambda case: case["name"])
def test_what_is_put_back_and_what_is_refused(case):
    instance = {"status": case.get("status", "Stopped"), "disks": [disk(text) for text in case["disks"]]}
    found = [snapshot(text, order) for order, text in enumerate(case.get("snapshots", []))]
    reset = rollback.plan_instance(REF, instance, found, frozenset(case.get("exclude", [])))
    assert (reset.error.code if reset.error else None) == case.get("error")
    if reset.error is None:
        assert {one["disk_id"]: taken["snapshot_id"] for one, taken in reset.pairs} == case["pairs"]


@pytest.mark.parametrize("run_id", ["", "-x", "a b", "x" * 65, "ü"])
def test_a_run_id_that_cannot_be_a_tag_or_a_name_is_refused(run_id):
    with pytest.raises(CloudError):
        restore_point.Wish(run_id).check()


def test_a_snapshot_name_is_one_that_the_service_takes():
    name = restore_point.snapshot_name("r:1", "i-1", "/dev/xvda")
    assert name == "os-migration-r:1-i-1-xvda"
    assert len(restore_point.snapshot_name("r" * 64, "i-" + "1" * 100, "/dev/xvda")) == 128


@pytest.mark.parametrize(
    ("created", "deleted"),
    [("2026-11-01T00:00:00Z", True), ("2026-11-22T00:00:00Z", False), ("", False), ("nonsense", False)],
)
def test_only_snapshots_known_to_be_old_are_deleted_by_age(created, deleted):
    unwanted = restore_point_remove.Unwanted("restore_point", older_than_days=7)
    now = datetime(2026, 11, 23, tzinfo=timezone.utc)
    assert unwanted.old_enough({"created": created}, now) is deleted


def test_a_group_is_deleted_whole_only_if_all_of_it_is_unwanted():
    chosen = {REF: [snapshot("s1 a accomplished"), snapshot("s2 b accomplished"), snapshot("s3 c accomplished")]}
    groups = [Group("g1", "accomplished", ("s1", "s2"), {}), Group("g2", "accomplished", ("s3", "s4"), {})]
    calls = restore_point_remove.deletions(chosen, {REF.region: ([], groups)})
    assert [(call.target.id, call.grouped) for call in calls] == [("g1", True), ("s3", False)]


@pytest.mark.parametrize(
    ("before", "wanted", "remove", "write", "gone"),
    [
        ({}, {"a": "1"}, [], {"a": "1"}, ()),
        ({"a": "1"}, {"a": "1"}, [], {}, ()),
        ({"a": "1"}, {"a": "2"}, [], {"a": "2"}, ()),
        ({"a": "1", "b": ""}, {}, ["a", "c"], {}, ("a",)),
        ({"a": ""}, {"a": ""}, [], {}, ()),
    ],
)
def test_tags_change_only_where_they_differ(before, wanted, remove, write, gone):
    change = tags.plan(before, wanted, remove)
    assert (change.write, change.remove) == (write, gone)
    assert not tags.plan(change.after, wanted, remove)


@pytest.mark.parametrize("bad", [{"": "x"}, {"aliyun1": "x"}, {"acs:a": "x"}, {"a": "http://x"}, {"k" * 129: "x"}])
def test_tags_that_the_service_refuses_are_told_before_any_call(bad):
    with pytest.raises(CloudError):
        tags.check(bad)
