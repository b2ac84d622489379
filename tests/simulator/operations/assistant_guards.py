"""The guards that RunCommand and SendFile share, and the filters and paging of what was sent."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable

from ..assistant_world import Invocation
from ..errors import ApiError
from ..world import Instance
from . import common
from .common import Context, Parameters


def targets(context: Context, given: Parameters, most: int) -> list[Instance]:
    """The instances that are meant. One that is unfit fails the whole call. Source: error tables, SDK text of InstanceId."""
    ids = given.get("InstanceId") or []
    if not ids:
        raise ApiError(400, "MissingParam.InstanceId", "The parameter instanceId is missing or empty.")
    within(ids, most)
    found = []
    for instance_id in dict.fromkeys(ids):
        one = context.region.instances.get(instance_id)
        if one is None:
            raise ApiError(404, "InvalidInstance.NotFound", "The specified instance does not exist.")
        if one.status != "Running" or one.os_type != "linux":
            raise not_match()
        found.append(one)
    return found


def within(ids: list[str], most: int) -> None:
    if len(ids) > most:  # documented: error tables and SDK text
        message = "The number of instance IDs exceeds the upper limit."
        raise ApiError(403, "InstanceIds.ExceedLimit", message)


def not_match() -> ApiError:
    message = "The specified instance type does not match the command."
    return ApiError(400, "InvalidInstance.NotMatch", message)


def client_token(given: Parameters) -> None:
    token = given.get("ClientToken", "")
    if len(token) > 64 or not token.isascii():  # documented: error table of RunCommand
        raise ApiError(400, "InvalidClientToken.Malformed", "The specified parameter clientToken is not valid.")


def tags(given: Parameters) -> dict[str, str]:
    wanted = given.get("Tag", [])
    if len(wanted) > 20:  # documented: error table of SendFile
        raise ApiError(400, "NumberExceed.Tags", "The Tags parameter number is exceed.")
    return common.checked_tags(wanted)


def longest(given: Parameters, name: str, most: int, code: str) -> None:
    if len(given.get(name, "")) > most:
        raise ApiError(403, code, f"The length of {name} exceeds the upper limit.")


def decoded(text: str, is_base64: bool, refusal: ApiError) -> bytes:
    if not is_base64:
        return text.encode()
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise refusal from None


def base64_size(content: bytes) -> int:
    return (len(content) + 2) // 3 * 4


def sent(context: Context, given: Parameters, *, files: bool) -> Iterable[Invocation]:
    """The commands or the files that a Describe asks for by id, name and tags, oldest first."""
    invocations = context.region.invocations
    if "InvokeId" in given:
        asked: Iterable[Invocation] = filter(None, [invocations.get(given["InvokeId"])])
    else:
        asked = invocations.values()
    return (one for one in asked if one.is_file == files and common.tags_match(given.get("Tag"), one.tags))
