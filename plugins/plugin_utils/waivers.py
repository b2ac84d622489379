# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waivers: findings that the user accepts beforehand, each for named hosts, with a reason, and not for ever."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from fnmatch import fnmatchcase
from typing import Any

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks import REGISTER
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.findings import Finding
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.plan import PlanError

# Findings that other tools reported about the host; their ids are not known beforehand.
_FOREIGN = re.compile(r"(LEAPP|C2R)-[\w.-]{1,200}")
_KEYS = {"id", "hosts", "reason", "expires"}


@dataclass(frozen=True)
class Waiver:
    """`hosts` are patterns of inventory names; `expires` is the last day, as YYYY-MM-DD, on which it counts."""

    id: str
    hosts: tuple[str, ...]
    reason: str
    expires: str

    def covers(self, finding: Finding, host: str) -> bool:
        return finding.id == self.id and any(fnmatchcase(host, pattern) for pattern in self.hosts)


def parse_waivers(given: Sequence[Mapping[str, Any]]) -> tuple[Waiver, ...]:
    """The waivers, or PlanError with one sentence for the first that cannot be used."""
    return tuple(_waiver(number, entry) for number, entry in enumerate(given, 1))


def as_data(waivers: Iterable[Waiver]) -> list[dict[str, Any]]:
    """As the record of a run keeps them; parse_waivers reads it again."""
    return [{**asdict(waiver), "hosts": list(waiver.hosts)} for waiver in waivers]


def _waiver(number: int, entry: Mapping[str, Any]) -> Waiver:
    where = f"os_migration_waivers, entry {number}"
    unknown = sorted(str(key) for key in set(entry) - _KEYS)
    if unknown:
        raise PlanError(f"{where}: {', '.join(unknown)} is not known; an entry has id, hosts, reason and expires.")
    identifier, reason = (str(entry.get(key) or "").strip() for key in ("id", "reason"))
    if identifier not in REGISTER and not _FOREIGN.fullmatch(identifier):
        raise PlanError(f"{where}: there is no check {identifier[:80]!r}; docs/checks.md lists all ids.")
    if identifier in REGISTER and not REGISTER[identifier].waivable:
        raise PlanError(f"{where}: {identifier} cannot be waived: {REGISTER[identifier].remediation}")
    if not reason:
        raise PlanError(f"{where}: {identifier} needs a reason: who reads the report must know why it was accepted.")
    hosts = entry.get("hosts", "*")
    patterns = tuple(str(pattern) for pattern in ([hosts] if isinstance(hosts, str) else hosts or []))
    if not patterns:
        raise PlanError(
            f"{where}: {identifier} names no host; give hosts, for example ['web*'], or leave it out for all."
        )
    return Waiver(identifier, patterns, reason, _last_day(where, identifier, entry.get("expires")))


def _last_day(where: str, identifier: str, given: Any) -> str:
    try:
        return date.fromisoformat(str(given)).isoformat()
    except ValueError:
        raise PlanError(
            f"{where}: {identifier} needs expires, the last day on which it counts, as YYYY-MM-DD; it is {given!r}."
        ) from None


def waive(findings: Iterable[Finding], host: str, waivers: Sequence[Waiver], today: date) -> list[Finding]:
    """The findings, with what was accepted for this host marked so. A waiver that has expired only says that it has."""
    return [_waived(finding, host, waivers, today.isoformat()) for finding in findings]


def _waived(finding: Finding, host: str, waivers: Sequence[Waiver], today: str) -> Finding:
    found = [waiver for waiver in waivers if waiver.covers(finding, host)]
    if not found:
        return finding
    last = max(found, key=lambda waiver: waiver.expires)
    if last.expires < today:
        return replace(finding, evidence=(*finding.evidence, f"the waiver of this finding expired on {last.expires}"))
    return replace(finding, waived={"reason": last.reason, "expires": last.expires})
