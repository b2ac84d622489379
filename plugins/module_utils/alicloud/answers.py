# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fields of an answer, read with care: one that is not of its type is unknown (None or empty), one without an ID is an error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .errors import CloudError

# More entries than an account can have, by a service that never ends its pages.
PAGES_AT_MOST = 10_000
# Larger than every size, count and percentage that the API knows.
NUMBER_AT_MOST = 10**9


def bad(message: str, operation: str | None = None) -> CloudError:
    return CloudError("BadAnswer", message, kind="unsure", operation=operation)


def mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def listed(answer: Any, path: tuple[str, str], operation: str) -> list[dict[str, Any]]:
    """The entries of a Describe, such as {"Disks": {"Disk": [...]}}. What cannot be read is an error, not an empty list:
    an instance must never seem to have no disks."""
    found = mapping(mapping(answer).get(path[0])).get(path[1])
    if not isinstance(found, list):
        raise bad(f"the answer has no list {path[0]}.{path[1]}", operation)
    if not all(isinstance(one, dict) for one in found):
        raise bad(f"an entry of {path[0]}.{path[1]} is not an object", operation)
    return found


def entries(raw: Any, outer: str, inner: str) -> list[Mapping[str, Any]]:
    """The mappings of a list within an entry, such as {"Tags": {"Tag": [...]}}."""
    return [one for one in _list(raw, outer, inner) if isinstance(one, Mapping)]


def texts(raw: Any, outer: str, inner: str) -> list[str]:
    return [one for one in _list(raw, outer, inner) if isinstance(one, str)]


def text(raw: Mapping[str, Any], key: str) -> str | None:
    value = raw.get(key)
    return value if isinstance(value, str) else None


def number(raw: Mapping[str, Any], key: str) -> int | None:
    """A whole number that is not negative; some sizes are told as texts."""
    value = raw.get(key)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= len(str(NUMBER_AT_MOST)):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 0 <= value <= NUMBER_AT_MOST else None


def percent(raw: Mapping[str, Any], key: str) -> int:
    """A progress such as "42%"; 0 where none can be read."""
    value = raw.get(key)
    found = number({key: value.rstrip("%") if isinstance(value, str) else value}, key)
    return min(found or 0, 100)


def flag(raw: Mapping[str, Any], key: str) -> bool:
    return raw.get(key) is True


def ident(raw: Mapping[str, Any], key: str) -> str:
    value = text(raw, key)
    if not value:
        raise bad(f"an entry of the answer has no {key}")
    return value


def next_token(answer: Any, seen: set[str], operation: str) -> str | None:
    """The token of the following page, or None after the last one. Remembers it, so that no page comes for ever."""
    token = mapping(answer).get("NextToken") or None
    if token is None:
        return None
    if not isinstance(token, str):
        raise bad("the token of the next page is no text", operation)
    if token in seen:
        raise bad("the service gave the same page twice", operation)
    if len(seen) >= PAGES_AT_MOST:
        raise bad(f"the service gave more than {PAGES_AT_MOST} pages", operation)
    seen.add(token)
    return token


def _list(raw: Any, outer: str, inner: str) -> list[Any]:
    found = mapping(mapping(raw).get(outer)).get(inner)
    return found if isinstance(found, list) else []
