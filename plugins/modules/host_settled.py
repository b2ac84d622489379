# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name, which does the work on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: host_settled
short_description: Wait until a migrated host has ended the work of its first boots
description:
  - Asks the host again and again until it runs the target system, has been up for a while, runs no package work, and its rpm database
    has not changed for that while. A host that restarts meanwhile is waited for. Needs no Python on the host, and only reads.
version_added: 0.1.0
author:
  - The alicloud.os_migration contributors (@alicloud)
attributes:
  check_mode:
    support: full
    description: Does not wait.
  diff_mode:
    support: none
    description: Shows no difference.
options:
  run_dir:
    description: Directory of the run, as P(alicloud.os_migration.migration_run#module) returned it.
    type: path
  target:
    description: The system that the host must run.
    type: str
    required: true
    choices: [alinux2, alinux3, anolis7, anolis8, centos7, centos8, centosstream8, rhel7, rhel8, rhel9]
  quiet:
    description: For how many seconds the host must have been at rest.
    type: int
    default: 120
  timeout:
    description: How long to wait, in seconds.
    type: int
    default: 3600
  poll:
    description: How often to ask, in seconds.
    type: int
    default: 30
"""

EXAMPLES = r"""
- name: Wait for the boot-time work after a migration
  alicloud.os_migration.host_settled:
    target: alinux3
"""

RETURN = r"""
settled:
  description: Whether the host has settled. False in check mode.
  type: bool
  returned: success
  sample: true
reachable:
  description: Whether the host answered.
  type: bool
  returned: always
  sample: true
"""
