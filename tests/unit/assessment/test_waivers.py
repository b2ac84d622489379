# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What somebody accepted holds for the hosts and the time that he meant, and for nothing else."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks import REGISTER, Context, Finding, run_checks
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.matrix import Path
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.plan import PlanError
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.waivers import as_data, parse_waivers, waive
from ansible_collections.alicloud.os_migration.tests.unit.checks.hosts import host, instance

PATH = Path("centos8", "alinux3", "x86_64", "distro_sync", "lab", True)
GLIBC = (
    "glibc|(none)|2.28|164.el8|i686|CentOS|RSA/SHA256, Wed 22 Dec 2021 14:00:12 UTC, Key ID 05b555b38483c65d|1640181612"
)
TODAY = date(2026, 11, 25)


def entry(**changes: Any) -> dict[str, Any]:
    return {"id": "PKG-I686", "hosts": ["web*"], "reason": "tested on a clone", "expires": "2026-12-31", **changes}


def i686(name: str, *entries: dict[str, Any]) -> Finding:
    found = run_checks(Context(host({"rpm_qa": {"add": GLIBC}}), instance(), PATH))
    return next(f for f in waive(found, name, parse_waivers(entries), TODAY) if f.id == "PKG-I686")


def test_an_accepted_inhibitor_no_longer_holds_the_host_up_and_says_why() -> None:
    finding = i686("web1", entry())
    assert not finding.blocks
    assert finding.as_dict()["waived"] == {"reason": "tested on a clone", "expires": "2026-12-31"}


@pytest.mark.parametrize(
    ("name", "changes"),
    [("db1", {}), ("web1", {"hosts": "db*"}), ("web1", {"id": "PKG-KMOD"})],
    ids=["another host", "a pattern for others", "another finding"],
)
def test_what_was_accepted_elsewhere_still_holds_the_host_up(name: str, changes: dict[str, Any]) -> None:
    assert i686(name, entry(**changes)).blocks


def test_a_waiver_counts_on_its_last_day_and_not_on_the_next() -> None:
    assert not i686("web1", entry(expires="2026-11-25")).blocks
    late = i686("web1", entry(expires="2026-11-24"))
    assert late.blocks
    assert late.evidence[-1] == "the waiver of this finding expired on 2026-11-24"


def test_of_two_waivers_the_one_that_lasts_longer_counts() -> None:
    assert not i686("web1", entry(expires="2026-11-01"), entry(expires="2027-01-01")).blocks


def test_a_waiver_without_hosts_is_for_all_and_survives_the_record_of_the_run() -> None:
    (waiver,) = parse_waivers([{key: value for key, value in entry().items() if key != "hosts"}])
    assert waiver.hosts == ("*",)
    assert parse_waivers(as_data([waiver])) == (waiver,)


def test_a_date_that_yaml_has_made_of_the_text_is_taken() -> None:
    assert parse_waivers([entry(expires=date(2026, 12, 31))])[0].expires == "2026-12-31"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"id": "PKG-I868"}, "no check 'PKG-I868'"),
        ({"id": "NET-UNREADABLE"}, "cannot be waived"),
        ({"reason": "  "}, "needs a reason"),
        ({"expires": None}, "as YYYY-MM-DD"),
        ({"expires": "31.12.2026"}, "'31.12.2026'"),
        ({"hosts": []}, "names no host"),
        ({"until": "2026"}, "until is not known"),
    ],
)
def test_a_waiver_that_would_silently_do_nothing_is_refused(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(PlanError) as raised:
        parse_waivers([entry(), entry(**changes)])
    assert told in str(raised.value)
    assert "entry 2" in str(raised.value)


def test_what_leapp_reported_can_be_accepted_too() -> None:
    assert parse_waivers([entry(id="LEAPP-3d5c1f")])[0].id == "LEAPP-3d5c1f"


def test_nothing_that_would_leave_no_way_back_can_be_accepted() -> None:
    assert {"CLOUD-LOCAL-DISK", "CLOUD-NO-SYSTEM-DISK", "OS-CONTAINER", "OS-ROOT"} <= {
        id_ for id_, check in REGISTER.items() if not check.waivable
    }
