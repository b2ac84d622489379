# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the report: of one run into its directory, of all runs beside them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.report import (
    build,
    findings_csv,
    hosts_csv,
    junit_xml,
    render_host,
    render_html,
    terminal_table,
)
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.report_csv import fleet_csv
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.report_fleet import build_fleet
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.report_fleet_runs import read_fleet
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.run import RunDirectory, utc
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.run_files import explained, write_atomic
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.texts import ENGLISH, Texts


def write_run_report(run: RunDirectory) -> dict[str, Any]:
    """Everything that `docs/report.md` lists for a run; returns the path of the page and the lines for the terminal."""
    snapshot = run.snapshot()
    texts, generated = Texts.of(snapshot["run"].get("language")), utc()
    report = build(snapshot, generated)
    _write_data(run.path, "report.json", report)
    _write(run.path, "junit.xml", junit_xml(report))
    _write(run.path, "hosts.csv", hosts_csv(report))
    _write(run.path, "findings.csv", findings_csv(report))
    shown = report if texts is ENGLISH else build(snapshot, generated, texts)
    _make_folder(run.path / "report")
    for host in shown["hosts"]:
        _write(run.path, host["page"], render_host(shown, host, texts))
    # Last, so that a page that can be opened has all that it leads to.
    _write(run.path, "report.html", render_html(shown, texts))
    return _result(run.path / "report.html", shown, texts)


def write_fleet_report(base: Path, language: str) -> dict[str, Any]:
    """The report over all runs below a directory, written there; names what was left out."""
    fleet = read_fleet(base)
    texts, generated = Texts.of(language), utc()
    report = build_fleet(fleet, generated)
    _write_data(base, "fleet.json", report)
    _write(base, "fleet.csv", fleet_csv(report))
    shown = report if texts is ENGLISH else build_fleet(fleet, generated, texts)
    _write(base, "fleet.html", render_html(shown, texts))
    left_out = [f"{item['name']}: {item['reason']}" for item in report["left_out"]]
    return {
        **_result(base / "fleet.html", shown, texts),
        "outcomes": report["summary"]["outcomes"],
        "left_out": left_out,
    }


def _result(page: Path, report: Mapping[str, Any], texts: Texts) -> dict[str, Any]:
    return {"report": str(page.absolute()), "table": terminal_table(report, texts=texts).splitlines()}


def _write_data(base: Path, name: str, report: Mapping[str, Any]) -> None:
    _write(base, name, json.dumps(report, ensure_ascii=False) + "\n")


def _write(base: Path, name: str, text: str) -> None:
    # All of it can be made again from the record of the run, and waiting for the disk would take longer than making it.
    write_atomic(base / name, text.encode("utf-8", "replace"), durable=False)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as exc:
        raise explained(exc, "create", folder) from exc
