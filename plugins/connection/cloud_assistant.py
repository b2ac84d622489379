# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: cloud_assistant
short_description: Reach ECS instances through Cloud Assistant
version_added: 0.1.0
description:
  - Runs commands and copies files through the Cloud Assistant agent of an ECS instance. The controller needs a way to
    the ECS API only; the instance needs no SSH service, no open port and no public address.
  - Output of any size comes back whole, with both streams apart and its checksum verified. Input and files of any kind
    travel in pieces, so no bucket is needed, and nothing stays on the instance.
  - Commands run as C(root), unless O(username) says otherwise, so C(become) is needed only for other users.
author:
  - The alicloud.os_migration contributors (@alicloud)
extends_documentation_fragment:
  - connection_pipelining
requirements:
  - python >= 3.10 on the controller
  - alibabacloud-credentials >= 1.0.1
  - alibabacloud-ecs20140526 >= 7.0.0
notes:
  - Credentials are found by the default chain of the SDK, as with the modules of this collection, in this order, the
    environment variables E(ALIBABA_CLOUD_ACCESS_KEY_ID), E(ALIBABA_CLOUD_ACCESS_KEY_SECRET) and
    E(ALIBABA_CLOUD_SECURITY_TOKEN), an OIDC role, C(~/.aliyun/config.json), C(~/.alibabacloud/credentials.ini), the RAM
    role of the instance that Ansible runs on, and E(ALIBABA_CLOUD_CREDENTIALS_URI). There are no variables for secrets.
  - The RAM user or role needs C(ecs:RunCommand), C(ecs:DescribeInvocationResults), C(ecs:SendFile),
    C(ecs:DescribeSendFileResults) and C(ecs:StopInvocation).
  - A command that is cut off, by a restart of the system or a time limit of Ansible, makes the host unreachable for that
    task. What was begun and has not ended is stopped when the connection is reset or closed.
  - Every command counts towards the daily quota of Cloud Assistant commands of the account in the region.
  - A password for C(become) cannot be asked for, since there is no terminal.
options:
  instance_id:
    description: The ID of the instance.
    type: str
    vars:
      - name: instance_id
      - name: os_migration_instance_id
      - name: ansible_cloud_assistant_instance_id
  region:
    description: The region of the instance.
    type: str
    env:
      - name: ALIBABA_CLOUD_REGION_ID
      - name: ALICLOUD_REGION
    vars:
      - name: region
      - name: region_id
      - name: os_migration_region
      - name: ansible_cloud_assistant_region
  profile:
    description:
      - The name of a profile in C(~/.aliyun/config.json), the configuration of the Alibaba Cloud CLI.
      - Without it the default chain of the SDK is used.
    type: str
    ini:
      - section: cloud_assistant_connection
        key: profile
    vars:
      - name: ansible_cloud_assistant_profile
  ecs_endpoint:
    description:
      - Where the ECS API is. A host name such as V(ecs-vpc.cn-hangzhou.aliyuncs.com), or a URL with scheme and path.
      - The text V({region}) in it is replaced by the region.
      - Without it the endpoint that the SDK knows for the region.
    type: str
    ini:
      - section: cloud_assistant_connection
        key: ecs_endpoint
    env:
      - name: ALICLOUD_ECS_ENDPOINT
    vars:
      - name: ansible_cloud_assistant_ecs_endpoint
  username:
    description: The user on the instance that runs the commands. Without it C(root).
    type: str
    ini:
      - section: cloud_assistant_connection
        key: username
    vars:
      - name: ansible_cloud_assistant_username
  command_timeout:
    description: Seconds after which a command is ended on the instance, with all that it has started.
    type: int
    default: 3600
    ini:
      - section: cloud_assistant_connection
        key: command_timeout
    env:
      - name: ALICLOUD_CLOUD_ASSISTANT_TIMEOUT
    vars:
      - name: ansible_cloud_assistant_command_timeout
  poll_interval:
    description: Seconds between two looks whether a command has ended.
    type: float
    default: 1.0
    ini:
      - section: cloud_assistant_connection
        key: poll_interval
    env:
      - name: ALICLOUD_CLOUD_ASSISTANT_POLL
    vars:
      - name: ansible_cloud_assistant_poll_interval
  throttle_wait:
    description:
      - Seconds to wait after the service refused a call because there were too many.
      - Without it the wait lasts until the next minute begins.
    type: float
    ini:
      - section: cloud_assistant_connection
        key: throttle_wait
    env:
      - name: ALICLOUD_THROTTLE_WAIT_SECONDS
    vars:
      - name: ansible_cloud_assistant_throttle_wait
"""

EXAMPLES = r"""
# inventory.yml
all:
  vars:
    ansible_connection: alicloud.os_migration.cloud_assistant
    os_migration_region: cn-hangzhou
  hosts:
    web-1:
      os_migration_instance_id: i-bp1a0000000000000001
    web-2:
      os_migration_instance_id: i-bp1a0000000000000002

# Then, with credentials in the environment:
#   ansible -i inventory.yml all -m ansible.builtin.raw -a 'uname -r'
#   ansible-playbook -i inventory.yml alicloud.os_migration.precheck -e os_migration_target=alinux3
"""

import hashlib
import os
import secrets
import shlex
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleConnectionFailure, AnsibleError, AnsibleFileNotFound
from ansible.plugins.connection import ConnectionBase
from ansible.release import __version__

from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud import assistant_dispatch
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.assistant import DELIVERY_SECONDS
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.assistant_capture import Program
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.assistant_dispatch import (
    Invocation,
    Session,
)
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.assistant_execute import (
    Answer,
    Job,
    execute,
    out_of_reach,
)
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.batch import Ref
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.client import Api, MissingLibrary, Settings
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.errors import CloudError
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.retry import Retrier
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.waiter import Pace

# The host was reached, and asking again would not end in another way.
ANSWERED = frozenset({"ExecutionException", "ExecutionTimeout", "OutputTooLarge"})
# One client for all hosts of a process. A process that Ansible forks must not share the connections of its parent.
_APIS: dict[tuple[int, Settings, float | None], Api] = {}


class Connection(ConnectionBase):
    """Commands and files through Cloud Assistant."""

    transport = "alicloud.os_migration.cloud_assistant"
    has_pipelining = True
    has_tty = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._open: set[Invocation] = set()

    def _connect(self) -> Connection:
        """There is nothing to open; what is missing is told before the first command."""
        self._target()
        self._connected = True
        return self

    def exec_command(self, cmd: str, in_data: bytes | None = None, sudoable: bool = True) -> tuple[int, bytes, bytes]:
        super().exec_command(cmd, in_data=in_data, sudoable=sudoable)
        self._display.vvv(f"RUN COMMAND {cmd}", host=self._target().id)
        answer = self._run(cmd, in_data)
        return int(answer.exit_code or 0), answer.stdout, answer.stderr

    def put_file(self, in_path: str, out_path: str) -> None:
        super().put_file(in_path, out_path)
        try:
            content = Path(in_path).read_bytes()
        except OSError as error:
            raise AnsibleFileNotFound(f"{in_path} cannot be read: {error}") from error
        self._display.vvv(f"PUT {in_path} TO {out_path}", host=self._target().id)
        place = shlex.quote(out_path)
        answer = self._run(f"umask 077; cat >{place} && sha256sum <{place}", content)
        self._done(answer, f"{out_path} was not written")
        if answer.stdout[:64].decode("ascii", "replace") != hashlib.sha256(content).hexdigest():
            raise AnsibleError(f"{out_path} does not have the checksum of {in_path}")

    def fetch_file(self, in_path: str, out_path: str) -> None:
        super().fetch_file(in_path, out_path)
        self._display.vvv(f"FETCH {in_path} TO {out_path}", host=self._target().id)
        answer = self._run(f"cat {shlex.quote(in_path)}", None)
        self._done(answer, f"{in_path} was not read")
        Path(out_path).write_bytes(answer.stdout)

    def reset(self) -> None:
        """Ends what was begun and not seen to end. The next command starts anew anyway."""
        self.close()

    def close(self) -> None:
        if self._open:
            try:
                assistant_dispatch.stop(self._session(""), set(self._open))
            # An interpreter that ends, or a cloud that is out of reach, is no reason to fail.
            except Exception as error:
                self._display.vvv(f"What was begun could not be stopped: {error}")
        self._open.clear()
        self._connected = False

    def _run(self, command: str, stdin: bytes | None) -> Answer:
        """Runs a shell command to its end; AnsibleConnectionFailure where its outcome is not known."""
        target = self._target()
        job = Job(
            Program(command, stdin=stdin, framed=True),
            self.get_option("command_timeout"),
            name="ansible",
            username=self.get_option("username"),
        )
        try:
            answer = execute(self._session(secrets.token_hex(16)), [target], job)[target]
        except MissingLibrary as error:
            raise AnsibleError(str(error)) from error
        except CloudError as error:
            raise _failure(target, error) from error
        if answer.error is not None:
            raise _failure(target, answer.error)
        return answer

    def _session(self, seed: str) -> Session:
        pace = Pace(self.get_option("command_timeout") + DELIVERY_SECONDS, self.get_option("poll_interval"))
        # Without threads, so that a time limit of Ansible interrupts whatever is waited for.
        return Session(self._api(), pace, seed, threads=1, stop_on_timeout=True, open=self._open)

    def _api(self) -> Api:
        settings = Settings(
            profile=self.get_option("profile"),
            ecs_endpoint=self.get_option("ecs_endpoint"),
            user_agent=f"alicloud.os_migration ansible-core/{__version__} connection",
        )
        key = (os.getpid(), settings, self.get_option("throttle_wait"))
        return _APIS.setdefault(key, Api(settings, Retrier(key[2])))

    def _target(self) -> Ref:
        instance_id, region = self.get_option("instance_id"), self.get_option("region")
        if not instance_id:
            raise AnsibleError(
                "No instance ID: set os_migration_instance_id (for example i-bp1abc...) for this host in the inventory."
            )
        if not region:
            raise AnsibleError(
                f"No region for {instance_id}: set os_migration_region (for example cn-hangzhou) in the inventory."
            )
        return Ref(str(region), str(instance_id))

    @staticmethod
    def _done(answer: Answer, what: str) -> None:
        if answer.exit_code:
            raise AnsibleError(f"{what}: {answer.stderr.decode('utf-8', 'replace').strip()[:500]}")


def _failure(target: Ref, error: CloudError) -> AnsibleError:
    """Lost hosts and lost networks may come back; wrong credentials and wrong requests will not."""
    lost = out_of_reach(error) or error.code.startswith("Invocation.")
    kind = AnsibleConnectionFailure if lost and error.code not in ANSWERED else AnsibleError
    return kind(f"{target.id} ({target.region}): {error}")
