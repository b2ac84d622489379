"""The endpoint /_sim/: for tests and people, no part of what is simulated."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from aiohttp import web

from . import fleet, policy
from .errors import ApiError
from .faults import FaultPlan
from .operations.smc import import_source
from .wire import Account

if TYPE_CHECKING:
    from .server import Simulator

Query = dict[str, str]


class Control:
    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self._answers: dict[str, Callable[[Query, Any], Any]] = {
            "GET health": lambda query, body: {"ok": True, "requests": simulator.number},
            "GET log": lambda query, body: simulator.log.chosen(query),
            "GET count": lambda query, body: {"count": sum("op" in one for one in simulator.log.chosen(query))},
            "GET state": lambda query, body: simulator.state(),
            "GET schema_failures": lambda query, body: simulator.schema_failures,
            "GET faults": lambda query, body: simulator.plan.told(),
            "GET actions": lambda query, body: {key: sorted(one) for key, one in simulator.actions.items()},
            "POST reset": self._reset,
            "POST faults": self._faults,
            "POST advance": self._advance,
            "POST skew": self._skew,
            "POST client": self._client,
            "POST token": self._token,
            "POST policy": self._policy,
            "POST smc_import": self._smc_import,
        }

    async def handle(self, request: web.Request) -> web.Response:
        name = f"{request.method} {request.match_info['name']}"
        if name not in self._answers:
            return web.json_response({"error": f"no such thing: {name}"}, status=404)
        try:
            body = json.loads(await request.read() or b"null")
            return web.json_response(self._answers[name](dict(request.query), body))
        except (ValueError, TypeError, KeyError, ApiError) as error:
            return web.json_response({"error": str(error)}, status=400)

    def _reset(self, query: Query, body: Any) -> Any:
        self.simulator.reset()
        return {}

    def _faults(self, query: Query, body: Any) -> Any:
        self.simulator.plan = FaultPlan(fleet.faults(body))
        return {"rules": len(self.simulator.plan.rules)}

    def _advance(self, query: Query, body: Any) -> Any:
        self.simulator.clock.advance(float(body["seconds"]))
        return {"now": self.simulator.settle()}

    def _skew(self, query: Query, body: Any) -> Any:
        """How far the service's clock is ahead of this machine's, for the dates of signatures."""
        self.simulator.skew = float(body["seconds"])
        return {"wall": self.simulator.wall()}

    def _client(self, query: Query, body: Any) -> Any:
        """The process that kill_client ends; a negative number is a process group."""
        pid = int(body["pid"])
        if abs(pid) < 2:
            raise ValueError("the pid is no client's")
        self.simulator.client = pid
        return {"pid": pid}

    def _token(self, query: Query, body: Any) -> Any:
        account = self._account(body)
        made = account.renewed(body["security_token"], body.get("expires_s"), self.simulator.wall())
        self.simulator.accounts[account.access_key_id] = made
        return {"access_key_id": account.access_key_id}

    def _policy(self, query: Query, body: Any) -> Any:
        account = self._account(body)
        given = body["policy"]
        rights = None if given is None else policy.parse(given)
        self.simulator.accounts[account.access_key_id] = replace(account, policy=rights)
        return {"access_key_id": account.access_key_id}

    def _smc_import(self, query: Query, body: Any) -> Any:
        """What the client of Server Migration Center does on an instance that somebody gave it to by other means."""
        now, world = self.simulator.settle(), self.simulator.world
        for region in world.regions.values():
            if found := region.instances.get(body["instance_id"]):
                return {"source_id": import_source(world, body["code"], found, region.region_id, now)}
        raise ValueError("no such instance")

    def _account(self, body: Any) -> Account:
        """The account that is named, or the fleet's first."""
        accounts = self.simulator.accounts
        key = body.get("access_key_id") or next(iter(accounts))
        if key not in accounts:
            raise ValueError(f"no account has the key {key}")
        return accounts[key]
