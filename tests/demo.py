# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job on a small fleet: healthy hosts, one that is not eligible, one that fails half-way and comes back."""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
from pathlib import Path

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.report import terminal_table
from harness import ROOT, Cloud, HarnessError, Host

FLEET = (
    Host("web1", python="py36"),
    Host("web2", python="py27"),
    Host("db1", python="none", plant=("acme-db",), data_disk=True),
    Host("legacy1", plant=("glibc-compat",)),
    Host("fragile1", python="py36", plant=("acme-agent",), data_disk=True),
)
EXPECTED = {
    "web1": "migrated",
    "web2": "migrated",
    "db1": "migrated",
    "legacy1": "not_eligible",
    "fragile1": "rolled_back",
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--venv", type=Path, default=None, help="virtual environment whose ansible-playbook is used")
    parser.add_argument("--keep", action="store_true", help="leave the fleet up until Ctrl-C instead of migrating it")
    options = parser.parse_args()
    try:
        print(
            "Starting a fleet of 5 lab hosts that look like CentOS 8 on ECS, and the simulated cloud in front of it ...",
            flush=True,
        )
        with Cloud(FLEET) as cloud:
            return keep(cloud, options.venv) if options.keep else migrate(cloud, options.venv)
    except HarnessError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        print("\ndemo: interrupted, everything it started has been removed", file=sys.stderr)
        return 130


def show_command(cloud: Cloud, venv: Path | None) -> list[str]:
    command = cloud.command(target="alinux3", accept_risks=True)
    print("\nThe cloud's address and credentials, and the command:\n")
    for name, value in cloud.env.items():
        print(f"  export {name}={shlex.quote(value)}")
    print(f"  . {(venv or Path(sys.prefix)) / 'bin/activate'}\n\n  {shlex.join(command)}\n", flush=True)
    return command


def keep(cloud: Cloud, venv: Path | None) -> int:
    show_command(cloud, venv)
    print("The fleet stays up until Ctrl-C.", flush=True)
    try:
        sys.stdin.read()
    except KeyboardInterrupt:
        print()
    return 0


def migrate(cloud: Cloud, venv: Path | None) -> int:
    before = {name: cloud.tree_hash(name) for name in ("legacy1", "fragile1")}
    command = show_command(cloud, venv)
    subprocess.run(command, cwd=ROOT, env={**cloud.environment(venv), "ANSIBLE_NOCOLOR": "0"}, check=False)
    problems = []
    outcomes = cloud.outcomes(ROOT)
    if outcomes != EXPECTED:
        problems.append(f"the outcomes should be {EXPECTED}, but are {outcomes}")
    for name, digest in before.items():
        same = cloud.tree_hash(name) == digest
        print(f"disks of {name}: {'exactly as before, by hash' if same else 'NOT as before'}")
        if not same:
            problems.append(f"the disks of {name} are not as they were before")
    print()
    print(terminal_table(cloud.report(ROOT), 120))
    print(f"\nReport: {cloud.report_page(ROOT)}")
    for problem in problems:
        print(f"demo: {problem}", file=sys.stderr)
    print("demo: " + ("FAILED" if problems else "all hosts ended as they should"))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
