# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Access tokens (activation codes) of SMC: create, disable and delete them. The code of a token is told only once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from . import answers, inputs, smc
from .batch import chunks, each
from .client import Caller
from .errors import CloudError, LostAnswer

Token = dict[str, Any]
Result = dict[str, Any]

# documented: SDK text of Status. What DisableAccessToken leads to is assumed to be "unactivated".
ACTIVE = "activated"
# documented: SDK text of Name and Count.
NAME = re.compile(r"[A-Za-z][A-Za-z0-9:_-]{1,127}")
MOST_USES, MOST_DAYS = 1000, 90
# ListAccessTokens takes no page number. Its page size is not documented; 10 is that of the other operations.
IDS_PER_CALL = 10
_PATH = ("AccessTokens", "AccessToken")


@dataclass(frozen=True)
class Secret:
    """A new token. The code is left out wherever this is printed."""

    access_token_id: str
    code: str = field(repr=False)


def normalise(raw: Mapping[str, Any]) -> Token:
    return _read(raw) | {"access_token_id": answers.ident(raw, "AccessTokenId")}


def _read(raw: Mapping[str, Any]) -> Token:
    return {
        "access_token_id": "",
        "name": answers.text(raw, "Name") or "",
        "description": answers.text(raw, "Description") or "",
        "status": answers.text(raw, "Status") or "",
        "count": answers.number(raw, "Count"),
        "registered_count": answers.number(raw, "RegisteredCount"),
        "ttl_days": answers.number(raw, "TimeToLiveInDays"),
        "created": answers.text(raw, "CreationTime"),
    }


def valid_name(name: str) -> str:
    """A name that the service accepts: what it does not allow becomes a hyphen, and the end is cut off."""
    return re.sub(r"[^A-Za-z0-9:_-]", "-", name)[:128]


def check_name(name: str) -> None:
    if not NAME.fullmatch(name):
        raise CloudError(
            "InvalidName",
            f"{name!r} is not a letter followed by 1 to 127 letters, digits, colons, underscores or hyphens",
            kind="refused",
            hint="",
        )


def by_name(api: Caller, name: str) -> list[Token]:
    return [one for one in _whole(*_list(api, {"Name": name})) if one["name"] == name]


def by_ids(api: Caller, ids: Iterable[str]) -> list[Token]:
    wanted = inputs.sound(ids)
    found = [one for piece in chunks(wanted, IDS_PER_CALL) for one in _whole(*_list(api, {"AccessTokenId": piece}))]
    return [one for one in found if one["access_token_id"] in wanted]


def _list(api: Caller, params: dict[str, Any]) -> tuple[list[Token], int]:
    """(tokens, how many there are): the operation takes no page number, so it may list fewer than there are."""
    answer = smc.call(api, "ListAccessTokens", params)
    listed = answers.listed(answer, _PATH, "ListAccessTokens")
    found = list({one["access_token_id"]: one for one in map(normalise, listed)}.values())
    total = answers.number(answer, "TotalCount") or 0
    return found, total if total > len(listed) else len(found)


def _whole(found: list[Token], total: int) -> list[Token]:
    if total > len(found):
        text = f"{total} tokens match, but the service lists only {len(found)} of them"
        raise CloudError("TooManyTokens", text, operation="ListAccessTokens", hint="Delete those that nobody needs.")
    return found


def create(api: Caller, name: str, description: str | None, count: int, ttl_days: int) -> Secret:
    """A new token.

    There is no ClientToken. After a lost answer, tokens of that name that were not there before are ours, and nobody
    will ever learn their codes: they are deleted before another one is made.
    """
    check_name(name)
    params = {"Name": name, "Count": str(count), "TimeToLiveInDays": str(ttl_days)}
    if description:
        params["Description"] = description
    before = {one["access_token_id"] for one in by_name(api, name)}
    for attempt in range(smc.ATTEMPTS):
        try:
            answer = smc.call(api, "CreateAccessToken", params, resource=name)
        except LostAnswer:
            for orphan in by_name(api, name):
                if orphan["access_token_id"] not in before and orphan["status"] == ACTIVE:
                    remove(api, orphan["access_token_id"])
            if attempt == smc.ATTEMPTS - 1:
                raise
            continue
        secret = Secret(answers.text(answer, "AccessTokenId") or "", answers.text(answer, "AccessTokenCode") or "")
        if secret.access_token_id and secret.code:
            return secret
        raise CloudError("BadAnswer", "the new token has no id or no code", operation="CreateAccessToken")
    raise AssertionError("the last attempt returns or raises")


def disable(api: Caller, token_id: str) -> None:
    def arrived() -> bool:
        return all(one["status"] != ACTIVE for one in by_ids(api, [token_id]))

    smc.settled(api, "DisableAccessToken", {"AccessTokenId": token_id}, token_id, arrived)


def delete(api: Caller, token_id: str) -> None:
    smc.settled(api, "DeleteAccessToken", {"AccessTokenId": token_id}, token_id, lambda: not by_ids(api, [token_id]))


def remove(api: Caller, token_id: str) -> None:
    """Delete a token; where that is refused, disable it, so that its code is worth nothing in either case."""
    try:
        delete(api, token_id)
    except CloudError as error:
        if error.kind == "credentials":
            raise
        disable(api, token_id)


def purge(api: Caller, name: str) -> None:
    """Take back every token of a name, however many there are."""
    done: set[str] = set()
    for _round in range(answers.PAGES_AT_MOST):
        found = [one for one in _list(api, {"Name": name})[0] if one["name"] == name]
        todo = [one["access_token_id"] for one in found if one["access_token_id"] not in done]
        if not todo:
            return
        for token_id in todo:
            remove(api, token_id)
            done.add(token_id)
    raise _endless()


def present(
    api: Caller, name: str, description: str | None, count: int, ttl_days: int, check: bool
) -> tuple[list[Result], Secret | None]:
    """(results, the new token). A token of that name that is in force is kept, and its code stays unknown."""
    found = by_name(api, name)
    if check or any(one["status"] == ACTIVE for one in found):
        changed = not any(one["status"] == ACTIVE for one in found)
        planned = [] if not changed else [_planned(name, description, count, ttl_days)]
        return [result(one, False) for one in found] + planned, None
    secret = create(api, name, description, count, ttl_days)
    made = [one for one in by_name(api, name) if one["access_token_id"] == secret.access_token_id]
    fresh = made[0] if made else _planned(name, description, count, ttl_days)
    return [
        *(result(one, False) for one in found),
        result(fresh | {"access_token_id": secret.access_token_id}, True),
    ], secret


def _planned(name: str, description: str | None, count: int, ttl_days: int) -> Result:
    token = {
        "Name": name,
        "Description": description,
        "Count": count,
        "TimeToLiveInDays": ttl_days,
    }
    return result(_read(token) | {"access_token_id": None, "registered_count": 0}, True)


def withdraw(api: Caller, name: str | None, ids: list[str], state: str, check: bool) -> list[Result]:
    """Disable (state disabled) or delete (absent) the tokens of a name, or with these ids. Unknown ids are gone."""
    if not name:
        unknown = _read({})
        wrong = [result(unknown | {"access_token_id": one}, False, error) for one, error in inputs.wrong(ids).items()]
        return wrong + _withdraw(api, by_ids(api, ids), state, check)
    done: dict[str, Result] = {}
    for _round in range(answers.PAGES_AT_MOST):
        listed, total = _list(api, {"Name": name})
        found = [one for one in listed if one["name"] == name and one["access_token_id"] not in done]
        # Only deleting brings forward what a cut list leaves out.
        if total > len(listed) and (state != "absent" or check or not found):
            _whole(listed, total)
        done.update({one["access_token_id"]: one for one in _withdraw(api, found, state, check)})
        if total <= len(listed):
            return list(done.values())
    raise _endless()


def _endless() -> CloudError:
    return answers.bad("the service tells of new tokens without an end", "ListAccessTokens")


def _withdraw(api: Caller, found: list[Token], state: str, check: bool) -> list[Result]:
    todo = [one for one in found if state == "absent" or one["status"] == ACTIVE]
    work = delete if state == "absent" else disable
    outcomes = [] if check else each(todo, lambda one: work(api, one["access_token_id"]))
    errors = {one.item["access_token_id"]: one.error for one in outcomes}
    after = {one["access_token_id"]: one for one in by_ids(api, errors)}
    shown = []
    for one in found:
        token_id = one["access_token_id"]
        now = after.get(token_id, {"status": ""}) if token_id in errors else {}
        shown.append(result({**one, **now}, one in todo and errors.get(token_id) is None, errors.get(token_id)))
    return shown


def result(token: Mapping[str, Any], changed: bool, error: CloudError | None = None) -> Result:
    return {**token, "changed": changed, "error": error.as_dict() if error else None}
