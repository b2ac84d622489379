"""Tags against the simulator."""

from __future__ import annotations

import pytest


def ids(*names: str) -> list[dict[str, str]]:
    return [{"id": name} for name in names]


def tags_of(run, name):
    return run("ecs_instance_info", instances=ids(name), disks=False)["results"][0]["tags"]


def test_tags_are_set_once_and_others_stay(run, sim):
    first = run("ecs_tag", instances=ids("i-one", "i-two"), tags={"owner": "web"}, diff=True)
    assert [one["changed"] for one in first["results"]] == [True, True]
    assert first["diff"] == {
        "before": {"i-one": {"role": "web"}, "i-two": {}},
        "after": {"i-one": {"owner": "web", "role": "web"}, "i-two": {"owner": "web"}},
    }
    assert tags_of(run, "i-one") == {"owner": "web", "role": "web"}
    assert not run("ecs_tag", instances=ids("i-one", "i-two"), tags={"owner": "web"})["changed"]
    assert sim.count("TagResources") == 1


def test_only_what_differs_is_written(run, sim):
    run("ecs_tag", instances=ids("i-one"), tags={"owner": "web"})
    answer = run("ecs_tag", instances=ids("i-one", "i-two"), tags={"owner": "web"})
    assert [one["changed"] for one in answer["results"]] == [False, True]


def test_keys_are_removed_and_only_where_they_are(run, sim):
    answer = run("ecs_tag", instances=ids("i-one", "i-two"), remove=["role"])
    assert [one["changed"] for one in answer["results"]] == [True, False]
    assert tags_of(run, "i-one") == {}


def test_check_mode_shows_the_difference_and_writes_nothing(run, sim):
    answer = run("ecs_tag", instances=ids("i-one"), tags={"role": "db"}, check=True, diff=True)
    assert answer["changed"] and answer["diff"]["after"] == {"i-one": {"role": "db"}}
    assert not sim.mutating()


def test_a_missing_resource_does_not_cost_the_others_their_tags(run, sim):
    answer = run("ecs_tag", instances=ids("i-none", "i-one"), tags={"owner": "web"}, on_item_error="report")
    assert [(one["error"] or {}).get("code") for one in answer["results"]][1] is None
    assert answer["results"][0]["error"]["code"].startswith("InvalidResourceId")
    assert tags_of(run, "i-one")["owner"] == "web"


@pytest.mark.parametrize("kind", ["reset_before", "reset_after", "error500"])
def test_a_lost_answer_is_settled(run, sim, kind):
    sim.faults([{"op": "TagResources", "kind": kind, "times": 1}, {"op": "UntagResources", "kind": kind, "times": 1}])
    assert run("ecs_tag", instances=ids("i-one"), tags={"owner": "web"}, remove=["role"])["changed"]
    assert tags_of(run, "i-one") == {"owner": "web"}


def test_disks_can_be_tagged_too(run, sim):
    disk = run("ecs_instance_info", instances=ids("i-one"))["results"][0]["disks"][0]["disk_id"]
    answer = run("ecs_tag", resource_type="disk", resources=ids(disk), tags={"a": "b"})
    assert answer["results"][0]["tags"] == {"a": "b"} and "instance_id" not in answer["results"][0]


def test_a_forbidden_key_is_refused_before_any_call(run, sim):
    assert run("ecs_tag", instances=ids("i-one"), tags={"acs:x": "1"})["failed"]
    assert sim.count() == 0


def test_setting_and_removing_the_same_key_is_refused(run, sim):
    assert run("ecs_tag", instances=ids("i-one"), tags={"a": "1"}, remove=["a"])["failed"]


def test_an_empty_list_calls_nothing(run, sim):
    assert not run("ecs_tag", instances=[], tags={"a": "b"})["changed"]
    assert sim.count() == 0
