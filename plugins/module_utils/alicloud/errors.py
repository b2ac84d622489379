# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One exception for everything that can go wrong between us and the cloud."""

from __future__ import annotations

import os
import re
from typing import Any

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
    ("NewConnectionError", "NameResolutionError", "ConnectTimeoutError", "ConnectTimeout", "ConnectionRefusedError",
     "gaierror", "SSLCertVerificationError", "ProxyError", "InvalidURL", "InvalidSchema", "LocationParseError")
)  # fmt: skip

CREDENTIAL_CODES = (
    "InvalidAccessKeyId", "SignatureDoesNotMatch", "IncompleteSignature", "InvalidSecurityToken", "MissingSecurityToken",
    "InvalidTimeStamp", "IllegalTimestamp", "NoCredentials",
)  # fmt: skip

# (code or its beginning, what it means and what to do). The first match counts, so longer codes come first.
HINTS = (
    ("NoCredentials", "No credentials were found. Set access_key_id and access_key_secret, or a profile, or the environment "
     "variables ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, or run on an instance with a RAM role."),
    ("InvalidAccessKeyId", "The AccessKey ID does not exist or is disabled. Check access_key_id or the profile in use."),
    ("SignatureDoesNotMatch", "The AccessKey secret does not belong to the AccessKey ID. Check for a mistyped secret."),
    ("IncompleteSignature", "The signature was not accepted. Check the AccessKey secret and any proxy that changes requests."),
    ("SignatureNonceUsed", "A request arrived twice, most likely through a proxy that repeats requests. Run again."),
    ("InvalidSecurityToken", "The STS security token is wrong or has expired. Fetch new temporary credentials and run again."),
    ("MissingSecurityToken", "Temporary credentials need security_token beside the key and the secret."),
    ("InvalidTimeStamp", "The clock of this machine is off by more than 15 minutes. Set it right and run again."),
    ("IllegalTimestamp", "The clock of this machine is off by more than 15 minutes. Set it right and run again."),
    ("Forbidden", "The RAM user or role may not do this. Grant the ECS action named in this message to it."),
    ("NoPermission", "The RAM user or role may not do this. Grant the ECS action named in this message to it."),
    ("Unreachable", "No connection could be made. Check ecs_endpoint or smc_endpoint, the region, DNS, proxy and firewall."),
    ("Throttling", "The account called this operation too often. The limit counts per account, region and minute over all users "
     "and tools. Run again in a minute, or with fewer items at a time."),
    ("NoAnswer", "The connection broke after the request was sent. Look at the resource before you repeat it."),
    ("BadAnswer", "Something that is not the cloud answered, most likely a proxy or a wrong endpoint."),
    ("ServiceUnavailable", "The service is temporarily unavailable. Run again."),
    ("InternalError", "The service had an internal error. Run again; give the request id to support if it stays."),
    ("InvalidRegionId", "There is no such region, or the endpoint serves another one. Check region and ecs_endpoint."),
    ("InvalidInstanceId.NotFound", "Check the instance id and the region. An empty answer is also what an account without the "
     "right ecs:DescribeInstances gets."),
    ("IncorrectInstanceStatus", "The instance is in a state that does not allow this. A disk is reset only on a Stopped "
     "instance, an instance is started only when Stopped and rebooted only when Running."),
    ("InstanceLockedForSecurity", "The instance is locked for security reasons. Have it unlocked in the ECS console."),
    ("InstanceExpired", "The instance is expired or its account in arrears. Renew it first."),
    ("QuotaExceed.Snapshot", "The disk has as many snapshots as it may have. Delete old ones (state=absent) and run again."),
    ("IncorrectDiskStatus.CreatingSnapshot", "Another snapshot of this disk is being made. Wait until it is done, then run again."),
    ("DISK_HAS_CREATING_SNAPSHOT", "Another snapshot of this disk is being made. Wait until it is done, then run again."),
    ("IncorrectDiskStatus.HasUnfinishedSnapshot", "A snapshot of this disk is still being made. Wait for it, then run again."),
    ("IncorrectDiskStatus.NeverAttached", "A disk that was never attached cannot be snapshotted. Attach it or exclude it."),
    ("IncorrectDiskStatus.NeverUsed", "An instance must have been started once before its disks can be snapshotted."),
    ("DiskCategory.OperationNotSupported", "This kind of disk cannot be snapshotted or reset."),
    ("InvalidOperation.DiskResetInProgress", "The disk is being reset already. Wait until it is In_use again."),
    ("InvalidSnapshotId.NotReady", "The snapshot is not complete yet. Wait until it is accomplished."),
    ("InvalidParameter.Mismatch", "The snapshot was not made from this disk. After the system disk was replaced, old "
     "snapshots no longer fit."),
    ("SnapshotCreatedImage", "An image was made from this snapshot. Delete the image first."),
    ("SnapshotCreatedDisk", "A disk was made from this snapshot. Use force=true if that disk need not be reinitialised."),
    ("InvalidAccountStatus", "The account cannot do this: open the snapshot service, or top up the balance."),
    ("OperationDenied.NoStock", "The zone has no capacity for this instance type now. Try again later. Instances that were "
     "stopped with KeepCharging do not have this problem."),
    ("IdempotentParameterMismatch", "The same request was sent before with other parameters. Run with another run_id."),
    ("WaitTimeout", "The wait ended before the resource was ready; the work goes on in the cloud. Run again, or raise wait_timeout."),
)  # fmt: skip


class CloudError(Exception):
    """A call that failed, told so that a user knows what to do."""

    def __init__(self, code: str, message: str, *, kind: str = "refused", operation: str | None = None,
                 resource: str | None = None, request_id: str | None = None, http_status: int | None = None,
                 hint: str | None = None, retry_after: float | None = None) -> None:  # fmt: skip
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.kind = kind
        self.operation = operation
        self.resource = resource
        self.request_id = request_id
        self.http_status = http_status
        self.hint = hint if hint is not None else hint_for(code)
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
        text += f"{self.code}: {self.message}"
        if self.hint:
            text += f" {self.hint}"
        if self.request_id:
            text += f" (request id {self.request_id})"
        return text


class LostAnswer(CloudError):
    """Sent, but nobody knows whether it was carried out: the caller settles it by a Describe."""


def hint_for(code: str) -> str | None:
    return next((hint for beginning, hint in HINTS if code.startswith(beginning)), None)


def redact(text: str, secrets: tuple[str, ...] = ()) -> str:
    """Take out what must not reach a log: secrets, and query strings, which carry whole requests."""
    known = (
        *secrets,
        *(os.environ.get(name, "") for name in ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABA_CLOUD_SECURITY_TOKEN")),
    )
    for secret in known:
        if len(secret) > 3:
            text = text.replace(secret, "***")
    text = re.sub(r"\?[^\s'\")]+", "", text)
    # The service quotes the whole string to sign when a signature is wrong: noise at best.
    text = re.split(r"[,.]?\s*server string to sign", text, flags=re.IGNORECASE)[0]
    return text.strip()


def from_exception(
    exc: BaseException, operation: str, resource: str | None = None, secrets: tuple[str, ...] = ()
) -> CloudError:
    """Turn whatever the SDK or the transport raised into a CloudError."""
    if isinstance(exc, CloudError):
        return exc
    causes = list(_causes(exc))
    if any(type(cause).__name__ == "CredentialException" for cause in causes):
        return CloudError(
            "NoCredentials", redact(str(exc), secrets), kind="credentials", operation=operation, resource=resource
        )
    code = str(getattr(exc, "code", None) or "")
    data = getattr(exc, "data", None)
    data = data if isinstance(data, dict) else {}
    if code in ("", "None") and not data.get("statusCode"):
        return _from_transport(causes, operation, resource, secrets)
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
    if code in ("IdempotentProcessing", "IdempotenceProcessing"):
        return "busy"
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


def _causes(exc: BaseException) -> Any:
    """The exception and what lies behind it; the SDK keeps its cause in an attribute of its own."""
    seen: list[BaseException] = []
    step: BaseException | None = exc
    while step is not None and step not in seen and len(seen) < 10:
        seen.append(step)
        yield step
        inner = getattr(step, "inner_exception", None)
        reason = step.args[0] if step.args and isinstance(step.args[0], BaseException) else None
        step = inner or reason or step.__cause__ or step.__context__
