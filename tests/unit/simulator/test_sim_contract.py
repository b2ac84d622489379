"""Each operation, called by the unmodified SDK: a wrong name or type in an answer would be dropped by it in silence."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from alibabacloud_ecs20140526 import models as ecs
from alibabacloud_slb20140515 import models as slb
from alibabacloud_slb20140515.client import Client as SlbClient
from alibabacloud_smc20190601 import models as smc
from alibabacloud_smc20190601.client import Client as SmcClient
from alibabacloud_tea_openapi.exceptions import ClientException
from alibabacloud_tea_openapi.models import Config

from simulator import schema
from simulator.operations import OPERATIONS
from simulator.pytest_plugin import Simulator

REGION = "cn-hangzhou"
DISKS = [
    {"type": "system", "size_gib": 40, "category": "cloud_essd"},
    {"type": "data", "size_gib": 100, "category": "cloud_essd"},
]
FLEET: dict[str, Any] = {
    "clock_rate": 0,
    "regions": {
        REGION: {
            "instances": [
                {"name": "web", "count": 120, "tags": {"env": "prod"}, "disks": DISKS},
                {
                    "name": "db",
                    "instance_id": "i-db",
                    "status": "Stopped",
                    "tags": {"env": "test", "tier": "db"},
                    "events": [{"type": "SystemMaintenance.Reboot", "reason": "host"}],
                },
            ],
            "load_balancers": [{"name": "front", "backends": ["i-db"]}],
        },
        "cn-beijing": {"instances": [{"name": "far", "instance_id": "i-far"}]},
    },
}


def snapshot(client: Any, disk_id: str, **more: Any) -> str:
    made: str = client.create_snapshot(ecs.CreateSnapshotRequest(disk_id=disk_id, **more)).body.snapshot_id
    return made


def disks_of(client: Any, instance_id: str) -> list[Any]:
    request = ecs.DescribeDisksRequest(region_id=REGION, instance_id=instance_id)
    found: list[Any] = client.describe_disks(request).body.disks.disk
    return found


def every_call(client: Any, simulator: Simulator) -> dict[str, Any]:
    """One successful call of each operation, in an order in which all of them succeed."""
    host = simulator.endpoint.removeprefix("http://")
    key, secret = simulator.account.access_key_id, simulator.account.access_key_secret
    keys = {"access_key_id": key, "access_key_secret": secret, "protocol": "http"}
    other = SmcClient(Config(**keys, endpoint=f"{host}/smc"))
    balancers = SlbClient(Config(**keys, endpoint=f"{host}/r/{REGION}"))
    disk = disks_of(client, "i-db")[0].disk_id
    first = client.describe_instances(ecs.DescribeInstancesRequest(region_id=REGION)).body.instances.instance[0]
    web = {"region_id": REGION, "instance_id": [first.instance_id]}
    made = snapshot(client, disk)
    simulator.advance(1000)
    answers: dict[str, Any] = {}

    def call(name: str, owner: Any, request: Any) -> Any:
        snake = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
        # Several products have operations such as TagResources.
        key = {client: "", other: "smc.", balancers: "slb."}[owner] + name
        answers[key] = getattr(owner, snake)(request).body
        simulator.advance(1000)
        return answers[key]

    call("DescribeRegions", client, ecs.DescribeRegionsRequest())
    call("DescribeInstances", client, ecs.DescribeInstancesRequest(region_id=REGION))
    call("DescribeInstanceStatus", client, ecs.DescribeInstanceStatusRequest(region_id=REGION))
    call("DescribeDisks", client, ecs.DescribeDisksRequest(region_id=REGION))
    call("CreateSnapshot", client, ecs.CreateSnapshotRequest(disk_id=disk, retention_days=30))
    call("DescribeSnapshots", client, ecs.DescribeSnapshotsRequest(region_id=REGION))
    call("ModifySnapshotAttribute", client, ecs.ModifySnapshotAttributeRequest(snapshot_id=made, retention_days=7))
    call("ResetDisk", client, ecs.ResetDiskRequest(disk_id=disk, snapshot_id=made))
    call("DeleteSnapshot", client, ecs.DeleteSnapshotRequest(snapshot_id=made))
    group = ecs.CreateSnapshotGroupRequest(region_id=REGION, instance_id="i-db", name="all")
    group_id = call("CreateSnapshotGroup", client, group).snapshot_group_id
    call("DescribeSnapshotGroups", client, ecs.DescribeSnapshotGroupsRequest(region_id=REGION))
    delete = ecs.DeleteSnapshotGroupRequest(region_id=REGION, snapshot_group_id=group_id)
    call("DeleteSnapshotGroup", client, delete)
    call("StartInstance", client, ecs.StartInstanceRequest(instance_id="i-db"))
    call("RebootInstance", client, ecs.RebootInstanceRequest(instance_id="i-db"))
    call("StopInstance", client, ecs.StopInstanceRequest(instance_id="i-db"))
    call("StopInstances", client, ecs.StopInstancesRequest(**web, stopped_mode="KeepCharging", force_stop=True))
    call("StartInstances", client, ecs.StartInstancesRequest(**web))
    call("RebootInstances", client, ecs.RebootInstancesRequest(**web, force_reboot=True))
    tagged = {"region_id": REGION, "resource_type": "instance", "resource_id": ["i-db"]}
    tag = ecs.TagResourcesRequestTag(key="run", value="")
    call("TagResources", client, ecs.TagResourcesRequest(**tagged, tag=[tag]))
    call("ListTagResources", client, ecs.ListTagResourcesRequest(**tagged))
    call("UntagResources", client, ecs.UntagResourcesRequest(**tagged, tag_key=["run"]))
    compute_calls(client, call)
    assistant_calls(client, call, web)
    details_calls(client, call)
    call("DescribeLoadBalancers", balancers, slb.DescribeLoadBalancersRequest(region_id=REGION))
    smc_calls(other, call, simulator, first.instance_id)
    return answers


def smc_calls(client: Any, call: Any, simulator: Simulator, instance_id: str) -> None:
    """A migration by Server Migration Center, which is paused, and cleaned up after."""
    token = call("CreateAccessToken", client, smc.CreateAccessTokenRequest(name="run", count="1"))
    source_id = simulator.smc_import(token.access_token_code, instance_id)
    call("ListAccessTokens", client, smc.ListAccessTokensRequest())
    call("DisableAccessToken", client, smc.DisableAccessTokenRequest(access_token_id=token.access_token_id))
    call("DeleteAccessToken", client, smc.DeleteAccessTokenRequest(access_token_id=token.access_token_id))
    call("DescribeSourceServers", client, smc.DescribeSourceServersRequest(source_id=[source_id]))
    rename = smc.ModifySourceServerAttributeRequest(source_id=source_id, name="renamed")
    call("ModifySourceServerAttribute", client, rename)
    target = json.dumps({"TargetOsType": "Alibaba Cloud Linux 3"})
    new = smc.CreateReplicationJobRequest(
        region_id=REGION, source_id=source_id, job_type=1, replication_parameters=target, name="job")  # fmt: skip
    which = {"job_id": call("CreateReplicationJob", client, new).job_id}
    call("ModifyReplicationJobAttribute", client, smc.ModifyReplicationJobAttributeRequest(**which, name="other"))
    simulator.faults([{"op": "StartReplicationJob", "kind": "stuck", "phase": "Syncing"}])
    call("StartReplicationJob", client, smc.StartReplicationJobRequest(**which))
    call("StopReplicationJob", client, smc.StopReplicationJobRequest(**which))
    tagged = {"resource_type": "replicationjob", "resource_id": [which["job_id"]]}
    tag = smc.TagResourcesRequestTag(key="run", value="r1")
    call("TagResources", client, smc.TagResourcesRequest(**tagged, tag=[tag]))
    call("ListTagResources", client, smc.ListTagResourcesRequest(**tagged))
    call("DescribeReplicationJobs", client, smc.DescribeReplicationJobsRequest(region_id=REGION))
    call("UntagResources", client, smc.UntagResourcesRequest(**tagged, tag_key=["run"]))
    call("DeleteReplicationJob", client, smc.DeleteReplicationJobRequest(**which))
    call("DeleteSourceServer", client, smc.DeleteSourceServerRequest(source_id=source_id))
    call("DescribeWorkgroups", client, smc.DescribeWorkgroupsRequest())


def compute_calls(client: Any, call: Any) -> None:
    """Images, security groups, and instances that come and go."""
    here = {"region_id": REGION}
    image = call("CreateImage", client, ecs.CreateImageRequest(**here, instance_id="i-db")).image_id
    call("DescribeImages", client, ecs.DescribeImagesRequest(**here, image_owner_alias="self"))
    vswitch = call("DescribeVSwitches", client, ecs.DescribeVSwitchesRequest(**here)).v_switches.v_switch[0]
    new = ecs.CreateSecurityGroupRequest(**here, vpc_id=vswitch.vpc_id, security_group_name="closed")
    group = call("CreateSecurityGroup", client, new).security_group_id
    one = {**here, "security_group_id": group}
    call("ModifySecurityGroupPolicy", client, ecs.ModifySecurityGroupPolicyRequest(**one, inner_access_policy="Drop"))
    ssh = {"ip_protocol": "tcp", "port_range": "22/22", "source_cidr_ip": "10.0.0.1"}
    out = {"ip_protocol": "all", "port_range": "-1/-1", "dest_cidr_ip": "0.0.0.0/0", "policy": "drop"}
    authorize = [ecs.AuthorizeSecurityGroupRequestPermissions(**ssh)]
    call("AuthorizeSecurityGroup", client, ecs.AuthorizeSecurityGroupRequest(**one, permissions=authorize))
    egress = [ecs.AuthorizeSecurityGroupEgressRequestPermissions(**out)]
    call("AuthorizeSecurityGroupEgress", client, ecs.AuthorizeSecurityGroupEgressRequest(**one, permissions=egress))
    call("DescribeSecurityGroups", client, ecs.DescribeSecurityGroupsRequest(**here))
    call("DescribeSecurityGroupAttribute", client, ecs.DescribeSecurityGroupAttributeRequest(**one))
    revoke = [ecs.RevokeSecurityGroupRequestPermissions(**ssh)]
    call("RevokeSecurityGroup", client, ecs.RevokeSecurityGroupRequest(**one, permissions=revoke))
    revoke_egress = [ecs.RevokeSecurityGroupEgressRequestPermissions(**out)]
    call("RevokeSecurityGroupEgress", client, ecs.RevokeSecurityGroupEgressRequest(**one, permissions=revoke_egress))
    launch = ecs.RunInstancesRequest(
        **one, image_id=image, instance_type="ecs.g6.large", v_switch_id=vswitch.v_switch_id, amount=2,
        system_disk=ecs.RunInstancesRequestSystemDisk(category="cloud_essd", size="60"),
        tag=[ecs.RunInstancesRequestTag(key="os_migration_purpose", value="drill")])  # fmt: skip
    first, second = call("RunInstances", client, launch).instance_id_sets.instance_id_set
    call("DeleteInstance", client, ecs.DeleteInstanceRequest(instance_id=first, force=True))
    call("DeleteInstances", client, ecs.DeleteInstancesRequest(**here, instance_id=[second], force=True))
    call("DeleteImage", client, ecs.DeleteImageRequest(**here, image_id=image))
    call("DeleteSecurityGroup", client, ecs.DeleteSecurityGroupRequest(**one))


def details_calls(client: Any, call: Any) -> None:
    """What is planned, what types offer, what the account may use."""
    here = {"region_id": REGION}
    call("DescribeInstancesFullStatus", client, ecs.DescribeInstancesFullStatusRequest(**here))
    call("DescribeInstanceHistoryEvents", client, ecs.DescribeInstanceHistoryEventsRequest(**here))
    call("DescribeInstanceTypes", client, ecs.DescribeInstanceTypesRequest(instance_types=["ecs.g6.large"]))
    call("DescribeAccountAttributes", client, ecs.DescribeAccountAttributesRequest(**here))


def assistant_calls(client: Any, call: Any, web: dict[str, Any]) -> None:
    """Commands and files of Cloud Assistant."""
    tag = ecs.RunCommandRequestTag(key="run", value="r1")
    run = ecs.RunCommandRequest(**web, type="RunShellScript", command_content="true", name="look", tag=[tag])
    here = {"region_id": REGION, "invoke_id": call("RunCommand", client, run).invoke_id}
    call("DescribeInvocations", client, ecs.DescribeInvocationsRequest(**here, include_output=True))
    call("DescribeInvocationResults", client, ecs.DescribeInvocationResultsRequest(**here))
    call("StopInvocation", client, ecs.StopInvocationRequest(**here))
    send = ecs.SendFileRequest(**web, name="motd", target_dir="/etc", content="hello", overwrite=True)
    sent = call("SendFile", client, send).invoke_id
    call("DescribeSendFileResults", client, ecs.DescribeSendFileResultsRequest(region_id=REGION, invoke_id=sent))
    call("DescribeCloudAssistantStatus", client, ecs.DescribeCloudAssistantStatusRequest(**web))
    call("InstallCloudAssistant", client, ecs.InstallCloudAssistantRequest(**web))


def test_every_operation_answers_the_sdk(client: Any, simulator: Simulator) -> None:
    answers = every_call(client, simulator)
    assert answers.keys() == {name if product == "ecs" else f"{product}.{name}" for product, name in OPERATIONS}
    assert all(body.request_id for body in answers.values())
    assert {row["op"] for row in simulator.mutating()} == {
        name for (_product, name), one in OPERATIONS.items() if one.mutating
    }
    (front,) = answers["slb.DescribeLoadBalancers"].load_balancers.load_balancer
    assert (front.load_balancer_name, front.load_balancer_status) == ("front", "active")
    assert answers["DescribeSnapshots"].snapshots.snapshot[1].retention_days == 30
    assert {row.tag_key for row in answers["ListTagResources"].tag_resources.tag_resource} == {"env", "tier", "run"}
    source = answers["smc.DescribeSourceServers"].source_servers.source_server[0]
    assert (source.state, source.platform) == ("Available", "CentOS")
    job = answers["smc.DescribeReplicationJobs"].replication_jobs.replication_job[0]
    assert (job.status, job.business_status, job.name, job.progress) == ("Stopped", "Syncing", "other", 30.0)
    assert [(one.key, one.value) for one in job.tags.tag] == [("run", "r1")]
    assert job.replication_job_runs.replication_job_run[0].end_time
    assert answers["smc.ListAccessTokens"].access_tokens.access_token[0].registered_count == "1"


def test_every_heeded_parameter_is_one_that_the_sdk_can_send() -> None:
    schemas = schema.load(OPERATIONS)
    for (product, name), one in OPERATIONS.items():
        known = schemas[f"{product}.{name}"]["request"]["properties"].keys()
        everywhere = {"RegionId", "ClientToken", "OwnerId", "OwnerAccount", "ResourceOwnerId", "ResourceOwnerAccount"}
        assert one.heeded - known <= everywhere, name


def test_what_reads_is_named_so_and_what_changes_is_not() -> None:
    assert {key for key, one in OPERATIONS.items() if not one.mutating} == {
        key for key in OPERATIONS if key[1].startswith(("Describe", "List"))
    }


def test_a_fleet_of_more_than_one_page_is_read_whole_by_token_and_by_number(client: Any) -> None:
    by_token, token = [], None
    while token != "":
        request = ecs.DescribeInstancesRequest(region_id=REGION, max_results=50, next_token=token)
        body = client.describe_instances(request).body
        by_token += [one.instance_id for one in body.instances.instance]
        token = body.next_token
    by_number = []
    for number in (1, 2, 3):
        request = ecs.DescribeInstancesRequest(region_id=REGION, page_number=number, page_size=50)
        body = client.describe_instances(request).body
        assert body.total_count == 121
        by_number += [one.instance_id for one in body.instances.instance]
    assert len(set(by_token)) == 121
    assert by_token == by_number


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({"instance_ids": '["i-db"]'}, 1),
        ({"instance_ids": "[]"}, 0),
        ({"instance_ids": '["i-far"]'}, 0),
        ({"status": "Stopped"}, 1),
        ({"tag": [ecs.DescribeInstancesRequestTag(key="env", value="prod")]}, 120),
        ({"tag": [ecs.DescribeInstancesRequestTag(key="tier")]}, 1),
        ({"instance_name": "web-00*"}, 99),
        ({"private_ip_addresses": '["10.0.0.121"]'}, 1),
    ],
)
def test_filters_select_the_instances_they_name(client: Any, filters: dict[str, Any], count: int) -> None:
    request = ecs.DescribeInstancesRequest(region_id=REGION, page_size=100, **filters)
    assert client.describe_instances(request).body.total_count == count


def test_a_snapshot_keeps_its_tags_and_is_found_by_them(client: Any, simulator: Simulator) -> None:
    disk = disks_of(client, "i-db")[0]
    assert (disk.type, disk.status, disk.attachments.attachment[0].instance_id) == ("system", "In_use", "i-db")
    tag = ecs.CreateSnapshotRequestTag(key="os_migration_run_id", value="r 1/ü")
    made = snapshot(client, disk.disk_id, tag=[tag])
    wanted = ecs.DescribeSnapshotsRequestTag(key="os_migration_run_id", value="r 1/ü")
    request = ecs.DescribeSnapshotsRequest(region_id=REGION, tag=[wanted])
    seen = []
    for step in (0, 60, 60):
        simulator.advance(step)
        (one,) = client.describe_snapshots(request).body.snapshots.snapshot
        assert (one.snapshot_id, one.source_disk_id) == (made, disk.disk_id)
        seen.append((one.status, one.progress, one.available))
    assert seen == [("progressing", "0%", False), ("progressing", "50%", True), ("accomplished", "100%", True)]


def test_a_roll_back_shows_on_the_disk_until_it_is_done(client: Any, simulator: Simulator) -> None:
    disk = disks_of(client, "i-db")[0].disk_id
    made = snapshot(client, disk)
    simulator.advance(1000)
    client.reset_disk(ecs.ResetDiskRequest(disk_id=disk, snapshot_id=made))
    assert disks_of(client, "i-db")[0].status == "ReIniting"
    simulator.advance(60)
    assert disks_of(client, "i-db")[0].status == "In_use"
    assert simulator.state()["regions"][REGION]["disks"][disk]["restored_from"] == made


@pytest.mark.parametrize(
    ("endpoint_region", "request_region", "code"),
    [
        (REGION, "cn-beijing", "InvalidRegionId.NotFound"),
        ("cn-nowhere", "cn-nowhere", "InvalidRegionId.NotFound"),
        (REGION, None, "MissingParameter"),
    ],
)
def test_a_wrong_region_is_refused(connect: Any, endpoint_region: str, request_region: str | None, code: str) -> None:
    with pytest.raises(ClientException) as caught:
        connect(endpoint_region).describe_instances(ecs.DescribeInstancesRequest(region_id=request_region))
    assert caught.value.code == code


def test_a_disk_of_another_region_is_not_found_through_this_endpoint(connect: Any) -> None:
    request = ecs.DescribeDisksRequest(region_id="cn-beijing")
    far = connect("cn-beijing").describe_disks(request).body.disks.disk[0]
    assert snapshot(connect("cn-beijing"), far.disk_id)
    with pytest.raises(ClientException) as caught:
        snapshot(connect(REGION), far.disk_id)
    assert (caught.value.code, caught.value.status_code) == ("InvalidDiskId.NotFound", 404)


def test_the_genuine_host_name_leads_to_its_region_through_a_proxy(connect: Any, simulator: Simulator) -> None:
    genuine = connect(endpoint=None, region_id="cn-beijing", http_proxy=simulator.endpoint)
    request = ecs.DescribeDisksRequest(region_id="cn-beijing")
    assert snapshot(genuine, genuine.describe_disks(request).body.disks.disk[0].disk_id)
    assert simulator.log(op="CreateSnapshot")[0]["region"] == "cn-beijing"


def test_a_parameter_that_is_not_modelled_is_refused_and_not_ignored(client: Any) -> None:
    with pytest.raises(Exception, match="SimulatorNotModelled"):
        client.describe_disks(ecs.DescribeDisksRequest(region_id=REGION, performance_level="PL1"))


def test_the_same_seed_gives_the_same_ids_after_a_reset(client: Any, simulator: Simulator) -> None:
    before = [(one.disk_id, snapshot(client, one.disk_id)) for one in disks_of(client, "i-db")]
    simulator.reset()
    assert [(one.disk_id, snapshot(client, one.disk_id)) for one in disks_of(client, "i-db")] == before


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({}, "MissingParameter"),
        ({"DiskId": "d-1", "Colour": "red"}, "InvalidParameter"),
        ({"DiskId": "d-1", "RetentionDays": "many"}, "InvalidParameter"),
        ({"DiskId": "d-1", "InstantAccess": "yes"}, "InvalidParameter"),
        ({"DiskId.1": "d-1"}, "InvalidParameter"),
        ({"DiskId": "d-1", "Tag": "x"}, "InvalidParameter"),
        ({"DiskId": "d-1", "Tag.first.Key": "x"}, "InvalidParameter"),
        ({"DiskId": "d-1", "Tag.1.Colour": "x"}, "InvalidParameter"),
    ],
)
def test_a_request_that_the_sdk_would_never_send_is_refused(parameters: dict[str, str], code: str) -> None:
    shape = schema.load([("ecs", "CreateSnapshot")])["ecs.CreateSnapshot"]["request"]
    with pytest.raises(Exception, match=code):
        schema.decode(shape, parameters)


def test_flat_parameters_become_typed_nested_ones() -> None:
    shape = schema.load([("ecs", "CreateSnapshot")])["ecs.CreateSnapshot"]["request"]
    wire = {"DiskId": "d-1", "InstantAccess": "True", "RetentionDays": "7", "Tag.2.Key": "b", "Tag.1.Key": "a"}
    assert schema.decode(shape, wire) == {
        "DiskId": "d-1", "InstantAccess": True, "RetentionDays": 7, "Tag": [{"Key": "a"}, {"Key": "b"}],
    }  # fmt: skip


@pytest.mark.parametrize(
    "answer",
    [
        {"Snapshots": {"Snapshot": [{"Progress": 100}]}},
        {"Snapshots": {"Snapshot": [{"Size": "40"}]}},
        {"Snapshots": {"Snapshot": {}}},
        {"Snapshots": []},
        {"TotalCount": "1"},
        {"TotalCount": True},
    ],
    ids=json.dumps,
)
def test_an_answer_that_the_sdk_would_misread_is_noticed(answer: dict[str, Any]) -> None:
    shape = schema.load([("ecs", "DescribeSnapshots")])["ecs.DescribeSnapshots"]["response"]
    assert len(schema.problems(shape, answer)) == 1
