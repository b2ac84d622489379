"""What an operation is to the server: its handler, whether it changes anything, and which parameters it heeds."""

from __future__ import annotations

from dataclasses import dataclass

from .common import Handler

# Parameters that change nothing an answer depends on here.
EVERYWHERE = frozenset(
    ("RegionId", "ClientToken", "OwnerId", "OwnerAccount", "ResourceOwnerId", "ResourceOwnerAccount")
)
PAGED = "MaxResults NextToken PageNumber PageSize DryRun "


@dataclass(frozen=True)
class Operation:
    """`product` is ecs, smc or slb: several have operations of the same name, such as TagResources."""

    handler: Handler
    mutating: bool
    heeded: frozenset[str]
    product: str = "ecs"


def reads(handler: Handler, heeded: str, product: str = "ecs") -> Operation:
    return Operation(handler, False, EVERYWHERE.union(heeded.split()), product)


def changes(handler: Handler, heeded: str, product: str = "ecs") -> Operation:
    return Operation(handler, True, EVERYWHERE.union(heeded.split()), product)
