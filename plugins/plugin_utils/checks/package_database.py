# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is the package database sound, and is what it lists what is on the disk?"""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.base import (
    CONVERT2RHEL,
    KNOWN_FAILURE,
    LEAPP,
    Context,
    check,
    need,
)

_YEAR = 365 * 86400
# The short ids with which the vendors of the systems here sign, and EPEL's.
_KNOWN_KEYS = {
    "f4a80eb5": "CentOS 7",
    "8483c65d": "CentOS 8",
    "fd431d51": "Red Hat",
    "2fa658e0": "Red Hat, auxiliary",
    "d4082792": "Red Hat, auxiliary",
    "5a6340b3": "Red Hat, auxiliary",
    "352c64e5": "EPEL 7",
    "2f86d6a1": "EPEL 8",
    "4873f7c5": "Anolis OS",
}
# They need one build of a package that is replaced, and the targets have no counterpart of them.
_TIED = ("abrt-retrace-client", "python-tools", "kmod-kvdo")


@check(
    id="RPMDB-DAMAGED",
    title="The package database is damaged",
    severity="inhibitor",
    area="package_database",
    remediation="Copy /var/lib/rpm to another place, rebuild the database, and make sure that rpm -qa lists as many "
    "packages as before.",
    command="cp -a /var/lib/rpm /root/rpm.backup && rpm --rebuilddb",
    source="migrate-to-ol verifies the package database first; rpm(8): errors while headers are read",
    grade="documented",
    waivable=False,
)
def damaged(context: Context) -> Iterable[str]:
    return need(context.facts.rpm_errors, "rpm_errors")


@check(
    id="RPMDB-UNMET",
    title="Installed packages lack what they need",
    severity="high",
    area="package_database",
    remediation="Install what is missing, or remove the package that needs it: a transaction over all packages "
    "may refuse to start.",
    command="{manager} check dependencies",
    source="migrate2rocky stops where dnf check finds something; " + KNOWN_FAILURE,
    grade="documented",
)
def unmet(context: Context) -> Iterable[str]:
    return need(context.facts.unmet_dependencies, "unmet_dependencies")


@check(
    id="RPMDB-ALTERED",
    title="Programs of the system differ from what their packages installed",
    severity="high",
    area="package_database",
    remediation="Find out who replaced them: a hand-built OpenSSL or OpenSSH is overwritten by the migration, and an "
    "intruder's program has no business on the target. Reinstall the packages.",
    source="rpm(8): verification; " + KNOWN_FAILURE,
    grade="documented",
)
def altered(context: Context) -> Iterable[str]:
    return need(context.facts.altered_files, "altered_files")


@check(
    id="PKG-UNSIGNED",
    title="Packages without a signature are installed",
    severity="low",
    area="package_database",
    remediation="Nobody can tell who built them, and the target's policy may refuse to install them again. Ask their "
    "vendor for signed ones.",
    source=LEAPP + "; " + CONVERT2RHEL,
    grade="documented",
)
def unsigned(context: Context) -> Iterable[str]:
    return [p.nevra for p in context.packages if not p.key_id]


@check(
    id="PKG-SHA1",
    title="Packages are signed with SHA-1 only",
    severity="medium",
    area="package_database",
    remediation="The target's crypto policy does not accept SHA-1: these packages can be neither verified nor "
    "installed again. Get builds with a newer signature from their vendor.",
    source="Leapp: packages with RSA/SHA1 signature; Red Hat: SHA-1 is deprecated in RHEL 9",
    grade="documented",
    targets=("rhel9",),
)
def sha1_only(context: Context) -> Iterable[str]:
    return need(context.facts.sha1_signed, "sha1_signed")


@check(
    id="PKG-KEYS",
    title="Packages signed with keys of others are trusted",
    severity="low",
    area="package_database",
    remediation="The keys stay trusted on the target. Remove those whose packages are gone.",
    source="Leapp: unknown keys of installed packages",
    grade="documented",
)
def foreign_keys(context: Context) -> Iterable[str]:
    for key, owner in sorted(need(context.facts.signing_keys, "signing_keys").items()):
        if key[-8:] not in _KNOWN_KEYS:
            yield f"gpg-pubkey-{key}: {owner}"


@check(
    id="PKG-STALE",
    title="Nothing has been installed or updated for a year",
    severity="low",
    area="package_database",
    remediation="Update the host within its own release first: what fails then would fail in the migration too, "
    "and is easier to take back.",
    command="{manager} -y update",
    source="convert2rhel, migrate2rocky: a full update comes first",
    grade="documented",
)
def stale(context: Context) -> Iterable[str]:
    now = need(context.facts.read_at or context.facts.epoch, "epoch")
    times = [p.installed for p in context.packages if p.installed]
    if times and now - max(times) > _YEAR:
        yield f"the newest package was installed {(now - max(times)) // 86400} days ago"


@check(
    id="PKG-EXACT-BUILD",
    title="Packages need one build of a package that is replaced",
    severity="medium",
    area="package_database",
    remediation="Nothing but CentOS's own build satisfies them, so the transaction cannot be resolved while they are "
    "installed. Remove them.",
    source="convert2rhel issue 200, migrate-to-ol issue 52",
    grade="documented",
    sources=("centos7", "centos8"),
    engines=("distro_sync", "convert2rhel", "smc"),
    targets=("alinux2", "alinux3", "anolis7", "anolis8", "rhel7", "rhel8"),
)
def exact_build(context: Context) -> Iterable[str]:
    for found in need(context.facts.exact_requirements, "exact_requirements"):
        # The source's packages need each other in this way, and are replaced together.
        if not found.vendor.startswith("CentOS") or found.package.startswith(tuple(f"{name}-" for name in _TIED)):
            yield f"{found.package} needs {found.requirement} = {found.version}"
