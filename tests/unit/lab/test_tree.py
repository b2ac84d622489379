# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The hosts' packages must carry the dependencies and owners that the tree they are cut from tells."""

from __future__ import annotations

import pytest

from lab.image import tree


@pytest.mark.parametrize(
    ("debian", "plain"),
    [("1:2.36-9+deb12u4", "2.36"), ("5.2.1-2", "5.2.1"), ("0~20171227-0.3", "0"), ("252.39", "252.39")],
)
def test_a_version_is_one_that_rpm_takes(debian: str, plain: str) -> None:
    assert tree.plain_version(debian) == plain


def test_every_dependency_counts_by_its_first_alternative() -> None:
    fields = {"Pre-Depends": "libc6 (>= 2.36), init-a | init-b", "Depends": "python3:any (>= 3.11), libx"}
    assert tree.depends(fields) == ["libc6", "init-a", "python3", "libx"]


def test_compiled_python_belongs_to_its_source() -> None:
    assert tree.compiled_from("/usr/lib/x/__pycache__/a.cpython-311.pyc") == "/usr/lib/x/a.py"
    assert tree.compiled_from("/usr/lib/x/a.py") == "/usr/lib/x/a.py"
