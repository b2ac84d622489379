"""One host: its life from boot loader to power off, and what can be done to it from outside."""
# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import asyncio
import json
import os
import signal
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from . import bootloader, disks, guest, linux, newhost
from .fleet import HostSpec
from .image.run import LabError
from .processes import command, connect, must, start_in_namespaces
from .registry import Claim

# What a host's init tells by its exit status; the negative ones are what the kernel does to PID 1 of a namespace at reboot(2).
REBOOT = (41, -signal.SIGHUP, 128 + signal.SIGHUP)
POWER_OFF = (42, -signal.SIGINT, 128 + signal.SIGINT)
SHUTDOWN_LIMIT = 30.0
ENVIRONMENT = ("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", "HOME=/root", "LANG=C.UTF-8")


class Host:
    def __init__(
        self, spec: HostSpec, index: int, claim: Claim, disks_folder: Path, roots: Path, lower: list[Path]
    ) -> None:
        self.spec, self.index, self.claim, self.lower = spec, index, claim, lower
        self.folder = disks_folder / "hosts" / spec.name
        self.root = roots / spec.name
        self.address = claim.address(10 + index)
        self.data = {name: self.folder / "disks" / name for name, _mount in spec.disks}
        self.facts: dict[str, str] = {}
        self.lock = asyncio.Lock()
        self.state, self.reason = "off", ""
        self.kernel: bootloader.Kernel | None = None
        self.boot_id, self.boots, self.link_up, self.ssh_up = "", 0, True, spec.ssh
        self.keeper: asyncio.subprocess.Process | None = None
        self.pid = 0
        self.life: asyncio.Task[None] | None = None
        self.again: bool | None = None  # what to do when the running boot ends: None leaves it to the host
        self.changed = asyncio.Event()

    def create(self, public_key: str, mirror: str) -> None:
        for folder in self.data.values():
            folder.mkdir(parents=True)
        self.mount()
        self.facts = newhost.prepare(self.root, self.spec, self.address, mirror, public_key, self.data)

    def mount(self) -> None:
        disks.mount_overlay(self.folder, self.lower, self.root)

    def status(self) -> dict[str, Any]:
        return {
            "name": self.spec.name,
            "state": self.state,
            "reason": self.reason,
            "address": self.address,
            "boots": self.boots,
            "boot_id": self.boot_id,
            "kernel": self.kernel.version if self.kernel else None,
            "link": "up" if self.link_up else "down",
            "ssh": "up" if self.ssh_up else "down",
            "disks": ["system", *self.data],
        }

    def _set(self, state: str, reason: str = "") -> None:
        self.state, self.reason = state, reason
        self.changed.set()
        self.changed = asyncio.Event()

    def power_on(self) -> None:
        if self.life and not self.life.done():
            raise LabError(f"{self.spec.name} is already on")
        self._set("booting")
        self.life = asyncio.create_task(self._live())

    async def settled(self) -> None:
        """Waits until the boot has succeeded or failed."""
        await self._await(lambda: self.state != "booting")

    def leaving(self, pid: int) -> bool:
        """Whether the boot that this process began is ending, or has ended."""
        run = Path(f"/proc/{pid}/root/run/lab")
        return self.pid != pid or not run.exists() or (run / "leaving").exists()

    async def ready(self) -> bool:
        """Waits for the end of a reboot that is under way; whether the host runs now."""
        await self._await(lambda: not self.pid or not self.leaving(self.pid))
        await self.settled()
        return bool(self.pid) and not self.leaving(self.pid)

    def give_up(self) -> None:
        """Takes the power from a host that does not run."""
        self._set("off")

    async def _live(self) -> None:
        while True:
            self.again = None
            try:
                self.keeper = await self._boot()
            except bootloader.NoBootError as error:
                self._set("panic", str(error))
                return
            except (LabError, OSError) as error:
                self._set("panic", f"the lab could not start it: {error}")
                return
            status = await self.keeper.wait()
            self.pid = 0
            if self.again or (self.again is None and status in REBOOT):
                self._set("booting")
            elif self.again is False or status in POWER_OFF:
                self._set("off")
                return
            else:
                self._set("panic", f"Attempted to kill init! exit status {status}")
                return

    async def _boot(self) -> asyncio.subprocess.Process:
        self.kernel = None
        kernel = bootloader.kernel(self.root)
        try:
            fstab = (self.root / "etc/fstab").read_text(errors="replace")
        except OSError:
            fstab = ""
        devices = newhost.block_devices(self.spec)
        wanted = bootloader.data_mounts(fstab, {**devices, "/dev/vda1": "system"})
        mounts = [(str(self.data[disk]), place) for disk, place in wanted if disk in self.data]
        self.kernel, self.boot_id = kernel, str(uuid.uuid4())
        names = ["vda", "vda1", *(name for device in devices for name in (device[5:-1], device[5:]))]
        spec = {
            "name": self.spec.name,
            "root": str(self.root),
            "address": self.address,
            "gateway": self.claim.address(1),
            "mounts": mounts,
            "block_devices": names,
            "ssh": self.ssh_up,
            "kernel": {
                "osrelease": kernel.version,
                "boot_id": self.boot_id,
                "cmdline": kernel.cmdline,
                "version": f"Linux version {kernel.version} (lab) #1 SMP",
            },
        }
        path = self.claim.folder / f"{self.spec.name}.json"
        path.write_text(json.dumps(spec))
        keeper, pid = await start_in_namespaces(["-m", "-u", "-i", "-n", "-p"], "lab.guest", str(path))
        await connect(self.claim, keeper, pid, 10 + self.index, self.link_up)
        assert keeper.stdout
        if await keeper.stdout.readline() != b"init\n":
            raise LabError("its mounts could not be made: see the lab's log")
        self.pid = pid
        self.boots += 1
        self._set("on")
        return keeper

    def _running(self) -> None:
        if not self.pid:
            raise LabError(f"{self.spec.name} is not on ({self.state})")

    async def _await(self, done: Callable[[], bool]) -> bool:
        async def reached() -> None:
            while not done():
                await self.changed.wait()

        try:
            await asyncio.wait_for(reached(), SHUTDOWN_LIMIT)
        except asyncio.TimeoutError:
            return False
        return True

    async def stop(self, again: bool, force: bool) -> None:
        """Ends the running boot; with again, waits for the next one. A host that does not go by itself is killed."""
        self._running()
        self.again = again
        next_boot = self.boots + 1

        def done() -> bool:
            return self.state == "panic" or (
                self.state == "on" and self.boots == next_boot if again else self.state == "off"
            )

        os.kill(self.pid, signal.SIGKILL if force else signal.SIGHUP if again else signal.SIGTERM)
        if await self._await(done):
            return
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
        if not await self._await(done):
            raise LabError(f"{self.spec.name} did not stop")

    def processes(self) -> Iterator[tuple[int, int, str]]:
        """(pid, parent, name) of the host's processes, as seen from outside."""
        self._running()
        own = os.readlink(f"/proc/{self.pid}/ns/pid")
        for entry in os.listdir("/proc"):
            if not entry.isdigit():
                continue
            try:
                if os.readlink(f"/proc/{entry}/ns/pid") == own:
                    head, _bracket, rest = Path(f"/proc/{entry}/stat").read_text().rpartition(")")
                    yield int(entry), int(rest.split()[1]), head.partition("(")[2]
            except OSError:
                continue  # it ended meanwhile

    def freeze(self) -> list[int]:
        """Stops every process, so that a copy of the disks shows one moment."""
        stopped: list[int] = []
        while self.pid:
            fresh = [pid for pid, _parent, _name in self.processes() if pid not in stopped]
            if not fresh:
                break
            for pid in fresh:
                _signal(pid, signal.SIGSTOP)
            stopped += fresh
        return stopped

    def kill_ssh(self) -> int:
        sessions = [(pid, parent) for pid, parent, name in self.processes() if name == "sshd" and parent != self.pid]
        for pid, _parent in sessions:
            _signal(pid, signal.SIGKILL)
        return len(sessions)

    async def ssh(self, up: bool) -> None:
        """Lets the port of ssh answer or not, now and after each boot; sshd itself runs all the time."""
        self._running()
        self.ssh_up = up
        await self.run(["rm" if up else "touch", guest.SSH_SHUT])
        for pid, _parent, name in list(self.processes()):
            if name == "sshd":
                _signal(pid, signal.SIGKILL)  # init starts it again

    async def link(self, up: bool) -> None:
        await must("ip", "link", "set", self.claim.port(10 + self.index), "up" if up else "down")
        self.link_up = up

    async def run(self, words: list[str], stdin: bytes | None = None) -> dict[str, Any]:
        self._running()
        status, out, err = await command(
            "nsenter",
            "-t",
            str(self.pid),
            "-m",
            "-u",
            "-i",
            "-n",
            "-p",
            "--",
            "/usr/bin/env",
            "-i",
            *ENVIRONMENT,
            *words,
            stdin=stdin,
        )
        return {"rc": status, "stdout": out.decode(errors="replace"), "stderr": err.decode(errors="replace")}

    def unmount(self) -> None:
        linux.unmount(str(self.root))


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
