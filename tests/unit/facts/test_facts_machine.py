# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine that is misread boots no more; a secret that is read gets into reports."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.facts import parse
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.facts_types import Facts
from ansible_collections.alicloud.os_migration.tests.unit.checks.hosts import host
from ansible_collections.alicloud.os_migration.tests.unit.facts import sick

AWKS = [awk for awk in ("mawk", "gawk", "original-awk") if shutil.which(awk)]
SECRET = "S3cr3t-Of-The-Host"


def planted(files: dict[str, str], section: str, directory: Path, awk: str = "awk") -> dict[str, Any]:
    """One section, read where these files hold these texts. Their directories hold nothing else."""
    tree = directory / "tree"
    for path, text in files.items():
        (tree / path.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
        (tree / path.lstrip("/")).write_text(text)
    # Where awk is an alternative, its link lies in the /etc that is covered.
    commands = directory / "commands"
    commands.mkdir(exist_ok=True)
    (commands / "awk").symlink_to(Path(str(shutil.which(awk))).resolve())
    program = sick.programs_first(commands, sick.one_section(f"s_{section}", 100_000))
    mounts = "\n".join(
        f"mkdir -p '{target}'; mount --bind '{tree}{target}' '{target}'"
        for target in ("/etc", "/root", "/var/spool", "/var/lib")
        if (tree / target.lstrip("/")).is_dir()
    )
    return dict(sick.sections(program, mounts)["x"])


def facts(section: str, read: dict[str, Any]) -> Facts:
    return parse({"probe": 1, "sections": {section: read}})


@pytest.mark.parametrize("awk", AWKS)
def test_keys_of_networks_stay_on_the_host(awk: str, tmp_path: Path) -> None:
    files = {
        "/etc/sysconfig/network-scripts/ifcfg-eth0": f'DEVICE=eth0\nIEEE_8021X_PASSWORD="{SECRET}"\nKEY1={SECRET}\n  ONBOOT=yes\n',
        "/etc/NetworkManager/system-connections/w.nmconnection": f"[connection]\ntype=wifi\n[wifi-security]\npsk={SECRET}\n[ipv4]\nmethod=auto\n",
    }
    read = planted(files, "network_config", tmp_path, awk)
    assert SECRET not in read["text"]
    config = facts("network_config", read).network_config
    assert config == {
        "/etc/sysconfig/network-scripts/ifcfg-eth0": {"DEVICE": "eth0", "ONBOOT": "yes"},
        "/etc/NetworkManager/system-connections/w.nmconnection": {
            "connection.": "", "connection.type": "wifi", "wifi-security.": "", "ipv4.": "", "ipv4.method": "auto",
        },
    }  # fmt: skip


@pytest.mark.parametrize("awk", AWKS)
def test_of_variables_only_what_a_check_needs_leaves_the_host(awk: str, tmp_path: Path) -> None:
    files = {
        "/etc/profile.d/app.sh": f"export LD_LIBRARY_PATH=/opt/app/lib; export TOKEN={SECRET}\n# LD_PRELOAD=/x.so\nunset http_proxy\n",
        "/etc/environment": f"https_proxy=http://joe:{SECRET}@proxy:3128\nHTTP_PROXY=joe:{SECRET}@proxy:3128\nAPI_KEY={SECRET}\n",
        "/root/.bashrc": f"umask 077 # {SECRET}\nLEAPP_UNSUPPORTED=1\n",
    }
    read = planted(files, "environment", tmp_path, awk)
    assert SECRET not in read["text"]
    assert facts("environment", read).environment == (
        ("/etc/environment", "https_proxy="),
        ("/etc/environment", "HTTP_PROXY="),
        ("/etc/profile.d/app.sh", "LD_LIBRARY_PATH=/opt/app/lib"),
        ("/root/.bashrc", "umask 077"),
        ("/root/.bashrc", "LEAPP_UNSUPPORTED"),
    )


@pytest.mark.parametrize("awk", AWKS)
def test_commands_of_scheduled_jobs_stay_on_the_host(awk: str, tmp_path: Path) -> None:
    files = {
        "/etc/cron.d/jobs": f"# yum\n@reboot root app --key {SECRET}\n0 3 * * * root yum -y update {SECRET}\n"
        "1 1 * * * root /sbin/reboot\n2 2 * * * root yumdownloader x\n",
        "/etc/rc.d/rc.local": f"#!/bin/sh\n\ntouch /var/lock/subsys/local\n/opt/app/start --password {SECRET}\n",
        "/etc/cron.daily/report": f'#!/bin/sh\necho "please reboot {SECRET}"\n[ -e /x ] && /sbin/reboot\n',
        "/var/spool/cron/root": f"5 5 * * * mysqldump -p{SECRET} | gzip;dnf clean all\n",
    }
    read = planted(files, "scheduled", tmp_path, awk)
    assert SECRET not in read["text"]
    assert facts("scheduled", read).scheduled == (
        ("/etc/rc.d/rc.local", "3 touch"),
        ("/etc/rc.d/rc.local", "4 /opt/app/start"),
        ("/etc/cron.d/jobs", "2 @reboot"),
        ("/etc/cron.d/jobs", "3 yum"),
        ("/etc/cron.d/jobs", "4 reboot"),
        ("/etc/cron.daily/report", "3 reboot"),
        ("/var/spool/cron/root", "1 dnf"),
    )


@pytest.mark.parametrize(
    ("hash_", "state"), [(f"$6$salt${SECRET}", "set"), (f"!!{SECRET}", "locked"), ("*", "locked"), ("", "none")]
)
def test_of_the_password_of_root_only_the_state_leaves_the_host(hash_: str, state: str, tmp_path: Path) -> None:
    files = {
        "/etc/shadow": f"bin:{SECRET}:18:0\nroot:{hash_}:19000:0:99999:7:::\n",
        "/root/.ssh/authorized_keys": f'# mine\n\nssh-ed25519 {SECRET} me\nfrom="10.0.0.1" ssh-rsa {SECRET}\n',
    }
    read = planted(files, "root_access", tmp_path)
    assert read["text"] == f"password {state}\nkeys 2\n"
    found = facts("root_access", read)
    assert (found.root_password, found.root_keys) == (state, 2)


@pytest.mark.parametrize("awk", AWKS)
def test_arguments_of_login_modules_stay_on_the_host(awk: str, tmp_path: Path) -> None:
    files = {
        "/etc/pam.d/sshd": f"auth required pam_mysql.so user=x secret={SECRET}\nauth [success=1] /usr/lib64/security/pam_unix.so nullok\n",
        "/etc/pam.d/su": "# pam_tally2.so\nauth sufficient pam_unix.so\n",
        "/etc/sudoers": f"Defaults requiretty\n# {SECRET}\nops ALL=(ALL) NOPASSWD: /x {SECRET}\n",
    }
    read = planted(files, "auth_lines", tmp_path, awk)
    assert SECRET not in read["text"]
    assert facts("auth_lines", read).auth_lines == (
        ("/etc/pam.d/sshd", "pam_mysql.so"),
        ("/etc/pam.d/sshd", "pam_unix.so"),
        ("/etc/sudoers", "Defaults requiretty"),
    )


def test_of_cloud_init_only_the_data_source_leaves_the_host(tmp_path: Path) -> None:
    files = {
        "/etc/cloud/cloud.cfg": f"chpasswd:\n  list: root:{SECRET}\ndatasource_list: [ AliYun ]\n",
        "/var/lib/cloud/data/instance-id": "i-bp1old0000000000000\n",
    }
    (tmp_path / "commands").mkdir()
    sick.command(tmp_path / "commands", "curl", "printf 'i-bp1new0000000000000 200'")
    read = planted(files, "metadata", tmp_path)
    assert SECRET not in read["text"]
    found = facts("metadata", read).metadata
    assert found is not None
    assert (found.status, found.instance_id, found.cloud_init_id) == (
        200, "i-bp1new0000000000000", "i-bp1old0000000000000",
    )  # fmt: skip
    assert found.datasources == (("/etc/cloud/cloud.cfg", "datasource_list: [ AliYun ]"),)


@pytest.mark.parametrize(
    ("said", "status"),
    [(" 000", 0), ("<html>\n<body>i-bp1evil0000000000</body>\n</html> 403", 403), ("", 0), ("i-bp1a b 200", 200)],
)
def test_what_is_no_instance_id_is_never_taken_for_one(said: str, status: int, tmp_path: Path) -> None:
    (tmp_path / "answer").write_text(said)
    sick.command(tmp_path, "curl", f"cat '{tmp_path}/answer'")
    read = sick.sections(sick.programs_first(tmp_path, sick.one_section("s_metadata")))["x"]
    found = facts("metadata", read).metadata
    assert found is not None
    assert found.status == status
    assert found.instance_id in ("", "i-bp1a")


def test_the_boot_sector_tells_grub_from_an_empty_disk(tmp_path: Path) -> None:
    disks = {
        "vda": b"\xebc\x90" + b"\x00" * 380 + b"GRUB \x00Geom\x00" + b"\x00" * 115 + b"\x55\xaa",
        "vdb": b"\x00" * 510 + b"\x55\xaa",
        "vdc": b"\x00" * 512,
    }
    body = ["set --"]
    for name, content in disks.items():
        (tmp_path / name).write_bytes(content + b"x" * 512)
        body.append(f"set -- \"$@\" '{tmp_path}/{name}'")
    program = sick.replaced(
        sick.PROBE,
        (
            "for disk in /dev/vd[a-h] /dev/xvd[a-h] /dev/sd[a-h] /dev/nvme[0-7]n1; do",
            f"for disk in '{tmp_path}'/vd[a-h]; do",
        ),
        ('[ ! -b "$disk" ] ||', '[ ! -f "$disk" ] ||'),
        ("disk#/dev/", "disk##*/"),
    )
    read = sick.sections(sick.one_section("s_boot_sectors", program=program))["x"]
    assert facts("boot_sectors", read).boot_sectors == {"vda": "grub", "vdb": "other", "vdc": "empty"}


def test_links_are_described_and_not_followed(tmp_path: Path) -> None:
    read = planted({"/etc/nologin": "work\n", "/etc/resolv.conf": ""}, "path_states", tmp_path)
    states = facts("path_states", read).path_states
    assert states is not None
    assert (states["/etc/nologin"].type, states["/etc/nologin"].size) == ("f", 5)
    assert states["/dev/null"].type == "c"
    assert "/.autorelabel" not in states


def test_a_device_on_several_others_is_followed_to_all_of_them() -> None:
    text = (
        'NAME="md0" PKNAME="vdb1" TYPE="raid1"\nNAME="md0" PKNAME="vdc1" TYPE="raid1"\n'
        'NAME="vdb1" PKNAME="vdb" TYPE="part"\nNAME="vdb" PKNAME="" TYPE="disk"\n'
    )
    assert host({"block": text}).block_parents == {"md0": ("vdb1", "vdc1"), "vdb1": ("vdb",), "vdb": ()}


def test_a_gap_in_an_array_is_seen_and_a_resync_is_not_taken_for_one() -> None:
    text = "md1 : active raid1 vde1[1] vdd1[0]\n  1 blocks [2/2] [UU]\n  [=>....]  resync = 5.0%\nmd0 : active raid5 vdc1[0]\n  1 blocks level 5 [3/2] [UU_]\n"
    assert host({"mdstat": text}).md_degraded == ("md0 [UU_]",)


def test_every_entry_of_the_firmware_is_known_by_its_number() -> None:
    text = (
        "BootCurrent: 000A\nTimeout: 0 seconds\nBootOrder: 000A,0001\nBoot0001* UiApp\tFvVol(7cb8)\n"
        "Boot000A  CentOS Linux\tHD(1,GPT,aa)/File(\\EFI\\centos\\shimx64.efi)\n"
    )
    boot = host({"efibootmgr": text}).efi_boot
    assert boot is not None
    assert boot.current == "000A"
    assert boot.entries == {
        "0001": "UiApp\tFvVol(7cb8)", "000A": "CentOS Linux\tHD(1,GPT,aa)/File(\\EFI\\centos\\shimx64.efi)",
    }  # fmt: skip


def test_what_a_section_does_not_say_is_unknown() -> None:
    unread = host({"root_access": "keys 0\n", "cpu": "", "path_states": "", "metadata": "", "open_files": "many\n"})
    assert (unread.root_password, unread.cpu, unread.path_states, unread.metadata, unread.open_files) == (None,) * 5
    assert unread.root_keys == 0
    assert {"root_password", "cpu", "path_states", "metadata", "open_files"} <= set(unread.unread)
