# SPDX-License-Identifier: GPL-3.0-or-later
"""A small cloud for demo and tests: lab hosts, the simulator in front of them, an inventory, and ansible-playbook."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import yaml

TESTS = Path(__file__).resolve().parent
ROOT = TESTS.parent
REGION = "cn-hangzhou"
CLOUD_ASSISTANT = "alicloud.os_migration.cloud_assistant"
MIGRATE = "alicloud.os_migration.migrate"


class HarnessError(RuntimeError):
    """The lab or the simulator could not be started; the text is one sentence."""


@dataclass(frozen=True)
class Host:
    """A lab host: `plant` are extra packages, `python` is none, py27 or py36, `data_disk` adds a second disk.

    `ssh` says whether its port of ssh answers.
    """

    name: str
    python: str = "none"
    plant: tuple[str, ...] = ()
    data_disk: bool = False
    category: str = "cloud_essd"
    user: str = ""
    ssh: bool = True


@dataclass
class Server:
    """A child process that prints `ready ...` and ends when its standard input closes."""

    arguments: Sequence[str]
    log: Path
    process: subprocess.Popen[str] = field(init=False)
    ready: str = field(init=False)

    def __post_init__(self) -> None:
        # A session of its own: Ctrl-C reaches the harness, which then ends its servers in order.
        self.process = subprocess.Popen(
            [sys.executable, "-m", *self.arguments, "--stdin-guard"], cwd=TESTS, text=True, start_new_session=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log.open("w"),
        )  # fmt: skip
        assert self.process.stdout
        self.ready = ""
        for line in self.process.stdout:
            if line.startswith("ready"):
                self.ready = line.strip()
                break
        if not self.ready:
            self.process.wait()
            tail = self.log.read_text().strip().splitlines()[-1:] or ["no message"]
            raise HarnessError(tail[0])

    def stop(self) -> None:
        if self.process.stdin:
            self.process.stdin.close()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.terminate()
            self.process.wait(60)


class Cloud:
    """Lab hosts as ECS instances. Use as a context manager: everything it started is gone at the end."""

    def __init__(
        self,
        hosts: Sequence[Host],
        clock_rate: int = 600,
        directory: Path | None = None,
        connection: str = "ssh",
    ) -> None:
        """`connection` is how Ansible reaches the hosts: ssh, or cloud_assistant."""
        self.connection = connection
        self.hosts = {host.name: host for host in hosts}
        self.clock_rate = clock_rate
        self._temporary = None if directory else tempfile.TemporaryDirectory(prefix="os_migration-")
        self.directory = directory or Path(self._temporary.name)  # type: ignore[union-attr]  # one of the two is there
        self._servers: list[Server] = []
        self.lab: dict[str, Any] = {}
        self.env: dict[str, str] = {}
        self.endpoint = ""

    def __enter__(self) -> Cloud:
        try:
            self._start_lab()
            self._start_simulator()
            self._write_inventory()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        previous = signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not leave half of it behind
        try:
            while self._servers:
                self._servers.pop().stop()
            if self._temporary:
                self._temporary.cleanup()
        finally:
            signal.signal(signal.SIGINT, previous)

    # Parts

    def _start_lab(self) -> None:
        fleet = {"hosts": [_lab_host(host) for host in self.hosts.values()]}
        state = self.directory / "lab"
        state.mkdir(parents=True, exist_ok=True)
        path = write_yaml(self.directory / "lab.yml", fleet)
        self._servers.append(
            Server(("lab", "serve", "--fleet", str(path), "--state", str(state)), self.directory / "lab.log")
        )
        self.lab = json.loads((state / "lab.json").read_text())
        # What the metadata service of the lab tells each host.
        known = [f"{self.lab['hosts'][name]['address']} {self.instance_id(name)}\n" for name in self.hosts]
        Path(self.lab["instances"]).write_text("".join(known))

    def _start_simulator(self) -> None:
        command = [sys.executable, "-m", "lab", "ctl", "--state", str(self.directory / "lab")]
        instances = [self._instance(host) for host in self.hosts.values()]
        self._serve(
            {
                "driver": {"command": command},
                "smc": {"ssh_import": True},
                "regions": {REGION: {"instances": instances}, "cn-beijing": {"instances": []}},
            }
        )

    def _serve(self, fleet: Mapping[str, Any]) -> None:
        """Start the simulated cloud of this fleet, with one account."""
        account = {"access_key_id": "LTAIsimulator", "access_key_secret": "simulator-secret"}
        path = write_yaml(self.directory / "cloud.yml", {"accounts": [account], "clock_rate": self.clock_rate, **fleet})
        log = ("--log", str(self.directory / "requests.jsonl"))
        server = Server(
            ("simulator", "serve", "--fleet", str(path), "--port", "0", *log), self.directory / "simulator.log"
        )
        self._servers.append(server)
        self.endpoint = server.ready.split()[1]
        self.env = {
            "ALICLOUD_ECS_ENDPOINT": f"{self.endpoint}/r/{{region}}",
            "ALICLOUD_SMC_ENDPOINT": f"{self.endpoint}/smc",
            "ALICLOUD_SLB_ENDPOINT": f"{self.endpoint}/r/{{region}}",
            "ALIBABA_CLOUD_ACCESS_KEY_ID": account["access_key_id"],
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": account["access_key_secret"],
            "ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true",
        }

    def _instance(self, host: Host) -> dict[str, Any]:
        disks = [{"type": "system", "driver_disk": "system", "size_gib": 40, "category": host.category}]
        if host.data_disk:
            disks.append({"type": "data", "driver_disk": "data1", "size_gib": 100, "category": host.category})
        return {
            "name": host.name, "instance_id": self.instance_id(host.name), "driver_host": host.name,
            "private_ip": self.lab["hosts"][host.name]["address"], "os_name": "CentOS  8.5 64-bit", "system": "centos8",
            "users": [host.user] if host.user else [], "disks": disks,
        }  # fmt: skip

    def _write_inventory(self) -> None:
        key = urllib.request.urlopen(f"{self.lab['repo_url']}/alinux/3/RPM-GPG-KEY-ALINUX-3", timeout=30).read()
        known = f"-o UserKnownHostsFile={self.lab['known_hosts']} -o GlobalKnownHostsFile=/dev/null"
        over_ssh = {"ansible_ssh_private_key_file": self.lab["ssh_key"], "ansible_ssh_common_args": known}
        over_cloud = {"ansible_connection": CLOUD_ASSISTANT, "ansible_cloud_assistant_poll_interval": 0.2}
        variables = {
            **(over_ssh if self.connection == "ssh" else over_cloud),
            "os_migration_region": REGION,
            "os_migration_mirror": self.lab["repo_url"],
            "os_migration_alinux3_signing_key": f"{self.lab['repo_url']}/alinux/3/RPM-GPG-KEY-ALINUX-3",
            "os_migration_alinux3_signing_key_sha256": hashlib.sha256(key).hexdigest(),
            "os_migration_poll_seconds": 1,
            "os_migration_smc_client_url": f"{self.lab['repo_url']}/smc/go2aliyun_client.tar.gz",
            "os_migration_smc_poll_seconds": 1,
        }
        hosts = {}
        for host in self.hosts.values():
            hosts[host.name] = {
                "ansible_host": self.lab["hosts"][host.name]["address"],
                "os_migration_instance_id": self.instance_id(host.name),
                **self._login(host),
            }
        self.inventory = write_yaml(self.directory / "inventory.yml", {"all": {"hosts": hosts, "vars": variables}})

    def _login(self, host: Host) -> dict[str, Any]:
        if self.connection != "ssh":
            return {}  # commands of Cloud Assistant run as root
        return {"ansible_user": host.user or "root", **({"ansible_become": True} if host.user else {})}

    # What tests ask for

    @staticmethod
    def instance_id(name: str) -> str:
        return "i-bp1" + hashlib.sha256(name.encode()).hexdigest()[:17]

    def command(self, playbook: str = MIGRATE, *arguments: str, **extra: object) -> list[str]:
        """The stock command line; `extra` become -e os_migration_<name>=<value>."""
        values = [word for name, value in extra.items() for word in ("-e", f"os_migration_{name}={_text(value)}")]
        return ["ansible-playbook", playbook, "-i", str(self.inventory), *values, *arguments]

    def playbook(
        self,
        playbook: str = MIGRATE,
        *arguments: str,
        venv: Path | None = None,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        target: str | None = "alinux3",
        accept_risks: bool | None = True,
        **extra: object,
    ) -> subprocess.CompletedProcess[str]:
        """Runs a playbook to its end and returns what it printed."""
        asked = {"target": target, "accept_risks": accept_risks, **extra}
        command = self.command(
            playbook, *arguments, **{name: value for name, value in asked.items() if value is not None}
        )
        return subprocess.run(
            command,
            cwd=cwd or self.directory,
            env=self.environment(venv, env),
            text=True,
            capture_output=True,
            check=False,
            timeout=900,
        )

    def environment(self, venv: Path | None = None, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """The environment in which ansible-playbook runs."""
        binaries = (venv or Path(sys.prefix)) / "bin"
        own = {
            "PATH": f"{binaries}:{os.environ['PATH']}",
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_LOCALHOST_WARNING": "False",
            "ANSIBLE_CONFIG": str(TESTS / "ansible.cfg"),
        }
        return {**os.environ, **own, **self.env, **(more or {})}

    def control(self, *words: str) -> dict[str, Any]:
        """A verb of the lab, such as hash, link or run; returns its JSON answer."""
        command = [sys.executable, "-m", "lab", "ctl", "--state", str(self.directory / "lab"), *words]
        done = subprocess.run(command, cwd=TESTS, text=True, capture_output=True, check=False, timeout=180)
        if done.returncode:
            raise HarnessError(done.stderr.strip() or f"lab ctl {' '.join(words)} failed")
        return json.loads(done.stdout or "{}")

    def tree_hash(self, name: str) -> str:
        """A hash of the host's whole disk tree: contents, modes, owners, links; times aside."""
        disks = ["system", *(["data1"] if self.hosts[name].data_disk else [])]
        return " ".join(str(self.control("hash", name, disk)["hash"]) for disk in disks)

    def simulator(self, name: str, body: Any = None) -> Any:
        """What the simulator's own endpoint /_sim/NAME answers; with a body it is a POST."""
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(f"{self.endpoint}/_sim/{name}", data, timeout=30) as answer:
            return json.load(answer)

    def faults(self, rules: Sequence[Mapping[str, Any]]) -> None:
        """From now on the simulated cloud behaves as these rules say."""
        self.simulator("faults", list(rules))

    def state(self) -> dict[str, Any]:
        """The whole simulated cloud."""
        found: dict[str, Any] = self.simulator("state")
        return found

    def requests(self) -> list[dict[str, Any]]:
        """Every request that the simulator has answered."""
        found: list[dict[str, Any]] = self.simulator("log")
        return [entry for entry in found if "op" in entry]

    def mutating(self) -> list[str]:
        """The operations, in order, that changed something."""
        return [request["op"] for request in self.requests() if request.get("mutating")]

    def report_page(self, cwd: Path | None = None) -> Path:
        """The newest run's report.html."""
        runs = ((cwd or self.directory) / "os_migration_runs").glob("*/report.html")
        return max(runs, key=lambda page: page.stat().st_mtime_ns)

    def report(self, cwd: Path | None = None) -> dict[str, Any]:
        """The newest run's report.json."""
        return json.loads(self.report_page(cwd).with_suffix(".json").read_text())

    def outcomes(self, cwd: Path | None = None) -> dict[str, str]:
        """Host and outcome, from the newest report."""
        return {host["host"]: host["outcome"] for host in self.report(cwd)["hosts"]}


def _lab_host(host: Host) -> dict[str, Any]:
    disks = [{"name": "system"}, *([{"name": "data1", "mount": "/data"}] if host.data_disk else [])]
    return {
        "name": host.name, "python": host.python, "packages": list(host.plant), "disks": disks,
        **({"user": host.user} if host.user else {}), "ssh": host.ssh,
    }  # fmt: skip


def write_yaml(path: Path, data: Any) -> Path:
    path.write_text(yaml.safe_dump(data, sort_keys=False))
    return path


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
