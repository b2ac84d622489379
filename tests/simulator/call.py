"""One request on its way through the gate, and what is answered to it."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from . import wire
from .errors import not_modelled
from .faults import KINDS, Fault
from .log import main_ids

_GATEWAY_PAGE = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


@dataclass
class Call:
    """`effect` is the answer of the operation, whatever the client gets to see of it; None: it was not carried out.

    blind: the account may call this, and sees nothing.
    """

    number: int
    request_id: str
    request: wire.Incoming
    route: wire.Route
    account: str = ""
    region: str | None = None
    given: dict[str, Any] = field(default_factory=dict)
    fault: Fault | None = None
    notes: list[str] = field(default_factory=list)
    replayed: bool = False
    effect: dict[str, Any] | None = None
    blind: bool = False

    @property
    def fault_kind(self) -> str | None:
        return self.fault.kind if self.fault else None

    @property
    def delivery(self) -> str:
        return KINDS[self.fault.kind].delivery if self.fault else "sent"


@dataclass(frozen=True)
class Result:
    status: int
    code: str
    document: dict[str, Any]
    retry_after_ms: int | None = None

    @property
    def headers(self) -> dict[str, str]:
        return {"x-acs-retry-after": str(self.retry_after_ms)} if self.retry_after_ms else {}


def entry(call: Call, result: Result, now: float, mutating: bool) -> dict[str, Any]:
    """What the log says of a call. The status is 0 where the request was lost before anything was done."""
    status = 502 if call.delivery == "html" else result.status
    if call.effect is None and call.delivery in ("lost", "hung"):
        status = 0
    dry_run = bool(call.given.get("DryRun")) or call.given.get("RepeatMode") == "DryRun"
    return {
        "number": call.number,
        "wall": round(time.time(), 3),
        "virtual": round(now, 3),
        "op": call.route.action,
        "product": call.route.product,
        "region": call.region or call.route.region,
        "account": call.account,
        "status": status,
        "code": result.code,
        "fault": call.fault_kind,
        "done": call.effect is not None,
        "client_token": call.given.get("ClientToken"),
        "ids": main_ids(call.given, call.effect or result.document),
        "mutating": mutating and not dry_run,
        "replayed": call.replayed,
        "retry": call.request.headers.get("x-acs-retry-attempts"),
        "notes": call.notes,
        "request_id": call.request_id,
    }


async def deliver(request: web.Request, call: Call, result: Result) -> web.StreamResponse:
    """Send the answer, or do to it what the fault says."""
    headers = {"x-acs-request-id": call.request_id, **result.headers}
    if call.fault and call.delivery in ("late", "hung"):
        await asyncio.sleep(call.fault.seconds)
    if call.delivery in ("lost", "hung") and request.transport is not None:
        request.transport.abort()
    if call.delivery == "html":
        return web.Response(text=_GATEWAY_PAGE, status=502, content_type="text/html")
    if call.delivery == "empty":
        return web.Response(status=200, headers=headers, content_type="application/json")
    return web.json_response(result.document, status=result.status, headers=headers)


def kill(fault: Fault, registered: int | None) -> None:
    """End the client at once; a negative pid is a process group, as for kill(2)."""
    pid = fault.pid or registered
    if pid is None:
        raise not_modelled("a kill_client without a pid, of its own or from POST /_sim/client")
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError as error:
        raise not_modelled(f"a kill_client of {pid}, which is no process") from error
