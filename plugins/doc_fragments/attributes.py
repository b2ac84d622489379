# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all modules support."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
attributes:
  check_mode:
    description: Can run in check mode and return a prediction of what would change, without changing anything.
    support: full
  diff_mode:
    description: Returns what has changed, or would change in check mode, when in diff mode.
    support: none
"""

    # For modules that only read.
    INFO = r"""
attributes:
  check_mode:
    description: Can run in check mode and return a prediction of what would change, without changing anything.
    support: full
    details: The module only reads, so check mode makes no difference.
  diff_mode:
    description: Returns what has changed, or would change in check mode, when in diff mode.
    support: N/A
"""
