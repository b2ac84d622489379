# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The option smc_guard, of modules that must not touch an instance while Server Migration Center changes its system."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  smc_guard:
    description:
      - Whether to leave instances alone that have a running operating system migration job of Server Migration Center.
        They get the error C(SmcJobRunning). A stop or a reset in the middle of such a job can make an instance unusable.
      - One paged call serves all instances. A job is recognised by its instance ID or by the tag
        C(os_migration_instance_id) that M(alicloud.os_migration.smc_job) writes; a job that was made otherwise may have
        neither, and is not seen.
      - Where the account may not ask Server Migration Center, or cannot reach it, there is a warning instead.
    type: bool
    default: true
"""
