# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: smc_import
short_description: Import ECS instances as migration sources of Server Migration Center
version_added: 0.1.0
description:
  - Runs the import on all instances that have no migration source yet, through Cloud Assistant and in this one task, and
    waits until their sources can be migrated. No access to the instances is needed.
  - The activation code is made for exactly as many instances as are imported, is in force for a day at most, and is
    taken back before the module ends, also when it fails. It is in no result, no message and no list of processes. It is
    part of the command that Cloud Assistant carries, so who may read the invocations of the account, or is root on the
    instance while the agent runs the command, can see it. Once the module has ended the code is worth nothing.
  - Each source gets the tags C(os_migration_run_id) and C(os_migration_instance_id), by which every other controller
    knows whose it is. How a source is matched to an instance is told in M(alicloud.os_migration.smc_source_info).
  - An instance whose source is V(Available) or V(InUse) is not imported again.
author:
  - The alicloud.os_migration contributors (@alicloud)
extends_documentation_fragment:
  - alicloud.os_migration.alicloud
  - alicloud.os_migration.batch
  - alicloud.os_migration.wait
  - alicloud.os_migration.attributes
options:
  instances:
    required: true
  run_id:
    description: The run that the sources belong to.
    type: str
    required: true
  method:
    description:
      - How the client comes to the host, where O(command) is not given.
      - V(tarball) downloads the archive at O(client_url) into a directory of its own, which only root can read, and runs
        the C(go2aliyun_client) in it. What the client asks for is documented; in which order is assumed.
      - V(plugin) runs the plug-in C(smc-client-plugin) of Cloud Assistant. It is documented with an AccessKey in its
        arguments, which every user of the host could read; that it takes a code on standard input is assumed.
    type: str
    choices: [tarball, plugin]
    default: tarball
  client_url:
    description:
      - Where the hosts get the archive with the client, C(go2aliyun_client) with its configuration, as C(.tar.gz).
      - No document names a lasting URL. Copy the one that the SMC console shows, or put the archive where your hosts
        reach it. Required with O(method=tarball) unless O(command) is given.
    type: str
  client_checksum:
    description: The SHA-256 sum of the archive. The client is not run if it has another one.
    type: str
  command:
    description:
      - A shell script to run instead. The text C(@CODE@) in it becomes the activation code, and C(@TOKEN_ID@) the ID of
        its token. The code must reach the client on its standard input, from the C(printf) of the shell. Every user of
        the host can read the arguments of a program, and a shell may write a here-document into a temporary file.
      - It has done its work when it prints C(Import Source Server [s-...] Successfully!), or ends with exit code 0.
      - An empty text imports nothing. Then the module only waits for sources that were imported in another way, and
        tags them.
    type: str
  command_timeout:
    description: Seconds that the command may take on a host, at least 60.
    type: int
    default: 600
  tags:
    description: Further tags of the sources.
    type: dict
    default: {}
  wait_timeout:
    description: Seconds to wait at most for the sources to become available, after the command has ended.
    type: int
    default: 600
  wait_interval:
    description: Seconds between two looks.
    type: float
    default: 10.0
seealso:
  - module: alicloud.os_migration.smc_source_info
  - module: alicloud.os_migration.smc_job
"""

EXAMPLES = r"""
- name: Import two instances
  alicloud.os_migration.smc_import:
    region: cn-hangzhou
    instances:
      - id: i-bp1a0000000000000001
      - id: i-bp1a0000000000000002
    run_id: kernel-2026-11
    client_url: https://mirror.example.com/go2aliyun_client_linux_x86_64.tar.gz
  delegate_to: localhost
  run_once: true

- name: Import with a client that the image contains
  alicloud.os_migration.smc_import:
    region: cn-hangzhou
    instances:
      - id: i-bp1a0000000000000001
    run_id: kernel-2026-11
    command: |
      printf '%s\n' '@TOKEN_ID@' '@CODE@' | timeout 300 /opt/smc/go2aliyun_client
  delegate_to: localhost
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
      description: The region of the instance.
      type: str
      returned: always
      sample: cn-hangzhou
    source_id:
      description: The ID of the source; null as long as there is none.
      type: str
      returned: always
      sample: s-bp1000000000000000001
    state:
      description: The state of the source that was seen last; null as long as there is none.
      type: str
      returned: always
      sample: Available
    changed:
      description: Whether the instance was imported, or its source tagged, or would be in check mode.
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
  sample:
    DescribeInstances: 1
    DescribeInvocationResults: 3
    RunCommand: 1
    smc.CreateAccessToken: 1
    smc.DeleteAccessToken: 1
    smc.DescribeSourceServers: 3
    smc.ListAccessTokens: 2
    smc.TagResources: 1
"""

from typing import Any

from ansible_collections.alicloud.os_migration.plugins.module_utils import base
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud import smc_client, smc_import

OPTIONS: dict[str, Any] = (
    base.batch_options()
    | base.wait_options(timeout=600, interval=10.0)
    | {
        "run_id": {"type": "str", "required": True},
        "method": {"type": "str", "choices": ["tarball", "plugin"], "default": "tarball"},
        "client_url": {"type": "str"},
        "client_checksum": {"type": "str"},
        "command": {"type": "str"},
        "command_timeout": {"type": "int", "default": 600},
        "tags": {"type": "dict", "default": {}},
    }
)


def main() -> None:
    module = base.new_module(OPTIONS, mutually_exclusive=[("command", "client_url"), ("command", "client_checksum")])
    given = module.params
    refs, command = base.refs_of(module), given["command"]
    if command is None and given["method"] == "tarball" and not given["client_url"]:
        module.fail_json(msg="method is tarball but client_url is missing, and no command is given instead.")
    if command and smc_client.CODE not in command:
        module.fail_json(msg=f"command does not contain {smc_client.CODE}, so the client would get no activation code.")
    if given["command_timeout"] < 60:
        module.fail_json(msg=f"command_timeout is {given['command_timeout']}, it must be at least 60.")
    if not refs:
        base.finish(module, None, [])
    api, pace = base.new_api(module), base.pace_of(module)

    def work() -> tuple[list[dict[str, Any]], list[str]]:
        text = command
        if text is None:
            url, checksum = given["client_url"], given["client_checksum"]
            text = smc_client.default_command(given["method"], url, checksum, given["command_timeout"])
        tags = {str(key): str(value) for key, value in given["tags"].items()}
        order = smc_import.Order(given["run_id"], text, given["command_timeout"], tags, given["wait"])
        return smc_import.run(api, refs, order, pace, module.check_mode)

    results, warnings = base.guarded(module, work)
    for warning in warnings:
        module.warn(warning)
    base.finish(module, api, results)


if __name__ == "__main__":
    main()
