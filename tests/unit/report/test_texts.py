# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import re
import string
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.alicloud.os_migration.plugins.plugin_utils import assessment as judgement
from ansible_collections.alicloud.os_migration.plugins.plugin_utils import matrix, report, texts
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks import REGISTER
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.texts import Texts
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.texts.english import UI

HERE = Path(texts.__file__).parent
OTHERS = [language for language in texts.LANGUAGES if language != "en"]
PARTS = [Path(report.__file__).parent.glob(pattern) for pattern in ("report*.py", "report*.j2")]
SOURCE = "\n".join(path.read_text() for paths in PARTS for path in paths)
# What a reader types or looks for: absolute paths, options, variables.
NAMES = re.compile(r"(?<![\w/])/\w[\w./-]*\w|--[\w-]+|\b\w+_\w+\b")


def load(language: str) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((HERE / f"{language}.yml").read_text(encoding="utf-8"))
    return document


def placeholders(text: str) -> set[str | None]:
    return {name for _literal, name, _format, _conversion in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_of_the_report_is_translated(language: str) -> None:
    assert set(load(language)["ui"]) == {key for key in UI if not key.endswith(".one")}


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_takes_the_values_that_the_english_text_takes(language: str) -> None:
    for key, text in load(language)["ui"].items():
        assert placeholders(text) == placeholders(UI[key]), key
        assert text.strip() and text.isprintable(), key


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_is_not_the_english_text(language: str) -> None:
    same = {key for key, text in load(language)["ui"].items() if text == UI[key]}
    assert not same


@pytest.mark.parametrize("language", OTHERS)
def test_every_check_is_translated_and_names_the_same_files_and_options(language: str) -> None:
    translated = load(language)["checks"]
    assert set(translated) == set(REGISTER)
    for identifier, entry in translated.items():
        assert set(entry) == {"title", "remediation"}, identifier
        assert all(isinstance(text, str) and text.strip() for text in entry.values()), identifier
        english = REGISTER[identifier].title + "\n" + REGISTER[identifier].remediation
        assert [name for name in NAMES.findall(english) if name not in "\n".join(entry.values())] == [], identifier


@pytest.mark.parametrize("key", sorted(key for key in UI if not key.endswith(".one")))
def test_no_text_is_translated_that_nobody_shows(key: str) -> None:
    family = key.partition(".")[0]
    composed = {
        "outcome",
        "meaning",
        "severity",
        "status",
        "kind",
        "grade",
        "command",
        "findings",
        "comparison",
        "change",
    }
    assert f'"{key}"' in SOURCE or (
        family in composed and re.search(rf'"{family}\." ~|{family}\.\{{|"{family}\.\'', SOURCE)
    )


def test_one_thing_is_not_spoken_of_as_several() -> None:
    assert Texts.of("en").ui("count.snapshots", count=1) == "1 snapshot"
    assert Texts.of("en").ui("count.snapshots", count=2) == "2 snapshots"
    assert Texts.of("ja").ui("count.snapshots", count=1) == Texts.of("ja").ui("count.snapshots", count=2).replace(
        "2", "1"
    )


@pytest.mark.parametrize("language", ["", "fr", "../en", None, 7, []])
def test_a_language_that_does_not_exist_is_english(language: object) -> None:
    assert Texts.of(language) is Texts.of("en")


def test_a_check_speaks_the_language_and_is_english_where_it_has_no_words_yet() -> None:
    own = Texts("ja", {}, {"PKG-I686": {"title": "32 ビットのパッケージ", "remediation": ""}})
    finding = {"id": "PKG-I686", "title": "32-bit packages", "remediation": {"text": "Remove them."}}
    assert (own.title(finding), own.remediation(finding)) == ("32 ビットのパッケージ", "Remove them.")
    assert own.title({**finding, "id": "OTHER"}) == "32-bit packages"
    assert own.ui("hosts") == "Hosts"


def test_the_sentences_of_the_assessment_are_recognised() -> None:
    unread = judgement.assess(judgement.Subject("web1", None), "alinux3", "auto")
    (path, *_others) = matrix.paths("centos8", "x86_64")
    nowhere = judgement._every_path([judgement.PathVerdict(path, unread.findings)], "auto", {"name": "CentOS 8"})
    for found, key in ((unread, "reason.blocked"), (nowhere, "reason.no_target")):
        record = {
            "host": "web1", "eligible": found.eligible, "outcome": found.outcome, "reason": found.reason,
            "findings": [item.as_dict() for item in found.findings],
        }  # fmt: skip
        (host,) = report.build({"run": {}, "hosts": [record]}, None, Texts.of("ja"))["hosts"]
        assert host["reason"] == Texts.of("ja").ui(key, count=1, ids="NET-UNREADABLE")


def test_a_blocked_host_says_so_in_the_language_of_the_run(assessment: dict[str, Any]) -> None:
    blocked = assessment["hosts"][3]
    blocked["reason"] = "2 inhibitors must be resolved first: DISK-BOOT, PKG-I686."
    data = report.build(assessment, None, Texts.of("zh"))
    reasons = {host["host"]: host["reason"] for host in data["hosts"]}
    assert reasons["old2"] == "需要先解决 2 个阻断项：DISK-BOOT，PKG-I686。"
    assert reasons["ready1"] == Texts.of("zh").ui("meaning.eligible")
    blocked["reason"] = "prove: the transaction has problems"
    data = report.build(assessment, None, Texts.of("zh"))
    assert "prove: the transaction has problems" in [host["reason"] for host in data["hosts"]]
