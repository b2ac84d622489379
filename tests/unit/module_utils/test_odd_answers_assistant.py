"""Answers of Cloud Assistant that no documentation promises: an error of the host that is to blame, never a crash."""

from __future__ import annotations

import base64
import itertools
import json
from typing import Any

import pytest
from cloud_doubles import Clock, Replay
from test_odd_answers import JUNK, broken

from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud import (
    answers,
    assistant,
    assistant_capture,
    assistant_execute,
    assistant_files,
    assistant_status,
)
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.assistant_capture import Frame, Program
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.assistant_dispatch import Session
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.batch import Ref
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.errors import CloudError
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.waiter import Pace

REGION = "cn-hangzhou"
ONE, TWO = Ref(REGION, "i-1"), Ref(REGION, "i-2")
COMMAND = assistant.Command("true\n", 60)
RESULT: dict[str, Any] = {
    "InstanceId": "i-1", "InvokeId": "t-1", "InvocationStatus": "Success", "InvokeRecordStatus": "Finished", "ExitCode": 0,
    "ErrorCode": "", "ErrorInfo": "", "Output": base64.b64encode(b"fine").decode(), "Dropped": 0, "Repeats": 1,
}  # fmt: skip
GOOD = RESULT | {"InstanceId": "i-2"}
STATUS: dict[str, Any] = {
    "InstanceId": "i-1", "CloudAssistantStatus": "true", "CloudAssistantVersion": "2.2", "LastHeartbeatTime": "t",
    "LastInvokedTime": "t", "ActiveTaskCount": 0,
}  # fmt: skip
SENT: dict[str, Any] = {"InstanceId": "i-1", "InvocationStatus": "Success", "ErrorCode": "", "ErrorInfo": ""}


def results(found: Any, token: Any = "") -> dict[str, Any]:
    return {"Invocation": {"InvocationResults": {"InvocationResult": found}, "NextToken": token}}


def sent(found: Any) -> dict[str, Any]:
    return {"Invocations": {"Invocation": [{"InvokeInstances": {"InvokeInstance": found}}]}}


def statuses(found: Any) -> dict[str, Any]:
    return {"InstanceCloudAssistantStatusSet": {"InstanceCloudAssistantStatus": found}}


def cloud(**told: dict[str, Any]) -> Replay:
    begun = {"RunCommand": {"InvokeId": "t-1"}, "SendFile": {"InvokeId": "t-1"}, "StopInvocation": {}}
    return Replay(lambda operation, *_: (begun | told)[operation])


def session(api: Replay) -> Session:
    clock = Clock()
    return Session(api, Pace(100, 10, clock, clock.sleep), "seed", threads=1)  # type: ignore[arg-type]


def run(api: Replay) -> dict[Ref, assistant.Outcome]:
    return assistant.run_in(session(api), [ONE, TWO], COMMAND)


@pytest.mark.parametrize("odd", broken(RESULT), ids=repr)
def test_an_odd_result_costs_at_most_its_instance(odd):
    outcomes = run(cloud(DescribeInvocationResults=results([odd, GOOD])))
    assert outcomes[TWO].error is None and outcomes[TWO].text == "fine"
    one = outcomes[ONE]
    assert one.error is not None or ((one.exit_code == 0 or odd["ExitCode"] == one.exit_code) and one.dropped >= 0)
    json.dumps([one.error and one.error.as_dict(), one.exit_code, one.status])


NUMBERS = [("3", 3), ("0", 0), (3, 3), (None, None), ("", None), (-1, -1), (10**30, "bad"), ("three", "bad"), (True, "bad"),
           (1.5, "bad"), ([], "bad"), ("\u00b2", "bad"), ("9" * 5000, "bad")]  # fmt: skip


@pytest.mark.parametrize(("value", "code"), NUMBERS, ids=[str(value)[:9] for value, _code in NUMBERS])
def test_an_exit_code_is_read_as_a_number_or_told_to_be_none(value, code):
    outcome = assistant.parse(ONE, RESULT | {"ExitCode": value, "ErrorCode": "ExitCodeNonzero"})
    if code == "bad":
        assert outcome.error is not None and outcome.error.code == "BadAnswer" and "ExitCode" in outcome.error.message
    else:
        assert outcome.error is None and outcome.exit_code == (code or 0)


@pytest.mark.parametrize(("value", "dropped"), [("12", 12), (12, 12), (None, 0), ("", 0), (0, 0)], ids=repr)
def test_bytes_that_were_dropped_count_also_when_they_are_told_as_a_text(value, dropped):
    outcome = assistant.parse(ONE, RESULT | {"Dropped": value})
    assert outcome.error is None and outcome.dropped == dropped


@pytest.mark.parametrize("value", ["many", [], {"a": 1}, 1.5, 10**30, True], ids=repr)
def test_an_output_that_may_have_a_hole_is_not_given_out_as_whole(value):
    outcome = assistant.parse(ONE, RESULT | {"Dropped": value})
    assert outcome.error is not None and outcome.error.code == "BadAnswer" and "Dropped" in outcome.error.message


@pytest.mark.parametrize("output", ["%%%", "YQ", "YQ==\n!", "\u20ac", 1234, ["YQ=="], {"a": 1}, True, "A" * 10_000_001])
def test_an_output_that_is_not_base64_is_an_error_of_its_instance(output):
    outcomes = run(cloud(DescribeInvocationResults=results([RESULT | {"Output": output}, GOOD])))
    error = outcomes[ONE].error
    assert error is not None and error.code == "BadAnswer" and "Base64" in error.message
    assert outcomes[TWO].error is None


def test_a_state_that_nobody_knows_is_an_error_of_its_instance():
    outcomes = run(cloud(DescribeInvocationResults=results([RESULT | {"InvocationStatus": "Hibernated"}, GOOD])))
    error = outcomes[ONE].error
    assert error is not None and error.code == "Invocation.Hibernated" and outcomes[TWO].error is None


def test_the_result_of_an_instance_that_nobody_asked_about_is_left_out():
    stranger = RESULT | {"InstanceId": "i-stranger"}
    outcomes = run(cloud(DescribeInvocationResults=results([stranger, RESULT, GOOD, GOOD])))
    assert set(outcomes) == {ONE, TWO} and not [one.error for one in outcomes.values() if one.error]


def test_a_command_is_not_taken_for_ended_by_the_answer_to_another_one():
    begun = itertools.count()

    def answer(operation: str, _region: str, params: dict[str, Any]) -> dict[str, Any]:
        if operation == "RunCommand":
            return {"InvokeId": f"t-{next(begun)}"}
        return results([GOOD] if params["InvokeId"] == "t-0" else [])

    first = Replay(answer)
    live = session(first)
    one = assistant.start(live, [ONE], COMMAND)
    one.add(assistant.start(live, [TWO], COMMAND))
    outcomes = assistant.collect(live, one)
    assert [outcomes[ref].error is not None for ref in (ONE, TWO)] == [True, True]


@pytest.mark.parametrize("junk", JUNK, ids=repr)
@pytest.mark.parametrize("part", ["Invocation", "InvocationResults", "InvocationResult", "entry", "NextToken"])
def test_an_invocation_that_cannot_be_read_ends_in_time_with_the_reason(part, junk):
    told = {
        "Invocation": {"Invocation": junk},
        "InvocationResults": {"Invocation": {"InvocationResults": junk}},
        "InvocationResult": results(junk),
        "entry": results([junk]),
        "NextToken": results([], junk),
    }[part]
    outcomes = run(cloud(DescribeInvocationResults=told))
    assert all(one.error is not None and one.error.code.startswith("WaitTimeout") for one in outcomes.values())


def test_an_invocation_that_cannot_be_read_holds_up_no_other_one():
    begun = itertools.count()

    def answer(operation: str, _region: str, params: dict[str, Any]) -> dict[str, Any]:
        if operation == "RunCommand":
            return {"InvokeId": f"t-{next(begun)}"}
        return results(None) if params["InvokeId"] == "t-0" else results([GOOD])

    live = session(Replay(answer))
    both = assistant.start(live, [ONE], COMMAND)
    both.add(assistant.start(live, [TWO], COMMAND))
    outcomes = assistant.collect(live, both)
    assert outcomes[TWO].error is None and outcomes[TWO].text == "fine"
    error = outcomes[ONE].error
    assert error is not None and "no list InvocationResults" in error.message


@pytest.mark.parametrize("tokens", [["a"], ["a", "b"], None], ids=repr)
def test_pages_of_results_that_repeat_or_never_end_do_end(tokens, monkeypatch):
    monkeypatch.setattr(answers, "PAGES_AT_MOST", 20)
    turn = itertools.cycle(tokens) if tokens else (f"t-{number}" for number in itertools.count())
    api = Replay(lambda op, *_: {"InvokeId": "t"} if op == "RunCommand" else results([GOOD], next(turn)))
    outcomes = run(api)
    assert all(one.error is not None for one in outcomes.values()) and len(api.calls) < 500


@pytest.mark.parametrize("junk", [one for one in JUNK if not (isinstance(one, str) and one)], ids=repr)
def test_a_command_without_an_id_is_an_error_of_all_that_it_is_for(junk):
    outcomes = run(cloud(RunCommand={"InvokeId": junk}))
    assert {one.error.code for one in outcomes.values() if one.error} == {"BadAnswer"} and len(outcomes) == 2


@pytest.mark.parametrize("odd", broken(STATUS), ids=repr)
def test_an_odd_agent_costs_at_most_itself(odd):
    api = cloud(
        DescribeCloudAssistantStatus=statuses([odd, STATUS | {"InstanceId": "i-2"}, STATUS | {"InstanceId": "i-3"}])
    )
    found, errors = assistant_status.describe(api, [ONE, TWO])
    assert found[TWO]["online"] and set(found) | set(errors) == {ONE, TWO}
    one = found.get(ONE)
    assert one is None or 0 <= one["active_tasks"] <= answers.NUMBER_AT_MOST
    json.dumps(list(found.values()))


@pytest.mark.parametrize("junk", JUNK, ids=repr)
def test_agents_that_cannot_be_read_are_an_error_and_not_instances_that_are_not_there(junk):
    for told in (
        statuses(junk),
        {"InstanceCloudAssistantStatusSet": junk},
        statuses([junk]) if not isinstance(junk, dict) else {},
    ):
        if told == statuses([]):
            continue
        found, errors = assistant_status.describe(cloud(DescribeCloudAssistantStatus=told), [ONE])
        assert found == {} and errors[ONE].code == "BadAnswer"


def staged(api: Replay) -> dict[Ref, CloudError]:
    return assistant_files.stage(session(api), [ONE, TWO], b"blob", "run", None)


@pytest.mark.parametrize("odd", broken(SENT), ids=repr)
def test_an_odd_answer_about_a_file_costs_at_most_its_host(odd):
    errors = staged(cloud(DescribeSendFileResults=sent([odd, SENT | {"InstanceId": "i-2"}])))
    assert set(errors) <= {ONE}
    assert ONE in errors or odd["InvocationStatus"] == "Success"


@pytest.mark.parametrize("junk", [one for one in JUNK if one != []], ids=repr)
def test_a_file_that_nobody_tells_about_is_never_taken_for_sent(junk):
    for told in (sent(junk), sent([junk]), {"Invocations": junk}, {"Invocations": {"Invocation": junk}}):
        assert set(staged(cloud(DescribeSendFileResults=told))) == {ONE, TWO}


def test_two_sendings_with_the_same_id_are_both_looked_at():
    """Otherwise a host that got only half of a program would be taken for one that has all of it."""
    failed = SENT | {"InstanceId": "i-2", "InvocationStatus": "Failed", "ErrorCode": "FileAlreadyExists"}
    api = cloud(DescribeSendFileResults=sent([SENT, failed]))
    pieces = b"x" * (assistant_files.PIECE_BYTES + 1)
    errors = assistant_files.stage(session(api), [ONE, TWO], pieces, "run", None)
    assert set(errors) == {TWO} and errors[TWO].code == "FileAlreadyExists"


FRAMES = [
    b"", b"\xff" * 100, b"failed \xff\xfe", b"1 2 3", b"1 2 3 4 " + b"a" * 64, b"0 " + b"9" * 15 + b" 0 1 " + b"a" * 64,
    b"0 0 0 " + b"9" * 15 + b" " + b"a" * 64, b"-1 0 0 0 " + b"a" * 64, b"9999 0 0 0 " + b"a" * 64, b"0 1 0 3 " + b"A" * 64,
    "\u0661 1 1 1 ".encode() + b"a" * 64, b"0 0 0 0 " + b"a" * 64 + b"\nYQ==", b"9" * 10_000_000,
]  # fmt: skip


@pytest.mark.parametrize("frame", FRAMES, ids=lambda one: repr(one[:24]))
def test_a_frame_that_a_host_made_up_is_an_error_of_that_host_and_never_its_output(frame):
    job = assistant_execute.Job(Program("true\n"), 60)
    run_id = assistant_capture.identify("seed")
    output = f"{assistant_capture.MARKER} {run_id} ".encode() + frame + b"\n"
    told = RESULT | {"Output": base64.b64encode(output).decode()}
    answers_of = assistant_execute.execute(
        session(cloud(DescribeInvocationResults=results([told, GOOD]))), [ONE, TWO], job
    )
    assert answers_of[ONE].error is not None and answers_of[ONE].stdout == b""
    assert answers_of[TWO].error is None and answers_of[TWO].stdout == b"fine"


@pytest.mark.parametrize("pieces", [[], [b""], [b"\x1f\x8b"], [b"x" * 10_000_000]], ids=lambda one: str(one)[:20])
def test_pieces_that_are_no_archive_are_damaged_output(pieces):
    with pytest.raises(CloudError) as caught:
        assistant_capture.unpack(Frame(0, 5, 5, 10, "a" * 64, b""), pieces)
    assert caught.value.code == "OutputDamaged"
