# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Versions as rpm compares them."""

from __future__ import annotations

import re
from functools import cmp_to_key

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.facts_types import Package

_SEGMENT = re.compile(r"[0-9]+|[a-zA-Z]+|~|\^")


def compare_versions(one: str, other: str) -> int:
    """-1, 0 or 1. Digits beat letters, a tilde sorts before everything, a caret after the same version without it."""
    left, right = _SEGMENT.findall(one), _SEGMENT.findall(other)
    for a, b in zip(left, right, strict=False):
        if a == b:
            continue
        if "~" in (a, b):
            return -1 if a == "~" else 1
        if "^" in (a, b):
            return -1 if a == "^" else 1
        if a.isdigit() and b.isdigit():
            a, b = a.lstrip("0"), b.lstrip("0")
            if a == b:
                continue
            return 1 if (len(a), a) > (len(b), b) else -1
        if a.isdigit() or b.isdigit():
            return 1 if a.isdigit() else -1
        return 1 if a > b else -1
    if len(left) == len(right):
        return 0
    longer, rest = (1, left[len(right) :]) if len(left) > len(right) else (-1, right[len(left) :])
    return -longer if rest[0] == "~" else longer


def _compare_packages(one: Package, other: Package) -> int:
    if one.epoch != other.epoch:
        return 1 if one.epoch > other.epoch else -1
    return compare_versions(one.version, other.version) or compare_versions(one.release, other.release)


def newest(packages: tuple[Package, ...]) -> Package:
    """The package with the highest epoch, version and release."""
    return max(packages, key=cmp_to_key(_compare_packages))
