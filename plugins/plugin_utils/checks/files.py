# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Are files and links in the way of packages?"""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.base import LEAPP, Context, check, need


@check(
    id="FILE-IMMUTABLE",
    title="Files are protected from any change",
    severity="inhibitor",
    area="files",
    remediation="Packages cannot replace files that bear the attribute i. Remove it for the time of the migration.",
    source="assumed: rpm cannot replace an immutable file",
    grade="assumed",
)
def immutable(context: Context) -> Iterable[str]:
    return need(context.facts.immutable, "immutable")


@check(
    id="FILE-ROOT-LINKS",
    title="Links in the root directory are absolute",
    severity="inhibitor",
    area="files",
    remediation="Make each of them relative.",
    source="Server Migration Center FAQ and Leapp: links in the root directory must be relative",
    grade="documented",
    engines=("smc", "leapp"),
)
def root_links(context: Context) -> Iterable[str]:
    links = need(context.facts.root_links, "root_links")
    return [f"{link} -> {target}" for link, target in links.items() if target.startswith("/")]


@check(
    id="FILE-PRELOAD",
    title="A library is loaded into every program",
    severity="high",
    area="files",
    remediation="/etc/ld.so.preload names a library which is not made for the target; every program may fail to "
    "start. Empty the file for the time of the migration.",
    source=LEAPP,
    grade="documented",
)
def preload(context: Context) -> Iterable[str]:
    if "/etc/ld.so.preload" in need(context.facts.paths, "paths"):
        yield "/etc/ld.so.preload"
