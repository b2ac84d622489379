"""The migration center as a client, a log file and a real host see it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from alibabacloud_ecs20140526 import models as ecs
from alibabacloud_ecs20140526.client import Client as EcsClient
from alibabacloud_smc20190601 import models as smc
from alibabacloud_smc20190601.client import Client
from alibabacloud_tea_openapi.models import Config
from alibabacloud_tea_util.models import ExtendsParameters, RuntimeOptions

from simulator.pytest_plugin import Simulator, start

REGION = "cn-hangzhou"
TARGET = "Alibaba Cloud Linux 3"
PARAMETERS = json.dumps({"TargetOsType": TARGET})
# Writes down what it is asked; the file `hold` makes it wait, the file `fail` makes it fail.
DRIVER = """#!/bin/sh
here=$(dirname "$0")
printf '%s\\n' "$*" >> "$here/asked"
while [ -e "$here/hold" ]; do sleep 0.02; done
if [ -e "$here/fail" ]; then echo "no such package" >&2; exit 3; fi
"""


def clients(running: Simulator) -> tuple[Client, EcsClient]:
    key, secret = running.account.access_key_id, running.account.access_key_secret
    options = {"access_key_id": key, "access_key_secret": secret, "protocol": "http"}
    host = running.endpoint.removeprefix("http://")
    return Client(Config(endpoint=host, **options)), EcsClient(Config(endpoint=f"{host}/r/{REGION}", **options))


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., tuple[Simulator, Client, EcsClient]]]:
    started: list[Simulator] = []

    def make(instances: list[dict[str, Any]] | None = None, **more: Any) -> tuple[Simulator, Client, EcsClient]:
        web = [{"name": "web", "instance_id": "i-web"}]
        fleet = {"clock_rate": 0, "regions": {"cn-beijing": {}, REGION: {"instances": instances or web}}, **more}
        started.append(start(fleet, tmp_path / "log.jsonl"))
        return started[-1], *clients(started[-1])

    yield make
    for running in started:
        assert running.schema_failures() == []
        assert running.stop() == 0


def online(running: Simulator, client: Client, instance_id: str = "i-web") -> str:
    code = client.create_access_token(smc.CreateAccessTokenRequest()).body.access_token_code
    source_id = running.smc_import(code, instance_id)
    running.advance(60)
    return source_id


def create(client: Client, source_id: str, runtime: RuntimeOptions | None = None, **more: Any) -> str:
    request = smc.CreateReplicationJobRequest(region_id=REGION, source_id=source_id, job_type=1, **more)
    made: str = client.create_replication_job_with_options(request, runtime or RuntimeOptions()).body.job_id
    return made


def seen(client: Client, job_id: str) -> Any:
    request = smc.DescribeReplicationJobsRequest(job_id=[job_id])
    return client.describe_replication_jobs(request).body.replication_jobs.replication_job[0]


def hidden(**queries: str) -> RuntimeOptions:
    return RuntimeOptions(extends_parameters=ExtendsParameters(queries=queries))


def wait_for(what: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 30
    while not what():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)


def test_a_whole_migration_by_the_unmodified_sdk(serve: Any) -> None:
    running, client, instances = serve()
    job_id = create(client, online(running, client), replication_parameters=PARAMETERS, name="web")
    client.start_replication_job(smc.StartReplicationJobRequest(job_id=job_id))
    row = seen(client, job_id)
    assert (row.status, row.business_status, row.progress, row.instance_id) == ("Running", "Preparing", 0.0, "i-web")
    running.advance(3000)
    assert (seen(client, job_id).status, seen(client, job_id).progress) == ("Finished", 100.0)
    state = running.state()
    web = state["regions"][REGION]["instances"]["i-web"]
    assert web["system"] == "alinux3"
    assert [one["status"] for one in state["smc"]["jobs"].values()] == ["Finished"]
    assert [one["state"] for one in state["smc"]["sources"].values()] == ["Available"]
    found = instances.describe_instances(ecs.DescribeInstancesRequest(region_id=REGION)).body.instances.instance[0]
    assert found.osname.startswith("Alibaba Cloud Linux  3")
    snapshots = instances.describe_snapshots(ecs.DescribeSnapshotsRequest(region_id=REGION)).body.snapshots.snapshot
    assert [one.snapshot_name for one in snapshots] == [f"SMC_Backup_Snapshot_{job_id}"]


def test_a_code_is_in_its_answer_and_nowhere_else(serve: Any, tmp_path: Path) -> None:
    running, client, _instances = serve()
    answer = client.create_access_token(smc.CreateAccessTokenRequest(name="run")).body
    code = answer.access_token_code
    client.list_access_tokens(smc.ListAccessTokensRequest())
    running.smc_import(code, "i-web")
    client.disable_access_token(smc.DisableAccessTokenRequest(access_token_id=answer.access_token_id))
    with pytest.raises(ValueError, match=r"AccessToken\.Disabled") as caught:
        running.smc_import(code, "i-web")
    assert code not in str(caught.value)
    running.advance(60)
    assert list(running.state()["smc"]["tokens"]) == [answer.access_token_id]
    assert len(running.log(op="CreateAccessToken")) == 1
    for place in (running.log(), running.state(), (tmp_path / "log.jsonl").read_text()):
        assert code not in json.dumps(place)
    assert running.log(op="CreateAccessToken")[0]["ids"] == {"AccessTokenId": answer.access_token_id}


def test_the_target_may_be_a_parameter_that_the_sdk_does_not_know(serve: Any) -> None:
    running, client, _instances = serve(smc={"target_os": {"where": "query", "key": "TargetOsType"}})
    source_id = online(running, client)
    with pytest.raises(Exception, match=r"InvalidOsMigrationType\.NotMatched"):
        create(client, source_id)
    with pytest.raises(Exception, match=r"InvalidOsMigrationType\.NotMatched"):
        create(client, source_id, replication_parameters=PARAMETERS)
    with pytest.raises(Exception, match="InvalidParameter"):
        create(client, source_id, hidden(TargetOsType=TARGET, Colour="red"))
    job_id = create(client, source_id, hidden(TargetOsType=TARGET))
    assert running.state()["smc"]["jobs"][job_id]["target"] == "alinux3"
    with pytest.raises(Exception, match="InvalidParameter"):
        client.start_replication_job_with_options(
            smc.StartReplicationJobRequest(job_id=job_id), hidden(TargetOsType=TARGET)
        )


def test_without_being_told_no_unknown_parameter_is_let_through(serve: Any) -> None:
    running, client, _instances = serve()
    source_id = online(running, client)
    with pytest.raises(Exception, match="InvalidParameter"):
        create(client, source_id, hidden(TargetOsType=TARGET))
    with pytest.raises(Exception, match=r"supported TargetOsType list is: .*Anolis OS 8"):
        create(client, source_id)
    assert create(client, source_id, replication_parameters=PARAMETERS)


def test_the_same_client_token_makes_one_job(serve: Any) -> None:
    running, client, _instances = serve()
    source_id = online(running, client)
    job_id = create(client, source_id, replication_parameters=PARAMETERS, client_token="t1")
    assert create(client, source_id, replication_parameters=PARAMETERS, client_token="t1") == job_id
    with pytest.raises(Exception, match="IdempotentParameterMismatch"):
        create(client, source_id, replication_parameters=PARAMETERS, client_token="t1", name="other")
    assert list(running.state()["smc"]["jobs"]) == [job_id]


def test_a_planned_error_of_a_job_strikes_the_job_that_is_named(serve: Any) -> None:
    running, client, _instances = serve([{"name": "web", "count": 2}])
    jobs = [
        create(client, online(running, client, one), replication_parameters=PARAMETERS)
        for one in running.state()["regions"][REGION]["instances"]
    ]
    rule = {"op": "StartReplicationJob", "kind": "job_error", "code": "M199", "phase": "Syncing"}
    running.faults([{**rule, "match": {"JobId": jobs[1]}}])
    for job_id in jobs:
        client.start_replication_job(smc.StartReplicationJobRequest(job_id=job_id))
    running.advance(3000)
    rows = [seen(client, job_id) for job_id in jobs]
    assert [(one.status, one.business_status) for one in rows] == [("Finished", "Cleaning"), ("InError", "Syncing")]
    assert rows[1].error_code == "M199" and json.loads(rows[1].status_info)["error_code"] == "M199"
    client.start_replication_job(smc.StartReplicationJobRequest(job_id=jobs[1]))
    running.advance(3000)
    assert seen(client, jobs[1]).status == "Finished"


def test_a_stuck_job_stays_in_its_phase(serve: Any) -> None:
    running, client, _instances = serve()
    job_id = create(client, online(running, client), replication_parameters=PARAMETERS)
    running.faults([{"op": "StartReplicationJob", "kind": "stuck", "phase": "Processing"}])
    client.start_replication_job(smc.StartReplicationJobRequest(job_id=job_id))
    running.advance(3000)
    before = seen(client, job_id).progress
    running.advance(86400)
    row = seen(client, job_id)
    assert (row.status, row.business_status, row.progress) == ("Running", "Processing", before)


@pytest.fixture
def host(serve: Any, tmp_path: Path) -> tuple[Simulator, Client, Path]:
    """A job for a real host, started, with its backup made."""
    driver = tmp_path / "driver.sh"
    driver.write_text(DRIVER)
    disks = [{"type": "system", "size_gib": 20, "category": "cloud_essd", "driver_disk": "system.img"}]
    web = {"name": "web", "instance_id": "i-web", "driver_host": "host1", "disks": disks}
    running, client, _instances = serve([web], driver={"command": ["/bin/sh", str(driver)]})
    return running, client, tmp_path


def asked(path: Path) -> list[str]:
    return (path / "asked").read_text().splitlines() if (path / "asked").exists() else []


def driven(running: Simulator, number: int) -> None:
    wait_for(lambda: len(running.log(event="driver")) == number)


def test_a_job_is_not_finished_before_the_host_really_is(host: Any) -> None:
    running, client, path = host
    job_id = create(client, online(running, client), replication_parameters=PARAMETERS)
    (path / "hold").touch()
    client.start_replication_job(smc.StartReplicationJobRequest(job_id=job_id))
    running.advance(3000)
    assert seen(client, job_id).business_status == "Preparing"  # the driver has not made the backup yet
    snapshot_id = running.state()["smc"]["jobs"][job_id]["snapshot_ids"][0]
    (path / "hold").unlink()
    driven(running, 1)
    (path / "hold").touch()
    assert seen(client, job_id).business_status == "Syncing"
    running.advance(60)
    wait_for(lambda: len(asked(path)) == 2)
    running.advance(3000)
    assert (seen(client, job_id).status, seen(client, job_id).business_status) == ("Running", "Processing")
    assert running.state()["regions"][REGION]["instances"]["i-web"]["system"] == "centos7"
    (path / "hold").unlink()
    driven(running, 2)
    assert seen(client, job_id).business_status == "Cleaning"
    running.advance(60)
    assert seen(client, job_id).status == "Finished"
    assert asked(path) == [f"snapshot host1 system.img {snapshot_id}", "smc-convert host1 alinux3"]


def test_a_host_whose_conversion_fails_is_not_said_to_be_migrated(host: Any) -> None:
    running, client, path = host
    job_id = create(client, online(running, client), replication_parameters=PARAMETERS)
    client.start_replication_job(smc.StartReplicationJobRequest(job_id=job_id))
    driven(running, 1)
    running.advance(200)
    (path / "fail").touch()
    running.advance(200)
    driven(running, 2)
    running.advance(3000)
    row = seen(client, job_id)
    assert (row.status, row.business_status, row.error_code) == ("InError", "Processing", "InternalError")
    assert "no such package" in json.loads(row.status_info)["error_msg"]
    assert running.state()["regions"][REGION]["instances"]["i-web"]["system"] == "centos7"
    (path / "fail").unlink()
    client.start_replication_job(smc.StartReplicationJobRequest(job_id=job_id))
    driven(running, 3)
    running.advance(3000)
    assert seen(client, job_id).status == "Finished"
    assert [line.split()[0] for line in asked(path)] == ["snapshot", "smc-convert", "smc-convert"]
