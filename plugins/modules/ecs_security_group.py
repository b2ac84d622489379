# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: ecs_security_group
short_description: Make or delete temporary security groups that isolate
version_added: 0.1.0
description:
  - Makes one security group in each of several VPCs, for temporary instances that must not reach anything in
    production. Without any rules given, nothing gets in, nothing gets out, and the members do not reach each other.
  - The same O(run_id) and O(purpose) make one group per VPC. Running again takes over a group that is there, and adds the
    rules that are missing.
  - Every group bears the tags C(os_migration_run_id) and C(os_migration_purpose).
author:
  - The alicloud.os_migration contributors (@alicloud)
extends_documentation_fragment:
  - alicloud.os_migration.alicloud
  - alicloud.os_migration.temporary
  - alicloud.os_migration.wait
  - alicloud.os_migration.attributes
attributes:
  diff_mode:
    support: full
options:
  vpcs:
    description:
      - The VPCs to make a group in, or whose groups are deleted.
      - With an empty list nothing is called and nothing changes.
      - Required with O(state=present). With O(state=absent) and neither this nor O(groups), all groups of the run in
        O(region) are deleted.
    type: list
    elements: dict
    suboptions:
      id: {description: The VPC ID., type: str, required: true}
      region: {description: The region of the VPC; O(region) if it is left out., type: str}
  groups:
    description: With O(state=absent), further groups to delete, by their IDs.
    type: list
    elements: dict
    suboptions:
      id: {description: The ID of the security group., type: str, required: true}
      region: {description: The region of the group; O(region) if it is left out., type: str}
  state:
    description:
      - V(present) makes sure that each VPC has the group, with its rules.
      - V(absent) deletes groups. One that does not bear the tag C(os_migration_purpose) with the value of O(purpose) is
        left alone, and reported as an error. With O(wait=true), one that still has members is tried again until they
        are gone.
    type: str
    choices: [present, absent]
    default: present
  name:
    description: The name of the groups. It is set when a group is made.
    type: str
    default: os-migration-drill
  ingress:
    description: What is let in, or dropped. By default nothing is let in.
    type: list
    elements: dict
    default: []
    suboptions: &rule
      protocol:
        description: The protocol.
        type: str
        choices: [tcp, udp, icmp, gre, all]
        required: true
      ports:
        description: With V(tcp) and V(udp), a port such as V(22), or a range such as V(8000/8100).
        type: str
      cidr:
        description: The address or address range at the other end, of IPv4 or IPv6.
        type: str
        required: true
      policy:
        description: Whether it is let through.
        type: str
        choices: [accept, drop]
        default: accept
      priority:
        description: From 1, the highest, to 100. Where two rules of the same priority disagree, drop wins.
        type: int
        default: 1
      description: {description: A note for those who look at the rule., type: str}
  egress:
    description: What is let out, or dropped.
    type: list
    elements: dict
    default: []
    suboptions: *rule
  deny_other_egress:
    description:
      - Whether everything that no rule in O(egress) lets out is dropped, by a rule of the lowest priority. Without it, the
        service lets everything out.
    type: bool
    default: true
  inner_access:
    description:
      - Whether the members of the group reach each other. With V(accept) they do, whatever the rules say.
    type: str
    choices: [accept, drop]
    default: drop
  purge_rules:
    description:
      - Whether rules of a group that is there already are taken away when they are not among those given. Otherwise they
        are only told in RV(results[].unwanted_rules).
    type: bool
    default: false
  wait_timeout:
    description: Seconds to wait at most.
    type: int
    default: 300
  wait_interval:
    description: Seconds between two looks.
    type: float
    default: 5.0
seealso:
  - module: alicloud.os_migration.ecs_instance
"""

EXAMPLES = r"""
- name: Let the controller in, and out only what a migration needs
  alicloud.os_migration.ecs_security_group:
    region: cn-hangzhou
    run_id: drill-2026-11
    vpcs:
      - id: vpc-bp10000000000000001
    ingress:
      - {protocol: tcp, ports: '22', cidr: 10.0.0.10}
    egress:
      - {protocol: udp, ports: '53', cidr: 100.100.2.136/31, description: DNS of the VPC}
      - {protocol: tcp, ports: '80', cidr: 100.100.2.148, description: package mirror}
      - {protocol: tcp, ports: '443', cidr: 100.64.0.0/10, description: services of the cloud}
  delegate_to: localhost
  run_once: true
  register: groups

- name: Delete all security groups of the run
  alicloud.os_migration.ecs_security_group:
    region: cn-hangzhou
    run_id: drill-2026-11
    state: absent
  delegate_to: localhost
  run_once: true
"""

RETURN = r"""
results:
  description:
    - One entry per VPC, in the order of O(vpcs).
    - With O(state=absent), one entry per group, then one for each VPC and each ID without a group.
  returned: always
  type: list
  elements: dict
  contains:
    vpc_id: {description: The VPC; null with O(state=absent) for an ID that does not exist., type: str, returned: always, sample: vpc-bp10000000000000001}
    region_id: {description: The region., type: str, returned: always, sample: cn-hangzhou}
    security_group_id:
      description: The group; null if there is none, as in check mode before it is made.
      type: str
      returned: always
      sample: sg-bp100000000000000001
    name: {description: The name of the group., type: str, returned: always, sample: os-migration-drill}
    changed:
      description: Whether the group was made, changed or deleted, or would be in check mode.
      type: bool
      returned: always
    created:
      description: Whether the group was made, or would be in check mode.
      type: bool
      returned: always
    rules:
      description: All rules of the group, as they are now, or would be in check mode. Empty with O(state=absent).
      type: list
      elements: dict
      returned: always
      sample:
        - cidr: 0.0.0.0/0
          description: everything else is dropped
          direction: egress
          other: {}
          policy: drop
          ports: -1/-1
          priority: 100
          protocol: all
    unwanted_rules:
      description: Rules that were there and are not among those given. With O(purge_rules=true) they are taken away.
      type: list
      elements: dict
      returned: always
      sample: []
    inner_access: {description: Whether the members reach each other; null with O(state=absent)., type: str, returned: always, sample: drop}
    tags:
      description: The tags of the group.
      type: dict
      returned: always
      sample: {os_migration_purpose: drill, os_migration_run_id: drill-2026-11}
    error:
      description: What went wrong, or null.
      type: dict
      returned: always
      sample: null
api_calls:
  description: How many calls of each operation were made.
  returned: always
  type: dict
  sample:
    AuthorizeSecurityGroup: 1
    AuthorizeSecurityGroupEgress: 2
    CreateSecurityGroup: 1
    DescribeSecurityGroupAttribute: 1
    DescribeSecurityGroups: 2
    ModifySecurityGroupPolicy: 1
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.alicloud.os_migration.plugins.module_utils import base
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud import security_group_run, security_rules
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.temporary import Marks

RULE = {
    "protocol": {"type": "str", "choices": ["tcp", "udp", "icmp", "gre", "all"], "required": True},
    "ports": {"type": "str"},
    "cidr": {"type": "str", "required": True},
    "policy": {"type": "str", "choices": ["accept", "drop"], "default": "accept"},
    "priority": {"type": "int", "default": 1},
    "description": {"type": "str"},
}
OPTIONS: dict[str, Any] = (
    base.TEMPORARY
    | base.wait_options(timeout=300, interval=5.0)
    | {
        "vpcs": {"type": "list", "elements": "dict", "options": base.ITEM},
        "groups": {"type": "list", "elements": "dict", "options": base.ITEM},
        "name": {"type": "str", "default": "os-migration-drill"},
        "ingress": {"type": "list", "elements": "dict", "options": RULE, "default": []},
        "egress": {"type": "list", "elements": "dict", "options": RULE, "default": []},
        "deny_other_egress": {"type": "bool", "default": True},
        "inner_access": {"type": "str", "choices": ["accept", "drop"], "default": "drop"},
        "purge_rules": {"type": "bool", "default": False},
    }
)


def absent(module: AnsibleModule, marks: Marks) -> None:
    given = module.params
    unwanted = base.removal_of(module, marks, "vpcs", "groups")
    api, pace = base.new_api(module), base.pace_of(module) if given["wait"] else None
    end(module, api, base.guarded(module, lambda: security_group_run.remove(api, unwanted, pace, module.check_mode)))


def end(module: AnsibleModule, api: Any, results: list[dict[str, Any]]) -> None:
    before = {str(one["vpc_id"]): one.pop("rules_before") for one in results}
    after = {str(one["vpc_id"]): one["rules"] for one in results}
    base.finish(module, api, results, diff={"before": before, "after": after})


def main() -> None:
    module = base.new_module(OPTIONS, required_if=[("state", "present", ("run_id", "vpcs"))])
    given = module.params
    marks = base.marks_of(module, "groups")
    if given["state"] == "absent":
        absent(module, marks)
    refs = base.refs_of(module, "vpcs")
    rules = base.guarded(
        module, lambda: security_rules.plan(given["ingress"], given["egress"], given["deny_other_egress"])
    )
    if not refs:
        base.finish(module, None, [])
    wish = security_group_run.Wish(marks, given["name"], tuple(rules), given["inner_access"], given["purge_rules"])
    api, pace = base.new_api(module), base.pace_of(module)
    end(module, api, base.guarded(module, lambda: security_group_run.ensure(api, refs, wish, pace, module.check_mode)))


if __name__ == "__main__":
    main()
