# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which instances become hosts of an inventory, with which addresses and variables; and what the options may say."""

from __future__ import annotations

import difflib
import hashlib
import ipaddress
import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

Instance = Mapping[str, Any]
Predicate = Callable[[Instance], bool]

ADDRESSES = ("private_ip", "public_ip", "eip", "ipv6")


class SelectError(ValueError):
    """The user's selection means nothing, or does not fit an instance."""


def printable(text: str) -> str:
    """Text of the cloud for a terminal: no control sequences, no line breaks."""
    return "".join(one if one.isprintable() else "?" for one in text)


def queries(expressions: Iterable[str]) -> Predicate:
    """True for an instance for which all JMESPath expressions are true, as JMESPath understands it."""
    wanted = list(expressions)
    if not wanted:
        return lambda instance: True
    try:
        import jmespath
    except ImportError as error:
        raise SelectError(_missing("query", "jmespath", error)) from error
    compiled = []
    for text in wanted:
        try:
            compiled.append((text, jmespath.compile(text)))
        # What a malformed expression raises besides ValueError is not documented.
        except (ValueError, TypeError, AttributeError) as error:
            raise SelectError(f"query: {text!r} is no JMESPath expression: {_one_line(error)}") from error

    def holds(instance: Instance) -> bool:
        for text, expression in compiled:
            try:
                value = expression.search(instance)
            except (ValueError, TypeError) as error:
                where = f"instance {instance['instance_id']}"
                raise SelectError(f"query: {text!r} cannot be used on {where}: {_one_line(error)}") from error
            if value is None or value is False or value in ("", [], {}):
                return False
        return True

    return holds


def networks(texts: Iterable[str]) -> Predicate:
    """True for an instance with an address in one of the networks; true for all when none is given."""
    wanted = list(texts)
    if not wanted:
        return lambda instance: True
    try:
        import netaddr
    except ImportError as error:
        raise SelectError(_missing("cidrs", "netaddr", error)) from error
    ranges = []
    for text in wanted:
        try:
            # netaddr takes 10 for 10.0.0.0; nobody knows what was meant.
            ipaddress.ip_network(text, strict=False)
            ranges.append(netaddr.IPNetwork(text))
        except (ValueError, TypeError, netaddr.AddrFormatError) as error:
            raise SelectError(f"cidrs: {text!r} is no network such as 10.0.0.0/8 or 2001:db8::/32") from error
    merged = netaddr.IPSet(ranges)
    return lambda instance: any(netaddr.IPAddress(one) in merged for one in all_addresses(instance))


def all_addresses(instance: Instance) -> list[str]:
    texts = (*instance["private_ips"], *instance["public_ips"], *instance["ipv6_addresses"])
    return [address for address in map(usual_form, texts) if address]


def address(instance: Instance, preference: Iterable[str]) -> str | None:
    """The first address that the instance has, in the order of preference."""
    return next((found for found in (_address(instance, kind) for kind in preference) if found), None)


def check_addresses(preference: Sequence[str]) -> list[str]:
    """The preference as it was given; an empty list where no address is wanted."""
    unknown = [kind for kind in preference if kind not in (*ADDRESSES, "none")]
    if unknown or ("none" in preference and len(preference) > 1):
        raise SelectError(f"address: give some of {', '.join(ADDRESSES)}, or none alone; not {', '.join(preference)}")
    return [kind for kind in preference if kind != "none"]


def check_regions(given: Iterable[Any]) -> list[str]:
    """Each region once, in their order; ["all"] for all of them."""
    regions = list(dict.fromkeys(str(region) for region in given))
    if not regions:
        raise SelectError("regions: give a list, or all, or set the environment variable ALICLOUD_REGION")
    wrong = [region for region in regions if not re.fullmatch(r"[a-z0-9-]+", region)]
    if wrong or ("all" in regions and len(regions) > 1):
        raise SelectError(f"regions: give ids such as cn-hangzhou, or all alone; not {', '.join(wrong or regions)}")
    return regions


def check_access(given: Mapping[str, str | None]) -> None:
    if bool(given["access_key_id"]) != bool(given["access_key_secret"]):
        raise SelectError("access_key_id and access_key_secret need each other")
    if given["security_token"] and not given["access_key_id"]:
        raise SelectError("security_token needs access_key_id and access_key_secret")


def check_names(given: Iterable[Any], known: Iterable[str]) -> None:
    """An option that is misspelt would be ignored, and a filter that is ignored widens what is selected."""
    names = list(known)
    for name in given:
        if name not in names:
            near = difflib.get_close_matches(str(name), names, 1)
            raise SelectError(f"{name} is no option of this plugin{f', did you mean {near[0]}?' if near else ''}")


def fingerprint(*parts: Any) -> str:
    """A short key of values that JSON can hold."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def is_kept(kept: Any) -> bool:
    """Whether this is what was put into the cache; anything else is read anew."""
    return isinstance(kept, list) and all(isinstance(one, dict) and "instance_id" in one for one in kept)


def check_filters(given: Mapping[str, Any], known: Iterable[str]) -> tuple[dict[str, str], dict[str, str | None]]:
    """(filters, tags) of the option filters. A filter that is not known would widen what is selected."""
    filters = dict(given)
    tags = filters.pop("tags", None) or {}
    names = sorted(known)
    unknown = [str(name) for name in filters if name not in names]
    if unknown:
        raise SelectError(f"filters: {', '.join(sorted(unknown))} is unknown; there are tags, {', '.join(names)}")
    if not isinstance(tags, Mapping):
        raise SelectError("filters: tags has to be a mapping of keys to values")
    return (
        {name: _text(f"filters: {name}", value) for name, value in filters.items() if value is not None},
        {str(key): None if value is None else _text(f"filters: tag {key}", value) for key, value in tags.items()},
    )


def host_variables(instance: Instance, prefix: str) -> dict[str, Any]:
    """The instance's attributes under the prefix, and the two that the playbooks of the collection ask for."""
    ids = {"os_migration_instance_id": instance["instance_id"], "os_migration_region": instance["region_id"]}
    return {f"{prefix}{key}": value for key, value in instance.items()} | ids


def plain_id(instance: Instance) -> str:
    """The instance ID as letters, digits and dashes, whatever the answer said."""
    return re.sub(r"[^A-Za-z0-9-]", "-", str(instance["instance_id"])).lstrip("-") or "unknown"


def _address(instance: Instance, kind: str) -> str | None:
    texts = {
        "private_ip": instance["private_ips"],
        "public_ip": instance["public_ips"],
        "eip": [instance["eip"]],
        "ipv6": instance["ipv6_addresses"],
    }[kind]
    return next((found for found in map(usual_form, texts) if found), None)


def usual_form(text: Any) -> str | None:
    """The address in its usual form. A zone such as fe80::1%eth0 is free text, and refused."""
    try:
        return None if "%" in str(text) else str(ipaddress.ip_address(str(text)))
    except ValueError:
        return None


def _text(where: str, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise SelectError(f"{where} takes one text, not {value!r}: put true and false in quotes, use query for more")
    return str(value)


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())


def _missing(option: str, package: str, error: ImportError) -> str:
    return (
        f"The option {option} needs {package}, which is missing for {sys.executable}: {error}. "
        f"Install it with: {sys.executable} -m pip install {package}"
    )
