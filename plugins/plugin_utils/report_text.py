# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text that came from a host, made fit to be shown: nothing hidden, nothing endless, nothing a terminal obeys."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from typing import Any

# Colours of a terminal say nothing in a report, so that they go without a trace; other sequences stay visible.
_COLOUR = re.compile(r"\x1b\[[0-9;:]*m")
# Control and format characters, among them those that turn the direction of writing, and what no file can hold.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)


def _visible(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"


def block(value: Any, limit: int) -> str:
    """Text of several lines. Of one that is too long the end is kept: that is where a log tells what went wrong."""
    text = str(value if value is not None else "")
    if len(text) > limit:
        text = f"[{len(text) - limit} characters cut]\n{text[-limit:]}"
    text = _COLOUR.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    return _UNSAFE.sub(_visible, text).strip("\n")


def line(value: Any, limit: int) -> str:
    """Text of one line. Of one that is too long the beginning is kept."""
    text = str(value if value is not None else "")
    if len(text) <= limit and text.isascii() and text.isprintable() and "  " not in text:
        # Most text is like this, and a fleet has a million of it.
        return text.strip()
    cut = len(text) - limit
    text = " ".join(_COLOUR.sub("", text[:limit]).split())
    return _UNSAFE.sub(_visible, text) + (f" [{cut} characters cut]" if cut > 0 else "")


def command(value: Any, limit: int) -> str:
    """A command to be copied: as it is, or none at all, because a shortened or changed one would do something else."""
    text = str(value or "").strip()
    return "" if len(text) > limit or _UNSAFE.search(text) else text


def natural(text: str) -> list[tuple[int, str]]:
    """A key that sorts web2 before web10."""
    return [(int(part), "") if part.isdecimal() else (0, part) for part in re.split(r"(\d{1,18})", text.lower())]


def seconds_between(start: Any, end: Any) -> int | None:
    """Whole seconds from one ISO time to another, or None where one is missing or they make no sense."""
    try:
        first, last = (datetime.fromisoformat(str(moment).replace("Z", "+00:00")) for moment in (start, end))
        elapsed = int((last - first).total_seconds())
    except (ValueError, TypeError):
        return None
    return elapsed if elapsed >= 0 else None


def duration(seconds: int | None) -> str:
    """Seconds as people say them; a dash where nothing is known."""
    if seconds is None:
        return "–"
    hours, rest = divmod(seconds, 3600)
    minutes, remainder = divmod(rest, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {remainder:02d} s" if minutes else f"{remainder} s"


def columns(text: str) -> int:
    """How many columns of a terminal a text takes: letters of East Asia take two, combining marks none."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return len(text) + wide - sum(bool(unicodedata.combining(letter)) for letter in text)


def fit(text: str, width: int) -> str:
    """A text cut or padded to a number of columns."""
    if columns(text) > width:
        while text and columns(text) > max(width - 3, 0):
            text = text[:-1]
        text += "..."[:width]
    return text + " " * (width - columns(text))


def wrap(text: str, width: int) -> list[str]:
    """Lines of at most so many columns, broken at spaces; where there are none, as in Chinese and Japanese, anywhere."""
    lines: list[str] = []
    current = ""
    for word in text.split():
        if current and columns(current) + 1 + columns(word) > width:
            lines.append(current)
            current = ""
        current = f"{current} {word}" if current else word
        while columns(current) > width:
            cut = 1
            while columns(current[: cut + 1]) <= width:
                cut += 1
            lines.append(current[:cut])
            current = current[cut:]
    return [*lines, current] if current else lines
