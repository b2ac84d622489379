"""Starts a simulator for a test: `start(fleet)` for any fleet, or the fixture `simulator` with the module's `FLEET`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from .__main__ import environment
from .faults import survivable_faults
from .fleet import settings
from .operations import OPERATIONS
from .wire import Account

TESTS = Path(__file__).resolve().parents[1]
# A proxy in the environment must not come between a test and a server on this machine.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass
class Simulator:
    """A running simulator."""

    endpoint: str
    account: Account
    process: subprocess.Popen[str]

    @property
    def env(self) -> dict[str, str]:
        """The variables that lead a client here."""
        return environment(self.endpoint, self.account)

    def ecs_endpoint(self, region: str) -> str:
        """As the SDK's Config.endpoint wants it: without the scheme."""
        return f"{self.endpoint.removeprefix('http://')}/r/{region}"

    def log(self, **fields: Any) -> list[dict[str, Any]]:
        """Logged requests whose fields have these values, for example op="ResetDisk"."""
        wanted = {key: value if isinstance(value, str) else json.dumps(value) for key, value in fields.items()}
        entries: list[dict[str, Any]] = self._call("log?" + urllib.parse.urlencode(wanted))
        return entries

    def count(self, op: str | None = None, **fields: Any) -> int:
        """How many requests, or how many with these fields."""
        return sum("op" in entry for entry in self.log(**({"op": op} if op else {}), **fields))

    def mutating(self) -> list[dict[str, Any]]:
        """Requests for operations that change something, whether they succeeded or not."""
        return self.log(mutating=True)

    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = self._call("state")
        return found

    def schema_failures(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._call("schema_failures")
        return found

    def faults(self, rules: list[dict[str, Any]]) -> None:
        """Replace the planned faults."""
        self._call("faults", rules)

    def struck(self) -> list[dict[str, Any]]:
        """The planned faults, each with how many calls it has counted (`seen`) and how many it struck (`struck`)."""
        found: list[dict[str, Any]] = self._call("faults")
        return found

    def actions(self, access_key_id: str | None = None) -> list[str]:
        """The actions, such as ecs:RunCommand, that an account (the first) has called so far, refused ones too."""
        found: dict[str, list[str]] = self._call("actions")
        return found.get(access_key_id or self.account.access_key_id, [])

    def policy(self, policy: dict[str, Any] | None, access_key_id: str | None = None) -> None:
        """Give an account (the first) other rights; None: all."""
        self._call("policy", {"policy": policy, "access_key_id": access_key_id})

    def token(self, security_token: str, expires_s: float | None = None) -> None:
        """A new token for the first account; `env` has it from now on. The one before has expired."""
        self._call("token", {"security_token": security_token, "expires_s": expires_s})
        self.account = replace(self.account, security_token=security_token)

    def skew(self, seconds: float) -> None:
        """Put the service's clock ahead of this machine's, as a controller with a wrong clock sees it."""
        self._call("skew", {"seconds": seconds})

    def client(self, pid: int) -> None:
        """The process that kill_client ends; a negative number is a process group."""
        self._call("client", {"pid": pid})

    def strike(self, op: str, kind: str) -> None:
        """Plan one fault, with a length that a test can afford."""
        self.faults([{"op": op, "kind": kind, "times": 1, "seconds": 30 if kind == "lag" else 0.2}])

    def advance(self, seconds: float) -> None:
        """Let virtual time pass."""
        self._call("advance", {"seconds": seconds})

    def smc_import(self, code: str, instance_id: str) -> str:
        """Import an instance into Server Migration Center by an activation code; the id of its source server."""
        source_id: str = self._call("smc_import", {"code": code, "instance_id": instance_id})["source_id"]
        return source_id

    def reset(self) -> None:
        """Back to the fleet as it was at the start."""
        self._call("reset", {})

    def stop(self) -> int:
        """Close its standard input, which ends it; its exit status."""
        assert self.process.stdin
        self.process.stdin.close()
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def _call(self, name: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        try:
            with _OPENER.open(urllib.request.Request(f"{self.endpoint}/_sim/{name}", data=data), timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise ValueError(json.load(error)["error"]) from None


def every_fault(
    operations: Iterable[str], *, gap: int = 2, turn: int = 0, seconds: float = 0.2, lag_s: float = 30
) -> list[dict[str, Any]]:
    """Rules that strike each operation once with each fault that a program which retries, or looks, gets through.

    operations: names such as CreateSnapshot, and smc.TagResources for those of Server Migration Center.
    gap: one of so many calls is struck. A retry is a call too, so 2 lets each retry through; a client with many
        threads, whose calls come in between, needs more.
    turn: begins with another fault. An operation that is called seldom meets the first few faults of its row only, so
        runs with other turns meet the others; `Simulator.struck` tells which ones were met.
    seconds: how long hung and late answers take, and the wait that a throttle asks for; wall time.
    lag_s: how long no read shows what was created; virtual seconds.
    """
    rules: list[dict[str, Any]] = []
    for name in operations:
        product, op = name.split(".") if "." in name else ("ecs", name)
        kinds = survivable_faults(op, OPERATIONS[product, op].mutating)
        start_at = turn % len(kinds)
        for index, kind in enumerate(kinds[start_at:] + kinds[:start_at]):
            length = lag_s if kind == "lag" else seconds
            rules.append({"op": op, "product": product, "kind": kind, "skip": index * gap, "seconds": length})
    return rules


def survivable(*operations: str) -> list[tuple[str, str]]:
    """(operation of ECS, fault) pairs that a program which retries, or looks, gets through; see `Simulator.strike`."""
    return [(op, kind) for op in operations for kind in survivable_faults(op, OPERATIONS["ecs", op].mutating)]


def start(fleet: dict[str, Any], log: Path | None = None) -> Simulator:
    """Start a simulator of this fleet on a free port; it ends with this process at the latest."""
    accounts = settings(fleet).accounts
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as handle:
        yaml.safe_dump(fleet, handle, sort_keys=False)  # the order of the fleet decides the addresses
        handle.flush()
        command = [sys.executable, "-m", "simulator", "serve", "--fleet", handle.name, "--port", "0", "--stdin-guard"]
        process = subprocess.Popen(
            command + (["--log", str(log)] if log else []),
            cwd=TESTS, env={**os.environ, "PYTHONPATH": str(TESTS)},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # fmt: skip
        assert process.stdout
        line = process.stdout.readline()
    if not line.startswith("ready "):
        process.kill()
        raise RuntimeError(f"the simulator did not start: exit status {process.wait()}, see its error output")
    return Simulator(line.split()[1], next(iter(accounts.values())), process)


@pytest.fixture(scope="module")
def simulator_process(request: pytest.FixtureRequest) -> Iterator[Simulator]:
    """One process for the tests of a module, which names its fleet in FLEET."""
    running = start(request.module.FLEET)
    yield running
    assert running.stop() == 0


@pytest.fixture
def simulator(simulator_process: Simulator) -> Iterator[Simulator]:
    """The module's simulator, fresh for each test, and never wrong about the SDK's schemas."""
    simulator_process.reset()
    yield simulator_process
    assert simulator_process.schema_failures() == []
