"""The one error type that operations raise; the server turns it into the JSON error that the SDK parses."""

from __future__ import annotations


class ApiError(Exception):
    """An answer with an error code, as the service would give it."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message


def not_modelled(what: str) -> ApiError:
    """Refuse what the real service would do and this one does not: silence would make a test lie."""
    return ApiError(501, "SimulatorNotModelled", f"The simulator does not model {what}.")
