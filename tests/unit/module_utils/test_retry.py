"""When a call is sent again, and when never."""

from __future__ import annotations

import importlib

import pytest
from cloud_doubles import Clock

from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud import operations, retry
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.client import PRODUCTS
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.errors import CloudError, LostAnswer

KEY = ("cn-hangzhou", "Operation")


def retrier(clock: Clock, throttle_wait: float | None = 1.0) -> retry.Retrier:
    return retry.Retrier(throttle_wait, clock=clock, wall=lambda: 45.0, sleep=clock.sleep, jitter=lambda: 0.0)


def sender(*errors: CloudError | None):
    left = list(errors)
    sent: list[int] = []

    def send() -> str:
        sent.append(1)
        error = left.pop(0) if left else None
        if error is not None:
            raise error
        return "done"

    return send, sent


def error(kind: str, retry_after: float | None = None) -> CloudError:
    return CloudError("Code", "text", kind=kind, retry_after=retry_after)


ALL = [(product, name, entry) for product, table in operations.PRODUCTS.items() for name, entry in table.items()]


@pytest.mark.parametrize(
    ("product", "operation"),
    [(product, name) for product, name, entry in ALL if entry.after_loss in ("settle", "never")],
)
def test_a_change_without_a_token_is_never_sent_twice_when_its_answer_is_lost(product, operation):
    send, sent = sender(error("unsure"))
    with pytest.raises(LostAnswer):
        retrier(Clock()).call(KEY, retry.policy_for(product, operation, {"ClientToken": "x"}), send)
    assert len(sent) == 1


@pytest.mark.parametrize(
    ("product", "operation"), [(product, name) for product, name, entry in ALL if entry.after_loss in ("read", "token")]
)
def test_reads_and_calls_with_a_token_are_sent_again(product, operation):
    send, sent = sender(error("unsure"), error("unsure"))
    policy = retry.policy_for(product, operation, {"ClientToken": "t"})
    assert retrier(Clock()).call(KEY, policy, send) == "done"
    assert len(sent) == 3


def test_a_create_without_its_token_is_not_sent_again():
    assert retry.policy_for("ecs", "CreateSnapshot", {}) == retry.ONCE


def test_the_table_is_true_about_client_tokens_and_says_how_every_lost_change_is_settled():
    for product, name, entry in ALL:
        models = importlib.import_module(f"{PRODUCTS[product].sdk}.models")
        takes_token = hasattr(getattr(models, f"{name}Request")(), "client_token")
        assert takes_token or entry.after_loss != "token", name
        assert (entry.after_loss == "read") == name.startswith(("Describe", "List")), name
        assert bool(entry.settled_by) == (entry.after_loss in ("settle", "never")), name


@pytest.mark.parametrize("kind", ["unsent", "busy"])
def test_what_was_not_carried_out_is_sent_again_whatever_it_is(kind):
    send, sent = sender(error(kind))
    assert retrier(Clock()).call(KEY, retry.ONCE, send) == "done" and len(sent) == 2


def test_an_unreachable_endpoint_gives_up_within_fifteen_seconds():
    clock = Clock()
    send, sent = sender(*[error("unsent")] * 10)
    with pytest.raises(CloudError):
        retry.Retrier(clock=clock, sleep=clock.sleep, jitter=lambda: 1.0).call(KEY, retry.RESEND, send)
    assert len(sent) == 4 and sum(clock.slept) < 15


@pytest.mark.parametrize("kind", ["refused", "credentials"])
def test_a_refusal_is_final(kind):
    send, sent = sender(error(kind))
    with pytest.raises(CloudError):
        retrier(Clock()).call(KEY, retry.RESEND, send)
    assert len(sent) == 1


def test_a_throttled_call_waits_for_the_next_minute():
    clock = Clock()
    assert retrier(clock, None).call(KEY, retry.ONCE, sender(error("throttled"))[0]) == "done"
    assert clock.slept == [15.0]


def test_the_time_that_the_service_names_comes_first():
    clock = Clock()
    retrier(clock).call(KEY, retry.ONCE, sender(error("throttled", retry_after=0.3))[0])
    assert clock.slept == [pytest.approx(0.3)]


def test_one_throttled_thread_holds_back_the_others_of_its_operation_only():
    clock = Clock()
    shared = retrier(clock)
    with pytest.raises(CloudError):
        shared.call(KEY, retry.Policy(resend=False, throttles=0), sender(error("throttled"))[0])
    shared._closed_until[KEY] = clock.now + 7
    shared.call(("cn-hangzhou", "Other"), retry.ONCE, sender()[0])
    assert clock.slept == []
    shared.call(KEY, retry.ONCE, sender()[0])
    assert clock.slept == [7]


def test_endless_throttling_ends():
    send, sent = sender(*[error("throttled")] * 100)
    with pytest.raises(CloudError):
        retrier(Clock()).call(KEY, retry.RESEND, send)
    assert len(sent) == retry.RESEND.throttles + 1
