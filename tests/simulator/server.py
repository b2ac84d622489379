"""The process: takes requests apart, passes them through the gate, runs operations, writes the log."""

from __future__ import annotations

import time
import traceback
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from aiohttp import web

from . import faults, fleet, policy, schema, wire
from .call import Call, Result, deliver, entry, kill
from .clock import Clock
from .drivers import STOPPED, DriverRunner
from .errors import ApiError, not_modelled
from .faults import FaultPlan
from .gate import Quotas, Tokens
from .lag import Lag, Memory, ids
from .log import RequestLog
from .operations import OPERATIONS, Context, Operation, smc_hosts
from .state import told
from .world import Region, Work, World

# RunCommand and SendFile carry their content in the URL; aiohttp's own limit of 8190 would refuse them.
LINE_LIMIT = 262144


class Simulator:
    world: World

    def __init__(self, settings: fleet.Settings, log_path: Path | None = None) -> None:
        self.settings = settings
        self.schemas = schema.load(OPERATIONS)
        self.log = RequestLog(log_path)
        self.number = 0
        self.drivers = DriverRunner(settings.driver)
        self.watching = False
        self.reset()

    def reset(self) -> None:
        """Back to the fleet as it was read. Hosts behind a driver keep the state they are in."""
        if self.watching and self.world.watch:
            self.drivers.cancel(self.world.watch)
        base = self.settings.clock_base
        self.clock = Clock(self.settings.clock_rate, time.time() if base is None else base)
        self.world = fleet.build(self.settings, self.clock.now())
        self.skew = 0.0
        self.client: int | None = None
        self.plan = FaultPlan(self.settings.faults)
        self.lag, self.memory = Lag(), Memory()
        self.quotas = Quotas(self.settings.quota, self.settings.quota_hint, self.settings.clock_rate)
        self.actions: dict[str, set[str]] = {}
        self.accounts = {
            key: one.renewed(one.security_token, one.expires_s, self.wall())
            for key, one in self.settings.accounts.items()
        }
        self.tokens = Tokens()
        self.nonces = wire.Nonces()
        self.schema_failures: list[dict[str, Any]] = []
        self.driver_failures: list[dict[str, Any]] = []
        self.log.clear()
        if self.watching:
            self.watch_hosts()

    def _driven(self, world: World, work: Work) -> None:
        if world is not self.world:
            return  # asked for before a reset: its end must not show in the log of the next test
        entry = {"event": "driver", "verb": work.verb, "arguments": list(work.arguments), "error": work.error}
        self.log.add(entry)
        if work.error not in (None, STOPPED):
            self.driver_failures.append(entry)

        if work.verb == smc_hosts.WATCH:
            self.settle()  # a client waits for the answer

    def watch_hosts(self) -> None:
        """From now on clients of Server Migration Center on real hosts are answered."""
        self.watching = True
        if self.world.ssh_import and self.settings.driver:
            smc_hosts.watch(self.world, self.clock.now())
            self._dispatch_work()

    def settle(self) -> float:
        now = self.clock.now()
        self.world.settle(now)
        self._dispatch_work()  # what has begun by itself, such as the next phase of a migration job
        return now

    def _dispatch_work(self) -> None:
        while self.world.outbox:
            self.drivers.submit(self.world.outbox.pop(0), partial(self._driven, self.world))
        while self.world.cancelled:
            self.drivers.cancel(self.world.cancelled.pop(0))

    def wall(self) -> float:
        """The service's clock, against which the dates of signatures and the ends of tokens are checked."""
        return time.time() + self.skew

    async def handle(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        incoming = wire.Incoming(request.method, request.raw_path, headers, await request.read())
        call, result = self._received(incoming)
        if call.fault_kind == "duplicate":
            # The client gets the answer to the second arrival, which has the nonce of the first.
            call, result = self._received(incoming)
        return await deliver(request, call, result)

    def _received(self, request: wire.Incoming) -> tuple[Call, Result]:
        """Answer one arrival of a request, and log it."""
        self.number += 1
        call = Call(self.number, wire.request_id(self.settings.seed, self.number), request, wire.route(request))
        host = request.headers.get("host", "")
        try:
            result = Result(200, "", self.answer(call))
        except ApiError as error:
            document = wire.error_document(error, call.request_id, host)
            result = Result(error.status, error.code, document, error.retry_after_ms)
        except Exception as error:
            # A mistake of ours: answered and counted, so that no test takes it for the service's.
            traceback.print_exc()
            document = wire.error_document(ApiError(500, "SimulatorError", repr(error)), call.request_id, "")
            result = Result(500, "SimulatorError", document)
            self.schema_failures.append({"op": call.route.action, "problems": [repr(error)]})
        self._note(call, result)
        return call, result

    def answer(self, call: Call) -> dict[str, Any]:
        """Authentication, schema, rights, planned fault, quota, idempotence, operation: in this order."""
        route, request = call.route, call.request
        call.account = wire.authenticate(request, self.accounts, self.nonces, self.wall()).access_key_id
        if not route.product:
            raise ApiError(400, "InvalidVersion", "Specified parameter Version is not valid.")
        operation = OPERATIONS.get((route.product, route.action))
        if operation is None:
            message = "Specified api is not found, or the simulator does not model it."
            raise ApiError(404, "InvalidAction.NotFound", message)
        shapes = self.schemas[f"{route.product}.{route.action}"]
        hidden = self.world.smc.target_os.hidden(route.product, route.action)
        shown = {key: value for key, value in route.parameters.items() if key not in hidden}
        call.given = schema.decode(shapes["request"], shown)
        region = self._region(call, operation)
        if unheeded := call.given.keys() - operation.heeded:
            raise not_modelled(f"{', '.join(sorted(unheeded))} of {route.action}")
        call.given |= {key: route.parameters[key] for key in hidden & route.parameters.keys()}
        self.actions.setdefault(call.account, set()).add(f"{route.product}:{route.action}")
        rights = self.accounts[call.account].policy
        call.blind = not policy.check(rights, route.product, route.action, call.region or "", call.given)
        if call.blind:
            call.notes.append("no right to see anything: an empty page")
        now = self.settle()
        self._strike(call, operation)
        if call.fault and not call.fault.is_done:
            return {}
        self.quotas.take(call.account, region.region_id, route.action, now, route.product)
        answer = self._perform(call, operation, region, now)
        return self._answered(call, self._checked(call, shapes["response"], {"RequestId": call.request_id, **answer}))

    def _strike(self, call: Call, operation: Operation) -> None:
        """Find the fault of this call, if it is one's turn, and let happen what comes before the operation."""
        route = call.route
        call.fault = fault = self.plan.strike(
            route.action,
            route.parameters,
            product=route.product,
            mutating=operation.mutating,
            asked_before=_question(call) in self.memory.answers,
        )
        if fault is None:
            return
        if fault.kind == "sts_expired":
            account = self.accounts[call.account]
            if account.security_token is None:
                raise not_modelled("an expired token of an account that has none")
            self.accounts[call.account] = replace(account, expires_at=self.wall())
            raise wire.token_expired()
        if fault.is_done:
            return
        if fault.kind == "kill_client":
            kill(fault, self.client)
        if fault.kind == "forbidden":
            raise policy.forbidden(f"{route.product}:{route.action}")
        if error := faults.error_of(fault, route.action):
            raise error

    def _answered(self, call: Call, document: dict[str, Any]) -> dict[str, Any]:
        """The operation was carried out: let happen what comes after it."""
        call.effect = document
        if call.fault is None:
            return document
        if call.fault.kind == "kill_client":
            kill(call.fault, self.client)
        if error := faults.error_of(call.fault, call.route.action):
            raise error
        return document

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
        if call.fault_kind == "stale":
            return self.memory.answers[_question(call)]
        answer = self._operate(call, operation, region, now)
        self._dispatch_work()
        if token:
            self.tokens.keep(key, call.route.parameters, answer)
        return answer

    def _operate(self, call: Call, operation: Operation, region: Region, now: float) -> dict[str, Any]:
        """Run the operation, on what it may see, with the fate that a fault has in store for its work."""
        world, fault = self.world, call.fault
        seen = world if operation.mutating else self.lag.view(world, now)
        region = seen.regions[region.region_id]
        if call.blind:
            region = replace(region, instances={})
        before = ids(world) if call.fault_kind == "lag" else set()
        world.fail_work, world.stuck_work = call.fault_kind == "fail_work", call.fault_kind == "stuck"
        world.fail_percent = fault.percent if fault and fault.kind == "fail_at" else None
        try:
            answer = operation.handler(Context(seen, region, now, call.notes, time.time(), fault), call.given)
            if world.fail_work:
                call.notes.append("nothing of this call can fail later")
        finally:
            world.fail_work, world.stuck_work, world.fail_percent = False, False, None
        if fault and fault.kind == "lag":
            self.lag.hide(ids(world) - before, now + fault.seconds)
        if self.plan.remembers and not operation.mutating:
            self.memory.keep(_question(call), answer)
        return answer

    def _checked(self, call: Call, shape: schema.Schema, document: dict[str, Any]) -> dict[str, Any]:
        if wrong := schema.problems(shape, document):
            self.schema_failures.append({"op": call.route.action, "problems": wrong, "request_id": call.request_id})
            raise ApiError(500, "SimulatorSchemaError", "; ".join(wrong[:5]))
        return document

    def _note(self, call: Call, result: Result) -> None:
        operation = OPERATIONS.get((call.route.product, call.route.action))
        self.log.add(entry(call, result, self.clock.now(), bool(operation and operation.mutating)))

    def state(self) -> dict[str, Any]:
        """The whole world as JSON, for tests to look into."""
        now = self.settle()
        return {"now": now, **told(self.world, now), "driver_failures": self.driver_failures}


def _question(call: Call) -> tuple[Any, ...]:
    """What a read asked: the same question may be answered as before."""
    route = call.route
    return (call.account, call.region, route.product, route.action, *sorted(route.parameters.items()))


async def serve(simulator: Simulator, port: int) -> tuple[web.AppRunner, int]:
    """Start to listen; the runner to clean up and the port."""
    from .control import Control

    app = web.Application()
    app.router.add_route("*", "/_sim/{name}", Control(simulator).handle)
    app.router.add_route("*", "/{path:.*}", simulator.handle)
    # aiohttp sets TCP_NODELAY itself; without it every call would wait for a delayed acknowledgement.
    # Answers that still hang when it is told to end are not waited for.
    runner = web.AppRunner(
        app, access_log=None, shutdown_timeout=1, max_line_size=LINE_LIMIT, max_field_size=LINE_LIMIT)  # fmt: skip
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=1024).start()
    simulator.watch_hosts()
    return runner, runner.addresses[0][1]
