"""Security groups that isolate, against the simulator."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.pytest_plugin import survivable

VPC = [{"id": "vpc-cn-hangzhou"}]
RUN: dict[str, Any] = {"run_id": "r1", "wait_interval": 0.02, "wait_timeout": 30}
DNS = {"protocol": "udp", "ports": "53", "cidr": "100.100.2.136/31"}
SSH = {"protocol": "tcp", "ports": "22", "cidr": "10.0.0.10"}


def groups(sim: Any, region: str = "cn-hangzhou") -> list[dict[str, Any]]:
    found = sim.state()["regions"][region]["security_groups"].values()
    return [one for one in found if one["tags"]]


def rules(sim: Any) -> set[tuple[Any, ...]]:
    (group,) = groups(sim)
    return {(one["direction"], one["protocol"], one["ports"], one["policy"], one["priority"], *one["peers"].values())
            for one in group["rules"]}  # fmt: skip


EVERYTHING_ELSE = ("egress", "ALL", "-1/-1", "drop", 100, "0.0.0.0/0")


def test_by_default_nothing_gets_in_or_out_and_clones_do_not_reach_each_other(run, sim):
    answer = run("ecs_security_group", vpcs=VPC, **RUN)
    (one,) = answer["results"]
    assert one["changed"] and one["created"] and one["error"] is None
    (group,) = groups(sim)
    assert group["group_id"] == one["security_group_id"] and group["vpc_id"] == "vpc-cn-hangzhou"
    assert group["inner_access"] == "Drop"
    assert rules(sim) == {EVERYTHING_ELSE}
    assert group["tags"] == {"os_migration_run_id": "r1", "os_migration_purpose": "drill"} == one["tags"]


def test_only_what_is_listed_gets_through(run, sim):
    run("ecs_security_group", vpcs=VPC, ingress=[SSH], egress=[DNS], **RUN)
    assert rules(sim) == {
        EVERYTHING_ELSE,
        ("ingress", "TCP", "22/22", "accept", 1, "10.0.0.10/32"),
        ("egress", "UDP", "53/53", "accept", 1, "100.100.2.136/31"),
    }


def test_a_second_run_finds_the_group_and_changes_nothing(run, sim):
    wish = {"vpcs": VPC, "ingress": [SSH], "egress": [DNS], **RUN}
    first = run("ecs_security_group", **wish)["results"][0]
    before = len(sim.mutating())
    again = run("ecs_security_group", **wish)["results"][0]
    assert not again["changed"] and not again["created"] and len(sim.mutating()) == before
    assert again["security_group_id"] == first["security_group_id"]
    assert again["rules"] == first["rules"]


def test_a_missing_rule_is_added_to_the_group_that_is_there(run, sim):
    run("ecs_security_group", vpcs=VPC, **RUN)
    answer = run("ecs_security_group", vpcs=VPC, egress=[DNS], diff=True, **RUN)["results"][0]
    assert answer["changed"] and not answer["created"] and len(groups(sim)) == 1
    assert len(rules(sim)) == 2


def test_a_rule_that_somebody_opened_is_told_and_stays_unless_it_is_purged(run, sim):
    run("ecs_security_group", vpcs=VPC, ingress=[SSH], **RUN)
    told = run("ecs_security_group", vpcs=VPC, **RUN)["results"][0]
    assert not told["changed"]
    assert [(one["direction"], one["cidr"], one["ports"]) for one in told["unwanted_rules"]] == [
        ("ingress", "10.0.0.10/32", "22/22")
    ]
    planned = run("ecs_security_group", vpcs=VPC, purge_rules=True, check=True, diff=True, **RUN)
    assert planned["changed"] and len(rules(sim)) == 2
    assert len(planned["diff"]["before"]["vpc-cn-hangzhou"]) == 2
    assert len(planned["diff"]["after"]["vpc-cn-hangzhou"]) == 1
    assert run("ecs_security_group", vpcs=VPC, purge_rules=True, **RUN)["changed"]
    assert rules(sim) == {EVERYTHING_ELSE}


def test_check_mode_makes_no_group(run, sim):
    answer = run("ecs_security_group", vpcs=VPC, egress=[DNS], check=True, diff=True, **RUN)
    (one,) = answer["results"]
    assert one["changed"] and one["security_group_id"] is None and not sim.mutating()
    assert [rule["policy"] for rule in one["rules"]] == ["accept", "drop"]
    assert answer["diff"]["before"] == {"vpc-cn-hangzhou": []}


@pytest.mark.parametrize(
    ("op", "kind"),
    survivable(
        "CreateSecurityGroup",
        "AuthorizeSecurityGroup",
        "AuthorizeSecurityGroupEgress",
        "ModifySecurityGroupPolicy",
        "DescribeSecurityGroupAttribute",
    ),
)
def test_a_lost_answer_leads_to_one_group_with_all_its_rules(run, sim, op, kind):
    sim.strike(op, kind)
    answer = run("ecs_security_group", vpcs=VPC, ingress=[SSH], egress=[DNS], **RUN)
    assert answer["results"][0]["error"] is None
    assert len(groups(sim)) == 1 and len(rules(sim)) == 3 and groups(sim)[0]["inner_access"] == "Drop"


@pytest.mark.parametrize(("op", "kind"), survivable("RevokeSecurityGroup", "DeleteSecurityGroup"))
def test_a_lost_answer_of_a_removal_is_settled_by_looking(run, sim, op, kind):
    run("ecs_security_group", vpcs=VPC, ingress=[SSH], **RUN)
    sim.strike(op, kind)
    assert run("ecs_security_group", vpcs=VPC, purge_rules=True, **RUN)["results"][0]["error"] is None
    assert rules(sim) == {EVERYTHING_ELSE}
    gone = run("ecs_security_group", vpcs=VPC, state="absent", **RUN)["results"][0]
    assert gone["changed"] and gone["error"] is None and groups(sim) == []


def test_a_group_deleted_since_is_made_anew_and_not_taken_from_an_old_token(run, sim):
    first = run("ecs_security_group", vpcs=VPC, **RUN)["results"][0]
    run("ecs_security_group", vpcs=VPC, state="absent", **RUN)
    second = run("ecs_security_group", vpcs=VPC, **RUN)["results"][0]
    assert second["created"] and second["error"] is None
    assert [one["group_id"] for one in groups(sim)] == [second["security_group_id"]] != [first["security_group_id"]]


def test_several_vpcs_get_a_group_each_and_a_wrong_one_costs_the_others_nothing(run, sim):
    vpcs = [*VPC, {"id": "vpc-none"}, {"id": "vpc-cn-beijing", "region": "cn-beijing"}]
    answer = run("ecs_security_group", vpcs=vpcs, on_item_error="report", **RUN)
    assert [(one["vpc_id"], one["changed"], (one["error"] or {}).get("code")) for one in answer["results"]] == [
        ("vpc-cn-hangzhou", True, None),
        ("vpc-none", False, "InvalidVpcId.NotFound"),
        ("vpc-cn-beijing", True, None),
    ]
    assert len(groups(sim)) == len(groups(sim, "cn-beijing")) == 1
    failed = run("ecs_security_group", vpcs=vpcs, **RUN)
    assert failed["failed"] and "vpc-none" in failed["msg"] and "1 of 3" in failed["msg"]


def test_absent_deletes_the_group_of_this_run_and_nothing_else(run, sim):
    mine = run("ecs_security_group", vpcs=VPC, **RUN)["results"][0]["security_group_id"]
    other = run("ecs_security_group", vpcs=VPC, **{**RUN, "run_id": "r2"})["results"][0]["security_group_id"]
    planned = run("ecs_security_group", state="absent", check=True, **RUN)
    assert planned["changed"] and len(groups(sim)) == 2
    gone = run("ecs_security_group", state="absent", **RUN)["results"]
    assert [(one["security_group_id"], one["changed"]) for one in gone] == [(mine, True)]
    assert [one["group_id"] for one in groups(sim)] == [other]
    assert run("ecs_security_group", vpcs=VPC, state="absent", **RUN)["changed"] is False


def test_a_group_of_somebody_else_is_never_deleted(run, sim):
    answer = run("ecs_security_group", state="absent", groups=[{"id": "sg-cn-hangzhou"}], wait_interval=0.02)
    assert answer["failed"] and answer["results"][0]["error"]["code"] == "NotTemporary" and not sim.mutating()
    assert "sg-cn-hangzhou" in sim.state()["regions"]["cn-hangzhou"]["security_groups"]


def test_a_group_that_does_not_exist_is_gone_already(run, sim):
    answer = run("ecs_security_group", state="absent", groups=[{"id": "sg-none"}])
    assert not answer["changed"] and answer["results"][0]["error"] is None


def test_an_empty_list_calls_nothing(run, sim):
    assert not run("ecs_security_group", vpcs=[], **RUN)["changed"]
    assert not run("ecs_security_group", vpcs=[], state="absent", **RUN)["changed"]
    assert not run("ecs_security_group", groups=[], state="absent", **RUN)["changed"]
    assert sim.count() == 0


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"vpcs": VPC}, "run_id"),
        ({"run_id": "r1"}, "vpcs"),
        ({"state": "absent"}, "run_id"),
        ({"vpcs": VPC, "run_id": "r1", "groups": []}, "groups is for state=absent"),
        ({"vpcs": VPC, "run_id": "r 1"}, "run_id"),
        ({"vpcs": VPC, "run_id": "r1", "purpose": "restore_point"}, "purpose"),
        ({"vpcs": VPC, "run_id": "r1", "tags": {"acs:x": "y"}}, "acs:"),
        ({"vpcs": VPC, "run_id": "r1", "egress": [{**DNS, "cidr": "mirror.example"}]}, "mirror.example"),
        ({"vpcs": VPC, "run_id": "r1", "egress": [{**DNS, "ports": "0"}]}, "ports"),
        ({"vpcs": VPC, "run_id": "r1", "egress": [{**DNS, "ports": "90/80"}]}, "ports"),
        ({"vpcs": VPC, "run_id": "r1", "egress": [{"protocol": "tcp", "cidr": "10.0.0.1"}]}, "ports"),
        ({"vpcs": VPC, "run_id": "r1", "ingress": [{"protocol": "icmp", "ports": "8", "cidr": "10.0.0.1"}]}, "icmp"),
        ({"vpcs": VPC, "run_id": "r1", "ingress": [{**SSH, "priority": 101}]}, "101"),
    ],
)
def test_a_wrong_option_is_told_before_anything_is_changed(run, sim, given, told):
    answer = run("ecs_security_group", **given)
    assert answer["failed"] and told in answer["msg"] and not sim.mutating()
