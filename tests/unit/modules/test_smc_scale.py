"""A large wave costs few calls of Server Migration Center, and never more jobs run than the account may."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from simulator.pytest_plugin import Simulator, start

COUNT = 120
FLEET: dict[str, Any] = {
    "clock_rate": 6000,
    "assistant": {"answers": [{"match": "client", "effect": "smc_import", "code": r"(?m)^at-.*\n(\S+)$"}]},
    "regions": {"cn-hangzhou": {"instances": [{"name": "web", "count": COUNT, "system": "centos8"}]}},
}
COMMAND = "client <<'EOF'\n@TOKEN_ID@\n@CODE@\nEOF\n"


@pytest.fixture
def sim() -> Iterator[Simulator]:
    running = start(FLEET)
    yield running
    assert running.schema_failures() == []
    assert running.stop() == 0


def test_a_wave_is_imported_and_migrated_with_few_calls(run, sim, fast):
    wave = [{"id": one["instance_id"]} for one in run("ecs_instance_info", disks=False)["instances"]]
    imported = run("smc_import", instances=wave, run_id="r1", command=COMMAND, **fast)
    assert all(one["state"] == "Available" for one in imported["results"])
    calls = imported["api_calls"]
    assert (calls["RunCommand"], calls["smc.CreateAccessToken"], calls["DescribeInstances"]) == (2, 1, 2)

    made = run("smc_job", jobs=wave, run_id="r1", target="alinux3", state="present", **fast)
    assert made["api_calls"] == {
        "DescribeInstances": 2,
        "smc.CreateReplicationJob": COUNT,
        # The run, its sources in threes of fifty, and the new jobs.
        "smc.DescribeReplicationJobs": 7,
        "smc.DescribeSourceServers": 3,
    }
    ended = run(
        "smc_job", jobs=wave, run_id="r1", target="alinux3", max_running=50, wait_interval=0.1, wait_timeout=120
    )
    assert {one["status"] for one in ended["results"]} == {"Finished"}
    jobs = sim.state()["smc"]["jobs"].values()
    assert ended["api_calls"]["smc.StartReplicationJob"] == COUNT == len(jobs)
    runs = [job["runs"][0] for job in jobs]
    assert max(sum(one["start"] <= other["start"] < one["end"] for one in runs) for other in runs) <= 50
    assert (
        run("ecs_power", instances=wave, state="stopped", wait=False)["api_calls"]["smc.DescribeReplicationJobs"] == 1
    )
    gone = run("smc_job", run_id="r1", state="absent", **fast)
    assert all(one["changed"] for one in gone["results"]) and not sim.state()["smc"]["jobs"]
