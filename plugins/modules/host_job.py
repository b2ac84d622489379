# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name, which does the work on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: host_job
short_description: Run a phase of the conversion as a detached job
description:
  - Ships the conversion engine to the host, starts it detached (a transient systemd unit where there is
    systemd, a session of its own elsewhere) and watches it.
    The job outlives the connection and the controller; calling the task again takes it up where it stands. Needs no Python on the host.
  - Refuses a host that has no complete restore point in the run.
version_added: 0.1.0
author:
  - The alicloud.os_migration contributors (@alicloud)
attributes:
  check_mode:
    support: full
    description: Asks for the state of the job and starts nothing.
  diff_mode:
    support: none
    description: Shows no difference.
options:
  run_dir:
    description: Directory of the run, as P(alicloud.os_migration.migration_run#module) returned it.
    type: path
    required: true
  state:
    description: Wait until the phase is V(finished), only see it V(started), have its state V(reported), or have the
      files of a job that changed nothing V(absent).
    type: str
    choices: [finished, started, reported, absent]
    default: finished
  phase:
    description: V(prepare) proves the transaction while the host is untouched, V(convert) runs it.
    type: str
    choices: [prepare, convert]
    default: prepare
  config:
    description: What the target is, as settings of the engine.
    type: dict
    default: {}
  repositories:
    description: The repositories of the target, each with C(id) and C(baseurl).
    type: list
    elements: dict
    default: []
  signing_key:
    description: File or address of the key that signs the packages of the target.
    type: str
    default: ""
  signing_key_sha256:
    description: SHA-256 of that key.
    type: str
    default: ""
  timeout:
    description: How long the phase may take, and the host may be out of reach meanwhile, in seconds.
    type: int
    default: 7200
  poll:
    description: How often to ask for the state, in seconds.
    type: int
    default: 5
"""

EXAMPLES = r"""
- name: Ask how the conversion stands
  alicloud.os_migration.host_job:
    run_dir: os_migration_runs/20261123-101112-4f2a
    state: reported
"""

RETURN = r"""
job:
  description: State of the job.
  type: dict
  returned: success
  sample: {"state": "running", "phase": "convert", "step": "transaction", "percent": 42, "message": "", "steps": []}
reachable:
  description: Whether the host answered.
  type: bool
  returned: always
  sample: true
"""
