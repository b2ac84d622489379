# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: ecs_instance_info
short_description: Read ECS instances with their disks
version_added: 0.1.0
description:
  - Reads many ECS instances, in several regions, with the disks that are attached to them.
  - Instances are named by O(instances), or all of O(region) are read, narrowed by O(tags), O(status) and O(filters).
  - With O(details) it reads more about each of them, in batches. A detail that cannot be read never fails the task.
author:
  - The alicloud.os_migration contributors (@alicloud)
extends_documentation_fragment:
  - alicloud.os_migration.alicloud
  - alicloud.os_migration.attributes.info
  - alicloud.os_migration.instance_details
options:
  instances:
    description:
      - The instances to read. Leave it out to read all instances of O(region).
      - With an empty list nothing is called and nothing is returned.
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
  tags:
    description:
      - Read only instances that bear all of these tags. A tag without a value stands for any value.
      - Not together with O(instances).
    type: dict
  status:
    description: Read only instances in this state. Not together with O(instances).
    type: str
    choices: [Pending, Running, Starting, Stopping, Stopped]
  filters:
    description: Read only instances that match all of these. Not together with O(instances).
    type: dict
    suboptions:
      image_id:
        description: The image.
        type: str
      instance_charge_type:
        description: The billing method.
        type: str
        choices: [PostPaid, PrePaid]
      instance_name:
        description: The name, with V(*) for any text.
        type: str
      instance_type:
        description: The instance type, for example V(ecs.g6.large).
        type: str
      security_group_id:
        description: A security group of the instance.
        type: str
      vpc_id:
        description: The VPC.
        type: str
      vswitch_id:
        description: The vSwitch.
        type: str
      zone_id:
        description: The zone.
        type: str
  disks:
    description: Whether to read the disks as well.
    type: bool
    default: true
  on_item_error:
    description:
      - What to do about instances that cannot be read, for example because they do not exist in the region.
      - With V(fail) the task fails, with a message that names every one of them.
      - With V(report) the task succeeds and the errors are in RV(results[].error) for the caller to judge.
    type: str
    choices: [fail, report]
    default: fail
seealso:
  - module: alicloud.os_migration.ecs_snapshot_info
  - plugin: alicloud.os_migration.ecs
    plugin_type: inventory
"""

EXAMPLES = r"""
- name: Read two instances of two regions
  alicloud.os_migration.ecs_instance_info:
    region: cn-hangzhou
    instances:
      - id: i-bp1a0000000000000001
      - id: i-2ze0000000000000002
        region: cn-beijing
  delegate_to: localhost
  run_once: true
  register: cloud

- name: Read all running web servers of a region
  alicloud.os_migration.ecs_instance_info:
    region: cn-hangzhou
    status: Running
    tags:
      role: web
    filters:
      zone_id: cn-hangzhou-h
  delegate_to: localhost
  run_once: true

- name: Read whether something is planned for an instance, and whether its Cloud Assistant answers
  alicloud.os_migration.ecs_instance_info:
    instances: [{id: i-bp1a0000000000000001, region: cn-hangzhou}]
    details: [assistant, events]
  delegate_to: localhost
  run_once: true
"""

RETURN = r"""
results:
  description:
    - One entry per instance, in the order of O(instances), with the keys of RV(instances) beside those below.
    - An instance with an error has only its ids and the error.
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
    error:
      description: What went wrong, or null.
      type: dict
      returned: always
      sample: null
    status:
      description: The state of the instance.
      type: str
      returned: success
      sample: Running
    disks:
      description: The attached disks, the system disk first, then by device.
      type: list
      elements: dict
      returned: success and O(disks=true)
      sample:
        - {category: cloud_essd, delete_with_instance: true, device: /dev/xvda, disk_id: d-bp100000000000000001,
           encrypted: false, multi_attach: false, name: web-0001-system-0, performance_level: PL1, portable: false,
           size_gib: 40, status: In_use, tags: {}, type: system, zone_id: cn-hangzhou-h}
    details_unread:
      description: The reason of every detail of O(details) that could not be read; empty where all could.
      type: dict
      returned: success and O(details) is not empty
      sample: {quotas: "Forbidden.RAM: User not authorized to operate on the specified resource."}
    assistant:
      description: The agent of Cloud Assistant. It is online where it was heard of within the last two minutes.
      type: dict
      returned: O(details) has V(assistant), and it could be read
      sample: {active_tasks: 0, last_heartbeat: '2026-11-24T08:15:30Z', last_invoked: null, online: true, version: 2.2.3.857}
    attributes:
      description: Attributes of the instance; null where one is not shown. Each of RV(results[].disks) has C(attributes) too.
      type: dict
      returned: O(details) has V(attributes)
      sample: {auto_release_time: null, credit_specification: null, dedicated_host_id: null, deployment_set_id: null,
               hibernation: false, hpc_cluster_id: null, io_optimized: true, metadata_endpoint: enabled,
               metadata_tokens: optional, network_type: vpc, rdma_ips: [], recyclable: false, secure_boot: null}
    health:
      description: The health of the instance as the service sees it.
      type: str
      returned: O(details) has V(events), and it could be read
      sample: Ok
    events:
      description: The system events of the instance that are planned or under way, with the disk where one is about it.
      type: list
      elements: dict
      returned: O(details) has V(events), and it could be read
      sample: [{disk_id: null, event_id: e-bp100000000000000001, not_before: '2026-12-01T02:00:00Z', reason: null,
                status: Scheduled, type: SystemMaintenance.Reboot}]
    image:
      description: The image of the instance, or null where it does not exist any more.
      type: dict
      returned: O(details) has V(image), and it could be read
      sample: {architecture: x86_64, boot_mode: BIOS, image_id: centos_7_9_x64_20G_alibase_20240628.vhd,
               nvme_support: supported, os_name: CentOS  7.9 64 bit, owner: system, platform: CentOS, product_code: null,
               status: Available}
    type_info:
      description: What the instance type offers, or null where the region does not list it.
      type: dict
      returned: O(details) has V(instance_type), and it could be read
      sample: {architecture: X86, boot_modes: [BIOS, UEFI], category: General-purpose, cpus: 2, family: ecs.g6,
               family_level: EnterpriseLevel, gpu: null, gpus: 0, instance_type: ecs.g6.large, local_disk_category: null,
               local_disks: 0, memory_gib: 8.0, nvme_support: unsupported}
    load_balancers:
      description: The classic load balancers that have the instance among their servers; empty where none has.
      type: list
      elements: dict
      returned: O(details) has V(load_balancer), and it could be read
      sample: [{id: lb-bp100000000000000001, name: front, status: active}]
    quotas:
      description: What the account may use in the region; null where that is not told.
      type: dict
      returned: O(details) has V(quotas), and it could be read
      sample: {commands_per_day: 5000, postpaid_vcpus: 1000, postpaid_vcpus_used: 24, real_name_authentication: 'yes'}
    snapshots:
      description: The snapshots of the disks that are being made, and the number of manual snapshots of each disk.
      type: dict
      returned: O(details) has V(snapshots), and it could be read
      sample: {in_progress: [{created: '2026-11-24T08:10:00Z', disk_id: d-bp1, progress: 42, snapshot_id: s-bp1}],
               manual_per_disk: {d-bp1: 3}}
instances:
  description:
    - The instances that were read, without those that had an error.
    - Besides the keys of the sample, each has RV(results[].disks).
  returned: always
  type: list
  elements: dict
  sample:
    - {charge_type: PostPaid, created: '2024-06-28T02:31Z', deletion_protection: false, eip: null,
       expired: '2099-12-31T15:59Z', hostname: web-0001, image_id: centos_7_9_x64_20G_alibase_20240628.vhd,
       instance_id: i-bp1a0000000000000001, instance_name: web-0001, instance_type: ecs.g6.large, ipv6_addresses: [],
       operation_locks: [], os_name: CentOS  7.9 64 bit, os_type: linux, private_ips: [10.0.0.1], public_ips: [],
       region_id: cn-hangzhou, security_group_ids: [sg-bp100000000000000001], spot_strategy: NoSpot, status: Running,
       stopped_mode: Not-applicable, tags: {role: web}, vpc_id: vpc-bp10000000000000001,
       vswitch_id: vsw-bp10000000000000001, zone_id: cn-hangzhou-h}
api_calls:
  description: How many calls of each operation were made.
  returned: always
  type: dict
  sample: {DescribeDisks: 2, DescribeInstances: 2}
"""

from typing import Any

from ansible_collections.alicloud.os_migration.plugins.module_utils import base
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud import instance_read, instances

FILTERS: dict[str, Any] = {name: {"type": "str"} for name in instances.FILTERS if name != "status"} | {
    "instance_charge_type": {"type": "str", "choices": ["PostPaid", "PrePaid"]}
}
OPTIONS: dict[str, Any] = base.batch_options(required=False) | {
    "tags": {"type": "dict"},
    "status": {"type": "str", "choices": ["Pending", "Running", "Starting", "Stopping", "Stopped"]},
    "filters": {"type": "dict", "options": FILTERS},
    "disks": {"type": "bool", "default": True},
    "details": {"type": "list", "elements": "str", "choices": instance_read.DETAILS, "default": []},
}


def main() -> None:
    exclusive = [("instances", name) for name in ("tags", "status", "filters")]
    module = base.new_module(OPTIONS, mutually_exclusive=exclusive)
    given = module.params
    wanted = instance_read.Wanted(given["disks"], given["details"])
    if "snapshots" in wanted.details and not wanted.disks:
        module.fail_json(msg="details has snapshots, which needs disks=true: snapshots are of disks.")
    api = base.new_api(module)

    def work() -> list[dict[str, Any]]:
        if given["instances"] is not None:
            return instance_read.by_ids(api, base.refs_of(module), wanted)
        region = base.region_of(module, {"id": "the search"})
        return instance_read.by_search(api, region, instance_read.search_of(given), wanted)

    results = base.guarded(module, work)
    clean = [
        {key: value for key, value in one.items() if key not in ("changed", "error")}
        for one in results
        if not one["error"]
    ]
    base.finish(module, api, results, instances=clean)


if __name__ == "__main__":
    main()
