# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host is asked about the transaction only where that tells something, and its silence is written down too."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.alicloud.os_migration.plugins.action import host_transaction
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.host import HostError, HostUnreachable
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.run import RunDirectory
from ansible_collections.alicloud.os_migration.tests.unit.checks.hosts import document

KEY = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nx\n"
ANSWER = {"transaction": 1, "sections": {"repositories": {"rc": 1, "cut": False, "text": "Error: no route"}}}


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    directory = RunDirectory.create(tmp_path, "r1")
    directory.write_probe("web", "before", document())
    (tmp_path / "key").write_text(KEY)
    return directory


class Asked:
    """The task on one host; `programs` are what it sent there."""

    def __init__(self, run: RunDirectory, answer: Any = None, check_mode: bool = False) -> None:
        self.run, self.answer, self.programs = run, ANSWER if answer is None else answer, list[str]()
        self.action = host_transaction.ActionModule.__new__(host_transaction.ActionModule)
        self.action.host, self.action._task = "web", SimpleNamespace(check_mode=check_mode)
        self.action.run_program = self._run_program

    def _run_program(self, program: str, *words: str, timeout: float) -> Any:
        self.programs.append(program)
        assert 0 < float(words[0]) < timeout, "the host must end before the controller stops waiting"
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def act(self, **changes: Any) -> dict[str, Any]:
        given = {
            "run_dir": str(self.run.path), "target": "alinux3", "engine": "auto", "config": {"RELEASEVER": "3"},
            "repositories": [{"id": "os", "baseurl": "http://mirror/os/"}], "signing_key": str(self.run.path.parent / "key"),
            "signing_key_sha256": "", "timeout": 60, **changes,
        }  # fmt: skip
        self.action.given = given
        return self.action.act(given)


@pytest.mark.parametrize("check_mode", [False, True])
def test_what_the_host_says_is_kept_for_the_verdict_in_check_mode_too(run: RunDirectory, check_mode: bool) -> None:
    task = Asked(run, check_mode=check_mode)
    said = task.act()
    assert (said["resolved"], said["cause"], said["changed"]) == (False, "repository", False)
    kept = run.read_transaction("web")
    assert kept["sections"] == ANSWER["sections"]
    assert kept["read_at"] == run.read_probe("web", "before")["read_at"]


@pytest.mark.parametrize(
    ("probe", "task", "why"),
    [
        (document({"uid": "1000"}), {}, "as root"),
        (document({"os_release": 'ID="alinux"\nVERSION_ID="3"\nNAME="Alibaba Cloud Linux"\n'}), {}, "already"),
        (document({"os_release": 'ID="centos"\nVERSION_ID="7"\nNAME="CentOS Linux"\n'}), {}, "needs the engine smc"),
        (document({"os_release": 'ID="debian"\nVERSION_ID="12"\n'}), {}, "not known"),
        (document(), {"target": "auto"}, "not known"),
        (document(), {"engine": "smc"}, "smc"),
        (document({"journal": "/var/lib/os_migration/r1/state\tstate=running"}), {}, "has begun"),
        ({"no": "probe"}, {}, "not read"),
    ],
)
def test_a_host_without_a_transaction_to_resolve_is_not_asked(
    run: RunDirectory, probe: dict[str, Any], task: dict[str, Any], why: str
) -> None:
    run.write_probe("web", "before", probe)
    asked = Asked(run)
    said = asked.act(**task)
    assert said["skipped"] and why in said["skip_reason"]
    assert said["reachable"] is None
    assert asked.programs == [] and run.read_transaction("web") is None


def test_a_host_that_was_never_read_is_not_asked(run: RunDirectory, tmp_path: Path) -> None:
    asked = Asked(RunDirectory.create(tmp_path, "r2"))
    assert asked.act()["skip_reason"] == "the host was not read"
    assert asked.programs == []


def test_a_host_whose_migration_has_begun_is_not_asked(run: RunDirectory) -> None:
    run.update_host("web", stage="converting")
    asked = Asked(run)
    assert "has begun" in asked.act()["skip_reason"] and asked.programs == []


@pytest.mark.parametrize(
    "error", [HostUnreachable("no route to host"), HostError("the host's answer could not be read")]
)
def test_a_host_that_gives_no_answer_is_unknown_and_does_not_pass(run: RunDirectory, error: HostError) -> None:
    with pytest.raises(type(error)):
        Asked(run, error).act()
    kept = run.read_transaction("web")
    assert (kept["cause"], kept["problem"]) == ("unknown", str(error))


def test_a_key_that_the_controller_cannot_read_is_told_beside_what_the_host_says(
    run: RunDirectory, tmp_path: Path
) -> None:
    task = Asked(run)
    task.act(signing_key=str(tmp_path / "nonesuch"))
    assert len(task.programs) == 1
    kept = run.read_transaction("web")
    assert "nonesuch" in kept["key_problem"] and kept["sections"] == ANSWER["sections"]


def test_repositories_that_cannot_be_are_not_sent_to_the_host(run: RunDirectory) -> None:
    task = Asked(run)
    with pytest.raises(HostError, match="each on one line"):
        task.act(repositories=[{"id": "x\n[evil]", "baseurl": "http://m/"}])
    assert task.programs == []
    assert run.read_transaction("web")["cause"] == "unknown"
