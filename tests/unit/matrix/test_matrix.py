# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.alicloud.os_migration.plugins.plugin_utils import matrix


def cases(name: str) -> list[Any]:
    return [pytest.param(case, id=case["name"]) for case in yaml.safe_load(Path(__file__).with_name(name).read_text())]


@pytest.mark.parametrize("case", cases("identify.yml"))
def test_a_host_is_taken_for_the_system_it_runs(case: dict[str, Any]) -> None:
    found = matrix.identify(case["os_release"])
    assert (found.id if found else None) == case["system"]


@pytest.mark.parametrize("case", cases("choose.yml"))
def test_a_wish_gets_its_path_or_one_sentence_that_says_what_would_work(case: dict[str, Any]) -> None:
    if "engine" in case:
        path = matrix.choose(*case["ask"])
        assert (path.engine, path.available) == (case["engine"], True)
        return
    with pytest.raises(matrix.MatrixError) as refused:
        matrix.choose(*case["ask"])
    text = str(refused.value)
    assert text.endswith(".") and "\n" not in text
    assert [word for word in case["error"] if word not in text] == []


def test_every_row_is_there_once_and_says_where_it_comes_from() -> None:
    keys = [(path.arch, path.source, path.target, path.engine) for path in matrix.MATRIX]
    assert len(keys) == len(set(keys))
    for path in matrix.MATRIX:
        assert path.source in matrix.SYSTEMS and path.target in matrix.SYSTEMS and path.engine in matrix.ENGINES
        assert path.source_of_fact.split(":")[0] in ("documented", "lab", "assumed")
        assert path.available is not bool(path.reason)


def test_no_distro_sync_row_crosses_a_major_version() -> None:
    generation = {"alinux2": "7", "alinux3": "8"}
    for path in matrix.MATRIX:
        if path.engine == "distro_sync":
            assert generation.get(path.target, path.target[-1]) == path.source[-1]


def test_arm_hosts_are_never_offered_what_the_cloud_refuses_them() -> None:
    targets = {path.target for source in matrix.SOURCES for path in matrix.paths(source, "arm64")}
    assert targets == {"alinux3", "anolis7", "anolis8"}
    assert matrix.paths("alinux2", "arm64") == []
