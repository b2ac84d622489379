# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a migration job shall be: from the options of a user to the parameters of CreateReplicationJob. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from . import smc_jobs, tags
from .batch import Ref
from .errors import CloudError
from .smc_tokens import check_name

# documented: SDK text of ReplicationParameters.
LONGEST_PARAMETERS = 2048
# assumed: no document names the field for the target system, or its values. The service lists the values that it takes
# in the error InvalidOsMigrationType.NotMatched.
TARGET_WHERE = "parameters"
TARGET_KEY = "TargetOsType"
TARGET_VALUES: Mapping[str, str] = {
    "alinux2": "Alibaba Cloud Linux 2",
    "alinux3": "Alibaba Cloud Linux 3",
    "anolis7": "Anolis OS 7",
    "anolis8": "Anolis OS 8",
    "rhel7": "RHEL 7",
    "rhel8": "RHEL 8",
    "rhel9": "RHEL 9",
}


@dataclass(frozen=True)
class TargetField:
    """Where the target system goes. where: "parameters" (a key in ReplicationParameters) or "query"."""

    where: str = TARGET_WHERE
    key: str = TARGET_KEY
    value: str | None = None
    values: Mapping[str, str] = field(default_factory=dict)

    def value_for(self, target: str) -> str:
        return self.value or self.values.get(target) or TARGET_VALUES[target]


@dataclass(frozen=True)
class Item:
    """One instance of the wave, with the source and the name of the job where the user gave them."""

    ref: Ref
    source_id: str | None = None
    name: str | None = None


@dataclass(frozen=True)
class Wish:
    """state: present, started or finished. target may be missing where every job exists already."""

    run_id: str
    state: str
    target: str
    target_field: TargetField = TargetField()
    target_type: str | None = None
    valid_days: int | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    max_running: int = 50
    retries: int = 2
    retry_pause: float = 60
    wait: bool = True


def check(wish: Wish) -> None:
    """Say what the service would refuse before anything is sent."""
    replication_parameters(wish)
    tags.check(job_tags(wish, Ref("", "i-" + "0" * 20)))


def job_name(run_id: str, instance_id: str) -> str:
    """Unique for run and instance, within the service's rules: 2 to 128 letters, digits, colons, _ and -."""
    run, instance = (re.sub(r"[^A-Za-z0-9:_-]", "-", text) for text in (run_id, instance_id))
    return f"os-migration-{run}"[: 127 - len(instance)] + f"-{instance}"


def job_tags(wish: Wish, instance: Ref) -> dict[str, str]:
    own = {tags.RUN_ID: wish.run_id, tags.INSTANCE_ID: instance.id, tags.PURPOSE: smc_jobs.PURPOSE}
    return {**wish.tags, **own}


def replication_parameters(wish: Wish) -> str | None:
    """ReplicationParameters as JSON text, or None where there are none."""
    content = dict(wish.parameters)
    if wish.target_field.where == "parameters":
        if wish.target_field.key in content:
            raise CloudError(
                "InvalidParameter",
                f"{wish.target_field.key} is set by target_os_field and again in parameters",
                hint="Leave it out of parameters.",
            )
        content[wish.target_field.key] = wish.target_field.value_for(wish.target)
    if not content:
        return None
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    if len(text) > LONGEST_PARAMETERS:
        message = f"parameters are {len(text)} characters as JSON, at most {LONGEST_PARAMETERS} are possible"
        raise CloudError("InvalidParameter", message, hint="Give fewer or shorter parameters.")
    return text


def request(
    wish: Wish, item: Item, source_id: str, attempt: int, now: datetime
) -> tuple[dict[str, Any], dict[str, str]]:
    """(parameters, extra query parameters) of CreateReplicationJob."""
    name = item.name or job_name(wish.run_id, item.ref.id)
    check_name(name)
    params: dict[str, Any] = {
        "RegionId": item.ref.region,
        "SourceId": source_id,
        "JobType": smc_jobs.OS_MIGRATION,
        "Name": name,
        "Tag": tags.to_wire(job_tags(wish, item.ref)),
        "ClientToken": smc_jobs.client_token(wish.run_id, item.ref, source_id, attempt),
    }
    text = replication_parameters(wish)
    if text is not None:
        params["ReplicationParameters"] = text
    if wish.target_type:
        params["TargetType"] = wish.target_type
        if wish.target_type == "TargetInstance":
            params["InstanceId"] = item.ref.id
    if wish.valid_days is not None:
        until = now.astimezone(timezone.utc) + timedelta(days=wish.valid_days)
        params["ValidTime"] = until.strftime("%Y-%m-%dT%H:%M:%SZ")
    extra = {}
    if wish.target_field.where == "query":
        extra[wish.target_field.key] = wish.target_field.value_for(wish.target)
    return params, extra
