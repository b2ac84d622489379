# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of a host, as types. A fact that could not be read is None, never empty."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.facts_machine import MachineFacts
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.facts_reports import ReportFacts
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.facts_software import SoftwareFacts


class FactsError(ValueError):
    """The probe document is not one; the text is one sentence for the user."""


@dataclass(frozen=True)
class Os:
    """Who the system says it is. `minor` comes from the release file where VERSION_ID has none (CentOS)."""

    id: str
    version_id: str
    name: str
    pretty_name: str
    platform_id: str
    major: int | None
    minor: int | None
    stream: bool


@dataclass(frozen=True)
class Package:
    name: str
    epoch: int
    version: str
    release: str
    arch: str
    vendor: str = ""
    key_id: str = ""
    installed: int | None = None

    @property
    def nevra(self) -> str:
        """As rpm prints it: without an epoch of zero."""
        epoch = f"{self.epoch}:" if self.epoch else ""
        return f"{self.name}-{epoch}{self.version}-{self.release}.{self.arch}"

    @property
    def kernel_release(self) -> str:
        """What `uname -r` prints, where this is a kernel."""
        return f"{self.version}-{self.release}.{self.arch}"


@dataclass(frozen=True)
class Repo:
    file: str
    id: str
    enabled: bool
    urls: tuple[str, ...]
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ModuleStream:
    name: str
    stream: str
    state: str


@dataclass(frozen=True)
class Space:
    """The file system that a directory lies on. Inode counts are None where it has no fixed number of them."""

    path: str
    device: str
    mount: str
    total_mib: int
    free_mib: int
    inodes_total: int | None = None
    inodes_free: int | None = None


@dataclass(frozen=True)
class Mount:
    device: str
    path: str
    type: str
    options: tuple[str, ...]


@dataclass(frozen=True)
class BlockDevice:
    name: str
    type: str
    size: int
    fstype: str
    uuid: str
    label: str
    mount: str


@dataclass(frozen=True)
class BootFile:
    type: str
    size: int
    link: str


@dataclass(frozen=True)
class KernelModule:
    name: str
    flags: str


@dataclass(frozen=True)
class Socket:
    proto: str
    address: str
    port: int
    process: str


@dataclass(frozen=True)
class Unit:
    load: str
    active: str
    sub: str


@dataclass(frozen=True)
class User:
    uid: int
    gid: int
    home: str
    shell: str


@dataclass(frozen=True)
class Address:
    interface: str
    family: str
    address: str


@dataclass(frozen=True)
class Transaction:
    """What the host's package manager says of the real conversion, resolved against the target's repositories.

    `error` is empty where it resolves; `cause` then is, else `repository`, `resolve`, `space` or `unknown`. Packages are
    written as rpm prints them (name-version-release.arch). Sizes are MiB, measured from the packages themselves.
    """

    error: str = ""
    cause: str = ""
    problems: tuple[str, ...] = ()
    installed: tuple[str, ...] = ()
    upgraded: tuple[str, ...] = ()
    downgraded: tuple[tuple[str, str], ...] = ()
    removed: tuple[str, ...] = ()
    no_counterpart: tuple[str, ...] = ()
    missing_streams: tuple[str, ...] = ()
    kernel: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    needs_mib: Mapping[str, int] = field(default_factory=dict)
    unread: Mapping[str, str] = field(default_factory=dict)
    # Why the pinned key cannot be used to verify the target's packages; empty where it can.
    key_problem: str = ""


Lines = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Facts(SoftwareFacts, MachineFacts, ReportFacts):
    """One host at one moment. `unread` says, section by section, why something is not known."""

    unread: Mapping[str, str] = field(default_factory=dict)
    # Seconds since 1970 on the controller when the answer came.
    read_at: int | None = None
    uid: int | None = None
    os: Os | None = None
    os_release: Mapping[str, str] | None = None
    kernel: str | None = None
    boot_id: str | None = None
    machine_id: str | None = None
    cmdline: tuple[str, ...] | None = None
    arch: str | None = None
    hostname: str | None = None
    uptime: float | None = None
    epoch: int | None = None
    taint: int | None = None
    pid1: str | None = None
    packages: tuple[Package, ...] | None = None
    providers: Mapping[str, tuple[str, ...]] | None = None
    repos: tuple[Repo, ...] | None = None
    yum_conf: Mapping[str, str] | None = None
    dnf_vars: Mapping[str, str] | None = None
    versionlocks: tuple[str, ...] | None = None
    module_streams: tuple[ModuleStream, ...] | None = None
    spaces: Mapping[str, Space] | None = None
    mounts: tuple[Mount, ...] | None = None
    fstab: tuple[Mount, ...] | None = None
    fstab_broken: tuple[str, ...] | None = None
    swap_mib: int | None = None
    memory_mib: int | None = None
    memory_available_mib: int | None = None
    cpus: int | None = None
    block: tuple[BlockDevice, ...] | None = None
    md_arrays: tuple[str, ...] | None = None
    boot_files: Mapping[str, BootFile] | None = None
    default_kernel: str | None = None
    grubenv: Mapping[str, str] | None = None
    bls: Mapping[str, Mapping[str, str]] | None = None
    grub_default: Mapping[str, str] | None = None
    sysconfig_kernel: Mapping[str, str] | None = None
    efi: bool | None = None
    secure_boot: bool | None = None
    kernel_modules: tuple[KernelModule, ...] | None = None
    dracut_conf: Lines | None = None
    selinux_configured: str | None = None
    selinux_enforcing: bool | None = None
    fips: bool | None = None
    crypto_policy: str | None = None
    sshd_config: Lines | None = None
    sshd: Mapping[str, tuple[str, ...]] | None = None
    sshd_errors: tuple[str, ...] | None = None
    listening: tuple[Socket, ...] | None = None
    unit_files: Mapping[str, str] | None = None
    units: Mapping[str, Unit] | None = None
    users: Mapping[str, User] | None = None
    groups: Mapping[str, int] | None = None
    cron: Mapping[str, str] | None = None
    hashes: Mapping[str, str] | None = None
    addresses: tuple[Address, ...] | None = None
    routes: tuple[str, ...] | None = None
    interfaces: tuple[str, ...] | None = None
    nameservers: tuple[str, ...] | None = None
    network_files: tuple[str, ...] | None = None
    busy: tuple[str, ...] | None = None
    paths: frozenset[str] | None = None
    virt: str | None = None
    cgroup: tuple[str, ...] | None = None
    tools: Mapping[str, str] | None = None
    immutable: tuple[str, ...] | None = None
    root_links: Mapping[str, str] | None = None
    alternatives: Mapping[str, str] | None = None
    journal: Mapping[str, Mapping[str, str]] | None = None
    site_packages: tuple[str, ...] | None = None

    @property
    def kernels(self) -> tuple[Package, ...] | None:
        """The installed packages that hold a bootable kernel: `kernel` on major version 7, `kernel-core` from 8 on."""
        if self.packages is None:
            return None
        cores = tuple(p for p in self.packages if p.name.startswith("kernel") and p.name.endswith("-core"))
        single = ("kernel", "kernel-ml", "kernel-lt", "kernel-plus", "kernel-rt", "kernel-uek")
        return cores or tuple(p for p in self.packages if p.name in single)

    @property
    def failed_units(self) -> tuple[str, ...] | None:
        return None if self.units is None else tuple(sorted(n for n, u in self.units.items() if u.active == "failed"))

    @property
    def gateways(self) -> tuple[str, ...] | None:
        return None if self.routes is None else tuple(r for r in self.routes if r.startswith("default "))
