# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The probe runs on hosts that nobody here has seen: whatever they hold, its answer has to be one valid document."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.alicloud.os_migration.plugins.plugin_utils import facts
from ansible_collections.alicloud.os_migration.tests.unit.checks.hosts import CLEAN

PROBE = (Path(__file__).resolve().parents[3] / "roles/precheck/files/probe.sh").read_text("utf-8")
SEARCH_PATH = "PATH=/usr/sbin:/usr/bin:/sbin:/bin"
START = "\nmain\nexit\n"
SHELLS = [shell for shell in ("sh", "dash", "bash") if shutil.which(shell)]
AWKS = [awk for awk in ("mawk", "gawk", "original-awk") if shutil.which(awk)]


def probe(program: str = PROBE, shell: str = "sh", prefix: str = "") -> Any:
    command = [shell, "-c", f"{prefix} exec {shell} -s"]
    answer = subprocess.run(command, input=program.encode(), capture_output=True, check=True)
    return json.loads(answer.stdout)


def section(body: str, limit: int = 1000, program: str = PROBE, prefix: str = "") -> dict[str, Any]:
    """One section with a body of our own, by the probe's own means."""
    start = f"\ns_x() {{ {body}; }}\nexec 4>&1\nprintf '{{'\nsection x {limit}\nprintf '}}'\nexit\n"
    assert START in program
    return probe(program.replace(START, start), prefix=prefix)["x"]


@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_prints_one_document_that_can_be_parsed(shell: str) -> None:
    document = probe(shell=shell)
    parsed = facts.parse(document)
    assert parsed.boot_id == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert parsed.users and "root" in parsed.users


def test_no_fact_waits_for_a_section_that_the_probe_does_not_print() -> None:
    wanted = {entry[0] for entry in (*facts._SIMPLE.values(), *facts._COMBINED.values())}
    printed = set(probe()["sections"])
    assert sorted(wanted - printed) == []
    assert sorted(set(CLEAN) - printed) == []


def test_a_host_whose_disk_is_full_can_still_be_read() -> None:
    # No file may grow by a single byte here: a probe that needs a temporary file fails.
    document = probe(prefix="ulimit -f 0;")
    assert facts.parse(document).kernel


@pytest.mark.parametrize("awk", AWKS)
def test_no_byte_on_a_host_can_break_the_document(awk: str, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/awk").symlink_to(str(shutil.which(awk)))
    hostile = bytes(range(256)) * 3 + b'"\\u0000\\" \xf0\x9f\x98\x80 \xc3\x28 ' + b"\r\n" + b"end without newline"
    (tmp_path / "hostile").write_bytes(hostile)
    program = PROBE.replace(SEARCH_PATH, f"PATH={tmp_path}/bin:/usr/bin:/bin")
    read = section(f"cat '{tmp_path}/hostile'", 5000, program)
    assert read["text"].encode("latin-1") == hostile
    assert (read["cut"], read["rc"]) == (False, 0)


@pytest.mark.parametrize(("length", "cut"), [(1000, False), (1001, True), (300_000, True)])
def test_output_beyond_the_limit_is_dropped_and_said_so(length: int, cut: bool) -> None:
    read = section(f"run 5 head -c {length} /dev/zero")
    assert (len(read["text"]), read["cut"]) == (min(length, 1000), cut)


def test_a_command_that_hangs_costs_its_section_only() -> None:
    read = section("echo before; run 1 sleep 60")
    assert read == {"text": "before\n", "cut": False, "rc": 124}


def test_a_limit_that_struck_is_told_even_if_later_commands_succeed() -> None:
    assert section("run 1 sleep 60; run 5 true")["rc"] == 124


def test_a_missing_command_is_told_from_one_that_failed() -> None:
    assert section("run 5 no-such-command-here")["rc"] == 127
    assert section("run 5 false")["rc"] == 1


def test_without_a_way_to_limit_commands_nothing_is_run(tmp_path: Path) -> None:
    for tool in ("od", "head", "awk", "cat"):
        (tmp_path / tool).symlink_to(str(shutil.which(tool)))
    document = probe(PROBE.replace(SEARCH_PATH, f"PATH={tmp_path}"))
    assert document["sections"]["arch"] == {"text": "", "cut": False, "rc": 127}
    assert facts.parse(document).arch is None


def test_names_with_blanks_and_patterns_are_read_as_they_are(tmp_path: Path) -> None:
    odd = tmp_path / "a b * $(c).repo"
    odd.write_text("[x]\n")
    (tmp_path / "pipe.repo").mkdir()
    assert section(f"dump '{tmp_path}'/*.repo '{tmp_path}'/none*")["text"] == f"{odd}\t[x]\n"


def test_secrets_of_a_host_stay_on_it(tmp_path: Path) -> None:
    config = tmp_path / "x.repo"
    config.write_text("baseurl=https://joe:s3cret@mirror.example.com/8/\npassword = s3cret\nproxy_password=s3cret\n")
    fstab = tmp_path / "fstab"
    fstab.write_text("//nas/share /mnt cifs username=joe,password=s3cret,ro 0 0\n")
    text = section(f"dump '{config}'; show '{fstab}'")["text"]
    assert "s3cret" not in text
    assert "https://***@mirror.example.com/8/" in text
    assert "username=joe,password=***,ro 0 0" in text


def test_password_hashes_are_never_read() -> None:
    # An old /etc/passwd may still hold hashes itself.
    line = "joe:$6$hash:1000:1000::/home/joe:/bin/sh"
    program = PROBE.replace("/etc/passwd; }", "/dev/stdin <<'END'\n" + line + "\nEND\n}")
    assert program != PROBE
    assert probe(program)["sections"]["users"]["text"] == "joe:x:1000:1000::/home/joe:/bin/sh\n"
    commands = PROBE.split("s_attributes()")
    assert "shadow" not in commands[0]
