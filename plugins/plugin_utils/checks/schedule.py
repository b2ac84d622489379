# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs at boot or by the clock, and does the clock itself go right?"""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.base import (
    CONVERT2RHEL,
    LEAPP,
    Context,
    check,
    need,
)
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.named import EL7, EL8

# Seconds. An answer is late by as long as the hosts that were read with it took, so a host seems to be behind sooner.
_AHEAD, _BEHIND = 300, 900
_YEAR = 365 * 86_400
_NETWORK_TIME = ("chronyd.service", "ntpd.service", "systemd-timesyncd.service", "ptp4l.service", "phc2sys.service")
_BUS = ("dbus.service", "dbus-broker.service", "dbus.socket")
_NEVER_MASKED = (
    "sshd.service", "systemd-logind.service", "systemd-journald.service", "systemd-udevd.service", "dbus.service",
    "dbus.socket", "systemd-tmpfiles-setup.service", "systemd-sysctl.service", "aliyun.service",
)  # fmt: skip
# What the system's and the cloud's own packages have there.
_OWN_SCRIPTS = (
    "functions", "network", "netconsole", "README", "aegis", "agentwatch", "cloudmonitor", "ecs_mq-service", "aliyun-service",
    "cloud-config", "cloud-final", "cloud-init", "cloud-init-local", "livesys", "livesys-late", "rhnsd",
)  # fmt: skip
_MOST_OPEN_FILES = 16_384


def _scheduled(context: Context, *words: str) -> Iterable[str]:
    """Path and line of jobs in which one of these commands stands."""
    for path, said in need(context.facts.scheduled, "scheduled"):
        number, _blank, word = said.partition(" ")
        if not path.endswith("rc.local") and word in words:
            yield f"{path}, line {number}: {word}"


@check(
    id="SVC-DBUS",
    title="D-Bus does not run",
    severity="high",
    area="schedule",
    remediation="Services are stopped and started through it while packages are replaced. Start it, or reboot.",
    command="systemctl start dbus",
    source=CONVERT2RHEL + ": D-Bus",
    grade="documented",
    severities={"convert2rhel": "inhibitor"},
)
def dbus(context: Context) -> Iterable[str]:
    units = need(context.facts.units, "units")
    known = [name for name in _BUS if name in units]
    if known and not any(units[name].active == "active" for name in known):
        yield ", ".join(f"{name} is {units[name].active}" for name in known)


@check(
    id="SVC-MASKED",
    title="Services that every system needs are masked",
    severity="high",
    area="schedule",
    remediation="The target's packages count on them; the host may not be reachable after the reboot. Unmask them.",
    source="systemctl(1): mask",
    grade="documented",
)
def masked(context: Context) -> Iterable[str]:
    files = need(context.facts.unit_files, "unit_files")
    return [name for name in _NEVER_MASKED if files.get(name) == "masked"]


@check(
    id="SVC-BROKEN-LINKS",
    title="Links of systemd point at units that do not exist",
    severity="low",
    area="schedule",
    remediation="They are left over from what was removed. Delete them, so that those which the migration leaves stand out.",
    command="find /etc/systemd/system -maxdepth 2 -xtype l",
    source=LEAPP + ": broken systemd symlinks",
    grade="documented",
)
def broken_links(context: Context) -> Iterable[str]:
    return [f"{path} -> {target}" for path, target in need(context.facts.broken_units, "broken_units").items()]


@check(
    id="SVC-JOB-PACKAGES",
    title="Jobs of the host's own call the package manager",
    severity="medium",
    area="schedule",
    remediation="They may start in the middle of the migration. Comment them out until it is over.",
    command="crontab -e",
    source="assumed: two package managers at once",
    grade="assumed",
)
def job_packages(context: Context) -> Iterable[str]:
    return _scheduled(context, "yum", "dnf")


@check(
    id="SVC-JOB-REBOOT",
    title="Jobs of the host's own restart it or switch it off",
    severity="high",
    area="schedule",
    remediation="A restart while packages are replaced ruins the system. Comment these jobs out until the migration is over.",
    command="crontab -e",
    source="assumed: a transaction of packages does not survive a restart",
    grade="assumed",
)
def job_reboot(context: Context) -> Iterable[str]:
    return _scheduled(context, "reboot", "shutdown", "poweroff")


@check(
    id="SVC-JOB-AT-BOOT",
    title="Jobs of the host's own run at every boot",
    severity="low",
    area="schedule",
    remediation="They run at each of the migration's restarts as well, before anybody has looked. Make sure that they may.",
    source="crontab(5): @reboot",
    grade="documented",
)
def job_at_boot(context: Context) -> Iterable[str]:
    return _scheduled(context, "@reboot")


@check(
    id="SVC-RC-LOCAL",
    title="/etc/rc.d/rc.local does things at boot",
    severity="low",
    area="schedule",
    remediation="It runs as it is on the target, where programs and names may differ. Read it with the target in mind.",
    source="systemd-rc-local-generator(8)",
    grade="documented",
)
def rc_local(context: Context) -> Iterable[str]:
    state = need(context.facts.path_states, "path_states").get("/etc/rc.d/rc.local")
    if not state or not any(int(digit, 8) & 1 for digit in state.mode if digit in "01234567"):
        return
    for path, said in need(context.facts.scheduled, "scheduled"):
        number, _blank, word = said.partition(" ")
        if path.endswith("rc.local") and word not in ("touch", "exit", "exit;"):
            yield f"{path}, line {number}: {word}"


@check(
    id="SVC-INIT-SCRIPTS",
    title="Services are started by init scripts of the host's own",
    severity="low",
    area="schedule",
    remediation="The target may lack the functions and the chkconfig that they need. Write units for them.",
    source="Red Hat: considerations in adopting RHEL 9, initscripts; systemd-sysv-generator(8)",
    grade="documented",
)
def init_scripts(context: Context) -> Iterable[str]:
    paths = sorted(need(context.facts.paths, "paths"))
    scripts = [path for path in paths if path.startswith("/etc/rc.d/init.d/")]
    return [path for path in scripts if path.rpartition("/")[2] not in _OWN_SCRIPTS and not path.endswith(("*", "~"))]


@check(
    id="SVC-XINETD",
    title="Services are started by xinetd",
    severity="medium",
    area="schedule",
    remediation="The target has no xinetd. Write a socket unit for each of them.",
    command="ls /etc/xinetd.d",
    source="Red Hat: considerations in adopting RHEL 9, xinetd is removed",
    grade="documented",
    targets=("rhel9",),
)
def xinetd(context: Context) -> Iterable[str]:
    if need(context.facts.unit_files, "unit_files").get("xinetd.service") == "enabled":
        yield "xinetd.service is enabled"


@check(
    id="SVC-OPEN-FILES",
    title="A session may open too few files",
    severity="low",
    area="schedule",
    remediation="Leapp opens very many when it maps the packages. Raise the limit for root.",
    command="echo 'root hard nofile 65535' > /etc/security/limits.d/leapp.conf",
    source="infra.leapp: 16384 open files",
    grade="documented",
    engines=("leapp",),
)
def open_files(context: Context) -> Iterable[str]:
    limit = need(context.facts.open_files, "open_files")
    if limit < _MOST_OPEN_FILES:
        yield f"the hard limit is {limit}, {_MOST_OPEN_FILES} are needed"


@check(
    id="TIME-WRONG",
    title="The clock of the host is wrong",
    severity="high",
    area="schedule",
    remediation="Certificates and signed requests are refused, and files seem to come from the future. Set the clock.",
    command="chronyc makestep",
    source="Server Migration Center FAQ: IllegalTimestamp; conversion tools: certificates of mirrors",
    grade="documented",
)
def clock(context: Context) -> Iterable[str]:
    epoch, read_at = need(context.facts.epoch, "epoch"), context.facts.read_at
    if read_at is not None and not -_BEHIND <= epoch - read_at <= _AHEAD:
        word = "ahead of" if epoch > read_at else "behind"
        yield f"it is {abs(epoch - read_at)} seconds {word} the controller's"


@check(
    id="TIME-SERVICE",
    title="Nothing keeps the clock right",
    severity="low",
    area="schedule",
    remediation="Enable chronyd; the cloud has servers of its own inside a VPC.",
    command="systemctl enable --now chronyd",
    source="ECS: NTP servers of Alibaba Cloud",
    grade="documented",
)
def time_service(context: Context) -> Iterable[str]:
    units = need(context.facts.units, "units")
    if not any(name in units and units[name].active == "active" for name in _NETWORK_TIME):
        yield f"none of {', '.join(_NETWORK_TIME)} is active"


@check(
    id="TIME-NTPD",
    title="ntpd keeps the clock right, and the target has no such package",
    severity="medium",
    area="schedule",
    remediation="Its configuration gets lost with it. Move the servers to /etc/chrony.conf, and enable chronyd.",
    source="Red Hat: considerations in adopting RHEL 8, ntp is replaced by chrony; " + LEAPP + ": migratentp",
    grade="documented",
    sources=EL7,
    targets=EL8,
)
def ntpd(context: Context) -> Iterable[str]:
    if need(context.facts.unit_files, "unit_files").get("ntpd.service") == "enabled":
        yield "ntpd.service is enabled"


@check(
    id="TIME-UPTIME",
    title="The host has not been restarted for more than a year",
    severity="medium",
    area="schedule",
    remediation="Nobody knows whether it still boots. Restart it before the migration, so that an old fault is not taken for a "
    "new one.",
    command="reboot",
    source="assumed: what was changed by hand since is not in the configuration",
    grade="assumed",
)
def uptime(context: Context) -> Iterable[str]:
    seconds = need(context.facts.uptime, "uptime")
    if seconds > _YEAR:
        yield f"{int(seconds // 86_400)} days"
