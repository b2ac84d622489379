# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one major version has and the next has not."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.base import KNOWN_FAILURE, Context, check
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.named import (
    EL7,
    EL8,
    REMOVED_IN_8,
    packages_named,
)


@check(
    id="PKG-PYTHON36-EPEL",
    title="Python 3.6 of EPEL is installed",
    severity="high",
    area="major_version",
    remediation="Its files are the same as those of the target's own Python 3.6, so the transaction ends in file "
    "conflicts. Remove these packages, and install the target's afterwards.",
    command="yum -y remove 'python36-*'",
    source="AlmaLinux/leapp-repository issue 22, elevate-cpanel issues 148, 161 and 173",
    grade="documented",
    sources=EL7,
    targets=EL8,
)
def python36(context: Context) -> Iterable[str]:
    for p in context.packages:
        if re.fullmatch(r"python36(-.*)?", p.name) and p.vendor.startswith("Fedora"):
            yield p.nevra


packages_named(
    r"compat-(db\d*(-headers)?|glibc(-headers)?|gcc-\d+.*|libf2c.*|openldap|opensm-libs|poppler.*|libtiff3|dapl.*)"
    r"|gd-progs|python-(tools|test)|python2-dnf|python-requests|python-urllib3|yum-(langpacks|rhn-plugin)|perl-Git-SVN"
    r"|libvirt-cim|gnome-(classic-session|tweak-tool)|authconfig-gtk|system-config-.*|initial-setup-gui",
    id="PKG-REMOVED-IN-8",
    title="Packages are installed that the target's major version dropped",
    severity="low",
    area="major_version",
    remediation="They are removed, or stay as leftovers that nothing updates. Remove those that nothing needs before, "
    "and see what takes the place of the rest.",
    source=REMOVED_IN_8 + "; " + KNOWN_FAILURE,
    grade="documented",
    sources=EL7,
    targets=EL8,
)

packages_named(
    r"(devtoolset-\d+|rh-(?!amazon)[a-z]+\d*|python27|python33|httpd24|(rust|llvm|go)-toolset-\d.*)(-.*)?",
    id="PKG-COLLECTIONS",
    title="Software Collections are installed",
    severity="medium",
    area="major_version",
    remediation="The target has none: what they hold comes as modules or as plain packages there, under other paths "
    "than /opt/rh. Move each application before or after, and remove the collections.",
    source=REMOVED_IN_8,
    grade="documented",
    sources=EL7,
    targets=EL8,
)
