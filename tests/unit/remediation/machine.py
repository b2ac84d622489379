# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A CentOS 7 host in a directory: the host program runs on it with real tools, and with stand-ins for rpm, yum and sshd."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROLE = Path(__file__).resolve().parents[3] / "roles/remediate/files"
PROGRAM = "".join((ROLE / name).read_text("utf-8") for name in ("remedies.sh", "remediate.sh"))
SEARCH_PATH = "PATH=/usr/sbin:/usr/bin:/sbin:/bin"
STAND_INS = ("rpm", "yum", "sshd", "grubby", "curl", "systemctl")
TOOLS = (
    "awk", "cat", "chmod", "cmp", "cp", "cut", "date", "dd", "df", "du", "find", "flock", "grep", "head", "mkdir", "mv", "od", "readlink", "rm", "sed",
    "sh", "sha256sum", "sort", "stat", "tail", "timeout", "tr",
)  # fmt: skip
RUNNING = "3.10.0-1160.el7.x86_64"
BASE_REPO = """\
# CentOS-Base.repo
[base]
name=CentOS-$releasever - Base
mirrorlist=http://mirrorlist.centos.org/?release=$releasever&arch=$basearch&repo=os&infra=$infra
#baseurl=http://mirror.centos.org/centos/$releasever/os/$basearch/
gpgcheck=1

[centosplus]
name=CentOS-$releasever - Plus
mirrorlist=http://mirrorlist.centos.org/?release=$releasever&arch=$basearch&repo=centosplus&infra=$infra
enabled=0
"""


class Machine:
    """`root` is its root directory. Processes and kernel are files under `root`/proc."""

    def __init__(self, root: Path, shell: str = "sh", awk: str = "awk") -> None:
        self.root, self.shell = root, str(shutil.which(shell))
        self.tools = root / "tools"
        self.tools.mkdir(parents=True)
        for tool in TOOLS:
            (self.tools / tool).symlink_to(str(shutil.which(awk if tool == "awk" else tool)))
        fake = Path(__file__).with_name("fake_rpm.py")
        for name in STAND_INS:
            self.tool(name, f'FAKE_ROOT="{root}" exec {sys.executable} -I -S {fake} {name} "$@"')
        self.tool("id", "echo 0")
        self.tool("uname", "echo x86_64")
        self.write("etc/os-release", 'NAME="CentOS Linux"\nID="centos"\nVERSION_ID="7"\n')
        self.write("etc/yum.repos.d/CentOS-Base.repo", BASE_REPO)
        self.write("etc/ssh/sshd_config", "#PermitRootLogin yes\nUsePAM yes\nMatch User joe\n  X11Forwarding no\n")
        self.write("sshd-default", "yes\n")
        self.write("default-kernel", f"/boot/vmlinuz-{RUNNING}\n")
        self.write("proc/sys/kernel/osrelease", f"{RUNNING}\n")
        self.write("proc/self/mounts", "/dev/vda1 / ext4 rw 0 0\n")
        self.write("etc/yum/pluginconf.d/versionlock.list", "# by hand\n0:bash-4.2.46-34.el7.*\n")
        (root / "repo").mkdir()
        self.package(f"kernel-{RUNNING}")

    def tool(self, name: str, script: str) -> None:
        path = self.tools / name
        path.unlink(missing_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def write(self, name: str, text: str, mode: int = 0o644) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        return path

    def read(self, name: str) -> str:
        return (self.root / name).read_text()

    def package(self, label: str, *needs: str, had: bool = True) -> None:
        """An installed package; `had` says whether the repositories have it too."""
        text = "\n".join([hashlib.sha1(label.encode()).hexdigest(), *needs]) + "\n"
        self.write(f"db/{label}", text)
        if had:
            self.write(f"repo/{label}", text)
        if label.startswith("kernel-"):
            version = label.removeprefix("kernel-")
            self.write(f"boot/initramfs-{version}.img", f"initramfs {version}\n", 0o600)

    def program(self) -> str:
        """The host program, at home in this directory."""
        moved = re.sub(r"(?<![\w$}{./*-])/(etc|boot|var|root|proc|usr/share)(?=/)", rf"{self.root}/\1", PROGRAM)
        return moved.replace(SEARCH_PATH, f"PATH={self.tools}")

    def run(
        self,
        verb: str,
        *ids: str,
        due: Sequence[str] | None = None,
        irreversible: bool = False,
        diff: bool = False,
        mirror: str = "https://mirrors.example.com",
    ) -> subprocess.CompletedProcess[str]:
        asked, wanted = ",".join(ids), ",".join(ids if due is None else due)
        words = [verb, "yes" if diff else "no", "yes" if irreversible else "no", mirror, asked, wanted]
        return subprocess.run(
            [self.shell, "-s", "--", *words],
            input=f"echo $$ >'{self.root}/main.pid'\n{self.program()}",
            text=True,
            capture_output=True,
            timeout=120,
            check=False,
        )

    def ask(self, verb: str, *ids: str, **options: Any) -> dict[str, dict[str, Any]]:
        """What the program says about each remedy; its refusal stands under the empty name."""
        done = self.run(verb, *ids, **options)
        document = json.loads(done.stdout)
        assert document["remediate"] == 1 and done.stderr == "", done.stderr
        if document["refused"]:
            return {"": {"state": "refused", "message": document["refused"]}}
        return {one["id"]: one for one in document["remedies"]}

    def tree(self) -> dict[str, str]:
        """Every file that is not the program's own, with its mode and content."""
        found = {}
        for place in ("etc", "boot", "root", "db", "var"):
            for path in sorted((self.root / place).rglob("*")):
                name = str(path.relative_to(self.root))
                if not name.startswith("var/lib/os_migration") and name not in ("var", "var/lib"):
                    stat = path.lstat()
                    kind = "" if path.is_dir() else f"{stat.st_mtime_ns} {path.read_bytes()!r}"
                    found[name] = f"{stat.st_mode:o} {kind}" if place != "db" else path.read_text()
        return found
