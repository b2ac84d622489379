"""With real hosts behind it, an API state must not run ahead of what was really done to the host."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from alibabacloud_ecs20140526 import models as ecs
from alibabacloud_ecs20140526.client import Client
from alibabacloud_tea_openapi.models import Config

from simulator.pytest_plugin import Simulator, start

REGION = "cn-hangzhou"
# Writes down what it is asked, then waits for a file `go`; a file `fail` makes it fail. `&` leaves a daemon behind that
# holds its output open, as the driver of a virtual machine does.
DRIVER = """#!/bin/sh
sleep 30 &
printf '%s\\n' "$*" >> "$(dirname "$0")/asked"
while [ ! -e "$(dirname "$0")/go" ]; do sleep 0.02; done
if [ -e "$(dirname "$0")/fail" ]; then echo "no room left" >&2; kill $!; exit 3; fi
kill $!
"""


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[tuple[Simulator, Client, Path]]:
    driver = tmp_path / "driver.sh"
    driver.write_text(DRIVER)
    driver.chmod(0o755)
    disks = [
        {"type": kind, "size_gib": 20, "category": "cloud_essd", "disk_id": f"d-{kind}", "driver_disk": f"{kind}.img"}
        for kind in ("system", "data")
    ]
    host = {"name": "web", "instance_id": "i-web", "driver_host": "host1", "disks": disks}
    fleet = {
        "clock_rate": 0,
        "driver": {"command": ["/bin/sh", str(driver)]},
        "regions": {REGION: {"instances": [host]}},
    }
    running = start(fleet)
    key, secret = running.account.access_key_id, running.account.access_key_secret
    endpoint = running.ecs_endpoint(REGION)
    client = Client(Config(access_key_id=key, access_key_secret=secret, endpoint=endpoint, protocol="http"))
    yield running, client, tmp_path
    if running.process.poll() is None:  # a test may have stopped it
        assert running.schema_failures() == []
        running.stop()


def wait_for(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not what():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)


def asked(path: Path) -> list[str]:
    return (path / "asked").read_text().splitlines() if (path / "asked").exists() else []


def region(simulator: Simulator) -> dict[str, Any]:
    found: dict[str, Any] = simulator.state()["regions"][REGION]
    return found


def driven(simulator: Simulator) -> int:
    return len(simulator.log(event="driver"))


def test_a_snapshot_is_not_accomplished_before_the_driver_has_made_it(bench: Any) -> None:
    simulator, client, path = bench
    made = client.create_snapshot(ecs.CreateSnapshotRequest(disk_id="d-system")).body.snapshot_id
    simulator.advance(10_000)
    wait_for(lambda: asked(path) == [f"snapshot host1 system.img {made}"])
    request = ecs.DescribeSnapshotsRequest(region_id=REGION)
    one = client.describe_snapshots(request).body.snapshots.snapshot[0]
    assert (one.status, one.progress, one.available) == ("progressing", "99%", False)
    (path / "go").touch()
    wait_for(lambda: driven(simulator) == 1)
    one = client.describe_snapshots(request).body.snapshots.snapshot[0]
    assert (one.status, one.progress, one.available) == ("accomplished", "100%", True)


def test_the_api_waits_for_virtual_time_though_the_driver_is_done(bench: Any) -> None:
    simulator, client, path = bench
    (path / "go").touch()
    client.stop_instance(ecs.StopInstanceRequest(instance_id="i-web"))
    wait_for(lambda: driven(simulator) == 1)
    assert region(simulator)["instances"]["i-web"]["status"] == "Stopping"
    simulator.advance(30)
    assert region(simulator)["instances"]["i-web"]["status"] == "Stopped"


def test_a_whole_roll_back_reaches_the_host_in_order(bench: Any) -> None:
    simulator, client, path = bench
    (path / "go").touch()
    group = ecs.CreateSnapshotGroupRequest(region_id=REGION, instance_id="i-web")
    group_id = client.create_snapshot_group(group).body.snapshot_group_id
    system, data = region(simulator)["snapshots"]

    def step(action: Any, request: Any, jobs: int) -> None:
        simulator.advance(1000)
        action(request)
        wait_for(lambda: driven(simulator) == jobs)

    wait_for(lambda: driven(simulator) == 2)
    step(client.stop_instance, ecs.StopInstanceRequest(instance_id="i-web", force_stop=True), 3)
    step(client.reset_disk, ecs.ResetDiskRequest(disk_id="d-system", snapshot_id=system), 4)
    step(client.start_instance, ecs.StartInstanceRequest(instance_id="i-web"), 5)
    step(client.reboot_instance, ecs.RebootInstanceRequest(instance_id="i-web"), 6)
    delete = ecs.DeleteSnapshotGroupRequest(region_id=REGION, snapshot_group_id=group_id)
    step(client.delete_snapshot_group, delete, 8)
    assert asked(path) == [
        f"snapshot host1 system.img {system}",
        f"snapshot host1 data.img {data}",
        "power host1 force-off",
        f"restore host1 system.img {system}",
        "power host1 on",
        "power host1 reboot",
        f"drop {system}",
        f"drop {data}",
    ]


def test_a_driver_that_fails_fails_the_snapshot_and_leaves_the_instance_as_it_was(bench: Any) -> None:
    simulator, client, path = bench
    (path / "fail").touch()
    (path / "go").touch()
    made = client.create_snapshot(ecs.CreateSnapshotRequest(disk_id="d-system")).body.snapshot_id
    client.stop_instance(ecs.StopInstanceRequest(instance_id="i-web"))
    wait_for(lambda: driven(simulator) == 2)
    simulator.advance(1000)
    assert region(simulator)["snapshots"][made]["status"] == "failed"
    assert region(simulator)["instances"]["i-web"]["status"] == "Running"
    failures = simulator.state()["driver_failures"]
    assert [one["error"] for one in failures] == ["exit status 3: no room left"] * 2


def test_requests_are_answered_while_the_driver_works(bench: Any) -> None:
    simulator, client, path = bench
    client.stop_instance(ecs.StopInstanceRequest(instance_id="i-web"))
    wait_for(lambda: len(asked(path)) == 1)
    assert client.describe_regions(ecs.DescribeRegionsRequest()).status_code == 200
    (path / "go").touch()
    wait_for(lambda: driven(simulator) == 1)


def test_work_asked_for_before_a_reset_does_not_show_after_it(bench: Any) -> None:
    simulator, client, path = bench
    client.stop_instance(ecs.StopInstanceRequest(instance_id="i-web"))
    wait_for(lambda: len(asked(path)) == 1)
    simulator.reset()
    client.create_snapshot(ecs.CreateSnapshotRequest(disk_id="d-system"))
    (path / "go").touch()
    wait_for(lambda: driven(simulator) == 1)
    assert [one["verb"] for one in simulator.log(event="driver")] == ["snapshot"]


def test_a_stopped_simulator_leaves_no_driver_running(bench: Any) -> None:
    simulator, client, path = bench
    client.stop_instance(ecs.StopInstanceRequest(instance_id="i-web"))
    wait_for(lambda: len(asked(path)) == 1)
    assert simulator.stop() == 0
    mine = str(path / "driver.sh").encode()
    assert not any(mine in _command(pid) for pid in os.listdir("/proc") if pid.isdigit())


def _command(pid: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def test_a_missing_driver_command_fails_the_work_and_says_why(tmp_path: Path) -> None:
    host = {"name": "web", "instance_id": "i-web", "driver_host": "h", "disks": [{"type": "system"}]}
    running = start(
        {"clock_rate": 0, "driver": {"command": ["/none/such"]}, "regions": {REGION: {"instances": [host]}}}
    )
    key, secret = running.account.access_key_id, running.account.access_key_secret
    options = {"endpoint": running.ecs_endpoint(REGION), "protocol": "http"}
    client = Client(Config(access_key_id=key, access_key_secret=secret, **options))
    client.stop_instance(ecs.StopInstanceRequest(instance_id="i-web"))
    wait_for(lambda: driven(running) == 1)
    assert "No such file" in json.dumps(running.log(event="driver"))
    running.stop()
