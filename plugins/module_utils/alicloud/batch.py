# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many items at once: references, chunks, and a thread pool that keeps every item's own error."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

from .errors import CloudError

# More threads bring nothing: one Python process is busy with eight.
THREADS = 8

Item = TypeVar("Item")
Value = TypeVar("Value")


@dataclass(frozen=True, order=True)
class Ref:
    """A resource and the region it is in. Many operations are told the region by the endpoint alone."""

    region: str
    id: str


@dataclass
class Outcome(Generic[Item, Value]):
    item: Item
    value: Value | None = None
    error: CloudError | None = None


def each(items: Iterable[Item], work: Callable[[Item], Value], threads: int = THREADS) -> list[Outcome[Item, Value]]:
    """Run work for every item and return the outcomes in the order of the items.

    Once wrong credentials show, the items not yet begun get that same error without another call.
    """
    todo = list(items)
    stop: list[CloudError] = []

    def one(item: Item) -> Outcome[Item, Value]:
        if stop:
            return Outcome(item, error=stop[0])
        try:
            return Outcome(item, value=work(item))
        except CloudError as error:
            if error.kind == "credentials":
                stop.append(error)
            return Outcome(item, error=error)

    if len(todo) < 2 or threads < 2:
        return [one(item) for item in todo]
    with ThreadPoolExecutor(max_workers=min(threads, len(todo))) as pool:
        return list(pool.map(one, todo))


def chunks(items: Sequence[Item], size: int) -> Iterator[list[Item]]:
    for start in range(0, len(items), size):
        yield list(items[start : start + size])


def by_region(refs: Iterable[Ref]) -> dict[str, list[Ref]]:
    regions: dict[str, list[Ref]] = {}
    for ref in refs:
        regions.setdefault(ref.region, []).append(ref)
    return regions


def region_chunks(refs: Iterable[Ref], size: int) -> list[tuple[str, list[str]]]:
    """(region, ids) pieces of at most size ids, ready for calls that take a list."""
    pieces = by_region(dict.fromkeys(refs))
    return [(region, [ref.id for ref in piece]) for region, group in pieces.items() for piece in chunks(group, size)]
