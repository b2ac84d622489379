"""What the boot loader and the early boot of a host would do with its disk: pick a kernel, find what fstab wants."""
# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import gzip
import re
from dataclasses import dataclass
from pathlib import Path


class NoBootError(Exception):
    """The host would not come up; the text is what its console would show."""


@dataclass(frozen=True)
class Kernel:
    version: str
    cmdline: str


@dataclass(frozen=True)
class Entry:
    id: str
    version: str
    linux: str
    initrd: str
    options: str


def version_key(version: str) -> list[tuple[int, int, str]]:
    """Orders versions as rpm does for the strings that occur here: numbers by value, and above words."""
    return [(1, int(part), "") if part.isdigit() else (0, 0, part) for part in re.findall(r"\d+|[a-zA-Z]+", version)]


def parse_entry(identity: str, text: str) -> Entry:
    fields = dict(
        line.split(None, 1) for line in text.splitlines() if len(line.split(None, 1)) == 2 and not line.startswith("#")
    )
    return Entry(identity, *(fields.get(name, "").strip() for name in ("version", "linux", "initrd", "options")))


def saved_entry(grubenv: str) -> str | None:
    match = re.search(r"(?m)^saved_entry=(.+)$", grubenv)
    return match[1].strip() if match else None


def choose(entries: list[Entry], saved: str | None) -> Entry:
    """The saved entry, by name or place in the menu; else the first of the menu, which is the newest kernel."""
    if not entries:
        raise NoBootError("the boot loader found no entry")
    menu = sorted(entries, key=lambda entry: version_key(entry.version), reverse=True)
    for entry in menu:
        if entry.id == saved:
            return entry
    if saved and saved.isdigit() and int(saved) < len(menu):
        return menu[int(saved)]
    return menu[0]


def kernel(root: Path) -> Kernel:
    """The kernel that this disk boots. Raises NoBootError where a real host would stop."""
    entries = [
        parse_entry(path.stem, path.read_text(errors="replace"))
        for path in sorted((root / "boot/loader/entries").glob("*.conf"))
    ]
    try:
        env = (root / "boot/grub2/grubenv").read_text(errors="replace")
    except OSError:
        env = ""
    entry = choose(entries, saved_entry(env))
    if not _file(root, entry.linux):
        raise NoBootError(f"error: file `{entry.linux}' not found")
    if not _file(root, entry.initrd):
        raise NoBootError(f"error: file `{entry.initrd}' not found: unable to mount root fs")
    release = Path(entry.linux).name.partition("vmlinuz-")[2]
    _check_initramfs(root / entry.initrd.lstrip("/"), release)
    if not _file(root, "/usr/bin/sh") and not _file(root, "/bin/sh"):
        raise NoBootError("no working init found")
    return Kernel(release, f"BOOT_IMAGE=(hd0,msdos1){entry.linux} {entry.options}".rstrip())


def _file(root: Path, path: str) -> bool:
    # The lab's hosts use no absolute links under /boot, so joining is safe enough here.
    return bool(path) and (root / path.lstrip("/")).is_file()


def _check_initramfs(image: Path, release: str) -> None:
    try:
        names = gzip.decompress(image.read_bytes())
    except (OSError, EOFError) as error:
        raise NoBootError(f"initramfs {image.name} is not readable: unable to mount root fs") from error
    if f"lib/modules/{release}/kernel/drivers/block/virtio_blk".encode() not in names:
        raise NoBootError(
            f"initramfs {image.name} has no virtio_blk for {release}: root device /dev/vda1 does not exist"
        )


def data_mounts(fstab: str, devices: dict[str, str]) -> list[tuple[str, str]]:
    """(disk, mount point) for the lines of fstab that name a disk of this host. A line that needs an absent one stops the boot."""
    found = []
    for line in fstab.splitlines():
        fields = line.split("#", 1)[0].split()
        if len(fields) < 3 or fields[1] in ("/", "none", "swap"):
            continue
        device, place = fields[:2]
        options = fields[3].split(",") if len(fields) > 3 else []
        if device in devices and "noauto" not in options:
            found.append((devices[device], place))
        elif device.startswith(("/dev/", "UUID=", "LABEL=")) and not {"noauto", "nofail"} & set(options):
            raise NoBootError(f"emergency mode: timed out waiting for device {device} of {place}")
    return found
