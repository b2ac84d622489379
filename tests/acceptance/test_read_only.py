# SPDX-License-Identifier: GPL-3.0-or-later
"""The probe only reads: also when it is cut off in the middle, nothing on a host has changed and nothing of it is left."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from harness import ROOT, Cloud, Host

FLEET = (Host("py27", python="py27"), Host("py36", python="py36", user="ops"), Host("none", user="ops"))
PROBE = (ROOT / "roles/precheck/files/probe.sh").read_text("utf-8")
START = "\nmain\nexit\n"
MARK = "os-migration-read-only-test"
PATIENCE = 60

# Where the probe is cut off: sections whose commands hang for a while.
POINTS = {
    "rpm_qa": 'run 3 unshare -m sh -c "${private%exec*} exec sleep 60" "$rpm_database"',
    "fstab": "run 3 sleep 60",
    "unit_files": "sleep 60 | run 3 cat",
}


def cut_off_at(point: str) -> str:
    """The probe, which hangs in that section."""
    assert f"\ns_{point}() {{" in PROBE and PROBE.count(START) == 1
    return PROBE.replace(START, f"\ns_{point}() {{ {POINTS[point]}; }}{START}")


def begin(cloud: Cloud, host: str, program: str) -> subprocess.Popen[bytes]:
    """Starts the program on a host, by ssh, as the action plugin does."""
    user, lab = cloud.hosts[host].user, cloud.lab
    shell = f"{'sudo -n ' if user else ''}/bin/sh -s -- {MARK}"
    words = ["-i", lab["ssh_key"], "-o", f"UserKnownHostsFile={lab['known_hosts']}", "-o", "BatchMode=yes"]
    target = f"{user or 'root'}@{lab['hosts'][host]['address']}"
    process = subprocess.Popen(
        ["ssh", *words, target, shell], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdin
    process.stdin.write(program.encode())
    process.stdin.close()
    return process


def processes(cloud: Cloud, host: str) -> dict[int, tuple[int, str]]:
    """Number, parent and command line of what runs on a host."""
    listed = cloud.control("run", host, "ps", "-e", "-o", "pid=,ppid=,args=")["stdout"]
    found = (line.split(None, 2) for line in listed.splitlines())
    return {int(pid): (int(parent), words) for pid, parent, words in found if not words.startswith("ps -e -o")}


def tree(running: dict[int, tuple[int, str]]) -> list[int]:
    """The shell of the probe and all that it has started."""
    found = [pid for pid, (_parent, words) in running.items() if words.startswith(f"/bin/sh -s -- {MARK}")]
    for pid in found:
        found += [child for child, (parent, _words) in running.items() if parent == pid and child not in found]
    return found


def kill_tree(cloud: Cloud, host: str) -> None:
    pids = tree(processes(cloud, host))
    assert len(pids) > 3, "the probe does not run"
    # Some may end with their parents, before it is their turn.
    cloud.control("run", host, "sh", "-c", f"kill -9 {' '.join(map(str, pids))} || :")


def kill_ssh(cloud: Cloud, host: str) -> None:
    assert tree(processes(cloud, host)), "the probe does not run"
    assert cloud.control("kill-ssh", host)["killed"]


def at_work(cloud: Cloud, host: str) -> list[str]:
    """The command lines of what runs on a host; connections of ssh, such as Ansible keeps for a while, aside."""
    return sorted(words for _parent, words in processes(cloud, host).values() if not words.startswith("sshd: "))


def cut_off(cloud: Cloud, host: str, point: str, kill: Callable[[Cloud, str], None]) -> None:
    """Starts the probe, kills it in the middle of a section, and sees that all of it ends."""
    before = at_work(cloud, host)
    with begin(cloud, host, cut_off_at(point)) as process:
        assert process.stdout
        said = b""
        while f'"{point}":'.encode() not in said:
            more = process.stdout.read1(65536)  # type: ignore[attr-defined]  # a buffered reader
            assert more, f"the probe ended on its own: {said[-300:]!r}"
            said += more
        kill(cloud, host)
        said += process.stdout.read()
    assert not said.endswith(b"}}\n"), "the probe was not cut off"
    deadline = time.monotonic() + PATIENCE
    while (left := at_work(cloud, host)) != before:
        assert time.monotonic() < deadline, (host, point, left)
        time.sleep(0.2)


def written(cloud: Cloud, host: str) -> str:
    """When anything on the system disk was last written or changed, file by file; and the packages."""
    script = "find / -xdev ! -path '/proc*' -printf '%p %T@ %C@\\n' | sort; rpm -qa | sort"
    return str(
        cloud.control("run", host, "unshare", "-m", "sh", "-c", f"mount -o remount,bind,ro / && {script}")["stdout"]
    )


def test_a_probe_leaves_no_trace_even_when_it_is_killed_in_the_middle(cloud_of: Callable[..., Cloud]) -> None:
    cloud = cloud_of(*FLEET)
    names, points = list(cloud.hosts), list(POINTS)

    def everywhere(work: Callable[[int], object]) -> list[object]:
        with ThreadPoolExecutor(len(names)) as pool:
            return list(pool.map(work, range(len(names))))

    def state() -> list[object]:
        return everywhere(lambda number: (cloud.tree_hash(names[number]), written(cloud, names[number])))

    before = state()
    done = cloud.playbook("alicloud.os_migration.precheck", accept_risks=None, resolve_transaction=False)
    assert done.returncode == 0, done.stdout
    assert cloud.outcomes() == dict.fromkeys(names, "eligible")
    # Every host is cut off in both ways, and every point in both ways too.
    everywhere(lambda number: cut_off(cloud, names[number], points[number], kill_tree))
    everywhere(lambda number: cut_off(cloud, names[number], points[number - 1], kill_ssh))
    assert state() == before
