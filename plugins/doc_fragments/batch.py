# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of modules that work on many instances in one task."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  instances:
    description:
      - The instances to work on, all in this one task. An instance that is named twice counts once.
      - With an empty list nothing is called and nothing changes.
    type: list
    elements: dict
    suboptions:
      id:
        description: The instance ID.
        type: str
        required: true
      region:
        description: The region of the instance; O(region) if it is left out.
        type: str
  on_item_error:
    description:
      - What to do about items that fail. All items are tried in either case.
      - With V(fail) the task fails after that, with a message that names every failed item.
      - With V(report) the task succeeds and the errors are in RV(results[].error) for the caller to judge.
    type: str
    choices: [fail, report]
    default: fail
"""
