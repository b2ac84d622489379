# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that every module has: credentials, region and endpoint."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  access_key_id:
    description:
      - The AccessKey ID. Needs O(access_key_secret).
      - Without it, O(profile) is used, and without that the default chain of the SDK, in this order,
        the environment variables E(ALIBABA_CLOUD_ACCESS_KEY_ID), E(ALIBABA_CLOUD_ACCESS_KEY_SECRET) and
        E(ALIBABA_CLOUD_SECURITY_TOKEN), an OIDC role, C(~/.aliyun/config.json), C(~/.alibabacloud/credentials.ini),
        the RAM role of the instance that Ansible runs on, and E(ALIBABA_CLOUD_CREDENTIALS_URI).
    type: str
  access_key_secret:
    description:
      - The AccessKey secret. Needs O(access_key_id).
      - Prefer the environment or O(profile). Ansible hides this option in its output, but writes the arguments of a module
        into a temporary file of the user that runs it, and removes that when the module has ended. With
        E(ANSIBLE_PIPELINING) set there is no such file; with E(ANSIBLE_KEEP_REMOTE_FILES) set it stays.
    type: str
  security_token:
    description:
      - The STS token that belongs to temporary credentials.
      - What is said of O(access_key_secret) holds for it too.
    type: str
  profile:
    description: The name of a profile in C(~/.aliyun/config.json), the configuration of the Alibaba Cloud CLI.
    type: str
  region:
    description:
      - The region, for example V(cn-hangzhou), of every item that names none itself.
      - Without it, E(ALICLOUD_REGION) or E(ALIBABA_CLOUD_REGION_ID) is used.
    type: str
  ecs_endpoint:
    description:
      - Where the ECS API is. A host name such as V(ecs-vpc.cn-hangzhou.aliyuncs.com), or a URL with scheme and path.
      - The text V({region}) in it is replaced by the region of each call.
      - Without it, E(ALICLOUD_ECS_ENDPOINT) is used, and without that the endpoint that the SDK knows for the region.
    type: str
  smc_endpoint:
    description:
      - Where the Server Migration Center API is, as a host name or a URL, like O(ecs_endpoint).
      - Without it, E(ALICLOUD_SMC_ENDPOINT) is used, and without that the one central endpoint C(smc.aliyuncs.com).
    type: str
  slb_endpoint:
    description:
      - Where the API of Classic Load Balancer is, as a host name or a URL, like O(ecs_endpoint). It is asked for one detail of
        M(alicloud.os_migration.ecs_instance_info) alone.
      - Without it, E(ALICLOUD_SLB_ENDPOINT) is used, and without that the endpoint that the SDK knows for the region.
    type: str
  connect_timeout:
    description: Seconds that making a connection may take.
    type: float
    default: 3.0
  read_timeout:
    description: Seconds that one answer may take.
    type: float
    default: 20.0
  throttle_wait:
    description:
      - Seconds to wait after the service refused a call because there were too many.
      - The service counts per minute, so without this the wait lasts until the next minute begins.
        A time that the service names itself comes first.
      - Without it, E(ALICLOUD_THROTTLE_WAIT_SECONDS) is used.
    type: float
requirements:
  - python >= 3.10 on the controller
  - alibabacloud-credentials >= 1.0.1
  - alibabacloud-ecs20140526 >= 7.0.0
  - alibabacloud-smc20190601 >= 1.1.0
notes:
  - The module runs once for many instances, on the controller. Use it with C(delegate_to=localhost) and
    C(run_once=true), or in a play of its own on localhost, rather than once per host.
  - When no call can succeed, because of wrong credentials or an endpoint that cannot be reached, the module fails with
    one message whatever O(on_item_error) says.
"""
