"""Quotas reached in the middle of a wave, and rights that are missing in the middle of a task: told, item by item."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from simulator.pytest_plugin import Simulator, start

ESSD = {"category": "cloud_essd", "size_gib": 40}
NAMES = ("one", "two", "three")
COMMAND = "timeout 60 client <<'EOF'\n@TOKEN_ID@\n@CODE@\nEOF\n"
FLEET: dict[str, Any] = {
    "clock_rate": 6000,
    "timing": {"snapshot_base_s": 30, "snapshot_per_gib_s": 1, "stop_s": 20, "start_s": 20},
    "smc": {
        "quota": {"jobs": 2},
        "sources": [
            {"name": name, "instance_id": f"i-{name}", "ipv4": f"10.1.0.{index}", "system": "centos8"}
            for index, name in enumerate(NAMES)
        ],
    },
    "regions": {
        "cn-hangzhou": {
            "image_quota": 2,
            "instances": [
                *({"name": name, "instance_id": f"i-{name}", "private_ip": f"10.1.0.{index}", "system": "centos8"}
                  for index, name in enumerate(NAMES)),
                {"name": "new", "instance_id": "i-new"},
                {"name": "pair", "instance_id": "i-pair", "disks": [{"type": "system", **ESSD}, {"type": "data", **ESSD}]},
            ],
        },
    },
}  # fmt: skip
RUN = {"run_id": "r1"}
JOB = {"run_id": "r1", "target": "alinux3"}
REPORT = {"on_item_error": "report"}


@pytest.fixture(scope="module")
def simulator_process() -> Iterator[Simulator]:
    running = start(FLEET)
    yield running
    assert running.stop() == 0


@pytest.fixture
def without(sim: Simulator) -> Iterator[Any]:
    """without(action): the account has every right but that one."""

    def deny(action: str) -> None:
        allow = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        sim.policy({"Version": "1", "Statement": [allow, {"Effect": "Deny", "Action": action, "Resource": "*"}]})

    yield deny
    sim.policy(None)


def ids(*names: str) -> list[dict[str, str]]:
    return [{"id": name} for name in names]


def codes(answer: dict[str, Any]) -> list[str | None]:
    assert "results" in answer, answer["msg"]
    assert "Traceback" not in json.dumps(answer)
    return [(one["error"] or {}).get("code") for one in answer["results"]]


@pytest.mark.parametrize(
    ("module", "option", "given", "code"),
    [
        ("ecs_image", "sources", RUN, "QuotaExceed.Image"),
        ("smc_job", "jobs", {**JOB, "state": "present"}, "QuotaExceeded.ReplicationJob"),
    ],
)
def test_a_quota_reached_at_the_third_item_costs_that_item_alone(run, sim, fast, module, option, given, code):
    mode = {"mode": "instance"} if module == "ecs_image" else {}
    items = [{"id": one, **mode} for one in ("i-one", "i-two", "i-three")]
    answer = run(module, **{option: items}, **given, **REPORT, **fast)
    assert sorted(map(str, codes(answer))) == ["None", "None", code]
    assert [one["changed"] for one in answer["results"]] == [one["error"] is None for one in answer["results"]]
    index = codes(answer).index(code)
    hint = answer["results"][index]["error"]["hint"]
    assert "as many" in hint and "Delete" in hint


@pytest.mark.parametrize(
    ("action", "module", "given"),
    [
        ("ecs:CreateSnapshot", "ecs_snapshot", {"instances": ids("i-one", "i-two"), **RUN}),
        ("ecs:CreateSnapshotGroup", "ecs_snapshot", {"instances": ids("i-pair"), **RUN}),
        ("ecs:DescribeSnapshots", "ecs_snapshot", {"instances": ids("i-one", "i-two"), **RUN}),
        ("ecs:DescribeDisks", "ecs_snapshot", {"instances": ids("i-one", "i-two"), **RUN}),
        ("ecs:StopInstances", "ecs_power", {"instances": ids("i-one", "i-two"), "state": "stopped"}),
        ("ecs:TagResources", "ecs_tag", {"instances": ids("i-one", "i-two"), "tags": {"a": "b"}}),
        ("ecs:CreateImage", "ecs_image", {"sources": [{"id": "i-one", "mode": "instance"}], **RUN}),
        ("ecs:RunCommand", "ecs_command", {"instances": ids("i-one", "i-two"), "command": "true"}),
        ("smc:CreateAccessToken", "smc_import", {"instances": ids("i-new"), "command": COMMAND, **RUN}),
        ("smc:TagResources", "smc_import", {"instances": ids("i-one"), "command": COMMAND, **RUN}),
        ("smc:CreateReplicationJob", "smc_job", {"jobs": ids("i-one", "i-two"), "state": "present", **JOB}),
        ("smc:StartReplicationJob", "smc_job", {"jobs": ids("i-one", "i-two"), **JOB}),
    ],
)
def test_a_right_that_is_missing_in_the_middle_is_named_and_nothing_passes_for_done(
    run, without, fast, action, module, given
):
    without(action)
    pace = {} if module == "ecs_tag" else fast
    answer = run(module, **given, **REPORT, **pace)
    failed = run(module, **given, **pace)
    operation = action.partition(":")[2]
    assert answer["results"] and all(code and code.startswith("Forbidden") for code in codes(answer))
    for one in answer["results"]:
        assert f"Grant the action {operation}" in one["error"]["hint"]
        assert not one.get("complete") and one.get("status") not in ("Finished", "Stopped", "Success")
    assert failed["failed"] and operation in failed["msg"]


def test_what_was_made_before_a_right_was_missing_is_told(run, without, fast):
    without("smc:StartReplicationJob")
    answer = run("smc_job", jobs=ids("i-one"), **JOB, **REPORT, **fast)
    assert answer["changed"] and answer["results"][0]["job_id"] and answer["results"][0]["status"] == "Ready"


def test_without_the_right_to_read_instances_one_wrong_id_still_costs_no_other_agent_its_answer(run, without):
    without("ecs:DescribeInstances")
    answer = run("ecs_assistant_info", instances=ids("i-one", "i-none", "i-two"), **REPORT)
    assert codes(answer) == [None, "InvalidInstanceId.NotFound", None]
