# SPDX-License-Identifier: GPL-3.0-or-later
"""A host whose answer was fetched together with others is not asked again; one whose answer is no use is."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.alicloud.os_migration.plugins.action import host_probe
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.run import RunDirectory

PROBE = {"probe": 1, "sections": {"os_release": {"rc": 0, "cut": False, "text": 'PRETTY_NAME="Read together"\n'}}}
ASKED = {"probe": 1, "sections": {"os_release": {"rc": 0, "cut": False, "text": 'PRETTY_NAME="Asked"\n'}}}


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    directory = RunDirectory.create(tmp_path, "r1")
    directory.update_host("web", instance_id="i-1")
    return directory


def probe(run: RunDirectory, said: bytes | None, monkeypatch: pytest.MonkeyPatch) -> tuple[str, int]:
    """What the task found, and how often it asked the host."""
    asked: list[str] = []
    if said is not None:
        run.answer_path("i-1").parent.mkdir(exist_ok=True)
        run.answer_path("i-1").write_bytes(said)
    action = host_probe.ActionModule.__new__(host_probe.ActionModule)
    action.host, action._task = "web", SimpleNamespace(check_mode=False)
    action.given = {"run_dir": str(run.path), "moment": "before", "timeout": 5, "wait_timeout": 0}

    def patiently(wait: float, program: str, *words: str, timeout: float) -> dict[str, Any]:
        asked.append(program)
        return ASKED

    monkeypatch.setattr(action, "patiently", patiently)
    return action.act(action.given)["os"], len(asked)


def test_an_answer_that_is_there_spares_the_call_and_is_used_once(
    run: RunDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = b"Welcome\n" + json.dumps(PROBE).encode()
    assert probe(run, said, monkeypatch) == ("Read together", 0)
    kept = run.read_probe("web", "before") or {}
    assert kept.pop("read_at") > 1_700_000_000, "the clock of the host cannot be judged"
    assert kept == PROBE
    assert probe(run, None, monkeypatch) == ("Asked", 1)


@pytest.mark.parametrize("said", [b"", b"{", b"[1]", b"\xff\xfe", b'{"probe": 2}', json.dumps(PROBE).encode()[:-9]])
def test_an_answer_that_is_no_use_is_removed_and_the_host_is_asked(
    run: RunDirectory, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    assert probe(run, said, monkeypatch) == ("Asked", 1)
    assert not run.answer_path("i-1").exists()


def test_the_answer_of_another_instance_is_never_taken(run: RunDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    run.answer_path("i-2").parent.mkdir()
    run.answer_path("i-2").write_text(json.dumps(PROBE))
    assert probe(run, None, monkeypatch) == ("Asked", 1)


def test_a_host_without_an_instance_is_asked(run: RunDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    run.update_host("web", instance_id="")
    assert probe(run, json.dumps(PROBE).encode(), monkeypatch) == ("Asked", 1)
