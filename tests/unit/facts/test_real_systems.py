# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a parser loses of a real system, a check never sees. real/SOURCES.md tells where the files come from.

Every expectation here is made by other means than the parsers': by the standard library, by patterns, or by counting.
"""

from __future__ import annotations

import configparser
import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from ansible_collections.alicloud.os_migration.plugins.plugin_utils import matrix
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.facts import Facts
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.facts_types import Package
from ansible_collections.alicloud.os_migration.tests.unit.checks.hosts import host

REAL = Path(__file__).parent / "real"
NEVRA = re.compile(r"(?P<name>.+)-(?P<version>[^-]+)-(?P<release>[^-]+)\.(?P<arch>[^.]+)")


def files(kind: str) -> list[object]:
    return [pytest.param(path.read_text("utf-8"), id=path.name) for path in sorted((REAL / kind).iterdir())]


def of(kind: str) -> Callable[[Callable[[str], None]], Callable[[str], None]]:
    return pytest.mark.parametrize("text", files(kind))


def read(section: str, text: str) -> Facts:
    """The facts of a host whose section has this text."""
    return host({section: text})


def dumped(text: str, path: str) -> str:
    """As the probe's `dump` prints a file."""
    return "".join(f"{path}\t{line}\n" for line in text.rstrip("\n").split("\n"))


def lines(text: str, comment: str = "#") -> list[str]:
    return [line.strip() for line in text.split("\n") if line.strip() and not line.strip().startswith(comment)]


def ini(text: str) -> dict[str, dict[str, str]]:
    parser = configparser.RawConfigParser(strict=False, delimiters=("=",), comment_prefixes=("#", ";"))
    parser.read_string(text)
    return {name: {key: " ".join(value.split()) for key, value in parser[name].items()} for name in parser.sections()}


def shell_pairs(text: str) -> dict[str, str]:
    return dict(word.split("=", 1) for word in shlex.split(text, comments=True))


def packages_of(rows: list[str]) -> tuple[Package, ...]:
    found = read("rpm_qa", "".join(f"{row}\n" for row in rows)).packages
    assert found is not None
    return found


def row_of(nevra: str, epoch: str = "(none)") -> str:
    """NAME-VERSION-RELEASE.ARCH in the form in which the probe asks rpm for it."""
    match = NEVRA.fullmatch(nevra)
    assert match, nevra
    return f"{match['name']}|{epoch}|{match['version']}|{match['release']}|{match['arch']}|(none)|none|1500000000"


@of("rpm_nevra")
def test_every_package_of_a_list_is_known_by_its_full_name(text: str) -> None:
    wanted = lines(text)
    assert [p.nevra for p in packages_of([row_of(line) for line in wanted])] == wanted


@of("rpm_installed")
def test_every_package_of_a_list_with_dates_is_known(text: str) -> None:
    wanted = [line.split()[0] for line in lines(text)]
    assert [p.nevra for p in packages_of([row_of(nevra) for nevra in wanted])] == wanted


@of("rpm_evr")
def test_epochs_are_neither_lost_nor_invented(text: str) -> None:
    wanted, rows = [], []
    for columns in (line.split() for line in lines(text)):
        name, _dot, arch = columns[0].rpartition(".")
        for version in columns[1:]:
            epoch, _colon, bare = version.rpartition(":")
            wanted.append(f"{name}-{version}.{arch}")
            rows.append(row_of(f"{name}-{bare}.{arch}", epoch or "(none)"))
    assert [p.nevra for p in packages_of(rows)] == wanted


@of("rpm_json")
def test_the_key_that_signed_a_package_is_known(text: str) -> None:
    documents = [json.loads(line) for line in lines(text)]
    signatures = [d.get("rsaheader") or d["sigpgp"] for d in documents]
    found = packages_of(
        [
            "|".join([d["name"], d["epoch"], d["version"], d["release"], d["arch"], "(none)", signature, "1500000000"])
            for d, signature in zip(documents, signatures, strict=True)
        ]
    )
    assert [p.name for p in found] == [d["name"] for d in documents]
    assert [p.key_id for p in found] == [signature.rpartition("Key ID ")[2] for signature in signatures]
    assert [p.epoch for p in found] == [int(d["epoch"]) if d["epoch"] != "(none)" else 0 for d in documents]


@of("df")
def test_no_file_system_with_room_is_lost(text: str) -> None:
    # The probe asks df for one directory at a time, and puts the directory before what df says.
    wanted = [m for line in lines(text) if (m := re.fullmatch(r"(.+?) +(\d+) +(\d+) +(\d+) +(?:\d+%|-) (/.*)", line))]
    assert len(wanted) > 5
    spaces = read("df_space", "".join(f"/{n}\t{m[0]}\n" for n, m in enumerate(wanted))).spaces
    assert spaces is not None
    assert [(s.mount, s.total_mib, s.free_mib) for s in spaces.values()] == [
        (" ".join(m[5].split()), int(m[2]) // 1024, int(m[4]) // 1024) for m in wanted
    ]


@of("fstab")
def test_every_line_of_fstab_is_a_mount_or_named_as_broken(text: str) -> None:
    facts = read("fstab", text)
    assert facts.fstab is not None and facts.fstab_broken is not None
    known = {(mount.device, mount.path, mount.type) for mount in facts.fstab}
    wanted = [line for line in lines(text) if line not in facts.fstab_broken]
    assert {tuple(line.split()[:3]) for line in wanted} == known
    assert len(facts.fstab) == len(wanted)
    assert facts.fstab_broken == ()


@of("mounts")
def test_no_mount_is_lost(text: str) -> None:
    found = read("mounts", text).mounts
    assert found is not None
    wanted = [line.split() for line in lines(text)]
    assert [[m.device, m.path, m.type, ",".join(m.options)] for m in found] == [columns[:4] for columns in wanted]


@of("repo")
def test_every_repository_and_every_option_of_it_is_known(text: str) -> None:
    found = read("repo_files", dumped(text, "/etc/yum.repos.d/real.repo")).repos
    assert found is not None
    wanted = {name: options for name, options in ini(text).items() if name != "main"}
    assert {repo.id: dict(repo.options) for repo in found} == wanted
    assert {repo.id for repo in found if not repo.enabled} == {
        name for name, options in wanted.items() if options.get("enabled", "1") == "0"
    }
    addresses = {name: len(re.findall(r"[a-z]+://", options.get("baseurl", ""))) for name, options in wanted.items()}
    assert {repo.id: len(repo.urls) for repo in found} == addresses


@of("yum_conf")
def test_every_option_of_the_package_manager_is_known(text: str) -> None:
    assert read("yum_conf", dumped(text, "/etc/yum.conf")).yum_conf == ini(text)["main"]


@of("modules")
def test_every_module_stream_is_known(text: str) -> None:
    streams = read("module_streams", dumped(text, "/etc/dnf/modules.d/all.module")).module_streams
    assert streams is not None
    wanted = [(name, options["stream"], options["state"]) for name, options in ini(text).items()]
    assert [(s.name, s.stream, s.state) for s in streams] == wanted


@of("versionlock")
def test_every_lock_is_known_and_no_comment_is_one(text: str) -> None:
    assert read("versionlock", dumped(text, "/etc/yum/pluginconf.d/versionlock.list")).versionlocks == tuple(
        lines(text)
    )


@of("sshd_config")
def test_every_line_of_the_ssh_server_reaches_the_checks(text: str) -> None:
    wanted = tuple(("/etc/ssh/sshd_config", line) for line in text.rstrip("\n").split("\n"))
    assert read("sshd_config", dumped(text, "/etc/ssh/sshd_config")).sshd_config == wanted


@of("sshd_effective")
def test_every_setting_of_the_ssh_server_is_known_also_those_that_come_twice(text: str) -> None:
    found = read("sshd_effective", text).sshd
    assert found is not None
    assert sorted(f"{key} {value}" for key, values in found.items() for value in values) == sorted(lines(text))


@of("sockets")
def test_no_listening_port_is_lost(text: str) -> None:
    found = read("sockets", text).listening
    assert found is not None
    pattern = re.compile(r'^(tcp|udp)\s+\S+\s+\d+\s+\d+\s+(\S+):(\d+)\s+\S+:\S+(?:\s+users:\(\("([^"]+)")?', re.M)
    wanted = {(m[1], m[2], int(m[3]), m[4] or "") for m in pattern.finditer(text)}
    assert len(wanted) > 5
    assert {(s.proto, s.address, s.port, s.process) for s in found} == wanted


@of("units")
def test_every_unit_and_its_state_is_known(text: str) -> None:
    found = read("units", text).units
    assert found is not None
    states = "loaded|not-found|masked|error|bad-setting"
    pattern = re.compile(rf"^(?:[●*] )? *(\S+\.\w+) +({states}) +(\S+) +(\S+)", re.M)
    wanted = {m[1]: (m[2], m[3], m[4]) for m in pattern.finditer(text)}
    assert {name: (unit.load, unit.active, unit.sub) for name, unit in found.items()} == wanted
    said = re.search(r"^(\d+) loaded units listed", text, re.M)
    assert len(found) == int(said[1]) if said else len(found) > 1


@of("unit_files")
def test_every_unit_file_and_its_state_is_known(text: str) -> None:
    found = read("unit_files", text).unit_files
    wanted = re.findall(r"^(\S+\.\w+) +(enabled|disabled|static|indirect|masked)\s*$", text, re.M)
    assert len(wanted) > 5
    assert found == dict(wanted)


@of("lsblk")
def test_every_block_device_is_known_with_what_is_on_it(text: str) -> None:
    found = read("block", text).block
    assert found is not None
    wanted = [shell_pairs(line) for line in lines(text)]
    keys = ("NAME", "TYPE", "FSTYPE", "UUID", "LABEL", "MOUNTPOINT")
    assert [(b.name, b.type, b.fstype, b.uuid, b.label, b.mount) for b in found] == [
        tuple(pairs[key] for key in keys) for pairs in wanted
    ]


@of("grubenv")
def test_the_entry_that_is_booted_next_is_known(text: str) -> None:
    wanted = {key: value.rstrip() for key, value in re.findall(r"^(\w+)=(.*)$", text, re.M)}
    assert read("grubenv", dumped(text, "/boot/grub2/grubenv")).grubenv == wanted
    assert wanted["saved_entry"]


@of("bls")
def test_every_line_of_a_boot_entry_is_known(text: str) -> None:
    path = "/boot/loader/entries/real.conf"
    found = read("bls", dumped(text, path)).bls
    assert found == {path: dict(line.split(" ", 1) for line in lines(text))}


@of("grub_default")
def test_every_setting_of_the_boot_loader_is_known(text: str) -> None:
    assert read("grub_default", text).grub_default == shell_pairs(text)


@of("sysconfig_kernel")
def test_which_kernel_becomes_the_default_is_known(text: str) -> None:
    assert read("sysconfig_kernel", dumped(text, "/etc/sysconfig/kernel")).sysconfig_kernel == shell_pairs(text)


@of("selinux")
def test_how_selinux_is_configured_is_known(text: str) -> None:
    found = read("selinux", dumped(text, "/etc/selinux/config")).selinux_configured
    assert found == shell_pairs(text)["SELINUX"]


@of("lsattr")
def test_every_immutable_file_is_known(text: str) -> None:
    wanted = tuple(line.split()[1] for line in lines(text) if "i" in line.split()[0])
    assert wanted
    assert read("attributes", text).immutable == wanted


@of("mdstat")
def test_every_array_is_known(text: str) -> None:
    found = read("mdstat", text).md_arrays
    assert found is not None
    assert [line.split()[0] for line in found] == re.findall(r"^(md\w+) :", text, re.M)


@of("meminfo")
def test_the_memory_is_known(text: str) -> None:
    facts = read("meminfo", text)
    kib = dict(re.findall(r"^(\w+): +(\d+) kB$", text, re.M))
    assert (facts.memory_mib, facts.memory_available_mib) == (
        int(kib["MemTotal"]) // 1024, int(kib["MemAvailable"]) // 1024,
    )  # fmt: skip


@of("lsmod")
def test_every_kernel_module_is_known_and_none_looks_tainted(text: str) -> None:
    found = read("lsmod", text).kernel_modules
    assert found is not None
    assert [(m.name, m.flags) for m in found] == [(line.split(" ")[0], "") for line in lines(text)]


@of("passwd")
def test_every_user_is_known(text: str) -> None:
    found = read("users", text).users
    assert found is not None
    rows = [f"{name}:{u.uid}:{u.gid}:{u.home}:{u.shell}" for name, u in found.items()]
    assert rows == [re.sub(r":x:(\d+:\d+):[^:]*:", r":\1:", line) for line in lines(text)]


@of("group")
def test_every_group_is_known(text: str) -> None:
    assert read("groups", text).groups == {m[0]: int(m[1]) for m in re.findall(r"^([^:]+):x:(\d+):", text, re.M)}


@of("addresses")
def test_every_address_by_which_a_host_can_be_reached_is_known(text: str) -> None:
    found = read("addresses", text).addresses
    assert found is not None
    wanted = re.findall(r"^\d+: (\S+) +(inet6?) (\S+)", text, re.M)
    assert {(a.interface, a.family, a.address) for a in found} == {w for w in wanted if not w[2].startswith("fe80")}


@of("routes")
def test_every_route_is_known(text: str) -> None:
    facts = read("routes", text)
    assert facts.routes == tuple(lines(text))
    assert facts.gateways == tuple(re.findall(r"^(default .*?)\s*$", text, re.M))
    assert facts.gateways


@of("resolv")
def test_every_name_server_is_known(text: str) -> None:
    wanted = tuple(re.findall(r"^nameserver (\S+)$", text, re.M))
    assert wanted
    assert read("resolv", text).nameservers == wanted


@of("cmdline")
def test_every_word_of_the_kernels_command_line_is_known(text: str) -> None:
    assert " ".join(read("cmdline", text).cmdline or ()) == text.strip()


@of("cgroup")
def test_a_host_is_told_from_a_container(text: str) -> None:
    found = read("cgroup", text).cgroup
    assert found == tuple(lines(text))
    assert {line.rpartition(":")[2] for line in found} == {"/"}


@pytest.mark.parametrize(
    ("name", "system", "version"),
    [
        ("alinux2", "alinux2", "2.1903"),
        ("centos7", "centos7", "7"),
        ("centos8", "centos8", "8"),
        ("oracle7", None, "7.5"),
        ("rhel7", "rhel7", "7.0"),
        ("rhel7-2", "rhel7", "7.2"),
        ("rhel7-7", "rhel7", "7.7"),
    ],
)
def test_a_real_system_is_recognised_and_a_rebuild_is_not_taken_for_it(name: str, system: str, version: str) -> None:
    text = (REAL / "os_release" / name).read_text("utf-8")
    facts = read("os_release", text)
    assert facts.os_release == shell_pairs(text)
    identity = matrix.identify(facts.os_release or {})
    assert (identity.id if identity else None) == system
    assert facts.os is not None
    assert facts.os.version_id == version


def test_every_os_release_file_has_its_expectation() -> None:
    assert {path.name for path in (REAL / "os_release").iterdir()} == {
        "alinux2", "centos7", "centos8", "oracle7", "rhel7", "rhel7-2", "rhel7-7",
    }  # fmt: skip


@of("release")
def test_the_minor_version_is_known_where_only_the_release_file_has_it(text: str) -> None:
    major, minor = re.findall(r"release (\d+)\.(\d+)", text)[0]
    changes = {"os_release": f"ID=centos\nVERSION_ID={major}\n", "release_files": dumped(text, "/etc/redhat-release")}
    facts = host(changes)
    assert facts.os is not None
    assert (facts.os.major, facts.os.minor) == (int(major), int(minor))


def test_every_file_of_a_real_system_is_read_by_a_test_and_has_its_source() -> None:
    kinds = {path.name for path in REAL.iterdir() if path.is_dir()}
    program = Path(__file__).read_text("utf-8")
    assert {kind for kind in kinds if f'"{kind}"' not in program} == set()
    named = set(re.findall(r"^\| `([^`]+)` \|", (REAL / "SOURCES.md").read_text("utf-8"), re.M))
    assert named == {str(path.relative_to(REAL)) for path in REAL.glob("*/*")}
    assert len(named) >= 40
