# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of one kind - services, ports, mounts - was lost, changed or gained between two probes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.facts_types import (
    Address,
    Facts,
    Mount,
    Socket,
    User,
)

MAX_ITEMS = 1000
_REAL_FILE_SYSTEMS = re.compile(r"(ext[234]|xfs|btrfs|vfat|nfs4?|cifs|smb3|ceph|fuse\.(glusterfs|sshfs|ossfs))$")
_OTHERS_MOUNT_HERE = ("/run/", "/var/lib/docker/", "/var/lib/containers/", "/var/lib/kubelet/")
# Started by sessions, by hand or on demand: whether they run at one moment says nothing.
_COME_AND_GO = re.compile(
    r"(user@|user-runtime-dir@|getty@|serial-getty@|systemd-(hostnamed|localed|timedated|machined|importd)|packagekit|dnf-"
    r"|NetworkManager-dispatcher|polkit|fprintd|os[-_]migration|sshd@|dbus-broker|rhsm)"
)
# What decides who can log in, and where.
_LOGIN = (
    "port",
    "listenaddress",
    "permitrootlogin",
    "passwordauthentication",
    "pubkeyauthentication",
    "authorizedkeysfile",
    "authenticationmethods",
    "allowusers",
    "allowgroups",
    "denyusers",
    "denygroups",
    "usepam",
)
_SAME_LOGIN = {"without-password": "prohibit-password"}
_LOOPBACK = ("127.", "[::1]", "::1", "0100007F")


@dataclass
class Comparison:
    """What is gone, what is different, what is new; `reasons` says what of it is not acceptable."""

    lost: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    gained: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.reasons

    @property
    def verdict(self) -> str:
        return "ok" if self.ok else "failed"

    def as_dict(self) -> dict[str, Any]:
        lists = {"lost": self.lost, "changed": self.changed, "gained": self.gained, "reasons": self.reasons}
        return {**{name: _bounded(items) for name, items in lists.items()}, "verdict": self.verdict}

    def lose(self, what: str, fails: bool = True) -> None:
        self.lost.append(what)
        if fails:
            self.reasons.append(f"{what} is lost")

    def change(self, what: str, fails: bool = False) -> None:
        self.changed.append(what)
        if fails:
            self.reasons.append(what)


def _bounded(items: list[str]) -> list[str]:
    return items if len(items) <= MAX_ITEMS else [*items[:MAX_ITEMS], f"and {len(items) - MAX_ITEMS} more"]


def services(before: Facts, after: Facts, result: Comparison, ignored: tuple[str, ...]) -> None:
    old_files, new_files = before.unit_files or {}, after.unit_files or {}
    old, new = before.units or {}, after.units or {}
    for name, unit in sorted(old.items()):
        if not name.endswith(".service") or _COME_AND_GO.match(name) or name in ignored:
            continue
        now = new.get(name)
        if unit.active == "active" and (now is None or now.active != "active"):
            state = now.active if now else "not there"
            # Without a place in the boot sequence no service comes back after any reboot.
            survives = unit.sub == "running" and old_files.get(name) != "disabled"
            result.lose(f"service {name} (was {unit.sub}, is {state})", fails=survives)
        elif old_files.get(name) == "enabled" and new_files.get(name) != "enabled":
            result.lose(
                f"start of {name} at boot (is {new_files.get(name, 'not there')})", fails=unit.active == "active"
            )
    for name, unit in sorted(new.items()):
        if unit.active == "failed" and (name not in old or old[name].active != "failed"):
            result.change(f"unit {name} has failed")


def _loopback(socket: Socket) -> bool:
    return socket.address.startswith(_LOOPBACK)


def ports(
    before: tuple[Socket, ...], after: tuple[Socket, ...], result: Comparison, ignored: tuple[str, ...] = ()
) -> None:
    old = _by_port(before)
    new = _by_port(after)
    for (proto, port), sockets in sorted(old.items()):
        name = f"port {port}/{proto}"
        processes = {s.process for s in sockets if s.process}
        who = f" ({', '.join(sorted(processes))})" if processes else ""
        now = new.get((proto, port), ())
        # High UDP ports and those of remote procedure calls are chosen anew at every start.
        chance = (proto == "udp" and port >= 32768) or any(p.startswith("rpc") for p in processes)
        fails = not chance and f"{port}/{proto}" not in ignored
        if not now:
            result.lose(name + who, fails)
        elif not all(map(_loopback, sockets)) and all(map(_loopback, now)):
            result.lose(f"{name}{who} from outside the host", fails)
        elif processes and processes.isdisjoint({s.process for s in now}) and any(s.process for s in now):
            result.change(
                f"{name}: was {', '.join(sorted(processes))}, is {', '.join(sorted({s.process for s in now}))}"
            )
    result.gained.extend(f"port {port}/{proto}" for proto, port in sorted(set(new) - set(old)))


def _by_port(sockets: Iterable[Socket]) -> dict[tuple[str, int], list[Socket]]:
    found: dict[tuple[str, int], list[Socket]] = {}
    for socket in sockets:
        found.setdefault((socket.proto, socket.port), []).append(socket)
    return found


def mounts(before: tuple[Mount, ...], after: tuple[Mount, ...], result: Comparison) -> None:
    old, new = _real(before), _real(after)
    for path, mount in old.items():
        if path not in new:
            result.lose(f"mount {path} ({mount.device})")
        elif "ro" in new[path].options and "ro" not in mount.options:
            result.change(f"mount {path} is read-only now", fails=True)
        elif mount.type != new[path].type:
            result.change(f"mount {path}: was {mount.type}, is {new[path].type}", fails=True)
    result.gained.extend(f"mount {path}" for path in new if path not in old)


def _real(mounts: Iterable[Mount]) -> dict[str, Mount]:
    return {m.path: m for m in mounts if _REAL_FILE_SYSTEMS.match(m.type) and not m.path.startswith(_OTHERS_MOUNT_HERE)}


def users(before: Mapping[str, User], after: Mapping[str, User], result: Comparison) -> None:
    for name, user in before.items():
        now = after.get(name)
        person = user.uid >= 1000 or user.uid == 0
        if now is None:
            result.lose(f"user {name}")
        elif now != user:
            fields = [key for key in ("uid", "gid", "home", "shell") if getattr(now, key) != getattr(user, key)]
            says = ", ".join(f"{key} {getattr(user, key)} is {getattr(now, key)}" for key in fields)
            result.change(f"user {name}: {says}", fails=person or "uid" in fields)
    result.gained.extend(f"user {name}" for name in after if name not in before)


def sshd(before: Mapping[str, tuple[str, ...]], after: Mapping[str, tuple[str, ...]], result: Comparison) -> None:
    for key in sorted({*before, *after}):
        old, new = (sorted(_SAME_LOGIN.get(v.lower(), v) for v in side.get(key, ())) for side in (before, after))
        if old != new:
            fails = key in _LOGIN
            result.change(f"sshd {key}: was {' '.join(old) or 'not set'}, is {' '.join(new) or 'not set'}", fails)


def addresses(before: Iterable[Address], after: Iterable[Address], result: Comparison) -> None:
    old, new = ({f"{a.address} on {a.interface}" for a in side} for side in (before, after))
    bare = {text.split(" ")[0] for text in new}
    for text in sorted(old - new):
        address = text.split(" ")[0]
        if address in bare:
            result.change(f"address {address} is on another interface now", fails=False)
        else:
            result.lose(f"address {text}")
    known = {text.split(" ")[0] for text in old}
    result.gained.extend(f"address {text}" for text in sorted(new - old) if text.split(" ")[0] not in known)


def routes(before: Iterable[str], after: Iterable[str], result: Comparison) -> None:
    old, new = ({_route(line) for line in side} for side in (before, after))
    for route in sorted(old - new):
        result.lose(f"route {route}", fails=route.startswith("default "))
    result.gained.extend(f"route {route}" for route in sorted(new - old))


def _route(line: str) -> str:
    """Where to, by whom and from where; how the route came to be and what it costs may differ."""
    words = line.split()
    pairs = [f"{key} {words[words.index(key) + 1]}" for key in ("via", "dev") if key in words[:-1]]
    return " ".join([words[0], *pairs]) if words else ""


def nameservers(before: tuple[str, ...], after: tuple[str, ...], result: Comparison) -> None:
    if before and not after:
        result.lose("name servers")
    elif before != after:
        result.change(f"name servers: were {', '.join(before) or 'none'}, are {', '.join(after) or 'none'}")


def contents(what: str, before: Mapping[str, str], after: Mapping[str, str], result: Comparison) -> None:
    for path, content in before.items():
        if path not in after:
            result.lose(f"{what} {path}", fails=False)
        elif after[path] != content:
            result.change(f"{what} {path}")


def command_line(before: tuple[str, ...], after: tuple[str, ...], result: Comparison) -> None:
    old, new = ({word for word in side if not word.startswith(("BOOT_IMAGE=", "initrd="))} for side in (before, after))
    for word in sorted(old - new):
        result.lose(f"kernel argument {word}", fails=False)
    result.gained.extend(f"kernel argument {word}" for word in sorted(new - old))
