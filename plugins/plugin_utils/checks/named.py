# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What many checks share: the paths across a major version, checks that a package's name decides, lines of the SSH server."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import partial
from typing import Any

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.base import Context, check, need

# Systems whose userland is that of one major version of Red Hat Enterprise Linux.
EL7 = ("centos7", "rhel7", "alinux2")
EL8 = ("alinux3", "anolis8", "rhel8")
REMOVED_IN_8 = "Red Hat: considerations in adopting RHEL 8, removed functionality"


def packages_named(pattern: str, **registration: Any) -> None:
    """Registers a check that lists the installed packages whose whole name matches a regular expression."""
    compiled = re.compile(pattern)

    def judge(context: Context) -> Iterable[str]:
        return [p.nevra for p in context.packages if compiled.fullmatch(p.name)]

    register = partial(check, **registration)
    register()(judge)


def ssh_directives(context: Context) -> Iterable[tuple[str, str, list[str], str]]:
    """Path, keyword in small letters, all words, and the line itself; an equals sign may follow a keyword."""
    for path, line in need(context.facts.sshd_config, "sshd_config"):
        words = re.sub(r"^(\s*\w+)\s*=", r"\1 ", line.partition("#")[0]).split()
        if words:
            yield path, words[0].lower(), words, line.strip()
