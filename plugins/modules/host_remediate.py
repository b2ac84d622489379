# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name, which does the work on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: host_remediate
short_description: Resolve findings of a host by remedies that can be taken back
description:
  - Applies remedies to a host that needs them by its assessment, takes them back, or tells which findings are left. Needs no Python on
    the host.
  - What a remedy touches is kept in C(/var/lib/os_migration/remediated/<remedy>) on the host beforehand, files with owner, mode and SELinux
    context, packages as the files that the host's own repositories have of them. Every act is in C(/var/lib/os_migration/remediated/journal).
  - A remedy that was interrupted is finished by the next call that asks for it. One that fails half-way is put back at once.
version_added: 0.1.0
author:
  - The alicloud.os_migration contributors (@alicloud)
attributes:
  check_mode:
    support: full
    description: Tells what would be done, and changes nothing on the host.
  diff_mode:
    support: full
    description: Shows how files change.
options:
  run_dir:
    description: Directory of the run, as P(alicloud.os_migration.migration_run#module) returned it. It holds the host's assessment.
    type: path
    required: true
  state:
    description:
      - V(applied) applies those of O(remedies) that the host's findings call for.
      - V(undone) takes back those of O(remedies) that were applied. A remedy is refused if somebody has changed its files since, or if the
        host runs another system now.
      - V(resolved) asks nothing of the host, and fails where its newest assessment still has findings that O(remedies) resolve.
    type: str
    choices: [applied, undone, resolved]
    default: applied
  remedies:
    description:
      - What to do. V(vault-mirrors) points repositories of CentOS 7 and 8 whose mirror is gone at the vault on O(vault_mirror).
        V(duplicate-repositories) comments out later definitions of the same repository. V(version-locks) clears the list of locked versions.
        V(tool-leftovers) takes packages, directories and boot entries of earlier migration tools away. V(old-kernels) removes kernels but
        the running, the newest and the default one. V(root-login) states C(PermitRootLogin) as it is in effect. V(i686) removes 32-bit
        packages, and nothing if a 64-bit package needs one of them.
      - V(all-safe) stands for all but V(i686). An empty list asks nothing of the host.
    type: list
    elements: str
    default: []
  vault_mirror:
    description: Address of the mirror whose directory C(centos-vault) holds the releases at end of life.
    type: str
    default: https://mirrors.aliyun.com
  irreversible:
    description: Whether packages may be removed that the host's repositories do not have, so that nothing brings them back.
    type: bool
    default: false
  timeout:
    description: How long the host may take, in seconds.
    type: int
    default: 3600
  wait_timeout:
    description: For how many seconds to ask a host again that is out of reach.
    type: int
    default: 300
"""

EXAMPLES = r"""
- name: Resolve what can be resolved without a risk for applications
  alicloud.os_migration.host_remediate:
    run_dir: os_migration_runs/20261123-101112-4f2a
    remedies: [all-safe]

- name: Take one of the remedies back
  alicloud.os_migration.host_remediate:
    run_dir: os_migration_runs/20261123-101112-4f2a
    state: undone
    remedies: [version-locks]
"""

RETURN = r"""
remedies:
  description: What became of each remedy that was asked for.
  type: list
  elements: dict
  returned: when O(state) is V(applied) or V(undone)
  contains:
    id:
      description: The remedy.
      type: str
      returned: always
      sample: root-login
    state:
      description: V(nothing) where there was nothing to do, else V(planned), V(applied), V(undone), V(refused) or V(failed).
      type: str
      returned: always
      sample: applied
    changed:
      description: Whether the host was changed.
      type: bool
      returned: always
      sample: true
    acts:
      description: What was done, or would be, one act and its object each.
      type: list
      elements: str
      returned: always
      sample: [edit /etc/ssh/sshd_config]
    message:
      description: Why the remedy was refused or failed.
      type: str
      returned: always
      sample: ""
unresolved:
  description: Remedies whose findings are still there, each with the ids of these findings.
  type: dict
  returned: when O(state) is V(resolved)
  sample: {}
reachable:
  description: Whether the host answered.
  type: bool
  returned: always
  sample: true
"""
