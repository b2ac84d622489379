# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name, which does the work on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: precheck
short_description: Judge a host for a migration
description:
  - Turns the probe of a host and the cloud's facts about its instance into findings, on the controller, and writes them into the record of the run.
version_added: 0.1.0
author:
  - The alicloud.os_migration contributors (@alicloud)
attributes:
  check_mode:
    support: full
    description: Changes nothing but the record of the run in either mode.
  diff_mode:
    support: none
    description: Shows no difference.
options:
  run_dir:
    description: Directory of the run, as P(alicloud.os_migration.migration_run#module) returned it.
    type: path
    required: true
  target:
    description: What the host is to become.
    type: str
    required: true
  engine:
    description: How to get there.
    type: str
    default: auto
  probe_error:
    description: Why the host could not be read, if so.
    type: str
    default: ""
  fail_on:
    description: The severity from which on a finding makes a RV(problem).
    type: str
    choices: [never, inhibitor, high, medium, low, info]
    default: never
  reassess:
    description: Whether to judge again a host that an earlier assessment of this run has given an outcome. What was changed already is never judged again.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Judge the host
  alicloud.os_migration.precheck:
    run_dir: os_migration_runs/20261123-101112-4f2a
    target: alinux3
"""

RETURN = r"""
eligible:
  description: Whether the host can be migrated.
  type: bool
  returned: success
  sample: false
outcome:
  description: The host's outcome, where it has one already.
  type: str
  returned: success
  sample: not_eligible
reason:
  description: Why.
  type: str
  returned: success
  sample: 1 inhibitor must be resolved first (PKG-I686).
findings:
  description: One line per finding.
  type: list
  elements: str
  returned: success
  sample: ["inhibitor PKG-I686: 32-bit packages are installed"]
problem:
  description: The findings that are as bad as O(fail_on), as a sentence; empty where there are none.
  type: str
  returned: success
  sample: "Findings of severity high or worse: PKG-I686."
"""
