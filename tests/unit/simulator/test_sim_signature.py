"""A client with wrong keys, a wrong clock or a bent request must be refused here as it would be by the cloud."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from alibabacloud_ecs20140526 import models
from alibabacloud_tea_openapi.exceptions import ClientException

from simulator.errors import ApiError
from simulator.wire import Account, Incoming, Nonces, authenticate, canonical_request, encode, sign_v1, sign_v3

FLEET: dict[str, Any] = {
    "clock_rate": 0,
    "accounts": [
        {"access_key_id": "plain", "access_key_secret": "plain-secret"},
        {"access_key_id": "sts", "access_key_secret": "sts-secret", "security_token": "sts-token"},
    ],
    "regions": {"cn-hangzhou": {"instances": [{"name": "web"}]}},
}
VECTOR = json.loads((Path(__file__).parent / "acs3.json").read_text())
WALL = 1698315752.0  # the vector's x-acs-date
KEY = Account(VECTOR["access_key_id"], VECTOR["access_key_secret"])


def signed(**changes: Any) -> Incoming:
    """The published example as a whole request; `changes` bend it after it was signed."""
    query = "&".join(f"{key}={encode(value)}" for key, value in VECTOR["query"].items())
    headers = {"host": VECTOR["host"], **VECTOR["headers"]}
    headers["authorization"] = (
        f"ACS3-HMAC-SHA256 Credential={KEY.access_key_id},SignedHeaders={VECTOR['signed_headers']},"
        f"Signature={VECTOR['signature']}"
    )
    headers |= changes.get("headers", {})
    return Incoming(
        changes.get("method", "POST"), changes.get("target", f"/?{query}"), headers, changes.get("body", b"")
    )


def verify(request: Incoming, wall: float = WALL, nonces: Nonces | None = None) -> Account:
    return authenticate(request, {KEY.access_key_id: KEY}, nonces or Nonces(), wall)


def refusal(request: Incoming, wall: float = WALL, nonces: Nonces | None = None) -> str:
    with pytest.raises(ApiError) as caught:
        verify(request, wall, nonces)
    return caught.value.code


def test_the_published_example_signature_is_accepted() -> None:
    canonical = canonical_request(signed(), VECTOR["signed_headers"])
    assert hashlib.sha256(canonical.encode()).hexdigest() == VECTOR["hashed_canonical_request"]
    assert sign_v3(KEY.access_key_secret, canonical) == VECTOR["signature"]
    assert verify(signed()) == KEY


def test_a_path_prefix_does_not_change_the_signature() -> None:
    query = signed().target.removeprefix("/")
    assert verify(signed(target=f"/r/cn-shanghai/{query}")) == KEY


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"target": "/?ImageId=other&RegionId=cn-shanghai"}, "SignatureDoesNotMatch"),
        ({"headers": {"x-acs-action": "DeleteInstance"}}, "SignatureDoesNotMatch"),
        ({"headers": {"host": "ecs.cn-beijing.aliyuncs.com"}}, "SignatureDoesNotMatch"),
        ({"headers": {"x-acs-added-in-flight": "1"}}, "SignatureDoesNotMatch"),
        ({"headers": {"x-acs-security-token": "stolen"}}, "SignatureDoesNotMatch"),
        ({"method": "GET"}, "SignatureDoesNotMatch"),
        ({"body": b"more"}, "SignatureDoesNotMatch"),
        ({"headers": {"authorization": "ACS3-HMAC-SHA256 Credential=x"}}, "IncompleteSignature"),
        ({"headers": {"authorization": ""}}, "MissingParameter"),
    ],
)
def test_a_request_bent_after_signing_is_refused(changes: dict[str, Any], code: str) -> None:
    assert refusal(signed(**changes)) == code


@pytest.mark.parametrize(("skew", "accepted"), [(899, True), (-899, True), (901, False), (-901, False)])
def test_a_clock_off_by_more_than_15_minutes_is_refused(skew: int, accepted: bool) -> None:
    if accepted:
        assert verify(signed(), WALL + skew) == KEY
    else:
        assert refusal(signed(), WALL + skew) == "InvalidTimeStamp.Expired"


def test_a_replayed_request_is_refused() -> None:
    nonces = Nonces()
    verify(signed(), nonces=nonces)
    assert refusal(signed(), nonces=nonces) == "SignatureNonceUsed"


def test_an_unknown_key_is_refused() -> None:
    with pytest.raises(ApiError) as caught:
        authenticate(signed(), {}, Nonces(), WALL)
    assert (caught.value.status, caught.value.code) == (404, "InvalidAccessKeyId.NotFound")


def test_the_older_signature_is_verified_as_strictly() -> None:
    pairs = {
        "Action": "DescribeRegions",
        "AccessKeyId": KEY.access_key_id,
        "Timestamp": VECTOR["headers"]["x-acs-date"],
        "SignatureNonce": "n1",
        "Note": "a b*~/&=",
    }
    signature = sign_v1(KEY.access_key_secret, "POST", pairs.items())
    query = "&".join(f"{key}={encode(value)}" for key, value in {**pairs, "Signature": signature}.items())
    assert verify(Incoming("POST", f"/?{query}", {})) == KEY
    assert refusal(Incoming("POST", f"/?{query}&More=1", {})) == "SignatureDoesNotMatch"
    assert refusal(Incoming("POST", f"/?{query}", {}), WALL + 901) == "InvalidTimeStamp.Expired"


STS = {"access_key_id": "sts", "access_key_secret": "sts-secret"}


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"signature_algorithm": "v2"},
        {**STS, "security_token": "sts-token"},
        {**STS, "security_token": "sts-token", "signature_algorithm": "v2"},
    ],
    ids=["v3", "v1", "v3-sts", "v1-sts"],
)
def test_the_sdk_is_accepted_with_every_signature_it_makes(connect: Any, options: dict[str, Any]) -> None:
    tag = models.DescribeInstancesRequestTag(key="k ü*~+/&=", value="v'()!%")
    request = models.DescribeInstancesRequest(region_id="cn-hangzhou", tag=[tag])
    assert connect(**options).describe_instances(request).body.total_count == 0


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"access_key_secret": "wrong"}, "SignatureDoesNotMatch"),
        ({"access_key_secret": "wrong", "signature_algorithm": "v2"}, "SignatureDoesNotMatch"),
        ({"access_key_id": "nobody"}, "InvalidAccessKeyId.NotFound"),
        ({**STS, "security_token": "expired"}, "InvalidSecurityToken.MismatchWithAccessKey"),
        (STS, "InvalidSecurityToken.MismatchWithAccessKey"),
    ],
)
def test_the_sdk_with_wrong_credentials_is_told_so(connect: Any, options: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientException) as caught:
        connect(**options).describe_regions(models.DescribeRegionsRequest())
    assert caught.value.code == code
