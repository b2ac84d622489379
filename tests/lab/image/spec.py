"""One spec with one subpackage per Debian package: rpm's own ELF generators add the library dependencies."""
# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path
from typing import Any

VENDORS = {"el8": "CentOS", "al8": "Alibaba Cloud"}
HEAD = """\
Name: lab-userland
Version: 1
Release: 1.{flavour}
Summary: Userland of a test host
License: various
Vendor: {vendor}
%description
Userland of a test host.
%install
mkdir -p %{{buildroot}}
cp -a --reflink=auto {tree}/. %{{buildroot}}/
"""
PACKAGE = """
%package -n {name}
Summary: {name} of a test host
Version: {version}
Release: {release}
{relations}%description -n {name}
{name} of a test host.
%files -n {name}
{files}
"""


def userland_spec(
    flavour: str, tree: Path, found: dict[str, dict[str, Any]], files: dict[str, list[str]], data: dict[str, Any]
) -> str:
    everything = {
        "setup": {"version": "2.12.2", "requires": []},
        "filesystem": {"version": "3.8", "requires": []},
        **found,
    }
    index = list(VENDORS).index(flavour)
    parts = [HEAD.format(flavour=flavour, vendor=VENDORS[flavour], tree=tree)]
    for name, package in sorted(everything.items()):
        versions = data["versions"].get(name)
        requires = package["requires"] + data["requires"].get(name, [])
        relations = [f"Requires: {other}" for other in requires] + [
            f"Provides: {what}" for what in data["provides"].get(name, [])
        ]
        parts.append(
            PACKAGE.format(
                name=name,
                version=versions[index] if versions else package["version"],
                release=f"1.{flavour}",
                relations="".join(line + "\n" for line in relations),
                files="\n".join(files.get(name, [])),
            )
        )
    return "".join(parts)
