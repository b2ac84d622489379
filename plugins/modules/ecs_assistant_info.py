# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: ecs_assistant_info
short_description: Read whether Cloud Assistant reaches ECS instances
version_added: 0.1.0
description:
  - Reads the state of the Cloud Assistant agents of many instances, 50 in one call.
author:
  - The alicloud.os_migration contributors (@alicloud)
extends_documentation_fragment:
  - alicloud.os_migration.alicloud
  - alicloud.os_migration.batch
  - alicloud.os_migration.attributes.info
options:
  instances:
    required: true
seealso:
  - module: alicloud.os_migration.ecs_command
"""

EXAMPLES = r"""
- name: Read the agents of two instances
  alicloud.os_migration.ecs_assistant_info:
    region: cn-hangzhou
    instances:
      - id: i-bp1a0000000000000001
      - id: i-bp1a0000000000000002
  delegate_to: localhost
  run_once: true
  register: agents

- name: Name those that cannot be reached
  ansible.builtin.debug:
    msg: "{{ agents.results | rejectattr('online') | map(attribute='instance_id') }}"
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
      description: The region that was asked.
      type: str
      returned: always
      sample: cn-hangzhou
    changed:
      description: Always false.
      type: bool
      returned: always
    online:
      description: Whether the agent gave a sign of life within the last two minutes.
      type: bool
      returned: always
      sample: true
    version:
      description: The version of the agent; empty if the service has not seen one.
      type: str
      returned: always
      sample: 2.2.3.857
    last_heartbeat:
      description: When the agent last gave a sign of life, in UTC; null if never.
      type: str
      returned: always
      sample: '2026-11-24T09:30:00Z'
    last_invoked:
      description: When a command last began to run, in UTC; null if never.
      type: str
      returned: always
      sample: null
    active_tasks:
      description: How many commands run now.
      type: int
      returned: always
      sample: 0
    error:
      description: What went wrong, or null.
      type: dict
      returned: always
      sample: null
api_calls:
  description: How many calls of each operation were made.
  returned: always
  type: dict
  sample: {DescribeCloudAssistantStatus: 1}
"""

from typing import Any

from ansible_collections.alicloud.os_migration.plugins.module_utils import base
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud import assistant_status
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.batch import Ref
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.client import Api

UNKNOWN: dict[str, Any] = {
    "online": False,
    "version": "",
    "last_heartbeat": None,
    "last_invoked": None,
    "active_tasks": 0,
}


def read(api: Api, refs: list[Ref]) -> list[dict[str, Any]]:
    found, errors = assistant_status.describe(api, refs)
    return [
        {
            "instance_id": ref.id,
            "region_id": ref.region,
            **found.get(ref, UNKNOWN),
            "changed": False,
            "error": errors[ref].as_dict() if ref in errors else None,
        }
        for ref in refs
    ]


def main() -> None:
    module = base.new_module(base.batch_options())
    refs = base.refs_of(module)
    if not refs:
        base.finish(module, None, [])
    api = base.new_api(module)
    base.finish(module, api, base.guarded(module, lambda: read(api, refs)))


if __name__ == "__main__":
    main()
