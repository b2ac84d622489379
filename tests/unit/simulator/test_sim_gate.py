"""Throttling, lost answers, repeated requests: what a client must survive and can only meet where they happen."""

from __future__ import annotations

from typing import Any

import pytest
from alibabacloud_ecs20140526 import models as ecs

from simulator.clock import Clock
from simulator.faults import Fault, FaultPlan
from simulator.gate import Quotas
from simulator.pytest_plugin import Simulator

REGION = "cn-hangzhou"
FLEET: dict[str, Any] = {
    "clock_rate": 0,
    "clock_base": 1_800_000_000,
    "quota": {"DescribeInstanceStatus": 3},
    "faults": [{"op": "DescribeRegions", "kind": "error503"}],
    "regions": {
        REGION: {
            "instances": [
                {"name": "web", "instance_id": "i-web", "disks": [
                    {"type": "system", "size_gib": 40, "category": "cloud_essd", "disk_id": "d-web"}]}
            ]
        },
        "cn-beijing": {},
    },
}  # fmt: skip


def create(client: Any, **more: Any) -> str:
    made: str = client.create_snapshot(ecs.CreateSnapshotRequest(disk_id="d-web", **more)).body.snapshot_id
    return made


def snapshots(simulator: Simulator) -> dict[str, Any]:
    found: dict[str, Any] = simulator.state()["regions"][REGION]["snapshots"]
    return found


def code_of(action: Any) -> str | None:
    with pytest.raises(Exception) as caught:
        action()
    return getattr(caught.value, "code", None)


@pytest.mark.parametrize(
    ("kind", "code"),
    [("throttle", "Throttling.User"), ("error500", "InternalError"), ("error503", "ServiceUnavailable")],
)
def test_an_error_fault_leaves_nothing_behind(client: Any, simulator: Simulator, kind: str, code: str) -> None:
    simulator.faults([{"op": "CreateSnapshot", "kind": kind}])
    assert code_of(lambda: create(client)) == code
    assert not snapshots(simulator)
    assert create(client) in snapshots(simulator)


def test_a_reset_before_the_effect_leaves_nothing_behind(client: Any, simulator: Simulator) -> None:
    simulator.faults([{"op": "CreateSnapshot", "kind": "reset_before"}])
    assert code_of(lambda: create(client, client_token="t")) is None
    assert not snapshots(simulator)


@pytest.mark.parametrize("kind", ["reset_after", "hang_after"])
def test_after_a_lost_answer_the_same_client_token_gives_the_same_snapshot(
    client: Any, simulator: Simulator, kind: str
) -> None:
    simulator.faults([{"op": "CreateSnapshot", "kind": kind, "seconds": 0}])
    assert code_of(lambda: create(client, client_token="t")) is None
    (made,) = snapshots(simulator)
    assert create(client, client_token="t") == made
    assert len(snapshots(simulator)) == 1
    assert [entry["replayed"] for entry in simulator.log(op="CreateSnapshot")] == [False, True]


def test_the_same_client_token_with_other_parameters_is_refused(client: Any, simulator: Simulator) -> None:
    create(client, client_token="t")
    assert code_of(lambda: create(client, client_token="t", description="another")) == "IdempotentParameterMismatch"


def test_a_refused_request_does_not_use_up_its_client_token(client: Any, simulator: Simulator) -> None:
    first = create(client)
    assert code_of(lambda: create(client, client_token="t")) == "IncorrectDiskStatus.CreatingSnapshot"
    simulator.advance(1000)
    assert create(client, client_token="t") != first


def test_accepted_work_can_be_made_to_fail_later(client: Any, simulator: Simulator) -> None:
    simulator.faults([{"op": "CreateSnapshot", "kind": "fail_work"}, {"op": "StopInstance", "kind": "fail_work"}])
    made = create(client)
    client.stop_instance(ecs.StopInstanceRequest(instance_id="i-web"))
    simulator.advance(1000)
    assert (snapshots(simulator)[made]["status"], snapshots(simulator)[made]["available"]) == ("failed", False)
    assert simulator.state()["regions"][REGION]["instances"]["i-web"]["status"] == "Running"


def test_faults_of_the_fleet_strike_again_after_a_reset(client: Any, simulator: Simulator) -> None:
    for _try in range(2):
        assert code_of(lambda: client.describe_regions(ecs.DescribeRegionsRequest())) == "ServiceUnavailable"
        assert client.describe_regions(ecs.DescribeRegionsRequest()).body.regions.region[0].region_id == REGION
        simulator.reset()


def test_a_fault_strikes_the_calls_it_was_planned_for() -> None:
    plan = FaultPlan((
        Fault("ResetDisk", "throttle", {"DiskId": "d-2"}, skip=1, times=2),
        Fault("*", "error500", skip=5),
    ))  # fmt: skip
    calls = [("ResetDisk", "d-1"), *[("ResetDisk", "d-2")] * 4, ("StopInstance", "d-2"), ("StopInstance", "d-2")]
    struck = [plan.strike(op, {"DiskId": disk}) for op, disk in calls]
    kinds = [one.kind if one else None for one in struck]
    assert kinds == [None, None, "throttle", "throttle", None, "error500", None]


def test_calls_over_the_quota_fail_until_the_next_minute(connect: Any, simulator: Simulator) -> None:
    def ask(region: str = REGION) -> None:
        connect(region).describe_instance_status(ecs.DescribeInstanceStatusRequest(region_id=region))

    for _try in range(3):
        ask()
    assert code_of(ask) == "Throttling.User"
    ask("cn-beijing")
    simulator.advance(60)
    ask()


def test_quotas_count_each_account_for_itself() -> None:
    quotas = Quotas({"ResetDisk": 1})
    quotas.take("one", REGION, "ResetDisk", 0)
    quotas.take("two", REGION, "ResetDisk", 0)
    with pytest.raises(Exception, match="Throttling"):
        quotas.take("one", REGION, "ResetDisk", 59)


def test_the_log_tells_what_happened_to_each_request(client: Any, simulator: Simulator) -> None:
    made = create(client, client_token="t")
    code_of(lambda: create(client))
    code_of(lambda: client.stop_instance(ecs.StopInstanceRequest(instance_id="i-web", dry_run=True)))
    client.stop_instance(ecs.StopInstanceRequest(instance_id="i-web"))
    first, second, dry, stop = simulator.log()
    assert (first["op"], first["region"], first["status"], first["code"]) == ("CreateSnapshot", REGION, 200, "")
    assert (first["client_token"], first["ids"]) == ("t", {"DiskId": "d-web", "SnapshotId": made})
    assert first["account"] == simulator.account.access_key_id
    assert (second["status"], second["code"]) == (403, "IncorrectDiskStatus.CreatingSnapshot")
    assert (dry["mutating"], stop["mutating"]) == (False, True)
    assert stop["notes"] == ["stop of i-web while a snapshot is being created"]
    assert simulator.count("CreateSnapshot") == 2
    assert len(simulator.mutating()) == 3


def test_time_runs_at_the_rate_of_the_fleet_and_never_backwards() -> None:
    wall = [100.0]
    clock = Clock(rate=600, base=1000, wall=lambda: wall[0])
    wall[0] += 2
    assert clock.now() == 2200
    clock.advance(5)
    assert clock.now() == 2205
    with pytest.raises(ValueError, match="backwards"):
        clock.advance(-1)
