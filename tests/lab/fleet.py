"""The fleet file: which hosts a lab has."""
# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from .image.run import LabError

PYTHONS = ("none", "py27", "py36")
NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
MOST_HOSTS = 240


@dataclass(frozen=True)
class HostSpec:
    name: str
    python: str = "none"
    packages: tuple[str, ...] = ()
    disks: tuple[tuple[str, str], ...] = ()  # data disks: name, mount point
    user: str | None = None
    ssh: bool = True  # whether its port of ssh answers


def parse(text: str) -> list[HostSpec]:
    data = yaml.safe_load(text)
    if not isinstance(data, dict) or not isinstance(data.get("hosts"), list) or not data["hosts"]:
        raise LabError("the fleet file needs a list 'hosts'")
    hosts = [_host(item) for item in data["hosts"]]
    names = [host.name for host in hosts]
    if len(set(names)) != len(names):
        raise LabError("the fleet file names a host twice")
    if len(hosts) > MOST_HOSTS:
        raise LabError(f"a lab has at most {MOST_HOSTS} hosts")
    return hosts


def _host(item: dict[str, Any]) -> HostSpec:
    unknown = set(item) - {"name", "python", "packages", "disks", "user", "ssh"}
    if unknown:
        raise LabError(f"the fleet file has an unknown key: {', '.join(sorted(unknown))}")
    name, python = str(item.get("name", "")), str(item.get("python", "none"))
    disks = tuple(
        (str(disk["name"]), str(disk["mount"])) for disk in item.get("disks") or () if disk["name"] != "system"
    )
    user = item.get("user")
    if python not in PYTHONS:
        raise LabError(f"host {name}: python is one of {', '.join(PYTHONS)}")
    for word in (name, *(disk for disk, _mount in disks), *([user] if user else [])):
        if not NAME.fullmatch(word):
            raise LabError(f"the fleet file has the name '{word}': use small letters, digits and hyphens")
    return HostSpec(name, python, tuple(sorted(item.get("packages") or ())), disks, user, bool(item.get("ssh", True)))


def read(path: Path) -> list[HostSpec]:
    try:
        return parse(path.read_text())
    except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
        raise LabError(f"the fleet file {path} cannot be read: {error}") from error
