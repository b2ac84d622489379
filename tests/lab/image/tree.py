"""The Debian tree that the rpms are cut from, and which package owns which of its files."""
# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import re
import shutil
import stat
from pathlib import Path
from typing import Any

from .run import run

HERE = Path(__file__).parent
MERGED = re.compile(r"^/(bin|sbin|lib|lib32|lib64|libx32)/")
SKIPPED_DOCS = ("doc", "info", "lintian", "locale", "man")
# Programs that are moved aside, because a small script of rootfs/ takes their place.
MOVED = {
    "usr/bin/python3.11": "usr/libexec/platform-python3.11",
    "usr/bin/systemctl": "usr/libexec/lab/systemctl",
    "usr/bin/systemd-run": "usr/libexec/lab/systemd-run",
    "usr/bin/uname": "usr/libexec/lab/uname",
    "usr/lib/systemd/system/ssh.service": "usr/lib/systemd/system/sshd.service",
}
SYMLINKS = {
    "usr/bin/sh": "bash",
    "usr/bin/yum": "dnf-3",
    "usr/sbin/halt": "../libexec/lab/power",
    "usr/sbin/poweroff": "../libexec/lab/power",
    "usr/sbin/reboot": "../libexec/lab/power",
    "usr/sbin/shutdown": "../libexec/lab/power",
    "etc/systemd/system/multi-user.target.wants/sshd.service": "/lib/systemd/system/sshd.service",
}
PYTHON_TOOLS = re.compile(r"^(python|pydoc|pygettext|pdb3|py3|2to3)")


def bootstrap(tree: Path, data: dict[str, Any], log: Path) -> None:
    """Makes the Debian tree and turns it into what an EL 8 user expects to find."""
    skip = [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in SKIPPED_DOCS]
    run(
        [
            "mmdebstrap",
            "--variant=minbase",
            "--aptopt=APT::Install-Recommends false",
            *skip,
            "--include=" + ",".join(data["include"]),
            data["suite"],
            str(tree),
        ],
        log,
    )
    for old, new in MOVED.items():
        (tree / new).parent.mkdir(parents=True, exist_ok=True)
        (tree / old).rename(tree / new)
    for name in os.listdir(tree / "usr/bin"):
        if PYTHON_TOOLS.match(name):
            (tree / "usr/bin" / name).unlink()
    for unit in ("ssh.service", "ssh.socket"):
        (tree / "etc/systemd/system/multi-user.target.wants" / unit).unlink(missing_ok=True)
    (tree / "etc/systemd/system/sshd.service").unlink(missing_ok=True)
    shutil.copytree(HERE / "rootfs", tree, dirs_exist_ok=True, symlinks=True)
    for link, target in SYMLINKS.items():
        path = tree / link
        path.unlink(missing_ok=True)
        path.symlink_to(target)
    for folder in ("usr/bin", "usr/sbin"):
        for script in (tree / folder).iterdir():
            _use_platform_python(script)
    macros = tree / "usr/lib/rpm/macros"
    macros.write_text(re.sub(r"(?m)^%_dbpath\b.*$", "%_dbpath %{_var}/lib/rpm", macros.read_text()))
    lister = tree / "usr/bin/lsinitrd"
    lister.write_text(
        lister.read_text().replace("/boot/initrd.img-${KERNEL_VERSION}", "/boot/initramfs-${KERNEL_VERSION}.img")
    )
    _let_root_in(tree / "etc/shadow")


def _use_platform_python(script: Path) -> None:
    if script.is_symlink() or not script.is_file():
        return
    with script.open("rb") as stream:
        first = stream.readline(80)
    if re.match(rb"#!.*python", first):
        script.write_bytes(script.read_bytes().replace(first, b"#!/usr/libexec/platform-python\n", 1))


def _let_root_in(shadow: Path) -> None:
    # sshd without PAM refuses an account whose password starts with "!", even with a key.
    shadow.write_text(re.sub(r"(?m)^root:[^:]*:", "root:*:", shadow.read_text()))


def packages(tree: Path, data: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Name (as EL 8 calls it) of every Debian package kept, with its version and what it requires of the others."""
    status = (tree / "var/lib/dpkg/status").read_text()
    found: dict[str, dict[str, str]] = {}
    for block in status.split("\n\n"):
        fields = dict(re.findall(r"(?m)^([A-Za-z-]+): (.*)$", block))
        if "Package" in fields:
            found[fields["Package"]] = fields
    kept = {name: fields for name, fields in found.items() if name not in data["drop"]}
    return {
        rename(name, data): {
            "version": plain_version(fields["Version"]),
            "requires": sorted({rename(dep, data) for dep in depends(fields) if dep in kept and dep != name}),
        }
        for name, fields in kept.items()
    }


def rename(name: str, data: dict[str, Any]) -> str:
    return str(data["rename"].get(name, name))


def plain_version(debian: str) -> str:
    """1:2.36-9+deb12u4 becomes 2.36: no epoch, no Debian revision, no character that rpm refuses."""
    return re.sub(r"[-+~].*", "", debian.partition(":")[2] if ":" in debian else debian)


def depends(fields: dict[str, str]) -> list[str]:
    """The first alternative of every dependency, without version and architecture."""
    text = ", ".join(filter(None, (fields.get("Pre-Depends"), fields.get("Depends"))))
    return [re.split(r"[\s:|(]", item.strip(), maxsplit=1)[0] for item in text.split(",") if item.strip()]


def file_lists(tree: Path, data: dict[str, Any]) -> dict[str, list[str]]:
    """The %files lines of every package. What no Debian package owns goes to setup, every directory to filesystem."""
    owner, conffiles = _debian_owners(tree, data)
    owner.update(data["owners"])
    users = _names(tree / "etc/passwd")
    groups = _names(tree / "etc/group")
    excluded = tuple(data["exclude"])
    files: dict[str, list[str]] = {"filesystem": [], "setup": []}
    for folder, subfolders, names in os.walk(tree):
        relative = folder[len(str(tree)) :] or "/"
        links = [name for name in subfolders if os.path.islink(os.path.join(folder, name))]
        subfolders[:] = sorted(
            name for name in subfolders if name not in links and not os.path.join(relative, name).startswith(excluded)
        )
        if relative != "/":
            files["filesystem"].append("%dir " + _entry(tree, relative, users, groups))
        for name in sorted(names + links):
            path = os.path.join(relative, name)
            package = owner.get(compiled_from(path), "setup")
            if path.startswith(excluded) or package in data["drop"]:
                continue
            ours = package == "setup" or path in data["owners"]
            is_config = path in conffiles or (ours and path.startswith("/etc/"))
            config = "%config(noreplace) " if is_config else ""
            files.setdefault(package, []).append(config + _entry(tree, path, users, groups))
    # Not /proc and /sys: rpm would fail to set their modes on a running host, whose /sys is read-only.
    files["filesystem"] += [f"%dir {path}" for path in ("/boot", "/dev", "/run", "/var/cache", "/var/log")]
    files["filesystem"].append("%dir %attr(1777,root,root) /tmp")
    return files


def compiled_from(path: str) -> str:
    """The source of a compiled Python file, which belongs to the same package; any other path itself."""
    folder, _cache, name = path.rpartition("/__pycache__/")
    return f"{folder}/{name.partition('.')[0]}.py" if folder else path


def _debian_owners(tree: Path, data: dict[str, Any]) -> tuple[dict[str, str], set[str]]:
    owner: dict[str, str] = {}
    conffiles: set[str] = set()
    for info in sorted((tree / "var/lib/dpkg/info").iterdir()):
        package = info.stem.partition(":")[0]
        if info.suffix == ".list":
            name = package if package in data["drop"] else rename(package, data)
            owner.update((MERGED.sub(r"/usr/\1/", line), name) for line in info.read_text().splitlines())
        elif info.suffix == ".conffiles":
            conffiles.update(line.split()[-1] for line in info.read_text().splitlines() if line)
    return owner, conffiles


def _names(passwd: Path) -> dict[int, str]:
    return {int(line.split(":")[2]): line.split(":")[0] for line in passwd.read_text().splitlines()}


def _entry(tree: Path, path: str, users: dict[int, str], groups: dict[int, str]) -> str:
    """Owner names are the tree's own: the building machine may number its users differently."""
    info = os.lstat(str(tree) + path)
    quoted = '"' + path.replace("%", "%%") + '"'
    if info.st_uid == 0 and info.st_gid == 0:
        return quoted
    mode = "-" if stat.S_ISLNK(info.st_mode) else format(stat.S_IMODE(info.st_mode), "o")
    return f"%attr({mode},{users[info.st_uid]},{groups[info.st_gid]}) {quoted}"
