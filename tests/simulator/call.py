"""One request on its way through the gate, and what is answered to it."""

from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from . import wire
from .errors import not_modelled
from .faults import KINDS, Fault

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
