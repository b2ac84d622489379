"""Without these refusals a playbook would pass here and fail, or lose data, in the cloud."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from simulator import fleet
from simulator.errors import ApiError
from simulator.operations import OPERATIONS, Context
from simulator.world import World

CASES = [
    case for path in sorted(Path(__file__).parent.glob("guards*.yml")) for case in yaml.safe_load(path.read_text())
]
DISK = {"type": "system", "size_gib": 40, "category": "cloud_essd"}
FLEET = {
    "timing": {"snapshot_base_s": 60, "snapshot_per_gib_s": 1, "stop_s": 30, "start_s": 40, "reset_s": 60},
    "regions": {
        "cn-hangzhou": {
            "snapshot_quota": 2,
            "image_quota": 2,
            "security_group_quota": 3,
            "instance_quota": 7,
            "vswitches": [{"vswitch_id": "vsw-far", "vpc_id": "vpc-far", "cidr": "10.9.0.0/30"}],
            "instances": [
                {"name": "web", "instance_id": "i-web", "disks": [
                    {**DISK, "disk_id": "d-sys"}, {**DISK, "type": "data", "disk_id": "d-data"}]},
                {"name": "old", "instance_id": "i-old", "disks": [
                    {**DISK, "category": "cloud_efficiency", "disk_id": "d-old"},
                    {**DISK, "type": "data", "category": "local_ssd_pro", "disk_id": "d-local"}]},
                {"name": "shared", "instance_id": "i-shared", "disks": [
                    DISK, {**DISK, "type": "data", "multi_attach": True, "disk_id": "d-shared"}]},
                {"name": "locked", "instance_id": "i-locked", "operation_locks": ["security"], "disks": [
                    {**DISK, "disk_id": "d-locked"}]},
                {"name": "paid", "instance_id": "i-paid", "charge_type": "PrePaid", "zone_id": "cn-hangzhou-b",
                 "operation_locks": ["financial"], "disks": [{**DISK, "disk_id": "d-paid"}]},
            ],
        },
    },
    "smc": {
        "quota": {"jobs": 3, "running": 1},
        "sources": [
            {"source_id": "s-web", "name": "web", "instance_id": "i-web"},
            {"source_id": "s-old", "name": "old", "instance_id": "i-old"},
            {"source_id": "s-far", "name": "far", "system": "centos8"},
            {"source_id": "s-farther", "name": "farther", "system": "rhel7"},
            {"source_id": "s-arm", "name": "arm", "system": "centos7", "arch": "aarch64"},
            {"source_id": "s-broken", "name": "broken", "state": "Unavailable", "error_code": "S1"},
        ],
    },
}  # fmt: skip


class Bench:
    """The operations on a world of their own, with time that only `wait` moves."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self.world: World = fleet.build(fleet.settings(FLEET), self.now)
        self.region = self.world.regions["cn-hangzhou"]
        self.names: dict[str, str] = {}
        self.notes: list[str] = []

    def step(self, step: dict[str, Any]) -> dict[str, Any]:
        ((op, given),) = step.items()
        if op == "wait":
            self.now += given
            return {}
        self.world.settle(self.now)
        given = self._named(given)
        product, _dot, name = op.rpartition(".")  # smc.TagResources, or CreateSnapshot of ECS
        answer = OPERATIONS[product or "ecs", name].handler(
            Context(self.world, self.region, self.now, self.notes), given
        )
        instances = answer.get("InstanceIdSets", {}).get("InstanceIdSet", [])
        made = [
            answer[key]
            for key in ("SnapshotId", "ImageId", "SecurityGroupId", "AccessTokenId", "JobId")
            if key in answer
        ]
        for one in [*made, *instances] if name.startswith(("Create", "Run")) else []:
            self.names[f"${len(self.names) + 1}"] = one
        return answer

    def _named(self, given: Any) -> Any:
        """The same with the names of what was made in place of $1, $2 ..."""
        if isinstance(given, dict):
            return {key: self._named(value) for key, value in given.items()}
        if isinstance(given, list):
            return [self._named(value) for value in given]
        return self.names.get(given, given) if isinstance(given, str) else given


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_api_accepts_or_refuses(case: dict[str, Any]) -> None:
    bench = Bench()
    for step in case.get("steps", []):
        bench.step(step)
    if "code" not in case:
        bench.step(case["call"])
    else:
        with pytest.raises(ApiError) as caught:
            bench.step(case["call"])
        assert (caught.value.code, caught.value.status) == (case["code"], case["status"])
    if "note" in case:
        assert case["note"] in bench.notes


def test_a_refused_batch_stops_nothing() -> None:
    bench = Bench()
    with pytest.raises(ApiError):
        bench.step({"StopInstances": {"InstanceId": ["i-web", "i-none"]}})
    assert bench.region.instances["i-web"].status == "Running"


def test_success_first_tells_each_instance_its_own_answer() -> None:
    bench = Bench()
    call = {"InstanceId": ["i-web", "i-locked", "i-none"], "BatchOptimization": "SuccessFirst"}
    rows = bench.step({"StopInstances": call})["InstanceResponses"]["InstanceResponse"]
    assert [row["Code"] for row in rows] == ["200", "InstanceLockedForSecurity", "InvalidInstanceId.NotFound"]
    assert [row["CurrentStatus"] for row in rows] == ["Stopping", "Running", ""]


def test_more_than_100_instances_in_a_batch_are_refused() -> None:
    with pytest.raises(ApiError) as caught:
        Bench().step({"StopInstances": {"InstanceId": ["i-web"] * 101}})
    assert caught.value.code == "InvalidParameter.TooManyInstanceIds"


@pytest.mark.parametrize(
    ("op", "extra", "code"),
    [
        ("CreateSnapshot", {"DiskId": "d-sys"}, "QuotaExceed.Tags"),
        ("TagResources", {"ResourceType": "disk", "ResourceId": ["d-sys"]}, "NumberExceed.Tags"),
    ],
)
def test_more_than_20_tags_are_refused(op: str, extra: dict[str, Any], code: str) -> None:
    tags = [{"Key": f"k{number}", "Value": ""} for number in range(21)]
    with pytest.raises(ApiError) as caught:
        Bench().step({op: {**extra, "Tag": tags}})
    assert caught.value.code == code


def test_a_stop_keeps_the_mode_that_was_asked_for_until_the_next_start() -> None:
    bench = Bench()
    web = bench.region.instances["i-web"]
    bench.step({"StopInstances": {"InstanceId": ["i-web"], "StoppedMode": "StopCharging"}})
    bench.step({"wait": 31})
    bench.world.settle(bench.now)
    assert (web.status, web.stopped_mode) == ("Stopped", "StopCharging")
    bench.step({"StartInstances": {"InstanceId": ["i-web"]}})
    assert (web.status, web.stopped_mode) == ("Starting", "Not-applicable")
    bench.world.settle(bench.now + 40)
    assert web.status == "Running"


def test_a_snapshot_with_a_retention_goes_away_by_itself() -> None:
    bench = Bench()
    bench.step({"CreateSnapshot": {"DiskId": "d-sys", "RetentionDays": 1}})
    bench.world.settle(bench.now + 86399)
    assert [one.status for one in bench.region.snapshots.values()] == ["accomplished"]
    bench.world.settle(bench.now + 86400)
    assert not bench.region.snapshots


def test_a_group_is_done_when_its_last_member_is() -> None:
    bench = Bench()
    bench.region.disks["d-data"].size_gib = 400
    tags = [{"Key": "run", "Value": "r1"}]
    group_id = bench.step({"CreateSnapshotGroup": {"InstanceId": "i-web", "Tag": tags}})["SnapshotGroupId"]

    def seen(wait: int) -> dict[str, Any]:
        bench.step({"wait": wait})
        answer = bench.step({"DescribeSnapshotGroups": {"SnapshotGroupId": [group_id]}})
        found: dict[str, Any] = answer["SnapshotGroups"]["SnapshotGroup"][0]
        return found

    half = seen(200)
    assert half["Status"] == "progressing"
    assert [one["Progress"] for one in half["Snapshots"]["Snapshot"]] == ["100%", "43%"]
    assert seen(300)["Status"] == "accomplished"
    assert half["Tags"] == {"Tag": [{"Key": "run", "Value": "r1"}]}
    assert all(one.tags == {"run": "r1"} for one in bench.region.snapshots.values())
    bench.step({"DeleteSnapshotGroup": {"SnapshotGroupId": group_id}})
    assert not bench.region.snapshots and not bench.region.groups
