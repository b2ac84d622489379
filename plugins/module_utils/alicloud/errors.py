# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One exception for everything that can go wrong between us and the cloud."""

from __future__ import annotations

from typing import Any

from .hints import HINTS
from .redaction import redact

# What happened to the request decides what may be done next:
#   throttled    refused before it ran; the same call works in the next minute
#   unsent       no connection was made; sending again is always safe
#   unsure       sent, but the answer was lost or is a 5xx: it may or may not have been carried out
#   busy         the service is still working on the same ClientToken; ask again
#   credentials  no call can succeed with these credentials
#   refused      the service said no
KINDS = ("throttled", "unsent", "unsure", "busy", "credentials", "refused")

# Class names in the chain of causes which prove that the request never left.
NEVER_SENT = frozenset(
    (
        "NewConnectionError",
        "NameResolutionError",
        "ConnectTimeoutError",
        "ConnectTimeout",
        "ConnectionRefusedError",
        "gaierror",
        "SSLCertVerificationError",
        "ProxyError",
        "InvalidURL",
        "InvalidSchema",
        "LocationParseError",
    )
)

CREDENTIAL_CODES = (
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "IncompleteSignature",
    "InvalidSecurityToken",
    "MissingSecurityToken",
    "InvalidTimeStamp",
    "IllegalTimestamp",
    "NoCredentials",
)


class CloudError(Exception):
    """A call that failed, told so that a user knows what to do."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        kind: str = "refused",
        operation: str | None = None,
        resource: str | None = None,
        request_id: str | None = None,
        http_status: int | None = None,
        hint: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.kind = kind
        self.operation = operation
        self.resource = resource
        self.request_id = request_id
        self.http_status = http_status
        self.hint = hint if hint is not None else hint_for(code, operation)
        self.retry_after = retry_after

    @property
    def fatal(self) -> bool:
        """No further call to this region can succeed."""
        return self.kind in ("credentials", "unsent")

    def as_dict(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "message": self.message,
            "request_id": self.request_id,
            "operation": self.operation,
            "hint": self.hint,
            "http_status": self.http_status,
        }

    def __str__(self) -> str:
        where = " ".join(part for part in (self.operation, self.resource) if part)
        text = f"{where}: " if where else ""
        text += told(self.code, self.message, self.hint)
        if self.request_id:
            text += f" (request id {self.request_id})"
        return text


class LostAnswer(CloudError):
    """Sent, but nobody knows whether it was carried out: the caller settles it by a Describe."""


def told(code: str, message: str, hint: str | None) -> str:
    """Code, message and hint as one text; the message of the service may or may not end like a sentence."""
    text = f"{code}: {message.strip()}"
    return f"{text}{'' if text.endswith(('.', '!', '?')) else '.'} {hint}" if hint else text


def hint_for(code: str, operation: str | None = None) -> str | None:
    hint = next((hint for beginning, hint in HINTS if code.startswith(beginning)), None)
    return hint.replace("{operation}", operation or "of this call") if hint else None


def from_exception(
    exc: BaseException, operation: str, resource: str | None = None, secrets: tuple[str, ...] = ()
) -> CloudError:
    """Turn whatever the SDK or the transport raised into a CloudError."""
    if isinstance(exc, CloudError):
        return exc
    chain = list(causes(exc))
    if any(type(cause).__name__ == "CredentialException" for cause in chain):
        return CloudError(
            "NoCredentials", redact(str(exc), secrets), kind="credentials", operation=operation, resource=resource
        )
    code = str(getattr(exc, "code", None) or "")
    data = getattr(exc, "data", None)
    data = data if isinstance(data, dict) else {}
    if code in ("", "None") and not data.get("statusCode"):
        return _from_transport(chain, operation, resource, secrets)
    status = getattr(exc, "status_code", None) or data.get("statusCode")
    message = data.get("Message") or getattr(exc, "message", None) or str(exc)
    retry_after = getattr(exc, "retry_after", None)
    return CloudError(
        "UnknownError" if code in ("", "None") else code,
        redact(str(message), secrets),
        kind=kind_of(code, status),
        operation=operation,
        resource=resource,
        request_id=data.get("RequestId") or getattr(exc, "request_id", None),
        http_status=status,
        retry_after=retry_after / 1000 if retry_after else None,
    )


def kind_of(code: str, status: int | None) -> str:
    if code.startswith("Throttling") or status == 429:
        return "throttled"
    if code.startswith(CREDENTIAL_CODES):
        return "credentials"
    if code == "IdempotentProcessing":
        return "busy"
    # The service has seen this very request before: the first copy may have been carried out.
    if code == "SignatureNonceUsed":
        return "unsure"
    return "unsure" if status is not None and status >= 500 else "refused"


def _from_transport(
    causes: list[BaseException], operation: str, resource: str | None, secrets: tuple[str, ...]
) -> CloudError:
    text = redact(str(causes[-1]) or type(causes[-1]).__name__, secrets)
    for cause in causes:
        if type(cause).__name__ in NEVER_SENT:
            return CloudError(
                "Unreachable", redact(str(cause), secrets), kind="unsent", operation=operation, resource=resource
            )
        if str(cause).startswith("Failed to parse the value as json"):
            message = "the answer is not JSON: " + str(cause).partition("Value:")[2].strip()[:120]
            return CloudError(
                "BadAnswer", redact(message, secrets), kind="unsure", operation=operation, resource=resource
            )
    return CloudError("NoAnswer", text, kind="unsure", operation=operation, resource=resource)


def causes(exc: BaseException) -> Any:
    """The exception and what lies behind it; the SDK keeps its cause in an attribute of its own."""
    seen: list[BaseException] = []
    step: BaseException | None = exc
    while step is not None and step not in seen and len(seen) < 10:
        seen.append(step)
        yield step
        inner = getattr(step, "inner_exception", None)
        reason = step.args[0] if step.args and isinstance(step.args[0], BaseException) else None
        step = inner or reason or step.__cause__ or step.__context__
