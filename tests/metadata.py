# SPDX-License-Identifier: GPL-3.0-or-later
"""A large fleet without hosts: the simulated cloud answers for its instances what a real host would, by a table.

For tests of everything that happens in the cloud: hundreds of instances, several regions, through Cloud Assistant alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.alicloud.os_migration.tests.unit.checks.hosts import document
from harness import TESTS, Cloud, Host, write_yaml

CONNECTION = "alicloud.os_migration.cloud_assistant"
REGIONS = ("cn-hangzhou", "cn-beijing", "ap-southeast-1")
MIGRATED = yaml.safe_load((TESTS / "unit/compare/migrated.yml").read_text())
# The first lines of the host programs tell them apart.
KEEP = "Keeps the first probe of a run"
SETTLED = "Tells whether this host runs the target system"
# Of a program that is too long for one command only the pieces' way in can be seen; no other program here is that long.
PROBE = "Reads this host and prints one JSON document|the pieces of the program do not have its checksum"
CLIENT = "go2aliyun_client"
# Each host has the address and the id of its instance, which the simulator fills in.
TOKENS = {"192.168.10.21": "{private_ip}", "i-bp1000000000000001": "{instance_id}"}
CODE = r"code='([^']+)'"


class MetadataCloud(Cloud):
    """`count` instances, spread over REGIONS; use as a context manager, like Cloud."""

    def __init__(
        self,
        count: int,
        *,
        clock_rate: int = 600,
        directory: Path | None = None,
        fleet: Mapping[str, Any] | None = None,
        instance: Mapping[str, Any] | None = None,
        regions: Sequence[str] = REGIONS,
    ) -> None:
        names = [f"host{number:03d}" for number in range(1, count + 1)]
        super().__init__([Host(name) for name in names], clock_rate, directory)
        self.region_of = {name: regions[index % len(regions)] for index, name in enumerate(names)}
        self.fleet = dict(fleet or {})
        self.instance = dict(instance or {})

    def _start_lab(self) -> None:
        """There are no hosts."""

    def _start_simulator(self) -> None:
        for name, changes in (("before", {}), ("after", MIGRATED)):
            answer = json.dumps(document(changes))
            for own, token in TOKENS.items():
                answer = answer.replace(own, token)
            (self.directory / f"{name}.json").write_text(answer)
        regions: dict[str, Any] = {region: {"instances": []} for region in sorted(set(self.region_of.values()))}
        for name, region in self.region_of.items():
            regions[region]["instances"].append(self._entry(name))
        self._serve({"regions": regions, "assistant": {"answers": self._answers()}, **self.fleet})

    def _entry(self, name: str) -> dict[str, Any]:
        disks = [{"type": "system", "size_gib": 40}, {"type": "data", "size_gib": 100}]
        return {
            "name": name, "instance_id": self.instance_id(name), "system": "centos8", "os_name": "CentOS  8.5 64 bit",
            "disks": [{**disk, "category": "cloud_essd"} for disk in disks], **self.instance,
        }  # fmt: skip

    def _answers(self) -> list[dict[str, Any]]:
        def settled(**told: Any) -> str:
            return json.dumps(told, separators=(",", ":")) + "\n"

        return [
            {"match": KEEP, "output": '{"kept":true}\n'},
            {
                "match": SETTLED,
                "settling": True,
                "output": settled(settled=False, waits_for=["packages"], busy=["dnf"]),
            },
            {"match": SETTLED, "system": ["alinux3"], "output": settled(settled=True, waits_for=[], busy=[])},
            {"match": SETTLED, "output": settled(settled=False, waits_for=["system"], busy=[])},
            {"match": PROBE, "system": ["alinux3"], "output_file": str(self.directory / "after.json")},
            {"match": PROBE, "output_file": str(self.directory / "before.json")},
            {"match": CLIENT, "effect": "smc_import", "code": CODE, "delay_s": 30},
        ]

    def _write_inventory(self) -> None:
        variables = {
            "ansible_connection": CONNECTION,
            "os_migration_smc_poll_seconds": 1,
            "os_migration_smc_quiet_seconds": 60,
        }
        hosts = {
            name: {"os_migration_instance_id": self.instance_id(name), "os_migration_region": region}
            for name, region in self.region_of.items()
        }
        self.inventory = write_yaml(self.directory / "inventory.yml", {"all": {"hosts": hosts, "vars": variables}})
