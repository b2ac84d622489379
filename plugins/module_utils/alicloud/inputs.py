# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user names, looked at before it is sent: one id that cannot be one makes the service refuse all ids of a call."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, TypeVar

from .batch import Ref
from .errors import CloudError

Named = TypeVar("Named", Ref, str)

# documented: ids are a short prefix, a hyphen, and letters and digits. Wider than that, for kinds that are to come.
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}")
REGION = re.compile(r"[a-z][a-z0-9-]{0,63}")
# More of a wrong value helps nobody.
SHOWN = 40


def shown(value: Any) -> str:
    """A wrong value for people: quoted, without control characters, and not endless."""
    text = str(value)
    return repr(text) if len(text) <= SHOWN else f"{text[:SHOWN]!r}... ({len(text)} characters)"


def wrong_id(value: str) -> CloudError | None:
    """Why no resource can have this id; None for one that may exist."""
    if ID.fullmatch(value):
        return None
    return CloudError(
        "InvalidId",
        f"{shown(value)} cannot be the id of a resource",
        resource=shown(value),
        hint="An id such as i-bp1a0000000000000001 has letters, digits and hyphens, and nothing before or after them. "
        "Check the item for an empty value, blanks, line ends and quotes.",
    )


def wrong_region(value: str) -> CloudError | None:
    """Why there is no such region. Its name becomes part of a host name, so nothing else may be in it."""
    if REGION.fullmatch(value):
        return None
    return CloudError(
        "InvalidRegionId",
        f"{shown(value)} is not a region id",
        resource=shown(value),
        hint="A region id such as cn-hangzhou has small letters, digits and hyphens. Check region, of the item or of all.",
    )


def _wrong(one: Ref | str) -> CloudError | None:
    return wrong_id(one) if isinstance(one, str) else wrong_id(one.id) or wrong_region(one.region)


def wrong(named: Iterable[Named]) -> dict[Named, CloudError]:
    """Those that nothing can be asked about, each with the reason."""
    return {one: error for one in named if (error := _wrong(one)) is not None}


def sound(named: Iterable[Named]) -> list[Named]:
    """The others, each once, in their order."""
    return [one for one in dict.fromkeys(named) if _wrong(one) is None]
