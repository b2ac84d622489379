# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the probe, or one section of it, on this machine made sick in a mount namespace of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PROBE = (Path(__file__).resolve().parents[3] / "roles/precheck/files/probe.sh").read_text("utf-8")
SEARCH_PATH = "PATH=/usr/sbin:/usr/bin:/sbin:/bin"
START = "\nmain\nexit\n"
# Only so that a test cannot hang: a probe ends after 90 seconds by itself.
SAFETY = 180


def replaced(text: str, *changes: tuple[str, str]) -> str:
    """The text with replacements of what must be there exactly once."""
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def one_section(body: str, limit: int = 1000, program: str = PROBE, name: str = "x", then: str = "") -> str:
    """The program with a single section, of our own body unless that is empty, and with a second one, `then`."""
    functions = (f"s_{name}() {{ {body}\n}}\n" if body else "") + (f"s_then() {{ {then}\n}}\n" if then else "")
    printed = f"section {name} {limit}\n" + ("section then\n" if then else "")
    opened = 'exec 4>&1\nfind_remote\nchoose_rpm_view\nprintf \'{"probe":1,"sections":{\'\n'
    return replaced(program, (START, f"\n{functions}{opened}{printed}printf '}}}}'\nexit\n"))


def programs_first(directory: Path, program: str = PROBE) -> str:
    """The program, which finds commands in that directory before all others."""
    return replaced(program, (SEARCH_PATH, f"PATH={directory}:/usr/sbin:/usr/bin:/sbin:/bin"))


def command(directory: Path, name: str, script: str) -> None:
    """A command of that name."""
    path = directory / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def sections(program: str, illness: str = "", command_line: Sequence[str] = ("/bin/sh", "-s")) -> dict[str, Any]:
    """The sections of the document. `illness` is a shell program that makes the machine sick, for this probe alone."""
    words: Sequence[str] = command_line
    if illness:
        words = ["unshare", "-m", "--propagation", "private", "/bin/sh", "-ec", f'{illness}\nexec "$@"', "sh", *words]
    done = subprocess.run(words, input=program.encode(), stdout=subprocess.PIPE, check=True, timeout=SAFETY)
    found: dict[str, Any] = json.loads(done.stdout)["sections"]
    return found


def behind_dead_servers(program: str, *places: Path | str) -> tuple[dict[str, Any], list[str]]:
    """The sections read on a machine where the servers of these FUSE file systems never answer; and what was asked of them."""
    words = [sys.executable, "-I", str(Path(__file__).with_name("dead_servers.py")), ",".join(map(str, places))]
    done = subprocess.run(words, input=program.encode(), capture_output=True, check=True, timeout=SAFETY)
    return json.loads(done.stdout)["sections"], done.stderr.decode().splitlines()
