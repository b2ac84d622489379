# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: ecs_disk_reset
short_description: Reset the disks of stopped ECS instances to their snapshots
version_added: 0.1.0
description:
  - Puts all disks of many stopped instances back to the restore points that M(alicloud.os_migration.ecs_snapshot) made.
  - B(What was written to the disks since then is lost, for good.)
  - An instance is refused, and none of its disks touched, if it is not stopped, if an attached disk has no usable
    snapshot, if a snapshot belongs to a disk that is no longer attached, if a snapshot is not usable yet, or if Server
    Migration Center is migrating it.
  - Where a disk has several snapshots of the run, the oldest one is used, which is nearest to the beginning of the run.
  - A disk does not tell what it was reset to, so each run of this module resets the disks again. On an instance that
    has not been started in between, that ends in the same content.
author:
  - The alicloud.os_migration contributors (@alicloud)
extends_documentation_fragment:
  - alicloud.os_migration.alicloud
  - alicloud.os_migration.batch
  - alicloud.os_migration.wait
  - alicloud.os_migration.smc_guard
  - alicloud.os_migration.attributes
options:
  instances:
    description:
      - The instances to take back, with O(run_id). An instance that is named twice counts once.
      - With an empty list nothing is called and nothing changes.
  run_id:
    description: The run whose snapshots are used. Required with O(instances).
    type: str
  purpose:
    description: The O(alicloud.os_migration.ecs_snapshot#module:purpose) that the snapshots were made with.
    type: str
    default: restore_point
  exclude_disks:
    description: IDs of disks that stay as they are.
    type: list
    elements: str
    default: []
  disks:
    description: Single disks to reset, each to the snapshot named. Instead of O(instances).
    type: list
    elements: dict
    suboptions:
      disk_id:
        description: The disk.
        type: str
        required: true
      snapshot_id:
        description: A usable snapshot of this very disk.
        type: str
        required: true
      region:
        description: The region of the disk; O(region) if it is left out.
        type: str
  wait_timeout:
    description: Seconds to wait at most.
    type: int
    default: 1800
  wait_interval:
    description: Seconds between two looks.
    type: float
    default: 5.0
seealso:
  - module: alicloud.os_migration.ecs_power
  - module: alicloud.os_migration.ecs_snapshot
"""

EXAMPLES = r"""
- name: Stop the instances
  alicloud.os_migration.ecs_power:
    region: cn-hangzhou
    instances:
      - id: i-bp1a0000000000000001
    state: stopped
  delegate_to: localhost
  run_once: true

- name: Put all of their disks back
  alicloud.os_migration.ecs_disk_reset:
    region: cn-hangzhou
    instances:
      - id: i-bp1a0000000000000001
    run_id: kernel-2026-11
  delegate_to: localhost
  run_once: true

- name: Put a single disk back
  alicloud.os_migration.ecs_disk_reset:
    region: cn-hangzhou
    disks:
      - disk_id: d-bp100000000000000001
        snapshot_id: s-bp100000000000000001
  delegate_to: localhost
  run_once: true
"""

RETURN = r"""
results:
  description: One entry per instance, in the order of O(instances), or one per disk, in the order of O(disks).
  returned: always
  type: list
  elements: dict
  contains:
    instance_id:
      description: The instance ID; null for a disk that is attached to none.
      type: str
      returned: always
      sample: i-bp1a0000000000000001
    region_id:
      description: The region.
      type: str
      returned: always
      sample: cn-hangzhou
    changed:
      description: Whether any disk was reset, or would be in check mode.
      type: bool
      returned: always
    disks:
      description: The disks and the snapshots that belong to them. C(reset) says whether the disk was reset.
      type: list
      elements: dict
      returned: always
      sample:
        - device: /dev/xvda
          disk_id: d-bp100000000000000001
          disk_type: system
          reset: true
          snapshot_id: s-bp100000000000000001
    error:
      description: What went wrong, or null.
      type: dict
      returned: always
      sample:
        code: IncorrectInstanceStatus
        hint: Stop the instance first (ecs_power with state=stopped).
        http_status: null
        message: i-bp1a0000000000000001 is Running, not Stopped
        operation: null
        request_id: null
api_calls:
  description: How many calls of each operation were made.
  returned: always
  type: dict
  sample: {DescribeDisks: 4, DescribeInstances: 1, DescribeSnapshotGroups: 1, DescribeSnapshots: 1, ResetDisk: 1,
    smc.DescribeReplicationJobs: 1}
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.alicloud.os_migration.plugins.module_utils import base
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud import rollback, smc_jobs
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.batch import Ref
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.snapshot_search import key_tags

OPTIONS: dict[str, Any] = (
    base.batch_options(required=False)
    | base.wait_options(timeout=1800, interval=5.0)
    | {
        "run_id": {"type": "str"},
        "purpose": {"type": "str", "default": "restore_point"},
        "exclude_disks": {"type": "list", "elements": "str", "default": []},
        "smc_guard": {"type": "bool", "default": True},
        "disks": {
            "type": "list",
            "elements": "dict",
            "options": {
                "disk_id": {"type": "str", "required": True},
                "snapshot_id": {"type": "str", "required": True},
                "region": {"type": "str"},
            },
        },
    }
)


def pairs_of(module: AnsibleModule) -> list[tuple[Ref, str]]:
    """Disks with their snapshots, each disk once."""
    wanted: dict[Ref, str] = {}
    for one in module.params["disks"]:
        disk = Ref(base.region_of(module, {"id": one["disk_id"], **one}), one["disk_id"])
        if wanted.setdefault(disk, one["snapshot_id"]) != one["snapshot_id"]:
            module.fail_json(msg=f"{disk.id} is named twice, with different snapshots.")
    return list(wanted.items())


def main() -> None:
    module = base.new_module(
        OPTIONS,
        mutually_exclusive=[("instances", "disks"), ("run_id", "disks")],
        required_one_of=[("instances", "disks")],
        required_by={"instances": ("run_id",)},
    )
    given = module.params
    if not given["instances"] and not given["disks"]:
        base.finish(module, None, [])
    api, pace = base.new_api(module), base.pace_of(module)
    guard = smc_jobs.guard(api, module.warn) if given["smc_guard"] else smc_jobs.no_guard

    def work() -> list[dict[str, Any]]:
        if given["disks"]:
            return rollback.run_disks(api, pairs_of(module), pace, given["wait"], module.check_mode, guard)
        tags = key_tags(given["run_id"], given["purpose"], None)
        exclude = frozenset(given["exclude_disks"])
        return rollback.run(api, base.refs_of(module), tags, exclude, pace, given["wait"], module.check_mode, guard)

    base.finish(module, api, base.guarded(module, work))


if __name__ == "__main__":
    main()
