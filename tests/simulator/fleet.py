"""Reads a fleet file: which accounts, regions, instances and disks there are, how fast things go, what goes wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from . import assistant_fleet, details_fleet, policy
from .assistant_world import PRESENCES, Agent, Assistant
from .compute_world import Image, ImageDisk, SecurityGroup, VSwitch
from .details_world import SystemEvent
from .faults import Fault, mistake
from .operations import OPERATIONS
from .smc_world import PATHS, SYSTEM_VALUES, Quota, Smc, Source, TargetRule
from .wire import Account
from .world import Disk, Instance, Region, Timing, World, make_id

DEFAULT_ACCOUNT = Account("simulator-access-key-id", "simulator-access-key-secret")
_TOP = {"accounts", "clock_rate", "clock_base", "seed", "timing", "driver", "regions", "quota", "faults", "smc"}
_TOP |= {"assistant", "quota_hint"}
_INSTANCE = {
    "name",
    "assistant",
    "users",
    "count",
    "instance_id",
    "driver_host",
    "private_ip",
    "public_ip",
    "status",
    "instance_type",
    "image_id",
    "os_name",
    "os_type",
    "tags",
    "charge_type",
    "disks",
    "zone_id",
    "hostname",
    "spot_strategy",
    "deletion_protection",
    "operation_locks",
    "system",
    "arch",
    "health",
    "events",
    "shown",
}
_REGION = {
    "instances",
    "snapshot_quota",
    "zone_id",
    "image_quota",
    "security_group_quota",
    "instance_quota",
    "vswitches",
    "images",
    "instance_types",
    "account",
    "load_balancers",
}
_DISK = {
    "type",
    "driver_disk",
    "size_gib",
    "category",
    "encrypted",
    "multi_attach",
    "disk_id",
    "tags",
    "device",
    "name",
    "shown",
}
_SYSTEM_DISK = {"type": "system", "size_gib": 40, "category": "cloud_essd"}


class FleetError(ValueError):
    """The fleet file says something that means nothing."""


@dataclass(frozen=True)
class Driver:
    command: tuple[str, ...]
    timeout_s: float = 900
    parallel: int = 4


@dataclass(frozen=True)
class Settings:
    accounts: dict[str, Account]
    clock_rate: float
    clock_base: float | None
    seed: int
    timing: Timing
    driver: Driver | None
    quota: dict[str, int]
    quota_hint: bool
    faults: tuple[Fault, ...]
    regions: dict[str, Any]
    smc: dict[str, Any] = field(default_factory=dict)
    assistant: Assistant = field(default_factory=Assistant)


def settings(document: Any, folder: Path = Path()) -> Settings:
    """`folder` is that of the fleet file, where the paths in it begin."""
    if not isinstance(document, dict):
        raise FleetError("the fleet is not a mapping")
    _known(document, _TOP, "fleet")
    accounts = [_account(one, folder) for one in document.get("accounts") or []] or [DEFAULT_ACCOUNT]
    driver = document.get("driver")
    regions = document.get("regions")
    if not isinstance(regions, dict) or not regions:
        raise FleetError("the fleet needs at least one region")
    return Settings(
        accounts={one.access_key_id: one for one in accounts},
        clock_rate=float(document.get("clock_rate", 600)),
        clock_base=document.get("clock_base"),
        seed=int(document.get("seed", 1)),
        timing=_make(Timing, document.get("timing") or {}, "timing"),
        driver=_driver(driver) if driver else None,
        quota={name: int(number) for name, number in (document.get("quota") or {}).items()},
        quota_hint=bool(document.get("quota_hint", False)),
        faults=faults(document.get("faults") or []),
        regions=regions,
        smc=document.get("smc") or {},
        assistant=_assistant(document.get("assistant") or {}, folder),
    )


def _assistant(entry: Mapping[str, Any], folder: Path) -> Assistant:
    try:
        return assistant_fleet.read(entry, folder)
    except ValueError as error:
        raise FleetError(f"assistant: {error}") from error


def faults(rules: Any) -> tuple[Fault, ...]:
    if not isinstance(rules, list):
        raise FleetError("faults is not a list")
    made = tuple(_make(Fault, rule, "fault") for rule in rules)
    for one in made:
        if wrong := mistake(one):
            raise FleetError(wrong)
        if not any(one.fits(name, product, op.mutating, one.match) for (product, name), op in OPERATIONS.items()):
            raise FleetError(f"a fault {one.kind} of {one.op} happens to no operation")
    return made


def build(given: Settings, now: float) -> World:
    """Make the world that the fleet describes; the same seed gives the same ids."""
    world = World(given.seed, given.timing, assistant=given.assistant)
    world.ssh_import = bool(given.smc.get("ssh_import"))
    address = 0
    for region_id, content in given.regions.items():
        content = content or {}
        _known(content, _REGION, f"region {region_id}")
        region = world.regions[region_id] = Region(region_id, int(content.get("snapshot_quota", 256)))
        for quota in ("image_quota", "security_group_quota", "instance_quota"):
            setattr(region, quota, int(content.get(quota, getattr(region, quota))))
        for entry in content.get("instances") or []:
            _known(entry, _INSTANCE, "instance")
            if not entry.get("name"):
                raise FleetError("an instance has no name")
            count = int(entry.get("count", 1))
            for index in range(1, count + 1):
                address += 1
                name = entry["name"] if "count" not in entry else f"{entry['name']}-{index:04d}"
                zone = entry.get("zone_id") or content.get("zone_id") or f"{region_id}-a"
                _add(world, region, entry, name, zone, address, now)
        _surroundings(region, content, now, world.seed)
    world.smc = _smc(world, given.smc, now)
    return world


def _smc(world: World, given: Mapping[str, Any], now: float) -> Smc:
    """The account's migration center, with the sources that are there already."""
    _known(given, {"role", "verified", "quota", "target_os", "import_errors", "sources", "ssh_import"}, "smc")
    rule: TargetRule = _make(TargetRule, given.get("target_os") or {}, "smc.target_os")
    if rule.where not in ("parameters", "query"):
        raise FleetError("smc.target_os.where is parameters or query")
    smc = Smc(
        role=bool(given.get("role", True)),
        verified=bool(given.get("verified", True)),
        quota=_make(Quota, given.get("quota") or {}, "smc.quota"),
        target_os=replace(rule, values={**SYSTEM_VALUES, **rule.values}),
        import_errors=dict(given.get("import_errors") or {}),
    )
    for index, entry in enumerate(given.get("sources") or []):
        source_id = make_id(world.seed, "s", f"source:{index}")
        one: Source = _make(Source, {"source_id": source_id, "ipv4": "", "created": now, **_host(entry)}, "smc.sources")
        if one.arch not in PATHS or one.state not in ("Unavailable", "Available"):
            raise FleetError(f"the source {one.name}: no such arch or state")
        _place(world, one)
        smc.sources[one.source_id] = one
    return smc


def _host(entry: Mapping[str, Any]) -> dict[str, Any]:
    name = entry.get("name") or entry.get("hostname") or ""
    return {**entry, "name": name, "hostname": entry.get("hostname") or name, "tags": _tags(entry)}


def _place(world: World, source: Source) -> None:
    """The instance that a source is: the one that is named, else the only one with its address."""
    found = [
        (region.region_id, one.instance_id)
        for region in world.regions.values()
        for one in region.instances.values()
        if (one.instance_id == source.instance_id if source.instance_id else one.private_ip == source.ipv4)
        and source.region_id in (None, region.region_id)
    ]
    if source.instance_id and len(found) != 1:
        raise FleetError(f"the source {source.name} is of no known instance")
    if len(found) == 1:
        source.region_id, source.instance_id = found[0]


def _surroundings(region: Region, content: Mapping[str, Any], now: float, seed: int) -> None:
    """The network that the instances are in, further vSwitches, and the public images that they were made from."""
    vpc_id = f"vpc-{region.region_id}"
    group_id = f"sg-{region.region_id}"
    region.security_groups[group_id] = SecurityGroup(
        group_id, "default", "", vpc_id, "normal", now - 86400, inner_access="Accept"
    )
    for index, zone in enumerate(dict.fromkeys(one.zone_id for one in region.instances.values())):
        vswitch_id = f"vsw-{zone}"
        region.vswitches[vswitch_id] = VSwitch(vswitch_id, vpc_id, zone, f"172.{16 + index}.0.0/16", is_default=True)
    for entry in content.get("vswitches") or []:
        given: VSwitch = _make(VSwitch, {"vpc_id": vpc_id, "zone_id": f"{region.region_id}-a", **entry}, "vswitch")
        region.vswitches[given.vswitch_id] = given
    for one in region.instances.values():
        one.vpc_id, one.vswitch_id, one.security_group_ids = vpc_id, f"vsw-{one.zone_id}", [group_id]
        region.images.setdefault(one.image_id, _public_image(one, now))
    try:
        details_fleet.read(region, content, seed)
    except ValueError as error:
        raise FleetError(f"region {region.region_id}: {error}") from error


def _public_image(one: Instance, now: float) -> Image:
    return Image(
        image_id=one.image_id,
        name=one.image_id,
        description="",
        created=now - 86400,
        due=now - 86400,
        disks=[ImageDisk("/dev/xvda", "system", 20, None)],
        system=one.system,
        os_name=one.os_name,
        os_type=one.os_type,
        status="Available",
        owner="system",
        arch="arm64" if one.arch == "aarch64" else one.arch,
        boot_mode="UEFI" if one.arch == "aarch64" else "BIOS",
        platform=one.os_name.split()[0] if one.os_name else "",
    )


def _add(
    world: World, region: Region, entry: Mapping[str, Any], name: str, zone: str, address: int, now: float
) -> None:
    instance_id = entry.get("instance_id") if "count" not in entry else None
    instance_id = instance_id or make_id(world.seed, "i", f"{region.region_id}:{name}")
    if instance_id in region.instances:
        raise FleetError(f"two instances are {instance_id}")
    disks = [_disk(world, one, index, instance_id, name, zone, now)
             for index, one in enumerate(entry.get("disks") or [_SYSTEM_DISK])]  # fmt: skip
    region.disks |= {disk.disk_id: disk for disk in disks}
    status = entry.get("status", "Running")
    private_ip = entry.get("private_ip") if "count" not in entry else None
    region.instances[instance_id] = Instance(
        instance_id=instance_id,
        name=name,
        hostname=entry.get("hostname") or name,
        zone_id=zone,
        status=status,
        instance_type=entry.get("instance_type", "ecs.g6.large"),
        image_id=entry.get("image_id", "centos_7_9_x64_20G_alibase_20240628.vhd"),
        os_name=entry.get("os_name", "CentOS  7.9 64 bit"),
        os_type=entry.get("os_type", "linux"),
        charge_type=entry.get("charge_type", "PostPaid"),
        private_ip=private_ip or f"10.{address >> 16 & 255}.{address >> 8 & 255}.{address & 255}",
        public_ip=entry.get("public_ip"),
        created=now - 86400,
        disk_ids=[disk.disk_id for disk in disks],
        driver_host=entry.get("driver_host"),
        stopped_mode="KeepCharging" if status == "Stopped" else "Not-applicable",
        spot_strategy=entry.get("spot_strategy", "NoSpot"),
        deletion_protection=bool(entry.get("deletion_protection", False)),
        system=entry.get("system", "centos7"),
        agent=_agent(entry, status, now),
        arch=entry.get("arch", "x86_64"),
        operation_locks=list(entry.get("operation_locks") or []),
        tags=_tags(entry),
        health=entry.get("health", "Ok"),
        events=_events(world, instance_id, entry),
        shown=dict(entry.get("shown") or {}),
    )


def _events(world: World, instance_id: str, entry: Mapping[str, Any]) -> list[SystemEvent]:
    try:
        return details_fleet.events(world.seed, instance_id, entry.get("events") or [])
    except ValueError as error:
        raise FleetError(str(error)) from error


def _disk(world: World, entry: Mapping[str, Any], index: int, owner: str, name: str, zone: str, now: float) -> Disk:
    _known(entry, _DISK, "disk")
    if entry.get("type") not in ("system", "data"):
        raise FleetError(f"a disk of {name} is neither system nor data")
    disk_id = entry.get("disk_id") or make_id(world.seed, "d", f"{owner}:{index}")
    return Disk(
        disk_id=disk_id,
        name=entry.get("name") or f"{name}-{entry['type']}-{index}",
        type=entry["type"],
        category=entry.get("category", "cloud_essd"),
        size_gib=int(entry.get("size_gib", 40)),
        device=entry.get("device") or f"/dev/xvd{chr(ord('a') + index)}",
        zone_id=zone,
        created=now - 86400,
        instance_id=owner,
        encrypted=bool(entry.get("encrypted", False)),
        multi_attach=bool(entry.get("multi_attach", False)),
        driver_disk=entry.get("driver_disk"),
        tags=_tags(entry),
        shown=dict(entry.get("shown") or {}),
    )


def _agent(entry: Mapping[str, Any], status: str, now: float) -> Agent:
    presence = entry.get("assistant", "online")
    if presence not in PRESENCES:
        raise FleetError(f"assistant {presence!r} is none of {', '.join(PRESENCES)}")
    users = ("root", *(str(name) for name in entry.get("users") or ()))
    return Agent(presence, now - 86400 if status == "Running" else None, users=users)


def _tags(entry: Mapping[str, Any]) -> dict[str, str]:
    return {str(key): str(value) for key, value in (entry.get("tags") or {}).items()}


def _account(entry: Mapping[str, Any], folder: Path) -> Account:
    """`policy` is a RAM policy, or the name of a file with one."""
    _known(entry, {"access_key_id", "access_key_secret", "security_token", "expires_s", "policy"}, "account")
    given = entry.get("policy")
    if given is None:
        made: Account = _make(Account, entry, "account")
        return made
    try:
        document = json.loads((folder / given).read_text()) if isinstance(given, str) else given
        made = _make(Account, {**entry, "policy": policy.parse(document)}, "account")
    except (ValueError, OSError) as error:
        raise FleetError(f"the policy of {entry.get('access_key_id')}: {error}") from error
    return made


def _driver(entry: Mapping[str, Any]) -> Driver:
    made: Driver = _make(Driver, {**entry, "command": tuple(entry.get("command") or ())}, "driver")
    if not made.command:
        raise FleetError("the driver has no command")
    return made


def _make(cls: Any, entry: Mapping[str, Any], what: str) -> Any:
    _known(entry, {one.name for one in fields(cls)}, what)
    try:
        return cls(**entry)
    except TypeError as error:
        raise FleetError(f"{what}: {error}") from error


def _known(entry: Mapping[str, Any], names: set[str], what: str) -> None:
    if unknown := set(entry) - names:
        raise FleetError(f"{what}: unknown {', '.join(sorted(unknown))}")
