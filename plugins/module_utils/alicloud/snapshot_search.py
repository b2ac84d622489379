# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find snapshots by instance, run, tags or id, and join the devices of their disks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from . import disks, inputs, snapshots, tags
from .batch import Ref, by_region, each
from .client import Caller
from .errors import CloudError
from .instances import raise_if_hopeless
from .snapshots import Snapshot

Found = list[dict[str, Any]]


def key_tags(run_id: str | None, purpose: str | None, more: Mapping[str, Any] | None) -> dict[str, str]:
    wanted = {key: str(value) for key, value in (more or {}).items()}
    named = {tags.RUN_ID: run_id, tags.PURPOSE: purpose}
    return wanted | {key: value for key, value in named.items() if value}


def of_region(api: Caller, region: str, wanted: Mapping[str, str]) -> Found:
    return _finished(api, region, snapshots.of_run(api, region, wanted)[0], None)


def by_ids(api: Caller, region: str, ids: list[str]) -> tuple[Found, list[dict[str, Any]]]:
    """(the snapshots that are there, one result per id)."""
    found = snapshots.describe(api, [Ref(region, one) for one in ids])
    shown = {one["snapshot_id"]: one for one in _finished(api, region, list(found.values()), None)}
    results = []
    for one in dict.fromkeys(ids):
        mine = [shown[one]] if one in shown else []
        error = None if mine else (inputs.wrong_id(one) or _not_found(region, one)).as_dict()
        instance_id = mine[0]["instance_id"] if mine else None
        ids_of = {"snapshot_id": one, "instance_id": instance_id, "region_id": region}
        results.append({**ids_of, "changed": False, "snapshots": mine, "error": error})
    return list(shown.values()), results


def _not_found(region: str, snapshot_id: str) -> CloudError:
    text = f"snapshot {snapshot_id} was not found in region {region}"
    return CloudError("InvalidSnapshotId.NotFound", text, operation="DescribeSnapshots", resource=snapshot_id)


def of_instances(api: Caller, refs: list[Ref], wanted: Mapping[str, str]) -> tuple[Found, list[dict[str, Any]]]:
    """(all snapshots, one result per instance)."""
    if wanted:
        # One listing per region serves all of its instances.
        listed = each(
            list(by_region(refs)), lambda region: _finished(api, region, snapshots.of_run(api, region, wanted)[0], None)
        )
        by = {outcome.item: outcome for outcome in listed}
        raise_if_hopeless([outcome.error for outcome in listed])
        pairs = [
            (ref, [one for one in by[ref.region].value or [] if one["instance_id"] == ref.id], by[ref.region].error)
            for ref in refs
        ]
    else:
        asked = each(
            inputs.sound(refs),
            lambda ref: _finished(api, ref.region, snapshots.of_instance(api, ref.region, ref.id), ref.id),
        )
        raise_if_hopeless([outcome.error for outcome in asked])
        answered = {outcome.item: outcome for outcome in asked}
        pairs = [(ref, answered[ref].value or [], answered[ref].error) if ref in answered else (ref, [], None)
                 for ref in refs]  # fmt: skip
    wrong = inputs.wrong(refs)
    pairs = [(ref, found, wrong.get(ref) or error) for ref, found, error in pairs]
    results = [
        {
            "instance_id": ref.id,
            "region_id": ref.region,
            "changed": False,
            "snapshots": found,
            "error": error.as_dict() if error else None,
        }
        for ref, found, error in pairs
    ]
    return [one for _ref, found, _error in pairs for one in found], results


def _finished(api: Caller, region: str, found: Iterable[Snapshot], instance_id: str | None) -> Found:
    ordered = sorted(found, key=lambda one: (one["created"] or "", one["snapshot_id"]))
    known = disks.describe(api, [Ref(region, one["disk_id"]) for one in ordered if one["disk_id"]])
    return [_joined(one, region, known.get(Ref(region, one["disk_id"] or "")), instance_id) for one in ordered]


def _joined(snapshot: Snapshot, region: str, disk: disks.Disk | None, instance_id: str | None) -> dict[str, Any]:
    """The tag says to which instance the disk was attached then, the disk where it is attached now."""
    now = (disk["instance_ids"] or [None])[0] if disk else None
    return {
        **snapshot,
        "region_id": region,
        "instance_id": snapshot["tags"].get(tags.INSTANCE_ID) or instance_id or now,
        "device": disk["device"] if disk else "",
    }
