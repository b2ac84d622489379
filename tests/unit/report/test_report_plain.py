# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

from ansible_collections.alicloud.os_migration.plugins.plugin_utils import report


def cases(data: dict[str, Any], kind: str) -> dict[str, str]:
    """The test cases that failed or were skipped, with what is written there."""
    root = ElementTree.fromstring(report.junit_xml(data))
    found = {str(case.get("name")): case.find(kind) for case in root.iter("testcase")}
    return {name: f"{part.get('message')}\n{part.text}" for name, part in found.items() if part is not None}


def test_a_build_server_fails_for_hosts_that_need_a_person(sample: dict[str, Any]) -> None:
    root = ElementTree.fromstring(report.junit_xml(sample))
    suite = root.find("testsuite")
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("7", "2", "2")
    failed = cases(sample, "failure")
    assert set(failed) == {"db01", "app"} and "last words of the log" in failed["db01"]
    assert set(cases(sample, "skipped")) == {"ftp", "cache"}
    assert suite[-2].get("time") == "948"


def test_a_build_server_fails_for_hosts_that_an_assessment_finds_blocked(assessment: dict[str, Any]) -> None:
    data = report.build(assessment)
    failed = cases(data, "failure")
    assert set(failed) == {"old1", "old2", "small"} and not cases(data, "skipped")
    for expected in ("PKG-I686: 32-bit packages are installed", "glibc.i686", "Remove them.", "DISK-BOOT"):
        assert expected in failed["old2"], expected
    assert "PKG-I686" not in failed["small"]


def test_no_answer_of_a_host_makes_the_junit_file_unreadable(hostile: dict[str, Any]) -> None:
    root = ElementTree.fromstring(report.junit_xml(hostile).encode("utf-8"))
    assert len(root.findall(".//testcase")) == 7
