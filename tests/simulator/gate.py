"""What stands before an operation: call quotas, and idempotence by client token."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .errors import ApiError


def throttled(retry_after_ms: int | None = None) -> ApiError:
    message = "Request was denied due to user flow control."
    return ApiError(400, "Throttling.User", message, retry_after_ms=retry_after_ms)


@dataclass
class Quotas:
    """Calls per virtual minute, by account, region and operation. No numbers are published; these are the fleet's.

    limits: by operation; "*" holds for each operation that has no number of its own.
    hint: whether a refusal tells, in wall time at `rate`, when the next minute begins.
    """

    limits: Mapping[str, int]
    hint: bool = False
    rate: float = 1
    used: dict[tuple[str, str, str, str], tuple[int, int]] = field(default_factory=dict)

    def take(self, account: str, region: str, op: str, now: float, product: str = "ecs") -> None:
        limit = self.limits.get(op, self.limits.get("*"))
        if limit is None:
            return
        window = int(now // 60)
        key = (account, region, product, op)
        at, count = self.used.get(key, (window, 0))
        count = count + 1 if at == window else 1
        self.used[key] = (window, count)
        if count > limit:
            left = (60 - now % 60) / (self.rate or 1)
            raise throttled(max(1, int(left * 1000)) if self.hint else None)


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
    """A hash: parameters may bear secrets, and are not kept."""
    return hashlib.sha256(json.dumps(sorted(parameters.items())).encode()).hexdigest()
