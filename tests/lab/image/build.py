"""Builds what every lab runs on: two signed package repositories, the source's root tree and the Python layers.

The result lies under lab/<key> of the cache, where the key is the hash of every file of this folder.
"""
# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml

from . import packages, pythons, root, tree
from .run import LabError

HERE = Path(__file__).parent
PROGRAMS = ("createrepo_c", "gpg", "ip", "mmdebstrap", "rpm", "rpmbuild", "rpmsign", "setpriv", "ssh-keygen", "unshare")
SEARCH = ("/usr/sbin", "/sbin")


def cache_root() -> Path:
    base = os.environ.get("OS_MIGRATION_CACHE")
    if base:
        return Path(base) / "lab"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "alicloud-os-migration" / "lab"


def key() -> str:
    digest = hashlib.sha256()
    for path in sorted(HERE.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(
                f"{path.relative_to(HERE)}\0{path.stat().st_mode & 0o111}\0".encode() + path.read_bytes() + b"\0"
            )
    return digest.hexdigest()[:16]


def need_programs() -> None:
    os.environ["PATH"] = os.pathsep.join([os.environ.get("PATH", ""), *SEARCH])
    missing = [name for name in PROGRAMS if not shutil.which(name)]
    if missing:
        raise LabError(f"the lab needs these programs, which are not here: {', '.join(missing)}")


def ensure() -> Path:
    """The finished image for this source; built now if it is not in the cache. Two builders wait for each other."""
    need_programs()
    done = cache_root() / key()
    if done.is_dir():
        return done
    done.parent.mkdir(parents=True, exist_ok=True)
    with (done.parent / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if done.is_dir():
            return done
        for leftover in done.parent.glob("building-*"):
            shutil.rmtree(leftover)
        work = done.parent / f"building-{done.name}"
        work.mkdir()
        started = time.monotonic()
        _build(work)
        for folder in ("tree", "rpmbuild"):
            shutil.rmtree(work / folder)
        work.rename(done)
        print(f"lab: image {done.name} built in {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    return done


def _build(work: Path) -> None:
    data: dict[str, Any] = yaml.safe_load((HERE / "packages.yml").read_text())
    steps = _Steps()
    with ThreadPoolExecutor(3) as pool:
        layers = pool.submit(pythons.fetch, work / "debs", data, work / "pythons.log")
        signers = pool.submit(packages.make_keys, work, work / "keys.log")
        tree.bootstrap(work / "tree", data, work / "tree.log")
        steps.done("Debian tree")
        keys = signers.result()
        packages.build_all(work, data, pool)
        steps.done("rpms")
        packages.sign_and_index(work, data, keys, pool)
        steps.done("signatures and repositories")
        root.install(work, work / "root.log")
        steps.done("source root")
        layers.result()
        pythons.make_layers(work / "debs", work / "layers", data, work / "pythons.log")
        steps.done("Python layers")
    shutil.rmtree(work / "debs")


class _Steps:
    def __init__(self) -> None:
        self.last = time.monotonic()

    def done(self, what: str) -> None:
        now = time.monotonic()
        print(f"lab: {what}: {now - self.last:.0f} s", file=sys.stderr, flush=True)
        self.last = now
