# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who else manages this host's packages and configuration, and may the tools reach their repositories?"""

from __future__ import annotations

import re
from collections.abc import Iterable
from ssl import cert_time_to_seconds

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.base import (
    CONVERT2RHEL,
    LEAPP,
    Context,
    check,
    need,
)
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.named import packages_named

_RHEL = ("rhel7", "rhel8")
_RHUI = re.compile(r"(client-rhel[789].*|aliyun[-_]rhui[-_].*|rhui-.*|rh-amazon-rhui-client.*|.*-rhui-client.*)")


def _registered(context: Context) -> bool:
    return "/etc/pki/consumer/cert.pem" in need(context.facts.subscription, "subscription")


def _rhui(context: Context) -> list[str]:
    return [p.nevra for p in context.packages if _RHUI.fullmatch(p.name)]


@check(
    id="MGMT-NO-SUBSCRIPTION",
    title="The host has no access to Red Hat's repositories",
    severity="inhibitor",
    area="management",
    remediation="Use an instance that is paid for with its licence, which brings the client of Alibaba Cloud's update "
    "infrastructure (RHUI), or register the host with subscription-manager.",
    source=LEAPP + ": Alibaba Cloud's RHUI clients client-rhel7, aliyun_rhui_rhel8, aliyun_rhui_rhel9",
    grade="documented",
    sources=_RHEL,
    targets=("rhel8", "rhel9"),
)
def no_subscription(context: Context) -> Iterable[str]:
    if not _rhui(context) and not _registered(context):
        yield "neither a RHUI client nor /etc/pki/consumer/cert.pem is there"


@check(
    id="MGMT-TWO-SUBSCRIPTIONS",
    title="The host is registered, and has a RHUI client as well",
    severity="medium",
    area="management",
    remediation="The tool cannot tell which repositories to use. Keep the RHUI client, and unregister the host.",
    command="subscription-manager unregister",
    source=LEAPP + ": RHUI and RHSM at once",
    grade="documented",
    sources=_RHEL,
    targets=("rhel8", "rhel9"),
)
def two_subscriptions(context: Context) -> Iterable[str]:
    if _registered(context):
        yield from _rhui(context)


@check(
    id="MGMT-RELEASE-LOCK",
    title="The subscription is locked to one minor release",
    severity="high",
    area="management",
    remediation="Remove the lock: the repositories of the newest minor release, and of the target, stay hidden otherwise.",
    command="subscription-manager release --unset",
    source=LEAPP + "; " + CONVERT2RHEL + "; convert2rhel issue 1430: CentOS 7 with a lock on 8.1",
    grade="documented",
    sources=(*_RHEL, "centos7", "centos8"),
)
def release_lock(context: Context) -> Iterable[str]:
    if context.path.source.startswith("centos") and not context.path.target.startswith("rhel"):
        return
    lock = need(context.facts.release_lock, "release_lock")
    if lock:
        yield f"releaseVer {lock} in /var/lib/rhsm/cache/releasever.json"


@check(
    id="MGMT-CERTIFICATE-EXPIRED",
    title="Certificates for Red Hat's repositories have expired",
    severity="high",
    area="management",
    remediation="Repositories refuse the host. Update the RHUI client, or refresh the subscription.",
    command="subscription-manager refresh",
    source="assumed: repositories of Red Hat ask for a valid client certificate",
    grade="assumed",
    sources=_RHEL,
    targets=("rhel8", "rhel9"),
)
def expired(context: Context) -> Iterable[str]:
    now = need(context.facts.read_at or context.facts.epoch, "epoch")
    for path, end in sorted(need(context.facts.subscription, "subscription").items()):
        try:
            seconds = cert_time_to_seconds(end)
        except ValueError:
            continue
        if seconds < now:
            yield f"{path}: valid until {end}"


@check(
    id="MGMT-NO-MANAGER",
    title="The host is registered, but subscription-manager is gone",
    severity="high",
    area="management",
    remediation="Install it: the tool switches the host to the target's repositories with it.",
    command="{manager} -y install subscription-manager",
    source=LEAPP,
    grade="documented",
    sources=_RHEL,
    targets=("rhel8", "rhel9"),
)
def no_manager(context: Context) -> Iterable[str]:
    if _registered(context) and not _rhui(context):
        there = need(context.facts.subscription, "subscription")
        if not {"/usr/sbin/subscription-manager", "/usr/bin/subscription-manager"} & set(there):
            yield "subscription-manager is not installed"


@check(
    id="MGMT-INSIGHTS",
    title="The host reports to Red Hat Insights",
    severity="low",
    area="management",
    remediation="On a target that is not Red Hat's the client has no meaning: unregister it before the migration.",
    command="insights-client --unregister",
    source="convert2rhel, migrate2rocky: insights-client",
    grade="documented",
    sources=_RHEL,
)
def insights(context: Context) -> Iterable[str]:
    path = "/etc/insights-client/.registered"
    if path in need(context.facts.subscription, "subscription"):
        yield path


packages_named(
    r"(puppet(-agent|5-release)?|chef(-client)?|cfengine-(community|nova)|salt-minion|rudder-agent|itamae)",
    id="MGMT-CONFIGURATION",
    title="An agent of a configuration management is installed",
    severity="medium",
    area="management",
    remediation="Stop it until the migration is verified: it may put back files and packages of the source while they are "
    "replaced. Teach its rules the target's name first.",
    source="assumed: such agents enforce the state that they know",
    grade="assumed",
)
