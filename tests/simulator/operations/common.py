"""What the operations share: their context, paging, filters, and the checks of names and tags."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, TypeVar

from ..errors import ApiError
from ..faults import Fault
from ..world import Disk, Instance, Region, World

Parameters = dict[str, Any]
Answer = dict[str, Any]
Item = TypeVar("Item")
_TAG_PREFIXES = ("aliyun", "acs:")
_NAME = re.compile(r"^[^\W\d_][\w.:-]{1,127}$")


@dataclass
class Context:
    """One request's view of the world."""

    world: World
    region: Region
    now: float
    notes: list[str] = field(default_factory=list)
    # What a client's clock shows. Clients name times by it, while virtual time may be far ahead; None: the same.
    wall: float | None = None
    # What was planned to go wrong with this call, for operations that do it themselves.
    fault: Fault | None = None


Handler = Callable[[Context, Parameters], Answer]


def dry_run(given: Parameters, code: str = "DryRunOperation") -> None:
    """A dry run that found nothing wrong is answered by an error code. Source: SDK text of DryRun."""
    if given.get("DryRun"):
        raise ApiError(400, code, "Request validation has been passed with DryRun flag set.")


def instance(context: Context, instance_id: str) -> Instance:
    found = context.region.instances.get(instance_id)
    if found is None:  # documented: error table of StopInstance
        raise ApiError(404, "InvalidInstanceId.NotFound", "The specified InstanceId does not exist.")
    return found


def disk(context: Context, disk_id: str) -> Disk:
    found = context.region.disks.get(disk_id)
    if found is None:  # documented: error tables of CreateSnapshot and ResetDisk
        raise ApiError(404, "InvalidDiskId.NotFound", "The specified DiskId does not exist.")
    return found


def unlocked(owner: Instance | None) -> None:
    """A locked instance refuses everything. Source: error tables of CreateSnapshot, ResetDisk and StopInstance."""
    if owner and "security" in owner.operation_locks:
        raise ApiError(403, "InstanceLockedForSecurity", "The instance is locked due to security.")


def id_list(given: Parameters, name: str, limit: int = 100) -> list[str] | None:
    """An id filter is a JSON array that the caller built. Source: SDK text; the code is that of SnapshotIds."""
    if name not in given:
        return None
    try:
        ids = json.loads(given[name])
    except ValueError:
        ids = None
    if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids) or len(ids) > limit:
        message = f"The amount of specified {name} exceeds the limit, or it is no JSON array of strings."
        raise ApiError(403, f"Invalid{name}.Malformed", message)
    return ids


def tags_match(wanted: Sequence[Mapping[str, str]] | None, tags: Mapping[str, str]) -> bool:
    """All tags given must be there; a tag without a value asks for the key alone. Source: SDK text of Tag."""
    return all(
        one.get("Key") in tags and ("Value" not in one or one["Value"] == tags[one["Key"]]) for one in wanted or []
    )


def equal(given: Parameters, **fields: Any) -> bool:
    """Every parameter given equals the object's value."""
    return all(given[name] == value for name, value in fields.items() if name in given)


def wildcard(pattern: str | None, text: str) -> bool:
    return pattern is None or fnmatchcase(text, pattern)


def page(items: list[Item], given: Parameters, render: Callable[[Item], Answer], *, least: int, most: int) -> Answer:
    """One page of items with the paging fields; by token, or by number as long as neither token parameter is given."""
    if "MaxResults" in given or "NextToken" in given:
        size = given.get("MaxResults", 10)
        size = min(max(size, least), most)  # documented: values out of range are brought into it (SDK text)
        start = _offset(given.get("NextToken"))
        more = start + size < len(items)
        # documented: the count means nothing when paging by token, so it must not help anybody
        paging: Answer = {"NextToken": _token(start + size) if more else "", "TotalCount": 0}
    else:
        number, size = given.get("PageNumber", 1), given.get("PageSize", 10)
        if number < 1 or not 1 <= size <= most:  # assumed code; the range is the SDK's
            raise ApiError(400, "InvalidParameter", "The specified PageNumber or PageSize is not valid.")
        start = (number - 1) * size
        paging = {"PageNumber": number, "PageSize": size, "TotalCount": len(items)}
    return {"items": [render(one) for one in items[start:start + size]], **paging}  # fmt: skip


def _token(offset: int) -> str:
    return base64.urlsafe_b64encode(f"from:{offset}".encode()).decode()


def _offset(token: str | None) -> int:
    if not token:
        return 0
    try:
        word, number = base64.urlsafe_b64decode(token).decode().split(":")
        if word == "from":
            return int(number)
    except ValueError:
        pass
    raise ApiError(400, "InvalidParameter.NextToken", "The specified parameter NextToken is not valid.")  # assumed


def wire_tags(tags: Mapping[str, str], key: str = "TagKey", value: str = "TagValue") -> Answer:
    return {"Tag": [{key: name, value: text} for name, text in tags.items()]}


def new_tags(given: Parameters) -> dict[str, str]:
    """Tags given at creation. Source of limits and codes: SDK text and error table of CreateSnapshot."""
    wanted = given.get("Tag", [])
    if len(wanted) > 20:
        raise ApiError(403, "QuotaExceed.Tags", "The maximum number of tags has been reached.")
    checked = checked_tags(wanted)
    if any(text.startswith("acs:") for text in checked.values()):
        raise ApiError(400, "InvalidTagValue.Malformed", "The specified Tag.n.Value is not valid.")
    return checked


def checked_tags(wanted: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Source: SDK text of Tag.N.Key and Tag.N.Value, error table of TagResources."""
    tags: dict[str, str] = {}
    for one in wanted:
        key, text = one.get("Key", ""), one.get("Value", "")
        if not 1 <= len(key) <= 128 or key.lower().startswith(_TAG_PREFIXES) or _has_url(key):
            raise ApiError(400, "InvalidTagKey.Malformed", "The specified Tag.n.Key is not valid.")
        if len(text) > 128 or _has_url(text):
            raise ApiError(400, "InvalidTagValue.Malformed", "The specified Tag.n.Value is not valid.")
        if key in tags:
            raise ApiError(400, "Duplicate.TagKey", "The Tag.N.Key contain duplicate key.")
        tags[key] = text
    return tags


def _has_url(text: str) -> bool:
    return "http://" in text or "https://" in text


def valid_name(name: str | None) -> bool:
    """2 to 128 characters, a letter first, then letters, digits and . _ - : (SDK text of SnapshotName)."""
    return name is None or bool(_NAME.match(name))


def described(text: str | None) -> str:
    if text is not None and (not 2 <= len(text) <= 256 or text.startswith(("http://", "https://"))):
        # documented, with this odd status: error table of CreateSnapshot
        raise ApiError(404, "InvalidDescription.Malformed", "The specified description is wrongly formed.")
    return text or ""
