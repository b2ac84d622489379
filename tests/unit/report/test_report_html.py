# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.alicloud.os_migration.plugins.plugin_utils import outcome, report, report_pages
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.report_pages import shares
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.texts import LANGUAGES, Texts

VOID = {"meta", "input", "br"}


class Page(HTMLParser):
    """What a browser would find: elements, their attributes, and the text in them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, str] = {}
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        for tag in {*self.open, "all"}:
            self.texts[tag] = self.texts.get(tag, "") + data


def words(html: str) -> str:
    return " ".join(Page(html).texts["body"].split())


def pages(data: dict[str, Any], texts: Texts | None = None) -> dict[str, str]:
    """Every page of a report, by its path."""
    spoken = texts or Texts.of("en")
    each = {host["page"]: report.render_host(data, host, spoken) for host in data["hosts"]}
    return {"report.html": report.render_html(data, spoken), **each}


def shape(html: str) -> list[str]:
    return [tag for tag, _attributes in Page(html).tags if tag in ("script", "style", "svg", "rect", "img", "a", "h1")]


def test_all_hosts_and_why_they_stand_so_are_on_the_first_page(sample: dict[str, Any]) -> None:
    page = words(report.render_html(sample))
    for host in sample["hosts"]:
        assert host["host"] in page and host["reason"] in page
    for expected in ("i-web2", "shop front", "CentOS 8 → Alibaba Cloud Linux 3", "PKG-I686", "1 unknown", "1 waived",
                     "32-bit packages are installed", "6 min 21 s", "2 snapshots", "20261123-101112-4f2a",
                     "2026-11-23T10:11:12Z", "ansible-playbook alicloud.os_migration.rollback"):  # fmt: skip
        assert expected in page, expected


def test_everything_known_of_a_host_is_on_its_page(sample: dict[str, Any]) -> None:
    own = {host["host"]: words(report.render_host(sample, host)) for host in sample["hosts"]}
    for expected in ("i-web2", "shop front", "cn-hangzhou", "CentOS 8 → Alibaba Cloud Linux 3", "SELINUX=disabled",
                     "Waived until 2026-12-31: rebuilt and tested", "s-1", "d-2", "/dev/xvdb", "transaction", "5 min 10 s",
                     "kernel release: 4.18.0 → 5.10.134", "service: kdump", "6 min 21 s", "On the paths alinux3 by distro_sync, anolis8 by smc"):  # fmt: skip
        assert expected in own["web2"], expected
    for expected in ("glibc.i686", "Remove them.", "dnf remove '*.i686'", "Source: Help Center (documented)",
                     "The role remediate can resolve it: i686"):  # fmt: skip
        assert expected in own["ftp"], expected
    for expected in ("scriptlet failed", "last words of the log", "not over, since", "What could not be judged"):
        assert expected in own["db01"], expected
    assert "The failure budget was spent." in own["cache"]


def test_where_a_host_could_go_is_told_with_what_stands_in_the_way(sample: dict[str, Any]) -> None:
    page = words(next(report.render_host(sample, host) for host in sample["hosts"] if host["host"] == "web2"))
    assert "Possible targets and what stands in the way" in page
    assert "Red Hat Enterprise Linux 8convert2rhel" in page and "RHEL-SUBSCRIPTION" in page
    assert "not in this version" in page
    assert "Where the hosts could go" in words(report.render_html(sample))


def test_what_blocks_hosts_is_on_the_first_page(assessment: dict[str, Any]) -> None:
    data = report.build(assessment)
    page = words(report.render_html(data))
    assert "What blocks hosts" in page and "nothing else blocks" in page
    assert "What blocks hosts" not in words(report.render_html(report.build({"run": {}, "hosts": []})))


def test_the_pages_reach_for_nothing_but_each_other(sample: dict[str, Any]) -> None:
    every = pages(sample)
    for html in every.values():
        for tag, attributes in Page(html).tags:
            assert tag not in ("link", "img", "iframe", "object", "embed", "base", "form")
            assert not {"src", "style", "srcset", "action"} & set(attributes)
            assert not [name for name in attributes if name.startswith("on")]
        assert "url(" not in html and "@import" not in html


def test_the_browser_is_told_to_run_this_style_and_script_and_nothing_else(sample: dict[str, Any]) -> None:
    for path, html in pages(sample).items():
        page = Page(html)
        policy = next(attributes["content"] for _tag, attributes in page.tags if "http-equiv" in attributes)
        assert policy is not None and policy.startswith("default-src 'none';") and "unsafe" not in policy
        digests = {tag: b64encode(sha256(text.encode()).digest()).decode() for tag, text in page.texts.items()}
        assert f"style-src 'sha256-{digests['style']}'" in policy
        script = f"'sha256-{digests['script']}'" if path == "report.html" else "'none'"
        assert f"script-src {script};" in policy
        assert ("script" in digests) == (path == "report.html")


def test_nothing_a_host_says_becomes_part_of_a_page(sample: dict[str, Any], hostile: dict[str, Any]) -> None:
    for good, bad in zip(pages(sample).values(), pages(hostile).values(), strict=False):
        assert shape(bad)[:3] == shape(good)[:3]
        assert {"img"}.isdisjoint(shape(bad)) and shape(bad).count("script") == shape(good).count("script")
    for html in pages(hostile).values():
        html.encode("utf-8")
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", html)
        tags = Page(html).tags
        assert not [name for _tag, attributes in tags for name in attributes if name.startswith("on")]
        assert all(re.fullmatch(r"[\d.]+", str(attributes["width"])) for tag, attributes in tags if tag == "rect")


def test_a_host_cannot_make_the_controller_evaluate_a_template(run: dict[str, Any]) -> None:
    run["hosts"][0]["reason"] = "{{ 7 * 7 }} {count.__class__}"
    data = report.build(run)
    assert all(
        "{{ 7 * 7 }} {count.__class__}" in words(pages(data)[path]) for path in ("report.html", "report/web10.html")
    )


def test_no_outcome_or_severity_is_told_by_colour_alone(sample: dict[str, Any]) -> None:
    html = report.render_html(sample)
    for item in outcome.OUTCOMES:
        assert f'aria-hidden="true">{item.sign}</span>{item.label}</span>' in html
    assert ">inhibitor</span>" in html


def test_every_picture_has_its_numbers_in_words_beside_it(sample: dict[str, Any]) -> None:
    for html in pages(sample).values():
        for tag, attributes in Page(html).tags:
            if tag == "svg":
                assert attributes.get("aria-hidden") == "true" or attributes.get("aria-label")


def test_tables_have_headers_that_a_screen_reader_can_tell_apart(sample: dict[str, Any]) -> None:
    for html in pages(sample).values():
        tags = Page(html).tags
        assert all(attributes.get("scope") in ("col", "row") for tag, attributes in tags if tag == "th")
        ids = {attributes.get("id") for _tag, attributes in tags}
        assert all(attributes.get("aria-labelledby") in ids for tag, attributes in tags if tag == "table")


def test_links_lead_from_the_first_page_to_each_host_and_back(hostile: dict[str, Any], sample: dict[str, Any]) -> None:
    for data in (hostile, sample):
        every = pages(data)
        tags = Page(every["report.html"]).tags
        ids = [attributes["id"] for _tag, attributes in tags if "id" in attributes]
        assert len(ids) == len(set(ids))
        links = [str(attributes["href"]) for tag, attributes in tags if tag == "a"]
        assert set(links) == {host["page"] for host in data["hosts"]}
        for number, host in enumerate(data["hosts"], 1):
            (back,) = [str(attributes["href"]) for tag, attributes in Page(every[host["page"]]).tags if tag == "a"]
            assert back == f"../report.html#h{number}" and f"h{number}" in ids


@pytest.mark.parametrize("names", [("../../etc/passwd", "a/b", "a_b"), ("web1", "WEB1", "Web1"), ("", " ", ".."), ("x" * 5000, "x" * 5001)])  # fmt: skip
def test_every_host_has_a_page_of_its_own_within_the_run(run: dict[str, Any], names: tuple[str, ...]) -> None:
    run["hosts"] = [{"host": name} for name in names]
    paths = [host["page"] for host in report.build(run)["hosts"]]
    assert len({path.lower() for path in paths}) == len(names)
    for path in paths:
        assert re.fullmatch(r"report/[a-z0-9][a-z0-9._-]{0,110}\.html", path)


def test_the_pages_read_without_scripts(sample: dict[str, Any]) -> None:
    tags = Page(report.render_html(sample)).tags
    controls = next(attributes for _tag, attributes in tags if attributes.get("id") == "controls")
    assert "hidden" in controls, "controls that do nothing must not show"
    assert not [tag for tag, _attributes in tags if tag == "button"]


def test_the_script_finds_everything_that_it_works_on(sample: dict[str, Any]) -> None:
    script = Path(report_pages.__file__).with_name("report.js").read_text()
    tags = Page(report.render_html(sample)).tags
    ids = {attributes.get("id") for _tag, attributes in tags}
    assert set(re.findall(r'getElementById\("(\w+)"\)', script)) <= ids
    (row, *_others) = [attributes for _tag, attributes in tags if "data-outcome" in attributes]
    assert all(f"data-{found['data-by']}" in row for _tag, found in tags if "data-by" in found)
    numbers = [attributes["data-key"] for _tag, attributes in tags if "data-key" in attributes]
    assert numbers and all(re.fullmatch(r"-?\d+", str(number)) for number in numbers)


def test_rows_can_be_filtered_by_what_was_found_on_the_host(sample: dict[str, Any]) -> None:
    tags = Page(report.render_html(sample)).tags
    rows = {attributes["id"]: attributes for _tag, attributes in tags if "data-findings" in attributes}
    ftp = next(number for number, host in enumerate(sample["hosts"], 1) if host["host"] == "ftp")
    wanted = next(str(number) for number, item in enumerate(sample["findings"]) if item["id"] == "PKG-I686")
    assert [row for row, found in rows.items() if wanted in str(found["data-findings"]).split()] == [f"h{ftp}"]
    assert rows[f"h{ftp}"]["data-severities"] == "inhibitor"
    web2 = next(number for number, host in enumerate(sample["hosts"], 1) if host["host"] == "web2")
    assert rows[f"h{web2}"]["data-severities"] == "info", "what was waived is not found by its severity"


def test_check_mode_makes_a_plan_and_says_that_nothing_was_changed(run: dict[str, Any]) -> None:
    real = report.render_html(report.build(run))
    assert "Nothing was changed." not in real and "<title>Migration report" in real
    run["run"]["check_mode"] = True
    every = pages(report.build(run))
    assert "Nothing was changed." in every["report.html"] and "<title>Migration plan" in every["report.html"]
    assert (
        "What would be done" in every["report/next.html"]
        and "Snapshot the system disk d-9." in every["report/next.html"]
    )
    assert "Nothing was changed." in every["report/next.html"]


def test_an_assessment_shows_no_outage_and_no_restore_point(assessment: dict[str, Any]) -> None:
    html = report.render_html(report.build(assessment))
    assert "<title>Assessment" in html and "<dt>Restore point snapshots" not in html and "Outage" not in words(html)


def test_an_empty_run_makes_a_page_too() -> None:
    assert "No host took part in this run." in report.render_html(report.build({"run": {}, "hosts": []}))


def test_the_first_page_of_a_large_fleet_stays_small_enough_to_open_and_to_mail(run: dict[str, Any]) -> None:
    many = [{**run["hosts"][3]["findings"][0], "id": f"CHECK-{number}", "severity": "low"} for number in range(40)]
    run["hosts"] = [{**run["hosts"][1], "host": f"web{number}.example.com", "findings": many} for number in range(500)]
    assert len(report.render_html(report.build(run)).encode()) < 3_000_000


def test_segments_of_a_bar_lie_side_by_side() -> None:
    assert shares([("a", 1), ("b", 0), ("c", 3)], 4) == [
        {"name": "a", "x": "0.00", "width": "25.00"},
        {"name": "c", "x": "25.00", "width": "75.00"},
    ]
    assert shares([("a", 0)], 0) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_in_the_language_of_the_run_and_says_which(run: dict[str, Any], language: str) -> None:
    run["run"]["check_mode"] = True
    texts = Texts.of(language)
    data = report.build(run, None, texts)
    for path, html in pages(data, texts).items():
        tags = Page(html).tags
        assert dict(tags)["html"]["lang"] == LANGUAGES[language]
        assert texts.ui("times.utc") in words(html) and texts.ui("notice.plan") in words(html)
        english = "All hosts" if path != "report.html" else "Findings across the fleet"
        assert (english in words(html)) == (language == "en")
