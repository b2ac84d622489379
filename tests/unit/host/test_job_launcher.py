# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program that starts a conversion on a host and tells how it stands, run here in a directory of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.alicloud.os_migration.plugins.action import host_job

ENGINE = """cd "$1"
printf 'state=running\\nphase=%s\\nstep=transaction\\n' "$2" >state
if [ "$2" = prepare ]; then
    sleep 600 &
    echo $! >agent
else
    turns=0
    until [ -e go ] || [ $turns -gt 1200 ]; do turns=$((turns + 1)); sleep 0.05; done
fi
printf 'state=finished\\nphase=%s\\nstep=assertions\\n' "$2" >state
"""


class Job:
    """A run's directory on a host, and the launcher that works on it."""

    def __init__(self, base: Path) -> None:
        self.directory = base / "run"
        self.program = host_job.launch_program({"engine.sh": ENGINE}).replace(host_job.JOBS, str(base))

    def call(self, *words: str) -> dict[str, Any]:
        done = subprocess.run(
            ["sh", "-s", "--", *words], input=self.program, capture_output=True, text=True, timeout=60, check=True
        )
        return dict(json.loads(done.stdout))

    def until_it_ends(self) -> str:
        while (status := self.call("status", "run"))["state"] == "running":
            pass
        return str(status["state"])


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path)


def test_a_conversion_is_not_taken_for_dead_when_something_outlives_its_preparation(job: Job) -> None:
    job.call("start", "run", "prepare")
    assert job.until_it_ends() == "finished"
    agent = int((job.directory / "agent").read_text())
    try:
        assert job.call("start", "run", "convert")["phase"] == "convert"
        steps = (job.call("status", "run")["step"] for _attempt in range(500))
        assert "transaction" in steps, "the conversion waits for what is left of the preparation"
    finally:
        os.kill(agent, signal.SIGKILL)
    assert {job.call("status", "run")["state"] for _attempt in range(20)} == {"running"}
    (job.directory / "go").touch()
    assert job.until_it_ends() == "finished"


def test_a_job_that_ends_while_somebody_asks_is_not_taken_for_dead(job: Job) -> None:
    job.directory.mkdir()
    (job.directory / "state").write_text("state=running\nphase=prepare\nstep=check_space\n")
    (job.directory / "lock.prepare").touch()
    look = 'flock -n -s "$lock" true'
    assert job.program.count(look) == 1
    # The last that the job does, between the two things that are looked at.
    job.program = job.program.replace(look, "ends").replace(
        "json_string() {", 'ends() { sed -i s/=running/=finished/ "$job/state"; }\njson_string() {', 1
    )
    assert job.call("status", "run")["state"] == "finished"


def test_a_conversion_whose_processes_were_killed_is_known_to_be_dead(job: Job) -> None:
    job.directory.mkdir()
    (job.directory / "state").write_text("state=running\nphase=convert\nstep=transaction\n")
    (job.directory / "lock.convert").touch()
    assert job.call("status", "run")["state"] == "died"
