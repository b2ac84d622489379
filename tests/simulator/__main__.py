"""python -m simulator serve --fleet FILE --port N [--log FILE] [--write-env FILE] [--stdin-guard]"""

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
from .server import Simulator, serve
from .wire import Account


def environment(endpoint: str, account: Account) -> dict[str, str]:
    """What a client needs to find us. `{region}` stays as it is: the collection fills it in."""
    variables = {
        "ALICLOUD_ECS_ENDPOINT": f"{endpoint}/r/{{region}}",
        "ALICLOUD_SMC_ENDPOINT": f"{endpoint}/smc",
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


async def run(arguments: argparse.Namespace) -> None:
    settings = fleet.settings(yaml.safe_load(arguments.fleet.read_text()), arguments.fleet.parent)
    simulator = Simulator(settings, arguments.log)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    if arguments.stdin_guard:
        threading.Thread(target=_watch_stdin, args=(loop, stop), daemon=True).start()
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


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m simulator", description="A local stand-in for ECS and SMC.")
    command = parser.add_subparsers(dest="command", required=True).add_parser("serve", help="listen on 127.0.0.1")
    command.add_argument("--fleet", type=Path, required=True, help="YAML file: accounts, regions, instances, faults")
    command.add_argument("--port", type=int, default=0, help="0 picks a free one (default)")
    command.add_argument("--log", type=Path, help="append every request to this file, one JSON object a line")
    command.add_argument("--write-env", type=Path, help="write shell exports for clients to this file")
    command.add_argument("--stdin-guard", action="store_true", help="exit when standard input ends")
    try:
        asyncio.run(run(parser.parse_args()))
    except (fleet.FleetError, OSError) as error:
        print(f"simulator: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
