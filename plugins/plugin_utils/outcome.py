# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The six ways a host can leave a run: their names, their words, their order, and who gets which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Outcome:
    """`sign` stands beside every colour, so that no colour is needed to tell the outcomes apart."""

    name: str
    label: str
    meaning: str
    sign: str


# In the order in which a person wants to read them: what needs work comes first.
OUTCOMES: tuple[Outcome, ...] = (
    Outcome("held", "Held", "A person must look; the restore point is kept.", "!"),
    Outcome("rolled_back", "Rolled back", "Back on the source system, and verified.", "↩"),
    Outcome("not_eligible", "Not eligible", "The checks forbid the migration; nothing was changed.", "⊘"),
    Outcome("not_started", "Not started", "Its turn did not come or its preparation failed; nothing was changed.", "–"),
    Outcome("planned", "Planned", "Check mode: the migration could start; nothing was changed.", "○"),
    Outcome("migrated", "Migrated", "On the target system, and verified.", "✓"),
)
# Where a host stands while the run goes on; a report may show it, but no host ends so.
PENDING: tuple[Outcome, ...] = (
    Outcome("under_way", "Under way", "No outcome yet; the run goes on or was interrupted.", "…"),
    Outcome("eligible", "Eligible", "No check forbids the migration; nothing was changed.", "◇"),
)
STANDINGS: tuple[Outcome, ...] = (*OUTCOMES[:4], *PENDING, *OUTCOMES[4:])
NAMES: tuple[str, ...] = tuple(outcome.name for outcome in OUTCOMES)
BY_NAME: dict[str, Outcome] = {outcome.name: outcome for outcome in OUTCOMES}

STAGES: tuple[str, ...] = ("assessed", "restore_point", "converting", "verifying", "rolling_back", "settled")
# Stages in which the host itself may already have been changed.
CHANGING: frozenset[str] = frozenset({"converting", "verifying", "rolling_back"})


def touched(record: Mapping[str, Any]) -> bool:
    """Whether a host got as far as a restore point or beyond, so that it may need a way back."""
    return bool(record.get("restore_point")) or record.get("stage") in CHANGING


def verdict(record: Mapping[str, Any], check_mode: bool = False) -> str:
    """The one outcome of a host. What a host already ended as stands; the rest follows from how far it got."""
    if record.get("outcome") in BY_NAME:
        return str(record["outcome"])
    if touched(record):
        return "held"
    if record.get("eligible") is False:
        return "not_eligible"
    if check_mode and record.get("eligible") is True and not record.get("failure"):
        return "planned"
    return "not_started"


def standing(record: Mapping[str, Any], finished: bool, check_mode: bool = False) -> str:
    """What a report shows for a host: its outcome, and before the end of the run where it stands on the way to one."""
    name = verdict(record, check_mode)
    if finished or record.get("outcome") == name or name in ("not_eligible", "planned"):
        return name
    return "eligible" if record.get("eligible") is True and not touched(record) else "under_way"


def why(record: Mapping[str, Any], outcome: str) -> str:
    """One sentence on why a host ended so: what was given with its outcome, else its failure, else how far it got."""
    if record.get("outcome") == outcome and record.get("reason"):
        return str(record["reason"])
    failure = record.get("failure") or {}
    message = " ".join(str(failure.get("message") or "").split())
    if outcome in ("held", "not_started", "under_way") and message:
        step = failure.get("step")
        return f"{step}: {message}" if step else message
    if record.get("reason"):
        return str(record["reason"])
    if outcome == "held":
        return f"The run ended while this host was in the stage {record.get('stage') or 'unknown'}."
    if outcome == "not_started":
        return "The run ended before this host was reached."
    return next(item.meaning for item in STANDINGS if item.name == outcome)
