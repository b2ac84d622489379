"""Tags of source servers and jobs. Source of codes and messages: API metadata of the three operations."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import ApiError
from .common import Answer, Context, Parameters, checked_tags, page, tags_match
from .table import Operation, changes, reads

# documented: example of the answer of ListTagResources
_LISTED_TYPES = {"sourceserver": "ALIYUN::SMC::SOURCESERVER", "replicationjob": "ALIYUN::SMC::REPLICATIONJOB"}


def _too_many_tags() -> ApiError:
    return ApiError(400, "NumberExceed.Tags", "The maximum number of the Tag parameters cannot exceed 20.")


def _tags_of(context: Context, kind: str) -> Mapping[str, dict[str, str]]:
    if kind == "sourceserver":
        return {key: one.tags for key, one in context.world.smc.sources.items()}
    if kind == "replicationjob":
        return {key: one.tags for key, one in context.world.smc.jobs.items()}
    raise ApiError(400, "InvalidResourceType.NotFound", "The specified ResourceType does not exist.")


def _known(context: Context, given: Parameters) -> Mapping[str, dict[str, str]]:
    ids = given.get("ResourceId") or []
    known = _tags_of(context, given["ResourceType"])
    if len(ids) > 50:
        message = "The maximum number of ResourceId parameters cannot exceed 50."
        raise ApiError(400, "NumberExceed.ResourceIds", message)
    if len(set(ids)) < len(ids):
        raise ApiError(400, "Duplicate.ResourceId", "The ResourceId contains duplicate values.")
    if not set(ids) <= known.keys():
        raise ApiError(400, "InvalidResourceId.NotFound", "The specified ResourceIds do not exist.")
    return known


def tag_resources(context: Context, given: Parameters) -> Answer:
    if len(given["Tag"]) > 20:
        raise _too_many_tags()
    wanted, known = checked_tags(given["Tag"]), _known(context, given)
    resources = [known[one] for one in given["ResourceId"]]
    if any(len(tags | wanted) > 20 for tags in resources):  # documented limit of each resource, assumed code
        raise _too_many_tags()
    for tags in resources:
        tags |= wanted
    return {}


def untag_resources(context: Context, given: Parameters) -> Answer:
    keys, known = given.get("TagKey") or [], _known(context, given)
    if len(keys) > 20:
        raise _too_many_tags()
    for tags in (known[one] for one in given["ResourceId"]):
        # documented: All counts only where no TagKey is given
        for key in keys or (list(tags) if given.get("All") else []):
            tags.pop(key, None)
    return {}


def list_tag_resources(context: Context, given: Parameters) -> Answer:
    ids, wanted, known = given.get("ResourceId"), given.get("Tag"), _known(context, given)
    rows = [
        {"ResourceId": key, "ResourceType": _LISTED_TYPES[given["ResourceType"]], "TagKey": name, "TagValue": text}
        for key, tags in known.items()
        if (not ids or key in ids) and tags_match(wanted, tags)
        for name, text in tags.items()
    ]
    # the page size is not published: assumed
    answer = page(rows, {"NextToken": given.get("NextToken", ""), "MaxResults": 50}, lambda row: row, least=50, most=50)
    return {"TagResources": {"TagResource": answer["items"]}, "NextToken": answer["NextToken"]}


OPERATIONS: dict[str, Operation] = {
    "TagResources": changes(tag_resources, "ResourceType ResourceId Tag", "smc"),
    "UntagResources": changes(untag_resources, "ResourceType ResourceId TagKey All", "smc"),
    "ListTagResources": reads(list_tag_resources, "ResourceType ResourceId Tag NextToken", "smc"),
}
