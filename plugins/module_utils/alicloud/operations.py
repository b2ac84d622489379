# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every operation that the collection calls, and what may be done when its answer was lost."""

from __future__ import annotations

from dataclasses import dataclass

# What a lost answer, or a 5xx, allows:
#   read    it changes nothing: send it again
#   token   the same ClientToken makes a second arrival harmless: send it again, with that token
#   settle  nobody knows: raise LostAnswer, and the caller looks at the resource before it does anything
#   never   like settle, but nothing shows whether it arrived: the caller reports it and never sends it again


@dataclass(frozen=True)
class Operation:
    """`settled_by` says which look tells whether a call whose answer was lost had arrived."""

    after_loss: str
    settled_by: str = ""


READ = Operation("read")
TOKEN = Operation("token")

ECS: dict[str, Operation] = {
    # A token of these would be answered with success although somebody took the rule away since.
    "AuthorizeSecurityGroup": Operation("settle", "DescribeSecurityGroupAttribute: the rules"),
    "AuthorizeSecurityGroupEgress": Operation("settle", "DescribeSecurityGroupAttribute: the rules"),
    "CreateImage": TOKEN,
    "CreateSecurityGroup": TOKEN,
    "CreateSnapshot": TOKEN,
    "CreateSnapshotGroup": TOKEN,
    "DeleteImage": Operation("settle", "DescribeImages: the image is gone"),
    "DeleteInstances": TOKEN,
    "DeleteSecurityGroup": Operation("settle", "DescribeSecurityGroups: the group is gone"),
    "DeleteSnapshot": Operation("settle", "DescribeSnapshots: the snapshot is gone"),
    "DeleteSnapshotGroup": Operation("settle", "DescribeSnapshotGroups: the group is gone"),
    "DescribeAccountAttributes": READ,
    "DescribeCloudAssistantStatus": READ,
    "DescribeDisks": READ,
    "DescribeImages": READ,
    "DescribeInstanceHistoryEvents": READ,
    "DescribeInstanceTypes": READ,
    "DescribeInstances": READ,
    "DescribeInstancesFullStatus": READ,
    "DescribeInvocationResults": READ,
    "DescribeRegions": READ,
    "DescribeSecurityGroupAttribute": READ,
    "DescribeSecurityGroups": READ,
    "DescribeSendFileResults": READ,
    "DescribeSnapshotGroups": READ,
    "DescribeSnapshots": READ,
    "ListTagResources": READ,
    "ModifySecurityGroupPolicy": Operation("settle", "DescribeSecurityGroupAttribute: the inner access policy"),
    "ModifySnapshotAttribute": Operation("settle", "DescribeSnapshots: the attribute"),
    "RebootInstances": Operation("never", "a reboot shows nothing afterwards; the host's boot id tells"),
    "ResetDisk": Operation("settle", "DescribeDisks: the disk is ReIniting"),
    "RevokeSecurityGroup": Operation("settle", "DescribeSecurityGroupAttribute: the rules"),
    "RevokeSecurityGroupEgress": Operation("settle", "DescribeSecurityGroupAttribute: the rules"),
    "RunCommand": TOKEN,
    "RunInstances": TOKEN,
    # The oldest SDK that is supported knows no ClientToken here.
    "SendFile": Operation("settle", "nothing: with Overwrite a second arrival writes the same file once more"),
    "StartInstances": Operation("settle", "DescribeInstances: Starting or Running"),
    "StopInstances": Operation("settle", "DescribeInstances: Stopping or Stopped"),
    "StopInvocation": Operation("settle", "DescribeInvocations: the status of the invocation"),
    "TagResources": Operation("settle", "ListTagResources: the tags"),
    "UntagResources": Operation("settle", "ListTagResources: the tags"),
}
SMC: dict[str, Operation] = {
    # The code of a token is told once only: a token whose answer was lost is found by its name, and deleted.
    "CreateAccessToken": Operation("settle", "ListAccessTokens: a token of that name, whose code nobody knows"),
    "CreateReplicationJob": TOKEN,
    "DeleteAccessToken": Operation("settle", "ListAccessTokens: the token is gone"),
    "DeleteReplicationJob": Operation("settle", "DescribeReplicationJobs: the job is gone or Deleting"),
    "DeleteSourceServer": Operation("settle", "DescribeSourceServers: the source is gone or Deleting"),
    "DescribeReplicationJobs": READ,
    "DescribeSourceServers": READ,
    "DisableAccessToken": Operation("settle", "ListAccessTokens: the status of the token"),
    "ListAccessTokens": READ,
    "ListTagResources": READ,
    "ModifySourceServerAttribute": Operation("settle", "DescribeSourceServers: the attribute"),
    "StartReplicationJob": Operation("settle", "DescribeReplicationJobs: the status of the job"),
    "StopReplicationJob": Operation("settle", "DescribeReplicationJobs: the status of the job"),
    "TagResources": Operation("settle", "ListTagResources: the tags"),
    "UntagResources": Operation("settle", "ListTagResources: the tags"),
}
SLB: dict[str, Operation] = {"DescribeLoadBalancers": READ}
PRODUCTS: dict[str, dict[str, Operation]] = {"ecs": ECS, "smc": SMC, "slb": SLB}


def find(product: str, name: str) -> Operation:
    """The entry of an operation; one that is not listed must not be called."""
    return PRODUCTS[product][name]
