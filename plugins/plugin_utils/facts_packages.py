# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turns the probe's text about packages, repositories and modules into values."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.facts_text import by_file, rows
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.facts_types import ModuleStream, Package, Repo

_KEY_ID = re.compile(r"Key ID ([0-9a-fA-F]{8,40})")


def packages(text: str) -> tuple[Package, ...]:
    found = []
    for columns in rows(text, 8, "|"):
        name, epoch, version, release, arch = columns[:5]
        vendor, signature, installed = "|".join(columns[5:-2]), columns[-2], columns[-1]
        key = _KEY_ID.search(signature)
        found.append(
            Package(
                name,
                int(epoch) if re.fullmatch(r"\d{1,9}", epoch) else 0,
                version,
                release,
                "" if arch == "(none)" else arch,
                "" if vendor == "(none)" else vendor,
                key[1].lower() if key else "",
                int(installed) if re.fullmatch(r"\d{1,12}", installed) else None,
            )
        )
    return tuple(found)


def providers(text: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for capability, name in (columns[:2] for columns in rows(text, 2, "|")):
        found[capability] = tuple(sorted({*found.get(capability, ()), name}))
    return found


def ini(found: Iterable[str]) -> list[tuple[str, dict[str, str]]]:
    """Sections in order, duplicates kept; an indented line carries on the value above, as dnf reads it."""
    sections: list[tuple[str, dict[str, str]]] = []
    key = ""
    for line in found:
        stripped = line.strip()
        if not stripped or stripped.startswith(("#", ";")):
            continue
        if stripped.startswith("[") and "]" in stripped:
            sections.append((stripped[1 : stripped.index("]")].strip(), {}))
            key = ""
        elif line[:1].isspace() and sections and key:
            sections[-1][1][key] += " " + stripped
        elif "=" in stripped and sections:
            key, _equals, value = stripped.partition("=")
            key = key.strip().lower()
            sections[-1][1][key] = value.strip()
    return sections


def repos(text: str) -> tuple[Repo, ...]:
    found = []
    for path, file in by_file(text).items():
        for name, options in ini(file):
            if name == "main":
                continue
            enabled = options.get("enabled", "1").lower() in ("1", "true", "yes", "on")
            urls = [
                url
                for key in ("baseurl", "mirrorlist", "metalink")
                for url in re.split(r"[\s,]+", options.get(key, ""))
                if url
            ]
            found.append(Repo(path, name, enabled, tuple(urls), options))
    return tuple(found)


def main_options(text: str) -> dict[str, str]:
    return {
        k: v
        for file in by_file(text).values()
        for name, options in ini(file)
        if name == "main"
        for k, v in options.items()
    }


def module_streams(text: str) -> tuple[ModuleStream, ...]:
    return tuple(
        ModuleStream(options.get("name", name), options.get("stream", ""), options.get("state", ""))
        for file in by_file(text).values()
        for name, options in ini(file)
    )
