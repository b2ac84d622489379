"""Real hosts as migration sources: their clients of Server Migration Center talk to it through the driver."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial

from ..errors import ApiError
from ..world import Instance, Work, World

WATCH, ANSWER = "smc-watch", "smc-answer"
_ENDLESS_S = 1e9


def imported(world: World, code: str, instance: Instance, region_id: str, at: float) -> tuple[bool, str]:
    """Import an instance by an activation code; whether that failed, and what the client prints."""
    from .smc import import_source

    try:
        source_id = import_source(world, code, instance, region_id, at)
    except ApiError as error:
        return True, f"Import Source Server Failed: {error.code}: {error.message}"
    return False, f"Import Source Server [{source_id}] Successfully!"


def watch(world: World, now: float) -> None:
    """Wait, for as long as it takes, until a client on a real host gives an activation code."""
    work = world.watch = Work(WATCH, (), "", overlaps=True, limit_s=_ENDLESS_S)
    world.schedule(now, partial(_asked, world, work), work)


def _asked(world: World, work: Work, succeeded: bool, at: float) -> None:
    asked = list(_imports(work)) if succeeded else []
    for host, number, code in asked:
        for region_id, one in _instances(world, host):
            _failed, said = imported(world, code, one, region_id, at)
            world.do(Work(ANSWER, (host, number), host, stdin=f"{said}\n".encode(), overlaps=True))
    if asked:  # a driver that tells nothing, or has ended, is not asked again and again
        watch(world, at)


def _imports(work: Work) -> Iterator[tuple[str, str, str]]:
    """(host, number of the question, activation code) in a driver's answer."""
    try:
        for one in json.loads(work.output)["imports"]:
            yield str(one["host"]), str(one["id"]), str(one["code"])
    except (ValueError, KeyError, TypeError):
        return


def _instances(world: World, host: str) -> Iterator[tuple[str, Instance]]:
    for region in world.regions.values():
        for one in region.instances.values():
            if one.driver_host == host:
                yield region.region_id, one
