# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which migration source is which instance. SMC does not say, so tags, addresses and hostnames decide, or nothing does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from . import tags
from .batch import Ref
from .errors import CloudError

Source = dict[str, Any]
GONE = "Deleting"


@dataclass(frozen=True)
class Match:
    """The source of an instance, or candidates where it is ambiguous, or neither; and why."""

    source: Source | None
    reason: str
    candidates: tuple[Source, ...] = ()

    @property
    def ambiguous(self) -> bool:
        return bool(self.candidates)


def match(instance: Mapping[str, Any], sources: Iterable[Source]) -> Match:
    """One instance against all sources.

    A source that bears the tag of the instance is its source. Otherwise addresses decide before the hostname. More than
    one candidate, or a hostname whose addresses say otherwise, is ambiguous: the wrong machine must never be migrated.
    """
    live = [one for one in sources if one["state"] != GONE]
    tagged = [one for one in live if one["tags"].get(tags.INSTANCE_ID) == instance["instance_id"]]
    if tagged:
        return _single(tagged, f"tag {tags.INSTANCE_ID}")
    free = [one for one in live if not one["tags"].get(tags.INSTANCE_ID)]
    addresses = {*instance["private_ips"], *instance["public_ips"]}
    same_address = [one for one in free if addresses & set(one["addresses"])]
    if same_address:
        shared = sorted(addresses & {address for one in same_address for address in one["addresses"]})
        return _single(same_address, f"address {', '.join(shared)}")
    same_name = [one for one in free if same_host(instance["hostname"], one["hostname"])]
    contradicting = [one for one in same_name if one["addresses"] and addresses]
    if contradicting:
        return Match(None, f"hostname {instance['hostname']}, but other addresses", tuple(same_name))
    if same_name:
        return _single(same_name, f"hostname {instance['hostname']}")
    return Match(None, "no source has its tag, an address of it, or its hostname")


def _single(found: list[Source], reason: str) -> Match:
    return Match(found[0], reason) if len(found) == 1 else Match(None, reason, tuple(found))


def same_host(one: str, other: str) -> bool:
    """Equal, or equal up to the domain where only one of them has one."""
    left, right = one.strip().rstrip(".").lower(), other.strip().rstrip(".").lower()
    if not left or not right:
        return False
    if ("." in left) != ("." in right):
        left, right = left.partition(".")[0], right.partition(".")[0]
    return left == right


def match_all(found: Mapping[Ref, Mapping[str, Any]], sources: list[Source]) -> dict[Ref, Match]:
    """Every instance against all sources. A source that would be the source of two instances is that of neither."""
    matches = {ref: match(instance, sources) for ref, instance in found.items()}
    claims: dict[str, list[Ref]] = {}
    for ref, one in matches.items():
        if one.source is not None:
            claims.setdefault(one.source["source_id"], []).append(ref)
    for claimants in claims.values():
        if len(claimants) > 1:
            names = ", ".join(sorted(ref.id for ref in claimants))
            for ref in claimants:
                shared = f"{matches[ref].reason}, which {names} share"
                matches[ref] = Match(None, shared, tuple(filter(None, (matches[ref].source,))))
    return matches


def contradiction(instance: Mapping[str, Any], source: Source) -> str | None:
    """Why a source that a host says is its own cannot be; None when nothing speaks against it."""
    owner = source["tags"].get(tags.INSTANCE_ID)
    if owner and owner != instance["instance_id"]:
        return f"it is tagged as the source of {owner}"
    addresses = {*instance["private_ips"], *instance["public_ips"]}
    if source["addresses"] and addresses and not addresses & set(source["addresses"]):
        return (
            f"its addresses are {', '.join(source['addresses'])}, those of the instance {', '.join(sorted(addresses))}"
        )
    return None


def ambiguous(ref: Ref, found: Match) -> CloudError:
    listed = "; ".join(describe(one) for one in found.candidates)
    return CloudError(
        "AmbiguousSource",
        f"{ref.id}: nobody can tell which migration source it is ({found.reason}): {listed}",
        resource=ref.id,
        hint="Delete the sources that are not it, or name source_id, or tag the right one with "
        f"{tags.INSTANCE_ID}={ref.id} (smc_source).",
    )


def describe(source: Source) -> str:
    addresses = ", ".join(source["addresses"]) or "no address"
    return f"{source['source_id']} ({source['state']}, {source['hostname'] or 'no hostname'}, {addresses})"
