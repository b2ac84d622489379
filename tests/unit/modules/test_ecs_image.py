"""Images of instances, against the simulator."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.pytest_plugin import survivable

RUN: dict[str, Any] = {"run_id": "r1", "wait_interval": 0.02, "wait_timeout": 30}


def images(sim: Any, region: str = "cn-hangzhou") -> list[dict[str, Any]]:
    return [one for one in sim.state()["regions"][region]["images"].values() if one["owner"] == "self"]


def snapshots(sim: Any) -> dict[str, Any]:
    return sim.state()["regions"]["cn-hangzhou"]["snapshots"]


def restore_point(run: Any, *names: str, **more: Any) -> list[dict[str, Any]]:
    """What the role does: the snapshots of a restore point as sources of images."""
    fast = {"wait_interval": 0.02, "wait_timeout": 30, "wait_for": "accomplished", **more}
    made = run("ecs_snapshot", instances=[{"id": name} for name in names], run_id="r1", purpose="drill", **fast)
    return [
        {"id": one["instance_id"], "snapshots": {disk["device"]: disk["snapshot_id"] for disk in one["snapshots"]}}
        for one in made["results"]
    ]


def test_an_image_holds_the_snapshot_of_every_disk_and_can_be_used(run, sim):
    sources = restore_point(run, "i-one", "i-two")
    answer = run("ecs_image", sources=sources, **RUN)
    assert [(one["instance_id"], one["status"], one["changed"]) for one in answer["results"]] == [
        ("i-one", "Available", True),
        ("i-two", "Available", True),
    ]
    two = answer["results"][1]
    assert [(one["device"], one["type"], one["snapshot_id"]) for one in two["disks"]] == [
        ("/dev/xvda", "system", sources[1]["snapshots"]["/dev/xvda"]),
        ("/dev/xvdb", "data", sources[1]["snapshots"]["/dev/xvdb"]),
    ]
    assert two["tags"] == {
        "os_migration_run_id": "r1",
        "os_migration_purpose": "drill",
        "os_migration_instance_id": "i-two",
        "os_migration_image_mode": "snapshots",
    }
    assert two["image_name"] == "drill-r1-i-two"


def test_snapshots_that_are_not_complete_yet_are_waited_for(run, sim):
    sources = restore_point(run, "i-one", wait_for="available")
    answer = run("ecs_image", sources=sources, **RUN)["results"][0]
    assert answer["status"] == "Available" and answer["error"] is None


@pytest.mark.parametrize("sim", ["frozen_process"], indirect=True)
def test_without_waiting_an_unfinished_snapshot_is_an_error_and_no_image(run, sim):
    sources = restore_point(run, "i-one", wait=False)
    answer = run("ecs_image", sources=sources, wait=False, **RUN)
    assert answer["failed"] and answer["results"][0]["error"]["code"] == "InvalidSnapshotId.NotReady"
    assert images(sim) == []
    # A run in check mode that would wait says what it would make.
    planned = run("ecs_image", sources=sources, check=True, **RUN)["results"][0]
    assert planned["changed"] and planned["status"] == "planned"


@pytest.mark.parametrize("sim", ["frozen_process"], indirect=True)
def test_another_controller_takes_over_an_image_that_is_being_made(run, sim):
    sources = restore_point(run, "i-two", wait=False)
    sim.advance(1000)
    first = run("ecs_image", sources=sources, wait=False, **RUN)["results"][0]
    assert first["changed"] and first["status"] == "Creating" and first["progress"] == 0
    sim.advance(1000)
    second = run("ecs_image", sources=sources, **RUN)["results"][0]
    assert not second["changed"] and second["status"] == "Available" and second["image_id"] == first["image_id"]
    assert sim.count("CreateImage") == 1


def test_an_image_of_the_instance_as_it_is_snapshots_and_marks_its_disks(run, sim):
    answer = run("ecs_image", sources=[{"id": "i-two", "mode": "instance"}], **RUN)["results"][0]
    assert answer["status"] == "Available" and answer["error"] is None
    found = snapshots(sim)
    assert {one["snapshot_id"] for one in answer["disks"]} == set(found) and len(found) == 2
    for one in found.values():
        assert one["tags"] == {
            "os_migration_run_id": "r1",
            "os_migration_purpose": "drill",
            "os_migration_instance_id": "i-two",
        }
    assert not run("ecs_image", sources=[{"id": "i-two", "mode": "instance"}], **RUN)["changed"]
    gone = run("ecs_image", sources=[{"id": "i-two"}], state="absent", **RUN)
    assert gone["changed"] and images(sim) == [] and snapshots(sim) == {}


def test_the_restore_point_survives_the_image_made_of_it(run, sim):
    sources = restore_point(run, "i-one")
    run("ecs_image", sources=sources, **RUN)
    run("ecs_image", state="absent", **RUN)
    assert images(sim) == [] and set(snapshots(sim)) == set(sources[0]["snapshots"].values())


def test_an_image_of_an_older_restore_point_is_not_taken_for_the_new_one(run, sim):
    old = restore_point(run, "i-one")
    first = run("ecs_image", sources=old, **RUN)["results"][0]
    made = run("ecs_snapshot", instances=[{"id": "i-one"}], run_id="r2", wait_for="accomplished", wait_interval=0.02)
    new = [{"id": "i-one", "snapshots": {"/dev/xvda": made["results"][0]["snapshots"][0]["snapshot_id"]}}]
    second = run("ecs_image", sources=new, **RUN)["results"][0]
    assert second["changed"] and second["image_id"] != first["image_id"]
    assert second["image_name"] == "drill-r1-i-one-2"
    assert run("ecs_image", sources=old, **RUN)["results"][0]["image_id"] == first["image_id"]


def test_a_failed_image_is_told_and_made_anew_by_the_next_run(run, sim):
    sources = restore_point(run, "i-one")
    sim.faults([{"op": "CreateImage", "kind": "fail_work", "times": 1}])
    first = run("ecs_image", sources=sources, **RUN)
    assert first["failed"] and "CreateFailed" in first["results"][0]["error"]["message"] and "i-one" in first["msg"]
    second = run("ecs_image", sources=sources, **RUN)["results"][0]
    assert second["changed"] and second["status"] == "Available"
    gone = run("ecs_image", sources=[{"id": "i-one"}], state="absent", **RUN)["results"]
    assert len(gone) == 2 and images(sim) == []


@pytest.mark.parametrize(("op", "kind"), survivable("CreateImage", "DescribeImages"))
def test_a_lost_answer_leads_to_exactly_one_image(run, sim, op, kind):
    sources = restore_point(run, "i-one")
    sim.strike(op, kind)
    assert run("ecs_image", sources=sources, **RUN)["results"][0]["error"] is None
    assert len(images(sim)) == 1


@pytest.mark.parametrize(("op", "kind"), survivable("DeleteImage"))
def test_a_lost_answer_of_a_deletion_is_settled_by_looking(run, sim, op, kind):
    run("ecs_image", sources=restore_point(run, "i-one"), **RUN)
    sim.strike(op, kind)
    gone = run("ecs_image", state="absent", **RUN)["results"]
    assert [(one["status"], one["error"]) for one in gone] == [("deleted", None)] and images(sim) == []


def test_an_image_deleted_since_is_made_anew_and_not_taken_from_an_old_token(run, sim):
    sources = restore_point(run, "i-one")
    for _time in range(3):
        made = run("ecs_image", sources=sources, **RUN)["results"][0]
        assert made["changed"] and made["status"] == "Available"
        assert [one["image_id"] for one in images(sim)] == [made["image_id"]]
        run("ecs_image", state="absent", **RUN)


def test_check_mode_shows_the_image_and_makes_none(run, sim):
    sources = restore_point(run, "i-two")
    before = len(sim.mutating())
    answer = run("ecs_image", sources=[*sources, {"id": "i-none", "mode": "instance"}], check=True,
                 on_item_error="report", **RUN)  # fmt: skip
    one, none = answer["results"]
    assert one["status"] == "planned" and one["image_id"] is None and one["changed"]
    assert [disk["device"] for disk in one["disks"]] == ["/dev/xvda", "/dev/xvdb"]
    assert none["error"]["code"] == "InvalidInstanceId.NotFound" and not none["changed"]
    assert len(sim.mutating()) == before
    run("ecs_image", sources=sources, **RUN)
    before = len(sim.mutating())
    planned = run("ecs_image", state="absent", check=True, **RUN)["results"][0]
    assert planned["changed"] and planned["status"] == "to be deleted" and len(sim.mutating()) == before


@pytest.mark.parametrize(
    ("chosen", "told"),
    [
        ({"/dev/xvda": "s-none"}, "s-none"),
        ({"/dev/xvdb": "data"}, "system disk"),
        ({"/dev/xvda": "system", "/dev/xvdb": "system"}, "two devices"),
    ],
)
def test_snapshots_that_make_no_image_cost_the_others_nothing(run, sim, chosen, told):
    sources = restore_point(run, "i-one", "i-two")
    named = {"system": sources[1]["snapshots"]["/dev/xvda"], "data": sources[1]["snapshots"]["/dev/xvdb"]}
    broken = {"id": "i-two", "snapshots": {device: named.get(one, one) for device, one in chosen.items()}}
    answer = run("ecs_image", sources=[broken, sources[0]], on_item_error="report", **RUN)
    assert answer["results"][0]["error"]["code"] == "InvalidSnapshots"
    assert told in answer["results"][0]["error"]["message"]
    assert answer["results"][1]["status"] == "Available" and len(images(sim)) == 1


def test_a_data_disk_with_another_kind_of_device_gets_a_free_one(run, sim):
    (source,) = restore_point(run, "i-two")
    odd = {"/dev/nvme0n1": source["snapshots"]["/dev/xvda"], "/dev/nvme1n1": source["snapshots"]["/dev/xvdb"]}
    answer = run("ecs_image", sources=[{"id": "i-two", "snapshots": odd}], **RUN)["results"][0]
    assert [one["device"] for one in answer["disks"]] == ["/dev/xvda", "/dev/xvdb"]


def test_an_account_without_money_is_told_for_the_image_that_failed(run, sim):
    sources = restore_point(run, "i-one", "i-two")
    sim.faults([{"op": "CreateImage", "kind": "arrears"}])
    answer = run("ecs_image", sources=sources, **RUN)
    failed = [one for one in answer["results"] if one["error"]]
    assert answer["failed"] and "1 of 2" in answer["msg"] and "balance" in answer["msg"]
    assert failed[0]["error"]["operation"] == "CreateImage" and len(images(sim)) == 1


def test_absent_deletes_the_images_of_this_run_and_nothing_else(run, sim):
    sources = restore_point(run, "i-one", "i-two")
    mine = run("ecs_image", sources=sources, **RUN)["results"]
    run("ecs_image", sources=sources, **{**RUN, "run_id": "r2"})
    gone = run("ecs_image", sources=[{"id": "i-one"}, {"id": "i-old"}], state="absent", **RUN)["results"]
    assert [(one["instance_id"], one["image_id"], one["changed"]) for one in gone] == [
        ("i-one", mine[0]["image_id"], True),
        ("i-old", None, False),
    ]
    by_id = run("ecs_image", images=[{"id": mine[1]["image_id"]}], state="absent", wait_interval=0.02)["results"]
    assert [(one["instance_id"], one["status"]) for one in by_id] == [("i-two", "deleted")]
    assert sorted(one["name"] for one in images(sim)) == ["drill-r2-i-one", "drill-r2-i-two"]


def test_an_image_of_somebody_else_is_never_deleted(run, sim):
    public = next(iter(sim.state()["regions"]["cn-hangzhou"]["images"]))
    made = run("ecs_image", sources=restore_point(run, "i-one"), purpose="golden", **RUN)["results"][0]["image_id"]
    before = len(sim.mutating())
    answer = run("ecs_image", state="absent", images=[{"id": public}, {"id": made}, {"id": "m-none"}])
    assert [(one["error"] or {}).get("code") for one in answer["results"]] == ["NotTemporary", "NotTemporary", None]
    assert len(sim.mutating()) == before and len(images(sim)) == 1
    assert public in answer["msg"]


def test_a_region_that_cannot_be_asked_costs_the_others_nothing(run, sim):
    made = run("ecs_image", sources=restore_point(run, "i-one"), **RUN)["results"][0]["image_id"]
    named = [{"id": "m-far", "region": "cn-nowhere"}, {"id": made}]
    both = [{"id": "i-far", "region": "cn-nowhere"}, {"id": "i-one"}]
    answer = run("ecs_image", sources=both, images=named[:1], state="absent", on_item_error="report", **RUN)
    told = {one["instance_id"] or one["image_id"]: (one["error"] or {}).get("code") for one in answer["results"]}
    assert told == {"i-one": None, "i-far": "InvalidRegionId.NotFound", "m-far": "InvalidRegionId.NotFound"}
    assert images(sim) == []


def test_an_empty_list_calls_nothing(run, sim):
    assert not run("ecs_image", sources=[], **RUN)["changed"]
    assert not run("ecs_image", sources=[], state="absent", **RUN)["changed"]
    assert sim.count() == 0


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"sources": [{"id": "i-one", "mode": "instance"}]}, "run_id"),
        ({"run_id": "r1"}, "sources"),
        ({"run_id": "r1", "sources": [{"id": "i-one"}]}, "snapshots are needed"),
        ({"run_id": "r1", "sources": [{"id": "i-one", "mode": "instance", "snapshots": {"a": "b"}}]}, "snapshots"),
        ({"run_id": "r1", "sources": [{"id": "i-one", "snapshots": {"a": "b"}},
                                      {"id": "i-one", "snapshots": {"a": "c"}}]}, "twice"),
        ({"run_id": "", "sources": [{"id": "i-one", "mode": "instance"}]}, "run_id"),
        ({"run_id": "r1", "sources": [{"id": "i-one", "mode": "instance"}], "images": []}, "state=absent"),
        ({"state": "absent", "sources": [{"id": "i-one"}]}, "run_id"),
        ({"state": "absent"}, "run_id"),
        ({"state": "absent", "images": [{"id": "m-x"}], "purpose": "restore_point"}, "purpose"),
    ],
)  # fmt: skip
def test_a_wrong_option_is_told_before_any_call(run, sim, given, told):
    answer = run("ecs_image", **given)
    assert answer["failed"] and told in answer["msg"] and sim.count() == 0
