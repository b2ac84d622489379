"""The source's root tree: an empty tree, and the real rpm installs every package of the source into it, dependencies checked."""
# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

from .packages import KEY_NAMES
from .run import run

# Installed on hosts only where the fleet file asks for them.
PLANTED = ("acme-agent", "acme-db", "acme-web", "glibc-compat")
MACHINE_ID = "0" * 31 + "1"
CMDLINE = "root=/dev/vda1 ro crashkernel=auto net.ifnames=0 console=tty0 console=ttyS0,115200n8"
DEVICES = {"null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8), "urandom": (1, 9)}
DEFAULT_GRUB = f"""\
GRUB_TIMEOUT=1
GRUB_DISTRIBUTOR="$(sed 's, release .*$,,g' /etc/system-release)"
GRUB_DEFAULT=saved
GRUB_DISABLE_SUBMENU=true
GRUB_TERMINAL_OUTPUT="console"
GRUB_CMDLINE_LINUX="{CMDLINE.partition(" ro ")[2]}"
GRUB_DISABLE_RECOVERY="true"
GRUB_ENABLE_BLSCFG=true
"""


def install(work: Path, log: Path) -> None:
    root = work / "root-el8"
    for folder in (
        "dev",
        "etc/kernel",
        "etc/default",
        "boot/grub2",
        "boot/loader/entries",
        "proc",
        "sys",
        "var/lib/rpm",
    ):
        (root / folder).mkdir(parents=True)
    # Owners of files are looked up in the new root while rpm unpacks.
    for name in ("passwd", "group", "shadow", "gshadow"):
        shutil.copy2(work / "tree/etc" / name, root / "etc" / name)
    (root / "etc/machine-id").write_text(MACHINE_ID + "\n")
    (root / "etc/kernel/cmdline").write_text(CMDLINE + "\n")
    (root / "etc/default/grub").write_text(DEFAULT_GRUB)
    (root / "etc/localtime").symlink_to("../usr/share/zoneinfo/Asia/Shanghai")
    for name, (major, minor) in DEVICES.items():
        os.mknod(root / "dev" / name, stat.S_IFCHR | 0o666, os.makedev(major, minor))
    repo = work / "repo/el8/BaseOS/x86_64/os"
    packages = sorted(str(path) for path in repo.glob("*.rpm") if path.name.rsplit("-", 2)[0] not in PLANTED)
    rpm = ["rpm", "--root", str(root), "--define", "_dbpath /var/lib/rpm"]
    run([*rpm, "--import", str(work / "repo" / KEY_NAMES["el8"])], log)
    run([*rpm, "--install", *packages], log)
    kernel = next((root / "boot").glob("vmlinuz-*")).name
    for command in (
        ["grub2-editenv", "-", "create"],
        ["grubby", f"--set-default=/boot/{kernel}"],
        ["grub2-mkconfig", "-o", "/boot/grub2/grub.cfg"],
    ):
        run(["chroot", str(root), *command], log)
    for name in DEVICES:
        (root / "dev" / name).unlink()
