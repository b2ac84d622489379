# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bytes that are too many for a command are sent to hosts in pieces, beside each other, for a command to join."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from typing import Any

from . import answers
from .assistant import UNFINISHED, raise_first
from .assistant_dispatch import Invocation, Order, Session, dispatch
from .batch import Ref, each
from .client import pages
from .errors import CloudError
from .waiter import Waiter, wait_for

IDS_PER_CALL = 50
# SendFile takes 32 KB after Base64 (documented).
PIECE_BYTES = 24 * 1024
STAGE_LIMIT = 64 * 2**20
RESULTS_PER_PAGE = 50
TIMEOUT = 60


def stage(session: Session, refs: Iterable[Ref], blob: bytes, run_id: str, owner: str | None) -> dict[Ref, CloudError]:
    """Put the pieces of a blob where the capture script looks for them; the errors of hosts that lack one."""
    if len(blob) > STAGE_LIMIT:
        raise CloudError("FileSize.ExceedLimit", f"{len(blob)} bytes are too many to be sent through Cloud Assistant")
    errors: dict[Ref, CloudError] = {}
    invocations: list[Invocation] = []
    for number, start in enumerate(range(0, len(blob), PIECE_BYTES)):
        able = [ref for ref in refs if ref not in errors]
        sent = dispatch(session, able, _order(session, blob[start : start + PIECE_BYTES], run_id, number, owner))
        errors.update(sent.errors)
        invocations += sent.invocations
    for invocation, failed in _ends(session, invocations).items():
        session.open.discard(invocation)
        errors.update(failed)
    return errors


def _order(session: Session, piece: bytes, run_id: str, number: int, owner: str | None) -> Order:
    params: dict[str, Any] = {
        "Content": base64.b64encode(piece).decode("ascii"),
        "ContentType": "Base64",
        "TargetDir": f"/run/os_migration.{run_id}.in",
        "Name": f"{number:05d}",
        "FileMode": "0600",
        "Overwrite": True,
        "Timeout": TIMEOUT,
    }
    owned = {"FileOwner": owner} if owner else {}
    return Order("SendFile", params | owned, IDS_PER_CALL, session.seed, has_token=False)


def _ends(session: Session, invocations: list[Invocation]) -> dict[Invocation, dict[Ref, CloudError]]:
    """How the sendings ended. They are waited for as one, each under its id; two that were told the same id share it."""
    keys: dict[Ref, list[Invocation]] = {}
    for one in invocations:
        keys.setdefault(Ref(one.region, one.invoke_id), []).append(one)

    def look(pending: list[Ref]) -> dict[Ref, Mapping[str, Mapping[str, Any]]]:
        seen: dict[Ref, Mapping[str, Mapping[str, Any]]] = {}
        looks = each(pending, lambda key: _results(session, keys[key]), session.threads)
        for outcome in looks:
            if outcome.error is not None and outcome.error.code != "BadAnswer":
                raise outcome.error
            seen.update({outcome.item: outcome.value} if outcome.value else {})
        if not seen:
            raise_first(looks)
        return seen

    def done(results: Mapping[str, Mapping[str, Any]]) -> bool:
        return bool(results) and all(_status(one) not in UNFINISHED for one in results.values())

    ends: dict[Invocation, dict[Ref, CloudError]] = {}
    for key, waited in wait_for(Waiter("sending a file", look, done), keys, session.pace).items():
        results = waited.state or {}
        for invocation in keys[key]:
            found = {ref: _error(ref, results.get(ref.id), waited.error) for ref in invocation.refs}
            ends[invocation] = {ref: error for ref, error in found.items() if error is not None}
    return ends


def _results(session: Session, invocations: list[Invocation]) -> dict[str, Mapping[str, Any]]:
    first = invocations[0]
    params = {"InvokeId": first.invoke_id}
    found = pages(
        session.api,
        "DescribeSendFileResults",
        first.region,
        params,
        ("Invocations", "Invocation"),
        RESULTS_PER_PAGE,
    )
    entries = [entry for one in found for entry in answers.entries(one, "InvokeInstances", "InvokeInstance")]
    wanted = {one for invocation in invocations for one in invocation.ids}
    named = [(answers.text(entry, "InstanceId"), entry) for entry in entries]
    return {one: entry for one, entry in named if one in wanted}


def _status(result: Mapping[str, Any]) -> str:
    return answers.text(result, "InvocationStatus") or "Pending"


def _error(ref: Ref, result: Mapping[str, Any] | None, late: CloudError | None) -> CloudError | None:
    if result is not None and _status(result) == "Success":
        return None
    if result is None or _status(result) in UNFINISHED:
        return late or CloudError(
            "BadAnswer", "the service tells nothing about the file that was sent", resource=ref.id
        )
    status = _status(result)
    message = answers.text(result, "ErrorInfo") or f"sending a file ended as {status}"
    code = answers.text(result, "ErrorCode") or f"SendFile.{status}"
    return CloudError(code, message, operation="SendFile", resource=ref.id)
