"""What can go wrong with a call, as data, and the plan that says which calls it happens to."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from .errors import ApiError
from .smc_world import PHASES

READ, CHANGE = "read", "change"


@dataclass(frozen=True)
class Kind:
    """One way of going wrong.

    on: the calls that it can happen to: any, read, change, or patterns of operations.
    done: whether the call is carried out.
    error: the error that is answered, as HTTP status, code and message.
    delivery: what becomes of the answer: sent, late (after `seconds`), lost (connection reset), hung (reset after
        `seconds`), html (a proxy's error page) or empty.
    survivable: the sorts of calls (read, change) for which a program that retries, or looks, gets through.
    """

    on: str | tuple[str, ...] = "any"
    done: bool = False
    error: tuple[int, str, str] | None = None
    delivery: str = "sent"
    survivable: tuple[str, ...] = ()

    def applies(self, op: str, mutating: bool) -> bool:
        if isinstance(self.on, tuple):
            return any(fnmatchcase(op, pattern) for pattern in self.on)
        return self.on in ("any", CHANGE if mutating else READ)


_500 = (500, "InternalError", "The request processing has failed due to some unknown error.")
_503 = (503, "ServiceUnavailable", "The request has failed due to a temporary failure of the server.")
_THROTTLED = "Request was denied due to user flow control."
_RAM = "User not authorized to operate on the specified resource, or this API doesn't support RAM."
_STOCK = "The requested resource is sold out in the specified zone; try other types of resources or other zones."
_BALANCE = "Your account does not have enough balance."
_BOTH, _CHANGES = (READ, CHANGE), (CHANGE,)
_CREATIONS = ("Create*", "RunInstances", "RunCommand", "InvokeCommand", "SendFile")
_WORK = CHANGE

KINDS: dict[str, Kind] = {
    # Refused, or lost on the way in: nothing was done.
    "throttle": Kind(error=(400, "Throttling.User", _THROTTLED), survivable=_BOTH),
    "throttle_after_hint": Kind(error=(429, "Throttling.User", _THROTTLED), survivable=_BOTH),
    "error500": Kind(error=_500, survivable=_BOTH),
    "error503": Kind(error=_503, survivable=_BOTH),
    "bad_gateway": Kind(delivery="html", survivable=_BOTH),
    "reset_before": Kind(delivery="lost", survivable=_BOTH),
    "hang_before": Kind(delivery="hung", survivable=_BOTH),
    "forbidden": Kind(error=(403, "Forbidden.RAM", _RAM)),
    "no_stock": Kind(("Start*Instance*", "RunInstances"), error=(403, "OperationDenied.NoStock", _STOCK)),
    "arrears": Kind(CHANGE, error=(403, "InvalidAccountStatus.NotEnoughBalance", _BALANCE)),
    "sts_expired": Kind(),
    # Done, but the answer does not say so.
    "error500_after": Kind(done=True, error=_500, survivable=_CHANGES),
    "error503_after": Kind(done=True, error=_503, survivable=_CHANGES),
    "bad_gateway_after": Kind(done=True, delivery="html", survivable=_CHANGES),
    "reset_after": Kind(done=True, delivery="lost", survivable=_CHANGES),
    "hang_after": Kind(done=True, delivery="hung", survivable=_CHANGES),
    "empty": Kind(done=True, delivery="empty", survivable=_BOTH),
    "duplicate": Kind(done=True, survivable=_BOTH),
    # Done and answered, but not as one would like.
    "slow": Kind(done=True, delivery="late", survivable=_BOTH),
    "stale": Kind(READ, done=True, survivable=(READ,)),
    "lag": Kind(_CREATIONS, done=True, survivable=_CHANGES),
    # Accepted; the work behind it goes wrong.
    "fail_work": Kind(_WORK, done=True),
    "fail_at": Kind(("CreateSnapshot", "CreateSnapshotGroup"), done=True),
    "stuck": Kind(_WORK, done=True),
    # A migration job meets the error `code` half way through its `phase`; `stuck` makes one stay there.
    "job_error": Kind(("CreateReplicationJob", "StartReplicationJob"), done=True),
    # Ends the client instead of the call; `when` of the rule says whether the call is carried out first.
    "kill_client": Kind(done=True, delivery="lost"),
}

# The code for an account without money differs by operation. Source: error tables of these operations.
ARREARS = {
    "StartInstance": (403, "InsufficientBalance", _BALANCE),
    "StartInstances": (403, "InsufficientBalance", _BALANCE),
    "ResetDisk": (403, "InstanceExpiredOrInArrears", "The specified instance has expired or your account is in debt."),
}


@dataclass(frozen=True)
class Fault:
    """One rule of the plan. `op` is a pattern; `times` is 1, or without end where a probability is given."""

    op: str
    kind: str
    match: dict[str, str] = field(default_factory=dict)
    skip: int = 0
    times: int | None = None
    seconds: float = 60
    product: str | None = None
    probability: float | None = None
    seed: int = 1
    percent: int = 50
    pid: int | None = None
    when: str = "after"
    code: str = "M199"
    phase: str = "Processing"

    @property
    def limit(self) -> float:
        if self.times is not None:
            return self.times
        return 1 if self.probability is None else float("inf")

    @property
    def is_done(self) -> bool:
        """Whether the struck call is carried out."""
        return KINDS[self.kind].done and not (self.kind == "kill_client" and self.when == "before")

    def fits(self, op: str, product: str, mutating: bool, parameters: Mapping[str, str]) -> bool:
        return (
            fnmatchcase(op, self.op)
            and self.product in (None, product)
            and KINDS[self.kind].applies(op, mutating)
            and all(parameters.get(key) == value for key, value in self.match.items())
        )

    def draw(self, rule: int, call: int) -> bool:
        """Chance that can be repeated: it depends on the seed, the rule and the number of the matching call only."""
        if self.probability is None:
            return True
        digest = hashlib.sha256(f"{self.seed}:{rule}:{call}".encode()).digest()
        return int.from_bytes(digest[:8], "big") < self.probability * 2**64


def mistake(rule: Fault) -> str | None:
    """What is wrong with a rule, in words; None when it can strike."""
    if rule.kind not in KINDS:
        return f"fault kind {rule.kind!r} is none of {', '.join(KINDS)}"
    if rule.probability is not None and not 0 < rule.probability <= 1:
        return "the probability of a fault is above 0 and at most 1"
    if not 0 <= rule.percent < 100:
        return "the percent of a fault is 0 to 99"
    if rule.phase not in PHASES:
        return f"the phase of a fault is one of {', '.join(PHASES)}"
    if rule.when not in ("before", "after"):
        return "`when` of a fault is before or after"
    if rule.pid is not None and abs(rule.pid) < 2:
        return "the pid of a fault is a process, or the negative of a process group"
    return None


@dataclass
class FaultPlan:
    """Each rule lets `skip` matching calls pass, then strikes `times` times."""

    rules: tuple[Fault, ...]
    seen: list[int] = field(init=False)
    struck: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.seen = [0] * len(self.rules)
        self.struck = [0] * len(self.rules)

    @property
    def remembers(self) -> bool:
        return any(rule.kind == "stale" for rule in self.rules)

    def strike(
        self,
        op: str,
        parameters: Mapping[str, str],
        *,
        product: str = "ecs",
        mutating: bool = True,
        asked_before: bool = False,
    ) -> Fault | None:
        """The first rule whose turn it is. Every matching rule counts the call; those that came too late strike later.

        A call that was never asked before cannot be answered as before, so a stale rule does not count it.
        """
        chosen = None
        for index, rule in enumerate(self.rules):
            if not rule.fits(op, product, mutating, parameters) or (rule.kind == "stale" and not asked_before):
                continue
            self.seen[index] += 1
            if chosen is None and self._due(index, rule):
                self.struck[index] += 1
                chosen = rule
        return chosen

    def _due(self, index: int, rule: Fault) -> bool:
        call = self.seen[index]
        return call > rule.skip and self.struck[index] < rule.limit and rule.draw(index, call)

    def told(self) -> list[dict[str, Any]]:
        """Which rules there are, how many calls each has counted and how many it struck."""
        return [
            {"op": rule.op, "kind": rule.kind, "seen": seen, "struck": struck}
            for rule, seen, struck in zip(self.rules, self.seen, self.struck, strict=True)
        ]


def error_of(rule: Fault, op: str) -> ApiError | None:
    """The error answer of a fault, for kinds that have one."""
    known = ARREARS.get(op) if rule.kind == "arrears" else None
    known = known or KINDS[rule.kind].error
    if known is None:
        return None
    hint = int(rule.seconds * 1000) if rule.kind == "throttle_after_hint" else None
    return ApiError(*known, retry_after_ms=hint)


def survivable_faults(op: str, mutating: bool) -> list[str]:
    """The kinds that can happen to an operation and that a program which retries, or looks, gets through."""
    sort = CHANGE if mutating else READ
    return [name for name, kind in KINDS.items() if sort in kind.survivable and kind.applies(op, mutating)]
