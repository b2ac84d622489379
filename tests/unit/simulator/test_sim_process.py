"""The process: what people and scripts that start it rely on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from alibabacloud_ecs20140526 import models as ecs
from alibabacloud_ecs20140526.client import Client
from alibabacloud_tea_openapi.models import Config

from simulator import fleet, schema
from simulator.operations import OPERATIONS
from simulator.pytest_plugin import TESTS, start

REGION = "cn-hangzhou"
FLEET: dict[str, Any] = {"regions": {REGION: {"instances": [{"name": "web", "count": 3}]}}}


def launch(tmp_path: Path, *options: str, document: Any = None) -> subprocess.Popen[str]:
    path = tmp_path / "fleet.yml"
    path.write_text(yaml.safe_dump(document or FLEET))
    command = [sys.executable, "-m", "simulator", "serve", "--fleet", str(path), *options]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=TESTS, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_cleanly_on_a_signal(tmp_path: Path, number: signal.Signals) -> None:
    process = launch(tmp_path)
    assert process.stdout and process.stdout.readline().startswith("ready http://127.0.0.1:")
    process.send_signal(number)
    output, errors = process.communicate(timeout=30)
    assert (process.returncode, output, errors) == (0, "", "")


def test_it_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    process = launch(tmp_path, "--stdin-guard")
    assert process.stdout and process.stdout.readline()
    _output, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (0, "")


def test_the_written_environment_leads_a_shell_to_it(tmp_path: Path) -> None:
    process = launch(tmp_path, "--write-env", str(tmp_path / "env"))
    assert process.stdout
    endpoint = process.stdout.readline().split()[1]
    names = ["ALICLOUD_ECS_ENDPOINT", "ALICLOUD_SMC_ENDPOINT", "ALICLOUD_SLB_ENDPOINT", "ALIBABA_CLOUD_ACCESS_KEY_ID"]
    script = '. "$1"; printf "%s\\n" ' + " ".join(f'"${name}"' for name in names)
    told = subprocess.run(["sh", "-c", script, "sh", str(tmp_path / "env")], capture_output=True, text=True, check=True)
    regional = f"{endpoint}/r/{{region}}"
    assert told.stdout.splitlines() == [regional, f"{endpoint}/smc", regional, "simulator-access-key-id"]
    process.terminate()
    process.communicate(timeout=30)


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ({"regions": {}}, "at least one region"),
        ({**FLEET, "colour": "red"}, "fleet: unknown colour"),
        ({**FLEET, "faults": [{"op": "ResetDisk", "kind": "flood"}]}, "'flood' is none of"),
        ({**FLEET, "driver": {"command": []}}, "no command"),
        ({"regions": {REGION: {"instances": [{"name": "a", "disc": 1}]}}}, "instance: unknown disc"),
        ({"regions": {REGION: {"instances": [{"name": "a"}, {"name": "a"}]}}}, "two instances are"),
        ({"regions": {REGION: {"instances": [{"count": 2}]}}}, "an instance has no name"),
        ({"regions": {REGION: {"instances": [{"name": "a", "disks": [{"type": "tape"}]}]}}}, "neither system nor data"),
    ],
)
def test_a_mistake_in_the_fleet_is_named(document: Any, says: str) -> None:
    with pytest.raises(fleet.FleetError, match=says):
        fleet.build(fleet.settings(document), 0.0)


def test_a_mistake_in_the_fleet_ends_the_process_with_one_line(tmp_path: Path) -> None:
    process = launch(tmp_path, document={"regions": {REGION: {"instances": [{"name": "a", "disc": 1}]}}})
    _output, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (1, "simulator: instance: unknown disc\n")


def test_the_log_file_has_one_json_object_for_each_request(tmp_path: Path) -> None:
    running = start(FLEET, log=tmp_path / "requests.jsonl")
    key, secret = running.account.access_key_id, running.account.access_key_secret
    options = {"endpoint": running.ecs_endpoint(REGION), "protocol": "http"}
    client = Client(Config(access_key_id=key, access_key_secret=secret, **options))
    request_id = client.describe_regions(ecs.DescribeRegionsRequest()).body.request_id
    running.stop()
    (line,) = (tmp_path / "requests.jsonl").read_text().splitlines()
    assert (json.loads(line)["op"], json.loads(line)["request_id"]) == ("DescribeRegions", request_id)


def test_a_long_request_line_is_taken(tmp_path: Path) -> None:
    running = start(FLEET)
    key, secret = running.account.access_key_id, running.account.access_key_secret
    options = {"endpoint": running.ecs_endpoint(REGION), "protocol": "http"}
    client = Client(Config(access_key_id=key, access_key_secret=secret, **options))
    pattern = "*" + "x" * 100_000
    request = ecs.DescribeInstancesRequest(region_id=REGION, instance_name=pattern)
    assert client.describe_instances(request).body.total_count == 0
    running.stop()


def test_the_same_fleet_gives_the_same_ids_and_another_seed_others() -> None:
    def ids(**more: Any) -> list[str]:
        return list(fleet.build(fleet.settings({**FLEET, **more}), 0.0).regions[REGION].instances)

    assert ids() == ids()
    assert not set(ids()) & set(ids(seed=2))


def test_schemas_are_made_anew_where_no_cache_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = list(OPERATIONS)
    known = schema.load(wanted)
    monkeypatch.setenv("OS_MIGRATION_CACHE", str(tmp_path))
    assert schema.load(wanted[:2]) | schema.load(wanted) == known
    assert schema.cache_file().parent.parent == tmp_path
    assert os.listdir(schema.cache_file().parent) == [schema.cache_file().name]
