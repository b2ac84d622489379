"""Tags and names in every script and at every limit: taken as they are, or refused with the reason before any change."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from simulator.pytest_plugin import Simulator, start

ESSD = {"type": "system", "category": "cloud_essd", "size_gib": 40}
FLEET: dict[str, Any] = {
    "clock_rate": 6000,
    "timing": {"snapshot_base_s": 30, "snapshot_per_gib_s": 1},
    "smc": {"sources": [{"name": "one", "instance_id": "i-one", "ipv4": "10.1.0.1", "system": "centos8"}]},
    "regions": {
        "cn-hangzhou": {
            "zone_id": "cn-hangzhou-a",
            "instances": [
                {"name": "one", "instance_id": "i-one", "private_ip": "10.1.0.1", "system": "centos8", "image_id": "m-base",
                 "disks": [ESSD]},
                {"name": "full", "instance_id": "i-full", "tags": {f"k{number}": "v" for number in range(20)}},
            ],
        }
    },
}  # fmt: skip
RUN = {"run_id": "r1"}
NETWORK = {"vswitch_id": "vsw-cn-hangzhou-a", "security_group_ids": ["sg-cn-hangzhou"], "auto_release_minutes": 60}
# module, what it is called with besides tags, how many tags it adds itself
TAGGING: list[tuple[str, dict[str, Any], int]] = [
    ("ecs_tag", {"instances": [{"id": "i-one"}]}, 1),  # one that is there already
    ("ecs_snapshot", {"instances": [{"id": "i-one"}], **RUN}, 4),
    ("ecs_image", {"sources": [{"id": "i-one", "mode": "instance"}], **RUN}, 4),
    ("ecs_instance", {"sources": [{"id": "i-one", "image_id": "m-base"}], **RUN, **NETWORK}, 3),
    ("ecs_security_group", {"vpcs": [{"id": "vpc-cn-hangzhou"}], **RUN}, 2),
    ("smc_import", {"instances": [{"id": "i-one"}], "command": "@CODE@", **RUN}, 2),
    ("smc_job", {"jobs": [{"id": "i-one"}], "target": "alinux3", "state": "present", **RUN}, 3),
    ("smc_source", {"source_ids": ["SOURCE"]}, 0),
]
# The call of the fixture.
BEFORE = 1
SCRIPTS = {
    "系统": "中文值",
    "emoji🚀": "🐧👩‍💻",
    "עברית": "שלום",
    "العربية": "مرحبا",
    "a b.c:d/e=f+g-h@i_": "blanks and signs",
    "quote'\"": "\\back$(slash)`",
    "empty": "",
    "k" * 128: "v" * 128,
    "中" * 128: "文" * 128,
}
BEYOND = {
    "key too long": {"k" * 129: "v"},
    "value too long": {"k": "v" * 129},
    "value of 10000": {"k": "v" * 10_000},
    "aliyun": {"aliyun-x": "v"},
    "ALIYUN": {"ALIYUN-x": "v"},
    "acs": {"acs:x": "v"},
    "empty key": {"": "v"},
    "URL in the value": {"k": "see http://example.com"},
    "URL in the key": {"https://example.com": "v"},
}
modules = pytest.mark.parametrize(("module", "given", "own"), TAGGING, ids=[one[0] for one in TAGGING])


@pytest.fixture(scope="module")
def simulator_process() -> Iterator[Simulator]:
    running = start(FLEET)
    yield running
    assert running.stop() == 0


@pytest.fixture
def tag(run: Any, sim: Simulator, fast: dict[str, Any]) -> Any:
    """Calls a module with tags."""
    source = next(iter(sim.state()["smc"]["sources"]))
    run("ecs_tag", instances=[{"id": "i-one"}], tags={"there": "before"})

    def call(module: str, given: dict[str, Any], tags: dict[str, Any], **more: Any) -> Any:
        filled = json.loads(json.dumps(given).replace("SOURCE", source))
        pace = {} if module in ("ecs_tag", "smc_source") else fast
        answer = run(module, tags=tags, on_item_error="report", **filled, **pace, **more)
        assert "Traceback" not in json.dumps(answer)
        return answer

    return call


def found(sim: Simulator) -> str:
    return json.dumps(sim.state(), ensure_ascii=False)


@modules
def test_tags_in_any_script_and_at_their_longest_arrive_as_they_are(tag, sim, module, given, own):
    answer = tag(module, given, SCRIPTS)
    assert not answer.get("failed"), answer.get("msg")
    assert answer["results"][0]["error"] is None and answer["changed"]
    state = found(sim)
    for key, value in SCRIPTS.items():
        assert f"{json.dumps(key, ensure_ascii=False)}: {json.dumps(value, ensure_ascii=False)}" in state


@modules
def test_as_many_tags_as_there_is_room_for_are_taken(tag, sim, module, given, own):
    answer = tag(module, given, {f"t{number}": "v" for number in range(20 - own)})
    assert not answer.get("failed") and answer["results"][0]["error"] is None and answer["changed"]


@modules
@pytest.mark.parametrize("check", [True, False])
def test_one_tag_too_many_is_refused_with_the_limit_and_changes_nothing(tag, sim, module, given, own, check):
    answer = tag(module, given, {f"t{number}": "v" for number in range(21 - own)}, check=check)
    if module != "ecs_tag" or not check:  # what an instance has already, the service alone counts
        error = answer["error"] if answer.get("failed") else answer["results"][0]["error"]
        assert error["code"] in ("InvalidTag", "OperationDenied.QuotaExceed") and "20 tags" in error["hint"]
    assert all(entry["status"] != 200 for entry in sim.mutating()[BEFORE:])


@modules
@pytest.mark.parametrize("tags", BEYOND.values(), ids=BEYOND)
def test_a_tag_beyond_a_limit_is_refused_before_any_change_and_says_which(tag, sim, module, given, own, tags):
    answer = tag(module, given, {"good": "v", **tags})
    assert answer["failed"] and answer["error"]["code"] == "InvalidTag" and len(answer["msg"]) < 600
    assert repr(next(iter(tags))[:40]) in answer["error"]["message"] and "128 characters" in answer["error"]["hint"]
    assert len(sim.mutating()) == BEFORE


def test_an_instance_without_room_for_a_tag_costs_the_others_nothing(run, sim):
    answer = run("ecs_tag", instances=[{"id": "i-full"}, {"id": "i-one"}], tags={"more": "v"}, on_item_error="report")
    assert [(one["error"] or {}).get("code") for one in answer["results"]] == ["OperationDenied.QuotaExceed", None]
    assert "Remove some" in answer["results"][0]["error"]["hint"] and answer["results"][1]["changed"]


def test_more_keys_than_one_call_takes_are_removed_all_the_same(run, sim):
    keys = [f"k{number}" for number in range(20)] + [f"none{number}" for number in range(20)]
    answer = run("ecs_tag", instances=[{"id": "i-full"}], remove=keys)
    assert answer["changed"] and sim.state()["regions"]["cn-hangzhou"]["instances"]["i-full"]["tags"] == {}


@pytest.mark.parametrize("name", ["系统盘-🚀", "עברית"])
@pytest.mark.parametrize(
    ("module", "given"),
    [
        ("ecs_image", {"sources": [{"id": "i-one", "mode": "instance"}], **RUN, "name": "NAME"}),
        (
            "ecs_instance",
            {"sources": [{"id": "i-one", "image_id": "m-base", "instance_name": "NAME"}], **RUN, **NETWORK},
        ),
        ("ecs_security_group", {"vpcs": [{"id": "vpc-cn-hangzhou"}], **RUN, "name": "NAME"}),
        ("smc_source", {"source_ids": ["SOURCE"], "name": "NAME"}),
        ("smc_job", {"jobs": [{"id": "i-one", "name": "NAME"}], "target": "alinux3", "state": "present", **RUN}),
    ],
)
def test_a_name_in_another_script_arrives_or_is_refused_with_a_reason(tag, sim, module, given, name):
    filled = json.loads(json.dumps(given).replace("NAME", name))
    answer = tag(module, filled, {})
    error = answer["error"] if answer.get("failed") else answer["results"][0]["error"]
    if error is None:
        assert answer["changed"]
    else:
        assert "Name" in error["code"] and "letter" in error["message"] + (error["hint"] or "")
        assert all(entry["status"] != 200 for entry in sim.mutating()[BEFORE:])
