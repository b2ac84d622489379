# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Custom images: read, create and delete them, and map snapshots to their disks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from . import answers, inputs, snapshots, tags
from .batch import Ref, each
from .client import Caller, numbered_pages
from .errors import CloudError, LostAnswer
from .snapshots import Snapshot
from .temporary import Found, Marks, client_token

Image = dict[str, Any]

# Without a status, the service shows available images only (documented: SDK text of Status).
STATES = "Creating,Waiting,Available,UnAvailable,CreateFailed"
BROKEN = ("CreateFailed", "UnAvailable")
PAGE = 100
# documented: SDK text of DiskDeviceMapping.
DATA_DISKS = 16
SYSTEM_DEVICE = "/dev/xvda"
# Says how an image was made: the snapshots of one made from an instance go with it.
MODE = "os_migration_image_mode"
_PATH = ("Images", "Image")


@dataclass(frozen=True)
class Source:
    """What an image is made of. snapshots: device -> snapshot id, in the mode snapshots."""

    ref: Ref
    mode: str = "snapshots"
    snapshots: Mapping[str, str] = field(default_factory=dict)


def normalise(raw: Mapping[str, Any]) -> Image:
    return {
        "image_id": answers.ident(raw, "ImageId"),
        "name": answers.text(raw, "ImageName") or "",
        "status": answers.text(raw, "Status"),
        "progress": answers.percent(raw, "Progress"),
        "created": answers.text(raw, "CreationTime"),
        "size_gib": answers.number(raw, "Size"),
        "os_name": answers.text(raw, "OSNameEn") or answers.text(raw, "OSName") or "",
        "disks": [_disk(one) for one in answers.entries(raw, "DiskDeviceMappings", "DiskDeviceMapping")],
        "tags": tags.from_wire(raw.get("Tags")),
    }


def _disk(raw: Mapping[str, Any]) -> dict[str, Any]:
    device = answers.text(raw, "Device") or ""
    return {
        "device": device,
        "type": answers.text(raw, "Type") or ("system" if device == SYSTEM_DEVICE else "data"),
        "size_gib": answers.number(raw, "Size"),
        "snapshot_id": answers.text(raw, "SnapshotId") or None,
    }


def by_tags(api: Caller, region: str, wanted: Mapping[str, str]) -> Found:
    params = {"Status": STATES, "ImageOwnerAlias": "self", "Tag": tags.to_wire(wanted)}
    found = numbered_pages(api, "DescribeImages", region, params, _PATH, PAGE, "ecs")
    images = [one for one in map(normalise, found) if tags.bears(one["tags"], wanted)]
    return {Ref(region, one["image_id"]): one for one in images}


def describe(api: Caller, refs: Iterable[Ref]) -> Found:
    """Images by their ids, one call each, as the service takes a single id; those that do not exist are left out."""

    def read(ref: Ref) -> Found:
        params = {"Status": STATES, "ImageId": ref.id}
        found = numbered_pages(api, "DescribeImages", ref.region, params, _PATH, PAGE, "ecs")
        return {Ref(ref.region, one["image_id"]): one for one in map(normalise, found) if one["image_id"] == ref.id}

    images: Found = {}
    for outcome in each(inputs.sound(refs), read):
        if outcome.error is not None:
            raise outcome.error
        images.update(outcome.value or {})
    return images


def usable(image: Mapping[str, Any], source: Source) -> bool:
    """Whether an image that is there is, or will be, what the source asks for."""
    if image["status"] in BROKEN or image["tags"].get(MODE) != source.mode:
        return False
    held = {disk["snapshot_id"] for disk in image["disks"]}
    return source.mode == "instance" or held == set(source.snapshots.values())


def default_name(marks: Marks, source: Source, prefix: str, attempt: int) -> str:
    """Names are unique in a region, so that an image that failed does not block the next attempt."""
    number = f"-{attempt + 1}" if attempt else ""
    text = re.sub(r"[^\w:.-]", "-", f"{prefix}-{marks.run_id}-{source.ref.id}")
    return text[: 128 - len(number)] + number


def create(api: Caller, source: Source, marks: Marks, name: str, mapping: list[dict[str, Any]], attempt: int) -> str:
    wanted = marks.of_instance(source.ref.id) | {MODE: source.mode}
    params: dict[str, Any] = {"ImageName": name, "Tag": tags.to_wire(wanted)}
    if source.mode == "instance":
        params["InstanceId"] = source.ref.id
    else:
        params["DiskDeviceMapping"] = mapping
    params["ClientToken"] = client_token("CreateImage", source.ref, params, attempt)
    return answers.ident(api.call("CreateImage", source.ref.region, params, resource=source.ref.id), "ImageId")


def disk_mapping(source: Source, known: Mapping[Ref, Snapshot]) -> list[dict[str, Any]]:
    """DiskDeviceMapping of an image: the system disk as /dev/xvda, every data disk where it was, if that can be."""
    pairs = [(device, known[Ref(source.ref.region, one)]) for device, one in source.snapshots.items()]
    pairs.sort(key=lambda pair: (pair[1]["disk_type"] != "system", pair[0]))
    kept = {device for device, one in pairs if one["disk_type"] != "system" and re.fullmatch(r"/dev/xvd[b-z]", device)}
    free = (device for letter in "bcdefghijklmnopqrstuvwxyz" if (device := f"/dev/xvd{letter}") not in kept)
    made = []
    for device, one in pairs:
        is_system = one["disk_type"] == "system"
        made.append({
            "SnapshotId": one["snapshot_id"],
            "Device": SYSTEM_DEVICE if is_system else device if device in kept else next(free),
            "DiskType": "system" if is_system else "data",
        })  # fmt: skip
    return made


def objection(source: Source, known: Mapping[Ref, Snapshot]) -> CloudError | None:
    """Why these snapshots make no image; whether they are accomplished is another matter."""
    ids = list(source.snapshots.values())
    found = [known.get(Ref(source.ref.region, one)) for one in ids]
    missing = [one for one, state in zip(ids, found, strict=True) if state is None]
    present = [one for one in found if one is not None]
    broken = [one["snapshot_id"] for one in present if snapshots.failed(one)]
    systems = sum(one["disk_type"] == "system" for one in present)
    text = None
    if missing:
        text = f"these snapshots do not exist: {', '.join(missing)}"
    elif broken:
        text = f"these snapshots have failed: {', '.join(broken)}"
    elif len(set(ids)) < len(ids):
        text = "one snapshot is named for two devices"
    elif systems != 1:
        text = f"exactly one snapshot of a system disk is needed, and {systems} are named"
    elif len(ids) - 1 > DATA_DISKS:
        text = f"an image takes {DATA_DISKS} data disks, and {len(ids) - 1} are named"
    if text is None:
        return None
    hint = "Give snapshots as ecs_snapshot returns them: one for each device of the instance."
    return CloudError("InvalidSnapshots", f"{source.ref.id}: {text}", resource=source.ref.id, hint=hint)


def delete(api: Caller, image: Ref, force: bool) -> None:
    """Ask for the deletion; a lost answer is settled by looking."""
    params = {"ImageId": image.id} | ({"Force": True} if force else {})
    for attempt in range(3):
        try:
            api.call("DeleteImage", image.region, params, resource=image.id)
            return
        except LostAnswer:
            if image not in describe(api, [image]):
                return
            if attempt == 2:
                raise
        except CloudError as error:
            if error.code == "InvalidImageId.NotFound":
                return
            raise
