# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.alicloud.os_migration.plugins.plugin_utils import report_files
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.run import RunDirectory
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.texts import Texts


def written(base: Path, record: dict[str, Any], language: str) -> tuple[RunDirectory, dict[str, Any]]:
    facts = {key: value for key, value in record["run"].items() if key not in ("schema", "run_id")}
    run = RunDirectory.create(base, "r1", **{**facts, "language": language})
    for host in record["hosts"]:
        run.write(f"hosts/{host['host']}.json", {"schema": 1, **host})
    return run, report_files.write_run_report(run)


def test_a_run_has_every_form_of_its_report(run: dict[str, Any], tmp_path: Path) -> None:
    directory, result = written(tmp_path, run, "en")
    names = {str(path.relative_to(directory.path)) for path in directory.path.rglob("*") if path.is_file()}
    pages = {f"report/{host['host']}.html" for host in run["hosts"]}
    assert {"report.html", "report.json", "junit.xml", "hosts.csv", "findings.csv", *pages} <= names
    assert result["report"] == str(directory.path / "report.html")
    assert result["table"][0].startswith("Migration report r1")


@pytest.mark.parametrize("language", ["ja", "zh"])
def test_what_programs_read_is_the_same_in_every_language(run: dict[str, Any], tmp_path: Path, language: str) -> None:
    english, _result = written(tmp_path / "en", run, "en")
    other, result = written(tmp_path / language, run, language)
    for name in ("hosts.csv", "findings.csv", "junit.xml"):
        assert (english.path / name).read_bytes() == (other.path / name).read_bytes()
    first, second = (json.loads((each.path / "report.json").read_text()) for each in (english, other))
    assert (first["run"].pop("language"), second["run"].pop("language")) == ("en", language)
    for data in (first, second):
        # The commands to go on name the language.
        del data["generated"], data["run"]["commands"]
    assert first == second
    texts = Texts.of(language)
    assert texts.ui("kind.migration") in (other.path / "report.html").read_text(encoding="utf-8")
    assert texts.ui("back") in (other.path / "report/web2.html").read_text(encoding="utf-8")
    assert result["table"][0].startswith(texts.ui("kind.migration"))


def test_nobody_else_on_the_controller_can_read_a_report(run: dict[str, Any], tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        directory, _result = written(tmp_path, run, "en")
    finally:
        os.umask(old)
    for path in (directory.path / "report").iterdir():
        assert path.stat().st_mode & 0o077 == 0
    assert (directory.path / "report").stat().st_mode & 0o077 == 0


def test_a_second_report_takes_the_place_of_the_first(run: dict[str, Any], tmp_path: Path) -> None:
    directory, _result = written(tmp_path, run, "en")
    directory.update_host("web2", reason="Another reason.")
    report_files.write_run_report(directory)
    for name in ("report.html", "report.json", "junit.xml", "hosts.csv", "report/web2.html"):
        assert "Another reason." in (directory.path / name).read_text()
