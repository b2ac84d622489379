# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: ecs_tag
short_description: Set and remove tags of ECS resources
version_added: 0.1.0
description:
  - Sets and removes tags of many resources, in calls of 50 resources each. Only what differs from the tags that a
    resource has is changed, and tags that are not named stay.
author:
  - The alicloud.os_migration contributors (@alicloud)
extends_documentation_fragment:
  - alicloud.os_migration.alicloud
  - alicloud.os_migration.batch
  - alicloud.os_migration.attributes
attributes:
  diff_mode:
    support: full
options:
  instances:
    description:
      - The instances to tag. Either this or O(resources) is needed. An instance that is named twice counts once.
      - With an empty list nothing is called and nothing changes.
  resources:
    description: The resources to tag, all of O(resource_type).
    type: list
    elements: dict
    suboptions:
      id:
        description: The ID of the resource.
        type: str
        required: true
      region:
        description: The region of the resource; O(region) if it is left out.
        type: str
  resource_type:
    description: What O(resources) are.
    type: str
    choices: [instance, disk, snapshot, image, securitygroup, eni]
    default: instance
  tags:
    description: Tags to set, as keys and values. An existing key gets the new value.
    type: dict
    default: {}
  remove:
    description: Keys of tags to remove.
    type: list
    elements: str
    default: []
seealso:
  - module: alicloud.os_migration.ecs_instance_info
"""

EXAMPLES = r"""
- name: Mark instances
  alicloud.os_migration.ecs_tag:
    region: cn-hangzhou
    instances:
      - id: i-bp1a0000000000000001
      - id: i-bp1a0000000000000002
    tags:
      owner: web-team
      frozen: 'true'
  delegate_to: localhost
  run_once: true

- name: Take a tag off a snapshot
  alicloud.os_migration.ecs_tag:
    region: cn-hangzhou
    resource_type: snapshot
    resources:
      - id: s-bp100000000000000001
    remove: [keep]
  delegate_to: localhost
  run_once: true
"""

RETURN = r"""
results:
  description: One entry per resource, in the order given.
  returned: always
  type: list
  elements: dict
  contains:
    instance_id:
      description: The instance ID.
      type: str
      returned: when the resource is an instance
      sample: i-bp1a0000000000000001
    resource_id:
      description: The ID of the resource.
      type: str
      returned: always
      sample: i-bp1a0000000000000001
    resource_type:
      description: What it is.
      type: str
      returned: always
      sample: instance
    region_id:
      description: The region of the resource.
      type: str
      returned: always
      sample: cn-hangzhou
    changed:
      description: Whether its tags were changed, or would be in check mode.
      type: bool
      returned: always
    tags:
      description: All of its tags, as they are now, or would be in check mode.
      type: dict
      returned: always
      sample: {frozen: 'true', owner: web-team}
    error:
      description: What went wrong, or null.
      type: dict
      returned: always
      sample: null
api_calls:
  description: How many calls of each operation were made.
  returned: always
  type: dict
  sample: {ListTagResources: 1, TagResources: 1}
"""

from typing import Any

from ansible_collections.alicloud.os_migration.plugins.module_utils import base
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud import tags
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.batch import Ref
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.client import Api
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.errors import CloudError
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.instances import raise_if_hopeless

OPTIONS: dict[str, Any] = base.batch_options(required=False) | {
    "resources": {"type": "list", "elements": "dict", "options": base.ITEM},
    "resource_type": {
        "type": "str",
        "choices": ["instance", "disk", "snapshot", "image", "securitygroup", "eni"],
        "default": "instance",
    },
    "tags": {"type": "dict", "default": {}},
    "remove": {"type": "list", "elements": "str", "default": [], "no_log": False},
}


def run(
    api: Api, refs: list[Ref], kind: str, wanted: dict[str, str], remove: list[str], check: bool
) -> list[dict[str, Any]]:
    tags.check(wanted)
    before, errors = tags.current(api, kind, refs)
    raise_if_hopeless([errors.get(ref) for ref in refs])
    changes = {ref: tags.plan(before[ref], wanted, remove) for ref in refs if ref not in errors}
    if not check:
        errors |= tags.apply(api, kind, changes)
    return [entry(ref, kind, changes.get(ref), errors.get(ref)) for ref in refs]


def entry(ref: Ref, kind: str, change: tags.Change | None, error: CloudError | None) -> dict[str, Any]:
    named = {"instance_id": ref.id} if kind == "instance" else {}
    changed = bool(change) and error is None
    shown = {} if change is None else (change.after if changed else dict(change.before))
    ids = {"resource_id": ref.id, "resource_type": kind, "region_id": ref.region}
    before = {"before": dict(change.before) if change else {}}
    return {**named, **ids, **before, "changed": changed, "tags": shown, "error": error.as_dict() if error else None}


def main() -> None:
    module = base.new_module(
        OPTIONS,
        mutually_exclusive=[("instances", "resources")],
        required_one_of=[("instances", "resources")],
    )
    given = module.params
    option = "instances" if given["instances"] is not None else "resources"
    kind = "instance" if option == "instances" else given["resource_type"]
    wanted = {str(key): str(value) for key, value in given["tags"].items()}
    both = sorted(set(wanted) & set(given["remove"]))
    if both:
        module.fail_json(msg=f"These tags are to be set and removed at once: {', '.join(both)}.")
    refs = base.refs_of(module, option)
    if not refs:
        base.finish(module, None, [])
    api = base.new_api(module)
    results = base.guarded(module, lambda: run(api, refs, kind, wanted, given["remove"], module.check_mode))
    before = {one["resource_id"]: one.pop("before") for one in results}
    after = {one["resource_id"]: one["tags"] for one in results}
    base.finish(module, api, results, diff={"before": before, "after": after})


if __name__ == "__main__":
    main()
