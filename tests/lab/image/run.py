"""Running the build's commands: output goes to the log, a failure names its command and shows the log's end."""
# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path


class LabError(Exception):
    """Something that the user of the lab can understand and mend: its text is one sentence."""


def run(command: list[str], log: Path, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> None:
    with log.open("ab") as stream:
        stream.write(("\n$ " + " ".join(command)[:500] + "\n").encode())
        stream.flush()
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            cwd=cwd,
            env={**os.environ, "LC_ALL": "C.UTF-8", **(env or {})},
            check=False,
        )
    if done.returncode:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
        raise LabError(f"{command[0]} failed with status {done.returncode}; the end of its log:\n{tail}")
