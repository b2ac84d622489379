# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turns the raw text of probe sections into values; lines that make no sense are left out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.facts_types import (
    Address,
    BlockDevice,
    BootFile,
    KernelModule,
    Lines,
    Mount,
    Os,
    Socket,
    Space,
    Unit,
    User,
)

_PAIR = re.compile(r'([A-Z0-9_]+)="([^"]*)"')
_OCTAL = re.compile(r"\\([0-7]{3})")


def number(text: str) -> int:
    """A count of at most 18 digits, so that no text can cost much."""
    stripped = text.strip()
    if not re.fullmatch(r"-?[0-9]{1,18}", stripped):
        raise ValueError("not a number")
    return int(stripped)


def lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.split("\n") if line.strip())


def rows(text: str, count: int, separator: str | None = None) -> Iterable[list[str]]:
    """The lines that split into at least `count` columns."""
    for line in text.split("\n"):
        columns = line.split(separator)
        if len(columns) >= count:
            yield columns


def by_file(text: str) -> dict[str, list[str]]:
    """PATH<tab>LINE, as the probe's `dump` prints it."""
    files: dict[str, list[str]] = {}
    for path, line in (row.split("\t", 1) for row in text.split("\n") if "\t" in row):
        files.setdefault(path, []).append(line)
    return files


def file_lines(text: str) -> Lines:
    return tuple((path, line) for path, found in by_file(text).items() for line in found)


def assignments(found: Iterable[str]) -> dict[str, str]:
    """KEY=value lines of a shell-like file; quotes around a value are dropped."""
    pairs: dict[str, str] = {}
    for line in found:
        key, equals, value = line.strip().partition("=")
        if not equals or key.startswith(("#", ";")):
            continue
        value = value.strip()
        if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
            value = value[1:-1]
        pairs[key.strip()] = value
    return pairs


def operating_system(os_release: Mapping[str, str], release_files: Mapping[str, list[str]]) -> Os:
    version = os_release.get("VERSION_ID", "")
    major, _dot, minor = version.partition(".")
    release = " ".join(line for path in sorted(release_files) for line in release_files[path])
    if not minor:
        found = re.search(rf"\brelease {re.escape(major)}\.(\d{{1,4}})", release) if major else None
        minor = found[1] if found else ""
    name = os_release.get("NAME", "")
    return Os(
        id=os_release.get("ID", "").lower(),
        version_id=version,
        name=name,
        pretty_name=os_release.get("PRETTY_NAME", name),
        platform_id=os_release.get("PLATFORM_ID", ""),
        major=int(major) if re.fullmatch(r"\d{1,4}", major) else None,
        minor=int(minor) if re.fullmatch(r"\d{1,4}", minor) else None,
        stream="stream" in name.lower(),
    )


def spaces(space: str, inodes: str) -> dict[str, Space]:
    counts = {}
    for columns in rows(inodes, 7):
        if columns[2].isdecimal() and columns[4].isdecimal() and int(columns[2]) > 0:
            counts[columns[0]] = (int(columns[2]), int(columns[4]))
    return {
        c[0]: Space(c[0], c[1], " ".join(c[6:]), int(c[2]) // 1024, int(c[4]) // 1024, *counts.get(c[0], (None, None)))
        for c in rows(space, 7)
        if c[2].isdecimal() and c[4].isdecimal()
    }


def _unescape(path: str) -> str:
    return _OCTAL.sub(lambda match: chr(int(match[1], 8)), path)


def mounts(text: str) -> tuple[Mount, ...]:
    """Lines of fstab(5), which need no options, or of the kernel's list."""
    return tuple(
        Mount(_unescape(c[0]), _unescape(c[1]), c[2], tuple(c[3].split(",")) if len(c) > 3 else ("defaults",))
        for c in rows(text, 3)
        if not c[0].startswith("#")
    )


def broken_fstab_lines(text: str) -> tuple[str, ...]:
    """Lines with too few or too many columns, or words where numbers belong; mount ignores a comment at a line's end."""
    broken = []
    for line in lines(text):
        columns = line.split()
        if len(columns) > 6 and columns[6].startswith("#"):
            columns = columns[:6]
        numbers = all(column.isdecimal() for column in columns[4:6])
        if not line.startswith("#") and (len(columns) < 3 or len(columns) > 6 or not numbers):
            broken.append(line)
    return tuple(broken)


def swap_mib(text: str) -> int:
    return sum(int(columns[2]) for columns in rows(text, 5) if columns[2].isdecimal()) // 1024


def memory_mib(text: str, key: str) -> int:
    found = re.search(rf"^{key}:\s+(\d{{1,15}}) kB", text, re.MULTILINE)
    if not found:
        raise ValueError(key)
    return int(found[1]) // 1024


def block(text: str) -> tuple[BlockDevice, ...]:
    found = []
    for line in lines(text):
        pairs = dict(_PAIR.findall(line))
        if "NAME" in pairs:
            size = pairs.get("SIZE", "")
            words = [pairs.get(key, "") for key in ("FSTYPE", "UUID", "LABEL", "MOUNTPOINT")]
            found.append(
                BlockDevice(pairs["NAME"], pairs.get("TYPE", ""), int(size) if size.isdecimal() else 0, *words)
            )
    return tuple(found)


def boot_files(text: str) -> dict[str, BootFile]:
    found = {}
    for columns in (line.split(" ", 2) for line in text.split("\n")):
        if len(columns) == 3 and columns[1].isdecimal():
            path, _tab, link = columns[2].partition("\t")
            found[path] = BootFile(columns[0], int(columns[1]), link)
    return found


def bls_entries(text: str) -> dict[str, dict[str, str]]:
    entries: dict[str, dict[str, str]] = {}
    for path, file in by_file(text).items():
        pairs = (line.strip().split(None, 1) for line in file)
        entries[path] = {pair[0]: pair[1] for pair in pairs if len(pair) == 2}
    return entries


def kernel_modules(text: str) -> tuple[KernelModule, ...]:
    """The flags stand in brackets at the end of a line, where there are any: (OE) is out of tree and unsigned."""
    return tuple(KernelModule(c[0], c[-1].strip("()") if c[-1].startswith("(") else "") for c in rows(text, 3))


def words_of(text: str) -> dict[str, tuple[str, ...]]:
    """KEYWORD value, a keyword may come more than once: the output of `sshd -T`."""
    found: dict[str, tuple[str, ...]] = {}
    for columns in (line.split(None, 1) for line in lines(text)):
        keyword = columns[0].lower()
        found[keyword] = (*found.get(keyword, ()), columns[1] if len(columns) > 1 else "")
    return found


def sockets(text: str) -> tuple[Socket, ...]:
    found = set()
    for columns in rows(text, 6):
        address, _colon, port = columns[4].rpartition(":")
        if columns[0] in ("tcp", "udp") and port.isdecimal():
            process = re.search(r'users:\(\("([^"]{1,64})"', " ".join(columns[6:]))
            found.add(Socket(columns[0], address, int(port), process[1] if process else ""))
    return tuple(sorted(found, key=lambda s: (s.proto, s.port, s.address, s.process)))


def proc_sockets(text: str) -> tuple[Socket, ...]:
    found = set()
    for path, file in by_file(text).items():
        proto = "udp" if "udp" in path else "tcp"
        for columns in (line.split() for line in file):
            if len(columns) > 3 and columns[3] == ("07" if proto == "udp" else "0A"):
                address, _colon, port = columns[1].partition(":")
                found.add(Socket(proto, address, int(port, 16), ""))
    return tuple(sorted(found, key=lambda s: (s.proto, s.port, s.address)))


def unit_files(text: str) -> dict[str, str]:
    return {columns[0]: columns[1] for columns in rows(text, 2) if "." in columns[0]}


def units(text: str) -> dict[str, Unit]:
    found = {}
    for columns in (line.lstrip("●* ").split() for line in lines(text)):
        if len(columns) >= 4 and "." in columns[0]:
            found[columns[0]] = Unit(columns[1], columns[2], columns[3])
    return found


def users(text: str) -> dict[str, User]:
    return {
        c[0]: User(int(c[2]), int(c[3]), c[5], c[6])
        for c in rows(text, 7, ":")
        if c[2].isdecimal() and c[3].isdecimal() and c[0]
    }


def groups(text: str) -> dict[str, int]:
    return {columns[0]: int(columns[2]) for columns in rows(text, 4, ":") if columns[2].isdecimal()}


def hashes(text: str) -> dict[str, str]:
    matches = (re.match(r"\\?([0-9a-f]{64}) [ *](.+)", line) for line in text.split("\n"))
    return {match[2]: match[1] for match in matches if match}


def addresses(text: str) -> tuple[Address, ...]:
    """Link-local addresses are left out: they say nothing about who can reach the host."""
    found = {
        Address(c[1].partition("@")[0], c[2], c[3])
        for c in rows(text, 4)
        if c[2] in ("inet", "inet6") and not c[3].lower().startswith("fe80")
    }
    return tuple(sorted(found, key=lambda a: (a.interface, a.family, a.address)))


def links(text: str) -> dict[str, str]:
    return {columns[0]: columns[1] for columns in rows(text, 2, "\t")}


def immutable(text: str) -> tuple[str, ...]:
    return tuple(c[1].strip() for c in (line.split(None, 1) for line in lines(text)) if len(c) == 2 and "i" in c[0])
