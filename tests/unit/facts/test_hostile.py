# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host that lies, or is broken, must neither stop the run of all others nor get at the one who reads the report.

The examples are the same in every run: they are derived from the tests themselves.
"""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ansible_collections.alicloud.os_migration.plugins.plugin_utils import report
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.assessment import Assessment, Subject, assess
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.facts import Facts, FactsError, parse
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.host import HostError, parse_answer
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.matrix import ENGINES, SOURCES, TARGETS
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.tool_reports import LEAPP_REPORT
from ansible_collections.alicloud.os_migration.tests.unit.checks.hosts import CLEAN, document, instance

SECTIONS = sorted(CLEAN)
DOCUMENTS = {source: document(system=source) for source in SOURCES}
FIRST = ["os_release", "rpm_qa", "repo_files", "fstab", "mounts", "hostname", "units", "sshd_config", "tool_reports"]
MOST_HTML = 1_500_000


def steady(examples: int) -> settings:
    return settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
    )


TOKENS = [
    "<script>alert(1)</script>", "\"'><img src=x onerror=alert(1)>", "</style></title><svg/onload=alert(1)>", "]]>--><!DOCTYPE x>",
    "<a href=javascript:alert(1)>", "&lt;b&gt;", "{{ 7 * 7 }}", "{% raw %}", "${7*7}", "%s%n", "=cmd|' /C calc'!A0", "@SUM(1+1)",
    "\x1b[2J\x1b[31m", "\x1b]0;owned\x07", "\x1b]8;;http://evil\x1b\\", "\x9b2J", "\x00", "\x07", "\x08", "\r", "\r\n", "\x7f", "\v", "\f",
    "\u202e", "\u2066", "\u200b", "\u2028", "\ufeff", "\U000e0041", "\ud800", "\udfff", "\uffff", "\U0010ffff", "e\u0301" * 40,
    "ü", "日本語", "Файловая система", "没有那个文件或目录", "●", "²", "①", "٣", "\xa0", "\xff\xfe",
    "9" * 40, "-1", "0x10", "1e999", "NaN", "Infinity", "2147483648", "18446744073709551616", "-9223372036854775809",
    '{"probe":1,"sections":{}}', '"}},{"uid":{"text":"0', "\\u001b[2J", "\\", "\\777", '"', "'", "`id`", "$(id)", "; rm -rf /", "&& id",
    "|", "||||||||", "\t", "\t\t", " ", "\n", "\n\n", "=", "[", "]", "[x]", "[main]", "#", ":", ":::::::", "/", "../../../etc", "~", ",", "()",
    "x" * 700, "/" * 300, " " * 300,
]  # fmt: skip

noise = st.lists(st.one_of(st.sampled_from(TOKENS), st.text(max_size=12)), max_size=25).map("".join)


@st.composite
def hostile_text(draw: st.DrawFn, own: str) -> str:
    """A section's text: another one, the own one with noise in it, cut, doubled, or with the noise in every line."""
    kind = draw(st.sampled_from(["other", "inside", "cut", "repeated", "lines", "fields"]))
    bad = draw(noise)
    where = draw(st.integers(0, len(own)))
    if kind == "other":
        return bad
    if kind == "inside":
        return own[:where] + bad + own[where:]
    if kind == "cut":
        return own[:where]
    if kind == "repeated":
        return (own + bad) * draw(st.integers(2, 4))
    if kind == "lines":
        return "\n".join(line + bad for line in own.split("\n")[:40])
    return re.sub(r"[\w.]+", lambda word: bad if len(word[0]) % 3 == where % 3 else word[0], own[:4_000])


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    noise,
    st.just([]),
    st.just({}),
    st.just([[]] * 3),
)
leapp_entry = st.fixed_dictionaries(
    {"title": noise},
    optional={
        "severity": st.one_of(st.just("high"), scalars),
        "flags": st.one_of(st.just(["inhibitor"]), scalars),
        "groups": st.one_of(st.lists(noise, max_size=3), scalars),
        "key": scalars,
        "actor": scalars,
        "summary": noise,
        "detail": st.one_of(
            scalars,
            st.fixed_dictionaries(
                {},
                optional={
                    "remediations": st.lists(
                        st.fixed_dictionaries(
                            {"type": st.sampled_from(["hint", "command"]), "context": noise | scalars}
                        ),
                        max_size=3,
                    ),
                    "related_resources": st.lists(st.fixed_dictionaries({"scheme": noise, "title": noise}), max_size=3),
                    "external": st.lists(st.fixed_dictionaries({"url": noise, "title": noise}), max_size=2),
                },
            ),
        ),
    },
)


@st.composite
def leapp_section(draw: st.DrawFn) -> str:
    entries = draw(st.lists(leapp_entry | scalars, max_size=4))
    text = json.dumps({"leapp_run_id": "x", "entries": entries}, ensure_ascii=draw(st.booleans()))
    return "".join(f"{LEAPP_REPORT}\t{piece}\n" for piece in re.findall(r"(?s).{1,300}", text.replace("\n", " ")))


@st.composite
def hostile_sections(draw: st.DrawFn, source: str) -> dict[str, Any]:
    """Some sections as no honest host would send them; None takes one away."""
    own = DOCUMENTS[source]["sections"]
    changes: dict[str, Any] = {}
    names = st.one_of(st.sampled_from(FIRST), st.sampled_from(SECTIONS))
    for name in draw(st.lists(names, min_size=1, max_size=6, unique=True)):
        text = draw(leapp_section() if name == "tool_reports" else hostile_text(own[name]["text"] or ""))
        section: Any = {"rc": 0, "cut": False, "text": text}
        odd = draw(st.sampled_from(["", "", "", "", "text", "rc", "cut", "all", "gone"]))
        if odd in section:
            section[odd] = draw(scalars)
        changes[name] = draw(scalars) if odd == "all" else None if odd == "gone" else section
    if draw(st.booleans()):
        changes[draw(noise)] = draw(scalars)
    return changes


@st.composite
def hostile_host(draw: st.DrawFn) -> tuple[str, dict[str, Any], Any]:
    """A source, what is changed in the probe of a clean host of it, and the time at which it was read."""
    source = draw(st.sampled_from(SOURCES))
    return source, draw(hostile_sections(source)), draw(st.one_of(st.just(DOCUMENTS[source]["read_at"]), scalars))


def judged(probe: Any, target: str, engine: str, name: str = "web01") -> tuple[Assessment, dict[str, Any]]:
    """The way of a probe through the controller, up to the report as data."""
    subject = Subject(name, parse(probe), instance=instance())
    found = assess(subject, target, engine)
    record = {
        "host": name, "instance_id": "i-1", "stage": "assessed", "target": target, "eligible": found.eligible,
        "outcome": found.outcome, "reason": found.reason, "source": found.source, "engine": found.engine,
        "findings": [finding.as_dict() for finding in found.findings], "paths": found.paths,
    }  # fmt: skip
    run = {"run_id": "20261123-101112-4f2a", "started": "2026-11-23T10:11:12Z", "target": target, "engine": engine,
           "inventory": "hosts.yml", "check_mode": False, "hosts": [name]}  # fmt: skip
    # Through JSON, as the record of the run is written and read again.
    return found, report.build({"run": run, "hosts": [json.loads(json.dumps(record))]}, "2026-11-23T10:46:17Z")


class Elements(HTMLParser):
    """What a browser makes of a page: each element with the names of its attributes, and what it would fetch or run."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.shapes: set[tuple[str, tuple[str, ...]]] = set()
        self.targets: set[str] = set()
        self.declarations: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.shapes.add((tag, tuple(sorted(name for name, _value in attrs))))
        self.targets |= {re.sub(r"[^#/].*", "*", v or "") for name, v in attrs if name in ("href", "src", "action")}

    def handle_decl(self, decl: str) -> None:
        self.declarations.append(decl)

    def handle_comment(self, data: str) -> None:
        self.declarations.append(data)


def pages(data: dict[str, Any]) -> list[str]:
    return [report.render_html(data), *(report.render_host(data, host) for host in data["hosts"])]


def harmless() -> tuple[set[tuple[str, tuple[str, ...]]], set[str], list[list[str]]]:
    """What pages about hosts without malice consist of: a clean one, a broken one, one that could not be read, ..."""
    broken = document({"uid": "1000", "virt": "docker", "fips": "1", "rpm_qa": {"add": "a|(none)|1|1|i686|Me|none|1"}})
    unknown = document({"rpm_qa": None, "mounts": None, "repo_files": None})
    strange = document({"os_release": "ID=other\nVERSION_ID=1\n"})
    probes = [(broken, "alinux3"), (broken, "auto"), (unknown, "alinux3"), (unknown, "auto"), (strange, "alinux3")]
    probes += [(probe, target) for probe in DOCUMENTS.values() for target in ("auto", *TARGETS)]
    shapes, targets, declarations = set(), set(), []
    for probe, target in probes:
        for page in pages(judged(probe, target, "auto")[1]):
            elements = Elements(page)
            shapes |= elements.shapes
            targets |= elements.targets
            declarations.append(elements.declarations)
    return shapes, targets, declarations


SHAPES, LINKS, DECLARATIONS = harmless()


def check_text(text: str) -> None:
    """Nothing a terminal obeys, nothing hidden, nothing that turns the direction of writing, and a file can hold it."""
    text.encode("utf-8")
    bad = [
        c for c in text if c != "\n" and (unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") or c == "\ufeff")
    ]
    assert bad == []


def check_report(data: dict[str, Any]) -> None:
    for page in pages(data):
        elements = Elements(page)
        assert elements.shapes - SHAPES == set()
        assert elements.targets - LINKS == set()
        assert elements.declarations in DECLARATIONS
        assert len(page.encode("utf-8")) < MOST_HTML
    table = report.terminal_table(data, 80)
    check_text(table)
    assert table.count("\n") < 60
    junit = report.junit_xml(data)
    check_text(junit)
    assert len(ElementTree.fromstring(junit).findall(".//testcase")) == 1
    for text in (report.hosts_csv(data), report.findings_csv(data)):
        rows = list(csv.reader(io.StringIO(text, newline="")))
        assert {len(row) for row in rows} == {len(rows[0])}
        assert [cell for row in rows for cell in row if cell.lstrip().startswith(("=", "+", "-", "@"))] == []
        check_text(text.replace("\r\n", "\n"))


@steady(120)
@given(hostile_host(), st.sampled_from(["alinux3", "auto", *TARGETS]), st.sampled_from(["auto", *ENGINES]))
def test_whatever_a_host_sends_every_other_host_gets_its_report(
    sent: tuple[str, dict[str, Any], Any], target: str, engine: str
) -> None:
    source, changes, read_at = sent
    sections = {name: text for name, text in (DOCUMENTS[source]["sections"] | changes).items() if text is not None}
    found, data = judged({"probe": 1, "read_at": read_at, "sections": sections}, target, engine)
    assert found.outcome in (None, "not_eligible", "migrated")
    assert all(len(line) <= 600 for finding in found.findings for line in finding.evidence)
    check_report(data)


@steady(60)
@given(leapp_section())
def test_a_forged_report_of_leapp_gets_at_nobody(section: str) -> None:
    release = 'ID="rhel"\nVERSION_ID="8.6"\nNAME="Red Hat Enterprise Linux"\n'
    _found, data = judged(document({"tool_reports": section, "os_release": release}), "rhel9", "smc")
    check_report(data)


@steady(40)
@given(noise)
def test_a_name_of_the_inventory_cannot_do_harm_either(name: str) -> None:
    check_report(judged(document(), "alinux3", "auto", name or "x")[1])


@steady(150)
@given(
    st.recursive(
        scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(noise, inner, max_size=3), max_leaves=8
    )
)
def test_an_answer_that_is_no_probe_is_refused_in_one_sentence_and_never_taken_for_one(answer: Any) -> None:
    for probe in (answer, {"probe": 1, "sections": answer}, {"probe": answer, "sections": {}}):
        try:
            facts = parse(probe)
        except FactsError as error:
            assert "\n" not in str(error)
        else:
            assert isinstance(facts, Facts)
            assert facts.packages is None


@steady(300)
@given(
    st.one_of(
        st.binary(max_size=300),
        st.tuples(
            noise,
            st.sampled_from(["{", '{"probe":1,"sections":{', '{"a":' * 5_000, "[" * 5_000, "9" * 6_000, ""]),
            noise,
        ).map(lambda parts: "\n".join(parts).encode("utf-8", "surrogatepass")),
    ),
    st.binary(max_size=100),
    st.sampled_from(["replace", "surrogateescape", "backslashreplace"]),
)
def test_raw_bytes_of_a_host_are_an_answer_or_one_clean_sentence(stdout: bytes, stderr: bytes, errors: str) -> None:
    answer: Mapping[str, Any] = {
        "rc": 1, "stdout": stdout.decode("utf-8", errors), "stderr": stderr.decode("utf-8", errors),
    }  # fmt: skip
    try:
        found = parse_answer(answer)
    except HostError as error:
        message = str(error)
        assert message.isprintable()
        assert len(message) < 500
    else:
        assert isinstance(found, dict)


@pytest.mark.parametrize("banner", ["", "Authorized users only!\n\x1b[31mBEWARE\x1b[0m\n{ not JSON\n", "{\n{\n{\n"])
def test_a_banner_before_the_answer_hides_no_host(banner: str) -> None:
    text = banner + json.dumps(document()) + "\nbye\n"
    assert parse(parse_answer({"rc": 0, "stdout": text, "stderr": ""})).packages


def test_an_endless_section_costs_its_facts_only() -> None:
    probe = document({"rpm_qa": "x|" * 3_000_000, "units": "\n" * 2_000_000, "hostname": "h" * 6_000_000})
    found, data = judged(probe, "alinux3", "auto")
    assert found.outcome == "not_eligible"
    check_report(data)


def test_the_harmless_hosts_show_every_part_of_a_page() -> None:
    # Without this the comparison above could pass on pages that show nothing.
    tags = {tag for tag, _attributes in SHAPES}
    assert {"html", "head", "style", "body", "h1", "table", "code", "a"} <= tags
    assert len(SHAPES) > 30
