# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turns what the host's package manager printed about the conversion, whatever it is, into a Transaction."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.facts_text import lines, number, rows
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.facts_types import Facts, Transaction
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.facts_versions import compare_versions
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.transaction_text import (
    FETCHED,
    FULL,
    NO_MATCH,
    WORD,
    Resolution,
    Row,
    name_of,
    read_resolution,
    version_of,
)

MAX_TEXT = 5_000_000
MAX_LINE = 16_384
MAX_PROBLEMS = 40
CAUSES = frozenset({"repository", "resolve", "space", "unknown"})
KERNELS = ("kernel-core", "kernel")
_COUNT = re.compile(r"[0-9]{1,15}")
_KERNEL_FILE = re.compile(
    r"/boot/(?:vmlinuz|System\.map|config|symvers)-(\d[^/]*?)(?:\.gz)?|/boot/initramfs-(\d[^/]*)\.img"
)


class _Unread(Exception):
    """A section cannot be used; the text says why."""


def of_host(document: object, facts: Facts) -> Transaction | None:
    """What is known of the transaction of a host with these facts: None where nobody asked since they were read."""
    if not isinstance(document, Mapping) or document.get("read_at") != facts.read_at:
        return None
    return parse(document, facts)


def parse(document: object, facts: Facts) -> Transaction:
    """What a document of evidence.sh says; `facts` is the probe of the same host.

    What is wrong in it makes the whole transaction, or single parts of it, unknown.
    """
    if not isinstance(document, Mapping) or document.get("transaction") != 1:
        return Transaction("the host's answer about the transaction is not one", "unknown")
    said = document.get("key_problem")
    key_problem = _clean(said)[:2000] if isinstance(said, str) else ""
    if "problem" in document:
        cause, problem = document.get("cause"), document["problem"]
        text = _clean(problem)[:2000] if isinstance(problem, str) else ""
        return Transaction(
            text or "the host gave no reason",
            cause if isinstance(cause, str) and cause in CAUSES else "unknown",
            key_problem=key_problem,
        )
    answer = _Answer(document.get("sections"))
    return _judged(answer, facts, key_problem or answer.key_problem())


class _Answer:
    """The sections of a document, cleaned."""

    def __init__(self, sections: object) -> None:
        self._sections: Mapping[Any, Any] = sections if isinstance(sections, Mapping) else {}

    def status(self, name: str) -> int | None:
        section = self._sections.get(name)
        status = section.get("rc") if isinstance(section, Mapping) else None
        return status if isinstance(status, int) else None

    def said(self, name: str) -> str:
        """The text of a section, however it ended."""
        section = self._sections.get(name)
        text = section.get("text") if isinstance(section, Mapping) else None
        return _clean(text) if isinstance(text, str) and len(text) <= MAX_TEXT else ""

    def text(self, name: str) -> str:
        """The text of a section that ended well and is whole."""
        status = self.status(name)
        if status is None:
            raise _Unread(f"{name}: the section is missing")
        if self._sections[name].get("cut") is not False:
            raise _Unread(f"{name}: the output was longer than the limit")
        if status:
            raise _Unread(f"{name}: {'the time limit struck' if status == 124 else f'exit status {status}'}")
        return self.said(name)

    def key_problem(self) -> str:
        if self.status("key") == 0:
            return ""
        return " ".join(lines(self.said("key")))[:500] or "rpm does not accept the key"


def _clean(text: str) -> str:
    """Text as the host has it: every byte came as if it were Latin-1. What disturbs a terminal is dropped."""
    with suppress(UnicodeError):
        text = text.encode("latin-1").decode("utf-8")
    return "\n".join("".join(c for c in line[:MAX_LINE] if c.isprintable()) for line in text.split("\n"))


def _judged(answer: _Answer, facts: Facts, key_problem: str) -> Transaction:
    if answer.status("repositories") != 0:
        return _repositories_failed(answer, key_problem)
    try:
        meant = set(lines(answer.text("meant")))
        resolution = read_resolution(answer.text("resolution"))
    except _Unread as reason:
        return Transaction(f"the transaction could not be resolved ({reason})", "unknown", key_problem=key_problem)
    missing = sorted(resolution.unmatched - set(KERNELS))
    if not resolution.complete or missing:
        problems = [*(f"{NO_MATCH}{name}" for name in missing), *resolution.problems][:MAX_PROBLEMS]
        cause = "space" if any(FULL in line for line in problems) else "resolve"
        return Transaction(
            "the package manager cannot resolve the transaction", cause, tuple(problems), key_problem=key_problem
        )
    return _resolved(answer, facts, resolution, meant, key_problem)


def _repositories_failed(answer: _Answer, key_problem: str) -> Transaction:
    status = answer.status("repositories")
    said = lines(answer.said("repositories"))[:MAX_PROBLEMS]
    if status is None:
        return Transaction("the host's answer about the transaction is not whole", "unknown", key_problem=key_problem)
    late = " within the time limit" if status == 124 else ""
    cause = "space" if any(FULL in line for line in said) else "repository"
    return Transaction(f"the target's repositories could not be read{late}", cause, said, key_problem=key_problem)


def _resolved(answer: _Answer, facts: Facts, resolution: Resolution, meant: set[str], key_problem: str) -> Transaction:
    unread: dict[str, str] = {}
    found: dict[str, Any] = {}
    parts: dict[str, Callable[[], Any]] = {
        "no_counterpart": lambda: _no_counterpart(answer.text("left"), resolution),
        "missing_streams": lambda: _words(answer.text("streams")),
        "versions": lambda: _versions(answer.text("servers"), resolution),
        "needs_mib": lambda: _needs(answer, facts, resolution),
        "kernel": lambda: _kernel(resolution),
    }
    for name, make in parts.items():
        try:
            found[name] = make()
        except _Unread as reason:
            unread[name] = str(reason)
    packages = facts.packages or ()
    installed = {**{p.name: p.nevra for p in packages}, **{f"{p.name}.{p.arch}": p.nevra for p in packages}}
    return Transaction(
        problems=tuple(resolution.problems[:MAX_PROBLEMS]),
        installed=_nevras(resolution.of("installed")),
        upgraded=_nevras(resolution.of("upgraded")),
        downgraded=tuple(
            (installed.get(f"{row.name}.{row.arch}") or installed.get(row.name, row.name), row.nevra)
            for row in resolution.of("downgraded")
        ),
        removed=_nevras(row for row in resolution.of("removed") if row.name not in meant),
        unread=unread,
        key_problem=key_problem,
        **found,
    )


def _nevras(found: Iterable[Row]) -> tuple[str, ...]:
    return tuple(row.nevra for row in found)


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in lines(text) if WORD.fullmatch(word))


def _no_counterpart(text: str, resolution: Resolution) -> tuple[str, ...]:
    """Packages of the source that stay: neither replaced by another name nor removed."""
    gone = {row.name for row in resolution.of("removed")} | resolution.replaced
    found = (word.replace("-0:", "-", 1) for word in _words(text))
    return tuple(word for word in found if name_of(word) not in gone)


def _versions(text: str, resolution: Resolution) -> dict[str, str]:
    """The version of every database server of the target: what the transaction takes, else the newest."""
    found: dict[str, str] = {}
    for name, evr in (columns[:2] for columns in rows(text, 2, "|")):
        if WORD.fullmatch(name) and WORD.fullmatch(evr):
            version = version_of(evr)
            if name not in found or compare_versions(version, found[name]) > 0:
                found[name] = version
    for row in resolution.of(*FETCHED):
        if row.name in found:
            found[row.name] = version_of(row.version)
    return found


def _kernel(resolution: Resolution) -> str:
    """What `uname -r` will say; empty where the target has no kernel."""
    for name in KERNELS:
        for row in resolution.of(*FETCHED):
            if row.name == name:
                return f"{row.version.rpartition(':')[2]}.{row.arch}"
    if resolution.unmatched & set(KERNELS):
        return ""
    raise _Unread("the transaction has no kernel, though the target does")


def _sizes(text: str) -> dict[tuple[str, str, str], tuple[int, int, int]]:
    found = {}
    for columns in rows(text, 6, "|"):
        with suppress(ValueError):
            size, download, old = (number(word) for word in columns[3:6])
            found[columns[0], columns[1], columns[2]] = (max(0, size), max(0, download), max(0, old))
    return found


def _needs(answer: _Answer, facts: Facts, resolution: Resolution) -> dict[str, int]:
    """MiB by directory. /usr: what packages grow by, and the largest, which is there twice while it is unpacked.

    /var: the downloads, the metadata, and the copy of the rpm database with which the transaction is proven.
    """
    sizes = _sizes(answer.text("offer"))
    growth = largest = download = 0
    for row in resolution.of(*FETCHED):
        if (row.name, row.version, row.arch) not in sizes:
            raise _Unread(f"the size of {row.nevra} is not known")
        size, fetched, old = sizes[row.name, row.version, row.arch]
        growth += max(0, size - (0 if row.name.startswith("kernel") else old))
        largest, download = max(largest, size), download + fetched
    beside = {
        columns[0]: number(columns[1]) for columns in rows(answer.text("sizes"), 2) if _COUNT.fullmatch(columns[1])
    }
    if not {"metadata", "rpmdb"} <= set(beside):
        raise _Unread("sizes: the sizes of metadata and rpm database are missing")
    return {
        "/boot": _mib(_boot_need(facts) if any(row.name in KERNELS for row in resolution.of(*FETCHED)) else 0),
        "/usr": _mib(growth + largest),
        "/var": _mib(download + 1024 * (beside["metadata"] + 2 * beside["rpmdb"])),
    }


def _boot_need(facts: Facts) -> int:
    """Bytes of the target's kernel in /boot: as much as the largest of the present ones, with its initramfs."""
    if facts.boot_files is None:
        raise _Unread(facts.unread.get("boot_files", "the files in /boot are not known"))
    found: dict[str, int] = {}
    for path, file in facts.boot_files.items():
        match = _KERNEL_FILE.fullmatch(path)
        if match and file.type == "f":
            release = (match[1] or match[2]).removesuffix("kdump")
            found[release] = found.get(release, 0) + file.size
    if not found:
        raise _Unread("/boot has no kernel to measure")
    return max(found.values())


def _mib(size: int) -> int:
    return -(-size // 2**20)
