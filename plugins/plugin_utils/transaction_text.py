# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The transaction as dnf prints it, as packages; the names and versions in it.

The layout is that of dnf 4 (lab: 4.14; documented: dnf, output of the transaction).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

# Heading of the printed transaction: what happens to the packages below it.
HEADINGS = {
    "Installing:": "installed",
    "Installing dependencies:": "installed",
    "Installing weak dependencies:": "installed",
    "Installing group/module packages:": "installed",
    "Upgrading:": "upgraded",
    "Reinstalling:": "reinstalled",
    "Downgrading:": "downgraded",
    "Removing:": "removed",
    "Removing dependent packages:": "removed",
    "Removing unused dependencies:": "removed",
}
FETCHED = frozenset({"installed", "upgraded", "reinstalled", "downgraded"})
_SUMMARY = "Transaction Summary"
NO_MATCH = "No match for argument: "
_COMPLAINTS = ("Error:", "Problem", "- ")
_NO_COMPLAINT = ("Error:", "Error: Operation aborted.")
FULL = "No space left on device"
WORD = re.compile(r"[\w.+~^:@-]{1,200}")


@dataclass(frozen=True)
class Row:
    """One package of the printed transaction. `version` is epoch, version and release, without an epoch of zero."""

    action: str
    name: str
    arch: str
    version: str

    @property
    def nevra(self) -> str:
        return f"{self.name}-{self.version}.{self.arch}"


@dataclass
class Resolution:
    """What was printed: the packages, names that others replace, arguments that match nothing, and complaints."""

    complete: bool = False
    rows: list[Row] = field(default_factory=list)
    replaced: set[str] = field(default_factory=set)
    unmatched: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)

    def of(self, *actions: str) -> list[Row]:
        return [row for row in self.rows if row.action in actions]


def read_resolution(text: str) -> Resolution:
    """The transaction as the package manager printed it. A package may take several lines where its name is long."""
    found = Resolution()
    action, words = "", list[str]()

    def finish() -> None:
        if action == "skipped" and words:
            found.problems.append(f"{words[0]} cannot be brought to the target's build")
        elif action and len(words) >= 3 and all(WORD.fullmatch(word) for word in words[:3]):
            found.rows.append(Row(action, words[0], words[1], words[2]))
        words.clear()

    for line in text.split("\n"):
        stripped = line.strip()
        if line.startswith(" ") and stripped and action:
            if line[1] != " ":
                finish()
            elif stripped.startswith("replacing "):
                found.replaced.add(stripped.split()[1].rpartition(".")[0])
                continue
            words.extend(stripped.split())
            continue
        finish()
        action = _heading(stripped, action)
        _note(found, line, stripped)
    finish()
    return found


def _heading(stripped: str, action: str) -> str:
    """What the lines below mean. A remark in parentheses belongs to the heading above it."""
    if stripped.startswith("Skipping packages with "):
        return "skipped"
    return action if stripped.startswith("(") else HEADINGS.get(stripped, "")


def _note(found: Resolution, line: str, stripped: str) -> None:
    if stripped == _SUMMARY:
        found.complete = True
    elif stripped.startswith(NO_MATCH):
        found.unmatched.add(stripped.removeprefix(NO_MATCH)[:200])
    elif (stripped.startswith(_COMPLAINTS) and stripped not in _NO_COMPLAINT) or FULL in line:
        found.problems.append(stripped[:500])


def name_of(nevra: str) -> str:
    """The name in a package's name-version-release.arch."""
    return nevra.rsplit("-", 2)[0]


def version_of(evr: str) -> str:
    """The version alone, without epoch and release."""
    return evr.rpartition(":")[2].rpartition("-")[0]
