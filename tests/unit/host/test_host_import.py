# SPDX-License-Identifier: GPL-3.0-or-later
"""An import over a host's own connection leaves the activation code in no file, no list of processes and no record."""

from __future__ import annotations

import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.alicloud.os_migration.plugins.action import host_import
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.host import HostError, HostUnreachable, host_program
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.run import RunDirectory

CODE = "q7Wm3ZxT9pL4vB8nK2cR6yH1dF5gJ0sA"


@pytest.fixture
def action(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> host_import.ActionModule:
    directory = RunDirectory.create(tmp_path, "r1")
    directory.update_host("web", instance_id="i-1")
    made = host_import.ActionModule.__new__(host_import.ActionModule)
    made.host, made._task = "web", SimpleNamespace(check_mode=False)
    made._connection = SimpleNamespace(has_pipelining=True, become=None)
    made.given = {"run_dir": str(directory.path), "token_id": "at-1", "code": CODE, "timeout": 60}
    made.given |= {"command": "client '@TOKEN_ID@' '@CODE@'", "client_url": "", "client_checksum": ""}
    monkeypatch.setattr(made, "_keep_probe", lambda: None)
    return made


@pytest.mark.parametrize("kind", [HostError, HostUnreachable])
@pytest.mark.parametrize("said", [f"sh: code='{CODE}': not found", f"...{CODE[5:]}' x", CODE])
def test_a_host_that_quotes_its_program_brings_the_code_into_no_report(
    action: host_import.ActionModule, monkeypatch: pytest.MonkeyPatch, kind: type[HostError], said: str
) -> None:
    def patiently(*_words: Any, **_options: Any) -> dict[str, Any]:
        raise kind(f"the host's answer could not be read; it said: {said}")

    monkeypatch.setattr(action, "patiently", patiently)
    with pytest.raises(kind, match=r"it said: .*\*\*\*") as caught:
        action.act(action.given)
    assert CODE[5:] not in str(caught.value) and caught.value.__cause__ is None


def test_a_code_that_the_client_prints_is_in_no_message(
    action: host_import.ActionModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        action, "patiently", lambda *_words, **_options: {"status": 1, "said": f"{CODE[9:]} bad {CODE}"}
    )
    with pytest.raises(HostError, match=r"ended with status 1: \*\*\* bad \*\*\*$"):
        action.act(action.given)


@pytest.mark.parametrize(
    "connection",
    [
        SimpleNamespace(has_pipelining=False, become=None),
        SimpleNamespace(has_pipelining=True, become=SimpleNamespace(name="su", pipelining=False)),
        SimpleNamespace(has_pipelining=True, become=SimpleNamespace(name="su")),
    ],
)
def test_a_code_that_could_only_travel_in_a_file_is_not_sent(
    action: host_import.ActionModule, monkeypatch: pytest.MonkeyPatch, connection: SimpleNamespace
) -> None:
    action._connection = connection
    monkeypatch.setattr(action, "patiently", lambda *_words, **_options: pytest.fail("it was sent"))
    with pytest.raises(HostError, match="would be written into a file"):
        action.act(action.given)


def test_the_command_arrives_as_it_is_and_in_no_here_document() -> None:
    command = f"#!/bin/sh\ncat <<'E'\nit's $HOME \\n %s `id`\nE\nprintf '%s' '{CODE}' | wc -c\n"
    program = host_import.command_text(command)
    assert program.index("<<") > program.index("printf '%s\\n' '")
    shown = subprocess.run(["sh", "-s"], input=program + "command_text\n", text=True, capture_output=True, check=True)
    assert shown.stdout == command + "\n"
    run = program + host_program("smc/import.sh")
    done = subprocess.run(["sh", "-s", "--", "20"], input=run, text=True, capture_output=True, check=True)
    assert '"status":0' in done.stdout and "32" in done.stdout and done.stderr == ""


def test_without_a_code_a_host_says_so_at_once_instead_of_waiting_for_a_source_that_never_comes(
    action: host_import.ActionModule,
) -> None:
    action.given["code"] = ""
    with pytest.raises(HostError, match="no activation code"):
        action.act(action.given)
