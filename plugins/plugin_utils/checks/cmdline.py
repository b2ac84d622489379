# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is the kernel told what the target's kernel understands, now and after the next kernel is installed?"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.base import (
    KNOWN_FAILURE,
    LEAPP,
    Context,
    check,
    need,
)

_STOPS = re.compile(
    r"single|1|s|S|emergency|rescue|rd\.break(=.*)?|init=.*|systemd\.unit=(rescue|emergency)\.target|systemd\.debug.*"
)
_DEVICE_NAME = re.compile(r"root=/dev/(xvd|vd|sd|nvme)\w+")


def _words(context: Context) -> tuple[str, ...]:
    return need(context.facts.cmdline, "cmdline")


def _configured(context: Context) -> list[str]:
    """What new kernels will be told."""
    values = need(context.facts.grub_default, "grub_default")
    return f"{values.get('GRUB_CMDLINE_LINUX', '')} {values.get('GRUB_CMDLINE_LINUX_DEFAULT', '')}".split()


@check(
    id="CMDLINE-ROOT",
    title="The kernel finds its root file system by the name of a device",
    severity="medium",
    area="cmdline",
    remediation="Disks can bear other names under the target's kernel. Name the file system by UUID, and make grub.cfg again.",
    command='grubby --update-kernel=ALL --args="root=UUID=$(findmnt -no UUID /)"',
    source="ECS: use UUIDs, because device names may change; " + KNOWN_FAILURE,
    grade="documented",
)
def root(context: Context) -> Iterable[str]:
    return [word for word in _words(context) if _DEVICE_NAME.fullmatch(word)]


@check(
    id="CMDLINE-NAMES-LOST",
    title="Network interfaces keep their names by an argument that the next kernel does not get",
    severity="high",
    area="cmdline",
    remediation="The target's kernel is told what GRUB_CMDLINE_LINUX in /etc/default/grub says; without the argument eth0 "
    "becomes ens5 or the like, and its configuration does not apply. Add it there.",
    source=KNOWN_FAILURE + " (elevate-cpanel: eth0 became ens18)",
    grade="documented",
)
def names_lost(context: Context) -> Iterable[str]:
    configured = _configured(context)
    # Without any configuration, BOOT-GRUB-DEFAULT speaks.
    for word in ("net.ifnames=0", "biosdevname=0") if need(context.facts.grub_default, "grub_default") else ():
        if word in _words(context) and word not in configured and _legacy_names(context):
            yield f"{word} is on the kernel's command line, but not in GRUB_CMDLINE_LINUX"


def _legacy_names(context: Context) -> bool:
    return any(re.fullmatch(r"eth\d+", name) for name in need(context.facts.interfaces, "interfaces"))


@check(
    id="CMDLINE-STOPS",
    title="The kernel's arguments keep the host from starting fully",
    severity="inhibitor",
    area="cmdline",
    remediation="The reboot would end in a shell on the console, which no run can reach. Remove the arguments, and make "
    "grub.cfg again.",
    source="kernel-command-line(7), dracut.cmdline(7)",
    grade="documented",
)
def stops(context: Context) -> Iterable[str]:
    yield from (f"{word} in GRUB_CMDLINE_LINUX" for word in _configured(context) if _STOPS.fullmatch(word))


@check(
    id="CMDLINE-SELINUX",
    title="SELinux is switched off by the kernel's command line alone",
    severity="medium",
    area="cmdline",
    remediation="An entry without the argument, as the target's kernel may get it, boots with SELinux on unlabelled files. Set "
    "SELINUX=disabled in /etc/selinux/config as well, or relabel first.",
    source="Alibaba Cloud: instructions for importing images; almalinux-deploy: relabelling after the conversion",
    grade="documented",
)
def selinux(context: Context) -> Iterable[str]:
    configured = need(context.facts.selinux_configured, "selinux_configured")
    words = [word for word in _words(context) if word in ("selinux=0", "enforcing=0")]
    yield from (f"{word} is given, and SELINUX={configured}" for word in words if configured != "disabled")


@check(
    id="CMDLINE-CRASHKERNEL",
    title="Memory for crash dumps is reserved by a word that the target does not know",
    severity="low",
    area="cmdline",
    remediation="crashkernel=auto is not understood any more: kdump would not start. Write an amount instead.",
    command="kdumpctl estimate",
    source="Red Hat: considerations in adopting RHEL 9; assumed for the kernel 5.10 of Alibaba Cloud Linux 3",
    grade="documented",
    targets=("rhel9", "alinux3"),
)
def crashkernel(context: Context) -> Iterable[str]:
    return sorted({word for word in (*_words(context), *_configured(context)) if word == "crashkernel=auto"})


@check(
    id="CMDLINE-KDUMP",
    title="Crash dumps are switched on, but no memory is reserved for them",
    severity="low",
    area="cmdline",
    remediation="kdump fails at every start, before as after. Give crashkernel an amount, or disable the service.",
    command="systemctl disable kdump",
    source="kdump: crashkernel reservation",
    grade="documented",
)
def kdump(context: Context) -> Iterable[str]:
    enabled = need(context.facts.unit_files, "unit_files").get("kdump.service") == "enabled"
    if enabled and need(context.facts.kernel_values, "kernel_values").get("/sys/kernel/kexec_crash_size") == "0":
        yield "kdump.service is enabled, /sys/kernel/kexec_crash_size is 0"


@check(
    id="CMDLINE-CONSOLE",
    title="The kernel says nothing on the serial console",
    severity="info",
    area="cmdline",
    remediation="The cloud shows the serial console: with console=ttyS0 it tells why a host does not boot.",
    command='grubby --update-kernel=ALL --args="console=tty0 console=ttyS0,115200n8"',
    source="ECS: system logs and screenshots of an instance",
    grade="documented",
)
def console(context: Context) -> Iterable[str]:
    if not any(word.startswith(("console=ttyS", "console=ttyAMA")) for word in _words(context)):
        yield "no console=ttyS0"


@check(
    id="CMDLINE-QUOTES",
    title="/etc/default/grub cannot be read by a shell",
    severity="high",
    area="cmdline",
    remediation="grub2-mkconfig fails, so no new boot menu is made. Put values with blanks in quotes, and close each quote.",
    command="sh -n /etc/default/grub",
    source=LEAPP + ": grub configuration error",
    grade="documented",
)
def quotes(context: Context) -> Iterable[str]:
    error = need(context.facts.grub_default_error, "grub_default_error")
    if error:
        yield f"/etc/default/grub: {error}"
    for line in need(context.facts.grub_default_lines, "grub_default_lines"):
        if re.match(r"GRUB_[A-Z_]+=[^\s\"'#]+[ \t]+[^\s#]", line):
            yield line


@check(
    id="CMDLINE-DEFAULT-ENTRY",
    title="The boot loader always starts one place of its menu",
    severity="medium",
    area="cmdline",
    remediation="The target's kernel changes the order of the menu, so another one may start. Set GRUB_DEFAULT=saved.",
    source="GRUB manual: GRUB_DEFAULT",
    grade="documented",
)
def default_entry(context: Context) -> Iterable[str]:
    value = need(context.facts.grub_default, "grub_default").get("GRUB_DEFAULT", "saved")
    if value not in ("saved", "0"):
        yield f"GRUB_DEFAULT={value}"


@check(
    id="CMDLINE-TIMEOUT",
    title="The boot menu is not shown",
    severity="info",
    area="cmdline",
    remediation="With GRUB_TIMEOUT=0 nobody can choose the former kernel on the console. Give it some seconds.",
    source="GRUB manual: GRUB_TIMEOUT",
    grade="documented",
)
def timeout(context: Context) -> Iterable[str]:
    value = need(context.facts.grub_default, "grub_default").get("GRUB_TIMEOUT", "")
    if value == "0":
        yield "GRUB_TIMEOUT=0"
