# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection brings commands and files to hosts, and tells a lost host from a failed command."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible import constants
from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.playbook.play_context import PlayContext
from assistant_doubles import Hosts

from ansible_collections.alicloud.os_migration.plugins.action import host_job
from ansible_collections.alicloud.os_migration.plugins.connection import cloud_assistant
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.errors import CloudError
from ansible_collections.alicloud.os_migration.plugins.plugin_utils import host
from simulator.pytest_plugin import Simulator, start

ROOT = Path(__file__).resolve().parents[3]
DRIVER = ROOT / "tests/unit/module_utils/host_driver.py"
NAME = "alicloud.os_migration.cloud_assistant"
KIB = 1024
RANDOM = random.Random(11)
VARS = {
    "os_migration_instance_id": "i-1",
    "os_migration_region": "cn-hangzhou",
    "ansible_cloud_assistant_poll_interval": 0.01,
}


def load(variables: dict[str, Any]) -> Any:
    options = yaml.safe_load(cloud_assistant.DOCUMENTATION)["options"]
    constants.config.initialize_plugin_configuration_definitions("connection", NAME, options)
    made = cloud_assistant.Connection(PlayContext())
    made._load_name = NAME
    made.set_options(var_options=variables)
    return made


@pytest.fixture
def hosts(tmp_path: Path) -> Hosts:
    return Hosts(tmp_path / "hosts", ["i-1"])


@pytest.fixture
def connection(hosts: Hosts, monkeypatch: pytest.MonkeyPatch) -> Any:
    made = load(VARS)
    monkeypatch.setattr(made, "_api", lambda: hosts)
    return made


@pytest.mark.parametrize("size", [0, 1, 20 * KIB, 300 * KIB])
def test_a_command_gets_its_input_and_gives_both_streams_and_its_status(
    connection: Any, hosts: Hosts, size: int
) -> None:
    data = RANDOM.randbytes(size)
    code, out, err = connection.exec_command("cat; printf 'late\\0' >&2; exit 5", in_data=data)
    assert (code, out, err) == (5, data, b"late\0")
    assert hosts.left_on("i-1") == []


@pytest.mark.parametrize("size", [0, 1, 40 * KIB, 1000 * KIB])
def test_a_file_survives_the_way_there_and_back(connection: Any, hosts: Hosts, tmp_path: Path, size: int) -> None:
    (tmp_path / "a").write_bytes(RANDOM.randbytes(size))
    place = hosts.root / "i-1/root/a name with 'quotes'"
    connection.put_file(str(tmp_path / "a"), str(place))
    assert place.read_bytes() == (tmp_path / "a").read_bytes() and place.stat().st_mode & 0o077 == 0
    connection.fetch_file(str(place), str(tmp_path / "b"))
    assert (tmp_path / "b").read_bytes() == (tmp_path / "a").read_bytes()
    assert hosts.left_on("i-1") == []


def test_a_file_that_cannot_be_written_or_read_is_an_error_with_the_reason(connection: Any, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    with pytest.raises(AnsibleError, match=r"was not written.*\S"):
        connection.put_file(str(tmp_path / "a"), "/no/such/directory/a")
    with pytest.raises(AnsibleError, match=r"was not read.*No such file"):
        connection.fetch_file("/no/such/file", str(tmp_path / "b"))
    with pytest.raises(AnsibleError, match="cannot be read"):
        connection.put_file(str(tmp_path / "none"), "/x")
    assert not (tmp_path / "b").exists()


def ending(code: str, status: str = "Failed") -> Any:
    return lambda *_given: {"InvocationStatus": status, "ErrorCode": code}


@pytest.mark.parametrize(
    ("trouble", "unreachable"),
    [
        (ending("ClientNotRunning"), True),
        (ending("DeliveryTimeout", "Aborted"), True),
        (ending("ExecutionInterrupted", "Error"), True),
        (ending("", "Terminated"), True),
        (ending("ExecutionTimeout", "Timeout"), False),
        (ending("AccountNotExists", "Invalid"), False),
    ],
)
def test_a_lost_host_is_unreachable_and_a_command_that_cannot_run_is_not(
    connection: Any, hosts: Hosts, trouble: Any, unreachable: bool
) -> None:
    hosts.spoil = trouble
    with pytest.raises(AnsibleError) as caught:
        connection.exec_command("true")
    assert isinstance(caught.value, AnsibleConnectionFailure) == unreachable
    assert "i-1" in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "unreachable"),
    [("unsent", True), ("unsure", True), ("throttled", True), ("refused", False), ("credentials", False)],
)
def test_a_lost_network_is_no_wrong_password(connection: Any, hosts: Hosts, kind: str, unreachable: bool) -> None:
    hosts.errors["RunCommand"] = [CloudError("Any", "trouble", kind=kind)]
    with pytest.raises(AnsibleError) as caught:
        connection.exec_command("true")
    assert isinstance(caught.value, AnsibleConnectionFailure) == unreachable


def test_a_stopped_instance_is_out_of_reach_until_it_runs(connection: Any, hosts: Hosts) -> None:
    hosts.stopped.add("i-1")
    with pytest.raises(AnsibleConnectionFailure, match="InstanceNotRunning"):
        connection.exec_command("true")
    hosts.stopped.clear()
    assert connection.exec_command("true")[0] == 0


def test_a_command_cut_off_by_a_time_limit_is_stopped_by_a_reset_that_never_fails(
    connection: Any, hosts: Hosts
) -> None:
    hosts._run = lambda *_given: {"InvocationStatus": "Running"}  # type: ignore[method-assign]
    with pytest.raises(host.HostUnreachable), host.time_limit(0.3):
        connection.exec_command("sleep 100")
    assert hosts.count("StopInvocation") == 0
    hosts.errors["StopInvocation"] = [CloudError("InternalError", "down", kind="unsure")]
    connection.reset()
    assert hosts.count("StopInvocation") == 1
    connection.reset()
    assert hosts.count("StopInvocation") == 1


def test_a_command_that_has_ended_is_never_stopped(connection: Any, hosts: Hosts) -> None:
    connection.exec_command("true")
    connection.close()
    assert hosts.count("StopInvocation") == 0


@pytest.mark.parametrize("missing", ["os_migration_instance_id", "os_migration_region"])
def test_a_host_without_an_instance_or_region_says_which_variable_to_set(
    missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ALICLOUD_REGION", "ALIBABA_CLOUD_REGION_ID"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(AnsibleError, match=missing):
        load({key: value for key, value in VARS.items() if key != missing}).exec_command("true")


@pytest.mark.parametrize(
    ("variables", "target"),
    [
        ({"instance_id": "i-a", "region": "r1"}, ("r1", "i-a")),
        ({"instance_id": "i-a", "region": "r1", "region_id": "r2"}, ("r2", "i-a")),
        ({**VARS, "instance_id": "i-a", "region_id": "r2"}, ("cn-hangzhou", "i-1")),
        ({**VARS, "ansible_cloud_assistant_instance_id": "i-b", "ansible_cloud_assistant_region": "r3"}, ("r3", "i-b")),
    ],
)
def test_the_variable_that_is_meant_for_the_connection_wins(variables: dict[str, Any], target: tuple[str, str]) -> None:
    found = load(variables)._target()
    assert (found.region, found.id) == target


def test_the_programs_of_this_collection_fit_through(connection: Any, hosts: Hosts) -> None:
    """The conversion's payload is larger than a command may be, and a probe's answer larger than an output may be."""
    files = {"engine.sh": host.host_program("convert/engine.sh"), "before.json": RANDOM.randbytes(20 * KIB).hex()}
    program = (
        host_job.launch_program(files).replace(host.host_program("convert/job.sh"), "")
        + "payload | base64 -d | tar -tz\n"
    )
    assert len(program) > 24 * KIB
    assert connection.exec_command("/bin/sh -s -- a b", in_data=program.encode())[1] == b"engine.sh\nbefore.json\n"
    code, out, _err = connection.exec_command("/bin/sh -s", in_data=host.host_program("precheck/probe.sh").encode())
    assert code == 0 and host.parse_answer({"stdout": out.decode(), "rc": 0})["probe"] == 1


def test_two_commands_are_two_runs_even_if_they_are_the_same(connection: Any, hosts: Hosts) -> None:
    for _round in range(2):
        connection.exec_command(f"echo x >>'{hosts.root}/ran'")
    assert (hosts.root / "ran").read_text() == "x\nx\n"
    assert len({one["ClientToken"] for one in hosts.params("RunCommand")}) == 2


# The whole way: ansible, the unmodified SDK, the simulator, and a host that is a directory.


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hosts")


@pytest.fixture(scope="module")
def sim(root: Path) -> Iterator[Simulator]:
    fleet = {
        "clock_rate": 6000,
        "driver": {"command": [sys.executable, "-S", str(DRIVER), str(root)], "timeout_s": 60},
        "regions": {"cn-hangzhou": {"instances": [{"name": "one", "instance_id": "i-one", "driver_host": "one"}]}},
    }
    running = start(fleet)
    yield running
    assert running.stop() == 0


@pytest.fixture(params=["newest", "oldest"], scope="module")
def binaries(request: pytest.FixtureRequest) -> Path:
    if request.param == "newest":
        return Path(sys.prefix) / "bin"
    made = subprocess.run(
        ["bash", "tests/setup/venv.sh", "2.16.0", "tests/setup/constraints-oldest.txt"],
        cwd=ROOT, capture_output=True, text=True, check=True)  # fmt: skip
    return Path(made.stdout.strip().splitlines()[-1]) / "bin"


def ansible(
    binaries: Path, sim: Simulator, tmp_path: Path, *words: str, **env: str
) -> subprocess.CompletedProcess[str]:
    (tmp_path / "inventory.yml").write_text(
        textwrap.dedent(f"""\
        all:
          vars: {{ansible_connection: {NAME}, os_migration_region: cn-hangzhou}}
          hosts:
            one: {{os_migration_instance_id: i-one}}
        """)
    )
    return subprocess.run(
        [binaries / words[0], "-i", str(tmp_path / "inventory.yml"), *words[1:]],
        env={**os.environ, **sim.env, "ALICLOUD_CLOUD_ASSISTANT_POLL": "0.05", "ANSIBLE_NOCOLOR": "1", **env},
        capture_output=True, text=True, timeout=120, check=False)  # fmt: skip


def test_ansible_runs_commands_over_it(binaries: Path, sim: Simulator, tmp_path: Path) -> None:
    done = ansible(
        binaries, sim, tmp_path, "ansible", "one", "-m", "ansible.builtin.raw", "-a", "seq 9000; echo so >&2; exit 3"
    )
    assert "rc=3" in done.stdout and "\n9000\n" in done.stdout and "so" in done.stdout, done.stdout + done.stderr
    assert sim.account.access_key_secret not in done.stdout + done.stderr


@pytest.mark.parametrize("become", ["no", "su"])
def test_the_host_actions_and_become_work_over_it(
    binaries: Path, sim: Simulator, tmp_path: Path, root: Path, become: str
) -> None:
    """With su a program cannot come on standard input: it is copied to the host and removed again."""
    play = tmp_path / "play.yml"
    play.write_text(
        textwrap.dedent(f"""\
        - hosts: all
          gather_facts: false
          become: {"true" if become == "su" else "false"}
          become_method: su
          vars:
            ansible_remote_tmp: {root}/one/root/remote
          tasks:
            - alicloud.os_migration.host_probe:
              register: reading
            - ansible.builtin.raw: id -un
              register: user
            - ansible.builtin.assert:
                that:
                  - reading.reachable
                  - reading.probe.sections | length > 20
                  - user.stdout | trim == 'root'
            - ansible.builtin.meta: reset_connection
        """)
    )
    done = ansible(binaries, sim, tmp_path, "ansible-playbook", str(play))
    assert done.returncode == 0, done.stdout + done.stderr
    left = [path for folder in ("run", "tmp", "root/remote") for path in (root / "one" / folder).glob("*")]
    assert left == []


def test_ordinary_modules_work_over_it(binaries: Path, sim: Simulator, tmp_path: Path, root: Path) -> None:
    (tmp_path / "file").write_bytes(RANDOM.randbytes(30 * KIB))
    place = root / "one/root" / f"there.{binaries.parent.name}"
    done = ansible(binaries, sim, tmp_path, "ansible", "one", "-m", "ansible.builtin.copy", "-a", f"src={tmp_path}/file dest={place}",
                   "-e", f"ansible_python_interpreter={sys.executable}", "-e", f"ansible_remote_tmp={root}/one/root/remote")  # fmt: skip
    assert done.returncode == 0 and "CHANGED" in done.stdout, done.stdout + done.stderr
    assert place.read_bytes() == (tmp_path / "file").read_bytes()


def test_a_host_whose_agent_is_silent_is_unreachable_and_a_missing_library_is_one_sentence(
    binaries: Path, sim: Simulator, tmp_path: Path, root: Path
) -> None:
    (root / "one").mkdir(exist_ok=True)
    (root / "one/offline").touch()
    try:
        done = ansible(binaries, sim, tmp_path, "ansible", "one", "-m", "ansible.builtin.raw", "-a", "true")
    finally:
        (root / "one/offline").unlink()
    assert "UNREACHABLE" in done.stdout and "ClientNotRunning" in done.stdout, done.stdout + done.stderr
    blind = tmp_path / "blind/alibabacloud_tea_openapi"
    blind.mkdir(parents=True)
    (blind / "__init__.py").write_text("raise ImportError('not installed')\n")
    done = ansible(binaries, sim, tmp_path, "ansible", "one", "-m", "ansible.builtin.raw", "-a", "true",
                   PYTHONPATH=str(tmp_path / "blind"))  # fmt: skip
    assert "The Alibaba Cloud SDK is missing" in done.stdout and "Traceback" not in done.stdout + done.stderr


def test_a_process_in_the_background_does_not_hold_up_the_command(connection: Any, hosts: Hosts) -> None:
    started = time.monotonic()
    connection.exec_command("sleep 30 >/dev/null 2>&1 & echo $! >pid")
    subprocess.run(["sh", "-c", f"kill $(cat '{hosts.root}/i-1/root/pid')"], check=False)
    assert time.monotonic() - started < 20
