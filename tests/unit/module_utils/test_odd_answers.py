"""Answers that no documentation promises: they end in a CloudError, of the item where one is to blame, never in a crash."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest
from cloud_doubles import Clock, Replay

from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud import (
    answers,
    disks,
    instances,
    snapshot_search,
    snapshots,
    tags,
)
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.batch import Ref
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.errors import CloudError
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.waiter import Pace, Waiter, wait_for

REGION = "cn-hangzhou"
ONE, TWO = Ref(REGION, "i-1"), Ref(REGION, "i-2")
JUNK: list[Any] = [None, [], {}, "", "junk", 0, -1, 10**30, 1.5, True, ["x"], [None], {"x": None}, {"Tag": None}, [[]]]
PATHS = {
    "DescribeInstances": ("Instances", "Instance"),
    "DescribeDisks": ("Disks", "Disk"),
    "DescribeSnapshots": ("Snapshots", "Snapshot"),
    "DescribeSnapshotGroups": ("SnapshotGroups", "SnapshotGroup"),
    "DescribeRegions": ("Regions", "Region"),
    "ListTagResources": ("TagResources", "TagResource"),
}
INSTANCE: dict[str, Any] = {
    "InstanceId": "i-1", "RegionId": REGION, "ZoneId": "z", "InstanceName": "n", "HostName": "h", "Status": "Running",
    "InstanceType": "ecs.g6.large", "ImageId": "m", "OSName": "CentOS", "OSNameEn": "CentOS", "OSType": "linux",
    "CreationTime": "2026-01-01T00:00Z", "ExpiredTime": "2099-12-31T15:59Z", "InstanceChargeType": "PostPaid",
    "StoppedMode": "Not-applicable", "SpotStrategy": "NoSpot", "DeletionProtection": False,
    "OperationLocks": {"LockReason": [{"LockReason": "security"}]}, "PublicIpAddress": {"IpAddress": ["47.1.1.1"]},
    "InnerIpAddress": {"IpAddress": []}, "EipAddress": {"IpAddress": ""},
    "VpcAttributes": {"VpcId": "v", "VSwitchId": "w", "PrivateIpAddress": {"IpAddress": ["10.0.0.1"]}},
    "SecurityGroupIds": {"SecurityGroupId": ["sg"]}, "Tags": {"Tag": [{"TagKey": "k", "TagValue": "v"}]},
    "NetworkInterfaces": {"NetworkInterface": [{"Ipv6Sets": {"Ipv6Set": [{"Ipv6Address": "2001:db8::1"}]}}]},
}  # fmt: skip
DISK: dict[str, Any] = {
    "DiskId": "d-1", "DiskName": "n", "Type": "system", "Category": "cloud_essd", "Size": 40, "Status": "In_use",
    "Device": "/dev/xvda", "Encrypted": False, "MultiAttach": "Disabled", "Portable": False, "DeleteWithInstance": True,
    "PerformanceLevel": "PL1", "ZoneId": "z", "InstanceId": "i-1", "Tags": {"Tag": []},
    "Attachments": {"Attachment": [{"InstanceId": "i-1", "Device": "/dev/xvda"}]},
}  # fmt: skip
SNAPSHOT: dict[str, Any] = {
    "SnapshotId": "s-1", "SnapshotName": "n", "SourceDiskId": "d-1", "SourceDiskType": "system", "Status": "accomplished",
    "Available": True, "Progress": "100%", "CreationTime": "2026-01-01T00:00:00Z", "SourceDiskSize": "40",
    "Encrypted": False, "RetentionDays": 30, "Tags": {"Tag": [{"TagKey": "k", "TagValue": "v"}]},
}  # fmt: skip
GROUP: dict[str, Any] = {
    "SnapshotGroupId": "ssg-1", "Status": "accomplished", "Tags": {"Tag": []},
    "Snapshots": {"Snapshot": [{"SnapshotId": "s-1", "Tags": {"Tag": []}}]},
}  # fmt: skip
OTHERS = {
    "DescribeInstances": INSTANCE | {"InstanceId": "i-2"},
    "DescribeDisks": DISK | {"DiskId": "d-2", "InstanceId": "i-2", "Attachments": {"Attachment": []}},
    "DescribeSnapshots": SNAPSHOT | {"SnapshotId": "s-2", "SourceDiskId": "d-2"},
}


def wrapped(operation: str, entries: list[Any], token: Any = "") -> dict[str, Any]:
    outer, inner = PATHS[operation]
    return {outer: {inner: entries}, "NextToken": token}


def cloud(**entries: list[Any]) -> Replay:
    """Answers each operation with these entries; those that are not named, with none."""
    return Replay(lambda operation, _region, _params: wrapped(operation, entries.get(operation, [])))


def without(record: dict[str, Any]) -> list[dict[str, Any]]:
    return [{key: value for key, value in record.items() if key != gone} for gone in record]


def broken(record: dict[str, Any]) -> list[dict[str, Any]]:
    """The record with each field missing, and with each piece of junk in each field."""
    return without(record) + [record | {key: junk} for key in record for junk in JUNK]


@pytest.mark.parametrize("odd", broken(INSTANCE), ids=repr)
def test_an_odd_instance_costs_at_most_itself(odd):
    found, errors = instances.describe(cloud(DescribeInstances=[odd, OTHERS["DescribeInstances"]]), [ONE, TWO])
    assert TWO in found and set(found) | set(errors) == {ONE, TWO}
    json.dumps(list(found.values()))
    one = found.get(ONE)
    assert one is None or all(isinstance(address, str) for address in one["private_ips"] + one["ipv6_addresses"])
    assert one is None or all(isinstance(key, str) and isinstance(value, str) for key, value in one["tags"].items())


@pytest.mark.parametrize("odd", broken(DISK), ids=repr)
def test_an_odd_disk_costs_at_most_its_instance(odd):
    api = cloud(DescribeInstances=[INSTANCE, OTHERS["DescribeInstances"]], DescribeDisks=[odd, OTHERS["DescribeDisks"]])
    found, errors = instances.load(api, [ONE, TWO])
    assert [disk["disk_id"] for disk in found[TWO]["disks"]] == ["d-2"]
    assert ONE in errors or all(isinstance(disk["disk_id"], str) for disk in found[ONE]["disks"])
    sizes = [disk["size_gib"] for disk in (found.get(ONE) or {"disks": []})["disks"]]
    assert all(size is None or 0 <= size <= answers.NUMBER_AT_MOST for size in sizes)


def test_a_disk_without_an_id_is_an_error_of_its_instance_and_never_a_disk_less():
    """An instance that seems to have fewer disks would be changed without a snapshot of all of them."""
    api = cloud(
        DescribeInstances=[INSTANCE, OTHERS["DescribeInstances"]],
        DescribeDisks=[DISK, DISK | {"DiskId": None}, OTHERS["DescribeDisks"]],
    )
    found, errors = instances.load(api, [ONE, TWO])
    assert set(found) == {TWO} and errors[ONE].code == "BadAnswer" and "DiskId" in errors[ONE].message
    stranger = DISK | {"DiskId": None, "InstanceId": "i-else", "Attachments": {"Attachment": []}}
    found, errors = instances.load(cloud(DescribeInstances=[INSTANCE], DescribeDisks=[DISK, stranger]), [ONE])
    assert errors == {} and len(found[ONE]["disks"]) == 1


@pytest.mark.parametrize("odd", broken(SNAPSHOT), ids=repr)
def test_an_odd_snapshot_costs_at_most_itself(odd):
    asked = [Ref(REGION, "s-1"), Ref(REGION, "s-2")]
    found = snapshots.describe(cloud(DescribeSnapshots=[odd, OTHERS["DescribeSnapshots"]]), asked)
    assert asked[1] in found
    one = found.get(asked[0])
    assert one is None or (0 <= one["progress"] <= 100 and isinstance(snapshots.usable(one), bool))


@pytest.mark.parametrize("odd", broken(SNAPSHOT), ids=repr)
def test_a_search_over_an_odd_snapshot_is_answered_or_refused(odd):
    api = cloud(DescribeSnapshots=[odd, OTHERS["DescribeSnapshots"]], DescribeDisks=[DISK, OTHERS["DescribeDisks"]])
    try:
        found = snapshot_search.of_region(api, REGION, {"k": "v"})
    except CloudError as error:
        assert error.code == "BadAnswer" and odd.get("SnapshotId") != "s-1"
    else:
        assert {one["snapshot_id"] for one in found} >= {"s-2"}


@pytest.mark.parametrize("odd", broken(GROUP), ids=repr)
def test_an_odd_group_of_snapshots_is_read_or_refused(odd):
    try:
        found = snapshots.groups(cloud(DescribeSnapshotGroups=[odd]), REGION, {"k": "v"})
    except CloudError as error:
        assert error.code == "BadAnswer"
    else:
        assert found[0].group_id and all(isinstance(member, str) for member in found[0].members)


@pytest.mark.parametrize("odd", broken({"ResourceId": "i-1", "TagKey": "k", "TagValue": "v"}), ids=repr)
def test_an_odd_tag_is_read_or_an_error_of_every_resource_that_it_may_belong_to(odd):
    found, errors = tags.current(cloud(ListTagResources=[odd]), "instance", [ONE, TWO])
    assert set(found) | set(errors) == {ONE, TWO} and all(error.code == "BadAnswer" for error in errors.values())
    assert all(isinstance(value, str) for own in found.values() for value in own.values())


WHOLE = [
    *({outer: junk} for outer in ("Instances", "Disks", "Snapshots", "TagResources") for junk in JUNK),
    {},
    *({outer: {inner: [junk]}} for outer, inner in PATHS.values() for junk in JUNK if not isinstance(junk, dict)),
    *({outer: {inner: "text"}} for outer, inner in PATHS.values()),
]  # fmt: skip
READS: list[Callable[[Replay], Any]] = [
    lambda api: instances.find(api, REGION, instances.Search()),
    lambda api: disks.attached(api, REGION, ["i-1", "i-2"]),
    lambda api: snapshots.of_instance(api, REGION, "i-1"),
]


@pytest.mark.parametrize("answer", WHOLE, ids=repr)
@pytest.mark.parametrize("read", READS, ids=["instances", "disks", "snapshots"])
def test_an_answer_that_is_something_else_is_an_error_and_not_an_empty_list(read, answer):
    with pytest.raises(CloudError) as caught:
        read(Replay(lambda *_: answer))
    assert caught.value.code == "BadAnswer" and caught.value.operation


@pytest.mark.parametrize("read", READS, ids=["instances", "disks", "snapshots"])
def test_an_empty_list_is_an_empty_list(read):
    assert not any(read(cloud())) or read(cloud()) == ({"i-1": [], "i-2": []}, {})


@pytest.mark.parametrize("token", [5, ["x"], {"a": "b"}, True], ids=repr)
def test_a_token_that_is_no_text_ends_the_reading_with_an_error(token):
    with pytest.raises(CloudError, match="token"):
        instances.find(Replay(lambda op, *_: wrapped(op, [INSTANCE], token)), REGION, instances.Search())


@pytest.mark.parametrize("tokens", [["a"], ["a", "b"], ["a", "b", "c", "b"]], ids=repr)
def test_pages_that_come_again_end_with_an_error(tokens):
    turn = itertools.cycle(tokens)
    api = Replay(lambda op, *_: wrapped(op, [INSTANCE], next(turn)))
    with pytest.raises(CloudError, match="same page twice"):
        instances.find(api, REGION, instances.Search())
    assert len(api.calls) <= len(tokens) + 1
    turn = itertools.cycle(tokens)
    _found, errors = tags.current(Replay(lambda op, *_: wrapped(op, [], next(turn))), "instance", [ONE])
    assert "same page twice" in errors[ONE].message


def test_pages_that_never_end_do_end_with_an_error(monkeypatch):
    monkeypatch.setattr(answers, "PAGES_AT_MOST", 50)
    count = itertools.count()
    api = Replay(lambda op, *_: wrapped(op, [INSTANCE], f"token-{next(count)}"))
    with pytest.raises(CloudError, match="more than 50 pages"):
        instances.find(api, REGION, instances.Search())
    assert len(api.calls) == 51


def test_an_id_that_comes_twice_is_one_instance():
    twice = [INSTANCE, INSTANCE | {"Status": "Stopped"}]
    found, errors = instances.describe(cloud(DescribeInstances=twice), [ONE, ONE])
    assert list(found) == [ONE] and errors == {}
    loaded, _errors = instances.load(cloud(DescribeInstances=twice, DescribeDisks=[DISK, DISK]), [ONE])
    assert [disk["disk_id"] for disk in loaded[ONE]["disks"]] == ["d-1"]


def test_what_nobody_asked_for_does_not_come():
    """A service that overlooks the filter must not widen what a run acts on."""
    stranger = INSTANCE | {"InstanceId": "i-stranger"}
    found, errors = instances.describe(cloud(DescribeInstances=[stranger, INSTANCE]), [ONE])
    assert list(found) == [ONE] and errors == {}
    assert list(snapshots.describe(cloud(DescribeSnapshots=[SNAPSHOT]), [Ref(REGION, "s-9")])) == []
    assert list(disks.describe(cloud(DescribeDisks=[DISK]), [Ref(REGION, "d-9")])) == []
    entry = {"ResourceId": "i-stranger", "TagKey": "k", "TagValue": "v"}
    assert tags.current(cloud(ListTagResources=[entry]), "instance", [ONE]) == ({ONE: {}}, {})


def test_ten_thousand_and_one_ids_are_a_hundred_and_one_calls_and_lose_nobody():
    refs = [Ref(REGION, f"i-{number}") for number in range(10_001)]

    def answer(operation: str, _region: str, params: dict[str, Any]) -> dict[str, Any]:
        return wrapped(operation, [INSTANCE | {"InstanceId": one} for one in json.loads(params["InstanceIds"])[1:]])

    api = Replay(answer)
    found, errors = instances.describe(api, refs)
    assert len(api.calls) == 101 and set(found) | set(errors) == set(refs) and not set(found) & set(errors)
    assert len(errors) == 101 and {error.code for error in errors.values()} == {"InvalidInstanceId.NotFound"}


def test_a_state_that_nobody_knows_is_waited_out_and_holds_up_nobody_else():
    clock = Clock()
    asked = [Ref(REGION, "s-1"), Ref(REGION, "s-2")]
    api = cloud(
        DescribeSnapshots=[SNAPSHOT | {"Status": "hibernated", "Available": False}, OTHERS["DescribeSnapshots"]]
    )
    waiter = Waiter("the snapshot", lambda pending: snapshots.describe(api, pending), snapshots.usable)
    waited = wait_for(waiter, asked, Pace(60, 10, clock, clock.sleep))
    assert waited[asked[1]].error is None
    error = waited[asked[0]].error
    assert error is not None and error.code == "WaitTimeout"


@pytest.mark.parametrize("answer", [{}, {"SnapshotId": None}, {"SnapshotId": 7}, {"SnapshotId": ""}], ids=repr)
def test_a_creation_that_names_no_snapshot_is_an_error(answer):
    with pytest.raises(CloudError, match="SnapshotId"):
        snapshots.create(Replay(lambda *_: answer), Ref(REGION, "d-1"), "name", {}, None, 1)


@pytest.mark.parametrize("answer", [{}, {"Regions": None}, {"Regions": {"Region": [{}]}}, {"Regions": {"Region": [7]}}])
def test_regions_without_ids_are_an_error(answer):
    with pytest.raises(CloudError):
        instances.all_regions(Replay(lambda *_: answer))
