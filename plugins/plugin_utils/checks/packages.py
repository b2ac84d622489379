# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Will the packages that are installed let themselves be replaced?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.base import (
    CONVERT2RHEL,
    KNOWN_FAILURE,
    SMC_LIMITS,
    Context,
    check,
    need,
)

_I686 = ("i386", "i486", "i586", "i686")
_SEVERAL_VERSIONS = re.compile(r"kernel(-(core|modules|modules-extra|devel|debug.*|rt.*|ml.*|lt.*|plus.*|uek.*))?$")
_FOREIGN_KERNEL = re.compile(r"kernel-(ml|lt|uek|plus|xen|aufs)\b")
_KERNEL = re.compile(r"kernel(-(core|modules|modules-extra|modules-core))?$")
_AGENTS = re.compile(r"(aliyun[-_]assist|aliyun|cloudmonitor|argusagent|aegis)")
_BLOCKING = re.compile(
    r"(libreport-plugin-(rhtsupport|mantisbt)|libreport-rhel.*|linux-firmware-core|iwlax2xx-firmware|centos-obsolete-packages"
    r"|epel-next-release|evolution-data-server-ui|kmod-kvdo|python3-importlib-metadata|insights-client|redhat-support-.*|rhn-.*)$"
)
# The source's own on Red Hat Enterprise Linux, where they come with the system.
_OF_RED_HAT = re.compile(r"(insights-client|redhat-support-.*|rhn-.*|libreport-(plugin-rhtsupport|rhel.*))$")
_OLD_TAG = re.compile(r"\.(el[5-7]|fc\d\d)(\.|_|$)")
_SHADOWING = {
    "urllib3",
    "requests",
    "pyparsing",
    "six",
    "dnf",
    "rpm",
    "libdnf",
    "hawkey",
    "gpg",
    "cloudinit",
    "dbus",
    "yaml",
}


@check(
    id="PKG-I686",
    title="32-bit packages are installed",
    severity="inhibitor",
    area="packages",
    remediation="The target has no 32-bit packages. Make sure that no application needs them, then remove them.",
    command="{manager} -y remove '*.i686'",
    source=SMC_LIMITS,
    grade="documented",
    remedy="i686",
)
def i686(context: Context) -> Iterable[str]:
    return [p.nevra for p in context.packages if p.arch in _I686]


@check(
    id="PKG-DUPLICATES",
    title="Packages are registered in more than one version",
    severity="inhibitor",
    area="packages",
    remediation="A package transaction was interrupted. Remove the surplus versions, and make sure that the rest "
    "is complete.",
    command="package-cleanup --cleandupes",
    source=CONVERT2RHEL,
    grade="documented",
)
def duplicates(context: Context) -> Iterable[str]:
    names = Counter((p.name, p.arch) for p in context.packages if not _SEVERAL_VERSIONS.match(p.name))
    return [p.nevra for p in context.packages if names[(p.name, p.arch)] > 1]


@check(
    id="PKG-NONE",
    title="The package database lists nothing",
    severity="inhibitor",
    area="packages",
    remediation="Repair the package database before anything else.",
    command="cp -a /var/lib/rpm /root/rpm.backup && rpm --rebuilddb",
    source="migrate-to-ol verifies the package database first",
    grade="documented",
    waivable=False,
)
def empty_database(context: Context) -> Iterable[str]:
    if not context.packages:
        yield "rpm -qa prints no package"


@check(
    id="PKG-VERSIONLOCK",
    title="Packages are locked to a version",
    severity="high",
    area="packages",
    remediation="The conversion replaces every package of the source and disregards these locks. Remove each lock"
    " whose reason is gone; for the others make sure that the application works with the target's "
    "version.",
    command="{manager} versionlock clear",
    source=CONVERT2RHEL,
    grade="documented",
    remedy="version-locks",
)
def version_locks(context: Context) -> Iterable[str]:
    return need(context.facts.versionlocks, "versionlocks")


@check(
    id="PKG-EXCLUDE",
    title="Packages are excluded from updates",
    severity="high",
    area="packages",
    remediation="The conversion disregards excludes. Remove those whose reason is gone; for the others make sure "
    "that the application works with the target's version.",
    source="almalinux-deploy, migrate2rocky: excludes left hosts half converted",
    grade="documented",
)
def excludes(context: Context) -> Iterable[str]:
    options = need(context.facts.yum_conf, "yum_conf")
    yield from (f"{key}={options[key]}" for key in ("exclude", "excludepkgs") if options.get(key))
    for repo in need(context.facts.repos, "repos"):
        found = repo.options.get("exclude") or repo.options.get("excludepkgs")
        if repo.enabled and found:
            yield f"{repo.id}: exclude={found}"


@check(
    id="PKG-FOREIGN-KERNEL",
    title="A kernel of another vendor is installed",
    severity="inhibitor",
    area="packages",
    remediation="Install and boot the source's own kernel, then remove the foreign one.",
    source="convert2rhel, migrate-to-ol: foreign kernels break the conversion",
    grade="documented",
)
def foreign_kernel(context: Context) -> Iterable[str]:
    for p in context.packages:
        if _FOREIGN_KERNEL.match(p.name) or (_KERNEL.match(p.name) and not context.from_source(p)):
            yield f"{p.nevra} ({p.vendor or 'no vendor'})"


@check(
    id="PKG-KMOD",
    title="Packages with kernel modules from outside the kernel are installed",
    severity="high",
    area="packages",
    remediation="These modules do not fit the target's kernel. Find the vendor's build for it, or remove them.",
    source=SMC_LIMITS,
    grade="documented",
)
def kernel_module_packages(context: Context) -> Iterable[str]:
    pattern = re.compile(r"(kmod|akmod|dkms)-|dkms$|nvidia-driver")
    base = ("kmod-libs", "kmod-kvdo", "kmod-redhat-oracleasm")
    return [p.nevra for p in context.packages if pattern.match(p.name) and p.name not in base]


@check(
    id="PKG-BLOCKING",
    title="Packages are installed that are known to block a conversion",
    severity="medium",
    area="packages",
    remediation="Remove them: the target has no counterpart, or the counterpart conflicts.",
    source=KNOWN_FAILURE + " (almalinux-deploy, migrate2rocky, convert2rhel)",
    grade="documented",
)
def blocking(context: Context) -> Iterable[str]:
    own = context.path.source.startswith("rhel")
    return [p.nevra for p in context.packages if _BLOCKING.match(p.name) and not (own and _OF_RED_HAT.match(p.name))]


@check(
    id="PKG-THIRD-PARTY",
    title="Packages of other vendors are installed",
    severity="low",
    area="packages",
    remediation="They are not replaced. Make sure that each of them works on the target.",
    source=CONVERT2RHEL,
    grade="documented",
)
def third_party(context: Context) -> Iterable[str]:
    for p in context.packages:
        if not context.from_source(p) and not _AGENTS.match(p.name):
            yield f"{p.nevra} ({p.vendor or 'no vendor'})"


@check(
    id="PKG-SIG",
    title="Release packages of special interest groups are installed",
    severity="medium",
    area="packages",
    remediation="Their repositories belong to the source and vanish with it. Remove the release packages, and "
    "replace or keep on purpose what came from them.",
    command="{manager} -y remove 'centos-release-*'",
    source="centos2ol: list of release packages to remove",
    grade="documented",
)
def special_interest_groups(context: Context) -> Iterable[str]:
    return [p.nevra for p in context.packages if p.name.startswith("centos-release-")]


@check(
    id="PKG-OLD-RELEASE",
    title="Packages of another major version are installed",
    severity="medium",
    area="packages",
    remediation="They are leftovers of an earlier upgrade or were installed by hand, and nothing updates them. "
    "Remove them.",
    source=KNOWN_FAILURE + " (almalinux-deploy: packages of Fedora 28)",
    grade="documented",
    sources=("centos8", "rhel8"),
)
def old_release(context: Context) -> Iterable[str]:
    return [p.nevra for p in context.packages if _OLD_TAG.search(f".{p.release}")]


@check(
    id="PKG-MANAGER-RUNNING",
    title="A package manager is at work",
    severity="inhibitor",
    area="packages",
    remediation="Wait until it has ended, then check again. Do not stop it in the middle of a transaction.",
    source="centos2ol refuses to start while yum runs",
    grade="documented",
    waivable=False,
)
def manager_running(context: Context) -> Iterable[str]:
    return [f"process {line}" for line in need(context.facts.busy, "busy")]


@check(
    id="PKG-PYTHON-SHADOW",
    title="Python modules from outside the packages hide those of the system",
    severity="medium",
    area="packages",
    remediation="dnf and the tools of the system load these first. Remove them with pip, or move the application "
    "to a virtual environment.",
    source="leapp-data, elevate-cpanel: urllib3 and pyparsing from pip broke the upgrade",
    grade="documented",
)
def python_shadow(context: Context) -> Iterable[str]:
    for path in need(context.facts.site_packages, "site_packages"):
        if path.rstrip("/").rpartition("/")[2].lower() in _SHADOWING and (
            "/python3.6/" in path or "/python2.7/" in path
        ):
            yield path
