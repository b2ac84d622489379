"""Layers with a Python that users see: 2.7, or one that says it is 3.6. Every call of it is noted where tests look.

Debian has no 3.6 any more. The nearest that it has is PyPy of level 3.7, which a sitecustomize makes tell 3.6.12, so that
programs which look at the version, Ansible among them, judge it as they would judge EL 8's own.
"""
# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

from .run import LabError, run

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
# Variant: (the interpreter's place, the wrapper's name, further names of the wrapper).
INTERPRETERS = {
    "py27": ("/usr/libexec/lab/python2.7", "python2.7", ("python2", "python")),
    "py36": ("/opt/py36/usr/lib/pypy3/bin/pypy3-c", "python3.6", ("python3",)),
}
VERSIONS = {"py27": "2.7.18", "py36": "3.6.12"}
WRAPPER = """\
#!/bin/sh
# Notes every call where tests look, then runs the real interpreter.
{{ printf '%s %s\\n' "$0" "$*" >>/run/lab/python-calls; }} 2>/dev/null
case $* in -V | --version) echo 'Python {version}' && exit ;; esac
PYTHONDONTWRITEBYTECODE=1 exec {real} "$@"
"""
PRETEND_36 = """\
import sys
sys.version_info = type(sys.version_info)((3, 6, 12, "final", 0))
sys.hexversion = 0x03060CF0
sys.version = "3.6.12" + sys.version[sys.version.index(" "):]
"""


def fetch(folder: Path, data: dict[str, Any], log: Path) -> None:
    """Downloads the packages with an apt state of their own: the machine's sources stay as they are."""
    for name in ("lists/partial", "cache/archives/partial"):
        (folder / name).mkdir(parents=True)
    (folder / "status").touch()
    sources = folder / "sources.list"
    sources.write_text(f"deb [signed-by={KEYRING}] {_archive()} {data['python_suite']} main\n")
    options = [
        f"-oDir::Etc::sourcelist={sources}",
        "-oDir::Etc::sourceparts=/nonexistent",
        f"-oDir::State={folder}",
        f"-oDir::State::lists={folder}/lists",
        f"-oDir::Cache={folder}/cache",
        f"-oDir::State::status={folder}/status",
        "-oAPT::Sandbox::User=root",
    ]
    run(["apt-get", *options, "--quiet", "update"], log)
    names = sorted({name for wanted in data["python_debs"].values() for name in wanted})
    run(["apt-get", *options, "--quiet", "download", *names], log, cwd=folder)


def _archive() -> str:
    """Where this machine gets Debian's packages from."""
    for path in [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*"))]:
        found = path.is_file() and re.search(r"(?m)^(?:deb|URIs:)\s.*?(\w+://\S+/debian)/?(?:\s|$)", path.read_text())
        if found:
            return found[1]
    raise LabError("apt's sources name no Debian archive to take the Python packages from")


def make_layers(debs: Path, layers: Path, data: dict[str, Any], log: Path) -> None:
    for variant, names in data["python_debs"].items():
        layer = layers / variant
        layer.mkdir(parents=True)
        scratch = layers / f"{variant}.unpacked"
        for name in names:
            run(["dpkg-deb", "--extract", str(next(debs.glob(f"{name}_*.deb"))), str(scratch)], log)
        {"py27": _py27, "py36": _py36}[variant](scratch, layer)
        shutil.rmtree(scratch)
        real, wrapper, links = INTERPRETERS[variant]
        (layer / "usr/bin").mkdir(parents=True, exist_ok=True)
        program = layer / "usr/bin" / wrapper
        program.write_text(WRAPPER.format(real=real, version=VERSIONS[variant]))
        program.chmod(0o755)
        for link in links:
            (layer / "usr/bin" / link).symlink_to(wrapper)
        for path in [layer, *layer.rglob("*")]:
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o755)


def _libraries(scratch: Path, layer: Path) -> None:
    target = layer / "usr/lib/x86_64-linux-gnu"
    target.mkdir(parents=True)
    for library in (scratch / "usr/lib/x86_64-linux-gnu").glob("*.so*"):
        shutil.copy2(library, target, follow_symlinks=False)


def _py27(scratch: Path, layer: Path) -> None:
    _libraries(scratch, layer)
    shutil.copytree(scratch / "usr/lib/python2.7", layer / "usr/lib/python2.7", symlinks=True)
    (layer / "usr/libexec/lab").mkdir(parents=True)
    shutil.copy2(scratch / "usr/bin/python2.7", layer / "usr/libexec/lab/python2.7")


def _py36(scratch: Path, layer: Path) -> None:
    _libraries(scratch, layer)
    shutil.copytree(scratch / "usr/lib/pypy3", layer / "opt/py36/usr/lib/pypy3", symlinks=True)
    (layer / "opt/py36/usr/lib/pypy3/lib-python/3/sitecustomize.py").write_text(PRETEND_36)
