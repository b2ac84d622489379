# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the packages of one system can be told from those of another."""

from __future__ import annotations

# What the vendor field of a system's own packages begins with, by the name of the system without its number.
VENDORS: dict[str, tuple[str, ...]] = {
    "alinux": ("Alibaba",),
    "anolis": ("OpenAnolis", "Anolis"),
    "centos": ("CentOS",),
    "rhel": ("Red Hat",),
}

# The part of a package's release that names the system. Red Hat's is shared by all its rebuilds, so it tells nothing.
TAGS: dict[str, str] = {"alinux2": ".al7", "alinux3": ".al8", "anolis7": ".an7", "anolis8": ".an8"}


def vendors_of(system: str) -> tuple[str, ...]:
    """The vendors of a system that the matrix knows, such as centos8."""
    return VENDORS.get(system.rstrip("0123456789"), ())
