"""The request log: in memory for the tests to ask, and as JSON lines for people to read."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

LIMIT = 200_000
_IDS = (
    "InstanceId",
    "DiskId",
    "SnapshotId",
    "SnapshotGroupId",
    "ResourceId",
    "ImageId",
    "SecurityGroupId",
    "InstanceIdSets",
    "SourceId",
    "JobId",
    "AccessTokenId",
    "InvokeId",
)


@dataclass
class RequestLog:
    path: Path | None = None
    entries: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=LIMIT))
    file: TextIO | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        if self.path is not None:
            self.file = self.path.open("a", buffering=1)

    def add(self, entry: dict[str, Any]) -> None:
        self.entries.append(entry)
        if self.file is not None:
            self.file.write(json.dumps(entry, ensure_ascii=False) + "\n")

    def clear(self) -> None:
        self.entries.clear()

    def close(self) -> None:
        if self.file is not None:
            self.file.close()

    def chosen(self, wanted: Mapping[str, str]) -> list[dict[str, Any]]:
        """Entries whose fields have these values, written as JSON or as plain text."""
        return [entry for entry in self.entries if all(_says(entry.get(key), text) for key, text in wanted.items())]


def _says(value: Any, text: str) -> bool:
    return value == text or json.dumps(value) == text


def main_ids(given: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, Any]:
    return {key: source[key] for source in (given, answer) for key in _IDS if source.get(key)}
