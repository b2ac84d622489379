# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Will programs, scripts and units from outside the packages still run on the target?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.base import (
    LEAPP,
    SMC_LIMITS,
    Context,
    UnknownFact,
    check,
    need,
)
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.libraries import (
    NEWEST_SYMBOLS,
    OF_THE_SYSTEM,
    lacking,
)
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.named import EL7, EL8, REMOVED_IN_8
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.facts_programs import Program
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.facts_versions import compare_versions

LIBRARIES = "Red Hat: package manifests of RHEL 7, 8 and 9; assumed to be the same on the other targets"
# What Alibaba Cloud puts on each instance, and keeps up to date itself.
_CLOUD = re.compile(
    r"/usr/sbin/aliyun-service$|/usr/local/(aegis|cloudmonitor|share/aliyun-assist)/|/usr/bin/cloud-init$"
)
_PYTHON2 = re.compile(r"#! *(/usr/bin/env +(-\S+ +)?|/usr/bin/|/bin/)python(2(\.\d)?)?( |$)")
_PYTHON36 = re.compile(
    r"#! *(/usr/bin/env +(-\S+ +)?|/usr/bin/|/bin/)python3\.6m?( |$)|#! */usr/libexec/platform-python"
)


def _programs(context: Context) -> tuple[Program, ...]:
    return need(context.facts.programs, "programs")


def _all_or_unknown(context: Context, found: Iterable[str]) -> Iterator[str]:
    """What was found; where nothing was, but not every program was read, that is not known."""
    nothing = True
    for line in found:
        nothing = False
        yield line
    if nothing and not need(context.facts.programs_complete, "programs_complete"):
        raise UnknownFact("programs", "there are more of them than one reading looks at")


@check(
    id="PROG-LIBRARIES",
    title="Programs need libraries that the target does not have",
    severity="high",
    area="programs",
    remediation="They will not start. Install the package of the target that brings the old library, where one is named, "
    "or build the programs anew for the target.",
    source=LIBRARIES,
    grade="assumed",
    engines=("leapp", "smc"),
    sources=("centos7", "rhel7", "alinux2", "rhel8"),
    targets=("alinux3", "anolis8", "rhel8", "rhel9"),
)
def libraries(context: Context) -> Iterable[str]:
    programs = _programs(context)
    brought = {program.name for program in programs}

    def found() -> Iterator[str]:
        for program in programs:
            gone = []
            for name in program.needed:
                package = lacking(context.path.source, context.path.target, name)
                if package is not None and name not in brought:
                    gone.append(f"{name} ({package})" if package else name)
            if gone:
                yield f"{program.path}: {', '.join(gone)}"

    return _all_or_unknown(context, found())


@check(
    id="PROG-SYMBOLS",
    title="Programs need a newer C or C++ library than the target has",
    severity="medium",
    area="programs",
    remediation="They do not start on the target, and hardly on the source. Build them on the oldest system on which they "
    "have to run.",
    source=LIBRARIES + "; Alibaba Cloud Linux 3: glibc 2.32, GCC 10.2",
    grade="documented",
)
def symbols(context: Context) -> Iterable[str]:
    programs = _programs(context)
    brought = {program.name for program in programs}
    newest = NEWEST_SYMBOLS.get(context.path.target, {})

    def too_new(version: str) -> bool:
        kind, _underscore, number = version.partition("_")
        library = {"GLIBC": "libc.so.6", "GLIBCXX": "libstdc++.so.6"}.get(kind, "")
        return library not in brought and kind in newest and compare_versions(number, newest[kind]) > 0

    def found() -> Iterator[str]:
        for program in programs:
            versions = [version for version in program.versions if too_new(version)]
            if versions:
                yield f"{program.path}: {', '.join(sorted(versions))}"

    return _all_or_unknown(context, found())


@check(
    id="PROG-32BIT",
    title="Programs for 32-bit systems are there",
    severity="high",
    area="programs",
    remediation="The target has neither their loader nor their libraries. Get 64-bit builds.",
    source=SMC_LIMITS + " (no 32-bit packages)",
    grade="documented",
)
def only_32bit(context: Context) -> Iterable[str]:
    found = (program.path for program in _programs(context) if program.bits == 32 and program.kind == "dynamic")
    return _all_or_unknown(context, found)


@check(
    id="PROG-UNREAD",
    title="Programs are there whose needs could not be read",
    severity="low",
    area="programs",
    remediation="Look at them with readelf -d, and try them on a clone.",
    source="assumed: headers beyond the first KiB of a file, or in an unusual order",
    grade="assumed",
)
def unread(context: Context) -> Iterable[str]:
    return [program.path for program in _programs(context) if program.kind == "unread"]


@check(
    id="PROG-SHADOW",
    title="Libraries from outside the packages hide those of the system",
    severity="high",
    area="programs",
    remediation="The package manager itself is linked with them, and fails in the middle of the transaction when they do not "
    "fit. Take their directory out of /etc/ld.so.conf.d, run ldconfig, and start the application with "
    "LD_LIBRARY_PATH or a run path.",
    command="ldconfig",
    source=LEAPP + ": customised configuration of the dynamic linker",
    grade="documented",
)
def shadowing(context: Context) -> Iterable[str]:
    directories = need(context.facts.library_directories, "library_directories")

    def found() -> Iterator[str]:
        for program in _programs(context):
            if program.path.rpartition("/")[0] in directories and OF_THE_SYSTEM.fullmatch(program.name):
                yield program.path

    return _all_or_unknown(context, found())


@check(
    id="PROG-PYTHON2",
    title="Scripts and units use the Python 2 of the system",
    severity="medium",
    area="programs",
    remediation="The target has no /usr/bin/python, and no Python 2 by default. Move the scripts to Python 3, or install the "
    "module python27 and name /usr/bin/python2 in their first line.",
    source=REMOVED_IN_8 + "; Leapp: Python 2",
    grade="documented",
    sources=EL7,
    targets=EL8,
)
def python2(context: Context) -> Iterable[str]:
    for path, line in sorted(need(context.facts.scripts, "scripts").items()):
        if _PYTHON2.match(line) and not _CLOUD.match(path) and path in need(context.facts.unowned, "unowned"):
            yield f"{path}: {line}"
    for unit in need(context.facts.unit_programs, "unit_programs"):
        if re.fullmatch(r"(/usr)?/bin/python(2(\.\d)?)?", unit.program):
            yield f"{unit.unit}: {unit.program} {unit.argument}".rstrip()


@check(
    id="PROG-PYTHON36",
    title="Scripts use the Python 3.6 of the system by its version",
    severity="medium",
    area="programs",
    remediation="The target has Python 3.9. Name /usr/bin/python3 in their first line, and test them.",
    source="Red Hat: considerations in adopting RHEL 9, Python",
    grade="documented",
    sources=("rhel8",),
    targets=("rhel9",),
)
def python36(context: Context) -> Iterable[str]:
    for path, line in sorted(need(context.facts.scripts, "scripts").items()):
        if _PYTHON36.match(line) and not _CLOUD.match(path) and path in need(context.facts.unowned, "unowned"):
            yield f"{path}: {line}"


@check(
    id="PROG-UNIT-UNOWNED",
    title="Services start programs that no package owns",
    severity="low",
    area="programs",
    remediation="Nothing updates them, and nothing but a test tells whether they run on the target. Have them tested on a clone.",
    source=SMC_LIMITS + " (test every application)",
    grade="documented",
)
def unit_unowned(context: Context) -> Iterable[str]:
    unowned = need(context.facts.unowned, "unowned")
    for unit in need(context.facts.unit_programs, "unit_programs"):
        for path in dict.fromkeys((unit.program, unit.argument)):
            if path in unowned and not _CLOUD.match(path):
                yield f"{unit.unit}: {path}"


@check(
    id="PROG-UNIT-MISSING",
    title="Services start programs that are not there",
    severity="low",
    area="programs",
    remediation="They fail now, and will be taken for damage by the migration. Disable the units, or remove them.",
    source="assumed: a unit whose program is missing fails with status 203",
    grade="assumed",
)
def unit_missing(context: Context) -> Iterable[str]:
    missing = need(context.facts.missing, "missing")
    return [
        f"{u.unit}: {u.program}" for u in need(context.facts.unit_programs, "unit_programs") if u.program in missing
    ]


@check(
    id="PROG-REPLACED",
    title="Programs run whose files have been replaced or removed",
    severity="low",
    area="programs",
    remediation="They still run as they were before the last update. Restart them now, so that what fails then is not blamed "
    "on the migration.",
    source="proc(5): exe ends in (deleted)",
    grade="documented",
)
def replaced(context: Context) -> Iterable[str]:
    for path in need(context.facts.running, "running"):
        if path.endswith(" (deleted)") and not path.startswith(("/memfd:", "/dev/", "/tmp/")):
            yield path


@check(
    id="PROG-RUNNING-UNOWNED",
    title="Programs run that no package owns",
    severity="low",
    area="programs",
    remediation="They are not replaced, and may have been built for the source. Have each of them tested on a clone.",
    source=SMC_LIMITS + " (test every application)",
    grade="documented",
)
def running_unowned(context: Context) -> Iterable[str]:
    unowned = need(context.facts.unowned, "unowned")
    return [path for path in need(context.facts.running, "running") if path in unowned and not _CLOUD.match(path)]
