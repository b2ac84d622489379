"""From what the SDK raises to what a user reads."""

from __future__ import annotations

import pytest
from alibabacloud_credentials.exceptions import CredentialException
from cloud_doubles import cases

from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud import errors


class SdkError(Exception):
    def __init__(self, raised):
        super().__init__(raised.get("message", "text"))
        self.code = raised["code"]
        self.message = raised.get("message", "code: 400, text request id: R1")
        self.data = {"RequestId": "R1", "Message": raised.get("Message", "text"), "statusCode": raised["status"]}


class Unretryable(Exception):
    code = None

    def __init__(self, inner):
        super().__init__(str(inner))
        self.inner_exception = inner


@pytest.mark.parametrize("case", cases("errors.yml"), ids=lambda case: case["name"])
def test_a_user_learns_what_happened_and_what_to_do(case):
    error = errors.from_exception(SdkError(case["raised"]), "CreateSnapshot", "d-1")
    assert error.kind == case["kind"]
    assert error.code == case.get("code", case["raised"]["code"])
    assert case.get("hint", "") in (error.hint or "")
    assert (error.request_id, error.http_status) == ("R1", case["raised"]["status"])
    assert "CreateSnapshot d-1" in str(error) and "R1" in str(error)
    assert case.get("never", "nothing of the kind") not in str(error)


@pytest.mark.parametrize("name", sorted(errors.NEVER_SENT))
def test_a_request_that_never_left_may_be_sent_again(name):
    deep = type(name, (Exception,), {})("host name and ?InstanceIds=secret-query")
    error = errors.from_exception(Unretryable(deep), "ResetDisk")
    assert (error.kind, error.code) == ("unsent", "Unreachable") and "secret-query" not in str(error)


def test_a_connection_that_broke_leaves_open_whether_it_was_done():
    error = errors.from_exception(Unretryable(ConnectionResetError("reset by peer")), "ResetDisk", "d-1")
    assert (error.kind, error.code) == ("unsure", "NoAnswer")


def test_an_answer_that_is_not_json_is_told_as_such():
    error = errors.from_exception(
        Unretryable(RuntimeError('Failed to parse the value as json format, Value: "<html>".')), "X"
    )
    assert (error.kind, error.code) == ("unsure", "BadAnswer") and "<html>" in error.message


def test_missing_credentials_are_told_without_a_traceback():
    error = errors.from_exception(CredentialException("unable to load credentials from any of the providers"), "X")
    assert (error.kind, error.code) == ("credentials", "NoCredentials") and "profile" in (error.hint or "")


def test_secrets_never_reach_a_message(monkeypatch):
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "from-the-environment")
    raised = {"code": "X", "status": 400, "Message": "hidden-secret and from-the-environment and https://h/?Token=abc"}
    text = str(errors.from_exception(SdkError(raised), "X", secrets=("hidden-secret",)))
    assert not [word for word in ("hidden-secret", "from-the-environment", "abc") if word in text]


def test_the_result_has_the_promised_keys():
    assert set(errors.CloudError("A", "b").as_dict()) == {
        "code",
        "message",
        "request_id",
        "operation",
        "hint",
        "http_status",
    }
