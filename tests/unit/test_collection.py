# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user reads about the collection is true, and there is one way to do each thing."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.operations import PRODUCTS

ROOT = Path(__file__).resolve().parents[2]
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir() if path.is_dir())
MODULES = sorted(path.stem for path in (ROOT / "plugins/modules").glob("*.py"))
ACTIONS = sorted(path.stem for path in (ROOT / "plugins/action").glob("*.py"))
SHELL = sorted((ROOT / "roles").glob("*/files/*.sh"))
TASKS = sorted([*(ROOT / "roles").glob("*/tasks/*.yml"), *(ROOT / "playbooks").glob("*.yml")])
# Modules of ansible-core that do their work on the controller. Every other one sends Python to the host.
ON_THE_CONTROLLER = {"assert", "debug", "fail", "import_playbook", "import_role", "include_role", "include_tasks"}


def load(path: Path) -> dict[str, object]:
    return yaml.safe_load(path.read_text()) or {}


@pytest.mark.parametrize("role", ROLES)
def test_the_documented_default_of_a_role_variable_is_the_one_that_counts(role: str) -> None:
    options = load(ROOT / f"roles/{role}/meta/argument_specs.yml")["argument_specs"]["main"]["options"]  # type: ignore[index,call-overload]
    documented = {name: option["default"] for name, option in options.items() if "default" in option}
    defaults = load(ROOT / f"roles/{role}/defaults/main.yml")
    assert {name: documented[name] for name in documented if name in defaults} == {
        name: defaults[name] for name in documented if name in defaults
    }
    assert set(defaults) <= set(options), "a variable without documentation"
    assert all(name.startswith("os_migration_") for name in options)


@pytest.mark.parametrize("role", ROLES)
def test_every_role_explains_itself(role: str) -> None:
    assert (ROOT / f"roles/{role}/README.md").read_text().startswith(f"# {role}")


def modules_in(tasks: list[dict[str, object]]) -> Iterator[str]:
    """The modules that plays or tasks call, by their full names."""
    for task in tasks:
        for key, value in task.items():
            if key in ("tasks", "block", "rescue", "always"):
                yield from modules_in(value)  # type: ignore[arg-type]  # these hold tasks
            elif "." in key:
                yield key


@pytest.mark.parametrize("path", TASKS, ids=lambda path: "/".join(path.parts[-3:]))
def test_no_task_needs_python_on_a_host(path: Path) -> None:
    text = path.read_text()
    used = set(modules_in(yaml.safe_load(text)))
    builtin = {name.removeprefix("ansible.builtin.") for name in used if name.startswith("ansible.")}
    assert used and builtin <= ON_THE_CONTROLLER
    assert all(name.startswith(("ansible.builtin.", "alicloud.os_migration.")) for name in used)
    assert "gather_facts: true" not in text and "end_host" not in text


@pytest.mark.parametrize("path", SHELL, ids=lambda path: path.name)
def test_no_host_program_calls_python_or_jq(path: Path) -> None:
    code = "\n".join(line for line in path.read_text().splitlines() if not line.lstrip().startswith("#"))
    assert re.findall(r"(?:^|[;&|(]\s*)(python\S*|perl|jq)\s", code, re.MULTILINE) == []


def test_the_plugins_keep_to_their_rooms() -> None:
    forbidden = {
        "plugins/module_utils/alicloud": r"^\s*(from|import) ansible\b",
        "plugins/plugin_utils": r"^\s*(from|import) (alibabacloud|Tea|darabonba)",
        "plugins/action": r"^\s*(from|import) (alibabacloud|Tea|darabonba)",
        "plugins/modules": r"^\s*(from|import) (alibabacloud|Tea|darabonba)",
    }
    for room, pattern in forbidden.items():
        for path in sorted((ROOT / room).rglob("*.py")):
            assert re.findall(pattern, path.read_text(), re.MULTILINE) == [], path


def test_no_file_has_grown_beyond_reading() -> None:
    long = {str(path): len(path.read_text().splitlines()) for path in (ROOT / "plugins").rglob("*.py")}
    assert {path: lines for path, lines in long.items() if lines > 300} == {}


def test_every_plugin_and_role_has_a_page() -> None:
    binaries = Path(sys.prefix) / "bin"
    for kind, names in (("module", sorted({*MODULES, *ACTIONS})), ("role", ROLES)):
        full = [f"alicloud.os_migration.{name}" for name in names]
        done = subprocess.run(
            [binaries / "ansible-doc", "-t", kind, *full], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert all(name.upper() in done.stdout.upper() for name in full)


def test_the_action_group_names_every_cloud_module() -> None:
    runtime = load(ROOT / "meta/runtime.yml")
    assert runtime["action_groups"] == {"alicloud": [name for name in MODULES if name.startswith(("ecs_", "smc_"))]}


def test_the_ram_policy_names_every_operation_that_the_code_calls_and_no_other() -> None:
    listed = {f"{product}:{name}" for product, table in PRODUCTS.items() for name in table}
    assert listed == set(re.findall(r'"((?:ecs|smc|slb):\w+)"', (ROOT / "docs/ram-policy.md").read_text()))
    paths = [path for path in (ROOT / "plugins/module_utils/alicloud").glob("*.py") if path.name != "operations.py"]
    source = "\n".join(path.read_text() for path in paths)
    assert [name for name in listed if f'"{name.partition(":")[2]}"' not in source] == []


def test_the_ram_policies_of_the_playbooks_name_known_operations_only() -> None:
    listed = {f"{product}:{name}" for product, table in PRODUCTS.items() for name in table}
    for path in sorted((ROOT / "docs/ram").glob("*.json")):
        actions = [action for statement in json.loads(path.read_text())["Statement"] for action in statement["Action"]]
        assert actions and set(actions) <= listed, path.name
