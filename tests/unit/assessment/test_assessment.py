# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verdict on a host: which paths lead on from it, and what stands in the way of each."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.assessment import Assessment, Subject, assess
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.facts_types import Transaction
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.matrix import SYSTEMS, paths
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.waivers import parse_waivers
from ansible_collections.alicloud.os_migration.tests.unit.checks.hosts import host, instance

GLIBC = (
    "glibc|(none)|2.28|164.el8|i686|CentOS|RSA/SHA256, Wed 22 Dec 2021 14:00:12 UTC, Key ID 05b555b38483c65d|1640181612"
)
I686 = {"rpm_qa": {"add": GLIBC}}
# A link that Leapp refuses, and Server Migration Center with it.
ROOT_LINK = {"root_links": {"add": "/data\t/srv/data"}}


def subject(sections: dict[str, Any] | None = None, **given: Any) -> Subject:
    return Subject("web1", host(sections), instance=instance(), today=date(2026, 11, 25), **given)


def ids(found: Assessment) -> set[str]:
    return {finding.id for finding in found.findings}


def test_the_same_host_is_judged_differently_by_engine() -> None:
    by = {engine: assess(subject(ROOT_LINK), "alinux3", engine) for engine in ("distro_sync", "smc")}
    assert by["distro_sync"].eligible
    assert "FILE-ROOT-LINKS" not in ids(by["distro_sync"])
    assert (by["smc"].eligible, by["smc"].outcome) == (False, "not_eligible")
    assert by["smc"].reason == "1 inhibitor must be resolved first: FILE-ROOT-LINKS."


def test_a_network_file_system_stops_leapp_and_worries_the_service() -> None:
    changes = {"mounts": {"add": "10.0.0.5:/export /mnt/export nfs4 rw,relatime 0 0"}}
    old = Subject("old1", host(changes, "centos7"), instance=instance(), today=date(2026, 11, 25))
    severities = {
        engine: next(f.severity for f in assess(old, "alinux3", engine).findings if f.id == "DISK-NETWORK")
        for engine in ("leapp", "smc")
    }
    assert severities == {"leapp": "inhibitor", "smc": "high"}


def test_every_engine_to_the_target_is_listed_with_what_blocks_it() -> None:
    found = assess(subject(ROOT_LINK), "alinux3", "distro_sync")
    assert {entry["engine"]: (entry["eligible"], entry["blocked_by"]) for entry in found.paths} == {
        "smc": (False, ["FILE-ROOT-LINKS"]),
        "distro_sync": (True, []),
    }


def test_auto_lists_every_target_that_the_matrix_knows_for_the_host() -> None:
    found = assess(subject(I686), "auto", "auto")
    assert {(entry["target"], entry["engine"]) for entry in found.paths} == {
        (path.target, path.engine) for path in paths("centos8", "x86_64")
    }
    assert all("PKG-I686" in entry["blocked_by"] for entry in found.paths)
    assert (found.eligible, found.outcome) == (False, "not_eligible")
    assert found.reason == "No target can be reached yet; in the way: AGENT-SECURITY-CENTER, PKG-I686."
    assert "IDN-PATH" not in ids(found), "that other engines are missing is nothing that the host's owner can resolve"


def test_auto_calls_a_host_ready_when_one_path_is_free_and_says_what_each_finding_is_about() -> None:
    found = assess(subject(ROOT_LINK), "auto", "auto")
    assert found.eligible
    free = {(entry["target"], entry["engine"]) for entry in found.paths if entry["eligible"]}
    assert ("alinux3", "distro_sync") in free
    assert not any(engine == "smc" for _target, engine in free)
    link = next(finding for finding in found.findings if finding.id == "FILE-ROOT-LINKS")
    assert "alinux3 by smc" in link.paths
    assert "alinux3 by distro_sync" not in link.paths


def test_auto_with_an_engine_looks_at_that_engine_only() -> None:
    assert {entry["engine"] for entry in assess(subject(), "auto", "smc").paths} == {"smc"}


def test_a_path_that_this_version_cannot_take_is_refused_with_all_that_would_stand_in_its_way() -> None:
    found = assess(subject(I686), "rhel8", "convert2rhel")
    assert (found.eligible, found.outcome) == (False, "not_eligible")
    assert {"IDN-PATH", "PKG-I686"} <= ids(found)


def test_a_host_that_cannot_be_read_or_named_gets_an_outcome_with_a_reason() -> None:
    unread = assess(Subject("web1", None, "connection refused"), "alinux3", "auto")
    assert (unread.outcome, unread.findings[0].id, unread.findings[0].evidence) == (
        "not_eligible", "NET-UNREADABLE", ("connection refused",),
    )  # fmt: skip
    unknown = assess(subject({"os_release": 'ID=plan9\nPRETTY_NAME="Plan 9"\n'}), "alinux3", "auto")
    assert (unknown.findings[0].id, unknown.findings[0].evidence) == ("IDN-UNKNOWN", ("Plan 9",))


def test_a_host_that_is_the_target_already_is_left_alone() -> None:
    found = assess(subject(), "centos8", "auto")
    assert (found.outcome, found.findings) == ("migrated", [])


def test_what_the_package_manager_said_counts_for_the_engine_that_uses_it_alone() -> None:
    broken = Transaction(error="nothing provides libfoo", cause="resolve", problems=("nothing provides libfoo",))
    assert not assess(subject(transaction=broken), "alinux3", "distro_sync").eligible
    assert assess(subject(transaction=broken), "alinux3", "smc").eligible


def test_an_accepted_inhibitor_makes_the_host_eligible() -> None:
    waivers = parse_waivers([{"id": "PKG-I686", "reason": "unused", "expires": "2026-12-31"}])
    found = assess(subject(I686, waivers=waivers), "alinux3", "distro_sync")
    assert (found.eligible, found.outcome) == (True, None)
    assert next(f for f in found.findings if f.id == "PKG-I686").waived == {"reason": "unused", "expires": "2026-12-31"}


@pytest.mark.parametrize("target", sorted(SYSTEMS))
@pytest.mark.parametrize("engine", ["auto", "distro_sync", "leapp", "convert2rhel", "smc"])
def test_every_question_gets_a_verdict(target: str, engine: str) -> None:
    found = assess(subject(), target, engine)
    assert found.eligible or found.outcome
    assert found.eligible or found.reason
