# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Will users, their passwords and their rights be the same afterwards?"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.base import LEAPP, Context, check, need
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.named import EL7, EL8

# Modules that major version 8 does not have. pam_pkcs11 stands in a file of every CentOS 7: only its package counts.
_GONE_IN_8 = ("pam_krb5.so", "pam_tally.so", "pam_tally2.so")
_FOREIGN = re.compile(
    r"pam_(mysql|pgsql|radius_auth|radius|ldap|duo|google_authenticator|yubico|oath|script|2fa|tacplus)\.so"
)
# Fixed ids of the target: /usr/share/doc/setup/uidgid of setup-2.12.2 (RHEL 8).
_FIXED = {
    1: ("bin",), 2: ("daemon",), 3: ("adm",), 4: ("lp",), 5: ("sync",), 6: ("shutdown",), 7: ("halt",),
    8: ("mail",), 11: ("operator",), 12: ("games",), 14: ("ftp",), 29: ("rpcuser",), 32: ("rpc",), 38: ("ntp",),
    59: ("tss",), 72: ("tcpdump",), 74: ("sshd",), 81: ("dbus",), 192: ("systemd-network",), 193: ("systemd-resolve",),
    65534: ("nobody", "nfsnobody"),
}  # fmt: skip
_FIXED_GROUPS = {
    10: "wheel", 22: "utmp", 35: "utempter", 36: "kvm", 39: "video", 74: "sshd", 81: "dbus", 190: "systemd-journal",
    192: "systemd-network", 193: "systemd-resolve",
}  # fmt: skip


@check(
    id="AUTH-PAM-GONE",
    title="Logins are decided by modules of PAM that the target does not have",
    severity="high",
    area="auth",
    remediation="With a module that cannot be loaded nobody may get in. Replace it: pam_faillock for pam_tally2, SSSD for "
    "pam_krb5.",
    source="Red Hat: considerations in adopting RHEL 8, removed PAM modules; "
    + LEAPP
    + ": checkpamtally2, removedpammodules",
    grade="documented",
    sources=EL7,
    targets=EL8,
    severities={"leapp": "inhibitor"},
)
def pam_gone(context: Context) -> Iterable[str]:
    for path, word in need(context.facts.auth_lines, "auth_lines"):
        if path.startswith("/etc/pam.d/") and word in _GONE_IN_8:
            yield f"{path}: {word}"
    yield from (p.nevra for p in context.packages if p.name == "pam_pkcs11")


@check(
    id="AUTH-PAM-FOREIGN",
    title="Logins are decided by modules of PAM that do not come with the system",
    severity="medium",
    area="auth",
    remediation="Make sure that a build for the target exists, and keep a session open until a new login has worked.",
    source=LEAPP + ": removed PAM modules; pam.conf(5)",
    grade="documented",
    severities={"leapp": "high", "smc": "high"},
)
def pam_foreign(context: Context) -> Iterable[str]:
    for path, word in need(context.facts.auth_lines, "auth_lines"):
        if path.startswith("/etc/pam.d/") and _FOREIGN.fullmatch(word):
            yield f"{path}: {word}"


@check(
    id="AUTH-NIS",
    title="Users come from NIS",
    severity="high",
    area="auth",
    remediation="NIS is deprecated on the target or gone from it. Move to SSSD, and keep a local user who may become root.",
    source="Red Hat: considerations in adopting RHEL 9, NIS is removed; " + LEAPP + ": checknis",
    grade="documented",
    sources=(*EL7, "rhel8"),
    targets=(*EL8, "rhel9"),
)
def nis(context: Context) -> Iterable[str]:
    if need(context.facts.unit_files, "unit_files").get("ypbind.service") == "enabled":
        yield "ypbind.service is enabled"
    for line in need(context.facts.config_files, "config_files").get("/etc/nsswitch.conf", ()):
        if re.match(r"(passwd|group|shadow):.*\bnis(plus)?\b", line):
            yield f"/etc/nsswitch.conf: {line.strip()}"


@check(
    id="AUTH-DIRECTORY",
    title="Users come from a directory service",
    severity="medium",
    area="auth",
    remediation="Its client is replaced, and its cache may not be read by the new version. Make sure that a local user can "
    "become root, and look a user up after the migration.",
    source=LEAPP + ": SSSD, authselect; almalinux-deploy clears caches of SSSD",
    grade="documented",
)
def directory(context: Context) -> Iterable[str]:
    files = need(context.facts.unit_files, "unit_files")
    known = ("nslcd.service", "winbind.service", "realmd.service", "centrifydc.service", "vasd.service")
    yield from (f"{name} is enabled" for name in known if files.get(name) == "enabled")
    # SSSD is enabled on many hosts where it has nothing to do.
    units = need(context.facts.units, "units")
    if "sssd.service" in units and units["sssd.service"].active == "active":
        yield "sssd.service is active"


@check(
    id="AUTH-CUSTOM-PROFILE",
    title="The common configuration of PAM was written by hand",
    severity="low",
    area="auth",
    remediation="The target wants to manage it by authselect, and keeps yours as it is. Compare the two after the migration.",
    command="authselect check",
    source=LEAPP + ": authselect",
    grade="documented",
    sources=EL7,
    targets=EL8,
)
def custom_profile(context: Context) -> Iterable[str]:
    state = need(context.facts.path_states, "path_states").get("/etc/pam.d/system-auth")
    if state and state.type == "f":
        yield "/etc/pam.d/system-auth is a file, not the link that authconfig makes"


@check(
    id="AUTH-SUDO-TTY",
    title="sudo asks for a terminal",
    severity="low",
    area="auth",
    remediation="A run that becomes root by sudo has none. Except its user from requiretty.",
    command="visudo",
    source="sudoers(5): requiretty",
    grade="documented",
)
def sudo_tty(context: Context) -> Iterable[str]:
    for path, line in need(context.facts.auth_lines, "auth_lines"):
        if "/sudoers" in path and re.search(r"(?<!!)\brequiretty\b", line):
            yield f"{path}: {line.strip()}"


@check(
    id="AUTH-FIXED-IDS",
    title="Users bear ids that belong to users of the target's system",
    severity="medium",
    area="auth",
    remediation="Packages of the target would take the user for their own, or give files to it. Change the id, and the owner of "
    "the user's files.",
    source="setup: uidgid",
    grade="documented",
)
def fixed_ids(context: Context) -> Iterable[str]:
    for name, user in need(context.facts.users, "users").items():
        owners = _FIXED.get(user.uid)
        if owners and name not in owners:
            yield f"{name} has the id {user.uid}, which is that of {owners[0]}"


@check(
    id="AUTH-FIXED-GROUPS",
    title="Groups bear ids that belong to groups of the target's system",
    severity="medium",
    area="auth",
    remediation="Members of the group would get at what the target's group may do, such as reading the journal. Change the id, "
    "and the group of its files.",
    source="setup: uidgid",
    grade="documented",
)
def fixed_groups(context: Context) -> Iterable[str]:
    for name, number in need(context.facts.groups, "groups").items():
        owner = _FIXED_GROUPS.get(number)
        if owner and name != owner:
            yield f"{name} has the id {number}, which is that of {owner}"


@check(
    id="AUTH-UMASK",
    title="Files that root makes cannot be read by services",
    severity="low",
    area="auth",
    remediation="What is made by hand or by scripts around the migration bears this mask. Use umask 022 for it.",
    source="assumed: scripts of a login shell write below /etc",
    grade="assumed",
)
def umask(context: Context) -> Iterable[str]:
    for path, line in need(context.facts.environment, "environment"):
        found = re.fullmatch(r"umask\s+([0-7]{1,4})", line.strip())
        if found and int(found[1], 8) & 0o005 == 0o005:
            yield f"{path}: {line.strip()}"
