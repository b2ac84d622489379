"""python -m simulator serve | record | replay: the stand-in, a recording proxy, and the comparison of both."""

from __future__ import annotations

import argparse
import asyncio
import os
import shlex
import signal
import sys
import threading
from pathlib import Path

import yaml

from . import fleet
from .errors import TraceError
from .server import Simulator, serve
from .wire import Account


def environment(endpoint: str, account: Account) -> dict[str, str]:
    """What a client needs to find us. `{region}` stays as it is: the collection fills it in."""
    variables = {
        "ALICLOUD_ECS_ENDPOINT": f"{endpoint}/r/{{region}}",
        "ALICLOUD_SMC_ENDPOINT": f"{endpoint}/smc",
        "ALICLOUD_SLB_ENDPOINT": f"{endpoint}/r/{{region}}",
        "ALIBABA_CLOUD_ACCESS_KEY_ID": account.access_key_id,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": account.access_key_secret,
        # Otherwise the SDK's default credential chain asks the metadata service, which is not there.
        "ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true",
    }
    if account.security_token:
        variables["ALIBABA_CLOUD_SECURITY_TOKEN"] = account.security_token
    return variables


def _watch_stdin(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    while os.read(0, 65536):
        pass
    loop.call_soon_threadsafe(stop.set)


def _stop_event(stdin_guard: bool) -> asyncio.Event:
    """Set when the process is told to end."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    if stdin_guard:
        threading.Thread(target=_watch_stdin, args=(loop, stop), daemon=True).start()
    return stop


def _settings(path: Path) -> fleet.Settings:
    return fleet.settings(yaml.safe_load(path.read_text()), path.parent)


async def _serve(arguments: argparse.Namespace) -> int:
    settings = _settings(arguments.fleet)
    simulator = Simulator(settings, arguments.log)
    stop = _stop_event(arguments.stdin_guard)
    runner, port = await serve(simulator, arguments.port)
    endpoint = f"http://127.0.0.1:{port}"
    if arguments.write_env:
        lines = environment(endpoint, next(iter(settings.accounts.values()))).items()
        arguments.write_env.write_text("".join(f"export {key}={shlex.quote(value)}\n" for key, value in lines))
    print(f"ready {endpoint}", flush=True)
    await stop.wait()
    await simulator.drivers.stop()
    await runner.cleanup()
    simulator.log.close()
    return 0


async def _record(arguments: argparse.Namespace) -> int:
    from . import certificates, record

    authority = None
    if arguments.ca:
        authority = certificates.Authority()
        arguments.ca.write_bytes(authority.pem())
    stop = _stop_event(arguments.stdin_guard)
    async with record.proxy(record.Recorder(arguments.out, arguments.upstream), arguments.port, authority) as port:
        print(f"ready http://127.0.0.1:{port}", flush=True)
        await stop.wait()
    return 0


async def _replay(arguments: argparse.Namespace) -> int:
    from . import replay

    exchanges = replay.read(arguments.trace)
    differences = await replay.replay(exchanges, _settings(arguments.fleet), arguments.rate)
    left = replay.unaccepted(differences, arguments.accept)
    for number, line in left:
        print(f"{number} {line}")
    accepted = len(differences) - len(left)
    print(f"{len(exchanges)} requests, {len(left)} differences, {accepted} accepted", file=sys.stderr)
    return 1 if left else 0


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m simulator", description="A local stand-in for ECS, SMC and SLB.")
    commands = made.add_subparsers(required=True)
    one = commands.add_parser("serve", help="listen on 127.0.0.1")
    one.add_argument("--fleet", type=Path, required=True, help="YAML file: accounts, regions, instances, faults")
    one.add_argument("--port", type=int, default=0, help="0 picks a free one (default)")
    one.add_argument("--log", type=Path, help="append every request to this file, one JSON object a line")
    one.add_argument("--write-env", type=Path, help="write shell exports for clients to this file")
    one.add_argument("--stdin-guard", action="store_true", help="exit when standard input ends")
    one.set_defaults(run=_serve)
    one = commands.add_parser("record", help="be a proxy that writes an account's API traffic down, without secrets")
    one.add_argument("--out", type=Path, required=True, help="a new file, one JSON object a line")
    one.add_argument("--port", type=int, default=0, help="0 picks a free one (default)")
    one.add_argument(
        "--ca", type=Path, help="record https too; the certificate that clients must trust goes to this file"
    )
    one.add_argument("--upstream", help="send everything to this URL instead of to the host that it is for")
    one.add_argument("--stdin-guard", action="store_true", help="exit when standard input ends")
    one.set_defaults(run=_record)
    one = commands.add_parser("replay", help="send a trace to a simulator; exit status 1 where it answers otherwise")
    one.add_argument("--trace", type=Path, required=True, help="what record wrote")
    one.add_argument("--fleet", type=Path, required=True, help="the fleet as it was when the trace was recorded")
    one.add_argument("--accept", type=Path, help="differences that are known, one a line; * and ? are wildcards")
    one.add_argument("--rate", type=float, default=1, help="virtual seconds for each recorded second (default 1)")
    one.set_defaults(run=_replay)
    return made


def main() -> int:
    arguments = parser().parse_args()
    try:
        status: int = asyncio.run(arguments.run(arguments))
    except (fleet.FleetError, TraceError, OSError) as error:
        print(f"simulator: {error}", file=sys.stderr)
        return 1
    return status


if __name__ == "__main__":
    sys.exit(main())
