"""Security groups with their rules, and the vSwitches of the ECS API's own, older action."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping

from ..clock import iso
from ..compute_world import Rule, SecurityGroup
from ..errors import ApiError, not_modelled
from . import common
from .common import Answer, Context, Parameters, equal, id_list, page, tags_match, wire_tags
from .table import PAGED, Operation, changes, reads

MAX_RULES = 200
_PORTLESS = ("ICMP", "GRE", "ALL")
# Wire fields that say who is at the other end. Prefix lists and other accounts are not modelled.
_PEERS = {
    "ingress": ("SourceCidrIp", "Ipv6SourceCidrIp", "SourceGroupId"),
    "egress": ("DestCidrIp", "Ipv6DestCidrIp", "DestGroupId"),
}
_RULE_KEYS = {"IpProtocol", "PortRange", "Policy", "Priority", "Description", "NicType"}


def group_of(context: Context, group_id: str) -> SecurityGroup:
    found = context.region.security_groups.get(group_id)
    if found is None:  # documented: error table of AuthorizeSecurityGroup
        raise ApiError(404, "InvalidSecurityGroupId.NotFound", "The specified SecurityGroupId does not exist.")
    return found


def create_security_group(context: Context, given: Parameters) -> Answer:
    """Its limit of 100 in a region is documented, the codes are assumed: no table of them was found."""
    if not common.valid_name(given.get("SecurityGroupName")):
        raise ApiError(400, "InvalidSecurityGroupName.Malformed", "The specified SecurityGroupName is not valid.")
    description = common.described(given.get("Description"))
    tags = common.new_tags(given)
    kind = given.get("SecurityGroupType", "normal")
    if kind not in ("normal", "enterprise"):
        raise ApiError(400, "InvalidSecurityGroupType.ValueNotSupported", "SecurityGroupType is not valid.")
    if "VpcId" not in given:
        raise not_modelled("security groups of the classic network")
    if given["VpcId"] not in {one.vpc_id for one in context.region.vswitches.values()}:
        raise ApiError(404, "InvalidVpcId.NotFound", "The specified VpcId does not exist.")
    if len(context.region.security_groups) >= context.region.security_group_quota:
        raise ApiError(403, "QuotaExceed.SecurityGroup", "The maximum number of security groups is reached.")
    group_id = context.world.new_id("sg")
    # documented: members of a basic group reach each other, members of an advanced one do not
    inner = "Drop" if kind == "enterprise" else "Accept"
    context.region.security_groups[group_id] = SecurityGroup(
        group_id, given.get("SecurityGroupName", ""), description, given["VpcId"], kind, context.now, inner, tags=tags
    )
    return {"SecurityGroupId": group_id}


def modify_policy(context: Context, given: Parameters) -> Answer:
    group = group_of(context, given["SecurityGroupId"])
    policy = given["InnerAccessPolicy"].capitalize()  # documented: the case does not matter
    if policy not in ("Accept", "Drop"):  # assumed code
        raise ApiError(400, "InvalidPolicy.Malformed", "The specified parameter InnerAccessPolicy is not valid.")
    if group.type == "enterprise":  # documented rule, assumed code
        raise ApiError(403, "InvalidOperation.EnterpriseGroup", "The policy of an advanced group is fixed.")
    group.inner_access = policy
    return {}


def _authorize(direction: str) -> Callable[[Context, Parameters], Answer]:
    def handler(context: Context, given: Parameters) -> Answer:
        group = group_of(context, given["SecurityGroupId"])
        known = {one.identity for one in group.rules}
        new = {one.identity: one for one in _wanted(context, group, direction, given)}
        # documented: a rule that is there already is no error and is not added again
        added = [one for identity, one in new.items() if identity not in known]
        if len(group.rules) + len(added) > MAX_RULES:
            message = "The limit of authorization records in the security group reaches."
            raise ApiError(403, "AuthorizationLimitExceed", message)
        group.rules += added
        return {}

    return handler


def _revoke(direction: str) -> Callable[[Context, Parameters], Answer]:
    def handler(context: Context, given: Parameters) -> Answer:
        """A rule that matches nothing is no error (documented). Without Priority it stands for 1 (documented)."""
        group = group_of(context, given["SecurityGroupId"])
        ids = given.get("SecurityGroupRuleId") or []
        if ids:
            if given.get("Permissions"):
                raise not_modelled("SecurityGroupRuleId and Permissions at once")
            unwanted = {one.identity for one in group.rules if one.rule_id in ids and one.direction == direction}
        else:
            unwanted = {one.identity for one in _wanted(context, group, direction, given)}
        group.rules = [one for one in group.rules if one.identity not in unwanted]
        return {}

    return handler


def _wanted(context: Context, group: SecurityGroup, direction: str, given: Parameters) -> list[Rule]:
    permissions = given.get("Permissions") or []
    if not permissions:  # assumed code
        raise ApiError(400, "MissingParameter", "The input parameter Permissions is not supplied.")
    if len(permissions) > 100:  # the limit is documented (SDK text), the code is assumed
        raise ApiError(400, "InvalidParameter", "No more than 100 Permissions can be given.")
    return [_rule(context, group, direction, one) for one in permissions]


def _rule(context: Context, group: SecurityGroup, direction: str, one: Mapping[str, str]) -> Rule:
    """Source of the codes: error tables of AuthorizeSecurityGroup and AuthorizeSecurityGroupEgress (2021)."""
    if unheeded := set(one) - _RULE_KEYS - set(_PEERS[direction]):
        raise not_modelled(f"{', '.join(sorted(unheeded))} of a rule")
    protocol = one.get("IpProtocol", "").upper()
    if protocol not in ("TCP", "UDP", *_PORTLESS):
        message = "The parameter IpProtocol must be specified with case insensitive TCP, UDP, ICMP, GRE or All."
        raise ApiError(400, "InvalidIpProtocol.ValueNotSupported", message)
    ports = _ports(protocol, one.get("PortRange", ""))
    policy = one.get("Policy", "accept").lower()
    if policy not in ("accept", "drop"):
        raise ApiError(400, "InvalidPolicy.Malformed", 'The specified parameter "Policy" is not valid.')
    priority = one.get("Priority", "1")
    if not priority.isdigit() or not 1 <= int(priority) <= 100:
        raise ApiError(400, "InvalidPriority.ValueNotSupported", "The parameter Priority is invalid.")
    return Rule(
        rule_id=context.world.new_id("sgr"),
        direction=direction,
        protocol=protocol,
        ports=ports,
        policy=policy,
        priority=int(priority),
        peers=_peers(context, group, direction, one),
        description=one.get("Description", ""),
        created=context.now,
    )


def _ports(protocol: str, text: str) -> str:
    first, slash, last = text.partition("/")
    if protocol in _PORTLESS and text == "-1/-1":
        return text
    if protocol in _PORTLESS or text == "-1/-1":
        message = "The specified IpProtocol does not exist or IpProtocol and PortRange do not match."
        raise ApiError(400, "OperationDenied", message)
    if not (slash and first.isdigit() and last.isdigit() and 1 <= int(first) <= int(last) <= 65535):
        raise ApiError(400, "InvalidIpProtocol.Malformed", 'The specified parameter "PortRange" is not valid.')
    return text


def _peers(context: Context, group: SecurityGroup, direction: str, one: Mapping[str, str]) -> dict[str, str]:
    peers = {key: one[key] for key in _PEERS[direction] if one.get(key)}
    end = "Source" if direction == "ingress" else "Dest"
    if not peers:
        raise ApiError(400, f"MissingParameter.{end}", f"Either {end}CidrIp or {end}GroupId must be specified.")
    for key, kind in ((f"{end}CidrIp", ipaddress.IPv4Network), (f"Ipv6{end}CidrIp", ipaddress.IPv6Network)):
        try:
            kind(peers.get(key, "0.0.0.0/0" if kind is ipaddress.IPv4Network else "::/0"), strict=False)
        except ValueError:
            raise ApiError(400, f"Invalid{end}CidrIp.Malformed", f'The parameter "{key}" is not valid.') from None
    if (other := peers.get(f"{end}GroupId")) is not None:
        if other not in context.region.security_groups:
            raise ApiError(404, f"Invalid{end}GroupId.NotFound", f"The {end}GroupId does not exist in our records.")
        if other == group.group_id:
            code = "InvalidParamter.Conflict" if direction == "ingress" else "InvalidSecurityGroup.IsSame"
            raise ApiError(403, code, "The authorized SecurityGroupId should be different.")
    return peers


def describe_security_groups(context: Context, given: Parameters) -> Answer:
    common.dry_run(given)
    ids = id_list(given, "SecurityGroupIds")
    chosen = [
        one for one in context.region.security_groups.values()
        if (ids is None or one.group_id in ids)
        and equal(given, SecurityGroupId=one.group_id, VpcId=one.vpc_id, SecurityGroupName=one.name,
                  SecurityGroupType=one.type, NetworkType="vpc")
        and tags_match(given.get("Tag"), one.tags)
    ]  # fmt: skip
    answer = page(chosen, given, _group, least=1, most=100)
    return {"SecurityGroups": {"SecurityGroup": answer.pop("items")}, "RegionId": context.region.region_id, **answer}


def _group(one: SecurityGroup) -> Answer:
    return {
        "SecurityGroupId": one.group_id,
        "SecurityGroupName": one.name,
        "Description": one.description,
        "SecurityGroupType": one.type,
        "VpcId": one.vpc_id,
        "CreationTime": iso(one.created),
        "ServiceManaged": False,
        "Tags": wire_tags(one.tags),
    }


def describe_attribute(context: Context, given: Parameters) -> Answer:
    group = group_of(context, given["SecurityGroupId"])
    wanted = given.get("Direction", "all")
    rules = [one for one in group.rules if wanted in ("all", one.direction)]
    # documented: pages of 10 to 1000, by default of 500
    answer = page(rules, {"MaxResults": 500, **given}, _permission, least=10, most=1000)
    return {
        "SecurityGroupId": group.group_id,
        "SecurityGroupName": group.name,
        "Description": group.description,
        "VpcId": group.vpc_id,
        "RegionId": context.region.region_id,
        "InnerAccessPolicy": group.inner_access,
        "Permissions": {"Permission": answer["items"]},
        "NextToken": answer["NextToken"],
    }


def _permission(one: Rule) -> Answer:
    empty = {key: "" for keys in _PEERS.values() for key in keys}
    return {
        **empty,
        **one.peers,
        "SecurityGroupRuleId": one.rule_id,
        "Direction": one.direction,
        "IpProtocol": one.protocol,
        "PortRange": one.ports,
        # documented: the sample answers write it with a capital
        "Policy": one.policy.capitalize(),
        "Priority": str(one.priority),
        "NicType": "intranet",
        "Description": one.description,
        "CreateTime": iso(one.created),
    }


def delete_security_group(context: Context, given: Parameters) -> Answer:
    """Source of the code: error table of DeleteSecurityGroup (2021)."""
    group = group_of(context, given["SecurityGroupId"])
    if any(group.group_id in one.security_group_ids for one in context.region.instances.values()):
        raise ApiError(403, "DependencyViolation", "There is still instance(s) in the specified security group.")
    others = [one for one in context.region.security_groups.values() if one is not group]
    if any(group.group_id in rule.peers.values() for one in others for rule in one.rules):
        message = "The specified security group has been authorized in another one."
        raise ApiError(403, "DependencyViolation", message)
    del context.region.security_groups[group.group_id]
    return {}


def describe_vswitches(context: Context, given: Parameters) -> Answer:
    chosen = [
        one for one in context.region.vswitches.values()
        if equal(given, VSwitchId=one.vswitch_id, VpcId=one.vpc_id, ZoneId=one.zone_id, IsDefault=one.is_default)
    ]  # fmt: skip
    taken = [one.vswitch_id for one in context.region.instances.values()]
    answer = page(chosen, given, lambda one: {
        "VSwitchId": one.vswitch_id, "VSwitchName": one.name, "VpcId": one.vpc_id, "ZoneId": one.zone_id,
        "CidrBlock": one.cidr, "IsDefault": one.is_default, "Status": "Available", "Description": "",
        "AvailableIpAddressCount": max(
            0, ipaddress.IPv4Network(one.cidr).num_addresses - 4 - taken.count(one.vswitch_id)),
    }, least=1, most=50)  # fmt: skip
    return {"VSwitches": {"VSwitch": answer.pop("items")}, **answer}


OPERATIONS: dict[str, Operation] = {
    "CreateSecurityGroup": changes(
        create_security_group, "VpcId SecurityGroupName SecurityGroupType Description Tag"),
    "ModifySecurityGroupPolicy": changes(modify_policy, "SecurityGroupId InnerAccessPolicy"),
    "AuthorizeSecurityGroup": changes(_authorize("ingress"), "SecurityGroupId Permissions"),
    "AuthorizeSecurityGroupEgress": changes(_authorize("egress"), "SecurityGroupId Permissions"),
    "RevokeSecurityGroup": changes(_revoke("ingress"), "SecurityGroupId Permissions SecurityGroupRuleId"),
    "RevokeSecurityGroupEgress": changes(_revoke("egress"), "SecurityGroupId Permissions SecurityGroupRuleId"),
    "DescribeSecurityGroups": reads(
        describe_security_groups,
        PAGED + "SecurityGroupIds SecurityGroupId VpcId SecurityGroupName SecurityGroupType NetworkType Tag"),
    "DescribeSecurityGroupAttribute": reads(
        describe_attribute, "SecurityGroupId Direction NicType MaxResults NextToken"),
    "DeleteSecurityGroup": changes(delete_security_group, "SecurityGroupId"),
    "DescribeVSwitches": reads(describe_vswitches, "PageNumber PageSize VSwitchId VpcId ZoneId IsDefault"),
}  # fmt: skip
