"""Small builders for disks and snapshots, and a stand-in for the cloud that replays answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud import tags

HERE = Path(__file__).parent


def cases(name: str) -> list[dict[str, Any]]:
    return yaml.safe_load((HERE / name).read_text())


def disk(text: str) -> dict[str, Any]:
    disk_id, category, zone, *more = text.split()
    return {
        "disk_id": disk_id,
        "type": "data",
        "category": category,
        "zone_id": zone,
        "device": f"/dev/{disk_id}",
        "size_gib": 40,
        "multi_attach": "multi" in more,
        "status": next((word for word in more if word != "multi"), "In_use"),
    }


def snapshot(text: str, order: int = 0) -> dict[str, Any]:
    snapshot_id, disk_id, status, *more = text.split()
    return {
        "snapshot_id": snapshot_id,
        "disk_id": disk_id,
        "status": status,
        "available": status == "accomplished" or "available" in more,
        "progress": 100 if status == "accomplished" else 50,
        "created": f"2026-11-23T10:00:{order:02d}Z",
        "tags": {tags.INSTANCE_ID: "i-1"},
        "group_id": None,
    }


class Replay:
    """Answers calls from a function and remembers them."""

    def __init__(self, answer: Callable[[str, str, dict[str, Any]], dict[str, Any]]) -> None:
        self.answer = answer
        self.calls: list[tuple[str, str, dict[str, Any]]] = []

    def call(
        self, operation: str, region: str, params: dict[str, Any], resource: str | None = None, product: str = "ecs"
    ) -> dict[str, Any]:
        self.calls.append((operation, region, params))
        return self.answer(operation, region, params)


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self, start: float = 1000.0) -> None:
        self.now = start
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
