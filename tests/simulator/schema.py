"""What each operation takes and gives, read from the installed SDK's own models.

The SDK drops unknown answer keys and checks no types, so a mistake here would be invisible to a client: every request
is decoded strictly, and every answer of the simulator is checked against the same source.
"""

from __future__ import annotations

import hashlib
import importlib
import inspect
import json
import os
import re
import tempfile
import typing
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from .errors import ApiError
from .wire import missing_parameter

Schema = dict[str, Any]
MODULES = {"ecs": "alibabacloud_ecs20140526", "smc": "alibabacloud_smc20190601", "slb": "alibabacloud_slb20140515"}
_SCALARS: dict[Any, str] = {str: "string", int: "integer", bool: "boolean", float: "number"}
_REQUIRED = "This parameter is required."


class _Marker:
    """Stands in for a nested model, to see under which wire name the SDK writes an attribute."""

    def to_map(self) -> str:
        return "nested"


def cache_file() -> Path:
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    base = Path(os.environ.get("OS_MIGRATION_CACHE") or home / "alicloud-os-migration")
    versions = "-".join(version(module.replace("_", "-", 1)) for module in MODULES.values())
    source = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:12]
    return base / "simulator" / f"schema-{versions}-{source}.json"


def load(operations: Iterable[tuple[str, str]]) -> dict[str, Schema]:
    """Schemas of (product, operation) pairs, from the cache where it has them."""
    wanted = {f"{product}.{name}": (product, name) for product, name in operations}
    path = cache_file()
    known: dict[str, Schema] = json.loads(path.read_text()) if path.exists() else {}
    if absent := wanted.keys() - known.keys():
        known |= {key: reflect(*wanted[key]) for key in sorted(absent)}
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as handle:
            json.dump(known, handle)
        os.replace(handle.name, path)
    return {key: known[key] for key in wanted}


def reflect(product: str, name: str) -> Schema:
    models = importlib.import_module(f"{MODULES[product]}.models")
    request = getattr(models, f"{name}ShrinkRequest", None) or getattr(models, f"{name}Request")
    return {"request": _model(request, models), "response": _model(getattr(models, f"{name}ResponseBody"), models)}


def _model(cls: type, models: Any) -> Schema:
    mandatory = _mandatory(cls)
    properties: dict[str, Schema] = {}
    required: list[str] = []
    for attribute, hint in _hints(cls, models).items():
        wire_name = _wire_name(cls, attribute, hint)
        properties[wire_name] = _type(hint, models)
        if attribute in mandatory:
            required.append(wire_name)
    return {"type": "object", "properties": properties, "required": required}


def _hints(cls: type, models: Any) -> dict[str, Any]:
    initializer: Any = vars(cls)["__init__"]
    hints = typing.get_type_hints(initializer, {**vars(typing), **initializer.__globals__, "main_models": models})
    # Python 3.10 makes Optional[X] of a hint whose default is None.
    return {
        name: typing.get_args(hint)[0] if typing.get_origin(hint) is typing.Union else hint
        for name, hint in hints.items() if name != "return"
    }  # fmt: skip


def _type(hint: Any, models: Any) -> Schema:
    if hint in _SCALARS:
        return {"type": _SCALARS[hint]}
    if typing.get_origin(hint) is list:
        return {"type": "array", "items": _type(typing.get_args(hint)[0], models)}
    if inspect.isclass(hint) and hasattr(hint, "to_map"):
        return _model(hint, models)
    return {"type": "any"}


def _wire_name(cls: type, attribute: str, hint: Any) -> str:
    is_list = typing.get_origin(hint) is list
    inner = typing.get_args(hint)[0] if is_list else hint
    nested = inspect.isclass(inner) and hasattr(inner, "to_map")
    probe: Any = _Marker() if nested else "plain"
    instance = cls()
    setattr(instance, attribute, [probe] if is_list else probe)
    written = "nested" if nested else "plain"
    expected: Any = [written] if is_list else written
    names: list[str] = [key for key, value in instance.to_map().items() if value == expected]
    return names[0]


def _mandatory(cls: type) -> set[str]:
    found: set[str] = set()
    said = False
    for line in inspect.getsource(vars(cls)["__init__"]).splitlines():
        text = line.strip()
        if text.startswith("#"):
            said = said or _REQUIRED in text
        elif assigned := re.match(r"self\.(\w+) =", text):
            if said:
                found.add(assigned.group(1))
            said = False
    return found


def decode(schema: Schema, parameters: Mapping[str, str]) -> dict[str, Any]:
    """Turn flat wire parameters (Tag.1.Key=a) into typed nested ones; refuse what the operation does not know."""
    tree: dict[str, Any] = {}
    for name, value in parameters.items():
        node = tree
        *path, last = name.split(".")
        for part in path:
            node = node.setdefault(part, {})
            if not isinstance(node, dict):
                raise _bad(name)
        if isinstance(node.get(last), dict):
            raise _bad(name)
        node[last] = value
    decoded: dict[str, Any] = _decode(schema, tree, "")
    return decoded


def _decode(schema: Schema, value: Any, name: str) -> Any:
    kind = schema["type"]
    if kind == "object":
        if not isinstance(value, dict):
            raise _bad(name)
        for key in value:
            if key not in schema["properties"]:
                raise _bad(f"{name}.{key}".lstrip("."))
        for key in schema["required"]:
            tag_value = bool(name) and key == "Value"  # the value of a tag may be empty, yet must be there
            if key not in value or (value[key] == "" and not tag_value):
                raise missing_parameter(f"{name}.{key}".lstrip("."))
        inner = schema["properties"]
        return {key: _decode(inner[key], item, f"{name}.{key}".lstrip(".")) for key, item in value.items()}
    if kind == "array":
        if not isinstance(value, dict) or not all(key.isdigit() and int(key) > 0 for key in value):
            raise _bad(name)
        return [_decode(schema["items"], value[key], f"{name}.{key}") for key in sorted(value, key=int)]
    if isinstance(value, dict):
        raise _bad(name)
    return _scalar(kind, value, name)


def _scalar(kind: str, value: str, name: str) -> Any:
    try:
        if kind == "integer":
            return int(value)
        if kind == "number":
            return float(value)
        if kind == "any":
            return json.loads(value)
    except ValueError:
        raise _bad(name) from None
    if kind == "boolean":
        if value.lower() not in ("true", "false"):
            raise _bad(name)
        return value.lower() == "true"
    return value


def _bad(name: str) -> ApiError:
    return ApiError(400, "InvalidParameter", f'The specified parameter "{name}" is not valid.')


def problems(schema: Schema, value: Any, where: str = "answer") -> list[str]:
    """What is wrong with an answer of our own; empty when the SDK would read all of it."""
    kind = schema["type"]
    if kind == "object":
        if not isinstance(value, dict):
            return [f"{where}: not an object"]
        found = [f"{where}.{key}: unknown" for key in value if key not in schema["properties"]]
        for key, item in value.items():
            if key in schema["properties"]:
                found += problems(schema["properties"][key], item, f"{where}.{key}")
        return found
    if kind == "array":
        if not isinstance(value, list):
            return [f"{where}: not a list"]
        rows = enumerate(value)
        return [line for index, item in rows for line in problems(schema["items"], item, f"{where}[{index}]")]
    given = {str: "string", int: "integer", bool: "boolean", float: "number"}.get(type(value), "nothing known")
    right = kind in (given, "any") or (kind == "number" and given == "integer")
    return [] if right else [f"{where}: {given} where {kind} belongs"]
