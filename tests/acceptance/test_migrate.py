# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job, from CentOS 8 to Alibaba Cloud Linux 3, on lab hosts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness import Cloud, Host
from policies import under

CloudOf = Callable[..., Cloud]
HEALTHY = ("web1", "web2", "db1")
FLEET = (
    Host("web1", python="py36"),
    Host("web2", python="py27", user="ops"),
    Host("db1", plant=("acme-db",), data_disk=True),
    Host("legacy1", plant=("glibc-compat",)),
    Host("fragile1", plant=("acme-agent",), data_disk=True, category="cloud_efficiency"),
)

# What an assessment rightly says about a host without systemd, name servers, disk labels and Cloud Assistant, whose
# files are Debian's.
TRUE_OF_LAB_HOSTS = {
    "AGENT-ASSISTANT", "AUTH-FIXED-GROUPS", "AUTH-FIXED-IDS", "CMDLINE-ROOT", "DISK-FSTAB-MISSING", "ENV-CERTIFICATES",
    "ENV-LINKER", "FSTAB-DEVICE-NAME", "LOGIN-SFTP", "NET-RESOLVER", "NET-SERVICE", "SVC-INIT", "TX-DOWNGRADED",
}  # fmt: skip


def python_calls(cloud: Cloud, host: str) -> str:
    return cloud.control("run", host, "sh", "-c", "cat /run/lab/python-calls 2>/dev/null || true").get("stdout", "")


def packages(cloud: Cloud, host: str) -> str:
    return cloud.control("run", host, "rpm", "-qa")["stdout"]


# All other tests here use the newest core.
@pytest.mark.parametrize("core", [pytest.param("newest", marks=pytest.mark.full), "oldest"])
def test_a_fleet_ends_as_promised_and_a_second_run_changes_nothing(
    core: str, cloud_of: CloudOf, request: pytest.FixtureRequest
) -> None:
    venv: Path | None = request.getfixturevalue("oldest_core") if core == "oldest" else None
    cloud = cloud_of(*FLEET)
    before = {host.name: cloud.tree_hash(host.name) for host in FLEET}
    with under(cloud, "migrate"):
        first = cloud.playbook(venv=venv)

    assert cloud.outcomes() == {
        **dict.fromkeys(HEALTHY, "migrated"), "legacy1": "not_eligible", "fragile1": "rolled_back",
    }, first.stdout  # fmt: skip
    assert first.returncode == 2, "a run in which hosts were not migrated must not look like success"
    hosts = {host["host"]: host for host in cloud.report()["hosts"]}

    # Untouched and restored mean: to the last byte.
    assert cloud.tree_hash("legacy1") == before["legacy1"]
    assert cloud.tree_hash("fragile1") == before["fragile1"]
    inhibitors = [found for found in hosts["legacy1"]["findings"] if found["severity"] == "inhibitor"]
    assert [found["id"] for found in inhibitors] == ["PKG-I686"]
    assert "glibc-compat" in str(inhibitors[0]["evidence"]) and inhibitors[0]["remediation"]["text"]
    assert hosts["fragile1"]["failure"]["step"] == "transaction"
    for name in HEALTHY:
        installed = packages(cloud, name)
        assert "alinux-release" in installed and "centos-linux-release" not in installed
        assert ".al8" in cloud.control("run", name, "cat", "/proc/sys/kernel/osrelease")["stdout"]
    # Only the package manager of the host itself may use a Python, and it has its own.
    assert [python_calls(cloud, host.name) for host in FLEET] == [""] * len(FLEET)

    done = len(cloud.mutating())
    trees = {name: cloud.tree_hash(name) for name in (*HEALTHY, "legacy1")}
    second = cloud.playbook("alicloud.os_migration.migrate", "--limit", "!fragile1", venv=venv)
    assert cloud.outcomes() == {**dict.fromkeys(HEALTHY, "migrated"), "legacy1": "not_eligible"}, second.stdout
    assert cloud.mutating()[done:] == []
    assert {name: cloud.tree_hash(name) for name in trees} == trees


def test_check_mode_changes_nothing_and_shows_the_plan(cloud_of: CloudOf) -> None:
    cloud = cloud_of(Host("web1"), Host("web2", data_disk=True), Host("legacy1", plant=("glibc-compat",)))
    before = {name: cloud.tree_hash(name) for name in cloud.hosts}
    done = cloud.playbook("alicloud.os_migration.migrate", "--check", "--diff", accept_risks=None)
    assert cloud.outcomes() == {"web1": "planned", "web2": "planned", "legacy1": "not_eligible"}, done.stdout
    assert cloud.mutating() == []
    assert {name: cloud.tree_hash(name) for name in cloud.hosts} == before
    plans = {host["host"]: host["plan"] for host in cloud.report()["hosts"]}
    assert [line for line in plans["web2"] if "snapshot" in line][:2] == plans["web2"][:2]


def test_the_precheck_writes_nothing_on_a_host_or_in_the_cloud(cloud_of: CloudOf) -> None:
    cloud = cloud_of(Host("web1", python="py27"), Host("web2", python="py36", user="ops"))
    before = {name: cloud.tree_hash(name) for name in cloud.hosts}
    done = cloud.playbook("alicloud.os_migration.precheck", accept_risks=None)
    assert done.returncode == 0, done.stdout
    assert cloud.outcomes() == {"web1": "eligible", "web2": "eligible"}
    found = {
        found["id"]
        for host in cloud.report()["hosts"]
        for found in host["findings"]
        if found["severity"] not in ("low", "info")
    }
    assert found == TRUE_OF_LAB_HOSTS
    assert {name: cloud.tree_hash(name) for name in cloud.hosts} == before
    assert cloud.mutating() == []
    assert python_calls(cloud, "web1") == python_calls(cloud, "web2") == ""


def test_a_service_that_the_target_lost_brings_the_host_back(cloud_of: CloudOf) -> None:
    cloud = cloud_of(Host("web1", plant=("acme-web",), data_disk=True))
    before = cloud.tree_hash("web1")
    done = cloud.playbook()
    assert cloud.outcomes() == {"web1": "rolled_back"}, done.stdout
    (host,) = cloud.report()["hosts"]
    assert host["failure"]["step"] == "verify" and "8080" in host["failure"]["message"]
    assert cloud.tree_hash("web1") == before


def test_packages_signed_by_another_key_end_before_the_first_change(one_host: Cloud) -> None:
    wrong = f"{one_host.lab['repo_url']}/alinux-badsig/3/os/x86_64/"
    repositories = f'{{"os_migration_alinux3_repositories": [{{"id": "alinux3-os", "baseurl": "{wrong}"}}]}}'
    before = one_host.tree_hash("web1")
    done = one_host.playbook("alicloud.os_migration.migrate", "-e", repositories)
    assert one_host.outcomes() == {"web1": "not_eligible"}, done.stdout
    assert one_host.tree_hash("web1") == before


def test_no_snapshot_no_change(one_host: Cloud) -> None:
    one_host.faults(
        [
            {"op": "CreateSnapshot", "kind": "fail_work", "times": 9},
            {"op": "CreateSnapshotGroup", "kind": "fail_work", "times": 9},
        ]
    )
    before = one_host.tree_hash("web1")
    done = one_host.playbook()
    assert one_host.outcomes() == {"web1": "not_started"}, done.stdout
    assert one_host.tree_hash("web1") == before


@pytest.mark.parametrize(
    ("mode", "outcome"), [(("--check",), "planned"), pytest.param((), "migrated", marks=pytest.mark.full)]
)
def test_a_host_out_of_reach_does_not_stop_the_others_and_has_an_outcome(
    mode: tuple[str, ...], outcome: str, cloud_of: CloudOf
) -> None:
    cloud = cloud_of(Host("web1"), Host("web2"))
    cloud.control("link", "web1", "down")
    done = cloud.playbook("alicloud.os_migration.migrate", "-e", "ansible_timeout=3", *mode)
    assert cloud.outcomes() == {"web1": "not_eligible", "web2": outcome}, done.stdout


def test_a_failed_host_is_held_where_the_user_wants_to_look_and_the_rollback_playbook_takes_it_back(
    cloud_of: CloudOf,
) -> None:
    cloud = cloud_of(Host("fragile1", plant=("acme-agent",)))
    before = cloud.tree_hash("fragile1")
    cloud.playbook(on_failure="hold")
    assert cloud.outcomes() == {"fragile1": "held"}
    run_id = cloud.report()["run"]["run_id"]
    done = cloud.playbook("alicloud.os_migration.rollback", target=None, run_id=run_id)
    assert cloud.outcomes() == {"fragile1": "rolled_back"}, done.stdout
    assert cloud.tree_hash("fragile1") == before
