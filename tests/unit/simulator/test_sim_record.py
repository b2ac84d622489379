"""Recording and replaying: the way to compare the simulator with the real service without giving an account away."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from alibabacloud_ecs20140526 import models as ecs
from alibabacloud_ecs20140526.client import Client
from alibabacloud_smc20190601 import models as smc
from alibabacloud_smc20190601.client import Client as SmcClient
from alibabacloud_tea_openapi.models import Config

from simulator.fleet import settings
from simulator.pytest_plugin import TESTS, start
from simulator.replay import Exchange, compare, read, replay, unaccepted
from simulator.scrub import Scrubber, filled

REGION = "cn-hangzhou"
KEYS = {
    "access_key_id": "recorded-key-id",
    "access_key_secret": "recorded-key-secret",
    "security_token": "recorded-token",
}
FLEET: dict[str, Any] = {
    "clock_rate": 0,
    "clock_base": 1_800_000_000,
    "accounts": [KEYS],
    "regions": {REGION: {"instances": [
        {"name": "payroll", "hostname": "payroll.corp", "instance_id": "i-secretpayroll", "private_ip": "10.77.3.9",
         "public_ip": "47.96.1.2", "tags": {"owner": "alice"},
         "disks": [{"type": "system", "disk_id": "d-secretpayroll", "size_gib": 40, "category": "cloud_essd"}]},
        {"name": "idle", "status": "Stopped", "tags": {"owner": "bob"}}]}},
}  # fmt: skip
COMMAND = base64.b64encode(b"echo a word that must not get out").decode()
# What belongs to the account and must not be in any trace.
PRIVATE = [
    *KEYS.values(), "payroll", "secretpayroll", "10.77.3.9", "47.96.1.2", "alice", "bob", "before the change", COMMAND,
    "my-token", "Signature", "nonce", "echo",
]  # fmt: skip


@contextmanager
def process(*arguments: str) -> Iterator[str]:
    """A command of the simulator that runs until its standard input ends; gives its address."""
    pipe = subprocess.PIPE
    line = [sys.executable, "-m", "simulator", *arguments, "--stdin-guard"]
    with subprocess.Popen(line, cwd=TESTS, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as running:
        assert running.stdout
        yield running.stdout.readline().split()[1]
        _output, errors = running.communicate(timeout=20)
        assert (running.returncode, errors) == (0, "")


def command(folder: Path, trace: Path, *options: str) -> subprocess.CompletedProcess[str]:
    (folder / "fleet.yml").write_text(yaml.safe_dump(FLEET, sort_keys=False))
    line = [sys.executable, "-m", "simulator", "replay", "--trace", str(trace)]
    line += ["--fleet", str(folder / "fleet.yml"), *options]
    return subprocess.run(line, cwd=TESTS, capture_output=True, text=True, timeout=60, check=False)


def differences(trace: Path, rate: float = 1) -> list[str]:
    found = asyncio.run(replay(read(trace), settings(FLEET), rate))
    return [f"{number} {line}" for number, line in found]


def use(client: Client, center: SmcClient) -> None:
    """What a run does, with success and failure, names, addresses, tags, tokens and a command."""
    page = client.describe_instances(ecs.DescribeInstancesRequest(region_id=REGION, max_results=10)).body
    web = page.instances.instance[0].instance_id
    request = ecs.DescribeInstancesRequest(region_id=REGION, instance_ids=json.dumps([web]), instance_name="payroll")
    assert client.describe_instances(request).body.total_count == 1
    disk = client.describe_disks(ecs.DescribeDisksRequest(region_id=REGION, instance_id=web)).body.disks.disk[0].disk_id
    tag = ecs.CreateSnapshotRequestTag(key="owner", value="alice")
    create = ecs.CreateSnapshotRequest(
        disk_id=disk,
        snapshot_name="payroll-before",
        description="before the change",
        client_token="my-token",
        tag=[tag],
    )
    made = client.create_snapshot(create).body.snapshot_id
    assert client.create_snapshot(create).body.snapshot_id == made
    client.describe_snapshots(ecs.DescribeSnapshotsRequest(region_id=REGION, snapshot_ids=json.dumps([made])))
    with pytest.raises(Exception, match="IncorrectInstanceStatus"):
        client.reset_disk(ecs.ResetDiskRequest(disk_id=disk, snapshot_id=made))
    run = ecs.RunCommandRequest(
        region_id=REGION, instance_id=[web], type="RunShellScript", command_content=COMMAND, content_encoding="Base64"
    )
    client.run_command(run)
    center.create_access_token(smc.CreateAccessTokenRequest(name="payroll-token", count="1", time_to_live_in_days="1"))
    center.describe_source_servers(smc.DescribeSourceServersRequest())


def clients(**options: Any) -> tuple[Client, SmcClient]:
    return Client(Config(**KEYS, region_id=REGION, **options)), SmcClient(Config(**KEYS, region_id=REGION, **options))


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trace of the simulator in the place of the real service, as a client of the real service makes it."""
    path = tmp_path_factory.mktemp("trace") / "trace.jsonl"
    real = start(FLEET)
    with process("record", "--out", str(path), "--upstream", real.endpoint) as proxy:
        use(*clients(protocol="http", http_proxy=proxy))
    assert real.schema_failures() == []
    real.stop()
    return path


def test_a_trace_replayed_by_what_it_was_recorded_from_shows_no_difference(trace: Path, tmp_path: Path) -> None:
    done = command(tmp_path, trace)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "10 requests, 0 differences, 0 accepted\n"


def test_nothing_of_the_account_is_in_a_trace(trace: Path) -> None:
    text = trace.read_text()
    assert [word for word in PRIVATE if word in text] == []
    assert stat.S_IMODE(trace.stat().st_mode) == 0o600


def test_a_trace_still_tells_what_was_called_and_about_what(trace: Path) -> None:
    entries = [json.loads(line) for line in trace.read_text().splitlines()]
    create = next(one for one in entries if one["action"] == "CreateSnapshot")
    asked = next(one for one in entries if one["action"] == "DescribeSnapshots")
    reset = next(one for one in entries if one["action"] == "ResetDisk")
    run = next(one for one in entries if one["action"] == "RunCommand")
    made = create["answer"]["SnapshotId"]
    assert made.startswith("s-p") and json.loads(asked["parameters"]["SnapshotIds"]) == [made]
    assert reset["parameters"] == {"DiskId": create["parameters"]["DiskId"], "SnapshotId": made}
    assert (reset["status"], reset["answer"]["Code"]) == (403, "IncorrectInstanceStatus")
    assert (reset["product"], reset["region"]) == ("ecs", REGION)
    assert run["parameters"]["Type"] == "RunShellScript"
    assert run["parameters"]["CommandContent"].startswith(f"dropped: {len(COMMAND)} characters, sha256 ")
    token = next(one for one in entries if one["action"] == "CreateAccessToken")
    assert (token["product"], token["answer"]["AccessTokenCode"]) == ("smc", "removed")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda one: one.update(status=400), "4 CreateSnapshot: status 200, recorded 400"),
        (lambda one: one["answer"].pop("SnapshotId"), "4 CreateSnapshot: answer.SnapshotId: string, recorded nothing"),
        (
            lambda one: one["answer"].update(New=[{"A": 1}]),
            "4 CreateSnapshot: answer.New[].A: nothing, recorded integer",
        ),
        (
            lambda one: one["answer"].update(SnapshotId=7),
            "4 CreateSnapshot: answer.SnapshotId: string, recorded integer",
        ),
    ],
    ids=["status", "too much", "too little", "type"],
)
def test_a_service_that_answers_otherwise_is_found_out(trace: Path, tmp_path: Path, change: Any, says: str) -> None:
    entries = [json.loads(line) for line in trace.read_text().splitlines()]
    assert entries[3]["action"] == "CreateSnapshot"
    change(entries[3])
    bent = tmp_path / "bent.jsonl"
    bent.write_text("".join(json.dumps(one) + "\n" for one in entries))
    assert says in differences(bent)


def test_the_exit_status_tells_whether_a_difference_is_known(trace: Path, tmp_path: Path) -> None:
    bent = tmp_path / "bent.jsonl"
    bent.write_text(trace.read_text().replace('"status": 403', '"status": 409'))
    done = command(tmp_path, bent)
    says = "7 ResetDisk: status 403 IncorrectInstanceStatus, recorded 409"
    assert (done.returncode, done.stdout.splitlines()) == (1, [says])
    known = tmp_path / "known"
    known.write_text(f"# seen in the wild\n{says.partition(' ')[2]}\n")
    done = command(tmp_path, bent, "--accept", str(known))
    assert (done.returncode, done.stderr) == (0, "10 requests, 0 differences, 1 accepted\n")


def test_another_error_code_is_a_difference_and_another_message_is_none() -> None:
    recorded = Exchange(1, 0.0, "ecs", "ResetDisk", "", None, {}, 403, {"Code": "A", "Message": "one"})
    assert compare(recorded, 403, {"Code": "A", "Message": "two"}) == []
    assert compare(recorded, 403, {"Code": "B", "Message": "one"}) == ["ResetDisk: code B, recorded A"]
    assert compare(recorded, 403, None) == [
        "ResetDisk: code None, recorded A",
        "ResetDisk: answer: null, recorded object",
        "ResetDisk: answer.Code: nothing, recorded string",
        "ResetDisk: answer.Message: nothing, recorded string",
    ]


def test_only_differences_that_are_named_are_accepted(tmp_path: Path) -> None:
    known = tmp_path / "known"
    known.write_text("A: answer.B[].C: nothing, recorded string\n\n# a remark\nD: *\n")
    lines = [
        (1, "A: answer.B[].C: nothing, recorded string"),
        (2, "A: answer.B[].C: nothing, recorded null"),
        (3, "D: code 1"),
    ]
    assert unaccepted(lines, known) == lines[1:2]
    assert unaccepted(lines, None) == lines


def test_the_time_that_passed_between_requests_passes_in_the_replay_too(tmp_path: Path) -> None:
    create = {"product": "ecs", "action": "CreateSnapshot", "version": "2014-05-26", "region": REGION,
              "parameters": {"DiskId": "d-secretpayroll"}}  # fmt: skip
    answer = {"RequestId": "r", "SnapshotId": "s"}
    entries = [{**create, "number": n, "at": at, "status": 200, "answer": answer} for n, at in ((1, 0.0), (2, 30.0))]
    path = tmp_path / "trace"
    path.write_text("".join(json.dumps(one) + "\n" for one in entries))
    busy = "2 CreateSnapshot: status 403 IncorrectDiskStatus.CreatingSnapshot, recorded 200"
    assert differences(path) == [busy]
    assert differences(path, rate=20) == []


def test_a_file_that_is_no_trace_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "trace"
    path.write_text('{"number": 1}\n')
    done = command(tmp_path, path)
    assert done.returncode == 1 and f"simulator: {path}, line 1: " in done.stderr


def test_https_is_recorded_through_an_authority_of_the_recording(tmp_path: Path) -> None:
    real = start(FLEET)
    ca, out = tmp_path / "ca.pem", tmp_path / "trace"
    with process("record", "--out", str(out), "--upstream", real.endpoint, "--ca", str(ca)) as proxy:
        client, center = clients(protocol="https", https_proxy=proxy, ca=str(ca))
        for _call in range(2):
            assert client.describe_regions(ecs.DescribeRegionsRequest()).body.regions.region[0].region_id == REGION
        assert center.describe_source_servers(smc.DescribeSourceServersRequest()).body.total_count == 0
        with pytest.raises(Exception, match=r"(?i)certificate"):
            clients(protocol="https", https_proxy=proxy)[0].describe_regions(ecs.DescribeRegionsRequest())
    real.stop()
    actions = [json.loads(line)["action"] for line in out.read_text().splitlines()]
    assert actions == ["DescribeRegions", "DescribeRegions", "DescribeSourceServers"]
    assert "PRIVATE KEY" not in ca.read_text()


def test_https_without_an_authority_is_refused(tmp_path: Path) -> None:
    with (
        process("record", "--out", str(tmp_path / "trace"), "--upstream", "http://127.0.0.1:9") as proxy,
        pytest.raises(Exception, match="501"),
    ):
        clients(protocol="https", https_proxy=proxy)[0].describe_regions(ecs.DescribeRegionsRequest())


def test_a_service_that_gives_no_answer_is_recorded_as_such(tmp_path: Path) -> None:
    out = tmp_path / "trace"
    with (
        process("record", "--out", str(out), "--upstream", "http://127.0.0.1:9") as proxy,
        pytest.raises(Exception, match="Failed to parse"),
    ):
        clients(protocol="http", http_proxy=proxy)[0].describe_regions(ecs.DescribeRegionsRequest())
    (entry,) = [json.loads(line) for line in out.read_text().splitlines()]
    assert (entry["status"], entry["answer"]) == (0, None)


def test_a_trace_is_never_overwritten(tmp_path: Path) -> None:
    out = tmp_path / "trace"
    out.write_text("precious")
    line = [sys.executable, "-m", "simulator", "record", "--out", str(out)]
    done = subprocess.run(
        line, cwd=TESTS, capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL, check=False
    )
    assert done.returncode == 1 and "simulator: " in done.stderr and "Traceback" not in done.stderr
    assert out.read_text() == "precious"


class Metadata(BaseHTTPRequestHandler):
    """Gives credentials away, as the metadata service of an instance does."""

    def do_GET(self) -> None:
        content = b'{"AccessKeySecret": "role-secret"}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        pass


def test_credentials_that_come_through_the_proxy_are_passed_on_and_not_written(tmp_path: Path) -> None:
    out, server = tmp_path / "trace", HTTPServer(("127.0.0.1", 0), Metadata)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/latest/meta-data/ram/security-credentials/role"
    with process("record", "--out", str(out)) as proxy, requests.Session() as session:
        session.trust_env = False
        answer = session.get(url, proxies={"http": proxy}, timeout=10)
    server.shutdown()
    server.server_close()
    assert answer.json() == {"AccessKeySecret": "role-secret"}
    assert out.read_text() == ""
    assert os.path.getsize(out) == 0


def test_what_nobody_thought_of_gives_nothing_away() -> None:
    answer = {
        "SomethingNew": "payroll of ACME", "Nested": [{"Other": "https://acme.example/x?key=1"}], "Uid": 1234567890123456,
        "Address": "fe80::1", "Parameters": {"db_password": "hunter2"}, "Detail": '{"who": "alice"}', "AccessKeyId": "LTAI5",
    }  # fmt: skip
    text = json.dumps(Scrubber().answer(answer))
    private = ("payroll", "ACME", "acme", "1234567890123456", "fe80", "db_password", "hunter2", "alice", "who", "LTAI5")
    assert [word for word in private if word in text] == []


def test_a_stand_in_is_of_the_kind_of_what_it_stands_for() -> None:
    scrubber = Scrubber()
    given = {
        "InstanceId": "i-bp1abc", "Other.InstanceId": "i-bp1abc", "VpcId": "vpc-1", "ImageId": "m-own",
        "PublicImage.ImageId": "centos_7_9_x64_20G_alibase_20240628.vhd", "InstanceName": "web", "Status": "Running",
        "PrivateIpAddress": "10.1.2.3", "SourceCidrIp": "0.0.0.0/0", "CidrBlock": "172.16.0.0/12", "Size": "40",
        "Progress": "37%", "CreationTime": "2026-01-02T03:04:05Z", "Encrypted": "False", "Empty": "", "Tag.1.Key": "env",
    }  # fmt: skip
    assert scrubber.parameters(given) == {
        "InstanceId": "i-p0001", "Other.InstanceId": "i-p0001", "VpcId": "vpc-p0002", "ImageId": "m-p0003",
        "PublicImage.ImageId": "centos_7_9_x64_20G_alibase_20240628.vhd", "InstanceName": "name-0004", "Status": "Running",
        "PrivateIpAddress": "198.18.0.5", "SourceCidrIp": "0.0.0.0/0", "CidrBlock": "198.18.0.6/12", "Size": "40",
        "Progress": "37%", "CreationTime": "2026-01-02T03:04:05Z", "Encrypted": "False", "Empty": "",
        "Tag.1.Key": "name-0007",
    }  # fmt: skip
    # A status that is also somebody's name is kept where it is a status only.
    assert scrubber.parameters({"InstanceName": "Running", "Status": "Running"})["InstanceName"] == "name-0008"


@pytest.mark.parametrize("size", [0, 1, 4, 44, 1001])
def test_a_dropped_document_is_replaced_by_one_of_its_size(size: int) -> None:
    told = Scrubber().parameters({"CommandContent": "A" * size})["CommandContent"]
    assert len(filled(told)) == size
    if size % 4 == 0:
        base64.b64decode(filled(told), validate=True)
