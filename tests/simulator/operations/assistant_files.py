"""Cloud Assistant: files sent to instances. An instance without a real host keeps their size and hash."""

from __future__ import annotations

import hashlib
import json
import re

from ..assistant_world import ERROR_INFO, FOREVER, Ending, Invocation, Run
from ..clock import iso
from ..errors import ApiError
from ..world import Instance, Work
from .assistant import delivery
from .assistant_guards import base64_size, client_token, decoded, longest, sent, tags, targets
from .common import Answer, Context, Parameters, equal, page, wire_tags
from .table import Operation, changes, reads

FILE_BYTES = 32 * 1024  # documented: SDK text of Content, after Base64
WRITING_S = 1  # assumed
_MODE = re.compile(r"[0-7]{3,4}")


def send_file(context: Context, given: Parameters) -> Answer:
    _check(given)
    content = _content(given)
    chosen = targets(context, given, 50)
    made = Invocation(
        invoke_id=context.world.new_id("f"),
        created=context.now,
        runs=[],
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
        name=given["Name"],
        description=given.get("Description", ""),
        timeout=max(10, given.get("Timeout", 60)),  # documented: less than 10 is taken for 10
        target_dir=given["TargetDir"],
        file_mode=given.get("FileMode", "0644"),
        file_owner=given.get("FileOwner", "root"),
        file_group=given.get("FileGroup", "root"),
        content_type=given.get("ContentType", "PlainText"),
        overwrite=given.get("Overwrite", False),
        tags=tags(given),
    )
    for one in chosen:
        made.runs.append(_run(context, made, one, content))
    context.region.invocations[made.invoke_id] = made
    return {"InvokeId": made.invoke_id}


def _check(given: Parameters) -> None:
    """Source: error table of SendFile, SDK text."""
    longest(given, "Name", 255, "FileName.ExceedLimit")
    longest(given, "Description", 512, "FileDesc.ExceedLimit")
    if not given["TargetDir"].startswith("/") or len(given["TargetDir"]) > 255:
        raise ApiError(400, "FileTargetDir.Invalid", "The target directory of file is invalid.")
    if not _MODE.fullmatch(given.get("FileMode", "0644")):
        raise ApiError(400, "FileMode.Invalid", "The mode of file is invalid.")
    if given.get("ContentType", "PlainText") not in ("PlainText", "Base64"):
        raise ApiError(400, "FileContentType.Invalid", "The ContentType of file is invalid.")
    for name in ("FileOwner", "FileGroup"):
        if len(given.get(name, "")) > 64:
            raise ApiError(400, f"InvalidParameter.{name}", f"The specified parameter {name} is not valid.")
    client_token(given)


def _content(given: Parameters) -> bytes:
    refusal = ApiError(400, "FileContent.DecodeError", "The Content can not be base64 decoded.")
    content = decoded(given["Content"], given.get("ContentType") == "Base64", refusal)
    if base64_size(content) > FILE_BYTES:
        raise ApiError(403, "FileSize.ExceedLimit", "The length of file content exceeds limit.")
    return content


def _run(context: Context, made: Invocation, one: Instance, content: bytes) -> Run:
    start, refused = delivery(context, one)
    if refused is not None:
        return Run(one.instance_id, one.agent, context.now, start, start, refused)
    if one.driver_host:
        return _put_on_host(context, made, one, one.driver_host, content)
    run = Run(one.instance_id, one.agent, context.now, start, start + WRITING_S, Ending("Success"))
    path = f"{made.target_dir.rstrip('/')}/{made.name}"

    def write(succeeded: bool, at: float) -> None:
        if run.seen(at).ending is run.ending:
            run.ending = _written(made, one, path)

    context.world.schedule(run.end, write)
    return run


def _written(made: Invocation, one: Instance, path: str) -> Ending:
    """What the agent does with a file, in the order in which the published agent does it."""
    if path in one.agent.files and not made.overwrite:
        return Ending("Failed", "FileAlreadyExists")
    if "/" in made.name:
        return Ending("Invalid", "FileNameInvalid")  # assumed: a name is no path
    if made.file_owner not in one.agent.users:
        return Ending("Invalid", "AccountNotExists")
    if made.file_group not in one.agent.users:  # assumed: each user has a group of the same name
        return Ending("Invalid", "UserGroupNotExists")
    one.agent.files[path] = {
        "size": made.size, "sha256": made.sha256,
        "mode": made.file_mode, "owner": made.file_owner, "group": made.file_group,
    }  # fmt: skip
    return Ending("Success")


def _put_on_host(context: Context, made: Invocation, one: Instance, host: str, content: bytes) -> Run:
    path = f"{made.target_dir.rstrip('/')}/{made.name}"
    words = (host, path, made.file_mode, f"{made.file_owner}:{made.file_group}", "yes" if made.overwrite else "no")
    work = Work("put", words, host, stdin=content, overlaps=True)
    run = Run(one.instance_id, one.agent, context.now, context.now, FOREVER, Ending("Running"), work)

    def finish(succeeded: bool, at: float) -> None:
        run.ending, run.end = _told_by_host(work), at

    context.world.schedule(context.now, finish, work)
    return run


def _told_by_host(work: Work) -> Ending:
    try:
        how = str(json.loads(work.output)["how"]) if work.error is None else ""
    except (ValueError, KeyError, TypeError):
        how = ""
    return {
        "written": Ending("Success"),
        "exists": Ending("Failed", "FileAlreadyExists"),
        "no-owner": Ending("Invalid", "AccountNotExists"),
        "no-group": Ending("Invalid", "UserGroupNotExists"),
        "bad-path": Ending("Failed", "FilePathInvalid"),
        "offline": Ending("Aborted", "ClientNotRunning"),
    }.get(how) or Ending("Failed", "FileCreateFail")


def describe_send_file_results(context: Context, given: Parameters) -> Answer:
    chosen = [
        one for one in sent(context, given, files=True)
        if equal(given, Name=one.name, InvocationStatus=one.statuses(context.now)[1])
        and given.get("InstanceId", one.runs[0].instance_id) in {run.instance_id for run in one.runs}
    ]  # fmt: skip
    answer = page(chosen, given, lambda one: _sent(context, given, one), least=1, most=50)
    return {"Invocations": {"Invocation": answer.pop("items")}, **answer}


def _sent(context: Context, given: Parameters, one: Invocation) -> Answer:
    """Without Content, which the service returns: a simulator that forgets it cannot give it away."""
    asked = given.get("InstanceId")
    return {
        "InvokeId": one.invoke_id,
        "Name": one.name,
        "Description": one.description,
        "TargetDir": one.target_dir,
        "ContentType": one.content_type,
        "FileMode": one.file_mode,
        "FileOwner": one.file_owner,
        "FileGroup": one.file_group,
        "Overwrite": str(one.overwrite).lower(),
        "CreationTime": iso(one.created),
        "InvocationStatus": one.statuses(context.now)[1],
        "VmCount": len(one.runs),
        "Tags": wire_tags(one.tags),
        "InvokeInstances": {
            "InvokeInstance": [_row(context, run) for run in one.runs if asked in (None, run.instance_id)]
        },
    }


def _row(context: Context, run: Run) -> Answer:
    seen = run.seen(context.now)
    error = seen.ending.error if seen.ending else ""
    return {
        "InstanceId": run.instance_id,
        "CreationTime": iso(run.created),
        "InvocationStatus": seen.status,
        "ErrorCode": error,
        "ErrorInfo": ERROR_INFO.get(error, ""),
        "StartTime": iso(seen.start) if seen.start is not None else "",
        "FinishTime": iso(seen.finish) if seen.finish is not None else "",
        "UpdateTime": iso(seen.finish or seen.start or run.created),
    }


OPERATIONS: dict[str, Operation] = {
    "SendFile": changes(
        send_file,
        "Content ContentType Name TargetDir InstanceId Description FileMode FileOwner FileGroup Overwrite Timeout Tag"),
    "DescribeSendFileResults": reads(
        describe_send_file_results,
        "MaxResults NextToken PageNumber PageSize InvokeId InstanceId Name InvocationStatus Tag"),
}  # fmt: skip
