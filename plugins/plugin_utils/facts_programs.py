# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turns the probe's text about programs, units and scripts from outside the packages into values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

COMPLETE = "*complete"


@dataclass(frozen=True)
class Program:
    """An ELF file that no package owns.

    `kind` is dynamic, static, or unread where its headers could not be followed. `machine` is e_machine (62: x86_64,
    183: aarch64). `versions` are the symbol versions of the C and C++ libraries that it names, such as GLIBC_2.17.
    """

    path: str
    bits: int
    machine: int
    kind: str
    soname: str = ""
    runpath: str = ""
    needed: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """By what the loader finds it where it is a library."""
        return self.soname or self.path.rpartition("/")[2]


@dataclass(frozen=True)
class UnitProgram:
    """What a unit in /etc/systemd/system starts; `argument` is its first one where that is a path, else empty."""

    unit: str
    program: str
    argument: str


def columns(text: str, count: int) -> Iterator[list[str]]:
    """The lines with at least `count` columns between tabs, filled up with empty ones to a few more."""
    for line in text.split("\n"):
        found = line.split("\t")
        if len(found) >= count:
            yield found + [""] * 8


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for name in text.split(",") if name)


def programs(text: str) -> tuple[Program, ...]:
    return tuple(
        Program(c[3], int(c[0]), int(c[1]), c[2], c[4], c[5], _names(c[6]), _names(c[7]))
        for c in columns(text, 4)
        if c[0] in ("32", "64") and c[1].isascii() and c[1].isdecimal() and len(c[1]) < 6
    )


def programs_complete(text: str) -> bool:
    return COMPLETE in text.split("\n")


def unit_programs(text: str) -> tuple[UnitProgram, ...]:
    return tuple(UnitProgram(c[0], c[1].strip('"'), c[2].strip('"')) for c in columns(text, 2))


def scripts(text: str) -> dict[str, str]:
    return {c[0]: c[1].strip() for c in columns(text, 2)}


def _marked(text: str, mark: str) -> frozenset[str]:
    return frozenset(c[1] for c in columns(text, 2) if c[0] == mark)


def unowned(text: str) -> frozenset[str]:
    return _marked(text, "*unowned")


def missing(text: str) -> frozenset[str]:
    return _marked(text, "*missing")


def library_directories(text: str) -> tuple[str, ...]:
    """The directories that the loader's configuration adds to the system's own."""
    found = (c[1].split("#")[0].strip() for c in columns(text, 2))
    return tuple(dict.fromkeys(line for line in found if line.startswith("/")))
