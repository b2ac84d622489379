# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name, which does the work on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: host_import
short_description: Import a host as a migration source over its own connection
description:
  - Keeps the first probe of the run on the host, then runs the command that imports it into Server Migration Center. Needs no Python on
    the host. For hosts with Cloud Assistant use P(alicloud.os_migration.smc_import#module), which does it for many at once.
version_added: 0.1.0
author:
  - The alicloud.os_migration contributors (@alicloud)
attributes:
  check_mode:
    support: full
    description: Does nothing on the host.
  diff_mode:
    support: none
    description: Shows no difference.
options:
  run_dir:
    description: Directory of the run, as P(alicloud.os_migration.migration_run#module) returned it.
    type: path
    required: true
  client_url:
    description: Where the host gets the archive with the client from. Required unless O(command) is given.
    type: str
    default: ""
  client_checksum:
    description: The SHA-256 sum of the archive.
    type: str
    default: ""
  command:
    description:
      - A shell program to run instead of fetching the archive and running the client in it. C(@TOKEN_ID@) and C(@CODE@) in it are
        replaced by O(token_id) and O(code). The code must reach the client on its standard input, from the C(printf) of the shell.
        Every user of the host can read the arguments of a program, and a shell may write a here-document into a temporary file.
    type: str
    default: ""
  token_id:
    description: The id of the access token that the code belongs to.
    type: str
    default: ""
  code:
    description:
      - The activation code. An empty one is refused before anything is done on the host.
      - It is a secret, so give the task C(no_log=true). It reaches the host inside a program on standard input. Where a connection or
        a way of becoming root (such as C(su)) passes no standard input on, the import is refused, for the code would be in a file.
    type: str
    required: true
  timeout:
    description: How long the command may take, in seconds.
    type: int
    default: 900
"""

EXAMPLES = r"""
- name: Import a host
  alicloud.os_migration.host_import:
    run_dir: "{{ run.run_dir }}"
    client_url: https://mirror.example.com/go2aliyun_client_linux_x86_64.tar.gz
    token_id: "{{ token.access_token_id }}"
    code: "{{ token.access_token_code }}"
  no_log: true
"""

RETURN = r"""
reachable:
  description: Whether the host answered.
  type: bool
  returned: always
  sample: true
"""
