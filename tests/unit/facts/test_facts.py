# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fact that is wrong makes a check wrong; a document that breaks the parser stops a run."""

from __future__ import annotations

import random
from typing import Any

import pytest

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.facts import FactsError, parse
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.facts_types import Facts, Package, Socket
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.facts_versions import compare_versions, newest
from ansible_collections.alicloud.os_migration.tests.unit.checks.hosts import CLEAN, document, host


def test_a_clean_host_is_understood_completely() -> None:
    facts = host()
    assert facts.unread == {}
    assert facts.os is not None
    assert (facts.os.id, facts.os.major, facts.os.minor, facts.os.platform_id) == ("centos", 8, 5, "platform:el8")
    assert facts.packages is not None
    by_name = {p.name: p for p in facts.packages}
    assert by_name["dbus"].nevra == "dbus-1:1.12.8-14.el8.x86_64"
    assert by_name["bash"].key_id == "05b555b38483c65d"
    assert by_name["aliyun_assist"].key_id == ""
    assert facts.listening is not None
    assert Socket("tcp", "0.0.0.0", 80, "nginx") in facts.listening
    assert facts.spaces is not None
    assert (facts.spaces["/"].free_mib, facts.spaces["/"].inodes_free) == (35376, 2553220)
    assert (facts.memory_mib, facts.swap_mib, facts.default_kernel) == (
        3736, 0, "/boot/vmlinuz-4.18.0-348.7.1.el8_5.x86_64",
    )  # fmt: skip


@pytest.mark.parametrize(
    "document_",
    [None, [], "text", 7, {}, {"probe": 2, "sections": {}}, {"probe": 1}, {"probe": 1, "sections": []}],
    ids=repr,
)
def test_what_is_no_probe_document_is_refused_in_one_sentence(document_: Any) -> None:
    with pytest.raises(FactsError) as error:
        parse(document_)
    assert str(error.value).endswith(".")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "section",
    [
        None,
        "text",
        {},
        {"rc": 0, "cut": False, "text": 5},
        {"rc": "0", "cut": False, "text": "x\n"},
        {"rc": 0, "text": "x\n"},
        {"rc": 0, "cut": True, "text": "x\n"},
        {"rc": 124, "cut": False, "text": "x\n"},
        {"rc": 1, "cut": False, "text": "x\n"},
        {"rc": 0, "cut": False, "text": "x" * 6_000_000},
        {"rc": 0, "cut": False, "text": "\n" * 70_000},
    ],
    ids=lambda section: repr(section)[:60],
)
def test_a_section_that_cannot_be_trusted_is_unknown_and_never_empty(section: Any) -> None:
    facts = parse({"probe": 1, "sections": {"rpm_qa": section, "kernel": section}})
    assert facts.packages is None
    assert facts.kernel is None
    assert "packages" in facts.unread


@pytest.mark.parametrize("section", sorted(CLEAN))
def test_no_text_in_any_section_stops_the_run(section: str) -> None:
    chance = random.Random(section)
    tokens = [
        "|",
        "\t",
        "=",
        ":",
        "[",
        "]",
        "/",
        "9" * 30,
        "-1",
        "²",
        "\x00",
        "\x1b[31m",
        "ü",
        "\n",
        " ",
        "a",
        "●",
        "%s",
        "\\777",
    ]
    own = document()["sections"][section]["text"] or "x"
    for _round in range(10):
        noise = "".join(chance.choice(tokens) for _word in range(chance.randrange(40)))
        cut = chance.randrange(len(own))
        for text in (noise, own[:cut] + noise + own[cut:], own[cut:], noise.join(own.split("\n"))):
            assert isinstance(host({section: text}), Facts)


def test_control_characters_of_a_host_never_reach_a_terminal() -> None:
    facts = host(
        {
            "users": "evil\x1b[2J\u202e:x:0:0::/root:/bin/sh\n",
            "hostname": "web\x07\n",
            "fstab": "a\x1b]0;x\x07 /b c d\n",
        }
    )
    assert facts.users is not None
    assert list(facts.users) == ["evil[2J"]
    assert facts.hostname == "web"
    assert "\x1b" not in repr(facts.fstab) and "\x07" not in repr(facts.fstab)


def test_names_in_other_scripts_survive_the_way_through_the_probe() -> None:
    as_printed = "张伟:x:1001:1001::/home/张伟:/bin/bash\n".encode().decode("latin-1")
    assert "张伟" in (host({"users": as_printed}).users or {})
    assert "müller" in (host({"users": "müller:x:1001:1001::/home/m:/bin/bash\n"}).users or {})


def test_a_fourth_column_of_zeros_is_no_free_space() -> None:
    facts = host({"df_inodes": "/\t/dev/vda1 0 0 0 - /\n"})
    assert facts.spaces is not None
    assert facts.spaces["/"].inodes_free is None


def test_ports_are_known_where_ss_is_old_or_missing() -> None:
    old = "Netid  State      Recv-Q Send-Q     Local Address:Port  Peer Address:Port\ntcp    LISTEN     0      128    *:22    *:*  \n"
    assert host({"sockets": old}).listening == (Socket("tcp", "*", 22, ""),)
    kernel = (
        "/proc/net/tcp\t  sl  local_address rem_address   st tx_queue\n"
        "/proc/net/tcp\t   0: 00000000:0016 00000000:0000 0A 00000000:00000000\n"
        "/proc/net/tcp\t   1: 0100007F:0050 0100007F:9999 01 00000000:00000000\n"
        "/proc/net/udp\t   2: 00000000:0143 00000000:0000 07 00000000:00000000\n"
    )
    found = host({"sockets": {"rc": 127, "text": ""}, "proc_net": kernel}).listening
    assert found == (Socket("tcp", "00000000", 22, ""), Socket("udp", "00000000", 323, ""))


def test_without_systemd_services_are_unknown_and_not_none() -> None:
    facts = host({"units": {"rc": 1, "text": ""}})
    assert facts.units is None
    assert facts.failed_units is None


def test_minor_version_comes_from_os_release_where_it_is_there() -> None:
    facts = host({"os_release": "ID=rhel\nVERSION_ID=8.6\n", "release_files": "/etc/redhat-release\tRelease 8.2\n"})
    assert facts.os is not None
    assert facts.os.minor == 6


@pytest.mark.parametrize(
    ("one", "other", "order"),
    [
        ("4.18.0-348", "4.18.0-80", 1),
        ("1.0", "1.0", 0),
        ("1.0", "1.0.1", -1),
        ("1.0~rc1", "1.0", -1),
        ("1.0^git1", "1.0", 1),
        ("1.0^git1", "1.0.1", -1),
        ("10", "9", 1),
        ("1.01", "1.1", 0),
        ("1.a", "1.1", -1),
        ("2.el8_5", "2.el8", 1),
        ("abc", "abd", -1),
    ],
)
def test_versions_are_ordered_as_rpm_orders_them(one: str, other: str, order: int) -> None:
    assert compare_versions(one, other) == order
    assert compare_versions(*reversed((one, other))) == -order


def test_an_epoch_beats_every_version() -> None:
    old, new = Package("a", 0, "9", "9", "noarch"), Package("a", 1, "1", "1", "noarch")
    assert newest((old, new)) == new
