"""Reads an inventory through Ansible's own manager against the simulator, over real HTTP with the unmodified SDK."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleError
from ansible.inventory.data import InventoryData
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader, inventory_loader
from ansible.utils.display import Display

from simulator.pytest_plugin import Simulator, simulator, simulator_process

__all__ = ["simulator", "simulator_process"]

NAME = "alicloud.os_migration.ecs"
VARIABLES = ("ALICLOUD_REGION", "ALIBABA_CLOUD_REGION_ID", "ALIBABA_CLOUD_PROFILE", "ALIBABA_CLOUD_SECURITY_TOKEN")

Read = Callable[..., InventoryManager]
Refused = Callable[..., str]


@pytest.fixture(scope="session", autouse=True)
def collections() -> None:
    """Lets Ansible find its plugins also where a test has imported the collection before, as a plain package."""
    init_plugin_loader()
    package = importlib.import_module("ansible_collections.alicloud.os_migration")
    if not hasattr(package, "_collection_meta"):
        runtime = Path(__file__).resolve().parents[3] / "meta/runtime.yml"
        package._collection_meta = yaml.safe_load(runtime.read_text())


@pytest.fixture
def sim(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    """The module's fleet, and an environment that leads to it."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in simulator.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ALICLOUD_THROTTLE_WAIT_SECONDS", "0.05")
    simulator.faults([])
    yield simulator


@pytest.fixture
def warnings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    told: list[str] = []
    monkeypatch.setattr(Display, "warning", lambda _display, text, *_more, **_options: told.append(str(text)))
    return told


def write(folder: Path, sim: Simulator, options: dict[str, Any]) -> str:
    """The keys are in the file because the SDK reads those of the environment once only, when it is imported."""
    path = folder / "test_ecs.yml"
    keys = {"access_key_id": sim.account.access_key_id, "access_key_secret": sim.account.access_key_secret}
    path.write_text(yaml.safe_dump({"plugin": NAME, "regions": ["cn-hangzhou"]} | keys | options))
    return str(path)


@pytest.fixture
def read(sim: Simulator, tmp_path: Path, warnings: list[str]) -> Read:
    """The inventory of a configuration; it has to be parsed."""

    def call(**options: Any) -> InventoryManager:
        manager = InventoryManager(loader=DataLoader(), sources=[write(tmp_path, sim, options)])
        assert not [text for text in warnings if "parse" in text], warnings
        return manager

    return call


@pytest.fixture
def refused(sim: Simulator, tmp_path: Path) -> Refused:
    """The message with which a configuration is refused."""

    def call(**options: Any) -> str:
        plugin = inventory_loader.get(NAME)
        with pytest.raises(AnsibleError) as caught:
            plugin.parse(InventoryData(), DataLoader(), write(tmp_path, sim, options), cache=True)
        return str(caught.value)

    return call
