"""The state of the simulated cloud. Pure: no I/O, no clock; every change that takes time is a scheduled event."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from .assistant_world import Agent, Assistant, Invocation
from .compute_world import Image, SecurityGroup, VSwitch
from .details_world import InstanceType, LoadBalancer, SystemEvent
from .smc_world import Smc

ESSD = ("cloud_essd", "cloud_auto", "cloud_essd_entry", "cloud_regional_disk_auto")
_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass
class Work:
    """Something a driver does to a real host; the server sets `done` and, where it failed, `error`.

    stdin and output may bear secrets: neither is ever written down.
    overlaps: it need not wait for what else is done to the host.
    """

    verb: str
    arguments: tuple[str, ...]
    host: str
    done: bool = False
    error: str | None = None
    stdin: bytes | None = field(default=None, repr=False)
    output: str = field(default="", repr=False)
    overlaps: bool = False
    limit_s: float | None = None


@dataclass
class Disk:
    disk_id: str
    name: str
    type: str
    category: str
    size_gib: int
    device: str
    zone_id: str
    created: float
    instance_id: str | None
    encrypted: bool = False
    multi_attach: bool = False
    driver_disk: str | None = None
    status: str = "In_use"
    # Whose content it bears: the snapshot, or the public image, that it was last made from or rolled back to.
    restored_from: str | None = None
    # The snapshot that it was created from, which therefore cannot be deleted without force.
    source_snapshot_id: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    # Wire fields that are shown as they are and have no effect here.
    shown: dict[str, Any] = field(default_factory=dict)

    @property
    def resetting(self) -> bool:
        return self.status == "ReIniting"


@dataclass
class Instance:
    instance_id: str
    name: str
    hostname: str
    zone_id: str
    status: str
    instance_type: str
    image_id: str
    os_name: str
    os_type: str
    charge_type: str
    private_ip: str
    public_ip: str | None
    created: float
    disk_ids: list[str]
    driver_host: str | None = None
    stopped_mode: str = "Not-applicable"
    spot_strategy: str = "NoSpot"
    deletion_protection: bool = False
    # What runs on it, by the names of the collection's matrix (centos8, alinux3), and until when it still works on that.
    system: str = ""
    arch: str = "x86_64"
    settling_until: float = 0.0
    agent: Agent = field(default_factory=Agent)
    operation_locks: list[str] = field(default_factory=list)
    vpc_id: str = ""
    vswitch_id: str = ""
    security_group_ids: list[str] = field(default_factory=list)
    auto_release_time: str = ""
    key_pair_name: str = ""
    ram_role_name: str = ""
    user_data: str = ""
    bandwidth_out: int = 0
    description: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    health: str = "Ok"
    events: list[SystemEvent] = field(default_factory=list)
    # Wire fields that are shown as they are and have no effect here.
    shown: dict[str, Any] = field(default_factory=dict)


@dataclass
class Snapshot:
    snapshot_id: str
    name: str
    description: str
    disk_id: str
    instance_id: str | None
    disk_type: str
    size_gib: int
    encrypted: bool
    instant: bool
    # What ran on the instance when it was made.
    system: str
    created: float
    usable_at: float
    due: float
    retention_days: int | None = None
    group_id: str | None = None
    status: str = "progressing"
    fails_at: int | None = None
    work: Work | None = None
    tags: dict[str, str] = field(default_factory=dict)

    def available(self, now: float) -> bool:
        """Usable for a rollback: an ESSD's snapshot is so before its upload ends (instant access)."""
        if self.status != "progressing":
            return self.status == "accomplished"
        worked = self.work is None or (self.work.done and self.work.error is None)
        return self.instant and worked and now >= self.usable_at

    @property
    def ends(self) -> float:
        """When it is complete, or has failed at the percentage at which it was told to."""
        share = 1 if self.fails_at is None else self.fails_at / 100
        return self.created + (self.due - self.created) * share

    def progress(self, now: float) -> int:
        if self.status == "accomplished":
            return 100
        most = 99 if self.fails_at is None else self.fails_at
        return min(most, max(0, int(100 * (now - self.created) / max(self.due - self.created, 1e-9))))


@dataclass
class Group:
    group_id: str
    name: str
    description: str
    instance_id: str
    created: float
    snapshot_ids: list[str]
    tags: dict[str, str] = field(default_factory=dict)


@dataclass
class Region:
    region_id: str
    snapshot_quota: int
    instances: dict[str, Instance] = field(default_factory=dict)
    disks: dict[str, Disk] = field(default_factory=dict)
    snapshots: dict[str, Snapshot] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    invocations: dict[str, Invocation] = field(default_factory=dict)
    image_quota: int = 100
    security_group_quota: int = 100
    instance_quota: int = 10_000
    images: dict[str, Image] = field(default_factory=dict)
    security_groups: dict[str, SecurityGroup] = field(default_factory=dict)
    vswitches: dict[str, VSwitch] = field(default_factory=dict)
    instance_types: dict[str, InstanceType] = field(default_factory=dict)
    account: dict[str, str] = field(default_factory=dict)
    load_balancers: dict[str, LoadBalancer] = field(default_factory=dict)

    def disks_of(self, instance: Instance) -> list[Disk]:
        return [self.disks[disk_id] for disk_id in instance.disk_ids]

    def instance_of(self, disk: Disk) -> Instance | None:
        return self.instances.get(disk.instance_id or "")

    def type_of(self, instance: Instance) -> InstanceType:
        return self.instance_types.get(instance.instance_type) or InstanceType(instance.instance_type)

    def unfinished(self, disk_id: str) -> Iterator[Snapshot]:
        return (one for one in self.snapshots.values() if one.disk_id == disk_id and one.status == "progressing")


@dataclass(frozen=True)
class Timing:
    """Virtual seconds. Nothing official is published, so these are plausible and the fleet may change them."""

    snapshot_base_s: float = 60
    snapshot_per_gib_s: float = 1.5
    stop_s: float = 30
    start_s: float = 40
    reset_s: float = 60
    image_s: float = 120
    create_s: float = 20
    release_s: float = 10
    assistant_boot_s: float = 20
    assistant_deliver_s: float = 1
    smc_import_s: float = 30
    smc_prepare_s: float = 60
    smc_sync_s: float = 60
    smc_process_s: float = 900
    smc_clean_s: float = 30
    smc_settle_s: float = 1200
    smc_delete_s: float = 5


Finish = Callable[[bool, float], None]


@dataclass(order=True)
class Event:
    due: float
    number: int
    finish: Finish = field(compare=False)
    work: Work | None = field(compare=False, default=None)


@dataclass
class World:
    seed: int
    timing: Timing
    regions: dict[str, Region] = field(default_factory=dict)
    smc: Smc = field(default_factory=Smc)
    outbox: list[Work] = field(default_factory=list)
    cancelled: list[Work] = field(default_factory=list)
    assistant: Assistant = field(default_factory=Assistant)
    # Whether clients on real hosts import them as migration sources; and what waits for the next one.
    ssh_import: bool = False
    watch: Work | None = None
    # What is to become of the work that the call in hand asks for: its first piece fails, all of it never ends, its
    # snapshots fail at this percentage.
    fail_work: bool = False
    stuck_work: bool = False
    fail_percent: int | None = None
    _events: list[Event] = field(default_factory=list)
    _blocked: list[Event] = field(default_factory=list)
    _number: int = 0

    def new_id(self, prefix: str) -> str:
        self._number += 1
        return make_id(self.seed, prefix, f"new:{self._number}")

    def schedule(self, due: float, finish: Finish, work: Work | None = None) -> Work | None:
        """At `due`, and not before `work` is done, call `finish(succeeded, at)`. Returns the work waited for."""
        self._number += 1
        if self.stuck_work:
            return Work("none", (), "")
        if self.fail_work:
            self.fail_work = False
            work = Work("none", (), "", done=True, error="told to fail")
        elif work is not None:
            self.outbox.append(work)
        heapq.heappush(self._events, Event(due, self._number, finish, work))
        return work

    def follow(self, due: float, finish: Finish, work: Work) -> None:
        """As `schedule`, for work that has been asked for already."""
        self._number += 1
        heapq.heappush(self._events, Event(due, self._number, finish, work))

    def do(self, work: Work) -> None:
        self.outbox.append(work)

    def settle(self, now: float) -> None:
        """Let everything happen that was due by now; events in the order of their time."""
        for event in [one for one in self._blocked if one.work is not None and one.work.done]:
            self._blocked.remove(event)
            event.finish(event.work is None or event.work.error is None, now)
        while self._events and self._events[0].due <= now:
            event = heapq.heappop(self._events)
            if event.work is not None and not event.work.done:
                self._blocked.append(event)
            else:
                event.finish(event.work is None or event.work.error is None, event.due)


def make_id(seed: int, prefix: str, key: str) -> str:
    number = int.from_bytes(hashlib.sha256(f"{seed}:{prefix}:{key}".encode()).digest()[:13], "big")
    letters = ""
    while len(letters) < 17:
        number, digit = divmod(number, 36)
        letters += _ALPHABET[digit]
    return f"{prefix}-sim{letters}"
