"""Building, signing and publishing the rpms of both flavours."""
# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

from . import tree as trees
from .run import run
from .spec import VENDORS, userland_spec

HERE = Path(__file__).parent
ELF = Path("/usr/lib/rpm/fileattrs/elf.attr")
KERNELS = {"el8": ("4.18.0", "348.7.1.el8_5"), "al8": ("5.10.134", "16.al8")}
SIGNERS = {
    "el8": "Lab source distribution (test key)",
    "al8": "Lab target distribution (test key)",
    "bad": "Nobody known (test key)",
}
KEY_NAMES = {
    "el8": "el8/RPM-GPG-KEY-CENTOS",
    "al8": "alinux/3/RPM-GPG-KEY-ALINUX-3",
    "bad": "alinux-badsig/3/RPM-GPG-KEY-ALINUX-3",
}
EPOCH = "1735689600"


def make_keys(work: Path, log: Path) -> Path:
    """Three signing keys. Their home is short, because gpg-agent's socket path is limited, and is removed after signing."""
    home = Path(tempfile.mkdtemp(prefix="labgpg-"))
    for flavour, name in SIGNERS.items():
        run(
            [
                "gpg",
                "--homedir",
                str(home),
                "--batch",
                "--pinentry-mode",
                "loopback",
                "--passphrase",
                "",
                "--quick-generate-key",
                name,
                "rsa2048",
                "sign",
                "never",
            ],
            log,
        )
        public = work / "repo" / KEY_NAMES[flavour]
        public.parent.mkdir(parents=True, exist_ok=True)
        # The repository with the trap publishes the right key: only its release package is signed by another one.
        signer = SIGNERS["al8"] if flavour == "bad" else name
        run(
            [
                "gpg",
                "--homedir",
                str(home),
                "--batch",
                "--armor",
                "--export-options",
                "export-minimal",
                "--output",
                str(public),
                "--export",
                signer,
            ],
            log,
        )
    return home


def build_all(work: Path, data: dict[str, Any], pool: Executor) -> None:
    found = trees.packages(work / "tree", data)
    files = trees.file_lists(work / "tree", data)
    attributes = work / "rpmbuild/fileattrs"
    attributes.mkdir(parents=True)
    shutil.copy(ELF, attributes)
    jobs = [
        pool.submit(_build_flavour, work, flavour, userland_spec(flavour, work / "tree", found, files, data))
        for flavour in VENDORS
    ]
    for job in jobs:
        job.result()


def _build_flavour(work: Path, flavour: str, userland: str) -> None:
    top = work / "rpmbuild" / flavour
    top.mkdir()
    (top / "userland.spec").write_text(userland)
    log = work / f"rpmbuild-{flavour}.log"
    version, release = KERNELS[flavour]
    macros = {
        "_topdir": str(top),
        "_rpmdir": str(top / "rpms"),
        "_fileattrsdir": str(work / "rpmbuild/fileattrs"),
        "_build_name_fmt": "%%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm",
        "_binary_payload": "w.ufdio",
        "_source_payload": "w.ufdio",
        "debug_package": "%{nil}",
        "__os_install_post": "%{nil}",
        "__check_files": "%{nil}",
        "_build_id_links": "none",
        "_buildhost": "lab",
        "flavour": flavour,
        "vendor": VENDORS[flavour],
        "sources": str(HERE / "specs/sources"),
        "keyfile": str(work / "repo" / KEY_NAMES[flavour]),
        "kversion": version,
        "krelease": release,
        "tree": str(work / "tree"),
    }
    defines = [word for name, value in macros.items() for word in ("--define", f"{name} {value}")]
    specs = [
        top / "userland.spec",
        HERE / f"specs/release-{flavour}.spec",
        *(HERE / f"specs/{name}.spec" for name in ("kernel", "boot", "planted")),
    ]
    for spec in specs:
        run(["rpmbuild", "-bb", "--quiet", "--nodeps", *defines, str(spec)], log, {"SOURCE_DATE_EPOCH": EPOCH})
    if flavour == "el8":
        run(
            ["rpmbuild", "-bb", "--quiet", "--target", "i686", *defines, str(HERE / "specs/i686.spec")],
            log,
            {"SOURCE_DATE_EPOCH": EPOCH},
        )
    shutil.rmtree(top / "BUILDROOT", ignore_errors=True)


def sign_and_index(work: Path, data: dict[str, Any], home: Path, pool: Executor) -> None:
    try:
        bad = work / "rpmbuild/bad"
        bad.mkdir()
        for package in (work / "rpmbuild/al8/rpms").glob("alinux-release-*.rpm"):
            shutil.copy(package, bad)
        folders = {"el8": work / "rpmbuild/el8/rpms", "al8": work / "rpmbuild/al8/rpms", "bad": bad}
        for job in [
            pool.submit(_sign, home, SIGNERS[flavour], folder, work / f"sign-{flavour}.log")
            for flavour, folder in folders.items()
        ]:
            job.result()
    finally:
        subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=False)
        shutil.rmtree(home)
    repositories = _lay_out(work, data)
    for index in [
        pool.submit(
            run, ["createrepo_c", "--quiet", "--simple-md-filenames", str(folder)], work / f"index-{number}.log"
        )
        for number, folder in enumerate(repositories)
    ]:
        index.result()


def _sign(home: Path, name: str, folder: Path, log: Path) -> None:
    run(
        [
            "rpmsign",
            "--addsign",
            "--define",
            f"_gpg_path {home}",
            "--define",
            f"_gpg_name {name}",
            "--define",
            "_gpg_digest_algo sha256",
            "--define",
            f"__gpg {shutil.which('gpg')}",
            *map(str, sorted(folder.glob("*.rpm"))),
        ],
        log,
        {"GNUPGHOME": str(home)},
    )


def _lay_out(work: Path, data: dict[str, Any]) -> list[Path]:
    """Moves the rpms to where the real mirrors have them; the trap's repositories share all files but one by hard links."""
    source = work / "repo/el8/BaseOS/x86_64/os"
    source.mkdir(parents=True)
    for package in (work / "rpmbuild/el8/rpms").glob("*.rpm"):
        package.rename(source / package.name)
    parts = {name: part for part in ("updates", "plus") for name in data[part]}
    folders = [source]
    for base, release in (("alinux", None), ("alinux-badsig", work / "rpmbuild/bad")):
        for part in ("os", "updates", "module", "plus"):
            folder = work / "repo" / base / "3" / part / "x86_64"
            folder.mkdir(parents=True)
            folders.append(folder)
        for package in (work / "rpmbuild/al8/rpms").glob("*.rpm"):
            name = package.name.rsplit("-", 2)[0]
            target = work / "repo" / base / "3" / parts.get(name, "os") / "x86_64" / package.name
            own = release / package.name if release else package
            os.link(own if own.exists() else package, target)
    return folders
