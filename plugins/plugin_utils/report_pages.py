# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as pages: all hosts on one, each host on its own. None needs the network or a script to be read."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ansible_collections.alicloud.os_migration.plugins.plugin_utils import report_text as text
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.findings import SEVERITIES
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.outcome import STANDINGS
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.report_hosts import blocks
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.texts import ENGLISH, Texts

HERE = Path(__file__).parent
# Bars and rows of a chart beyond these would say nothing more; the table below has all of them.
BARS, CHANGES, RUNS = 10, 12, 200


def render_html(report: Mapping[str, Any], texts: Texts = ENGLISH) -> str:
    """The page of all hosts; `report` was built in the same language."""
    findings = {_key(item): number for number, item in enumerate(report["findings"])}
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            **_common(texts, "report.css", "report.js"),
            report=report,
            standings=[(f"o-{item.name}", report["summary"]["outcomes"][item.name]) for item in STANDINGS],
            most=max(1, *(sum(part.values()) for part in report["summary"]["severities"].values())),
            marks=[_marks(host, findings) for host in report["hosts"]],
            bars=BARS,
            shown_changes=CHANGES,
            shown_runs=RUNS,
        )
    )


def render_host(report: Mapping[str, Any], host: Mapping[str, Any], texts: Texts = ENGLISH) -> str:
    """The page of one host of the report, to be put beside the page of all hosts as `host["page"]` says."""
    groups = (
        ("blocking", [item for item in host["findings"] if blocks(item)]),
        ("other", [item for item in host["findings"] if _counts(item) and not blocks(item)]),
        ("unknown", [item for item in host["findings"] if item["status"] == "unknown" and not item["waived"]]),
        ("waived", [item for item in host["findings"] if item["waived"]]),
    )
    return (
        _environment()
        .get_template("report_host.html.j2")
        .render(
            **_common(texts, "report.css", None),
            report=report,
            host=host,
            number=next(number for number, item in enumerate(report["hosts"], 1) if item is host),
            groups=groups,
        )
    )


def shares(counts: Iterable[tuple[str, int]], total: int) -> list[dict[str, Any]]:
    """Segments of a bar that is 100 wide, side by side in the order given."""
    found, at = [], 0.0
    for name, count in counts:
        width = 100.0 * count / total if total else 0.0
        if count:
            found.append({"name": name, "x": f"{at:.2f}", "width": f"{width:.2f}"})
        at += width
    return found


def _counts(item: Mapping[str, Any]) -> bool:
    return item["status"] == "fired" and not item["waived"]


def _key(item: Mapping[str, Any]) -> tuple[str, str, str]:
    return item["id"], item["severity"], item["status"]


def _marks(host: Mapping[str, Any], findings: Mapping[tuple[str, str, str], int]) -> dict[str, Any]:
    """What the script filters and sorts a row by: numbers of findings, severities, and how bad it is altogether."""
    own = [item for item in host["findings"] if not item["waived"]]
    weight = 0
    for name in SEVERITIES:
        weight = weight * 1000 + int(host["finding_counts"][name])
    return {
        "findings": " ".join(str(number) for number in sorted({findings[_key(item)] for item in own})),
        "severities": " ".join(name for name in SEVERITIES if any(item["severity"] == name for item in own)),
        "weight": weight,
    }


def _common(texts: Texts, style: str, script: str | None) -> dict[str, Any]:
    css, js = _part(style), _part(script) if script else ""
    return {
        "t": texts.ui,
        "language": texts.tag,
        "outcomes": STANDINGS,
        "signs": {item.name: item.sign for item in STANDINGS},
        "severities": SEVERITIES,
        "css": css,
        "js": js,
        # The browser runs exactly this style and this script, whatever else might have come into the page.
        "css_source": f"'{_hash(css)}'",
        "js_source": f"'{_hash(js)}'" if js else "'none'",
    }


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["duration"] = text.duration
    environment.globals["shares"] = shares
    return environment


@lru_cache(maxsize=4)
def _part(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


@lru_cache(maxsize=4)
def _hash(content: str) -> str:
    return "sha256-" + b64encode(sha256(content.encode()).digest()).decode()
