# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name, which does the work on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: host_reboot
short_description: Reboot a host and wait until it is back
description:
  - Restarts the host, detached from the connection, and waits until it answers with another boot id. Needs no Python on the host.
version_added: 0.1.0
author:
  - The alicloud.os_migration contributors (@alicloud)
attributes:
  check_mode:
    support: full
    description: Does not restart the host.
  diff_mode:
    support: none
    description: Shows no difference.
options:
  run_dir:
    description: Directory of the run, as P(alicloud.os_migration.migration_run#module) returned it.
    type: path
  boot_id:
    description: Do nothing where the host's boot id is no longer this one.
    type: str
    default: ""
  timeout:
    description: How long the host may take, in seconds.
    type: int
    default: 900
  poll:
    description: How often to ask, in seconds.
    type: int
    default: 3
"""

EXAMPLES = r"""
- name: Restart a host
  alicloud.os_migration.host_reboot:
    timeout: 600
"""

RETURN = r"""
boot_id:
  description: The boot id after the restart.
  type: str
  returned: success
  sample: 0d6c3b5e-6c6c-4f5a-9c7e-0b8a4b1d2e3f
elapsed:
  description: Seconds until the host was back.
  type: float
  returned: success
  sample: 41.2
reachable:
  description: Whether the host answered.
  type: bool
  returned: always
  sample: true
"""
