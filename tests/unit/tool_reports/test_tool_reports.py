# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Leapp and convert2rhel know what stops them; a user who does not see it finds out in the outage."""

from __future__ import annotations

import dataclasses
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.facts import Facts
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.facts_reports import tool_reports
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.findings import Finding
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.matrix import Path as MigrationPath
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.tool_reports import (
    C2R_REPORT,
    LEAPP_REPORT,
    findings_of,
)
from ansible_collections.alicloud.os_migration.tests.unit.checks.hosts import CLEAN, host

REPORTS = Path(__file__).parent / "reports"
PROBE = (Path(__file__).resolve().parents[3] / "roles/precheck/files/probe.sh").read_text("utf-8")
LEAPP = MigrationPath("centos7", "anolis8", "x86_64", "leapp", "lab", True)
C2R = MigrationPath("centos7", "rhel7", "x86_64", "convert2rhel", "lab", True)
NOW = int(CLEAN["epoch"])
DAY = 86_400


def facts_with(text: str, path: str = LEAPP_REPORT, written: int | None = NOW) -> Facts:
    return dataclasses.replace(host(), tool_reports={path: (written, text)})


def leapp(text: str, written: int | None = NOW) -> list[Finding]:
    return findings_of(facts_with(text, written=written), LEAPP)


def read(name: str) -> str:
    return (REPORTS / name).read_text("utf-8")


def entry(**changes: Any) -> str:
    shape = {"title": "A title", "severity": "high", "actor": "an_actor", "summary": "A summary", "key": "k" * 40}
    return json.dumps({"leapp_run_id": "x", "entries": [{**shape, **changes}]})


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("leapp-1.0.0.json", [("inhibitor", "A file system of the network is mounted"),
                              ("low", "A tool behaves differently in the next version")]),
        ("leapp-1.1.0-oamg.json", [("inhibitor", "Possible problems with remote login using root account"),
                                   ("high", "Difference in Python versions and support in RHEL 8"),
                                   ("high", "Packages not signed by Red Hat found on the system"),
                                   ("medium", "chrony using default configuration")]),
        ("leapp-1.1.0-cpanel.json", [("inhibitor", "Missing required answers in the answer file"),
                                     ("high", "Packages from unknown repositories may not be installed")]),
        ("leapp-1.2.0.json", [("inhibitor", "An actor gave up"), ("inhibitor", "A driver is gone in the next version"),
                              ("info", "Repositories that are left out")]),
    ],
)  # fmt: skip
def test_what_inhibits_leapp_inhibits_the_migration_in_every_version_of_its_report(
    name: str, expected: list[tuple[str, str]]
) -> None:
    findings = leapp(read(name))
    assert [(f.severity, f.title) for f in findings] == expected
    assert {f.status for f in findings} == {"fired"}
    assert {f.area for f in findings} == {"tools"}
    assert {f.grade for f in findings} == {"documented"}


def test_leapps_finding_can_be_waived_by_an_id_that_stays_the_same() -> None:
    known = {f.title: f.id for f in leapp(read("leapp-1.1.0-oamg.json"))}
    assert known["chrony using default configuration"] == "LEAPP-c4222ebd18730a76f6bc7b3b66df898b106e6554"
    first, second = (leapp(entry(key=None, summary=text))[0].id for text in ("one", "two"))
    assert first == second
    assert first != leapp(entry(key=None, title="Another title"))[0].id


def test_leapps_advice_reaches_the_user_with_the_packages_and_the_command() -> None:
    finding = next(f for f in leapp(read("leapp-1.1.0-cpanel.json")) if f.severity == "inhibitor")
    assert finding.command == "leapp answer --section remove_pam_pkcs11_module_check.confirm=True"
    assert finding.remediation.startswith("Please register user choices with leapp answer cli command")
    assert finding.evidence[0] == "dialog: remove_pam_pkcs11_module_check.confirm"
    assert finding.source == f"Leapp, {LEAPP_REPORT}, written 2025-11-24"
    unsigned = next(f for f in leapp(read("leapp-1.1.0-oamg.json")) if f.title.startswith("Packages not signed"))
    assert "- leapp-repository-deps" in unsigned.evidence


def test_a_command_is_shown_so_that_it_can_be_copied_or_not_at_all() -> None:
    assert leapp(read("leapp-1.0.0.json"))[0].command == "umount '/srv/shared files'"
    assert "See https://example.com/network-file-systems" in leapp(read("leapp-1.0.0.json"))[0].remediation
    for context in (["echo", "x\x1b[2J"], ["echo", "a\nb"], ["x" * 2000], [], 7, None, [7]):
        finding = leapp(entry(detail={"remediations": [{"type": "command", "context": context}]}))[0]
        assert finding.command is None


def test_what_stops_convert2rhel_stops_the_migration() -> None:
    facts = facts_with(read("convert2rhel-1.0-oamg.json"), C2R_REPORT)
    findings = findings_of(facts, C2R)
    assert [(f.id, f.severity) for f in findings] == [
        ("C2R-IS_LOADED_KERNEL_LATEST-INVALID_KERNEL_VERSION", "inhibitor"),
        ("C2R-PACKAGE_UPDATES-PACKAGE_NOT_UP_TO_DATE_MESSAGE", "medium"),
        ("C2R-REMOVE_REPOSITORY_FILES_PACKAGES-REPOSITORY_FILE_PACKAGES_REMOVED", "info"),
    ]
    assert "Loaded kernel version: 3.10.0-1160.92.1.el7" in findings[0].evidence
    assert "1. yum install kernel-3.10.0-1160.95.1.el7 -y" in findings[0].remediation.split("\n")
    assert findings[0].source == f"convert2rhel, {C2R_REPORT}, written 2025-11-24"


def test_an_action_that_convert2rhel_skipped_is_unknown_and_not_passed() -> None:
    findings = findings_of(facts_with(read("convert2rhel-1.2.json"), C2R_REPORT), C2R)
    assert [(f.id, f.severity, f.status) for f in findings] == [
        ("C2R-EFI-BOOT_ENTRY_UNKNOWN", "inhibitor", "fired"),
        ("C2R-TAINTED_KMODS-SKIP", "low", "unknown"),
    ]
    assert findings[0].remediation == "Make sure that the current entry exists."


@pytest.mark.parametrize(
    ("engine", "prefixes"),
    [("distro_sync", set()), ("leapp", {"LEAPP"}), ("convert2rhel", {"C2R"}), ("smc", {"LEAPP", "C2R"})],
)
def test_a_report_counts_only_where_its_tool_is_used(engine: str, prefixes: set[str]) -> None:
    reports = {LEAPP_REPORT: (NOW, read("leapp-1.2.0.json")), C2R_REPORT: (NOW, read("convert2rhel-1.2.json"))}
    findings = findings_of(dataclasses.replace(host(), tool_reports=reports), dataclasses.replace(LEAPP, engine=engine))
    assert {f.id.partition("-")[0] for f in findings} == prefixes


def test_a_host_on_which_no_tool_has_run_is_not_held_up() -> None:
    assert findings_of(host(), LEAPP) == []
    assert findings_of(host(), C2R) == []


@pytest.mark.parametrize(
    "text",
    ["", "not JSON", "[]", "7", "null", '{"entries": {}}', "{}", '{"entries": [', "[" * 100_000, '{"a":' * 100_000,
     "9" * 10_000],
    ids=lambda text: text[:12],
)  # fmt: skip
def test_a_report_that_makes_no_sense_is_unknown_and_not_clean(text: str) -> None:
    findings = [*leapp(text), *findings_of(facts_with(text, C2R_REPORT), C2R)]
    assert [(f.id, f.status, f.severity) for f in findings] == [
        ("LEAPP-REPORT", "unknown", "high"), ("C2R-REPORT", "unknown", "high"),
    ]  # fmt: skip


def test_a_report_longer_than_the_limit_is_unknown_and_not_clean() -> None:
    findings = findings_of(host({"tool_reports": {"cut": True, "text": "x"}}), LEAPP)
    assert [(f.id, f.status) for f in findings] == [("LEAPP-REPORT", "unknown")]
    assert "longer than the limit" in findings[0].evidence[0]


@pytest.mark.parametrize(
    "changes",
    [
        {"flags": None}, {"flags": "inhibitor"}, {"groups": 7}, {"flags": [None, 7, {}]}, {"detail": None},
        {"detail": []}, {"detail": {"remediations": {}, "external": "x", "related_resources": [7, {}, {"title": 7}]}},
        {"severity": "catastrophic"}, {"severity": 7}, {"summary": None}, {"summary": {}}, {"key": 7}, {"actor": []},
    ],
    ids=repr,
)  # fmt: skip
def test_an_entry_with_parts_that_are_missing_or_wrong_is_still_shown(changes: dict[str, Any]) -> None:
    findings = leapp(entry(**changes))
    assert [f.title for f in findings] == ["A title"]
    assert findings[0].severity in ("high", "medium")
    assert findings[0].evidence
    assert findings[0].remediation.endswith(".")


def test_entries_that_are_none_do_not_hide_those_that_are() -> None:
    document = {"entries": [None, 7, "text", [], {}, {"title": 7}, json.loads(entry())["entries"][0]]}
    assert [f.title for f in leapp(json.dumps(document))] == ["A title"]
    actions = {"A": None, "B": {"result": 7, "messages": 7}, "bad name": {"result": {"level": "ERROR"}},
               "C": {"messages": [None, {"level": "ERROR"}, {"level": 7}, {"level": "nonsense"}]}}  # fmt: skip
    found = findings_of(facts_with(json.dumps({"actions": actions}), C2R_REPORT), C2R)
    assert [(f.id, f.title) for f in found] == [("C2R-C-ERROR", "C: ERROR")]


def test_a_report_of_last_year_is_shown_and_holds_nobody_up() -> None:
    old = leapp(read("leapp-1.2.0.json"), written=NOW - 400 * DAY)
    assert {f.severity for f in old} == {"low", "info"}
    assert old[0].evidence[0] == "the report is 400 days old"
    assert leapp(read("leapp-1.2.0.json"), written=NOW - 29 * DAY)[0].severity == "inhibitor"


def test_a_report_about_the_release_before_holds_nobody_up() -> None:
    facts = facts_with(read("leapp-1.2.0.json"), written=NOW - DAY)
    packages = tuple(
        dataclasses.replace(p, installed=NOW) if p.name == "centos-linux-release" else p for p in facts.packages or ()
    )
    findings = findings_of(dataclasses.replace(facts, packages=packages), LEAPP)
    assert {f.severity for f in findings} == {"low", "info"}
    assert findings[0].evidence[0].endswith("before this release of the system was installed")


def test_without_a_date_a_report_counts_in_full() -> None:
    findings = leapp(read("leapp-1.2.0.json"), written=None)
    assert findings[0].severity == "inhibitor"
    assert findings[0].source == f"Leapp, {LEAPP_REPORT}"


def test_two_entries_of_one_key_are_one_finding_that_shows_both() -> None:
    entries = [{**json.loads(entry(summary=text))["entries"][0]} for text in ("one", "two")]
    entries[1]["flags"] = ["inhibitor"]
    findings = leapp(json.dumps({"entries": entries}))
    assert [(f.severity, f.evidence) for f in findings] == [("inhibitor", ("one", "two"))]


def test_nothing_in_a_report_can_fill_or_disturb_the_users_terminal() -> None:
    hostile = "\x1b[2J\u202e\x07" + "x" * 5_000
    shape = json.loads(entry())["entries"][0]
    worst = {
        **shape, "title": hostile, "summary": "\n".join([hostile] * 200), "key": hostile,
        "detail": {"remediations": [{"type": "hint", "context": "\n".join([hostile] * 3)}],
                   "related_resources": [{"scheme": hostile, "title": hostile}] * 3},
    }  # fmt: skip
    many = [{**shape, "title": f"{number} {hostile}", "key": None} for number in range(700)]
    findings = leapp(json.dumps({"entries": [worst, *many]}))
    assert len(findings) == 500
    shown = [json.dumps(f.as_dict(), ensure_ascii=False) for f in findings]
    assert not any(sign in text for text in shown for sign in ("\x1b", "\u202e", "\x07", "\\u001b"))
    assert max(map(len, shown)) < 60_000


def test_the_probe_brings_a_report_of_any_layout_whole(tmp_path: Path) -> None:
    long = {"entries": [{"title": "x" * 30_000, "summary": "line\n- p\tq"}]}
    indented, compact = tmp_path / "leapp.json", tmp_path / "c2r.json"
    indented.write_text(json.dumps(long, indent=2))
    compact.write_text(json.dumps({"actions": {"A": {"result": {"diagnosis": "see http://host/x", "a": "joe@b"}}}}))
    found = host({"tool_reports": _section(indented, compact)["text"]}).tool_reports
    assert found is not None
    assert json.loads(found[str(indented)][1]) == long
    assert json.loads(found[str(compact)][1]) == json.loads(compact.read_text())
    assert found[str(indented)][0] == int(indented.stat().st_mtime)


def test_secrets_in_a_report_stay_on_the_host_and_leave_it_readable(tmp_path: Path) -> None:
    report = tmp_path / "leapp.json"
    report.write_text(json.dumps({"entries": [{"title": "password=s3cret", "summary": "https://joe:s3cret@host/x"}]}))
    text = _section(report, tmp_path / "none")["text"]
    assert "s3cret" not in text
    assert json.loads(tool_reports(text)[str(report)][1])["entries"][0] == {
        "title": "password=***", "summary": "https://***@host/x",
    }  # fmt: skip


def _section(leapp_report: Path, c2r_report: Path) -> dict[str, Any]:
    """The section of the probe, with other files in the place of the reports."""
    program = PROBE.replace(LEAPP_REPORT, str(leapp_report)).replace(C2R_REPORT, str(c2r_report))
    start = "\nexec 4>&1\nprintf '{'\nsection tool_reports 524288\nprintf '}'\nexit\n"
    assert "\nmain\nexit\n" in program
    program = program.replace("\nmain\nexit\n", start)
    answer = subprocess.run(["sh", "-s"], input=program.encode(), capture_output=True, check=True)
    return json.loads(answer.stdout)["tool_reports"]
