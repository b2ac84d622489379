# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One order of Cloud Assistant for many instances: in batches, and never twice after a lost answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from . import answers, assistant_status, inputs
from .batch import THREADS, Ref, each, region_chunks
from .client import Caller
from .errors import CloudError, LostAnswer
from .waiter import Pace

STOP_IDS_PER_CALL = 50


@dataclass(frozen=True)
class Order:
    """RunCommand or SendFile with what is the same for every instance. The seed tells one order from another.

    An order without a token has to be one whose second arrival does no harm.
    """

    operation: str
    params: dict[str, Any]
    ids_per_call: int
    seed: str
    has_token: bool = True


@dataclass(frozen=True)
class Invocation:
    """What one call began: its id, and the instances it is for."""

    region: str
    invoke_id: str
    ids: tuple[str, ...]

    @property
    def refs(self) -> list[Ref]:
        return [Ref(self.region, one) for one in self.ids]


@dataclass
class Session:
    """How a series of orders is carried out. `open` holds what was begun and has not been seen to end."""

    api: Caller
    pace: Pace
    seed: str
    threads: int = THREADS
    stop_on_timeout: bool = False
    open: set[Invocation] = field(default_factory=set)


@dataclass
class Sent:
    invocations: list[Invocation] = field(default_factory=list)
    errors: dict[Ref, CloudError] = field(default_factory=dict)

    def add(self, other: Sent) -> None:
        self.invocations += other.invocations
        self.errors.update(other.errors)


def dispatch(session: Session, refs: Iterable[Ref], order: Order) -> Sent:
    """Call for all instances. An instance for which a batch is refused gets the error alone, the others are called.

    Raises CloudError when no call can succeed.
    """
    wanted = set(refs)
    sent = Sent(errors=inputs.wrong(wanted))
    # Sorted, so that the same instances make the same batches, and with them the same tokens.
    pieces = region_chunks(sorted(inputs.sound(wanted)), order.ids_per_call)
    for outcome in each(pieces, lambda piece: _send(session.api, order, *piece), session.threads):
        if outcome.error is not None:
            sent.errors.update({Ref(outcome.item[0], one): outcome.error for one in outcome.item[1]})
        sent.add(outcome.value or Sent())
    session.open.update(sent.invocations)
    if sent.errors and not sent.invocations and all(error.fatal for error in sent.errors.values()):
        raise next(iter(sent.errors.values()))
    return sent


def token(order: Order, region: str, ids: list[str]) -> str:
    """The ClientToken: the same order for the same instances has the same one, so a second arrival does nothing."""
    told = json.dumps([order.operation, order.seed, region, ids, order.params], sort_keys=True)
    return hashlib.sha256(told.encode("utf-8")).hexdigest()


def stop(session: Session, invocations: Iterable[Invocation]) -> None:
    """Ask the service to end what still runs. Nobody can do more about one that it refuses to stop."""
    for invocation in invocations:
        for region, ids in region_chunks(invocation.refs, STOP_IDS_PER_CALL):
            _stop(session.api, region, invocation.invoke_id, ids)
        session.open.discard(invocation)


def _send(api: Caller, order: Order, region: str, ids: list[str]) -> Sent:
    try:
        return Sent([_call(api, order, region, ids)])
    except CloudError as error:
        if not assistant_status.blames_an_instance(error):
            raise
        unfit = _unfit(api, region, ids)
        if len(ids) == 1 and not unfit:
            raise
    sent = Sent(errors=unfit)
    rest = [one for one in ids if Ref(region, one) not in unfit]
    if not rest:
        return sent
    for some, result in assistant_status.in_halves(
        rest, lambda some: _call(api, order, region, some), assistant_status.blames_an_instance
    ):
        if isinstance(result, CloudError):
            sent.errors.update({Ref(region, one): result for one in some})
        else:
            sent.invocations.append(result)
    return sent


def _unfit(api: Caller, region: str, ids: list[str]) -> dict[Ref, CloudError]:
    """Looking first costs a few reads and saves many calls; without it the batch is halved until it fits."""
    try:
        return assistant_status.unfit(api, [Ref(region, one) for one in ids])
    except CloudError:
        return {}


def _call(api: Caller, order: Order, region: str, ids: list[str]) -> Invocation:
    params: dict[str, Any] = {**order.params, "InstanceId": ids}
    if order.has_token:
        params["ClientToken"] = token(order, region, ids)
    try:
        answer = api.call(order.operation, region, params, resource=", ".join(ids))
    except LostAnswer:
        # Without a token the order is one that may arrive twice.
        answer = api.call(order.operation, region, params, resource=", ".join(ids))
    invoke_id = answers.text(answer, "InvokeId") or ""
    if not invoke_id:
        raise CloudError("BadAnswer", "the service told no InvokeId", kind="unsure", operation=order.operation)
    return Invocation(region, invoke_id, tuple(ids))


def _stop(api: Caller, region: str, invoke_id: str, ids: list[str]) -> None:
    # A second StopInvocation does no harm, so a lost answer needs no look.
    for _attempt in range(2):
        try:
            api.call("StopInvocation", region, {"InvokeId": invoke_id, "InstanceId": ids}, resource=", ".join(ids))
        except LostAnswer:
            continue
        except CloudError:
            return
        return
