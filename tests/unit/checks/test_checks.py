# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a check misses is found in production; what it sees where nothing is costs its reader's trust."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks import AREAS, REGISTER, Context, run_checks
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.facts import Facts
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.findings import SEVERITIES, bounded
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.matrix import Path as MigrationPath
from ansible_collections.alicloud.os_migration.tests.unit.checks.hosts import CLEAN, host, instance, transaction_of

PATH = MigrationPath("centos8", "alinux3", "x86_64", "distro_sync", "lab", True)
CASES: dict[str, dict[str, list[dict[str, Any]]]] = {}
for _file in sorted((Path(__file__).parent / "cases").glob("*.yml")):
    CASES.update(yaml.safe_load(_file.read_text("utf-8")))


def _cases(kind: str) -> list[Any]:
    found = ((id_, case) for id_, entry in CASES.items() for case in entry[kind])
    return [pytest.param(id_, case, id=f"{id_}: {case['case']}") for id_, case in found]


def context_of(case: dict[str, Any]) -> Context:
    cloud = None if case.get("no_cloud") else instance(case.get("cloud"))
    path = dataclasses.replace(PATH, **case.get("path", {}))
    transaction = transaction_of(case["transaction"]) if "transaction" in case else None
    return Context(host(case.get("sections"), case.get("clean", "centos8")), cloud, path, transaction)


@pytest.mark.parametrize(("id_", "case"), _cases("fires"))
def test_a_host_with_this_trouble_is_not_migrated_blindly(id_: str, case: dict[str, Any]) -> None:
    finding = next((f for f in run_checks(context_of(case)) if f.id == id_), None)
    assert finding is not None
    assert finding.status == "fired"
    evidence = "\n".join(finding.evidence)
    assert [text for text in case["evidence"] if text not in evidence] == []
    assert [text for text in case.get("not_evidence", []) if text in evidence] == []


@pytest.mark.parametrize(("id_", "case"), _cases("silent"))
def test_a_host_without_this_trouble_is_not_held_up(id_: str, case: dict[str, Any]) -> None:
    assert [f for f in run_checks(context_of(case)) if f.id == id_] == []


@pytest.mark.parametrize("id_", sorted(REGISTER))
def test_no_check_goes_untested(id_: str) -> None:
    assert id_ in CASES
    assert CASES[id_]["fires"]
    assert CASES[id_]["silent"]


def test_no_case_is_for_a_check_that_is_gone() -> None:
    assert sorted(set(CASES) - set(REGISTER)) == []


def test_a_clean_host_passes_without_a_warning() -> None:
    findings = run_checks(Context(host(), instance(), PATH))
    assert [(f.id, f.status, f.evidence) for f in findings if f.severity not in ("low", "info")] == []


def test_a_host_that_could_not_be_read_does_not_pass() -> None:
    unread = Facts(unread={"packages": "rpm_qa: the time limit struck"})
    findings = {f.id: f for f in run_checks(Context(unread, {}, PATH))}
    assert findings["PKG-I686"].status == "unknown"
    assert findings["PKG-I686"].severity == "high"
    assert findings["PKG-I686"].evidence == ("packages is not known (rpm_qa: the time limit struck)",)
    assert findings["PKG-UNREADABLE"].blocks
    assert findings["NET-UNREADABLE"].blocks
    inhibitors = [check for check in REGISTER.values() if check.severity == "inhibitor" and check.area != "gates"]
    silent = {check.id for check in inhibitors if check.applies(context_of({}))}
    assert sorted(silent - set(findings)) == []


@pytest.mark.parametrize("section", sorted(CLEAN))
def test_a_missing_section_never_stops_the_checks_of_a_host(section: str) -> None:
    for finding in run_checks(Context(host({section: None}), instance(), PATH)):
        # That packages cannot be read is an inhibitor of its own.
        assert finding.status == "unknown" or finding.severity in ("low", "info") or finding.id == "PKG-UNREADABLE"


def test_the_worst_finding_stands_first() -> None:
    broken = host({"uid": "1000", "virt": "docker", "crypto_policy": "LEGACY", "fips": "1"})
    order = [SEVERITIES.index(f.severity) for f in run_checks(Context(broken, instance(), PATH))]
    assert len(order) > 3
    assert order == sorted(order)


def test_a_long_list_says_what_it_leaves_out() -> None:
    evidence = bounded(f"package-{n}" for n in range(120))
    assert len(evidence) == 51
    assert evidence[-1] == "and 70 more"


def test_every_area_has_its_own_file_of_checks() -> None:
    assert {check.area for check in REGISTER.values()} <= set(AREAS)


@pytest.mark.parametrize("check", REGISTER.values(), ids=lambda check: check.id)
def test_every_check_tells_the_user_what_to_do_and_where_it_comes_from(check: Any) -> None:
    assert check.title and not check.title.endswith(".")
    assert check.remediation.endswith(".")
    assert check.source


def test_a_finding_reaches_the_report_whole() -> None:
    finding = next(f for f in run_checks(context_of({"sections": {"uid": "1"}})) if f.id == "OS-ROOT")
    assert finding.as_dict() == {
        "id": "OS-ROOT",
        "title": "The host was not read as root",
        "severity": "inhibitor",
        "status": "fired",
        "evidence": ["the user id is 1"],
        "remediation": {"text": REGISTER["OS-ROOT"].remediation, "command": None, "id": None},
        "source": REGISTER["OS-ROOT"].source,
        "grade": "documented",
        "area": "identity",
        "waived": None,
    }


def test_devices_without_ids_do_not_make_every_mount_look_broken() -> None:
    context = context_of({"sections": {"block": 'NAME="vda" TYPE="disk" SIZE="1"\n'}})
    finding = next(f for f in run_checks(context) if f.id == "DISK-FSTAB-MISSING")
    assert (finding.status, finding.evidence) == (
        "unknown",
        ("block is not known (lsblk shows devices, but not what is on them)",),
    )
