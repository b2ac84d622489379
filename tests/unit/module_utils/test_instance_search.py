"""What a search of instances asks for, and what it makes of the answers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cloud_doubles import Replay

from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud import instances
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.errors import CloudError


def answer(*raws: dict[str, Any], token: str = "") -> dict[str, Any]:
    return {"Instances": {"Instance": list(raws)}, "NextToken": token}


def numbered(count: int, tag: str | None = None) -> list[dict[str, Any]]:
    tags = {"Tags": {"Tag": [{"TagKey": "role", "TagValue": tag}]}} if tag else {}
    return [{"InstanceId": f"i-{tag}-{number}", **tags} for number in range(count)]


def paged(raws: list[dict[str, Any]], params: dict[str, Any]) -> dict[str, Any]:
    start = int(params.get("NextToken", 0))
    end = start + params["MaxResults"]
    return answer(*raws[start:end], token=str(end) if end < len(raws) else "")


def test_every_filter_has_its_name_on_the_wire():
    api = Replay(lambda *_: answer())
    filters = {name: f"a {name}" for name in instances.FILTERS}
    instances.find(api, "r", instances.Search(filters, {"role": "web", "team": None}))
    (_operation, _region, sent) = api.calls[0]
    assert {sent[wire] for wire in instances.FILTERS.values()} == set(filters.values())
    assert sent["Tag"] == [{"Key": "role", "Value": "web"}, {"Key": "team"}]


@pytest.mark.parametrize("wanted", [{"role": "web"}, {"role": None}])
def test_tags_find_more_instances_than_the_api_finds_by_tags(wanted):
    """By tags, the service finds 1,000 of a region's 1,500; the others would silently be left out."""
    fleet = numbered(1500, "web") + numbered(300)

    def call(_operation: str, _region: str, params: dict[str, Any]) -> dict[str, Any]:
        return paged(fleet[: instances.TAGGED_AT_MOST] if "Tag" in params else fleet, params)

    api = Replay(call)
    assert len(instances.find(api, "r", instances.Search({"status": "Running"}, wanted))) == 1500
    assert len(api.calls) == 10 + 18 and all(params["Status"] == "Running" for _op, _region, params in api.calls)


def test_fewer_tagged_instances_are_read_once():
    api = Replay(lambda _op, _region, params: paged(numbered(999, "web"), params))
    assert len(instances.find(api, "r", instances.Search(tags={"role": "web"}))) == 999
    assert len(api.calls) == 10


def test_ids_go_by_the_hundred_and_each_once():
    api = Replay(
        lambda _op, _region, params: answer(*({"InstanceId": one} for one in json.loads(params["InstanceIds"])))
    )
    ids = tuple(f"i-{number}" for number in range(250))
    assert len(instances.find(api, "r", instances.Search(ids=ids + ids))) == 250
    assert [len(json.loads(params["InstanceIds"])) for _op, _region, params in api.calls] == [100, 100, 50]
    assert instances.find(api, "r", instances.Search(ids=())) == {} and len(api.calls) == 3


def test_the_eip_and_ipv6_addresses_are_asked_for_and_told():
    raw = {
        "InstanceId": "i-1",
        "EipAddress": {"IpAddress": "47.1.1.1"},
        "PublicIpAddress": {"IpAddress": []},
        "NetworkInterfaces": {"NetworkInterface": [
            {"Ipv6Sets": {"Ipv6Set": [{"Ipv6Address": "2001:db8::1"}, {"Ipv6Address": "2001:db8::2"}]}}, {},
        ]},
    }  # fmt: skip
    api = Replay(lambda *_: answer(raw))
    (one,) = instances.find(api, "r", instances.Search()).values()
    assert (one["eip"], one["public_ips"], one["ipv6_addresses"]) == (
        "47.1.1.1", ["47.1.1.1"], ["2001:db8::1", "2001:db8::2"],
    )  # fmt: skip
    assert api.calls[0][2]["AdditionalAttributes"] == ["NETWORK_PRIMARY_ENI_IP"]


def test_one_broken_region_leaves_the_others_and_is_told_with_those_that_broke_alike():
    def call(_operation: str, region: str, _params: dict[str, Any]) -> dict[str, Any]:
        if region.startswith("bad"):
            raise CloudError("InvalidRegionId.NotFound", "no such region", operation="DescribeInstances", hint="")
        return answer({"InstanceId": f"i-{region}"})

    found, errors = instances.find_in(Replay(call), ["a", "bad-1", "b", "bad-2"], instances.Search())
    assert [ref.id for ref in found] == ["i-a", "i-b"] and set(errors) == {"bad-1", "bad-2"}
    told = instances.told_by_region(errors)
    assert told.startswith("bad-1, bad-2: ") and told.count("no such region") == 1


def test_a_region_whose_disks_cannot_be_read_is_broken():
    def call(operation: str, _region: str, _params: dict[str, Any]) -> dict[str, Any]:
        if operation == "DescribeDisks":
            raise CloudError("Forbidden.RAM", "not allowed")
        return answer({"InstanceId": "i-1"})

    found, errors = instances.find_in(Replay(call), ["a"], instances.Search(), disks=True)
    assert found == {} and errors["a"].code == "Forbidden.RAM"
    assert len(instances.find_in(Replay(call), ["a"], instances.Search())[0]) == 1
