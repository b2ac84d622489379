# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of modules that make what lives only for a run, and remove it by its tags."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  run_id:
    description:
      - Names the run, with 1 to 64 letters, digits, dots, underscores, colons and hyphens.
      - Required, except with O(state=absent) where all is named by its own ID.
    type: str
  purpose:
    description: What it is for. What bears another purpose is left alone.
    type: str
    default: drill
  tags:
    description: Further tags. They are set when something is made.
    type: dict
    default: {}
  on_item_error:
    description:
      - What to do about items that fail. All items are tried in either case.
      - With V(fail) the task fails after that, with a message that names every failed item.
      - With V(report) the task succeeds and the errors are in RV(results[].error) for the caller to judge.
    type: str
    choices: [fail, report]
    default: fail
"""
