# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes secrets out of texts that come from a service, a library or a host, in whatever form they are quoted there."""

from __future__ import annotations

import base64
import logging
import os
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote

MASK = "***"
ENVIRONMENT = ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABA_CLOUD_SECURITY_TOKEN")
# A text may have been cut in the middle of a secret, so pieces of this length are taken out too.
PIECE = 12
# Libraries that print whole requests, with tokens and commands, when the environment has DEBUG=sdk.
TALKATIVE = ("alibabacloud-tea", "darabonba-core")

# A secret that nobody here knows, because a role or a file gave it to the SDK, is known by its name.
_NAMED = re.compile(
    r"""(?ix) ( (?: access_?-?key_?-?secret | secret_?-?access_?-?key | (?:x-acs-)? security_?-?token
        | access_?-?token_?-?code ) ["']? \s* [:=] \s* ["']? ) [^\s"'&,;}<>]+"""
)


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """Take out what must not reach a log: secrets, and query strings, which carry whole requests."""
    known = (*secrets, *(os.environ.get(name, "") for name in ENVIRONMENT))
    text = _masked(text, {form for secret in known for form in forms(secret)})
    text = re.sub(r"\?[^\s'\")]+", "", text)
    # The service quotes the whole string to sign when a signature is wrong: noise at best.
    text = re.split(r"[,.]?\s*server string to sign", text, flags=re.IGNORECASE)[0]
    return _NAMED.sub(rf"\1{MASK}", text).strip()


def forms(secret: str) -> Iterator[str]:
    """A secret as it is, as a URL has it, and as Base64 of a text that contains it has it; nothing for a short one."""
    if len(secret) <= 3:
        return
    yield secret
    if quote(secret, safe="") != secret:
        yield quote(secret, safe="")
    if len(secret) < PIECE:
        return
    data = secret.encode("utf-8", "surrogateescape")
    for before in range(3):
        # Only the letters that no neighbour of the secret has a part in.
        first, last = -(-before * 8 // 6), (before + len(data)) * 8 // 6
        yield base64.b64encode(bytes(before) + data).decode("ascii")[first:last]


def silence_libraries() -> None:
    """No library of the SDK prints requests, whatever the environment asks for."""
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.INFO)


def _masked(text: str, secrets: Iterable[str]) -> str:
    """The text without these, and without long pieces of the long ones. What touches is one mask."""
    for start, end in reversed(_merged(found for secret in secrets for found in _places(text, secret))):
        text = text[:start] + MASK + text[end:]
    return text


def _places(text: str, secret: str) -> Iterator[tuple[int, int]]:
    """Where a secret is, or pieces of it; a short one has none, since each would be a common word."""
    size = PIECE if len(secret) >= PIECE + 4 else len(secret)
    pieces = {secret[start : start + size] for start in range(len(secret) - size + 1)}
    for start in range(len(text) - size + 1):
        if text[start : start + size] in pieces:
            yield start, start + size


def _merged(places: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(places):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
