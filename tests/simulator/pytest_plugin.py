"""Starts a simulator for a test: `start(fleet)` for any fleet, or the fixture `simulator` with the module's `FLEET`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from .__main__ import environment
from .fleet import settings
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

    def advance(self, seconds: float) -> None:
        """Let virtual time pass."""
        self._call("advance", {"seconds": seconds})

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
        with _OPENER.open(urllib.request.Request(f"{self.endpoint}/_sim/{name}", data=data), timeout=30) as answer:
            return json.load(answer)


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
