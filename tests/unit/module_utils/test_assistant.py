# SPDX-License-Identifier: GPL-3.0-or-later
"""Many instances get one command: in few calls, each once, and one that is unfit holds back no other."""

from __future__ import annotations

import base64
import secrets
from pathlib import Path
from typing import Any

import pytest
from assistant_doubles import Hosts, refs, session

from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud import assistant, assistant_status
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.assistant_capture import Program
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.assistant_execute import (
    Job,
    execute,
    until,
)
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.batch import Ref
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.client import Api, Settings
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.errors import (
    CloudError,
    LostAnswer,
    hint_for,
)
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.retry import RESEND, policy_for

ECHO = assistant.Command("echo hello", 60)


@pytest.fixture
def hosts(tmp_path: Path) -> Hosts:
    return Hosts(tmp_path, ["i-1", "i-2", "i-3"])


def many(tmp_path: Path, count: int) -> tuple[Hosts, list[Ref]]:
    """Hosts that are not run: each answers with its name."""
    names = [f"i-{number:04d}" for number in range(count)]
    hosts = Hosts(tmp_path, [])
    hosts.names = names
    hosts._run = lambda name, content, timeout: {  # type: ignore[method-assign]
        "InvocationStatus": "Success",
        "ExitCode": 0,
        "Output": base64.b64encode(name.encode()).decode(),
    }
    return hosts, refs(*names)


def test_a_wave_of_250_takes_three_calls_and_every_host_gets_its_own_answer(tmp_path: Path) -> None:
    hosts, wave = many(tmp_path, 250)
    outcomes = assistant.run_in(session(hosts), wave, ECHO)
    assert {ref.id: outcome.text for ref, outcome in outcomes.items()} == {ref.id: ref.id for ref in wave}
    assert hosts.count("RunCommand") == 3
    assert hosts.count("DescribeInvocationResults") == 5


@pytest.mark.parametrize("flaw", ["unknown", "stopped", "silent"])
def test_one_unfit_instance_among_a_hundred_is_the_only_one_that_fails(tmp_path: Path, flaw: str) -> None:
    hosts, wave = many(tmp_path, 100)
    bad = wave[37]
    hosts.refuses_offline = True
    if flaw == "unknown":
        hosts.names.remove(bad.id)
    elif flaw == "stopped":
        hosts.stopped.add(bad.id)
    else:
        hosts.offline.add(bad.id)
    outcomes = assistant.run_in(session(hosts), wave, ECHO)
    failed = {ref: outcome.error for ref, outcome in outcomes.items() if outcome.error}
    assert list(failed) == [bad] and failed[bad] is not None and failed[bad].hint
    assert len(outcomes) == 100 and hosts.count("RunCommand") == 2


def test_a_flaw_that_no_look_shows_is_found_by_halving(tmp_path: Path) -> None:
    hosts, wave = many(tmp_path, 100)
    bad = wave[61].id
    order = hosts._order

    def refuse(params: dict[str, Any], most: int, work: Any) -> dict[str, Any]:
        if bad in params["InstanceId"]:
            raise CloudError("InvalidInstance.NotMatch", "not fit")
        return order(params, most, work)

    hosts._order = refuse  # type: ignore[method-assign]
    outcomes = assistant.run_in(session(hosts), wave, ECHO)
    assert [ref.id for ref, outcome in outcomes.items() if outcome.error] == [bad]
    assert sorted(one for call in hosts.invocations.values() for one in [e["InstanceId"] for e in call]) == [
        ref.id for ref in wave if ref.id != bad
    ]


def test_a_call_refused_for_what_it_asks_is_not_repeated_for_every_instance(tmp_path: Path) -> None:
    hosts, wave = many(tmp_path, 100)
    hosts.errors["RunCommand"] = [CloudError("Invocation.ExceedQuota", "no more today")]
    outcomes = assistant.run_in(session(hosts), wave, ECHO)
    assert {outcome.error.code for outcome in outcomes.values() if outcome.error} == {"Invocation.ExceedQuota"}
    assert hosts.count("RunCommand") == 1


def test_a_lost_answer_never_runs_a_command_twice(hosts: Hosts) -> None:
    api = Api(Settings())
    api.retrier.sleep = lambda _seconds: None
    lost = iter([True, True, False])

    def call(operation: str, region: str, params: dict[str, Any], **more: Any) -> dict[str, Any]:
        def send() -> dict[str, Any]:
            answer = hosts.call(operation, region, params)
            if operation == "RunCommand" and next(lost):
                raise CloudError("NoAnswer", "reset", kind="unsure")
            return answer

        return api.retrier.call((region, operation), policy_for("ecs", operation, params), send)

    api.call = call  # type: ignore[method-assign, assignment]
    script = f"echo x >>'{hosts.root}/ran'"
    outcomes = assistant.run_in(session(api), refs("i-1"), assistant.Command(script, 60))
    assert outcomes[refs("i-1")[0]].error is None
    assert (hosts.root / "ran").read_text() == "x\n" and hosts.count("RunCommand") == 3


def test_a_token_belongs_to_one_command_for_one_set_of_instances(hosts: Hosts) -> None:
    def token(ids: list[str], seed: str, content: str) -> str:
        assistant.start(session(hosts, seed), refs(*ids), assistant.Command(content, 60))
        return str(hosts.params("RunCommand")[-1]["ClientToken"])

    first = token(["i-1", "i-2"], "a", "echo")
    assert token(["i-2", "i-1"], "a", "echo") == first
    assert len({first, token(["i-1"], "a", "echo"), token(["i-1", "i-2"], "b", "echo"), token(["i-1"], "a", "ls")}) == 4
    assert policy_for("ecs", "RunCommand", {"ClientToken": first}) == RESEND


@pytest.mark.parametrize(
    ("raw", "code", "exit_code"),
    [
        ({"InvocationStatus": "Success", "ExitCode": 0}, None, 0),
        ({"InvocationStatus": "Failed", "ExitCode": 7, "ErrorCode": "ExitCodeNonzero"}, None, 7),
        ({"InvocationStatus": "Failed", "ErrorCode": "ClientNotRunning"}, "ClientNotRunning", None),
        ({"InvocationStatus": "Timeout", "ErrorCode": "ExecutionTimeout", "ExitCode": 0}, "ExecutionTimeout", None),
        ({"InvocationStatus": "Aborted", "ErrorCode": "DeliveryTimeout"}, "DeliveryTimeout", None),
        ({"InvocationStatus": "Error", "ErrorCode": "ExecutionInterrupted"}, "ExecutionInterrupted", None),
        ({"InvocationStatus": "Terminated", "ExitCode": 0}, "Invocation.Terminated", None),
        ({"InvocationStatus": "Success", "Output": "%%%"}, "BadAnswer", None),
    ],
)
def test_only_a_command_that_ended_by_itself_counts_as_run(
    raw: dict[str, Any], code: str | None, exit_code: int | None
) -> None:
    outcome = assistant.parse(refs("i-1")[0], raw)
    assert (outcome.error and outcome.error.code, outcome.error is None and outcome.exit_code) == (
        code,
        exit_code if code is None else False,
    )
    assert code in (None, "BadAnswer") or hint_for(str(code))


@pytest.mark.parametrize("code", sorted(assistant.OUT_OF_REACH | assistant.NOT_BEGUN))
def test_every_way_of_not_being_reached_says_what_to_do(code: str) -> None:
    assert hint_for(code)


def hanging(hosts: Hosts) -> None:
    hosts._run = lambda name, content, timeout: {"InvocationStatus": "Running"}  # type: ignore[method-assign]


@pytest.mark.parametrize("stops", [True, False])
def test_a_command_that_outlives_the_wait_is_stopped_only_when_asked(hosts: Hosts, stops: bool) -> None:
    hanging(hosts)
    ours = session(hosts, stop_on_timeout=stops)
    outcome = assistant.run_in(ours, refs("i-1"), ECHO)[refs("i-1")[0]]
    assert outcome.error is not None and outcome.error.code == "WaitTimeout" and outcome.invoke_id
    assert hosts.count("StopInvocation") == int(stops)
    assert len(ours.open) == int(not stops)


def test_a_stop_whose_answer_was_lost_is_sent_again(hosts: Hosts) -> None:
    hanging(hosts)
    hosts.errors["StopInvocation"] = [LostAnswer("NoAnswer", "reset", kind="unsure")]
    assistant.run_in(session(hosts, stop_on_timeout=True), refs("i-1"), ECHO)
    assert hosts.count("StopInvocation") == 2
    assert hosts.invocations["t-0"][0]["InvocationStatus"] == "Terminated"


def test_a_wait_that_is_interrupted_leaves_behind_what_is_to_be_stopped(hosts: Hosts) -> None:
    hanging(hosts)
    ours = session(hosts)

    def ring(_seconds: float) -> None:
        raise KeyboardInterrupt

    ours.pace = type(ours.pace)(100, 1, ours.pace.clock, ring)
    with pytest.raises(KeyboardInterrupt):
        assistant.run_in(ours, refs("i-1"), ECHO)
    assert [one.ids for one in ours.open] == [("i-1",)]


@pytest.mark.parametrize("kind", ["credentials", "unsent"])
def test_what_stops_every_call_is_one_error(hosts: Hosts, kind: str) -> None:
    hosts.errors["RunCommand"] = [CloudError("Any", "no", kind=kind)]
    with pytest.raises(CloudError, match="Any"):
        assistant.run_in(session(hosts), refs("i-1", "i-2"), ECHO)


def test_no_instance_costs_no_call(hosts: Hosts) -> None:
    assert execute(session(hosts), [], Job(Program("true"), 60)) == {} and hosts.calls == []
    assert until(session(hosts), [], Job(Program("true"), 60), lambda _out: False, 10, 1) == {}


def test_a_program_for_a_silent_host_is_an_error_of_that_host_only(hosts: Hosts) -> None:
    hosts.offline.add("i-2")
    answers = execute(session(hosts), refs("i-1", "i-2"), Job(Program("head -c 100000 /dev/zero"), 60))
    good, bad = (answers[ref] for ref in refs("i-1", "i-2"))
    assert (len(good.stdout), good.error) == (100000, None)
    assert bad.error is not None and bad.error.code == "ClientNotRunning" and not bad.begun


def test_the_rest_of_long_outputs_is_fetched_from_all_hosts_together(hosts: Hosts) -> None:
    answers = execute(session(hosts), refs("i-1", "i-2", "i-3"), Job(Program("head -c 60000 /dev/urandom"), 60))
    assert all(len(answer.stdout) == 60000 for answer in answers.values())
    assert hosts.count("RunCommand") == 4 and all(len(one["InstanceId"]) == 3 for one in hosts.params("RunCommand"))


def test_waiting_for_a_word_asks_only_those_who_have_not_said_it(hosts: Hosts) -> None:
    job = Job(Program('f=$HOSTNAME.count; echo x >>n; [ "$(wc -l <n)" -ge "$(cat want)" ] && echo ready'), 60)
    for name, want in (("i-1", 1), ("i-2", 3)):
        (hosts.root / name / "root/want").write_text(str(want))
    answers = until(session(hosts), refs("i-1", "i-2"), job, lambda out: out == b"ready\n", 100, 5)
    assert all(answer.stdout == b"ready\n" for answer in answers.values())
    assert [one["InstanceId"] for one in hosts.params("RunCommand")] == [["i-1", "i-2"], ["i-2"], ["i-2"]]


def test_waiting_for_a_word_bears_a_host_that_is_away_and_ends_in_time(hosts: Hosts) -> None:
    hosts.offline.add("i-1")
    answers = until(session(hosts), refs("i-1", "i-2"), Job(Program("echo no"), 60), lambda out: out == b"yes\n", 20, 5)
    errors = [answer.error for answer in answers.values()]
    assert [error.code for error in errors if error] == ["UntilTimeout", "UntilTimeout"]
    assert errors[0] is not None and "ClientNotRunning" in errors[0].message
    assert 4 <= hosts.count("RunCommand") <= 6


def test_the_state_of_agents_is_read_fifty_at_a_time_and_a_wrong_id_spoils_none(tmp_path: Path) -> None:
    hosts, wave = many(tmp_path, 120)
    hosts.offline.add(wave[3].id)
    strange = refs("i-none")[0]
    found, errors = assistant_status.describe(hosts, [*wave, strange])
    assert list(errors) == [strange] and len(found) == 120
    assert [ref.id for ref, status in found.items() if not status["online"]] == [wave[3].id]
    assert hosts.count("DescribeCloudAssistantStatus") == 3


def test_a_lost_answer_to_a_file_is_sent_again(hosts: Hosts) -> None:
    hosts.errors["SendFile"] = [LostAnswer("NoAnswer", "reset", kind="unsure")]
    program = Program("wc -c", stdin=bytes(range(256)) * 400 + secrets.token_bytes(60000))
    answer = execute(session(hosts), refs("i-1"), Job(program, 60))[refs("i-1")[0]]
    assert (answer.stdout.split(), answer.error) == ([str(256 * 400 + 60000).encode()], None)


def test_a_wave_that_is_unfit_as_a_whole_is_an_error_of_each(hosts: Hosts) -> None:
    hosts.stopped.update(hosts.names)
    outcomes = assistant.run_in(session(hosts), refs(*hosts.names), ECHO)
    assert {outcome.error.code for outcome in outcomes.values() if outcome.error} == {"InstanceNotRunning"}
    assert hosts.count("RunCommand") == 1
