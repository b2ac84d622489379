"""What changes between two calls, and instances in an odd state: the item says so, and the others go on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.client import Api, Settings
from simulator.pytest_plugin import Simulator, start

ESSD = {"category": "cloud_essd", "size_gib": 40}
SYSTEM = {"type": "system", **ESSD}
CODE = r"(?m)^at-.*\n(\S+)$"
COMMAND = "timeout 60 client <<'EOF'\n@TOKEN_ID@\n@CODE@\nEOF\n"
FLEET: dict[str, Any] = {
    "clock_rate": 6000,
    "timing": {"snapshot_base_s": 30, "snapshot_per_gib_s": 1, "stop_s": 20, "start_s": 20, "reset_s": 60, "release_s": 1},
    "assistant": {"answers": [{"match": "timeout 60 client", "effect": "smc_import", "code": CODE}]},
    "smc": {
        "quota": {"jobs": 2},
        "sources": [
            *({"name": name, "instance_id": f"i-{name}", "ipv4": f"10.1.0.{index}", "system": "centos8"}
              for index, name in enumerate(("one", "two", "three"))),
            *({"name": name, "hostname": "same", "ipv4": ""} for name in ("twin-a", "twin-b")),
        ],
    },
    "regions": {
        "cn-hangzhou": {
            "image_quota": 2,
            "instances": [
                *({"name": name, "instance_id": f"i-{name}", "private_ip": f"10.1.0.{index}", "system": "centos8",
                   "disks": [{**SYSTEM, "disk_id": f"d-{name}"}]}
                  for index, name in enumerate(("one", "two", "three"))),
                {"name": "new", "instance_id": "i-new"},
                {"name": "same", "hostname": "same", "instance_id": "i-same"},
                {"name": "spot", "instance_id": "i-spot", "spot_strategy": "SpotAsPriceGo"},
                {"name": "shut", "instance_id": "i-shut", "operation_locks": ["security"]},
                {"name": "owes", "instance_id": "i-owes", "operation_locks": ["financial"], "status": "Stopped"},
                {"name": "off", "instance_id": "i-off", "status": "Stopped"},
                {"name": "bare", "instance_id": "i-bare", "disks": [{**SYSTEM, "disk_id": "d-bare"}]},
                {"name": "local", "instance_id": "i-local", "disks": [
                    SYSTEM, {"type": "data", "category": "local_ssd_pro", "size_gib": 894, "disk_id": "d-local"}]},
                {"name": "shared", "instance_id": "i-shared", "disks": [
                    SYSTEM, {"type": "data", **ESSD, "multi_attach": True, "disk_id": "d-shared"}]},
                {"name": "secret", "instance_id": "i-secret", "disks": [SYSTEM, {"type": "data", **ESSD, "encrypted": True}]},
            ],
        },
    },
}  # fmt: skip
RUN = {"run_id": "r1"}
JOB = {"run_id": "r1", "target": "alinux3"}
REPORT = {"on_item_error": "report"}
Meanwhile = Callable[..., None]


@pytest.fixture(scope="module")
def simulator_process() -> Iterator[Simulator]:
    running = start(FLEET)
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="module")
def frozen_process() -> Iterator[Simulator]:
    running = start({**FLEET, "clock_rate": 0})
    yield running
    assert running.stop() == 0


frozen = pytest.mark.parametrize("sim", ["frozen_process"], indirect=True)


def ids(*names: str) -> list[dict[str, str]]:
    return [{"id": name} for name in names]


@pytest.fixture
def other(sim: Simulator) -> Callable[[str, dict[str, Any]], Any]:
    """What somebody else calls, with another client."""
    account = sim.account
    api = Api(
        Settings(account.access_key_id, account.access_key_secret, ecs_endpoint=f"{sim.endpoint}/r/{{region}}",
                 smc_endpoint=f"{sim.endpoint}/smc")
    )  # fmt: skip
    return lambda operation, params, product="ecs": api.call(operation, "cn-hangzhou", params, product=product)


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch, sim: Simulator) -> Meanwhile:
    """meanwhile(operation, action): the action happens just before the module's first (or a later) such call."""

    def plan(operation: str, action: Callable[[], Any], skip: int = 0) -> None:
        left, real = [skip], Api.call

        def call(self: Api, name: str, *args: Any, **more: Any) -> Any:
            if name == operation and left[0] >= 0:
                left[0] -= 1
                if left[0] < 0:
                    action()
            return real(self, name, *args, **more)

        monkeypatch.setattr(Api, "call", call)

    return plan


def release(other: Any, instance: str) -> Callable[[], Any]:
    return lambda: other("DeleteInstances", {"InstanceId": [instance], "Force": True})


def codes(answer: dict[str, Any]) -> list[str | None]:
    assert "results" in answer, answer["msg"]
    assert "Traceback" not in json.dumps(answer)
    return [(one["error"] or {}).get("code") for one in answer["results"]]


def told(answer: dict[str, Any], index: int = 0) -> str:
    error = answer["results"][index]["error"]
    return f"{answer['results'][index]} {error['message']} {error['hint'] or ''}"


# What is gone by the next call


@pytest.mark.parametrize("gone", ["i-one", "i-spot"])
def test_an_instance_released_before_the_stop_costs_the_others_nothing(run, sim, fast, other, meanwhile, gone):
    meanwhile("StopInstances", release(other, gone))
    answer = run("ecs_power", instances=ids(gone, "i-two"), state="stopped", **REPORT, **fast)
    assert codes(answer)[1] is None and answer["results"][1]["status"] == "Stopped"
    assert codes(answer)[0] in ("InvalidInstanceId.NotFound", "IncorrectInstanceStatus", "ResourceGone")
    assert gone in told(answer) and answer["results"][0]["error"]["hint"]


@pytest.mark.parametrize("gone", ["i-one", "i-spot"])
def test_an_instance_released_during_the_wait_ends_it_and_is_not_called_late(run, sim, fast, other, meanwhile, gone):
    meanwhile("DescribeInstances", lambda: (sim.advance(60), release(other, gone)(), sim.advance(60)), skip=1)
    answer = run("ecs_power", instances=ids(gone, "i-two"), state="stopped", **REPORT, **fast)
    assert codes(answer) == ["ResourceGone", None]
    assert "Somebody released or deleted it" in told(answer) and "spot instance" in told(answer)


def test_an_instance_released_before_its_snapshot_costs_the_others_nothing(run, sim, fast, other, meanwhile):
    meanwhile("CreateSnapshot", lambda: (release(other, "i-one")(), sim.advance(60)))
    answer = run("ecs_snapshot", instances=ids("i-one", "i-two"), **RUN, **REPORT, **fast)
    assert codes(answer) == ["InvalidDiskId.NotFound", None] and answer["results"][1]["complete"]
    assert not answer["results"][0]["complete"] and "its instance released" in told(answer)


def test_a_disk_that_vanishes_during_its_reset_is_not_called_reset(run, sim, fast, other, meanwhile):
    run("ecs_snapshot", instances=ids("i-one", "i-two"), wait_for="accomplished", **RUN, **fast)
    run("ecs_power", instances=ids("i-one", "i-two"), state="stopped", **fast)
    meanwhile("ResetDisk", lambda: (release(other, "i-one")(), sim.advance(60)))
    answer = run("ecs_disk_reset", instances=ids("i-one", "i-two"), **RUN, **REPORT, **fast)
    assert codes(answer) == ["InvalidDiskId.NotFound", None] and answer["results"][1]["disks"][0]["reset"]
    assert not answer["results"][0]["disks"][0]["reset"] and not answer["results"][0]["changed"]


def test_a_snapshot_that_somebody_deletes_during_the_wait_is_not_called_late(run, sim, fast, other, meanwhile):
    def delete() -> None:
        found = sim.state()["regions"]["cn-hangzhou"]["snapshots"]
        for key, one in found.items():
            if one["disk_id"] == "d-one":
                other("DeleteSnapshot", {"SnapshotId": key, "Force": True})

    meanwhile("DescribeSnapshots", delete, skip=3)
    slow = {**fast, "wait_for": "accomplished"}
    answer = run("ecs_snapshot", instances=ids("i-one", "i-two"), **RUN, **REPORT, **slow)
    assert codes(answer) == ["ResourceGone", None] and not answer["results"][0]["complete"]


@pytest.mark.parametrize("change", ["detached", "replaced"])
def test_a_disk_detached_or_replaced_since_its_snapshot_stops_the_reset_of_its_instance(
    run, sim, fast, monkeypatch, change
):
    run("ecs_snapshot", instances=ids("i-one", "i-two"), wait_for="accomplished", **RUN, **fast)
    run("ecs_power", instances=ids("i-one", "i-two"), state="stopped", **fast)
    real = Api.call

    def call(self: Api, name: str, *args: Any, **more: Any) -> Any:
        # The simulator does not model DetachDisk and ReplaceSystemDisk: its answer is made as after them.
        answer = real(self, name, *args, **more)
        disks = answer.get("Disks", {}).get("Disk", [])
        for disk in list(disks):
            if disk["DiskId"] == "d-one" and change == "detached":
                disks.remove(disk)
            elif disk["DiskId"] == "d-one":
                disk["DiskId"] = "d-fresh"
        return answer

    monkeypatch.setattr(Api, "call", call)
    for check in (True, False):
        answer = run("ecs_disk_reset", instances=ids("i-one", "i-two"), check=check, **RUN, **REPORT, **fast)
        assert codes(answer) == ["IncompleteRestorePoint", None] and answer["results"][1]["changed"]
        assert ("d-one" if change == "detached" else "d-fresh") in told(answer) and "exclude_disks" in told(answer)
    assert sim.count("ResetDisk") == 1


# Instances in an odd state


@pytest.mark.parametrize(
    ("module", "given", "odd", "code", "words"),
    [
        ("ecs_snapshot", RUN, "i-shut", "InstanceLockedForSecurity", "unlocked"),
        ("ecs_power", {"state": "stopped"}, "i-shut", "InstanceLockedForSecurity", "unlocked"),
        ("ecs_power", {"state": "rebooted"}, "i-shut", "InstanceLockedForSecurity", "unlocked"),
        ("ecs_power", {"state": "started"}, "i-owes", "InstanceExpired", "Renew"),
        ("ecs_power", {"state": "rebooted"}, "i-off", "IncorrectInstanceStatus", "state=started"),
        ("ecs_snapshot", {**RUN, "exclude_disks": ["d-bare"]}, "i-bare", "NoDisks", "exclude_disks"),
        ("ecs_snapshot", RUN, "i-local", "LocalDisk", "d-local"),
        ("ecs_snapshot", {**RUN, "group": "always"}, "i-shared", "GroupNotPossible", "group=auto"),
        ("ecs_image", RUN, "i-shut", "InstanceLockedForSecurity", "unlocked"),
        ("smc_job", {**JOB, "state": "present"}, "i-same", "AmbiguousSource", "source_id"),
        ("smc_job", {**JOB, "state": "present"}, "i-new", "SourceNotFound", "smc_import"),
        ("smc_import", {**RUN, "command": COMMAND}, "i-off", "IncorrectInstanceStatus", "ecs_power"),
        ("smc_import", {**RUN, "command": COMMAND}, "i-same", "AmbiguousSource", "smc_source"),
    ],
)  # fmt: skip
def test_an_instance_in_an_odd_state_says_which_and_what_to_do(run, sim, fast, module, given, odd, code, words):
    good = "i-off" if given.get("state") == "started" else "i-one"
    items = [{"id": one, **({"mode": "instance"} if module == "ecs_image" else {})} for one in (odd, good)]
    option = {"ecs_image": "sources", "smc_job": "jobs"}.get(module, "instances")
    run(module, check=True, **{option: items}, **given, **REPORT, **fast)
    assert not sim.mutating()
    answer = run(module, **{option: items}, **given, **REPORT, **fast)
    assert codes(answer) == [code, None] and answer["results"][1]["changed"]
    assert odd in told(answer) and words in told(answer)
    again = run(module, **{option: items}, **given, **fast)
    assert again["failed"] and odd in again["msg"] and code in again["msg"] and "1 of 2 items failed" in again["msg"]


def test_disks_with_multi_attach_or_encryption_are_snapshotted_one_by_one_or_in_a_group(run, sim, fast):
    answer = run("ecs_snapshot", instances=ids("i-shared", "i-secret"), **RUN, **REPORT, **fast)
    assert codes(answer) == [None, None] and all(one["complete"] for one in answer["results"])
    groups = [{snapshot["group_id"] for snapshot in one["snapshots"]} for one in answer["results"]]
    assert groups[0] == {None} and len(groups[1]) == 1 and None not in groups[1]


@frozen
def test_an_instance_in_the_middle_of_a_reboot_is_not_snapshotted_and_says_so(run, sim, fast):
    run("ecs_power", instances=ids("i-one"), state="rebooted", wait=False, **fast)
    answer = run("ecs_snapshot", instances=ids("i-one", "i-two"), wait=False, **RUN, **REPORT, **fast)
    assert codes(answer) == ["IncorrectInstanceStatus", None] and answer["results"][1]["changed"]
    assert "in a state that does not allow this" in told(answer)
    again = run("ecs_power", instances=ids("i-one"), state="rebooted", wait=False, **REPORT, **fast)
    assert codes(again) == ["IncorrectInstanceStatus"] and "is Starting, not Running" in told(again)
    assert sim.count("RebootInstances") == 1


# Sources, jobs and tokens of others


def test_a_source_deleted_while_its_job_is_made_costs_the_others_nothing(run, sim, fast, other, meanwhile):
    source = next(key for key, one in sim.state()["smc"]["sources"].items() if one["instance_id"] == "i-one")
    meanwhile(
        "CreateReplicationJob", lambda: (other("DeleteSourceServer", {"SourceId": source}, "smc"), sim.advance(60))
    )
    answer = run("smc_job", jobs=ids("i-one", "i-two"), state="present", **JOB, **REPORT, **fast)
    assert codes(answer)[1] is None and answer["results"][1]["job_id"]
    assert codes(answer)[0] == "InvalidSourceId.NotFound" and "i-one" in told(answer)
    assert "smc_import" in told(answer)


def test_a_job_that_somebody_deletes_while_we_wait_is_told_at_once(run, sim, fast, other, meanwhile):
    def delete() -> None:
        job = next(key for key, one in sim.state()["smc"]["jobs"].items() if "i-one" in one["name"])
        other("DeleteReplicationJob", {"JobId": job}, "smc")
        sim.advance(60)

    meanwhile("StartReplicationJob", delete)
    answer = run("smc_job", jobs=ids("i-one", "i-two"), **JOB, **REPORT, **fast)
    assert codes(answer)[1] is None and answer["results"][1]["status"] == "Finished"
    assert codes(answer)[0] == "InvalidJobId.NotFound" and "Somebody deleted" in told(answer)


def test_a_token_taken_away_during_the_import_is_a_failed_import_that_says_so(run, sim, fast, other, meanwhile):
    def delete() -> None:
        for key in sim.state()["smc"]["tokens"]:
            other("DeleteAccessToken", {"AccessTokenId": key}, "smc")

    meanwhile("RunCommand", delete)
    answer = run("smc_import", instances=ids("i-new", "i-one"), command=COMMAND, **RUN, **REPORT, **fast)
    assert codes(answer)[1] is None and codes(answer)[0] == "ImportFailed"
    assert "i-new" in told(answer) and answer["results"][0]["error"]["hint"] and not answer["results"][0]["changed"]
