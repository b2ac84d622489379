# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: smc_job
short_description: Migrate the operating system of ECS instances with Server Migration Center
version_added: 0.1.0
description:
  - Creates, starts, follows, stops and deletes operating system migration jobs of many instances in one task.
  - There is one job for each instance and run. It bears the tags C(os_migration_run_id) and C(os_migration_instance_id),
    by which the same task, also on another controller, finds it again and goes on with it.
  - A job restarts the instance several times. The instance must not be stopped, restarted or released in between.
author:
  - The alicloud.os_migration contributors (@alicloud)
extends_documentation_fragment:
  - alicloud.os_migration.alicloud
  - alicloud.os_migration.items
  - alicloud.os_migration.wait
  - alicloud.os_migration.smc_job
  - alicloud.os_migration.attributes
options:
  jobs:
    description:
      - The instances, all in this one task. An instance that is named twice counts once.
      - With an empty list nothing is called and nothing changes.
      - Required unless O(state=stopped) or O(state=absent), where without it all jobs of O(run_id) are meant.
    type: list
    elements: dict
    suboptions:
      id:
        description: The instance ID.
        type: str
        required: true
      region:
        description: The region of the instance; O(region) if it is left out.
        type: str
      source_id:
        description: Its migration source. Without it, the source is found as by M(alicloud.os_migration.smc_source_info).
        type: str
      name:
        description: The name of the job. It must be unique. By default C(os-migration-RUN_ID-INSTANCE_ID).
        type: str
  run_id:
    description: The run that the jobs belong to.
    type: str
    required: true
  state:
    description:
      - V(present) creates the jobs that are missing.
      - V(started) starts them too, as far as O(max_running) allows, and V(finished) waits until they are finished. A job
        that is V(InError) or V(Stopped) when the task begins is started again.
      - V(stopped) stops what runs. The service allows it only while a job is C(Syncing).
      - V(absent) deletes jobs that do not run. Running ones are errors of their own.
    type: str
    choices: [present, started, finished, stopped, absent]
    default: finished
  progress_file:
    description:
      - A file on the controller, in a directory that exists, that shows the state of all jobs as JSON, C({"time", "jobs"}),
        with C(instance_id), C(job_id), C(status), C(business_status) and C(progress) of each. It is replaced at each look.
    type: path
  wait_timeout:
    description: Seconds to wait at most, for all jobs together.
    type: int
    default: 14400
  wait_interval:
    description: Seconds between two looks.
    type: float
    default: 30.0
notes:
  - The service asks for 15 to 30 minutes of rest after a job has finished, in which the instance finishes its work.
seealso:
  - module: alicloud.os_migration.smc_import
  - module: alicloud.os_migration.smc_job_info
"""

EXAMPLES = r"""
- name: Migrate two instances, one at a time
  alicloud.os_migration.smc_job:
    region: cn-hangzhou
    jobs:
      - id: i-bp1a0000000000000001
      - id: i-bp1a0000000000000002
    run_id: kernel-2026-11
    target: alinux3
    max_running: 1
  delegate_to: localhost
  run_once: true

- name: Delete the jobs of the run and their backups
  alicloud.os_migration.smc_job:
    region: cn-hangzhou
    run_id: kernel-2026-11
    state: absent
    backup_snapshots: true
  delegate_to: localhost
  run_once: true
"""

RETURN = r"""
results:
  description: One entry per instance, in the order of O(jobs), or one per job.
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
    source_id:
      description: The ID of its migration source, or null.
      type: str
      returned: always
      sample: s-bp1000000000000000001
    job_id:
      description: The ID of the job, or null.
      type: str
      returned: always
      sample: j-bp1000000000000000001
    status:
      description: The status that was seen last, for example C(Running) or C(Finished); null if there is no job.
      type: str
      returned: always
      sample: Finished
    business_status:
      description: The phase, for example C(Preparing), C(Syncing), C(Processing) or C(Cleaning), or null.
      type: str
      returned: always
      sample: Cleaning
    progress:
      description: Percent done, or null.
      type: float
      returned: always
      sample: 100.0
    attempts:
      description: How often this task started the job.
      type: int
      returned: always
      sample: 1
    history:
      description: What the looks showed, one entry per change.
      type: list
      elements: dict
      returned: always
      sample:
        - {business_status: null, progress: 0.0, status: Ready, time: '2026-11-24T09:00:00Z'}
        - {business_status: Preparing, progress: 0.0, status: Running, time: '2026-11-24T09:00:01Z'}
        - {business_status: Cleaning, progress: 100.0, status: Finished, time: '2026-11-24T09:31:00Z'}
    snapshots:
      description: The backup snapshots that were deleted, or would be in check mode.
      type: list
      elements: str
      returned: with O(state=stopped) and O(state=absent)
      sample: []
    changed:
      description: Whether the job was created, started, stopped or deleted, or would be in check mode.
      type: bool
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
  sample: {smc.CreateReplicationJob: 2, smc.DescribeReplicationJobs: 70, smc.StartReplicationJob: 2}
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.alicloud.os_migration.plugins.module_utils import base
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud import (
    smc_job_remove,
    smc_job_run,
    smc_job_task,
)
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.batch import Ref
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.client import Api
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.smc_job_wish import (
    TARGET_VALUES,
    Item,
    TargetField,
    Wish,
)

FIELD: dict[str, Any] = {
    "where": {"type": "str", "choices": ["parameters", "query"], "default": "parameters"},
    "key": {"type": "str", "default": "TargetOsType", "no_log": False},
    "value": {"type": "str"},
    "values": {"type": "dict", "default": {}},
}
OPTIONS: dict[str, Any] = base.wait_options(timeout=14400, interval=30.0) | {
    "jobs": {
        "type": "list",
        "elements": "dict",
        "options": base.ITEM | {"source_id": {"type": "str"}, "name": {"type": "str"}},
    },
    "run_id": {"type": "str", "required": True},
    "state": {
        "type": "str",
        "choices": ["present", "started", "finished", "stopped", "absent"],
        "default": "finished",
    },
    "target": {"type": "str", "choices": sorted(TARGET_VALUES)},
    "target_os_field": {"type": "dict", "apply_defaults": True, "options": FIELD},
    "target_type": {"type": "str", "choices": ["TargetInstance", "Image"]},
    "valid_days": {"type": "int"},
    "parameters": {"type": "dict", "default": {}},
    "tags": {"type": "dict", "default": {}},
    "max_running": {"type": "int", "default": 50},
    "retries": {"type": "int", "default": 2},
    "retry_pause": {"type": "float", "default": 60.0},
    "backup_snapshots": {"type": "bool", "default": False},
    "progress_file": {"type": "path"},
    "on_item_error": base.ON_ITEM_ERROR,
}
RANGES = {"valid_days": (7, 90), "max_running": (1, 1000), "retries": (0, 10)}


def strings(given: dict[str, Any]) -> dict[str, str]:
    return {str(key): str(value) for key, value in given.items()}


def wish_of(given: dict[str, Any]) -> Wish:
    field = {key: value for key, value in given["target_os_field"].items() if value is not None}
    field["values"] = strings(field.get("values", {}))
    same = ("run_id", "state", "target", "target_type", "valid_days", "parameters", "max_running", "retries", "wait")
    return Wish(
        **{key: given[key] for key in same},
        target_field=TargetField(**field),
        tags=strings(given["tags"]),
        retry_pause=given["retry_pause"],
    )


def items_of(module: AnsibleModule) -> list[Item]:
    """The items of jobs, each instance once, in their order."""
    items: dict[Ref, Item] = {}
    for job in module.params["jobs"] or []:
        ref = Ref(base.region_of(module, job), job["id"])
        items.setdefault(ref, Item(ref, job["source_id"], job["name"]))
    return list(items.values())


def remove(module: AnsibleModule, api: Api) -> list[dict[str, Any]]:
    given, pace = module.params, base.pace_of(module)
    refs = None if given["jobs"] is None else [item.ref for item in items_of(module)]
    tasks = smc_job_remove.chosen(api, given["run_id"], refs)
    results = smc_job_remove.refused(refs or [])
    if given["state"] == "stopped":
        return results + smc_job_remove.stop(api, tasks, pace, given["wait"], module.check_mode)
    backups = given["backup_snapshots"]
    return results + smc_job_remove.absent(api, tasks, backups, pace, given["wait"], module.check_mode)


def main() -> None:
    making = [("state", state, ("jobs", "target")) for state in ("present", "started", "finished")]
    module = base.new_module(OPTIONS, required_if=making)
    given = module.params
    for option, (least, most) in RANGES.items():
        if given[option] is not None and not least <= given[option] <= most:
            module.fail_json(msg=f"{option} is {given[option]}, it must be from {least} to {most}.")
    items = items_of(module)
    if given["jobs"] == []:
        base.finish(module, None, [])
    api = base.new_api(module)

    def work() -> list[dict[str, Any]]:
        if given["state"] in ("stopped", "absent"):
            return remove(module, api)
        return smc_job_run.run(
            api,
            items,
            wish_of(given),
            base.pace_of(module),
            module.check_mode,
            smc_job_task.reporter(given["progress_file"], module.warn),
        )

    base.finish(module, api, base.guarded(module, work))


if __name__ == "__main__":
    main()
