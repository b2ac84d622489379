"""The pure part of the inventory: each rule with a case that fires and one that does not, in select.yml."""

from __future__ import annotations

import builtins
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.alicloud.os_migration.plugins.plugin_utils import inventory_names as names
from ansible_collections.alicloud.os_migration.plugins.plugin_utils import inventory_select as select

CASES = yaml.safe_load(Path(__file__).with_name("select.yml").read_text("utf-8"))
EMPTY: dict[str, Any] = {
    "instance_id": "i-1", "region_id": "cn-hangzhou", "instance_name": "", "hostname": "", "status": "Running", "tags": {},
    "private_ips": [], "public_ips": [], "eip": None, "ipv6_addresses": [], "vpc_id": None,
}  # fmt: skip
FILTERS = ("status", "vpc_id")


def cases(kind: str) -> list[Any]:
    return [pytest.param(case, id=case["name"]) for case in CASES[kind]]


def instance(**given: Any) -> dict[str, Any]:
    return EMPTY | given


def refused(case: dict[str, Any], error: pytest.ExceptionInfo[select.SelectError]) -> None:
    text = str(error.value)
    assert [word for word in case["error"] if word not in text] == [] and "\n" not in text


@pytest.mark.parametrize("case", cases("queries"))
def test_a_query_keeps_what_it_says_and_a_wrong_one_is_told(case: dict[str, Any]) -> None:
    if "error" in case:
        with pytest.raises(select.SelectError) as error:
            select.queries(case["query"])(instance(**case["instance"]))
        return refused(case, error)
    assert select.queries(case["query"])(instance(**case["instance"])) is case["kept"]


@pytest.mark.parametrize("case", cases("networks"))
def test_a_network_keeps_its_own_and_a_wrong_one_is_told(case: dict[str, Any]) -> None:
    if "error" in case:
        with pytest.raises(select.SelectError) as error:
            select.networks(case["cidrs"])
        return refused(case, error)
    assert select.networks(case["cidrs"])(instance(**case["instance"])) is case["kept"]


@pytest.mark.parametrize("case", cases("addresses"))
def test_the_address_is_a_real_one_in_the_order_of_preference(case: dict[str, Any]) -> None:
    assert select.address(instance(**case["instance"]), case["want"]) == case["is"]


@pytest.mark.parametrize("case", cases("names"))
def test_a_name_can_be_used_in_limits_paths_and_terminals(case: dict[str, Any]) -> None:
    assert names.safe_name(case["text"]) == case["is"]


@pytest.mark.parametrize("case", cases("hosts"))
def test_every_instance_gets_one_name_that_nobody_else_has(case: dict[str, Any]) -> None:
    def given() -> dict[str, Any]:
        naming = names.Naming(case["sources"], case.get("strict", False))
        return names.name_hosts([instance(**one) for one in case["instances"]], naming, lambda text, one: text)

    if "error" in case:
        with pytest.raises(select.SelectError) as error:
            given()
        return refused(case, error)
    assert {name: one["instance_id"] for name, one in given().items()} == case["is"]


@pytest.mark.parametrize("case", cases("filters"))
def test_a_filter_is_sent_as_it_was_meant_or_refused(case: dict[str, Any]) -> None:
    if "error" in case:
        with pytest.raises(select.SelectError) as error:
            select.check_filters(case["given"], FILTERS)
        return refused(case, error)
    assert select.check_filters(case["given"], FILTERS) == (case["filters"], case["tags"])


def test_names_do_not_depend_on_the_order_of_the_answers() -> None:
    fleet = [instance(instance_id=f"i-{number}", instance_name=f"web{number % 3}") for number in range(9)]
    naming = names.Naming(["instance_name"])
    there = names.name_hosts(fleet, naming, lambda text, one: text)
    back = names.name_hosts(fleet[::-1], naming, lambda text, one: text)
    assert there == back and len(there) == 9


def test_a_name_of_128_wide_characters_still_fits_into_a_file_name() -> None:
    wide = instance(instance_name="数" * 128)
    (name,) = names.name_hosts([wide], names.Naming(["instance_name"]), lambda text, one: text)
    assert len(f"{name}.before.json".encode()) < 255 and name.endswith("_i-1")


@pytest.mark.parametrize(("option", "package"), [("queries", "jmespath"), ("networks", "netaddr")])
def test_a_missing_library_is_told_with_the_interpreter_and_only_where_it_is_needed(
    option: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def without(name: str, *more: Any, **options: Any) -> Any:
        if name == package:
            raise ImportError(f"No module named {name!r}")
        return real(name, *more, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    assert getattr(select, option)([])(instance())
    with pytest.raises(select.SelectError) as error:
        getattr(select, option)(["10.0.0.0/8"])
    assert package in str(error.value) and sys.executable in str(error.value)


def test_regions_are_ids_or_all_alone() -> None:
    assert select.check_regions(["cn-b", "cn-a", "cn-b"]) == ["cn-b", "cn-a"]
    assert select.check_regions(["all"]) == ["all"]
    for wrong in ([], ["all", "cn-a"], ["cn_a"], ["../x"], [{"cn-a": None}], ["cn-a\n"]):
        with pytest.raises(select.SelectError, match="regions"):
            select.check_regions(wrong)


def test_addresses_are_known_ones_or_none_alone() -> None:
    assert select.check_addresses(["eip", "ipv6"]) == ["eip", "ipv6"]
    assert select.check_addresses(["none"]) == select.check_addresses([]) == []
    for wrong in (["dns"], ["none", "eip"]):
        with pytest.raises(select.SelectError, match="address"):
            select.check_addresses(wrong)
