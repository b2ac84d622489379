# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of plugins that call the ECS API from the controller: credentials and endpoint, as modules have them."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  access_key_id:
    description:
      - The AccessKey ID. Needs O(access_key_secret). May be a template.
      - Without it, O(profile) is used, and without that the default chain of the SDK, in this order,
        the environment variables E(ALIBABA_CLOUD_ACCESS_KEY_ID), E(ALIBABA_CLOUD_ACCESS_KEY_SECRET) and
        E(ALIBABA_CLOUD_SECURITY_TOKEN), an OIDC role, C(~/.aliyun/config.json), C(~/.alibabacloud/credentials.ini),
        the RAM role of the instance that Ansible runs on, and E(ALIBABA_CLOUD_CREDENTIALS_URI).
    type: str
  access_key_secret:
    description: The AccessKey secret. Needs O(access_key_id). May be a template, or encrypted with Ansible Vault.
    type: str
  security_token:
    description: The STS token that belongs to temporary credentials. May be a template, or encrypted with Ansible Vault.
    type: str
  profile:
    description:
      - The name of a profile in C(~/.aliyun/config.json), the configuration of the Alibaba Cloud CLI.
      - May be a template.
    type: str
  ecs_endpoint:
    description:
      - Where the ECS API is. A host name such as V(ecs-vpc.cn-hangzhou.aliyuncs.com), or a URL with scheme and path.
      - The text V({region}) in it is replaced by the region of each call.
      - Without it, the endpoint is used that the SDK knows for the region.
    type: str
    env:
      - name: ALICLOUD_ECS_ENDPOINT
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
    type: float
    env:
      - name: ALICLOUD_THROTTLE_WAIT_SECONDS
requirements:
  - python >= 3.10 on the controller
  - alibabacloud-credentials >= 1.0.1
  - alibabacloud-ecs20140526 >= 7.0.0
"""
