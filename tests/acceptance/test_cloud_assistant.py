# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts whose SSH port is shut: everything goes through Cloud Assistant, and is done on real disks all the same."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness import Cloud, Host

CloudOf = Callable[..., Cloud]
QUICK = {"smc_quiet_seconds": 2}


def left_behind(cloud: Cloud, host: str) -> str:
    """Files of ours on a host that no run needs any more."""
    places = "/tmp /var/tmp /run -maxdepth 1 -name '*os_migration*'"
    return cloud.control("run", host, "sh", "-c", f"find {places} 2>/dev/null")["stdout"]


def test_hosts_that_ssh_cannot_reach_are_migrated_by_server_migration_center(cloud_of: CloudOf) -> None:
    hosts = (Host("web1", ssh=False), Host("db1", plant=("acme-db",), data_disk=True, ssh=False))
    cloud = cloud_of(*hosts, connection="cloud_assistant")
    done = cloud.playbook(engine="smc", **QUICK)
    assert cloud.outcomes() == {"web1": "migrated", "db1": "migrated"}, done.stdout + done.stderr
    for name in ("web1", "db1"):
        assert "alinux" in cloud.control("run", name, "cat", "/etc/os-release")["stdout"]
        assert left_behind(cloud, name) == ""
    assert cloud.state()["smc"]["tokens"] == {}


@pytest.mark.full
def test_hosts_that_ssh_cannot_reach_are_converted_and_taken_back(cloud_of: CloudOf) -> None:
    hosts = (Host("web1", ssh=False), Host("fragile1", plant=("acme-agent",), data_disk=True, ssh=False))
    cloud = cloud_of(*hosts, connection="cloud_assistant")
    before = cloud.tree_hash("fragile1")
    done = cloud.playbook()
    assert cloud.outcomes() == {"web1": "migrated", "fragile1": "rolled_back"}, done.stdout + done.stderr
    assert cloud.tree_hash("fragile1") == before
    assert left_behind(cloud, "web1") == ""


@pytest.mark.full
def test_a_host_without_cloud_assistant_is_imported_over_its_own_connection(cloud_of: CloudOf) -> None:
    cloud = cloud_of(Host("web1", user="ops"))
    done = cloud.playbook("alicloud.os_migration.migrate", "-vvvv", engine="smc", smc_import="ssh", **QUICK)
    assert cloud.outcomes() == {"web1": "migrated"}, done.stdout[-8000:] + done.stderr
    assert "RunCommand" not in cloud.mutating()
    assert cloud.state()["smc"]["tokens"] == {}
