# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks: pure functions from facts to evidence. A check never touches a host."""

from __future__ import annotations

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks import (
    agents,
    applications,
    boot,
    cloud,
    databases,
    disk,
    drivers,
    files,
    gates,
    identity,
    infrastructure,
    kernels,
    major_version,
    management,
    modules,
    network,
    package_database,
    package_manager,
    packages,
    programs,
    repositories,
    servers,
    services,
    ssh,
    transaction,
)
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.base import REGISTER, Check, Context
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.findings import Finding, in_order

AREAS = tuple(
    module.__name__.rpartition(".")[2]
    for module in (
        gates,
        identity,
        packages,
        package_database,
        package_manager,
        kernels,
        major_version,
        applications,
        databases,
        servers,
        infrastructure,
        programs,
        management,
        repositories,
        modules,
        disk,
        files,
        boot,
        drivers,
        network,
        ssh,
        services,
        agents,
        transaction,
        cloud,
    )
)

__all__ = ["AREAS", "REGISTER", "Check", "Context", "Finding", "run_checks"]


def run_checks(context: Context) -> list[Finding]:
    """Every check that applies to this host's path, the worst finding first."""
    findings = (check.run(context) for check in REGISTER.values() if check.applies(context))
    return in_order(finding for finding in findings if finding)
