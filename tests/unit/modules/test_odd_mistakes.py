"""A mistake of ours: one sentence that can be reported, with nothing secret in it, instead of a traceback."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ansible_collections.alicloud.os_migration.plugins.module_utils import base
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud import instances

ROOT = Path(__file__).resolve().parents[3]
SOURCE = (ROOT / "plugins/module_utils/alicloud/instances.py").read_text().splitlines()
ENDLESS: list[object] = []
ENDLESS.append(ENDLESS)
MISTAKES: list[Exception] = [
    KeyError("InstanceId"), IndexError("list index out of range"), AttributeError("'NoneType' object has no attribute 'get'"),
    TypeError("unsupported operand"), ValueError("invalid literal for int()"), RecursionError("maximum recursion depth"),
    OverflowError("int too large to convert to float"), AssertionError(), ValueError("x" * 10_000_000), ValueError(ENDLESS),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), ValueError("\x1b]0;title\x07\r\n\tred"),
]  # fmt: skip
ASK = {"instances": [{"id": "i-one"}]}


def fail_with(monkeypatch: pytest.MonkeyPatch, mistake: Exception, where: str = "from_wire") -> None:
    def broken(*_given: object) -> str:
        raise mistake

    monkeypatch.setattr(instances, where, broken)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda one: f"{type(one).__name__}-{str(one)[:20]!r}")
def test_a_mistake_ends_in_one_sentence_that_says_where_it_is_and_asks_for_a_report(run, monkeypatch, mistake):
    fail_with(monkeypatch, mistake)
    answer = run("ecs_instance_info", **ASK)
    error, text = answer["error"], answer["msg"]
    assert answer["failed"] and error["code"] == "UnexpectedError" and "Traceback" not in str(answer)
    assert "ecs_instance_info" in text and type(mistake).__name__ in text and "report it with this line" in text
    found = re.search(r"plugins/module_utils/alicloud/instances\.py:(\d+) \(normalise\)", text)
    assert found and "from_wire(" in SOURCE[int(found.group(1)) - 1]
    assert len(text) < 800 and text.isprintable() and str(ROOT) not in str(answer)


def test_a_mistake_whose_text_holds_a_secret_does_not_tell_it(run, sim, monkeypatch):
    secret, token = sim.account.access_key_secret, "an-sts-token-that-nobody-may-see"
    for held in (secret, token, f"https://x/?AccessKeySecret={secret}", f"SecurityToken: {token}"):
        fail_with(monkeypatch, KeyError(f"begin {held} end"), where="pages")
        answer = run("ecs_instance_info", **ASK, security_token=token)
        assert answer["error"]["code"] == "UnexpectedError" and "begin" in answer["msg"]
        assert secret not in str(answer) and token not in str(answer)


def test_the_secret_is_masked_before_the_text_is_cut():
    secret = "s3cr3t-with-many-letters-0123456789"
    error = base.unexpected(ValueError("x" * (base.QUOTED - 10) + secret), [secret, None])
    assert secret[:8] not in error.message and "an unknown place" in error.message


def test_what_ends_a_module_on_purpose_is_no_mistake(run):
    answer = run("ecs_instance_info", instances=[{"id": "i-none"}])
    assert answer["failed"] and "UnexpectedError" not in str(answer) and answer["results"][0]["error"]
