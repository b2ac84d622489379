# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: smc_source
short_description: Change, tag or delete migration sources of Server Migration Center
version_added: 0.1.0
description:
  - Brings name, description and tags of migration sources to a wished state, or deletes the sources.
  - Sources come into being by an import on the host; M(alicloud.os_migration.smc_import) does that.
author:
  - The alicloud.os_migration contributors (@alicloud)
extends_documentation_fragment:
  - alicloud.os_migration.alicloud
  - alicloud.os_migration.items
  - alicloud.os_migration.attributes
options:
  state:
    description:
      - V(present) changes what is given of O(name), O(description), O(tags) and O(remove_tags).
      - V(absent) deletes the sources. One that is gone, or being deleted, is left alone.
    type: str
    choices: [present, absent]
    default: present
  source_ids:
    description: The sources. With an empty list nothing is called and nothing changes.
    type: list
    elements: str
  run_id:
    description: With O(state=absent), all sources with this value of the tag C(os_migration_run_id).
    type: str
  name:
    description: The name that the sources get, a letter followed by letters, digits, colons, underscores and hyphens.
    type: str
  description:
    description: The description that the sources get, of at most 256 characters.
    type: str
  tags:
    description: Tags to set. Other tags stay.
    type: dict
    default: {}
  remove_tags:
    description: Keys of tags to take off.
    type: list
    elements: str
    default: []
  force:
    description: Delete a source together with its migration jobs. A running job stands in the way in any case.
    type: bool
    default: false
seealso:
  - module: alicloud.os_migration.smc_source_info
"""

EXAMPLES = r"""
- name: Say which instance a source is
  alicloud.os_migration.smc_source:
    region: cn-hangzhou
    source_ids: [s-bp1000000000000000001]
    tags:
      os_migration_instance_id: i-bp1a0000000000000001
  delegate_to: localhost
  run_once: true

- name: Delete the sources of a run
  alicloud.os_migration.smc_source:
    region: cn-hangzhou
    run_id: kernel-2026-11
    state: absent
  delegate_to: localhost
  run_once: true
"""

RETURN = r"""
results:
  description: One entry per source.
  returned: always
  type: list
  elements: dict
  contains:
    source_id:
      description: The ID of the source.
      type: str
      returned: always
      sample: s-bp1000000000000000001
    name:
      description: Its name as it is now, or would be in check mode; null if it does not exist.
      type: str
      returned: always
      sample: web-1
    description:
      description: Its description as it is now, or would be in check mode; null if it does not exist.
      type: str
      returned: always
      sample: ''
    state:
      description: The state in which it was found; null if it did not exist.
      type: str
      returned: always
      sample: Available
    tags:
      description: All of its tags, as they are now, or would be in check mode.
      type: dict
      returned: always
      sample: {os_migration_instance_id: i-bp1a0000000000000001}
    changed:
      description: Whether it was changed or deleted, or would be in check mode.
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
  sample: {smc.DescribeSourceServers: 1, smc.TagResources: 1}
"""

from typing import Any

from ansible_collections.alicloud.os_migration.plugins.module_utils import base
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud import smc_sources
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.tags import RUN_ID

OPTIONS: dict[str, Any] = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "source_ids": {"type": "list", "elements": "str"},
    "run_id": {"type": "str"},
    "name": {"type": "str"},
    "description": {"type": "str"},
    "tags": {"type": "dict", "default": {}},
    "remove_tags": {"type": "list", "elements": "str", "default": [], "no_log": False},
    "force": {"type": "bool", "default": False},
    "on_item_error": base.ON_ITEM_ERROR,
}


def main() -> None:
    module = base.new_module(
        OPTIONS,
        mutually_exclusive=[("source_ids", "run_id")],
        required_one_of=[("source_ids", "run_id")],
        required_if=[("state", "present", ("source_ids",))],
    )
    given = module.params
    wanted = {str(key): str(value) for key, value in given["tags"].items()}
    both = sorted(set(wanted) & set(given["remove_tags"]))
    if both:
        module.fail_json(msg=f"These tags are to be set and removed at once: {', '.join(both)}.")
    ids = list(dict.fromkeys(given["source_ids"] or []))
    if not ids and not given["run_id"]:
        base.finish(module, None, [])
    api, check = base.new_api(module), module.check_mode

    def work() -> list[dict[str, Any]]:
        if given["state"] == "absent":
            run = {RUN_ID: given["run_id"]} if given["run_id"] else None
            return smc_sources.absent(api, ids, run, given["force"], check)
        wish = smc_sources.Wish(given["name"], given["description"], wanted, tuple(given["remove_tags"]))
        return smc_sources.ensure(api, ids, wish, check)

    base.finish(module, api, base.guarded(module, work))


if __name__ == "__main__":
    main()
