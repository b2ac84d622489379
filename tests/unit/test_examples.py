# SPDX-License-Identifier: GPL-3.0-or-later
"""Whoever copies an example from the documentation gets a task that the module accepts."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils import basic

ROOT = Path(__file__).resolve().parents[2]
COLLECTION = "alicloud.os_migration."
PACKAGE = "ansible_collections.alicloud.os_migration.plugins.modules"
CLOUD = sorted(path.stem for path in (ROOT / "plugins/modules").glob("*.py") if path.stem.startswith(("ecs_", "smc_")))
ALL = sorted(path.stem for path in (ROOT / "plugins/modules").glob("*.py"))


def examples(module: str) -> list[dict[str, Any]]:
    text = importlib.import_module(f"{PACKAGE}.{module}").EXAMPLES
    tasks: list[dict[str, Any]] = yaml.safe_load(text)
    return tasks


class Accepted(Exception):
    """The module has taken its arguments."""


@pytest.mark.parametrize("module", CLOUD)
def test_the_module_accepts_its_own_examples(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = importlib.import_module(f"{PACKAGE}.{module}")

    def accept(*_arguments: Any, **_options: Any) -> None:
        raise Accepted

    # Arguments are checked before anything is called: the first thing that a module does with them is to make its client.
    monkeypatch.setattr(loaded.base, "new_api", accept)
    monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
    used = [task[COLLECTION + module] for task in examples(module) if COLLECTION + module in task]
    assert used, "there is no example"
    for arguments in used:
        given = {key: value for key, value in arguments.items() if "{{" not in str(value)}
        monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": given}).encode())
        if given != arguments:
            continue  # what a template gives is only known in a play
        with pytest.raises(Accepted):
            loaded.main()


@pytest.mark.parametrize("module", ALL)
def test_every_example_is_a_task_with_a_name_that_uses_modules_of_full_name(module: str) -> None:
    for task in examples(module):
        assert task["name"]
        assert [key for key in task if "." in key], task
