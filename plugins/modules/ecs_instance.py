# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: ecs_instance
short_description: Make or release temporary clones of ECS instances
version_added: 0.1.0
description:
  - Makes one temporary instance for each of many source instances, from an image of it, for rehearsals. It is no module
    to run an instance for good.
  - A clone has no public IP address, no RAM role and no user data unless they are given here, is not protected against
    release, and is released by the service at a time that is set in the call that makes it.
  - The same O(run_id) and O(purpose) make one clone per source. Running again takes over a clone that is there, from
    whichever controller it was started.
  - Every clone, and its disks, bear the tags C(os_migration_run_id), C(os_migration_purpose) and
    C(os_migration_instance_id).
author:
  - The alicloud.os_migration contributors (@alicloud)
extends_documentation_fragment:
  - alicloud.os_migration.alicloud
  - alicloud.os_migration.temporary
  - alicloud.os_migration.wait
  - alicloud.os_migration.smc_guard
  - alicloud.os_migration.attributes
options:
  sources:
    description:
      - The instances to clone, or whose clones are released.
      - With an empty list nothing is called and nothing changes.
      - Required with O(state=present). With O(state=absent) and neither this nor O(clones), all clones of the run in
        O(region) are released.
    type: list
    elements: dict
    suboptions:
      id: {description: The ID of the source instance., type: str, required: true}
      region: {description: The region of the source and of the clone; O(region) if it is left out., type: str}
      image_id: {description: The image that the clone is made of. Required with O(state=present)., type: str}
      instance_type: {description: "The type of this clone, in place of O(instance_type).", type: str}
      vswitch_id: {description: "The vSwitch of this clone, in place of O(vswitch_id).", type: str}
      security_group_ids:
        description: The security groups of this clone, in place of O(security_group_ids).
        type: list
        elements: str
      instance_name: {description: The name of this clone. By default O(name_prefix) and the ID of the source., type: str}
      hostname:
        description: The hostname of this clone. By default O(name_prefix) and the ID of the source, never that of the source.
        type: str
  clones:
    description: With O(state=absent), further clones to release, by their IDs.
    type: list
    elements: dict
    suboptions:
      id: {description: The ID of the clone., type: str, required: true}
      region: {description: The region of the clone; O(region) if it is left out., type: str}
  state:
    description:
      - V(present) makes sure that each source has a clone.
      - V(absent) releases clones, running or not, with their disks. An instance that does not bear the tag
        C(os_migration_purpose) with the value of O(purpose), that is not marked as the clone of another instance, or
        that Server Migration Center is migrating is left alone, and reported as an error.
    type: str
    choices: [present, absent]
    default: present
  auto_release_minutes:
    description:
      - After how many minutes at the latest the service releases a clone by itself, at least 30. Up to two minutes are
        added, as the service counts whole minutes.
      - It counts from when the clone is made. A later run does not change it.
      - Required with O(state=present).
    type: int
  instance_type:
    description: The type of the clones. By default that of each source.
    type: str
  vswitch_id:
    description: The vSwitch of the clones. Required with O(state=present), here or for each source.
    type: str
  security_group_ids:
    description:
      - The security groups of the clones. Required with O(state=present), here or for each source.
        M(alicloud.os_migration.ecs_security_group) makes one that isolates.
    type: list
    elements: str
    default: []
  name_prefix:
    description: How the names and the hostnames of the clones begin.
    type: str
    default: drill
  system_disk_category:
    description: The category of the disks that come from the image, for example V(cloud_essd). By default the service's choice.
    type: str
  spot_strategy:
    description:
      - V(SpotAsPriceGo) makes spot instances, which are cheaper, and which the service may take back at any time.
    type: str
    choices: [NoSpot, SpotAsPriceGo]
    default: NoSpot
  key_pair_name:
    description: The name of an SSH key pair for the clones. By default they have the keys that are in the image.
    type: str
  password_inherit:
    description: Whether the clones keep the password that is set in the image.
    type: bool
    default: false
  ram_role_name:
    description: The RAM role of the clones. By default they have none, whatever the source has.
    type: str
  user_data:
    description: The user data of the clones, as plain text of at most 32 KiB. By default they have none.
    type: str
  wait_timeout:
    description: Seconds to wait at most.
    type: int
    default: 900
  wait_interval:
    description: Seconds between two looks.
    type: float
    default: 5.0
seealso:
  - module: alicloud.os_migration.ecs_image
  - module: alicloud.os_migration.ecs_security_group
"""

EXAMPLES = r"""
- name: Clone two instances for a rehearsal of four hours
  alicloud.os_migration.ecs_instance:
    region: cn-hangzhou
    run_id: drill-2026-11
    auto_release_minutes: 240
    vswitch_id: vsw-bp10000000000000001
    security_group_ids: [sg-bp100000000000000001]
    sources:
      - id: i-bp1a0000000000000001
        image_id: m-bp1000000000000000001
      - id: i-bp1a0000000000000002
        image_id: m-bp1000000000000000002
        instance_type: ecs.g7.large
  delegate_to: localhost
  run_once: true
  register: clones

- name: Release all clones of the run
  alicloud.os_migration.ecs_instance:
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
    - With O(state=absent), one entry per clone, then one for each source and each ID without a clone.
  returned: always
  type: list
  elements: dict
  contains:
    instance_id: {description: The source; null if the clone does not tell., type: str, returned: always, sample: i-bp1a0000000000000001}
    region_id: {description: The region., type: str, returned: always, sample: cn-hangzhou}
    clone_id:
      description: The instance ID of the clone; null if there is none, as in check mode before it is made.
      type: str
      returned: always
      sample: i-bp1c0000000000000001
    clone_name: {description: The name of the clone., type: str, returned: always, sample: drill-i-bp1a0000000000000001}
    hostname: {description: The hostname that the clone was given., type: str, returned: always, sample: drill-i-bp1a0000000000000001}
    status:
      description:
        - The status that was seen last. In check mode V(planned) for one that would be made.
        - With O(state=absent), V(released), or V(to be released) in check mode.
      type: str
      returned: always
      sample: Running
    instance_type: {description: The type of the clone., type: str, returned: always, sample: ecs.g7.large}
    image_id: {description: The image that it was made of., type: str, returned: always, sample: m-bp1000000000000000001}
    private_ip: {description: Its private IP address., type: str, returned: always, sample: 172.16.0.1}
    vpc_id: {description: Its VPC., type: str, returned: always, sample: vpc-bp10000000000000001}
    vswitch_id: {description: Its vSwitch., type: str, returned: always, sample: vsw-bp10000000000000001}
    security_group_ids: {description: Its security groups., type: list, elements: str, returned: always, sample: [sg-bp100000000000000001]}
    auto_release_time: {description: When the service releases it by itself., type: str, returned: always, sample: '2026-11-24T18:02:00Z'}
    tags: {description: Its tags., type: dict, returned: always, sample: {os_migration_purpose: drill}}
    changed: {description: Whether it was made or released or would be in check mode., type: bool, returned: always}
    error: {description: What went wrong or null., type: dict, returned: always, sample: null}
api_calls:
  description: How many calls of each operation were made.
  returned: always
  type: dict
  sample: {DescribeInstances: 5, RunInstances: 2}
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.alicloud.os_migration.plugins.module_utils import base
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud import launch, launch_remove, smc_jobs
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.batch import Ref
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.launch import Clone
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.temporary import Marks

SOURCE = base.ITEM | {
    "image_id": {"type": "str"},
    "instance_type": {"type": "str"},
    "vswitch_id": {"type": "str"},
    "security_group_ids": {"type": "list", "elements": "str"},
    "instance_name": {"type": "str"},
    "hostname": {"type": "str"},
}
OPTIONS: dict[str, Any] = (
    base.TEMPORARY
    | base.wait_options(timeout=900, interval=5.0)
    | {
        "sources": {"type": "list", "elements": "dict", "options": SOURCE},
        "clones": {"type": "list", "elements": "dict", "options": base.ITEM},
        "auto_release_minutes": {"type": "int"},
        "instance_type": {"type": "str"},
        "vswitch_id": {"type": "str"},
        "security_group_ids": {"type": "list", "elements": "str", "default": []},
        "name_prefix": {"type": "str", "default": "drill"},
        "system_disk_category": {"type": "str"},
        "spot_strategy": {"type": "str", "choices": ["NoSpot", "SpotAsPriceGo"], "default": "NoSpot"},
        "key_pair_name": {"type": "str", "no_log": False},
        "password_inherit": {"type": "bool", "default": False, "no_log": False},
        "ram_role_name": {"type": "str"},
        "user_data": {"type": "str", "no_log": True},
        "smc_guard": {"type": "bool", "default": True},
    }
)


def clones_of(module: AnsibleModule) -> list[Clone]:
    """What to make, each source once."""
    made: dict[Ref, Clone] = {}
    for item in module.params["sources"]:
        if not item["image_id"]:
            module.fail_json(msg=f"{item['id']}: image_id is needed with state=present.")
        clone = Clone(
            source=Ref(base.region_of(module, item), item["id"]),
            image_id=item["image_id"],
            instance_type=item["instance_type"],
            vswitch_id=item["vswitch_id"],
            security_group_ids=tuple(item["security_group_ids"] or ()) or None,
            name=item["instance_name"],
            hostname=item["hostname"],
        )
        if made.setdefault(clone.source, clone) != clone:
            module.fail_json(msg=f"{item['id']} is named twice, with different wishes.")
    return list(made.values())


def wish_of(module: AnsibleModule, marks: Marks) -> launch.Wish:
    given = module.params
    return launch.Wish(
        marks=marks,
        auto_release_minutes=given["auto_release_minutes"],
        instance_type=given["instance_type"],
        vswitch_id=given["vswitch_id"],
        security_group_ids=tuple(given["security_group_ids"]),
        prefix=given["name_prefix"],
        system_disk_category=given["system_disk_category"],
        spot_strategy=given["spot_strategy"],
        key_pair_name=given["key_pair_name"],
        password_inherit=given["password_inherit"],
        ram_role_name=given["ram_role_name"],
        user_data=given["user_data"],
    )


def absent(module: AnsibleModule, marks: Marks) -> None:
    given = module.params
    unwanted = base.removal_of(module, marks, "sources", "clones")
    api, pace = base.new_api(module), base.pace_of(module)
    guard = smc_jobs.guard(api, module.warn) if given["smc_guard"] else smc_jobs.no_guard
    results = base.guarded(
        module, lambda: launch_remove.remove(api, unwanted, guard, pace, given["wait"], module.check_mode)
    )
    base.finish(module, api, results)


def main() -> None:
    module = base.new_module(OPTIONS, required_if=[("state", "present", ("run_id", "sources", "auto_release_minutes"))])
    given = module.params
    marks = base.marks_of(module, "clones")
    if given["state"] == "absent":
        absent(module, marks)
    clones = clones_of(module)
    if not clones:
        base.finish(module, None, [])
    api, pace, wish = base.new_api(module), base.pace_of(module), wish_of(module, marks)
    results = base.guarded(module, lambda: launch.ensure(api, clones, wish, pace, given["wait"], module.check_mode))
    base.finish(module, api, results)


if __name__ == "__main__":
    main()
