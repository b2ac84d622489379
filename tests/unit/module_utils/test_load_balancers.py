# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Load balancers of instances: few calls where there are none, and all pages where there are many."""

from __future__ import annotations

from typing import Any

from cloud_doubles import Replay

from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud import load_balancers
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.batch import Ref

REGION = "cn-hangzhou"
REFS = [Ref(REGION, f"i-{number}") for number in range(3)]


def entries(*numbers: int) -> list[dict[str, Any]]:
    return [
        {"LoadBalancerId": f"lb-{number}", "LoadBalancerName": "n", "LoadBalancerStatus": "active"}
        for number in numbers
    ]


def answered(found: list[dict[str, Any]], total: int) -> dict[str, Any]:
    return {"LoadBalancers": {"LoadBalancer": found}, "TotalCount": total}


def test_of_no_instance_nothing_is_asked():
    api = Replay(lambda operation, region, params: answered([], 0))
    assert load_balancers.of_instances(api, REGION, []) == {} and api.calls == []


def test_a_region_that_counts_load_balancers_but_shows_none_is_asked_for_each_instance():
    api = Replay(lambda operation, region, params: answered(entries(1) if "ServerId" in params else [], 1))
    found = load_balancers.of_instances(api, REGION, REFS)
    assert [[one["id"] for one in found[ref]] for ref in REFS] == [["lb-1"]] * 3 and len(api.calls) == 4


def test_an_instance_behind_more_load_balancers_than_a_page_holds_has_them_all_and_each_once():
    pages = {1: entries(*range(100)), 2: entries(99, 100)}

    def reply(operation: str, region: str, params: dict[str, Any]) -> dict[str, Any]:
        return answered(pages[params["PageNumber"]] if "ServerId" in params else entries(0), 102)

    found = load_balancers.of_instances(Replay(reply), REGION, REFS[:1])[REFS[0]]
    assert [one["id"] for one in found] == [f"lb-{number}" for number in range(101)]
