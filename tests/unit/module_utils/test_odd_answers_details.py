# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers about details that no documentation promises cost the detail, never the precheck."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cloud_doubles import Replay
from test_odd_answers import DISK, INSTANCE, JUNK, ONE, broken

from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud import (
    instance_attributes,
    instance_details,
    instances,
)

EVENT = {
    "InstanceId": "i-1", "EventId": "e-1", "EventType": {"Name": "SystemMaintenance.Reboot"}, "Reason": "host",
    "EventCycleStatus": {"Name": "Scheduled"}, "NotBefore": "2026-12-01T02:00:00Z", "ExtendedAttribute": {"DiskId": "d-1"},
}  # fmt: skip
IMAGE = {
    "ImageId": "m", "ImageOwnerAlias": "system", "OSNameEn": "CentOS", "Platform": "CentOS", "Architecture": "x86_64",
    "BootMode": "BIOS", "Features": {"NvmeSupport": "supported"}, "ProductCode": "", "Status": "Available",
}  # fmt: skip
TYPE = {
    "InstanceTypeId": "ecs.g6.large", "InstanceTypeFamily": "ecs.g6", "InstanceCategory": "General-purpose",
    "InstanceFamilyLevel": "EnterpriseLevel", "CpuArchitecture": "X86", "CpuCoreCount": 2, "MemorySize": 8.0,
    "SupportedBootModes": {"SupportedBootMode": ["BIOS"]}, "NvmeSupport": "unsupported", "GPUAmount": 0, "GPUSpec": "",
    "LocalStorageAmount": 0, "LocalStorageCategory": "",
}  # fmt: skip
QUOTA = {"AttributeName": "max-axt-invocation-daily", "AttributeValues": {"ValueItem": [{"Value": "5000"}]}}
STATUS = {"InstanceId": "i-1", "HealthStatus": {"Name": "Ok"}}
AGENT = {"InstanceId": "i-1", "CloudAssistantStatus": "true", "LastHeartbeatTime": "2026-11-24T08:15:30Z"}
SNAPSHOT = {"SnapshotId": "s-1", "SourceDiskId": "d-1", "Status": "progressing", "Progress": "10%"}
BALANCER = {"LoadBalancerId": "lb-1", "LoadBalancerName": "front", "LoadBalancerStatus": "active"}
ENTRIES: dict[str, tuple[tuple[str, str], dict[str, Any], str]] = {
    "DescribeCloudAssistantStatus": (("InstanceCloudAssistantStatusSet", "InstanceCloudAssistantStatus"), AGENT, "assistant"),
    "DescribeInstancesFullStatus": (("InstanceFullStatusSet", "InstanceFullStatusType"), STATUS, "events"),
    "DescribeInstanceHistoryEvents": (("InstanceSystemEventSet", "InstanceSystemEventType"), EVENT, "events"),
    "DescribeImages": (("Images", "Image"), IMAGE, "image"),
    "DescribeInstanceTypes": (("InstanceTypes", "InstanceType"), TYPE, "instance_type"),
    "DescribeAccountAttributes": (("AccountAttributeItems", "AccountAttributeItem"), QUOTA, "quotas"),
    "DescribeLoadBalancers": (("LoadBalancers", "LoadBalancer"), BALANCER, "load_balancer"),
    "DescribeSnapshots": (("Snapshots", "Snapshot"), SNAPSHOT, "snapshots"),
}  # fmt: skip
ODD = [(op, odd) for op, (_path, record, _detail) in ENTRIES.items() for odd in broken(record)]
FOUND = {ONE: instances.normalise(INSTANCE) | {"disks": [{"disk_id": "d-1"}]}}


def cloud(odd_operation: str, answer: Any) -> Replay:
    def reply(operation: str, _region: str, _params: dict[str, Any]) -> dict[str, Any]:
        if operation == "DescribeInstances":
            return {"Instances": {"Instance": [INSTANCE]}}
        (outer, inner), record, _detail = ENTRIES[operation]
        return answer if operation == odd_operation else {outer: {inner: [record]}}

    return Replay(reply)


@pytest.mark.parametrize(("operation", "odd"), ODD, ids=repr)
def test_an_odd_entry_costs_at_most_its_detail(operation, odd):
    (outer, inner), _record, detail = ENTRIES[operation]
    joined = instance_details.join(cloud(operation, {outer: {inner: [odd]}}), FOUND, instance_details.DETAILS)[ONE]
    assert set(joined["details_unread"]) <= {detail}
    assert all("BadAnswer" in reason or "told nothing" in reason or "not found" in reason
               for reason in joined["details_unread"].values())  # fmt: skip
    json.dumps(joined)


@pytest.mark.parametrize("answer", [{}, *({"Images": junk} for junk in JUNK)], ids=repr)
@pytest.mark.parametrize("operation", sorted(ENTRIES))
def test_an_answer_that_is_something_else_makes_the_detail_unread_and_not_empty(operation, answer):
    joined = instance_details.join(cloud(operation, answer), FOUND, instance_details.DETAILS)[ONE]
    assert set(joined["details_unread"]) == {ENTRIES[operation][2]}


@pytest.mark.parametrize("odd", broken(INSTANCE), ids=repr)
def test_odd_attributes_of_an_instance_are_unknown(odd):
    json.dumps(instance_attributes.of_instance(odd))
    assert instance_attributes.of_instance({}) == dict.fromkeys(instance_attributes.of_instance({})) | {"rdma_ips": []}


@pytest.mark.parametrize("junk", JUNK, ids=repr)
def test_a_flag_that_is_none_is_unknown(junk):
    told = instance_attributes.of_instance({"SecurityOptions": {"EnableSecureBoot": junk}, "Recyclable": junk})
    wanted = junk if isinstance(junk, bool) else None
    assert (told["secure_boot"], told["recyclable"]) == (wanted, wanted)
    assert instance_attributes.of_disk(DISK | {"OperationLocks": junk})["operation_locks"] == []
