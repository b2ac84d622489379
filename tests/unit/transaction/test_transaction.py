# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the package manager says about the conversion is read as it was meant, or is unknown; never half of it."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.facts_types import (
    BootFile,
    Facts,
    Package,
    Transaction,
)
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.transaction import of_host, parse
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.transaction_text import read_resolution

HERE = Path(__file__).parent
WRAPPED = (HERE / "wrapped.txt").read_text()
MIB = 2**20
FACTS = Facts(
    read_at=1_800_000_000,
    packages=(Package("rsyslog", 0, "8.2102", "1.el8", "x86_64"), Package("bash", 0, "4.4.20", "1.el8", "x86_64")),
    boot_files={
        "/boot/vmlinuz-4.18.0-348.el8.x86_64": BootFile("f", 10 * MIB, ""),
        "/boot/System.map-4.18.0-348.el8.x86_64": BootFile("f", 4 * MIB, ""),
        "/boot/initramfs-4.18.0-348.el8.x86_64.img": BootFile("f", 30 * MIB, ""),
        "/boot/initramfs-4.18.0-348.el8.x86_64kdump.img": BootFile("f", 20 * MIB, ""),
        "/boot/vmlinuz-4.18.0-305.el8.x86_64": BootFile("f", 9 * MIB, ""),
        "/boot/grub2": BootFile("d", 4096, ""),
    },
)
OFFER = f"""alinux-release|3-2104.12.al8|noarch|{MIB}|1000|0
kernel-core|5.10.134-16.al8|x86_64|{70 * MIB}|{43 * MIB}|{60 * MIB}
perl-a-package-with-a-very-long-name-indeed-yes|4:5.26.3-420.1.al8|noarch|{10 * MIB}|{2 * MIB}|{9 * MIB}
bash|4.4.23-1.al8|x86_64|{5 * MIB}|{MIB}|{8 * MIB}
new-library|1.0-1.al8|x86_64|{MIB}|1000|0
"""


def section(text: str, rc: int = 0, cut: bool = False) -> dict[str, Any]:
    return {"text": text, "rc": rc, "cut": cut}


def document(**changes: Any) -> dict[str, Any]:
    """The answer of a host; a change is another section, or None for one that is missing."""
    sections = {
        "key": section(""),
        "repositories": section(""),
        "meant": section("centos-linux-release\ncentos-linux-repos\n"),
        "resolution": section(WRAPPED),
        "offer": section(OFFER),
        "left": section("bash-doc-0:4.4.20-1.el8.x86_64\nold-tool-0:1.0-1.el8.noarch\nacme-plugin-1.0-1.el8.x86_64\n"),
        "servers": section(""),
        "streams": section("nodejs:10\n"),
        "sizes": section("metadata 2048\nrpmdb 1024\n"),
        **changes,
    }
    return {"transaction": 1, "sections": {name: value for name, value in sections.items() if value is not None}}


def test_a_recorded_transaction_is_read_whole() -> None:
    found = read_resolution((HERE / "resolution.txt").read_text())
    assert found.complete and not found.problems and not found.unmatched
    assert {
        action: [row.name for row in found.of(action)][:5] for action in ("installed", "reinstalled", "removed")
    } == {
        "installed": ["alinux-logos", "alinux-release", "alinux-repos", "kernel", "kernel-core"],
        "reinstalled": ["same-nevra-demo"],
        "removed": [
            "centos-gpg-keys",
            "centos-indexhtml",
            "centos-linux-release",
            "centos-linux-repos",
            "centos-logos",
        ],
    }
    assert "centos-gpg-keys-1:8-3.el8.noarch" in [row.nevra for row in found.of("removed")]
    assert "rsyslog-8.2008-1.al8.x86_64" in [row.nevra for row in found.of("downgraded")]


def test_a_package_whose_row_is_broken_over_lines_is_not_overlooked() -> None:
    found = parse(document(), FACTS)
    assert (found.error, found.cause, found.unread) == ("", "", {})
    assert found.installed == (
        "alinux-release-3-2104.12.al8.noarch",
        "kernel-core-5.10.134-16.al8.x86_64",
        "new-library-1.0-1.al8.x86_64",
    )
    assert found.upgraded == (
        "perl-a-package-with-a-very-long-name-indeed-yes-4:5.26.3-420.1.al8.noarch",
        "bash-4.4.23-1.al8.x86_64",
    )
    assert found.kernel == "5.10.134-16.al8.x86_64"


def test_only_removals_that_nobody_meant_are_reported() -> None:
    assert parse(document(), FACTS).removed == ("acme-plugin-1.0-1.el8.x86_64",)


def test_what_is_replaced_by_another_name_or_removed_is_not_called_left_over() -> None:
    assert parse(document(), FACTS).no_counterpart == ("old-tool-1.0-1.el8.noarch",)


def test_packages_that_stay_behind_are_named_with_the_reason_that_was_given() -> None:
    problems = parse(document(), FACTS).problems
    assert problems[0].startswith("Problem: package acme-client-1.0-1.el8.x86_64 requires")
    assert [line.split()[0] for line in problems[2:]] == ["acme-client", "libacme"]


def test_room_is_what_packages_grow_by_what_is_downloaded_and_a_kernel_as_large_as_the_present_one() -> None:
    # /usr: release 1, kernel 70 beside the old one, perl 1, bash shrinks, library 1, and the largest, 70, once more.
    assert parse(document(), FACTS).needs_mib == {"/boot": 64, "/usr": 143, "/var": 2 + 2 + 46 + 1}


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"offer": section(OFFER, cut=True)}, "needs_mib"),
        ({"offer": section(OFFER.replace("bash|", "sh|"))}, "needs_mib"),
        ({"sizes": section("metadata \u0663\n")}, "needs_mib"),
        ({"left": section("", rc=1)}, "no_counterpart"),
        ({"streams": section("", rc=1)}, "missing_streams"),
        ({"servers": None}, "versions"),
    ],
)
def test_a_part_that_could_not_be_read_is_unknown_and_not_empty(changes: dict[str, Any], part: str) -> None:
    found = parse(document(**changes), FACTS)
    assert not found.error
    assert list(found.unread) == [part]


def test_without_a_look_into_boot_nobody_says_that_the_kernel_fits() -> None:
    unknown = Facts(unread={"boot_files": "boot_files: the time limit struck"})
    assert parse(document(), unknown).unread == {"needs_mib": "boot_files: the time limit struck"}


@pytest.mark.parametrize(
    ("changes", "cause", "words"),
    [
        ({"repositories": section("Error: Curl error (7)\n", rc=1)}, "repository", "could not be read"),
        ({"repositories": section("", rc=124)}, "repository", "within the time limit"),
        ({"repositories": section("[Errno 28] No space left on device", rc=1)}, "space", "could not be read"),
        ({"repositories": None}, "unknown", "not whole"),
        ({"meant": section("", rc=1)}, "unknown", "meant: exit status 1"),
        ({"meant": section("", cut=True)}, "unknown", "longer than the limit"),
        ({"resolution": None}, "unknown", "resolution: the section is missing"),
        ({"resolution": section("", rc=124)}, "unknown", "the time limit struck"),
        ({"resolution": section("")}, "resolve", "cannot resolve"),
        ({"resolution": section("Dependencies resolved.\nNothing to do.\n")}, "resolve", "cannot resolve"),
        ({"resolution": section("OSError: No space left on device\n")}, "space", "cannot resolve"),
    ],
)
def test_no_answer_that_lacks_something_passes_for_a_transaction_that_resolves(
    changes: dict[str, Any], cause: str, words: str
) -> None:
    found = parse(document(**changes), FACTS)
    assert found.cause == cause
    assert words in found.error
    assert (found.installed, found.removed, found.needs_mib) == ((), (), {})


def test_the_package_managers_own_words_reach_the_user() -> None:
    found = parse(document(resolution=section((HERE / "unresolved.txt").read_text())), FACTS)
    assert found.cause == "resolve"
    assert found.problems == (
        "Problem: conflicting requests",
        "- nothing provides libfoo.so.1()(64bit) needed by alinux-release-3-2104.12.al8.noarch",
    )


def test_a_release_package_that_the_target_lacks_is_no_transaction_though_the_rest_resolves() -> None:
    found = parse(document(resolution=section("No match for argument: alinux-release\n" + WRAPPED)), FACTS)
    assert (found.cause, found.problems[0]) == ("resolve", "No match for argument: alinux-release")


def test_a_target_without_a_kernel_is_told_from_a_kernel_that_is_there_already() -> None:
    text = WRAPPED.replace(" kernel-core ", " other-core ")
    offer = section(OFFER.replace("kernel-core|", "other-core|"))
    missing = parse(document(resolution=section("No match for argument: kernel\n" + text), offer=offer), FACTS)
    assert (missing.error, missing.kernel, missing.unread) == ("", "", {})
    present = parse(document(resolution=section(text), offer=offer), FACTS)
    assert list(present.unread) == ["kernel"]


def test_the_database_server_that_the_transaction_takes_counts_before_the_newest() -> None:
    servers = section(
        "postgresql-server|10.21-2.al8|x86_64\npostgresql-server|13.7-1.al8|x86_64\nredis|5.0.3-5.al8|x86_64\n"
    )
    assert parse(document(servers=servers), FACTS).versions == {"postgresql-server": "13.7", "redis": "5.0.3"}
    row = "Downgrading:\n postgresql-server x86_64 10.21-2.al8 os 1 k\n"
    text = WRAPPED.replace("Installing dependencies:", row + "Installing dependencies:")
    assert parse(document(servers=servers, resolution=section(text)), FACTS).versions["postgresql-server"] == "10.21"


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (
            document(key=section("error: target.key: key 1 not an armored public key.", rc=1)),
            "not an armored public key",
        ),
        (document(key=section("", rc=1)), "rpm does not accept the key"),
        ({**document(), "key_problem": "The signing key could not be read from /keys/al3."}, "/keys/al3"),
        ({"transaction": 1, "problem": "no answer", "key_problem": "no key"}, "no key"),
    ],
)
def test_a_key_that_cannot_be_used_is_told_whatever_else_is_known(given: dict[str, Any], problem: str) -> None:
    assert problem in parse(given, FACTS).key_problem


def test_evidence_from_before_the_host_was_read_again_is_void() -> None:
    given = {**document(), "read_at": FACTS.read_at}
    assert isinstance(of_host(given, FACTS), Transaction)
    assert of_host({**given, "read_at": 1}, FACTS) is None
    assert of_host(None, FACTS) is None


@pytest.mark.parametrize(
    "given",
    [
        None, [], "x", {}, {"transaction": 2}, {"transaction": 1}, {"transaction": 1, "sections": []},
        {"transaction": 1, "sections": {"repositories": 7}}, {"transaction": 1, "problem": ["x"], "cause": {}},
        {"transaction": 1, "problem": "\x1b[2Jx", "cause": "resolved", "key_problem": 7},
    ],
)  # fmt: skip
def test_an_answer_that_is_none_is_unknown_and_cannot_steer_a_terminal(given: Any) -> None:
    found = parse(given, FACTS)
    assert found.cause == "unknown"
    assert found.error and found.error.isprintable()


def test_no_answer_of_a_hostile_host_stops_the_controller() -> None:
    dice = random.Random(7)
    whole = json.dumps(document())
    for _round in range(300):
        start = dice.randrange(len(whole))
        garbled = (
            whole[:start]
            + dice.choice(["9", "|", " ", "\\n", "-", "null", "\\u00ff", "{"])
            + whole[start + dice.randrange(9) :]
        )
        try:
            given = json.loads(garbled)
        except ValueError:
            continue
        assert isinstance(parse(given, FACTS), Transaction)
