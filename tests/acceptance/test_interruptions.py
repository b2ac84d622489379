# SPDX-License-Identifier: GPL-3.0-or-later
"""What is cut off goes on: the network of a host, and the controller itself."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable

import pytest

from harness import Cloud, Host

CloudOf = Callable[..., Cloud]
SNAPSHOTS = ("CreateSnapshot", "CreateSnapshotGroup")


def wait_for(condition: Callable[[], bool], seconds: float = 240) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "what the test waits for did not happen"
        time.sleep(0.1)


def wait_for_transaction(cloud: Cloud, host: str, play: subprocess.Popen[bytes]) -> None:
    """Waits until the package manager has begun to replace packages on the host."""

    def begun() -> bool:
        assert play.poll() is None, (cloud.directory / "first.log").read_text()
        return in_transaction(cloud, host)

    wait_for(begun)


def in_transaction(cloud: Cloud, host: str) -> bool:
    """Whether the package manager is replacing packages on the host."""
    said = cloud.control("run", host, "sh", "-c", "cat /var/lib/os_migration/*/transaction.log 2>/dev/null || true")[
        "stdout"
    ]
    return "Running transaction" in said and "Complete!" not in said


def start(cloud: Cloud) -> subprocess.Popen[bytes]:
    command = cloud.command(target="alinux3", accept_risks=True)
    return subprocess.Popen(
        command, cwd=cloud.directory, env=cloud.environment(), start_new_session=True,
        stdout=(cloud.directory / "first.log").open("wb"), stderr=subprocess.STDOUT,
    )  # fmt: skip


def test_a_network_that_goes_away_in_the_middle_of_the_transaction_does_not_end_the_conversion(
    cloud_of: CloudOf,
) -> None:
    cloud = cloud_of(Host("web1"))
    play = start(cloud)
    wait_for_transaction(cloud, "web1", play)
    cloud.control("link", "web1", "down")
    cloud.control("kill-ssh", "web1")
    wait_for(lambda: not in_transaction(cloud, "web1"))
    cloud.control("link", "web1", "up")
    assert play.wait(300) == 0, (cloud.directory / "first.log").read_text()
    assert cloud.outcomes() == {"web1": "migrated"}


def test_a_killed_controller_goes_on_with_the_same_command_and_makes_no_second_restore_point(cloud_of: CloudOf) -> None:
    cloud = cloud_of(
        Host("web1", data_disk=True), Host("fragile1", plant=("acme-agent",)), Host("legacy1", plant=("glibc-compat",))
    )
    before = cloud.tree_hash("fragile1")
    play = start(cloud)
    wait_for_transaction(cloud, "web1", play)
    os.killpg(play.pid, signal.SIGKILL)
    play.wait()
    made = [op for op in cloud.mutating() if op in SNAPSHOTS]
    done = cloud.playbook()
    assert cloud.outcomes() == {"web1": "migrated", "fragile1": "rolled_back", "legacy1": "not_eligible"}, done.stdout
    assert [op for op in cloud.mutating() if op in SNAPSHOTS] == made
    assert cloud.tree_hash("fragile1") == before


@pytest.mark.full
def test_another_controller_goes_on_with_an_empty_working_directory(cloud_of: CloudOf) -> None:
    cloud = cloud_of(Host("web1"))
    play = start(cloud)
    wait_for_transaction(cloud, "web1", play)
    os.killpg(play.pid, signal.SIGKILL)
    play.wait()
    elsewhere = cloud.directory / "elsewhere"
    elsewhere.mkdir()
    done = cloud.playbook(cwd=elsewhere)
    assert cloud.outcomes(elsewhere) == {"web1": "migrated"}, done.stdout
    assert sum(op in SNAPSHOTS for op in cloud.mutating()) == 1


@pytest.mark.full
def test_a_controller_killed_in_the_middle_of_a_rollback_finishes_it_with_the_same_command(cloud_of: CloudOf) -> None:
    cloud = cloud_of(Host("fragile1", plant=("acme-agent",), data_disk=True))
    before = cloud.tree_hash("fragile1")
    play = start(cloud)

    def going_back() -> bool:
        assert play.poll() is None, (cloud.directory / "first.log").read_text()
        return "StopInstances" in cloud.mutating()

    wait_for(going_back)
    os.killpg(play.pid, signal.SIGKILL)
    play.wait()
    done = cloud.playbook("alicloud.os_migration.migrate", "-e", "ansible_timeout=3")
    assert cloud.outcomes() == {"fragile1": "rolled_back"}, done.stdout
    assert cloud.tree_hash("fragile1") == before
    assert sum(op in SNAPSHOTS for op in cloud.mutating()) == 1
