# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name, which does the work on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: host_probe
short_description: Read a host once, without changing anything
description:
  - Sends one read-only shell program to the host and gets one JSON document back, in one round trip. Needs no Python on the host.
  - Where the run's directory holds the host's answer already, in the file C(answers/<instance id>.out) as
    M(alicloud.os_migration.ecs_command) writes it, that is taken and removed, and the host is not asked.
  - A host out of reach fails the task, it is never dropped from the play.
version_added: 0.1.0
author:
  - The alicloud.os_migration contributors (@alicloud)
attributes:
  check_mode:
    support: full
    description: Changes nothing in either mode.
  diff_mode:
    support: none
    description: Shows no difference.
options:
  run_dir:
    description: Directory of the run, as P(alicloud.os_migration.migration_run#module) returned it.
    type: path
  moment:
    description: Under which name the document is kept in the run's directory. The first V(before) of a run stays.
    type: str
    choices: [before, after]
    default: before
  timeout:
    description: How long one reading may take, in seconds.
    type: int
    default: 120
  wait_timeout:
    description: How long to go on asking a host that is out of reach, in seconds.
    type: int
    default: 0
"""

EXAMPLES = r"""
- name: Read a host
  alicloud.os_migration.host_probe:
  register: reading
"""

RETURN = r"""
probe:
  description: The document, where O(run_dir) is not given.
  type: dict
  returned: without run_dir
  sample: {"probe": 1, "sections": {"arch": {"rc": 0, "cut": false, "text": "x86_64\\n"}}}
os:
  description: Name of the operating system.
  type: str
  returned: success
  sample: CentOS Linux 8
reachable:
  description: Whether the host answered.
  type: bool
  returned: always
  sample: true
"""
