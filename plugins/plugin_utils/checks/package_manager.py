# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is the package manager able, and set up, to replace a whole system?"""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.base import (
    CONVERT2RHEL,
    LEAPP,
    Context,
    check,
    need,
)
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.facts_versions import compare_versions

_EL8 = ("centos8", "rhel8")
_OFF = ("0", "false", "no", "off")


def _option(context: Context, name: str) -> str:
    return need(context.facts.yum_conf, "yum_conf").get(name, "").strip()


@check(
    id="PKG-DNF-OLD",
    title="dnf is too old",
    severity="high",
    area="package_manager",
    remediation="Update dnf within the source's release: older ones fail in transactions that replace modules.",
    command="dnf -y update dnf",
    source="migrate2rocky, almalinux-deploy: dnf 4.2 at least",
    grade="documented",
    sources=_EL8,
)
def old_dnf(context: Context) -> Iterable[str]:
    return [p.nevra for p in context.packages if p.name == "dnf" and compare_versions(p.version, "4.2") < 0]


@check(
    id="PKG-DNF-PLUGINS",
    title="The core plug-ins of dnf are missing",
    severity="high",
    severities={"leapp": "inhibitor"},
    area="package_manager",
    remediation="Install them: the tool downloads packages and sets up repositories with them.",
    command="dnf -y install dnf-plugins-core",
    source=LEAPP + "; migrate2rocky",
    grade="documented",
    engines=("leapp", "convert2rhel"),
    sources=_EL8,
)
def dnf_plugins(context: Context) -> Iterable[str]:
    if not any(p.name == "dnf-plugins-core" for p in context.packages):
        yield "dnf-plugins-core is not installed"


@check(
    id="REPO-PLUGINS-OFF",
    title="Plug-ins of the package manager are switched off",
    severity="medium",
    severities={"leapp": "inhibitor"},
    area="package_manager",
    remediation="Set plugins=1: subscriptions, and repositories of the cloud, are reached through plug-ins.",
    command="sed -i --follow-symlinks 's/^plugins *=.*/plugins=1/' /etc/yum.conf",
    source=LEAPP,
    grade="documented",
)
def plugins_off(context: Context) -> Iterable[str]:
    if _option(context, "plugins").lower() in _OFF:
        yield f"plugins={_option(context, 'plugins')}"


@check(
    id="REPO-PLUGIN-PATH",
    title="Plug-ins of the package manager are looked for in another directory",
    severity="medium",
    severities={"leapp": "inhibitor"},
    area="package_manager",
    remediation="Remove pluginpath and pluginconfpath: the tool's own plug-ins are installed into the default directory.",
    source=LEAPP,
    grade="documented",
)
def plugin_path(context: Context) -> Iterable[str]:
    yield from (f"{key}={_option(context, key)}" for key in ("pluginpath", "pluginconfpath") if _option(context, key))


@check(
    id="REPO-DISTROVERPKG",
    title="The configuration of yum names packages and addresses of CentOS",
    severity="low",
    area="package_manager",
    remediation="Comment the two lines out when the release package is replaced; the engines of this collection do so.",
    command="sed -i --follow-symlinks 's/^\\(distroverpkg\\|bugtracker_url\\)=/#&/' /etc/yum.conf",
    source="migrate-to-ol issue 53: $releasever stayed that of CentOS",
    grade="documented",
    sources=("centos7",),
    engines=("distro_sync", "convert2rhel"),
)
def release_package(context: Context) -> Iterable[str]:
    for key in ("distroverpkg", "bugtracker_url"):
        if "centos" in _option(context, key).lower():
            yield f"{key}={_option(context, key)}"


@check(
    id="REPO-OBSOLETES-OFF",
    title="Packages that take the place of others are not considered",
    severity="high",
    area="package_manager",
    remediation="Set obsoletes=1: with 0 neither renamed packages nor the target's release packages take over.",
    command="sed -i --follow-symlinks 's/^obsoletes *=.*/obsoletes=1/' /etc/yum.conf",
    source="dnf.conf(5) and yum.conf(5): obsoletes",
    grade="documented",
)
def obsoletes_off(context: Context) -> Iterable[str]:
    if _option(context, "obsoletes").lower() in _OFF:
        yield f"obsoletes={_option(context, 'obsoletes')}"


@check(
    id="REPO-TLS-UNCHECKED",
    title="Repositories are not asked to prove who they are",
    severity="medium",
    area="package_manager",
    remediation="Set sslverify=1, and install the certificate of your own mirror's authority where there is one.",
    source="dnf.conf(5): sslverify",
    grade="documented",
)
def tls_unchecked(context: Context) -> Iterable[str]:
    if _option(context, "sslverify").lower() in _OFF:
        yield f"sslverify={_option(context, 'sslverify')} for all repositories"
    for repo in need(context.facts.repos, "repos"):
        if repo.enabled and repo.options.get("sslverify", "").lower() in _OFF:
            yield f"{repo.id} in {repo.file}"


@check(
    id="REPO-GPGCHECK-OFF",
    title="Signatures of packages are not checked by default",
    severity="medium",
    area="package_manager",
    remediation="Set gpgcheck=1 in the main section. Each repository of the target brings its own key.",
    command="sed -i --follow-symlinks 's/^gpgcheck *=.*/gpgcheck=1/' /etc/yum.conf",
    source="dnf.conf(5): gpgcheck",
    grade="documented",
)
def gpgcheck_off(context: Context) -> Iterable[str]:
    if _option(context, "gpgcheck").lower() in _OFF:
        yield f"gpgcheck={_option(context, 'gpgcheck')}"


@check(
    id="REPO-PROXY-LOGIN",
    title="The package manager's proxy asks for a user name",
    severity="medium",
    area="package_manager",
    remediation="The conversion has a configuration of its own, and does not take a password along. Let the host reach "
    "the target's mirror without the proxy, or give the conversion the same account.",
    source=CONVERT2RHEL + "; dnf.conf(5): proxy_username",
    grade="documented",
)
def proxy_login(context: Context) -> Iterable[str]:
    # Neither the name nor the password belongs into a report.
    for key in ("proxy_username", "proxy_password"):
        if _option(context, key):
            yield f"{key} is set"
    for repo in need(context.facts.repos, "repos"):
        if repo.enabled and repo.options.get("proxy_username"):
            yield f"{repo.id}: proxy_username is set"
    if "@" in _option(context, "proxy"):
        yield "proxy= holds a user name"


@check(
    id="REPO-ONE-KERNEL",
    title="The package manager keeps one kernel only",
    severity="high",
    area="package_manager",
    remediation="The running kernel would be removed while its successor is installed, and no old one is left to boot. "
    "Set installonly_limit to 3.",
    command="sed -i --follow-symlinks 's/^installonly_limit=.*/installonly_limit=3/' /etc/yum.conf",
    source="assumed: meaning of installonly_limit in dnf.conf",
    grade="assumed",
)
def one_kernel(context: Context) -> Iterable[str]:
    limit = need(context.facts.yum_conf, "yum_conf").get("installonly_limit", "3")
    if limit.isdecimal() and int(limit) == 1:
        yield f"installonly_limit={limit}"


@check(
    id="REPO-EPEL-TWICE",
    title="Two packages set up EPEL, and conflict with each other",
    severity="medium",
    area="package_manager",
    remediation="Keep the one of Alibaba Cloud on its systems, epel-release elsewhere, and remove the other.",
    source="Alibaba Cloud Linux: epel-aliyuncs-release conflicts with epel-release",
    grade="documented",
)
def epel_twice(context: Context) -> Iterable[str]:
    found = [p for p in context.packages if p.name in ("epel-release", "epel-aliyuncs-release")]
    if len({p.name for p in found}) > 1:
        yield from (p.nevra for p in found)
