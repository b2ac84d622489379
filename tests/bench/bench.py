# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the parts take on lab hosts of this machine: probe, precheck, migration. Prints a table; asserts nothing."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from harness import Cloud, Host

PRECHECK = "alicloud.os_migration.precheck"


def measured(name: str, hosts: int, work: Callable[[], Any]) -> None:
    before, started = os.times(), time.monotonic()
    work()
    wall, after = time.monotonic() - started, os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    print(
        f"{name:34} {hosts:3} hosts  {wall:7.1f} s wall  {cpu:7.1f} s controller CPU  {cpu / hosts:6.2f} s per host",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hosts", type=int, default=8)
    count = parser.parse_args().hosts
    with Cloud([Host(f"web{number}") for number in range(count)]) as cloud:
        measured("ansible-playbook, precheck", count, lambda: cloud.playbook(PRECHECK, accept_risks=None))
        measured(
            "ansible-playbook, migrate --check",
            count,
            lambda: cloud.playbook("alicloud.os_migration.migrate", "--check"),
        )
        measured("ansible-playbook, migrate", count, cloud.playbook)
        outcomes = cloud.outcomes()
        outages = [host["outage_seconds"] for host in cloud.report()["hosts"] if host.get("outage_seconds")]
        measured("the same again", count, cloud.playbook)
    print(f"outcomes: {outcomes}")
    if outages:
        print(f"outage of a host: {min(outages)} to {max(outages)} s")


if __name__ == "__main__":
    main()
