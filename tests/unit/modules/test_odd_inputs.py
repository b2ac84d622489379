"""Every module that takes a list, with entries that nobody expects: each gets its own clear error, the others go on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.batch import THREADS
from simulator.pytest_plugin import Simulator, start

MODULES: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("odd_inputs.yml").read_text(encoding="utf-8"))
ESSD = {"type": "system", "category": "cloud_essd", "size_gib": 40}
FLEET: dict[str, Any] = {
    "clock_rate": 6000,
    "timing": {"snapshot_base_s": 30, "snapshot_per_gib_s": 1, "stop_s": 20, "start_s": 20, "reset_s": 60},
    "assistant": {"answers": [{"match": "echo hi", "output": "hi\n"}]},
    "smc": {"sources": [{"name": "one", "instance_id": "i-one", "ipv4": "10.1.0.1", "system": "centos8"}]},
    "regions": {
        "cn-hangzhou": {
            "zone_id": "cn-hangzhou-a",
            "instances": [
                {"name": "one", "instance_id": "i-one", "private_ip": "10.1.0.1", "system": "centos8",
                 "disks": [{**ESSD, "disk_id": "d-one"}]},
                {"name": "off", "instance_id": "i-off", "status": "Stopped", "image_id": "m-base",
                 "disks": [{**ESSD, "disk_id": "d-off"}]},
            ],
        },
        "cn-beijing": {"instances": [{"name": "far", "instance_id": "i-far"}]},
    },
}  # fmt: skip
ODD = {
    "empty": "",
    "blank": "i one",
    "line end": "i-one\n",
    "unicode": "i-中文🚀",
    "right to left": "i-\u202eeno",
    "control": "i-\u0001one",
    "quote": 'i-"one',
    "path": "../i-one",
    "list": "i-one,i-off",
    "long": "i-" + "x" * 9998,
}
WRONG_REGIONS = ("CN-HANGZHOU", "cn-hangzhou/../x", "cn-hangzhou.example.com", "cn hangzhou", "x" * 10_000)
rows = pytest.mark.parametrize(
    "row", MODULES, ids=[f"{one['module']}-{one['option']}-{index}" for index, one in enumerate(MODULES)]
)
regional = pytest.mark.parametrize(
    "row",
    [one for one in MODULES if one["option"] == "instances" and "good_code" in one],
    ids=lambda one: f"{one['module']}-{one['option']}",
)


@pytest.fixture(scope="module")
def simulator_process() -> Iterator[Simulator]:
    running = start(FLEET)
    yield running
    assert running.stop() == 0


class Caller:
    """Calls the module of a row with ids; knows what was made for the good ones."""

    def __init__(self, run: Any, sim: Simulator, fast: dict[str, Any]) -> None:
        self.run, self.sim, self.fast = run, sim, fast
        made = run("ecs_snapshot", instances=[{"id": "i-off"}], run_id="r1", wait_for="accomplished", **fast)
        self.snapshot = made["results"][0]["snapshots"][0]["snapshot_id"]
        self.source = next(iter(sim.state()["smc"]["sources"]))
        self.before = sim.count()

    def known(self, text: str) -> str:
        return {"SNAPSHOT": self.snapshot, "SOURCE": self.source}.get(text, text)

    def item(self, row: dict[str, Any], one: Any, **more: Any) -> Any:
        if isinstance(row["item"], str):
            return one
        return {key: one if text == "ID" else self.known(text) for key, text in row["item"].items()} | more

    def call(self, row: dict[str, Any], ids: list[Any], **more: Any) -> dict[str, Any]:
        return self.items(
            row, [self.item(row, self.known(one) if isinstance(one, str) else one) for one in ids], **more
        )

    def items(self, row: dict[str, Any], items: Any, **more: Any) -> dict[str, Any]:
        given = row.get("more", {}) | (self.fast if row.get("wait") else {}) | {"on_item_error": "report"}
        answer: dict[str, Any] = self.run(row["module"], **{row["option"]: items}, **{**given, **more})
        assert "Traceback" not in json.dumps(answer)
        return answer

    @property
    def calls(self) -> int:
        return self.sim.count() - self.before


@pytest.fixture
def caller(run: Any, sim: Simulator, fast: dict[str, Any]) -> Caller:
    return Caller(run, sim, fast)


def codes(answer: dict[str, Any]) -> list[str | None]:
    return [(one["error"] or {}).get("code") for one in answer["results"]]


@rows
def test_an_id_that_cannot_be_one_is_never_sent_and_costs_no_other_item_its_result(caller, row):
    odd = list(ODD.values())
    answer = caller.call(row, [*odd[:5], row["good"], *odd[5:]])
    assert not answer.get("failed"), answer.get("msg")
    wrong = [one["error"] for one in answer["results"] if (one["error"] or {}).get("code") == "InvalidId"]
    others = [code for code in codes(answer) if code != "InvalidId"]
    assert len(wrong) == len(odd) and others == ([row["good_code"]] if "good_code" in row else [])
    assert answer["changed"] == row.get("changes", False)
    for value, error in zip(odd, wrong, strict=True):
        assert (
            repr(value[:40]) in error["message"] and "Check the item" in error["hint"] and len(error["message"]) < 200
        )
    sent = json.dumps(caller.sim.log()[caller.before :])
    assert not any(json.dumps(value)[1:-1] in sent for value in odd if value not in ("", "i-one,i-off"))


@rows
def test_an_odd_id_fails_the_task_with_a_message_that_can_be_read(caller, row):
    answer = caller.call(row, ["", ODD["long"], row["good"]], on_item_error="fail")
    assert (
        answer["failed"] and "''" in answer["msg"] and "10000 characters" in answer["msg"] and len(answer["msg"]) < 1500
    )


@rows
def test_check_mode_with_odd_ids_changes_nothing_and_says_the_same(caller, row):
    before = len(caller.sim.mutating())
    answer = caller.call(row, [*ODD.values(), row["good"]], check=True)
    # A command is not looked at in check mode: that is documented.
    expected = [] if row["module"] == "ecs_command" else ["InvalidId"] * len(ODD)
    assert [code for code in codes(answer) if code == "InvalidId"] == expected
    assert len(caller.sim.mutating()) == before


@rows
def test_an_empty_list_makes_no_call(caller, row):
    answer = caller.items(row, [])
    assert not answer["changed"] and answer["results"] == [] and caller.calls == 0


@rows
def test_an_id_that_is_named_twice_is_worked_on_once(caller, row):
    once = len(caller.call(row, [row["good"]], check=True)["results"])
    answer = caller.call(row, [row["good"]] * 3)
    assert len(answer["results"]) == once == ("good_code" in row)


@rows
def test_a_number_is_taken_as_an_id_and_an_unknown_one_says_what_to_do(caller, row):
    answer = caller.call(row, [7, row["good"]])
    expected = [row["unknown"]] if "unknown" in row else []
    assert sorted(map(str, codes(answer))) == sorted(
        map(str, expected + ([row["good_code"]] if "good_code" in row else []))
    )
    for one in answer["results"]:
        assert one["error"] is None or one["error"]["hint"], one["error"]


@rows
@pytest.mark.parametrize("value", [7, [["i-one"]], [7, {"id": "i-one"}]], ids=str)
def test_what_is_no_list_of_items_is_named_with_its_option_and_never_worked_on(caller, row, value):
    before = len(caller.sim.mutating())
    answer = caller.items(row, value, on_item_error="fail")
    if isinstance(row["item"], dict):
        assert answer["failed"] and row["option"] in answer["msg"] and caller.calls == 0
    elif value != 7:
        assert answer["failed"] and "cannot be the id of a resource" in answer["msg"]
    assert len(caller.sim.mutating()) == before


@rows
def test_null_is_no_id(caller, row):
    answer = caller.call(row, [None])
    assert answer.get("failed") or codes(answer) == ["InvalidId"]


@rows
def test_very_many_ids_go_in_large_pieces(caller, row):
    names = [f"x-none-{number}" for number in range(row["count"])]
    answer = caller.call(row, names)
    assert not answer.get("failed") and caller.calls <= row["most"]
    assert set(codes(answer)) == ({row["unknown"]} if "unknown" in row else set())
    failed = caller.call(row, names[:150], on_item_error="fail")
    assert len(failed.get("msg", "")) < 40_000


@regional
@pytest.mark.parametrize("region", WRONG_REGIONS, ids=lambda text: text[:24])
def test_a_region_that_cannot_be_is_the_error_of_its_item_alone(caller, row, region):
    items = [caller.item(row, "i-far", region=region), caller.item(row, row["good"])]
    answer = caller.items(row, items)
    assert codes(answer) == ["InvalidRegionId", row["good_code"]]
    error = answer["results"][0]["error"]
    assert repr(region[:40]) in error["message"] and "small letters" in error["hint"] and len(error["message"]) < 200


@regional
def test_a_region_that_does_not_exist_is_the_error_of_its_items_alone(caller, row):
    items = [caller.item(row, "i-far", region="cn-nowhere"), caller.item(row, row["good"])]
    answer = caller.items(row, items)
    assert codes(answer) == ["InvalidRegionId.NotFound", row["good_code"]]
    assert "Check region and ecs_endpoint" in answer["results"][0]["error"]["hint"]


@regional
def test_the_endpoint_of_another_region_is_told_as_such(caller, row):
    answer = caller.call(row, [row["good"]], ecs_endpoint=f"{caller.sim.endpoint}/r/cn-beijing")
    assert codes(answer) == ["InvalidRegionId.NotFound"]
    assert "the endpoint serves another one" in answer["results"][0]["error"]["hint"]


@rows
def test_a_clock_that_is_an_hour_off_is_told_once_and_not_tried_for_every_item(caller, row):
    caller.sim.skew(3600)
    try:
        answer = caller.call(row, [row["good"], *(f"x-none-{number}" for number in range(100))])
        assert caller.calls <= THREADS
    finally:
        caller.sim.skew(0)
    assert answer["failed"] and answer["msg"].count("The clock of this machine is off") == 1
    assert "Set it right and run again" in answer["msg"] and answer["error"]["code"].startswith("InvalidTimeStamp")


def test_a_disk_that_is_named_twice_with_different_snapshots_is_refused_before_any_call(caller, run, fast):
    pairs = [{"disk_id": "d-off", "snapshot_id": one} for one in ("s-1", "s-2")]
    answer = run("ecs_disk_reset", disks=pairs, **fast)
    assert answer["failed"] and "d-off is named twice" in answer["msg"] and caller.calls == 0


def test_an_odd_snapshot_id_or_region_of_one_disk_leaves_the_other_disks_their_reset(caller, run, fast):
    disks = [
        {"disk_id": "d-one", "snapshot_id": ODD["long"]},
        {"disk_id": "d-far", "snapshot_id": "s-1", "region": "cn-nowhere"},
        {"disk_id": "d-off", "snapshot_id": caller.snapshot},
    ]
    answer = run("ecs_disk_reset", disks=disks, on_item_error="report", **fast)
    assert codes(answer) == ["InvalidId", "InvalidRegionId.NotFound", None] and answer["results"][2]["changed"]


def test_an_odd_source_id_leaves_the_other_instances_their_jobs(caller, run, fast):
    jobs = [{"id": "i-off", "source_id": ODD["path"]}, {"id": "i-one"}]
    answer = run("smc_job", jobs=jobs, run_id="r1", target="alinux3", state="present", on_item_error="report", **fast)
    assert codes(answer) == ["InvalidId", None] and answer["results"][1]["changed"]


def test_ten_thousand_known_instances_are_read_in_pages_and_named_once(run):
    count = 10_001
    large = start({"regions": {"cn-hangzhou": {"instances": [{"name": "web", "count": count}]}}})
    try:
        where = {"ecs_endpoint": f"{large.endpoint}/r/{{region}}"}
        names = list(large.state()["regions"]["cn-hangzhou"]["instances"])
        answer = run("ecs_instance_info", instances=[{"id": one} for one in [*names, *names[:100]]], **where)
    finally:
        assert large.stop() == 0
    assert [one["instance_id"] for one in answer["instances"]] == names and not any(codes(answer))
    assert answer["api_calls"] == {"DescribeDisks": 21, "DescribeInstances": 101}
