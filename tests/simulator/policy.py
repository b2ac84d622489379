"""RAM policies: what an account may call. Source of structure and rules: page "Policy structure and syntax" of RAM."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .errors import ApiError

# Parameters that name a resource, and the type that it has in a resource name.
_NAMED = {
    "InstanceId": "instance",
    "InstanceIds": "instance",
    "DiskId": "disk",
    "DiskIds": "disk",
    "SnapshotId": "snapshot",
    "SnapshotIds": "snapshot",
    "ImageId": "image",
    "SecurityGroupId": "securitygroup",
    "VSwitchId": "vswitch",
}
# documented: these answer an empty page where the right is missing, unless it is a dry run (page of DescribeInstances)
EMPTY_WITHOUT_RIGHT = frozenset(("ecs:DescribeInstances",))


class PolicyError(ValueError):
    """The policy is wrong, or uses what the simulator does not model."""


@dataclass(frozen=True)
class Statement:
    allow: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...]

    def covers(self, action: str, resource: str) -> bool:
        return any(_matches(one, action) for one in self.actions) and any(
            _names(one, resource) for one in self.resources
        )


@dataclass(frozen=True)
class Policy:
    statements: tuple[Statement, ...]

    def refusal(self, action: str, resources: Iterable[str]) -> str | None:
        """ExplicitDeny, ImplicitDeny, or None where all is allowed. A Deny outweighs every Allow."""
        worst = None
        for resource in resources:
            covering = [one for one in self.statements if one.covers(action, resource)]
            if any(not one.allow for one in covering):
                return "ExplicitDeny"
            if not covering:
                worst = "ImplicitDeny"
        return worst


def parse(document: Any) -> Policy:
    """Read a policy; whatever has a meaning that is not modelled is refused, never overlooked."""
    if not isinstance(document, Mapping) or document.get("Version") != "1":
        raise PolicyError('a RAM policy is a mapping with Version "1"')
    _known(document, {"Version", "Statement"}, "policy")
    statements = document.get("Statement")
    if not isinstance(statements, list) or not statements:
        raise PolicyError("a RAM policy needs a list of statements")
    return Policy(tuple(_statement(one) for one in statements))


def _statement(entry: Any) -> Statement:
    if not isinstance(entry, Mapping):
        raise PolicyError("a statement is a mapping")
    _known(entry, {"Effect", "Action", "Resource"}, "statement")
    if entry.get("Effect") not in ("Allow", "Deny"):
        raise PolicyError("the Effect of a statement is Allow or Deny")
    actions, resources = _texts(entry, "Action"), _texts(entry, "Resource")
    for action in actions:
        if action != "*" and not re.fullmatch(r"[a-z]+:[\w*?]+", action):
            raise PolicyError(f"{action!r} is not an action such as ecs:DescribeInstances")
    for resource in resources:
        parts = resource.split(":", 4)
        if resource != "*" and (len(parts) != 5 or parts[0] != "acs" or not parts[4]):
            raise PolicyError(f"{resource!r} is not a resource such as acs:ecs:cn-hangzhou:*:instance/*")
        if len(parts) == 5 and parts[3] not in ("*", ""):
            raise PolicyError(f"{resource}: the simulator does not model account numbers")
    return Statement(entry["Effect"] == "Allow", actions, resources)


def _known(entry: Mapping[str, Any], names: set[str], what: str) -> None:
    if unknown := set(entry) - names:
        raise PolicyError(f"{what}: the simulator does not model {', '.join(sorted(unknown))}")


def _texts(entry: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """One text and a list of one text mean the same (documented)."""
    given = entry.get(name)
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not texts or not all(isinstance(one, str) for one in texts):
        raise PolicyError(f"a statement needs {name}: a text, or a list of texts")
    return tuple(texts)


def _matches(pattern: str, text: str) -> bool:
    """`*` stands for any text, `?` for one character (documented); capitals count (assumed)."""
    return re.fullmatch("".join({"*": ".*", "?": "."}.get(one, re.escape(one)) for one in pattern), text) is not None


def _names(pattern: str, resource: str) -> bool:
    """Whether a Resource covers a resource name; each part by itself, so that a `*` ends with its part."""
    if pattern == "*":
        return True
    return all(
        index == 3 or _matches(one, two)
        for index, (one, two) in enumerate(zip(pattern.split(":", 4), resource.split(":", 4), strict=True))
    )


def resources(product: str, region: str, given: Mapping[str, Any]) -> list[str]:
    """What a call acts on. One that names nothing needs a Resource that ends in `*` (assumed)."""
    named = [f"{kind}/{one}" for name, kind in _NAMED.items() for one in _ids(given.get(name))]
    named += [f"{given.get('ResourceType', '')}/{one}" for one in _ids(given.get("ResourceId"))]
    return [f"acs:{product}:{region}:*:{one}" for one in named or ["*"]]


def _ids(value: Any) -> list[str]:
    if isinstance(value, str) and value.startswith("["):
        try:
            value = json.loads(value)
        except ValueError:
            return []
    return [value] if isinstance(value, str) and value else list(value or [])


def check(policy: Policy | None, product: str, op: str, region: str, given: Mapping[str, Any]) -> bool:
    """True where the call may see everything, False where it must see nothing; a refusal is raised."""
    action = f"{product}:{op}"
    why = policy.refusal(action, resources(product, region, given)) if policy else None
    if why is None:
        return True
    if action in EMPTY_WITHOUT_RIGHT and not given.get("DryRun"):
        return False
    raise forbidden(action, why)


def forbidden(action: str, why: str = "ImplicitDeny") -> ApiError:
    """Source: code and message from many published error reports; the code of SMC's reads from its error table."""
    detail = {
        "AuthAction": action,
        "AuthPrincipalType": "SubUser",
        "NoPermissionType": why,
        "PolicyType": "AccountLevelIdentityBasedPolicy",
    }
    message = "User not authorized to operate on the specified resource, or this API doesn't support RAM."
    code = "Forbidden.Unauthorized" if action.startswith("smc:Describe") else "Forbidden.RAM"
    return ApiError(403, code, message, detail=detail)


def allowing(actions: Iterable[str]) -> dict[str, Any]:
    """The policy that allows exactly these actions on everything."""
    return {"Version": "1", "Statement": [{"Effect": "Allow", "Action": sorted(actions), "Resource": "*"}]}
