"""Cloud Assistant: commands on instances, and their results. Commands of real hosts are run there, by the driver."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable

from ..assistant_world import (
    DELIVERY_S,
    ERROR_INFO,
    FOREVER,
    Ending,
    Invocation,
    Run,
    ScriptedAnswer,
    Seen,
    cut,
    filled,
)
from ..clock import iso
from ..errors import ApiError, not_modelled
from ..world import Instance, Work
from . import smc_hosts
from .assistant_guards import (
    base64_size,
    client_token,
    decoded,
    longest,
    not_match,
    sent,
    tags,
    targets,
    within,
)
from .common import Answer, Context, Parameters, equal, page, wire_tags
from .table import Operation, changes, reads

CONTENT_BYTES = 24 * 1024  # documented: SDK text of CommandContent, after Base64
Deliver = Callable[[Instance, float], Run]


def run_command(context: Context, given: Parameters) -> Answer:
    mode = given.get("RepeatMode", "Once")
    _check(context, given, mode)
    content = _content(given)
    chosen = targets(context, given, 100)
    timeout = given.get("Timeout", 60)
    if mode == "DryRun" and not all(one.agent.online(context.now) for one in chosen):
        raise not_match()  # assumed: the code with which a dry run tells that an agent does not answer
    _within_quota(context, len(chosen))
    made = Invocation(
        invoke_id=context.world.new_id("t"),
        command_id=context.world.new_id("c"),
        created=context.now,
        runs=[],
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
        name=given.get("Name", ""),
        description=given.get("Description", ""),
        timeout=timeout,
        username=given.get("Username", "root"),
        working_dir=given.get("WorkingDir", ""),
        termination_mode=given.get("TerminationMode", "Process"),
        tags=tags(given),
    )
    if mode != "DryRun":  # a dry run leaves nothing behind (assumed: it is answered like a real one)
        _deliver(context, made, content, chosen)
    return {"InvokeId": made.invoke_id, "CommandId": made.command_id}


def _check(context: Context, given: Parameters, mode: str) -> None:
    """Source of codes: error tables of RunCommand and InvokeCommand; of limits: SDK text."""
    if given["Type"] in ("RunBatScript", "RunPowerShellScript"):
        raise not_match()  # documented: for a command that does not suit the instance's system
    if given["Type"] != "RunShellScript":  # assumed code
        raise ApiError(400, "InvalidParameter", "The specified parameter Type is not valid.")
    if mode in ("Period", "NextRebootOnly", "EveryReboot"):
        raise not_modelled(f"RepeatMode {mode} of RunCommand")
    if mode not in ("Once", "DryRun"):
        raise ApiError(404, "InvalidRepeatMode.NotFound", "The specified repeat mode does not exist.")
    if given.get("EnableParameter") or given.get("KeepCommand"):
        raise not_modelled("EnableParameter and KeepCommand of RunCommand")
    if given.get("TerminationMode", "Process") not in ("Process", "ProcessTree"):
        message = "The specified parameter TerminationMode does not exist."
        raise ApiError(404, "InvalidTerminationMode.NotFound", message)
    if given.get("Timeout", 60) < 1:  # assumed code
        raise ApiError(400, "InvalidParameter.Timeout", "The specified parameter Timeout is not valid.")
    directory = given.get("WorkingDir", "/")
    if len(directory) > 200 or not directory.startswith("/"):
        raise ApiError(400, "InvalidParameter.WorkingDir", "The specified parameter WorkingDir is not valid.")
    longest(given, "Username", 255, "Username.ExceedLimit")
    longest(given, "Name", 128, "CmdName.ExceedLimit")
    longest(given, "Description", 512, "CmdDesc.ExceedLimit")
    client_token(given)


def _content(given: Parameters) -> bytes:
    refusal = ApiError(400, "CmdContent.DecodeError", "The CommandContent can not be base64 decoded.")
    is_base64 = given.get("ContentEncoding", "").lower() == "base64"  # documented: anything else is plain text
    content = decoded(given["CommandContent"], is_base64, refusal)
    if base64_size(content) > CONTENT_BYTES:
        raise ApiError(403, "CmdContent.ExceedLimit", "The maximum length of a command is exceeded.")
    return content


def _within_quota(context: Context, more: int) -> None:
    """Commands a day and region (documented); that each instance counts, and that the day is that of UTC, is assumed."""
    most = context.world.assistant.daily_quota
    if most is None:
        return
    today = context.now // 86400
    sent_today = (one for one in sent(context, {}, files=False) if one.created // 86400 == today)
    if sum(len(one.runs) for one in sent_today) + more > most:
        message = "The invocation quota in the current region has been reached for today."
        raise ApiError(403, "Invocation.ExceedQuota", message)


def _deliver(context: Context, made: Invocation, content: bytes, chosen: list[Instance]) -> None:
    choose = context.world.assistant.chooser(content.decode(errors="replace"))
    for one in chosen:
        start, refused = delivery(context, one)
        if refused is not None:
            run = Run(one.instance_id, one.agent, context.now, start, start, refused)
        elif context.world.fail_work:
            context.world.fail_work = False
            run = Run(one.instance_id, one.agent, context.now, start, start, Ending("Error", "ExecutionException"))
        elif one.driver_host:
            run = _run_on_host(context, made, one, one.driver_host, content)
        else:
            run = _run_scripted(context, made, one, choose(one, context.now), content, start)
        made.runs.append(run)
    context.region.invocations[made.invoke_id] = made


def delivery(context: Context, one: Instance) -> tuple[float, Ending | None]:
    """When the agent takes something up; or when, and with what, it turns out that it does not."""
    now = context.now
    if one.agent.presence in ("missing", "installed"):
        return now + 1, Ending("Aborted", "ClientNotRunning")
    if one.agent.presence == "offline":
        return now + DELIVERY_S, Ending("Aborted", "ClientNotResponse")
    if one.agent.since is None or one.agent.since > now + DELIVERY_S:
        return now + DELIVERY_S, Ending("Aborted", "DeliveryTimeout")
    return max(now, one.agent.since) + context.world.timing.assistant_deliver_s, None


def _invalid(made: Invocation, one: Instance) -> str:
    """What the agent refuses before it runs anything. Source: documented values of ErrorCode."""
    if made.username not in one.agent.users:
        return "AccountNotExists"
    if made.working_dir and made.working_dir.rstrip("/") not in {name.rstrip("/") for name in one.agent.directories()}:
        return "DirectoryNotExists"
    return ""


def _run_scripted(
    context: Context, made: Invocation, one: Instance, answer: ScriptedAnswer, content: bytes, start: float
) -> Run:
    if error := _invalid(made, one):
        return Run(one.instance_id, one.agent, context.now, start, start, Ending("Invalid", error))
    if context.world.stuck_work or answer.delay_s > made.timeout:  # what never ends is cut off by its time limit
        ending = Ending("Timeout", "ExecutionTimeout")
        return Run(one.instance_id, one.agent, context.now, start, start + made.timeout, ending)
    output = filled(answer.output, context.world.seed, one)
    ending = Ending.of_exit(answer.exit_code, output)
    run = Run(one.instance_id, one.agent, context.now, start, start + answer.delay_s, ending)
    if answer.effect != "none":
        _schedule_effect(context, run, one, answer, content)
    return run


def _schedule_effect(context: Context, run: Run, one: Instance, answer: ScriptedAnswer, content: bytes) -> None:
    """What the command does to its instance or to the cloud, at the moment it ends, unless it was cut off before."""
    world, region_id = context.world, context.region.region_id
    code = answer.code.search(content.decode(errors="replace")) if answer.code else None

    def take_effect(succeeded: bool, at: float) -> None:
        seen = run.seen(at)
        if seen.ending is not run.ending:
            return
        if answer.effect == "smc_import":
            found = code.group(1) if code else ""
            failed, said = smc_hosts.imported(world, found, one, region_id, at)
            run.ending = Ending.of_exit(1 if failed else 0, run.ending.output + f"{said}\n".encode())
        else:
            run.ending = Ending("Error", "ExecutionInterrupted", None, run.ending.output)
            _leave(context, one, answer.effect, at)

    world.schedule(run.end, take_effect)


def _leave(context: Context, one: Instance, effect: str, at: float) -> None:
    """The guest reboots, which the API does not show (assumed), or powers itself off."""
    timing = context.world.timing
    one.agent.go_down(at)
    if effect == "reboot":
        context.world.schedule(
            at + timing.stop_s + timing.start_s,
            lambda succeeded, then: one.agent.come_up(then + timing.assistant_boot_s),
        )
        return
    one.status = "Stopping"

    def off(succeeded: bool, then: float) -> None:
        one.status, one.stopped_mode = "Stopped", "KeepCharging"

    context.world.schedule(at + timing.stop_s, off)


def _run_on_host(context: Context, made: Invocation, one: Instance, host: str, content: bytes) -> Run:
    """The driver runs it; the time limit is real seconds there, however fast the virtual clock goes."""
    words = (host, str(made.timeout), made.username, made.working_dir)
    work = Work("exec", words, host, stdin=content, overlaps=True, limit_s=made.timeout + 120)
    run = Run(one.instance_id, one.agent, context.now, context.now, FOREVER, Ending("Running"), work)

    def finish(succeeded: bool, at: float) -> None:
        run.ending, run.end = _told_by_host(work), at

    context.world.schedule(context.now, finish, work)
    return run


def _told_by_host(work: Work) -> Ending:
    """The driver's answer: how it ended, exit status, combined output in Base64."""
    if work.error is not None:
        return Ending("Error", "ExecutionException", None, work.error.encode())
    try:
        told = json.loads(work.output)
        how, output = told["how"], base64.b64decode(told.get("output", ""))
        code = int(told.get("rc", 0))
    except (ValueError, KeyError, TypeError) as error:
        return Ending("Error", "ExecutionException", None, f"the driver's answer cannot be read: {error!r}".encode())
    known = {
        "timeout": Ending("Timeout", "ExecutionTimeout", None, output),
        "interrupted": Ending("Error", "ExecutionInterrupted", None, output),
        "offline": Ending("Aborted", "ClientNotRunning"),
        "no-account": Ending("Invalid", "AccountNotExists"),
        "no-directory": Ending("Invalid", "DirectoryNotExists"),
        "exited": Ending.of_exit(code, output),
    }
    return known.get(how) or Ending("Error", "ExecutionException")


def stop_invocation(context: Context, given: Parameters) -> Answer:
    made = context.region.invocations.get(given["InvokeId"])
    if made is None or made.is_file:  # documented: error table of StopInvocation
        raise ApiError(404, "InvalidInvokeId.NotFound", "The specified invoke ID does not exist.")
    ids = given.get("InstanceId", [])
    within(ids, 50)
    if set(ids) - {run.instance_id for run in made.runs}:
        raise ApiError(404, "InvalidInstanceId.NotFound", "The specified parameter InstanceId does not exist.")
    for run in made.runs:
        if (not ids or run.instance_id in ids) and run.stopped is None and not run.over(context.now):
            run.stopped = context.now
            if run.work is not None:
                context.world.cancelled.append(run.work)
    return {}


def describe_invocations(context: Context, given: Parameters) -> Answer:
    if (
        given.get("IncludeOutput") and not {"InvokeId", "InstanceId"} & given.keys()
    ):  # documented condition, assumed code
        raise ApiError(400, "MissingParameter", "InvokeId or InstanceId is needed with IncludeOutput.")
    if given.get("Timed"):
        raise not_modelled("Timed of DescribeInvocations")
    chosen = [
        one for one in sent(context, given, files=False)
        if equal(given, CommandId=one.command_id, CommandName=one.name, CommandType="RunShellScript", RepeatMode="Once",
                 InvokeStatus=one.statuses(context.now)[0])
        and given.get("InstanceId", one.runs[0].instance_id) in {run.instance_id for run in one.runs}
    ]  # fmt: skip
    answer = page(chosen, given, lambda one: _invocation(context, given, one), least=1, most=50)
    return {"Invocations": {"Invocation": answer.pop("items")}, **answer}


def _invocation(context: Context, given: Parameters, one: Invocation) -> Answer:
    """Without CommandContent, which the service returns: a simulator that forgets it cannot give it away."""
    invoke_status, invocation_status = one.statuses(context.now)
    asked = given.get("InstanceId")
    runs = [run for run in one.runs if asked in (None, run.instance_id)]
    return {
        "InvokeId": one.invoke_id,
        "CommandId": one.command_id,
        "CommandName": one.name,
        "CommandDescription": one.description,
        "CommandType": "RunShellScript",
        "CreationTime": iso(one.created),
        "InvokeStatus": invoke_status,
        "InvocationStatus": invocation_status,
        "RepeatMode": "Once",
        "Timed": False,
        "Timeout": one.timeout,
        "Username": one.username,
        "WorkingDir": one.working_dir or "/root",
        "TerminationMode": one.termination_mode,
        "Tags": wire_tags(one.tags),
        "InvokeInstances": {"InvokeInstance": [_invoke_instance(context, given, run) for run in runs]},
    }


def _invoke_instance(context: Context, given: Parameters, run: Run) -> Answer:
    seen = run.seen(context.now)
    row = {
        "InstanceId": run.instance_id,
        "CreationTime": iso(run.created),
        "InstanceInvokeStatus": seen.record_status,
        "Timed": False,
        "FinishTime": iso(seen.finish) if seen.finish is not None else "",
        "UpdateTime": iso(seen.finish or seen.start or run.created),
        **_told(seen, given, with_output=bool(given.get("IncludeOutput"))),
    }
    return row


def describe_invocation_results(context: Context, given: Parameters) -> Answer:
    if given.get("IncludeHistory"):
        raise not_modelled("IncludeHistory of DescribeInvocationResults")
    wanted = given.get("InvokeRecordStatus")
    chosen = [
        (one, run) for one in sent(context, given, files=False) if equal(given, CommandId=one.command_id)
        for run in one.runs
        if equal(given, InstanceId=run.instance_id)
        and (wanted is None or wanted == run.seen(context.now).record_status)
    ]  # fmt: skip
    answer = page(chosen, given, lambda pair: _result(context, given, *pair), least=1, most=50)
    return {"Invocation": {"InvocationResults": {"InvocationResult": answer.pop("items")}, **answer}}


def _result(context: Context, given: Parameters, one: Invocation, run: Run) -> Answer:
    seen = run.seen(context.now)
    return {
        "InvokeId": one.invoke_id,
        "CommandId": one.command_id,
        "InstanceId": run.instance_id,
        "InvokeRecordStatus": seen.record_status,
        "FinishedTime": iso(seen.finish) if seen.finish is not None else "",
        "Username": one.username,
        "TerminationMode": one.termination_mode,
        "Tags": wire_tags(one.tags),
        **_told(seen, given, with_output=True),
    }


def _told(seen: Seen, given: Parameters, *, with_output: bool) -> Answer:
    """The fields that both Describe operations have. Without an end there is no exit code yet (documented: null)."""
    ending = seen.ending or Ending("")
    kept, dropped = cut(ending.output)
    plain = given.get("ContentEncoding", "Base64").lower() == "plaintext"
    output = kept.decode(errors="replace") if plain else base64.b64encode(kept).decode()
    stopped = seen.status in ("Terminated", "Cancelled") and seen.finish is not None
    return {
        "InvocationStatus": seen.status,
        "ErrorCode": ending.error,
        "ErrorInfo": ERROR_INFO.get(ending.error, ""),
        "Dropped": dropped,
        "Repeats": 0 if seen.start is None else 1,
        "StartTime": iso(seen.start) if seen.start is not None else "",
        "StopTime": iso(seen.finish) if stopped and seen.finish is not None else "",
        **({"ExitCode": ending.exit_code} if ending.exit_code is not None else {}),
        **({"Output": output} if with_output else {}),
    }


_PAGE = "MaxResults NextToken PageNumber PageSize "
OPERATIONS: dict[str, Operation] = {
    "RunCommand": changes(
        run_command,
        "CommandContent Type InstanceId ContentEncoding Timeout Username WorkingDir RepeatMode TerminationMode Name "
        "Description KeepCommand EnableParameter Tag"),
    "StopInvocation": changes(stop_invocation, "InvokeId InstanceId"),
    "DescribeInvocations": reads(
        describe_invocations,
        _PAGE + "InvokeId InstanceId CommandId CommandName CommandType InvokeStatus IncludeOutput ContentEncoding "
        "RepeatMode Timed Tag"),
    "DescribeInvocationResults": reads(
        describe_invocation_results,
        _PAGE + "InvokeId InstanceId CommandId InvokeRecordStatus IncludeHistory ContentEncoding Tag"),
}  # fmt: skip
