"""The few system calls that the lab needs and Python does not offer, and small network helpers."""
# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import ctypes
import os
import subprocess

MS_RDONLY, MS_NOSUID, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 0x1, 0x2, 0x20, 0x1000, 0x4000, 0x40000
MNT_DETACH = 2
CLONE_NEWNS = 0x20000
SYS_PIVOT_ROOT = 155  # x86_64
METADATA = "100.100.100.200"  # where instances of Alibaba Cloud ask who they are

_libc = ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def mount(source: str, target: str, kind: str = "", flags: int = 0, options: str = "") -> None:
    _checked(
        _libc.mount(
            source.encode(), target.encode(), kind.encode() or None, ctypes.c_ulong(flags), options.encode() or None
        ),
        f"mount {kind} on {target}",
    )


def bind(source: str, target: str) -> None:
    mount(source, target, flags=MS_BIND)


def unmount(target: str, flags: int = 0) -> None:
    _checked(_libc.umount2(target.encode(), flags), f"unmount {target}")


def own_mounts() -> None:
    """From here on this process's mounts are seen by itself and its children only, and vanish with the last of them."""
    _checked(_libc.unshare(CLONE_NEWNS), "new mount namespace")
    mount("none", "/", flags=MS_REC | MS_PRIVATE)


def enter_root(root: str) -> None:
    """Makes root the root directory of this mount namespace and lets go of the old one."""
    os.chdir(root)
    _checked(_libc.syscall(SYS_PIVOT_ROOT, b".", b"."), "pivot_root")
    unmount(".", MNT_DETACH)
    os.chdir("/")


def join_namespaces(pid: int) -> None:
    """Enters the namespaces and the root directory of a process; children of the caller get their numbers there."""
    files = [os.open(f"/proc/{pid}/ns/{kind}", os.O_RDONLY) for kind in ("uts", "ipc", "net", "pid", "mnt")]
    try:
        for file in files:
            _checked(_libc.setns(file, 0), "setns")
    finally:
        for file in files:
            os.close(file)
    os.chdir("/")


def address_up(address: str, gateway: str, also: str = "") -> None:
    """Configures lo and eth0 of the current network namespace; the metadata service is on the same network."""
    lines = f"link set lo up\nlink set eth0 up\naddr add {address}/24 dev eth0\nroute add default via {gateway}\n"
    lines += f"addr add {also}/32 dev eth0\n" if also else f"route add {METADATA} dev eth0\n"
    subprocess.run(["ip", "-batch", "-"], input=lines.encode(), check=True)


def wait_for_go() -> None:
    """Tells the supervisor the pid that it sees (our own /proc is still the outer one), and waits until eth0 is there."""
    print(os.readlink("/proc/self"), flush=True)
    if os.read(0, 1) != b"g":
        raise SystemExit(1)
