"""What Server Migration Center does over time. A playbook that waits for it, or mends it, is only as good as this."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.matrix import MATRIX
from simulator import fleet, schema
from simulator.clock import iso
from simulator.errors import ApiError
from simulator.faults import Fault
from simulator.operations import OPERATIONS, Context
from simulator.operations.smc import import_source
from simulator.smc_world import PATHS, PHASES, Quota, digest
from simulator.world import World

REGION = "cn-hangzhou"
DAY = 86400
DISK = {"type": "system", "size_gib": 40, "category": "cloud_essd"}
SCHEMAS = schema.load(OPERATIONS)


class Center:
    """An account with running instances, called in process; each answer is checked as the server does."""

    def __init__(self, instances: list[dict[str, Any]] | None = None, **smc: Any) -> None:
        self.now = 1_800_000_000.0
        web = {"name": "web", "instance_id": "i-web", "disks": [DISK, {**DISK, "type": "data", "size_gib": 100}]}
        given = {"smc": smc, "regions": {REGION: {"instances": instances or [web]}, "cn-beijing": {}}}
        self.world: World = fleet.build(fleet.settings(given), self.now)
        self.region = self.world.regions[REGION]
        self.notes: list[str] = []
        self.fault: Fault | None = None

    def call(self, name: str, product: str = "smc", **given: Any) -> dict[str, Any]:
        self.world.settle(self.now)
        context = Context(self.world, self.region, self.now, self.notes, fault=self.fault)
        self.fault = None
        answer = OPERATIONS[product, name].handler(context, given)
        assert schema.problems(SCHEMAS[f"{product}.{name}"]["response"], answer) == []
        return answer

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.world.settle(self.now)

    def token(self, **given: Any) -> tuple[str, str]:
        answer = self.call("CreateAccessToken", **given)
        return answer["AccessTokenId"], answer["AccessTokenCode"]

    def bring(self, code: str, instance_id: str = "i-web") -> str:
        """Import an instance."""
        return import_source(self.world, code, self.region.instances[instance_id], REGION, self.now)

    def online(self, instance_id: str = "i-web") -> str:
        """An instance imported, as a source that is available."""
        source_id = self.bring(self.token()[1], instance_id)
        self.wait(30)
        return source_id

    def job(self, source_id: str, target: str = "Alibaba Cloud Linux 3", **more: Any) -> str:
        parameters = json.dumps({"TargetOsType": target})
        given = {"RegionId": REGION, "JobType": 1, "ReplicationParameters": parameters, "SourceId": source_id, **more}
        made: str = self.call("CreateReplicationJob", **given)["JobId"]
        return made

    def started(self, **more: Any) -> str:
        job_id = self.job(self.online(), **more)
        self.call("StartReplicationJob", JobId=job_id)
        return job_id

    def seen(self, job_id: str) -> dict[str, Any]:
        answer = self.call("DescribeReplicationJobs", JobId=[job_id])
        found: dict[str, Any] = answer["ReplicationJobs"]["ReplicationJob"][0]
        return found

    def source(self, source_id: str) -> dict[str, Any]:
        answer = self.call("DescribeSourceServers", SourceId=[source_id])
        found: dict[str, Any] = answer["SourceServers"]["SourceServer"][0]
        return found

    def tokens(self, **given: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call("ListAccessTokens", **given)["AccessTokens"]["AccessToken"]
        return found

    def until(self, job_id: str, phase: str) -> None:
        while self.seen(job_id)["BusinessStatus"] != phase:
            self.wait(5)


def refused(action: Any) -> str:
    with pytest.raises(ApiError) as caught:
        action()
    return caught.value.code


# --- jobs ---------------------------------------------------------------------------------------------------------


def test_a_job_goes_through_all_its_phases_and_replaces_the_system() -> None:
    center = Center()
    web = center.region.instances["i-web"]
    job_id = center.job(center.online(), Name="web", Tag=[{"Key": "run", "Value": "r1"}])
    ready = center.seen(job_id)
    assert (ready["Status"], ready["BusinessStatus"], ready["Progress"], ready["StartTime"]) == ("Ready", "", 0.0, "")
    assert (ready["InstanceId"], ready["JobType"]) == ("i-web", 1)
    assert ready["Tags"] == {"Tag": [{"Key": "run", "Value": "r1"}]}
    center.call("StartReplicationJob", JobId=job_id)
    rows, states, systems = [], [], set()
    while (row := center.seen(job_id))["Status"] == "Running":
        rows.append(row)
        states.append(web.status)
        if row["BusinessStatus"] != "Cleaning":
            systems.add(web.system)
            assert web.os_name.startswith("CentOS")
        assert center.source(row["SourceId"])["State"] == "InUse"
        center.wait(10)
    assert tuple(dict.fromkeys(row["BusinessStatus"] for row in rows)) == PHASES
    progress = [row["Progress"] for row in rows]
    assert progress == sorted(progress) and 0 <= progress[0] < progress[-1] < 100
    assert list(dict.fromkeys(states)) == ["Running", "Stopping", "Starting"] and states[-1] == "Running"
    assert systems == {"centos7"}
    assert (row["Status"], row["Progress"], row["JobId"]) == ("Finished", 100.0, job_id)
    assert row["StartTime"] < row["EndTime"] and "ErrorCode" not in row
    assert row["ReplicationJobRuns"]["ReplicationJobRun"] == [
        {"StartTime": row["StartTime"], "EndTime": row["EndTime"], "Type": "Manual"}
    ]
    assert center.source(row["SourceId"])["State"] == "Available"
    assert (web.system, web.image_id) == ("alinux3", "centos_7_9_x64_20G_alibase_20240628.vhd")
    assert web.os_name.startswith("Alibaba Cloud Linux  3")


def test_the_instance_settles_for_twenty_minutes_after_its_job() -> None:
    center = Center()
    job_id = center.started()
    web = center.region.instances["i-web"]
    center.wait(3000)
    assert center.seen(job_id)["EndTime"] == iso(web.settling_until - 1200)
    center.now = web.settling_until - 1
    center.call("RebootInstance", "ecs", InstanceId="i-web")
    assert center.notes == ["reboot of i-web while it still settles after its migration"]
    center.wait(100)
    center.call("StopInstance", "ecs", InstanceId="i-web")
    assert len(center.notes) == 1


def test_the_backup_of_a_job_is_a_snapshot_of_each_disk_that_nobody_has_tagged() -> None:
    center = Center()
    job_id = center.started()
    found = center.call("DescribeSnapshots", "ecs")["Snapshots"]["Snapshot"]
    assert {one["SourceDiskId"] for one in found} == set(center.region.instances["i-web"].disk_ids)
    assert {one["SnapshotName"] for one in found} == {f"SMC_Backup_Snapshot_{job_id}"}
    assert all(one["Tags"] == {"Tag": []} for one in found)


def test_nothing_is_done_to_the_host_before_its_backup_is_complete() -> None:
    center = Center()
    for disk in center.region.disks.values():
        disk.size_gib = 2000
    job_id = center.started()
    center.until(job_id, "Syncing")
    assert {one.status for one in center.region.snapshots.values()} == {"accomplished"}
    assert center.now > 1_800_000_000 + 2000


def test_a_job_whose_backup_fails_is_in_error_and_makes_another_one_when_it_is_started_again() -> None:
    center = Center()
    job_id = center.job(center.online())
    center.world.fail_work = True
    center.call("StartReplicationJob", JobId=job_id)
    center.wait(400)
    row = center.seen(job_id)
    assert (row["Status"], row["BusinessStatus"], row["ErrorCode"]) == ("InError", "Preparing", "SnapshotFailed")
    center.call("StartReplicationJob", JobId=job_id)
    center.wait(3000)
    assert center.seen(job_id)["Status"] == "Finished"
    assert sorted(one.status for one in center.region.snapshots.values()) == ["accomplished", "accomplished", "failed"]


def test_a_snapshot_that_is_still_being_made_stands_in_the_way_of_a_job() -> None:
    center = Center()
    job_id = center.job(center.online())
    center.call("CreateSnapshot", "ecs", DiskId=center.region.instances["i-web"].disk_ids[0])
    center.call("StartReplicationJob", JobId=job_id)
    row = center.seen(job_id)
    assert (row["Status"], row["ErrorCode"]) == ("InError", "IncorrectDiskStatus.CreatingSnapshot")
    center.wait(400)
    center.call("StartReplicationJob", JobId=job_id)
    center.wait(3000)
    assert center.seen(job_id)["Status"] == "Finished"


def test_a_disk_that_cannot_be_backed_up_keeps_the_job_from_changing_anything() -> None:
    local = {**DISK, "type": "data", "category": "local_ssd_pro"}
    center = Center([{"name": "web", "instance_id": "i-web", "disks": [DISK, local]}])
    row = center.seen(center.started())
    assert (row["Status"], row["ErrorCode"]) == ("InError", "DiskCategory.OperationNotSupported")
    full = Center()
    full.region.snapshot_quota = 0
    assert full.seen(full.started())["ErrorCode"] == "QuotaExceed.Snapshot"
    assert not center.region.snapshots and not full.region.snapshots


@pytest.mark.parametrize("phase", PHASES)
def test_a_job_that_fails_in_a_phase_tells_why_and_goes_on_from_there(phase: str) -> None:
    center = Center()
    source_id = center.online()
    job_id = center.job(source_id)
    center.fault = Fault("StartReplicationJob", "job_error", code="E42", phase=phase)
    center.call("StartReplicationJob", JobId=job_id)
    center.wait(3000)
    row = center.seen(job_id)
    assert (row["Status"], row["BusinessStatus"], row["ErrorCode"]) == ("InError", phase, "E42")
    told = json.loads(row["StatusInfo"])
    assert told["error_code"] == "E42" and phase in told["error_msg"]
    assert 0 < row["Progress"] < 100 and row["EndTime"]
    assert center.source(source_id)["State"] == "Available"
    web = center.region.instances["i-web"]
    assert (web.status, web.system) == ("Running", "alinux3" if phase == "Cleaning" else "centos7")
    assert web.settling_until == 0
    center.wait(3000)
    assert center.seen(job_id)["Progress"] == row["Progress"]
    center.call("StartReplicationJob", JobId=job_id)
    assert center.seen(job_id)["BusinessStatus"] == phase and "ErrorCode" not in center.seen(job_id)
    center.wait(3000)
    row = center.seen(job_id)
    assert (row["Status"], web.system) == ("Finished", "alinux3")
    assert len(row["ReplicationJobRuns"]["ReplicationJobRun"]) == 2
    assert len(center.region.snapshots) == 2


def test_a_job_may_be_told_to_fail_when_it_is_created_and_then_fails_once() -> None:
    center = Center()
    source_id = center.online()
    center.fault = Fault("CreateReplicationJob", "job_error")
    job_id = center.job(source_id)
    center.call("StartReplicationJob", JobId=job_id)
    center.wait(3000)
    assert (center.seen(job_id)["Status"], center.seen(job_id)["ErrorCode"]) == ("InError", "M199")
    center.call("StartReplicationJob", JobId=job_id)
    center.wait(3000)
    assert center.seen(job_id)["Status"] == "Finished"


@pytest.mark.parametrize("phase", PHASES)
def test_a_job_that_is_stuck_in_a_phase_never_ends(phase: str) -> None:
    center = Center()
    job_id = center.job(center.online())
    center.fault = Fault("StartReplicationJob", "stuck", phase=phase)
    center.world.stuck_work = True  # as the server sets it for this kind
    center.call("StartReplicationJob", JobId=job_id)
    center.wait(3000)
    row = center.seen(job_id)
    center.wait(20 * DAY)
    later = center.seen(job_id)
    assert (later["Status"], later["BusinessStatus"], later["Progress"]) == ("Running", phase, row["Progress"])
    assert center.region.instances["i-web"].status == "Running"


def test_a_paused_job_goes_on_where_it_was() -> None:
    center = Center()
    job_id = center.started()
    center.until(job_id, "Syncing")
    center.wait(20)
    running = center.seen(job_id)
    center.call("StopReplicationJob", JobId=job_id)
    center.wait(3000)
    row = center.seen(job_id)
    assert (row["Status"], row["BusinessStatus"], row["Progress"]) == ("Stopped", "Syncing", running["Progress"])
    assert center.source(row["SourceId"])["State"] == "Available"
    center.call("StartReplicationJob", JobId=job_id)
    assert center.seen(job_id)["BusinessStatus"] == "Syncing"
    center.wait(3000)
    assert center.seen(job_id)["Status"] == "Finished"


@pytest.mark.parametrize("status", ["Ready", "Stopped", "InError"])
def test_a_job_that_nobody_finishes_expires_and_is_deleted_a_week_later(status: str) -> None:
    center = Center()
    job_id = center.job(center.online())
    if status != "Ready":
        if status == "InError":
            center.fault = Fault("StartReplicationJob", "job_error")
        center.call("StartReplicationJob", JobId=job_id)
        if status == "Stopped":
            center.until(job_id, "Syncing")
            center.call("StopReplicationJob", JobId=job_id)
        center.wait(3000)
    assert center.seen(job_id)["Status"] == status
    center.wait(30 * DAY - 4000)
    assert center.seen(job_id)["Status"] == status
    center.wait(4000)
    assert center.seen(job_id)["Status"] == "Expired"
    assert refused(lambda: center.call("StartReplicationJob", JobId=job_id)) == "ReplicationJob.InvalidStatus"
    center.wait(7 * DAY - 4000)
    assert center.seen(job_id)["Status"] == "Expired"
    center.wait(4000)
    assert center.call("DescribeReplicationJobs")["TotalCount"] == 0


def test_neither_a_running_nor_a_finished_job_expires() -> None:
    center = Center()
    finished = center.started()
    center.wait(3000)
    assert center.seen(finished)["Status"] == "Finished"
    center.wait(60 * DAY)
    assert center.seen(finished)["Status"] == "Finished"
    other = Center()
    stuck = other.job(other.online())
    other.fault = Fault("StartReplicationJob", "stuck")
    other.call("StartReplicationJob", JobId=stuck)
    other.wait(60 * DAY)
    assert other.seen(stuck)["Status"] == "Running"


def test_a_later_end_of_the_validity_counts() -> None:
    center = Center()
    job_id = center.job(center.online())
    center.call("ModifyReplicationJobAttribute", JobId=job_id, ValidTime=iso(center.now + 60 * DAY))
    center.wait(59 * DAY)
    assert center.seen(job_id)["Status"] == "Ready"
    center.wait(DAY)
    assert center.seen(job_id)["Status"] == "Expired"


def test_times_are_those_of_the_clients_clock() -> None:
    center = Center()
    wall = 1_700_000_000.0
    context = Context(center.world, center.region, center.now, wall=wall)
    parameters = json.dumps({"TargetOsType": "Alibaba Cloud Linux 3"})
    given = {"RegionId": REGION, "SourceId": center.online(), "JobType": 1, "ReplicationParameters": parameters}
    context = replace(context, now=center.now)
    answer = OPERATIONS["smc", "CreateReplicationJob"].handler(context, {**given, "ValidTime": iso(wall + 8 * DAY)})
    assert center.world.smc.jobs[answer["JobId"]].valid_until == center.now + 8 * DAY


def test_a_scheduled_job_starts_by_itself() -> None:
    center = Center()
    job_id = center.job(center.online(), ScheduledStartTime=iso(center.now + 3600))
    center.wait(3599)
    assert center.seen(job_id)["Status"] == "Ready"
    center.wait(1)
    row = center.seen(job_id)
    assert (row["Status"], row["ReplicationJobRuns"]["ReplicationJobRun"][0]["Type"]) == ("Running", "Schedule")


def test_a_scheduled_job_that_cannot_start_is_in_error() -> None:
    center = Center()
    job_id = center.job(center.online(), ScheduledStartTime=iso(center.now + 3600))
    center.call("StopInstance", "ecs", InstanceId="i-web")
    center.wait(3600)
    assert (center.seen(job_id)["Status"], center.seen(job_id)["ErrorCode"]) == ("InError", "SourceServerState.Invalid")


@pytest.mark.parametrize("operation", ["StopInstance", "RebootInstance"])
@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("phase", PHASES)
def test_who_stops_or_restarts_an_instance_breaks_its_job(operation: str, force: bool, phase: str) -> None:
    center = Center()
    job_id = center.started()
    center.until(job_id, phase)
    center.wait(80 if phase == "Processing" else 5)  # its own restart is over
    before = center.region.instances["i-web"].system
    center.call(operation, "ecs", InstanceId="i-web", ForceStop=force)
    row = center.seen(job_id)
    assert (row["Status"], row["BusinessStatus"], row["ErrorCode"]) == ("InError", phase, "IncorrectInstanceStatus")
    assert any("while its migration job runs" in note for note in center.notes)
    center.wait(3000)
    assert center.region.instances["i-web"].system == before
    assert center.seen(job_id)["Status"] == "InError"


def test_the_api_refuses_to_stop_an_instance_that_its_job_is_restarting() -> None:
    center = Center()
    job_id = center.started()
    center.until(job_id, "Processing")
    code = refused(lambda: center.call("StopInstance", "ecs", InstanceId="i-web", ForceStop=True))
    assert code == "IncorrectInstanceStatus"
    assert center.seen(job_id)["Status"] == "Running"


def test_a_roll_back_brings_the_old_system_back() -> None:
    center = Center()
    center.started()
    center.wait(5000)
    web = center.region.instances["i-web"]
    assert web.system == "alinux3"
    center.call("StopInstance", "ecs", InstanceId="i-web")
    center.wait(100)
    for one in list(center.region.snapshots.values()):
        center.call("ResetDisk", "ecs", DiskId=one.disk_id, SnapshotId=one.snapshot_id)
    center.wait(100)
    assert (web.system, web.settling_until) == ("centos7", 0)


def test_of_200_jobs_at_most_50_run_at_once_and_all_of_them_end() -> None:
    center = Center([{"name": "web", "count": 200}])
    _token_id, code = center.token(Count="200")
    for instance_id in center.region.instances:
        center.bring(code, instance_id)
    center.wait(60)
    waiting = [center.job(source_id) for source_id in center.world.smc.sources]
    for _wave in range(4):
        for job_id in waiting[:50]:
            center.call("StartReplicationJob", JobId=job_id)
        waiting = waiting[50:]
        running = center.call("DescribeReplicationJobs", Status="Running", PageSize=50)
        assert running["TotalCount"] == 50
        if waiting:
            refusal = refused(partial(center.call, "StartReplicationJob", JobId=waiting[0]))
            assert refusal == "QuotaExceeded.RunningReplicationJob"
        center.wait(3000)
    assert center.call("DescribeReplicationJobs", Status="Finished")["TotalCount"] == 200
    assert {one.system for one in center.region.instances.values()} == {"alinux3"}


def test_a_job_of_a_host_outside_of_the_fleet_touches_no_instance() -> None:
    center = Center(sources=[{"name": "elsewhere", "source_id": "s-far", "system": "centos8"}])
    job_id = center.job("s-far")
    center.call("StartReplicationJob", JobId=job_id)
    center.wait(3000)
    assert (center.seen(job_id)["Status"], center.seen(job_id)["InstanceId"]) == ("Finished", "")
    assert center.region.instances["i-web"].system == "centos7" and not center.region.snapshots
    assert center.source("s-far")["Platform"] == "Alibaba Cloud Linux"


def test_a_system_is_not_migrated_into_another_region() -> None:
    center = Center()
    source_id = center.online()
    assert refused(lambda: center.job(source_id, RegionId="cn-beijing")) == "InvalidParameter"


@pytest.mark.parametrize(
    ("flag", "code"), [("role", "EntityNotExist.Role"), ("verified", "RealNameAuthenticationError")]
)
def test_an_account_that_lacks_something_creates_no_job(flag: str, code: str) -> None:
    center = Center(**{flag: False})
    source_id = center.online()
    assert refused(lambda: center.job(source_id)) == code


def test_the_quotas_are_those_that_are_documented() -> None:
    assert (Quota().jobs, Quota().sources, Quota().running) == (1000, 1000, 50)


# --- target systems -----------------------------------------------------------------------------------------------


def test_exactly_the_paths_of_the_matrix_are_accepted() -> None:
    offered = {(row.arch, row.source, row.target) for row in MATRIX if row.engine == "smc"}
    accepted = {
        (arch, source, target) for arch, rows in PATHS.items() for source, all_ in rows.items() for target in all_
    }
    assert accepted == offered


def test_a_wrong_target_is_refused_with_the_list_of_those_that_fit() -> None:
    center = Center([{"name": "web", "instance_id": "i-web", "system": "centos7", "arch": "aarch64"}])
    source_id = center.online()
    with pytest.raises(ApiError) as caught:
        center.job(source_id, "RHEL 9")
    assert caught.value.message == (
        "The SourceOsType: CentOS 7 and TargetOsType: RHEL 9 are not matched. "
        "The supported TargetOsType list is: [Anolis OS 7, Anolis OS 8, Alibaba Cloud Linux 3]."
    )
    assert center.source(source_id)["Architecture"] == "aarch64"


def test_the_fleet_says_which_key_and_which_values_name_the_target() -> None:
    center = Center(target_os={"key": "os", "values": {"alinux3": "Alinux3"}})
    source_id = center.online()
    given = {"RegionId": REGION, "JobType": 1, "SourceId": source_id}
    wrong = json.dumps({"TargetOsType": "Alibaba Cloud Linux 3"})
    call = {**given, "ReplicationParameters": wrong}
    assert refused(lambda: center.call("CreateReplicationJob", **call)) == "InvalidOsMigrationType.NotMatched"
    job_id = center.call("CreateReplicationJob", **given, ReplicationParameters='{"os": "Alinux3"}')["JobId"]
    assert center.world.smc.jobs[job_id].target == "alinux3"


def test_another_target_may_be_named_until_the_job_starts() -> None:
    center = Center()
    job_id = center.job(center.online())
    parameters = json.dumps({"TargetOsType": "Anolis OS 8"})
    center.call("ModifyReplicationJobAttribute", JobId=job_id, ReplicationParameters=parameters)
    center.call("StartReplicationJob", JobId=job_id)
    center.wait(3000)
    assert center.region.instances["i-web"].system == "anolis8"


def test_replication_parameters_are_at_most_2048_characters_long() -> None:
    center = Center()
    source_id = center.online()
    long = json.dumps({"TargetOsType": "Alibaba Cloud Linux 3", "checksum": "x" * 2048})
    assert refused(lambda: center.job(source_id, ReplicationParameters=long)) == "InvalidParameter"


# --- access tokens and the import ---------------------------------------------------------------------------------


def test_a_token_tells_its_code_once() -> None:
    center = Center()
    token_id, code = center.token(Name="run", Description="for a run", Count="3", TimeToLiveInDays="2")
    (row,) = center.tokens()
    assert row | {"CreationTime": ""} == {
        "AccessTokenId": token_id,
        "Name": "run",
        "Description": "for a run",
        "Status": "activated",
        "Count": "3",
        "RegisteredCount": "0",
        "TimeToLiveInDays": "2",
        "CreationTime": "",
    }
    shown = json.dumps(center.world.smc.state(center.now)) + repr(center.world.smc)
    assert len(code) == 32 and code not in shown and digest(code) not in shown


def test_an_import_uses_the_code_up() -> None:
    center = Center([{"name": "web", "count": 2}])
    token_id, code = center.token(Count="1")
    first, second = center.region.instances
    source_id = center.bring(code, first)
    assert center.tokens()[0]["RegisteredCount"] == "1"
    assert refused(lambda: center.bring(code, second)) == "AccessToken.UsedUp"
    assert center.tokens(AccessTokenId=[token_id])[0]["Status"] == "activated"
    assert list(center.world.smc.sources) == [source_id]


def test_an_expired_a_disabled_a_deleted_and_an_invented_code_import_nothing() -> None:
    center = Center()
    expired, disabled, deleted = (center.token(TimeToLiveInDays="1") for _number in range(3))
    center.call("DisableAccessToken", AccessTokenId=disabled[0])
    center.call("DeleteAccessToken", AccessTokenId=deleted[0])
    assert refused(lambda: center.bring(disabled[1])) == "AccessToken.Disabled"
    assert refused(lambda: center.bring(deleted[1])) == "AccessToken.Invalid"
    assert refused(lambda: center.bring("invented")) == "AccessToken.Invalid"
    assert [one["AccessTokenId"] for one in center.tokens(Status="unactivated")] == [disabled[0]]
    center.wait(DAY)
    assert refused(lambda: center.bring(expired[1])) == "AccessToken.Expired"
    assert {one["Status"] for one in center.tokens()} == {"expired"}
    assert not center.world.smc.sources


def test_what_is_imported_stays_when_its_token_is_disabled() -> None:
    center = Center()
    token_id, code = center.token()
    source_id = center.bring(code)
    center.call("DisableAccessToken", AccessTokenId=token_id)
    center.wait(30)
    assert center.source(source_id)["State"] == "Available"


def test_no_more_than_20_tokens_are_listed_and_the_newest_are() -> None:
    center = Center()
    ids = [center.token(Name=f"t{number}")[0] for number in range(1, 22)]
    answer = center.call("ListAccessTokens")
    assert [one["AccessTokenId"] for one in answer["AccessTokens"]["AccessToken"]] == ids[:0:-1]
    assert answer["TotalCount"] == 21
    assert [one["AccessTokenId"] for one in center.tokens(Name="t1")] == ids[:1]


def test_an_imported_source_takes_a_moment_and_tells_its_host_but_not_its_instance() -> None:
    center = Center([{"name": "web", "instance_id": "i-web", "hostname": "web.example", "private_ip": "10.1.2.3"}])
    source_id = center.bring(center.token()[1])
    assert center.source(source_id)["State"] == "Unavailable"
    center.wait(30)
    row = center.source(source_id)
    assert (row["State"], row["Platform"], row["Architecture"], row["Name"]) == (
        "Available", "CentOS", "x86_64", "web.example")  # fmt: skip
    assert len(row["SystemInfo"]) <= 1024 and "i-web" not in json.dumps(row)
    told = json.loads(row["SystemInfo"])
    assert (told["hostname"], told["ipv4"]) == ("web.example", "10.1.2.3")


def test_a_host_that_is_imported_again_stays_one_source() -> None:
    center = Center()
    _token_id, code = center.token()
    first = center.bring(code)
    center.wait(100)
    assert center.bring(code) == first
    assert center.tokens()[0]["RegisteredCount"] == "1"
    assert center.source(first)["State"] == "Unavailable"
    center.wait(30)
    assert center.source(first)["State"] == "Available"


def test_an_import_in_the_middle_of_a_job_does_not_disturb_it() -> None:
    center = Center()
    job_id = center.started()
    source_id = center.bring(center.token()[1])
    assert center.source(source_id)["State"] == "InUse"
    center.wait(3000)
    assert center.seen(job_id)["Status"] == "Finished"


def test_a_host_that_is_off_is_not_imported() -> None:
    center = Center()
    center.call("StopInstance", "ecs", InstanceId="i-web")
    center.wait(100)
    assert refused(lambda: center.bring(center.token()[1])) == "IncorrectInstanceStatus"


def test_a_client_that_meets_an_error_leaves_a_source_that_says_so() -> None:
    center = Center(import_errors={"web": "S1"})
    _token_id, code = center.token()
    source_id = center.bring(code)
    center.wait(3000)
    row = center.source(source_id)
    assert (row["State"], row["ErrorCode"], json.loads(row["StatusInfo"])["error_code"]) == ("Unavailable", "S1", "S1")
    center.world.smc.import_errors.clear()
    center.bring(code)
    center.wait(30)
    row = center.source(source_id)
    assert row["State"] == "Available" and "ErrorCode" not in row and "StatusInfo" not in row


def test_a_source_is_offline_while_its_instance_is() -> None:
    center = Center()
    source_id = center.online()
    center.call("StopInstance", "ecs", InstanceId="i-web")
    assert center.source(source_id)["State"] == "Unavailable"
    center.wait(100)
    center.call("StartInstance", "ecs", InstanceId="i-web")
    center.wait(100)
    assert center.source(source_id)["State"] == "Available"


def test_no_more_sources_than_the_quota_are_imported() -> None:
    center = Center([{"name": "web", "count": 2}], quota={"sources": 1})
    _token_id, code = center.token()
    first, second = center.region.instances
    center.bring(code, first)
    assert refused(lambda: center.bring(code, second)) == "QuotaExceeded.SourceServer"
    assert center.tokens()[0]["RegisteredCount"] == "1"


# --- sources ------------------------------------------------------------------------------------------------------


def test_a_deleted_source_takes_its_jobs_along_and_the_host_can_be_imported_anew() -> None:
    center = Center()
    source_id = center.online()
    job_id = center.job(source_id)
    center.call("DeleteSourceServer", SourceId=source_id, Force=True)
    assert center.source(source_id)["State"] == "Deleting"
    assert center.seen(job_id)["Status"] == "Deleting"
    again = center.bring(center.token()[1])
    center.wait(30)
    assert list(center.world.smc.sources) == [again] and again != source_id
    assert not center.world.smc.jobs


def test_a_source_knows_its_last_job() -> None:
    center = Center()
    source_id = center.online()
    job_id = center.job(source_id)
    assert center.source(source_id)["JobId"] == job_id
    for wanted, found in (({"JobId": job_id}, 1), ({"RelatedJobType": ["1"]}, 1), ({"RelatedJobType": ["0"]}, 0)):
        assert center.call("DescribeSourceServers", **wanted)["TotalCount"] == found


def test_sources_of_hosts_alike_can_be_in_the_fleet() -> None:
    twin = {"name": "web", "hostname": "web", "ipv4": "10.0.0.1"}
    center = Center(sources=[twin, {**twin, "name": "copy", "state": "Unavailable", "error_code": "S1"}])
    rows = center.call("DescribeSourceServers")["SourceServers"]["SourceServer"]
    assert [(one["Name"], one["State"], json.loads(one["SystemInfo"])["ipv4"]) for one in rows] == [
        ("web", "Available", "10.0.0.1"), ("copy", "Unavailable", "10.0.0.1")]  # fmt: skip
    assert {one.instance_id for one in center.world.smc.sources.values()} == {"i-web"}


def test_all_sources_and_jobs_are_read_page_by_page() -> None:
    center = Center(sources=[{"name": f"s{number}", "source_id": f"s-{number}"} for number in range(1, 121)])
    names: list[str] = []
    for number in (1, 2, 3):
        answer = center.call("DescribeSourceServers", PageNumber=number, PageSize=50)
        assert answer["TotalCount"] == 120
        names += [one["Name"] for one in answer["SourceServers"]["SourceServer"]]
    assert len(set(names)) == 120
    assert len(center.call("DescribeSourceServers")["SourceServers"]["SourceServer"]) == 10
    made = {center.job(f"s-{number}") for number in range(1, 61)}
    pages = [center.call("DescribeReplicationJobs", PageNumber=one, PageSize=50) for one in (1, 2)]
    assert {one["JobId"] for page in pages for one in page["ReplicationJobs"]["ReplicationJob"]} == made
    chosen = center.call("DescribeReplicationJobs", SourceId=["s-7", "s-8"], RegionId=REGION, JobType=1)
    assert chosen["TotalCount"] == 2


@pytest.mark.parametrize(
    ("operation", "name", "most"),
    [
        ("DescribeSourceServers", "SourceId", 50),
        ("DescribeReplicationJobs", "SourceId", 50),
        ("DescribeReplicationJobs", "JobId", 50),
        ("DescribeReplicationJobs", "InstanceId", 20),
    ],
)
def test_a_filter_takes_only_so_many_ids(operation: str, name: str, most: int) -> None:
    center = Center()
    center.call(operation, **{name: ["x"] * most})
    assert refused(lambda: center.call(operation, **{name: ["x"] * (most + 1)})) == "InvalidParameter"


# --- tags ---------------------------------------------------------------------------------------------------------


def test_tags_of_sources_and_jobs_are_set_listed_used_and_removed() -> None:
    center = Center()
    source_id = center.online()
    for kind, key in (("sourceserver", source_id), ("replicationjob", center.job(source_id))):
        which = {"ResourceType": kind, "ResourceId": [key]}
        center.call("TagResources", **which, Tag=[{"Key": "run", "Value": "r1"}, {"Key": "b", "Value": ""}])
        rows = center.call("ListTagResources", **which)["TagResources"]["TagResource"]
        assert {(one["TagKey"], one["TagValue"]) for one in rows} == {("run", "r1"), ("b", "")}
        assert {one["ResourceType"] for one in rows} == {f"ALIYUN::SMC::{kind.upper()}"}
        describe = "DescribeSourceServers" if kind == "sourceserver" else "DescribeReplicationJobs"
        assert center.call(describe, Tag=[{"Key": "run", "Value": "r1"}])["TotalCount"] == 1
        assert center.call(describe, Tag=[{"Key": "run", "Value": "r2"}])["TotalCount"] == 0
        center.call("UntagResources", **which, TagKey=["run"])
        assert center.call(describe, Tag=[{"Key": "run"}])["TotalCount"] == 0
        center.call("UntagResources", **which, All=True)
        assert not center.call("ListTagResources", **which)["TagResources"]["TagResource"]


def test_the_limits_of_tags_hold() -> None:
    center = Center()
    source_id = center.online()
    which = {"ResourceType": "sourceserver", "ResourceId": [source_id]}
    tags = [{"Key": f"k{number}", "Value": ""} for number in range(21)]
    assert refused(lambda: center.call("TagResources", **which, Tag=tags)) == "NumberExceed.Tags"
    assert refused(lambda: center.job(source_id, Tag=tags)) == "NumberExceed.Tags"
    keys = [one["Key"] for one in tags]
    assert refused(lambda: center.call("UntagResources", **which, TagKey=keys)) == "NumberExceed.Tags"
    center.call("TagResources", **which, Tag=tags[:20])
    assert refused(lambda: center.call("TagResources", **which, Tag=tags[20:])) == "NumberExceed.Tags"
    many = {"ResourceType": "sourceserver", "ResourceId": [f"s-{number}" for number in range(51)]}
    assert refused(lambda: center.call("TagResources", **many, Tag=tags[:1])) == "NumberExceed.ResourceIds"


# --- fleet --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "smc",
    [
        {"colour": "red"},
        {"target_os": {"where": "header"}},
        {"target_os": {"colour": "red"}},
        {"quota": {"colours": 1}},
        {"sources": [{"name": "a", "instance_id": "i-none"}]},
        {"sources": [{"name": "a", "state": "InUse"}]},
        {"sources": [{"name": "a", "arch": "mips"}]},
    ],
    ids=json.dumps,
)
def test_a_fleet_that_means_nothing_is_refused(smc: dict[str, Any]) -> None:
    with pytest.raises(fleet.FleetError):
        Center(**smc)


def test_a_fault_in_a_phase_that_does_not_exist_is_refused() -> None:
    with pytest.raises(fleet.FleetError, match="phase"):
        fleet.faults([{"op": "StartReplicationJob", "kind": "job_error", "phase": "Drilling"}])
