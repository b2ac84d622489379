# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sick hosts are read too: within a bound of time and text, and what could not be read is never taken for empty."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.alicloud.os_migration.plugins.plugin_utils import facts
from ansible_collections.alicloud.os_migration.tests.unit.facts.sick import (
    PROBE,
    SAFETY,
    behind_dead_servers,
    command,
    one_section,
    programs_first,
    replaced,
    sections,
)

ROOT = os.geteuid() == 0
needs_root = pytest.mark.skipif(not ROOT, reason="mounts are made by root")
needs_fuse = pytest.mark.skipif(not ROOT or not Path("/dev/fuse").exists(), reason="FUSE is mounted by root")
SIGNATURE = "RSA/SHA256, Tue Nov 23 2021, Key ID 05b555b38483c65d"
PACKAGES = "".join(f"{name}|(none)|1|1.el8|x86_64|CentOS|{SIGNATURE}|1637755200\n" for name in ("rpm", "bash"))


def parsed(found: dict[str, Any]) -> facts.Facts:
    return facts.parse({"probe": 1, "sections": found})


def section(body: str, limit: int = 1000, program: str = PROBE) -> dict[str, Any]:
    found: dict[str, Any] = sections(one_section(body, limit, program))["x"]
    return found


# Full, read-only, hidden, missing

ILLNESSES = {
    "full": 'for full in /tmp /run /var/tmp /dev/shm; do mount -t tmpfs -o size=4k full "$full"; cat /dev/zero >"$full/x" || :; done',
    "read-only": "mount -o remount,bind,ro /",
    "processes of others hidden": "mount -t proc -o hidepid=2 proc /proc",
}


@needs_root
@pytest.mark.parametrize("illness", ILLNESSES.values(), ids=ILLNESSES.keys())
def test_a_sick_host_is_read_like_any_other(illness: str) -> None:
    host = parsed(sections(PROBE, illness))
    known = (host.os_release, host.kernel, host.boot_id, host.users, host.mounts, host.fstab, host.spaces, host.hashes)
    assert None not in known
    assert host.users and "root" in host.users


@needs_root
def test_without_proc_facts_are_unknown_and_the_rest_is_read() -> None:
    host = parsed(sections(PROBE, "mount -t tmpfs none /proc"))
    unknown = (host.kernel, host.boot_id, host.uptime, host.mounts, host.memory_mib, host.cpus)
    assert unknown == (None,) * len(unknown)
    assert host.users and "root" in host.users


@needs_root
def test_one_missing_file_of_the_kernel_costs_its_own_fact_only() -> None:
    host = parsed(sections(PROBE, "mount --bind /dev/null /proc/uptime; mount --bind /dev/null /proc/meminfo"))
    assert (host.uptime, host.memory_mib) == (None, None)
    assert host.boot_id and host.mounts


# Servers that are gone


@needs_fuse
def test_file_systems_whose_server_is_gone_are_never_touched_and_what_they_hold_is_unknown() -> None:
    found, asked = behind_dead_servers(PROBE, "/opt", "/usr/local", "/srv", "/home", "/var/spool", "/mnt")
    assert [line for line in asked if line] == []
    host = parsed(found)
    assert (host.paths, host.cron, host.site_packages) == (None, None, None)
    assert "network" in host.unread["paths"]
    assert host.mounts and host.users and host.root_links is not None
    assert [name for name, one in found.items() if one["rc"] == 124] == []


@needs_fuse
def test_a_link_to_a_dead_server_costs_its_section_only(tmp_path: Path) -> None:
    (tmp_path / "dead").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "dead/file")
    program = replaced(
        one_section(f"show '{tmp_path}/link'; present '{tmp_path}/link'", then="echo well"),
        ("patience=40\n", "patience=4\n"),
    )
    found, asked = behind_dead_servers(program, tmp_path / "dead")
    assert found["x"]["rc"] == 124 and asked != [""]
    assert found["then"] == {"text": "well\n", "cut": False, "rc": 0}


@needs_fuse
def test_a_shell_that_hangs_in_a_dead_server_is_waited_for_no_longer_than_any_command(tmp_path: Path) -> None:
    # Here the section itself touches it, as no section should.
    program = replaced(one_section(f"echo before; echo '{tmp_path}'/*; echo after"), ("patience=40\n", "patience=2\n"))
    found, asked = behind_dead_servers(program, tmp_path)
    assert found["x"]["rc"] == 124 and asked != [""]


def mounts_table(path: Path, *lines: str) -> str:
    """The program, which takes this for the table of mounts."""
    path.write_text("".join(f"server:/x {line} rw,relatime 0 0\n" for line in lines))
    return replaced(PROBE, ("/proc/self/mounts 2>/dev/null)", f"'{path}' 2>/dev/null)"))


REMOTE = (
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "fuse",
    "fuse.sshfs",
    "fuse.glusterfs",
    "fuseblk",
    "ceph",
    "lustre",
    "9p",
    "autofs",
)
LOCAL = ("ext4", "xfs", "btrfs", "tmpfs", "overlay", "fusectl", "cgroup2", "vfat", "iso9660")


@pytest.mark.parametrize("kind", [*REMOTE, *LOCAL])
def test_no_remote_file_system_is_taken_for_a_local_one_or_the_other_way_round(kind: str, tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "far/file").touch()
    program = mounts_table(tmp_path / "mounts", f"{tmp_path}/far {kind}")
    read = section(f"present '{tmp_path}/far/file'", program=program)
    expected = {"text": "", "rc": 123} if kind in REMOTE else {"text": f"{tmp_path}/far/file\n", "rc": 0}
    assert read == {"cut": False, **expected}


def test_what_lies_beside_a_remote_file_system_is_read(tmp_path: Path) -> None:
    for name in ("far", "far away", "fa"):
        (tmp_path / name).mkdir()
    program = mounts_table(tmp_path / "mounts", f"{tmp_path}/far nfs", "/ nfs", "/proc/fs/nfsd nfsd")
    assert section(f"present '{tmp_path}/far away' '{tmp_path}/fa' /proc/fs", program=program)["rc"] == 0


def test_a_remote_file_system_with_blanks_in_its_name_is_known(tmp_path: Path) -> None:
    (tmp_path / "a b").mkdir()
    program = mounts_table(tmp_path / "mounts", f"{tmp_path}/a\\040b nfs4")
    assert section(f"present '{tmp_path}/a b/c'", program=program)["rc"] == 123


def test_a_search_leaves_out_what_has_a_remote_file_system_in_it_and_says_so(tmp_path: Path) -> None:
    for name in ("one/far", "two"):
        (tmp_path / name).mkdir(parents=True)
    program = mounts_table(tmp_path / "mounts", f"{tmp_path}/one/far nfs")
    body = f"find_near 5 '{tmp_path}/one' '{tmp_path}/two' '{tmp_path}/none' -maxdepth 0 -perm /111 -print"
    assert section(body, program=program) == {"text": f"{tmp_path}/two\n", "cut": False, "rc": 123}
    assert section(body)["text"] == f"{tmp_path}/one\n{tmp_path}/two\n"


# The package database

RPMS = {
    "half a list, and an error that is only printed": 'printf "%s" "$PACKAGES"; echo "error: rpmdb: damaged header" >&2',
    "nothing, as if there were no packages": ":",
    "half a list, then a signal": 'printf "%s" "$PACKAGES"; kill -SEGV $$',
    "half a list, then a failure": 'printf "%s" "$PACKAGES"; exit 1',
}


def with_rpm(
    directory: Path, lists: str, others: str = "echo rpm-4.14.3-19.el8.x86_64", program: str = PROBE
) -> dict[str, Any]:
    """The sections when rpm prints its list in this way."""
    directory.mkdir()
    script = f"PACKAGES='{PACKAGES}'\ncase \"$*\" in --eval*) echo {directory} ;; -qa*SIGPGP*) {lists} ;; *) {others} ;; esac"
    command(directory, "rpm", script)
    return sections(one_section("", 4194304, programs_first(directory, program), "rpm_qa"))


@pytest.mark.parametrize("lists", RPMS.values(), ids=RPMS.keys())
def test_half_a_list_of_packages_never_passes_for_the_whole(lists: str, tmp_path: Path) -> None:
    # An empty list is what a rebuilt database gives in which not even rpm itself is found.
    others = "exit 1" if lists == ":" else "echo rpm-4.14.3-19.el8.x86_64"
    found = with_rpm(tmp_path / "bin", lists, others)
    assert found["rpm_qa"]["rc"] != 0 and parsed(found).packages is None


def test_a_list_of_packages_with_a_mere_warning_is_taken(tmp_path: Path) -> None:
    lists = 'printf "%s" "$PACKAGES"; echo "warning: Found bdb Packages database" >&2'
    host = parsed(with_rpm(tmp_path / "bin", lists))
    assert host.packages and sorted(package.name for package in host.packages) == ["bash", "rpm"]


def test_a_package_database_that_is_locked_is_not_waited_for(tmp_path: Path) -> None:
    lists = 'printf "%s" "$PACKAGES"; trap "" TERM; while :; do sleep 60; done'
    found = with_rpm(
        tmp_path / "bin", lists, program=replaced(PROBE, ("run 30 rpm", "run 1 rpm"), ("run 30 unsh", "run 1 unsh"))
    )
    assert found["rpm_qa"]["rc"] == 124 and parsed(found).packages is None


# Commands


def ended(process: int) -> bool:
    """Whether a process that was sent a signal which nobody can ignore is gone, as soon as it is."""
    deadline = time.monotonic() + SAFETY
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2][0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state in "ZX":
            return True
        time.sleep(0.05)
    return False


def test_a_command_that_ignores_its_end_is_killed(tmp_path: Path) -> None:
    mark = tmp_path / "process"
    read = section(f"run 1 sh -c 'trap \"\" TERM; echo $$ >{mark}; while :; do sleep 60; done'")
    assert read["rc"] == 124
    assert ended(int(mark.read_text()))


@pytest.mark.parametrize("flood", ["run 2 yes", "run 2 sh -c 'trap \"\" PIPE; while :; do echo yes; done'"])
def test_a_command_that_floods_fills_no_memory_and_is_cut(flood: str) -> None:
    read = section(flood, 100_000)
    assert (len(read["text"]), read["cut"]) == (100_000, True)


def test_a_limit_that_struck_inside_a_pipe_is_told() -> None:
    assert section("run 1 sleep 60 | cat")["rc"] == 124


@pytest.mark.parametrize("body", ["exit 0", "kill -9 $(sh -c 'echo $PPID')", 'echo "$never_set"'])
def test_a_section_that_was_stopped_is_no_empty_one(body: str) -> None:
    assert section(f"{body}; echo more")["rc"] not in (0, None)


# Files


def test_a_directory_with_100000_files_is_cut_and_said_so() -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as directory:
        for number in range(100_000):
            os.mknod(f"{directory}/{number}.conf")
        Path(directory, "0.conf").write_text("x\n")
        for reader in ("dump", "hash_files"):
            read = section(f"{reader} '{directory}'/*.conf", 1_000_000)
            assert read["cut"] and "/0.conf" in read["text"] and read["rc"] == 0


def test_a_file_that_is_one_endless_line_ends_its_reader_and_not_the_host(tmp_path: Path) -> None:
    with (tmp_path / "hole").open("wb") as hole:
        hole.truncate(8 * 2**30)
    assert section(f"dump '{tmp_path}/hole'")["rc"] not in (0, None)


def test_a_pipe_in_place_of_a_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.conf")
    (tmp_path / "real.conf").write_text("x\n")
    assert section(f"dump '{tmp_path}'/*.conf") == {"text": f"{tmp_path}/real.conf\tx\n", "cut": False, "rc": 0}
    assert section(f"strikes=3; show '{tmp_path}/pipe.conf'")["rc"] == 124


# The whole


def test_when_the_time_of_the_probe_is_over_the_document_is_whole_and_all_the_rest_unknown() -> None:
    found = sections(replaced(PROBE, ("\nmain() {", "\nmain() {\n	deadline=$now")))
    assert {(one["text"], one["cut"], one["rc"]) for one in found.values()} == {("", False, 124)}
    assert set(found) == set(sections(PROBE))
    assert parsed(found).packages is None


def test_a_section_under_way_begins_nothing_more_when_the_time_is_over() -> None:
    assert section("echo begun; deadline=$now; run 5 echo more") == {"text": "begun\n", "cut": False, "rc": 124}


def test_a_probe_that_nobody_reads_any_more_ends(tmp_path: Path) -> None:
    # Some agents start programs so that writing to a closed pipe is no signal but an error.
    program = one_section("yes", 1_000_000, then=f"touch '{tmp_path}/more'")
    with subprocess.Popen(
        ["env", "--ignore-signal=PIPE", "/bin/sh", "-s"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin and process.stdout
        process.stdin.write(program.encode())
        process.stdin.close()
        process.stdout.read(100)
        process.stdout.close()
        assert process.wait(SAFETY) != 0
    assert not (tmp_path / "more").exists()
