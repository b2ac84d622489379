"""Real hosts as migration sources: what their client of Server Migration Center left behind is imported."""

from __future__ import annotations

import json
from functools import partial

from ..errors import ApiError
from ..world import Instance, Work, World
from .common import Context

# What the client on a test host prints where the real one prints the id that the service gave it.
UNCONFIRMED = b"[s-unconfirmed]"


def imported(world: World, code: str, instance: Instance, region_id: str, at: float) -> tuple[bool, str]:
    """Import an instance by an activation code; whether that failed, and what the client prints."""
    from .smc import import_source

    try:
        source_id = import_source(world, code, instance, region_id, at)
    except ApiError as error:
        return True, f"Import Source Server Failed: {error.code}: {error.message}"
    return False, f"Import Source Server [{source_id}] Successfully!"


def codes(work: Work) -> list[str]:
    """The activation codes in a driver's answer."""
    try:
        found = json.loads(work.output).get("smc_codes", [])
    except (ValueError, AttributeError):
        return []
    return [str(code) for code in found]


def confirm(
    world: World, found: list[str], instance: Instance, region_id: str, at: float, output: bytes
) -> tuple[bool, bytes]:
    """Import what a command left behind; its output as the client of a real host would have written it."""
    if not world.ssh_import:
        return False, output
    for code in found:
        failed, said = imported(world, code, instance, region_id, at)
        line = f"Import Source Server {UNCONFIRMED.decode()} Successfully!".encode()
        output = output.replace(line, said.encode(), 1)
        if failed:
            return True, output
    return False, output


def look_on_hosts(context: Context) -> None:
    """Ask the driver what clients left behind on running hosts. What is found shows at the next Describe."""
    world = context.world
    if not world.ssh_import:
        return
    for region in world.regions.values():
        for one in region.instances.values():
            if one.driver_host and one.status == "Running" and one.instance_id not in world.looked_at:
                _look(context, one, one.driver_host, region.region_id)


def _look(context: Context, one: Instance, host: str, region_id: str) -> None:
    world = context.world
    work = Work("smc-codes", (host,), host)
    world.looked_at.add(one.instance_id)
    world.schedule(context.now, partial(_found, world, work, one, region_id), work)


def _found(world: World, work: Work, one: Instance, region_id: str, succeeded: bool, at: float) -> None:
    world.looked_at.discard(one.instance_id)
    for code in codes(work):
        imported(world, code, one, region_id, at)
