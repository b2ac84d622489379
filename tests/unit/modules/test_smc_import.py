"""The import of instances as migration sources, against the simulator, whose hosts answer by script."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from simulator.pytest_plugin import Simulator, start

COMMAND = "timeout 60 client <<'EOF'\n@TOKEN_ID@\n@CODE@\nEOF\n"
RUN = {"run_id": "r1", "command": COMMAND}
CODE = r"(?m)^at-.*\n(\S+)$"
FLEET: dict[str, Any] = {
    "clock_rate": 6000,
    "assistant": {
        "answers": [
            {"match": "timeout 60 client", "system": ["rhel8"], "output": "no way to smc-service\n", "exit_code": 4},
            {"match": "timeout 60 client", "effect": "smc_import", "code": CODE},
            {"match": "echo the code", "exit_code": 1, "output": "see {hostname}\n"},
            {"match": "go2aliyun_client", "effect": "smc_import", "code": r"(?m)^code='(\S+)'$"},
            {"match": "acs-plugin-manager", "effect": "smc_import", "code": r"(?m)^code='(\S+)'$"},
            {"match": "sleep forever", "delay_s": 1000000},
        ]
    },
    "smc": {"import_errors": {"i-sick": "S1"}},
    "regions": {
        "cn-hangzhou": {
            "instances": [
                *({"name": name, "instance_id": f"i-{name}"} for name in ("one", "two", "three", "sick")),
                {"name": "off", "instance_id": "i-off", "status": "Stopped"},
                {"name": "mute", "instance_id": "i-mute", "assistant": "missing"},
                {"name": "deaf", "instance_id": "i-deaf", "system": "rhel8"},
            ]
        },
        "cn-beijing": {"instances": [{"name": "far", "instance_id": "i-far"}]},
    },
}


@pytest.fixture(scope="module")
def simulator_process() -> Iterator[Simulator]:
    running = start(FLEET)
    yield running
    assert running.stop() == 0


def ids(*names: str) -> list[dict[str, str]]:
    return [{"id": name} for name in names]


def smc(sim) -> dict[str, Any]:
    return sim.state()["smc"]


def test_a_wave_is_imported_by_one_token_of_its_size_that_does_not_outlive_it(run, sim, fast):
    answer = run(
        "smc_import", instances=[*ids("i-one", "i-two"), {"id": "i-far", "region": "cn-beijing"}], **RUN, **fast
    )
    assert [one["state"] for one in answer["results"]] == ["Available"] * 3 and answer["changed"]
    assert smc(sim)["tokens"] == {} and answer["api_calls"]["smc.CreateAccessToken"] == 1
    sources = smc(sim)["sources"]
    for one in answer["results"]:
        source = sources[one["source_id"]]
        assert source["instance_id"] == one["instance_id"]
        assert source["tags"] == {"os_migration_run_id": "r1", "os_migration_instance_id": one["instance_id"]}
    assert answer["api_calls"]["RunCommand"] == 2  # one for each region


def test_a_second_run_imports_nothing_and_makes_no_token(run, sim, fast):
    run("smc_import", instances=ids("i-one"), tags={"team": "a"}, **RUN, **fast)
    before = len(sim.mutating())
    again = run("smc_import", instances=ids("i-one"), tags={"team": "a"}, **RUN, **fast)
    assert not again["changed"] and len(sim.mutating()) == before
    more = run("smc_import", instances=ids("i-one", "i-two"), **RUN, **fast)
    assert [one["changed"] for one in more["results"]] == [False, True] and sim.count("RunCommand") == 2


def test_check_mode_makes_no_token_and_runs_nothing(run, sim, fast):
    answer = run("smc_import", instances=ids("i-one", "i-off"), check=True, on_item_error="report", **RUN, **fast)
    assert [one["changed"] for one in answer["results"]] == [True, False] and not sim.mutating()
    assert answer["results"][1]["error"]["code"] == "IncorrectInstanceStatus"


def test_each_instance_that_fails_says_why_and_the_others_are_imported(run, sim, fast):
    names = ("i-one", "i-off", "i-mute", "i-deaf", "i-none")
    answer = run("smc_import", instances=ids(*names), on_item_error="report", **RUN, **fast)
    codes = [(one["error"] or {}).get("code") for one in answer["results"]]
    assert codes[0] is None and codes[1] == "IncorrectInstanceStatus" and codes[3] == "ImportFailed"
    assert codes[2] and codes[4] == "InvalidInstanceId.NotFound"
    assert "no way to smc-service" in answer["results"][3]["error"]["message"]
    assert [one["changed"] for one in answer["results"]] == [True, False, False, False, False]
    assert smc(sim)["tokens"] == {}


def test_a_source_that_never_becomes_available_tells_what_its_client_says(run, sim, fast):
    given = {**fast, "wait_timeout": 1}
    answer = run("smc_import", instances=ids("i-sick"), on_item_error="report", **RUN, **given)
    error = answer["results"][0]["error"]
    assert error["code"] == "WaitTimeout" and "S1" in error["message"] and "rsync" in error["hint"]
    assert answer["results"][0]["state"] == "Unavailable" and smc(sim)["tokens"] == {}


def test_the_code_is_in_no_result_whatever_the_client_prints(run, sim, fast, monkeypatch):
    from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud import assistant, smc_tokens

    codes: list[str] = []
    create = smc_tokens.create

    def remember(*args):
        secret = create(*args)
        codes.append(secret.code)
        assert secret.code not in repr(secret)
        return secret

    def echo(api, refs, command, pace, seed, **more):
        error = smc_tokens.CloudError("Odd", f"got {codes[0]}", hint=f"try {codes[0]}")
        text = f"the code {codes[0]} is wrong".encode()
        return {
            ref: assistant.Outcome("Failed", 1, text) if index else assistant.Outcome("Error", error=error)
            for index, ref in enumerate(refs)
        }

    monkeypatch.setattr(smc_tokens, "create", remember)
    monkeypatch.setattr(assistant, "run", echo)
    answer = run("smc_import", instances=ids("i-one", "i-two"), **RUN, **fast)
    assert answer["failed"] and codes and codes[0] not in json.dumps(answer)
    assert answer["results"][0]["error"]["message"] == "got ***" and smc(sim)["tokens"] == {}


def test_a_token_that_cannot_be_deleted_is_disabled_and_one_that_resists_is_told(run, sim, fast):
    sim.faults([{"op": "DeleteAccessToken", "kind": "forbidden", "times": 2}])
    answer = run("smc_import", instances=ids("i-one"), **RUN, **fast)
    assert answer["changed"] and {one["status"] for one in smc(sim)["tokens"].values()} == {"unactivated"}
    sim.reset()
    sim.faults([
        {"op": "DeleteAccessToken", "kind": "forbidden", "times": 2},
        {"op": "DisableAccessToken", "kind": "forbidden", "times": 2},
    ])  # fmt: skip
    answer = run("smc_import", instances=ids("i-one"), **RUN, **fast)
    assert answer["results"][0]["error"] is None and "could not be taken back" in answer["warnings"][0]


def test_a_token_that_a_killed_controller_left_behind_is_deleted_first(run, sim, fast):
    run("smc_access_token", name="os-migration-r1")
    run("smc_import", instances=ids("i-one"), **RUN, **fast)
    assert smc(sim)["tokens"] == {}


@pytest.mark.parametrize("kind", ["reset_before", "reset_after", "error500_after", "throttle", "empty"])
@pytest.mark.parametrize("op", ["CreateAccessToken", "DeleteAccessToken", "RunCommand", "TagResources"])
def test_a_lost_answer_neither_loses_an_instance_nor_leaves_a_token(run, sim, fast, kind, op):
    sim.faults([{"op": op, "kind": kind, "times": 1}])
    answer = run("smc_import", instances=ids("i-one", "i-two"), **RUN, **fast)
    assert [one["state"] for one in answer["results"]] == ["Available"] * 2
    assert smc(sim)["tokens"] == {} and len(smc(sim)["sources"]) == 2


def test_without_a_right_to_make_tokens_only_those_that_need_one_fail(run, sim, fast):
    run("smc_import", instances=ids("i-one"), **RUN, **fast)
    sim.faults([{"op": "CreateAccessToken", "kind": "forbidden", "times": 9}])
    answer = run("smc_import", instances=ids("i-one", "i-two"), on_item_error="report", **RUN, **fast)
    assert [(one["error"] or {}).get("code") for one in answer["results"]] == [None, "Forbidden.RAM"]


def test_a_host_that_was_imported_in_another_way_is_only_waited_for_and_tagged(run, sim, fast):
    run("smc_import", instances=ids("i-one"), run_id="r0", command=COMMAND, **fast)
    answer = run("smc_import", instances=ids("i-one"), run_id="r1", command="", **fast)
    assert answer["changed"] and answer["results"][0]["state"] == "Available"
    late = run("smc_import", instances=ids("i-two"), run_id="r1", command="", wait_timeout=0, wait_interval=0.01,
               on_item_error="report")  # fmt: skip
    assert late["results"][0]["error"]["code"] == "WaitTimeout"
    assert sim.count("RunCommand") == 1 and sim.count("CreateAccessToken") == 1


def test_without_waiting_the_source_is_told_as_it_is(run, sim, fast):
    answer = run("smc_import", instances=ids("i-sick"), wait=False, **RUN, **fast)
    assert answer["results"][0]["state"] == "Unavailable" and answer["results"][0]["error"] is None


def test_a_command_that_hangs_ends_with_its_time_limit(run, sim, fast):
    command = "sleep forever # @CODE@"
    answer = run("smc_import", instances=ids("i-one"), run_id="r1", command=command, on_item_error="report", **fast)
    assert answer["results"][0]["error"]["code"] == "ExecutionTimeout" and smc(sim)["tokens"] == {}


@pytest.mark.parametrize("given", [{"client_url": "https://mirror.example.com/client.tar.gz"}, {"method": "plugin"}])
def test_the_commands_of_this_collection_import_a_host(run, sim, fast, given):
    answer = run("smc_import", instances=ids("i-one"), run_id="r1", **given, **fast)
    assert answer["results"][0]["state"] == "Available", answer["results"]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"command": COMMAND}, "run_id"),
        ({"run_id": "r1"}, "client_url"),
        ({"run_id": "r1", "command": "client --code secret"}, "@CODE@"),
        ({"run_id": "r1", "command": COMMAND, "client_url": "https://a/b"}, "mutually exclusive"),
        ({"run_id": "r1", "command": COMMAND, "command_timeout": 59}, "command_timeout"),
        ({"run_id": "r1", "client_url": "https://a/b'; reboot; '"}, "InvalidClientUrl"),
        ({"run_id": "r1", "client_url": "https://a/b", "client_checksum": "0"}, "SHA-256"),
        ({"run_id": "r1", "command": COMMAND, "tags": {"acs:a": "1"}}, "acs:a"),
    ],
)
def test_odd_options_are_refused_before_anything_is_called(run, sim, given, told):
    answer = run("smc_import", instances=ids("i-one"), **given)
    assert answer["failed"] and told in answer["msg"] and sim.count() == 0


def test_an_empty_list_calls_nothing(run, sim, fast):
    assert not run("smc_import", instances=[], **RUN, **fast)["changed"] and sim.count() == 0
