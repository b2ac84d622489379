"""The one error type that operations raise; the server turns it into the JSON error that the SDK parses."""

from __future__ import annotations


class ApiError(Exception):
    """An answer with an error code, as the service would give it.

    retry_after_ms: the wait that the answer asks for, in the header x-acs-retry-after.
    detail: AccessDeniedDetail of a refusal by a RAM policy.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        retry_after_ms: int | None = None,
        detail: dict[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.retry_after_ms = retry_after_ms
        self.detail = detail


def not_modelled(what: str) -> ApiError:
    """Refuse what the real service would do and this one does not: silence would make a test lie."""
    return ApiError(501, "SimulatorNotModelled", f"The simulator does not model {what}.")


class TraceError(ValueError):
    """The file that should be replayed is no trace."""
