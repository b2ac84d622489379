# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Import instances as migration sources through Cloud Assistant, without the activation code leaving this process."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from . import assistant, smc, smc_client, smc_errors, smc_match, smc_sources, smc_tokens, tags
from .batch import Ref
from .client import Caller
from .errors import CloudError
from .redaction import redact
from .smc_match import Match, Source
from .smc_tokens import Secret
from .waiter import BLIND, TIMEOUT, Pace, Waiter, wait_for

Result = dict[str, Any]

READY = (smc_sources.AVAILABLE, smc_sources.IN_USE)
COMMAND_NAME = "os_migration_smc_import"


@dataclass(frozen=True)
class Order:
    """command: with @CODE@ in it; empty to import nothing, but wait for sources that were imported in another way."""

    run_id: str
    command: str
    command_timeout: int = 600
    tags: Mapping[str, str] = field(default_factory=dict)
    wait: bool = True


@dataclass
class Task:
    ref: Ref
    instance: dict[str, Any] | None = None
    before: Source | None = None
    source_id: str | None = None
    source: Source | None = None
    error: CloudError | None = None
    changed: bool = False

    @property
    def ready(self) -> bool:
        return self.source is not None and self.source["state"] in READY


def run(api: Caller, refs: list[Ref], order: Order, pace: Pace, check: bool) -> tuple[list[Result], list[str]]:
    """(one result for each instance, warnings)."""
    tags.check(source_tags(order, Ref("", "i-" + "0" * 20)))
    tasks, warnings = _load(api, refs), []
    missing = [task for task in tasks if task.error is None and not task.ready]
    if order.command:
        _must_run(missing)
        missing = [task for task in missing if task.error is None]
        if check:
            for task in missing:
                task.changed = True
        elif missing:
            warnings = _import(api, missing, order, pace)
    if not check:
        _find(api, tasks, [task for task in missing if task.error is None], pace, order.wait)
    _tag(api, tasks, order, check)
    return [result(task) for task in tasks], warnings


def source_tags(order: Order, ref: Ref) -> dict[str, str]:
    return {**order.tags, tags.RUN_ID: order.run_id, tags.INSTANCE_ID: ref.id}


def _load(api: Caller, refs: list[Ref]) -> list[Task]:
    found, matches, errors = smc_sources.of_instances(api, refs)
    tasks = []
    for ref in refs:
        task = Task(ref, found.get(ref), error=errors.get(ref))
        match = matches.get(ref)
        if match is not None and match.ambiguous:
            task.error = smc_match.ambiguous(ref, match)
        elif match is not None and match.source is not None:
            task.before = task.source = match.source
            task.source_id = match.source["source_id"]
        tasks.append(task)
    return tasks


def _must_run(tasks: list[Task]) -> None:
    for task in tasks:
        status = (task.instance or {}).get("status")
        if status != "Running":
            text = f"{task.ref.id} is {status}, not Running, so no command reaches it"
            task.error = CloudError("IncorrectInstanceStatus", text, resource=task.ref.id, hint="Start it (ecs_power).")


def _import(api: Caller, tasks: list[Task], order: Order, pace: Pace) -> list[str]:
    """Run the command on the instances with a token of their own number, which is taken back whatever happens."""
    name = smc_tokens.valid_name(f"os-migration-{order.run_id}")
    if len(tasks) > smc_tokens.MOST_USES:
        text = f"{len(tasks)} instances are to be imported, at most {smc_tokens.MOST_USES} are possible at a time"
        raise CloudError("TooManyInstances", text, hint="Import them in smaller waves.")
    try:
        # A controller that was killed may have left one behind; nobody knows its code.
        smc_tokens.purge(api, name)
        secret = smc_tokens.create(api, name, f"os_migration run {order.run_id}"[:256], len(tasks), 1)
    except CloudError as error:
        _all_fail(tasks, error)
        return []
    try:
        _run_command(api, tasks, order, secret, pace)
    except CloudError as error:
        _all_fail(tasks, hidden(error, secret.code))
    finally:
        warnings = _take_back(api, name, secret)
    return warnings


def _all_fail(tasks: list[Task], error: CloudError) -> None:
    for task in tasks:
        task.error = task.error or error


def _take_back(api: Caller, name: str, secret: Secret) -> list[str]:
    try:
        smc_tokens.remove(api, secret.access_token_id)
        # A request that arrived twice made two of them.
        smc_tokens.purge(api, name)
    except CloudError as error:
        told = redact(str(error), (secret.code,))
        return [f"The access token {secret.access_token_id} could not be taken back, it ends in a day: {told}"]
    return []


def _run_command(api: Caller, tasks: list[Task], order: Order, secret: Secret, pace: Pace) -> None:
    content = smc_client.with_code(order.command, secret.access_token_id, secret.code)
    command = assistant.Command(content=content, timeout=order.command_timeout, name=COMMAND_NAME)
    patience = Pace(order.command_timeout + assistant.DELIVERY_SECONDS, pace.interval, pace.clock, pace.sleep)
    # The token belongs to one attempt, and so do the ClientTokens that are made of this.
    seed = hashlib.sha256(f"{order.run_id}:{secret.access_token_id}".encode()).hexdigest()
    outcomes = assistant.run(api, [task.ref for task in tasks], command, patience, seed, stop_on_timeout=True)
    printed: dict[str, list[Task]] = {}
    for task in tasks:
        _take_outcome(task, outcomes.get(task.ref), secret.code)
        if task.error is None and task.source_id:
            printed.setdefault(task.source_id, []).append(task)
    for source_id, claimants in printed.items():
        if len(claimants) > 1:
            names = ", ".join(task.ref.id for task in claimants)
            for task in claimants:
                text = f"{names} all say that they are source {source_id}"
                task.error = CloudError("AmbiguousSource", text, resource=task.ref.id, hint="Import them one by one.")


def _take_outcome(task: Task, outcome: assistant.Outcome | None, code: str) -> None:
    if outcome is None:
        task.error = CloudError("NoAnswer", f"nobody knows how the command ended on {task.ref.id}", hint="Run again.")
        return
    if outcome.error is not None:
        task.error = hidden(outcome.error, code)
        return
    task.changed = True
    text = redact(outcome.text, (code,))
    said = smc_client.SUCCESS.search(text)
    if said:
        task.source_id = said.group(1)
    elif outcome.exit_code != 0:
        task.error = failed(task.ref, outcome.exit_code, text)
        task.changed = False


def failed(ref: Ref, exit_code: int | None, output: str) -> CloudError:
    tail = smc.text_of(" | ".join(line.strip() for line in output.splitlines()[-5:] if line.strip()), 800)
    known = smc_errors.explain("", tail)
    hint = known.remedy if known else "Look at the output; the client needs to reach the SMC service on port 443."
    text = f"the import command ended with exit code {exit_code} on {ref.id}: {tail or 'no output'}"
    return CloudError("ImportFailed", text, resource=ref.id, hint=hint)


def hidden(error: CloudError, code: str) -> CloudError:
    """The same error without the code, whoever has put it there."""
    return CloudError(
        error.code,
        redact(error.message, (code,)),
        kind=error.kind,
        operation=error.operation,
        resource=error.resource,
        request_id=error.request_id,
        http_status=error.http_status,
        hint=redact(error.hint, (code,)) if error.hint else error.hint,
    )


def _find(api: Caller, everyone: list[Task], tasks: list[Task], pace: Pace, wait: bool) -> None:
    """Wait until the source of each is Available; without waiting, look once."""
    by_ref = {task.ref: task for task in tasks}
    waiter: Waiter[Match] = Waiter(
        "the import",
        lambda pending: _look(api, everyone, [by_ref[ref] for ref in pending]),
        lambda match: match.source is not None and match.source["state"] in READY,
        failed=lambda match: match.reason if match.ambiguous else None,
    )
    once = Pace(0, pace.interval, pace.clock, pace.sleep)
    for ref, waited in wait_for(waiter, by_ref, pace if wait else once).items():
        task, match = by_ref[ref], waited.state
        if match is not None and match.source is not None:
            task.source, task.source_id = match.source, match.source["source_id"]
        if waited.error is None:
            continue
        if match is not None and match.ambiguous:
            task.error = smc_match.ambiguous(ref, match)
        elif wait or waited.error.code not in (TIMEOUT, BLIND):
            task.error = _late(task, waited.error)


def _late(task: Task, error: CloudError) -> CloudError:
    """Say what the source itself complains of, if it does."""
    if task.source is None or not task.source["error_code"]:
        return error
    known = smc_errors.explain(task.source["error_code"], task.source["error_message"] or "")
    said = f"{task.source['error_code']}: {task.source['error_message'] or 'no message'}"
    hint = known.remedy if known else error.hint
    return CloudError(error.code, f"{error.message}; the client says {said}", resource=task.ref.id, hint=hint)


def _look(api: Caller, everyone: list[Task], tasks: list[Task]) -> dict[Ref, Match]:
    """One paged read: of the sources that the hosts have named, or of all where one of them has named none."""
    named = all(task.source_id for task in tasks)
    seen = smc_sources.by_ids(api, [task.source_id or "" for task in tasks]) if named else _all(api)
    unnamed = {task.ref: task.instance for task in tasks if not task.source_id and task.instance is not None}
    taken = {task.source_id for task in everyone}
    found = smc_match.match_all(unnamed, [one for one in seen.values() if one["source_id"] not in taken])
    for task in tasks:
        source = seen.get(task.source_id or "")
        if source is not None and task.instance is not None:
            objection = smc_match.contradiction(task.instance, source)
            found[task.ref] = Match(None, objection, (source,)) if objection else Match(source, "named by the host")
    return found


def _all(api: Caller) -> dict[str, Source]:
    return {one["source_id"]: one for one in smc_sources.search(api)}


def _tag(api: Caller, tasks: list[Task], order: Order, check: bool) -> None:
    """Write on each source whose it is; a source that it has taken the place of loses the tag."""
    changes: dict[str, tags.Change] = {}
    owners: dict[str, Task] = {}
    for task in tasks:
        if task.source is None or (task.error is not None and task.error.code == "AmbiguousSource"):
            continue
        change = tags.plan(task.source["tags"], source_tags(order, task.ref), ())
        changes[task.source["source_id"]], owners[task.source["source_id"]] = change, task
        old = task.before
        if old is not None and old["source_id"] != task.source["source_id"]:
            changes[old["source_id"]] = tags.plan(old["tags"], {}, (tags.INSTANCE_ID, tags.RUN_ID))
            owners[old["source_id"]] = task
    errors = {} if check else smc_sources.tag(api, changes)
    for source_id, task in owners.items():
        if source_id in errors:
            task.error = task.error or errors[source_id]
        elif changes[source_id]:
            task.changed = True


def result(task: Task) -> Result:
    return {
        "instance_id": task.ref.id,
        "region_id": task.ref.region,
        "source_id": task.source_id,
        "state": task.source["state"] if task.source else None,
        "changed": task.changed,
        "error": task.error.as_dict() if task.error else None,
    }
