"""Images, security groups and vSwitches: what instances are made of and where they are put."""

from __future__ import annotations

import ipaddress
from collections.abc import Container, Iterator
from dataclasses import dataclass, field


@dataclass
class ImageDisk:
    """A disk of an image. `snapshot_id` is also what a test compares: a disk made from it says `restored_from` it."""

    device: str
    type: str
    size_gib: int
    snapshot_id: str | None


@dataclass
class Image:
    image_id: str
    name: str
    description: str
    created: float
    due: float
    disks: list[ImageDisk]
    # What runs on an instance made from it, by the names of the collection's matrix.
    system: str = ""
    os_name: str = ""
    os_type: str = "linux"
    status: str = "Creating"
    owner: str = "self"
    arch: str = "x86_64"
    boot_mode: str = "BIOS"
    nvme: str = "supported"
    platform: str = ""
    product_code: str = ""
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def size_gib(self) -> int:
        return next(disk.size_gib for disk in self.disks if disk.type == "system")

    def progress(self, now: float) -> int:
        if self.status == "Available":
            return 100
        return min(99, max(0, int(100 * (now - self.created) / max(self.due - self.created, 1e-9))))


@dataclass
class Rule:
    """`peers` are the wire fields that say who: SourceCidrIp, DestGroupId and the like."""

    rule_id: str
    direction: str
    protocol: str
    ports: str
    policy: str
    priority: int
    peers: dict[str, str]
    description: str
    created: float

    @property
    def identity(self) -> tuple[object, ...]:
        """Two rules that agree in this are one. The description does not count."""
        return self.direction, self.protocol, self.ports, self.policy, self.priority, tuple(sorted(self.peers.items()))


@dataclass
class SecurityGroup:
    group_id: str
    name: str
    description: str
    vpc_id: str
    type: str
    created: float
    inner_access: str
    rules: list[Rule] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)


@dataclass
class VSwitch:
    vswitch_id: str
    vpc_id: str
    zone_id: str
    cidr: str
    name: str = ""
    is_default: bool = False

    def free(self, taken: Container[str]) -> Iterator[str]:
        """Addresses that an instance can get; the first and the last three are the system's (documented)."""
        network = ipaddress.IPv4Network(self.cidr)
        usable = range(int(network.network_address) + 1, int(network.broadcast_address) - 2)
        return (text for text in map(str, map(ipaddress.IPv4Address, usable)) if text not in taken)
