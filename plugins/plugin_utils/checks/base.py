# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a check is, what it may look at, and the register of all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.facts_types import Facts, Package, Transaction
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.facts_vendors import vendors_of
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.findings import (
    GRADES,
    SEVERITIES,
    Finding,
    bounded,
)
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.matrix import ENGINES, Path

T = TypeVar("T")

# Sources that several checks share.
SMC_LIMITS = "Server Migration Center: limits of migrating a Linux operating system"
SMC_DRILL = "Server Migration Center: items of the migration drill"
LEAPP = "Leapp: checks of the in-place upgrade"
CONVERT2RHEL = "convert2rhel: system checks"
KNOWN_FAILURE = "public reports of failed conversions"


class UnknownFact(Exception):
    """A check cannot tell: a fact that it needs is not known, or says too little."""

    def __init__(self, fact: str, reason: str = "it was not read") -> None:
        super().__init__(fact)
        self.fact, self.reason = fact, reason


def package_manager(source: str) -> str:
    """The command of the package manager on a source: yum up to major version 7, dnf from 8 on."""
    return "yum" if source in ("centos7", "rhel7", "alinux2") else "dnf"


def need(value: T | None, fact: str) -> T:
    """A fact that is known, or the end of this check."""
    if value is None:
        raise UnknownFact(fact)
    return value


@dataclass(frozen=True)
class Context:
    """One host on one path.

    `cloud` is the instance as the cloud describes it, `transaction` what the package manager of the host says of the
    real conversion; each is None where nobody asked.
    """

    facts: Facts
    cloud: Mapping[str, Any] | None
    path: Path
    transaction: Transaction | None = None

    @property
    def packages(self) -> tuple[Package, ...]:
        """The installed packages, without the pseudo packages that stand for keys."""
        return tuple(p for p in need(self.facts.packages, "packages") if p.name != "gpg-pubkey")

    @property
    def disks(self) -> list[Mapping[str, Any]]:
        disks = (self.cloud or {}).get("disks")
        if not isinstance(disks, list):
            raise UnknownFact("disks")
        return [disk for disk in disks if isinstance(disk, Mapping)]

    def from_source(self, package: Package) -> bool:
        return package.vendor.startswith(vendors_of(self.path.source))


Judge = Callable[[Context], Iterable[str] | None]


@dataclass(frozen=True)
class Check:
    id: str
    title: str
    severity: str
    area: str
    remediation: str
    command: str | None
    source: str
    grade: str
    engines: tuple[str, ...]
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    judge: Judge
    severities: Mapping[str, str] = field(default_factory=dict)
    remedy: str = ""
    waivable: bool = True

    def severity_on(self, path: Path) -> str:
        """How much it matters on this path: by the engine, else as registered."""
        return self.severities.get(path.engine, self.severity)

    def applies(self, context: Context) -> bool:
        path = context.path
        about_cloud = self.area.startswith("cloud")
        if (about_cloud and context.cloud is None) or (self.area == "transaction" and not context.transaction):
            return False
        return (
            path.engine in self.engines
            and (not self.sources or path.source in self.sources)
            and (not self.targets or path.target in self.targets)
        )

    def run(self, context: Context) -> Finding | None:
        """What the check says, or None where all is well."""
        try:
            evidence = bounded(self.judge(context) or ())
            return self.finding(context.path, "fired", evidence) if evidence else None
        except UnknownFact as unknown:
            reason = context.facts.unread.get(unknown.fact, unknown.reason)
            return self.finding(context.path, "unknown", (f"{unknown.fact} is not known ({reason})",))

    def finding(self, path: Path, status: str, evidence: tuple[str, ...]) -> Finding:
        """What the check says on a path; `status` is fired or unknown."""
        rank = SEVERITIES.index(self.severity_on(path))
        # Not knowing is not the same as being well: one step below what the check itself would say.
        severity = SEVERITIES[rank if status == "fired" else min(rank + 1, len(SEVERITIES) - 1)]
        command = self.command and self.command.replace("{manager}", package_manager(path.source))
        return Finding(
            self.id, self.title, severity, status, self.area, evidence, self.remediation, command, self.source, self.grade,
            self.remedy,
        )  # fmt: skip


REGISTER: dict[str, Check] = {}


def check(
    *,
    id: str,
    title: str,
    severity: str,
    area: str,
    remediation: str,
    source: str,
    grade: str,
    command: str | None = None,
    engines: tuple[str, ...] = ENGINES,
    sources: tuple[str, ...] = (),
    targets: tuple[str, ...] = (),
    severities: Mapping[str, str] | None = None,
    remedy: str = "",
    waivable: bool = True,
) -> Callable[[Judge], Judge]:
    """Registers a function as a check; it returns the evidence, and nothing where all is well.

    `severities` says for which engines it matters more or less than `severity`; `remedy` is the id with which the role
    remediate resolves it; `{manager}` in `command` becomes yum or dnf. What is not waivable cannot be accepted by
    anybody, because then there would be no way forward or none back.
    """
    known = {severity, *(severities or {}).values()} <= set(SEVERITIES) and set(severities or {}) <= set(ENGINES)
    if id in REGISTER or not known or grade not in GRADES:
        raise ValueError(f"the check {id} is registered twice, or its severity, engine or grade does not exist")

    def register(judge: Judge) -> Judge:
        REGISTER[id] = Check(
            id, title, severity, area, remediation, command, source, grade, engines, sources, targets, judge,
            severities or {}, remedy, waivable,
        )  # fmt: skip
        return judge

    return register
