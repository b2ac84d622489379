# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a check found on a host: one shape for our own checks and for those of the tools that we drive."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

SEVERITIES = ("inhibitor", "high", "medium", "low", "info")
GRADES = ("documented", "lab", "assumed")
MAX_EVIDENCE = 50


@dataclass(frozen=True)
class Finding:
    """`status` is `fired`, or `unknown` where the facts that the check needs could not be read."""

    id: str
    title: str
    severity: str
    status: str
    area: str
    evidence: tuple[str, ...]
    remediation: str
    command: str | None
    source: str
    grade: str
    # The id with which the role remediate resolves it, or nothing.
    remedy: str = ""
    # The reason for which it was accepted beforehand, and until when.
    waived: Mapping[str, str] | None = None
    # With the target `auto`: the paths that it is about.
    paths: tuple[str, ...] = ()

    @property
    def blocks(self) -> bool:
        """Whether a host with this finding must not be migrated."""
        return self.severity == "inhibitor" and self.status == "fired" and not self.waived

    def as_dict(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "title": self.title,
            "severity": self.severity,
            "status": self.status,
            "evidence": list(self.evidence),
            "remediation": {"text": self.remediation, "command": self.command, "id": self.remedy or None},
            "source": self.source,
            "grade": self.grade,
            "area": self.area,
            "waived": dict(self.waived) if self.waived else None,
            **({"paths": list(self.paths)} if self.paths else {}),
        }


def bounded(evidence: Iterable[str]) -> tuple[str, ...]:
    """The evidence as a report can show it: long lists say how much they leave out."""
    found = tuple(line[:500] for line in evidence)
    if len(found) <= MAX_EVIDENCE:
        return found
    return (*found[:MAX_EVIDENCE], f"and {len(found) - MAX_EVIDENCE} more")


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """The worst first; within a severity what is certain stands before what is not known."""
    return sorted(findings, key=lambda f: (SEVERITIES.index(f.severity), f.status != "fired", f.id))
