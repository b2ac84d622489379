"""What can be asked of a running lab over its socket: one line of JSON in, one out."""
# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

from . import assistant, disks
from .host import Host
from .image.run import LabError
from .processes import must

LIMIT = 64 * 1024 * 1024
USAGE = {
    "status": "status [HOST]",
    "power": "power HOST on|off|force-off|reboot|force-reboot",
    "snapshot": "snapshot HOST DISK BLOBNAME",
    "restore": "restore HOST DISK BLOBNAME",
    "drop": "drop BLOBNAME",
    "hash": "hash HOST [DISK]",
    "link": "link HOST up|down",
    "run": "run HOST COMMAND...",
    "kill-ssh": "kill-ssh HOST",
    "ssh": "ssh HOST up|down",
    "exec": "exec HOST TIMEOUT [USER [DIRECTORY]] <SCRIPT",
    "put": "put HOST PATH MODE USER:GROUP [yes|no] <CONTENT",
    "smc-watch": "smc-watch",
    "smc-answer": "smc-answer HOST ID <ANSWER",
    "smc-convert": "smc-convert HOST alinux3",
}
# These read standard input; and the work for one whose asker goes away is ended.
WITH_CONTENT = ("exec", "put", "smc-answer")
ENDS_WITH_ASKER = ("exec", "smc-watch")
CONVERSIONS = {"alinux3": "smc_convert.sh"}
CONVERSION_LIMIT = 900.0


class Control:
    def __init__(self, hosts: dict[str, Host], blobs: Path) -> None:
        self.hosts, self.blobs = hosts, blobs
        self.verbs: dict[str, Callable[..., Awaitable[Any]]] = {
            "status": self.status,
            "power": self.power,
            "snapshot": self.snapshot,
            "restore": self.restore,
            "drop": self.drop,
            "hash": self.hash,
            "link": self.link,
            "run": self.run,
            "kill-ssh": self.kill_ssh,
            "ssh": self.ssh,
            "exec": self.execute,
            "put": self.put,
            "smc-watch": self.smc_watch,
            "smc-answer": self.smc_answer,
            "smc-convert": self.smc_convert,
        }

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = json.loads(await reader.readline())
            verb, arguments = request["verb"], request["arguments"]
            if verb in WITH_CONTENT:
                arguments = [base64.b64decode(request.get("stdin", "")), *arguments]
            work = asyncio.ensure_future(self._answer(verb, arguments))
            if verb in ENDS_WITH_ASKER:
                await _first(work, reader.read(1))
            answer = await work
        except asyncio.CancelledError:
            return  # nobody waits for it any more
        except (LabError, OSError, ValueError, KeyError) as error:
            answer = {"error": str(error) or repr(error)}
        writer.write(json.dumps(answer).encode() + b"\n")
        try:
            await writer.drain()
            writer.close()
        except ConnectionError:
            return  # the asker is gone; what was asked for is done all the same

    async def _answer(self, verb: str, arguments: list[Any]) -> dict[str, Any]:
        if verb not in self.verbs:
            raise LabError(f"unknown verb {verb}: {', '.join(USAGE)}")
        try:
            return {"result": await self.verbs[verb](*arguments)}
        except TypeError as error:
            if "positional argument" in str(error):
                raise LabError(f"usage: {USAGE[verb]}") from None
            raise

    def _host(self, name: str) -> Host:
        if name not in self.hosts:
            raise LabError(f"no host {name} in this lab")
        return self.hosts[name]

    def _disk(self, host: Host, name: str) -> Path:
        """The directory that holds the state of a disk; for the system disk, what differs from the image."""
        if name == "system":
            return host.folder / "upper"
        if name not in host.data:
            raise LabError(f"{host.spec.name} has no disk {name}")
        return host.data[name]

    async def status(self, name: str | None = None) -> Any:
        return self._host(name).status() if name else {name: host.status() for name, host in self.hosts.items()}

    async def power(self, name: str, what: str) -> Any:
        if what not in ("on", "off", "force-off", "reboot", "force-reboot"):
            raise LabError(f"usage: {USAGE['power']}")
        host = self._host(name)
        async with host.lock:
            await host.settled()
            if host.state == "on" and what != "on":
                await host.stop(again=what.endswith("reboot"), force=what.startswith("force"))
            elif what.endswith("off"):
                host.give_up()  # it is off already, or did not come up
            elif host.state != "on":
                if what.endswith("reboot") and host.state == "off":
                    raise LabError(f"{name} is off")
                host.power_on()
                await host.settled()
        return host.status()

    async def snapshot(self, name: str, disk: str, blob: str) -> Any:
        host, target = self._host(name), disks.blob_path(self.blobs, blob)
        source = self._disk(host, disk)
        async with host.lock:
            if target.exists():
                raise LabError(f"there is a copy {blob} already")
            partial = target.with_name(f".{blob}.partial")
            disks.empty(partial)
            stopped = host.freeze()
            try:
                await must(*disks.copy_command(source, partial))
            finally:
                for pid in stopped:
                    _continue(pid)
            partial.rename(target)
        return {"blob": blob, "host": name, "disk": disk}

    async def restore(self, name: str, disk: str, blob: str) -> Any:
        host, source = self._host(name), disks.blob_path(self.blobs, blob)
        target = self._disk(host, disk)
        async with host.lock:
            if not source.is_dir():
                raise LabError(f"there is no copy {blob}")
            if host.state != "off":
                raise LabError(f"{name} must be off to get a disk back")
            if disk == "system":
                host.unmount()
            try:
                await asyncio.to_thread(disks.empty, target)
                await must(*disks.copy_command(source, target))
            finally:
                if disk == "system":
                    host.mount()
        return {"blob": blob, "host": name, "disk": disk}

    async def drop(self, blob: str) -> Any:
        await asyncio.to_thread(disks.empty, disks.blob_path(self.blobs, blob))
        return {"blob": blob}

    async def hash(self, name: str, disk: str | None = None) -> Any:
        host = self._host(name)
        if disk is not None:
            self._disk(host, disk)
        async with host.lock:
            roots = {"system": host.root, **host.data}
            wanted = {key: root for key, root in roots.items() if disk in (None, key)}
            hashes = {key: await asyncio.to_thread(disks.tree_hash, root) for key, root in wanted.items()}
        return {"host": name, "hash": disks.combined(hashes), "disks": hashes}

    async def link(self, name: str, direction: str) -> Any:
        if direction not in ("up", "down"):
            raise LabError(f"usage: {USAGE['link']}")
        host = self._host(name)
        await host.link(direction == "up")
        return host.status()

    async def run(self, name: str, *words: str) -> Any:
        if not words:
            raise LabError(f"usage: {USAGE['run']}")
        host = self._host(name)
        # Not while a snapshot has stopped the host's processes: nsenter would stop with its child, and never go on.
        async with host.lock:
            return await host.run(list(words))

    async def execute(self, script: bytes, name: str, limit: str, user: str = "root", directory: str = "") -> Any:
        """Beside all else that is done to the host, which may end it."""
        return await assistant.execute(self._host(name), script, float(limit), user, directory)

    async def put(self, content: bytes, name: str, path: str, mode: str, owner: str, overwrite: str = "yes") -> Any:
        if not path.startswith("/") or ":" not in owner:
            raise LabError(f"usage: {USAGE['put']}")
        return await assistant.write(self._host(name), content, path, mode, owner, overwrite)

    async def smc_watch(self) -> Any:
        """Waits until a client on any host asks to be imported as a migration source."""
        while not (asked := [one for host in self.hosts.values() for one in assistant.questions(host)]):
            await asyncio.sleep(0.2)
        return {"imports": asked}

    async def smc_answer(self, answer: bytes, name: str, number: str) -> Any:
        return {"told": await assistant.tell_client(self._host(name), number, answer)}

    async def smc_convert(self, name: str, target: str) -> Any:
        """What a migration job does to a host: other packages, another kernel, a reboot, and some work after it."""
        if target not in CONVERSIONS:
            raise LabError(f"usage: {USAGE['smc-convert']}")
        host = self._host(name)
        script = Path(__file__).with_name(CONVERSIONS[target]).read_bytes()
        done = await assistant.execute(host, script, CONVERSION_LIMIT)
        if done["how"] != "exited" or done["rc"]:
            said = base64.b64decode(done.get("output", "")).decode(errors="replace").strip()
            raise LabError(f"the conversion of {name} failed ({done['how']}): {said[-1000:]}")
        return await self.power(name, "reboot")

    async def ssh(self, name: str, direction: str) -> Any:
        if direction not in ("up", "down"):
            raise LabError(f"usage: {USAGE['ssh']}")
        host = self._host(name)
        async with host.lock:
            await host.ssh(direction == "up")
        return host.status()

    async def kill_ssh(self, name: str) -> Any:
        return {"host": name, "killed": self._host(name).kill_ssh()}


async def _first(work: asyncio.Future[Any], gone: Coroutine[Any, Any, bytes]) -> None:
    """Waits for the work, and ends it when its asker goes away before."""
    leaving = asyncio.ensure_future(gone)
    await asyncio.wait({work, leaving}, return_when=asyncio.FIRST_COMPLETED)
    if not work.done():
        work.cancel()
    leaving.cancel()


def _continue(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGCONT)
    except ProcessLookupError:
        return


def short_socket_path(folder: int) -> str:
    """A socket's path must be short, and a state directory's need not be: go through the open directory."""
    return f"/proc/self/fd/{folder}/control.sock"


def ask(state: Path, verb: str, arguments: list[str], content: bytes = b"") -> Any:
    """The client's side; raises LabError with the lab's own words."""
    try:
        folder = os.open(state, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise LabError(f"no lab has its state in {state}: {error.strerror}") from error
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            try:
                connection.connect(short_socket_path(folder))
            except OSError as error:
                raise LabError(f"no lab runs in {state}: {error.strerror}") from error
            request = {"verb": verb, "arguments": arguments, "stdin": base64.b64encode(content).decode()}
            connection.sendall(json.dumps(request).encode() + b"\n")
            with connection.makefile("rb") as stream:
                line = stream.readline()
    finally:
        os.close(folder)
    if not line:
        raise LabError("the lab ended before it answered")
    answer = json.loads(line)
    if "error" in answer:
        raise LabError(answer["error"])
    return answer["result"]
