"""The supervisor of one lab: builds or finds the image, brings up bridge, mirror and hosts, and takes all of it down again."""
# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from . import disks, fleet, linux, newhost, registry
from .control import LIMIT, Control, short_socket_path
from .fleet import HostSpec
from .host import Host
from .image import build
from .image.root import PLANTED
from .image.run import LabError
from .processes import command, connect, must, start_in_namespaces

READY_LIMIT = 90.0
MIRROR = 2
# Where each supervisor, in a mount namespace of its own, puts its mounts: short paths without odd characters.
MOUNTS = registry.BASE / ".mnt"
STATE, IMAGE, ROOTS = MOUNTS / "state", MOUNTS / "image", MOUNTS / "roots"
DISKS = STATE / registry.DISKS


class NotPossibleError(LabError):
    """This machine cannot run a lab."""


def need_machine() -> None:
    if os.geteuid() != 0:
        raise NotPossibleError("the lab needs root: it makes mounts, network namespaces and a bridge")
    build.need_programs()
    probe = subprocess.run(
        ["unshare", "-m", "-u", "-i", "-n", "-p", "--fork", "true"], capture_output=True, check=False
    )
    if probe.returncode:
        raise NotPossibleError("the lab needs mount, process and network namespaces, and this machine refuses them")
    if (
        "overlay" not in Path("/proc/filesystems").read_text()
        and subprocess.run(["modprobe", "overlay"], capture_output=True, check=False).returncode
    ):
        raise NotPossibleError("the lab needs overlayfs, which this machine's kernel lacks")


def serve(fleet_file: Path, state: Path, stdin_guard: bool) -> None:
    need_machine()
    specs = fleet.read(fleet_file)
    registry.reap()
    image = build.ensure()
    state.mkdir(parents=True, exist_ok=True)
    state = state.resolve()
    _refuse_busy(state)
    claim = registry.claim(state)
    try:
        _mount_places(state, image)
        asyncio.run(_Lab(claim, state, specs).main(stdin_guard))
    finally:
        claim.release()


def _refuse_busy(state: Path) -> None:
    for other in registry.BASE.glob("*/lab.json"):
        with suppress(OSError, ValueError):
            if json.loads(other.read_text()).get("state") == str(state):
                raise LabError(f"another lab already has its state in {state}")
    registry.remove_disks(state)


def _mount_places(state: Path, image: Path) -> None:
    MOUNTS.mkdir(parents=True, exist_ok=True)
    linux.own_mounts()
    linux.mount("tmpfs", str(MOUNTS), "tmpfs", linux.MS_NOSUID, "mode=700")
    for place, source in ((STATE, state), (IMAGE, image)):
        place.mkdir()
        linux.bind(str(source), str(place))
    ROOTS.mkdir()


class _Lab:
    def __init__(self, claim: registry.Claim, state: Path, specs: list[HostSpec]) -> None:
        self.claim, self.state, self.specs = claim, state, specs
        self.hosts: dict[str, Host] = {}
        self.mirror: asyncio.subprocess.Process | None = None
        self.stopped = asyncio.Event()

    async def main(self, stdin_guard: bool) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self.stopped.set)
        if stdin_guard:
            threading.Thread(target=_wait_for_end_of_input, args=(loop, self.stopped), daemon=True).start()
        start = asyncio.create_task(self._start())
        stop = asyncio.create_task(self.stopped.wait())
        try:
            await asyncio.wait({start, stop}, return_when=asyncio.FIRST_COMPLETED)
            if start.done():
                start.result()
                await stop
        finally:
            start.cancel()
            with suppress(asyncio.CancelledError, LabError, OSError):
                await start
            await self._end()

    async def _start(self) -> None:
        bridge = self.claim.bridge
        await must(
            "ip",
            "-batch",
            "-",
            stdin=(
                f"link add {bridge} type bridge forward_delay 0\naddr add {self.claim.address(1)}/24 dev {bridge}\n"
                f"link set {bridge} up\n"
            ).encode(),
        )
        await self._start_mirror()
        public_key = await self._ssh_key()
        (DISKS / "blobs").mkdir()
        layers = {
            packages: await self._package_layer(packages) for packages in sorted({spec.packages for spec in self.specs})
        }
        for index, spec in enumerate(self.specs):
            lower = [layers[spec.packages], IMAGE / "layers" / spec.python, IMAGE / "root-el8"]
            self.hosts[spec.name] = Host(
                spec, index, self.claim, DISKS, ROOTS, [path for path in lower if path and path.is_dir()]
            )
        for host in self.hosts.values():
            host.create(public_key, self.claim.address(MIRROR))
            host.power_on()
        folder = os.open(self.state, os.O_RDONLY | os.O_DIRECTORY)
        server = await asyncio.start_unix_server(
            Control(self.hosts, DISKS / "blobs").serve, short_socket_path(folder), limit=LIMIT
        )
        os.close(folder)
        await asyncio.wait_for(_all_answer(self.hosts.values()), READY_LIMIT)
        self._tell()
        print("ready", flush=True)
        async with server:
            await self.stopped.wait()

    async def _start_mirror(self) -> None:
        more = DISKS / "smc"
        more.mkdir(parents=True)
        newhost.pack_client(more / "go2aliyun_client.tar.gz")
        arguments = (
            f"{self.claim.folder}/",
            self.claim.address(MIRROR),
            self.claim.address(1),
            str(IMAGE / "repo"),
            str(STATE / "access.log"),
            str(more),
        )
        self.mirror, pid = await start_in_namespaces(["-n"], "lab.mirror", *arguments)
        await connect(self.claim, self.mirror, pid, MIRROR)
        assert self.mirror.stdout
        if await self.mirror.stdout.readline() != b"serving\n":
            raise LabError("the mirror did not start")

    async def _ssh_key(self) -> str:
        key = STATE / "id_ed25519"
        for path in (key, key.with_suffix(".pub")):
            path.unlink(missing_ok=True)
        await must("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", str(key))
        return key.with_suffix(".pub").read_text()

    async def _package_layer(self, packages: tuple[str, ...]) -> Path | None:
        """The planted packages as a layer that all hosts with the same ones share. rpm checks dependencies here too."""
        if not packages:
            return None
        unknown = sorted(set(packages) - set(PLANTED))
        if unknown:
            raise LabError(f"no such package to plant: {', '.join(unknown)}; there are {', '.join(PLANTED)}")
        folder = DISKS / "layers" / hashlib.sha256(" ".join(packages).encode()).hexdigest()[:12]
        target = ROOTS / f"layer.{folder.name}"
        disks.mount_overlay(folder, [IMAGE / "root-el8"], target)
        repo = IMAGE / "repo/el8/BaseOS/x86_64/os"
        files = [str(path) for name in packages for path in repo.glob(f"{name}-[0-9]*.rpm")]
        try:
            await must("rpm", "--root", str(target), "--define", "_dbpath /var/lib/rpm", "--install", *files)
        finally:
            linux.unmount(str(target))
        return folder / "upper"

    def _tell(self) -> None:
        known = [
            f"{host.spec.name},{host.address} {key}"
            for host in self.hosts.values()
            for key in host.facts["host_keys"].splitlines()
        ]
        (STATE / "known_hosts").write_text("\n".join(known) + "\n")
        lab = {
            "id": self.claim.number,
            "bridge": self.claim.bridge,
            "repo_url": f"http://{self.claim.address(MIRROR)}",
            "ssh_key": str(self.state / "id_ed25519"),
            "known_hosts": str(self.state / "known_hosts"),
            "access_log": str(self.state / "access.log"),
            "instances": str(self.state / "instances"),
            "control": str(self.state / "control.sock"),
            "hosts": {
                name: {
                    "address": host.address,
                    "python": host.spec.python,
                    "user": host.spec.user,
                    "packages": host.spec.packages,
                    "machine_id": host.facts["machine_id"],
                    "disks": ["system", *host.data],
                }
                for name, host in self.hosts.items()
            },
        }
        partial = STATE / ".lab.json"
        partial.write_text(json.dumps(lab, indent=1) + "\n")
        partial.rename(STATE / "lab.json")

    async def _end(self) -> None:
        for host in self.hosts.values():
            if host.life:
                host.life.cancel()
        for process in [self.mirror, *(host.keeper for host in self.hosts.values())]:
            if process and process.returncode is None:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        await command("ip", "link", "delete", self.claim.bridge)
        for host in self.hosts.values():
            with suppress(OSError):
                linux.unmount(str(host.root), linux.MNT_DETACH)
        await asyncio.to_thread(registry.remove_disks, STATE)


async def _all_answer(hosts: Iterable[Host]) -> None:
    """Every host that comes up answers on its ssh port; a host that does not is the lab's failure, not its user's."""

    async def one(host: Host) -> None:
        while True:
            if host.state == "panic":
                raise LabError(f"{host.spec.name} does not boot: {host.reason}")
            if host.state == "on" and not host.ssh_up:
                return
            try:
                reader, writer = await asyncio.open_connection(host.address, 22)
                banner = await reader.readline()
                writer.close()
                if banner.startswith(b"SSH-"):
                    return
            except OSError:
                pass  # not up yet
            await asyncio.sleep(0.05)

    await asyncio.gather(*(one(host) for host in hosts))


def _wait_for_end_of_input(loop: asyncio.AbstractEventLoop, stopped: asyncio.Event) -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    loop.call_soon_threadsafe(stopped.set)
