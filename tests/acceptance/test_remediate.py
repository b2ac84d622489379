# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings that the playbook remediate resolves, on lab hosts: what it does, what it takes back, and what an interruption leaves."""

from __future__ import annotations

import base64
import io
import os
import shlex
import signal
import subprocess
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness import Cloud, Host

CloudOf = Callable[..., Cloud]
REMEDIATE = "alicloud.os_migration.remediate"
JOURNAL = "/var/lib/os_migration/remediated/journal"
OLD = ("4.18.0-80.el8", "4.18.0-147.el8", "4.18.0-193.el8")
KERNEL = """\
Name: kernel
Version: {version}
Release: {release}
Summary: An old kernel of a test host
License: GPLv2
Vendor: CentOS
ExclusiveArch: x86_64
%description
An old kernel of a test host.
%install
mkdir -p %{{buildroot}}/boot %{{buildroot}}/usr/lib/modules/{full}
echo vmlinuz > %{{buildroot}}/boot/vmlinuz-{full}
echo modules > %{{buildroot}}/usr/lib/modules/{full}/modules.order
%files
/boot/vmlinuz-{full}
/usr/lib/modules/{full}
%posttrans
kernel-install add {full} /boot/vmlinuz-{full}
%preun
kernel-install remove {full}
"""
# Its removal stops half-way where the test asks for it.
TOOL = """\
Name: leapp
Version: 0.13
Release: 1.el8
Summary: What an earlier migration tool left behind
License: ASL 2.0
Vendor: CentOS
BuildArch: noarch
%description
What an earlier migration tool left behind.
%install
mkdir -p %{buildroot}/etc/leapp %{buildroot}/usr/bin
echo enabled > %{buildroot}/etc/leapp/leapp.conf
echo leapp > %{buildroot}/usr/bin/leapp
%files
%config(noreplace) /etc/leapp/leapp.conf
/usr/bin/leapp
%preun
[ ! -e /srv/stop ] || { : > /srv/stopped; while [ -e /srv/stop ]; do sleep 0.1; done; }
"""
PLANT = r"""
set -e
cd /srv && base64 -d | tar -xz
rpm -i --oldpackage /srv/old/kernel-4*.rpm /srv/old/leapp-*.rpm
echo changed by hand >> /etc/leapp/leapp.conf
mkdir -p /var/lib/leapp && echo '{}' > /var/lib/leapp/answers
echo kernel > /boot/vmlinuz-upgrade.x86_64 && echo initramfs > /boot/initramfs-upgrade.x86_64.img
printf '[old]\nname=Old packages\nbaseurl=file:///srv/old\ngpgcheck=0\n' > /etc/yum.repos.d/old.repo
printf '[old]\nname=The same again\nbaseurl=file:///srv/elsewhere\ngpgcheck=0\n' > /etc/yum.repos.d/older.repo
cat > /etc/yum.repos.d/CentOS-Gone.repo <<'END'
[gone]
name=CentOS Linux $releasever - BaseOS, where it was
mirrorlist=http://mirrorlist.centos.org/?release=$releasever&arch=$basearch&repo=BaseOS&infra=$infra
#baseurl=http://mirror.centos.org/$contentdir/$releasever/BaseOS/$basearch/os/
gpgcheck=1
gpgkey=file:///etc/pki/rpm-gpg/RPM-GPG-KEY-centosofficial
END
mkdir -p /etc/dnf/plugins
printf '# kept by hand\nbash-0:4.4.20-1.el8.*\n' > /etc/dnf/plugins/versionlock.list
sed -i '/^PermitRootLogin/d' /etc/ssh/sshd_config
chmod 600 /etc/ssh/sshd_config
chown daemon:mail /etc/yum.repos.d/older.repo
"""


def built(folder: Path) -> bytes:
    """A repository of old kernels and a tool's package, as base64 of a tar file."""
    specs = {"leapp": TOOL}
    for full in OLD:
        version, release = full.split("-")
        specs[full] = KERNEL.format(version=version, release=release, full=f"{full}.x86_64")
    for name, text in specs.items():
        spec = folder / f"{name}.spec"
        spec.write_text(text)
        defines = [f"_topdir {folder}", f"_rpmdir {folder}", "_rpmfilename old/%{NAME}-%{VERSION}-%{RELEASE}.rpm"]
        command = ["rpmbuild", "-bb", "--quiet", *(word for one in defines for word in ("--define", one)), str(spec)]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
    subprocess.run(["createrepo_c", "--quiet", str(folder / "old")], check=True, capture_output=True, timeout=60)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        archive.add(folder / "old", "old")
    return base64.b64encode(packed.getvalue())


def plant(cloud: Cloud, host: str, repository: bytes) -> None:
    on(cloud, host, f"sh -c {shlex.quote(PLANT)} <<'END'\n{repository.decode()}\nEND\n")


def on(cloud: Cloud, host: str, script: str) -> str:
    return str(cloud.control("run", host, "sh", "-c", script)["stdout"])


def etc(cloud: Cloud, host: str) -> str:
    """Everything in /etc and /boot with contents, owners, modes and links, and the installed packages."""
    return on(
        cloud,
        host,
        "cd / && { find etc boot var/lib/leapp -printf '%p %y %m %u %g %l\\n' | sort;"
        " find etc boot var/lib/leapp -type f -exec sha256sum {} + | sort -k 2; rpm -qa | sort; }",
    )


def remediate(cloud: Cloud, *arguments: str, **extra: Any) -> subprocess.CompletedProcess[str]:
    return cloud.playbook(REMEDIATE, "-e", "os_migration_vault_mirror=http://mirror.lab", *arguments, **extra)


def wait_for(condition: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "what the test waits for did not happen"
        time.sleep(0.1)


def remedied(cloud: Cloud, host: str) -> set[str]:
    """The remedies that the findings of the newest report call for."""
    (found,) = [one["findings"] for one in cloud.report()["hosts"] if one["host"] == host]
    return {str(one["remediation"]["id"]) for one in found if one["status"] == "fired" and one["remediation"].get("id")}


def recap(done: subprocess.CompletedProcess[str], host: str) -> str:
    return next(line for line in done.stdout.splitlines() if line.startswith(f"{host} ") and "changed=" in line)


def test_remedies_are_finished_after_a_power_cut_checked_repeated_and_taken_back_to_the_last_byte(
    cloud_of: CloudOf, tmp_path: Path
) -> None:
    cloud = cloud_of(Host("web1"), Host("web2"))
    repository = built(tmp_path)
    for host in cloud.hosts:
        plant(cloud, host, repository)
    before = {host: etc(cloud, host) for host in cloud.hosts}
    everything = '{"os_migration_remediate": ["all-safe"]}'

    planned = remediate(cloud, "-e", everything, "--check", "--diff", accept_risks=None)
    assert planned.returncode == 0, planned.stdout
    assert "remove leapp-0.13-1.el8.noarch" in planned.stdout and "+PermitRootLogin prohibit-password" in planned.stdout
    assert {host: etc(cloud, host) for host in cloud.hosts} == before
    assert on(cloud, "web1", "ls /var/lib/os_migration 2>/dev/null || true") == ""
    needed = {"vault-mirrors", "duplicate-repositories", "version-locks", "tool-leftovers", "old-kernels", "root-login"}
    assert remedied(cloud, "web1") == needed

    cut_off(cloud, "web2", "-e", everything)
    done = remediate(cloud, "-e", everything)
    assert done.returncode == 0, done.stdout
    after = {host: etc(cloud, host) for host in cloud.hosts}
    for host in cloud.hosts:
        assert remedied(cloud, host) == set(), done.stdout
        installed = on(cloud, host, "rpm -qa 'kernel*' leapp")
        assert "leapp" not in installed and not any(version in installed for version in OLD)
        assert "baseurl=http://mirror.lab/centos-vault/8.5.2111/BaseOS/$basearch/os/" in on(
            cloud, host, "cat /etc/yum.repos.d/CentOS-Gone.repo"
        )
        assert on(cloud, host, "cat /etc/dnf/plugins/versionlock.list") == "# kept by hand\n"
        assert "dnf-json" not in after[host] and ".os_migration" not in after[host]
    assert " tool-leftovers finish " in on(cloud, "web2", f"cat {JOURNAL}")

    again = remediate(cloud, "-e", everything)
    assert again.returncode == 0 and "changed=0 " in recap(again, "web1") and "changed=0 " in recap(again, "web2")
    assert {host: etc(cloud, host) for host in cloud.hosts} == after

    undone = remediate(cloud, "-e", '{"os_migration_remediate_undo": ["all-safe"]}')
    assert undone.returncode == 0, undone.stdout
    assert {host: etc(cloud, host) for host in cloud.hosts} == before


def cut_off(cloud: Cloud, host: str, *arguments: str) -> None:
    """Kills the controller and everything that it has started on the host, while a package is being removed there."""
    on(cloud, host, ": > /srv/stop")
    command = cloud.command(
        REMEDIATE, "-e", "os_migration_vault_mirror=http://mirror.lab", *arguments, target="alinux3", accept_risks=True
    )
    log = cloud.directory / "first.log"
    play = subprocess.Popen(
        command, cwd=cloud.directory, env=cloud.environment(), start_new_session=True, stdout=log.open("wb"),
        stderr=subprocess.STDOUT,
    )  # fmt: skip

    def stopped() -> bool:
        assert play.poll() is None, log.read_text()
        return on(cloud, host, "ls /srv").split().count("stopped") == 1

    wait_for(stopped)
    os.killpg(play.pid, signal.SIGKILL)
    play.wait()
    on(
        cloud,
        host,
        "for p in /proc/[0-9]*; do [ $p != /proc/$$ ] || continue; case $(tr '\\0' ' ' <$p/cmdline 2>/dev/null) in"
        " *'sh -s -- apply'* | *'rpm -e'*) kill -9 ${p#/proc/} ;; esac; done; rm -f /srv/stop",
    )
