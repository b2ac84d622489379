# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The option on_item_error, for modules whose items are not instances, or are listed in another option."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  on_item_error:
    description:
      - What to do about items that fail. All items are tried in either case.
      - With V(fail) the task fails after that, with a message that names every failed item.
      - With V(report) the task succeeds and the errors are in RV(results[].error) for the caller to judge.
    type: str
    choices: [fail, report]
    default: fail
"""
