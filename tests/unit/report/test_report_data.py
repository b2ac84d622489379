# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from ansible_collections.alicloud.os_migration.plugins.plugin_utils import report, report_text
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.run import RunDirectory

SCHEMA = json.loads(Path(report.__file__).with_name("report.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def host(data: dict[str, Any], name: str) -> dict[str, Any]:
    return next(item for item in data["hosts"] if item["host"] == name)


def test_the_schema_itself_is_valid() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_programs_that_read_the_report_get_what_the_schema_promises(sample: dict[str, Any]) -> None:
    VALIDATOR.validate(json.loads(json.dumps(sample)))


def test_no_answer_of_a_host_breaks_the_promise(hostile: dict[str, Any]) -> None:
    VALIDATOR.validate(json.loads(json.dumps(hostile)))
    json.dumps(hostile, ensure_ascii=False).encode("utf-8")


def test_a_run_that_has_just_begun_can_be_reported(tmp_path: Path) -> None:
    run = RunDirectory.create(tmp_path, "r1", hosts=["a"], target="alinux3")
    data = report.build(run.snapshot())
    VALIDATOR.validate(data)
    assert data["summary"]["headline"] == "Of 1 host: 1 under way."
    run.settle()
    assert report.build(run.snapshot())["summary"]["headline"] == "Of 1 host: 1 not started."
    assert "No host took part" in report.build({"run": {}, "hosts": []})["summary"]["headline"]


def test_hosts_that_need_a_person_come_first_and_names_sort_as_people_count(sample: dict[str, Any]) -> None:
    assert [item["host"] for item in sample["hosts"]] == ["db01", "app", "ftp", "cache", "next", "web2", "web10"]


def test_the_counts_add_up(sample: dict[str, Any]) -> None:
    summary = sample["summary"]
    ended = {"held": 1, "rolled_back": 1, "not_eligible": 1, "not_started": 1, "planned": 1, "migrated": 2}
    assert summary["outcomes"] == {**ended, "under_way": 0, "eligible": 0}
    assert (summary["hosts"], summary["snapshots"], summary["longest_outage_seconds"]) == (7, 4, 381)
    assert sample["run"]["seconds"] == 2101


def test_a_finding_that_was_waived_or_not_judged_is_not_counted_as_fired(sample: dict[str, Any]) -> None:
    nothing = dict.fromkeys(("inhibitor", "high", "medium", "low", "info", "unknown", "waived"), 0)
    assert host(sample, "web2")["finding_counts"] == {**nothing, "info": 1, "waived": 1}
    assert host(sample, "db01")["finding_counts"] == {**nothing, "unknown": 1}
    assert [(item["id"], item["hosts"]) for item in sample["findings"]] == [
        ("PKG-I686", 1),
        ("DISK-BOOT", 1),
        ("SEC-SELINUX", 1),
    ]


def test_what_blocks_hosts_is_counted_and_so_is_what_alone_blocks_them(assessment: dict[str, Any]) -> None:
    summary = report.build(assessment)["summary"]
    assert summary["ready"] == 2 and summary["outcomes"]["not_eligible"] == 3
    assert [(item["id"], item["hosts"], item["alone"]) for item in summary["blocked_by"]] == [
        ("DISK-BOOT", 2, 1),
        ("PKG-I686", 2, 1),
    ]


def test_what_was_waived_blocks_nobody(assessment: dict[str, Any]) -> None:
    for record in assessment["hosts"]:
        for item in record["findings"]:
            item["waived"] = {"reason": "tested", "expires": ""}
    assert report.build(assessment)["summary"]["blocked_by"] == []


def test_findings_are_counted_by_severity_with_the_unknown_and_the_waived_apart(sample: dict[str, Any]) -> None:
    counts = sample["summary"]["severities"]
    assert counts["high"] == {"fired": 0, "unknown": 1, "waived": 1}
    assert counts["inhibitor"] == {"fired": 1, "unknown": 0, "waived": 0}


def test_how_many_hosts_could_go_where_is_counted_by_path(assessment: dict[str, Any]) -> None:
    paths = {item["target"]: item for item in report.build(assessment)["summary"]["paths"]}
    assert paths["alinux3"] == {
        "target": "alinux3", "target_name": "Alibaba Cloud Linux 3", "engine": "distro_sync", "available": True,
        "eligible": 2, "blocked": 0,
    }  # fmt: skip
    assert (paths["rhel8"]["eligible"], paths["rhel8"]["blocked"], paths["rhel8"]["available"]) == (0, 2, False)


def test_an_assessment_for_every_target_names_no_command_to_migrate(assessment: dict[str, Any]) -> None:
    assert [item["id"] for item in report.build(assessment)["run"]["commands"]] == ["migrate"]
    assessment["run"]["target"] = "auto"
    assert report.build(assessment)["run"]["commands"] == []
    assert report.build({**assessment, "hosts": assessment["hosts"][2:]})["run"]["commands"] == []


def test_the_command_to_go_on_keeps_the_language(run: dict[str, Any]) -> None:
    run["run"]["language"] = "ja"
    assert "-e os_migration_language=ja" in report.build(run)["run"]["commands"][0]["command"]


def test_an_outage_that_is_not_over_has_no_duration(sample: dict[str, Any]) -> None:
    assert host(sample, "db01")["outage_seconds"] is None
    assert host(sample, "web2")["outage_seconds"] == 381


def test_a_change_is_told_with_both_sides(sample: dict[str, Any]) -> None:
    assert host(sample, "web2")["comparison"]["changed"] == {"total": 1, "items": ["kernel release: 4.18.0 → 5.10.134"]}


def test_the_next_commands_can_be_pasted_even_with_spaces_in_a_path(sample: dict[str, Any]) -> None:
    commands = {item["label"]: item["command"] for item in sample["run"]["commands"]}
    assert commands["Resume this run"] == (
        "ansible-playbook alicloud.os_migration.migrate -i 'inventory/prod ecs.yml'"
        " -e os_migration_target=alinux3 -e os_migration_run_id=20261123-101112-4f2a -e os_migration_accept_risks=true"
    )
    assert any(" alicloud.os_migration.rollback " in command for command in commands.values())


def test_an_assessment_calls_its_hosts_eligible_and_not_failed(run: dict[str, Any]) -> None:
    run["run"]["finished"] = None
    judged = [{"host": "a", "eligible": True}, {"host": "b", "eligible": False}]
    run["hosts"] = [*judged, {"host": "c", "stage": "converting"}]
    data = report.build(run)
    VALIDATOR.validate(data)
    assert {item["host"]: item["outcome"] for item in data["hosts"]} == {
        "a": "eligible", "b": "not_eligible", "c": "under_way",
    }  # fmt: skip
    run["hosts"] = judged
    assert [item["label"] for item in report.build(run)["run"]["commands"]] == ["Migrate the hosts that can be"]


def test_a_command_that_hides_something_is_not_offered(run: dict[str, Any]) -> None:
    remediation = run["hosts"][3]["findings"][0]["remediation"]
    for bad in ("rm\u200b -rf x", "ls \u202e x", "x" * 5000, "ls\x1b[8m; reboot\x1b[0m"):
        remediation["command"] = bad
        assert host(report.build(run), "ftp")["findings"][0]["remediation"]["command"] == ""


def test_what_would_be_done_is_shown_for_planned_hosts_alone(run: dict[str, Any]) -> None:
    run["run"]["check_mode"] = True
    run["hosts"].append({"host": "later", "eligible": True, "target": "alinux3", "engine": "distro_sync"})
    data = report.build(run)
    assert host(data, "next")["plan"][0] == "Snapshot the system disk d-9."
    assert "Take a snapshot of every attached disk." not in host(data, "next")["plan"]
    assert any("Alibaba Cloud Linux 3 with the engine distro_sync" in item for item in host(data, "later")["plan"])
    assert host(data, "ftp")["plan"] == []
    plan = report.build({**run, "hosts": run["hosts"][-2:]})
    assert [item["label"] for item in plan["run"]["commands"]] == ["Migrate the hosts that can be"]


def test_answers_of_any_size_are_cut_and_the_end_of_a_log_is_kept(run: dict[str, Any]) -> None:
    huge = "x" * 1_000_000
    record = run["hosts"][2]
    record.update(reason=huge, instance_name=huge, host=huge)
    record["failure"] = {"step": huge, "message": huge, "log": huge + " the end"}
    record["findings"] = [{**record["findings"][0], "evidence": [huge] * 1000, "title": huge}] * 400
    record["comparison"] = {"lost": [huge] * 1000}
    record["steps"] = [{"name": huge}] * 1000
    data = report.build(run)
    VALIDATOR.validate(data)
    found = data["hosts"][0]
    assert found["failure"]["log"].endswith(" the end") and found["failure"]["log"].startswith(
        "[984008 characters cut]"
    )
    assert found["reason"].endswith("characters cut]")
    assert found["comparison"]["lost"]["total"] == 1000
    assert found["findings"][0]["evidence_total"] == 1000
    assert len(json.dumps(data)) < 9_000_000


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, "–"), (0, "0 s"), (59, "59 s"), (61, "1 min 01 s"), (3600, "1 h 00 min"), (90061, "25 h 01 min")],
)
def test_durations_read_as_people_say_them(seconds: int | None, words: str) -> None:
    assert report_text.duration(seconds) == words


@pytest.mark.parametrize(
    "pair",
    [
        (None, "x"),
        ("x", "y"),
        ("2026-11-23T10:00:01Z", "2026-11-23T10:00:00Z"),
        ("2026-11-23T10:00:00", "2026-11-23T10:00:00Z"),
    ],
)
def test_times_that_make_no_sense_have_no_duration(pair: tuple[Any, Any]) -> None:
    assert report_text.seconds_between(*pair) is None
