# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the host says about its software is read as it is meant, and nonsense is left out instead of believed."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.facts_programs import Program, UnitProgram
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.facts_software import SECTIONS, ExactRequirement
from ansible_collections.alicloud.os_migration.tests.unit.checks.hosts import host

WORST = "\t\t\t\n|||||||\n64\tx\tdynamic\t/a\n=\n*unowned\n\x01\n" + "A" * 10_000


def read(fact: str, text: str) -> Any:
    return SECTIONS[fact][1](text)


@pytest.mark.parametrize("fact", sorted(SECTIONS))
def test_nonsense_in_one_section_never_stops_the_reading_of_a_host(fact: str) -> None:
    section = SECTIONS[fact][0]
    facts = host({section: WORST})
    assert facts.uid == 0
    assert getattr(facts, fact) is not None


@pytest.mark.parametrize("fact", sorted(SECTIONS))
def test_a_section_that_was_not_read_is_not_taken_for_an_empty_one(fact: str) -> None:
    facts = host({SECTIONS[fact][0]: {"rc": 124}})
    assert getattr(facts, fact) is None
    assert facts.unread[fact] == f"{SECTIONS[fact][0]}: the time limit struck"


def test_a_release_lock_that_is_no_json_is_unknown_and_not_absent() -> None:
    facts = host({"subscription": "/var/lib/rhsm/cache/releasever.json\t{\n"})
    assert facts.release_lock is None
    assert "release_lock" in facts.unread


@pytest.mark.parametrize("text", ['{"releaseVer": null}', '{"releaseVer": 8}', "{}"])
def test_a_lock_on_nothing_is_no_lock(text: str) -> None:
    assert read("release_lock", f"/var/lib/rhsm/cache/releasever.json\t{text}") == ""


def test_a_certificate_is_listed_once_with_its_end() -> None:
    text = "/etc/pki/consumer/cert.pem\n/etc/pki/consumer/cert.pem\tnotAfter=Nov 24 12:00:00 2025 GMT\n/usr/sbin/subscription-manager\n"
    assert read("subscription", text) == {
        "/etc/pki/consumer/cert.pem": "Nov 24 12:00:00 2025 GMT",
        "/usr/sbin/subscription-manager": "",
    }


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("S.5....T.    /usr/sbin/sshd", ("/usr/sbin/sshd: contents changed",)),
        ("missing     /lib64/libc-2.17.so", ("/lib64/libc-2.17.so: missing",)),
        ("S.5....T.    /usr/lib/python3.6/site-packages/dnf/base.py", ("/usr/lib/python3.6/site-packages/dnf/base.py: contents changed",)),
        ("S.5....T.    /usr/lib/systemd/systemd", ("/usr/lib/systemd/systemd: contents changed",)),
        ("S.5....T.  c /etc/ssh/sshd_config", ()),
        (".......T.    /usr/bin/bash", ()),
        ("..?......    /usr/bin/sudo", ()),
        ("S.5....T.    /usr/lib/systemd/system/sshd.service", ()),
        ("S.5....T.    /usr/lib/python2.7/site-packages/yum/__init__.pyc", ()),
        ("missing   c /etc/issue", ()),
        ("package yum is not installed", ()),
    ],
)  # fmt: skip
def test_only_programs_and_libraries_that_differ_alarm_anybody(line: str, expected: tuple[str, ...]) -> None:
    assert read("altered_files", line + "\n") == expected


def test_each_missing_dependency_names_the_package_that_needs_it() -> None:
    text = "Unsatisfied dependencies for a-1-1.x86_64:\n\tlibx.so.1 is needed by (installed) a-1-1.x86_64\n\tliby is needed\n"
    text += "Unsatisfied dependencies for b-2-1.noarch: c >= 3\n"
    assert read("unmet_dependencies", text) == (
        "a-1-1.x86_64: libx.so.1 is needed by (installed) a-1-1.x86_64",
        "a-1-1.x86_64: liby is needed",
        "b-2-1.noarch: c >= 3",
    )


def test_programs_are_read_with_what_they_need() -> None:
    text = "64\t62\tdynamic\t/opt/a b/x\tlibx.so.1\t$ORIGIN/../lib\tlibc.so.6,libz.so.1\tGLIBC_2.17\n32\t3\tdynamic\t/opt/y\t\n*complete\n"
    assert read("programs", text) == (
        Program(
            "/opt/a b/x", 64, 62, "dynamic", "libx.so.1", "$ORIGIN/../lib", ("libc.so.6", "libz.so.1"), ("GLIBC_2.17",)
        ),
        Program("/opt/y", 32, 3, "dynamic"),
    )
    assert read("programs_complete", text) is True
    assert read("programs_complete", "64\t62\tstatic\t/opt/*complete\t\n") is False


def test_a_unit_is_read_with_its_interpreter_and_script() -> None:
    text = '/etc/systemd/system/a.service\t"/opt/my"\t\n/etc/systemd/system/b.service\t/usr/bin/java\t/srv/b.jar\n'
    assert read("unit_programs", text) == (
        UnitProgram("/etc/systemd/system/a.service", "/opt/my", ""),
        UnitProgram("/etc/systemd/system/b.service", "/usr/bin/java", "/srv/b.jar"),
    )


def test_what_nobody_owns_and_what_is_not_there_are_two_things() -> None:
    text = "*unowned\t/opt/a\n*missing\t/opt/b\n"
    assert (read("unowned", text), read("missing", text)) == (frozenset({"/opt/a"}), frozenset({"/opt/b"}))


def test_directories_of_libraries_are_read_without_includes_and_comments() -> None:
    text = "/etc/ld.so.conf\tinclude ld.so.conf.d/*.conf\n/etc/ld.so.conf.d/a.conf\t/opt/a/lib # ours\n/etc/ld.so.conf.d/a.conf\t# /opt/b\n"
    assert read("library_directories", text) == ("/opt/a/lib",)


def test_requirements_and_signatures_keep_their_columns() -> None:
    assert read("exact_requirements", "a|1-1|CentOS|b|= |2-1.el7.centos\nshort|line\n") == (
        ExactRequirement("a-1-1", "CentOS", "b", "2-1.el7.centos"),
    )
    line = "a|(none)|1|1|x86_64|Acme | Sons|{}, Wed 22 Dec 2021 14:00:12 UTC, Key ID 05b555b38483c65d|1640181612\n"
    assert read("sha1_signed", line.format("RSA/SHA1") + line.format("RSA/SHA256")) == ("a-1-1.x86_64",)


def test_errors_of_rpm_are_told_from_its_warnings() -> None:
    text = "warning: nothing much\nerror: cannot open Packages index\nrpmdb: BDB1507 Thread died\nrpm: Header V3: BAD\n"
    assert len(read("rpm_errors", text)) == 3
