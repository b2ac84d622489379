# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: ecs_snapshot_info
short_description: Read snapshots of ECS disks
version_added: 0.1.0
description:
  - Reads snapshots by instance, by run, by tags or by their IDs, all pages of them.
  - What is given narrows the answer, so O(instances) with O(run_id) gives the restore points of one run.
author:
  - The alicloud.os_migration contributors (@alicloud)
extends_documentation_fragment:
  - alicloud.os_migration.alicloud
  - alicloud.os_migration.batch
  - alicloud.os_migration.attributes.info
options:
  instances:
    description:
      - Read only snapshots of these instances.
      - Together with O(run_id), O(purpose) or O(tags), the instances may be gone already. Without these, the snapshots
        of the disks that are attached now are read, and their C(group_id) is not known.
      - With an empty list nothing is called and nothing is returned.
  run_id:
    description: Read only snapshots of this run.
    type: str
  purpose:
    description:
      - Read only snapshots that M(alicloud.os_migration.ecs_snapshot) made with this
        O(alicloud.os_migration.ecs_snapshot#module:purpose).
    type: str
  tags:
    description: Read only snapshots that bear all of these tags.
    type: dict
  snapshot_ids:
    description: Read these snapshots of O(region). Not together with the other filters.
    type: list
    elements: str
seealso:
  - module: alicloud.os_migration.ecs_snapshot
"""

EXAMPLES = r"""
- name: Which restore points does this run have?
  alicloud.os_migration.ecs_snapshot_info:
    region: cn-hangzhou
    run_id: kernel-2026-11
  delegate_to: localhost
  run_once: true
  register: restore_points

- name: Read all snapshots of the disks of two instances
  alicloud.os_migration.ecs_snapshot_info:
    region: cn-hangzhou
    instances:
      - id: i-bp1a0000000000000001
      - id: i-2ze0000000000000002
        region: cn-beijing
  delegate_to: localhost
  run_once: true
"""

RETURN = r"""
snapshots:
  description: The snapshots that were found, the oldest first.
  returned: always
  type: list
  elements: dict
  sample:
    - available: true
      created: '2026-11-23T09:12:31Z'
      device: /dev/xvda
      disk_id: d-bp100000000000000001
      disk_type: system
      encrypted: false
      group_id: null
      instance_id: i-bp1a0000000000000001
      name: os-migration-kernel-2026-11-i-bp1a0000000000000001-xvda
      progress: 100
      region_id: cn-hangzhou
      retention_days: 30
      size_gib: 40
      snapshot_id: s-bp100000000000000001
      status: accomplished
      tags:
        os_migration_disk_id: d-bp100000000000000001
        os_migration_instance_id: i-bp1a0000000000000001
        os_migration_purpose: restore_point
        os_migration_run_id: kernel-2026-11
results:
  description: With O(instances) or O(snapshot_ids), one entry per item in their order. Empty otherwise.
  returned: always
  type: list
  elements: dict
  contains:
    instance_id:
      description: The instance ID; with O(snapshot_ids), that of the snapshot's instance, or null where it is not known.
      type: str
      returned: always
      sample: i-bp1a0000000000000001
    snapshot_id:
      description: The snapshot ID that was asked for.
      type: str
      returned: with O(snapshot_ids)
      sample: s-bp100000000000000001
    region_id:
      description: The region that was asked.
      type: str
      returned: always
      sample: cn-hangzhou
    changed:
      description: Always false.
      type: bool
      returned: always
    snapshots:
      description: The snapshots of this item, with the keys of RV(snapshots).
      type: list
      elements: dict
      returned: always
    error:
      description: What went wrong, or null.
      type: dict
      returned: always
      sample: null
api_calls:
  description: How many calls of each operation were made.
  returned: always
  type: dict
  sample: {DescribeDisks: 1, DescribeSnapshotGroups: 1, DescribeSnapshots: 1}
"""

from typing import Any

from ansible_collections.alicloud.os_migration.plugins.module_utils import base
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud import snapshot_search

OPTIONS: dict[str, Any] = base.batch_options(required=False) | {
    "run_id": {"type": "str"},
    "purpose": {"type": "str"},
    "tags": {"type": "dict"},
    "snapshot_ids": {"type": "list", "elements": "str"},
}


def main() -> None:
    others = [("snapshot_ids", other) for other in ("instances", "run_id", "purpose", "tags")]
    module = base.new_module(
        OPTIONS, mutually_exclusive=others, required_one_of=[("instances", "run_id", "purpose", "tags", "snapshot_ids")]
    )
    given = module.params
    if given["instances"] == [] or given["snapshot_ids"] == []:
        base.finish(module, None, [], snapshots=[])
    api = base.new_api(module)
    key_tags = snapshot_search.key_tags(given["run_id"], given["purpose"], given["tags"])

    def work() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        if given["instances"]:
            return snapshot_search.of_instances(api, base.refs_of(module), key_tags)
        region = base.region_of(module, {"id": "the search"})
        if given["snapshot_ids"]:
            return snapshot_search.by_ids(api, region, given["snapshot_ids"])
        return snapshot_search.of_region(api, region, key_tags), []

    found, results = base.guarded(module, work)
    base.finish(module, api, results, snapshots=found)


if __name__ == "__main__":
    main()
