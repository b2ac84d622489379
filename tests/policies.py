# SPDX-License-Identifier: GPL-3.0-or-later
"""The RAM policies in docs/ram: each holds what its playbook really calls, and its playbook runs with that alone."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness import ROOT, Cloud
from simulator.policy import allowing

POLICIES = ROOT / "docs/ram"
# `make policies` writes the files anew instead of holding the playbooks against them.
UPDATE = "OS_MIGRATION_UPDATE_POLICIES"
# What the connection cloud_assistant and ecs_command call, on top of everything else.
ASSISTANT = {
    "ecs:DescribeCloudAssistantStatus",
    "ecs:DescribeInvocationResults",
    "ecs:DescribeSendFileResults",
    "ecs:RunCommand",
    "ecs:SendFile",
    "ecs:StopInvocation",
}
# The assessment asks for the agents of all hosts, however they are reached.
AGENTS = "ecs:DescribeCloudAssistantStatus"
ASSESSING = {"precheck", "migrate", "migrate_smc"}
# What is called only where something goes wrong: the runs that are watched here do without.
RARE: dict[str, set[str]] = {
    "migrate_smc": {"smc:DisableAccessToken", "smc:ListTagResources"},
    "cleanup": {"smc:DisableAccessToken"},
}


@contextmanager
def under(cloud: Cloud, name: str) -> Iterator[None]:
    """Within this block the account may do what the policy of this name says, and it may use Cloud Assistant.

    At the end the policy is held against the calls: none is missing from it, and it allows nothing else.
    """
    path = POLICIES / f"{name}.json"
    rare = RARE.get(name, set())
    update = bool(os.environ.get(UPDATE))
    allowed = actions_in(path)
    cloud.simulator("policy", {"policy": None if update else allowing(allowed | ASSISTANT)})
    begun = len(cloud.requests())
    yield
    cloud.simulator("policy", {"policy": None})
    called = {f"{one['product']}:{one['op']}" for one in cloud.requests()[begun:]}
    called -= ASSISTANT - ({AGENTS} if name in ASSESSING else set())
    if update:
        write(path, called | rare)
        write(POLICIES / "cloud_assistant.json", ASSISTANT)
    else:
        missing, idle = sorted(called - allowed), sorted(allowed - rare - called)
        assert not missing and not idle, f"docs/ram/{name}.json lacks {missing}, and allows {idle} for nothing"


def actions_in(path: Path) -> set[str]:
    """All that a policy allows."""
    statements = json.loads(path.read_text())["Statement"]
    return {action for statement in statements for action in statement["Action"]}


def write(path: Path, actions: set[str]) -> None:
    path.write_text(json.dumps(allowing(actions), indent=2) + "\n")
