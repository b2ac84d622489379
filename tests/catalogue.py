# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogue of checks: as a table for a terminal, and as the page docs/checks.md.

Usage: python tests/catalogue.py [--write]
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks import AREAS, REGISTER, Check
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.findings import SEVERITIES
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.matrix import ENGINES, name_of

PAGE = Path(__file__).resolve().parents[1] / "docs/checks.md"
HEAD = """# The checks

What the assessment looks for, generated from the code by `make catalogue`. Every check is a pure function from the facts of one host, of its
instance, or of the resolved transaction to evidence; it fires only on the paths to which it applies. What could not be read makes a
check `unknown`, one severity lower; it never makes it pass.

| severity | means |
|---|---|
| inhibitor | The migration would fail or break the host. It is refused until this is resolved or waived. |
| high | Likely trouble: look before you migrate. |
| medium | Something to know and to decide about. |
| low, info | Good to know. |

A check can weigh differently by engine; that is noted beside its severity. *Not waivable* are those without which there would be no way
forward or none back. A *remedy* is the id with which the role `remediate` resolves the finding.
"""


def ordered() -> list[Check]:
    return sorted(
        REGISTER.values(), key=lambda check: (AREAS.index(check.area), SEVERITIES.index(check.severity), check.id)
    )


def counts() -> dict[str, Counter[str]]:
    """How many checks there are by severity, by engine (one counts for each that it applies to), and by area."""
    checks = REGISTER.values()
    return {
        "severity": Counter({name: sum(check.severity == name for check in checks) for name in SEVERITIES}),
        "engine": Counter({name: sum(name in check.engines for check in checks) for name in ENGINES}),
        "area": Counter({area: sum(check.area == area for check in checks) for area in AREAS}),
    }


def table() -> Iterable[str]:
    """One line per check, then the counts."""
    width = max(map(len, REGISTER))
    for check in ordered():
        yield f"{check.area:<13} {check.severity:<9} {check.id:<{width}}  {check.title}"
    yield ""
    for kind, counter in counts().items():
        yield f"by {kind}: {', '.join(f'{name} {number}' for name, number in counter.items())}"
    yield f"{len(REGISTER)} checks"


def page() -> str:
    """The whole of docs/checks.md."""
    numbers = counts()
    lines = [HEAD, f"There are {len(REGISTER)} checks.", ""]
    for kind, counter in numbers.items():
        lines += [
            f"| {kind} | checks |",
            "|---|---|",
            *(f"| {name} | {number} |" for name, number in counter.items()),
            "",
        ]
    for area in AREAS:
        lines += [f"## {area}", ""]
        for check in (check for check in ordered() if check.area == area):
            lines += [*_entry(check), ""]
    return "\n".join(lines).rstrip() + "\n"


def _entry(check: Check) -> Iterable[str]:
    yield f"### {check.id}"
    yield ""
    yield f"{check.title}. **{check.severity}**{_exceptions(check)}. {_where(check)}"
    yield ""
    yield check.remediation
    if check.command:
        yield ""
        yield f"    {check.command.replace('{manager}', 'yum|dnf')}"
    notes = [f"Source: {check.source} ({check.grade})."]
    notes += [f"Remedy: `{check.remedy}`."] if check.remedy else []
    notes += [] if check.waivable else ["Not waivable."]
    yield ""
    yield " ".join(notes)


def _exceptions(check: Check) -> str:
    found = [f"{severity} by {engine}" for engine, severity in sorted(check.severities.items())]
    return f" ({', '.join(found)})" if found else ""


def _where(check: Check) -> str:
    engines = "" if set(check.engines) == set(ENGINES) else f"Engines: {', '.join(check.engines)}."
    sources = f"From {', '.join(map(name_of, check.sources))}." if check.sources else ""
    targets = f"To {', '.join(map(name_of, check.targets))}." if check.targets else ""
    return " ".join(part for part in (engines, sources, targets) if part) or "All paths."


if __name__ == "__main__":
    if "--write" in sys.argv[1:]:
        PAGE.write_text(page(), encoding="utf-8")
    print("\n".join(table()))
