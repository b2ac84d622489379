# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Will a person be able to log in afterwards?"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.base import LEAPP, Context, check, need
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.named import ssh_directives

_GONE_WORDS = re.compile(r"\b(blowfish-cbc|cast128-cbc|arcfour(128|256)?|hmac-ripemd160(@openssh\.com)?)(?=[\s,]|$)")
# Every later server knows them still: it says that they are deprecated, and starts.
_DEPRECATED = (
    "useprivilegeseparation",
    "keyregenerationinterval",
    "serverkeybits",
    "rhostsrsaauthentication",
    "rsaauthentication",
    "uselogin",
    "protocol",
)


@check(
    id="SSH-INVALID",
    title="The SSH server does not accept its configuration",
    severity="inhibitor",
    area="ssh",
    remediation="The server would not start again, and nobody could log in. Correct the configuration.",
    command="sshd -t",
    source="OpenSSH: sshd -t",
    grade="documented",
)
def invalid(context: Context) -> Iterable[str]:
    return need(context.facts.sshd_errors, "sshd_errors")


@check(
    id="SSH-ROOT-LOGIN",
    title="Whether root may log in is left to the default",
    severity="medium",
    area="ssh",
    remediation="The default differs between versions. State PermitRootLogin in /etc/ssh/sshd_config as it is in "
    "effect now.",
    source=LEAPP,
    grade="documented",
    remedy="root-login",
)
def root_login(context: Context) -> Iterable[str]:
    if not any(directive == "permitrootlogin" for _path, directive, _words, _line in ssh_directives(context)):
        yield "sshd_config does not set PermitRootLogin"


@check(
    id="SSH-REMOVED",
    title="The SSH server's configuration uses ciphers that newer versions have removed",
    severity="high",
    area="ssh",
    remediation="Remove these ciphers and algorithms: a newer server may refuse to start with them.",
    source="Server Migration Center FAQ and Leapp: removed ciphers",
    grade="documented",
)
def removed(context: Context) -> Iterable[str]:
    for path, directive, _words, line in ssh_directives(context):
        if directive in ("ciphers", "macs") and _GONE_WORDS.search(line):
            yield f"{path}: {line}"


@check(
    id="SSH-DEPRECATED",
    title="The SSH server's configuration has directives that newer versions pass over",
    severity="low",
    area="ssh",
    remediation="Remove them: they do nothing any more, and a newer server writes a warning for each into its log.",
    source="OpenSSH release notes: deprecated options; the configuration of CentOS 7.0 to 7.3 sets UsePrivilegeSeparation",
    grade="documented",
)
def deprecated(context: Context) -> Iterable[str]:
    for path, directive, _words, line in ssh_directives(context):
        if directive in _DEPRECATED:
            yield f"{path}: {line}"


@check(
    id="SSH-NOT-ENABLED",
    title="The SSH server is not started at boot",
    severity="high",
    area="ssh",
    remediation="Nobody could log in after the reboot. Enable it.",
    command="systemctl enable sshd",
    source="assumed: the run reaches hosts by SSH",
    grade="assumed",
)
def not_enabled(context: Context) -> Iterable[str]:
    files = need(context.facts.unit_files, "unit_files")
    if "enabled" not in (files.get("sshd.service"), files.get("sshd.socket"), files.get("ssh.service")):
        yield f"sshd.service is {files.get('sshd.service', 'not there')}"
