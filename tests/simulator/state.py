"""The whole world as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from .world import Region, World


def told(world: World, now: float) -> dict[str, Any]:
    return {"regions": {name: _region(one, now) for name, one in world.regions.items()}, "smc": world.smc.state(now)}


def _region(region: Region, now: float) -> dict[str, Any]:
    return {
        "instances": {key: asdict(one) for key, one in region.instances.items()},
        "disks": {key: asdict(one) for key, one in region.disks.items()},
        "snapshots": {key: {**asdict(one), "available": one.available(now)} for key, one in region.snapshots.items()},
        "groups": {key: asdict(one) for key, one in region.groups.items()},
        "invocations": {key: one.dump(now) for key, one in region.invocations.items()},
        "images": {key: asdict(one) for key, one in region.images.items()},
        "security_groups": {key: asdict(one) for key, one in region.security_groups.items()},
        "load_balancers": {key: asdict(one) for key, one in region.load_balancers.items()},
        "vswitches": {key: asdict(one) for key, one in region.vswitches.items()},
    }
