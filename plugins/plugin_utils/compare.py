# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares a host after a migration, or after a rollback, with what it was before."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.compare_items import (
    Comparison,
    addresses,
    command_line,
    contents,
    mounts,
    nameservers,
    ports,
    routes,
    services,
    sshd,
    users,
)
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.facts_types import Facts
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.facts_vendors import TAGS, vendors_of
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.matrix import identify, name_of

T = TypeVar("T")


@dataclass(frozen=True)
class Expectation:
    """What the host must be after a migration. `kernel_tag` is part of its kernel's release, such as ".al8"."""

    target: str
    kernel_tag: str = ""
    source_vendors: tuple[str, ...] = ()
    ignored_services: tuple[str, ...] = ()
    ignored_ports: tuple[str, ...] = ()

    @classmethod
    def for_path(cls, source: str, target: str) -> Expectation:
        """What a host must be that went from one system to another; both are ids of the matrix."""
        return cls(target, TAGS.get(target, ""), vendors_of(source))


def compare(before: Facts, after: Facts, expectation: Expectation) -> Comparison:
    """A host before and after its migration."""
    result = Comparison()
    _target(after, expectation, result)
    _packages(before, after, expectation, result)
    _vital(before, after, result, expectation)
    _both(before.users, after.users, "users", result, users)
    _both(before.sshd, after.sshd, "the SSH server's settings", result, sshd)
    for error in after.sshd_errors or ():
        result.change(f"the SSH server refuses its configuration: {error}", fails=True)
    _both(before.addresses, after.addresses, "addresses", result, addresses)
    _both(before.routes, after.routes, "routes", result, routes)
    _both(before.nameservers, after.nameservers, "name servers", result, nameservers)
    _both(before.cron, after.cron, "cron files", result, partial(contents, "cron file"), vital=False)
    _both(before.hashes, after.hashes, "files", result, partial(contents, "file"), vital=False)
    _both(
        before.alternatives, after.alternatives, "alternatives", result, partial(contents, "alternative"), vital=False
    )
    _both(before.cmdline, after.cmdline, "the kernel command line", result, command_line, vital=False)
    _single(before, after, result)
    return result


def compare_restored(before: Facts, after: Facts) -> Comparison:
    """A host before its migration and after its rollback: it has to be the same again."""
    result = Comparison()
    _both(before.os_release, after.os_release, "os-release", result, partial(_same, "os-release"))
    _both(before.kernel, after.kernel, "the kernel", result, partial(_same, "the kernel"))
    _both(before.packages, after.packages, "packages", result, _same_packages)
    _vital(before, after, result, Expectation(""))
    return result


def _both(
    before: T | None,
    after: T | None,
    name: str,
    result: Comparison,
    judge: Callable[[T, T, Comparison], None],
    vital: bool = True,
) -> None:
    """Judges what is known on both sides; what was known and is not any more cannot be called well."""
    if before is None:
        result.change(f"{name}: not known before, so not compared")
    elif after is None:
        result.change(f"{name}: not known any more, so not compared", fails=vital)
    else:
        judge(before, after, result)


def _vital(before: Facts, after: Facts, result: Comparison, expectation: Expectation) -> None:
    if before.units is None or before.unit_files is None:
        result.change("services: not known before, so not compared")
    elif after.units is None or after.unit_files is None:
        result.change("services: not known any more, so not compared", fails=True)
    else:
        services(before, after, result, expectation.ignored_services)
    ignored = expectation.ignored_ports
    _both(before.listening, after.listening, "listening ports", result, partial(ports, ignored=ignored))
    _both(before.mounts, after.mounts, "mounts", result, mounts)


def _target(after: Facts, expectation: Expectation, result: Comparison) -> None:
    system = identify(after.os_release or {})
    if system is None or system.id != expectation.target:
        said = (after.os_release or {}).get("PRETTY_NAME", "nothing")
        result.reasons.append(f"os-release says {said}, not {name_of(expectation.target)}")
    if expectation.kernel_tag and expectation.kernel_tag not in (after.kernel or ""):
        result.reasons.append(
            f"the kernel {after.kernel or 'that runs'} is not the target's ({expectation.kernel_tag})"
        )


def _packages(before: Facts, after: Facts, expectation: Expectation, result: Comparison) -> None:
    old, new = {p.name for p in before.packages or ()}, {p.name for p in after.packages or ()}
    for p in after.packages or ():
        # Kernels of the source stay on purpose: they are the way back at the boot menu.
        if p.vendor.startswith(expectation.source_vendors or ("\0",)) and not p.name.startswith("kernel"):
            result.change(f"package {p.nevra} still comes from {p.vendor}")
    if before.packages is not None and after.packages is not None:
        for name in sorted(old - new):
            result.lose(f"package {name}", fails=False)
        result.gained.extend(f"package {name}" for name in sorted(new - old))


def _same(name: str, before: Any, after: Any, result: Comparison) -> None:
    if before != after:
        result.change(f"{name} is not what it was before", fails=True)


def _same_packages(before: Iterable[Any], after: Iterable[Any], result: Comparison) -> None:
    old, new = {p.nevra for p in before}, {p.nevra for p in after}
    for nevra in sorted(old - new):
        result.lose(f"package {nevra}")
    for nevra in sorted(new - old):
        result.gained.append(f"package {nevra}")
        result.reasons.append(f"package {nevra} was not there before")


def _single(before: Facts, after: Facts, result: Comparison) -> None:
    for name in ("hostname", "machine_id", "selinux_configured", "selinux_enforcing", "crypto_policy", "swap_mib"):
        old, new = getattr(before, name), getattr(after, name)
        if old is not None and old != new:
            result.change(f"{name}: was {old}, is {'not known' if new is None else new}")
