# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The option wait. The defaults of wait_timeout and wait_interval differ, so each module documents its own."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  wait:
    description:
      - Whether to wait until the work is done. While waiting, the state of all items together is read once per tick.
      - An item that takes longer than O(wait_timeout) gets the error C(WaitTimeout). The work goes on in the cloud, and
        running the same task again picks it up.
    type: bool
    default: true
"""
