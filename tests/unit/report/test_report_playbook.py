# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.run import RunDirectory


def play(cwd: Path, *variables: str) -> subprocess.CompletedProcess[str]:
    """Runs the playbook in a directory, with an inventory whose one host nobody could reach."""
    (cwd / "hosts.ini").write_text("web1 ansible_host=192.0.2.1\n")
    extra = [part for variable in variables for part in ("-e", variable)]
    command = [
        str(Path(sys.executable).with_name("ansible-playbook")),
        "-i",
        "hosts.ini",
        "alicloud.os_migration.report",
    ]
    environment = {**os.environ, "ANSIBLE_HOME": str(cwd / "ansible"), "ANSIBLE_NOCOLOR": "1"}
    return subprocess.run(
        [*command, *extra], cwd=cwd, env=environment, check=False, capture_output=True, text=True, timeout=120
    )


def test_the_playbook_reports_on_all_runs_without_a_host_or_a_cloud(tmp_path: Path) -> None:
    run = RunDirectory.create(tmp_path / "os_migration_runs", "r1", hosts=["web1"], target="alinux3")
    run.update_host("web1", eligible=True, instance_id="i-1")
    (tmp_path / "os_migration_runs/notes").mkdir()
    done = play(tmp_path, "os_migration_language=ja")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Report: {tmp_path}/os_migration_runs/fleet.html" in done.stdout
    assert "対象ホスト 1 台: 移行可能 1 台。" in done.stdout and "notes: not the directory of a run" in done.stdout
    assert (
        "changed=0" in done.stdout and "skipped=0" in done.stdout and "web1 " not in done.stdout.partition("RECAP")[2]
    )
    assert json.loads((tmp_path / "os_migration_runs/fleet.json").read_text())["summary"]["ready"] == 1


def test_the_playbook_says_in_one_sentence_what_is_wrong_with_the_directory(tmp_path: Path) -> None:
    done = play(tmp_path, "os_migration_runs_dir=elsewhere")
    assert done.returncode != 0 and "There is no directory" in done.stdout and "Traceback" not in done.stdout
