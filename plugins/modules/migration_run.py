# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name, which does the work on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: migration_run
short_description: Keep the record of a migration run
description:
  - Opens, continues and closes a run on the controller, keeps what is known of every host in its directory, and says which hosts are due for what.
  - The roles of this collection use it; a playbook of your own needs it only to end with the report.
version_added: 0.1.0
author:
  - The alicloud.os_migration contributors (@alicloud)
attributes:
  check_mode:
    support: full
    description: Writes the record of a plan.
  diff_mode:
    support: none
    description: Shows no difference.
options:
  step:
    description: What to do.
    type: str
    required: true
    choices:
      - close
      - fleet
      - note_cloud_failure
      - note_failure
      - note_held
      - note_restore_point
      - note_rollback
      - note_smc_jobs
      - note_smc_settled
      - note_smc_sources
      - open
      - plan_smc_imports
      - report
      - request
      - select_connection
      - select_rollback
      - select_smc
      - select_wave
      - settle_wave
  hosts:
    description: The hosts of the play or batch, by inventory name.
    type: list
    elements: str
    default: []
  run_dir:
    description: Directory of the run, as P(alicloud.os_migration.migration_run#module) returned it.
    type: path
  runs_dir:
    description: Where runs are kept.
    type: path
    default: os_migration_runs
  run_id:
    description: The run to continue.
    type: str
    default: ""
  target:
    description: What the hosts are to become.
    type: str
    default: ""
  engine:
    description: How to get there.
    type: str
    default: auto
  accept_risks:
    description: Whether the user has accepted that hosts are changed.
    type: bool
    default: false
  on_failure:
    description: What happens to a host that failed.
    type: str
    choices: [rollback, hold]
    default: rollback
  max_failures:
    description: After so many failed hosts, a number or a percentage, no further wave begins.
    type: str
    default: 10%
  accepted_outcomes:
    description: Outcomes that are no problem.
    type: list
    elements: str
    default: [migrated, planned]
  results:
    description: Results of a batch module.
    type: list
    elements: dict
    default: []
  message:
    description: Why a host failed.
    type: str
    default: ""
  resume:
    description: Whether to look for an unfinished run.
    type: bool
    default: true
  everything:
    description: Whether to select all hosts of the run instead of the failed ones.
    type: bool
    default: false
  assess_only:
    description: Whether nothing will be migrated, so that paths which this version cannot take may be looked at too.
    type: bool
    default: false
  waivers:
    description: Findings that are accepted, each with C(id), C(hosts), C(reason) and C(expires).
    type: list
    elements: dict
    default: []
  language:
    description: Language of the page and of the lines for the terminal. What programs read is English.
    type: str
    choices: [en, ja, zh]
    default: en
"""

EXAMPLES = r"""
- name: Close the run
  alicloud.os_migration.migration_run:
    step: close
    run_dir: os_migration_runs/20261123-101112-4f2a
  register: closed

- name: Report on all runs together
  alicloud.os_migration.migration_run:
    step: fleet
    runs_dir: os_migration_runs
    language: ja
  register: fleet
"""

RETURN = r"""
run_id:
  description: The run.
  type: str
  returned: O(step=open)
  sample: 20261123-101112-4f2a
run_dir:
  description: Its directory.
  type: str
  returned: O(step=open)
  sample: /home/ops/os_migration_runs/20261123-101112-4f2a
instances:
  description: The instances that are due.
  type: list
  elements: dict
  returned: O(step=request), O(step=select_wave), O(step=select_rollback)
  sample: [{"id": "i-bp1example", "region": "cn-hangzhou"}]
table:
  description: The outcomes as lines for a terminal.
  type: list
  elements: str
  returned: O(step=report), O(step=close), O(step=fleet)
  sample: ["web1  migrated"]
report:
  description: Path of the HTML report.
  type: str
  returned: O(step=report), O(step=close), O(step=fleet)
  sample: /home/ops/os_migration_runs/20261123-101112-4f2a/report.html
outcomes:
  description: How many hosts stand how in all runs together.
  type: dict
  returned: O(step=fleet)
  sample: {"eligible": 320, "held": 0, "migrated": 80, "not_eligible": 100, "not_started": 0, "planned": 0, "rolled_back": 0, "under_way": 0}
left_out:
  description: What in the directory was left out because it is damaged or no run, each with the reason.
  type: list
  elements: str
  returned: O(step=fleet)
  sample: ["20261101-080000-1a2b: run.json is not valid JSON"]
problems:
  description: Why a host is not as it should be, by host.
  type: dict
  returned: O(step=close)
  sample: {"web1": "rolled_back: transaction: the package transaction did not complete"}
problem:
  description: What is not as it should be, in one sentence; empty where all is well.
  type: str
  returned: O(step=close)
  sample: ""
"""
