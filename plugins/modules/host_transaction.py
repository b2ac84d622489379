# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name, which does the work on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: host_transaction
short_description: Resolve the transaction of a conversion on a host without changing the host
description:
  - Lets the package manager of the host resolve the whole conversion against the repositories of the target, and writes what it says
    into the run's directory, where M(alicloud.os_migration.precheck) takes it from. Needs no Python on the host.
  - Works in a mount namespace of its own, in which everything of the host is read-only. Its cache lies in memory where 1.5 GiB of it
    are available, else in a directory in C(/var/tmp) that is removed at the end. No package is downloaded, no lock of the host is taken.
  - Is skipped, without asking the host, where there is nothing to resolve, which is where the host was not read as C(root), its
    migration has begun, or its path does not take the engine V(distro_sync).
version_added: 0.1.0
author:
  - The alicloud.os_migration contributors (@alicloud)
attributes:
  check_mode:
    support: full
    description: Changes nothing on the host in either mode.
  diff_mode:
    support: none
    description: Shows no difference.
options:
  run_dir:
    description: Directory of the run, as P(alicloud.os_migration.migration_run#module) returned it. The first probe of the host is there.
    type: path
    required: true
  target:
    description: What the host becomes.
    type: str
    required: true
  engine:
    description: The engine that was asked for.
    type: str
    default: auto
  config:
    description: What the target is, as settings of the engine.
    type: dict
    required: true
  repositories:
    description: The repositories of the target, each with C(id) and C(baseurl).
    type: list
    elements: dict
    required: true
  signing_key:
    description: File or address of the key that signs the packages of the target.
    type: str
    default: ""
  signing_key_sha256:
    description: SHA-256 of that key.
    type: str
    default: ""
  timeout:
    description: How long the host may take, in seconds.
    type: int
    default: 420
"""

EXAMPLES = r"""
- name: Resolve the conversion to Alibaba Cloud Linux 3
  alicloud.os_migration.host_transaction:
    run_dir: os_migration_runs/20261123-101112-4f2a
    target: alinux3
    config:
      RELEASEVER: "3"
      PLATFORM_ID: platform:al8
      SOURCE_VENDORS: CentOS|Red Hat
      RELEASE_PACKAGES: alinux-release
      KERNEL_PACKAGE: kernel
      SOURCE_PACKAGES: centos-linux-release centos-linux-repos centos-gpg-keys centos-logos
    repositories:
      - id: alinux3-os
        baseurl: https://mirrors.aliyun.com/alinux/3/os/$basearch/
      - id: alinux3-updates
        baseurl: https://mirrors.aliyun.com/alinux/3/updates/$basearch/
    signing_key: https://mirrors.aliyun.com/alinux/3/RPM-GPG-KEY-ALINUX-3
"""

RETURN = r"""
resolved:
  description: Whether the package manager resolves the transaction.
  type: bool
  returned: when the host was asked
  sample: true
cause:
  description: Why it does not, V(repository), V(resolve), V(space) or V(unknown); empty where it does.
  type: str
  returned: when the host was asked
  sample: ""
problem:
  description: The same as a sentence.
  type: str
  returned: when the host was asked
  sample: ""
skip_reason:
  description: Why the host was not asked.
  type: str
  returned: when skipped
  sample: the host was not read
reachable:
  description: Whether the host answered; null where it was not asked.
  type: bool
  returned: always
  sample: true
"""
