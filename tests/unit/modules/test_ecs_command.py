"""Commands on many instances against the simulator, whose real hosts are directories in which /bin/sh runs."""

from __future__ import annotations

import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simulator.pytest_plugin import Simulator, start

DRIVER = Path(__file__).resolve().parents[1] / "module_utils/host_driver.py"
HOSTS = {"i-one": "one", "i-two": "two"}


def fleet(root: Path) -> dict[str, Any]:
    return {
        "clock_rate": 6000,
        "driver": {"command": [sys.executable, "-S", str(DRIVER), str(root)], "timeout_s": 60},
        "assistant": {
            "answers": [
                {"match": "say hello", "output": "hello from {instance_id}\n"},
                {"match": "fail loudly", "output": "no such thing\n", "exit_code": 3},
                {"match": "sleep forever", "delay_s": 1000000},
                {"match": "say much", "output": "x" * 30000},
            ],
        },
        "regions": {
            "cn-hangzhou": {
                "instances": [
                    *({"name": host, "instance_id": one, "driver_host": host} for one, host in HOSTS.items()),
                    {"name": "meta", "instance_id": "i-meta"},
                    {"name": "off", "instance_id": "i-off", "status": "Stopped"},
                    {"name": "mute", "instance_id": "i-mute", "assistant": "missing"},
                    {"name": "wave", "count": 250},
                ]
            },
            "cn-beijing": {"instances": [{"name": "far", "instance_id": "i-far"}]},
        },
    }


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hosts")


@pytest.fixture(scope="module")
def simulator_process(root: Path) -> Iterator[Simulator]:
    running = start(fleet(root))
    yield running
    assert running.stop() == 0


def ids(*names: str) -> list[dict[str, str]]:
    return [{"id": name} for name in names]


def left_on(root: Path, host: str) -> list[Path]:
    return [path for folder in ("run", "tmp") for path in (root / host / folder).iterdir()]


def test_each_instance_answers_for_itself(run, sim, fast):
    answer = run("ecs_command", instances=[*ids("i-meta"), {"id": "i-far", "region": "cn-beijing"}],
                 command="say hello", **fast)  # fmt: skip
    assert [one["stdout"] for one in answer["results"]] == ["hello from i-meta\n", "hello from i-far\n"]
    assert answer["changed"] and all(
        (one["status"], one["exit_code"], one["error"], one["truncated"]) == ("Success", 0, None, False)
        for one in answer["results"]
    )


def test_a_whole_wave_takes_three_calls(run, sim, fast):
    wave = ids(*(one for one in sim.state()["regions"]["cn-hangzhou"]["instances"] if one not in HOSTS))
    wave = [one for one in wave if one["id"].split("-")[1] not in ("off", "mute", "meta")]
    answer = run("ecs_command", instances=wave, command="say hello", **fast)
    assert len(answer["results"]) == 250 and answer["api_calls"]["RunCommand"] == 3
    assert {one["stdout"] for one in answer["results"]} == {f"hello from {one['id']}\n" for one in wave}


def test_instances_that_are_unfit_fail_alone(run, sim, fast):
    answer = run("ecs_command", instances=ids("i-off", "i-meta", "i-none", "i-mute"), command="say hello",
                 on_item_error="report", **fast)  # fmt: skip
    codes = [one["error"] and one["error"]["code"] for one in answer["results"]]
    assert codes == ["InstanceNotRunning", None, "InvalidInstanceId.NotFound", "ClientNotRunning"]
    assert [one["changed"] for one in answer["results"]] == [False, True, False, False]


def test_an_exit_status_is_an_error_that_quotes_the_command_unless_told_otherwise(run, sim, fast):
    answer = run("ecs_command", instances=ids("i-meta"), command="fail loudly", **fast)
    assert answer["failed"] and "no such thing" in answer["msg"] and answer["results"][0]["changed"]
    assert answer["results"][0]["error"]["code"] == "NonZeroExit"
    borne = run("ecs_command", instances=ids("i-meta"), command="fail loudly", failed_when_rc=False, **fast)
    assert (borne["results"][0]["exit_code"], borne["results"][0]["error"]) == (3, None)


def test_large_output_and_both_streams_come_back_whole_and_nothing_stays(run, sim, fast, root):
    script = "seq 1 30000; echo oops >&2; exit 4"
    answer = run("ecs_command", instances=ids(*HOSTS), command=script, failed_when_rc=False, **fast)
    numbers = "".join(f"{number}\n" for number in range(1, 30001))
    assert [(one["stdout"] == numbers, one["stderr"], one["exit_code"]) for one in answer["results"]] == [
        (True, "oops\n", 4)
    ] * 2
    assert [left_on(root, host) for host in HOSTS.values()] == [[], []]


def test_a_program_beyond_the_limit_of_a_command_runs(run, sim, fast, root):
    filler = "".join(f"# {number * 7919 % 100003:x}{number * 104729:x}\n" for number in range(6000))
    answer = run("ecs_command", instances=ids(*HOSTS), command=filler + 'echo "$1"', arguments=["it's here"], **fast)
    assert [one["stdout"] for one in answer["results"]] == ["it's here\n"] * 2
    assert sim.count("SendFile") > 0 and left_on(root, "one") == []


def test_the_probe_costs_a_wave_calls_for_many_hosts_and_none_for_each(run, sim, fast):
    probe = (Path(__file__).resolve().parents[3] / "roles/precheck/files/probe.sh").read_text("utf-8")
    known = {*HOSTS, "i-off", "i-mute", "i-meta"}
    wave = [one for one in sim.state()["regions"]["cn-hangzhou"]["instances"] if one not in known][:150]
    grown = probe + "".join(f"# {number * 7919 % 100003:x}\n" for number in range(1000))
    for program in (probe, grown):
        answer = run("ecs_command", instances=ids(*wave), command=program, on_item_error="report", **fast)
        calls = answer["api_calls"]
        assert len(answer["results"]) == 150 and calls["RunCommand"] == 2 and calls.get("SendFile", 0) <= 2 * 3


def test_output_for_a_file_is_whole_private_and_not_in_the_result(run, sim, fast, tmp_path):
    answer = run("ecs_command", instances=ids(*HOSTS), command="head -c 50000 /dev/urandom; echo", dest=str(tmp_path / "d"),
                 **fast)  # fmt: skip
    for one in answer["results"]:
        path = tmp_path / "d" / f"{one['instance_id']}.out"
        assert (one["stdout"], one["path"]) == ("", str(path))
        assert path.stat().st_size == 50001 and stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(list((tmp_path / "d").iterdir())) == 2


def test_a_place_that_cannot_be_written_is_told_before_anything_runs(run, sim, fast, tmp_path):
    (tmp_path / "file").touch()
    answer = run("ecs_command", instances=ids("i-meta"), command="say hello", dest=str(tmp_path / "file/d"), **fast)
    assert answer["failed"] and "CannotWrite" in answer["msg"] and sim.count("RunCommand") == 0


def test_the_same_token_never_runs_a_command_twice(run, sim, fast, root):
    (root / "one/root").mkdir(parents=True, exist_ok=True)
    again = {"instances": ids("i-one"), "command": f"echo x >>'{root}/once'; seq 1 9000", "run_token": "job-7"}
    first = run("ecs_command", **again, wait=False, **fast)["results"][0]
    assert (first["status"], first["exit_code"]) == ("Pending", None)
    answers = [run("ecs_command", **again, **fast)["results"][0] for _round in range(2)]
    assert [one["invoke_id"] for one in answers] == [first["invoke_id"]] * 2
    assert answers[0]["stdout"] == answers[1]["stdout"] != ""
    assert (root / "once").read_text() == "x\n"


@pytest.mark.parametrize("kind", ["reset_after", "error503", "throttle"])
def test_a_lost_answer_runs_the_command_once(run, sim, fast, root, kind):
    sim.faults([{"op": "RunCommand", "kind": kind, "times": 2}])
    answer = run("ecs_command", instances=ids("i-one"), command=f"echo x >>'{root}/{kind}'", **fast)
    assert answer["results"][0]["error"] is None and (root / kind).read_text() == "x\n"


def test_looks_that_fail_do_not_end_the_wait(run, sim, fast):
    sim.faults([{"op": "DescribeInvocationResults", "kind": "throttle", "times": 2},
                {"op": "DescribeInvocationResults", "kind": "error500", "times": 5}])  # fmt: skip
    assert run("ecs_command", instances=ids("i-meta"), command="say hello", **fast)["results"][0]["error"] is None


def test_a_command_that_takes_too_long_says_so(run, sim, fast):
    answer = run("ecs_command", instances=ids("i-meta"), command="sleep forever", timeout=600, on_item_error="report",
                 **fast)  # fmt: skip
    one = answer["results"][0]
    assert (one["error"]["code"], one["changed"], one["exit_code"]) == ("ExecutionTimeout", True, None)


def test_output_that_the_service_has_cut_is_an_error_never_half_an_output(run, sim, fast):
    answer = run("ecs_command", instances=ids("i-meta"), command="say much", on_item_error="report", **fast)
    one = answer["results"][0]
    assert (one["truncated"], one["stdout"], one["error"]["code"]) == (True, "", "OutputDamaged")


def test_a_wait_that_ends_too_early_can_stop_the_command(run, sim):
    answer = run("ecs_command", instances=ids("i-meta"), command="sleep forever", timeout=90000, wait_timeout=0,
                 wait_interval=0.01, stop_on_timeout=True, on_item_error="report")  # fmt: skip
    assert answer["results"][0]["error"]["code"] == "WaitTimeout" and sim.count("StopInvocation") == 1


def test_waiting_for_a_word_runs_until_it_is_said(run, sim, fast, root):
    script = 'echo x >>count; [ "$(wc -l <count)" -ge 3 ] && echo system is ready'
    answer = run("ecs_command", instances=ids("i-two"), command=script, until_stdout="ready$", until_interval=0.01,
                 failed_when_rc=False, **fast)  # fmt: skip
    assert answer["results"][0]["stdout"] == "system is ready\n" and sim.count("RunCommand") == 3
    never = run("ecs_command", instances=ids("i-two", "i-mute"), command="echo no", until_stdout="yes", until_timeout=0,
                until_interval=0.01, on_item_error="report", **fast)  # fmt: skip
    assert [one["error"]["code"] for one in never["results"]] == ["UntilTimeout", "UntilTimeout"]


def test_check_mode_calls_nothing(run, sim, fast, tmp_path):
    answer = run(
        "ecs_command", instances=ids("i-meta"), command="say hello", dest=str(tmp_path / "d"), check=True, **fast
    )
    assert answer["changed"] and answer["results"][0]["status"] is None
    assert sim.count() == 0 and not (tmp_path / "d").exists()


def test_an_empty_list_calls_nothing(run, sim, fast):
    assert not run("ecs_command", instances=[], command="say hello", **fast)["changed"] and sim.count() == 0


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"until_stdout": "("}, "regular expression"),
        ({"until_stdout": "x", "run_token": "t"}, "mutually exclusive"),
        ({"until_stdout": "x", "wait": False}, "wait=true"),
        ({"timeout": 0}, "at least 1"),
    ],
)
def test_options_that_make_no_sense_are_refused_before_anything_runs(run, sim, fast, given, said):
    answer = run("ecs_command", instances=ids("i-meta"), command="say hello", **{**fast, **given})
    assert answer["failed"] and said in answer["msg"] and sim.count() == 0
