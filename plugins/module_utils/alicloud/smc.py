# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Server Migration Center: one service for all regions, paged by number, and JSON texts inside of answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .batch import Ref
from .client import Caller, numbered_pages
from .errors import CloudError, LostAnswer

# documented: one central endpoint answers for every region. A region is needed to make a client, and changes nothing.
CENTRAL = "cn-hangzhou"
# documented: SDK text, at most 50 entries a page and 50 ids a filter.
PAGE = 50
IDS_PER_CALL = 50
# documented: SDK text of ResourceType.
SOURCE, JOB = "sourceserver", "replicationjob"
# JSON texts are documented to have at most 1 KB; whatever is far beyond that is not read.
_LONGEST_JSON = 65536
ATTEMPTS = 3


def call(
    api: Caller,
    operation: str,
    params: dict[str, Any],
    resource: str | None = None,
    extra: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    more = {"extra": extra} if extra else {}
    return api.call(operation, CENTRAL, params, resource=resource, product="smc", **more)


def settled(api: Caller, operation: str, params: dict[str, Any], resource: str, arrived: Callable[[], bool]) -> None:
    """Call; after a lost answer look before calling again. What is refused may be done already, by us or by others."""
    for attempt in range(ATTEMPTS):
        try:
            call(api, operation, params, resource=resource)
            return
        except LostAnswer:
            if arrived():
                return
            if attempt == ATTEMPTS - 1:
                raise
        except CloudError as error:
            if error.kind != "refused" or not arrived():
                raise
            return


def pages(api: Caller, operation: str, params: dict[str, Any], path: tuple[str, str]) -> Iterator[dict[str, Any]]:
    return numbered_pages(api, operation, CENTRAL, params, path, PAGE, "smc")


def ref(resource_id: str) -> Ref:
    """A source or a job as the batch functions want it; it has no region that matters."""
    return Ref(CENTRAL, resource_id)


def parse_json(text: Any) -> dict[str, Any]:
    """A JSON object that the service passes on as a text, from a host or a job; anything else is empty."""
    if isinstance(text, str) and len(text) <= _LONGEST_JSON:
        try:
            parsed = json.loads(text)
        except (ValueError, RecursionError):
            return {}
        return parsed if isinstance(parsed, dict) else {}
    return {}


def text_of(value: Any, limit: int = 4096) -> str:
    """A value for people: no control characters, not endless."""
    if not isinstance(value, (str, int, float)) or isinstance(value, bool):
        return ""
    return "".join(sign if sign.isprintable() else " " for sign in str(value)[:limit]).strip()
