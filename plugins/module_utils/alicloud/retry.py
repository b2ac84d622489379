# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a failed call is sent again, and how long to wait before."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from .errors import CloudError, LostAnswer
from .operations import find

T = TypeVar("T")


@dataclass(frozen=True)
class Policy:
    """resend: a second arrival of the same request does no harm, so a lost answer may be met by sending it again."""

    resend: bool
    attempts: int = 4
    throttles: int = 20


RESEND = Policy(resend=True)
ONCE = Policy(resend=False)


def policy_for(product: str, operation: str, params: dict[str, Any]) -> Policy:
    """An operation that is idempotent by its token is so only where the caller gave one."""
    after_loss = find(product, operation).after_loss
    if after_loss == "read" or (after_loss == "token" and params.get("ClientToken")):
        return RESEND
    return ONCE


class Retrier:
    """Sends a call under a policy. A throttled operation is held back for every thread, not only for one."""

    def __init__(
        self,
        throttle_wait: float | None = None,
        *,
        backoff: float = 0.5,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.throttle_wait = throttle_wait
        self.backoff = backoff
        self.clock = clock
        self.wall = wall
        self.sleep = sleep
        self.jitter = jitter
        self._closed_until: dict[tuple[str, str], float] = {}

    def call(self, key: tuple[str, str], policy: Policy, send: Callable[[], T]) -> T:
        failures = throttles = 0
        while True:
            self._wait_for_gate(key)
            try:
                return send()
            except CloudError as error:
                if error.kind == "throttled":
                    throttles += 1
                    if throttles > policy.throttles:
                        raise
                    self._closed_until[key] = self.clock() + self.throttle_delay(error)
                    continue
                failures += 1
                again = error.kind in ("unsent", "busy") or (error.kind == "unsure" and policy.resend)
                if again and failures < policy.attempts:
                    self.sleep(error.retry_after or self.backoff * 2 ** (failures - 1) * (0.5 + self.jitter() / 2))
                    continue
                if error.kind == "unsure" and not policy.resend:
                    raise lost(error) from error
                raise

    def throttle_delay(self, error: CloudError) -> float:
        """The service counts per minute and refuses until the next one begins."""
        if error.retry_after:
            return error.retry_after * (1 + self.jitter() / 4)
        if self.throttle_wait is not None:
            return self.throttle_wait * (1 + self.jitter() / 4)
        return 60 - self.wall() % 60 + 3 * self.jitter()

    def _wait_for_gate(self, key: tuple[str, str]) -> None:
        delay = self._closed_until.get(key, 0.0) - self.clock()
        if delay > 0:
            self.sleep(delay)


def lost(error: CloudError) -> LostAnswer:
    return LostAnswer(
        error.code,
        error.message,
        kind="unsure",
        operation=error.operation,
        resource=error.resource,
        request_id=error.request_id,
        http_status=error.http_status,
    )
