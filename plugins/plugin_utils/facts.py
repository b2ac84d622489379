# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The typed probe: `parse` turns a probe document, whatever is in it, into Facts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from ansible_collections.alicloud.os_migration.plugins.plugin_utils import facts_machine, facts_reports, facts_software
from ansible_collections.alicloud.os_migration.plugins.plugin_utils import facts_packages as rpm
from ansible_collections.alicloud.os_migration.plugins.plugin_utils import facts_text as text_of
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.facts_types import Facts, FactsError

__all__ = ["Facts", "FactsError", "parse"]

MAX_TEXT = 5_000_000
MAX_LINES = 60_000
MAX_LINE = 16_384
_NOT_TEXT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff]")
_MACHINE_WORD = re.compile(r"[\w.+@:/ -]{1,255}")
# Sections whose exit status says something about the host instead of about the reading.
_ANY_STATUS = frozenset({"sshd_test", "virt", "rpm_providers"})
_REASONS = {
    123: "a part of it is on a file system of the network, which is not touched",
    124: "the time limit struck",
    127: "the command is missing",
}


class _Unread(Exception):
    """A section cannot be used; the text says why."""


class _Document:
    """The sections of a probe document, cleaned."""

    def __init__(self, sections: Mapping[Any, Any]) -> None:
        self._sections = sections

    def status(self, name: str) -> int:
        return self._sections[name]["rc"]

    def text(self, name: str) -> str:
        section = self._sections.get(name)
        if not isinstance(section, Mapping) or not isinstance(section.get("text"), str):
            raise _Unread("the section is missing")
        status = section.get("rc")
        if not isinstance(status, int):
            raise _Unread("the section has no exit status")
        if section.get("cut") is not False:
            # Half a list would make a check pass that should not.
            raise _Unread("the output was longer than the limit")
        if status and (name not in _ANY_STATUS or status in _REASONS):
            raise _Unread(_REASONS.get(status, f"exit status {status}"))
        return _clean(section["text"])


def _clean(text: str) -> str:
    """Text as the host has it: the probe writes every byte as if it were Latin-1. What disturbs a terminal is dropped."""
    if len(text) > MAX_TEXT or text.count("\n") > MAX_LINES:
        raise _Unread("the output was longer than the limit")
    with suppress(UnicodeError):
        text = text.encode("latin-1").decode("utf-8")
    text = _NOT_TEXT.sub("", text)
    return "\n".join(line[:MAX_LINE] for line in text.split("\n"))


def _word(text: str) -> str:
    word = text.strip()
    if not _MACHINE_WORD.fullmatch(word):
        raise ValueError("not one word")
    return word


def _assignments_of_files(text: str) -> dict[str, str]:
    return text_of.assignments(line for _path, line in text_of.file_lines(text))


def _dnf_vars(text: str) -> dict[str, str]:
    return {path.rpartition("/")[2]: "".join(found).strip() for path, found in text_of.by_file(text).items()}


def _locks(text: str) -> tuple[str, ...]:
    found = (line.strip() for _path, line in text_of.file_lines(text))
    return tuple(line for line in found if line and not line.startswith("#"))


def _selinux_configured(text: str) -> str:
    """No configuration file means that SELinux is not installed, which is as good as disabled."""
    lines = text_of.by_file(text).get("/etc/selinux/config", [])
    return text_of.assignments(lines).get("SELINUX", "disabled").lower()


def _selinux_enforcing(text: str) -> bool:
    return "".join(text_of.by_file(text).get("/sys/fs/selinux/enforce", [])).strip() == "1"


def _journal(text: str) -> dict[str, dict[str, str]]:
    return {
        path.split("/")[-2]: text_of.assignments(lines)
        for path, lines in text_of.by_file(text).items()
        if path.count("/") > 1
    }


def _nameservers(text: str) -> tuple[str, ...]:
    return tuple(columns[1] for columns in text_of.rows(text, 2) if columns[0] == "nameserver")


# fact: (its section, how the text becomes the value)
_SIMPLE: dict[str, tuple[str, Callable[[str], Any]]] = {
    "uid": ("uid", text_of.number),
    "os_release": ("os_release", lambda text: text_of.assignments(text.split("\n"))),
    "kernel": ("kernel", _word),
    "boot_id": ("boot_id", _word),
    "machine_id": ("machine_id", str.strip),
    "cmdline": ("cmdline", lambda text: tuple(text.split())),
    "arch": ("arch", _word),
    "hostname": ("hostname", _word),
    "uptime": ("uptime", lambda text: float(text.split()[0])),
    "epoch": ("epoch", text_of.number),
    "taint": ("taint", text_of.number),
    "pid1": ("pid1", _word),
    "packages": ("rpm_qa", rpm.packages),
    "providers": ("rpm_providers", rpm.providers),
    "repos": ("repo_files", rpm.repos),
    "yum_conf": ("yum_conf", rpm.main_options),
    "dnf_vars": ("dnf_vars", _dnf_vars),
    "versionlocks": ("versionlock", _locks),
    "module_streams": ("module_streams", rpm.module_streams),
    "mounts": ("mounts", text_of.mounts),
    "fstab": ("fstab", text_of.mounts),
    "fstab_broken": ("fstab", text_of.broken_fstab_lines),
    "swap_mib": ("swaps", text_of.swap_mib),
    "memory_mib": ("meminfo", lambda text: text_of.memory_mib(text, "MemTotal")),
    "memory_available_mib": ("meminfo", lambda text: text_of.memory_mib(text, "MemAvailable")),
    "cpus": ("cpus", text_of.number),
    "block": ("block", text_of.block),
    "md_arrays": ("mdstat", lambda text: tuple(line for line in text_of.lines(text) if line.startswith("md"))),
    "boot_files": ("boot_files", text_of.boot_files),
    "grubenv": ("grubenv", _assignments_of_files),
    "bls": ("bls", text_of.bls_entries),
    "grub_default": ("grub_default", lambda text: text_of.assignments(text.split("\n"))),
    "sysconfig_kernel": ("sysconfig_kernel", _assignments_of_files),
    "efi": ("efi", lambda text: "efi" in text.split()),
    "secure_boot": ("efi", lambda text: "secure_boot" in text.split()),
    "kernel_modules": ("lsmod", text_of.kernel_modules),
    "dracut_conf": ("dracut_conf", text_of.file_lines),
    "selinux_configured": ("selinux", _selinux_configured),
    "selinux_enforcing": ("selinux", _selinux_enforcing),
    "fips": ("fips", lambda text: text.strip() == "1"),
    "crypto_policy": ("crypto_policy", str.strip),
    "sshd_config": ("sshd_config", text_of.file_lines),
    "sshd": ("sshd_effective", text_of.words_of),
    "unit_files": ("unit_files", text_of.unit_files),
    "units": ("units", text_of.units),
    "users": ("users", text_of.users),
    "groups": ("groups", text_of.groups),
    "cron": ("cron", text_of.hashes),
    "hashes": ("hashes", text_of.hashes),
    "addresses": ("addresses", text_of.addresses),
    "routes": ("routes", text_of.lines),
    "interfaces": ("interfaces", text_of.lines),
    "nameservers": ("resolv", _nameservers),
    "network_files": ("network_files", text_of.lines),
    "busy": ("busy", text_of.lines),
    "paths": ("paths", lambda text: frozenset(text_of.lines(text))),
    "virt": ("virt", _word),
    "cgroup": ("cgroup", text_of.lines),
    "tools": ("tools", lambda text: {columns[0]: columns[1] for columns in text_of.rows(text, 2)}),
    "immutable": ("attributes", text_of.immutable),
    "root_links": ("root_links", text_of.links),
    "alternatives": ("alternatives", text_of.links),
    "journal": ("journal", _journal),
    "site_packages": ("site_packages", text_of.lines),
    **facts_software.SECTIONS,
    **facts_machine.SECTIONS,
    **facts_reports.SECTIONS,
}


def _sshd_errors(document: _Document) -> tuple[str, ...]:
    """What `sshd -t` refuses. What it only warns of comes with status 0, and is no error."""
    said = text_of.lines(document.text("sshd_test"))
    return (said or ("sshd -t fails and says nothing",)) if document.status("sshd_test") else ()


def _sockets(document: _Document) -> Any:
    try:
        return text_of.sockets(document.text("sockets"))
    except _Unread:
        return text_of.proc_sockets(document.text("proc_net"))


def _default_kernel(document: _Document) -> str:
    """Without grubby, the entry that grubenv names tells which kernel is booted next."""
    try:
        return _word(document.text("default_kernel"))
    except (_Unread, ValueError):
        saved = _assignments_of_files(document.text("grubenv")).get("saved_entry", "")
        entry = text_of.bls_entries(document.text("bls")).get(f"/boot/loader/entries/{saved}.conf")
        if not entry or "linux" not in entry:
            raise
        kernel = entry["linux"].rpartition("/")[2]
        return f"/boot/{kernel}"


# fact: how it is made from more than one section
_COMBINED: dict[str, tuple[str, Callable[[_Document], Any]]] = {
    "os": (
        "os_release",
        lambda d: text_of.operating_system(
            text_of.assignments(d.text("os_release").split("\n")), text_of.by_file(d.text("release_files"))
        ),
    ),
    "spaces": ("df_space", lambda d: text_of.spaces(d.text("df_space"), d.text("df_inodes"))),
    "listening": ("sockets", _sockets),
    "sshd_errors": ("sshd_test", _sshd_errors),
    "default_kernel": ("default_kernel", _default_kernel),
}


def parse(document: object) -> Facts:
    """The facts of a probe document; what is wrong inside it makes single facts unknown.

    Raises FactsError where it is no probe document at all.
    """
    if not isinstance(document, Mapping):
        raise FactsError("The probe's answer is not a JSON object.")
    if document.get("probe") != 1:
        raise FactsError("The probe's answer does not carry the version 1 of the probe document.")
    sections = document.get("sections")
    if not isinstance(sections, Mapping):
        raise FactsError("The probe's answer has no sections.")
    read = _Document(sections)
    values: dict[str, Any] = {}
    unread: dict[str, str] = {}
    for fact, (section, convert) in _SIMPLE.items():
        _take(values, unread, fact, section, partial(_converted, read, section, convert))
    for fact, (section, make) in _COMBINED.items():
        _take(values, unread, fact, section, partial(make, read))
    read_at = document.get("read_at")
    known = isinstance(read_at, int) and 0 < read_at < 2**33
    return Facts(unread=unread, read_at=read_at if known else None, **values)


def _converted(read: _Document, section: str, convert: Callable[[str], Any]) -> Any:
    return convert(read.text(section))


def _take(values: dict[str, Any], unread: dict[str, str], fact: str, section: str, make: Callable[[], Any]) -> None:
    try:
        values[fact] = make()
    except _Unread as reason:
        unread[fact] = f"{section}: {reason}"
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError):
        unread[fact] = f"{section}: the text makes no sense"
