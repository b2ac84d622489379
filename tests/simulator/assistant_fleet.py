"""Reads the part of a fleet file that says how instances without a real host answer commands."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .assistant_world import EFFECTS, Assistant, ScriptedAnswer

_ANSWER = {"match", "system", "settling", "exit_code", "output", "output_file", "delay_s", "effect", "code"}


def read(entry: Mapping[str, Any], folder: Path) -> Assistant:
    """Raises ValueError with a sentence. `folder` is where the paths of output files begin."""
    if unknown := set(entry) - {"answers", "daily_quota"}:
        raise ValueError(f"unknown {', '.join(sorted(unknown))}")
    quota = entry.get("daily_quota")
    answers = tuple(_answer(one, folder) for one in entry.get("answers") or [])
    return Assistant(answers, None if quota is None else int(quota))


def _answer(entry: Mapping[str, Any], folder: Path) -> ScriptedAnswer:
    if unknown := set(entry) - _ANSWER:
        raise ValueError(f"an answer has an unknown {', '.join(sorted(unknown))}")
    if "output" in entry and "output_file" in entry:
        raise ValueError("an answer has both output and output_file")
    effect = str(entry.get("effect", "none"))
    if effect not in EFFECTS:
        raise ValueError(f"the effect {effect!r} is none of {', '.join(EFFECTS)}")
    code = _pattern(entry, "code") if "code" in entry else None
    if effect == "smc_import" and (code is None or code.groups < 1):
        raise ValueError("an answer with the effect smc_import needs `code`, a pattern with a group")
    settling = entry.get("settling")
    return ScriptedAnswer(
        match=_pattern(entry, "match"),
        system=tuple(entry.get("system") or ()),
        settling=None if settling is None else bool(settling),
        exit_code=int(entry.get("exit_code", 0)),
        output=_output(entry, folder),
        delay_s=float(entry.get("delay_s", 2)),
        effect=effect,
        code=code,
    )


def _pattern(entry: Mapping[str, Any], name: str) -> re.Pattern[str]:
    try:
        return re.compile(str(entry[name]))
    except KeyError:
        raise ValueError(f"an answer has no {name}") from None
    except re.error as error:
        raise ValueError(f"{name}: {error}") from error


def _output(entry: Mapping[str, Any], folder: Path) -> str:
    if "output_file" not in entry:
        return str(entry.get("output", ""))
    path = folder / entry["output_file"]
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise ValueError(f"output_file {path}: {error.strerror}") from error
