# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Details of the instance for checks: each is there, is known not to exist, or is unknown for a reason that is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from typing import Any

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.base import Context, UnknownFact, need

# documented: SDK texts of Architecture (images) and CpuArchitecture (instance types), by the machine's own name.
ARCHITECTURES = {"x86_64": {"x86_64", "X86", "i386"}, "aarch64": {"arm64", "ARM"}}


def detail(context: Context, name: str, key: str = "") -> Any:
    """What `ecs_instance_info` tells under `key` for the detail of this name; None may be an answer."""
    cloud = context.cloud or {}
    unread = cloud.get("details_unread")
    if isinstance(unread, Mapping) and name in unread:
        raise UnknownFact(f"cloud {name}", str(unread[name]))
    if (key or name) not in cloud:
        raise UnknownFact(f"cloud {name}", "the cloud was not asked about it")
    return cloud[key or name]


def record(context: Context, name: str, key: str = "") -> Mapping[str, Any]:
    """A detail that is a mapping; one that is gone or was never told ends the check as unknown."""
    found = detail(context, name, key)
    if not isinstance(found, Mapping):
        raise UnknownFact(f"cloud {name}", "the cloud does not tell")
    return found


def entries(found: Any) -> list[Mapping[str, Any]]:
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def number(found: Mapping[str, Any], key: str, name: str) -> int:
    """A whole number of a detail, or the end of this check."""
    value = found.get(key)
    if not isinstance(value, int) or isinstance(value, bool):
        raise UnknownFact(f"cloud {name}", "the cloud does not tell")
    return value


def texts(found: Any) -> list[str]:
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []


def attribute(context: Context, name: str) -> Any:
    """An attribute of the instance; None where the service does not show it."""
    return record(context, "attributes").get(name)


def disk_attributes(context: Context) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(name for people, attributes) of every disk."""
    record(context, "attributes")
    for disk in context.disks:
        attributes = disk.get("attributes")
        if not isinstance(attributes, Mapping):
            raise UnknownFact("cloud attributes", "the cloud does not tell those of the disks")
        yield disk_name(disk), attributes


def disk_name(disk: Mapping[str, Any]) -> str:
    return f"{disk.get('disk_id', 'a disk')} ({disk.get('device') or disk.get('type') or 'unknown place'})"


def days_from_now(text: str, context: Context, fact: str) -> float:
    """Days until a time of the service, negative where it has passed; by the controller's clock, else the host's."""
    try:
        at = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise UnknownFact(fact, f"{text!r} is no time") from None
    if at.tzinfo is None:
        at = at.replace(tzinfo=timezone.utc)
    now = context.facts.read_at
    return (at.timestamp() - (need(context.facts.epoch, "epoch") if now is None else now)) / 86_400


def boots_by_efi(context: Context) -> bool:
    return need(context.facts.efi, "efi")


def is_of(context: Context, architecture: str) -> bool:
    """Whether an architecture of the API's is the host's."""
    return architecture in ARCHITECTURES.get(context.path.arch, {architecture})
