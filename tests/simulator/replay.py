"""Sends recorded requests to a simulator and tells where it answers otherwise than the real service did."""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from aiohttp import ClientSession

from . import wire
from .errors import TraceError
from .fleet import Settings
from .scrub import STAND_IN, filled
from .server import Simulator, serve

_EMPTY = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True)
class Exchange:
    number: int
    at: float
    product: str
    action: str
    version: str
    region: str | None
    parameters: dict[str, str]
    status: int
    answer: dict[str, Any] | None


@dataclass
class Names:
    """What a stand-in of the trace is called in the simulator, learned from where both stand in an answer."""

    known: dict[str, str] = field(default_factory=dict)

    def learn(self, recorded: Any, answered: Any) -> None:
        if isinstance(recorded, dict) and isinstance(answered, dict):
            for key in recorded.keys() & answered.keys():
                self.learn(recorded[key], answered[key])
        elif isinstance(recorded, list) and isinstance(answered, list):
            for one, two in zip(recorded, answered, strict=False):
                self.learn(one, two)
        elif isinstance(recorded, str) and isinstance(answered, str) and STAND_IN.fullmatch(recorded) and answered:
            self.known.setdefault(recorded, answered)

    def put(self, value: str) -> str:
        """A parameter as the simulator needs it. One whose name was not learned stays: the fleet may use it."""
        return STAND_IN.sub(lambda found: self.known.get(found.group(), found.group()), filled(value))


def read(path: Path) -> list[Exchange]:
    exchanges = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        try:
            exchanges.append(Exchange(**json.loads(line)))
        except (ValueError, TypeError) as error:
            raise TraceError(f"{path}, line {number}: {error}") from error
    return exchanges


def shape(value: Any, path: str = "answer") -> Iterator[tuple[str, str]]:
    """Every key path of an answer with the type found there; the entries of a list share one path."""
    kinds = {dict: "object", list: "list", str: "string", bool: "boolean", int: "integer", float: "number"}
    yield path, kinds.get(type(value), "null")
    if isinstance(value, dict):
        for key, one in value.items():
            yield from shape(one, f"{path}.{key}")
    elif isinstance(value, list):
        for one in value:
            yield from shape(one, f"{path}[]")


def compare(exchange: Exchange, status: int, answer: Any) -> list[str]:
    """How the answer differs from the recorded one, in words."""
    if status != exchange.status:
        code = answer.get("Code", "") if isinstance(answer, dict) else ""
        return [f"{exchange.action}: status {status} {code}".rstrip() + f", recorded {exchange.status}"]
    found, recorded = set(shape(answer)), set(shape(exchange.answer))
    differences = []
    codes = [one.get("Code") if isinstance(one, dict) and status >= 400 else None for one in (answer, exchange.answer)]
    if codes[0] != codes[1]:
        differences.append(f"{exchange.action}: code {codes[0]}, recorded {codes[1]}")
    for path in sorted({path for path, _kind in found ^ recorded}):
        kinds = ["/".join(sorted(kind for at, kind in one if at == path)) or "nothing" for one in (found, recorded)]
        differences.append(f"{exchange.action}: {path}: {kinds[0]}, recorded {kinds[1]}")
    return differences


def signed(account: wire.Account, host: str, exchange: Exchange, query: str) -> dict[str, str]:
    """The headers of the request, with a signature of this moment."""
    headers = {
        "host": host,
        "x-acs-action": exchange.action,
        "x-acs-version": exchange.version,
        "x-acs-date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "x-acs-signature-nonce": uuid.uuid4().hex,
        "x-acs-content-sha256": _EMPTY,
    }
    if account.security_token:
        headers |= {"x-acs-accesskey-id": account.access_key_id, "x-acs-security-token": account.security_token}
    names = ";".join(sorted(headers))
    canonical = wire.canonical_request(wire.Incoming("POST", f"/?{query}", headers), names)
    signature = wire.sign_v3(account.access_key_secret, canonical)
    credential = f"Credential={account.access_key_id},SignedHeaders={names},Signature={signature}"
    return {**headers, "authorization": f"{wire.ALGORITHM} {credential}"}


async def replay(exchanges: Iterable[Exchange], settings: Settings, rate: float) -> list[tuple[int, str]]:
    """Numbers and differences. Between two requests, `rate` virtual seconds pass for each recorded one."""
    simulator = Simulator(replace(settings, clock_rate=0.0))
    runner, port = await serve(simulator, 0)
    account = next(iter(simulator.accounts.values()))
    names, differences, last = Names(), [], 0.0
    try:
        async with ClientSession() as session:
            for exchange in exchanges:
                simulator.clock.advance(max(0.0, exchange.at - last) * rate)
                last = max(last, exchange.at)
                status, answer = await _send(session, f"127.0.0.1:{port}", account, exchange, names)
                differences += [(exchange.number, line) for line in compare(exchange, status, answer)]
                names.learn(exchange.answer, answer)
    finally:
        await simulator.drivers.stop()
        await runner.cleanup()
    return differences


async def _send(
    session: ClientSession, host: str, account: wire.Account, exchange: Exchange, names: Names
) -> tuple[int, Any]:
    query = urlencode({key: names.put(value) for key, value in exchange.parameters.items()})
    path = f"/r/{exchange.region}" if exchange.region else "/"
    headers = signed(account, host, exchange, query)
    async with session.post(f"http://{host}{path}?{query}", headers=headers) as answer:
        content = await answer.read()
        return answer.status, json.loads(content) if content else None


def unaccepted(differences: Iterable[tuple[int, str]], accept: Path | None) -> list[tuple[int, str]]:
    """Differences that no line of the file fits; a line is a difference, or a pattern for some."""
    lines = accept.read_text().splitlines() if accept else []
    patterns = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    return [one for one in differences if not any(_fits(one[1], pattern) for pattern in patterns)]


def _fits(difference: str, pattern: str) -> bool:
    return difference == pattern or fnmatchcase(difference, pattern.replace("[", "[[]"))
