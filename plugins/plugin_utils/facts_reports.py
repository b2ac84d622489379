# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reports that other tools left on the host, as the probe brings them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

_WRITTEN = re.compile(r"@([0-9]{1,11})")


@dataclass(frozen=True)
class ReportFacts:
    """Facts about other tools' reports; None is unknown."""

    # Path -> when the file was written (epoch; None is unknown), and its JSON text.
    tool_reports: Mapping[str, tuple[int | None, str]] | None = None


def tool_reports(text: str) -> dict[str, tuple[int | None, str]]:
    """PATH<tab>PIECE: the pieces of a file make its text; one of the form @EPOCH says when it was written."""
    written: dict[str, int] = {}
    pieces: dict[str, list[str]] = {}
    for path, piece in (line.split("\t", 1) for line in text.split("\n") if "\t" in line):
        found = pieces.setdefault(path, [])
        time = _WRITTEN.fullmatch(piece)
        if time:
            written[path] = int(time[1])
        else:
            found.append(piece)
    return {path: (written.get(path), "".join(found)) for path, found in pieces.items()}


# fact: (its section, how the text becomes the value)
SECTIONS: dict[str, tuple[str, Callable[[str], Any]]] = {"tool_reports": ("tool_reports", tool_reports)}
