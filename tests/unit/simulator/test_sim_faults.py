"""Each planned fault, met by the unmodified SDK: what the client gets to see, and what has become of the world."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from alibabacloud_ecs20140526 import models as ecs
from alibabacloud_smc20190601 import models as smc
from alibabacloud_smc20190601.client import Client as SmcClient
from alibabacloud_tea_openapi.models import Config

from simulator import faults
from simulator.faults import KINDS, Fault, FaultPlan
from simulator.operations import OPERATIONS
from simulator.pytest_plugin import TESTS, Simulator, every_fault, start

REGION = "cn-hangzhou"
FLEET: dict[str, Any] = {
    "clock_rate": 0,
    "clock_base": 1_800_000_000,
    "accounts": [
        {"access_key_id": "plain", "access_key_secret": "plain-secret"},
        {"access_key_id": "sts", "access_key_secret": "sts-secret", "security_token": "sts-token"},
    ],
    "regions": {
        REGION: {
            "instances": [
                {"name": "web", "instance_id": "i-web", "disks": [
                    {"type": "system", "size_gib": 40, "category": "cloud_essd", "disk_id": "d-web"}]},
                {"name": "off", "instance_id": "i-off", "status": "Stopped"},
            ]
        }
    },
}  # fmt: skip
STS = {"access_key_id": "sts", "access_key_secret": "sts-secret", "security_token": "sts-token"}


@pytest.fixture
def center(simulator: Simulator) -> SmcClient:
    endpoint = f"{simulator.endpoint.removeprefix('http://')}/smc"
    keys = {"access_key_id": "plain", "access_key_secret": "plain-secret"}
    return SmcClient(Config(endpoint=endpoint, protocol="http", **keys))


def create(client: Any, **more: Any) -> str:
    made: str = client.create_snapshot(ecs.CreateSnapshotRequest(disk_id="d-web", **more)).body.snapshot_id
    return made


def listed(client: Any, **more: Any) -> list[Any]:
    request = ecs.DescribeSnapshotsRequest(region_id=REGION, **more)
    found: list[Any] = client.describe_snapshots(request).body.snapshots.snapshot
    return found


def status(client: Any) -> str:
    request = ecs.DescribeInstancesRequest(region_id=REGION, instance_ids='["i-web"]')
    found: str = client.describe_instances(request).body.instances.instance[0].status
    return found


def snapshots(simulator: Simulator) -> dict[str, Any]:
    found: dict[str, Any] = simulator.state()["regions"][REGION]["snapshots"]
    return found


def outcome(action: Any) -> str:
    """What a program can tell of a call: its answer came, an error code, or how no answer came."""
    try:
        action()
    except Exception as error:
        code = getattr(error, "code", None)
        if code:
            return str(code)
        return "not json" if "Failed to parse the value as json" in str(error) else "no answer"
    return "answered"


SEEN = {
    "throttle": "Throttling.User",
    "throttle_after_hint": "Throttling.User",
    "error500": "InternalError",
    "error503": "ServiceUnavailable",
    "bad_gateway": "not json",
    "reset_before": "no answer",
    "hang_before": "no answer",
    "forbidden": "Forbidden.RAM",
    "arrears": "InvalidAccountStatus.NotEnoughBalance",
    "error500_after": "InternalError",
    "error503_after": "ServiceUnavailable",
    "bad_gateway_after": "not json",
    "reset_after": "no answer",
    "hang_after": "no answer",
    "empty": "not json",
    "duplicate": "SignatureNonceUsed",
    "slow": "answered",
}
# The others have a test of their own below, or, for migration jobs, beside those of Server Migration Center.
ELSEWHERE = {"no_stock", "sts_expired", "stale", "lag", "fail_work", "fail_at", "stuck", "kill_client", "job_error"}


def test_no_kind_of_fault_is_left_untested() -> None:
    assert SEEN.keys() | ELSEWHERE == KINDS.keys()


def test_no_kind_of_fault_is_left_undocumented() -> None:
    section = (TESTS / "simulator" / "README.md").read_text().partition("### Faults")[2].partition("\n### ")[0]
    rows = {name for row in re.findall(r"^\| (`.+?) \|", section, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}
    assert rows == set(KINDS)


@pytest.mark.parametrize("kind", SEEN)
def test_the_client_sees_a_fault_and_the_world_knows_whether_the_call_was_carried_out(
    client: Any, simulator: Simulator, kind: str
) -> None:
    simulator.faults([{"op": "CreateSnapshot", "kind": kind, "seconds": 0.1}])
    assert outcome(lambda: create(client, client_token="t")) == SEEN[kind]
    done = len(snapshots(simulator))
    assert done == int(KINDS[kind].done)
    (entry,) = simulator.log(fault=kind)
    assert (entry["done"], bool(entry["ids"].get("SnapshotId"))) == (bool(done), bool(done))
    assert simulator.struck() == [{"op": "CreateSnapshot", "kind": kind, "seen": 1, "struck": 1}]
    # The same call again, with the same token, always ends with exactly one snapshot.
    assert create(client, client_token="t") in snapshots(simulator)
    assert len(snapshots(simulator)) == 1


def test_a_throttle_with_a_hint_tells_how_long_to_wait(client: Any, simulator: Simulator) -> None:
    simulator.faults([{"op": "DescribeRegions", "kind": "throttle_after_hint", "seconds": 1.5}])
    with pytest.raises(Exception) as caught:
        client.describe_regions(ecs.DescribeRegionsRequest())
    error: Any = caught.value
    assert (type(error).__name__, error.status_code, error.retry_after) == ("ThrottlingException", 429, 1500)


@pytest.mark.parametrize("kind", ["hang_before", "hang_after"])
def test_a_client_that_waits_too_short_hears_nothing(connect: Any, simulator: Simulator, kind: str) -> None:
    simulator.faults([{"op": "CreateSnapshot", "kind": kind, "seconds": 30}])
    assert outcome(lambda: create(connect(read_timeout=200))) == "no answer"
    assert len(snapshots(simulator)) == int(kind == "hang_after")


def test_a_slow_answer_is_too_late_for_a_client_in_a_hurry(connect: Any, simulator: Simulator) -> None:
    simulator.faults([{"op": "CreateSnapshot", "kind": "slow", "seconds": 30}])
    assert outcome(lambda: create(connect(read_timeout=200))) == "no answer"
    assert len(snapshots(simulator)) == 1


def test_a_hanging_answer_does_not_keep_the_simulator_from_ending(tmp_path: Path) -> None:
    running = start(FLEET)
    running.faults([{"op": "DescribeRegions", "kind": "hang_before", "seconds": 600}])
    script = (
        "import sys, os; sys.path.insert(0, sys.argv[1])\n"
        "from alibabacloud_ecs20140526.client import Client, main_models as ecs\n"
        "from alibabacloud_tea_openapi.models import Config\n"
        "client = Client(Config(access_key_id='plain', access_key_secret='plain-secret', protocol='http',\n"
        "                       endpoint=sys.argv[2], read_timeout=60000))\n"
        "print('asking', flush=True)\n"
        "client.describe_regions(ecs.DescribeRegionsRequest())\n"
    )
    command = [sys.executable, "-c", script, str(TESTS), running.ecs_endpoint(REGION)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as asking:
        while not running.count("DescribeRegions"):
            assert asking.poll() is None
        assert running.stop() == 0
        asking.kill()


def test_no_stock_refuses_the_start_and_nothing_else(client: Any, simulator: Simulator) -> None:
    simulator.faults([{"op": "*", "kind": "no_stock"}])
    create(client)
    request = ecs.StartInstancesRequest(region_id=REGION, instance_id=["i-off"])
    assert outcome(lambda: client.start_instances(request)) == "OperationDenied.NoStock"
    assert simulator.state()["regions"][REGION]["instances"]["i-off"]["status"] == "Stopped"
    assert outcome(lambda: client.start_instances(request)) == "answered"


@pytest.mark.parametrize(
    ("op", "code"), [("ResetDisk", "InstanceExpiredOrInArrears"), ("StartInstance", "InsufficientBalance")]
)
def test_an_account_without_money_is_told_so_in_the_words_of_the_operation(op: str, code: str) -> None:
    error = faults.error_of(Fault(op, "arrears"), op)
    assert error is not None and (error.status, error.code) == (403, code)


def test_a_token_expires_in_the_middle_until_there_is_a_new_one(connect: Any, simulator: Simulator) -> None:
    simulator.faults([{"op": "CreateSnapshot", "kind": "sts_expired"}])
    client = connect(**STS)
    assert outcome(lambda: listed(client)) == "answered"
    assert outcome(lambda: create(client)) == "InvalidSecurityToken.Expired"
    assert outcome(lambda: listed(client)) == "InvalidSecurityToken.Expired"
    assert not snapshots(simulator)
    simulator._call("token", {"access_key_id": "sts", "security_token": "second"})
    assert outcome(lambda: create(client)) == "InvalidSecurityToken.Expired"
    assert outcome(lambda: create(connect(**{**STS, "security_token": "second"}))) == "answered"


def test_an_account_without_a_token_has_none_that_could_expire(client: Any, simulator: Simulator) -> None:
    simulator.faults([{"op": "DescribeRegions", "kind": "sts_expired"}])
    call = partial(client.describe_regions, ecs.DescribeRegionsRequest())
    assert outcome(call) == "SimulatorNotModelled"


def test_what_was_created_is_not_seen_before_its_time(client: Any, simulator: Simulator) -> None:
    simulator.faults([{"op": "CreateSnapshot", "kind": "lag", "seconds": 40}])
    made = create(client)
    assert made in snapshots(simulator)
    assert listed(client) == listed(client, snapshot_ids=f'["{made}"]') == []
    simulator.advance(39)
    assert listed(client) == []
    simulator.advance(2)
    assert [one.snapshot_id for one in listed(client)] == [made]


def test_a_group_lags_behind_together_with_its_snapshots(client: Any, simulator: Simulator) -> None:
    simulator.faults([{"op": "Create*", "kind": "lag", "seconds": 40}])
    client.create_snapshot_group(ecs.CreateSnapshotGroupRequest(region_id=REGION, instance_id="i-web"))

    def groups() -> list[Any]:
        asked = ecs.DescribeSnapshotGroupsRequest(region_id=REGION)
        found: list[Any] = client.describe_snapshot_groups(asked).body.snapshot_groups.snapshot_group
        return found

    assert groups() == listed(client) == []
    simulator.advance(41)
    assert len(groups()) == len(listed(client)) == 1


HERE = {"region_id": REGION}


def make_image(client: Any, center: Any) -> None:
    client.create_image(ecs.CreateImageRequest(**HERE, instance_id="i-off"))


def make_instances(client: Any, center: Any) -> None:
    vswitch = client.describe_vswitches(ecs.DescribeVSwitchesRequest(**HERE)).body.v_switches.v_switch[0].v_switch_id
    image = client.describe_images(ecs.DescribeImagesRequest(**HERE)).body.images.image[0].image_id
    group = client.describe_security_groups(ecs.DescribeSecurityGroupsRequest(**HERE)).body
    client.run_instances(ecs.RunInstancesRequest(
        **HERE, image_id=image, instance_type="ecs.g6.large", v_switch_id=vswitch,
        security_group_id=group.security_groups.security_group[0].security_group_id))  # fmt: skip


def make_invocation(client: Any, center: Any) -> None:
    run = {"type": "RunShellScript", "command_content": "true", "instance_id": ["i-web"]}
    client.run_command(ecs.RunCommandRequest(**HERE, **run))


def make_token(client: Any, center: Any) -> None:
    center.create_access_token(smc.CreateAccessTokenRequest(name="run", count="1"))


@pytest.mark.parametrize(
    ("make", "look"),
    [
        (make_image, lambda client, center: client.describe_images(
            ecs.DescribeImagesRequest(**HERE, image_owner_alias="self", status="Creating,Available")).body.images.image),
        (make_image, lambda client, center: listed(client)),
        (make_instances, lambda client, center: client.describe_instances(
            ecs.DescribeInstancesRequest(**HERE)).body.instances.instance[2:]),
        (make_instances, lambda client, center: client.describe_disks(
            ecs.DescribeDisksRequest(**HERE)).body.disks.disk[2:]),
        (make_invocation, lambda client, center: client.describe_invocations(
            ecs.DescribeInvocationsRequest(**HERE)).body.invocations.invocation),
        (make_invocation, lambda client, center: client.describe_invocation_results(
            ecs.DescribeInvocationResultsRequest(**HERE)).body.invocation.invocation_results.invocation_result),
        (make_token, lambda client, center: center.list_access_tokens(
            smc.ListAccessTokensRequest()).body.access_tokens.access_token),
    ],
    ids=["image", "snapshots of an image", "instance", "disks of an instance", "invocation", "result", "token"],
)  # fmt: skip
def test_whatever_is_created_lags_behind(client: Any, center: Any, simulator: Simulator, make: Any, look: Any) -> None:
    simulator.faults([{"op": pattern, "kind": "lag", "seconds": 40} for pattern in ("Create*", "Run*")])
    make(client, center)
    assert not look(client, center)
    simulator.advance(41)
    assert look(client, center)


def test_a_migration_job_lags_behind(client: Any, center: Any, simulator: Simulator) -> None:
    token = center.create_access_token(smc.CreateAccessTokenRequest(name="run", count="1")).body
    source = simulator.smc_import(token.access_token_code, "i-web")
    simulator.advance(1000)
    simulator.faults([{"op": "CreateReplicationJob", "kind": "lag", "seconds": 40}])
    target = json.dumps({"TargetOsType": "Alibaba Cloud Linux 3"})
    new = {"source_id": source, "job_type": 1, "replication_parameters": target, "name": "job"}
    job = center.create_replication_job(smc.CreateReplicationJobRequest(**HERE, **new)).body.job_id
    ask = smc.DescribeReplicationJobsRequest(**HERE, job_id=[job])
    assert not center.describe_replication_jobs(ask).body.replication_jobs.replication_job
    simulator.advance(41)
    assert center.describe_replication_jobs(ask).body.replication_jobs.replication_job[0].job_id == job


def test_a_command_that_gets_stuck_is_cut_off_by_its_time_limit(client: Any, center: Any, simulator: Simulator) -> None:
    simulator.faults([{"op": "RunCommand", "kind": "stuck"}])
    make_invocation(client, center)
    ask = ecs.DescribeInvocationResultsRequest(**HERE)
    seen = []
    for _look in range(2):
        simulator.advance(50)
        results = client.describe_invocation_results(ask).body.invocation.invocation_results
        seen.append(results.invocation_result[0].invocation_status)
    assert seen == ["Running", "Timeout"]


def test_what_was_there_before_is_seen_while_something_new_lags_behind(client: Any, simulator: Simulator) -> None:
    first = create(client)
    simulator.advance(1000)
    simulator.faults([{"op": "CreateSnapshot", "kind": "lag"}])
    create(client)
    assert [one.snapshot_id for one in listed(client)] == [first]
    assert status(client) == "Running"


def test_a_stale_answer_shows_the_state_of_the_time_before_once(client: Any, simulator: Simulator) -> None:
    simulator.faults([{"op": "Describe*", "kind": "stale"}])
    assert status(client) == "Running"
    client.stop_instance(ecs.StopInstanceRequest(instance_id="i-web"))
    simulator.advance(1000)
    assert listed(client) == []  # never asked before: it cannot be stale, and does not use the fault up
    assert [status(client), status(client)] == ["Running", "Stopped"]


def test_stuck_work_is_accepted_and_never_ends(client: Any, simulator: Simulator) -> None:
    simulator.faults([{"op": "CreateSnapshot", "kind": "stuck"}, {"op": "StopInstance", "kind": "stuck"}])
    made = create(client)
    client.stop_instance(ecs.StopInstanceRequest(instance_id="i-web"))
    simulator.advance(10 * 86400)
    (seen,) = listed(client)
    assert (seen.snapshot_id, seen.status, seen.progress, seen.available) == (made, "progressing", "99%", False)
    assert status(client) == "Stopping"


def test_a_snapshot_can_fail_on_its_way(client: Any, simulator: Simulator) -> None:
    simulator.faults([{"op": "CreateSnapshot", "kind": "fail_at", "percent": 37}])
    create(client)
    seen: list[tuple[str, str, bool]] = []
    for _tick in range(12):
        simulator.advance(10)
        (one,) = listed(client)
        seen.append((one.status, one.progress, one.available))
    assert seen[0] == ("progressing", "8%", False)
    assert seen[-1] == ("failed", "37%", False)
    assert [progress for state, progress, _available in seen if state == "failed"] == ["37%"] * 8


def test_accepted_work_that_fails_later_is_told_apart_from_a_call_without_any(
    client: Any, simulator: Simulator
) -> None:
    simulator.faults([{"op": "TagResources", "kind": "fail_work"}])
    tag = ecs.TagResourcesRequestTag(key="a", value="b")
    client.tag_resources(
        ecs.TagResourcesRequest(region_id=REGION, resource_type="instance", resource_id=["i-web"], tag=[tag])
    )
    assert simulator.log()[0]["notes"] == ["nothing of this call can fail later"]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("by", ["rule", "registered", "group"])
def test_the_client_can_be_killed_before_or_after_its_call_arrived(
    client: Any, simulator: Simulator, when: str, by: str
) -> None:
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as victim:
        rule: dict[str, Any] = {"op": "CreateSnapshot", "kind": "kill_client", "when": when}
        if by == "registered":
            simulator.client(victim.pid)
        else:
            rule["pid"] = -victim.pid if by == "group" else victim.pid
        simulator.faults([rule])
        assert outcome(lambda: create(client)) == "no answer"
        assert victim.wait(10) == -9
    assert len(snapshots(simulator)) == int(when == "after")


def test_nobody_is_killed_where_no_client_is_known(client: Any, simulator: Simulator) -> None:
    simulator.faults([{"op": "CreateSnapshot", "kind": "kill_client", "when": "before"}])
    assert outcome(lambda: create(client)) == "no answer"
    assert simulator.log()[0]["code"] == "SimulatorNotModelled"


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ({"op": "CreateSnapshot", "kind": "flood"}, "'flood' is none of"),
        ({"op": "CreateSnapshott", "kind": "throttle"}, "happens to no operation"),
        ({"op": "CreateSnapshot", "kind": "stale"}, "happens to no operation"),
        ({"op": "DescribeSnapshots", "kind": "lag"}, "happens to no operation"),
        ({"op": "CreateSnapshot", "product": "smc", "kind": "throttle"}, "happens to no operation"),
        ({"op": "CreateSnapshot", "kind": "throttle", "probability": 7}, "probability"),
        ({"op": "CreateSnapshot", "kind": "fail_at", "percent": 100}, "percent"),
        ({"op": "CreateSnapshot", "kind": "kill_client", "pid": 1}, "pid"),
        ({"op": "CreateSnapshot", "kind": "kill_client", "when": "never"}, "before or after"),
    ],
)
def test_a_rule_that_could_never_strike_is_refused(simulator: Simulator, rule: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        simulator.faults([rule])


def test_a_pattern_strikes_all_operations_of_its_product_that_fit() -> None:
    plan = FaultPlan((Fault("*agResources", "throttle", product="smc", times=9),))
    calls = [
        ("ecs", "TagResources"),
        ("smc", "TagResources"),
        ("smc", "DescribeSourceServers"),
        ("smc", "UntagResources"),
    ]
    assert [bool(plan.strike(op, {}, product=product)) for product, op in calls] == [False, True, False, True]


def test_chance_strikes_as_often_as_told_and_the_same_calls_each_time() -> None:
    def struck(**more: Any) -> list[int]:
        plan = FaultPlan((Fault("*", "throttle", probability=0.07, **more),))
        return [number for number in range(5000) if plan.strike("ResetDisk", {})]

    assert struck() == struck()
    assert struck() != struck(seed=2)
    assert 280 < len(struck()) < 420
    assert struck(times=3) == struck()[:3]
    assert struck(skip=100) == [number for number in struck() if number >= 100]


READS, CHANGES = "DescribeSnapshots", "CreateSnapshot"


@pytest.mark.parametrize("turn", [0, 3])
def test_a_program_that_retries_gets_through_every_fault_planned_for_it(
    client: Any, simulator: Simulator, turn: int
) -> None:
    simulator.faults(every_fault([READS, CHANGES], turn=turn, seconds=0.05))

    def insist(action: Any) -> None:
        for _try in range(3):
            if outcome(action) == "answered":
                return
        pytest.fail("three failures in a row")

    kinds = len(KINDS)
    for number in range(kinds):
        insist(lambda number=number: create(client, client_token=f"t{number}"))
        simulator.advance(1000)
        insist(lambda: listed(client))
    assert all(rule["struck"] == 1 for rule in simulator.struck())
    assert len(snapshots(simulator)) == kinds  # none was lost, none was made twice


def test_every_fault_is_planned_where_it_can_happen_and_only_those_that_are_survived() -> None:
    planned = {op: [rule["kind"] for rule in every_fault([op])] for op in (READS, CHANGES, "smc.TagResources")}
    assert {"stale", "slow", "throttle", "bad_gateway"} <= set(planned[READS])
    assert not {"lag", "reset_after", "error500_after"} & set(planned[READS])
    assert {"lag", "reset_after", "hang_after", "empty", "duplicate", "error503_after"} <= set(planned[CHANGES])
    assert "lag" not in planned["smc.TagResources"]
    everything = {kind for kinds in planned.values() for kind in kinds}
    assert not everything & {"forbidden", "no_stock", "arrears", "sts_expired", "kill_client", "stuck", "fail_at"}
    assert [rule["kind"] for rule in every_fault([READS], turn=1)] == planned[READS][1:] + planned[READS][:1]
    assert all(every_fault([name if product == "ecs" else f"{product}.{name}"]) for product, name in OPERATIONS)
