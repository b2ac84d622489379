# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet that goes by Server Migration Center and Cloud Assistant alone, also when everything goes wrong once."""

from __future__ import annotations

import re
import signal
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from harness import Cloud
from metadata import MetadataCloud
from simulator.faults import KINDS
from simulator.pytest_plugin import every_fault

PRECHECK = "alicloud.os_migration.precheck"
SMC = {"engine": "smc", "smc_client_url": "https://mirror.example/go2aliyun_client_linux_x86_64.tar.gz"}
FleetOf = Callable[..., MetadataCloud]


@pytest.fixture
def fleet_of() -> Iterator[FleetOf]:
    with ExitStack() as stack:
        yield lambda count, **options: stack.enter_context(MetadataCloud(count, **options))


def state_of(cloud: Cloud, kind: str) -> list[dict[str, Any]]:
    """All objects of a kind in all regions."""
    return [one for region in cloud.state()["regions"].values() for one in region[kind].values()]


def assert_nothing_is_double_lost_or_untagged(cloud: Cloud) -> str:
    """Returns the run's id."""
    run_id = str(cloud.report()["run"]["run_id"])
    tag = ("os_migration_run_id", run_id)
    own = [one for one in state_of(cloud, "snapshots") if not one["name"].startswith("SMC_Backup_Snapshot_")]
    assert all(tag in one["tags"].items() for one in own)
    per_disk = Counter(one["disk_id"] for one in own)
    assert set(per_disk.values()) == {1}, "a disk has two restore points"
    assert len(per_disk) == 2 * len(cloud.hosts), "a disk has no restore point"
    smc = cloud.state()["smc"]
    jobs, sources = list(smc["jobs"].values()), list(smc["sources"].values())
    assert all(tag in one["tags"].items() for one in (*jobs, *sources))
    assert max(Counter(one["source_id"] for one in jobs).values()) == 1, "a source has two jobs"
    assert len(sources) == len(jobs) == len(cloud.hosts)
    assert smc["tokens"] == {}, "an access token was left behind"
    return run_id


def operation(request: dict[str, Any]) -> str:
    return request["op"] if request["product"] == "ecs" else f"{request['product']}.{request['op']}"


def tags_of(cloud: Cloud) -> Counter[str]:
    return Counter(one["tags"].get("os_migration_state", "") for one in state_of(cloud, "instances"))


def migrate_without_faults(cloud: Cloud) -> Counter[str]:
    """The calls of a run in which nothing goes wrong."""
    done = cloud.playbook(**SMC)
    assert done.returncode == 0, done.stdout + done.stderr
    assert set(cloud.outcomes().values()) == {"migrated"}
    assert_nothing_is_double_lost_or_untagged(cloud)
    assert tags_of(cloud) == {"migrated": len(cloud.hosts)}
    return Counter(map(operation, cloud.requests()))


def migrate_under_faults(cloud: Cloud, calls: Counter[str], turn: int) -> set[tuple[str, str]]:
    """Every operation meets faults that a program can survive, and the end is the same. Returns which met which."""
    cloud.faults(every_fault(sorted(calls), gap=10, turn=turn))
    done = cloud.playbook(env={"ALICLOUD_THROTTLE_WAIT_SECONDS": "0.2"}, **SMC)
    assert cloud.outcomes() and set(cloud.outcomes().values()) == {"migrated"}, done.stdout + done.stderr
    assert_nothing_is_double_lost_or_untagged(cloud)
    requests = cloud.requests()
    struck = [one for one in requests if one["fault"]]
    assert {operation(one) for one in struck} == set(calls), "an operation met no fault"
    assert len(requests) - len(struck) <= 1.5 * sum(calls.values()) + len(struck)
    return {(operation(one), str(one["fault"])) for one in struck}


@pytest.mark.full
def test_a_fleet_in_three_regions_ends_migrated_also_when_every_operation_meets_a_fault(fleet_of: FleetOf) -> None:
    calls = migrate_without_faults(fleet_of(3))
    migrate_under_faults(fleet_of(3), calls, 7)


@pytest.mark.full
def test_two_hundred_instances_in_three_regions_end_migrated_also_under_faults(fleet_of: FleetOf) -> None:
    calls = migrate_without_faults(fleet_of(200))
    migrate_under_faults(fleet_of(200), calls, 0)


@pytest.mark.full
def test_a_fleet_ends_migrated_whichever_fault_meets_whichever_operation(fleet_of: FleetOf) -> None:
    calls = migrate_without_faults(fleet_of(3))
    wanted = {(one["product"], one["op"], one["kind"]) for one in every_fault(sorted(calls))}
    wanted = {(op if product == "ecs" else f"{product}.{op}", kind) for product, op, kind in wanted}
    met: set[tuple[str, str]] = set()
    for turn in range(len(KINDS)):
        if met >= wanted:
            break
        with MetadataCloud(3) as cloud:
            met |= migrate_under_faults(cloud, calls, turn)
    assert wanted - met == set()


@pytest.mark.full
@pytest.mark.parametrize("op", ["CreateAccessToken", "TagResources", "CreateReplicationJob", "StartReplicationJob"])
def test_a_controller_killed_right_after_a_call_leaves_nothing_double_or_lost(op: str, fleet_of: FleetOf) -> None:
    cloud = fleet_of(3, regions=("cn-hangzhou",))
    cloud.faults(
        [{"op": op, "product": "smc", "kind": "kill_client", "when": "after", "skip": 1 if "Job" in op else 0}]
    )
    command = cloud.command(target="alinux3", accept_risks=True, **SMC)
    play = subprocess.Popen(
        command, cwd=cloud.directory, env=cloud.environment(), start_new_session=True,
        stdout=(cloud.directory / "first.log").open("wb"), stderr=subprocess.STDOUT,
    )  # fmt: skip
    cloud.simulator("client", {"pid": -play.pid})
    assert play.wait(300) == -signal.SIGKILL, (cloud.directory / "first.log").read_text()
    done = cloud.playbook(**SMC)
    assert set(cloud.outcomes().values()) == {"migrated"}, done.stdout + done.stderr
    assert_nothing_is_double_lost_or_untagged(cloud)


@pytest.mark.full
def test_a_job_that_fails_takes_its_host_back_and_says_why_and_the_others_go_on(fleet_of: FleetOf) -> None:
    cloud = fleet_of(4, regions=("cn-hangzhou",))
    cloud.faults(
        [{"op": "StartReplicationJob", "kind": "job_error", "times": 1, "code": "M199", "phase": "Processing"}]
    )
    done = cloud.playbook(smc_retries=0, **SMC)
    outcomes = Counter(cloud.outcomes().values())
    assert outcomes == {"migrated": 3, "rolled_back": 1}, done.stdout + done.stderr
    (failed,) = [host for host in cloud.report()["hosts"] if host["outcome"] == "rolled_back"]
    assert failed["failure"]["step"] == "smc_job" and "M199" in failed["failure"]["message"]
    systems = Counter(one["system"] for one in state_of(cloud, "instances"))
    assert systems == {"alinux3": 3, "centos8": 1}


@pytest.mark.full
def test_a_job_that_outlasts_the_wait_is_left_alone_and_taken_up_by_the_same_command(fleet_of: FleetOf) -> None:
    cloud = fleet_of(2, clock_rate=60, regions=("cn-hangzhou",))
    first = cloud.playbook(smc_job_timeout=5, **SMC)
    assert set(cloud.outcomes().values()) == {"held"}, first.stdout + first.stderr
    assert tags_of(cloud) == {"migrating": 2}
    assert "StopInstances" not in cloud.mutating()
    second = cloud.playbook(**SMC)
    assert set(cloud.outcomes().values()) == {"migrated"}, second.stdout + second.stderr
    assert_nothing_is_double_lost_or_untagged(cloud)


def test_the_precheck_of_a_fleet_is_one_command_for_all_hosts_of_a_region(fleet_of: FleetOf) -> None:
    cloud = fleet_of(12)
    done = cloud.playbook(PRECHECK, accept_risks=None, **SMC)
    assert done.returncode == 0 and set(cloud.outcomes().values()) == {"eligible"}, done.stdout + done.stderr
    commands = [one for one in cloud.requests() if one["op"] == "RunCommand"]
    assert len(commands) == 3, "one command for each region"
    # The program is larger than a command may be, so that it travels to all hosts of a region beside it, and is removed there.
    assert set(cloud.mutating()) == {"RunCommand", "SendFile"}
    assert len([one for one in cloud.requests() if one["op"] == "SendFile"]) == 3


def test_check_mode_makes_no_source_and_no_job(fleet_of: FleetOf) -> None:
    cloud = fleet_of(3)
    done = cloud.playbook("alicloud.os_migration.migrate", "--check", accept_risks=None, **SMC)
    assert set(cloud.outcomes().values()) == {"planned"}, done.stdout + done.stderr
    assert set(cloud.mutating()) == {"RunCommand", "SendFile"}, "only the read-only probe"
    assert any("migration source" in line for line in cloud.report()["hosts"][0]["plan"])


@pytest.mark.full
def test_credentials_that_expire_in_mid_run_drop_no_host_and_the_same_command_goes_on(fleet_of: FleetOf) -> None:
    account = {"access_key_id": "LTAIsimulator", "access_key_secret": "simulator-secret", "security_token": "first"}
    cloud = fleet_of(3, fleet={"accounts": [account]})
    cloud.faults([{"op": "StartReplicationJob", "kind": "sts_expired", "times": 1, "skip": 1}])
    first = cloud.playbook(env={"ALIBABA_CLOUD_SECURITY_TOKEN": "first"}, **SMC)
    assert first.returncode != 0 and "InvalidSecurityToken" in first.stdout
    assert set(cloud.outcomes().values()) <= {"held", "not_started"}, first.stdout + first.stderr
    cloud.simulator("token", {"security_token": "second"})
    second = cloud.playbook(env={"ALIBABA_CLOUD_SECURITY_TOKEN": "second"}, **SMC)
    assert set(cloud.outcomes().values()) == {"migrated"}, second.stdout + second.stderr
    assert_nothing_is_double_lost_or_untagged(cloud)


def test_no_client_to_import_with_is_said_before_anything_is_done(fleet_of: FleetOf) -> None:
    cloud = fleet_of(1)
    done = cloud.playbook(engine="smc")
    assert done.returncode != 0 and re.search("os_migration_smc_client_url", done.stdout)
    assert cloud.requests() == []
