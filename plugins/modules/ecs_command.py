# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: ecs_command
short_description: Run a command on many ECS instances through Cloud Assistant
version_added: 0.1.0
description:
  - Runs a shell program on Linux instances, 100 in one call, without a network connection from the controller to them.
  - The whole output comes back, with standard output and standard error apart, although Cloud Assistant itself keeps
    only 24 KB. Output and program may be binary and large; what a command cannot carry travels in pieces, and its
    checksum is verified.
  - An instance that is not running, has no agent, or does not exist fails alone.
  - Nothing is left on the instance. While the program runs, it and its output are in a private directory in C(/run) or
    C(/tmp), which is removed with the last piece of the output.
author:
  - The alicloud.os_migration contributors (@alicloud)
extends_documentation_fragment:
  - alicloud.os_migration.alicloud
  - alicloud.os_migration.batch
  - alicloud.os_migration.wait
options:
  instances:
    required: true
  command:
    description:
      - The text of the program. It is run by C(/bin/sh), or by the interpreter that a first line with C(#!) names.
      - Standard input is empty.
      - The program is kept by the service and in the log of the agent, and the controller may log it too. Put no
        secrets into it; O(dest) and C(no_log) are for secrets in the output.
    type: str
    required: true
  arguments:
    description: Words that the program gets as positional parameters, each as it is.
    type: list
    elements: str
    default: []
  timeout:
    description: Seconds after which the program is ended on the instance, with all that it has started.
    type: int
    default: 300
  username:
    description: The user that runs the program. Without it C(root).
    type: str
  working_dir:
    description: The directory in which the program runs. Without it C(/root).
    type: str
  run_token:
    description:
      - Names this run. A second task with the same token, program and instances does not run anything, it returns what
        the first one has run, also after O(wait=false).
      - How long the service remembers is up to it; its results are kept for some weeks.
      - Without it every task runs the program.
    type: str
  dest:
    description:
      - A directory on the controller, made if it is missing. Standard output of each instance is written to a file
        there, with the instance ID and C(.out) as its name, readable by its owner only, instead of being returned.
      - Meant for output that is large or secret.
    type: path
  until_stdout:
    description:
      - A Python regular expression. Where it is not found in standard output, the program is run again, on all such
        instances together, every O(until_interval) seconds.
      - An instance whose agent cannot be reached counts as one that does not match, for example while it boots.
    type: str
  until_interval:
    description: Seconds between the end of one run and the next.
    type: float
    default: 10.0
  until_timeout:
    description: Seconds after which an instance that never matched gets the error C(UntilTimeout).
    type: int
    default: 600
  failed_when_rc:
    description: Whether an exit status other than 0 is the error C(NonZeroExit) of that instance.
    type: bool
    default: true
  stop_on_timeout:
    description: Whether to stop what still runs when O(wait_timeout) is over.
    type: bool
    default: false
  wait_timeout:
    description: Seconds to wait at most for one run. Without it, O(timeout) and two minutes for the delivery.
    type: int
  wait_interval:
    description: Seconds between two looks.
    type: float
    default: 2.0
attributes:
  check_mode:
    description: Can run in check mode and return a prediction of what would change, without changing anything.
    support: partial
    details: Nothing is called and nothing is run. Each instance is reported as changed, without status and output.
  diff_mode:
    description: Returns what has changed, or would change in check mode, when in diff mode.
    support: none
seealso:
  - module: alicloud.os_migration.ecs_assistant_info
"""

EXAMPLES = r"""
- name: Read the kernel of two instances
  alicloud.os_migration.ecs_command:
    region: cn-hangzhou
    instances:
      - id: i-bp1a0000000000000001
      - id: i-bp1a0000000000000002
    command: uname -r
  delegate_to: localhost
  run_once: true
  register: kernels

- name: Run a script with words that need no quoting
  alicloud.os_migration.ecs_command:
    region: cn-hangzhou
    instances:
      - id: i-bp1a0000000000000001
    command: "{{ lookup('ansible.builtin.file', 'collect.sh') }}"
    arguments: [/etc/fstab, a name with spaces]
    dest: answers
  delegate_to: localhost
  run_once: true

- name: Wait until a service is up on all of them
  alicloud.os_migration.ecs_command:
    region: cn-hangzhou
    instances:
      - id: i-bp1a0000000000000001
      - id: i-bp1a0000000000000002
    command: systemctl is-active nginx
    failed_when_rc: false
    until_stdout: ^active$
    until_timeout: 300
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
    changed:
      description: Whether the program was run, or may have been, or would be in check mode.
      type: bool
      returned: always
    invoke_id:
      description: Under which ID the service keeps the run; null if it was refused.
      type: str
      returned: always
      sample: t-hz0000000000001
    status:
      description: How the service says that the run ended, or stands; null if nothing was run.
      type: str
      returned: always
      sample: Success
    exit_code:
      description: The exit status of the program; null if it did not end by itself.
      type: int
      returned: always
      sample: 0
    stdout:
      description: Standard output as text; what is no UTF-8 is replaced. Empty with O(dest).
      type: str
      returned: always
      sample: "3.10.0-1160.119.1.el7.x86_64\n"
    stderr:
      description: Standard error as text; what is no UTF-8 is replaced.
      type: str
      returned: always
      sample: ''
    truncated:
      description: Whether the program has run but its output could not be brought back whole, which is an error too.
      type: bool
      returned: always
      sample: false
    path:
      description: The file with standard output, with O(dest); else null.
      type: str
      returned: always
      sample: null
    error:
      description: What went wrong, or null.
      type: dict
      returned: always
      sample: null
api_calls:
  description: How many calls of each operation were made.
  returned: always
  type: dict
  sample: {DescribeInvocationResults: 2, RunCommand: 1}
"""

import re
from pathlib import Path
from typing import Any

from ansible_collections.alicloud.os_migration.plugins.module_utils import base
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud import assistant_command
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.assistant import DELIVERY_SECONDS
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.assistant_capture import Program
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.assistant_execute import Job
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.waiter import Pace

OPTIONS: dict[str, Any] = (
    base.batch_options()
    | base.wait_options(timeout=0, interval=2.0)
    | {
        "command": {"type": "str", "required": True},
        "arguments": {"type": "list", "elements": "str", "default": []},
        "timeout": {"type": "int", "default": 300},
        "username": {"type": "str"},
        "working_dir": {"type": "str"},
        "run_token": {"type": "str", "no_log": False},
        "dest": {"type": "path"},
        "until_stdout": {"type": "str"},
        "until_interval": {"type": "float", "default": 10.0},
        "until_timeout": {"type": "int", "default": 600},
        "failed_when_rc": {"type": "bool", "default": True},
        "stop_on_timeout": {"type": "bool", "default": False},
        "wait_timeout": {"type": "int"},
    }
)


def wanted(module: Any) -> assistant_command.Wanted:
    given = module.params
    pattern = None
    if given["until_stdout"] is not None:
        if not given["wait"]:
            module.fail_json(msg="until_stdout needs wait=true.")
        try:
            pattern = re.compile(given["until_stdout"])
        except re.error as error:
            module.fail_json(msg=f"until_stdout is not a regular expression: {error}")
    return assistant_command.Wanted(
        run_token=given["run_token"],
        wait=given["wait"],
        stop_on_timeout=given["stop_on_timeout"],
        until_stdout=pattern,
        until_timeout=given["until_timeout"],
        until_interval=given["until_interval"],
        failed_when_rc=given["failed_when_rc"],
        dest=Path(given["dest"]) if given["dest"] else None,
    )


def main() -> None:
    module = base.new_module(OPTIONS, mutually_exclusive=[("run_token", "until_stdout")])
    given = module.params
    refs, how = base.refs_of(module), wanted(module)
    if given["timeout"] < 1:
        module.fail_json(msg="timeout must be at least 1 second.")
    if not refs or module.check_mode:
        base.finish(module, None, [assistant_command.unused(ref) for ref in refs])
    api = base.new_api(module)
    patience = given["wait_timeout"] if given["wait_timeout"] is not None else given["timeout"] + DELIVERY_SECONDS
    job = Job(
        Program(given["command"], tuple(given["arguments"])),
        given["timeout"],
        username=given["username"],
        working_dir=given["working_dir"],
    )
    pace = Pace(timeout=patience, interval=given["wait_interval"])
    results = base.guarded(module, lambda: assistant_command.run(api, refs, job, how, pace))
    base.finish(module, api, results)


if __name__ == "__main__":
    main()
