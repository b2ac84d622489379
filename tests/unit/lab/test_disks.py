# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A disk's hash must see every change that a rollback has to undo, and nothing else."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from lab import disks


def fill(root: Path) -> None:
    (root / "folder").mkdir(parents=True)
    (root / "folder/file").write_text("content")
    os.link(root / "folder/file", root / "folder/second")
    (root / "copy").write_text("content")
    (root / "link").symlink_to("folder/file")


def _replace_hard_link(root: Path) -> None:
    (root / "folder/second").unlink()
    (root / "folder/second").write_text("content")


def _retarget(root: Path) -> None:
    (root / "link").unlink()
    (root / "link").symlink_to("copy")


CHANGES: dict[str, Callable[[Path], object]] = {
    "a byte of a file": lambda root: (root / "copy").write_text("Content"),
    "a mode": lambda root: (root / "copy").chmod(0o4755),
    "a mode of a directory": lambda root: (root / "folder").chmod(0o1777),
    "a name": lambda root: (root / "copy").rename(root / "moved"),
    "a new empty directory": lambda root: (root / "new").mkdir(),
    "a lost file": lambda root: (root / "copy").unlink(),
    "a broken hard link": _replace_hard_link,
    "the target of a link": _retarget,
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_hash_notices(tmp_path: Path, change: str) -> None:
    fill(tmp_path / "disk")
    before = disks.tree_hash(tmp_path / "disk")
    CHANGES[change](tmp_path / "disk")
    assert disks.tree_hash(tmp_path / "disk") != before


def test_the_hash_does_not_depend_on_times_or_on_the_order_of_creation(tmp_path: Path) -> None:
    fill(tmp_path / "one")
    (tmp_path / "two").mkdir()
    (tmp_path / "two/link").symlink_to("folder/file")
    (tmp_path / "two/copy").write_text("content")
    (tmp_path / "two/folder").mkdir()
    (tmp_path / "two/folder/second").write_text("content")
    os.link(tmp_path / "two/folder/second", tmp_path / "two/folder/file")
    os.utime(tmp_path / "two/copy", (1, 1))
    assert disks.tree_hash(tmp_path / "one") == disks.tree_hash(tmp_path / "two")


@pytest.mark.parametrize("name", ["", ".hidden", "../up", "a/b", "a b"])
def test_a_copy_never_lands_outside_its_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(disks.LabError, match="no name"):
        disks.blob_path(tmp_path, name)
