# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bytes that are too many for a command are sent to hosts in pieces, beside each other, for a command to join."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from typing import Any

from .assistant import UNFINISHED
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
    """How the sendings ended. They are waited for as one, each under an id of its own."""
    keys = {Ref(one.region, one.invoke_id): one for one in invocations}

    def look(pending: list[Ref]) -> dict[Ref, Mapping[str, Mapping[str, Any]]]:
        seen: dict[Ref, Mapping[str, Mapping[str, Any]]] = {}
        for outcome in each(pending, lambda key: _results(session, keys[key]), session.threads):
            if outcome.error is not None:
                raise outcome.error
            seen[outcome.item] = outcome.value or {}
        return seen

    def done(results: Mapping[str, Mapping[str, Any]]) -> bool:
        return bool(results) and all(_status(one) not in UNFINISHED for one in results.values())

    ends: dict[Invocation, dict[Ref, CloudError]] = {}
    for key, waited in wait_for(Waiter("sending a file", look, done), keys, session.pace).items():
        invocation = keys[key]
        results = waited.state or {}
        found = {ref: _error(ref, results.get(ref.id), waited.error) for ref in invocation.refs}
        ends[invocation] = {ref: error for ref, error in found.items() if error is not None}
    return ends


def _results(session: Session, invocation: Invocation) -> dict[str, Mapping[str, Any]]:
    params = {"InvokeId": invocation.invoke_id}
    found = pages(
        session.api,
        "DescribeSendFileResults",
        invocation.region,
        params,
        ("Invocations", "Invocation"),
        RESULTS_PER_PAGE,
    )
    entries = [entry for one in found for entry in (one.get("InvokeInstances") or {}).get("InvokeInstance") or []]
    return {entry["InstanceId"]: entry for entry in entries if entry.get("InstanceId") in invocation.ids}


def _status(result: Mapping[str, Any]) -> str:
    return str(result.get("InvocationStatus") or "Pending")


def _error(ref: Ref, result: Mapping[str, Any] | None, late: CloudError | None) -> CloudError | None:
    if result is not None and _status(result) == "Success":
        return None
    if result is None or _status(result) in UNFINISHED:
        return late or CloudError(
            "BadAnswer", "the service tells nothing about the file that was sent", resource=ref.id
        )
    status = _status(result)
    message = str(result.get("ErrorInfo") or f"sending a file ended as {status}")
    return CloudError(
        str(result.get("ErrorCode") or f"SendFile.{status}"), message, operation="SendFile", resource=ref.id
    )
