"""What is on a new host's disks besides its packages: its identity, keys, users, and files of an application."""
# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import gzip
import io
import os
import re
import subprocess
import tarfile
import uuid
from pathlib import Path

from .fleet import HostSpec
from .image.root import MACHINE_ID

MIRROR = "mirror.lab"
CLIENT = Path(__file__).with_name("go2aliyun_client")
APP_UID = 1500
USER_UID = 1501
CRONTAB = "17 3 * * * /srv/app/bin/backup >/dev/null 2>&1\n"


def prepare(
    root: Path, spec: HostSpec, address: str, mirror: str, public_key: str, disks: dict[str, Path]
) -> dict[str, str]:
    """Fills the mounted system disk and the data disks; tells the machine id and the public host keys."""
    machine_id = uuid.uuid4().hex
    _identity(root, spec, address, mirror, machine_id)
    _boot_entries(root, machine_id)
    _authorize(root / "root", public_key, 0)
    _application(root)
    _write(root / "usr/local/sbin" / CLIENT.name, CLIENT.read_text(), 0o755)
    if spec.user:
        _sudo_user(root, spec.user, public_key)
    for name, _mount in spec.disks:
        _data(disks[name], name)
    return {"machine_id": machine_id, "host_keys": _host_keys(root, spec.name)}


def _write(path: Path, text: str, mode: int = 0o644, owner: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.chown(path, owner, owner)
    path.chmod(mode)


def block_devices(spec: HostSpec) -> dict[str, str]:
    """Device name to data disk: the system disk is vda, data disks follow."""
    return {f"/dev/vd{chr(ord('b') + index)}1": name for index, (name, _mount) in enumerate(spec.disks)}


def _identity(root: Path, spec: HostSpec, address: str, mirror: str, machine_id: str) -> None:
    _write(root / "etc/machine-id", machine_id + "\n", 0o444)
    _write(root / "etc/hostname", spec.name + "\n")
    _write(
        root / "etc/hosts",
        f"127.0.0.1 localhost localhost.localdomain\n::1 localhost\n{address} {spec.name}\n{mirror} {MIRROR}\n",
    )
    _write(root / "etc/resolv.conf", "")
    _write(root / "etc/selinux/config", "SELINUX=disabled\nSELINUXTYPE=targeted\n")
    _write(root / "etc/sysconfig/network-scripts/ifcfg-eth0", "DEVICE=eth0\nBOOTPROTO=dhcp\nONBOOT=yes\n")
    devices = {name: device for device, name in block_devices(spec).items()}
    lines = [
        "/dev/vda1 / ext4 defaults 1 1",
        *(f"{devices[name]} {mount} ext4 defaults 0 2" for name, mount in spec.disks),
    ]
    _write(root / "etc/fstab", "\n".join(lines) + "\n")
    for _name, mount in spec.disks:
        (root / mount.lstrip("/")).mkdir(parents=True, exist_ok=True)


def _boot_entries(root: Path, machine_id: str) -> None:
    """The image was made with a placeholder for the machine id."""
    for path in sorted((root / "boot/loader/entries").glob(f"{MACHINE_ID}-*.conf")):
        text = path.read_text().replace(MACHINE_ID, machine_id)
        path.unlink()
        _write(path.with_name(path.name.replace(MACHINE_ID, machine_id)), text)
    grubenv = root / "boot/grub2/grubenv"
    _write(grubenv, grubenv.read_text().replace(MACHINE_ID, machine_id))


def _host_keys(root: Path, name: str) -> str:
    keys = []
    for kind in ("ecdsa", "ed25519"):
        path = root / f"etc/ssh/ssh_host_{kind}_key"
        subprocess.run(
            ["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", f"root@{name}", "-f", str(path)],
            stdin=subprocess.DEVNULL,
            check=True,
        )
        keys.append(path.with_suffix(".pub").read_text().rsplit(" ", 1)[0])
    return "\n".join(keys)


def _authorize(home: Path, public_key: str, owner: int) -> None:
    _write(home / ".ssh/authorized_keys", public_key, 0o600, owner)
    (home / ".ssh").chmod(0o700)
    os.chown(home / ".ssh", owner, owner)


def _user(root: Path, name: str, number: int) -> Path:
    _append(root / "etc/passwd", f"{name}:x:{number}:{number}::/home/{name}:/bin/bash\n")
    _append(root / "etc/group", f"{name}:x:{number}:\n")
    _append(root / "etc/shadow", f"{name}:*:19000:0:99999:7:::\n")
    home = root / "home" / name
    home.mkdir(parents=True, exist_ok=True)
    os.chown(home, number, number)
    home.chmod(0o700)
    return home


def _append(path: Path, line: str) -> None:
    text = path.read_text()
    path.write_text(text + ("" if text.endswith("\n") else "\n") + line)


def _sudo_user(root: Path, name: str, public_key: str) -> None:
    home = _user(root, name, USER_UID)
    _authorize(home, public_key, USER_UID)
    _write(root / f"etc/sudoers.d/{name}", f"{name} ALL=(ALL) NOPASSWD: ALL\n", 0o440)
    sudoers = root / "etc/sudoers"
    if not re.search(r"(?m)^[@#]includedir /etc/sudoers.d", sudoers.read_text()):
        _append(sudoers, "@includedir /etc/sudoers.d\n")


def _application(root: Path) -> None:
    """Files that a converter must keep: hard and symbolic links, odd modes and owners, a setuid program, a crontab."""
    home = _user(root, "app", APP_UID)
    _write(home / ".profile", "umask 027\n", 0o640, APP_UID)
    app = root / "srv/app"
    _write(app / "bin/backup", "#!/bin/sh\ntar cf /var/tmp/app.tar /srv/app/data\n", 0o755)
    _write(app / "bin/helper", "#!/bin/sh\nid\n", 0o4755)
    _write(app / "etc/app.conf", "port = 8080\nworkers = 4\n", 0o640, APP_UID)
    _write(app / "data/one", "payload\n" * 100, 0o600, APP_UID)
    os.link(app / "data/one", app / "data/one.link")
    _write(app / "data/odd name\twith tab", "x\n", 0o604, APP_UID)
    _write(app / "data/.hidden", "", 0o400, 65534)
    (app / "current").symlink_to("data")
    (app / "dangling").symlink_to("/nonexistent/target")
    (app / "spool").mkdir()
    (app / "spool").chmod(0o3770)
    os.chown(app / "spool", APP_UID, APP_UID)
    _write(root / "var/spool/cron/root", CRONTAB, 0o600)
    _write(root / "etc/cron.d/app", "5 * * * * app /srv/app/bin/backup\n")


def pack_client(target: Path) -> None:
    """The archive of the migration client, as a host downloads it; the same content makes the same file."""
    content = CLIENT.read_bytes()
    entry = tarfile.TarInfo(f"go2aliyun_client/{CLIENT.name}")
    entry.size, entry.mode = len(content), 0o755
    with (
        target.open("wb") as file,
        gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w") as archive,
    ):
        archive.addfile(entry, io.BytesIO(content))


def _data(folder: Path, name: str) -> None:
    _write(folder / "README", f"data disk {name}\n")
    _write(folder / "db/table", "row\n" * 1000, 0o600, APP_UID)
    os.link(folder / "db/table", folder / "db/table.link")
