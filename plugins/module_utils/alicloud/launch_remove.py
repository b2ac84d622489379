# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Release temporary instances, and nothing else."""

from __future__ import annotations

import uuid
from typing import Any

from . import launch, temporary
from .batch import Ref, each, region_chunks
from .client import Caller
from .errors import CloudError, LostAnswer
from .instances import Instance
from .smc_jobs import Guard
from .temporary import Unwanted
from .waiter import Pace, Waiter, wait_for

Result = dict[str, Any]

IDS_PER_CALL = 100
# DeleteInstances by force is for instances in one of these states.
RELEASABLE = ("Running", "Stopped")


def remove(api: Caller, unwanted: Unwanted, guard: Guard, pace: Pace, wait: bool, check: bool) -> list[Result]:
    chosen, errors = temporary.choose(
        unwanted,
        lambda region: launch.by_tags(api, region, unwanted.marks.key_tags),
        lambda refs: launch.look(api, refs),
    )
    sources = set(unwanted.items or [])
    errors |= {ref: problem for ref, state in chosen.items()
               if ref not in errors and (problem := objection(ref, state, sources)) is not None}  # fmt: skip
    errors |= guard([ref for ref in chosen if ref not in errors])
    todo = [ref for ref in chosen if ref not in errors]
    if not check:
        errors |= _release(api, todo, pace)
        if wait:
            errors |= _wait_gone(api, [ref for ref in todo if ref not in errors], pace)
    results = []
    for ref, state in chosen.items():
        done = ref in todo and ref not in errors
        word = {"status": "to be released" if check else "released"} if done else {}
        results.append(_result(temporary.by_instance(ref, state), state | word, errors.get(ref), done, ref))
    shown = {temporary.by_instance(ref, state) for ref, state in chosen.items()}
    results += [_result(ref, None, errors.get(ref), False) for ref in unwanted.items or [] if ref not in shown]
    gone = [ref for ref in unwanted.ids if ref not in chosen]
    return results + [_result(Ref(ref.region, ""), None, errors.get(ref), False, ref) for ref in gone]


def objection(ref: Ref, state: Instance, sources: set[Ref]) -> CloudError | None:
    """Why this instance is not released. A wrong id here would cost somebody a production system."""
    source = temporary.by_instance(ref, state)
    if not source.id or source == ref or ref in sources:
        return CloudError(
            "NotTemporary",
            f"{ref.id} is not marked as the clone of another instance, so it is left alone",
            resource=ref.id,
            hint="Only what was made as a clone is released. Check the id and the tags of the instance.",
        )
    return None


def _release(api: Caller, refs: list[Ref], pace: Pace) -> dict[Ref, CloudError]:
    """Release in batches of 100, once every instance is in a state that allows it. Returns the errors."""
    settled = wait_for(
        Waiter("the change of state", lambda pending: launch.look(api, pending),
               lambda one: one["status"] in RELEASABLE, gone_is_done=True), refs, pace)  # fmt: skip
    errors = {ref: waited.error for ref, waited in settled.items() if waited.error is not None}
    present = [ref for ref, waited in settled.items() if waited.error is None and waited.state is not None]
    for outcome in each(region_chunks(present, IDS_PER_CALL), lambda piece: _batch(api, *piece)):
        if outcome.error is not None:
            errors |= {Ref(outcome.item[0], one): outcome.error for one in outcome.item[1]}
        errors |= outcome.value or {}
    return errors


def _batch(api: Caller, region: str, ids: list[str]) -> dict[Ref, CloudError]:
    # A token of this call alone: a later run has to ask anew, and a second release of the same instance does no harm.
    params = {"InstanceId": ids, "Force": True, "ClientToken": uuid.uuid4().hex}
    try:
        api.call("DeleteInstances", region, params, resource=", ".join(ids))
    except LostAnswer as error:
        left = _still_there(api, [Ref(region, one) for one in ids])
        return dict.fromkeys(left, error)
    except CloudError as error:
        if error.kind == "refused" and len(ids) > 1:
            # One unfit instance makes the service refuse all of them; alone, each gets its own answer.
            alone = each(ids, lambda one: _batch(api, region, [one]), threads=1)
            return {ref: problem for outcome in alone for ref, problem in (outcome.value or {}).items()}
        refs = [Ref(region, one) for one in ids]
        return dict.fromkeys(_still_there(api, refs) if error.kind == "refused" else refs, error)
    return {}


def _still_there(api: Caller, refs: list[Ref]) -> list[Ref]:
    """Those that are neither gone nor on their way: somebody else, or a lost call of ours, may have released the rest."""
    return [ref for ref, state in launch.look(api, refs).items() if state["status"] in RELEASABLE]


def _wait_gone(api: Caller, refs: list[Ref], pace: Pace) -> dict[Ref, CloudError]:
    waiter: Waiter[Instance] = Waiter(
        "the release", lambda pending: launch.look(api, pending), lambda _one: False, gone_is_done=True
    )
    return {ref: waited.error for ref, waited in wait_for(waiter, refs, pace).items() if waited.error is not None}


def _result(
    source: Ref, clone: Instance | None, error: CloudError | None, changed: bool, clone_ref: Ref | None = None
) -> Result:
    told = launch.shown(clone or {})
    return {
        "instance_id": source.id or None,
        "region_id": source.region,
        "changed": changed,
        **told,
        "clone_id": told["clone_id"] or (clone_ref.id if clone_ref else None),
        "error": error.as_dict() if error else None,
    }
