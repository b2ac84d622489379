# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Are the host's repositories and its package manager's settings in the way?"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.base import LEAPP, Context, check, need
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.facts_types import Repo

# Repositories of the source itself go with it.
_SOURCE_REPO = re.compile(
    r"(baseos|appstream|extras|base|updates|powertools|centosplus|devel|ha|plus|highavailability|fasttrack|cr|media|contentdir"
    r"|centos-.*|rhel-.*|rhui-.*|alinux.*|c[78]\.\d.*)(-source|-debuginfo)?$",
    re.IGNORECASE,
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
    yield from (f"{key}={options[key]}" for key in ("releasever", "distroverpkg") if options.get(key))


@check(
    id="REPO-ONE-KERNEL",
    title="The package manager keeps one kernel only",
    severity="high",
    area="repositories",
    remediation="The running kernel would be removed while its successor is installed, and no old one is left to boot. "
    "Set installonly_limit to 3.",
    command="sed -i 's/^installonly_limit=.*/installonly_limit=3/' /etc/dnf/dnf.conf",
    source="assumed: meaning of installonly_limit in dnf.conf",
    grade="assumed",
)
def one_kernel(context: Context) -> Iterable[str]:
    limit = need(context.facts.yum_conf, "yum_conf").get("installonly_limit", "3")
    if limit.isdecimal() and int(limit) == 1:
        yield f"installonly_limit={limit}"
