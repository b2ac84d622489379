# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The programs that resolve the transaction on a host, run here in a directory of their own."""

from __future__ import annotations

import base64
import gzip
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.alicloud.os_migration.plugins.action import host_transaction
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.host import host_program
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.signing_key import repository_file

SAY_WHERE = """there=no
[ ! -d "$OS_MIGRATION_WORK" ] || there=yes
printf '{"transaction":1,"place":"%s","there":"%s"}' "$OS_MIGRATION_WORK" "$there"
"""
NEEDED = "base64 dnf flock gzip mount nice timeout unshare"


class Launcher:
    """transaction.sh with a payload of its own, and without the namespace, for which one must be root."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.memory = base / "meminfo"
        self.places = base / "var"
        self.places.mkdir()

    def call(self, payload: str, available_kib: int, needed: str = NEEDED.replace("dnf ", "")) -> dict[str, Any]:
        self.memory.write_text(f"MemTotal: 9999999 kB\nMemAvailable: {available_kib} kB\n")
        packed = base64.b64encode(gzip.compress(payload.encode())).decode()
        program = host_program("convert/transaction.sh")
        for old, new in (
            ("/proc/meminfo", str(self.memory)),
            ("/var/tmp/os_migration", str(self.places / "os_migration")),
            ("unshare -m ", ""),
            (NEEDED, needed),
        ):
            assert old in program
            program = program.replace(old, new)
        done = subprocess.run(
            ["sh", "-s", "--", "60"],
            input=f"payload='{packed}'\n{program}",
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return dict(json.loads(done.stdout))

    def left(self) -> list[str]:
        return sorted(path.name for path in self.places.iterdir())


@pytest.fixture
def launcher(tmp_path: Path) -> Launcher:
    return Launcher(tmp_path)


def test_the_work_is_in_memory_where_there_is_enough(launcher: Launcher) -> None:
    assert launcher.call(SAY_WHERE, 2_000_000)["place"] == ""
    assert launcher.left() == []


def test_a_host_with_little_memory_keeps_nothing_of_the_work_on_its_disk(launcher: Launcher) -> None:
    said = launcher.call(SAY_WHERE, 500_000)
    assert said["place"].startswith(str(launcher.places / "os_migration-transaction."))
    assert said["there"] == "yes"
    assert launcher.left() == []


def test_what_a_killed_run_left_is_removed_by_the_next_and_what_a_living_run_uses_is_not(launcher: Launcher) -> None:
    for name in ("os_migration-transaction.dead0001", "os_migration-transaction.alive001", "os_migration-other.x"):
        (launcher.places / name / "cache").mkdir(parents=True)
    elsewhere = launcher.base / "elsewhere"
    (elsewhere / "precious").mkdir(parents=True)
    (launcher.places / "os_migration-transaction.link0001").symlink_to(elsewhere)
    holder = subprocess.Popen(
        ["flock", str(launcher.places / "os_migration-transaction.alive001"), "sh", "-c", "echo held; read word"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert holder.stdout and holder.stdout.readline() == "held\n"
        launcher.call(SAY_WHERE, 2_000_000)
        assert launcher.left() == [
            "os_migration-other.x", "os_migration-transaction.alive001", "os_migration-transaction.link0001",
        ]  # fmt: skip
        assert (elsewhere / "precious").is_dir()
    finally:
        holder.communicate("end\n", timeout=30)


def test_a_host_without_a_program_that_is_needed_says_so_and_does_nothing(launcher: Launcher) -> None:
    said = launcher.call("touch done", 500_000, needed="base64 nonesuch-program")
    assert said["cause"] == "unknown" and "nonesuch-program" in said["problem"]
    assert launcher.left() == []


def test_the_packed_program_holds_whatever_the_settings_and_the_key_contain(tmp_path: Path) -> None:
    key = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n'$(touch oops)'`x`\n"
    repositories = repository_file([{"id": "os", "baseurl": "http://m/$basearch/'x'"}], "/k")
    program = host_transaction.evidence_program({"SOURCE_VENDORS": "CentOS|Red Hat's $x"}, repositories, key)
    packed = program.partition("payload='")[2].partition("'")[0]
    text = gzip.decompress(base64.b64decode(packed)).decode()
    before_main = text.rpartition("main() {")[0]
    shown = subprocess.run(
        ["sh", "-c", before_main + '\nprintf "%s\\0%s\\0%s" "$SOURCE_VENDORS" "$TARGET_REPO" "$TARGET_KEY"'],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert shown.stdout.split("\0") == ["CentOS|Red Hat's $x", repositories, key]
    assert list(tmp_path.iterdir()) == []


def test_a_program_that_arrives_in_part_does_nothing() -> None:
    text = host_program("convert/evidence.sh")
    cut = text[: text.rindex("main 2>/dev/null")]
    done = subprocess.run(["sh", "-s"], input=cut, capture_output=True, text=True, check=False, timeout=30)
    assert (done.stdout, done.returncode) == ("", 0)


MODULES = """---
document: modulemd
version: 2
data:
  name: nodejs
  stream: "16"
  profiles:
    common:
      rpms: [x]
---
document: modulemd-defaults
version: 1
data:
  module: nodejs
  stream: "10"
---
document: modulemd
data:
  stream: 'rhel8'
  name: container-tools
...
"""


def evidence(work: Path, call: str) -> subprocess.CompletedProcess[str]:
    """A function of evidence.sh, in a directory."""
    functions = host_program("convert/resolution.sh", "convert/evidence.sh").rpartition("main() {")[0]
    return subprocess.run(
        ["sh", "-c", f"TARGET_KEY='' TARGET_REPO='' ALLOW_REMOVALS='' OS_MIGRATION_WORK=''\n{functions}\njob=$PWD\n{call}"],
        cwd=work, capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip


def test_enabled_streams_that_the_target_lacks_are_found_in_its_metadata(tmp_path: Path) -> None:
    (tmp_path / "enabled").write_text("container-tools:rhel8\nnodejs:10\nnodejs:16\nperl:5.26\n")
    metadata = tmp_path / "cache/os-1a2b/repodata"
    metadata.mkdir(parents=True)
    (metadata / "1-modules.yaml.gz").write_bytes(gzip.compress(MODULES.encode()))
    done = evidence(tmp_path, "s_streams")
    assert (done.returncode, done.stdout.split()) == (0, ["nodejs:10", "perl:5.26"])


def test_metadata_of_modules_that_cannot_be_unpacked_make_no_stream_look_known(tmp_path: Path) -> None:
    (tmp_path / "enabled").write_text("perl:5.26\n")
    metadata = tmp_path / "cache/os-1a2b/repodata"
    metadata.mkdir(parents=True)
    (metadata / "1-modules.yaml.gz").write_bytes(b"\x1f\x8b no gzip")
    assert evidence(tmp_path, "s_streams").returncode == 1


def test_only_enabled_streams_count_and_the_copies_are_reset(tmp_path: Path) -> None:
    (tmp_path / "modules.d").mkdir()
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/perl.module").write_text("[perl]\nname=perl\nstream=5.26\nprofiles=\nstate=enabled\n")
    (tmp_path / "etc/php.module").write_text("[php]\nname=php\nprofiles=\nstate=disabled\nstream=\n")
    (tmp_path / "etc/ruby.module").write_text("[ruby]\nname=ruby\nprofiles=common\nstate=enabled\nstream=2.7\n")
    functions = host_program("convert/resolution.sh", "convert/evidence.sh").rpartition("main() {")[0]
    functions = functions.replace("/etc/dnf/modules.d", str(tmp_path / "etc"))
    program = f"TARGET_KEY='' TARGET_REPO=''\n{functions}\njob=$PWD\nmount() {{ :; }}\nprivate_streams\ncat enabled"
    done = subprocess.run(["sh", "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout.split() == ["perl:5.26", "ruby:2.7"]
    assert "stream=\n" in (tmp_path / "modules.d/perl.module").read_text()
    assert "stream=5.26" in (tmp_path / "etc/perl.module").read_text()


def test_passwords_in_addresses_stay_on_the_host(tmp_path: Path) -> None:
    (tmp_path / "dnf.librepo.log").write_text(
        "2026 INFO Error during transfer: Curl error (6): Couldn't resolve host name for http://bob:s3cret@mirror/os/repomd.xml [x]\n"
        * 3
    )
    done = evidence(
        tmp_path,
        "read_offer() { echo 'Cannot download http://bob:s3cret@mirror/os/repomd.xml'; return 1; }\ns_repositories",
    )
    assert done.returncode == 1
    assert "s3cret" not in done.stdout
    assert done.stdout.count("Curl error (6)") == 1


def test_packages_of_the_source_without_a_name_in_the_target_are_listed_but_not_kernels_or_what_is_to_go(
    tmp_path: Path,
) -> None:
    (tmp_path / "before").mkdir()
    rows = [
        ("bash", "CentOS"),
        ("centos-logos", "CentOS"),
        ("kernel-core", "CentOS"),
        ("left", "CentOS"),
        ("mine", "Acme"),
    ]
    (tmp_path / "before/packages").write_text(
        "".join(f"{name}\t{name}-1-1.x86_64\tx86_64\t{vendor}\n" for name, vendor in rows)
    )
    (tmp_path / "offer").write_text("bash|5-1|x86_64|1|1\n")
    (tmp_path / "meant").write_text("centos-logos\n")
    assert evidence(tmp_path, "SOURCE_VENDORS='CentOS|Red Hat'\ns_left").stdout == "left-1-1.x86_64\n"


def test_the_package_manager_is_never_told_yes(tmp_path: Path) -> None:
    done = evidence(tmp_path, 'timeout() { printf "%s\\n" "$@"; }\nmanager -C shell transaction')
    assert "--assumeno" in done.stdout.split("\n") and "-y" not in done.stdout.split("\n")
    assert os.listdir(tmp_path) == []
