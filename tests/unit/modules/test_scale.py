"""A large wave costs few calls, also where the account is limited."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from simulator.pytest_plugin import Simulator, start

COUNT = 250
DISKS = [{"type": "system", "category": "cloud_essd", "size_gib": 40}]
FLEET: dict[str, Any] = {
    "clock_rate": 6000,
    "quota": {"CreateSnapshot": 100},
    "regions": {"cn-hangzhou": {"instances": [{"name": "web", "count": COUNT, "disks": DISKS}]}},
}


@pytest.fixture
def sim() -> Iterator[Simulator]:
    running = start(FLEET)
    yield running
    assert running.schema_failures() == []
    assert running.stop() == 0


def test_a_wave_of_hundreds_needs_few_reads_and_one_snapshot_each(run, sim, fast):
    found = run("ecs_instance_info")["instances"]
    assert len(found) == COUNT and all(len(one["disks"]) == 1 for one in found)
    wave = [{"id": one["instance_id"]} for one in found]
    asked = run("ecs_instance_info", instances=wave)
    assert asked["api_calls"] == {"DescribeDisks": 1, "DescribeInstances": 3}

    made = run("ecs_snapshot", instances=wave, run_id="r1", **fast)
    assert all(one["complete"] for one in made["results"])
    snapshots = sim.state()["regions"]["cn-hangzhou"]["snapshots"]
    assert len(snapshots) == COUNT and len({one["disk_id"] for one in snapshots.values()}) == COUNT
    assert made["api_calls"]["DescribeInstances"] == 3 and made["api_calls"]["DescribeDisks"] == 1

    before = len(sim.mutating())
    assert not run("ecs_snapshot", instances=wave, run_id="r1", **fast)["changed"]
    assert len(sim.mutating()) == before

    stopped = run("ecs_power", instances=wave, state="stopped", **fast)
    assert {one["status"] for one in stopped["results"]} == {"Stopped"}
    assert stopped["api_calls"]["StopInstances"] == 3
    reset = run("ecs_disk_reset", instances=wave, run_id="r1", **fast)
    assert all(one["disks"][0]["reset"] for one in reset["results"])
    assert sim.count("ResetDisk") == COUNT

    tagged = run("ecs_tag", instances=wave, tags={"wave": "1"})
    assert tagged["api_calls"] == {"ListTagResources": 5, "TagResources": 5}
