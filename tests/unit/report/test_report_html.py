# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from typing import Any

from ansible_collections.alicloud.os_migration.plugins.plugin_utils import outcome, report

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
    return " ".join(Page(html).texts["main"].split())


def shape(html: str) -> list[str]:
    return [tag for tag, _attributes in Page(html).tags]


def test_every_host_and_everything_known_of_it_is_on_the_page(sample: dict[str, Any]) -> None:
    page = words(report.render_html(sample))
    for expected in (
        *(
            "web2",
            "web10",
            "db01",
            "ftp",
            "cache",
            "app",
            "i-web2",
            "shop front",
            "cn-hangzhou",
            "CentOS 8 → Alibaba Cloud Linux 3",
        ),
        *(
            "PKG-I686",
            "32-bit packages are installed",
            "glibc.i686",
            "Remove them.",
            "dnf remove '*.i686'",
            "Help Center",
        ),
        *("rebuilt and tested", "Waived until 2026-12-31", "s-1", "d-2", "/dev/xvdb", "transaction", "5 min 10 s"),
        *(
            "kernel release: 4.18.0 → 5.10.134",
            "service: kdump",
            "scriptlet failed",
            "last words of the log",
            "6 min 21 s",
        ),
        *("2026-11-23T10:11:12Z", "20261123-101112-4f2a", "The failure budget was spent.", "not over, since"),
    ):
        assert expected in page or expected in report.render_html(sample), expected


def test_the_page_is_one_file_that_reaches_for_nothing(sample: dict[str, Any]) -> None:
    html = report.render_html(sample)
    for tag, attributes in Page(html).tags:
        assert tag not in ("link", "img", "iframe", "object", "embed", "base", "form")
        assert not {"src", "style", "srcset", "action"} & set(attributes)
        assert not [name for name in attributes if name.startswith("on")]
        assert (attributes.get("href") or "#").startswith("#")
    assert "url(" not in html and "@import" not in html


def test_the_browser_is_told_to_run_this_style_and_script_and_nothing_else(sample: dict[str, Any]) -> None:
    html = report.render_html(sample)
    page = Page(html)
    policy = next(attributes["content"] for tag, attributes in page.tags if "http-equiv" in attributes)
    assert policy is not None and policy.startswith("default-src 'none';") and "unsafe" not in policy
    for tag in ("style", "script"):
        digest = b64encode(sha256(page.texts[tag].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


def test_nothing_a_host_says_becomes_part_of_the_page(sample: dict[str, Any], hostile: dict[str, Any]) -> None:
    html = report.render_html(hostile)
    assert [tag for tag in shape(html) if tag in ("script", "style", "svg", "img")] == [
        tag for tag in shape(report.render_html(sample)) if tag in ("script", "style", "svg", "img")
    ]
    html.encode("utf-8")
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", html)
    assert not [name for _tag, attributes in Page(html).tags for name in attributes if name.startswith("on")]


def test_a_host_cannot_make_the_controller_evaluate_a_template(run: dict[str, Any]) -> None:
    run["hosts"][0]["reason"] = "{{ 7 * 7 }}"
    assert "{{ 7 * 7 }}" in words(report.render_html(report.build(run)))


def test_no_outcome_or_severity_is_told_by_colour_alone(sample: dict[str, Any]) -> None:
    html = report.render_html(sample)
    for item in outcome.OUTCOMES:
        assert f'aria-hidden="true">{item.sign}</span>{item.label}</span>' in html
    assert ">inhibitor</span>" in html


def test_links_lead_to_their_host_and_ids_are_unique(hostile: dict[str, Any]) -> None:
    tags = Page(report.render_html(hostile)).tags
    ids = [attributes["id"] for _tag, attributes in tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = [attributes["href"] for tag, attributes in tags if tag == "a"]
    assert links == [f"#h{number}" for number in range(1, 8)]
    assert {str(link)[1:] for link in links} <= set(ids)


def test_the_page_reads_without_scripts(sample: dict[str, Any]) -> None:
    tags = Page(report.render_html(sample)).tags
    controls = next(attributes for _tag, attributes in tags if attributes.get("id") == "controls")
    assert "hidden" in controls, "controls that do nothing must not show"
    assert not [tag for tag, _attributes in tags if tag == "button"]
    assert len([tag for tag, _attributes in tags if tag == "details"]) == 7


def test_check_mode_makes_a_plan_and_says_that_nothing_was_changed(run: dict[str, Any]) -> None:
    real = report.render_html(report.build(run))
    assert "Nothing was changed." not in real and "<title>Migration report" in real
    run["run"]["check_mode"] = True
    html = report.render_html(report.build(run))
    assert "Nothing was changed." in html and "<title>Migration plan" in html
    assert "What would be done" in html and "Snapshot the system disk d-9." in html
    assert "<dt>Restore point snapshots" not in html


def test_an_empty_run_makes_a_page_too() -> None:
    assert "No host took part in this run." in report.render_html(report.build({"run": {}, "hosts": []}))


def test_a_page_of_a_thousand_hosts_stays_small_enough_to_open(run: dict[str, Any]) -> None:
    run["hosts"] = [{**run["hosts"][1], "host": f"web{number}"} for number in range(1000)]
    assert len(report.render_html(report.build(run))) < 12_000_000
