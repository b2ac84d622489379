# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One result per instance, with its disks and details: what is told of an instance that could not be read is why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import instance_details, instances
from .batch import Ref
from .client import Caller
from .errors import CloudError

DETAILS = instance_details.DETAILS


@dataclass(frozen=True)
class Wanted:
    """What to read about each instance."""

    disks: bool
    details: list[str]

    @property
    def shape(self) -> instances.Shape:
        return instance_details.shape_for(self.details)


def by_ids(api: Caller, refs: list[Ref], wanted: Wanted) -> list[dict[str, Any]]:
    """One result per reference, in their order."""
    how = instances.load if wanted.disks else instances.describe
    found, errors = how(api, refs, wanted.shape)
    return _entries(api, refs, found, errors, wanted)


def by_search(api: Caller, region: str, search: instances.Search, wanted: Wanted) -> list[dict[str, Any]]:
    """One result per instance that is found."""
    found = instances.find(api, region, search, wanted.shape)
    refs, errors = list(found), dict[Ref, CloudError]()
    if wanted.disks and found:
        joined, errors = instances.with_disks(api, found, wanted.shape)
        found.update(joined)
    return _entries(api, refs, found, errors, wanted)


def search_of(given: Mapping[str, Any]) -> instances.Search:
    """Options `filters`, `status` and `tags` as a search; what is not given narrows nothing."""
    filters = {**(given["filters"] or {}), "status": given["status"]}
    tags = {str(key): None if value is None else str(value) for key, value in (given["tags"] or {}).items()}
    return instances.Search({name: value for name, value in filters.items() if value is not None}, tags)


def _entries(
    api: Caller, refs: list[Ref], found: dict[Ref, dict[str, Any]], errors: dict[Ref, CloudError], wanted: Wanted
) -> list[dict[str, Any]]:
    if wanted.details and found:
        found = instance_details.join(api, found, wanted.details)
    return [_entry(ref, found.get(ref), errors.get(ref)) for ref in refs]


def _entry(ref: Ref, instance: dict[str, Any] | None, error: CloudError | None) -> dict[str, Any]:
    ids = {"instance_id": ref.id, "region_id": ref.region}
    return {**(instance or {}), **ids, "changed": False, "error": error.as_dict() if error else None}
