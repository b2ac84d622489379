# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name, which does the work on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: verify
short_description: Compare the two probes of a host
description:
  - Compares what the host was before with what it is now, on the controller, writes the comparison into the record of the run,
    and fails where something was lost.
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
  expect:
    description: Whether the host should be the V(target) of the migration, or the V(source) again after a rollback.
    type: str
    choices: [target, source]
    default: target
"""

EXAMPLES = r"""
- name: Compare
  alicloud.os_migration.verify:
    run_dir: os_migration_runs/20261123-101112-4f2a
"""

RETURN = r"""
comparison:
  description: What was lost, changed and gained.
  type: dict
  returned: success
  sample: {"lost": [], "changed": [], "gained": [], "reasons": []}
"""
