# SPDX-License-Identifier: GPL-3.0-or-later
"""A secret is taken out of a text in whatever form it is quoted there, and nothing else is."""

from __future__ import annotations

import base64
import logging
from urllib.parse import quote

import pytest

from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud import redaction

TOKEN = "CAIS+g8/Zk3mQ7vX=Yp0LrT9wB2nH5dJ6"


@pytest.mark.parametrize("before", ["", "x", "xy"])
def test_a_secret_in_a_quoted_command_in_base64_does_not_get_through(before: str) -> None:
    start = f"{before}code='"
    quoted = base64.b64encode(f"{start}{TOKEN}' # the end".encode()).decode()
    head, tail = redaction.redact(quoted, (TOKEN,)).split("***")
    assert quoted.startswith(head) and quoted.endswith(tail)
    # One letter at either edge may have a part of the secret in it.
    assert len(head) <= len(start) * 8 // 6 + 1 and len(quoted) - len(tail) >= (len(start) + len(TOKEN)) * 8 // 6


def test_a_secret_in_a_url_does_not_get_through() -> None:
    text = redaction.redact(f"moved to https://host/path;{quote(TOKEN, safe='')}", (TOKEN,))
    assert text == "moved to https://host/path;***"


@pytest.mark.parametrize("size", [len(TOKEN) - 1, 20, 12])
def test_half_a_secret_at_the_end_of_a_cut_text_does_not_get_through(size: int) -> None:
    assert redaction.redact(f"{TOKEN[-size:]} was given", (TOKEN,)) == "*** was given"
    assert redaction.redact(f"given was {TOKEN[:size]}", (TOKEN,)) == "given was ***"
    assert redaction.redact(f"a {TOKEN[:size]}[cut]{TOKEN[-size:]} b", (TOKEN,)) == "a ***[cut]*** b"


@pytest.mark.parametrize(
    "text",
    [
        "x-acs-security-token:@", "x-acs-security-token: @", '{"SecurityToken": "@", "Expiration": "x"}', "SecurityToken=@&x=1",
        "{'AccessKeySecret': '@'}", "access_key_secret = @", '"AccessTokenCode":"@"',
    ],
)  # fmt: skip
def test_a_secret_that_only_the_sdk_knew_is_known_by_its_name(text: str) -> None:
    told = redaction.redact(f"refused: {text.replace('@', TOKEN)} and so on")
    assert TOKEN not in told and TOKEN[:6] not in told and "***" in told and told.endswith("and so on")


@pytest.mark.parametrize(
    "text",
    [
        "Specified SecurityToken is expired.",
        "Specified SecurityToken mismatch with the AccessKey.",
        "The security token included in the request is invalid.",
        "CentOS 8.5, instance i-bp1a0000000000000001, code: 400",
    ],
)
def test_what_is_no_secret_is_still_told(text: str) -> None:
    assert redaction.redact(text, (TOKEN, "abc")) == text


def test_an_environment_that_asks_the_sdk_to_print_requests_is_not_heeded() -> None:
    for name in redaction.TALKATIVE:
        logging.getLogger(name).setLevel(logging.DEBUG)
    redaction.silence_libraries()
    assert not any(logging.getLogger(name).isEnabledFor(logging.DEBUG) for name in redaction.TALKATIVE)
