"""Command line of the lab: serve, ctl, reap, build."""
# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from . import control, registry, supervisor
from .image import build
from .image.run import LabError


def main() -> int:
    parser = argparse.ArgumentParser(prog="lab", description="Test hosts that behave like CentOS 8 instances.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    serve = verbs.add_parser("serve", help="run a lab in the foreground until interrupted")
    serve.add_argument("--fleet", type=Path, required=True, help="YAML file that lists the hosts")
    serve.add_argument("--state", type=Path, required=True, help="directory for disks, keys, logs and lab.json")
    serve.add_argument("--stdin-guard", action="store_true", help="end when standard input ends")
    ctl = verbs.add_parser(
        "ctl",
        help="ask something of a running lab",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="verbs:\n" + "\n".join(f"  {line}" for line in control.USAGE.values()),
    )
    ctl.add_argument("--state", type=Path, required=True)
    ctl.add_argument("request", nargs=argparse.REMAINDER, metavar="VERB ...")
    verbs.add_parser("reap", help="remove what dead labs left behind")
    verbs.add_parser("build", help="build the image if it is not in the cache, and print where it is")
    options = parser.parse_args()
    try:
        if options.verb == "serve":
            supervisor.serve(options.fleet, options.state, options.stdin_guard)
        elif options.verb == "ctl":
            return _ctl(options.state, options.request)
        else:
            supervisor.need_machine()
            print(build.ensure() if options.verb == "build" else json.dumps({"reaped": registry.reap()}))
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 3 if isinstance(error, supervisor.NotPossibleError) else 1
    except KeyboardInterrupt:
        return 130
    return 0


def _ctl(state: Path, request: list[str]) -> int:
    if not request:
        raise LabError("what should the lab do? " + "; ".join(control.USAGE.values()))
    content = sys.stdin.buffer.read() if request[0] in control.WITH_CONTENT else b""
    answer = control.ask(state, request[0], request[1:], content)
    print(json.dumps(answer))
    return 1 if request[0] == "run" and answer["rc"] else 0


sys.exit(main())
