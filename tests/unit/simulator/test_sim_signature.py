"""A client with wrong keys, a wrong clock or a bent request must be refused here as it would be by the cloud."""

from __future__ import annotations

import calendar
import hashlib
import json
import random
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from alibabacloud_ecs20140526 import models
from alibabacloud_tea_openapi.exceptions import ClientException

from simulator.errors import ApiError
from simulator.pytest_plugin import Simulator
from simulator.wire import Account, Incoming, Nonces, authenticate, canonical_request, encode, sign_v1, sign_v3

FLEET: dict[str, Any] = {
    "clock_rate": 0,
    "accounts": [
        {"access_key_id": "plain", "access_key_secret": "plain-secret"},
        {"access_key_id": "sts", "access_key_secret": "sts-secret", "security_token": "sts-token"},
    ],
    "regions": {"cn-hangzhou": {"instances": [{"name": "web"}]}},
}
# Published examples of the older signature; nothing of ours went into them.
RPC_VECTORS = json.loads((Path(__file__).parent / "rpc1.json").read_text())
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


@pytest.mark.parametrize("vector", RPC_VECTORS, ids=lambda vector: vector["parameters"]["Action"])
def test_the_published_examples_of_the_older_signature_are_accepted(vector: dict[str, Any]) -> None:
    given = vector["parameters"]
    account = Account(given["AccessKeyId"], vector["access_key_secret"])
    wall = calendar.timegm(time.strptime(vector["wall"], "%Y-%m-%dT%H:%M:%SZ"))
    # Spaces and all else are encoded here by the standard library, as a client may do it that is not the SDK.
    request = Incoming(vector["method"], "/?" + urlencode({**given, "Signature": vector["signature"]}), {})
    assert authenticate(request, {account.access_key_id: account}, Nonces(), wall) == account
    bent = Incoming("POST", request.target, {})
    with pytest.raises(ApiError, match="SignatureDoesNotMatch"):
        authenticate(bent, {account.access_key_id: account}, Nonces(), wall)


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


ODD = ["", " ", "  two  ", "+", "*", "~", "a+b c", "%2B", "%", "a%20b", "&=?#/", "'\"()!$,;:@[]{}", "\t\n", "ü", "阿里云", "🙂",
       "e\u0301", "\u00e9", "\ufeff", "\u202e", ".", "..", "/../", "A" * 9000, "+" * 3000, "~*~" * 500, "阿" * 1500]  # fmt: skip


def odd_values(seed: int, count: int) -> list[str]:
    chance = random.Random(seed)
    made = ["".join(chance.choice(ODD) for _part in range(chance.randrange(1, 5)))[:12_000] for _value in range(count)]
    return ODD + made


@pytest.mark.parametrize("options", [{}, {"signature_algorithm": "v2"}], ids=["v3", "v1"])
def test_whatever_the_sdk_signs_is_accepted_and_arrives_as_it_was(
    connect: Any, simulator: Simulator, options: dict[str, Any]
) -> None:
    client = connect(**options)
    values = odd_values(7, 40)
    for number, value in enumerate(values):
        # A client token goes into the log, so that what was signed can be compared with what arrived.
        tag = models.DescribeInstancesRequestTag(key=f"k{value}", value=value)
        request = models.DescribeInstancesRequest(
            region_id="cn-hangzhou", instance_name=value, tag=[tag], owner_account=f"{number}{value}"
        )
        assert client.describe_instances(request).body.total_count == 0
        marked = models.CreateSnapshotRequest(disk_id="d-none", client_token=value, description=value)
        with pytest.raises(ClientException) as caught:
            client.create_snapshot(marked)
        assert caught.value.code in ("InvalidDiskId.NotFound", "IdempotentParameterMismatch"), value[:40]
    assert [entry["client_token"] for entry in simulator.log(op="CreateSnapshot")] == values


def test_a_client_whose_clock_is_wrong_is_told_so_until_the_clocks_agree(connect: Any, simulator: Simulator) -> None:
    def ask() -> None:
        connect().describe_regions(models.DescribeRegionsRequest())

    for seconds in (3600, -3600):
        simulator.skew(seconds)
        with pytest.raises(ClientException) as caught:
            ask()
        assert (caught.value.status_code, caught.value.code) == (400, "InvalidTimeStamp.Expired")
    simulator.skew(600)
    ask()
