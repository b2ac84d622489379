# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Migration sources of SMC: read, change, tag and delete them, and find those of instances."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from . import answers, inputs, instances, smc, smc_match, tags
from .batch import Outcome, Ref, chunks, each
from .client import Caller
from .errors import CloudError
from .smc_match import Match, Source

Result = dict[str, Any]

AVAILABLE, IN_USE, UNAVAILABLE, DELETING = "Available", "InUse", "Unavailable", "Deleting"
# documented: SDK text of Name; that letters of every script are such is assumed.
NAME = re.compile(r"[^\W\d_][\w:-]{1,127}")
_PATH = ("SourceServers", "SourceServer")


def normalise(raw: Mapping[str, Any]) -> Source:
    """SystemInfo comes from the host: its addresses and hostname are used only as far as they are such."""
    system = smc.parse_json(raw.get("SystemInfo"))
    status = smc.parse_json(raw.get("StatusInfo"))
    return {
        "source_id": answers.ident(raw, "SourceId"),
        "name": answers.text(raw, "Name") or "",
        "description": answers.text(raw, "Description") or "",
        "state": answers.text(raw, "State") or "",
        "hostname": _hostname(system.get("hostname")),
        "addresses": _addresses(system.get("ipv4")) + _addresses(system.get("ipv6")),
        "platform": answers.text(raw, "Platform") or "",
        "architecture": answers.text(raw, "Architecture") or "",
        "agent_version": answers.text(raw, "AgentVersion") or "",
        "job_id": answers.text(raw, "JobId") or None,
        "created": answers.text(raw, "CreationTime"),
        "error_code": smc.text_of(raw.get("ErrorCode"), 128) or smc.text_of(status.get("error_code"), 128) or None,
        "error_message": smc.text_of(status.get("error_msg"), 1024) or None,
        "tags": tags.from_wire(raw.get("Tags")),
    }


def _hostname(text: Any) -> str:
    return text if isinstance(text, str) and re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}", text) else ""


def _addresses(value: Any) -> list[str]:
    """Addresses of a text or a list. Loopback and link-local ones are on every host, so they tell nothing."""
    texts = value if isinstance(value, list) else re.split(r"[,;\s]+", value) if isinstance(value, str) else []
    found: dict[str, None] = {}
    for text in texts[:64]:
        if not isinstance(text, str):
            continue
        try:
            address = ipaddress.ip_address(text.partition("/")[0].partition("%")[0])
        except ValueError:
            continue
        if not (address.is_loopback or address.is_link_local or address.is_unspecified or address.is_multicast):
            found[str(address)] = None
    return list(found)


def search(
    api: Caller, state: str | None = None, name: str | None = None, wanted: Mapping[str, str] | None = None
) -> list[Source]:
    """All sources of the account that match."""
    params: dict[str, Any] = {key: value for key, value in (("State", state), ("Name", name)) if value}
    if wanted:
        params["Tag"] = tags.to_wire(wanted)
    found = _unique(smc.pages(api, "DescribeSourceServers", params, _PATH))
    return [one for one in found if tags.bears(one["tags"], wanted or {})]


def by_ids(api: Caller, ids: Iterable[str]) -> dict[str, Source]:
    """Sources by their ids; those that do not exist are left out."""
    wanted = inputs.sound(ids)
    pieces = list(chunks(wanted, smc.IDS_PER_CALL))
    outcomes = each(pieces, lambda piece: _unique(smc.pages(api, "DescribeSourceServers", {"SourceId": piece}, _PATH)))
    return {one["source_id"]: one for outcome in outcomes for one in raised(outcome) if one["source_id"] in wanted}


def raised(outcome: Outcome[Any, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """The value, or the error of a piece that could not be read: half a listing must not pass for a whole one."""
    if outcome.error is not None:
        raise outcome.error
    return outcome.value or []


def _unique(found: Iterable[Mapping[str, Any]]) -> list[Source]:
    return list({one["source_id"]: one for one in map(normalise, found)}.values())


def of_instances(
    api: Caller, refs: list[Ref]
) -> tuple[dict[Ref, dict[str, Any]], dict[Ref, Match], dict[Ref, CloudError]]:
    """(instances, their matches, errors): one paged read of instances, one of all sources."""
    found, errors = instances.describe(api, refs)
    matches = smc_match.match_all(found, search(api)) if found else {}
    return found, matches, errors


@dataclass(frozen=True)
class Wish:
    """What a source shall be like. None leaves a field as it is."""

    name: str | None = None
    description: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    remove_tags: tuple[str, ...] = ()

    def check(self) -> None:
        tags.check(self.tags)
        if self.name is not None and not NAME.fullmatch(self.name):
            text = f"{inputs.shown(self.name)} cannot be the name of a migration source"
            hint = "It has 2 to 128 letters, digits, colons, underscores and hyphens, and begins with a letter."
            raise CloudError("InvalidName", text, hint=hint)
        if len(self.description or "") > 256 or (self.description or "").startswith(("http://", "https://")):
            text = f"{inputs.shown(self.description)} cannot be the description of a migration source"
            raise CloudError(
                "InvalidDescription", text, hint="It has 256 characters at most, and does not begin with a URL."
            )


def not_found(source_id: str) -> CloudError:
    return inputs.wrong_id(source_id) or CloudError(
        "SourceNotFound",
        f"there is no migration source {source_id}",
        operation="DescribeSourceServers",
        resource=source_id,
        hint="Import the instance first (smc_import), or check the id.",
    )


def ensure(api: Caller, ids: list[str], wish: Wish, check: bool) -> list[Result]:
    """Bring name, description and tags of the sources to the wish."""
    wish.check()
    found = by_ids(api, ids)
    errors = {one: not_found(one) for one in ids if one not in found}
    fields = {one: _fields(found[one], wish) for one in ids if one in found}
    changes = {one: tags.plan(found[one]["tags"], wish.tags, wish.remove_tags) for one in found}
    touched: set[str] = set()
    if not check:
        for outcome in each([one for one in fields if fields[one]], lambda one: modify(api, one, fields[one])):
            if outcome.error is not None:
                errors[outcome.item] = outcome.error
            else:
                touched.add(outcome.item)
        failed = tag(api, {one: change for one, change in changes.items() if one not in errors})
        touched.update(one for one, change in changes.items() if change and one not in errors and one not in failed)
        errors.update(failed)
    else:
        touched = {one for one in found if fields[one] or changes[one]}
    shown = {one: _after(found[one], fields[one], changes[one]) if one in touched else found[one] for one in found}
    return [_result(one, shown.get(one), one in touched, errors.get(one)) for one in ids]


def _fields(source: Source, wish: Wish) -> dict[str, str]:
    """Wire name -> new value, of what differs."""
    wanted = {"Name": (wish.name, source["name"]), "Description": (wish.description, source["description"])}
    return {key: new for key, (new, old) in wanted.items() if new is not None and new != old}


def _after(source: Source, fields: Mapping[str, str], change: tags.Change) -> Source:
    return source | {key.lower(): value for key, value in fields.items()} | {"tags": change.after}


def modify(api: Caller, source_id: str, fields: Mapping[str, str]) -> None:
    def arrived() -> bool:
        now = by_ids(api, [source_id]).get(source_id)
        return now is not None and all(now[key.lower()] == value for key, value in fields.items())

    smc.settled(api, "ModifySourceServerAttribute", {"SourceId": source_id, **fields}, source_id, arrived)


def tag(api: Caller, changes: Mapping[str, tags.Change]) -> dict[str, CloudError]:
    errors = tags.apply(api, smc.SOURCE, {smc.ref(one): change for one, change in changes.items()}, "smc")
    return {ref.id: error for ref, error in errors.items()}


def delete(api: Caller, source_id: str, force: bool) -> None:
    def arrived() -> bool:
        now = by_ids(api, [source_id]).get(source_id)
        return now is None or now["state"] == DELETING

    params = {"SourceId": source_id} | ({"Force": True} if force else {})
    smc.settled(api, "DeleteSourceServer", params, source_id, arrived)


def absent(api: Caller, ids: list[str], wanted: Mapping[str, str] | None, force: bool, check: bool) -> list[Result]:
    """Delete the sources with these ids, or those that bear the tags. What is gone, or going, is left alone."""
    known = {one["source_id"]: one for one in search(api, wanted=wanted)} if wanted else by_ids(api, ids)
    names = list(known) if wanted else ids
    wrong = inputs.wrong(names)
    todo = [one for one in names if one in known and known[one]["state"] != DELETING]
    outcomes = [] if check else each(todo, lambda one: delete(api, one, force))
    errors = wrong | {outcome.item: outcome.error for outcome in outcomes if outcome.error is not None}
    return [_result(one, known.get(one), one in todo and one not in errors, errors.get(one)) for one in names]


def _result(source_id: str, source: Source | None, changed: bool, error: CloudError | None) -> Result:
    shown: Result = {"source_id": source_id, "name": None, "description": None, "state": None, "tags": {}}
    shown |= {key: source[key] for key in shown if source is not None}
    return {**shown, "changed": changed, "error": error.as_dict() if error else None}
