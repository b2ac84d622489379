"""Turns itself into PID 1 of a host: runs in new namespaces, mounts what a kernel and its init mount, becomes the host's init."""
# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
import socket
import stat
import sys
from pathlib import Path
from typing import Any

from . import linux

SSH_SHUT = "/run/lab/ssh-shut"
DEVICES = {"null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8), "urandom": (1, 9), "tty": (5, 0)}
# Block devices that exist by name only: this major number belongs to no driver, so that nothing can be written through them.
FAKE_MAJOR = 120
LINKS = {"fd": "/proc/self/fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2", "ptmx": "pts/ptmx"}
INIT = """\
# PID 1 of a test host. HUP: reboot, TERM: power off; the supervisor reads the exit status.
leave() {
    status=$1
    trap '' HUP TERM
    : >/run/lab/leaving
    kill -TERM -1
    tries=0
    while [ $tries -lt 30 ]; do
        set -- /proc/[0-9]*
        [ $# -gt 1 ] || break
        sleep 0.1
        tries=$((tries + 1))
    done
    exit "$status"
}
main() {
    trap 'leave 41' HUP
    trap 'leave 42' TERM
    for start in /etc/lab-init.d/*.start; do
        [ -e "$start" ] || continue
        name=${start##*/}
        setsid sh "$start" >/dev/null 2>&1 </dev/null &
        echo $! >"/run/lab/services/${name%.start}.pid"
    done
    while :; do
        # Shut means: it runs, as a closed security group would leave it, and nobody can reach it.
        [ ! -e /run/lab/ssh-shut ] || set -- -o ListenAddress=127.0.0.1
        /usr/sbin/sshd -D -e "$@" 2>>/run/lab/sshd.log </dev/null &
        sshd=$!
        echo $sshd >/run/lab/services/sshd.pid
        while kill -0 $sshd 2>/dev/null; do wait $sshd; done
        set --
        sleep 1
    done
}
main
"""


def main() -> None:
    spec: dict[str, Any] = json.loads(Path(sys.argv[1]).read_text())
    linux.wait_for_go()
    linux.address_up(spec["address"], spec["gateway"])
    socket.sethostname(_hostname(Path(spec["root"]), spec["name"]))
    _mount_all(spec)
    linux.enter_root(spec["root"])
    _write_run(spec)
    _hide_kernel()
    _become_init()


def _hostname(root: Path, name: str) -> str:
    try:
        return (root / "etc/hostname").read_text().strip() or name
    except OSError:
        return name


def _mount_all(spec: dict[str, Any]) -> None:
    root = spec["root"]
    for source, target in spec["mounts"]:
        Path(root + target).mkdir(parents=True, exist_ok=True)
        linux.bind(source, root + target)
    for kind, target, options in (
        ("proc", "/proc", ""),
        ("sysfs", "/sys", ""),
        ("tmpfs", "/dev", "mode=755"),
        ("tmpfs", "/run", "mode=755"),
    ):
        Path(root + target).mkdir(exist_ok=True)
        linux.mount(kind, root + target, kind, linux.MS_RDONLY if kind == "sysfs" else linux.MS_NOSUID, options)
    # A host must not be able to turn the knobs of the kernel that it shares with the machine.
    linux.bind(f"{root}/proc/sys", f"{root}/proc/sys")
    linux.mount("none", f"{root}/proc/sys", flags=linux.MS_REMOUNT | linux.MS_BIND | linux.MS_RDONLY)
    dev = root + "/dev"
    os.umask(0)
    for name, (major, minor) in DEVICES.items():
        os.mknod(f"{dev}/{name}", stat.S_IFCHR | 0o666, os.makedev(major, minor))
    for minor, name in enumerate(spec["block_devices"]):
        os.mknod(f"{dev}/{name}", stat.S_IFBLK | 0o660, os.makedev(FAKE_MAJOR, minor))
    for name, target in LINKS.items():
        os.symlink(target, f"{dev}/{name}")
    os.mkdir(f"{dev}/pts")
    linux.mount("devpts", f"{dev}/pts", "devpts", linux.MS_NOSUID, "newinstance,ptmxmode=0666,mode=620")
    os.mkdir(f"{dev}/shm")
    linux.mount("tmpfs", f"{dev}/shm", "tmpfs", linux.MS_NOSUID, "mode=1777")
    os.umask(0o022)


def _write_run(spec: dict[str, Any]) -> None:
    for folder in ("lab/services", "lab/units", "lab/proc", "sshd", "lock"):
        os.makedirs(f"/run/{folder}")
    for name in ("python-calls", "platform-python-calls"):
        path = Path("/run/lab") / name
        path.touch()
        path.chmod(0o666)
    Path("/run/lab/host").write_text(spec["name"] + "\n")
    Path("/run/lab/init").write_text(INIT)
    if not spec["ssh"]:
        Path(SSH_SHUT).touch()
    for name, text in spec["kernel"].items():
        Path("/run/lab/proc", name).write_text(text + "\n")


def _hide_kernel() -> None:
    """Programs that read /proc see the kernel that the boot loader chose."""
    places = {
        "osrelease": "sys/kernel/osrelease",
        "boot_id": "sys/kernel/random/boot_id",
        "cmdline": "cmdline",
        "version": "version",
    }
    for name, place in places.items():
        linux.bind(f"/run/lab/proc/{name}", f"/proc/{place}")


def _become_init() -> None:
    print("init", flush=True)
    null = os.open("/dev/null", os.O_RDWR)
    console = os.open("/run/lab/console", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for source, target in ((null, 0), (console, 1), (console, 2)):
        os.dup2(source, target)
    environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", "LANG": "C.UTF-8", "TERM": "linux"}
    os.execve("/bin/sh", ["/bin/sh", "/run/lab/init"], environment)


if __name__ == "__main__":
    main()
