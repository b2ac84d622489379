# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which module streams are enabled, and can the target know them?"""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.base import SMC_LIMITS, Context, check, need
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.facts_types import ModuleStream


def _enabled(context: Context) -> list[ModuleStream]:
    return [m for m in need(context.facts.module_streams, "module_streams") if m.state == "enabled"]


@check(
    id="MOD-ENABLED",
    title="Module streams are enabled",
    severity="low",
    area="modules",
    remediation="The target has streams of its own, built for its own platform. What is installed from these "
    "streams is proven by the test transaction; reset streams that nothing needs.",
    command="dnf module list --enabled",
    source=SMC_LIMITS,
    grade="documented",
)
def enabled(context: Context) -> Iterable[str]:
    return [f"{m.name}:{m.stream}" for m in _enabled(context)]


@check(
    id="MOD-VENDOR-STREAM",
    title="Streams are enabled whose name belongs to the source's vendor",
    severity="medium",
    area="modules",
    remediation="Streams named rhel or rhel8 exist under other names elsewhere. Reset the module before the "
    "migration, and enable the target's stream after it.",
    source="centos2ol: such streams have no counterpart of the same name",
    grade="documented",
)
def vendor_stream(context: Context) -> Iterable[str]:
    return [f"{m.name}:{m.stream}" for m in _enabled(context) if m.stream in ("rhel", "rhel8")]


@check(
    id="MOD-THIRD-PARTY",
    title="Streams of another vendor are enabled",
    severity="high",
    area="modules",
    remediation="Modules built for the source's platform cannot be resolved on the target. Reset them, and "
    "replace or keep on purpose what they installed.",
    source=SMC_LIMITS,
    grade="documented",
)
def third_party_stream(context: Context) -> Iterable[str]:
    return [f"{m.name}:{m.stream}" for m in _enabled(context) if m.stream.startswith(("remi-", "epel", "nodesource"))]


@check(
    id="MOD-DISABLED",
    title="Modules are disabled",
    severity="info",
    area="modules",
    remediation="Nothing has to be done: the target decides anew which modules it offers.",
    source="assumed: state files of dnf are kept by name",
    grade="assumed",
)
def disabled(context: Context) -> Iterable[str]:
    return [m.name for m in need(context.facts.module_streams, "module_streams") if m.state == "disabled"]


@check(
    id="MOD-NO-STREAM",
    title="Modules are enabled without a stream",
    severity="medium",
    area="modules",
    remediation="dnf leaves out every package of such a module, or refuses to resolve anything. Reset the module, and enable "
    "the stream that is installed.",
    source="dnf documentation: modularity, state files in /etc/dnf/modules.d",
    grade="documented",
)
def no_stream(context: Context) -> Iterable[str]:
    return [m.name for m in _enabled(context) if not m.stream]
