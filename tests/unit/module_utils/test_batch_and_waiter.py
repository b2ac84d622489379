"""Many items: their order, their errors, and waiting for all of them with one look per tick."""

from __future__ import annotations

import pytest
from cloud_doubles import Clock

from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud import batch
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.batch import Ref
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.errors import CloudError
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.waiter import Pace, Waiter, wait_for

A, B = Ref("r1", "a"), Ref("r2", "b")


def test_results_come_in_the_order_of_the_items_and_errors_stay_with_theirs():
    def work(number: int) -> int:
        if number % 3 == 0:
            raise CloudError("Odd", str(number))
        return number * 10

    outcomes = batch.each(range(50), work)
    assert [one.item for one in outcomes] == list(range(50))
    assert [one.value for one in outcomes if one.error is None] == [number * 10 for number in range(50) if number % 3]
    assert [one.error.message for one in outcomes if one.error] == [str(number) for number in range(0, 50, 3)]


def test_wrong_credentials_are_not_tried_a_thousand_times():
    calls: list[int] = []

    def work(number: int) -> None:
        calls.append(number)
        raise CloudError("SignatureDoesNotMatch", "no", kind="credentials")

    outcomes = batch.each(range(1000), work)
    assert all(one.error is not None for one in outcomes) and len(calls) < 100


def test_a_programming_error_is_not_swallowed():
    with pytest.raises(ZeroDivisionError):
        batch.each([1, 2], lambda number: 1 // 0)


def test_no_call_takes_more_ids_than_the_service_allows():
    refs = [Ref("r1", str(number)) for number in range(250)] + [B, B]
    assert [(region, len(ids)) for region, ids in batch.region_chunks(refs, 100)] == [
        ("r1", 100),
        ("r1", 100),
        ("r1", 50),
        ("r2", 1),
    ]


def waiting(script: list[dict[Ref, str] | CloudError], timeout: float = 100.0, **more):
    clock, looks = Clock(), []

    def describe(pending):
        looks.append(list(pending))
        step = script[min(len(looks), len(script)) - 1]
        if isinstance(step, CloudError):
            raise step
        return {ref: state for ref, state in step.items() if ref in pending}

    def failed(state: str) -> str | None:
        return "it failed" if state == "failed" else None

    waiter = Waiter("the work", describe, lambda state: state == "done", failed, **more)
    return wait_for(waiter, [A, B], Pace(timeout, 5, clock, clock.sleep)), looks, clock


def test_all_items_are_looked_at_together_and_finished_ones_no_more():
    results, looks, clock = waiting([{A: "busy", B: "done"}, {A: "done"}])
    assert looks == [[A, B], [A]] and clock.slept == [5]
    assert all(one.error is None for one in results.values())


def test_an_item_that_failed_does_not_hold_up_the_others():
    results, looks, _clock = waiting([{A: "failed", B: "busy"}, {B: "done"}])
    assert results[A].error.message == "it failed" and results[B].error is None and looks[1] == [B]


def test_the_time_limit_is_kept_and_told():
    results, _looks, clock = waiting([{A: "busy", B: "done"}], timeout=12)
    assert results[A].error.code == "WaitTimeout" and "12 seconds" in results[A].error.message
    assert results[A].state == "busy" and sum(clock.slept) == 12


def test_a_state_is_looked_at_even_without_any_time():
    assert waiting([{A: "done", B: "done"}], timeout=0)[0][A].error is None


def test_an_item_that_is_not_visible_yet_is_waited_for():
    results, looks, _clock = waiting([{}, {A: "done"}, {B: "done"}])
    assert len(looks) == 3 and results[B].error is None


def test_a_broken_connection_does_not_end_the_wait():
    results, looks, _clock = waiting([CloudError("NoAnswer", "x", kind="unsure"), {A: "done", B: "done"}])
    assert len(looks) == 2 and results[A].error is None


def test_a_cloud_that_does_not_answer_any_more_is_not_taken_for_a_missing_resource():
    results, _looks, _clock = waiting([CloudError("NoAnswer", "x", kind="unsure")], timeout=20)
    assert results[A].error.code == "WaitTimeout.NoAnswer" and "NoAnswer" in results[A].error.message


def test_a_withdrawn_right_ends_the_wait_at_once():
    results, looks, _clock = waiting([CloudError("Forbidden.RAM", "x")])
    assert len(looks) == 1 and results[B].error.code == "Forbidden.RAM"


def test_a_deletion_is_done_when_the_item_is_gone():
    results, _looks, _clock = waiting([{A: "busy", B: "busy"}, {}], gone_is_done=True)
    assert results[A].error is None and results[B].error is None
