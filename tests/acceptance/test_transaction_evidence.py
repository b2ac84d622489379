# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The assessment resolves the real transaction on the hosts, and leaves them as they were to the last byte, also when killed."""

from __future__ import annotations

import base64
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from harness import Cloud, Host

CloudOf = Callable[..., Cloud]
PRECHECK = "alicloud.os_migration.precheck"
# As good as no memory, so that the work is on the disk.
LITTLE_MEMORY = (
    'printf "MemTotal: 999999 kB\\nMemAvailable: 900000 kB\\n" >/run/meminfo && mount --bind /run/meminfo /proc/meminfo'
)
KILL = """for entry in /proc/[0-9]*; do
  if tr '\\0' '\\n' <"$entry/environ" 2>/dev/null | grep -q '^OS_MIGRATION_WORK=' || tr '\\0' ' ' <"$entry/cmdline" | grep -q '^/bin/sh -s -- [0-9]'; then
    [ "${entry#/proc/}" = $$ ] || echo "${entry#/proc/}"
  fi
done | xargs kill -9; true"""
TRACES = "ls -A /var/tmp /tmp /var/cache/dnf /var/lib/dnf; ls /var/log | grep -e dnf -e hawkey; cat /proc/mounts | grep -c os_migration; true"


def shell(cloud: Cloud, host: str, script: str) -> str:
    return str(cloud.control("run", host, "sh", "-c", script).get("stdout", ""))


def install(cloud: Cloud, host: str, place: Path, name: str, *lines: str) -> None:
    """Puts a package of another vendor on the host, in place of one of the same name."""
    spec = place / f"{name}.spec"
    head = (
        f"Name: {name}",
        "Version: 1.0",
        "Release: 1",
        "Summary: demo",
        "License: MIT",
        "Vendor: Acme",
        "BuildArch: noarch",
    )
    spec.write_text("\n".join((*head, *lines, "%description", "demo", "%files", "")))
    subprocess.run(
        ["rpmbuild", "-bb", "--define", f"_topdir {place}", "--define", f"_rpmdir {place}", str(spec)],
        check=True,
        capture_output=True,
    )
    content = base64.b64encode((place / f"noarch/{name}-1.0-1.noarch.rpm").read_bytes()).decode()
    shell(
        cloud,
        host,
        f"echo {content} | base64 -d >/run/{name}.rpm && rpm -U --oldpackage --nosignature /run/{name}.rpm && echo done",
    )
    assert "Acme" in shell(cloud, host, f"rpm -q --qf '%{{VENDOR}}' {name}")


def findings(cloud: Cloud) -> dict[str, dict[str, list[str]]]:
    """Evidence of the findings about the transaction, by host and id; what is unknown has a question mark."""
    return {
        host["host"]: {
            found["id"] + ("" if found["status"] == "fired" else "?"): found["evidence"]
            for found in host["findings"]
            if found["id"].startswith("TX-")
        }
        for host in cloud.report()["hosts"]
    }


@contextmanager
def silent_mirror(cloud: Cloud) -> Iterator[tuple[str, socket.socket]]:
    """A mirror that takes connections and never says a word: whoever asks it is in the middle of reading."""
    gateway = cloud.lab["repo_url"].removeprefix("http://").rpartition(".")[0] + ".1"
    with socket.create_server((gateway, 0)) as server:
        server.settimeout(120)
        yield f"http://{gateway}:{server.getsockname()[1]}", server


def test_the_assessment_knows_what_the_conversion_would_do_and_changes_nothing(
    cloud_of: CloudOf, tmp_path: Path
) -> None:
    cloud = cloud_of(
        Host("web1"), Host("planted1", plant=("acme-web", "acme-db"), user="ops"), Host("lost1"), Host("small1")
    )
    install(cloud, "planted1", tmp_path, "zip")
    install(cloud, "planted1", tmp_path, "acme-plugin", "Requires: centos-linux-release")
    mirror = cloud.lab["repo_url"].removeprefix("http://")
    cloud.control("run", "lost1", "ip", "route", "add", "unreachable", f"{mirror}/32")
    shell(cloud, "small1", LITTLE_MEMORY)
    before = {name: cloud.tree_hash(name) for name in cloud.hosts}
    traces = {name: shell(cloud, name, TRACES) for name in cloud.hosts}
    done = cloud.playbook(PRECHECK, accept_risks=None)

    assert {name: cloud.tree_hash(name) for name in cloud.hosts} == before
    assert {name: shell(cloud, name, TRACES) for name in cloud.hosts} == traces
    found = findings(cloud)
    for name in ("web1", "small1"):
        # The lab's target really has two packages in a lower version.
        assert sorted(found[name]) == ["TX-DOWNGRADED", "TX-NO-COUNTERPART"], done.stdout
        assert len(found[name]["TX-DOWNGRADED"]) == 2
        assert found[name]["TX-NO-COUNTERPART"] == ["vendor-leftover-demo-1.0-1.el8.noarch"]
    assert found["planted1"]["TX-REMOVED"] == ["acme-plugin-1.0-1.noarch"]
    third_party = found["planted1"]["TX-THIRD-PARTY"]
    assert [line.split()[0] for line in third_party] == ["zip-1.0-1.noarch", "acme-plugin-1.0-1.noarch"]
    assert list(found["lost1"]) == ["TX-REPOSITORY"]
    assert "Curl error" in "\n".join(found["lost1"]["TX-REPOSITORY"])
    outcomes = cloud.outcomes()
    assert {name for name, outcome in outcomes.items() if outcome == "not_eligible"} == {"lost1", "planted1"}
    assert {outcomes["web1"], outcomes["small1"]} == {"eligible"}


def test_a_trial_that_is_killed_leaves_nothing_or_is_cleaned_up_by_the_next(cloud_of: CloudOf) -> None:
    cloud = cloud_of(Host("web1"), Host("small1"))
    shell(cloud, "small1", LITTLE_MEMORY)
    before = {name: cloud.tree_hash(name) for name in cloud.hosts}
    with silent_mirror(cloud) as (address, server):
        play = subprocess.Popen(
            cloud.command(PRECHECK, target="alinux3", mirror=address), cwd=cloud.directory, env=cloud.environment(),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            clients: dict[str, socket.socket] = {}
            while len(clients) < len(cloud.hosts):
                connection, (client, _port) = server.accept()
                clients[client] = connection
            assert "os_migration-transaction." in shell(cloud, "small1", "ls /var/tmp")
            for name in cloud.hosts:
                shell(cloud, name, KILL)
            play.wait(120)
        finally:
            play.kill()
            play.wait()
    assert cloud.tree_hash("web1") == before["web1"]
    assert [list(found) for found in findings(cloud).values()] == [["TX-RESOLVE?"]] * len(cloud.hosts)

    assert cloud.tree_hash("small1") != before["small1"], "nothing was killed in the middle"
    cloud.playbook(PRECHECK, accept_risks=None)
    assert cloud.tree_hash("small1") == before["small1"]
    assert "TX-RESOLVE?" not in findings(cloud)["small1"]
