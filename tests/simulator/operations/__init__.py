"""All operations that are modelled, by product and name. Each area lists its own."""

from __future__ import annotations

from . import (
    assistant,
    assistant_files,
    assistant_status,
    details,
    groups,
    images,
    inventory,
    launch,
    load_balancers,
    power,
    security_groups,
    smc,
    snapshots,
    tags,
)
from .common import Answer, Context, Parameters
from .table import Operation

__all__ = ["OPERATIONS", "Answer", "Context", "Operation", "Parameters"]

_AREAS = (
    inventory,
    snapshots,
    groups,
    power,
    tags,
    assistant,
    assistant_files,
    assistant_status,
    smc,
    images,
    launch,
    security_groups,
    details,
    load_balancers,
)
OPERATIONS: dict[tuple[str, str], Operation] = {
    (operation.product, name): operation for area in _AREAS for name, operation in area.OPERATIONS.items()
}
