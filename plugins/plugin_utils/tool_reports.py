# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Leapp and convert2rhel say about a host in their own reports, as findings of our shape.

The shapes are those that the tools publish: Leapp's report schemas 1.0.0 (`flags`, no `key`), 1.1.0 (`key`) and 1.2.0
(`groups` instead of `flags` and `tags`), convert2rhel's assessment schemas 1.0 to 1.2. A report lies on the host, so
that anybody may have written it: what does not have its type is passed over, and every text is cleaned and cut.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timezone
from hashlib import sha256
from typing import Any

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.facts_types import Facts
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.findings import (
    SEVERITIES,
    Finding,
    bounded,
    in_order,
)
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.matrix import Path
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.report_text import command as safe_command
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.report_text import line as safe_line

LEAPP_REPORT = "/var/log/leapp/leapp-report.json"
C2R_REPORT = "/var/log/convert2rhel/convert2rhel-pre-conversion.json"
# A report tells how the host was when it was written; an older one holds nobody up.
FRESH_DAYS = 30

_MAX_ENTRIES = 500
_TITLE, _LINE, _REMEDIATION, _COMMAND = 200, 500, 4_000, 1_000
_LEAPP_SEVERITIES = frozenset({"high", "medium", "low", "info"})
# What ends Leapp: an inhibitor, or an actor that gave up.
_LEAPP_BLOCKS = frozenset({"inhibitor", "error"})
# convert2rhel goes on after OVERRIDABLE only where a variable of its environment says so.
_C2R_SEVERITIES = {"ERROR": "inhibitor", "OVERRIDABLE": "inhibitor", "WARNING": "medium", "INFO": "info"}
_NO_ADVICE = "Resolve what the tool says, then let it analyze the host again."
_RELEASE_PACKAGES = ("redhat-release", "centos-release", "centos-linux-release", "alinux-release")


class _Unusable(Exception):
    """The report does not have the shape that its tool publishes; the text says what is wrong."""


def findings_of(facts: Facts, path: Path) -> list[Finding]:
    """What the tools that this path's engine drives have reported about the host, the worst first.

    A tool that left no report says nothing. A report that cannot be read is a finding of the status `unknown`.
    """
    found: list[Finding] = []
    for name, report, read in _READERS.get(path.engine, ()):
        if facts.tool_reports is None:
            reason = facts.unread.get("tool_reports", "it was not read")
            found.append(_unknown(name, report, reason))
        elif report in facts.tool_reports:
            found += _read_one(facts, name, report, read)
    return in_order(found)


def _read_one(facts: Facts, name: str, report: str, read: Callable[[Any, str], Iterator[Finding]]) -> list[Finding]:
    written, text = (facts.tool_reports or {})[report]
    source = f"{name}, {report}" + (f", written {_day(written)}" if written else "")
    try:
        findings = _merged(read(_decoded(text), source))
    except _Unusable as problem:
        return [_unknown(name, report, str(problem))]
    outdated = _outdated(facts, written)
    return [_relaxed(finding, outdated) for finding in findings] if outdated else findings


def _decoded(text: str) -> Mapping[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise _Unusable("it is not JSON") from None
    if not isinstance(document, Mapping):
        raise _Unusable("it is not a JSON object")
    return document


def _leapp(document: Mapping[str, Any], source: str) -> Iterator[Finding]:
    entries = document.get("entries")
    if not isinstance(entries, list):
        raise _Unusable("it has no list of entries")
    for entry in entries[:_MAX_ENTRIES]:
        if isinstance(entry, Mapping) and _text(entry, "title"):
            yield _leapp_finding(entry, source)


def _leapp_finding(entry: Mapping[str, Any], source: str) -> Finding:
    title = _text(entry, "title")
    detail = entry.get("detail")
    detail = detail if isinstance(detail, Mapping) else {}
    flags = {flag for key in ("flags", "groups") for flag in _strings(entry.get(key))}
    severity = _text(entry, "severity").lower()
    remediation, command = _leapp_remedies(detail)
    resources = [
        f"{_text(item, 'scheme') or 'resource'}: {_text(item, 'title')}"
        for item in _mappings(detail.get("related_resources"))
        if _text(item, "title")
    ]
    return Finding(
        id=f"LEAPP-{_leapp_key(entry)}",
        title=safe_line(title, _TITLE),
        severity="inhibitor" if flags & _LEAPP_BLOCKS else severity if severity in _LEAPP_SEVERITIES else "medium",
        status="fired",
        area="tools",
        evidence=_evidence([*resources, *_lines(_text(entry, "summary"))], title),
        remediation=remediation,
        command=command,
        source=source,
        grade="documented",
    )


def _leapp_key(entry: Mapping[str, Any]) -> str:
    """The key that stays the same from run to run; version 1.0.0 of the schema has none, so it is made from the rest."""
    key = _text(entry, "key")
    if re.fullmatch(r"[0-9A-Za-z_.-]{8,64}", key):
        return key
    made_of = f"{_text(entry, 'actor')}\0{_text(entry, 'title')}"
    return sha256(made_of.encode("utf-8", "replace")).hexdigest()[:40]


def _leapp_remedies(detail: Mapping[str, Any]) -> tuple[str, str | None]:
    """The hints and links as one text, and the commands, if all of them can be shown as they are."""
    hints, commands = [], []
    for item in _mappings(detail.get("remediations")):
        kind, context = item.get("type"), item.get("context")
        words = _strings(context)
        if kind == "command" and words:
            commands.append(shlex.join(words))
        elif kind == "command" and isinstance(context, str):
            commands.append(context)
        elif kind == "playbook" and isinstance(context, str):
            hints.append(f"The playbook {context} resolves it.")
        elif isinstance(context, str):
            hints.append(context)
    hints += [f"See {_text(link, 'url')}" for link in _mappings(detail.get("external")) if _text(link, "url")]
    command = safe_command(" && ".join(commands), _COMMAND)
    return _advice("\n".join(hints)), None if "\n" in command else command or None


def _convert2rhel(document: Mapping[str, Any], source: str) -> Iterator[Finding]:
    actions = document.get("actions")
    if not isinstance(actions, Mapping):
        raise _Unusable("it has no actions")
    for name, action in list(actions.items())[:_MAX_ENTRIES]:
        if isinstance(action, Mapping) and re.fullmatch(r"[A-Z0-9_]{1,80}", name):
            result = action.get("result")
            messages = [*([result] if isinstance(result, Mapping) else []), *_mappings(action.get("messages"))]
            yield from (finding for m in messages[:_MAX_ENTRIES] if (finding := _convert2rhel_finding(name, m, source)))


def _convert2rhel_finding(action: str, message: Mapping[str, Any], source: str) -> Finding | None:
    level = _text(message, "level")
    if level not in _C2R_SEVERITIES and level != "SKIP":
        return None
    identifier = _text(message, "id")
    title = _text(message, "title") or f"{action}: {identifier or level}"
    # An action is skipped after another one has failed: what it would have said is not known.
    return Finding(
        id=f"C2R-{action}-{identifier if re.fullmatch(r'[A-Z0-9_]{1,80}', identifier) else level}",
        title=safe_line(title, _TITLE),
        severity=_C2R_SEVERITIES.get(level, "low"),
        status="unknown" if level == "SKIP" else "fired",
        area="tools",
        evidence=_evidence(_lines(_text(message, "diagnosis") or _text(message, "description")), title),
        remediation=_advice(_text(message, "remediations") or _text(message, "remediation")),
        command=None,
        source=source,
        grade="documented",
    )


_LEAPP_READER = ("Leapp", LEAPP_REPORT, _leapp)
_C2R_READER = ("convert2rhel", C2R_REPORT, _convert2rhel)
# Server Migration Center drives both tools on the host, whichever the path needs.
_READERS = {
    "leapp": (_LEAPP_READER,),
    "convert2rhel": (_C2R_READER,),
    "smc": (_LEAPP_READER, _C2R_READER),
}


def _unknown(name: str, report: str, reason: str) -> Finding:
    prefix = "LEAPP" if report == LEAPP_REPORT else "C2R"
    return Finding(
        id=f"{prefix}-REPORT",
        title=f"The report of {name} could not be read",
        severity="high",
        status="unknown",
        area="tools",
        evidence=(f"{report}: {safe_line(reason, _LINE)}",),
        remediation=f"Let {name} analyze the host again, or remove {report}.",
        command=None,
        source=f"{name}, {report}",
        grade="documented",
    )


def _merged(findings: Iterable[Finding]) -> list[Finding]:
    """One finding for each id: the worst severity, and what all of them show."""
    by_id: dict[str, Finding] = {}
    for finding in findings:
        known = by_id.get(finding.id)
        if known is not None:
            worst = min((known.severity, finding.severity), key=SEVERITIES.index)
            shown = bounded(dict.fromkeys((*known.evidence, *finding.evidence)))
            finding = replace(known, severity=worst, evidence=shown)
        by_id[finding.id] = finding
    return list(by_id.values())


def _outdated(facts: Facts, written: int | None) -> str:
    """Why the report says little about the host as it is now; nothing where it is as good as new or nobody can tell."""
    if not written:
        return ""
    installed = [p.installed for p in facts.packages or () if p.name.startswith(_RELEASE_PACKAGES) and p.installed]
    if installed and max(installed) > written:
        return f"the report was written on {_day(written)}, before this release of the system was installed"
    days = ((facts.epoch or 0) - written) // 86_400
    return f"the report is {days} days old" if days > FRESH_DAYS else ""


def _relaxed(finding: Finding, outdated: str) -> Finding:
    severity = max(finding.severity, "low", key=SEVERITIES.index)
    return replace(finding, severity=severity, evidence=(outdated, *finding.evidence))


def _day(epoch: int) -> str:
    return datetime.fromtimestamp(epoch, timezone.utc).strftime("%Y-%m-%d")


def _advice(text: str) -> str:
    lines = _lines(text[:_REMEDIATION])
    return "\n".join([*lines, "[cut]"] if len(text) > _REMEDIATION else lines) or _NO_ADVICE


def _evidence(found: list[str], title: str) -> tuple[str, ...]:
    return bounded(safe_line(text, _LINE) for text in found or [title])


def _lines(text: str) -> list[str]:
    return [cleaned for part in text.split("\n") if (cleaned := safe_line(part, _LINE))]


def _text(item: Mapping[str, Any], key: str) -> str:
    value = item.get(key)
    return value.strip() if isinstance(value, str) else ""


def _strings(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _mappings(value: object) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []
