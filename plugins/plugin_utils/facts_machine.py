# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the probe reads about the machine beyond mounts, boot files and services."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

_PAIR = re.compile(r'([A-Z0-9_]+)="([^"]*)"')
_INSTANCE = re.compile(r"i-[0-9a-z]{5,40}")

Lines = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class PathState:
    """One path, not what it points at. `mode` is octal, `link` is empty where it is no link."""

    type: str
    mode: str
    size: int
    link: str


@dataclass(frozen=True)
class EfiBoot:
    """What efibootmgr shows: number of an entry -> its description with the path of the loader."""

    current: str
    entries: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Metadata:
    """The metadata service of the cloud as the host sees it. `status` is that of HTTP, 0 where nothing answered.

    Ids are empty where none was told; `datasources` are the lines of cloud-init's configuration that name them.
    """

    status: int
    instance_id: str
    cloud_init_id: str
    datasources: Lines = ()


@dataclass(frozen=True)
class MachineFacts:
    """Facts about disks, boot, network and accounts; None is unknown."""

    # Path below /proc or /sys -> its first line.
    kernel_values: Mapping[str, str] | None = None
    cpu: Mapping[str, str] | None = None
    # Block device -> the devices that it lies on.
    block_parents: Mapping[str, tuple[str, ...]] | None = None
    md_degraded: tuple[str, ...] | None = None
    # Disk -> grub, other, empty or unread, by its first sector.
    boot_sectors: Mapping[str, str] | None = None
    # Mount point of XFS -> features such as crc=1.
    xfs: Mapping[str, tuple[str, ...]] | None = None
    path_states: Mapping[str, PathState] | None = None
    grub_default_lines: tuple[str, ...] | None = None
    # Why a shell cannot read /etc/default/grub; empty where it can.
    grub_default_error: str | None = None
    efi_boot: EfiBoot | None = None
    selinux_type: str | None = None
    network_config: Mapping[str, Mapping[str, str]] | None = None
    network_hooks: tuple[str, ...] | None = None
    ip_rules: tuple[str, ...] | None = None
    config_files: Mapping[str, tuple[str, ...]] | None = None
    auth_lines: Lines | None = None
    environment: Lines | None = None
    library_paths: Lines | None = None
    broken_units: Mapping[str, str] | None = None
    # Path, then the number of a line and its command word.
    scheduled: Lines | None = None
    # The hard limit of a session; 2**31 where there is none.
    open_files: int | None = None
    root_password: str | None = None
    root_keys: int | None = None
    metadata: Metadata | None = None
    verified: tuple[str, ...] | None = None


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.split("\n") if line.strip())


def _pairs(text: str) -> Lines:
    """PATH<tab>LINE."""
    split = (line.partition("\t") for line in text.split("\n"))
    return tuple((path, line) for path, tab, line in split if tab and path)


def _by_path(text: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for path, line in _pairs(text):
        found[path] = (*found.get(path, ()), line)
    return found


def _values(text: str) -> dict[str, str]:
    """The first line of each file, which is all that there is below /sys."""
    return {path: lines[0].strip() for path, lines in _by_path(text).items()}


def _cpu(text: str) -> dict[str, str]:
    pairs = (line.partition(":") for line in text.split("\n"))
    found = {key.strip(): value.strip() for key, colon, value in pairs if colon}
    if not found:
        raise ValueError("no processor is described")
    return found


def _block_parents(text: str) -> dict[str, tuple[str, ...]]:
    """lsblk prints a device once for each of those that it lies on."""
    found: dict[str, tuple[str, ...]] = {}
    for pairs in (dict(_PAIR.findall(line)) for line in _lines(text)):
        name, parent = pairs.get("NAME"), pairs.get("PKNAME")
        if name:
            parents = found.get(name, ())
            found[name] = (*parents, parent) if parent and parent not in parents else parents
    return found


def _md_degraded(text: str) -> tuple[str, ...]:
    """Arrays whose line of members, such as [U_], has a gap."""
    found, name = [], ""
    for line in _lines(text):
        if re.match(r"md\S* :", line):
            name = line.split()[0]
        elif name and re.search(r"\[[U_]*_[U_]*\]$", line):
            found.append(f"{name} {line.split()[-1]}")
    return tuple(found)


def _words(text: str) -> dict[str, str]:
    rows = (line.split() for line in _lines(text))
    return {row[0]: row[1] for row in rows if len(row) == 2}


def _path_states(text: str) -> dict[str, PathState]:
    found = {}
    for columns in (line.split(" ", 3) for line in text.split("\n")):
        if len(columns) == 4 and columns[2].isdecimal():
            path, _tab, link = columns[3].partition("\t")
            found[path] = PathState(columns[0], columns[1], int(columns[2][:18]), link)
    if "/" not in found:
        raise ValueError("the root directory is not among them")
    return found


def _shell_error(text: str) -> str:
    try:
        shlex.split(text, comments=True)
    except ValueError as error:
        return str(error)
    return ""


def _efi_boot(text: str) -> EfiBoot:
    current = re.search(r"^BootCurrent: ([0-9A-Fa-f]{4})", text, re.MULTILINE)
    entries = re.findall(r"^Boot([0-9A-Fa-f]{4})\*? (.*)$", text, re.MULTILINE)
    return EfiBoot(current[1] if current else "", {number: said.strip() for number, said in entries})


def _selinux_type(text: str) -> str:
    lines = _by_path(text).get("/etc/selinux/config", ())
    found = [line.partition("=")[2].strip() for line in lines if line.startswith("SELINUXTYPE=")]
    return found[-1] if found else ""


def _network_config(text: str) -> dict[str, dict[str, str]]:
    """Path -> KEY: value. A key of a keyfile bears the name of its section: ipv4.method."""
    found: dict[str, dict[str, str]] = {}
    section = ""
    for path, line in _pairs(text):
        values = found.setdefault(path, {})
        section = section if values else ""
        if line.strip().startswith("["):
            section = line.strip().strip("[]").lower() + "."
            values.setdefault(section, "")
            continue
        key, _equals, value = line.strip().partition("=")
        values[section + key.strip()] = value.strip().strip("\"'")
    return found


def _open_files(text: str) -> int:
    limit = text.strip()
    if limit == "unlimited":
        return 2**31
    return int(limit[:18])


def _root_password(text: str) -> str:
    state = _words(text).get("password", "")
    if state not in ("set", "none", "locked"):
        raise ValueError("there is no such state of a password")
    return state


def _metadata(text: str) -> Metadata:
    status, instance, cloud_init, sources = -1, "", "", []
    for path, line in _pairs(text):
        if path == "answer":
            said, _tab, code = line.partition("\t")
            status = int(code) if re.fullmatch(r"[0-9]{3}", code) else 0
            instance = said if status == 200 and _INSTANCE.fullmatch(said) else ""
        elif path.endswith("instance-id"):
            cloud_init = line.strip() if _INSTANCE.fullmatch(line.strip()) else ""
        else:
            sources.append((path, line.strip()))
    if status < 0:
        raise ValueError("the answer is missing")
    return Metadata(status, instance, cloud_init, tuple(sources))


# fact: (its section, how the text becomes the value)
SECTIONS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "kernel_values": ("kernel_values", _values),
    "cpu": ("cpu", _cpu),
    "block_parents": ("block", _block_parents),
    "md_degraded": ("mdstat", _md_degraded),
    "boot_sectors": ("boot_sectors", _words),
    "xfs": ("xfs", lambda text: {path: tuple(line.split()) for path, line in _pairs(text)}),
    "path_states": ("path_states", _path_states),
    "grub_default_lines": ("grub_default", _lines),
    "grub_default_error": ("grub_default", _shell_error),
    "efi_boot": ("efibootmgr", _efi_boot),
    "selinux_type": ("selinux", _selinux_type),
    "network_config": ("network_config", _network_config),
    "network_hooks": ("network_hooks", _lines),
    "ip_rules": ("ip_rules", _lines),
    "config_files": ("config_files", _by_path),
    "auth_lines": ("auth_lines", _pairs),
    "environment": ("environment", _pairs),
    "library_paths": ("ld_conf", _pairs),
    "broken_units": ("broken_units", lambda text: dict(_pairs(text))),
    "scheduled": ("scheduled", _pairs),
    "open_files": ("open_files", _open_files),
    "root_password": ("root_access", _root_password),
    "root_keys": ("root_access", lambda text: int(_words(text)["keys"][:18])),
    "metadata": ("metadata", _metadata),
    "verified": ("rpm_verify", _lines),
}
