# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is this host what the path starts at, and is it in one piece?"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.base import (
    CONVERT2RHEL,
    KNOWN_FAILURE,
    LEAPP,
    Context,
    check,
    need,
)
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.facts_vendors import TAGS
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.matrix import identify, name_of, normalize_arch

_TOOL_PACKAGES = re.compile(r"(leapp|python[23]-leapp|convert2rhel|centos2anolis|snactor)")
_TOOL_PATHS = (
    "leapp",
    "convert2rhel",
    "centostoanolis",
    "/boot/vmlinuz-upgrade",
    "/boot/initramfs-upgrade",
    "/var/tmp/state.json",
)


@check(
    id="OS-SOURCE",
    title="The host does not run the system that the migration starts at",
    severity="inhibitor",
    area="identity",
    remediation="Choose a migration that starts at the system which the host runs, or take the host out of the run.",
    source="the migration matrix of this collection",
    grade="documented",
    waivable=False,
)
def source_system(context: Context) -> Iterable[str]:
    os_release = need(context.facts.os_release, "os_release")
    known = identify(os_release)
    if known is None or known.id != context.path.source:
        said = os_release.get("PRETTY_NAME") or os_release.get("ID") or "nothing"
        yield f"os-release says {said}; the migration starts at {name_of(context.path.source)}"


@check(
    id="OS-STREAM",
    title="The host runs CentOS Stream",
    severity="inhibitor",
    area="identity",
    remediation="Packages of CentOS Stream are newer than those of the target, so most would have to be downgraded. "
    "Build a new instance on the target instead.",
    source=KNOWN_FAILURE,
    grade="documented",
)
def stream(context: Context) -> Iterable[str]:
    system = need(context.facts.os, "os")
    if system.stream:
        yield f"os-release says {system.pretty_name}"
    elif context.facts.packages is not None:
        yield from (p.nevra for p in context.facts.packages if re.match(r"centos-stream-(release|repos)$", p.name))


@check(
    id="OS-MINOR",
    title="The minor version of the source is too old",
    severity="inhibitor",
    area="identity",
    remediation="Update the host to CentOS Linux 8.5 from a vault mirror and reboot it, then check again.",
    command="dnf -y update",
    source="almalinux-deploy and migrate-to-ol: both refuse sources before 8.4",
    grade="documented",
    sources=("centos8",),
)
def minor_too_old(context: Context) -> Iterable[str]:
    system = need(context.facts.os, "os")
    if need(system.minor, "os") < 4:
        yield f"the host runs {system.major}.{system.minor}; 8.4 is the oldest that can be converted"


@check(
    id="OS-NOT-LATEST",
    title="The host is not on the last minor version of its system",
    severity="medium",
    area="identity",
    remediation="Update to CentOS Linux 8.5 first: the step to the target is smaller, and problems show while "
    "they are harmless.",
    command="dnf -y update",
    source="almalinux-deploy: full mode moves to 8.5.2111 first",
    grade="documented",
    sources=("centos8",),
)
def not_latest_minor(context: Context) -> Iterable[str]:
    system = need(context.facts.os, "os")
    if need(system.minor, "os") < 5:
        yield f"the host runs {system.major}.{system.minor}, the last one is 8.5"


@check(
    id="OS-ARCH",
    title="The processor architecture does not fit the migration",
    severity="inhibitor",
    area="identity",
    remediation="Choose a target that exists for this architecture.",
    source="the migration matrix of this collection",
    grade="documented",
    waivable=False,
)
def architecture(context: Context) -> Iterable[str]:
    machine = normalize_arch(need(context.facts.arch, "arch"))
    if machine != context.path.arch:
        yield f"the host is {machine}, the migration is for {context.path.arch}"


@check(
    id="OS-CONTAINER",
    title="This is a container, not a machine",
    severity="inhibitor",
    area="identity",
    remediation="Migrate the machine that the container runs on; rebuild the container from an image of the target.",
    source="almalinux-deploy and migrate2rocky refuse containers",
    grade="documented",
    waivable=False,
)
def container(context: Context) -> Iterable[str]:
    paths = need(context.facts.paths, "paths")
    yield from (path for path in ("/.dockerenv", "/run/.containerenv") if path in paths)
    if context.facts.virt in (
        "docker",
        "lxc",
        "lxc-libvirt",
        "podman",
        "systemd-nspawn",
        "openvz",
        "rkt",
        "container-other",
    ):
        yield f"systemd-detect-virt says {context.facts.virt}"


@check(
    id="OS-OSTREE",
    title="The system is an image (ostree), not a set of packages",
    severity="inhibitor",
    area="identity",
    remediation="Systems that boot from an ostree cannot be converted by packages. Build a new instance on the target.",
    source="assumed: rpm cannot replace files of an ostree deployment",
    grade="assumed",
    waivable=False,
)
def ostree(context: Context) -> Iterable[str]:
    if "/run/ostree-booted" in need(context.facts.paths, "paths"):
        yield "/run/ostree-booted"


@check(
    id="OS-ROOT",
    title="The host was not read as root",
    severity="inhibitor",
    area="identity",
    remediation="Connect as root, or set become: true with a user who may become root.",
    source=CONVERT2RHEL,
    grade="documented",
    waivable=False,
)
def not_root(context: Context) -> Iterable[str]:
    uid = need(context.facts.uid, "uid")
    if uid != 0:
        yield f"the user id is {uid}"


@check(
    id="OS-PLATFORM",
    title="PLATFORM_ID is not that of the source",
    severity="inhibitor",
    area="identity",
    remediation="Modules are chosen by PLATFORM_ID. Reinstall the release package, so that /etc/os-release is the"
    " original again.",
    command="dnf -y reinstall centos-linux-release",
    source="migrate2rocky requires platform:el8",
    grade="documented",
    sources=("centos8", "rhel8"),
)
def platform_id(context: Context) -> Iterable[str]:
    system = need(context.facts.os, "os")
    if system.platform_id != "platform:el8":
        yield f"PLATFORM_ID is {system.platform_id or 'not set'}"


@check(
    id="OS-RELEASE-PACKAGE",
    title="Not exactly one package says which system this is",
    severity="inhibitor",
    area="identity",
    remediation="Exactly one installed package has to provide system-release. Remove the foreign ones, or install"
    " the one of the source.",
    command="rpm -q --whatprovides system-release",
    source="centos2ol requires exactly one release package",
    grade="documented",
)
def release_package(context: Context) -> Iterable[str]:
    names = need(context.facts.providers, "providers").get("system-release", ())
    if len(names) != 1:
        yield f"system-release is provided by {', '.join(names) or 'no package'}"


@check(
    id="OS-PARTIAL",
    title="Packages of the target are installed already",
    severity="inhibitor",
    area="identity",
    remediation="An earlier conversion stopped half-way, or packages were mixed. Roll the host back to its "
    "restore point, or remove these packages.",
    source="migrate2rocky refuses hosts that are partly converted",
    grade="documented",
)
def partly_converted(context: Context) -> Iterable[str]:
    tag = TAGS.get(context.path.target)
    return [p.nevra for p in context.packages if tag and f"{tag}." in f"{p.release}."]


@check(
    id="OS-MACHINE-ID",
    title="/etc/machine-id is missing or invalid",
    severity="high",
    area="identity",
    remediation="Boot entries are named after the machine id. Create one, then regenerate the boot entries.",
    command="systemd-machine-id-setup",
    source=LEAPP,
    grade="documented",
)
def machine_id(context: Context) -> Iterable[str]:
    found = need(context.facts.machine_id, "machine_id")
    if not re.fullmatch(r"[0-9a-f]{32}", found):
        yield f"/etc/machine-id holds {found[:64] or 'nothing'}"


@check(
    id="OS-UNFINISHED-RUN",
    title="An earlier conversion of this host did not end well",
    severity="inhibitor",
    area="identity",
    remediation="Resume that run, or roll the host back to its restore point. A second start on top of it is refused.",
    source="migrate2rocky: a second run after a failure was destructive",
    grade="documented",
    waivable=False,
)
def unfinished_run(context: Context) -> Iterable[str]:
    for run_id, state in need(context.facts.journal, "journal").items():
        if state.get("phase") == "convert" and state.get("state") != "done":
            yield f"{run_id}: {state.get('state', 'no state')} in the step {state.get('step') or 'unknown'}"


@check(
    id="OS-LEFTOVERS",
    title="Another migration tool has left traces",
    severity="high",
    area="identity",
    remediation="Make sure that no upgrade is half-way, then remove the tool's packages, files and boot entries.",
    source="Leapp: leftover packages and boot files block later upgrades",
    grade="documented",
    remedy="tool-leftovers",
)
def leftovers(context: Context) -> Iterable[str]:
    paths = need(context.facts.paths, "paths")
    yield from sorted(path for path in paths if any(word in path for word in _TOOL_PATHS))
    yield from (p.nevra for p in context.packages if _TOOL_PACKAGES.match(p.name))


@check(
    id="OS-FIPS",
    title="The host runs in FIPS mode",
    severity="high",
    area="identity",
    remediation="Find out whether the target offers what your rules ask for, then switch FIPS mode off for the "
    "conversion.",
    command="fips-mode-setup --disable",
    source=LEAPP,
    grade="documented",
)
def fips(context: Context) -> Iterable[str]:
    if need(context.facts.fips, "fips"):
        yield "/proc/sys/crypto/fips_enabled is 1"
