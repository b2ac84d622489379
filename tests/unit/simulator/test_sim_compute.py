"""What a rehearsal on clones rests on: clones carry the snapshots, are where they were put, and go away by themselves."""

from __future__ import annotations

from typing import Any

import pytest

from simulator import fleet
from simulator.errors import ApiError
from simulator.fleet import FleetError
from simulator.operations import OPERATIONS, Context
from simulator.world import World

NOW = 1_000_000.0
ESSD = {"size_gib": 40, "category": "cloud_essd"}
FLEET: dict[str, Any] = {
    "timing": {"image_s": 100, "create_s": 20, "start_s": 40, "release_s": 10},
    "regions": {
        "cn-hangzhou": {
            "vswitches": [{"vswitch_id": "vsw-drill", "vpc_id": "vpc-drill", "cidr": "192.168.7.0/29"}],
            "instances": [
                {"name": "web", "instance_id": "i-web", "system": "centos8", "os_name": "CentOS 8",
                 "disks": [{"type": "system", "disk_id": "d-sys", **ESSD}, {"type": "data", "disk_id": "d-data", **ESSD}]},
            ],
        }
    },
}  # fmt: skip
FLEET_IMAGE = "centos_7_9_x64_20G_alibase_20240628.vhd"
RUN = {"InstanceType": "ecs.g6.large", "VSwitchId": "vsw-cn-hangzhou-a", "SecurityGroupIds": ["sg-cn-hangzhou"]}


class Bench:
    """One region, with time that only `wait` moves."""

    def __init__(self, wall: float | None = None) -> None:
        self.now, self.wall = NOW, wall
        self.world: World = fleet.build(fleet.settings(FLEET), self.now)
        self.region = self.world.regions["cn-hangzhou"]

    def call(self, op: str, **given: Any) -> dict[str, Any]:
        self.world.settle(self.now)
        context = Context(self.world, self.region, self.now, [], self.wall)
        return OPERATIONS["ecs", op].handler(context, given)

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.world.settle(self.now)

    def image(self, **given: Any) -> str:
        made: str = self.call("CreateImage", **given)["ImageId"]
        return made

    def run(self, image: str, **more: Any) -> list[str]:
        made: list[str] = self.call("RunInstances", ImageId=image, **RUN, **more)["InstanceIdSets"]["InstanceIdSet"]
        return made

    def snapshots(self, *disks: str) -> list[str]:
        made = [self.call("CreateSnapshot", DiskId=one)["SnapshotId"] for one in disks]
        self.wait(500)
        return made

    def images(self, **given: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call("DescribeImages", ImageOwnerAlias="self", **given)["Images"]["Image"]
        return found


def test_a_clone_carries_each_disk_as_the_snapshot_shows_it() -> None:
    bench = Bench()
    system, data = bench.snapshots("d-sys", "d-data")
    mapping = [{"SnapshotId": system, "Device": "/dev/xvda"}, {"SnapshotId": data, "Device": "/dev/xvdc", "Size": 60}]
    image = bench.image(DiskDeviceMapping=mapping)
    bench.wait(100)
    (clone,) = bench.run(image)
    disks = [bench.region.disks[one] for one in bench.region.instances[clone].disk_ids]
    assert [(one.type, one.device, one.size_gib, one.restored_from) for one in disks] == [
        ("system", "/dev/xvda", 40, system),
        ("data", "/dev/xvdc", 60, data),
    ]


def test_a_clone_runs_what_the_source_ran_when_it_was_snapshotted() -> None:
    bench = Bench()
    (system,) = bench.snapshots("d-sys")
    bench.region.instances["i-web"].system = "alinux3"
    image = bench.image(SnapshotId=system)
    bench.wait(100)
    clone = bench.region.instances[bench.run(image)[0]]
    assert clone.system == "centos8"
    assert clone.os_name == "CentOS 8"


def test_an_image_of_an_instance_waits_for_its_snapshots_and_leaves_them_behind() -> None:
    bench = Bench()
    image = bench.image(InstanceId="i-web", ImageName="web-now")
    assert len(bench.region.snapshots) == 2
    assert bench.images() == []
    (seen,) = bench.images(Status="Creating,Available,CreateFailed")
    assert (seen["Status"], seen["Progress"], seen["ImageName"]) == ("Creating", "0%", "web-now")
    bench.wait(110)
    assert 0 < int(bench.images(Status="ALL")[0]["Progress"].rstrip("%")) < 100
    bench.wait(500)
    assert [(one["Status"], one["Progress"]) for one in bench.images()] == [("Available", "100%")]
    bench.call("DeleteImage", ImageId=image)
    assert bench.images(Status="ALL") == [] and len(bench.region.snapshots) == 2


def test_an_image_fails_with_a_snapshot_of_it() -> None:
    bench = Bench()
    bench.world.fail_work = True
    bench.image(InstanceId="i-web")
    bench.wait(1000)
    assert [one["Status"] for one in bench.images(Status="CreateFailed")] == ["CreateFailed"]


@pytest.mark.parametrize(
    ("given", "count"),
    [
        ({"Tag": [{"Key": "run", "Value": "r1"}]}, 1),
        ({"Tag": [{"Key": "run", "Value": "r2"}]}, 0),
        ({"ImageName": "we*"}, 1),
        ({"ImageName": "db*"}, 0),
        ({"Usage": "none"}, 1),
        ({"Usage": "instance"}, 0),
    ],
)
def test_images_are_found_by_what_they_are(given: dict[str, Any], count: int) -> None:
    bench = Bench()
    bench.image(InstanceId="i-web", ImageName="web-now", Tag=[{"Key": "run", "Value": "r1"}])
    bench.wait(1000)
    assert len(bench.images(**given)) == count


def test_a_new_instance_is_where_it_was_put_and_bears_its_tags_on_its_disks() -> None:
    bench = Bench()
    group = bench.call("CreateSecurityGroup", VpcId="vpc-drill", SecurityGroupName="closed")["SecurityGroupId"]
    image = bench.image(InstanceId="i-web")
    bench.wait(1000)
    place = {"VSwitchId": "vsw-drill", "SecurityGroupIds": [group], "InstanceType": "ecs.g7.small"}
    tags = [{"Key": "os_migration_purpose", "Value": "drill"}]
    made = bench.call("RunInstances", ImageId=image, Amount=4, Tag=tags, InstanceName="drill", **place)
    ids = made["InstanceIdSets"]["InstanceIdSet"]
    query = {"VSwitchId": "vsw-drill", "SecurityGroupId": group, "Tag": tags}
    found = bench.call("DescribeInstances", **query)["Instances"]["Instance"]
    assert {one["InstanceId"] for one in found} == set(ids) and len(ids) == 4
    assert {one["VpcAttributes"]["PrivateIpAddress"]["IpAddress"][0] for one in found} == {
        f"192.168.7.{number}" for number in (1, 2, 3, 4)
    }
    for one in found:
        assert one["SecurityGroupIds"] == {"SecurityGroupId": [group]} and one["VpcAttributes"]["VpcId"] == "vpc-drill"
        assert one["PublicIpAddress"] == {"IpAddress": []} and one["InstanceName"] == "drill"
        disks = bench.call("DescribeDisks", InstanceId=one["InstanceId"])["Disks"]["Disk"]
        assert [disk["Tags"] for disk in disks] == [one["Tags"]] * 2
    with pytest.raises(ApiError, match=r"QuotaExceeded\.PrivateIpAddress"):
        bench.call("RunInstances", ImageId=image, **place)


def test_a_new_instance_is_pending_then_starting_then_running() -> None:
    bench = Bench()
    (one,) = bench.run(FLEET_IMAGE)
    seen = []
    for seconds in (0, 20, 40):
        bench.wait(seconds)
        seen.append(bench.region.instances[one].status)
    assert seen == ["Pending", "Starting", "Running"]


def test_a_public_address_is_there_only_for_those_who_ask() -> None:
    bench = Bench()
    (without,) = bench.run(FLEET_IMAGE, InternetMaxBandwidthOut=0)
    (with_one,) = bench.run(FLEET_IMAGE, InternetMaxBandwidthOut=5)
    assert bench.region.instances[without].public_ip is None
    assert bench.region.instances[with_one].public_ip is not None


def test_a_released_instance_is_seen_for_a_while_and_takes_its_disks_along() -> None:
    bench = Bench()
    bench.snapshots("d-sys")
    bench.call("DeleteInstances", InstanceId=["i-web"], Force=True)
    bench.wait(9)
    assert bench.region.instances["i-web"].status == "Stopping"
    bench.wait(1)
    assert not bench.region.instances and not bench.region.disks and len(bench.region.snapshots) == 1


def test_a_refused_batch_releases_nothing() -> None:
    bench = Bench()
    with pytest.raises(ApiError):
        bench.call("DeleteInstances", InstanceId=["i-web", "i-none"], Force=True)
    assert bench.region.instances["i-web"].status == "Running"


def test_the_time_of_release_counts_by_the_clients_clock_and_protection_does_not_stop_it() -> None:
    """Virtual time may be days ahead of the clock that a client reads."""
    bench = Bench(wall=1_800_000_000.0)
    (one,) = bench.run(FLEET_IMAGE, AutoReleaseTime="2027-01-15T08:30:59Z", DeletionProtection=True)
    shown = bench.call("DescribeInstances", InstanceIds=f'["{one}"]')["Instances"]["Instance"][0]
    assert shown["AutoReleaseTime"] == "2027-01-15T08:30:00Z"
    bench.wait(1799)
    assert one in bench.region.instances
    bench.wait(1)
    assert one not in bench.region.instances
    with pytest.raises(ApiError, match=r"InvalidAutoReleaseTime\.Malformed"):
        bench.run(FLEET_IMAGE, AutoReleaseTime="1970-01-12T15:00:00Z")


def test_a_release_by_hand_before_that_time_leaves_nothing_to_do() -> None:
    bench = Bench()
    (one,) = bench.run(FLEET_IMAGE, AutoReleaseTime="1970-01-12T15:00:00Z")
    bench.wait(100)
    bench.call("DeleteInstance", InstanceId=one, Force=True)
    bench.wait(86400)
    assert set(bench.region.instances) == {"i-web"}


def rule(**more: str) -> dict[str, str]:
    return {"IpProtocol": "tcp", "PortRange": "22/22", "SourceCidrIp": "10.0.0.0/8", **more}


def test_a_rule_is_told_as_the_cloud_writes_it_and_is_there_once() -> None:
    bench = Bench()
    group = bench.call("CreateSecurityGroup", VpcId="vpc-drill")["SecurityGroupId"]
    for _time in range(2):
        bench.call("AuthorizeSecurityGroup", SecurityGroupId=group, Permissions=[rule(Description="ssh"), rule()])
    drop = {"IpProtocol": "all", "PortRange": "-1/-1", "DestCidrIp": "0.0.0.0/0", "Policy": "drop", "Priority": "100"}
    bench.call("AuthorizeSecurityGroupEgress", SecurityGroupId=group, Permissions=[drop])
    told = bench.call("DescribeSecurityGroupAttribute", SecurityGroupId=group)
    assert told["InnerAccessPolicy"] == "Accept"
    fields = ("Direction", "IpProtocol", "PortRange", "Policy", "Priority", "SourceCidrIp", "DestCidrIp")
    assert [tuple(one[key] for key in fields) for one in told["Permissions"]["Permission"]] == [
        ("ingress", "TCP", "22/22", "Accept", "1", "10.0.0.0/8", ""),
        ("egress", "ALL", "-1/-1", "Drop", "100", "", "0.0.0.0/0"),
    ]
    out = bench.call("DescribeSecurityGroupAttribute", SecurityGroupId=group, Direction="egress")
    assert len(out["Permissions"]["Permission"]) == 1


def test_rules_are_taken_away_by_what_they_say_or_by_their_ids() -> None:
    bench = Bench()
    group = bench.call("CreateSecurityGroup", VpcId="vpc-drill")["SecurityGroupId"]
    one = {"SecurityGroupId": group}
    bench.call("AuthorizeSecurityGroup", **one, Permissions=[rule(), rule(Priority="2")])
    bench.call("RevokeSecurityGroup", **one, Permissions=[rule(Priority="2")])
    (left,) = bench.region.security_groups[group].rules
    assert left.priority == 1
    bench.call("RevokeSecurityGroupEgress", **one, SecurityGroupRuleId=[left.rule_id])
    assert bench.region.security_groups[group].rules == [left]
    bench.call("RevokeSecurityGroup", **one, SecurityGroupRuleId=[left.rule_id])
    assert bench.region.security_groups[group].rules == []


def test_a_group_with_many_rules_is_read_whole_by_token_and_has_a_limit() -> None:
    bench = Bench()
    group = bench.call("CreateSecurityGroup", VpcId="vpc-drill")["SecurityGroupId"]
    many = [rule(SourceCidrIp=f"10.0.{number}.0/24") for number in range(200)]
    for start in (0, 100):
        bench.call("AuthorizeSecurityGroup", SecurityGroupId=group, Permissions=many[start:start + 100])  # fmt: skip
    seen, token = [], ""
    while True:
        page = bench.call("DescribeSecurityGroupAttribute", SecurityGroupId=group, MaxResults=70, NextToken=token)
        seen += [one["SourceCidrIp"] for one in page["Permissions"]["Permission"]]
        if not (token := page["NextToken"]):
            break
    assert len(set(seen)) == 200
    with pytest.raises(ApiError, match="AuthorizationLimitExceed"):
        bench.call("AuthorizeSecurityGroup", SecurityGroupId=group, Permissions=[rule(Policy="drop")])


def test_vswitches_tell_their_vpc_zone_and_free_addresses() -> None:
    bench = Bench()
    found = bench.call("DescribeVSwitches", VpcId="vpc-drill")["VSwitches"]["VSwitch"]
    assert [(one["VSwitchId"], one["ZoneId"], one["CidrBlock"], one["AvailableIpAddressCount"]) for one in found] == [
        ("vsw-drill", "cn-hangzhou-a", "192.168.7.0/29", 4)
    ]
    assert len(bench.call("DescribeVSwitches")["VSwitches"]["VSwitch"]) == 2


@pytest.mark.parametrize("content", [{"vswitches": [{"cidr": "10.0.0.0/8"}]}, {"vswitch": []}])
def test_a_fleet_that_means_nothing_is_refused(content: dict[str, Any]) -> None:
    with pytest.raises(FleetError):
        fleet.build(fleet.settings({"regions": {"cn-hangzhou": content}}), NOW)
