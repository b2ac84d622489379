# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A check that cries wolf on a host in good order is overlooked on the host where it is right."""

from __future__ import annotations

import dataclasses
import pathlib
from typing import Any

import pytest

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks import Context, run_checks
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.matrix import ARM, MATRIX, SOURCES, Path, identify
from ansible_collections.alicloud.os_migration.tests.unit.checks.hosts import CLEAN, clean, host, instance

REAL = pathlib.Path(__file__).parents[1] / "facts/real"
# All of the matrix, as if this version could take each of them: what it cannot is said by IDN-PATH, of any host.
PATHS = [dataclasses.replace(path, available=True, reason="") for path in MATRIX]
# Source: the image of the clean host, as the cloud describes it (id, platform, name).
IMAGES = {
    "alinux2": ("aliyun_2_1903_x64_20G_alibase_20240628.vhd", "Aliyun", "Alibaba Cloud Linux  2.1903 LTS 64 bit"),
    "centos7": ("centos_7_9_x64_20G_alibase_20240628.vhd", "CentOS", "CentOS  7.9 64 bit"),
    "centos8": ("centos_8_5_x64_20G_alibase_20220127.vhd", "CentOS", "CentOS  8.5 64 bit"),
    "rhel7": ("rhel_7_9_x64_20G_alibase_20240628.vhd", "Red Hat", "Red Hat Enterprise Linux  7.9 64 bit"),
    "rhel8": ("rhel_8_10_x64_20G_alibase_20240628.vhd", "Red Hat", "Red Hat Enterprise Linux  8.10 64 bit"),
}
# What is found on a host in good order all the same: (source, engine or target), and why it is no false alarm.
EXPECTED: dict[str, tuple[set[tuple[str, str]], str]] = {
    "AGENT-SECURITY-CENTER": (
        {("centos7", "rhel7"), ("centos8", "rhel8")},
        "Instances are created with the agent of Security Center, unless the user says otherwise, and Alibaba Cloud"
        " documents that it must be uninstalled before a conversion to RHEL.",
    ),
}


def cloud(path: Path) -> dict[str, Any]:
    """The instance of the clean hosts, with the image and the processor of this path."""
    image_id, platform, name = IMAGES[path.source]
    arm = path.arch == ARM
    of_image = {
        "image_id": image_id,
        "platform": platform,
        "os_name": name,
        "architecture": "arm64" if arm else "x86_64",
    }
    of_type = {"architecture": "ARM" if arm else "X86"}
    plain = instance()
    changes = {"image_id": image_id, "image": plain["image"] | of_image, "type_info": plain["type_info"] | of_type}
    return instance(changes)


def expected(path: Path) -> set[str]:
    return {
        id_
        for id_, (where, _why) in EXPECTED.items()
        if {(path.source, path.engine), (path.source, path.target)} & where
    }


def _paths() -> list[Any]:
    return [pytest.param(path, id=f"{path.source}-{path.target}-{path.engine}-{path.arch}") for path in PATHS]


@pytest.mark.parametrize("path", _paths())
def test_a_clean_host_is_not_held_up_on_any_path_that_starts_at_its_system(path: Path) -> None:
    machine = dataclasses.replace(host(system=path.source), arch=path.arch)
    findings = run_checks(Context(machine, cloud(path), path))
    loud = {
        (f.id, f.severity, f.evidence) for f in findings if f.status == "fired" and f.severity not in ("low", "info")
    }
    assert {entry for entry in loud if entry[0] not in expected(path)} == set()
    assert expected(path) <= {id_ for id_, _severity, _evidence in loud}
    assert [(f.id, f.evidence) for f in findings if f.status == "unknown"] == []


# A file of a real system that is in good order (tests/unit/facts/real), the section that it makes, and its system.
REAL_PARTS = [
    ("cgroup/rhel7", "cgroup", "", "rhel7"),
    ("cmdline/rhel7", "cmdline", "", "rhel7"),
    ("group/centos7", "groups", "", "centos7"),
    ("grub_default/rhel8", "grub_default", "", "rhel8"),
    ("lsmod/rhcos8", "lsmod", "", "rhel8"),
    ("meminfo/rhel7", "meminfo", "", "rhel7"),
    ("passwd/centos7", "users", "", "centos7"),
    ("repo/centos7-aliyun", "repo_files", "/etc/yum.repos.d/CentOS-Base.repo", "centos7"),
    ("resolv/puppet", "resolv", "", "centos8"),
    ("routes/centos7", "routes", "", "centos7"),
    ("routes/rhel7-bonds", "routes", "", "rhel7"),
    ("sockets/rhel7", "sockets", "", "rhel7"),
    ("sockets/rhel8", "sockets", "", "rhel8"),
    ("sshd_effective/rhel", "sshd_effective", "", "rhel7"),
    ("sysconfig_kernel/rhel7", "sysconfig_kernel", "/etc/sysconfig/kernel", "rhel7"),
    ("unit_files/centos7", "unit_files", "", "centos7"),
    ("yum_conf/rhel7", "yum_conf", "/etc/yum.conf", "rhel7"),
    ("yum_conf/rhel8", "yum_conf", "/etc/dnf/dnf.conf", "rhel8"),
]


@pytest.mark.parametrize(("file", "section", "path", "source"), REAL_PARTS, ids=[part[0] for part in REAL_PARTS])
def test_what_real_systems_have_in_good_order_raises_no_alarm(file: str, section: str, path: str, source: str) -> None:
    text = (REAL / file).read_text("utf-8")
    if path:
        text = "".join(f"{path}\t{line}\n" for line in text.rstrip("\n").split("\n"))
    facts = host({section: text}, source)
    for way in (way for way in PATHS if way.source == source and way.arch == facts.arch):
        findings = run_checks(Context(facts, cloud(way), way))
        loud = [(f.id, f.evidence) for f in findings if f.status == "unknown" or f.severity not in ("low", "info")]
        assert [entry for entry in loud if entry[0] not in expected(way)] == []


@pytest.mark.parametrize("source", SOURCES)
def test_a_clean_host_is_read_completely_and_recognised(source: str) -> None:
    facts = host(system=source)
    assert facts.unread == {}
    identity = identify(facts.os_release or {})
    assert identity is not None
    assert identity.id == source
    assert facts.packages is not None
    assert {p.arch for p in facts.packages} <= {"x86_64", "noarch", ""}
    assert len(facts.packages) > 40


@pytest.mark.parametrize("source", SOURCES)
def test_every_clean_host_has_every_section_of_the_probe(source: str) -> None:
    assert set(clean(source)) == set(CLEAN)


def test_every_exception_has_its_reason() -> None:
    assert [id_ for id_, (where, why) in EXPECTED.items() if not where or not why.endswith(".")] == []
