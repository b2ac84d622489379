"""Access tokens, also called activation codes: what a client needs to import its host as a source server."""

from __future__ import annotations

import re

from ..clock import iso
from ..errors import ApiError
from ..smc_world import Token, digest, make_code
from ..world import World
from .common import Answer, Context, Parameters, equal
from .table import Operation, changes, reads

# documented: SDK text of the answer of ListAccessTokens, whose request takes no page: more are never listed
LISTED = 20
_NAME = re.compile(r"[^\W\d_][\w:-]{1,127}")


def bad(name: str) -> ApiError:
    """No code is documented for a value that SMC does not accept: assumed."""
    return ApiError(400, "InvalidParameter", f"The specified parameter {name} is not valid.")


def checked_name(given: Parameters, name: str = "Name") -> str:
    """2 to 128 characters: a letter, then letters, digits and : _ - (SDK text of Name)."""
    text: str = given.get(name, "")
    if name in given and not _NAME.fullmatch(text):
        raise bad(name)
    return text


def _number(given: Parameters, name: str, default: int, most: int) -> int:
    """The SDK sends these numbers as strings; their range is in its text."""
    text = given.get(name, str(default))
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= most:
        raise bad(name)
    return int(text)


def _find(context: Context, token_id: str) -> Token:
    found = context.world.smc.tokens.get(token_id)
    if found is None:  # assumed: no code is documented for an id that does not exist
        raise ApiError(404, "InvalidAccessTokenId.NotFound", "The specified AccessTokenId does not exist.")
    return found


def create_access_token(context: Context, given: Parameters) -> Answer:
    world = context.world
    token_id = world.new_id("at")
    code = make_code(world.seed, token_id)
    world.smc.tokens[token_id] = Token(
        token_id=token_id,
        name=checked_name(given),
        description=given.get("Description", ""),
        count=_number(given, "Count", 100, 1000),
        days=_number(given, "TimeToLiveInDays", 30, 90),
        created=context.now,
        digest=digest(code),
    )
    return {"AccessTokenId": token_id, "AccessTokenCode": code}


def list_access_tokens(context: Context, given: Parameters) -> Answer:
    wanted = given.get("AccessTokenId")
    if given.get("Status", "activated") not in ("activated", "unactivated", "expired"):
        raise bad("Status")
    chosen = [
        one for one in reversed(context.world.smc.tokens.values())  # newest first: assumed
        if (wanted is None or one.token_id in wanted) and equal(given, Name=one.name, Status=one.status(context.now))
    ]  # fmt: skip
    rows = [
        {
            "AccessTokenId": one.token_id,
            "Name": one.name,
            "Description": one.description,
            "Status": one.status(context.now),
            "Count": str(one.count),
            "RegisteredCount": str(one.registered),
            "TimeToLiveInDays": str(one.days),
            "CreationTime": iso(one.created),
        }
        for one in chosen[:LISTED]
    ]
    paging = {"PageNumber": 1, "PageSize": LISTED, "TotalCount": len(chosen)}
    return {"AccessTokens": {"AccessToken": rows}, **paging}


def disable_access_token(context: Context, given: Parameters) -> Answer:
    """Sources that are imported already are not affected (documented)."""
    _find(context, given["AccessTokenId"]).disabled = True
    return {}


def delete_access_token(context: Context, given: Parameters) -> Answer:
    del context.world.smc.tokens[_find(context, given["AccessTokenId"]).token_id]
    return {}


def accepted(world: World, code: str, now: float) -> Token:
    """The token of a code that still imports. What the client says otherwise is assumed; the rule is documented."""
    token = next((one for one in world.smc.tokens.values() if one.opens(code)), None)
    if token is None:
        raise ApiError(403, "AccessToken.Invalid", "The activation code does not exist.")
    if token.status(now) == "expired":
        raise ApiError(403, "AccessToken.Expired", f"The activation code {token.token_id} has expired.")
    if token.disabled:
        raise ApiError(403, "AccessToken.Disabled", f"The activation code {token.token_id} has been disabled.")
    if token.registered >= token.count:
        raise ApiError(403, "AccessToken.UsedUp", f"The activation code {token.token_id} has no uses left.")
    return token


OPERATIONS: dict[str, Operation] = {
    "CreateAccessToken": changes(create_access_token, "Name Description Count TimeToLiveInDays", "smc"),
    "ListAccessTokens": reads(list_access_tokens, "AccessTokenId Name Status", "smc"),
    "DisableAccessToken": changes(disable_access_token, "AccessTokenId", "smc"),
    "DeleteAccessToken": changes(delete_access_token, "AccessTokenId", "smc"),
}
