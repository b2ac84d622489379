# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A clean CentOS 8 host, and how test cases change it."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.facts import Facts, parse
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.facts_types import Transaction


def clean(system: str) -> dict[str, Any]:
    """The sections of a clean, minimal host of a source system, as clean_SYSTEM.yml has them."""
    return dict(yaml.safe_load((Path(__file__).parent / f"clean_{system}.yml").read_text("utf-8")))


CLEAN: dict[str, Any] = clean("centos8")

CLOUD: dict[str, Any] = {
    "instance_id": "i-bp1000000000000001",
    "status": "Running",
    "os_type": "linux",
    "charge_type": "PostPaid",
    "expired": "2099-12-31T15:59Z",
    "spot_strategy": "NoSpot",
    "operation_locks": [],
    "tags": {"team": "web"},
    "disks": [
        {"disk_id": "d-system", "type": "system", "category": "cloud_essd", "status": "In_use", "device": "/dev/xvda",
         "encrypted": False, "multi_attach": False},
        {"disk_id": "d-data", "type": "data", "category": "cloud_essd", "status": "In_use", "device": "/dev/xvdb",
         "encrypted": False, "multi_attach": False},
    ],
}  # fmt: skip
CLOUD |= yaml.safe_load((Path(__file__).parent / "instance.yml").read_text("utf-8"))
for _disk in CLOUD["disks"]:
    _disk |= {"size_gib": 40, "attributes": dict(CLOUD["disk_attributes"])}
del CLOUD["disk_attributes"]


def changed(section: Mapping[str, Any], change: Any) -> dict[str, Any]:
    """A change is a new text, or one of: add a line, replace one text by another, drop lines with a text, rc, cut."""
    if isinstance(change, str):
        return {"rc": 0, "cut": False, "text": change}
    result = dict(section)
    if "replace" in change:
        old, new = change["replace"]
        assert old in result["text"], f"the clean host has no {old!r}"
        result["text"] = result["text"].replace(old, new)
    if "drop" in change:
        lines = [line for line in result["text"].split("\n") if change["drop"] not in line]
        assert len(lines) < result["text"].count("\n") + 1, f"the clean host has no {change['drop']!r}"
        result["text"] = "\n".join(lines)
    if "add" in change:
        result["text"] += change["add"].rstrip("\n") + "\n"
    return {**result, **{key: change[key] for key in ("rc", "cut", "text") if key in change}}


def document(changes: Mapping[str, Any] | None = None, system: str = "centos8") -> dict[str, Any]:
    """The probe document of a clean host with some sections changed; a change to null takes a section away.

    `read_at` among the changes is the controller's clock, else the host's own.
    """
    empty = {"rc": 0, "cut": False, "text": ""}
    texts = CLEAN if system == "centos8" else clean(system)
    sections = {name: changed(empty, text) for name, text in texts.items()}
    changes = dict(changes or {})
    read_at = changes.pop("read_at", int(texts["epoch"]))
    for name, change in changes.items():
        if change is None:
            sections.pop(name)
        else:
            sections[name] = changed(sections.get(name, empty), change)
    return {"probe": 1, "read_at": read_at, "sections": sections}


def host(changes: Mapping[str, Any] | None = None, system: str = "centos8") -> Facts:
    return parse(document(changes, system))


def transaction_of(changes: Mapping[str, Any]) -> Transaction:
    """A transaction that resolves, with some fields changed; lists become tuples."""
    return Transaction(**{key: _frozen(value) for key, value in changes.items()})


def _frozen(value: Any) -> Any:
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value


def instance(changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The clean host's instance with some keys changed, those of mappings one by one; `disk` changes the data disk."""
    cloud = copy.deepcopy(CLOUD)
    for key, value in (changes or {}).items():
        if key == "disk":
            for name, item in value.items():
                cloud["disks"][1][name] = _merged(cloud["disks"][1].get(name), item)
        else:
            cloud[key] = _merged(cloud.get(key), value)
    return cloud


def _merged(old: Any, new: Any) -> Any:
    return {**old, **new} if isinstance(old, dict) and isinstance(new, dict) else new
