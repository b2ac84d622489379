# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way to the cloud: credentials, endpoints, and one call() through which every request goes."""

from __future__ import annotations

import re
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol
from urllib.parse import urlsplit

from . import answers, inputs
from .errors import CloudError, causes, from_exception
from .redaction import silence_libraries
from .retry import Retrier, policy_for

PACKAGES = "alibabacloud-credentials alibabacloud-ecs20140526 alibabacloud-smc20190601"


@dataclass(frozen=True)
class Product:
    """sdk: the module of its SDK, which only some details need where it is `optional`. `central`: one service for all
    regions, where RegionId is a filter, or the region of what is made. The endpoint is the setting `<product>_endpoint`."""

    sdk: str
    central: bool = False
    optional: bool = False


PRODUCTS = {
    "ecs": Product("alibabacloud_ecs20140526"),
    "smc": Product("alibabacloud_smc20190601", central=True),
    "slb": Product("alibabacloud_slb20140515", optional=True),
}


class MissingLibrary(Exception):
    """The SDK is not installed for the Python that runs this."""


@dataclass(frozen=True)
class Settings:
    access_key_id: str | None = None
    access_key_secret: str | None = None
    security_token: str | None = None
    profile: str | None = None
    ecs_endpoint: str | None = None
    smc_endpoint: str | None = None
    slb_endpoint: str | None = None
    connect_timeout: float = 3
    read_timeout: float = 20
    user_agent: str = "alicloud.os_migration"

    @property
    def secrets(self) -> tuple[str, ...]:
        return tuple(value for value in (self.access_key_secret, self.security_token) if value)


class Caller(Protocol):
    """What the areas need of the cloud; tests hand in a stand-in."""

    def call(
        self,
        operation: str,
        region: str,
        params: dict[str, Any],
        resource: str | None = None,
        product: str = "ecs",
        extra: Mapping[str, str] | None = None,
    ) -> dict[str, Any]: ...


class Api:
    """Calls operations by their names, with the parameter names of the API documentation, and returns plain dicts."""

    def __init__(self, settings: Settings, retrier: Retrier | None = None) -> None:
        self.settings = settings
        self.retrier = retrier or Retrier()
        self.calls: Counter[str] = Counter()
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()

    def call(
        self,
        operation: str,
        region: str,
        params: dict[str, Any],
        resource: str | None = None,
        product: str = "ecs",
        extra: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """extra: query parameters that the service may heed although the SDK has no name for them."""
        client, models, runtime = self._prepare(product, region, operation, dict(extra or {}))
        method = getattr(client, snake_case(operation) + "_with_options")
        request = build_request(models, operation, None if PRODUCTS[product].central else region, params)

        def send() -> dict[str, Any]:
            with self._lock:
                self.calls[operation if product == "ecs" else f"{product}.{operation}"] += 1
            try:
                return method(request, runtime).body.to_map()
            # The SDK lets exceptions of four libraries through; each becomes a CloudError, so none may be missed. They may
            # quote whole requests, so a traceback must not show them as the cause.
            except Exception as exc:
                secrets = (*self.settings.secrets, *secrets_in_use(client, exc))
                raise from_exception(exc, operation, resource, secrets) from None

        return self.retrier.call((region, f"{product}.{operation}"), policy_for(product, operation, params), send)

    def _prepare(self, product: str, region: str, operation: str, extra: dict[str, str]) -> tuple[Any, Any, Any]:
        with self._lock:
            if (product, region) not in self._clients:
                self._clients[product, region] = new_client(self.settings, product, region)
            client, models, runtime = self._clients[product, region]
        if extra:
            runtime = with_queries(models, operation, extra)
        return client, models, runtime


def pages(
    api: Caller, operation: str, region: str, params: dict[str, Any], path: tuple[str, str], size: int
) -> Iterator[dict[str, Any]]:
    """Every entry of a paged Describe, by MaxResults and NextToken."""
    token: str | None = None
    seen: set[str] = set()
    while True:
        page = params | {"MaxResults": size} | ({"NextToken": token} if token else {})
        answer = api.call(operation, region, page)
        yield from answers.listed(answer, path, operation)
        token = answers.next_token(answer, seen, operation)
        if token is None:
            return


def numbered_pages(
    api: Caller, operation: str, region: str, params: dict[str, Any], path: tuple[str, str], size: int, product: str
) -> Iterator[dict[str, Any]]:
    """Every entry of a paged Describe, by PageNumber and PageSize. Entries that move in between may come twice."""
    number, seen = 1, 0
    before: list[dict[str, Any]] = []
    while True:
        answer = api.call(operation, region, params | {"PageNumber": number, "PageSize": size}, product=product)
        entries = answers.listed(answer, path, operation)
        if (entries and entries == before) or number > answers.PAGES_AT_MOST:
            raise answers.bad("the service gave the same page twice, or never ends its pages", operation)
        yield from entries
        seen += len(entries)
        if len(entries) < size or seen == answer.get("TotalCount"):
            return
        number, before = number + 1, entries


def with_queries(models: Any, operation: str, extra: dict[str, str]) -> Any:
    """Runtime options that carry these query parameters. A parameter that the SDK knows has to go the proper way."""
    from alibabacloud_tea_util import models as util_models

    request = getattr(models, operation + "Request")()
    known = [name for name in extra if hasattr(request, snake_case(name))]
    if known:
        raise CloudError(
            "KnownParameter",
            f"{', '.join(sorted(known))} is a parameter of {operation} that is set in another way",
            operation=operation,
            hint="Choose another name.",
        )
    return util_models.RuntimeOptions(extends_parameters=util_models.ExtendsParameters(queries=extra))


def build_request(models: Any, operation: str, region: str | None, params: dict[str, Any]) -> Any:
    request = getattr(models, operation + "Request")().from_map(dict(params))
    # from_map drops a name that it does not know, and a dropped filter would widen what a call acts on.
    dropped = set(params) - set(request.to_map())
    if dropped:
        raise CloudError(
            "UnknownParameter",
            f"the installed SDK does not know {', '.join(sorted(dropped))}: upgrade it",
            operation=operation,
        )
    if hasattr(request, "region_id") and request.region_id is None:
        request.region_id = region
    return request


def snake_case(operation: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", operation).lower()


def parse_endpoint(text: str, region: str) -> tuple[str, str]:
    """(protocol, endpoint for the SDK) of a host, or a URL with scheme and path; {region} stands for the region."""
    filled = text.strip().replace("{region}", region)
    parts = urlsplit(filled if "://" in filled else f"https://{filled}")
    try:
        port_is_valid = parts.port is None or parts.port > 0
    except ValueError:
        port_is_valid = False
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or parts.query
        or parts.fragment
        or not port_is_valid
    ):
        raise CloudError(
            "InvalidEndpoint",
            f"{text!r} is not a host name and not an http or https URL",
            kind="unsent",
            hint="Give a host such as ecs.cn-beijing.aliyuncs.com, or a URL without a query string.",
        )
    if parts.username or parts.password:
        raise CloudError(
            "InvalidEndpoint", "an endpoint must not contain a user name or password", kind="unsent", hint=""
        )
    return parts.scheme, parts.netloc + parts.path.rstrip("/")


def new_client(settings: Settings, product: str, region: str) -> tuple[Any, Any, Any]:
    """(client, models, runtime options) of the SDK; imported here because the import costs half a second."""
    wrong = inputs.wrong_region(region)
    if wrong is not None:
        raise wrong
    try:
        from alibabacloud_tea_openapi import models as openapi_models
        from alibabacloud_tea_util import models as util_models

        models = import_module(f"{PRODUCTS[product].sdk}.models")
        sdk = import_module(f"{PRODUCTS[product].sdk}.client")
    except ImportError as exc:
        raise absent(PRODUCTS[product], exc) from exc
    config = openapi_models.Config(
        region_id=region,
        protocol="https",
        user_agent=settings.user_agent,
        connect_timeout=int(settings.connect_timeout * 1000),
        read_timeout=int(settings.read_timeout * 1000),
    )
    endpoint = getattr(settings, f"{product}_endpoint")
    if endpoint:
        config.protocol, config.endpoint = parse_endpoint(endpoint, region)
    add_credentials(config, settings)
    try:
        silence_libraries()
        return sdk.Client(config), models, util_models.RuntimeOptions()
    except Exception as exc:
        raise from_exception(exc, "Connect", region, settings.secrets) from None


def add_credentials(config: Any, settings: Settings) -> None:
    """Keys from the options win, then the named profile, then the SDK's whole default chain."""
    if settings.access_key_id and settings.access_key_secret:
        config.access_key_id = settings.access_key_id
        config.access_key_secret = settings.access_key_secret
        config.security_token = settings.security_token
        return
    try:
        from alibabacloud_credentials.client import Client as CredentialClient
    except ImportError as exc:
        raise MissingLibrary(missing_library(exc)) from exc
    try:
        if settings.profile:
            from alibabacloud_credentials.provider import CLIProfileCredentialsProvider

            config.credential = CredentialClient(provider=CLIProfileCredentialsProvider(profile_name=settings.profile))
        else:
            config.credential = CredentialClient()
    except Exception as exc:
        raise CloudError("NoCredentials", from_exception(exc, "Credentials").message, kind="credentials") from None


def secrets_in_use(client: Any, error: BaseException) -> tuple[str, ...]:
    """The secret and the token that the SDK has found for this client, where the options name none."""
    # Credentials that the SDK could not find were sent to nobody, and to look for them again takes time.
    if any(type(cause).__name__ == "CredentialException" for cause in causes(error)):
        return ()
    with suppress(Exception):
        found = client._credential.get_credential()
        return tuple(value for value in (found.access_key_secret, found.security_token) if value)
    return ()


def absent(product: Product, exc: ImportError) -> Exception:
    """What to raise where the SDK of a product cannot be imported: without an optional one everything else goes on."""
    if not product.optional:
        return MissingLibrary(missing_library(exc))
    told = missing_library(exc, product.sdk.replace("_", "-"))
    return CloudError("MissingLibrary", told, kind="unsent", hint="")


def missing_library(exc: ImportError, packages: str = PACKAGES) -> str:
    return (
        f"The Alibaba Cloud SDK is missing for {sys.executable}: {exc}. "
        f"Install it with: {sys.executable} -m pip install {packages}"
    )
