# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who reads the catalogue can rely on it: it is the code's, and it is complete."""

from __future__ import annotations

import subprocess

import pytest

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks import REGISTER
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.matrix import ENGINES, MATRIX
from ansible_collections.alicloud.os_migration.tests import catalogue


def test_the_page_of_checks_is_what_the_code_says() -> None:
    assert catalogue.PAGE.read_text("utf-8") == catalogue.page(), "run make catalogue"


def test_the_assessment_looks_at_more_than_any_converter() -> None:
    assert len(REGISTER) >= 150


@pytest.mark.parametrize("kind", ["severity", "area"])
def test_the_counts_of_the_catalogue_add_up(kind: str) -> None:
    assert sum(catalogue.counts()[kind].values()) == len(REGISTER)


@pytest.mark.parametrize("check", REGISTER.values(), ids=lambda check: check.id)
def test_every_check_applies_to_a_path_that_exists(check: catalogue.Check) -> None:
    assert set(check.engines) <= set(ENGINES)
    assert [
        path
        for path in MATRIX
        if path.engine in check.engines
        and (not check.sources or path.source in check.sources)
        and (not check.targets or path.target in check.targets)
    ], "it can never fire"


@pytest.mark.parametrize("check", [check for check in REGISTER.values() if check.command], ids=lambda check: check.id)
def test_a_command_of_the_report_can_be_copied_as_it_is(check: catalogue.Check) -> None:
    command = (check.command or "").replace("{manager}", "dnf")
    assert not set("<{}\n") & set(command), "a placeholder would be taken for a redirection"
    assert subprocess.run(["sh", "-n", "-c", command], capture_output=True, check=False).returncode == 0
