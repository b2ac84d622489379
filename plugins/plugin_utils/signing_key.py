# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The target's signing key and repositories, as the controller hands them to every host of a run."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ansible.module_utils.urls import open_url

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.run import RunDirectory

KEY_FILE = "target.key"
ARMOR = "-----BEGIN PGP PUBLIC KEY BLOCK-----"
MAX_BYTES = 200_000


class KeyProblem(ValueError):
    """The key cannot be had or trusted; the text says why and what to do."""


def pinned_key(run: RunDirectory, location: str, sha256: str) -> str:
    """The key's text. The first host's task fetches it; from then on it stays the same for the whole run.

    A file or an https address is trusted as it is; from anywhere else the checksum must be given.
    """
    kept = run.path / KEY_FILE
    text = kept.read_text("ascii") if kept.exists() else _read(location, sha256)
    found = hashlib.sha256(text.encode("ascii")).hexdigest()
    if sha256 and found != sha256.lower():
        raise KeyProblem(
            f"The signing key from {location} has the SHA-256 {found}, not the pinned {sha256}: do not trust this mirror."
        )
    if not kept.exists():
        run.write_text(KEY_FILE, text)
    return text


def _read(location: str, sha256: str) -> str:
    remote = "://" in location
    if remote and not location.startswith("https://") and not sha256:
        raise KeyProblem(
            f"The signing key at {location} is not protected on its way: give its SHA-256, a file, or an https address."
        )
    try:
        data = (
            open_url(location, timeout=30).read(MAX_BYTES)
            if remote
            else Path(location).expanduser().read_bytes()[:MAX_BYTES]
        )
        text = data.decode("ascii")
    except UnicodeDecodeError as error:
        raise KeyProblem(f"What {location} gives is not an ASCII-armored public key.") from error
    except Exception as error:  # open_url raises a dozen kinds
        raise KeyProblem(
            f"The signing key could not be read from {location}: {error}. Give a file that the controller has."
        ) from error
    if ARMOR not in text:
        raise KeyProblem(f"What {location} gives is not an ASCII-armored public key.")
    return text


def repository_file(repositories: Iterable[Mapping[str, Any]], key_path: str) -> str:
    """The text of a .repo file with these repositories (`id`, `baseurl`), all bound to the one key."""
    parts = []
    for repository in repositories:
        name, address = str(repository.get("id", "")), str(repository.get("baseurl", ""))
        if not name or not address or any(c in name + address for c in "\n\r[]"):
            raise KeyProblem(f"The repository {dict(repository)!r} needs an id and a baseurl, each on one line.")
        parts.append(f"[{name}]\nname={name}\nbaseurl={address}\nenabled=1\ngpgcheck=1\ngpgkey=file://{key_path}\n")
    if not parts:
        raise KeyProblem("No repository of the target is given.")
    return "\n".join(parts)
