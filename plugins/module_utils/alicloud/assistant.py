# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cloud Assistant: run a command on many instances and read how it ended."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from . import answers
from .assistant_dispatch import Invocation, Order, Sent, Session, dispatch, stop
from .batch import Outcome as Looked
from .batch import Ref, each
from .client import Caller
from .errors import CloudError
from .waiter import BLIND, TIMEOUT, Pace, Waited, Waiter, wait_for

IDS_PER_CALL = 100
RESULTS_PER_PAGE = 50
CONTENT_LIMIT = 24 * 1024  # after Base64 (documented)
# The service gives a command one minute to reach the host (documented); the rest is for its own bookkeeping.
DELIVERY_SECONDS = 120

UNFINISHED = frozenset({"Pending", "Running", "Stopping", "Scheduled"})
# The command did not reach the host: it may be asked again later.
OUT_OF_REACH = frozenset(
    {
        "ClientIsUpgrading",
        "ClientNotResponse",
        "ClientNotRunning",
        "ClientNetworkBlocked",
        "DeliveryTimeout",
        "InstanceNotRunning",
        "SecurityGroupRuleDenied",
    }
)
# The command did not begin, and will not by itself.
NOT_BEGUN = OUT_OF_REACH - {"ClientNotResponse"} | {
    "AccountNotExists",
    "ClientNeedUpgrade",
    "DirectoryNotExists",
    "InstanceNotExists",
}


@dataclass(frozen=True)
class Command:
    """A shell script as Cloud Assistant runs it: as root in /root unless told otherwise, ended after `timeout` s."""

    content: str
    timeout: int
    name: str = "os_migration"
    username: str | None = None
    working_dir: str | None = None


@dataclass
class Outcome:
    """How a command ended on one instance. An exit code other than 0 is no error; output is the last 24 KB at most."""

    status: str | None = None
    exit_code: int | None = None
    output: bytes = b""
    error: CloudError | None = None
    invoke_id: str | None = None
    dropped: int = 0

    @property
    def text(self) -> str:
        return self.output.decode("utf-8", "replace")


def run(
    api: Caller, refs: Iterable[Ref], command: Command, pace: Pace, token_seed: str, *, stop_on_timeout: bool = False
) -> dict[Ref, Outcome]:
    """Run a command once on every instance and wait for its end. The same seed asks for the same run again."""
    return run_in(Session(api, pace, token_seed, stop_on_timeout=stop_on_timeout), refs, command)


def run_in(session: Session, refs: Iterable[Ref], command: Command, step: str = "run") -> dict[Ref, Outcome]:
    return collect(session, start(session, refs, command, step))


def start(session: Session, refs: Iterable[Ref], command: Command, step: str = "run") -> Sent:
    """Begin a command on every instance, without waiting."""
    return dispatch(session, refs, Order("RunCommand", _parameters(command), IDS_PER_CALL, f"{session.seed}:{step}"))


def collect(session: Session, sent: Sent) -> dict[Ref, Outcome]:
    """Wait for the ends of what was begun: one paged look for each open invocation per tick."""
    home = {ref: invocation for invocation in sent.invocations for ref in invocation.refs}
    waiter = Waiter(
        "the command", lambda pending: _look(session, home, pending), lambda raw: status_of(raw) not in UNFINISHED
    )
    waited = wait_for(waiter, home, session.pace)
    late = {ref for ref, one in waited.items() if one.error is not None and one.error.code in (TIMEOUT, BLIND)}
    _close(session, sent.invocations, late)
    outcomes = {ref: Outcome(error=error) for ref, error in sent.errors.items()}
    return outcomes | {ref: _outcome(ref, one, home[ref].invoke_id) for ref, one in waited.items()}


def status_of(raw: Mapping[str, Any]) -> str:
    return answers.text(raw, "InvocationStatus") or answers.text(raw, "InvokeRecordStatus") or "Pending"


def parse(ref: Ref, raw: Mapping[str, Any]) -> Outcome:
    """One entry of DescribeInvocationResults."""
    status, code = status_of(raw), answers.text(raw, "ErrorCode") or ""
    outcome = Outcome(status, invoke_id=answers.text(raw, "InvokeId"))
    try:
        outcome.output = base64.b64decode(raw.get("Output") or "", validate=True)
    except (binascii.Error, TypeError, ValueError):
        outcome.error = CloudError("BadAnswer", "the output is not Base64", operation="DescribeInvocationResults")
        return outcome
    exit_code, dropped = _exit_code(raw), answers.number(raw, "Dropped")
    read = {"ExitCode": exit_code, "Dropped": dropped}
    wrong = [key for key, value in read.items() if value is None and raw.get(key) not in (None, "")]
    if wrong:
        text = f"{' and '.join(wrong)} of the command is no number"
        outcome.error = CloudError("BadAnswer", text, operation="DescribeInvocationResults", resource=ref.id)
        return outcome
    outcome.exit_code, outcome.dropped = exit_code, dropped or 0
    ended = status == "Success" or (status == "Failed" and exit_code is not None and code in ("", "ExitCodeNonzero"))
    if not ended:
        message = answers.text(raw, "ErrorInfo") or f"the command ended as {status}"
        outcome.exit_code = None
        outcome.error = CloudError(code or f"Invocation.{status}", message, operation="RunCommand", resource=ref.id)
    elif exit_code is None:
        outcome.exit_code = 0
    return outcome


def _exit_code(raw: Mapping[str, Any]) -> int | None:
    """A number as such or as a text; negative where the service had none of the program to tell."""
    value = raw.get("ExitCode")
    if isinstance(value, int) and -answers.NUMBER_AT_MOST <= value < 0:
        return value
    return answers.number(raw, "ExitCode")


def _parameters(command: Command) -> dict[str, Any]:
    content = base64.b64encode(command.content.encode("utf-8")).decode("ascii")
    if len(content) > CONTENT_LIMIT:
        raise CloudError("CmdContent.ExceedLimit", f"the command has {len(content)} bytes after Base64")
    params = {
        "Type": "RunShellScript",
        "CommandContent": content,
        "ContentEncoding": "Base64",
        "Timeout": command.timeout,
        "Name": command.name,
        # Otherwise what the script has started lives on after the time limit.
        "TerminationMode": "ProcessTree",
    }
    optional = {"Username": command.username, "WorkingDir": command.working_dir}
    return params | {name: value for name, value in optional.items() if value}


def _look(session: Session, home: Mapping[Ref, Invocation], pending: list[Ref]) -> dict[Ref, Mapping[str, Any]]:
    wanted = dict.fromkeys(home[ref] for ref in pending)
    seen: dict[Ref, Mapping[str, Any]] = {}
    looks = each(wanted, lambda invocation: list(_results(session.api, invocation)), session.threads)
    for outcome in looks:
        if outcome.error is not None and outcome.error.code != "BadAnswer":
            raise outcome.error
        raws = {answers.text(raw, "InstanceId"): raw for raw in outcome.value or []}
        seen.update({ref: raws[ref.id] for ref in outcome.item.refs if ref.id in raws})
    if not seen:
        raise_first(looks)
    return seen


def raise_first(outcomes: Iterable[Looked[Any, Any]]) -> None:
    """The first error, where no look showed anything. As long as one does, those that cannot be read hold up nobody."""
    for outcome in outcomes:
        if outcome.error is not None:
            raise outcome.error


def _results(api: Caller, invocation: Invocation) -> Iterator[Mapping[str, Any]]:
    operation, following = "DescribeInvocationResults", set[str]()
    params: dict[str, Any] = {"InvokeId": invocation.invoke_id, "MaxResults": RESULTS_PER_PAGE}
    while True:
        answer = answers.mapping(api.call(operation, invocation.region, params).get("Invocation"))
        yield from answers.listed(answer, ("InvocationResults", "InvocationResult"), operation)
        token = answers.next_token(answer, following, operation)
        if token is None:
            return
        params["NextToken"] = token


def _close(session: Session, invocations: Iterable[Invocation], late: set[Ref]) -> None:
    for invocation in invocations:
        session.open.discard(invocation)
        running = tuple(ref.id for ref in invocation.refs if ref in late)
        if running:
            rest = Invocation(invocation.region, invocation.invoke_id, running)
            session.open.add(rest)
            if session.stop_on_timeout:
                stop(session, [rest])


def _outcome(ref: Ref, waited: Waited[Mapping[str, Any]], invoke_id: str) -> Outcome:
    if waited.error is not None:
        status = status_of(waited.state) if waited.state is not None else None
        return Outcome(status, error=waited.error, invoke_id=invoke_id)
    outcome = parse(ref, waited.state or {})
    outcome.invoke_id = invoke_id
    return outcome
