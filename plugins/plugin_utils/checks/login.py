# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""If something goes wrong, which ways in are left?"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.base import LEAPP, Context, check, need
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.named import EL7, EL8, ssh_directives

_SERVERS = ("/usr/libexec/openssh/sftp-server", "internal-sftp")
# Server Migration Center's FAQ names what is removed; these are still known, but refused by the target's policy.
_WEAK = re.compile(
    r"(?<![\w-])(ssh-dss|diffie-hellman-group1-sha1|diffie-hellman-group-exchange-sha1|hmac-md5(-96)?|hmac-sha1-96|3des-cbc)(?![\w-])"
)
_ALGORITHMS = (
    "ciphers",
    "macs",
    "kexalgorithms",
    "hostkeyalgorithms",
    "pubkeyacceptedkeytypes",
    "pubkeyacceptedalgorithms",
)
_NO_SHELL = (
    "/sbin/nologin",
    "/usr/sbin/nologin",
    "/bin/false",
    "/usr/bin/false",
    "/bin/sync",
    "/sbin/shutdown",
    "/sbin/halt",
)


def _effective(context: Context, keyword: str) -> tuple[str, ...]:
    return need(context.facts.sshd, "sshd").get(keyword, ())


@check(
    id="LOGIN-SFTP",
    title="The SSH server names a program for file transfer that the target has elsewhere",
    severity="medium",
    area="login",
    remediation="Copying files to the host fails after the migration. Write Subsystem sftp /usr/libexec/openssh/sftp-server.",
    source=LEAPP + ": sftp subsystem",
    grade="documented",
)
def sftp(context: Context) -> Iterable[str]:
    for path, keyword, words, _line in ssh_directives(context):
        if keyword == "subsystem" and len(words) > 2 and words[1] == "sftp" and words[2] not in _SERVERS:
            yield f"{path}: {' '.join(words)}"


@check(
    id="LOGIN-NO-SFTP",
    title="The SSH server offers no file transfer",
    severity="medium",
    area="login",
    remediation="scp of the target uses the sftp protocol. Add Subsystem sftp /usr/libexec/openssh/sftp-server.",
    source="Red Hat: considerations in adopting RHEL 9, scp uses SFTP; " + LEAPP,
    grade="documented",
    targets=("rhel9",),
)
def no_sftp(context: Context) -> Iterable[str]:
    if not any(
        keyword == "subsystem" and words[1:2] == ["sftp"] for _path, keyword, words, _line in ssh_directives(context)
    ):
        yield "no Subsystem sftp in sshd_config"


@check(
    id="LOGIN-WEAK",
    title="The SSH server insists on algorithms that the target refuses",
    severity="medium",
    area="login",
    remediation="Old clients may not get in any more, or the server offers nothing that they know. Remove them, and update the "
    "clients first.",
    source="Red Hat: crypto policies of RHEL 8 and 9",
    grade="documented",
    sources=(*EL7, "rhel8"),
    targets=(*EL8, "rhel9"),
)
def weak(context: Context) -> Iterable[str]:
    for path, keyword, words, _line in ssh_directives(context):
        # A list that begins with a minus takes algorithms away.
        if keyword in _ALGORITHMS and not words[-1].startswith("-") and _WEAK.search(" ".join(words)):
            yield f"{path}: {' '.join(words)}"


@check(
    id="LOGIN-DSA-ONLY",
    title="The SSH server identifies itself by a DSA key alone",
    severity="high",
    area="login",
    remediation="Clients and the target's server do not accept such keys. Make keys of today, and tell the clients.",
    command="ssh-keygen -A",
    source="OpenSSH 7.0: ssh-dss is disabled",
    grade="documented",
)
def dsa_only(context: Context) -> Iterable[str]:
    keys = _effective(context, "hostkey")
    return keys if keys and all("dsa_key" in key and "ecdsa" not in key for key in keys) else ()


@check(
    id="LOGIN-PORT-LABEL",
    title="The SSH server listens on a port for which SELinux needs a rule",
    severity="medium",
    area="login",
    remediation="The rule is part of the policy that is replaced. Make sure that it is there after the migration, before the "
    "reboot.",
    command="semanage port -l -C",
    source="Red Hat: SELinux, changing the port of sshd",
    grade="documented",
)
def port_label(context: Context) -> Iterable[str]:
    if need(context.facts.selinux_enforcing, "selinux_enforcing"):
        yield from (f"port {port}" for port in _effective(context, "port") if port != "22")


@check(
    id="LOGIN-MATCH-ROOT",
    title="Whether root may log in is said for some connections only",
    severity="low",
    area="login",
    remediation="For all others the default applies, which differs between versions. State PermitRootLogin before the first Match.",
    source=LEAPP + ": opensshpermitrootlogincheck",
    grade="documented",
)
def match_root(context: Context) -> Iterable[str]:
    inside, found, common = "", [], False
    for path, keyword, words, _line in ssh_directives(context):
        if keyword == "match":
            inside = path
        elif keyword == "permitrootlogin" and inside == path:
            found.append(f"{path}: {' '.join(words)}")
        common = common or (keyword == "permitrootlogin" and inside != path)
    return [] if common else found


@check(
    id="LOGIN-KEYS-COMMAND",
    title="A program tells the SSH server which keys are allowed",
    severity="medium",
    area="login",
    remediation="Nobody gets in by key if it fails on the target. Make sure that it runs there, or add keys of your own to "
    "authorized_keys for the migration.",
    source="sshd_config(5): AuthorizedKeysCommand",
    grade="documented",
)
def keys_command(context: Context) -> Iterable[str]:
    yield from (program for program in _effective(context, "authorizedkeyscommand") if program not in ("none", ""))


@check(
    id="LOGIN-CONSOLE",
    title="Nobody can log in on the console as root",
    severity="low",
    area="login",
    remediation="If the network does not come up, only the console of the cloud is left, and it asks for a password. Set one for "
    "the time of the migration.",
    command="passwd root",
    source="ECS: connect to an instance by VNC",
    grade="documented",
)
def console(context: Context) -> Iterable[str]:
    state = need(context.facts.root_password, "root_password")
    if state != "set":
        yield f"the password of root is {'locked' if state == 'locked' else 'not set'}"


@check(
    id="LOGIN-NONE",
    title="No way in by SSH is left",
    severity="high",
    area="login",
    remediation="Passwords are not accepted, and root, the only user with a shell, has no key. Add a key before the migration.",
    source="assumed: the session of this run is not a way in that lasts",
    grade="assumed",
)
def no_way_in(context: Context) -> Iterable[str]:
    users = need(context.facts.users, "users")
    shells = [name for name, user in users.items() if user.shell and user.shell not in _NO_SHELL]
    passwords = _effective(context, "passwordauthentication") or _effective(context, "kbdinteractiveauthentication")
    by_program = any(program not in ("none", "") for program in _effective(context, "authorizedkeyscommand"))
    if (
        shells == ["root"]
        and passwords[:1] == ("no",)
        and not by_program
        and not need(context.facts.root_keys, "root_keys")
    ):
        yield "PasswordAuthentication no, /root/.ssh/authorized_keys holds no key, and no other user has a shell"
