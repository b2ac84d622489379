# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from ansible_collections.alicloud.os_migration.plugins.plugin_utils import report, report_files
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.run import RunDirectory, RunError

SCHEMA = json.loads(Path(report.__file__).with_name("report.schema.json").read_text())


def finding(identifier: str, severity: str = "inhibitor", **more: Any) -> dict[str, Any]:
    return {
        "id": identifier, "title": f"title of {identifier}", "severity": severity, "status": "fired", "evidence": [], "area": "x",
        "remediation": {"text": "", "command": None, "id": None}, "source": "own", "grade": "lab", "waived": None, **more,
    }  # fmt: skip


class Runs:
    """A directory of runs, one a day."""

    def __init__(self, base: Path) -> None:
        self.base, self.day = base, 0

    def add(self, facts: dict[str, Any] | None = None, **hosts: dict[str, Any]) -> RunDirectory:
        """A run in which each host was judged; a host with an inhibitor is blocked."""
        self.day += 1
        moment = f"2026-11-{self.day:02d}T08:00:00Z"
        run = RunDirectory.create(self.base, f"run{self.day:02d}", hosts=list(hosts), target="alinux3", **(facts or {}))
        run.update(started=moment)
        for name, record in hosts.items():
            found = record.get("findings") or []
            blocked = any(item["severity"] == "inhibitor" for item in found)
            judged = {"eligible": not blocked, "outcome": "not_eligible" if blocked else None, "target": "alinux3"}
            run.update_host(name, **{"instance_id": f"i-{name}", "times": {"started": moment}, **judged, **record})
        return run

    def report(self, language: str = "en") -> dict[str, Any]:
        """What fleet.json says after the step."""
        self.result = report_files.write_fleet_report(self.base, language)
        found: dict[str, Any] = json.loads((self.base / "fleet.json").read_text())
        jsonschema.Draft202012Validator(SCHEMA).validate(found)
        return found

    def host(self, name: str) -> dict[str, Any]:
        (found,) = [host for host in self.report()["hosts"] if host["host"] == name]
        return found


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path)


def ids(items: list[dict[str, Any]]) -> list[str]:
    return [item["id"] for item in items]


def test_every_host_stands_as_its_newest_assessment_left_it(runs: Runs) -> None:
    runs.add(web1={"findings": [finding("A")]}, web2={})
    runs.add(web1={}, web3={"findings": [finding("B")]})
    found = runs.report()
    assert {host["host"]: (host["outcome"], host["run_id"]) for host in found["hosts"]} == {
        "web1": ("eligible", "run02"),
        "web2": ("eligible", "run01"),
        "web3": ("not_eligible", "run02"),
    }
    assert found["summary"]["ready"] == 2 and ids(found["summary"]["blocked_by"]) == ["B"]
    assert [(run["run_id"], run["hosts"]) for run in found["runs"]] == [("run01", 2), ("run02", 2)]


def test_what_is_new_and_what_is_resolved_since_the_assessment_before_is_told(runs: Runs) -> None:
    runs.add(web1={"findings": [finding("OLDEST")]})
    runs.add(web1={"findings": [finding("GONE"), finding("STAYS", "low")]})
    runs.add(web1={"findings": [finding("STAYS", "low"), finding("NEW", "high"), finding("WORSE", "medium")]})
    change = runs.host("web1")["change"]
    assert (ids(change["new"]), ids(change["resolved"])) == (["NEW", "WORSE"], ["GONE"])
    assert change["previous"] == {
        "run_id": "run02", "assessed": "2026-11-02T08:00:00Z", "outcome": "not_eligible", "target": "Alibaba Cloud Linux 3",
    }  # fmt: skip
    changes = runs.report()["changes"]
    assert (changes["new"], changes["resolved"], changes["outcomes"], changes["first"]) == (2, 1, 1, 0)
    assert {item["id"]: (item["new"], item["resolved"]) for item in changes["findings"]} == {
        "GONE": (0, 1), "NEW": (1, 0), "WORSE": (1, 0),
    }  # fmt: skip


def test_a_host_that_was_assessed_once_has_no_change(runs: Runs) -> None:
    runs.add(web1={"findings": [finding("A")]})
    found = runs.report()
    assert found["hosts"][0]["change"] == {"previous": None, "changed": False, "new": [], "resolved": []}
    assert found["changes"]["headline"] == "No host was assessed before."
    runs.add(web1={"findings": [finding("A")]})
    assert runs.report()["changes"]["headline"] == "Nothing has changed since the assessment before."


def test_a_finding_that_was_accepted_or_could_be_judged_at_last_is_a_change(runs: Runs) -> None:
    runs.add(web1={"findings": [finding("ACCEPTED", "high"), finding("JUDGED", "high", status="unknown")]})
    accepted = finding("ACCEPTED", "high", waived={"reason": "tested", "expires": ""})
    runs.add(web1={"findings": [accepted, finding("JUDGED", "high")]})
    change = runs.host("web1")["change"]
    assert [(item["id"], item["status"]) for item in change["new"]] == [("JUDGED", "fired")]
    assert [(item["id"], item["status"]) for item in change["resolved"]] == [
        ("ACCEPTED", "fired"),
        ("JUDGED", "unknown"),
    ]


def test_an_instance_keeps_its_history_under_another_name(runs: Runs) -> None:
    runs.add(old={"instance_id": "i-1", "findings": [finding("A")]})
    runs.add(new={"instance_id": "i-1"})
    assert [host["host"] for host in runs.report()["hosts"]] == ["new"]
    assert ids(runs.host("new")["change"]["resolved"]) == ["A"]


def test_two_instances_with_one_name_are_two_hosts(runs: Runs) -> None:
    runs.add(web1={"instance_id": "i-1"})
    runs.add(web1={"instance_id": "i-2"})
    runs.add(web1={"instance_id": ""})
    assert [host["instance_id"] for host in runs.report()["hosts"]] == ["i-1", "i-2", ""]


def test_a_host_that_was_once_seen_without_its_instance_is_not_listed_twice(runs: Runs) -> None:
    runs.add(web1={"instance_id": "", "findings": [finding("A")]})
    runs.add(web1={"instance_id": "i-1"})
    (host,) = runs.report()["hosts"]
    assert (host["instance_id"], ids(host["change"]["resolved"])) == ("i-1", ["A"])


def test_a_run_that_never_judged_a_host_says_nothing_about_it(runs: Runs) -> None:
    runs.add(web1={"findings": [finding("A")]})
    runs.add(web1={"eligible": None, "outcome": None})
    assert runs.host("web1")["run_id"] == "run01"


@pytest.mark.parametrize(
    ("path", "content", "named"),
    [
        ("foreign/notes.txt", "x", "foreign"),
        ("run01/run.json", "{", "run01"),
        ("run01/run.json", "[]", "run01"),
        ("run01/run.json", '{"schema": 2, "started": "2026"}', "run01"),
        ("run01/run.json", '{"schema": 1}', "run01"),
        ("run01/run.json", "[" * 100_000, "run01"),
        ("run01/hosts/web1.json", "", "run01/hosts/web1.json"),
        ("run01/hosts/web1.json", "\xff\xfe", "run01/hosts/web1.json"),
        ("run01/hosts/web1.json", '{"schema": 1, "host": ""}', "run01/hosts/web1.json"),
        ("run01/hosts/web1.json", '{"schema": 1, "host": "web1", "findings": {}}', "run01/hosts/web1.json"),
        ("run01/hosts/web1.json", '{"schema": 1, "host": "web1", "findings": ["x"]}', "run01/hosts/web1.json"),
        ("run01/hosts/web1.json", '{"schema": 1, "host": "web1", "times": null}', "run01/hosts/web1.json"),
        ("run01/hosts/web1.json", '{"schema": 9, "host": "web1"}', "run01/hosts/web1.json"),
    ],
)
def test_what_is_damaged_or_not_a_run_is_named_and_stops_nothing(
    runs: Runs, path: str, content: str, named: str
) -> None:
    runs.add(web1={})
    runs.add(web2={})
    (runs.base / path).parent.mkdir(exist_ok=True)
    (runs.base / path).write_bytes(content.encode("latin-1"))
    (runs.base / "fleet.csv").write_text("a file of an earlier report")
    found = runs.report()
    assert [item["name"] for item in found["left_out"]] == [named]
    assert "web2" in [host["host"] for host in found["hosts"]]
    assert runs.result["left_out"] == [f"{named}: {found['left_out'][0]['reason']}"]
    assert named in (runs.base / "fleet.html").read_text()


@pytest.mark.parametrize("content", [
    '{"schema": 1, "host": "web1", "eligible": true, "findings": [{"evidence": 7, "remediation": "x", "waived": 1}]}',
    '{"schema": 1, "host": "web1", "eligible": true, "steps": [{"name": {}}], "source": {"id": []}, "times": {"started": 5}}',
    '{"schema": 1, "host": "web1", "eligible": true, "comparison": {"lost": 3}, "paths": [{"blocked_by": 3}]}',
    '{"schema": 1, "host": "web1", "eligible": true, "outcome": [], "failure": {"log": {}}, "stage": []}',
])  # fmt: skip
def test_a_record_that_is_damaged_inside_stops_nothing(runs: Runs, content: str) -> None:
    runs.add(web1={})
    runs.add(web2={})
    (runs.base / "run01/hosts/web1.json").write_text(content)
    found = runs.report()
    assert "web2" in [host["host"] for host in found["hosts"]]
    assert len(found["hosts"]) + len(found["left_out"]) == 2


@pytest.mark.parametrize("empty", [True, False])
def test_a_directory_without_runs_is_an_error_in_one_sentence(tmp_path: Path, empty: bool) -> None:
    base = tmp_path if empty else tmp_path / "missing"
    with pytest.raises(RunError, match="os_migration_runs_dir"):
        report_files.write_fleet_report(base, "en")


def test_the_page_leads_to_the_page_of_each_host_in_its_run(runs: Runs) -> None:
    run = runs.add(web1={}, web2={})
    report_files.write_run_report(run)
    (run.path / "report/web2.html").unlink()
    pages = {host["host"]: host["page"] for host in runs.report()["hosts"]}
    assert pages == {"web1": "run01/report/web1.html", "web2": ""}
    assert (runs.base / pages["web1"]).is_file()
    assert 'href="run01/report/web1.html"' in (runs.base / "fleet.html").read_text()


def test_a_spreadsheet_of_the_fleet_tells_what_has_changed(runs: Runs) -> None:
    runs.add(web1={"findings": [finding("A"), finding("B")]})
    runs.add(web1={"findings": [finding("C", "low")]})
    runs.report()
    (row,) = csv.DictReader((runs.base / "fleet.csv").read_text().splitlines())
    assert (row["run_id"], row["previous_run_id"], row["previous_outcome"]) == ("run02", "run01", "not_eligible")
    assert (row["new"], row["resolved"], row["outcome"]) == ("C", "A B", "eligible")


def test_the_page_and_the_table_speak_the_language_and_the_data_does_not(runs: Runs) -> None:
    runs.add(web1={"findings": [finding("A")]})
    runs.add(web1={})
    english = runs.report()
    japanese = runs.report("ja")
    for found in (english, japanese):
        del found["generated"], found["run"]["language"]
    assert english == japanese
    page = (runs.base / "fleet.html").read_text()
    assert 'lang="ja"' in page and "前回の評価からの変化" in page
    assert any("前回の評価からの変化" in line for line in runs.result["table"])


def test_a_host_cannot_write_into_the_page_of_the_fleet(runs: Runs) -> None:
    evil = "<script>alert(1)</script>"
    runs.add(web1={"findings": [finding(evil)], "instance_name": evil})
    runs.add(web1={"findings": [finding(evil + "2", "high")], "reason": evil})
    runs.report()
    assert evil not in (runs.base / "fleet.html").read_text()
