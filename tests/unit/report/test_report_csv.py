# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from ansible_collections.alicloud.os_migration.plugins.plugin_utils import report
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.report_csv import FINDING_COLUMNS, HOST_COLUMNS

FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "＝1", '=HYPERLINK("http://x","y")', "-2+3|cmd")


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_spreadsheet_has_one_line_per_host(sample: dict[str, Any]) -> None:
    found = {row["host"]: row for row in rows(report.hosts_csv(sample))}
    assert list(found) == [host["host"] for host in sample["hosts"]]
    assert tuple(found["web2"]) == HOST_COLUMNS
    assert found["ftp"]["blocked_by"] == "PKG-I686" and found["ftp"]["inhibitor"] == "1"
    assert (found["web2"]["outage_seconds"], found["web2"]["snapshots"], found["web2"]["waived"]) == ("381", "2", "1")
    assert found["db01"]["unknown"] == "1" and found["cache"]["outage_seconds"] == ""


def test_a_spreadsheet_has_one_line_per_finding(sample: dict[str, Any]) -> None:
    found = {(row["host"], row["finding"]): row for row in rows(report.findings_csv(sample))}
    assert set(found) == {(host["host"], item["id"]) for host in sample["hosts"] for item in host["findings"]}
    ftp = found["ftp", "PKG-I686"]
    assert tuple(ftp) == FINDING_COLUMNS
    assert (ftp["evidence"], ftp["command"], ftp["remedy"]) == ("glibc.i686 | zlib.i686", "dnf remove '*.i686'", "i686")
    waived = found["web2", "KERNEL-MODULE"]
    assert (waived["waived_reason"], waived["waived_expires"]) == ("rebuilt and tested", "2026-12-31")


@pytest.mark.parametrize("formula", FORMULAS)
def test_no_answer_of_a_host_becomes_a_formula(run: dict[str, Any], formula: str) -> None:
    record = run["hosts"][3]
    record.update(host=formula, instance_id=formula, instance_name=formula, reason=formula)
    record["findings"][0].update(evidence=[formula, formula], title=formula)
    record["findings"][0]["remediation"] = {"text": formula, "command": formula, "id": formula}
    data = report.build(run)
    for text in (report.hosts_csv(data), report.findings_csv(data)):
        for row in csv.reader(io.StringIO(text, newline="")):
            assert not [cell for cell in row if cell.lstrip().startswith(tuple("=+-@＝＋－＠"))]
    (row,) = [row for row in rows(report.findings_csv(data)) if row["finding"] == "PKG-I686"]
    assert row["command"] == f"'{formula.strip()}", "the text stays what it was"


def test_no_answer_of_a_host_breaks_a_line(hostile: dict[str, Any]) -> None:
    assert len(rows(report.hosts_csv(hostile))) == 7
    found = rows(report.findings_csv(hostile))
    assert len(found) == 4 and all(None not in row and None not in row.values() for row in found)
