"""An inventory of thousands costs as many calls as the answers have pages, and none when it is kept."""

from __future__ import annotations

from typing import Any

FLEET: dict[str, Any] = {
    "regions": {
        "cn-hangzhou": {"instances": [{"name": "web", "count": 2500, "tags": {"role": "web"}}]},
        "cn-beijing": {"instances": [{"name": "app", "count": 1500}, {"name": "db", "count": 500}]},
        "cn-shanghai": {"instances": [{"name": "web", "count": 500}]},
    }
}  # fmt: skip


def test_five_thousand_instances_of_three_regions_are_fifty_calls(read, sim, tmp_path):
    kept = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(tmp_path / "cache")}
    asked = {"regions": list(FLEET["regions"]), "keyed_groups": [{"key": "region_id", "separator": ""}], **kept}
    first = read(**asked)
    assert sim.count("DescribeInstances") == sim.count() == 50
    hosts = {str(host) for host in first.get_hosts("all")}
    assert len(hosts) == 5000 and len(first.get_hosts("cn_beijing")) == 2000
    # 500 names are in two regions: all of these have their instance id behind them.
    assert sum("_i-" in name for name in hosts) == 1000

    second = read(**asked)
    assert sim.count() == 50 and {str(host) for host in second.get_hosts("all")} == hosts
    assert len(read(**asked, query=["region_id == 'cn-shanghai'"]).get_hosts("all")) == 500
    assert sim.count() == 50


def test_disks_of_thousands_are_a_page_for_five_hundred(read, sim):
    inventory = read(regions=["cn-beijing"], with_disks=True)
    assert all(len(host.vars["ecs_disks"]) == 1 for host in inventory.get_hosts("all"))
    assert (sim.count("DescribeInstances"), sim.count("DescribeDisks")) == (20, 4)
