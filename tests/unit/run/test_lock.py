# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ansible_collections.alicloud.os_migration.plugins.plugin_utils import run as runs
from ansible_collections.alicloud.os_migration.plugins.plugin_utils import run_files


@pytest.fixture
def run(tmp_path: Path) -> runs.RunDirectory:
    return runs.RunDirectory.create(tmp_path, "r1")


@pytest.fixture
def other() -> Iterator[subprocess.Popen[bytes]]:
    """A second controller: a process that lives until its input is closed."""
    process = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    yield process
    stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.communicate()


def holder(run: runs.RunDirectory) -> dict[str, object]:
    return json.loads((run.path / "lock").read_text())


def test_a_second_controller_is_kept_out_and_told_who_is_in(
    run: runs.RunDirectory, other: subprocess.Popen[bytes]
) -> None:
    run.lock(other.pid)
    with pytest.raises(runs.LockHeld) as refused:
        run.lock(os.getpid())
    assert f"process {other.pid} on " in str(refused.value) and "for 0 min" in str(refused.value)
    run.unlock(os.getpid())
    assert holder(run)["pid"] == other.pid, "only the owner may unlock"
    run.unlock(other.pid)
    run.lock(os.getpid())


def test_each_play_of_one_playbook_may_lock_again(run: runs.RunDirectory) -> None:
    run.lock(os.getpid())
    run.lock(os.getpid())
    run.unlock(os.getpid())
    run.unlock(os.getpid())
    assert not (run.path / "lock").exists()


def test_the_lock_of_a_killed_controller_is_taken_over(run: runs.RunDirectory, other: subprocess.Popen[bytes]) -> None:
    run.lock(other.pid)
    stop(other)
    run.lock(os.getpid())
    assert holder(run)["pid"] == os.getpid()


def test_a_process_that_got_a_dead_controllers_number_does_not_keep_its_lock(
    run: runs.RunDirectory, other: subprocess.Popen[bytes]
) -> None:
    run.lock(other.pid)
    (run.path / "lock").write_text(json.dumps({**holder(run), "started": "1"}))
    run.lock(os.getpid())
    assert holder(run)["pid"] == os.getpid()


def test_the_lock_of_another_computer_is_never_taken_over(run: runs.RunDirectory) -> None:
    there = {"host": "another", "pid": 1, "started": "1", "time": time.time() - 7500}
    (run.path / "lock").write_text(json.dumps(there))
    with pytest.raises(runs.LockHeld, match=r"process 1 on another, for 2 h 5 min now; .*delete .*lock"):
        run.lock(os.getpid())


@pytest.mark.parametrize("content", ["", "{", "[]", '{"host": "x"}'])
def test_a_lock_being_written_counts_and_a_torn_one_does_not_block_for_ever(
    run: runs.RunDirectory, content: str
) -> None:
    path = run.path / "lock"
    path.write_text(content)
    with pytest.raises(runs.LockHeld):
        run.lock(os.getpid())
    long_ago = time.time() - run_files.UNREADABLE_LOCK_SECONDS - 1
    os.utime(path, (long_ago, long_ago))
    run.lock(os.getpid())


def test_of_many_controllers_that_find_a_dead_one_exactly_one_takes_over(run: runs.RunDirectory) -> None:
    dead = subprocess.Popen([sys.executable, "-c", "pass"])
    run.lock(dead.pid)
    dead.wait()
    rivals = [
        subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
        for _rival in range(8)
    ]

    def attempt(process: subprocess.Popen[bytes]) -> bool:
        try:
            run.lock(process.pid)
        except runs.LockHeld:
            return False
        return True

    try:
        with ThreadPoolExecutor(8) as pool:
            assert sorted(pool.map(attempt, rivals)) == [False] * 7 + [True]
    finally:
        for process in rivals:
            stop(process)
