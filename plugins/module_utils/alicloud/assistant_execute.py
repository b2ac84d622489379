# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a program of any size on many instances, and bring back all that it printed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from . import assistant, assistant_capture, assistant_files
from .assistant import DELIVERY_SECONDS, NOT_BEGUN, OUT_OF_REACH, Command, Outcome
from .assistant_capture import Frame, Program
from .assistant_dispatch import Session
from .batch import Ref
from .errors import CloudError

PIECE_TIMEOUT = 60
# How many pieces of one host are asked for at a time, and how often a piece that did not come.
WINDOW = 8
ATTEMPTS = 4


@dataclass(frozen=True)
class Job:
    """A program and the circumstances in which it runs; timeout in seconds."""

    program: Program
    timeout: int
    name: str = "os_migration"
    username: str | None = None
    working_dir: str | None = None


@dataclass
class Answer:
    """What a program did on one instance. Without an error, stdout and stderr are whole."""

    status: str | None = None
    exit_code: int | None = None
    stdout: bytes = b""
    stderr: bytes = b""
    error: CloudError | None = None
    invoke_id: str | None = None

    @property
    def begun(self) -> bool:
        """Whether the program may have run."""
        return self.invoke_id is not None and (self.error is None or self.error.code not in NOT_BEGUN)


@dataclass
class _Transfer:
    """A frame whose pieces are being fetched."""

    answer: Answer
    frame: Frame
    pieces: dict[int, bytes] = field(default_factory=dict)
    attempts: int = 0

    def wanted(self) -> list[int]:
        """The pieces to ask for next. The last one comes alone: with it the host gives the frame away."""
        last = self.frame.pieces - 1
        missing = [number for number in range(last) if number not in self.pieces]
        return missing[:WINDOW] if missing else [last] if last not in self.pieces else []


def execute(session: Session, refs: Iterable[Ref], job: Job, wait: bool = True) -> dict[Ref, Answer]:
    """Run a job once on every instance. The same seed of the session asks for the same run and its answers again.

    Without `wait` the answers tell only what was begun.
    """
    wanted = list(dict.fromkeys(refs))
    if not wanted:
        return {}
    run_id = assistant_capture.identify(session.seed)
    content, blob = assistant_capture.build(job.program, run_id)
    lacking = assistant_files.stage(session, wanted, blob, run_id, job.username) if blob is not None else {}
    able = [ref for ref in wanted if ref not in lacking]
    command = Command(content, job.timeout, job.name, job.username, job.working_dir)
    sent = assistant.start(session, able, command)
    if not wait:
        answers = {ref: Answer(invoke_id=one.invoke_id) for one in sent.invocations for ref in one.refs}
        answers.update({ref: Answer(error=error) for ref, error in sent.errors.items()})
    else:
        outcomes = assistant.collect(session, sent)
        answers, transfers = _read(outcomes, run_id)
        _fetch(session, transfers, job.username, run_id)
        _discard(session, _left_behind(session, answers, blob is not None and job.username is not None), run_id)
    answers.update({ref: Answer(error=error) for ref, error in lacking.items()})
    return {ref: answers[ref] for ref in wanted}


def until(
    session: Session,
    refs: Iterable[Ref],
    job: Job,
    matches: Callable[[bytes], bool],
    seconds: float,
    interval: float,
) -> dict[Ref, Answer]:
    """Run a job again and again where its output does not match, on all such instances together.

    An instance out of reach counts as one that does not match. Those that never did get the error `UntilTimeout`.
    """
    pace, wanted = session.pace, list(dict.fromkeys(refs))
    answers: dict[Ref, Answer] = {}
    pending, deadline, tick = wanted, pace.clock() + seconds, 0
    while pending:
        try:
            tried = execute(replace(session, seed=f"{session.seed}:{tick}"), pending, job)
        except CloudError as error:
            if tick == 0 or not out_of_reach(error):
                raise
            tried = {ref: Answer(error=error) for ref in pending}
        answers.update(tried)
        pending = [ref for ref in pending if _ask_again(tried[ref], matches)]
        left = deadline - pace.clock()
        if pending and left <= 0:
            for ref in pending:
                answers[ref].error = _never_matched(ref, answers[ref], seconds)
            break
        if pending:
            pace.sleep(min(interval, left))
        tick += 1
    return answers


def out_of_reach(error: CloudError | None) -> bool:
    """Whether the instance, or the service, could not be reached, so that asking again later makes sense."""
    return error is not None and (
        error.code in OUT_OF_REACH
        or error.code.startswith(("WaitTimeout", "Execution", "Output"))
        or error.kind in ("throttled", "unsent", "unsure", "busy")
    )


def _ask_again(answer: Answer, matches: Callable[[bytes], bool]) -> bool:
    if answer.error is not None:
        return out_of_reach(answer.error)
    return not matches(answer.stdout)


def _never_matched(ref: Ref, answer: Answer, seconds: float) -> CloudError:
    why = f"the last answer was: {answer.error.code}: {answer.error.message}" if answer.error else ""
    message = f"the output did not match within {seconds:g} seconds"
    return CloudError("UntilTimeout", f"{message}; {why}" if why else message, resource=ref.id)


def _read(outcomes: dict[Ref, Outcome], run_id: str) -> tuple[dict[Ref, Answer], dict[Ref, _Transfer]]:
    answers: dict[Ref, Answer] = {}
    transfers: dict[Ref, _Transfer] = {}
    for ref, outcome in outcomes.items():
        answer = Answer(outcome.status, outcome.exit_code, error=outcome.error, invoke_id=outcome.invoke_id)
        answers[ref] = answer
        if answer.error is not None:
            continue
        try:
            found = assistant_capture.parse(outcome.output, run_id)
        except CloudError as error:
            answer.error = error
            continue
        if isinstance(found, Frame):
            answer.exit_code = found.status
            transfers[ref] = _Transfer(answer, found, {0: found.first})
        elif outcome.dropped:
            answer.error = CloudError("OutputDamaged", f"the service dropped {outcome.dropped} bytes of the output")
        else:
            answer.stdout = found
    return answers, transfers


def _fetch(session: Session, transfers: dict[Ref, _Transfer], username: str | None, run_id: str) -> None:
    """Ask all hosts together for the pieces that they still have, until every frame is whole or given up."""
    quick = replace(session, pace=replace(session.pace, timeout=PIECE_TIMEOUT + DELIVERY_SECONDS), stop_on_timeout=True)
    turn = 0
    while True:
        asked: dict[int, list[Ref]] = {}
        for ref, transfer in transfers.items():
            for number in transfer.wanted() if transfer.answer.error is None else []:
                asked.setdefault(number, []).append(ref)
        if not asked:
            break
        failed = _ask(quick, transfers, asked, username, f"{run_id}:{turn}", run_id)
        if failed:
            session.pace.sleep(min(10.0, session.pace.interval * 2**turn))
        turn = turn + 1 if failed else 0
    for transfer in transfers.values():
        _unpack(transfer)


def _ask(
    session: Session,
    transfers: dict[Ref, _Transfer],
    asked: dict[int, list[Ref]],
    username: str | None,
    step: str,
    run_id: str,
) -> bool:
    """One turn; whether a host did not give what it was asked for. All commands are begun before one is waited for."""
    begun = []
    for number, refs in asked.items():
        script = assistant_capture.piece_script(run_id, number)
        begun.append(
            (
                number,
                assistant.start(session, refs, Command(script, PIECE_TIMEOUT, username=username), f"{step}:{number}"),
            )
        )
    failures: dict[Ref, CloudError] = {}
    for number, sent in begun:
        for ref, outcome in assistant.collect(session, sent).items():
            transfer = transfers[ref]
            try:
                if outcome.error is not None:
                    raise outcome.error
                transfer.pieces[number] = assistant_capture.parse_piece(outcome.output, run_id, number, transfer.frame)
            except CloudError as error:
                failures[ref] = error
    for ref, failure in failures.items():
        transfers[ref].attempts += 1
        if transfers[ref].attempts >= ATTEMPTS or failure.code == "OutputLost":
            transfers[ref].answer.error = failure
    return bool(failures)


def _unpack(transfer: _Transfer) -> None:
    if transfer.answer.error is None:
        pieces = [transfer.pieces[number] for number in range(transfer.frame.pieces)]
        try:
            transfer.answer.stdout, transfer.answer.stderr = assistant_capture.unpack(transfer.frame, pieces)
        except CloudError as error:
            transfer.answer.error = error


def _left_behind(session: Session, answers: dict[Ref, Answer], staged_for_another: bool) -> list[Ref]:
    """Hosts on which a run may have left its directory: it was cut off, or could not remove what root had put there."""

    def cut_off(answer: Answer) -> bool:
        code = answer.error.code if answer.error else ""
        stopped = answer.status == "Terminated" or (session.stop_on_timeout and code.startswith("WaitTimeout"))
        return stopped or code.startswith(("ExecutionTimeout", "ExecutionException", "Output"))

    return [ref for ref, answer in answers.items() if answer.begun and (staged_for_another or cut_off(answer))]


def _discard(session: Session, refs: list[Ref], run_id: str) -> None:
    """A favour: what cannot be removed now is removed by the next command that runs there an hour later."""
    if refs:
        quick = replace(session, pace=replace(session.pace, timeout=PIECE_TIMEOUT))
        try:
            assistant.run_in(quick, refs, Command(assistant_capture.discard_script(run_id), PIECE_TIMEOUT), "discard")
        except CloudError:
            return
