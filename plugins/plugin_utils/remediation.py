# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which remedies are due on a host, and what a host says that was done: decisions from plain data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.host import HostError, clean_text
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.plan import PlanError

# What each remedy does, in the order in which they are applied.
REMEDIES = {
    "vault-mirrors": "point repositories whose mirror is gone at the vault",
    "duplicate-repositories": "comment out later definitions of the same repository",
    "version-locks": "clear the list of locked versions",
    "tool-leftovers": "take away what an earlier migration tool left behind",
    "old-kernels": "remove kernels that neither run nor boot next",
    "i686": "remove 32-bit packages",
    "root-login": "state PermitRootLogin as it is in effect",
}
ALL_SAFE = "all-safe"
# Removes what an application may need: never done unless it is asked for by its own name.
BY_NAME_ONLY = frozenset({"i686"})
STATES = frozenset({"nothing", "planned", "applied", "undone", "refused", "failed"})
_MIRROR = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?")
_MAX_ACTS, _MAX_DIFFS = 500, 100


def asked(words: Iterable[str]) -> list[str]:
    """The remedies that the user's list stands for, in order; PlanError where it names something else."""
    given = list(words)
    unknown = sorted(set(given) - {*REMEDIES, ALL_SAFE})
    if unknown:
        raise PlanError(f"{unknown[0]!r} is not a remedy. Known remedies: {', '.join(REMEDIES)}, and {ALL_SAFE}.")
    return [name for name in REMEDIES if name in given or (ALL_SAFE in given and name not in BY_NAME_ONLY)]


def check_mirror(url: str) -> str:
    """The address without a slash at its end, or PlanError: it is written into files of the package manager."""
    if not _MIRROR.fullmatch(url):
        raise PlanError(f"os_migration_vault_mirror is {url!r}: give an address such as https://mirrors.aliyun.com.")
    return url.rstrip("/")


def remedy_of(finding: Mapping[str, Any]) -> str | None:
    """The remedy that resolves a finding, where there is one."""
    name = (finding.get("remediation") or {}).get("id")
    return str(name) if name in REMEDIES else None


def due(findings: Iterable[Mapping[str, Any]], words: Sequence[str]) -> list[str]:
    """Those of the remedies asked for that a host surely needs, in order; for what was waived only on request by name."""
    found = {
        remedy_of(finding)
        for finding in findings
        if finding.get("status") == "fired" and (not finding.get("waived") or remedy_of(finding) in words)
    }
    return [name for name in asked(words) if name in found]


def unresolved(
    findings: Sequence[Mapping[str, Any]], words: Sequence[str], applied: Iterable[str] = ()
) -> dict[str, list[str]]:
    """The remedies asked for whose findings are there, each with the ids of these findings.

    Where a remedy was applied, not knowing whether its finding is gone is as bad as the finding.
    """
    done = set(applied)
    there: dict[str, list[str]] = {}
    needed = {*due(findings, words), *(name for name in asked(words) if name in done)}
    for finding in findings:
        name = remedy_of(finding)
        if name in needed and (finding.get("status") == "fired" or name in done):
            there.setdefault(str(name), []).append(str(finding.get("id")))
    return there


def answered(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the host says about each remedy, with fields of the expected types and sizes; HostError where it refused."""
    if document.get("remediate") != 1:
        raise HostError("the host's answer is not that of the remediation")
    refused = clean_text(document.get("refused"), 1000)
    if refused:
        raise HostError(f"nothing was changed: {refused}")
    return [_remedy(item) for item in _items(document.get("remedies")) if item.get("id") in REMEDIES]


def _remedy(item: Mapping[str, Any]) -> dict[str, Any]:
    state, acts = item.get("state"), item.get("acts")
    return {
        "id": str(item["id"]),
        # What cannot be read is not taken for a success.
        "state": state if isinstance(state, str) and state in STATES else "failed",
        "changed": item.get("changed") is True,
        "acts": [clean_text(act, 500) for act in (acts if isinstance(acts, list) else [])[:_MAX_ACTS]],
        "message": clean_text(item.get("message"), 2000),
        "diffs": [
            {
                "before_header": clean_text(one.get("path"), 500),
                "after_header": clean_text(one.get("path"), 500),
                "before": _text(one.get("before")),
                "after": _text(one.get("after")),
            }
            for one in _items(item.get("diffs"))[:_MAX_DIFFS]
        ],
    }


def problems(remedies: Iterable[Mapping[str, Any]]) -> str:
    """Why remedies could not be applied or taken back, as one text; nothing where all went well."""
    return "; ".join(
        f"{one['id']}: {one['message'] or 'the host does not say why'}"
        for one in remedies
        if one["state"] in ("refused", "failed")
    )


def _items(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _text(value: Any) -> str:
    """Content of a file; tabs matter there."""
    return "\t".join(clean_text(part, 65536) for part in value.split("\t")) if isinstance(value, str) else ""
