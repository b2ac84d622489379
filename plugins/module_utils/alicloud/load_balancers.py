# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Classic load balancers in front of instances. Their SDK is optional: without it the calls fail as a CloudError."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from . import answers
from .batch import Ref, each
from .client import Caller, numbered_pages
from .errors import CloudError

PRODUCT = "slb"
DESCRIBE = "DescribeLoadBalancers"
PATH = ("LoadBalancers", "LoadBalancer")
# documented: 1 to 100 entries of a page, and a PageSize needs a PageNumber (DescribeLoadBalancers).
PAGE = 100


def of_instances(api: Caller, region: str, refs: Sequence[Ref]) -> dict[Ref, list[dict[str, Any]] | CloudError]:
    """The load balancers of each instance, as {"id", "name", "status"}, or why those of this one cannot be had.

    Most regions have none: one call tells that for all. Else it takes one call for each instance, because ServerId is a
    single id (documented). That it finds the servers of vServer groups too is assumed.
    """
    if not refs or not _any_in(api, region):
        return {ref: [] for ref in refs}
    outcomes = each(refs, lambda ref: _of_instance(api, ref))
    return {outcome.item: outcome.error or outcome.value or [] for outcome in outcomes}


def _any_in(api: Caller, region: str) -> bool:
    answer = api.call(DESCRIBE, region, {"PageNumber": 1, "PageSize": 1}, product=PRODUCT)
    return bool(answers.listed(answer, PATH, DESCRIBE) or answers.number(answer, "TotalCount"))


def _of_instance(api: Caller, ref: Ref) -> list[dict[str, Any]]:
    params = {"ServerId": ref.id}
    found = map(_normalise, numbered_pages(api, DESCRIBE, ref.region, params, PATH, PAGE, PRODUCT))
    # Entries that move between two pages come twice.
    return list({one["id"]: one for one in found}.values())


def _normalise(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": answers.ident(raw, "LoadBalancerId"),
        "name": answers.text(raw, "LoadBalancerName") or "",
        "status": answers.text(raw, "LoadBalancerStatus"),
    }
