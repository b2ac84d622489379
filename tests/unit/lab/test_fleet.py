# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A mistake in a fleet file is told in one sentence before anything is built."""

from __future__ import annotations

import pytest

from lab import fleet, newhost
from lab.image.run import LabError


def test_a_full_host_is_understood() -> None:
    text = "hosts: [{name: web1, python: py27, packages: [b, a], disks: [{name: system}, {name: d1, mount: /data}], user: ops}]"
    host = fleet.parse(text)[0]
    assert host == fleet.HostSpec("web1", "py27", ("a", "b"), (("d1", "/data"),), "ops")
    assert newhost.block_devices(host) == {"/dev/vdb1": "d1"}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[]", "needs a list"),
        ("hosts: []", "needs a list"),
        ("hosts: [{name: a}, {name: a}]", "twice"),
        ("hosts: [{name: A_b}]", "small letters"),
        ("hosts: [{name: a, python: py38}]", "py27"),
        ("hosts: [{name: a, colour: red}]", "colour"),
        ("hosts: [{name: a, disks: [{name: ../x, mount: /data}]}]", "small letters"),
    ],
)
def test_a_mistake_is_named(text: str, complaint: str) -> None:
    with pytest.raises(LabError, match=complaint):
        fleet.parse(text)
