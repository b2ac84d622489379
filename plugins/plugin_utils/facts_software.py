# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the probe reads about software beyond the lists of packages and repositories."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.alicloud.os_migration.plugins.plugin_utils import facts_programs as outside
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.facts_programs import Program, UnitProgram

# "rpm -V" prints nine marks, the kind of the file (c: configuration) where it has one, and its path.
_ALTERED = re.compile(r"(?P<marks>missing|[S.][M.][5.?][D.?][L.?][U.?][G.?][T.?][P.?]) {1,8}(?P<path>/.+)")
# Programs, libraries and Python code; not units, rules or compiled Python, which change on hosts in good order.
_PROGRAM_FILE = re.compile(
    r"(/usr)?/(s?bin/.+|libexec/.+|lib(64)?/(.+/)?[^/]+\.so(\.[\w.]+)?|lib/systemd/[^/]+|lib(64)?/python.+\.py)"
)
_LOCK_FILE = "/var/lib/rhsm/cache/releasever.json"


@dataclass(frozen=True)
class ExactRequirement:
    """A package that needs one build of another, and no later one."""

    package: str
    vendor: str
    requirement: str
    version: str


@dataclass(frozen=True)
class SoftwareFacts:
    """Facts about packages, programs and services; None is unknown."""

    # What rpm says on its standard error while it reads every header.
    rpm_errors: tuple[str, ...] | None = None
    unmet_dependencies: tuple[str, ...] | None = None
    # Programs and libraries of the packages that every host lives by which differ from what was installed.
    altered_files: tuple[str, ...] | None = None
    # The short id of a key that rpm trusts, and whose it is.
    signing_keys: Mapping[str, str] | None = None
    sha1_signed: tuple[str, ...] | None = None
    exact_requirements: tuple[ExactRequirement, ...] | None = None
    # Files about subscriptions that are there; a certificate with the text of its end.
    subscription: Mapping[str, str] | None = None
    release_lock: str | None = None
    library_directories: tuple[str, ...] | None = None
    unit_programs: tuple[UnitProgram, ...] | None = None
    # Executables of running processes; " (deleted)" at the end is the kernel's word.
    running: tuple[str, ...] | None = None
    # Scripts for Python outside the packages, with their first line.
    scripts: Mapping[str, str] | None = None
    unowned: frozenset[str] | None = None
    missing: frozenset[str] | None = None
    programs: tuple[Program, ...] | None = None
    programs_complete: bool | None = None


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.split("\n") if line.strip())


def _errors(text: str) -> tuple[str, ...]:
    return tuple(line for line in _lines(text) if line.startswith(("error:", "rpmdb:")) or " BAD" in line)


def _unmet(text: str) -> tuple[str, ...]:
    """rpm names the package once, then what it lacks, or both on one line."""
    found, package = [], ""
    for line in _lines(text):
        if line.startswith("Unsatisfied dependencies for "):
            package, _colon, rest = line[len("Unsatisfied dependencies for ") :].partition(":")
            line = rest.strip()
        if package and line:
            found.append(f"{package}: {line}")
    return tuple(found)


def _altered(text: str) -> tuple[str, ...]:
    matches = (_ALTERED.fullmatch(line) for line in _lines(text))
    return tuple(
        f"{match['path']}: {'missing' if match['marks'] == 'missing' else 'contents changed'}"
        for match in matches
        if match
        and _PROGRAM_FILE.fullmatch(match["path"])
        and (match["marks"] == "missing" or match["marks"][2] == "5")
    )


def _keys(text: str) -> dict[str, str]:
    pairs = (line.partition("|") for line in _lines(text))
    return {key.lower(): owner for key, mark, owner in pairs if mark and re.fullmatch(r"[0-9a-fA-F]{8,40}", key)}


def _sha1_signed(text: str) -> tuple[str, ...]:
    found = []
    for line in _lines(text):
        columns = line.split("|")
        if len(columns) >= 8 and re.match(r"(RSA|DSA)/SHA1\b", columns[-2]):
            found.append(f"{columns[0]}-{columns[2]}-{columns[3]}.{columns[4]}")
    return tuple(found)


def _exact(text: str) -> tuple[ExactRequirement, ...]:
    found = (line.split("|") for line in _lines(text))
    return tuple(ExactRequirement(f"{c[0]}-{c[1]}", c[2], c[3], c[5]) for c in found if len(c) == 6)


def _subscription(text: str) -> dict[str, str]:
    """A path that is there, with the end of the certificate where it is one: PATH, or PATH<tab>notAfter=TIME."""
    found: dict[str, str] = {}
    for line in _lines(text):
        path, _tab, rest = line.partition("\t")
        if path.startswith("/") and path != _LOCK_FILE:
            found[path] = rest.partition("notAfter=")[2] or found.get(path, "")
    return found


def _release_lock(text: str) -> str:
    document = "".join(line.partition("\t")[2] for line in _lines(text) if line.startswith(_LOCK_FILE + "\t"))
    lock = json.loads(document).get("releaseVer") if document else ""
    return lock if isinstance(lock, str) else ""


# fact: (its section, how the text becomes the value)
SECTIONS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "rpm_errors": ("rpm_errors", _errors),
    "unmet_dependencies": ("rpm_unmet", _unmet),
    "altered_files": ("rpm_verify", _altered),
    "signing_keys": ("rpm_keys", _keys),
    "sha1_signed": ("rpm_qa", _sha1_signed),
    "exact_requirements": ("rpm_exact", _exact),
    "subscription": ("subscription", _subscription),
    "release_lock": ("subscription", _release_lock),
    "library_directories": ("ld_conf", outside.library_directories),
    "unit_programs": ("unit_programs", outside.unit_programs),
    "running": ("running", _lines),
    "scripts": ("scripts", outside.scripts),
    "unowned": ("unowned", outside.unowned),
    "missing": ("unowned", outside.missing),
    "programs": ("elf", outside.programs),
    "programs_complete": ("elf", outside.programs_complete),
}
