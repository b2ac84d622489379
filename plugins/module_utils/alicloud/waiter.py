# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for many resources at once: one Describe of all that are still pending per tick."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from .batch import Ref
from .errors import CloudError

State = TypeVar("State")

# What a resource that others have removed is called.
GONE = "ResourceGone"
# A list that lags behind may leave out what is there once or twice.
MISSES = 3

# The time was up: the resource was seen and not done, or it could not be looked at.
TIMEOUT = "WaitTimeout"
BLIND = "WaitTimeout.NoAnswer"


@dataclass(frozen=True)
class Waiter(Generic[State]):
    """What to wait for. describe gets every pending reference and leaves out those it cannot see."""

    what: str
    describe: Callable[[list[Ref]], Mapping[Ref, State]]
    done: Callable[[State], bool]
    failed: Callable[[State], str | None] = lambda state: None
    gone_is_done: bool = False
    # So many looks in a row without a resource, which was there before, mean that it is gone; None: it may still show.
    gone_after: int | None = None


@dataclass(frozen=True)
class Pace:
    """How often and how long. The clock and the sleep are handed in, so that tests need neither."""

    timeout: float
    interval: float
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


@dataclass
class Waited(Generic[State]):
    state: State | None
    error: CloudError | None = None


def wait_for(waiter: Waiter[State], refs: Iterable[Ref], pace: Pace) -> dict[Ref, Waited[State]]:
    """Wait until each resource is done, has failed, or the time is up. Always looks at least once."""
    pending = list(dict.fromkeys(refs))
    results: dict[Ref, Waited[State]] = {}
    last: dict[Ref, State] = {}
    missed: dict[Ref, int] = {}
    trouble: CloudError | None = None
    deadline = pace.clock() + pace.timeout
    while pending:
        try:
            seen = waiter.describe(pending)
            trouble = None
        except CloudError as error:
            # The work goes on in the cloud, so a lost look is no reason to give up; wrong credentials are.
            if error.kind in ("credentials", "refused"):
                results.update({ref: Waited(last.get(ref), error) for ref in pending})
                return results
            trouble, seen = error, {}
        if trouble is None:
            last.update(seen)
            results.update(_settled(waiter, pending, seen))
            missed = {ref: missed.get(ref, 0) + 1 for ref in pending if ref not in seen}
            results.update({ref: Waited(last.get(ref), gone(waiter.what, ref)) for ref, times in missed.items()
                            if ref not in results and times == waiter.gone_after})  # fmt: skip
            pending = [ref for ref in pending if ref not in results]
        left = deadline - pace.clock()
        if pending and left <= 0:
            results.update(
                {ref: Waited(last.get(ref), _timeout(waiter.what, ref, pace.timeout, trouble)) for ref in pending}
            )
            return results
        if pending:
            pace.sleep(min(pace.interval, left))
    return results


def _settled(waiter: Waiter[State], pending: list[Ref], seen: Mapping[Ref, State]) -> dict[Ref, Waited[State]]:
    settled: dict[Ref, Waited[State]] = {}
    for ref in pending:
        if ref not in seen:
            if waiter.gone_is_done:
                settled[ref] = Waited(None)
            continue
        state = seen[ref]
        reason = waiter.failed(state)
        if reason is not None:
            settled[ref] = Waited(state, CloudError("WaitFailed", reason, resource=ref.id))
        elif waiter.done(state):
            settled[ref] = Waited(state)
    return settled


def gone(what: str, ref: Ref) -> CloudError:
    return CloudError(
        GONE,
        f"{ref.id} in {ref.region} is not there any more, so {what} was not seen to end",
        resource=ref.id,
        hint="Somebody released or deleted it, or the service did: a spot instance, a time of release, an account in "
        "arrears. Look who did before you go on.",
    )


def _timeout(what: str, ref: Ref, seconds: float, trouble: CloudError | None) -> CloudError:
    message = f"{ref.id} in {ref.region}: {what} took longer than {seconds:g} seconds"
    if trouble is None:
        return CloudError(TIMEOUT, message, resource=ref.id)
    message += f"; the last look failed: {trouble.code}: {trouble.message}"
    return CloudError(BLIND, message, resource=ref.id)
