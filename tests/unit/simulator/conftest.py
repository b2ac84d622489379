"""The simulator's package lies in tests/, beside tests/unit."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from alibabacloud_ecs20140526.client import Client
from alibabacloud_tea_openapi.models import Config

from simulator.pytest_plugin import Simulator, simulator, simulator_process

__all__ = ["client", "connect", "simulator", "simulator_process"]


@pytest.fixture
def connect(simulator: Simulator) -> Any:
    """Makes unmodified SDK clients that talk to the simulator; options go to the SDK's Config."""

    def make(region: str = "cn-hangzhou", **options: Any) -> Client:
        given = {
            "access_key_id": simulator.account.access_key_id,
            "access_key_secret": simulator.account.access_key_secret,
            "endpoint": simulator.ecs_endpoint(region),
            "protocol": "http",
            **options,
        }
        return Client(Config(**given))

    return make


@pytest.fixture
def client(connect: Any) -> Client:
    return connect()
