# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the probe reads about the machine beyond mounts, boot files and services."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class MachineFacts:
    """Facts about disks, boot, network and accounts; None is unknown."""


# fact: (its section, how the text becomes the value)
SECTIONS: dict[str, tuple[str, Callable[[str], Any]]] = {}
