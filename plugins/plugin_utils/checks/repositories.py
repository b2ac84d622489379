# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Are the host's repositories and its package manager's settings in the way?"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.base import LEAPP, Context, check, need
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.facts_types import Repo

# Repositories of the source itself go with it.
_SOURCE_REPO = re.compile(
    r"(baseos|appstream|extras|base|updates|powertools|centosplus|devel|ha|plus|highavailability|fasttrack|cr|media|contentdir"
    r"|centos-.*|rhel-.*|rhui-.*|alinux.*|c[78]\.\d.*)(-source|-debuginfo)?$",
    re.IGNORECASE,
)
# Mirrors of CentOS itself, but not its archive; Alibaba Cloud's mirror has CentOS 8 under centos-vault only.
_GONE = re.compile(r"https?://(mirror|mirrorlist|mirrors|debuginfo)\.centos\.org[:/]")
_GONE_8 = re.compile(r"https?://mirrors\.(cloud\.aliyuncs|aliyun|aliyuncs)\.com/(centos|\$contentdir)/(8|\$releasever)")
_VARIABLES = (
    "releasever",
    "releasever_major",
    "releasever_minor",
    "basearch",
    "arch",
    "uuid",
    *(f"YUM{n}" for n in range(10)),
)
# What the ids of well-known repositories begin with, and the vendor that their packages name.
_VENDORS = (
    ("epel", "Fedora Project"),
    ("remi", "Remi"),
    ("docker-ce", "Docker"),
    ("mysql", "Oracle"),
    ("mariadb", "MariaDB"),
    ("pgdg", "PostgreSQL Global Development Group"),
    ("elrepo", "The ELRepo Project"),
    ("nodesource", "NodeSource"),
    ("nginx", "NGINX"),
    ("zabbix", "Zabbix"),
    ("percona", "Percona"),
    ("grafana", "Grafana"),
    ("elastic", "Elastic"),
    ("kubernetes", "Kubernetes"),
)
_BARE_ADDRESS = re.compile(r"https?://(\[[0-9a-fA-F:]+\]|\d{1,3}(\.\d{1,3}){3})[:/]")


def _enabled(context: Context) -> list[Repo]:
    return [repo for repo in need(context.facts.repos, "repos") if repo.enabled]


@check(
    id="REPO-DUPLICATE",
    title="A repository is defined more than once",
    severity="inhibitor",
    area="repositories",
    remediation="Remove or rename all definitions of it but one.",
    source="Server Migration Center FAQ and Leapp: repository defined multiple times",
    grade="documented",
    remedy="duplicate-repositories",
)
def duplicate(context: Context) -> Iterable[str]:
    files = defaultdict(list)
    for repo in need(context.facts.repos, "repos"):
        files[repo.id].append(repo.file)
    return [f"{name}: {', '.join(found)}" for name, found in sorted(files.items()) if len(found) > 1]


@check(
    id="REPO-LOCAL",
    title="Repositories on local media are enabled",
    severity="high",
    area="repositories",
    remediation="Packages of the source would come back from there. Disable these repositories.",
    source="almalinux-deploy, centos2alma",
    grade="documented",
)
def local_media(context: Context) -> Iterable[str]:
    for repo in _enabled(context):
        yield from (f"{repo.id}: {url}" for url in repo.urls if url.startswith(("file:", "media:", "cdrom:")))


@check(
    id="REPO-RELEASEVER",
    title="Repositories of others depend on the version number, which changes",
    severity="medium",
    area="repositories",
    remediation="$releasever becomes the target's version, for which these repositories have nothing. Write the "
    "source's major version into their URLs after you have made sure that their packages fit the "
    "target.",
    source="Alibaba Cloud Linux: plug-in dnf-plugin-releasever-adapter exists for this reason",
    grade="documented",
    targets=("alinux2", "alinux3"),
)
def release_version(context: Context) -> Iterable[str]:
    for repo in _enabled(context):
        if not _SOURCE_REPO.match(repo.id):
            yield from (f"{repo.id}: {url}" for url in repo.urls if "$releasever" in url or "${releasever}" in url)


@check(
    id="REPO-EPEL-MODULAR",
    title="The repository epel-modular is enabled",
    severity="high",
    area="repositories",
    remediation="Its modules are built for another platform and cannot be resolved on the target. Disable it, and"
    " reset its streams.",
    command="dnf config-manager --set-disabled epel-modular",
    source="Server Migration Center: limits of migrating a Linux operating system",
    grade="documented",
    sources=("centos8", "rhel8"),
)
def epel_modular(context: Context) -> Iterable[str]:
    return [f"{repo.id} in {repo.file}" for repo in _enabled(context) if re.match(r"epel(-testing)?-modular$", repo.id)]


@check(
    id="REPO-ADDRESS",
    title="Repositories are addressed by a bare IP address",
    severity="low",
    area="repositories",
    remediation="Such mirrors tend to be private and forgotten. Make sure that they hold nothing which the target"
    " needs.",
    source="centos2alma",
    grade="documented",
)
def bare_address(context: Context) -> Iterable[str]:
    for repo in _enabled(context):
        yield from (f"{repo.id}: {url}" for url in repo.urls if _BARE_ADDRESS.match(url))


@check(
    id="REPO-UNCHECKED",
    title="Repositories of others are used without signature check",
    severity="low",
    area="repositories",
    remediation="Set gpgcheck=1 and the vendor's key; whoever can answer in the mirror's name owns the host otherwise.",
    source="assumed: good practice",
    grade="assumed",
)
def unchecked(context: Context) -> Iterable[str]:
    for repo in _enabled(context):
        if not _SOURCE_REPO.match(repo.id) and repo.options.get("gpgcheck", "1").lower() in ("0", "false", "no", "off"):
            yield f"{repo.id} in {repo.file}"


@check(
    id="REPO-PROXY",
    title="The package manager uses a proxy",
    severity="medium",
    area="repositories",
    remediation="The conversion reads a configuration of its own. Give it the same proxy, unless the target's "
    "mirror is reachable without.",
    source="assumed: a host behind a proxy cannot reach the target's repositories directly",
    grade="assumed",
)
def proxy(context: Context) -> Iterable[str]:
    found = need(context.facts.yum_conf, "yum_conf").get("proxy", "")
    if found and found != "_none_":
        # A password may stand before the at sign.
        yield f"proxy={found.rpartition('@')[2]}"


@check(
    id="REPO-PINNED-VERSION",
    title="The version for repositories is pinned by hand",
    severity="medium",
    area="repositories",
    remediation="After the migration the pin points repositories at the wrong version. Remove it.",
    command="rm -f /etc/dnf/vars/releasever /etc/yum/vars/releasever",
    source=LEAPP,
    grade="documented",
)
def pinned_version(context: Context) -> Iterable[str]:
    pinned = need(context.facts.dnf_vars, "dnf_vars").get("releasever")
    if pinned:
        yield f"variable releasever={pinned}"
    options = need(context.facts.yum_conf, "yum_conf")
    # CentOS 7 comes with distroverpkg=centos-release: that is a check of its own.
    names = ("releasever",) if context.path.source == "centos7" else ("releasever", "distroverpkg")
    yield from (f"{key}={options[key]}" for key in names if options.get(key))


@check(
    id="REPO-END-OF-LIFE",
    title="The source's repositories have been taken off the mirrors",
    severity="inhibitor",
    severities={"distro_sync": "low"},
    area="repositories",
    remediation="Point them to the archive (vault): the tool needs packages of the source to prepare itself, and to go "
    "back. The conversion by distro_sync does not need them.",
    source="CentOS: end of life, content moved to vault.centos.org; centos2alma",
    grade="documented",
    sources=("centos7", "centos8"),
    remedy="vault-mirrors",
)
def end_of_life(context: Context) -> Iterable[str]:
    for repo in _enabled(context):
        yield from (f"{repo.id}: {url}" for url in repo.urls if _GONE.match(url))
        if context.path.source == "centos8":
            yield from (f"{repo.id}: {url}" for url in repo.urls if _GONE_8.match(url))


@check(
    id="REPO-NO-ADDRESS",
    title="Enabled repositories have no address",
    severity="high",
    area="repositories",
    remediation="The package manager stops at them. Give each an address, or disable it.",
    source="convert2rhel: makecache fails; dnf.conf(5): one of baseurl, metalink, mirrorlist",
    grade="documented",
)
def no_address(context: Context) -> Iterable[str]:
    for repo in _enabled(context):
        if not any(re.match(r"(https?|ftp|file|media|cdrom|s3|rsync)://?", url) for url in repo.urls):
            yield f"{repo.id} in {repo.file}: {' '.join(repo.urls) or 'no address'}"


@check(
    id="REPO-VARIABLE",
    title="Addresses of repositories hold variables that nothing defines",
    severity="medium",
    area="repositories",
    remediation="Write the value into the address, or define the variable in /etc/dnf/vars or /etc/yum/vars.",
    source="dnf.conf(5): variables",
    grade="documented",
)
def undefined_variable(context: Context) -> Iterable[str]:
    known = {*_VARIABLES, *need(context.facts.dnf_vars, "dnf_vars")}
    for repo in _enabled(context):
        for url in repo.urls:
            missing = sorted(set(re.findall(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)", url)) - known)
            yield from (f"{repo.id}: ${name} in {url}" for name in missing)


@check(
    id="REPO-THIRD-PARTY",
    title="Repositories of others are enabled",
    severity="low",
    area="repositories",
    remediation="Make sure that each offers packages for the target, and set it up for the target afterwards.",
    source="elevate-cpanel, Leapp: unsupported repositories with installed packages",
    grade="documented",
)
def third_party(context: Context) -> Iterable[str]:
    vendors = Counter(p.vendor for p in context.packages)
    for repo in _enabled(context):
        if not _SOURCE_REPO.match(repo.id):
            vendor = next((vendor for name, vendor in _VENDORS if repo.id.lower().startswith(name)), "")
            count = sum(n for name, n in vendors.items() if vendor and name.lower().startswith(vendor.lower()))
            installed = f"installed packages of {vendor}: {count}" if vendor else "its vendor is not known"
            yield f"{repo.id} in {repo.file}: {installed}"


@check(
    id="REPO-TESTING",
    title="Repositories with packages under test are enabled",
    severity="medium",
    area="repositories",
    remediation="Their packages are newer than the target's, which then refuses to replace them. Disable these "
    "repositories, and go back to the released versions.",
    source="almalinux-deploy: newer packages of test repositories stay behind",
    grade="documented",
)
def testing(context: Context) -> Iterable[str]:
    pattern = re.compile(r"(.*[-_])?(testing|test|beta|cr|fasttrack|nightly|rawhide)([-_].*)?$", re.IGNORECASE)
    return [f"{repo.id} in {repo.file}" for repo in _enabled(context) if pattern.match(repo.id)]


@check(
    id="REPO-PRIORITY",
    title="Repositories of others come before the system's",
    severity="medium",
    area="repositories",
    remediation="With a better priority they hide the target's packages. Remove the priority for the migration.",
    source="dnf.conf(5): priority (default 99)",
    grade="documented",
)
def priority(context: Context) -> Iterable[str]:
    for repo in _enabled(context):
        value = repo.options.get("priority", "99")
        if not _SOURCE_REPO.match(repo.id) and value.isdecimal() and int(value[:9]) < 99:
            yield f"{repo.id} in {repo.file}: priority={value}"
