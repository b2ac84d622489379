# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of security groups: their shape on the wire, and what makes two of them the same. Pure."""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from . import answers
from .errors import CloudError

INGRESS, EGRESS = "ingress", "egress"
NO_PORTS = "-1/-1"
# The lowest priority there is (documented: 1 is the highest, 100 the lowest; of the same priority, drop wins).
LOWEST = 100
# Who is at the other end, by direction, when it is an address.
_ADDRESS = {INGRESS: ("SourceCidrIp", "Ipv6SourceCidrIp"), EGRESS: ("DestCidrIp", "Ipv6DestCidrIp")}
# Fields that make a rule another one than any that we make.
_FOREIGN = (
    "SourceGroupId",
    "DestGroupId",
    "SourcePrefixListId",
    "DestPrefixListId",
    "SourcePortRange",
    "PortRangeListId",
)


@dataclass(frozen=True)
class Rule:
    """cidr: an address range. The description does not make a rule another one, and neither does its id."""

    direction: str
    protocol: str
    ports: str
    cidr: str
    policy: str = "accept"
    priority: int = 1
    foreign: tuple[tuple[str, str], ...] = ()
    description: str = field(default="", compare=False)
    rule_id: str | None = field(default=None, compare=False)

    def as_dict(self) -> dict[str, Any]:
        return {
            "direction": self.direction,
            "protocol": self.protocol,
            "ports": self.ports,
            "cidr": self.cidr or None,
            "policy": self.policy,
            "priority": self.priority,
            "description": self.description,
            "other": dict(self.foreign),
        }


def wanted(direction: str, given: Mapping[str, Any]) -> Rule:
    """A rule as the caller gave it: ports "22", "22/22" or "8000/8100"; cidr an address or a range, of IPv4 or IPv6."""
    protocol, policy = str(given["protocol"]).lower(), str(given.get("policy") or "accept").lower()
    return Rule(
        direction=direction,
        protocol=protocol,
        ports=_ports(protocol, given.get("ports")),
        cidr=_cidr(str(given["cidr"])),
        policy=policy,
        priority=int(given.get("priority") or 1),
        description=str(given.get("description") or ""),
    )


def _ports(protocol: str, given: Any) -> str:
    text = str(given or "").strip()
    if protocol not in ("tcp", "udp"):
        if text not in ("", NO_PORTS):
            raise _invalid(f"protocol {protocol} has no ports, and {text} are given")
        return NO_PORTS
    first, _slash, last = text.replace("-", "/").partition("/")
    last = last or first
    if not (first.isdigit() and last.isdigit() and 1 <= int(first) <= int(last) <= 65535):
        raise _invalid(f"ports {text!r} of protocol {protocol} are no port and no range such as 8000/8100")
    return f"{int(first)}/{int(last)}"


def _cidr(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text.strip(), strict=False))
    except ValueError as error:
        raise _invalid(f"cidr {text!r} is no address range: {error}") from error


def _invalid(text: str) -> CloudError:
    return CloudError("InvalidRule", text, kind="unsent", hint="")


def deny_rest(direction: str = EGRESS) -> Rule:
    """Drop everything that no rule of a higher priority lets through."""
    text = "everything else is dropped"
    return Rule(direction, "all", NO_PORTS, "0.0.0.0/0", "drop", LOWEST, description=text)


def plan(
    ingress: Iterable[Mapping[str, Any]], egress: Iterable[Mapping[str, Any]], deny_other_egress: bool
) -> list[Rule]:
    """All rules that a group should have, each once."""
    rules = [wanted(INGRESS, one) for one in ingress] + [wanted(EGRESS, one) for one in egress]
    rules += [deny_rest()] if deny_other_egress else []
    for one in rules:
        if not 1 <= one.priority <= LOWEST:
            raise _invalid(f"priority {one.priority} is not within 1 and {LOWEST}")
    return list(dict.fromkeys(rules))


def from_wire(raw: Mapping[str, Any]) -> Rule:
    """A rule as DescribeSecurityGroupAttribute tells of it. It writes words in capitals and single addresses bare."""
    direction = str(raw.get("Direction") or INGRESS).lower()
    if direction not in _ADDRESS:
        raise answers.bad(f"a rule has the direction {direction[:40]!r}", "DescribeSecurityGroupAttribute")
    address = next((one for key in _ADDRESS[direction] if (one := answers.text(raw, key))), "")
    with contextlib.suppress(CloudError):
        address = _cidr(address) if address else ""
    return Rule(
        direction=direction,
        protocol=str(raw.get("IpProtocol") or "").lower(),
        ports=str(raw.get("PortRange") or NO_PORTS),
        cidr=address,
        policy=str(raw.get("Policy") or "accept").lower(),
        priority=answers.number({"Priority": raw.get("Priority") or 1}, "Priority") or 0,
        foreign=tuple((key, str(raw[key])) for key in _FOREIGN if raw.get(key)),
        description=str(raw.get("Description") or ""),
        rule_id=answers.text(raw, "SecurityGroupRuleId") or None,
    )


def to_wire(rule: Rule) -> dict[str, Any]:
    """One of the Permissions of AuthorizeSecurityGroup(Egress)."""
    ipv4, ipv6 = _ADDRESS[rule.direction]
    permission = {
        "IpProtocol": rule.protocol,
        "PortRange": rule.ports,
        "Policy": rule.policy,
        "Priority": str(rule.priority),
        ipv6 if ":" in rule.cidr else ipv4: rule.cidr,
    }
    return permission | ({"Description": rule.description} if rule.description else {})


def order(rules: Iterable[Rule]) -> list[Rule]:
    """In the order in which the service looks at them."""
    return sorted(rules, key=lambda one: (one.direction != INGRESS, one.priority, one.policy != "drop", one.protocol,
                                          one.ports, one.cidr))  # fmt: skip
