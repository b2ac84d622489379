"""What is sent for a job, who is under migration, and the queue in time that a test controls."""

from __future__ import annotations

import json
import re
from datetime import datetime, timezone
from pathlib import Path

import pytest
from alibabacloud_smc20190601 import models
from alibabacloud_smc20190601.client import Client
from cloud_doubles import Clock, Replay

from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud import (
    client,
    operations,
    smc,
    smc_job_remove,
    smc_job_run,
    smc_job_task,
    smc_job_wish,
    smc_jobs,
)
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.batch import Ref
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.errors import CloudError
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.waiter import Pace

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=timezone.utc)
ITEM = smc_job_wish.Item(Ref("cn-hangzhou", "i-1"))


def wish(**given):
    return smc_job_wish.Wish(**{"run_id": "r1", "state": "finished", "target": "alinux3", **given})


def job(job_id="j-1", **given):
    raw = {"JobId": job_id, "Status": "Ready", "SourceId": "s-1", "RegionId": "cn-hangzhou", **given}
    if "instance" in given:
        raw["Tags"] = {"Tag": [{"Key": "os_migration_instance_id", "Value": given["instance"]}]}
    return smc_jobs.normalise(raw)


@pytest.mark.parametrize("operation", sorted(operations.SMC))
def test_every_operation_that_is_used_exists_in_the_sdk(operation):
    assert hasattr(models, operation + "Request") and hasattr(Client, client.snake_case(operation) + "_with_options")


def test_the_ram_policy_names_every_operation_and_no_other():
    policy = (Path(__file__).resolve().parents[3] / "docs/ram-policy.md").read_text()
    assert sorted(re.findall(r'"smc:(\w+)"', policy)) == sorted(operations.SMC)


def test_every_operation_of_the_table_is_called():
    room = Path(smc.__file__).parent
    source = "".join(one.read_text() for one in room.glob("*.py") if one.name != "operations.py")
    assert [name for name in operations.SMC if f'"{name}"' not in source] == []


def test_a_job_asks_for_no_more_than_it_needs():
    params, extra = smc_job_wish.request(wish(), ITEM, "s-1", 0, NOW)
    assert sorted(params) == ["ClientToken", "JobType", "Name", "RegionId", "ReplicationParameters", "SourceId", "Tag"]
    assert extra == {} and params["JobType"] == 1 and params["RegionId"] == "cn-hangzhou"
    client.build_request(models, "CreateReplicationJob", None, params)


def test_the_target_goes_where_the_user_says():
    field = smc_job_wish.TargetField(where="query", key="Hidden", value="x")
    params, extra = smc_job_wish.request(wish(target_field=field), ITEM, "s-1", 0, NOW)
    assert extra == {"Hidden": "x"} and "ReplicationParameters" not in params


def test_optional_parameters_are_sent_only_when_they_are_given():
    params, _extra = smc_job_wish.request(
        wish(target_type="TargetInstance", valid_days=7, parameters={"checksum": True}), ITEM, "s-1", 0, NOW
    )
    assert params["InstanceId"] == "i-1" and params["ValidTime"] == "2026-12-01T12:00:00Z"
    assert json.loads(params["ReplicationParameters"]) == {"TargetOsType": "Alibaba Cloud Linux 3", "checksum": True}
    image, _extra = smc_job_wish.request(wish(target_type="Image"), ITEM, "s-1", 0, NOW)
    assert image["TargetType"] == "Image" and "InstanceId" not in image


def test_the_same_wish_has_the_same_token_and_no_other_has_it():
    tokens = {
        smc_jobs.client_token(run, Ref(region, name), source, attempt)
        for run in ("r1", "r2")
        for region in ("a", "b")
        for name in ("i-1", "i-2")
        for source in ("s-1", "s-2")
        for attempt in (0, 1)
    }
    assert len(tokens) == 32 and all(len(one) <= 64 and one.isascii() for one in tokens)
    assert smc_jobs.client_token("r1", Ref("a", "i-1"), "s-1", 0) in tokens


@pytest.mark.parametrize("run_id", ["r1", "kernel 2026/11", "ü" * 200, "x" * 300])
def test_every_run_has_names_that_the_service_takes_and_that_differ(run_id):
    names = [smc_job_wish.job_name(run_id, f"i-{number:020d}") for number in range(2)]
    assert len(set(names)) == 2
    for name in names:
        smc_job_wish.check_name(name)


def test_an_instance_is_found_by_tag_or_field_among_the_running_jobs_of_all_regions():
    running = [
        {"JobId": "j-1", "Status": "Running", "InstanceId": "i-1"},
        {"JobId": "j-2", "Status": "Running", "Tags": {"Tag": [{"Key": "os_migration_instance_id", "Value": "i-2"}]}},
        {"JobId": "j-3", "Status": "Running", "InstanceId": "i-9"},
    ]
    api = Replay(lambda operation, region, params: {"ReplicationJobs": {"ReplicationJob": running}, "TotalCount": 3})
    found = smc_jobs.running(api, [Ref("a", "i-1"), Ref("b", "i-2"), Ref("a", "i-3")])
    assert {ref.id: one["job_id"] for ref, one in found.items()} == {"i-1": "j-1", "i-2": "j-2"}
    assert [(call[0], call[2]["Status"], call[2]["JobType"]) for call in api.calls] == [
        ("DescribeReplicationJobs", "Running", 1)
    ]
    assert "RegionId" not in api.calls[0][2] and smc_jobs.running(api, []) == {} and len(api.calls) == 1


def test_all_pages_are_read_even_without_a_count_and_a_repeated_page_does_not_hang():
    def answer(operation, region, params):
        number = params["PageNumber"]
        return {
            "ReplicationJobs": {
                "ReplicationJob": [{"JobId": f"j-{number}-{one}"} for one in range(50 if number < 3 else 7)]
            }
        }

    assert len(smc_jobs.search(Replay(answer))) == 107
    same = Replay(lambda *_args: {"ReplicationJobs": {"ReplicationJob": [{"JobId": "j-1"}] * 50}})
    with pytest.raises(CloudError, match="twice"):
        smc_jobs.search(same)


class Cloud:
    """Jobs that go through the statuses of a script, one step for each look; what was started is remembered."""

    def __init__(self, **scripts):
        self.scripts = {job_id: list(steps) for job_id, steps in scripts.items()}
        self.status = dict.fromkeys(scripts, "Ready")
        self.started: list[str] = []
        self.most = 0

    def call(self, operation, region, params, resource=None, product="ecs", extra=None):
        if operation == "StartReplicationJob":
            self.started.append(params["JobId"])
            self.status[params["JobId"]] = "Running"
            self.most = max(self.most, sum(one == "Running" for one in self.status.values()))
            return {}
        if "Status" in params:
            found = [one for one, status in self.status.items() if status == params["Status"]]
        else:
            found = [one for one in params["JobId"] if self.status[one] != "Gone"]
        shown = [{"JobId": one, "Status": self.status[one], **self.details(one)} for one in found]
        if "JobId" in params:
            for one in params["JobId"]:
                if self.status[one] == "Running" and self.scripts[one]:
                    self.status[one] = self.scripts[one].pop(0)
        return {"ReplicationJobs": {"ReplicationJob": shown}, "TotalCount": len(shown)}

    def details(self, job_id):
        return {"ErrorCode": "InternalError"} if self.status[job_id] == "InError" else {}


def drive(cloud, timeout=1000.0, **given):
    clock = Clock()
    tasks = [smc_job_task.Task(smc_job_wish.Item(Ref("r", one)), job=job(one)) for one in cloud.scripts]
    pace = Pace(timeout, 10, clock, clock.sleep)
    smc_job_run.Drive(cloud, tasks, wish(**given), pace, lambda tasks: None).run()
    return {task.ref.id: task for task in tasks}, clock


def test_the_next_job_begins_when_one_has_ended():
    cloud = Cloud(a=["Running", "Finished"], b=["Finished"], c=["Running", "Running", "Finished"])
    tasks, _clock = drive(cloud, max_running=1)
    assert cloud.started == ["a", "b", "c"] and cloud.most == 1
    assert {task.status for task in tasks.values()} == {"Finished"}


def test_a_retry_waits_for_its_pause_and_the_others_do_not_wait_for_it():
    cloud = Cloud(a=["InError", "Finished"], b=["Finished"])
    tasks, clock = drive(cloud, retry_pause=100)
    assert (tasks["a"].attempts, tasks["a"].status, tasks["b"].status) == (2, "Finished", "Finished")
    assert sum(clock.slept) >= 100


@pytest.mark.parametrize(("status", "code"), [("Stopped", "SmcJobStopped"), ("Expired", "SmcJobExpired"),
                                              ("Deleting", "SmcJobDeleting"), ("Gone", "SmcJobGone")])  # fmt: skip
def test_a_job_that_somebody_else_ended_is_told_and_never_started_again(status, code):
    cloud = Cloud(a=["Running", status])
    tasks, _clock = drive(cloud)
    assert tasks["a"].error.code == code and cloud.started == ["a"]


def test_when_the_time_is_up_running_and_queued_jobs_are_told_apart():
    tasks, _clock = drive(Cloud(a=[], b=[]), timeout=50, max_running=1)
    assert {name: task.error.code for name, task in tasks.items()} == {"a": "WaitTimeout", "b": "QueueFull"}


def test_a_job_that_is_shown_as_it_was_before_its_start_is_not_taken_for_failed():
    class Slow(Cloud):
        def details(self, job_id):
            return {"ErrorCode": "M199"} if self.status[job_id] == "InError" else {}

        def call(self, operation, region, params, **more):
            if operation == "StartReplicationJob":
                self.started.append(params["JobId"])
                self.late = 2
                return {}
            if "JobId" in params and self.started:
                self.late -= 1
                self.status["a"] = "InError" if self.late > 0 else "Finished"
            return super().call(operation, region, params, **more)

    cloud = Slow(a=[])
    cloud.status["a"] = "InError"
    clock = Clock()
    task = smc_job_task.Task(ITEM, job=job("a", Status="InError", ErrorCode="M199"))
    smc_job_run.Drive(cloud, [task], wish(), Pace(1000, 10, clock, clock.sleep), lambda tasks: None).run()
    assert task.status == "Finished" and task.error is None and cloud.started == ["a"]


@pytest.mark.parametrize(
    ("name", "disk", "created", "more", "mine"),
    [
        ("SMC_Backup_Snapshot_j-1", "d-1", "2026-11-24T10:00Z", {}, True),
        ("SMC_Backup_Snapshot_j-1", "d-9", "2026-11-24T10:00Z", {}, False),
        ("SMC_Backup_Snapshot_j-2", "d-1", "2026-11-24T10:00Z", {}, False),
        ("SMC_Backup_Snapshot_20261124", "d-1", "2026-11-24T10:00:30Z", {}, True),
        ("SMC_Backup_Snapshot_20261124", "d-1", "2026-11-24T08:59Z", {}, False),
        ("SMC_Backup_Snapshot_20261124", "d-1", "2026-11-24T11:01Z", {}, False),
        ("SMC_Backup_Snapshot_20261124", "d-1", None, {}, False),
        ("SMC_Backup_Snapshot_j-1", "d-1", "2026-11-24T10:00Z", {"os_migration_run_id": "r1"}, False),
        ("before", "d-1", "2026-11-24T10:00Z", {}, False),
    ],
)
def test_only_the_backups_of_the_job_itself_are_ever_deleted(name, disk, created, more, mine):
    one = job(StartTime="2026-11-24T09:00:00Z", EndTime="2026-11-24T11:00:00Z")
    snapshot = {"name": name, "disk_id": disk, "created": created, "tags": more}
    assert smc_job_remove.is_backup_of(one, snapshot, {"d-1", "d-2"}) is mine
    never = smc_job_remove.is_backup_of(job(), {**snapshot, "name": "SMC_Backup_Snapshot_x"}, {"d-1"})
    assert never is False


def test_a_text_of_the_service_never_reaches_a_terminal_as_more_than_text():
    assert smc.text_of("a\x1b[2Jb\nc" * 2) == "a [2Jb ca [2Jb c" and smc.text_of({"a": 1}) == ""
    assert len(smc.text_of("x" * 10000)) == 4096
