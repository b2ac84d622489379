"""Tags of instances, disks, snapshots, images and security groups."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import ApiError, not_modelled
from .common import Answer, Context, Parameters, checked_tags, page, tags_match
from .table import Operation, changes, reads

# documented: SDK text of ResourceType
_TYPES = (
    "instance",
    "disk",
    "snapshot",
    "image",
    "securitygroup",
    "volume",
    "eni",
    "ddh",
    "ddhcluster",
    "keypair",
    "launchtemplate",
    "reservedinstance",
    "snapshotpolicy",
    "elasticityassurance",
    "capacityreservation",
    "command",
    "invocation",
    "activation",
    "managedinstance",
)


def _tags_of(context: Context, kind: str) -> Mapping[str, dict[str, str]]:
    if kind not in _TYPES:  # documented: error table of TagResources
        raise ApiError(404, "InvalidResourceType.NotFound", "The ResourceType provided does not exist in our records.")
    if kind == "instance":
        return {key: one.tags for key, one in context.region.instances.items()}
    if kind == "disk":
        return {key: one.tags for key, one in context.region.disks.items()}
    if kind == "snapshot":
        return {key: one.tags for key, one in context.region.snapshots.items()}
    if kind == "image":
        return {key: one.tags for key, one in context.region.images.items() if one.owner == "self"}
    if kind == "securitygroup":
        return {key: one.tags for key, one in context.region.security_groups.items()}
    raise not_modelled(f"tags of the resource type {kind}")


def _resources(context: Context, given: Parameters) -> list[dict[str, str]]:
    """Source of the codes: error table of TagResources."""
    if len(given["ResourceId"]) > 50:
        raise ApiError(400, "NumberExceed.ResourceIds", "The ResourceIds parameter's number is exceed , Valid : 50")
    known = _tags_of(context, given["ResourceType"])
    if not set(given["ResourceId"]) <= known.keys():
        raise ApiError(404, "InvalidResourceId.NotFound", "The specified ResourceIds are not found in our records.")
    return [known[one] for one in given["ResourceId"]]


def tag_resources(context: Context, given: Parameters) -> Answer:
    if len(given["Tag"]) > 20:
        raise ApiError(400, "NumberExceed.Tags", "The Tags parameter's number is exceed , Valid : 20")
    wanted = checked_tags(given["Tag"])
    resources = _resources(context, given)
    if any(len(tags | wanted) > 20 for tags in resources):  # documented code, limit of 20 per resource
        raise ApiError(400, "OperationDenied.QuotaExceed", "The quota of tags on resource is beyond permitted range.")
    for tags in resources:
        tags |= wanted
    return {}


def untag_resources(context: Context, given: Parameters) -> Answer:
    keys = given.get("TagKey") or []
    if len(keys) > 20:
        raise ApiError(400, "NumberExceed.Tags", "The Tags parameter's number is exceed , Valid : 20")
    for tags in _resources(context, given):
        # documented: All counts only where no TagKey is given
        for key in keys or (list(tags) if given.get("All") else []):
            tags.pop(key, None)
    return {}


def list_tag_resources(context: Context, given: Parameters) -> Answer:
    kind = given["ResourceType"]
    ids, wanted = given.get("ResourceId"), given.get("Tag")
    if not ids and not wanted:  # assumed code
        raise ApiError(400, "MissingParameter.ResourceIdOrTag", "You must specify ResourceId.N or Tag.N.")
    if ids and len(ids) > 50:
        raise ApiError(400, "NumberExceed.ResourceIds", "The ResourceIds parameter's number is exceed , Valid : 50")
    rows = [
        {"ResourceId": key, "ResourceType": kind, "TagKey": name, "TagValue": text}
        for key, tags in _tags_of(context, kind).items()
        if (not ids or key in ids) and tags_match(wanted, tags)
        for name, text in tags.items()
        if not wanted or name in {one.get("Key") for one in wanted}
    ]
    # the page size is not published: assumed
    answer = page(rows, {"NextToken": given.get("NextToken", ""), "MaxResults": 50}, lambda row: row, least=50, most=50)
    return {"TagResources": {"TagResource": answer["items"]}, "NextToken": answer["NextToken"]}


OPERATIONS: dict[str, Operation] = {
    "TagResources": changes(tag_resources, "ResourceType ResourceId Tag"),
    "UntagResources": changes(untag_resources, "ResourceType ResourceId TagKey All"),
    "ListTagResources": reads(list_tag_resources, "ResourceType ResourceId Tag NextToken"),
}
