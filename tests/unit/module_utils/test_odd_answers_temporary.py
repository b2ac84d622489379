"""Odd answers about images, clones and security groups: an error with a reason, and nothing of others is touched."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest
from cloud_doubles import Clock, Replay
from test_odd_answers import INSTANCE, JUNK, broken

from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud import (
    answers,
    image_run,
    images,
    launch,
    launch_remove,
    security_group_run,
    security_groups,
    smc_jobs,
)
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.batch import Ref
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.errors import CloudError
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.temporary import Marks, Unwanted
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.waiter import Pace

REGION = "cn-hangzhou"
ONE, TWO = Ref(REGION, "i-1"), Ref(REGION, "i-2")
MARKS = Marks("r1")
WANTED = MARKS.key_tags
PATHS = {
    "DescribeInstances": ("Instances", "Instance"),
    "DescribeImages": ("Images", "Image"),
    "DescribeSecurityGroups": ("SecurityGroups", "SecurityGroup"),
    "DescribeSecurityGroupAttribute": ("Permissions", "Permission"),
}


def tagged(source: str, **more: str) -> dict[str, Any]:
    own = MARKS.of_instance(source) | more
    return {"Tag": [{"TagKey": key, "TagValue": value} for key, value in own.items()]}


IMAGE: dict[str, Any] = {
    "ImageId": "m-1", "ImageName": "n", "Status": "Available", "Progress": "100%", "CreationTime": "2026-01-01T00:00Z",
    "Size": 40, "OSNameEn": "CentOS", "OSName": "CentOS", "Tags": tagged("i-1", os_migration_image_mode="instance"),
    "DiskDeviceMappings": {"DiskDeviceMapping": [{"Device": "/dev/xvda", "Type": "", "Size": "40", "SnapshotId": "s-1"}]},
}  # fmt: skip
OTHER_IMAGE = IMAGE | {"ImageId": "m-2", "Tags": tagged("i-2", os_migration_image_mode="instance")}
CLONE = INSTANCE | {"InstanceId": "c-1", "AutoReleaseTime": "2026-12-01T00:00Z", "Tags": tagged("i-1")}
OTHER_CLONE = CLONE | {"InstanceId": "c-2", "Tags": tagged("i-2")}
GROUP: dict[str, Any] = {
    "SecurityGroupId": "sg-1", "SecurityGroupName": "n", "VpcId": "vpc-1", "CreationTime": "t", "Tags": tagged("x"),
}  # fmt: skip
OTHER_GROUP = GROUP | {"SecurityGroupId": "sg-2", "VpcId": "vpc-2"}
RULE: dict[str, Any] = {
    "Direction": "ingress", "IpProtocol": "TCP", "PortRange": "22/22", "SourceCidrIp": "10.0.0.0/8", "Ipv6SourceCidrIp": "",
    "DestCidrIp": "", "Policy": "Accept", "Priority": "1", "SourceGroupId": "", "Description": "", "SecurityGroupRuleId": "sgr-1",
}  # fmt: skip
DISK: dict[str, Any] = {"Device": "/dev/xvda", "Type": "system", "Size": "40", "SnapshotId": "s-1", "Progress": "1%"}


def wrapped(operation: str, found: Any, token: Any = "") -> dict[str, Any]:
    outer, inner = PATHS[operation]
    return {outer: {inner: found}, "NextToken": token}


def cloud(**found: list[Any]) -> Replay:
    """Answers each operation with these entries, and those that are not named with none."""
    return Replay(lambda operation, *_: wrapped(operation, found.get(operation, [])) if operation in PATHS else {})


def pace() -> Pace:
    clock = Clock()
    return Pace(100, 10, clock, clock.sleep)


def mutating(api: Replay) -> list[tuple[str, Any]]:
    return [(operation, params) for operation, _region, params in api.calls if not operation.startswith("Describe")]


READS: dict[str, tuple[Callable[[Replay], Any], str, dict[str, Any], dict[str, Any], str]] = {
    "images": (lambda api: images.by_tags(api, REGION, WANTED), "DescribeImages", IMAGE, OTHER_IMAGE, "ImageId"),
    "clones": (lambda api: launch.by_tags(api, REGION, WANTED), "DescribeInstances", CLONE, OTHER_CLONE, "InstanceId"),
    "groups": (lambda api: security_groups.by_tags(api, REGION, WANTED), "DescribeSecurityGroups", GROUP, OTHER_GROUP,
               "SecurityGroupId"),
}  # fmt: skip
ODD = [(name, odd) for name, (_read, _operation, record, *_more) in READS.items() for odd in broken(record)]


@pytest.mark.parametrize(("name", "odd"), ODD, ids=[f"{name}-{number}" for number, (name, _odd) in enumerate(ODD)])
def test_an_odd_resource_is_read_or_refused_and_hides_no_other_one(name, odd):
    read, operation, record, other, key = READS[name]
    try:
        found = read(cloud(**{operation: [odd, other]}))
    except CloudError as error:
        assert error.code == "BadAnswer" and odd.get(key) != record[key]
        return
    json.dumps(list(found.values()))
    assert Ref(REGION, other[key]) in found and all(isinstance(ref.id, str) and ref.id for ref in found)


@pytest.mark.parametrize("name", READS)
@pytest.mark.parametrize("junk", [one for one in JUNK if one != []], ids=repr)
def test_a_list_that_is_something_else_is_an_error_and_not_an_empty_list(name, junk):
    read, operation = READS[name][:2]
    outer, _inner = PATHS[operation]
    whole: list[dict[str, Any]] = [{}, {outer: junk}, wrapped(operation, junk)]
    whole += [] if isinstance(junk, dict) else [wrapped(operation, [junk])]
    for answer in whole:
        with pytest.raises(CloudError) as caught:
            read(Replay(lambda *_, answer=answer: answer))
        assert caught.value.code == "BadAnswer"


@pytest.mark.parametrize("name", READS)
def test_what_nobody_asked_for_is_not_taken_for_ones_own(name):
    """A service that overlooks the tags of a question would have the drill of another run removed."""
    read, operation, record, other, key = READS[name]
    foreign = record | {"Tags": {"Tag": [{"TagKey": "os_migration_purpose", "TagValue": "drill"}]}}
    assert list(read(cloud(**{operation: [foreign, other]}))) == [Ref(REGION, other[key])]
    assert len(read(cloud(**{operation: [other, other]}))) == 1


def test_nothing_that_bears_the_marks_of_another_run_is_removed():
    whole_run = Unwanted(MARKS, None, [], [REGION])
    foreign = {"Tag": [{"TagKey": key, "TagValue": value} for key, value in Marks("r2").of_instance("i-1").items()]}
    api = cloud(**{operation: [record | {"Tags": foreign}] for _read, operation, record, *_more in READS.values()})
    assert launch_remove.remove(api, whole_run, smc_jobs.no_guard, pace(), True, False) == []
    assert image_run.remove(api, whole_run, False, pace(), False) == []
    assert security_group_run.remove(api, whole_run, pace(), False) == []
    assert mutating(api) == []


def test_a_wrong_answer_to_an_id_is_not_taken_for_it():
    asked = [Ref(REGION, "x-1")]
    api = cloud(DescribeImages=[IMAGE], DescribeInstances=[CLONE], DescribeSecurityGroups=[GROUP])
    assert images.describe(api, asked) == {} and launch.look(api, asked) == {}
    assert security_groups.describe(api, asked) == {}


@pytest.mark.parametrize("odd", broken(DISK), ids=repr)
def test_an_odd_disk_of_an_image_is_shown_as_far_as_it_can_be_read(odd):
    raw = IMAGE | {"DiskDeviceMappings": {"DiskDeviceMapping": [odd, None, DISK]}, "Progress": odd.get("Progress")}
    image = images.normalise(raw)
    assert image["disks"][-1]["snapshot_id"] == "s-1" and 0 <= image["progress"] <= 100
    assert all(disk["size_gib"] is None or 0 <= disk["size_gib"] <= answers.NUMBER_AT_MOST for disk in image["disks"])
    images.usable(image, images.Source(ONE, "snapshots", {"/dev/xvda": "s-1"}))


@pytest.mark.parametrize(
    "value", ["\u00b2%", "9" * 5000 + "%", "200%", "-5", 10**30, "%%"], ids=lambda one: str(one)[:9]
)
def test_a_progress_that_is_none_does_not_stop_the_wait_for_an_image(value):
    assert 0 <= images.normalise(IMAGE | {"Progress": value})["progress"] <= 100


@pytest.mark.parametrize("junk", [one for one in JUNK if not (isinstance(one, str) and one)], ids=repr)
def test_a_creation_that_names_nothing_is_an_error_of_its_item_and_the_others_go_on(junk):
    def answer(operation: str, _region: str, params: dict[str, Any]) -> dict[str, Any]:
        if operation == "RunInstances":
            mine = "c-2" if any(tag["Value"] == "i-2" for tag in params["Tag"]) else junk
            made.append(mine)
            return {"InstanceIdSets": {"InstanceIdSet": [mine]}}
        return wrapped(operation, [OTHER_CLONE] if "c-2" in made and operation == "DescribeInstances" else [])

    made: list[Any] = []
    wish = launch.Wish(MARKS, 60, "ecs.g6.large", "vsw-1", ("sg-1",))
    clones = [launch.Clone(ONE, "m"), launch.Clone(TWO, "m")]
    first, second = launch.ensure(Replay(answer), clones, wish, pace(), wait=True, check=False)
    assert first["error"]["code"] == "BadAnswer" and second["error"] is None and second["clone_id"] == "c-2"
    with pytest.raises(CloudError, match="ImageId"):
        images.create(Replay(lambda *_: {"ImageId": junk}), images.Source(ONE, "instance"), MARKS, "n", [], 0)
    with pytest.raises(CloudError, match="SecurityGroupId"):
        security_groups.create(Replay(lambda *_: {"SecurityGroupId": junk}), Ref(REGION, "vpc-1"), "n", MARKS, 0)


@pytest.mark.parametrize("junk", JUNK, ids=repr)
def test_a_source_whose_type_is_not_told_is_an_error_and_no_clone_of_any_type(junk):
    if isinstance(junk, str) and junk:
        return

    def answer(operation: str, _region: str, params: dict[str, Any]) -> dict[str, Any]:
        if "InstanceIds" not in params:
            return wrapped(operation, [])
        return wrapped(operation, [INSTANCE | {"InstanceType": junk}])

    api = Replay(answer)
    wish = launch.Wish(MARKS, 60, None, "vsw-1", ("sg-1",))
    (result,) = launch.ensure(api, [launch.Clone(ONE, "m")], wish, pace(), wait=True, check=False)
    assert result["error"]["code"] == "BadAnswer" and mutating(api) == []


def test_a_clone_in_a_state_that_nobody_knows_is_waited_out_and_not_released():
    def answer(operation: str, _region: str, _params: dict[str, Any]) -> dict[str, Any]:
        return wrapped(operation, [CLONE | {"Status": "Hibernated"}, OTHER_CLONE]) if operation in PATHS else {}

    api = Replay(answer)
    results = launch_remove.remove(api, Unwanted(MARKS, None, [], [REGION]), smc_jobs.no_guard, pace(), False, False)
    errors = {one["clone_id"]: one["error"] for one in results}
    assert errors["c-1"]["code"] == "WaitTimeout" and errors["c-2"] is None
    assert [params["InstanceId"] for _operation, params in mutating(api)] == [["c-2"]]


@pytest.mark.parametrize("odd", broken(RULE), ids=repr)
def test_an_odd_rule_is_read_or_an_error_of_its_group_alone(odd):
    def answer(operation: str, _region: str, params: dict[str, Any]) -> dict[str, Any]:
        return wrapped(operation, [odd, RULE] if params["SecurityGroupId"] == "sg-1" else [RULE])

    one, two = Ref(REGION, "sg-1"), Ref(REGION, "sg-2")
    found, errors = security_groups.details(Replay(answer), [one, two])
    assert len(found[two][0]) == 1 and set(errors) <= {one}
    if one in found:
        wish = security_group_run.Wish(MARKS, "n", tuple(found[two][0]))
        change = security_group_run.compare(*found[one], wish)
        json.dumps([rule.as_dict() for rule in security_group_run.security_rules.order(change.after)])
        assert len(found[one][0]) == 2
    else:
        assert errors[one].code == "BadAnswer"


@pytest.mark.parametrize("junk", JUNK, ids=repr)
def test_a_group_whose_rules_cannot_be_read_is_an_error_and_not_a_group_without_rules(junk):
    """A group that seems to have no rules would be shown as closed while it is open."""
    for answer in ({"Permissions": junk}, {"Permissions": {"Permission": junk}}, {}):
        if answer == {"Permissions": {"Permission": []}}:
            continue
        with pytest.raises(CloudError, match=r"Permissions\.Permission"):
            security_groups.attribute(Replay(lambda *_, answer=answer: answer), Ref(REGION, "sg-1"))
    policy = {"InnerAccessPolicy": junk, "Permissions": {"Permission": []}}
    assert isinstance(security_groups.attribute(Replay(lambda *_: policy), Ref(REGION, "sg-1"))[1], str)


@pytest.mark.parametrize("tokens", [["a"], ["a", "b"], None], ids=repr)
def test_pages_that_repeat_or_never_end_do_end_with_an_error(tokens, monkeypatch):
    monkeypatch.setattr(answers, "PAGES_AT_MOST", 20)
    for read in (
        lambda api: security_groups.attribute(api, Ref(REGION, "sg-1")),
        lambda api: launch.by_tags(api, REGION, WANTED),
        lambda api: security_groups.by_tags(api, REGION, WANTED),
    ):
        turn = itertools.cycle(tokens) if tokens else (f"t-{number}" for number in itertools.count())
        api = Replay(lambda operation, *_, turn=turn: wrapped(operation, [], next(turn)))
        with pytest.raises(CloudError, match=r"same page twice|more than 20 pages"):
            read(api)
        assert len(api.calls) <= 21


def test_pages_of_images_that_repeat_or_never_end_do_end_with_an_error(monkeypatch):
    monkeypatch.setattr(answers, "PAGES_AT_MOST", 20)
    count = itertools.count()
    for new in (lambda: 0, lambda: next(count)):
        api = Replay(
            lambda op, *_, new=new: wrapped(op, [IMAGE | {"ImageId": f"m-{new()}"} for _one in range(images.PAGE)])
        )
        with pytest.raises(CloudError, match="never ends"):
            images.by_tags(api, REGION, WANTED)
        assert len(api.calls) <= 21
