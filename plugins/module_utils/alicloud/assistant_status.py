# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the Cloud Assistant agents of instances can be reached."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from . import answers, inputs, instances
from .batch import Ref, each, region_chunks
from .client import Caller
from .errors import CloudError

Status = dict[str, Any]
Value = TypeVar("Value")

# DescribeCloudAssistantStatus takes at most 50 entries a page; with instance ids it does not page (documented).
IDS_PER_CALL = 50
_PATH = ("InstanceCloudAssistantStatusSet", "InstanceCloudAssistantStatus")


def describe(api: Caller, refs: Iterable[Ref]) -> tuple[dict[Ref, Status], dict[Ref, CloudError]]:
    """(found, errors): {"online", "version", "last_heartbeat", "last_invoked", "active_tasks"} of every instance."""
    found: dict[Ref, Status] = {}
    wanted = list(dict.fromkeys(refs))
    errors = inputs.wrong(wanted)
    for outcome in each(region_chunks(inputs.sound(wanted), IDS_PER_CALL), lambda piece: _read(api, *piece)):
        region, ids = outcome.item
        if outcome.error is not None:
            if outcome.error.fatal:
                raise outcome.error
            errors.update({Ref(region, one): outcome.error for one in ids})
        for group, answer in outcome.value or []:
            if isinstance(answer, CloudError):
                errors.update({Ref(region, one): answer for one in group})
            else:
                found.update({Ref(region, one): status for one, status in answer.items() if one in group})
    missing = {ref: instances.not_found(ref) for ref in wanted if ref not in found and ref not in errors}
    return found, errors | missing


def unfit(api: Caller, refs: list[Ref]) -> dict[Ref, CloudError]:
    """Why an instance cannot run a command: not found, not running, or its agent is silent."""
    found, errors = instances.describe(api, refs)
    errors.update({ref: _not_running(ref, one["status"]) for ref, one in found.items() if one["status"] != "Running"})
    agents, unknown = describe(api, [ref for ref in refs if ref not in errors])
    errors.update({ref: _silent(ref) for ref, status in agents.items() if not status["online"]})
    return unknown | errors


def in_halves(
    ids: list[str], call: Callable[[list[str]], Value], again: Callable[[CloudError], bool]
) -> list[tuple[list[str], Value | CloudError]]:
    """The call for all ids; refused because of one of them, for either half, until that one stands alone."""
    try:
        return [(ids, call(ids))]
    except CloudError as error:
        if len(ids) == 1 or not again(error):
            return [(ids, error)]
    middle = len(ids) // 2
    return in_halves(ids[:middle], call, again) + in_halves(ids[middle:], call, again)


def blames_an_instance(error: CloudError) -> bool:
    """Whether a call was refused for what one instance is, rather than for what was asked of all of them."""
    return error.kind == "refused" and ("Instance" in error.code or error.code.startswith("Client"))


def _read(api: Caller, region: str, ids: list[str]) -> list[tuple[list[str], dict[str, Status] | CloudError]]:
    def call(some: list[str]) -> dict[str, Status]:
        answer = api.call("DescribeCloudAssistantStatus", region, {"InstanceId": some}, resource=", ".join(some))
        entries = answers.listed(answer, _PATH, "DescribeCloudAssistantStatus")
        named = {answers.text(entry, "InstanceId"): entry for entry in entries}
        return {one: normalise(named[one]) for one in some if one in named}

    def each_alone(some: list[str]) -> list[tuple[list[str], dict[str, Status] | CloudError]]:
        return in_halves(some, call, blames_an_instance)

    try:
        return [(ids, call(ids))]
    except CloudError as error:
        if not blames_an_instance(error):
            raise
    # One look tells which are not there; to find them by halving takes as many calls as there are instances.
    known, unknown = instances.describe(api, [Ref(region, one) for one in ids])
    there = [ref.id for ref in known]
    # Without the right to look, nothing is found: then the ends of the list tell whether there is anything.
    if not there and any(isinstance(answer, dict) for end in (ids[:1], ids[-1:]) for _one, answer in each_alone(end)):
        there, unknown = ids, {}
    return [([ref.id], error) for ref, error in unknown.items()] + (each_alone(there) if there else [])


def normalise(raw: Mapping[str, Any]) -> Status:
    return {
        # "true" stands for a heartbeat within the last two minutes (documented).
        "online": (answers.text(raw, "CloudAssistantStatus") or "").lower() == "true",
        "version": answers.text(raw, "CloudAssistantVersion") or "",
        "last_heartbeat": answers.text(raw, "LastHeartbeatTime") or None,
        "last_invoked": answers.text(raw, "LastInvokedTime") or None,
        "active_tasks": answers.number(raw, "ActiveTaskCount") or 0,
    }


def _not_running(ref: Ref, status: str) -> CloudError:
    return CloudError("InstanceNotRunning", f"{ref.id} is {status}, not Running", resource=ref.id)


def _silent(ref: Ref) -> CloudError:
    message = f"the Cloud Assistant agent of {ref.id} sent no heartbeat in the last two minutes"
    return CloudError("ClientNotRunning", message, resource=ref.id)
