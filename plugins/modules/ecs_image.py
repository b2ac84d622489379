# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: ecs_image
short_description: Make or delete temporary images of ECS instances
version_added: 0.1.0
description:
  - Makes a custom image of each of many instances, from snapshots that are there already or of the instance as it is,
    so that M(alicloud.os_migration.ecs_instance) can make clones of them.
  - The same O(run_id) and O(purpose) make one image per instance. Running again takes over an image that is there or
    being made, from whichever controller it was started, unless it has failed or was made of other snapshots.
  - Every image bears the tags C(os_migration_run_id), C(os_migration_purpose) and C(os_migration_instance_id).
author:
  - The alicloud.os_migration contributors (@alicloud)
extends_documentation_fragment:
  - alicloud.os_migration.alicloud
  - alicloud.os_migration.temporary
  - alicloud.os_migration.wait
  - alicloud.os_migration.attributes
options:
  sources:
    description:
      - The instances that images are made of, or whose images are deleted.
      - With an empty list nothing is called and nothing changes.
      - Required with O(state=present). With O(state=absent) and neither this nor O(images), all images of the run in
        O(region) are deleted.
    type: list
    elements: dict
    suboptions:
      id: {description: The instance ID., type: str, required: true}
      region: {description: The region of the instance; O(region) if it is left out., type: str}
      mode:
        description:
          - V(snapshots) makes the image of O(sources[].snapshots). The instance is not touched and need not exist any
            more.
          - V(instance) makes it of the instance as it is now. The service snapshots every disk for that; those
            snapshots are tagged like the image, and deleted with it.
        type: str
        choices: [snapshots, instance]
        default: snapshots
      snapshots:
        description:
          - The snapshot of each disk, as a map from the device to the snapshot ID, such as
            V({'/dev/xvda'&#58; 's-bp100000000000000001'}). One of them has to be of a system disk, and at most 16 of
            data disks.
          - They need to be accomplished. With O(wait=true) the module waits for that.
        type: dict
  images:
    description: With O(state=absent), further images to delete, by their IDs.
    type: list
    elements: dict
    suboptions:
      id: {description: The image ID., type: str, required: true}
      region: {description: The region of the image; O(region) if it is left out., type: str}
  state:
    description:
      - V(present) makes sure that there is an image of each source.
      - V(absent) deletes images. One that does not bear the tag C(os_migration_purpose) with the value of O(purpose) is
        left alone, and reported as an error.
    type: str
    choices: [present, absent]
    default: present
  name:
    description:
      - How the names of the images begin. The run and the instance ID follow, as names have to be unique in a region.
    type: str
    default: drill
  force:
    description: With O(state=absent), delete an image even if it is still being made, or instances were made from it.
    type: bool
    default: false
  wait_timeout:
    description: Seconds to wait at most, for the snapshots and for the images each.
    type: int
    default: 3600
  wait_interval:
    description: Seconds between two looks.
    type: float
    default: 10.0
seealso:
  - module: alicloud.os_migration.ecs_snapshot
  - module: alicloud.os_migration.ecs_instance
"""

EXAMPLES = r"""
- name: Make an image of the snapshots of a restore point
  alicloud.os_migration.ecs_image:
    region: cn-hangzhou
    run_id: drill-2026-11
    sources:
      - id: i-bp1a0000000000000001
        snapshots:
          /dev/xvda: s-bp100000000000000001
          /dev/xvdb: s-bp100000000000000002
  delegate_to: localhost
  run_once: true
  register: images

- name: Make an image of an instance as it is
  alicloud.os_migration.ecs_image:
    region: cn-hangzhou
    run_id: drill-2026-11
    sources:
      - id: i-bp1a0000000000000002
        mode: instance
  delegate_to: localhost
  run_once: true

- name: Delete all images of the run
  alicloud.os_migration.ecs_image:
    region: cn-hangzhou
    run_id: drill-2026-11
    state: absent
  delegate_to: localhost
  run_once: true
"""

RETURN = r"""
results:
  description:
    - One entry per source, in the order of O(sources).
    - With O(state=absent), one entry per image, then one for each source and each ID without an image.
  returned: always
  type: list
  elements: dict
  contains:
    instance_id: {description: The source; null if the image does not tell., type: str, returned: always, sample: i-bp1a0000000000000001}
    region_id: {description: The region., type: str, returned: always, sample: cn-hangzhou}
    image_id:
      description: The image ID; null if there is none, as in check mode before it is made.
      type: str
      returned: always
      sample: m-bp1000000000000000001
    image_name: {description: The name of the image., type: str, returned: always, sample: drill-drill-2026-11-i-bp1a0000000000000001}
    status:
      description:
        - The status that was seen last. In check mode V(planned) for one that would be made.
        - With O(state=absent), V(deleted), or V(to be deleted) in check mode.
      type: str
      returned: always
      sample: Available
    progress:
      description: How far its creation is, in percent.
      type: int
      returned: always
      sample: 100
    size_gib: {description: The size of the system disk., type: int, returned: always, sample: 40}
    disks:
      description: The disks of the image, with the snapshot that each was made of.
      type: list
      elements: dict
      returned: always
      sample:
        - device: /dev/xvda
          size_gib: 40
          snapshot_id: s-bp100000000000000001
          type: system
    tags:
      description: The tags of the image.
      type: dict
      returned: always
      sample:
        os_migration_image_mode: snapshots
        os_migration_instance_id: i-bp1a0000000000000001
        os_migration_purpose: drill
        os_migration_run_id: drill-2026-11
    changed:
      description: Whether the image was made or deleted, or would be in check mode.
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
  sample: {CreateImage: 1, DescribeImages: 4, DescribeSnapshots: 1}
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.alicloud.os_migration.plugins.module_utils import base
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud import image_run
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.batch import Ref
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.images import Source
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.temporary import Marks

SOURCE = base.ITEM | {
    "mode": {"type": "str", "choices": ["snapshots", "instance"], "default": "snapshots"},
    "snapshots": {"type": "dict"},
}
OPTIONS: dict[str, Any] = (
    base.TEMPORARY
    | base.wait_options(timeout=3600, interval=10.0)
    | {
        "sources": {"type": "list", "elements": "dict", "options": SOURCE},
        "images": {"type": "list", "elements": "dict", "options": base.ITEM},
        "name": {"type": "str", "default": "drill"},
        "force": {"type": "bool", "default": False},
    }
)


def sources_of(module: AnsibleModule) -> list[Source]:
    """The sources, each instance once."""
    made: dict[Ref, Source] = {}
    for item in module.params["sources"]:
        snapshots = {str(device): str(one) for device, one in (item["snapshots"] or {}).items()}
        if bool(snapshots) != (item["mode"] == "snapshots"):
            module.fail_json(msg=f"{item['id']}: snapshots are needed with mode=snapshots, and with no other mode.")
        source = Source(Ref(base.region_of(module, item), item["id"]), item["mode"], snapshots)
        if made.setdefault(source.ref, source) != source:
            module.fail_json(msg=f"{item['id']} is named twice, with different snapshots or modes.")
    return list(made.values())


def absent(module: AnsibleModule, marks: Marks) -> None:
    given = module.params
    unwanted = base.removal_of(module, marks, "sources", "images")
    api, pace = base.new_api(module), base.pace_of(module) if given["wait"] else None
    results = base.guarded(module, lambda: image_run.remove(api, unwanted, given["force"], pace, module.check_mode))
    base.finish(module, api, results)


def main() -> None:
    module = base.new_module(OPTIONS, required_if=[("state", "present", ("run_id", "sources"))])
    given = module.params
    marks = base.marks_of(module, "images")
    if given["state"] == "absent":
        absent(module, marks)
    sources = sources_of(module)
    if not sources:
        base.finish(module, None, [])
    api, pace, wish = base.new_api(module), base.pace_of(module), image_run.Wish(marks, given["name"])
    results = base.guarded(module, lambda: image_run.ensure(api, sources, wish, pace, given["wait"], module.check_mode))
    base.finish(module, api, results)


if __name__ == "__main__":
    main()
