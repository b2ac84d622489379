"""The wire protocol: routing, both request signatures, error documents. Pure: the caller gives the time."""

from __future__ import annotations

import base64
import calendar
import hashlib
import hmac
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from .errors import ApiError
from .policy import Policy

ALGORITHM = "ACS3-HMAC-SHA256"
SKEW_SECONDS = 15 * 60
PRODUCTS = {"2014-05-26": "ecs", "2019-06-01": "smc", "2014-05-15": "slb"}
# Parameters of the older signature that ride beside the operation's own ones.
COMMON_PARAMETERS = frozenset(
    (
        "Action",
        "Version",
        "Format",
        "Timestamp",
        "SignatureNonce",
        "SignatureMethod",
        "SignatureVersion",
        "SignatureType",
        "AccessKeyId",
        "SecurityToken",
        "Signature",
    )
)
_AUTHORIZATION = re.compile(r"(Credential|SignedHeaders|Signature)=([^,\s]*)")
_GENUINE_HOST = re.compile(r"^(ecs|smc|slb)(?:[.-]([a-z0-9-]+))?\.aliyuncs\.com$")


@dataclass(frozen=True)
class Account:
    """Keys and rights. `expires_s` counts from the start of the simulator, in wall time, as the dates of signatures."""

    access_key_id: str
    access_key_secret: str = field(repr=False)
    security_token: str | None = field(repr=False, default=None)
    expires_s: float | None = None
    policy: Policy | None = None
    expires_at: float | None = None
    former_tokens: frozenset[str] = field(repr=False, default=frozenset())

    def renewed(self, token: str | None, expires_s: float | None, wall: float) -> Account:
        """The same account with a token of this moment; the one before has expired."""
        former = self.former_tokens | ({self.security_token} if self.security_token else set())
        end = None if expires_s is None else wall + expires_s
        return replace(self, security_token=token, expires_at=end, former_tokens=former - {token or ""})

    def expired(self, token: str, wall: float) -> bool:
        ended = self.expires_at is not None and wall >= self.expires_at
        return token in self.former_tokens or (ended and token == self.security_token)


@dataclass(frozen=True)
class Incoming:
    """A request as it arrived; header names are lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def query(self) -> list[tuple[str, str]]:
        return parse_qsl(urlsplit(self.target).query, keep_blank_values=True)

    @property
    def path(self) -> str:
        return urlsplit(self.target).path or "/"


@dataclass(frozen=True)
class Route:
    """What the request asks for, before anything is verified."""

    action: str
    version: str
    product: str
    region: str | None
    parameters: dict[str, str]


@dataclass
class Nonces:
    """Nonces seen, for as long as the date check would accept their request."""

    seen: dict[tuple[str, str], float] = field(default_factory=dict)

    def use(self, account: str, nonce: str, wall: float) -> bool:
        if len(self.seen) > 100_000:
            self.seen = {key: at for key, at in self.seen.items() if wall - at < 2 * SKEW_SECONDS}
        if (account, nonce) in self.seen:
            return False
        self.seen[account, nonce] = wall
        return True


def encode(text: str) -> str:
    return quote(text, safe="-_.~")


def canonical_query(pairs: Iterable[tuple[str, str]]) -> str:
    return "&".join(f"{encode(key)}={encode(value)}" for key, value in sorted(pairs))


def canonical_request(request: Incoming, signed_headers: str) -> str:
    """The canonical URI is "/" even under a path prefix: the SDK signs it so."""
    lines = "".join(f"{name}:{request.headers.get(name, '').strip()}\n" for name in signed_headers.split(";"))
    payload = request.headers.get("x-acs-content-sha256", "")
    return "\n".join((request.method, "/", canonical_query(request.query), lines, signed_headers, payload))


def sign_v3(secret: str, canonical: str) -> str:
    text = f"{ALGORITHM}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def sign_v1(secret: str, method: str, pairs: Iterable[tuple[str, str]]) -> str:
    unsigned = canonical_query(pair for pair in pairs if pair[0] != "Signature")
    text = f"{method}&%2F&{encode(unsigned)}"
    return base64.b64encode(hmac.new(f"{secret}&".encode(), text.encode(), hashlib.sha1).digest()).decode()


def route(request: Incoming) -> Route:
    """Find operation, product and region. The region comes from the path prefix or from a genuine host name."""
    pairs = dict(request.query)
    action = request.headers.get("x-acs-action") or pairs.get("Action", "")
    version = request.headers.get("x-acs-version") or pairs.get("Version", "")
    own = {key: value for key, value in pairs.items() if key not in COMMON_PARAMETERS}
    region: str | None = None
    if prefix := re.match(r"^/r/([a-z0-9-]+)", request.path):
        region = prefix.group(1)
    elif host := _GENUINE_HOST.match(request.headers.get("host", "").split(":")[0]):
        region = host.group(2)
    return Route(action, version, PRODUCTS.get(version, ""), region, own)


def authenticate(request: Incoming, accounts: Mapping[str, Account], nonces: Nonces, wall: float) -> Account:
    """Verify whichever signature the request bears, and say who sent it."""
    header = request.headers.get("authorization", "")
    if header:
        return _authenticate_v3(request, header, accounts, nonces, wall)
    return _authenticate_v1(request, accounts, nonces, wall)


def _authenticate_v3(
    request: Incoming, header: str, accounts: Mapping[str, Account], nonces: Nonces, wall: float
) -> Account:
    parts = dict(_AUTHORIZATION.findall(header))
    if not header.startswith(ALGORITHM + " ") or len(parts) != 3:
        raise ApiError(400, "IncompleteSignature", "The request signature does not conform to Aliyun standards.")
    account = _account(accounts, parts["Credential"])
    signed = parts["SignedHeaders"].split(";")
    must = {"host"} | {name for name in request.headers if name.startswith("x-acs-")}
    if hashlib.sha256(request.body).hexdigest() != request.headers.get("x-acs-content-sha256") or must - set(signed):
        raise _mismatch()
    expected = sign_v3(account.access_key_secret, canonical_request(request, parts["SignedHeaders"]))
    _compare(expected, parts["Signature"])
    _token(account, request.headers.get("x-acs-security-token"), wall)
    _fresh(request.headers.get("x-acs-date", ""), wall)
    _once(nonces, account, request.headers.get("x-acs-signature-nonce", ""), wall)
    return account


def _authenticate_v1(request: Incoming, accounts: Mapping[str, Account], nonces: Nonces, wall: float) -> Account:
    pairs = dict(request.query)
    for name in ("AccessKeyId", "Signature", "SignatureNonce", "Timestamp"):
        if not pairs.get(name):
            raise missing_parameter(name)
    account = _account(accounts, pairs["AccessKeyId"])
    _compare(sign_v1(account.access_key_secret, request.method, request.query), pairs["Signature"])
    _token(account, pairs.get("SecurityToken"), wall)
    _fresh(pairs["Timestamp"], wall)
    _once(nonces, account, pairs["SignatureNonce"], wall)
    return account


def _account(accounts: Mapping[str, Account], key: str) -> Account:
    if key not in accounts:
        raise ApiError(404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.")
    return accounts[key]


def _compare(expected: str, given: str) -> None:
    if not hmac.compare_digest(expected.encode(), given.encode()):
        raise _mismatch()


def _mismatch() -> ApiError:
    return ApiError(400, "SignatureDoesNotMatch", "Specified signature is not matched with our calculation.")


def _token(account: Account, given: str | None, wall: float) -> None:
    if given and account.expired(given, wall):
        raise token_expired()
    if (given or None) != account.security_token:
        raise ApiError(
            400, "InvalidSecurityToken.MismatchWithAccessKey",
            "Specified SecurityToken mismatch with the AccessKey.")  # fmt: skip


def token_expired() -> ApiError:
    return ApiError(400, "InvalidSecurityToken.Expired", "Specified SecurityToken is expired.")


def _fresh(date: str, wall: float) -> None:
    try:
        sent = calendar.timegm(time.strptime(date, "%Y-%m-%dT%H:%M:%SZ"))
    except ValueError:
        message = "Specified time stamp or date value is not well formatted."
        raise ApiError(400, "InvalidTimeStamp.Format", message) from None
    if abs(wall - sent) > SKEW_SECONDS:
        raise ApiError(400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.")


def _once(nonces: Nonces, account: Account, nonce: str, wall: float) -> None:
    if not nonce:
        raise missing_parameter("SignatureNonce")
    if not nonces.use(account.access_key_id, nonce, wall):
        raise ApiError(400, "SignatureNonceUsed", "Specified signature nonce was used already.")


def missing_parameter(name: str) -> ApiError:
    return ApiError(
        400, "MissingParameter",
        f"The input parameter \"{name}\" that is mandatory for processing this request is not supplied.")  # fmt: skip


def error_document(error: ApiError, request_id: str, host: str) -> dict[str, Any]:
    detail = {"AccessDeniedDetail": error.detail} if error.detail else {}
    return {
        "RequestId": request_id,
        "HostId": host,
        "Code": error.code,
        "Message": error.message,
        "Recommend": f"https://error-center.aliyun.com/status/search?Keyword={error.code}",
        **detail,
    }


def request_id(seed: int, number: int) -> str:
    digest = hashlib.sha256(f"{seed}:request:{number}".encode()).hexdigest().upper()
    return "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:32]))
