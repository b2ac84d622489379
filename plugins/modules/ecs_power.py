# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: ecs_power
short_description: Start, stop or reboot ECS instances
version_added: 0.1.0
description:
  - Brings many instances into a state, in calls of 100 instances each. Instances that are in that state already are
    left alone.
  - An instance whose operating system is being migrated by Server Migration Center is neither stopped nor rebooted.
  - With O(wait=true), an instance that is on its way to another state is given the time to get there before it is
    changed.
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
    required: true
  state:
    description:
      - V(started) starts what is stopped, V(stopped) stops what is running.
      - V(rebooted) reboots what is running, each time the task runs. The service shows a rebooting instance as running
        again before its system is up, and may show it as running throughout, so the end of the wait does not prove a
        reboot. Compare the boot id of the system for that.
    type: str
    choices: [started, stopped, rebooted]
    required: true
  stopped_mode:
    description:
      - V(KeepCharging) keeps the resources and the public IP address while the instance is stopped.
      - V(StopCharging) gives them back. The instance may then fail to start for want of capacity, and its public IP
        address may change.
    type: str
    choices: [KeepCharging, StopCharging]
    default: KeepCharging
  force:
    description: Stop or reboot as if the power were cut. What the system has not yet written is lost.
    type: bool
    default: false
  wait_timeout:
    description: Seconds to wait at most.
    type: int
    default: 600
  wait_interval:
    description: Seconds between two looks.
    type: float
    default: 5.0
seealso:
  - module: alicloud.os_migration.ecs_disk_reset
"""

EXAMPLES = r"""
- name: Stop two instances and wait until they are stopped
  alicloud.os_migration.ecs_power:
    region: cn-hangzhou
    instances:
      - id: i-bp1a0000000000000001
      - id: i-bp1a0000000000000002
    state: stopped
  delegate_to: localhost
  run_once: true

- name: Start them again, and judge the errors afterwards
  alicloud.os_migration.ecs_power:
    region: cn-hangzhou
    instances:
      - id: i-bp1a0000000000000001
      - id: i-bp1a0000000000000002
    state: started
    on_item_error: report
  delegate_to: localhost
  run_once: true
  register: power
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
      description: Whether the instance was told to change its state, or would be in check mode.
      type: bool
      returned: always
    previous_status:
      description: The state before; null if the instance was not found.
      type: str
      returned: always
      sample: Running
    status:
      description: The state that was seen last. In check mode the state before.
      type: str
      returned: always
      sample: Stopped
    stopped_mode:
      description: What the service shows as stopped mode.
      type: str
      returned: always
      sample: KeepCharging
    error:
      description: What went wrong, or null.
      type: dict
      returned: always
      sample: null
api_calls:
  description: How many calls of each operation were made.
  returned: always
  type: dict
  sample: {DescribeInstances: 4, StopInstances: 1, smc.DescribeReplicationJobs: 1}
"""

from typing import Any

from ansible_collections.alicloud.os_migration.plugins.module_utils import base
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud import power, smc_jobs

OPTIONS: dict[str, Any] = (
    base.batch_options()
    | base.wait_options(timeout=600, interval=5.0)
    | {
        "state": {"type": "str", "choices": ["started", "stopped", "rebooted"], "required": True},
        "stopped_mode": {"type": "str", "choices": ["KeepCharging", "StopCharging"], "default": "KeepCharging"},
        "force": {"type": "bool", "default": False},
        "smc_guard": {"type": "bool", "default": True},
    }
)


def main() -> None:
    module = base.new_module(OPTIONS)
    given = module.params
    refs = base.refs_of(module)
    if not refs:
        base.finish(module, None, [])
    api, pace = base.new_api(module), base.pace_of(module)
    params = power.parameters(given["state"], given["force"], given["stopped_mode"])
    guard = smc_jobs.guard(api, module.warn) if given["smc_guard"] else smc_jobs.no_guard
    results = base.guarded(
        module, lambda: power.run(api, refs, given["state"], params, pace, given["wait"], module.check_mode, guard)
    )
    base.finish(module, api, results)


if __name__ == "__main__":
    main()
