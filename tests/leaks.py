# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds secrets where they must not be: in text, files, archives inside of files, and lists of processes.

`Relay` stands between the SDK and the simulated cloud. It learns the activation codes, which the simulator shows nobody,
and makes the service quote what it was sent.
"""

from __future__ import annotations

import base64
import gzip
import http.client
import io
import json
import re
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{24,}(?:\r?\n[A-Za-z0-9+/_-]+)*={0,2}")
_DEEPEST = 4
# Where a text may have been cut, this much of a secret is a leak too.
_PIECE = 16


def needles(secrets: Iterable[str]) -> set[bytes]:
    """What to look for: both halves of each secret, as they are, in a URL and in hexadecimal; Base64 is decoded."""
    halves = {half for one in secrets for half in (one[:_PIECE], one[-_PIECE:])}
    return {form.encode() for half in halves for form in (half, quote(half, safe=""), half.encode().hex())}


def found_in(data: bytes, wanted: set[bytes], depth: int = 0) -> bool:
    """Whether any of these is in the data, or in what is encoded or packed in it."""
    if any(one in data for one in wanted):
        return True
    return depth < _DEEPEST and any(found_in(inner, wanted, depth + 1) for inner in _inside(data))


def _inside(data: bytes) -> Iterator[bytes]:
    for run in _BASE64.findall(data):
        text = re.sub(rb"[\r\n=]", b"", run).translate(bytes.maketrans(b"-_", b"+/"))
        for start in range(4):  # the run may have begun with letters that do not belong to it
            piece = text[start:]
            with suppress(ValueError):
                yield base64.b64decode(
                    piece[: len(piece) // 4 * 4] if len(piece) % 4 == 1 else piece + b"=" * (-len(piece) % 4)
                )
    if data.startswith(b"\x1f\x8b"):
        with suppress(OSError, EOFError, zlib.error):
            yield gzip.decompress(data)
    if b"PK\x03\x04" in data:
        with suppress(zipfile.BadZipFile, NotImplementedError), zipfile.ZipFile(io.BytesIO(data)) as archive:
            yield from (archive.read(name) for name in archive.namelist())


def files_with(directory: Path, secrets: Iterable[str]) -> list[str]:
    """The files below a directory that contain a secret, or have one in their name."""
    wanted = needles(secrets)
    found = []
    for path in sorted(directory.rglob("*")):
        name = str(path.relative_to(directory))
        if found_in(name.encode(errors="surrogateescape"), wanted) or (
            path.is_file() and not path.is_symlink() and found_in(path.read_bytes(), wanted)
        ):
            found.append(name)
    return found


class Processes:
    """Notes the command line of every process of this machine, and of the hosts on it, while the block runs."""

    def __init__(self, interval: float = 0.01) -> None:
        self.interval = interval
        self.seen: set[bytes] = set()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self) -> None:
        while not self._end.wait(self.interval):
            self.look()

    def look(self) -> None:
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(OSError):
                self.seen.add(path.read_bytes())

    def __enter__(self) -> Processes:
        self._thread.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._end.set()
        self._thread.join()

    def with_secret(self, secrets: Iterable[str]) -> list[bytes]:
        wanted = needles(secrets)
        return [line for line in self.seen if found_in(line, wanted)]


Answer = tuple[int, dict[str, str], bytes]


class Call:
    """A request on its way: `op`, `region`, its parameters, and all its headers and text as a careless service would quote them."""

    def __init__(self, target: str, headers: Mapping[str, str]) -> None:
        self.parameters = {key: values[0] for key, values in parse_qs(urlsplit(target).query).items()}
        self.op = headers.get("x-acs-action", "")
        self.region = urlsplit(target).path.removeprefix("/r/").split("/")[0]
        self.token = headers.get("x-acs-security-token", "")
        self.quoted = f"{target}\n" + "".join(f"{name}:{value}\n" for name, value in headers.items())

    @property
    def command(self) -> str:
        return base64.b64decode(self.parameters.get("CommandContent", "")).decode(errors="replace")


def refusal(code: str, message: str, status: int = 400) -> Answer:
    body = {"Code": code, "Message": message, "RequestId": "R-1", "HostId": "relay"}
    return status, {"Content-Type": "application/json"}, json.dumps(body).encode()


class Relay:
    """Hands requests on to `endpoint`. `before` may answer instead, `after` may change an answer (a JSON object)."""

    def __init__(
        self,
        endpoint: str = "",
        before: Callable[[Call], Answer | None] = lambda call: None,
        after: Callable[[Call, dict[str, Any]], None] = lambda call, answer: None,
    ) -> None:
        self.codes: list[str] = []
        self.before, self.after = before, after
        self._upstream = urlsplit(endpoint).netloc
        relay = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, headers, data = relay._handle(self.command, self.path, dict(self.headers.items()), body)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST

            def log_message(self, *_words: object) -> None:
                """Nothing is logged."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def env(self) -> dict[str, str]:
        return {
            "ALICLOUD_ECS_ENDPOINT": f"{self.endpoint}/r/{{region}}",
            "ALICLOUD_SMC_ENDPOINT": f"{self.endpoint}/smc",
            "ALICLOUD_SLB_ENDPOINT": f"{self.endpoint}/r/{{region}}",
        }

    def __enter__(self) -> Relay:
        self._thread.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handle(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Answer:
        call = Call(target, {name.lower(): value for name, value in headers.items()})
        instead = self.before(call)
        return instead if instead is not None else self._pass_on(call, method, target, headers, body)

    def _pass_on(self, call: Call, method: str, target: str, headers: dict[str, str], body: bytes) -> Answer:
        upstream = http.client.HTTPConnection(self._upstream, timeout=60)
        try:
            upstream.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
            for name, value in headers.items():
                upstream.putheader(name, value)
            upstream.endheaders(body or None)
            got = upstream.getresponse()
            status, kind, data = got.status, got.getheader("Content-Type") or "application/json", got.read()
        finally:
            upstream.close()
        if status == 200:
            answer = json.loads(data)
            if call.op == "CreateAccessToken":
                self.codes.append(answer["AccessTokenCode"])
            self.after(call, answer)
            data = json.dumps(answer).encode()
        return status, {"Content-Type": kind}, data
