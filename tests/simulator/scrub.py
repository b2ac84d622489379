"""Takes everything that belongs to an account out of recorded traffic.

What is not known to be a word of the platform is replaced: a field that nobody thought of gives nothing away. The same
text always gets the same stand-in, so that a trace still tells which calls are about the same thing.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

REMOVED = "removed"
# Fields whose values are words of the platform, by the last part of their names.
_WORDS = """
    Architecture BatchOptimization BootMode BusinessStatus Category ChargeType CloudAssistantStatus Code
    ContentEncoding ContentType CurrentStatus Device DiskCategory DiskChargeType DiskType ErrorCode
    ImageOwnerAlias InstanceChargeType InstanceNetworkType InstanceType InstanceTypeFamily InternetChargeType
    InvocationStatus InvokeRecordStatus InvokeStatus IpProtocol JobType LaunchMode LicenseType LocalName
    LockReason MultiAttach NetMode NicType OSName OSNameEn OSType OperationStatus PerformanceLevel Platform
    Policy PortRange PreviousStatus RegionId RepeatMode ResourceType SnapshotType SourceDiskType SpotStrategy
    State Status StoppedMode StoppingMode TargetType TerminationMode Type Usage ZoneId
"""
PLAIN = frozenset(_WORDS.split())
# Documents that a user wrote or a host printed.
SIZED = frozenset(("CommandContent", "Content", "Output", "PolicyDocument", "UserData"))
_SECRET = re.compile(r"Secret|Password|Passwd|PrivateKey|SecurityToken|AccessKey|Credential|TokenCode|ActivationCode")
_PLAIN_VALUE = re.compile(r"[\w .:/%+*-]{0,80}")
_HARMLESS = re.compile(r"(?i)true|false|\d{1,9}%?|\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?Z")
_PUBLIC_IMAGE = re.compile(r"(?!m-)[a-z][\w.-]+\.vhd")
_ADDRESS = re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b")
_ID = re.compile(r"([a-z]{1,8})-[\w-]+")
_DROPPED = re.compile(r"dropped: (\d+) characters, sha256 [0-9a-f]{64}")
STAND_IN = re.compile(r"(?:[a-z]{1,8}-p|name-|text-|id-)\d{4,}|198\.(?:18|19)\.\d+\.\d+")
_BIG = 10**10


class Scrubber:
    """Remembers, for as long as it lives, which stand-in it gave to what."""

    def __init__(self) -> None:
        self._given: dict[Any, Any] = {}

    def parameters(self, parameters: Mapping[str, str]) -> dict[str, str]:
        """Flat wire parameters, such as Tag.1.Key."""
        made = {}
        for name, value in parameters.items():
            field = next(part for part in (*reversed(name.split(".")), name) if not part.isdigit())
            made[name] = self._text(field, value)
        return made

    def answer(self, value: Any, field: str = "") -> Any:
        if isinstance(value, dict):
            own = field == "Parameters"  # a map whose keys are the user's
            return {self._stand_in("name", key) if own else key: self.answer(one, key) for key, one in value.items()}
        if isinstance(value, list):
            return [self.answer(one, field) for one in value]
        if isinstance(value, str):
            return self._text(field, value)
        if isinstance(value, int) and abs(value) >= _BIG:  # an account number
            return self._number(value)
        return value

    def _text(self, field: str, value: str) -> str:
        if not value:
            return value
        if _SECRET.search(field):
            return REMOVED
        if field in SIZED:
            return f"dropped: {len(value)} characters, sha256 {hashlib.sha256(value.encode()).hexdigest()}"
        if value[0] in "[{" and (document := _json(value)) is not None:
            return json.dumps(self._embedded(document, field.removesuffix("s")), separators=(",", ":"))
        if _HARMLESS.fullmatch(value) or (field == "ImageId" and _PUBLIC_IMAGE.fullmatch(value)):
            return value
        if field in PLAIN and _PLAIN_VALUE.fullmatch(value):
            return _ADDRESS.sub(lambda found: self._address(found.group()), value)
        if _ADDRESS.fullmatch(value.partition("/")[0]):
            return _ADDRESS.sub(lambda found: self._address(found.group()), value)
        if field.endswith(("Id", "Ids")) or "IdSet" in field:
            kind = _ID.fullmatch(value)
            return self._stand_in(f"{kind[1]}-p" if kind else "id", value)
        return self._stand_in("name" if field.endswith(("Name", "Key")) else "text", value)

    def _embedded(self, document: Any, field: str) -> Any:
        """JSON inside a text: its keys may be the user's."""
        if isinstance(document, dict):
            return {self._stand_in("name", key): self._embedded(one, "") for key, one in document.items()}
        if isinstance(document, list):
            return [self._embedded(one, field) for one in document]
        return self._text(field, document) if isinstance(document, str) else self.answer(document)

    def _stand_in(self, kind: str, original: str) -> str:
        if original not in self._given:
            number = f"{len(self._given) + 1:04d}"
            self._given[original] = f"{kind}{number}" if kind.endswith("-p") else f"{kind}-{number}"
        return str(self._given[original])

    def _address(self, original: str) -> str:
        """Addresses of the range that is set aside for measurements; the one that means all stays."""
        if original == "0.0.0.0":
            return original
        key = ("address", original)
        if key not in self._given:
            number = len(self._given) + 1
            self._given[key] = f"198.{18 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"
        return str(self._given[key])

    def _number(self, original: int) -> int:
        return int(self._given.setdefault(("number", original), _BIG + len(self._given) + 1))


def _json(text: str) -> Any:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, (list, dict)) else None


def filled(value: str) -> str:
    """Something of the size of what was dropped; it is valid Base64 where the original's length was."""
    dropped = _DROPPED.fullmatch(value)
    return ("IyMj" * (int(dropped[1]) // 4 + 1))[: int(dropped[1])] if dropped else value
