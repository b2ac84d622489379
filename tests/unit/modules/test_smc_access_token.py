"""Access tokens against the simulator."""

from __future__ import annotations

import json

import pytest

WAVE = {"name": "wave-1", "count": 2, "ttl_days": 1}


def tokens(sim):
    return sim.state()["smc"]["tokens"]


def test_the_code_is_returned_once_and_only_to_who_creates(run, sim):
    made = run("smc_access_token", description="for the web servers", **WAVE)
    assert made["changed"] and len(made["access_token_code"]) > 8
    assert made["results"][0]["access_token_id"] == made["access_token_id"]
    assert {key: made["results"][0][key] for key in ("name", "description", "status", "count", "ttl_days")} == {
        "name": "wave-1", "description": "for the web servers", "status": "activated", "count": 2, "ttl_days": 1,
    }  # fmt: skip
    again = run("smc_access_token", **WAVE)
    assert not again["changed"] and "access_token_code" not in again and len(tokens(sim)) == 1
    assert made["access_token_code"] not in json.dumps([made["results"], again])


def test_check_mode_creates_disables_and_deletes_nothing(run, sim):
    planned = run("smc_access_token", check=True, **WAVE)
    assert planned["changed"] and planned["results"][0]["access_token_id"] is None and not sim.mutating()
    run("smc_access_token", **WAVE)
    for state in ("disabled", "absent"):
        answer = run("smc_access_token", name="wave-1", state=state, check=True)
        assert answer["changed"] and answer["results"][0]["status"] == "activated"
    assert len(sim.mutating()) == 1


def test_a_disabled_token_is_replaced_when_one_is_wanted_again(run, sim):
    first = run("smc_access_token", **WAVE)["access_token_id"]
    disabled = run("smc_access_token", name="wave-1", state="disabled")
    assert disabled["changed"] and disabled["results"][0]["status"] == "unactivated"
    assert not run("smc_access_token", name="wave-1", state="disabled")["changed"]
    assert run("smc_access_token", **WAVE)["access_token_id"] != first


def test_tokens_are_deleted_by_name_or_id_and_what_is_gone_stays_gone(run, sim):
    one = run("smc_access_token", **WAVE)["access_token_id"]
    run("smc_access_token", name="other")
    deleted = run("smc_access_token", access_token_ids=[one, "at-none"], state="absent")
    assert deleted["changed"] and [one["status"] for one in deleted["results"]] == [""]
    assert run("smc_access_token", name="other", state="absent")["changed"] and not tokens(sim)
    assert not run("smc_access_token", name="other", state="absent")["changed"]


def test_leftovers_of_many_runs_are_all_deleted(run, sim):
    for _index in range(23):
        run("smc_access_token", **WAVE)
        run("smc_access_token", name="wave-1", state="disabled", on_item_error="report")
        if len(tokens(sim)) > 20:
            break
    answer = run("smc_access_token", name="wave-1", state="absent")
    assert answer["changed"] and len(answer["results"]) > 20 and not tokens(sim)


@pytest.mark.parametrize("kind", ["reset_before", "reset_after", "error500", "error500_after", "empty"])
def test_after_a_lost_answer_no_token_stays_whose_code_nobody_knows(run, sim, kind):
    sim.faults([{"op": "CreateAccessToken", "kind": kind, "times": 1}])
    made = run("smc_access_token", **WAVE)
    assert made["access_token_code"] and list(tokens(sim)) == [made["access_token_id"]]


def test_an_older_token_of_the_name_is_not_taken_for_a_lost_one(run, sim):
    old = run("smc_access_token", **WAVE)["access_token_id"]
    run("smc_access_token", name="wave-1", state="disabled")
    sim.faults([{"op": "CreateAccessToken", "kind": "reset_after", "times": 1}])
    new = run("smc_access_token", **WAVE)["access_token_id"]
    assert sorted(tokens(sim)) == sorted([old, new])


@pytest.mark.parametrize("kind", ["reset_before", "reset_after", "error500_after", "throttle"])
@pytest.mark.parametrize(("state", "op"), [("disabled", "DisableAccessToken"), ("absent", "DeleteAccessToken")])
def test_a_lost_answer_is_settled_by_looking(run, sim, kind, state, op):
    run("smc_access_token", **WAVE)
    sim.faults([{"op": op, "kind": kind, "times": 1}])
    answer = run("smc_access_token", name="wave-1", state=state)
    assert answer["changed"] and answer["results"][0]["error"] is None
    assert all(token["status"] == "unactivated" for token in tokens(sim).values())
    assert sim.count(op) == (1 if kind.endswith("after") else 2)


def test_a_missing_right_is_told_with_the_remedy(run, sim):
    sim.faults([{"op": "CreateAccessToken", "kind": "forbidden", "times": 1}])
    answer = run("smc_access_token", **WAVE)
    assert answer["failed"] and "Grant the action" in answer["msg"]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"state": "present"}, "name"),
        ({"state": "present", "name": "1st"}, "letter"),
        ({"state": "present", "name": "ok", "count": 0}, "count"),
        ({"state": "present", "name": "ok", "count": 1001}, "count"),
        ({"state": "present", "name": "ok", "ttl_days": 91}, "ttl_days"),
        ({"state": "absent"}, "name"),
        ({"state": "absent", "name": "ok", "access_token_ids": ["at-1"]}, "mutually exclusive"),
    ],
)
def test_odd_options_are_refused_before_anything_is_created(run, sim, given, told):
    answer = run("smc_access_token", **given)
    assert answer["failed"] and told in answer["msg"] and not sim.mutating()


def test_an_empty_list_calls_nothing(run, sim):
    assert not run("smc_access_token", access_token_ids=[], state="absent")["changed"] and sim.count() == 0
