# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks: pure functions from facts to evidence. A check never touches a host."""

from __future__ import annotations

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks import (
    agents,
    applications,
    auth,
    boot,
    bootloader,
    cloud,
    cloud_disks,
    cloud_image,
    cloud_instance,
    cloud_service,
    cloud_type,
    cmdline,
    databases,
    disk,
    drivers,
    environment,
    files,
    firewall,
    fstab,
    gates,
    identity,
    infrastructure,
    kernel,
    kernel_packages,
    login,
    major_version,
    management,
    metadata,
    modules,
    netconfig,
    network,
    package_database,
    package_manager,
    packages,
    programs,
    repositories,
    schedule,
    servers,
    services,
    smc,
    ssh,
    storage,
    transaction,
)
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.base import REGISTER, Check, Context
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.findings import Finding, in_order

AREAS = tuple(
    module.__name__.rpartition(".")[2]
    for module in (
        gates,
        identity,
        metadata,
        packages,
        package_database,
        package_manager,
        kernel_packages,
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
        fstab,
        storage,
        files,
        boot,
        bootloader,
        cmdline,
        kernel,
        drivers,
        network,
        netconfig,
        firewall,
        ssh,
        login,
        auth,
        services,
        schedule,
        environment,
        agents,
        smc,
        transaction,
        cloud,
        cloud_instance,
        cloud_type,
        cloud_image,
        cloud_disks,
        cloud_service,
    )
)

__all__ = ["AREAS", "REGISTER", "Check", "Context", "Finding", "run_checks"]


def run_checks(context: Context) -> list[Finding]:
    """Every check that applies to this host's path, the worst finding first."""
    findings = (check.run(context) for check in REGISTER.values() if check.applies(context))
    return in_order(finding for finding in findings if finding)
