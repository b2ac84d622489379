"""A forward proxy that passes an account's API traffic on and writes it down, with everything of the account taken out."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aiohttp import ClientError, ClientSession, ClientTimeout, web
from yarl import URL

from . import wire
from .certificates import Authority
from .scrub import Scrubber
from .server import LINE_LIMIT

# Headers of one connection, which a proxy does not pass on; and those that the libraries set anew.
_HOP_BY_HOP = """
    connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer transfer-encoding upgrade
    accept-encoding content-encoding content-length
"""
_OF_THE_CONNECTION = frozenset(_HOP_BY_HOP.split())
# Headers that aiohttp would add by itself.
_NOT_OURS = ("User-Agent", "Content-Type", "Accept", "Accept-Encoding")


class Recorder:
    """upstream: where everything is sent instead of to the host that it is for, such as a simulator."""

    def __init__(self, out: Path, upstream: str | None = None) -> None:
        # A new file that only its owner can read: what is taken out is much, but names of regions and types stay.
        self._file = os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", buffering=1)
        self._upstream = upstream
        self._scrubber = Scrubber()
        self._started = time.monotonic()
        self._number = 0
        self._session: ClientSession | None = None

    async def handle(self, request: web.Request, scheme: str) -> web.StreamResponse:
        """Pass one request on, byte for byte where its signature needs it, and hand back the answer."""
        arrived, body = time.monotonic(), await request.read()
        target = urlsplit(request.raw_path)
        base = self._upstream or f"{scheme}://{target.netloc or request.headers.get('Host', '')}"
        url = URL(f"{base}{target.path or '/'}{'?' + target.query if target.query else ''}", encoded=True)
        session = self._session = self._session or ClientSession(timeout=ClientTimeout(total=120))
        try:
            own = {"headers": _passed(request.headers), "skip_auto_headers": _NOT_OURS}
            async with session.request(request.method, url, data=body, allow_redirects=False, **own) as answer:
                status, content, headers = answer.status, await answer.read(), _passed(answer.headers)
        except (ClientError, asyncio.TimeoutError, OSError) as error:
            status, content, headers = 0, b"", {}
            self._write(request, body, arrived, status, content)
            return web.Response(status=502, text=f"no answer from the service: {type(error).__name__}\n")
        self._write(request, body, arrived, status, content)
        return web.Response(status=status, body=content, headers=headers)

    def _write(self, request: web.Request, body: bytes, arrived: float, status: int, content: bytes) -> None:
        headers = {name.lower(): value for name, value in request.headers.items()}
        route = wire.route(wire.Incoming(request.method, request.raw_path, headers, body))
        if not route.product:
            return  # credentials of a role come this way too; they are passed on and never written
        self._number += 1
        entry = {
            "number": self._number,
            "at": round(arrived - self._started, 3),
            "product": route.product,
            "action": route.action,
            "version": route.version,
            "region": route.region,
            "parameters": self._scrubber.parameters(route.parameters),
            "status": status,
            "answer": self._scrubber.answer(_document(content)),
        }
        self._file.write(json.dumps(entry, ensure_ascii=False) + "\n")

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
        self._file.close()


def _passed(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in _OF_THE_CONNECTION}


def _document(content: bytes) -> Any:
    try:
        found = json.loads(content)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


@contextlib.asynccontextmanager
async def proxy(recorder: Recorder, port: int, authority: Authority | None) -> AsyncIterator[int]:
    """Listen on 127.0.0.1; gives the port. Without an authority, https is refused."""
    with tempfile.TemporaryDirectory() as folder:
        plain, secure = f"{folder}/http", f"{folder}/https"
        runners = [await _site(recorder, "http", plain, None)]
        if authority is not None:
            runners.append(await _site(recorder, "https", secure, authority))
        front = Front(plain, secure if authority else None)
        server = await asyncio.start_server(front.connected, "127.0.0.1", port)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            await front.close()
            for runner in runners:
                await runner.cleanup()
            await recorder.close()


async def _site(recorder: Recorder, scheme: str, path: str, authority: Authority | None) -> web.AppRunner:
    app = web.Application(client_max_size=16 * 2**20)
    app.router.add_route("*", "/{path:.*}", partial(recorder.handle, scheme=scheme))
    runner = web.AppRunner(
        app, access_log=None, shutdown_timeout=1, max_line_size=LINE_LIMIT, max_field_size=LINE_LIMIT)  # fmt: skip
    await runner.setup()
    await web.UnixSite(runner, path, ssl_context=authority.server_context() if authority else None).start()
    return runner


class Front:
    """Tells a tunnel from a request, and joins each connection with the server inside that speaks its protocol."""

    def __init__(self, plain: str, secure: str | None) -> None:
        self._plain, self._secure = plain, secure
        self._connections: set[asyncio.Task[None]] = set()

    def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.ensure_future(self._talk(reader, writer))
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)

    async def close(self) -> None:
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            word = await reader.readexactly(len(b"CONNECT "))
            if word != b"CONNECT ":
                await _join(reader, writer, self._plain, word)
                return
            await reader.readuntil(b"\r\n\r\n")
            if self._secure is None:
                writer.write(b"HTTP/1.1 501 Not Implemented\r\nContent-Length: 0\r\n\r\n")
                return
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await _join(reader, writer, self._secure, b"")
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the client went away, or spoke no HTTP
        finally:
            writer.close()


async def _join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str, first: bytes) -> None:
    inner_reader, inner_writer = await asyncio.open_unix_connection(path)
    inner_writer.write(first)
    pumps = [
        asyncio.ensure_future(_pump(reader, inner_writer)),
        asyncio.ensure_future(_pump(inner_reader, writer)),
    ]
    try:
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for pump in pumps:
            pump.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)
        inner_writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while content := await reader.read(65536):
        writer.write(content)
        await writer.drain()
