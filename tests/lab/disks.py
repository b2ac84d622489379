"""A host's disks as directories: the mounted system disk, copies of disks that lose nothing, and a hash of what is on them."""
# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from pathlib import Path

from . import linux
from .image.run import LabError


def mount_overlay(folder: Path, lower: list[Path], target: Path) -> None:
    """folder holds what was changed (upper) and the kernel's scratch directory (work), which is new for every mount."""
    empty(folder / "work")
    for name in ("upper", "work"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    target.mkdir(parents=True, exist_ok=True)
    # Volatile: a lab's disks need not outlive the machine, so nothing waits for the real disk.
    options = f"volatile,lowerdir={':'.join(map(str, lower))},upperdir={folder}/upper,workdir={folder}/work"
    linux.mount("overlay", str(target), "overlay", options=options)


def copy_command(source: Path, target: Path) -> list[str]:
    """cp keeps hard links, whiteouts, holes, owners, times and, as root, the overlay's trusted attributes."""
    return ["cp", "-a", "--reflink=auto", "--sparse=auto", "--no-target-directory", str(source), str(target)]


def empty(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)


def tree_hash(root: Path) -> str:
    """A sha256 over paths, types, contents, modes, owners, link targets, hard links and device numbers; times are left out."""
    digest = hashlib.sha256()
    first: dict[tuple[int, int], str] = {}
    pending = [str(root)]
    while pending:
        path = pending.pop()
        info = os.lstat(path)
        name = os.path.relpath(path, root)
        _update(digest, name.encode("utf-8", "surrogateescape"), b"%o %d %d" % (info.st_mode, info.st_uid, info.st_gid))
        if stat.S_ISDIR(info.st_mode):
            pending += sorted((entry.path for entry in os.scandir(path)), reverse=True)
            continue
        original = first.setdefault((info.st_dev, info.st_ino), name) if info.st_nlink > 1 else name
        if original != name:
            _update(digest, b"hard link", original.encode("utf-8", "surrogateescape"))
        elif stat.S_ISLNK(info.st_mode):
            _update(digest, b"link", os.readlink(path).encode("utf-8", "surrogateescape"))
        elif stat.S_ISREG(info.st_mode):
            _update(digest, b"file", _content_hash(path))
        elif stat.S_ISCHR(info.st_mode) or stat.S_ISBLK(info.st_mode):
            _update(digest, b"device", b"%d" % info.st_rdev)
    return digest.hexdigest()


def _content_hash(path: str) -> bytes:
    content = hashlib.sha256()
    with open(path, "rb") as stream:
        while block := stream.read(1 << 20):
            content.update(block)
    return content.digest()


def _update(digest: hashlib._Hash, *words: bytes) -> None:
    for word in words:
        digest.update(b"%d:" % len(word) + word)


def combined(hashes: dict[str, str]) -> str:
    return hashlib.sha256("".join(f"{name} {value}\n" for name, value in sorted(hashes.items())).encode()).hexdigest()


def blob_path(blobs: Path, name: str) -> Path:
    if not name or name.startswith(".") or not all(letter.isalnum() or letter in "._-" for letter in name):
        raise LabError(f"'{name}' is no name for a copy of a disk")
    return blobs / name
