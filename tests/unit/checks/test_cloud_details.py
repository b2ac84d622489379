# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A detail of the cloud that was not read must not look like one that is well."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks import REGISTER, Context, run_checks
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.findings import Finding
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.matrix import Path as MigrationPath
from ansible_collections.alicloud.os_migration.tests.unit.checks.hosts import host, instance

PATH = MigrationPath("centos8", "alinux3", "x86_64", "smc", "documented", True)
# The keys that each detail brings.
KEYS = {
    "assistant": ("assistant",),
    "attributes": ("attributes",),
    "events": ("events", "health"),
    "image": ("image",),
    "instance_type": ("type_info",),
    "load_balancer": ("load_balancers",),
    "quotas": ("quotas",),
    "snapshots": ("snapshots",),
}
REASON = "Forbidden.RAM: User not authorized to operate on the specified resource."
JUNK: list[Any] = [None, [], {}, "", "junk", 0, -1, 1.5, True, ["x"], [None], {"x": None}]


def judged(cloud: dict[str, Any], engine: str = "smc") -> dict[str, Finding]:
    findings = run_checks(Context(host(), cloud, dataclasses.replace(PATH, engine=engine)))
    return {finding.id: finding for finding in findings if finding.area.startswith("cloud_")}


def without(name: str, unread: dict[str, str]) -> dict[str, Any]:
    cloud = instance({"details_unread": unread})
    return {key: value for key, value in cloud.items() if key not in KEYS[name]}


def test_of_a_clean_instance_nothing_is_said() -> None:
    assert judged(instance()) == {}


@pytest.mark.parametrize("name", sorted(KEYS))
def test_a_detail_that_was_refused_is_unknown_for_the_reason_that_the_service_gave(name: str) -> None:
    findings = judged(without(name, {name: REASON}))
    assert findings and {finding.status for finding in findings.values()} == {"unknown"}
    assert all(finding.evidence == (f"cloud {name} is not known ({REASON})",) for finding in findings.values())


@pytest.mark.parametrize("name", sorted(KEYS))
def test_a_detail_that_nobody_asked_for_is_unknown_and_no_check_that_needs_it_passes(name: str) -> None:
    refused = judged(without(name, {name: REASON}))
    unasked = judged(without(name, {}))
    assert unasked.keys() == refused.keys()
    assert {finding.status for finding in unasked.values()} == {"unknown"}
    assert all("not asked" in finding.evidence[0] for finding in unasked.values())


def test_every_check_of_details_needs_one_of_them() -> None:
    need = {id_ for name in KEYS for id_ in judged(without(name, {}))}
    # These look at addresses, disks and the id of the image, which are always read.
    always = {
        "CLOUD-OTHER-HOST", "CLOUD-DISK-BASIC", "CLOUD-DISKS-APART", "CLOUD-DISKS-MANY", "CLOUD-IMAGE-QUICK-START",
    }  # fmt: skip
    assert need | always == {id_ for id_, check in REGISTER.items() if check.area.startswith("cloud_")}


@pytest.mark.parametrize("junk", JUNK, ids=repr)
@pytest.mark.parametrize(
    "key", ["details_unread", "private_ips", "public_ips", *(key for keys in KEYS.values() for key in keys)]
)
def test_odd_details_are_judged_or_unknown_and_never_stop_the_assessment(key: str, junk: Any) -> None:
    judged({**instance(), key: junk})


@pytest.mark.parametrize("junk", JUNK, ids=repr)
@pytest.mark.parametrize(
    ("key", "field"), [(key, field) for key in ("assistant", "attributes", "image", "type_info", "quotas", "snapshots")
                       for field in instance()[key]],
)  # fmt: skip
def test_odd_fields_of_details_never_stop_the_assessment(key: str, field: str, junk: Any) -> None:
    judged(instance({key: {field: junk}}))


@pytest.mark.parametrize(
    ("id_", "cloud", "smc", "own"),
    [
        ("CLOUD-SNAPSHOT-RUNNING", {"snapshots": {"in_progress": [{"disk_id": "d-data"}]}}, "inhibitor", "medium"),
        ("CLOUD-IMAGE-MARKETPLACE", {"image": {"owner": "marketplace"}}, "high", "info"),
        ("CLOUD-CLASSIC-NETWORK", {"attributes": {"network_type": "classic"}}, "high", "medium"),
        ("CLOUD-ASSISTANT-OFFLINE", {"assistant": {"online": False}}, "medium", "low"),
        ("CLOUD-REAL-NAME", {"quotas": {"real_name_authentication": "none"}}, "inhibitor", None),
    ],
)
def test_what_the_cloud_side_refuses_weighs_more_where_the_cloud_migrates(
    id_: str, cloud: dict[str, Any], smc: str, own: str | None
) -> None:
    assert judged(instance(cloud))[id_].severity == smc
    finding = judged(instance(cloud), "distro_sync").get(id_)
    assert (finding.severity if finding else None) == own


def test_a_full_quota_of_snapshots_cannot_be_waived() -> None:
    assert not REGISTER["CLOUD-SNAPSHOT-FULL"].waivable
