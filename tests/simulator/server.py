"""The process: takes requests apart, passes them through the gate, runs operations, writes the log."""

from __future__ import annotations

import asyncio
import json
import time
import traceback
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from aiohttp import web

from . import fleet, schema, wire
from .clock import Clock
from .drivers import DriverRunner
from .errors import ApiError, not_modelled
from .gate import FaultPlan, Quotas, Tokens, fault_error
from .log import RequestLog, main_ids
from .operations import OPERATIONS, Context, Operation
from .world import Region, Work, World

# RunCommand and SendFile carry their content in the URL; aiohttp's own limit of 8190 would refuse them.
LINE_LIMIT = 262144


@dataclass
class Call:
    """One request on its way through the gate."""

    number: int
    request_id: str
    request: wire.Incoming
    route: wire.Route
    account: str = ""
    region: str | None = None
    given: dict[str, Any] = field(default_factory=dict)
    fault: fleet.Fault | None = None
    notes: list[str] = field(default_factory=list)
    replayed: bool = False


class Simulator:
    def __init__(self, settings: fleet.Settings, log_path: Path | None = None) -> None:
        self.settings = settings
        self.schemas = schema.load(OPERATIONS)
        self.log = RequestLog(log_path)
        self.number = 0
        self.drivers = DriverRunner(settings.driver)
        self.reset()

    def reset(self) -> None:
        """Back to the fleet as it was read. Hosts behind a driver keep the state they are in."""
        base = self.settings.clock_base
        self.clock = Clock(self.settings.clock_rate, time.time() if base is None else base)
        self.world = fleet.build(self.settings, self.clock.now())
        self.plan = FaultPlan(self.settings.faults)
        self.quotas = Quotas(self.settings.quota)
        self.tokens = Tokens()
        self.nonces = wire.Nonces()
        self.schema_failures: list[dict[str, Any]] = []
        self.driver_failures: list[dict[str, Any]] = []
        self.log.clear()

    def _driven(self, world: World, work: Work) -> None:
        if world is not self.world:
            return  # asked for before a reset: its end must not show in the log of the next test
        entry = {"event": "driver", "verb": work.verb, "arguments": list(work.arguments), "error": work.error}
        self.log.add(entry)
        if work.error is not None:
            self.driver_failures.append(entry)

    def settle(self) -> float:
        now = self.clock.now()
        self.world.settle(now)
        return now

    def _dispatch_work(self) -> None:
        while self.world.outbox:
            self.drivers.submit(self.world.outbox.pop(0), partial(self._driven, self.world))

    async def handle(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        incoming = wire.Incoming(request.method, request.raw_path, headers, await request.read())
        self.number += 1
        call = Call(self.number, wire.request_id(self.settings.seed, self.number), incoming, wire.route(incoming))
        try:
            status, code, document = 200, "", self.answer(call)
        except ApiError as error:
            status, code = error.status, error.code
            document = wire.error_document(error, call.request_id, headers.get("host", ""))
        except (
            Exception
        ) as error:  # a mistake of ours: answered and counted, so that no test takes it for the service's
            traceback.print_exc()
            status, code = 500, "SimulatorError"
            document = wire.error_document(ApiError(status, code, repr(error)), call.request_id, "")
            self.schema_failures.append({"op": call.route.action, "problems": [repr(error)]})
        kind = call.fault.kind if call.fault else None
        self._note(call, status, code, document)
        if kind in ("reset_before", "reset_after", "hang_after"):
            if call.fault and kind == "hang_after":
                await asyncio.sleep(call.fault.seconds)
            if request.transport is not None:
                request.transport.abort()
        return web.json_response(document, status=status, headers={"x-acs-request-id": call.request_id})

    def answer(self, call: Call) -> dict[str, Any]:
        """Authentication, schema, planned fault, quota, idempotence, operation: in this order."""
        route, request = call.route, call.request
        call.account = wire.authenticate(request, self.settings.accounts, self.nonces, time.time()).access_key_id
        if not route.product:
            raise ApiError(400, "InvalidVersion", "Specified parameter Version is not valid.")
        operation = OPERATIONS.get((route.product, route.action))
        if operation is None:
            message = "Specified api is not found, or the simulator does not model it."
            raise ApiError(404, "InvalidAction.NotFound", message)
        shapes = self.schemas[f"{route.product}.{route.action}"]
        call.given = schema.decode(shapes["request"], route.parameters)
        region = self._region(call, operation)
        if unheeded := call.given.keys() - operation.heeded:
            raise not_modelled(f"{', '.join(sorted(unheeded))} of {route.action}")
        call.fault = self.plan.strike(route.action, route.parameters)
        if call.fault and (error := fault_error(call.fault.kind)):
            raise error
        if call.fault and call.fault.kind == "reset_before":
            return {}
        now = self.settle()
        self.quotas.take(call.account, region.region_id, route.action, now)
        answer = self._perform(call, operation, region, now)
        return self._checked(call, shapes["response"], {"RequestId": call.request_id, **answer})

    def _region(self, call: Call, operation: Operation) -> Region:
        """The endpoint's region and RegionId must agree; where only one of them is there, it counts."""
        asked, placed = call.given.get("RegionId"), call.route.region
        central = operation.product == "smc" or call.route.action == "DescribeRegions"
        call.region = asked or placed
        if central:
            return self.world.regions.get(call.region or "") or next(iter(self.world.regions.values()))
        if call.region is None:
            raise wire.missing_parameter("RegionId")
        if (asked and placed and asked != placed) or call.region not in self.world.regions:
            raise ApiError(404, "InvalidRegionId.NotFound", "The specified RegionId does not exist.")
        return self.world.regions[call.region]

    def _perform(self, call: Call, operation: Operation, region: Region, now: float) -> dict[str, Any]:
        token = call.given.get("ClientToken")
        key = (call.account, region.region_id, call.route.action, token or "")
        if token and (known := self.tokens.recall(key, call.route.parameters)) is not None:
            call.replayed = True
            return known
        context = Context(self.world, region, now, call.notes, time.time())
        self.world.fail_work = bool(call.fault and call.fault.kind == "fail_work")
        try:
            answer = operation.handler(context, call.given)
        finally:
            self.world.fail_work = False
        self._dispatch_work()
        if token:
            self.tokens.keep(key, call.route.parameters, answer)
        return answer

    def _checked(self, call: Call, shape: schema.Schema, document: dict[str, Any]) -> dict[str, Any]:
        if wrong := schema.problems(shape, document):
            self.schema_failures.append({"op": call.route.action, "problems": wrong, "request_id": call.request_id})
            raise ApiError(500, "SimulatorSchemaError", "; ".join(wrong[:5]))
        return document

    def _note(self, call: Call, status: int, code: str, document: dict[str, Any]) -> None:
        operation = OPERATIONS.get((call.route.product, call.route.action))
        dropped = call.fault is not None and call.fault.kind == "reset_before"
        self.log.add({
            "number": call.number,
            "wall": round(time.time(), 3),
            "virtual": round(self.clock.now(), 3),
            "op": call.route.action,
            "product": call.route.product,
            "region": call.region or call.route.region,
            "account": call.account,
            "status": 0 if dropped else status,
            "code": code,
            "fault": call.fault.kind if call.fault else None,
            "client_token": call.given.get("ClientToken"),
            "ids": main_ids(call.given, document),
            "mutating": bool(operation and operation.mutating and not call.given.get("DryRun")),
            "replayed": call.replayed,
            "retry": call.request.headers.get("x-acs-retry-attempts"),
            "notes": call.notes,
            "request_id": call.request_id,
        })  # fmt: skip

    def state(self) -> dict[str, Any]:
        now = self.settle()
        regions = {}
        for name, region in self.world.regions.items():
            regions[name] = {
                "instances": {key: asdict(one) for key, one in region.instances.items()},
                "disks": {key: asdict(one) for key, one in region.disks.items()},
                "snapshots": {
                    key: {**asdict(one), "available": one.available(now)} for key, one in region.snapshots.items()
                },
                "groups": {key: asdict(one) for key, one in region.groups.items()},
                "images": {key: asdict(one) for key, one in region.images.items()},
                "security_groups": {key: asdict(one) for key, one in region.security_groups.items()},
                "vswitches": {key: asdict(one) for key, one in region.vswitches.items()},
            }
        return {"now": now, "regions": regions, "driver_failures": self.driver_failures}

    async def control(self, request: web.Request) -> web.Response:
        """The /_sim/ endpoint: for tests and people, no part of what is simulated."""
        name = request.method + " " + request.match_info["name"]
        try:
            return self._control(name, dict(request.query), json.loads(await request.read() or b"null"))
        except (ValueError, TypeError) as error:
            return web.json_response({"error": str(error)}, status=400)

    def _control(self, name: str, query: dict[str, str], body: Any) -> web.Response:
        result: Any
        if name == "GET health":
            result = {"ok": True, "requests": self.number}
        elif name == "GET log":
            result = self.log.chosen(query)
        elif name == "GET count":
            result = {"count": sum("op" in entry for entry in self.log.chosen(query))}
        elif name == "GET state":
            result = self.state()
        elif name == "GET schema_failures":
            result = self.schema_failures
        elif name == "POST reset":
            self.reset()
            result = {}
        elif name == "POST faults":
            self.plan = FaultPlan(fleet.faults(body))
            result = {"rules": len(self.plan.rules)}
        elif name == "POST advance":
            self.clock.advance(float(body["seconds"]))
            result = {"now": self.settle()}
        else:
            return web.json_response({"error": f"no such thing: {name}"}, status=404)
        return web.json_response(result)


async def serve(simulator: Simulator, port: int) -> tuple[web.AppRunner, int]:
    """Start to listen; the runner to clean up and the port."""
    app = web.Application()
    app.router.add_route("*", "/_sim/{name}", simulator.control)
    app.router.add_route("*", "/{path:.*}", simulator.handle)
    # aiohttp sets TCP_NODELAY itself; without it every call would wait for a delayed acknowledgement.
    runner = web.AppRunner(app, access_log=None, max_line_size=LINE_LIMIT, max_field_size=LINE_LIMIT)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=1024).start()
    return runner, runner.addresses[0][1]
