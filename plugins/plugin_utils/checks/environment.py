# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Do directories, files and variables mean to programs what they should?"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.base import (
    KNOWN_FAILURE,
    LEAPP,
    SMC_DRILL,
    Context,
    check,
    need,
)

# Octal rights that services need of directories: others may enter; in /tmp they may also write, each their own.
_RIGHTS = {"/": 0o005, "/etc": 0o005, "/usr": 0o005, "/var": 0o005, "/tmp": 0o1777, "/var/tmp": 0o1777}
_BUNDLE = "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"
_LINK = "/etc/pki/tls/certs/ca-bundle.crt"
_OWN_LIBRARIES = re.compile(r"/(usr/)?lib(64)?(/|$)")


@check(
    id="ENV-RIGHTS",
    title="Directories of the system do not have the rights that services need",
    severity="high",
    area="environment",
    remediation="Scripts of packages and services that do not run as root fail. Restore the rights.",
    command="chmod 1777 /tmp /var/tmp; chmod 755 /etc /usr /var",
    source="Filesystem Hierarchy Standard; package filesystem",
    grade="documented",
)
def rights(context: Context) -> Iterable[str]:
    states = need(context.facts.path_states, "path_states")
    for path, wanted in _RIGHTS.items():
        state = states.get(path)
        if (
            state
            and state.type == "d"
            and re.fullmatch("[0-7]{3,4}", state.mode)
            and int(state.mode, 8) & wanted != wanted
        ):
            yield f"{path} has the mode {state.mode}"


@check(
    id="ENV-TMP-SPACE",
    title="There is too little room in /tmp",
    severity="high",
    area="environment",
    remediation="Scripts of packages and the tools that make the initramfs write there. Remove old files, or enlarge it.",
    command="du -xsh /tmp/* | sort -h | tail",
    source="elevate-cpanel: 5 MB in /tmp",
    grade="documented",
)
def tmp_space(context: Context) -> Iterable[str]:
    space = need(context.facts.spaces, "spaces").get("/tmp")
    # Elsewhere the checks of that file system speak.
    if space and space.mount == "/tmp" and space.free_mib < 5:
        yield f"/tmp has {space.free_mib} MiB free, 5 MiB are needed"


@check(
    id="ENV-DEV-NULL",
    title="/dev/null is no device",
    severity="inhibitor",
    area="environment",
    remediation="Scripts of packages write to it and read from it; as a file it grows, and hands out what others wrote. Make "
    "the device again.",
    command="rm -f /dev/null && mknod -m 666 /dev/null c 1 3",
    source="Linux: admin-guide/devices; " + KNOWN_FAILURE,
    grade="documented",
)
def dev_null(context: Context) -> Iterable[str]:
    state = need(context.facts.path_states, "path_states").get("/dev/null")
    if state is None or state.type != "c":
        yield "/dev/null is missing" if state is None else f"/dev/null is of the type {state.type}"


@check(
    id="ENV-VAR-RUN",
    title="/var/run or /var/lock is not the link that it should be",
    severity="high",
    area="environment",
    remediation="Programs that use one path do not see what others write to the other. Replace the directory by a link.",
    command="ln -snf ../run /var/run",
    source=LEAPP + ": checkvarrun; package filesystem",
    grade="documented",
)
def var_run(context: Context) -> Iterable[str]:
    states = need(context.facts.path_states, "path_states")
    for path, wanted in (("/var/run", "run"), ("/var/lock", "run/lock")):
        state = states.get(path)
        if state and not (state.type == "l" and state.link.removeprefix("..").strip("/") == wanted):
            yield f"{path} -> {state.link}" if state.link else f"{path} is a directory of its own"


@check(
    id="ENV-MERGED-USR",
    title="/bin, /sbin, /lib or /lib64 is not the link into /usr that it should be",
    severity="inhibitor",
    area="environment",
    remediation="The package filesystem of the target cannot replace a directory by a link, and its transaction ends half-way. "
    "Move what lies there to /usr, and make the link.",
    source="Fedora and RHEL 7: UsrMove; rpm cannot replace a directory by a link",
    grade="documented",
)
def merged_usr(context: Context) -> Iterable[str]:
    links = need(context.facts.root_links, "root_links")
    names = ("/bin", "/sbin", "/lib", "/lib64")
    return [path for path in names if links.get(path, "").strip("/") != f"usr{path}"]


@check(
    id="ENV-NOLOGIN",
    title="Nobody but root may log in",
    severity="medium",
    area="environment",
    remediation="/etc/nologin is there: somebody is at work on the host, or was. Ask, and remove it.",
    command="rm /etc/nologin",
    source="pam_nologin(8)",
    grade="documented",
)
def nologin(context: Context) -> Iterable[str]:
    return [path for path in need(context.facts.path_states, "path_states") if path == "/etc/nologin"]


@check(
    id="ENV-RELABEL",
    title="SELinux labels all files at the next boot",
    severity="medium",
    area="environment",
    remediation="The first restart takes very long, and may look like a failure. Restart the host before the migration.",
    command="reboot",
    source="almalinux-deploy: relabelling after the conversion; selinux(8)",
    grade="documented",
)
def relabel(context: Context) -> Iterable[str]:
    return [path for path in need(context.facts.path_states, "path_states") if path == "/.autorelabel"]


@check(
    id="ENV-SELINUX-TYPE",
    title="SELinux has another policy than targeted",
    severity="medium",
    area="environment",
    remediation="Make sure that the target has a package with this policy; without it a host with SELinux on does not boot.",
    command="sestatus",
    source="selinux_config(5); SELINUXTYPE",
    grade="documented",
)
def selinux_type(context: Context) -> Iterable[str]:
    kind = need(context.facts.selinux_type, "selinux_type")
    if kind not in ("", "targeted") and need(context.facts.selinux_configured, "selinux_configured") != "disabled":
        yield f"SELINUXTYPE={kind}"


@check(
    id="ENV-SELINUX-POLICY",
    title="SELinux is configured, but its policy is not installed",
    severity="high",
    area="environment",
    remediation="With SELINUX=enforcing and no policy the system stops at boot. Install the policy, or set SELINUX=disabled.",
    command="{manager} -y install selinux-policy-targeted",
    source="systemd: failed to load SELinux policy, freezing",
    grade="documented",
)
def selinux_policy(context: Context) -> Iterable[str]:
    configured = need(context.facts.selinux_configured, "selinux_configured")
    kind = need(context.facts.selinux_type, "selinux_type") or "targeted"
    if configured in ("enforcing", "permissive") and not any(
        p.name == f"selinux-policy-{kind}" for p in context.packages
    ):
        yield f"SELINUX={configured}, and selinux-policy-{kind} is not installed"


@check(
    id="ENV-LIBRARIES",
    title="Variables put libraries before those of the system",
    severity="high",
    area="environment",
    remediation="Programs of the target may load them and fail. Set them in the start script of the application that needs them.",
    source=LEAPP + ": dynamic linker configuration",
    grade="documented",
)
def libraries(context: Context) -> Iterable[str]:
    for path, line in need(context.facts.environment, "environment"):
        if line.startswith(("LD_LIBRARY_PATH=", "LD_PRELOAD=")):
            yield f"{path}: {line}"


@check(
    id="ENV-LEAPP",
    title="Variables of Leapp are set for every session",
    severity="high",
    area="environment",
    remediation="Some are not known any more, others switch checks off. Remove them, and set what a run needs for that run.",
    source=LEAPP + ": removed and experimental environment variables",
    grade="documented",
    engines=("leapp", "smc"),
)
def leapp(context: Context) -> Iterable[str]:
    return [f"{p}: {line}" for p, line in need(context.facts.environment, "environment") if line.startswith("LEAPP_")]


@check(
    id="ENV-PROXY",
    title="Sessions reach the network by a proxy",
    severity="low",
    area="environment",
    remediation="Detached jobs do not know of it, and the mirrors inside a VPC need none. Make sure that the target's "
    "repositories are reached without it.",
    source=SMC_DRILL + "; assumed for the other engines",
    grade="documented",
    severities={"smc": "medium"},
)
def proxy(context: Context) -> Iterable[str]:
    for path, line in need(context.facts.environment, "environment"):
        if re.fullmatch(r"\w+_(proxy|PROXY)=", line):
            yield f"{path}: {line[:-1]} is set"


@check(
    id="ENV-LINKER",
    title="The dynamic linker looks in directories of the host's own",
    severity="medium",
    area="environment",
    remediation="Libraries there come before those of the target, for every program. Make sure that none bears the name of one "
    "of the system's.",
    command="ldconfig -p",
    source=LEAPP + ": checkdynamiclinkerconfiguration",
    grade="documented",
)
def linker(context: Context) -> Iterable[str]:
    for path, line in need(context.facts.library_paths, "library_paths"):
        said = line.partition("#")[0].strip()
        if said.startswith("/") and not _OWN_LIBRARIES.match(said):
            yield f"{path}: {said}"


@check(
    id="ENV-CERTIFICATES",
    title="The certificates by which servers are trusted are missing",
    severity="high",
    area="environment",
    remediation="No repository can be reached by https. Reinstall them, and make the bundle again.",
    command="{manager} -y reinstall ca-certificates && update-ca-trust extract",
    source=KNOWN_FAILURE + "; update-ca-trust(8)",
    grade="documented",
)
def certificates(context: Context) -> Iterable[str]:
    states = need(context.facts.path_states, "path_states")
    bundle, link = states.get(_BUNDLE), states.get(_LINK)
    if bundle is None or not bundle.size:
        yield f"{_BUNDLE} is {'missing' if bundle is None else 'empty'}"
    if link is None or (link.type == "f" and not link.size):
        yield f"{_LINK} is {'missing' if link is None else 'empty'}"


@check(
    id="ENV-OPENSSL",
    title="The configuration of OpenSSL was changed",
    severity="medium",
    area="environment",
    remediation="The target's OpenSSL may not read it, and then no program speaks TLS. Restore the original, and carry the "
    "change over afterwards.",
    command="rpm -V openssl-libs",
    source=LEAPP + ": checkopensslconf",
    grade="documented",
    severities={"leapp": "high"},
)
def openssl(context: Context) -> Iterable[str]:
    for line in need(context.facts.verified, "verified"):
        if re.match(r"(..5|missing)\S*\s.*/openssl\.cnf$", line):
            yield line
