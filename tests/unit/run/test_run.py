# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import errno
import os
import threading
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from ansible_collections.alicloud.os_migration.plugins.plugin_utils import run as runs
from ansible_collections.alicloud.os_migration.plugins.plugin_utils import run_files

NOW = datetime(2026, 11, 23, 12, 11, 12, tzinfo=timezone(timedelta(hours=2)))
POINT = [{"snapshot_id": "s-1", "disk_id": "d-1", "device": "/dev/xvda", "type": "system"}]


@pytest.fixture
def run(tmp_path: Path) -> runs.RunDirectory:
    return runs.RunDirectory.create(tmp_path / "base", "20261123-101112-4f2a", hosts=["a", "b"], target="alinux3")


def files_of(run: runs.RunDirectory) -> set[str]:
    return {str(path.relative_to(run.path)) for path in run.path.rglob("*") if path.is_file()}


def test_run_ids_sort_by_time_in_utc_and_do_not_repeat() -> None:
    assert runs.new_run_id(NOW, lambda size: "4f2a" if size == 2 else "") == "20261123-101112-4f2a"
    assert len({runs.new_run_id(NOW) for _try in range(5)}) > 1


@pytest.mark.parametrize("bad", ["", ".", "..", "../x", "a/b", "a b", "-x", "a\n", "x" * 65, "é", "a.b", "$(id)"])
def test_a_run_id_cannot_leave_its_directory_or_reach_a_shell(bad: str, tmp_path: Path) -> None:
    with pytest.raises(runs.RunError, match="is not valid"):
        runs.RunDirectory(tmp_path, bad)


def test_the_same_command_takes_up_the_run_it_started(run: runs.RunDirectory) -> None:
    run.update_host("a", stage="converting")
    again = runs.RunDirectory.create(run.path.parent, run.run_id, target="anolis8")
    assert again.facts()["target"] == "alinux3"
    assert again.host_record("a")["stage"] == "converting"


def test_a_mistyped_run_is_refused_and_the_newest_one_is_named(run: runs.RunDirectory, tmp_path: Path) -> None:
    with pytest.raises(runs.RunError, match=run.run_id):
        runs.RunDirectory.open(run.path.parent, "nope")
    with pytest.raises(runs.RunError, match="there are no runs there"):
        runs.RunDirectory.open(tmp_path / "elsewhere", "nope")
    assert runs.RunDirectory.open(run.path.parent, run.run_id).path == run.path


def test_other_users_of_the_controller_cannot_read_what_was_probed(run: runs.RunDirectory) -> None:
    run.write_probe("a", "before", {"probe": 1})
    assert run.path.stat().st_mode & 0o077 == 0
    assert (run.path / "probes/a.before.json").stat().st_mode & 0o077 == 0
    assert run.read_probe("a", "before") == {"probe": 1}
    assert run.read_probe("a", "after") is None


HOSTILE = [
    *("../../etc/passwd", "/etc/passwd", ".", "..", "", ".hidden", "-rf", "a/b", "a_b", "A_B", "a b", "a\\b"),
    *("Web1", "web1", "web1-" + "0" * 16, "x\x00y", "x\ny", "host\ud800", "日本", "名前", "a" * 300, "a" * 301),
]


def test_hostile_host_names_stay_inside_the_run_and_apart_from_each_other(run: runs.RunDirectory) -> None:
    for number, host in enumerate(HOSTILE):
        run.update_host(host, reason=str(number))
    assert [run.host_record(host)["reason"] for host in HOSTILE] == [str(number) for number in range(len(HOSTILE))]
    assert set(run.hosts()) == {"a", "b", *HOSTILE}
    names = [path.name for path in (run.path / "hosts").iterdir()]
    assert len({name.lower() for name in names}) == len(HOSTILE)
    assert all(len(name) <= 110 and not name.startswith(".") for name in names)
    hashed_twin = runs.safe_name("Web1")
    assert runs.safe_name(hashed_twin) != hashed_twin


def test_an_update_keeps_what_it_does_not_name(run: runs.RunDirectory) -> None:
    run.update_host("a", times={"started": "1"}, restore_point=POINT, failure={"step": "x", "message": "m", "log": "l"})
    record = run.update_host("a", times={"outage_started": "2"}, failure={"step": "y", "message": "n"})
    assert record["times"] == {"started": "1", "outage_started": "2", "outage_finished": None, "finished": None}
    assert record["restore_point"] == POINT
    assert record["failure"] == {"step": "y", "message": "n"}, "an old log beside a new failure would mislead"
    assert run.update_host("a", failure=None)["failure"] is None


def test_a_step_is_changed_in_place_and_never_doubled(run: runs.RunDirectory) -> None:
    run.update_step("a", "download", status="running", started="1")
    run.update_step("a", "transaction", status="running")
    steps = run.update_step("a", "download", status="done", finished="2")["steps"]
    assert [(step["name"], step["status"]) for step in steps] == [("download", "done"), ("transaction", "running")]
    assert steps[0]["started"] == "1"


@pytest.mark.parametrize("wrong", [{"outcom": "held"}, {"outcome": "fine"}, {"stage": "done"}, {"schema": 2}])
def test_a_misspelt_change_is_refused_instead_of_lost(run: runs.RunDirectory, wrong: dict[str, object]) -> None:
    with pytest.raises(runs.RunError):
        run.update_host("a", **wrong)


def test_writers_of_different_hosts_lose_nothing(run: runs.RunDirectory) -> None:
    def work(host: str) -> None:
        for number in range(20):
            run.update_step(host, f"step {number}", status="done")

    threads = [threading.Thread(target=work, args=(f"host{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(run.host_record(f"host{number}")["steps"]) for number in range(8)] == [20] * 8
    assert not [name for name in files_of(run) if name.endswith(".tmp")]


def test_nobody_sees_half_a_file(run: runs.RunDirectory) -> None:
    done = threading.Event()

    def write() -> None:
        for number in range(60):
            run.write("cloud.json", {"text": str(number) * 50_000})
        done.set()

    run.write("cloud.json", {"text": ""})
    writer = threading.Thread(target=write)
    writer.start()
    while not done.is_set():
        assert set(run.read("cloud.json")) == {"text"}
    writer.join()


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EDQUOT, "quota"),
        (errno.EIO, "Input/output error"),
        (errno.EROFS, "read-only"),
    ],
)
def test_a_full_disk_is_told_in_one_sentence_and_keeps_the_old_record(
    run: runs.RunDirectory, monkeypatch: pytest.MonkeyPatch, number: int, words: str
) -> None:
    run.update_host("a", reason="old")

    def fail(_handle: int) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(run_files.os, "fsync", fail)
        with pytest.raises(runs.RunError, match=words) as refused:
            run.update_host("a", reason="new")
    assert "\n" not in str(refused.value)
    assert run.host_record("a")["reason"] == "old"
    assert not [name for name in files_of(run) if name.endswith(".tmp")]


def test_a_directory_that_cannot_be_made_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(runs.RunError, match="Cannot create"):
        runs.RunDirectory.create(tmp_path / "file", "r1")


def test_a_record_damaged_by_hand_is_named(run: runs.RunDirectory) -> None:
    run.update_host("a", reason="x")
    (run.path / "hosts/a.json").write_text("{")
    with pytest.raises(runs.RunError, match=r"a\.json is not valid JSON"):
        run.host_record("a")


def test_every_host_ends_as_exactly_one_outcome(run: runs.RunDirectory) -> None:
    run.update(hosts=["done", "waiting", "broken", "forbidden", "unknown"])
    run.update_host("done", outcome="migrated", restore_point=POINT, reason="Runs alinux3.", times={"finished": "then"})
    run.update_host("waiting", eligible=True, reason="The failure budget was spent.")
    run.update_host("broken", stage="converting", restore_point=POINT, failure={"step": "boot", "message": "no answer"})
    run.update_host("forbidden", eligible=False, reason="PKG-I686 forbids it.")
    counts = run.settle(NOW)
    assert counts == {
        "held": 1,
        "rolled_back": 0,
        "not_eligible": 1,
        "not_started": 2,
        "planned": 0,
        "migrated": 1,
        "none": 0,
    }
    told = {host: (run.host_record(host)["outcome"], run.host_record(host)["reason"]) for host in run.hosts()}
    assert told == {
        "done": ("migrated", "Runs alinux3."),
        "waiting": ("not_started", "The failure budget was spent."),
        "broken": ("held", "boot: no answer"),
        "forbidden": ("not_eligible", "PKG-I686 forbids it."),
        "unknown": ("not_started", "The run ended before this host was reached."),
    }
    assert run.host_record("done")["times"]["finished"] == "then"
    assert run.facts()["finished"] == "2026-11-23T10:11:12Z"


def test_settling_twice_changes_nothing(run: runs.RunDirectory) -> None:
    run.update_host("a", stage="converting", restore_point=POINT)
    run.settle(NOW)
    before = {name: (run.path / name).read_bytes() for name in files_of(run)}
    run.settle()
    assert before == {name: (run.path / name).read_bytes() for name in files_of(run)}


def test_check_mode_ends_as_planned(tmp_path: Path) -> None:
    run = runs.RunDirectory.create(tmp_path, "r1", hosts=["a"], check_mode=True)
    run.update_host("a", eligible=True)
    assert run.settle()["planned"] == 1
    assert run.exit_code_reason() is None


def test_the_exit_code_names_the_hosts_that_did_not_make_it(run: runs.RunDirectory) -> None:
    run.update_host("a", outcome="migrated")
    assert run.exit_code_reason() == "1 of 2 hosts did not end as migrated or planned: 1 no outcome (b)."
    run.update(hosts=[f"host{number}" for number in range(7)])
    for number in range(7):
        run.update_host(f"host{number}", outcome="held" if number else "not_eligible")
    reason = run.exit_code_reason(["migrated", "not_eligible"])
    assert reason is not None and "6 held (host1, host2, host3, host4, host5 and 1 more)" in reason
    assert run.exit_code_reason(["migrated", "not_eligible", "held"]) is None
