"""Which source is which instance: the wrong machine must never be migrated."""

from __future__ import annotations

import json

import pytest
from cloud_doubles import cases

from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud import smc_match, smc_sources, tags
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.batch import Ref


def instance(given, instance_id="i-1"):
    return {
        "instance_id": instance_id,
        "hostname": given["hostname"],
        "private_ips": given.get("private", []),
        "public_ips": given.get("public", []),
    }


def source(given):
    return {
        "source_id": given["id"],
        "hostname": given["hostname"],
        "addresses": given["addresses"],
        "state": given.get("state", "Available"),
        "tags": {tags.INSTANCE_ID: given["tag"]} if "tag" in given else {},
    }


@pytest.mark.parametrize("case", cases("smc_matches.yml"), ids=lambda case: case["name"])
def test_an_instance_gets_its_own_source_or_none(case):
    found = smc_match.match(instance(case["instance"]), [source(one) for one in case["sources"]])
    assert (found.source or {}).get("source_id") == case.get("source")
    assert [one["source_id"] for one in found.candidates] == case.get("candidates", [])
    assert found.ambiguous == ("candidates" in case) and found.reason
    if found.ambiguous:
        error = smc_match.ambiguous(Ref("r", "i-1"), found)
        assert error.code == "AmbiguousSource" and all(one in error.message for one in case["candidates"])


def test_a_source_that_two_instances_would_get_goes_to_neither():
    twins = {Ref("r", name): instance({"hostname": name, "private": ["10.0.0.1"]}, name) for name in ("i-1", "i-2")}
    only = source({"id": "s-1", "hostname": "i-2", "addresses": ["10.0.0.1"]})
    matches = smc_match.match_all(twins, [only])
    assert all(one.ambiguous and one.source is None for one in matches.values())
    assert "i-1, i-2" in matches[Ref("r", "i-1")].reason


@pytest.mark.parametrize(
    ("given", "objection"),
    [
        ({"addresses": ["10.0.0.1"]}, None),
        ({"addresses": []}, None),
        ({"addresses": ["10.0.0.9"]}, "10.0.0.9"),
        ({"addresses": ["10.0.0.1"], "tag": "i-2"}, "i-2"),
    ],
)
def test_a_host_cannot_pass_off_the_source_of_another_as_its_own(given, objection):
    told = smc_match.contradiction(
        instance({"hostname": "web", "private": ["10.0.0.1"]}), source({"id": "s-1", "hostname": "web", **given})
    )
    assert told is None if objection is None else objection in told


@pytest.mark.parametrize(
    ("system", "addresses", "hostname"),
    [
        ({"ipv4": "10.0.0.1", "ipv6": "", "hostname": "web"}, ["10.0.0.1"], "web"),
        ({"ipv4": "10.0.0.1, 127.0.0.1;169.254.1.1", "ipv6": "fe80::1"}, ["10.0.0.1"], ""),
        ({"ipv4": ["10.0.0.1/24", "fd00::1%eth0", 7, None]}, ["10.0.0.1", "fd00::1"], ""),
        ({"ipv4": {"a": 1}, "hostname": ["web"]}, [], ""),
        ({"ipv4": "$(reboot)", "hostname": "a b\n"}, [], ""),
        ("{", [], ""),
        ([], [], ""),
        (None, [], ""),
        ("[" * 100000, [], ""),
    ],
)
def test_what_a_host_says_about_itself_is_used_only_as_far_as_it_makes_sense(system, addresses, hostname):
    text = system if isinstance(system, str) or system is None else json.dumps(system)
    read = smc_sources.normalise({"SourceId": "s-1", "SystemInfo": text, "StatusInfo": text})
    assert (read["addresses"], read["hostname"]) == (addresses, hostname)
