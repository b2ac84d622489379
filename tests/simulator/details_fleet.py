"""What a fleet says about images, instance types, the account, planned events and load balancers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from .details_world import ACCOUNT, BALANCER_STATES, CYCLE, HEALTH, InstanceType, LoadBalancer, SystemEvent
from .world import Region, make_id

OWNERS = ("system", "self", "others", "marketplace")
BOOT_MODES = ("BIOS", "UEFI", "UEFI-Preferred")
_IMAGE = {"owner", "arch", "boot_mode", "nvme", "platform", "product_code", "status", "os_name"}


def read(region: Region, content: Mapping[str, Any], seed: int) -> None:
    """ValueError where the fleet says something that means nothing."""
    for image_id, entry in (content.get("images") or {}).items():
        _image(region, image_id, entry)
    region.instance_types = {
        name: _type(name, one.arch) for one in region.instances.values() for name in [one.instance_type]
    }
    for name, entry in (content.get("instance_types") or {}).items():
        if entry is None:
            region.instance_types.pop(name, None)
            continue
        _known(entry, {one.name for one in fields(InstanceType)} - {"instance_type"}, f"instance type {name}")
        modes = {"boot_modes": tuple(entry["boot_modes"])} if "boot_modes" in entry else {}
        region.instance_types[name] = replace(InstanceType(name), **{**entry, **modes})
    account = content.get("account") or {}
    _known(account, set(ACCOUNT), f"account in {region.region_id}")
    region.account = {name: str(value) for name, value in account.items()}
    wrong = sorted({one.health for one in region.instances.values()} - set(HEALTH))
    if wrong:
        raise ValueError(f"health {', '.join(wrong)} is none of {', '.join(HEALTH)}")
    for index, entry in enumerate(content.get("load_balancers") or []):
        one = _load_balancer(region, entry, make_id(seed, "lb", f"{region.region_id}:{index}"))
        region.load_balancers[one.load_balancer_id] = one


def _type(name: str, arch: str) -> InstanceType:
    arm = arch == "aarch64"
    return InstanceType(name, architecture="ARM" if arm else "X86", boot_modes=("UEFI",) if arm else ("BIOS", "UEFI"))


def _image(region: Region, image_id: str, entry: Mapping[str, Any] | None) -> None:
    """An image that instances name looks like this; null: it was deleted since."""
    if image_id not in region.images:
        raise ValueError(f"no instance is of the image {image_id}")
    if entry is None:
        del region.images[image_id]
        return
    _known(entry, _IMAGE, f"image {image_id}")
    if entry.get("owner", "system") not in OWNERS or entry.get("boot_mode", "BIOS") not in BOOT_MODES:
        raise ValueError(f"the image {image_id}: no such owner or boot_mode")
    region.images[image_id] = replace(region.images[image_id], **entry)


def _load_balancer(region: Region, entry: Mapping[str, Any], load_balancer_id: str) -> LoadBalancer:
    """Its backends are instances, by name or id."""
    _known(entry, {one.name for one in fields(LoadBalancer)}, f"load balancer in {region.region_id}")
    by_name = {one.name: one.instance_id for one in region.instances.values()}
    backends = [by_name.get(name, name) for name in entry.get("backends") or []]
    made = LoadBalancer(**{"name": "", "load_balancer_id": load_balancer_id, **entry, "backends": backends})
    if made.status not in BALANCER_STATES or not region.instances.keys() >= set(backends):
        raise ValueError(f"the load balancer {made.name}: no such state or backend")
    return made


def events(seed: int, instance_id: str, entries: Sequence[Mapping[str, Any]]) -> list[SystemEvent]:
    made = []
    for index, entry in enumerate(entries):
        _known(entry, {one.name for one in fields(SystemEvent)}, f"event of {instance_id}")
        one = SystemEvent(**{"event_id": make_id(seed, "e", f"{instance_id}:{index}"), **entry})
        if one.status not in CYCLE:
            raise ValueError(f"the event {one.type} of {instance_id}: no such status")
        made.append(one)
    return made


def _known(entry: Mapping[str, Any], names: set[str], what: str) -> None:
    if unknown := set(entry) - names:
        raise ValueError(f"{what}: unknown {', '.join(sorted(unknown))}")
