"""Reads that lag behind: new resources that no Describe or List shows yet, and answers from before."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, TypeVar

from .world import Region, World

Part = TypeVar("Part")
MEMORY = 500


@dataclass
class Lag:
    """Which ids are hidden from reads, and until when in virtual time."""

    hidden: dict[str, float] = field(default_factory=dict)

    def hide(self, ids: set[str], until: float) -> None:
        self.hidden |= dict.fromkeys(ids, until)

    def view(self, world: World, now: float) -> World:
        """The world as reads see it: the same objects, without those that are hidden."""
        self.hidden = {key: until for key, until in self.hidden.items() if until > now}
        return _without(world, self.hidden) if self.hidden else world


def ids(part: Any) -> set[str]:
    """The ids of all resources in a world, or in a part of it."""
    found: set[str] = set()
    for content in _contents(part).values():
        if isinstance(content, Mapping):
            found |= content.keys()
            for one in content.values():
                found |= ids(one) if isinstance(one, Region) else set()
        else:
            found |= ids(content)
    return found


def _contents(part: Any) -> dict[str, Any]:
    """The fields that hold resources by id, or are themselves parts of the world."""
    named = {one.name: getattr(part, one.name) for one in fields(part)}
    return {name: value for name, value in named.items() if isinstance(value, dict) or is_dataclass(value)}


def _without(part: Part, hidden: Mapping[str, float]) -> Part:
    seen = copy.copy(part)
    for name, content in _contents(part).items():
        if isinstance(content, dict):
            content = {
                key: _without(one, hidden) if isinstance(one, Region) else one
                for key, one in content.items()
                if key not in hidden
            }
        else:
            content = _without(content, hidden)
        object.__setattr__(seen, name, content)
    return seen


@dataclass
class Memory:
    """The last answer to each read with its parameters, for answers that are not up to date."""

    answers: dict[tuple[Any, ...], dict[str, Any]] = field(default_factory=dict)

    def keep(self, key: tuple[Any, ...], answer: dict[str, Any]) -> None:
        self.answers.pop(key, None)
        self.answers[key] = answer
        if len(self.answers) > MEMORY:
            del self.answers[next(iter(self.answers))]
