# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A test host must boot what a real host would boot, and must not come up where a real one would not."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from lab import bootloader

OLD, NEW = "4.18.0-348.7.1.el8_5.x86_64", "5.10.134-16.al8.x86_64"


def install(root: Path, release: str, drivers: str = "virtio_blk") -> None:
    entries = root / "boot/loader/entries"
    entries.mkdir(parents=True, exist_ok=True)
    (root / "usr/bin").mkdir(parents=True, exist_ok=True)
    (root / "usr/bin/sh").touch()
    (root / f"boot/vmlinuz-{release}").touch()
    image = f"usr/lib/modules/{release}/kernel/drivers/block/{drivers}.ko"
    (root / f"boot/initramfs-{release}.img").write_bytes(gzip.compress(image.encode()))
    (entries / f"id-{release}.conf").write_text(
        f"title A\nversion {release}\nlinux /boot/vmlinuz-{release}\ninitrd /boot/initramfs-{release}.img\noptions ro\n"
    )


def save(root: Path, entry: str) -> None:
    (root / "boot/grub2").mkdir(exist_ok=True)
    (root / "boot/grub2/grubenv").write_text(f"# GRUB Environment Block\nsaved_entry={entry}\n####")


def test_the_saved_entry_wins_over_a_newer_kernel(tmp_path: Path) -> None:
    install(tmp_path, OLD)
    install(tmp_path, NEW)
    save(tmp_path, f"id-{OLD}")
    assert bootloader.kernel(tmp_path).version == OLD


@pytest.mark.parametrize("saved", [None, "id-that-is-gone", "0"])
def test_without_a_valid_saved_entry_the_newest_kernel_boots(tmp_path: Path, saved: str | None) -> None:
    install(tmp_path, OLD)
    install(tmp_path, NEW)
    if saved:
        save(tmp_path, saved)
    assert bootloader.kernel(tmp_path) == bootloader.Kernel(NEW, f"BOOT_IMAGE=(hd0,msdos1)/boot/vmlinuz-{NEW} ro")


def test_kernel_versions_are_ordered_by_number_not_by_letter() -> None:
    assert sorted(["4.18.0-80", "4.18.0-348", "5.10.134", "4.9.1"], key=bootloader.version_key) == [
        "4.9.1",
        "4.18.0-80",
        "4.18.0-348",
        "5.10.134",
    ]


@pytest.mark.parametrize("gone", ["vmlinuz", "initramfs"])
def test_a_missing_boot_file_stops_the_host(tmp_path: Path, gone: str) -> None:
    install(tmp_path, NEW)
    for path in (tmp_path / "boot").glob(f"{gone}-*"):
        path.unlink()
    with pytest.raises(bootloader.NoBootError, match="not found"):
        bootloader.kernel(tmp_path)


def test_an_initramfs_without_the_disk_driver_stops_the_host(tmp_path: Path) -> None:
    install(tmp_path, NEW, drivers="floppy")
    with pytest.raises(bootloader.NoBootError, match="virtio_blk"):
        bootloader.kernel(tmp_path)


def test_a_truncated_initramfs_stops_the_host(tmp_path: Path) -> None:
    install(tmp_path, NEW)
    image = tmp_path / f"boot/initramfs-{NEW}.img"
    image.write_bytes(image.read_bytes()[:-9])
    with pytest.raises(bootloader.NoBootError, match="not readable"):
        bootloader.kernel(tmp_path)


def test_no_entry_at_all_stops_the_host(tmp_path: Path) -> None:
    with pytest.raises(bootloader.NoBootError, match="no entry"):
        bootloader.kernel(tmp_path)


def test_data_disks_are_mounted_where_fstab_says() -> None:
    fstab = (
        "# disks\n/dev/vda1 / ext4 defaults 1 1\n/dev/vdb1 /data ext4 defaults 0 2\n/dev/vdc1 /later ext4 noauto 0 0\n"
    )
    assert bootloader.data_mounts(fstab, {"/dev/vdb1": "data1", "/dev/vdc1": "data2"}) == [("data1", "/data")]


def test_an_fstab_line_for_an_absent_disk_stops_the_host_unless_it_may_fail() -> None:
    with pytest.raises(bootloader.NoBootError, match="emergency"):
        bootloader.data_mounts("/dev/vdz1 /gone ext4 defaults 0 2\n", {})
    assert bootloader.data_mounts("/dev/vdz1 /gone ext4 defaults,nofail 0 2\n", {}) == []
