# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report for a terminal: one screen, however many hosts there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.alicloud.os_migration.plugins.plugin_utils import report_text as text
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.outcome import NAMES
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.report_hosts import inhibitors
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.texts import ENGLISH, Texts

# Lines in all, so that the path of the report below them is on the same screen.
HEIGHT = 46
NARROWEST = 40
# A terminal that has room for the outages beside the reasons.
WIDE = 80
FINDINGS, BLOCKERS = 8, 8
# However long the findings are, so many hosts are named.
FEWEST_HOSTS = 8
# Hosts that ended well, by the kind of the report.
GOOD = {
    "migration": ("migrated",),
    "assessment": ("eligible", "planned", "migrated"),
    "plan": ("planned", "migrated"),
    "fleet": ("eligible", "planned", "migrated"),
}


def terminal_table(report: Mapping[str, Any], width: int = 80, texts: Texts = ENGLISH) -> str:
    """What a person must know first, in at most 46 lines of `width` columns: how it stands, why, and who needs a look."""
    width = max(width, NARROWEST)
    top = [*_head(report, width, texts), *_findings(report, width, texts)]
    outcomes = report["summary"]["outcomes"]
    # Where a host stands on the way to an outcome is shown while there is such a host.
    counts = "  ".join(f"{name}={count}" for name, count in outcomes.items() if count or name in NAMES)
    bottom = ["", *text.wrap(f"hosts={len(report['hosts'])} {counts}", width)]
    room = max(HEIGHT - len(top) - len(bottom), FEWEST_HOSTS + 4)
    lines = [*top, *_hosts(report, room, width, texts), *bottom]
    return "\n".join(part.rstrip() for part in lines) + "\n"


def _head(report: Mapping[str, Any], width: int, texts: Texts) -> list[str]:
    run = report["run"]
    way = " ".join(part for part in (run["target_name"], run["engine"]) if part)
    title = f"{texts.ui('kind.' + run['kind'])} {run['run_id']}".strip() + (f": {way}" if way else "")
    sentences = [report["summary"]["headline"], _totals(report, texts)]
    if "changes" in report:
        sentences.append(report["changes"]["headline"])
    return [text.fit(title, width), *(line for sentence in sentences for line in text.wrap(sentence, width))]


def _totals(report: Mapping[str, Any], texts: Texts) -> str:
    """Findings by severity; those that could not be judged and those that were waived count as neither."""
    counts = report["summary"]["severities"]
    parts = [(texts.ui(f"severity.{name}"), part["fired"]) for name, part in counts.items()]
    parts += [
        (texts.ui(f"status.{status}"), sum(part[status] for part in counts.values()))
        for status in ("unknown", "waived")
    ]
    shown = texts.ui("list.comma").join(f"{name} {count}" for name, count in parts if count)
    return f"{texts.ui('findings')}: {shown}" if shown else ""


def _findings(report: Mapping[str, Any], width: int, texts: Texts) -> list[str]:
    """What holds hosts back, then what else was found; after a migration only the latter, because it is done."""
    lines: list[str] = []
    blockers = report["summary"]["blocked_by"] if report["run"]["kind"] != "migration" else []
    if blockers:
        header = (texts.ui("terminal.hosts"), texts.ui("terminal.only"), texts.ui("terminal.blocked_by"), "")
        shown = [(str(item["hosts"]), str(item["alone"]), item["id"], item["title"]) for item in blockers[:BLOCKERS]]
        lines += ["", *_aligned([header, *shown], width), *_more(len(blockers) - BLOCKERS, texts)]
    known = {item["id"] for item in blockers}
    others = [item for item in report["findings"] if item["id"] not in known or item["status"] == "unknown"]
    if others:
        header = (texts.ui("terminal.hosts"), texts.ui("severity").upper(), texts.ui("terminal.findings"), "")
        shown = [(str(item["hosts"]), _severity(item, texts), item["id"], item["title"]) for item in others[:FINDINGS]]
        lines += ["", *_aligned([header, *shown], width), *_more(len(others) - FINDINGS, texts)]
    return lines


def _severity(item: Mapping[str, Any], texts: Texts) -> str:
    name = texts.ui(f"severity.{item['severity']}")
    return f"{name}?" if item["status"] == "unknown" else name


def _more(count: int, texts: Texts) -> list[str]:
    return [texts.ui("terminal.more_findings", count=count)] if count > 0 else []


def _hosts(report: Mapping[str, Any], room: int, width: int, texts: Texts) -> list[str]:
    """As many hosts as there is room for: all of a small run, of a larger one those that need a look."""
    hosts = report["hosts"]
    if not hosts:
        return []
    outages = width >= WIDE and any(host["outage_seconds"] is not None for host in hosts)
    if len(hosts) + 2 <= room:
        return ["", *_table("host", hosts, outages, width, texts)]
    good = GOOD[report["run"]["kind"]]
    look = [host for host in hosts if host["outcome"] not in good]
    # A blank line, the header, and two lines that say who is missing.
    shown = look[: room - 4]
    rows = ["", *(_table("terminal.look", shown, outages, width, texts) if shown else [])]
    if len(look) > len(shown):
        rows.append(texts.ui("terminal.more", count=len(look) - len(shown)))
    if len(hosts) > len(look):
        rows.append(texts.ui("terminal.quiet", count=len(hosts) - len(look)))
    return [text.fit(row, width) for row in rows]


def _table(key: str, hosts: Sequence[Mapping[str, Any]], outages: bool, width: int, texts: Texts) -> list[str]:
    names = (key, "outcome", "outage", "reason")
    rows: list[tuple[str, ...]] = [tuple(texts.ui(name).upper() for name in names)]
    for host in hosts:
        outage = "-" if host["outage_seconds"] is None else text.duration(host["outage_seconds"])
        # What blocks a host says more in the same room than the sentence around it.
        blockers = inhibitors(host) if host["outcome"] == "not_eligible" else []
        rows.append((host["host"], host["outcome"], outage, ", ".join(blockers) or host["reason"]))
    return _aligned(rows if outages else [(row[0], row[1], row[3]) for row in rows], width)


def _aligned(rows: Sequence[tuple[str, ...]], width: int) -> list[str]:
    """Columns side by side; none but the last takes more than a third of the line, and the last gets what is left."""
    sizes = [min(max(map(text.columns, column)), width // 3) for column in zip(*rows, strict=True)]
    return [text.fit("  ".join([*map(text.fit, row[:-1], sizes), row[-1]]), width).rstrip() for row in rows]
