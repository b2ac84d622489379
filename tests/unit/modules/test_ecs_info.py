"""Reading instances and snapshots, and what a user sees when nothing works."""

from __future__ import annotations

import pytest


def ids(*names: str) -> list[dict[str, str]]:
    return [{"id": name} for name in names]


def test_instances_of_several_regions_come_in_order_with_their_disks(run, sim):
    answer = run("ecs_instance_info", instances=[*ids("i-two"), {"id": "i-far", "region": "cn-beijing"}, *ids("i-one")])
    assert [(one["instance_id"], one["region_id"], len(one["disks"])) for one in answer["results"]] == [
        ("i-two", "cn-hangzhou", 2),
        ("i-far", "cn-beijing", 1),
        ("i-one", "cn-hangzhou", 1),
    ]
    assert not answer["changed"] and len(answer["instances"]) == 3


def test_an_instance_has_every_key_that_later_steps_rely_on(run, sim):
    one = run("ecs_instance_info", instances=ids("i-one"))["results"][0]
    assert set(one) - {"changed", "error"} == set(
        [
            "instance_id",
            "region_id",
            "zone_id",
            "instance_name",
            "hostname",
            "status",
            "instance_type",
            "image_id",
            "os_name",
            "os_type",
            "created",
            "expired",
            "charge_type",
            "stopped_mode",
            "spot_strategy",
            "deletion_protection",
            "operation_locks",
            "private_ips",
            "public_ips",
            "eip",
            "ipv6_addresses",
            "security_group_ids",
            "vpc_id",
            "vswitch_id",
            "tags",
            "disks",
        ]
    )
    assert set(one["disks"][0]) == set(
        [
            "disk_id",
            "name",
            "type",
            "category",
            "size_gib",
            "status",
            "device",
            "encrypted",
            "multi_attach",
            "portable",
            "delete_with_instance",
            "performance_level",
            "zone_id",
            "tags",
        ]
    )
    assert one["private_ips"] and one["disks"][0]["device"] == "/dev/xvda"


def test_a_missing_instance_names_the_region_that_was_asked(run, sim):
    answer = run(
        "ecs_instance_info", instances=[{"id": "i-one", "region": "cn-beijing"}, *ids("i-two")], on_item_error="report"
    )
    error = answer["results"][0]["error"]
    assert error["code"] == "InvalidInstanceId.NotFound" and "cn-beijing" in error["message"] + error["hint"]
    assert answer["results"][1]["error"] is None and len(answer["instances"]) == 1


def test_a_region_is_searched_by_tags_and_status(run, sim):
    assert [one["instance_id"] for one in run("ecs_instance_info", tags={"role": "web"})["instances"]] == ["i-one"]
    assert [one["instance_id"] for one in run("ecs_instance_info", status="Stopped")["instances"]] == ["i-off"]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"instance_name": "t*"}, ["i-two"]),
        ({"instance_name": "t"}, []),
        ({"instance_charge_type": "PostPaid", "instance_name": "o*"}, ["i-one", "i-old", "i-off"]),
        ({"zone_id": "cn-hangzhou-z"}, []),
    ],
)
def test_a_region_is_searched_by_filters(run, sim, filters, found):
    answer = run("ecs_instance_info", filters=filters)
    assert [one["instance_id"] for one in answer["instances"]] == found


def test_filters_go_with_tags_and_not_with_ids(run, sim):
    assert len(run("ecs_instance_info", tags={"role": None}, filters={"instance_name": "one"})["instances"]) == 1
    assert run("ecs_instance_info", tags={"role": None}, filters={"instance_name": "two"})["instances"] == []
    assert "mutually exclusive" in run("ecs_instance_info", instances=ids("i-one"), filters={"zone_id": "z"})["msg"]
    assert "instance_nmae" in run("ecs_instance_info", filters={"instance_nmae": "one"})["msg"]


def test_an_instance_named_twice_comes_once(run, sim):
    assert len(run("ecs_instance_info", instances=ids("i-one", "i-one"))["results"]) == 1


def test_an_empty_list_calls_nothing(run, sim):
    answer = run("ecs_instance_info", instances=[])
    assert answer["results"] == [] and sim.count() == 0


@pytest.mark.parametrize("module", ["ecs_instance_info", "ecs_snapshot_info", "ecs_tag"])
@pytest.mark.parametrize("behaviour", ["fail", "report"])
def test_wrong_credentials_end_in_one_clear_message(run, sim, module, behaviour):
    more = {"tags": {"a": "b"}} if module == "ecs_tag" else {}
    answer = run(
        module,
        instances=ids("i-one", "i-two"),
        access_key_secret="not-the-secret-at-all",
        on_item_error=behaviour,
        **more,
    )
    assert answer["failed"] and "SignatureDoesNotMatch" in answer["msg"] and "secret" in answer["msg"]
    assert "not-the-secret-at-all" not in str(answer) and sim.account.access_key_secret not in str(answer)
    unknown = run(module, instances=ids("i-one", "i-two"), access_key_id="nobody", on_item_error=behaviour, **more)
    assert unknown["failed"] and "InvalidAccessKeyId" in unknown["msg"]


def test_an_endpoint_that_refuses_connections_ends_in_one_clear_message(run, sim):
    answer = run("ecs_instance_info", instances=ids("i-one"), ecs_endpoint="http://127.0.0.1:1/r/{region}")
    assert answer["failed"] and "Unreachable" in answer["msg"] and "ecs_endpoint" in answer["msg"]


def test_a_malformed_endpoint_is_told(run, sim):
    assert "InvalidEndpoint" in run("ecs_instance_info", instances=ids("i-one"), ecs_endpoint="ftp://x")["msg"]


def test_a_missing_region_is_told(run, sim, monkeypatch):
    for name in ("ALICLOUD_REGION", "ALIBABA_CLOUD_REGION_ID"):
        monkeypatch.delenv(name, raising=False)
    assert "region" in run("ecs_instance_info", instances=ids("i-one"), region=None)["msg"]


def test_snapshots_are_found_by_instance_run_tag_and_id(run, sim, fast):
    run("ecs_snapshot", instances=ids("i-one", "i-two"), run_id="r1", tags={"team": "web"}, **fast)
    run("ecs_snapshot", instances=ids("i-old"), run_id="r2", **fast)
    assert len(run("ecs_snapshot_info", run_id="r1")["snapshots"]) == 3
    assert len(run("ecs_snapshot_info", tags={"team": "web"})["snapshots"]) == 3
    both = run("ecs_snapshot_info", instances=ids("i-two", "i-old"), run_id="r1")
    assert [len(one["snapshots"]) for one in both["results"]] == [2, 0]
    bare = run("ecs_snapshot_info", instances=ids("i-two", "i-old"))
    assert [len(one["snapshots"]) for one in bare["results"]] == [2, 2]
    one = both["snapshots"][1]
    assert {found["device"] for found in both["snapshots"]} == {"/dev/xvda", "/dev/xvdb"} and one["group_id"]
    assert [
        found["snapshot_id"] for found in run("ecs_snapshot_info", snapshot_ids=[one["snapshot_id"]])["snapshots"]
    ] == [one["snapshot_id"]]
    missing = run("ecs_snapshot_info", snapshot_ids=[one["snapshot_id"], "s-none"])
    assert missing["failed"] and "s-none" in missing["msg"]


def test_a_read_survives_throttling_and_broken_connections(run, sim):
    sim.faults(
        [
            {"op": "DescribeInstances", "kind": "throttle", "times": 2},
            {"op": "DescribeDisks", "kind": "reset_after", "times": 2},
        ]
    )
    assert run("ecs_instance_info", instances=ids("i-one"))["results"][0]["error"] is None
    assert sim.count("DescribeInstances") == 3 and sim.count("DescribeDisks") == 3
