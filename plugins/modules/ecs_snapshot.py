# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: ecs_snapshot
short_description: Make or delete restore points of ECS instances
version_added: 0.1.0
description:
  - Snapshots all disks of many ECS instances, so that M(alicloud.os_migration.ecs_disk_reset) can bring all of
    them back, or deletes such snapshots.
  - Where the disks of an instance allow it, their snapshots are made as one consistent group, which shows all disks at
    the same moment. That needs two or more disks, all ESSD, all in one zone, and none with multi-attach.
  - The same O(run_id) makes one snapshot per disk. Running again takes over snapshots that are there or in progress,
    from whichever controller they were started, and makes only what is missing or has failed.
  - Every snapshot bears the tags C(os_migration_run_id), C(os_migration_instance_id), C(os_migration_disk_id) and
    C(os_migration_purpose).
author:
  - The alicloud.os_migration contributors (@alicloud)
extends_documentation_fragment:
  - alicloud.os_migration.alicloud
  - alicloud.os_migration.batch
  - alicloud.os_migration.wait
  - alicloud.os_migration.attributes
options:
  instances:
    required: true
  state:
    description:
      - V(present) makes sure that every disk has a snapshot of this run.
      - V(absent) deletes the snapshots of these instances with O(purpose) that match O(run_id), O(tags) and
        O(retention_days), of which at least one is needed. The instances need not exist any more.
    type: str
    choices: [present, absent]
    default: present
  run_id:
    description:
      - Names the run, with 1 to 64 letters, digits, dots, underscores, colons and hyphens.
      - Required with O(state=present).
    type: str
  purpose:
    description: What the snapshots are for. Snapshots of another purpose are left alone.
    type: str
    default: restore_point
  tags:
    description:
      - With O(state=present), further tags for the snapshots.
      - With O(state=absent), only snapshots with these tags.
    type: dict
  retention_days:
    description:
      - With O(state=present), the days after which a new snapshot is deleted by the service. V(0) or left out keeps it.
        A group takes no such setting when it is made, so it is set on its snapshots afterwards; if that fails, there is
        a warning.
      - With O(state=absent), only snapshots older than this many days.
    type: int
  group:
    description:
      - V(auto) makes a consistent group where that is possible, else one snapshot per disk.
      - V(always) refuses instances of which no group can be made. An instance with a single disk needs none.
      - V(never) makes one snapshot per disk.
    type: str
    choices: [auto, always, never]
    default: auto
  exclude_disks:
    description:
      - IDs of disks that are not snapshotted. They cannot be reset later.
      - Local disks cannot be snapshotted. An instance that has any is refused unless they are named here.
    type: list
    elements: str
    default: []
  wait_for:
    description:
      - V(available) waits until a disk can be reset to the snapshot. ESSD disks reach that long before the snapshot is
        complete.
      - V(accomplished) waits until the snapshot is complete.
    type: str
    choices: [available, accomplished]
    default: available
  wait_timeout:
    description: Seconds to wait at most.
    type: int
    default: 3600
  wait_interval:
    description: Seconds between two looks.
    type: float
    default: 10.0
  force:
    description:
      - With O(state=absent), delete snapshots even if disks were made from them. Such disks cannot be reinitialised any
        more.
    type: bool
    default: false
seealso:
  - module: alicloud.os_migration.ecs_snapshot_info
  - module: alicloud.os_migration.ecs_disk_reset
"""

EXAMPLES = r"""
- name: Make restore points before a change
  alicloud.os_migration.ecs_snapshot:
    region: cn-hangzhou
    instances:
      - id: i-bp1a0000000000000001
      - id: i-bp1a0000000000000002
    run_id: kernel-2026-11
    retention_days: 30
  delegate_to: localhost
  run_once: true
  register: restore_points

- name: Delete them when all is well
  alicloud.os_migration.ecs_snapshot:
    region: cn-hangzhou
    instances:
      - id: i-bp1a0000000000000001
      - id: i-bp1a0000000000000002
    run_id: kernel-2026-11
    state: absent
  delegate_to: localhost
  run_once: true

- name: Delete all restore points of an instance that are older than 30 days
  alicloud.os_migration.ecs_snapshot:
    region: cn-hangzhou
    instances:
      - id: i-bp1a0000000000000001
    retention_days: 30
    state: absent
  delegate_to: localhost
  run_once: true
"""

RETURN = r"""
results:
  description: One entry per instance, in the order of O(instances).
  returned: always
  type: list
  elements: dict
  contains:
    instance_id:
      description: The instance ID.
      type: str
      returned: always
      sample: i-bp1a0000000000000001
    region_id:
      description: The region of the instance.
      type: str
      returned: always
      sample: cn-hangzhou
    changed:
      description: Whether anything was made, tagged or deleted for this instance.
      type: bool
      returned: always
    complete:
      description:
        - Whether every disk that is not excluded has a snapshot that is as far as O(wait_for).
        - Always false with O(state=absent).
      type: bool
      returned: always
    snapshots:
      description:
        - The snapshots, in the order of the disks.
        - In check mode, those that would be made have the status C(planned) and no ID.
        - With O(state=absent), the deleted ones, with the status C(deleted), or C(to be deleted) in check mode.
      type: list
      elements: dict
      returned: always
      sample:
        - available: true
          created: '2026-11-23T09:12:31Z'
          device: /dev/xvda
          disk_id: d-bp100000000000000001
          disk_type: system
          group_id: ssg-bp1000000000000001
          progress: 40
          size_gib: 40
          snapshot_id: s-bp100000000000000001
          status: progressing
    error:
      description: What went wrong, or null.
      type: dict
      returned: always
      sample:
        code: QuotaExceed.Snapshot
        hint: The disk has as many snapshots as it may have. Delete old ones (state=absent) and run again.
        http_status: 403
        message: The snapshot quota exceeds.
        operation: CreateSnapshot
        request_id: 473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E
api_calls:
  description: How many calls of each operation were made.
  returned: always
  type: dict
  sample: {CreateSnapshot: 2, DescribeDisks: 1, DescribeInstances: 1, DescribeSnapshotGroups: 1, DescribeSnapshots: 6}
"""

from datetime import datetime, timezone
from typing import Any

from ansible_collections.alicloud.os_migration.plugins.module_utils import base
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud import (
    restore_point_remove,
    restore_point_run,
)
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.restore_point import Wish

OPTIONS: dict[str, Any] = (
    base.batch_options()
    | base.wait_options(timeout=3600, interval=10.0)
    | {
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "run_id": {"type": "str"},
        "purpose": {"type": "str", "default": "restore_point"},
        "tags": {"type": "dict"},
        "retention_days": {"type": "int"},
        "group": {"type": "str", "choices": ["auto", "always", "never"], "default": "auto"},
        "exclude_disks": {"type": "list", "elements": "str", "default": []},
        "wait_for": {"type": "str", "choices": ["available", "accomplished"], "default": "available"},
        "force": {"type": "bool", "default": False},
    }
)


def main() -> None:
    module = base.new_module(OPTIONS, required_if=[("state", "present", ("run_id",))])
    given = module.params
    if given["state"] == "absent" and not (given["run_id"] or given["tags"] or given["retention_days"] is not None):
        module.fail_json(
            msg="state=absent needs run_id, tags or retention_days: it never deletes all snapshots of an instance."
        )
    if given["retention_days"] is not None and not 0 <= given["retention_days"] <= 65536:
        module.fail_json(msg="retention_days must be 0 to 65536.")
    refs = base.refs_of(module)
    if not refs:
        base.finish(module, None, [])
    api = base.new_api(module)
    tags = {str(key): str(value) for key, value in (given["tags"] or {}).items()}
    pace = base.pace_of(module)
    if given["state"] == "absent":
        unwanted = restore_point_remove.Unwanted(
            given["purpose"], given["run_id"], tags, given["retention_days"], given["force"]
        )
        now = datetime.now(timezone.utc)
        results = base.guarded(
            module,
            lambda: restore_point_remove.remove(
                api, refs, unwanted, pace if given["wait"] else None, module.check_mode, now
            ),
        )
        base.finish(module, api, results)
    exclude = frozenset(given["exclude_disks"])
    wish = Wish(given["run_id"], given["purpose"], tags, given["retention_days"] or None, given["group"], exclude)
    level = given["wait_for"] if given["wait"] else None
    results, warnings = base.guarded(
        module, lambda: restore_point_run.ensure(api, refs, wish, pace, level, module.check_mode)
    )
    for warning in warnings:
        module.warn(warning)
    base.finish(module, api, results)


if __name__ == "__main__":
    main()
