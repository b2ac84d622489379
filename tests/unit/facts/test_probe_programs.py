# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a program needs decides whether it starts after the migration: the probe has to read it from any ELF file."""

from __future__ import annotations

import shutil
import struct
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.facts_software import SECTIONS
from ansible_collections.alicloud.os_migration.tests.unit.facts.test_probe import AWKS, PROBE, SEARCH_PATH, section

ROOTS = "for root in $program_roots; do"
BASE = 0x400000
X86_64, I386 = 62, 3
# Knows the files of one package, whose name has "packaged" in it, and no others.
RPM = """#!/bin/sh
for file do
    case $file in
    *packaged*) echo acme-1.0-1.x86_64 ;;
    /*) if [ -e "$file" ]; then echo "file $file is not owned by any package"
        else echo "error: file $file: No such file or directory" >&2; fi ;;
    esac
done
exit 1
"""


def elf(needed: tuple[str, ...] = (), versions: tuple[str, ...] = (), soname: str = "", headers_at: int = 64) -> bytes:
    """A 64-bit ELF file whose program headers, dynamic section and names lie where one likes."""
    strings = b"\0"
    places = {}
    for name in (*needed, *versions, soname):
        places[name] = len(strings)
        strings += name.encode() + b"\0"
    dynamic_at, strings_at = 8192, 12288
    tags = [(1, places[name]) for name in needed] + ([(14, places[soname])] if soname else [])
    tags += [(5, BASE + strings_at), (10, len(strings)), (0, 0)]
    dynamic = b"".join(struct.pack("<QQ", *tag) for tag in tags)
    loads = [(1, 0, BASE, 16384)] + ([(2, dynamic_at, BASE + dynamic_at, len(dynamic))] if needed else [])
    headers = b"".join(struct.pack("<IIQQQQQQ", kind, 5, at, to, to, size, size, 4096) for kind, at, to, size in loads)
    head = b"\x7fELF\x02\x01\x01" + bytes(9)
    head += struct.pack("<HHIQQQIHHHHHH", 2, X86_64, 1, BASE, headers_at, 0, 0, 64, 56, len(loads), 0, 0, 0)
    image = bytearray(16384)
    for at, part in ((0, head), (headers_at, headers), (dynamic_at, dynamic), (strings_at, strings)):
        image[at : at + len(part)] = part
    return bytes(image)


def elf32() -> bytes:
    head = b"\x7fELF\x01\x01\x01" + bytes(9)
    head += struct.pack("<HHIIIIIHHHHHH", 2, I386, 1, BASE, 52, 0, 0, 52, 32, 1, 0, 0, 0)
    return (head + struct.pack("<IIIIIIII", 2, 4096, BASE, BASE, 64, 64, 6, 4)).ljust(8192, b"\0")


class Host:
    """Programs in a directory of their own, which the probe takes for /opt."""

    def __init__(self, path: Path) -> None:
        self._bin, self.opt = path / "bin", path / "opt dir"
        self._bin.mkdir()
        self.opt.mkdir()
        self.tool("rpm", RPM)

    def tool(self, name: str, text: str) -> None:
        (self._bin / name).write_text(text)
        (self._bin / name).chmod(0o755)

    def awk(self, path: str) -> None:
        (self._bin / "awk").symlink_to(path)

    def put(self, name: str, contents: bytes, mode: int = 0o755) -> str:
        path = self.opt / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(contents)
        path.chmod(mode)
        return str(path)

    def read(self, name: str = "elf") -> dict[str, Any]:
        assert ROOTS in PROBE
        program = PROBE.replace(ROOTS, f"for root in '{self.opt}'; do")
        program = program.replace(SEARCH_PATH, f"PATH={self._bin}:/usr/sbin:/usr/bin:/sbin:/bin")
        read = section(f"s_{name}", 262144, program)
        assert (read["rc"], read["cut"]) == (0, False)
        return {fact: parse(read["text"]) for fact, (part, parse) in SECTIONS.items() if part == name}


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


@pytest.mark.parametrize("awk", AWKS)
def test_the_libraries_and_symbols_of_a_program_are_read_with_every_awk(awk: str, host: Host) -> None:
    host.awk(str(shutil.which(awk)))
    path = host.put(
        "app/bin/my server", elf(("libssl.so.10", "libc.so.6"), ("GLIBC_2.2.5", "GLIBC_2.17", "GLIBC_PRIVATE"))
    )
    library = host.put("app/lib/libfoo.so.1.2", elf(("libc.so.6",), soname="libfoo.so.1"), 0o644)
    read = host.read()
    programs = {program.path: program for program in read["programs"]}
    assert sorted(programs) == sorted([path, library])
    assert programs[path].needed == ("libssl.so.10", "libc.so.6")
    assert programs[path].versions == ("GLIBC_2.2.5", "GLIBC_2.17")
    assert (programs[path].bits, programs[path].machine, programs[path].kind) == (64, X86_64, "dynamic")
    assert programs[library].name == "libfoo.so.1"
    assert read["programs_complete"] is True


def test_programs_of_packages_and_what_is_no_program_are_left_out(host: Host) -> None:
    host.put("packaged/bin/tool", elf(("libc.so.6",)))
    host.put("run.sh", b"#!/bin/sh\n" + b"#" * 2000)
    host.put("picture.bin", b"\x7fELF\x02\x01" + bytes(5000))
    host.put("tiny", b"\x7fELF")
    host.put("overlay2/layer/bin/tool", elf(("libc.so.6",)))
    assert host.read() == {"programs": (), "programs_complete": True}


def test_static_old_and_odd_programs_are_told_apart(host: Host) -> None:
    kinds = {
        host.put("static", elf()): (64, "static"),
        host.put("patched", elf(("libc.so.6",), headers_at=2048)): (64, "unread"),
        host.put("old", elf32()): (32, "dynamic"),
    }
    assert {program.path: (program.bits, program.kind) for program in host.read()["programs"]} == kinds


def test_a_hostile_file_costs_nobody_else_their_reading(host: Host) -> None:
    good = host.put("good", elf(("libc.so.6",)))
    bad = elf(("libc.so.6",))
    # The names lie outside the file; a name does not end where it should.
    address = struct.pack("<QQ", 5, BASE + 12288)
    beyond = host.put("beyond", bad.replace(address, struct.pack("<QQ", 5, 2**60)))
    endless = host.put("endless", bad.replace(b"libc.so.6\0", b"libc.so.6\t"))
    programs = {program.path: program for program in host.read()["programs"]}
    assert programs[good].needed == ("libc.so.6",)
    assert programs[beyond].kind == "unread"
    assert endless in programs


def test_more_programs_than_one_reading_takes_are_not_taken_for_all(host: Host) -> None:
    for number in range(203):
        host.put(f"tool{number}", elf())
    read = host.read()
    assert len(read["programs"]) == 200
    assert read["programs_complete"] is False


def test_what_runs_here_is_listed_with_its_owner(host: Host) -> None:
    assert any(path.endswith(("/sh", "/dash", "/bash")) for path in host.read("running")["running"])
    assert host.read("unowned")["unowned"]
