# SPDX-License-Identifier: GPL-3.0-or-later
"""What the controller makes of a host's answers, and what it sends there."""

from __future__ import annotations

import hashlib
import signal
import subprocess
import time
from pathlib import Path

import pytest

from ansible_collections.alicloud.os_migration.plugins.action import host_job
from ansible_collections.alicloud.os_migration.plugins.plugin_utils import host, signing_key
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.run import RunDirectory


def test_a_login_banner_before_the_answer_does_no_harm() -> None:
    assert host.parse_answer({"stdout": "Welcome {user}\n{not json\n" + '{"a": 1}\ntrailing', "rc": 0}) == {"a": 1}


@pytest.mark.parametrize("said", ["", "[1]", "{", '{"a":', "Segmentation fault"])
def test_an_answer_that_is_no_document_is_an_error_that_quotes_it(said: str) -> None:
    with pytest.raises(host.HostError, match="could not be read"):
        host.parse_answer({"stdout": said, "stderr": "sh: not found", "rc": 127})


def test_a_host_that_never_answers_does_not_block_the_run() -> None:
    with pytest.raises(host.HostUnreachable, match="no answer"), host.time_limit(0.05):
        time.sleep(30)
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_library_that_catches_everything_does_not_outlive_the_time_limit() -> None:
    def library() -> None:
        try:
            time.sleep(30)
        except Exception:
            time.sleep(30)

    with pytest.raises(host.HostUnreachable, match="no answer"), host.time_limit(0.05):
        library()


def test_the_time_limit_of_the_task_itself_still_stands_afterwards() -> None:
    previous = signal.signal(signal.SIGALRM, lambda *_args: None)
    signal.setitimer(signal.ITIMER_REAL, 100)
    try:
        with host.time_limit(50):
            pass
        assert 90 < signal.getitimer(signal.ITIMER_REAL)[0] <= 100
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def test_text_of_a_host_cannot_steer_a_terminal() -> None:
    latin = "Grüße \x1b[2J\x07\nok".encode().decode("latin-1")
    assert host.clean_text(latin, 100) == "Grüße [2J\nok"
    assert host.clean_text({"no": "text"}, 100) == ""


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"state": ["x"], "steps": "no"},
        {"state": "finished", "percent": 900, "steps": [{"time": "x"}, 7, {"time": 1 << 60}]},
    ],
)
def test_a_forged_status_never_counts_as_more_than_it_is(document: dict[str, object]) -> None:
    try:
        status = host_job.clean_status(document)
    except TypeError:
        pytest.fail("a forged status must not break the controller")
    assert status["percent"] is None and status["steps"] == []
    assert status["state"] in host_job.STATES


def test_settings_reach_the_engine_as_they_are(tmp_path: Path) -> None:
    hostile = 'a\'b "c" $(touch pwned) `id` \\ \n*'
    text = host_job.shell_assignments({"GOOD": hostile, "bad name": 1, "X;id": 2})
    shown = subprocess.run(
        ["sh", "-c", f'{text}\nprintf %s "$GOOD"'], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert shown.stdout == hostile and list(tmp_path.iterdir()) == []


def test_the_launcher_unpacks_what_was_packed() -> None:
    program = host_job.launch_program({"config": "A=1\n", "engine.sh": "é\n"})
    payload = program[: program.index("# shellcheck shell=sh")]
    listed = subprocess.run(
        ["sh", "-c", payload + "payload | base64 -d | tar -xzO config engine.sh"], capture_output=True, check=True
    )
    assert listed.stdout.decode() == "A=1\né\n"


KEY = f"{signing_key.ARMOR}\nabc\n-----END PGP PUBLIC KEY BLOCK-----\n"


def test_the_key_stays_the_same_for_the_whole_run(tmp_path: Path) -> None:
    run = RunDirectory.create(tmp_path, "r1")
    source = tmp_path / "key"
    source.write_text(KEY)
    assert signing_key.pinned_key(run, str(source), "") == KEY
    source.write_text(KEY.replace("abc", "another"))
    assert signing_key.pinned_key(run, str(source), "") == KEY


def test_a_key_with_another_checksum_is_refused(tmp_path: Path) -> None:
    run = RunDirectory.create(tmp_path, "r1")
    (tmp_path / "key").write_text(KEY)
    right = hashlib.sha256(KEY.encode()).hexdigest()
    with pytest.raises(signing_key.KeyProblem, match="do not trust"):
        signing_key.pinned_key(run, str(tmp_path / "key"), "0" * 64)
    assert signing_key.pinned_key(run, str(tmp_path / "key"), right.upper()) == KEY


def test_a_key_that_travels_in_the_clear_needs_a_checksum(tmp_path: Path) -> None:
    run = RunDirectory.create(tmp_path, "r1")
    with pytest.raises(signing_key.KeyProblem, match="SHA-256"):
        signing_key.pinned_key(run, "http://127.0.0.1:9/key", "")


@pytest.mark.parametrize("content", ["", "<html>", "binary\x00"])
def test_what_is_no_key_is_not_taken_for_one(content: str, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(content)
    with pytest.raises(signing_key.KeyProblem, match="not an ASCII-armored"):
        signing_key.pinned_key(RunDirectory.create(tmp_path, "r1"), str(tmp_path / "key"), "")


@pytest.mark.parametrize(
    "repository", [{}, {"id": "a"}, {"id": "a", "baseurl": "http://x\ngpgcheck=0"}, {"id": "a]", "baseurl": "http://x"}]
)
def test_a_repository_cannot_smuggle_in_settings(repository: dict[str, str]) -> None:
    with pytest.raises(signing_key.KeyProblem):
        signing_key.repository_file([repository], "/key")
