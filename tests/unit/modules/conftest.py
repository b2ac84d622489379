"""Runs modules in this process against the simulator, over real HTTP with the unmodified SDK."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ansible.module_utils import basic

from simulator.pytest_plugin import Simulator, start

PACKAGE = "ansible_collections.alicloud.os_migration.plugins.modules"
ESSD = {"category": "cloud_essd", "size_gib": 40}
FLEET: dict[str, Any] = {
    "clock_rate": 6000,
    "timing": {"snapshot_base_s": 30, "snapshot_per_gib_s": 6, "stop_s": 20, "start_s": 20, "reset_s": 60},
    "regions": {
        "cn-hangzhou": {
            "instances": [
                {"name": "one", "instance_id": "i-one", "tags": {"role": "web"}, "disks": [{"type": "system", **ESSD}]},
                {"name": "two", "instance_id": "i-two", "disks": [{"type": "system", **ESSD}, {"type": "data", **ESSD}]},
                {"name": "old", "instance_id": "i-old", "disks": [
                    {"type": "system", "category": "cloud_efficiency", "size_gib": 40},
                    {"type": "data", "category": "cloud_ssd", "size_gib": 100},
                ]},
                {"name": "loc", "instance_id": "i-loc", "disks": [
                    {"type": "system", **ESSD}, {"type": "data", "category": "local_ssd_pro", "size_gib": 894},
                ]},
                {"name": "off", "instance_id": "i-off", "status": "Stopped", "disks": [{"type": "system", **ESSD}]},
            ],
        },
        "cn-beijing": {"instances": [{"name": "far", "instance_id": "i-far", "disks": [{"type": "system", **ESSD}]}]},
    },
}  # fmt: skip

Run = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def simulator_process() -> Iterator[Simulator]:
    running = start(FLEET)
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="session")
def frozen_process() -> Iterator[Simulator]:
    running = start(FLEET | {"clock_rate": 0})
    yield running
    assert running.stop() == 0


@pytest.fixture
def sim(request: pytest.FixtureRequest) -> Iterator[Simulator]:
    """The fleet fresh for each test; every answer of the simulator has to fit the SDK's schemas.

    With the parameter `frozen_process`, cloud time stands still until the test calls advance().
    """
    running: Simulator = request.getfixturevalue(getattr(request, "param", "simulator_process"))
    running.reset()
    running.faults([])
    yield running
    assert running.schema_failures() == []


@pytest.fixture
def run(sim: Simulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a module by name; what it would give to Ansible comes back."""

    def call(module: str, check: bool = False, diff: bool = False, **given: Any) -> dict[str, Any]:
        common = {
            "access_key_id": sim.account.access_key_id,
            "access_key_secret": sim.account.access_key_secret,
            "region": "cn-hangzhou",
            "ecs_endpoint": f"{sim.endpoint}/r/{{region}}",
            "smc_endpoint": f"{sim.endpoint}/smc",
            "slb_endpoint": f"{sim.endpoint}/r/{{region}}",
            "throttle_wait": 0.05,
        }
        args = {key: value for key, value in {**common, **given}.items() if value is not None}
        args |= {"_ansible_check_mode": check, "_ansible_diff": diff, "_ansible_remote_tmp": "/tmp"}
        monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": args}).encode())
        monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
        # Where the controller's code is loaded too, as by other tests, warnings go to its display instead of the result.
        warnings: list[str] = []
        monkeypatch.setattr(basic.AnsibleModule, "warn", lambda _module, text, **_more: warnings.append(text))
        with pytest.raises(SystemExit):
            importlib.import_module(f"{PACKAGE}.{module}").main()
        answer = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
        return {**answer, **({"warnings": warnings} if warnings else {})}

    return call


@pytest.fixture
def fast() -> dict[str, Any]:
    """How often to look when minutes are milliseconds."""
    return {"wait_interval": 0.02, "wait_timeout": 30}
