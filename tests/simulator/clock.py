"""Virtual time: base plus rate times wall time. A rate of 0 is a stepped clock, which only `advance` moves."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Clock:
    rate: float
    base: float
    wall: Callable[[], float] = time.monotonic
    advanced: float = 0.0
    started: float = field(init=False)

    def __post_init__(self) -> None:
        self.started = self.wall()

    def now(self) -> float:
        return self.base + self.advanced + self.rate * (self.wall() - self.started)

    def advance(self, seconds: float) -> None:
        if seconds < 0:
            raise ValueError("time does not run backwards")
        self.advanced += seconds


def iso(at: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))
