"""All operations that are modelled, by product and name. Each area lists its own."""

from __future__ import annotations

from . import groups, inventory, power, smc, snapshots, tags
from .common import Answer, Context, Parameters
from .table import Operation

__all__ = ["OPERATIONS", "Answer", "Context", "Operation", "Parameters"]

_AREAS = (inventory, snapshots, groups, power, tags, smc)
OPERATIONS: dict[tuple[str, str], Operation] = {
    (operation.product, name): operation for area in _AREAS for name, operation in area.OPERATIONS.items()
}
