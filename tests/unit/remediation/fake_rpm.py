# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands in for rpm, yum and sshd in tests of the host program: a directory is the package database, another the repositories.

A package is a file named NAME-VERSION-RELEASE.ARCH that says what it needs and how its header is called.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path

ROOT = Path(os.environ["FAKE_ROOT"])
DATABASE, REPOSITORY, CONFIG = ROOT / "db", ROOT / "repo", ROOT / "etc/ssh/sshd_config"
LABEL = re.compile(r"(.+)-([^-]+)-([^-]+)\.([^.]+)")


def formatted(label: str, text: str, form: str) -> str:
    match = LABEL.fullmatch(label)
    if match is None:
        raise ValueError(label)
    name, version, release, arch = match.groups()
    tags = {
        "NAME": name,
        "VERSION": version,
        "RELEASE": release,
        "ARCH": arch,
        "SIZE": "1000",
        "SHA1HEADER": header(text),
    }
    for tag, value in tags.items():
        form = form.replace(f"%{{{tag}}}", value)
    return form.replace("\\n", "\n")


def header(text: str) -> str:
    return text.splitlines()[0]


def needs(text: str) -> list[str]:
    return text.splitlines()[1:]


def kernel_files(label: str) -> list[Path]:
    """What a kernel's own scripts make and delete."""
    return [ROOT / f"boot/initramfs-{label.removeprefix('kernel-')}.img"] if label.startswith("kernel-") else []


def query(words: list[str]) -> int:
    form = words[words.index("--qf") + 1] if "--qf" in words else "%{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}\\n"
    names = [word for word in words[1:] if not word.startswith("-") and word != form]
    if words[0] == "-qc":
        return 0
    if words[0] == "-qa":
        paths = sorted(DATABASE.iterdir())
    elif words[0] == "-qp":
        paths = [Path(name) for name in names if name != "/dev/null"]
    else:
        paths = [DATABASE / name for name in names]
    for path in paths:
        if path.exists():
            sys.stdout.write(formatted(path.name.removesuffix(".rpm"), path.read_text(), form))
    return 0 if all(path.exists() for path in paths) else 1


def erase(words: list[str]) -> int:
    labels = [word for word in words if not word.startswith("-")]
    kept = [path for path in DATABASE.iterdir() if path.name not in labels]
    broken = [
        f"{need} is needed by (installed) {path.name}"
        for path in kept
        for need in needs(path.read_text())
        if need in labels
    ]
    if broken:
        sys.stderr.write("error: Failed dependencies:\n" + "".join(f"\t{line}\n" for line in broken))
        return 1
    if "--test" not in words:
        for label in labels:
            (DATABASE / label).unlink()
            for file in kernel_files(label):
                file.unlink(missing_ok=True)
    return 0


def install(words: list[str]) -> int:
    for word in words:
        if not word.startswith("-"):
            label = Path(word).name.removesuffix(".rpm")
            shutil.copy(word, DATABASE / label)
            for file in kernel_files(label):
                file.write_text("made anew\n")
    return 0


def rpm(words: list[str]) -> int:
    if words[0].startswith("-q"):
        return query(words)
    return erase(words) if words[0] == "-e" else install(words)


def yum(words: list[str]) -> int:
    """Downloads what the repositories have, and ends with an error as yum does with --downloadonly."""
    folder = Path(next(word for word in words if word.startswith("--downloaddir=")).partition("=")[2])
    for word in words:
        if (REPOSITORY / word).is_file():
            shutil.copy(REPOSITORY / word, folder / f"{word}.rpm")
    return 1


def sshd(words: list[str]) -> int:
    path = Path(words[words.index("-f") + 1]) if "-f" in words else CONFIG
    lines = path.read_text().splitlines()
    if (ROOT / "sshd-refuses").exists() and "-f" in words:
        sys.stderr.write(f"{path}: line 1: Bad configuration option\n")
        return 255
    stated = [line.split()[1] for line in lines if line.lower().startswith("permitrootlogin ")]
    default = (ROOT / "sshd-default").read_text().strip()
    if "-T" in words:
        sys.stdout.write(f"port 22\npermitrootlogin {(stated or [default])[0]}\n")
    return 0


def grubby(words: list[str]) -> int:
    if words == ["--default-kernel"]:
        sys.stdout.write((ROOT / "default-kernel").read_text())
    elif words[0] == "--set-default":
        (ROOT / "default-kernel").write_text(words[1] + "\n")
    return 0


def curl(words: list[str]) -> int:
    with (ROOT / "fetched").open("a", encoding="utf-8") as log:
        log.write(words[-1] + "\n")
    return 22 if (ROOT / "mirror-is-down").exists() else 0


def systemctl(words: list[str]) -> int:
    with (ROOT / "systemctl").open("a", encoding="utf-8") as log:
        log.write(" ".join(words) + "\n")
    return 0


if __name__ == "__main__":
    programs = {"rpm": rpm, "yum": yum, "sshd": sshd, "grubby": grubby, "curl": curl, "systemctl": systemctl}
    sys.exit(programs[sys.argv[1]](sys.argv[2:]))
