# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The languages of the report: what stands around the findings, and the findings of our own checks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.texts.english import UI

# The value of `lang` in a page, which also decides which shapes a browser takes for letters that Chinese and Japanese share.
LANGUAGES = {"en": "en", "ja": "ja", "zh": "zh-CN"}


@dataclass(frozen=True)
class Texts:
    """All texts of one language. What has no translation is English, so that a new check never lacks its words."""

    language: str = "en"
    _ui: Mapping[str, str] = field(default_factory=lambda: UI)
    _checks: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, language: object) -> Texts:
        """The texts of a language; English for one that does not exist."""
        return _load(language) if isinstance(language, str) and language in LANGUAGES else ENGLISH

    @property
    def tag(self) -> str:
        """The language as HTML names it."""
        return LANGUAGES[self.language]

    def ui(self, key: str, **values: Any) -> str:
        """A text of the report. Where a language has a form for one thing, `count=1` takes it."""
        table = self._ui if key in self._ui else UI
        singular = f"{key}.one"
        text = table[singular] if values.get("count") == 1 and singular in table else table[key]
        return text.format(**values)

    def title(self, finding: Mapping[str, Any]) -> str:
        """What was found, in one sentence."""
        return self._of_check(finding, "title") or str(finding.get("title") or "")

    def remediation(self, finding: Mapping[str, Any]) -> str:
        """What to do about it."""
        return self._of_check(finding, "remediation") or str((finding.get("remediation") or {}).get("text") or "")

    def _of_check(self, finding: Mapping[str, Any], key: str) -> str:
        return str((self._checks.get(str(finding.get("id"))) or {}).get(key) or "")


@cache
def _load(language: str) -> Texts:
    if language == "en":
        return ENGLISH
    document = yaml.safe_load(Path(__file__).with_name(f"{language}.yml").read_text(encoding="utf-8"))
    return Texts(language, document["ui"], document["checks"] or {})


ENGLISH = Texts()
