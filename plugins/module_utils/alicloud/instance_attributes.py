# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the answers about an instance and its disks tell beyond identity and state; it costs no further call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import answers, disks, instances


def of_instance(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes of an entry of DescribeInstances. None stands for what it does not tell; times are the service's."""
    hibernation, security = answers.mapping(raw.get("HibernationOptions")), answers.mapping(raw.get("SecurityOptions"))
    metadata = answers.mapping(raw.get("MetadataOptions"))
    return {
        "auto_release_time": answers.text(raw, "AutoReleaseTime") or None,
        "credit_specification": answers.text(raw, "CreditSpecification") or None,
        "dedicated_host_id": answers.text(answers.mapping(raw.get("DedicatedHostAttribute")), "DedicatedHostId")
        or None,
        "deployment_set_id": answers.text(raw, "DeploymentSetId") or None,
        "hibernation": truth(hibernation, "Configured"),
        "hpc_cluster_id": answers.text(raw, "HpcClusterId") or None,
        "io_optimized": truth(raw, "IoOptimized"),
        "metadata_endpoint": answers.text(metadata, "HttpEndpoint") or None,
        "metadata_tokens": answers.text(metadata, "HttpTokens") or None,
        "network_type": answers.text(raw, "InstanceNetworkType") or None,
        "rdma_ips": answers.texts(raw, "RdmaIpAddress", "IpAddress"),
        "recyclable": truth(raw, "Recyclable"),
        "secure_boot": truth(security, "EnableSecureBoot"),
    }


def of_disk(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes of an entry of DescribeDisks."""
    locks = answers.entries(raw, "OperationLocks", "OperationLock")
    return {
        "auto_snapshot_policy_id": answers.text(raw, "AutoSnapshotPolicyId") or None,
        "charge_type": answers.text(raw, "DiskChargeType") or None,
        "expired": answers.text(raw, "ExpiredTime") or None,
        "kms_key_id": answers.text(raw, "KMSKeyId") or None,
        "operation_locks": [reason for reason in (answers.text(lock, "LockReason") for lock in locks) if reason],
        "product_code": answers.text(raw, "ProductCode") or None,
    }


def truth(raw: Mapping[str, Any], key: str) -> bool | None:
    """A flag, or None where the service does not show it: not to be told is not the same as false."""
    value = raw.get(key)
    return value if isinstance(value, bool) else None


def _instance(raw: Mapping[str, Any]) -> instances.Instance:
    return instances.normalise(raw) | {"attributes": of_instance(raw)}


def _disk(raw: Mapping[str, Any]) -> disks.Disk:
    return disks.normalise(raw) | {"attributes": of_disk(raw)}


SHAPE = instances.Shape(_instance, _disk)
