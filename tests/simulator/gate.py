"""What stands before an operation: planned faults, call quotas, and idempotence by client token."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .errors import ApiError
from .fleet import Fault


@dataclass
class FaultPlan:
    """Each rule lets `skip` matching calls pass, then strikes `times` times."""

    rules: tuple[Fault, ...]
    seen: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.seen = [0] * len(self.rules)

    def strike(self, op: str, parameters: Mapping[str, str]) -> Fault | None:
        """The first rule whose turn it is. Every matching rule counts the call, whichever strikes."""
        struck = None
        for index, rule in enumerate(self.rules):
            if rule.op not in ("*", op) or any(parameters.get(key) != value for key, value in rule.match.items()):
                continue
            self.seen[index] += 1
            if struck is None and rule.skip < self.seen[index] <= rule.skip + rule.times:
                struck = rule
        return struck


def fault_error(kind: str) -> ApiError | None:
    """The error answers that need no effect; resets and hangs are the server's business."""
    if kind == "throttle":
        return throttled()
    if kind == "error500":
        return ApiError(500, "InternalError", "The request processing has failed due to some unknown error.")
    if kind == "error503":
        return ApiError(503, "ServiceUnavailable", "The request has failed due to a temporary failure of the server.")
    return None


def throttled() -> ApiError:
    return ApiError(400, "Throttling.User", "Request was denied due to user flow control.")


@dataclass
class Quotas:
    """Calls per virtual minute, by account, region and operation. No numbers are published; these are the fleet's."""

    limits: Mapping[str, int]
    used: dict[tuple[str, str, str], tuple[int, int]] = field(default_factory=dict)

    def take(self, account: str, region: str, op: str, now: float) -> None:
        limit = self.limits.get(op)
        if limit is None:
            return
        window = int(now // 60)
        at, count = self.used.get((account, region, op), (window, 0))
        count = count + 1 if at == window else 1
        self.used[account, region, op] = (window, count)
        if count > limit:
            raise throttled()


@dataclass
class Tokens:
    """The first answer of each client token. Source: error table of CreateSnapshot and the page on idempotence."""

    answers: dict[tuple[str, str, str, str], tuple[str, dict[str, Any]]] = field(default_factory=dict)

    def recall(self, key: tuple[str, str, str, str], parameters: Mapping[str, str]) -> dict[str, Any] | None:
        known = self.answers.get(key)
        if known is None:
            return None
        if known[0] != _fingerprint(parameters):
            raise ApiError(403, "IdempotentParameterMismatch", "The specified clientToken is used.")
        return known[1]

    def keep(self, key: tuple[str, str, str, str], parameters: Mapping[str, str], answer: dict[str, Any]) -> None:
        self.answers[key] = (_fingerprint(parameters), answer)


def _fingerprint(parameters: Mapping[str, str]) -> str:
    return json.dumps(sorted(parameters.items()))
