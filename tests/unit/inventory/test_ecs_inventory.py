"""The inventory plugin through Ansible's inventory manager: what is read, what hosts are given, what is refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import inventory_loader
from ansible.template import Templar, trust_as_template

from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud import client

EVIL = "{{ 1+1 }}"
FLEET: dict[str, Any] = {
    "regions": {
        "cn-hangzhou": {
            "instances": [
                {"name": "web-1", "instance_id": "i-web1", "tags": {"role": "web", "Name": "front"}, "hostname": "h1",
                 "public_ip": "47.96.0.1", "private_ip": "10.1.0.1", "zone_id": "cn-hangzhou-h"},
                {"name": "web-2", "instance_id": "i-web2", "tags": {"role": "web"}, "status": "Stopped",
                 "private_ip": "10.1.0.2", "charge_type": "PrePaid", "image_id": "m-own"},
                {"name": "db", "instance_id": "i-db1", "tags": {"role": "db"}, "private_ip": "192.168.0.3",
                 "instance_type": "ecs.r7.large"},
                {"name": "db", "instance_id": "i-db2", "private_ip": "192.168.0.4", "os_name": "Rocky Linux 8.9"},
            ],
        },
        "cn-beijing": {"instances": [
            {"name": "far", "instance_id": "i-far", "private_ip": "10.2.0.1"},
            {"name": EVIL, "instance_id": "i-evil", "hostname": EVIL, "private_ip": "10.2.0.2",
             "tags": {"role": EVIL, EVIL: "x\x1b[31m\ny", "empty": "", "long": "数" * 128}},
        ]},
        "cn-shanghai": {"instances": []},
    },
}  # fmt: skip
HANGZHOU = ["db_i-db1", "db_i-db2", "web-1", "web-2"]


def names(inventory: Any, pattern: str = "all") -> list[str]:
    return sorted(str(host) for host in inventory.get_hosts(pattern))


def variables(inventory: Any, host: str) -> dict[str, Any]:
    found = inventory.get_host(host)
    assert found is not None
    return found.get_vars()


def test_every_instance_becomes_a_host_that_the_playbooks_can_use(read):
    inventory = read(regions=["cn-hangzhou", "cn-beijing", "cn-shanghai"])
    assert names(inventory) == ["_1_1_", *HANGZHOU[:2], "far", *HANGZHOU[2:]]
    web = variables(inventory, "web-1")
    assert (web["os_migration_instance_id"], web["os_migration_region"]) == ("i-web1", "cn-hangzhou")
    assert web["ansible_host"] == "47.96.0.1" and "ansible_connection" not in web
    assert variables(inventory, "far")["os_migration_region"] == "cn-beijing"


def test_every_attribute_is_a_host_variable_under_the_prefix(read):
    documented = set(yaml.safe_load(inventory_page())["options"])
    assert {"regions", "filters", "query"} <= documented
    web = variables(read(), "web-1")
    attributes = set(told_attributes())
    assert {name.removeprefix("ecs_") for name in web if name.startswith("ecs_")} == attributes - {"disks"}
    assert web["ecs_tags"] == {"role": "web", "Name": "front"} and web["ecs_private_ips"] == ["10.1.0.1"]
    bare = variables(read(hostvar_prefix=""), "web-1")
    assert bare["tags"] == web["ecs_tags"] and bare["os_migration_instance_id"] == "i-web1"
    assert variables(read(with_disks=True), "web-1")["ecs_disks"][0]["device"] == "/dev/xvda"


def inventory_page() -> str:
    found = inventory_loader.find_plugin("alicloud.os_migration.ecs")
    text = Path(found).read_text()
    return text.partition('DOCUMENTATION = r"""')[2].partition('"""')[0]


def told_attributes() -> list[str]:
    """The attributes that the notes name."""
    note = next(note for note in yaml.safe_load(inventory_page())["notes"] if note.startswith("The attributes"))
    return [word.partition(")")[0] for word in note.split("C(")[1:]]


def rendered(template: str, own: dict[str, Any]) -> Any:
    """What a task of a playbook would see; its own text is trusted as a template."""
    return Templar(loader=DataLoader(), variables=own).template(trust_as_template(template))


def test_the_check_of_untrusted_text_would_notice_a_trusted_one():
    assert rendered("{{ x }}", {"x": trust_as_template(EVIL)}) == 2


FILTERS = [
    ({"status": "Stopped"}, ["web-2"]),
    ({"tags": {"role": "web"}}, ["web-1", "web-2"]),
    ({"tags": {"role": None}}, ["db", "web-1", "web-2"]),
    ({"tags": {"role": "web", "Name": "front"}}, ["web-1"]),
    ({"zone_id": "cn-hangzhou-h"}, ["web-1"]),
    ({"image_id": "m-own"}, ["web-2"]),
    ({"instance_type": "ecs.r7.large"}, ["db"]),
    ({"instance_charge_type": "PrePaid"}, ["web-2"]),
    ({"instance_name": "web-*"}, ["web-1", "web-2"]),
    ({"status": "Running", "instance_name": "web-*"}, ["web-1"]),
]


@pytest.mark.parametrize(("filters", "hosts"), FILTERS, ids=json.dumps)
def test_a_filter_is_sent_to_the_api_and_narrows(read, sim, filters, hosts):
    assert names(read(filters=filters)) == hosts
    assert [entry["op"] for entry in sim.log() if "op" in entry] == ["DescribeInstances"]


@pytest.mark.parametrize("name", ["vpc_id", "vswitch_id", "security_group_id"])
def test_a_network_filter_narrows_to_what_is_in_it(read, name):
    attribute = "security_group_ids" if name == "security_group_id" else name
    own = variables(read(), "web-1")[f"ecs_{attribute}"]
    assert "web-1" in names(read(filters={name: str(own[0] if isinstance(own, list) else own)}))
    assert names(read(filters={name: "sg-of-nobody"})) == []


@pytest.mark.parametrize("filters", [{"status": "Pending"}, {"tags": {"role": "we"}}, {"instance_name": "web"}])
def test_a_filter_that_nothing_matches_gives_an_empty_inventory(read, warnings, filters):
    assert names(read(filters=filters)) == [] and warnings == []


def test_instances_are_found_by_id_in_whichever_region(read, sim, warnings):
    inventory = read(regions=["cn-hangzhou", "cn-beijing"], instance_ids=["i-far", "i-web1"])
    assert names(inventory) == ["far", "web-1"] and sim.count("DescribeInstances") == 2 and warnings == []
    assert names(read(instance_ids=["i-web1", "i-gone"])) == ["web-1"]
    assert len(warnings) == 1 and "i-gone" in warnings[0] and "i-web1" not in warnings[0]


def test_an_empty_list_of_ids_calls_nothing(read, sim):
    assert names(read(instance_ids=[])) == [] and sim.count() == 0


def test_queries_and_networks_narrow_further(read):
    assert names(read(query=["contains(os_name, 'Rocky')"])) == ["db"]
    assert names(read(query=["tags.role == 'db'"], cidrs=["192.168.0.0/24"])) == ["db"]
    assert names(read(query=["tags.role == 'db'"], cidrs=["10.0.0.0/8"])) == []
    assert names(read(cidrs=["10.1.0.0/31", "47.96.0.0/16"])) == ["web-1"]


def test_the_address_follows_the_preference(read):
    assert variables(read(address=["private_ip"]), "web-1")["ansible_host"] == "10.1.0.1"
    assert variables(read(address=["eip", "private_ip"]), "web-1")["ansible_host"] == "10.1.0.1"
    assert "ansible_host" not in variables(read(address="none"), "web-1")


def test_a_host_without_an_address_is_never_reached_by_its_name(read):
    assert variables(read(address=["ipv6"]), "web-1")["ansible_host"] == "i-web1"


def test_cloud_assistant_needs_no_more_than_one_word(read):
    web = variables(read(connection="cloud_assistant"), "web-1")
    assert web["ansible_connection"] == "alicloud.os_migration.cloud_assistant"


def test_host_names_come_from_tags_attributes_and_templates(read):
    assert names(read(hostnames=["tags.Name", "instance_id"])) == ["front", "i-db1", "i-db2", "i-web2"]
    assert names(read(hostnames=["{{ tags.Name | upper }}-{{ instance_id }}", "instance_id"])) == [
        "FRONT-i-web1", "i-db1", "i-db2", "i-web2",
    ]  # fmt: skip


def test_a_template_that_fails_is_an_error_only_where_the_user_is_strict(read, refused):
    assert "i-web1" in names(read(hostnames=["{{ nothing.at_all }}", "instance_id"]))
    assert "nothing.at_all" in refused(hostnames=["{{ nothing.at_all }}"], strict=True)


def test_duplicates_can_be_refused(refused):
    text = refused(duplicate_hostnames="error")
    assert "db" in text and "i-db1" in text and "i-db2" in text and "web-1" not in text


def test_groups_and_variables_are_composed(read):
    inventory = read(
        compose={"ansible_user": "'admin' if tags.role == 'web' else 'root'", "same": "ecs_hostname == hostname"},
        groups={"paid": "charge_type == 'PrePaid'"},
        keyed_groups=[{"key": "tags.role", "prefix": "role"}, {"key": "region_id", "separator": ""}],
    )
    assert names(inventory, "paid") == ["web-2"]
    assert names(inventory, "role_web") == ["web-1", "web-2"] and names(inventory, "cn_hangzhou") == HANGZHOU
    web = variables(inventory, "web-1")
    assert web["ansible_user"] == "admin" and web["same"] is True


def test_strict_makes_a_missing_key_an_error(refused):
    assert "role" in refused(strict=True, compose={"role": "tags.role"})


def test_names_can_be_used_in_a_limit(read):
    inventory = read()
    inventory.subset("web-1:db_i-db1:!web-1")
    assert names(inventory) == ["db_i-db1"]


def test_what_a_tag_says_is_never_evaluated(read):
    inventory = read(
        regions=["cn-beijing"],
        hostnames=["tags.role"],
        compose={"copied": "tags.role", "joined": "hostname ~ tags.role", "listed": "[hostname, tags]"},
        keyed_groups=[{"key": "tags.role", "prefix": "role"}, {"key": "tags", "prefix": "tag"}],
    )
    assert names(inventory) == ["_1_1_", "i-far"]
    own = variables(inventory, "_1_1_")
    for name in ("ecs_tags", "ecs_hostname", "ecs_instance_name", "copied", "joined", "listed"):
        assert rendered(f"{{{{ {name} }}}}", own) == own[name]
    assert own["copied"] == EVIL and own["joined"] == EVIL * 2 and own["ecs_tags"][EVIL] == "x\x1b[31m\ny"
    groups = set(inventory.groups) - {"all", "ungrouped"}
    assert len(groups) == 5 and all(name.replace("_", "").isalnum() for name in groups), groups


def test_all_regions_are_those_that_the_api_names(read, sim):
    assert len(names(read(regions="all"))) == 6
    assert (sim.count("DescribeRegions"), sim.count("DescribeInstances")) == (1, 3)


def test_the_region_of_the_environment_counts_where_the_file_names_none(read, refused, monkeypatch):
    assert "regions" in refused(regions=[])
    monkeypatch.setenv("ALICLOUD_REGION", "cn-beijing,cn-shanghai")
    assert "far" in names(read(regions=None))


def test_a_region_that_does_not_exist_is_named_in_one_message(refused):
    text = refused(regions=["cn-hangzhou", "cn-nowhere"])
    assert "cn-nowhere" in text and "InvalidRegionId" in text and "cn-hangzhou" not in text and "\n" not in text


def test_a_broken_region_is_a_warning_only_where_the_user_says_so(read, refused, warnings):
    both = {"regions": ["cn-hangzhou", "cn-nowhere"], "strict_regions": False}
    assert names(read(**both)) == HANGZHOU
    assert len(warnings) == 1 and "cn-nowhere" in warnings[0]
    assert "cn-nowhere" in refused(regions=["cn-nowhere"], strict_regions=False)


def test_wrong_credentials_end_in_one_message_without_the_secret(refused, sim):
    text = refused(
        regions=["cn-hangzhou", "cn-beijing", "cn-shanghai"],
        access_key_secret="not-the-secret-at-all",
    )
    assert text.count("SignatureDoesNotMatch") == 1 and "not-the-secret-at-all" not in text and "Traceback" not in text
    assert "each other" in refused(access_key_id=None) and "each other" in refused(access_key_secret=None)


def test_no_credentials_at_all_are_told_with_what_to_set(sim, tmp_path):
    """In a process of its own, because the SDK reads the environment when it is imported."""
    (tmp_path / "test_ecs.yml").write_text("plugin: alicloud.os_migration.ecs\nregions: cn-hangzhou\n")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ALIBABA_CLOUD_ACCESS")}
    done = subprocess.run(
        [Path(sys.executable).with_name("ansible-inventory"), "-i", tmp_path / "test_ecs.yml", "--list"],
        env=environment | {"HOME": str(tmp_path), "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true", "COLUMNS": "2000"},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode != 0 and "Traceback" not in done.stderr
    assert "NoCredentials" in done.stderr and "access_key_id" in done.stderr


def test_a_secret_may_be_a_template(read, sim, monkeypatch):
    monkeypatch.setenv("SHOP_SECRET", sim.account.access_key_secret)
    assert names(read(access_key_secret="{{ lookup('ansible.builtin.env', 'SHOP_SECRET') }}")) == HANGZHOU


def test_throttling_and_a_broken_service_are_survived(read, sim):
    sim.faults([
        {"op": "DescribeInstances", "kind": "throttle", "times": 2},
        {"op": "DescribeInstances", "kind": "error503", "skip": 2, "times": 1},
        {"op": "DescribeRegions", "kind": "reset_after", "times": 1},
    ])  # fmt: skip
    assert len(names(read(regions="all"))) == 6 and sim.count("DescribeInstances") == 6


def test_a_missing_sdk_is_told_with_the_interpreter_and_the_command(refused, monkeypatch):
    def absent(*_args: Any) -> Any:
        raise client.MissingLibrary(client.missing_library(ImportError("No module named 'alibabacloud_ecs20140526'")))

    monkeypatch.setattr(client, "new_client", absent)
    text = refused()
    assert sys.executable in text and "pip install" in text and "alibabacloud-ecs20140526" in text


MISTAKES = [
    ({"query": ["status =="]}, ["query", "status =="]),
    ({"query": ["starts_with(eip, 'x')"]}, ["query", "starts_with", "i-"]),
    ({"cidrs": ["10.0.0.0/40"]}, ["cidrs", "10.0.0.0/40"]),
    ({"filter": {"status": "Running"}}, ["filter", "filters"]),
    ({"filters": {"stauts": "Running"}}, ["stauts"]),
    ({"filters": {"status": ["Running"]}}, ["status", "query"]),
    ({"regions": ["all", "cn-beijing"]}, ["regions", "all"]),
    ({"regions": ["cn_beijing"]}, ["cn_beijing"]),
    ({"hostnames": ["name"]}, ["hostnames", "name"]),
    ({"address": ["none", "eip"]}, ["address"]),
    ({"ecs_endpoint": "ftp://x"}, ["InvalidEndpoint"]),
]


@pytest.mark.parametrize(("options", "words"), MISTAKES, ids=json.dumps)
def test_a_mistake_is_told_in_one_line(refused, options, words):
    text = refused(**options)
    assert [word for word in words if word not in text] == [] and "\n" not in text


@pytest.mark.parametrize("options", [case for case, _words in MISTAKES if {"query", "hostnames"}.isdisjoint(case)])
def test_a_mistake_is_found_before_anything_is_called(refused, sim, options):
    refused(**options)
    assert sim.count() == 0


@pytest.mark.parametrize("name", ["ecs.yml", "ecs.yaml", "alicloud_ecs.yml", "prod.ecs.yaml"])
def test_a_file_is_taken_by_its_name(sim, tmp_path, name):
    path = tmp_path / name
    path.write_text("plugin: alicloud.os_migration.ecs\n")
    plugin = inventory_loader.get("alicloud.os_migration.ecs")
    assert plugin.verify_file(str(path))
    assert not plugin.verify_file(str(tmp_path / "missing_ecs.yml"))
    other = tmp_path / "inventory.yml"
    other.write_text("plugin: alicloud.os_migration.ecs\n")
    assert not plugin.verify_file(str(other))


def cache(tmp_path: Path, **more: Any) -> dict[str, Any]:
    kept = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(tmp_path / "cache")}
    return kept | more


def test_a_kept_inventory_is_the_same_and_needs_no_call(read, sim, tmp_path):
    first = read(**cache(tmp_path, with_disks=True))
    calls = sim.count()
    second = read(**cache(tmp_path, with_disks=True))
    assert calls > 0 and sim.count() == calls
    assert names(first) == names(second) == HANGZHOU
    assert all(variables(first, name) == variables(second, name) for name in HANGZHOU)
    assert names(read(**cache(tmp_path, with_disks=True, query=["tags.role == 'web'"]))) == ["web-1", "web-2"]
    assert sim.count() == calls


def test_what_comes_from_the_cache_is_not_evaluated_either(read, tmp_path):
    for _time in range(2):
        inventory = read(**cache(tmp_path, regions=["cn-beijing"], compose={"copied": "tags.role"}))
        own = variables(inventory, "_1_1_")
        assert rendered("{{ [ecs_tags.role, copied] }}", own) == [EVIL, EVIL]


@pytest.mark.parametrize("change", [
    {"regions": ["cn-beijing"]}, {"filters": {"status": "Running"}}, {"instance_ids": ["i-web1"]}, {"with_disks": True},
    {"filters": {"tags": {"role": "web"}}}, {"access_key_id": None, "access_key_secret": None, "profile": "other"},
], ids=json.dumps)  # fmt: skip
def test_a_kept_inventory_is_not_that_of_another_configuration(read, sim, tmp_path, change, monkeypatch):
    read(**cache(tmp_path))
    calls = sim.count()
    if "profile" in change:
        monkeypatch.setattr(client, "add_credentials", by_keys(sim))
    read(**cache(tmp_path, **change))
    assert sim.count() > calls


def by_keys(sim: Any) -> Any:
    def add(config: Any, _settings: Any) -> None:
        config.access_key_id, config.access_key_secret = sim.account.access_key_id, sim.account.access_key_secret

    return add


def test_the_cache_holds_no_secret(read, sim, tmp_path):
    secret = sim.account.access_key_secret
    read(**cache(tmp_path))
    files = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert files and all("i-web1" in path.read_text() for path in files)
    assert not any(secret in path.read_text() or secret in path.name for path in files)


def test_a_refresh_reads_again(read, sim, tmp_path):
    inventory = read(**cache(tmp_path))
    calls = sim.count()
    inventory.refresh_inventory()
    assert sim.count() == 2 * calls and names(inventory) == HANGZHOU


def test_an_inventory_that_lacks_a_region_is_not_kept(read, sim, tmp_path):
    for calls in (2, 4):
        read(**cache(tmp_path, regions=["cn-hangzhou", "cn-nowhere"], strict_regions=False))
        assert sim.count("DescribeInstances") == calls


def test_a_cache_that_holds_something_else_is_read_anew(read, sim, tmp_path):
    read(**cache(tmp_path))
    (path,) = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    path.write_text('{"some": "thing"}')
    assert names(read(**cache(tmp_path))) == HANGZHOU and sim.count() == 2
