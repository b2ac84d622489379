# SPDX-License-Identifier: GPL-3.0-or-later
"""Who grants what docs/ram says can run the playbooks, and grants nothing that they do not call."""

from __future__ import annotations

from pathlib import Path

import pytest

from metadata import MetadataCloud
from policies import under

SMC = {"engine": "smc", "smc_client_url": "https://mirror.example/go2aliyun_client_linux_x86_64.tar.gz"}
EFFICIENCY = [{"type": "system", "size_gib": 40, "category": "cloud_efficiency"}]


class Mixed(MetadataCloud):
    """One instance has disks that cannot be snapshotted as a group."""

    def _entry(self, name: str) -> dict[str, object]:
        return {**super()._entry(name), **({"disks": EFFICIENCY} if name == "host001" else {})}


@pytest.mark.full
def test_each_playbook_runs_with_its_own_ram_policy_alone(tmp_path: Path) -> None:
    with Mixed(3, regions=("cn-hangzhou",)) as cloud:
        with under(cloud, "precheck"):
            cloud.playbook("alicloud.os_migration.precheck", accept_risks=None, **SMC)
        assert set(cloud.outcomes().values()) == {"eligible"}
        cloud.faults([{"op": "StartReplicationJob", "kind": "job_error", "times": 1}])
        with under(cloud, "migrate_smc"):
            done = cloud.playbook(smc_retries=0, **SMC)
        assert sorted(cloud.outcomes().values()) == ["migrated", "migrated", "rolled_back"], done.stdout + done.stderr
        (failed,) = [host for host in cloud.report()["hosts"] if host["outcome"] == "rolled_back"]
        assert failed["failure"]["step"] == "smc_job" and "M199" in failed["failure"]["message"]
        run_id = cloud.report()["run"]["run_id"]
        with under(cloud, "rollback"):
            done = cloud.playbook("alicloud.os_migration.rollback", target=None, run_id=run_id)
        assert set(cloud.outcomes().values()) == {"rolled_back"}, done.stdout + done.stderr
        with under(cloud, "cleanup"):
            options = {"cleanup_delete": True, "cleanup_backup_snapshots": True, "run_id": run_id}
            done = cloud.playbook("alicloud.os_migration.cleanup", target=None, **options)
        assert done.returncode == 0, done.stdout + done.stderr
        smc = cloud.state()["smc"]
        assert [one for one in smc["jobs"].values() if one["status"] != "Deleting"] == []
        assert smc["tokens"] == {} and [one for one in smc["sources"].values() if one["state"] != "Deleting"] == []
        names = [one["name"] for one in cloud.state()["regions"]["cn-hangzhou"]["snapshots"].values()]
        assert [name for name in names if name.startswith("SMC_Backup")] == []
        assert len(names) == 5, "the restore points of the run stay"
