# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Attributes of the instance that a restart, a rollback or the target have to cope with."""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.base import Context, check, need
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.cloud_details import attribute, texts


@check(
    id="CLOUD-OTHER-HOST",
    title="The host has none of the addresses of its instance",
    severity="inhibitor",
    area="cloud_instance",
    remediation="The address and the instance id of the inventory do not belong together: the restore point would be "
    "of another instance. Correct the inventory.",
    source="design of this collection: no change without a restore point of this very host",
    grade="documented",
    waivable=False,
)
def other_host(context: Context) -> Iterable[str]:
    wanted = texts(need((context.cloud or {}).get("private_ips"), "private_ips"))
    own = {one.address.partition("/")[0] for one in need(context.facts.addresses, "addresses")}
    if wanted and own and not own.intersection(wanted):
        yield f"the instance has {', '.join(wanted)}, the host {', '.join(sorted(own))}"


@check(
    id="CLOUD-AUTO-RELEASE",
    title="The instance is released by itself at a set time",
    severity="high",
    area="cloud_instance",
    remediation="Take the time of release back: with the instance go its disks, and what the migration has brought.",
    source="ECS API: DescribeInstances, AutoReleaseTime",
    grade="documented",
)
def auto_release(context: Context) -> Iterable[str]:
    at = attribute(context, "auto_release_time")
    if at:
        yield f"it is released at {at}"


@check(
    id="CLOUD-RECYCLABLE",
    title="The instance waits to be recycled",
    severity="high",
    area="cloud_instance",
    remediation="It may be released at any time. Build a new one on the target instead.",
    source="ECS API: DescribeInstances, Recyclable",
    grade="documented",
)
def recyclable(context: Context) -> Iterable[str]:
    if attribute(context, "recyclable") is True:
        yield "Recyclable is true"


@check(
    id="CLOUD-CLASSIC-NETWORK",
    title="The instance is in the classic network",
    severity="medium",
    area="cloud_instance",
    severities={"smc": "high"},
    remediation="Move it into a VPC first. The migration is not made for the classic network, which is being shut "
    "down.",
    source="Server Migration Center: sources of the classic network; ECS: classic network",
    grade="documented",
)
def classic_network(context: Context) -> Iterable[str]:
    if attribute(context, "network_type") == "classic":
        yield "InstanceNetworkType is classic"


@check(
    id="CLOUD-NOT-IO-OPTIMIZED",
    title="The instance is not I/O optimized",
    severity="high",
    area="cloud_instance",
    remediation="Change to a current instance type first: the kernels of the targets are made for virtio, and old "
    "types attach their disks otherwise.",
    source="ECS API: DescribeInstances, IoOptimized",
    grade="documented",
)
def not_io_optimized(context: Context) -> Iterable[str]:
    if attribute(context, "io_optimized") is False:
        yield "IoOptimized is false"


@check(
    id="CLOUD-SECURE-BOOT",
    title="The instance starts only kernels that are signed",
    severity="high",
    area="cloud_instance",
    remediation="Make sure that the firmware trusts the key of the target's kernel, or turn secure boot off before "
    "the migration.",
    source="ECS API: DescribeInstances, SecurityOptions",
    grade="documented",
)
def secure_boot(context: Context) -> Iterable[str]:
    if attribute(context, "secure_boot") is True:
        yield "EnableSecureBoot is true"


@check(
    id="CLOUD-HIBERNATION",
    title="The instance can be hibernated",
    severity="low",
    area="cloud_instance",
    remediation="Do not hibernate it during the run: a memory image of the old kernel cannot be resumed by the "
    "target's. Test hibernation anew afterwards.",
    source="ECS API: DescribeInstances, HibernationOptions",
    grade="documented",
)
def hibernation(context: Context) -> Iterable[str]:
    if attribute(context, "hibernation") is True:
        yield "HibernationOptions.Configured is true"


@check(
    id="CLOUD-METADATA-OFF",
    title="The host cannot ask for its metadata",
    severity="medium",
    area="cloud_instance",
    remediation="cloud-init of the target sets network, host name and keys from the metadata. Turn the access on, or "
    "make sure that the host starts without it.",
    source="ECS API: DescribeInstances, MetadataOptions.HttpEndpoint",
    grade="documented",
)
def metadata_off(context: Context) -> Iterable[str]:
    if attribute(context, "metadata_endpoint") == "disabled":
        yield "HttpEndpoint is disabled"


@check(
    id="CLOUD-METADATA-TOKEN",
    title="Metadata is given only for a token",
    severity="low",
    area="cloud_instance",
    remediation="Make sure that the agents and cloud-init of the target ask with a token (IMDSv2), or allow both for "
    "the time of the migration.",
    source="ECS API: DescribeInstances, MetadataOptions.HttpTokens",
    grade="documented",
)
def metadata_token(context: Context) -> Iterable[str]:
    if attribute(context, "metadata_tokens") == "required":
        yield "HttpTokens is required"


@check(
    id="CLOUD-DEDICATED-HOST",
    title="The instance is on a dedicated host",
    severity="low",
    area="cloud_instance",
    remediation="A rollback stops and starts it, so the dedicated host has to keep room for it. A clone for a "
    "rehearsal needs room there as well.",
    source="ECS API: DescribeInstances, DedicatedHostAttribute",
    grade="documented",
)
def dedicated_host(context: Context) -> Iterable[str]:
    found = attribute(context, "dedicated_host_id")
    if found:
        yield str(found)


@check(
    id="CLOUD-DEPLOYMENT-SET",
    title="The instance is in a deployment set",
    severity="info",
    area="cloud_instance",
    remediation="Its instances back each other up: put them into different waves.",
    source="ECS API: DescribeInstances, DeploymentSetId",
    grade="documented",
)
def deployment_set(context: Context) -> Iterable[str]:
    found = attribute(context, "deployment_set_id")
    if found:
        yield str(found)


@check(
    id="CLOUD-PUBLIC-IP",
    title="The instance has a public address that economical mode takes away",
    severity="info",
    area="cloud_instance",
    remediation="Whoever stops it by hand chooses standard mode (KeepCharging); what this collection stops, it stops "
    "so. Or turn the address into an EIP.",
    source="ECS API: DescribeInstances, StoppedMode",
    grade="documented",
)
def public_ip(context: Context) -> Iterable[str]:
    cloud = context.cloud or {}
    fixed = [one for one in texts(need(cloud.get("public_ips"), "public_ips")) if one != cloud.get("eip")]
    if cloud.get("charge_type") == "PostPaid" and attribute(context, "network_type") == "vpc":
        yield from fixed
