# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of smc_job that say what a migration job is like."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  target:
    description: The operating system to migrate to. Required with O(state=present), O(state=started), O(state=finished).
    type: str
    choices: [alinux2, alinux3, anolis7, anolis8, rhel7, rhel8, rhel9]
  target_os_field:
    description:
      - How the target is told to the service. B(This is assumed.) No document names the field or its values.
      - When the service does not like a value, the error C(InvalidOsMigrationType.NotMatched) of the job lists the ones
        that it takes.
    type: dict
    suboptions:
      where:
        description: V(parameters) is a key in C(ReplicationParameters), V(query) a request parameter of its own.
        type: str
        choices: [parameters, query]
        default: parameters
      key:
        description: The name of the key or parameter.
        type: str
        default: TargetOsType
      value:
        description: Its value for every job of this task. Comes before O(target_os_field.values).
        type: str
      values:
        description:
          - Its value for each O(target). What is left out is C(Alibaba Cloud Linux 2), C(Alibaba Cloud Linux 3),
            C(Anolis OS 7), C(Anolis OS 8), C(RHEL 7), C(RHEL 8) or C(RHEL 9).
        type: dict
        default: {}
  target_type:
    description:
      - The parameter C(TargetType) of the job. It is left out by default, since no document asks for it in an operating
        system migration.
    type: str
    choices: [TargetInstance, Image]
  valid_days:
    description: After how many days a job that was not started expires, 7 to 90. The service's default is 30.
    type: int
  parameters:
    description: More keys of C(ReplicationParameters), which may have 2048 characters as JSON.
    type: dict
    default: {}
  tags:
    description: Further tags of new jobs.
    type: dict
    default: {}
  max_running:
    description:
      - How many jobs may run at a time in the whole account, those of others included. The service allows 50.
      - While the task waits, the next job is started when one has ended. Without O(wait), those for which there is no
        room get the error C(QueueFull).
    type: int
    default: 50
  retries:
    description: How often a job is started again whose error passes by itself, such as C(InternalError).
    type: int
    default: 2
  retry_pause:
    description: Seconds before a job is started again.
    type: float
    default: 60.0
  backup_snapshots:
    description:
      - With O(state=absent), also delete the snapshots that the service made of the disks of each job's instance before
        it changed them. They are the only way back that the service itself offers.
      - Their names begin with C(SMC_Backup_Snapshot_). That the rest names the job is assumed; where it names none, the
        time of the job decides.
    type: bool
    default: false
"""
