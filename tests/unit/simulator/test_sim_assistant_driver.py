"""With real hosts behind it, what a command did is what the host tells, and nothing else has to wait for it."""

from __future__ import annotations

import base64
import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from alibabacloud_ecs20140526 import models as ecs
from alibabacloud_ecs20140526.client import Client
from alibabacloud_smc20190601 import models as smc
from alibabacloud_smc20190601.client import Client as SmcClient
from alibabacloud_tea_openapi.models import Config

from simulator.pytest_plugin import Simulator, start

REGION = "cn-hangzhou"
SECRET = "Aktivierungscode-4711"
# Notes its words, keeps what it reads, waits for the file `go` where it is a command, and answers with the file `answer`.
DRIVER = """#!/bin/sh
cd "$(dirname "$0")"
printf '%s\\n' "$*" >>asked
case $1 in
exec) cat >read; while [ ! -e go ]; do sleep 0.02; done; cat answer ;;
put) cat >read; cat answer ;;
smc-watch) while [ ! -e imports ]; do sleep 0.02; done; cat imports; rm -f imports ;;
smc-answer) cat >"said.$3" ;;
esac
"""


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[tuple[Simulator, Client, Path]]:
    driver = tmp_path / "driver.sh"
    driver.write_text(DRIVER)
    driver.chmod(0o755)
    host = {"name": "web", "instance_id": "i-web", "driver_host": "host1", "private_ip": "10.0.0.9"}
    fleet = {
        "clock_rate": 0,
        "driver": {"command": ["/bin/sh", str(driver)]},
        "smc": {"ssh_import": True},
        "regions": {REGION: {"instances": [host]}},
    }
    running = start(fleet, tmp_path / "log")
    yield running, Client(config(running, running.ecs_endpoint(REGION))), tmp_path
    if running.process.poll() is None:
        assert running.schema_failures() == []
        running.stop()


def config(running: Simulator, endpoint: str) -> Config:
    key, secret = running.account.access_key_id, running.account.access_key_secret
    return Config(access_key_id=key, access_key_secret=secret, endpoint=endpoint, protocol="http")


def smc_client(running: Simulator) -> SmcClient:
    return SmcClient(config(running, running.endpoint.removeprefix("http://") + "/smc"))


def wait_for(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not what():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)


def answer(path: Path, output: str = "", **more: Any) -> None:
    (path / "answer").write_text(json.dumps({**more, "output": base64.b64encode(output.encode()).decode()}))


def run(client: Client, content: str = "id", **more: Any) -> str:
    request = {"region_id": REGION, "instance_id": ["i-web"], "type": "RunShellScript", "command_content": content}
    made: str = client.run_command(ecs.RunCommandRequest(**request, **more)).body.invoke_id
    return made


def result(client: Client, invoke_id: str) -> Any:
    request = ecs.DescribeInvocationResultsRequest(
        region_id=REGION, invoke_id=invoke_id, content_encoding="PlainText", max_results=50
    )
    (row,) = client.describe_invocation_results(request).body.invocation.invocation_results.invocation_result
    return row


def ended(client: Client, invoke_id: str) -> Any:
    wait_for(lambda: result(client, invoke_id).invoke_record_status not in ("Running", "Stopping"))
    return result(client, invoke_id)


def asked(path: Path) -> list[str]:
    lines = (path / "asked").read_text().splitlines() if (path / "asked").exists() else []
    return [line for line in lines if line != "smc-watch"]


def test_a_command_reaches_the_host_with_its_limits_and_its_output_comes_back(bench: Any) -> None:
    _simulator, client, path = bench
    answer(path, "x" * 30_000, how="exited", rc=0)
    made = run(client, "echo $HOME\n", timeout=7200, username="app", working_dir="/srv")
    wait_for(lambda: (path / "read").exists() and (path / "read").read_text() == "echo $HOME\n")
    assert asked(path) == ["exec host1 7200 app /srv"]
    assert result(client, made).invocation_status == "Running"
    (path / "go").touch()
    row = ended(client, made)
    assert (row.invocation_status, row.exit_code, row.dropped) == ("Success", 0, 30_000 - 24 * 1024)


@pytest.mark.parametrize(
    ("told", "ends"),
    [
        ({"how": "exited", "rc": 4}, ("Failed", "Failed", "ExitCodeNonzero", 4)),
        ({"how": "timeout"}, ("Timeout", "Failed", "ExecutionTimeout", None)),
        ({"how": "interrupted"}, ("Error", "Failed", "ExecutionInterrupted", None)),
        ({"how": "offline"}, ("Aborted", "Failed", "ClientNotRunning", None)),
        ({"how": "no-account"}, ("Invalid", "Failed", "AccountNotExists", None)),
        ({"how": "no-directory"}, ("Invalid", "Failed", "DirectoryNotExists", None)),
        ({"what": "is this"}, ("Error", "Failed", "ExecutionException", None)),
    ],
    ids=str,
)
def test_what_the_host_tells_is_what_the_api_tells(bench: Any, told: dict[str, Any], ends: tuple[Any, ...]) -> None:
    _simulator, client, path = bench
    answer(path, **told)
    (path / "go").touch()
    row = ended(client, run(client))
    assert (row.invocation_status, row.invoke_record_status, row.error_code, row.exit_code) == ends


def test_a_long_command_keeps_nothing_else_from_the_host(bench: Any) -> None:
    simulator, client, path = bench
    answer(path, how="interrupted")
    first, second = run(client), run(client)
    wait_for(lambda: len(asked(path)) == 2)
    client.reboot_instance(ecs.RebootInstanceRequest(instance_id="i-web"))
    wait_for(lambda: "power host1 reboot" in asked(path))
    wait_for(lambda: len(simulator.log(event="driver")) == 1)
    simulator.advance(100)
    assert simulator.state()["regions"][REGION]["instances"]["i-web"]["status"] == "Running"
    assert {result(client, made).invocation_status for made in (first, second)} == {"Running"}
    (path / "go").touch()
    assert ended(client, first).error_code == "ExecutionInterrupted"


def test_a_stopped_command_is_ended_on_the_host_too(bench: Any) -> None:
    simulator, client, path = bench
    made = run(client)
    wait_for(lambda: len(asked(path)) == 1)
    client.stop_invocation(ecs.StopInvocationRequest(region_id=REGION, invoke_id=made))
    wait_for(lambda: len(simulator.log(event="driver")) == 1)
    mine = f"{path / 'driver.sh'}\0exec".encode()
    assert not any(mine in _command(pid) for pid in os.listdir("/proc") if pid.isdigit())
    simulator.advance(5)
    row = result(client, made)
    assert (row.invocation_status, row.invoke_record_status) == ("Terminated", "Stopped")
    assert simulator.state()["driver_failures"] == []


def _command(pid: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


@pytest.mark.parametrize(
    ("how", "ends"),
    [
        ("written", ("Success", "")),
        ("exists", ("Failed", "FileAlreadyExists")),
        ("no-owner", ("Invalid", "AccountNotExists")),
        ("no-group", ("Invalid", "UserGroupNotExists")),
        ("bad-path", ("Failed", "FilePathInvalid")),
        ("something else", ("Failed", "FileCreateFail")),
    ],
)
def test_a_file_is_written_on_the_host(bench: Any, how: str, ends: tuple[str, str]) -> None:
    _simulator, client, path = bench
    answer(path, how=how)
    file = {"name": "app.conf", "target_dir": "/etc/app/", "content": "a=1\n", "file_mode": "0640", "file_group": "app"}
    request = ecs.SendFileRequest(region_id=REGION, instance_id=["i-web"], **file)
    made = client.send_file(request).body.invoke_id

    def row() -> Any:
        asked_for = ecs.DescribeSendFileResultsRequest(region_id=REGION, invoke_id=made)
        return (
            client.describe_send_file_results(asked_for)
            .body.invocations.invocation[0]
            .invoke_instances.invoke_instance[0]
        )

    wait_for(lambda: row().finish_time != "")
    assert (row().invocation_status, row().error_code) == ends
    assert asked(path) == ["put host1 /etc/app/app.conf 0640 root:app no"]
    assert (path / "read").read_text() == "a=1\n"


def token(simulator: Simulator) -> str:
    code: str = smc_client(simulator).create_access_token(smc.CreateAccessTokenRequest()).body.access_token_code
    return code


def sources(simulator: Simulator) -> list[str]:
    body = smc_client(simulator).describe_source_servers(smc.DescribeSourceServersRequest()).body
    return [one.source_id for one in body.source_servers.source_server]


def ask_for_import(path: Path, code: str, number: str = "7") -> None:
    partial = path / "imports.new"
    partial.write_text(json.dumps({"imports": [{"host": "host1", "id": number, "code": code}]}))
    partial.rename(path / "imports")


def said(path: Path, number: str = "7") -> str:
    wait_for(lambda: (path / f"said.{number}").exists() and (path / f"said.{number}").read_text().endswith("\n"))
    return (path / f"said.{number}").read_text()


def test_a_client_on_a_host_is_imported_at_once_and_told_its_source(bench: Any) -> None:
    simulator, _client, path = bench
    ask_for_import(path, token(simulator))
    line = said(path)
    (source,) = sources(simulator)
    assert line == f"Import Source Server [{source}] Successfully!\n"
    assert asked(path) == ["smc-answer host1 7"]


def test_a_client_with_a_wrong_code_is_told_so_and_the_next_one_is_answered(bench: Any) -> None:
    simulator, _client, path = bench
    ask_for_import(path, "wrong")
    assert said(path).startswith("Import Source Server Failed: ")
    assert sources(simulator) == []
    ask_for_import(path, token(simulator), "8")
    assert "Successfully" in said(path, "8")


def test_clients_are_answered_after_a_reset_and_by_the_new_world(bench: Any) -> None:
    simulator, _client, path = bench
    ask_for_import(path, token(simulator))
    assert "Successfully" in said(path)
    simulator.reset()
    assert sources(simulator) == []
    ask_for_import(path, token(simulator), "8")
    assert "Successfully" in said(path, "8")
    assert len(sources(simulator)) == 1


def test_neither_the_command_nor_a_code_from_the_host_is_written_down(bench: Any) -> None:
    simulator, client, path = bench
    answer(path, SECRET, how="exited", rc=0)
    (path / "go").touch()
    ended(client, run(client, SECRET))
    ask_for_import(path, SECRET)
    said(path)
    seen = json.dumps([simulator.log(), simulator.state()]) + (path / "log").read_text() + "\n".join(asked(path))
    assert '"verb": "exec"' in seen and '"verb": "smc-watch"' in seen and SECRET not in seen
