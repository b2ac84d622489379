# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start, stop and reboot many instances."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import instances, smc_jobs
from .batch import Ref, each, region_chunks
from .client import Caller
from .errors import CloudError, LostAnswer
from .instances import Instance
from .waiter import BLIND, MISSES, TIMEOUT, Pace, Waited, Waiter, wait_for

Result = dict[str, Any]

IDS_PER_CALL = 100


@dataclass(frozen=True)
class Action:
    """operation: from this status the call is made. settled: a status that shows that a lost call had arrived."""

    operation: str
    from_status: str
    final_status: str
    settled: tuple[str, ...]


ACTIONS = {
    "started": Action("StartInstances", "Stopped", "Running", ("Starting", "Running")),
    "stopped": Action("StopInstances", "Running", "Stopped", ("Stopping", "Stopped")),
    # A running instance may have rebooted already or not have begun: only leaving Running proves anything.
    "rebooted": Action("RebootInstances", "Running", "Running", ("Stopping", "Starting")),
}


def parameters(state: str, force: bool, stopped_mode: str) -> dict[str, Any]:
    params: dict[str, Any] = {"BatchOptimization": "SuccessFirst"}
    if state == "stopped":
        params["StoppedMode"] = stopped_mode
    if force and state != "started":
        params["ForceStop" if state == "stopped" else "ForceReboot"] = True
    return params


def settle(api: Caller, refs: list[Ref], pace: Pace) -> dict[Ref, Waited[Instance]]:
    """Wait for instances that are on their way from one state to another."""
    return wait_for(
        Waiter(
            "the change of state",
            _look(api),
            lambda one: one["status"] in ("Running", "Stopped"),
            gone_after=MISSES,
        ),
        refs,
        pace,
    )


def _look(api: Caller) -> Any:
    def look(pending: list[Ref]) -> dict[Ref, Instance]:
        found, errors = instances.describe(api, pending)
        real = [error for error in errors.values() if error.code != "InvalidInstanceId.NotFound"]
        if real:
            raise real[0]
        return found

    return look


def run(
    api: Caller,
    refs: list[Ref],
    state: str,
    params: dict[str, Any],
    pace: Pace,
    wait: bool,
    check: bool,
    guard: smc_jobs.Guard = smc_jobs.no_guard,
) -> list[Result]:
    """guard: names those of the instances about to be stopped or rebooted that must be left alone."""
    action = ACTIONS[state]
    found, errors = instances.describe(api, refs)
    before = {ref: one["status"] for ref, one in found.items()}
    moving = [ref for ref, one in found.items() if one["status"] not in ("Running", "Stopped")]
    if moving and wait and not check:
        for ref, waited in settle(api, moving, pace).items():
            if waited.error is not None:
                errors[ref] = waited.error
            elif waited.state is not None:
                found[ref] = waited.state
    todo = [ref for ref, one in found.items() if ref not in errors and needs_call(action, state, one)]
    errors.update(
        {
            ref: wrong_state(ref, one["status"])
            for ref, one in found.items()
            if ref not in errors and ref not in todo and state == "rebooted"
        }
    )
    if todo and state != "started":
        errors.update(guard(todo))
        todo = [ref for ref in todo if ref not in errors]
    if not check:
        errors.update(send(api, action, todo, params))
        called = [ref for ref in todo if ref not in errors]
        if wait and called:
            waiter = Waiter(
                action.operation, _look(api), lambda one: one["status"] == action.final_status, gone_after=MISSES
            )
            for ref, waited in wait_for(waiter, called, pace).items():
                found[ref] = waited.state or found[ref]
                if waited.error is not None:
                    errors[ref] = waited.error
        elif called:
            found.update(instances.describe(api, called)[0])
    changed = {ref for ref in todo if check or ref not in errors or errors[ref].code in (TIMEOUT, BLIND)}
    return [_result(ref, before.get(ref), found.get(ref), errors.get(ref), ref in changed) for ref in refs]


def needs_call(action: Action, state: str, instance: Instance) -> bool:
    """Anything that is neither there nor on its way gets the call; what cannot be done, the service refuses."""
    if state == "rebooted":
        return bool(instance["status"] == action.from_status)
    return instance["status"] not in action.settled


def wrong_state(ref: Ref, status: str) -> CloudError:
    return CloudError(
        "IncorrectInstanceStatus",
        f"{ref.id} is {status}, not Running",
        resource=ref.id,
        hint="Use state=started for a stopped instance.",
    )


def send(api: Caller, action: Action, refs: list[Ref], params: dict[str, Any]) -> dict[Ref, CloudError]:
    """Call in batches of 100. Returns the errors, each with its own instance."""
    errors: dict[Ref, CloudError] = {}
    for outcome in each(
        region_chunks(refs, IDS_PER_CALL), lambda piece: _batch(api, action, piece[0], piece[1], params)
    ):
        if outcome.error is not None:
            errors.update({Ref(outcome.item[0], one): outcome.error for one in outcome.item[1]})
        errors.update(outcome.value or {})
    return errors


def _batch(api: Caller, action: Action, region: str, ids: list[str], params: dict[str, Any]) -> dict[Ref, CloudError]:
    pending = [Ref(region, one) for one in ids]
    for attempt in range(3):
        try:
            answer = api.call(
                action.operation, region, params | {"InstanceId": [ref.id for ref in pending]}, resource=", ".join(ids)
            )
            return _refusals(action, region, answer)
        except LostAnswer as error:
            found, _errors = instances.describe(api, pending)
            pending = [ref for ref in pending if ref not in found or found[ref]["status"] not in action.settled]
            if not pending:
                return {}
            # A second reboot could hit a system that has just come up; nobody but the host can tell.
            if attempt == 2 or action.operation == "RebootInstances":
                return {ref: error for ref in pending}
        except CloudError as error:
            if error.kind != "refused" or len(pending) == 1:
                return {ref: error for ref in pending}
            # The whole batch was refused because of one of them; alone, each gets its own answer.
            alone = each(pending, lambda ref: _batch(api, action, region, [ref.id], params), threads=1)
            return {ref: error for outcome in alone for ref, error in (outcome.value or {}).items()}
    return {}


def _refusals(action: Action, region: str, answer: Mapping[str, Any]) -> dict[Ref, CloudError]:
    responses = (answer.get("InstanceResponses") or {}).get("InstanceResponse") or []
    return {
        Ref(region, one["InstanceId"]): CloudError(
            str(one["Code"]),
            one.get("Message") or "",
            operation=action.operation,
            resource=one["InstanceId"],
            request_id=answer.get("RequestId"),
        )
        for one in responses
        if str(one.get("Code") or "200") != "200"
    }


def _result(ref: Ref, before: str | None, instance: Instance | None, error: CloudError | None, changed: bool) -> Result:
    return {
        "instance_id": ref.id,
        "region_id": ref.region,
        "changed": changed,
        "previous_status": before,
        "status": instance["status"] if instance else None,
        "stopped_mode": instance["stopped_mode"] if instance else None,
        "error": error.as_dict() if error else None,
    }
