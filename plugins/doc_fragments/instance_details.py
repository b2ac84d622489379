# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The option with which more is read about instances."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  details:
    description:
      - What else to read. Each detail takes calls, and rights, of its own, but for V(attributes), which takes none.
      - V(assistant) is the heartbeat of Cloud Assistant, by C(DescribeCloudAssistantStatus).
      - V(attributes) is what else the answers about instances and disks tell.
      - V(events) is the health and the system events that are planned or under way, by C(DescribeInstancesFullStatus) and
        C(DescribeInstanceHistoryEvents).
      - V(image) is the image that the instance was made from, by C(DescribeImages), one call for each image.
      - V(instance_type) is what the instance type offers, by C(DescribeInstanceTypes).
      - V(load_balancer) is which classic load balancers send traffic to the instance, by C(DescribeLoadBalancers) of the product
        SLB, one call for each region and, where the region has any, one for each instance. Application and network load
        balancers are not seen. It needs the Python package C(alibabacloud-slb20140515) >= 3.3.9 on the controller; without it
        this detail alone is unread, and its reason names the package and the interpreter.
      - V(quotas) is what the account may use in the region, by C(DescribeAccountAttributes).
      - V(snapshots) is which snapshots of the disks are being made, and how many each disk has, by C(DescribeSnapshots). It
        needs O(disks=true). For more than four instances all manual snapshots of the region are listed.
    type: list
    elements: str
    choices: [assistant, attributes, events, image, instance_type, load_balancer, quotas, snapshots]
    default: []
"""
