# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which systems exist, how each is recognised, and which path leads from one to another."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

# id -> (name, ID of os-release, major version, whether NAME says "Stream")
SYSTEMS: dict[str, tuple[str, str, str, bool]] = {
    "alinux2": ("Alibaba Cloud Linux 2", "alinux", "2", False),
    "alinux3": ("Alibaba Cloud Linux 3", "alinux", "3", False),
    "anolis7": ("Anolis OS 7", "anolis", "7", False),
    "anolis8": ("Anolis OS 8", "anolis", "8", False),
    "centos7": ("CentOS 7", "centos", "7", False),
    "centos8": ("CentOS 8", "centos", "8", False),
    # No path starts at a Stream; it is known so that it is never mistaken for the release it resembles.
    "centosstream8": ("CentOS Stream 8", "centos", "8", True),
    "rhel7": ("Red Hat Enterprise Linux 7", "rhel", "7", False),
    "rhel8": ("Red Hat Enterprise Linux 8", "rhel", "8", False),
    "rhel9": ("Red Hat Enterprise Linux 9", "rhel", "9", False),
}

ENGINES = ("distro_sync", "leapp", "convert2rhel", "smc")
# Engines that `auto` never chooses: what they do rests on the cloud's side and on an assumption that the user must know of.
BY_NAME_ONLY = frozenset({"smc"})
X86, ARM = "x86_64", "aarch64"
_ARCH_NAMES = {"amd64": X86, "x64": X86, "arm64": ARM}

SMC_PAGE = "documented: Alibaba Cloud Help Center, Server Migration Center, Migrate a Linux operating system"
SAME_MAJOR = "assumed: both are rebuilds of one major version, so one package transaction can swap them"
SAME_MAJOR_LAB = "lab: one package transaction swapped release and packages on test hosts; " + SAME_MAJOR
ANOLIS_LEAPP = "assumed: the build of Leapp that Anolis OS publishes reaches this major version"
REDHAT_LEAPP = "documented: Red Hat, in-place upgrade with Leapp"
CONVERT2RHEL = "documented: Red Hat, converting from an RPM-based Linux distribution to RHEL"

_NO_ENGINE = "the engine {engine} is not part of this version"
_NOT_PROVEN = "the engine distro_sync has been proven from CentOS 8 to Alibaba Cloud Linux 3 on x86_64 only"


class MatrixError(ValueError):
    """A migration that does not exist, or not yet; the text is one sentence for the user."""


@dataclass(frozen=True)
class OsIdentity:
    """A system that the matrix knows. `version` is VERSION_ID as the host gave it."""

    id: str
    name: str
    version: str


@dataclass(frozen=True)
class Path:
    """One row of the matrix. `condition` limits the source beyond its major version, in words."""

    source: str
    target: str
    arch: str
    engine: str
    source_of_fact: str
    available: bool = False
    reason: str = ""
    condition: str = ""


# arch, source, target, engine, source of the fact, condition
_ROWS: tuple[tuple[str, str, str, str, str, str], ...] = (
    (X86, "centos7", "anolis7", "smc", SMC_PAGE, ""),
    (X86, "centos7", "anolis8", "smc", SMC_PAGE, ""),
    (X86, "centos7", "alinux2", "smc", SMC_PAGE, ""),
    (X86, "centos7", "alinux3", "smc", SMC_PAGE, ""),
    (X86, "centos7", "rhel7", "smc", SMC_PAGE, "CentOS 7.9, and an account that Alibaba Cloud has enabled for it"),
    (X86, "centos8", "anolis8", "smc", SMC_PAGE, ""),
    (X86, "centos8", "alinux3", "smc", SMC_PAGE, ""),
    (X86, "centos8", "rhel8", "smc", SMC_PAGE, "CentOS 8.5, and an account that Alibaba Cloud has enabled for it"),
    (X86, "rhel7", "alinux3", "smc", SMC_PAGE, "RHEL 7.9"),
    (X86, "rhel7", "rhel8", "smc", SMC_PAGE, "RHEL 7.9; the target's minor version cannot be chosen"),
    (X86, "rhel8", "alinux3", "smc", SMC_PAGE, ""),
    (X86, "rhel8", "rhel9", "smc", SMC_PAGE, "the target's minor version cannot be chosen"),
    (X86, "alinux2", "alinux3", "smc", SMC_PAGE, ""),
    (ARM, "centos7", "anolis7", "smc", SMC_PAGE, ""),
    (ARM, "centos7", "anolis8", "smc", SMC_PAGE, ""),
    (ARM, "centos7", "alinux3", "smc", SMC_PAGE, ""),
    (ARM, "centos8", "anolis8", "smc", SMC_PAGE, ""),
    (ARM, "centos8", "alinux3", "smc", SMC_PAGE, ""),
    (X86, "centos7", "anolis7", "distro_sync", SAME_MAJOR, ""),
    (X86, "centos7", "alinux2", "distro_sync", SAME_MAJOR, ""),
    (X86, "centos8", "anolis8", "distro_sync", SAME_MAJOR, ""),
    (X86, "centos8", "alinux3", "distro_sync", SAME_MAJOR_LAB, ""),
    (X86, "rhel8", "anolis8", "distro_sync", SAME_MAJOR, ""),
    (X86, "rhel8", "alinux3", "distro_sync", SAME_MAJOR, ""),
    (ARM, "centos7", "anolis7", "distro_sync", SAME_MAJOR, ""),
    (ARM, "centos8", "anolis8", "distro_sync", SAME_MAJOR, ""),
    (ARM, "centos8", "alinux3", "distro_sync", SAME_MAJOR, ""),
    (X86, "centos7", "anolis8", "leapp", ANOLIS_LEAPP, ""),
    (X86, "centos7", "alinux3", "leapp", ANOLIS_LEAPP, ""),
    (X86, "rhel7", "anolis8", "leapp", ANOLIS_LEAPP, ""),
    (X86, "rhel7", "alinux3", "leapp", ANOLIS_LEAPP, ""),
    (X86, "alinux2", "anolis8", "leapp", ANOLIS_LEAPP, ""),
    (X86, "alinux2", "alinux3", "leapp", ANOLIS_LEAPP, ""),
    (X86, "rhel7", "rhel8", "leapp", REDHAT_LEAPP, "RHEL 7.9"),
    (X86, "rhel8", "rhel9", "leapp", REDHAT_LEAPP, ""),
    (X86, "centos7", "rhel7", "convert2rhel", CONVERT2RHEL, "CentOS 7.9"),
    (X86, "centos8", "rhel8", "convert2rhel", CONVERT2RHEL, "CentOS 8.5"),
)

# What this version can do, beside all that the cloud does itself. The rest is listed, and refused with the reason.
_AVAILABLE = frozenset({(X86, "centos8", "alinux3", "distro_sync")})


def _path(row: tuple[str, str, str, str, str, str]) -> Path:
    arch, source, target, engine, fact, condition = row
    available = engine == "smc" or (arch, source, target, engine) in _AVAILABLE
    if available:
        reason = ""
    elif engine == "distro_sync":
        reason = _NOT_PROVEN
    else:
        reason = _NO_ENGINE.format(engine=engine)
    return Path(source, target, arch, engine, fact, available, reason, condition)


MATRIX: tuple[Path, ...] = tuple(map(_path, _ROWS))
TARGETS: tuple[str, ...] = tuple(sorted({path.target for path in MATRIX}))
SOURCES: tuple[str, ...] = tuple(sorted({path.source for path in MATRIX}))


def name_of(system: str) -> str:
    """The name of a system for people; an unknown id stands for itself."""
    return SYSTEMS[system][0] if system in SYSTEMS else system


def normalize_arch(arch: str) -> str:
    """The machine name as `uname -m` prints it; the cloud's API says arm64 and amd64."""
    lowered = arch.strip().lower()
    return _ARCH_NAMES.get(lowered, lowered)


def identify(os_release: Mapping[str, str]) -> OsIdentity | None:
    """The system that an os-release file describes, or None where the matrix does not know it."""
    distribution = (os_release.get("ID") or "").strip().lower()
    version = (os_release.get("VERSION_ID") or "").strip()
    major = re.match(r"\d+", version)
    if not major:
        return None
    stream = "stream" in (os_release.get("NAME") or "").lower()
    for system, (name, known_id, known_major, known_stream) in SYSTEMS.items():
        if (known_id, known_major, known_stream) == (distribution, major[0], stream):
            return OsIdentity(system, name, version)
    return None


def paths(source: str, arch: str) -> list[Path]:
    """Every row that starts at a system on an architecture, whether this version can take it or not."""
    machine = normalize_arch(arch)
    return [path for path in MATRIX if path.source == source and path.arch == machine]


def choose(source: str, target: str, arch: str, engine: str = "auto") -> Path:
    """The path to take, or MatrixError with one sentence that says what would work."""
    machine = normalize_arch(arch)
    if target not in TARGETS:
        raise MatrixError(f"The target {target!r} is not known; the known targets are {', '.join(TARGETS)}.")
    if engine != "auto" and engine not in ENGINES:
        raise MatrixError(f"The engine {engine!r} is not known; the known engines are auto, {', '.join(ENGINES)}.")
    if source == target:
        raise MatrixError(f"The host runs {name_of(target)} already, so there is nothing to migrate.")
    rows = paths(source, machine)
    if not rows:
        raise MatrixError(f"No migration starts at {name_of(source)} on {machine}; {_starts(machine)}.")
    rows = [path for path in rows if path.target == target]
    if not rows:
        targets = ", ".join(sorted({path.target for path in paths(source, machine)}))
        raise MatrixError(
            f"No migration leads from {name_of(source)} to {name_of(target)} on {machine};"
            f" from there the targets are {targets}."
        )
    return _pick(rows, engine)


def _starts(machine: str) -> str:
    sources = sorted({path.source for path in MATRIX if path.arch == machine})
    if not sources:
        return f"the known architectures are {X86} and {ARM}"
    return f"it can start at {', '.join(sources)}"


def _pick(rows: list[Path], engine: str) -> Path:
    way = f"from {name_of(rows[0].source)} to {name_of(rows[0].target)} on {rows[0].arch}"
    wanted = [path for path in rows if engine in ("auto", path.engine)]
    if not wanted:
        engines = ", ".join(path.engine for path in rows)
        raise MatrixError(f"The engine {engine} does not lead {way}; the engines that do are {engines}.")
    usable = sorted((path for path in wanted if path.available), key=lambda path: ENGINES.index(path.engine))
    if engine == "auto":
        named = [path.engine for path in usable if path.engine in BY_NAME_ONLY]
        usable = [path for path in usable if path.engine not in BY_NAME_ONLY]
        if not usable and named:
            raise MatrixError(
                f"The migration {way} needs the engine {named[0]}, which is taken only when it is asked for by name."
            )
    if not usable:
        reasons = "; ".join(dict.fromkeys(path.reason for path in wanted))
        raise MatrixError(f"The migration {way} is known but not available in this version: {reasons}.")
    return usable[0]
