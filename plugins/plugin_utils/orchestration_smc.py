# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of a run in which the cloud does the work for a whole wave at once: Server Migration Center, Cloud Assistant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.matrix import SYSTEMS
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.outcome import CHANGING
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.step import StepArguments, item, targets

ENGINE = "smc"
CLOUD_ASSISTANT = "alicloud.os_migration.cloud_assistant"
SSH = "ssh"
# Codes with which a job is refused because of what the host is, not because of the moment.
NOT_ELIGIBLE = ("InvalidOsMigrationType.NotMatched",)
# The cloud's work goes on although we stopped waiting for it.
GOES_ON = ("Running",)
OUTAGE_PHASE = "Processing"


def select_smc(arguments: StepArguments) -> dict[str, Any]:
    """The hosts of a wave that go by Server Migration Center: all of them, and those that import over SSH and have not failed."""
    run = arguments.run()
    due = []
    for host in arguments.hosts:
        record = run.host_record(host)
        ready = bool(record["restore_point"]) or arguments.check_mode
        if record["engine"] == ENGINE and record["eligible"] is True and not record["outcome"] and ready:
            due.append(record)
    over_ssh = [one for one in due if not one["failure"] and _import_way(arguments.hostvars, one["host"]) == SSH]
    return {
        "hosts": [record["host"] for record in due],
        **targets(due),
        "ssh_instances": targets(over_ssh)["instances"],
    }


def plan_smc_imports(arguments: StepArguments) -> dict[str, Any]:
    """Which hosts are still to be imported, from the run's jobs and the sources of hosts that import over SSH.

    A host that has a job in this run is past that, whoever made it: it may be restarting right now, so nothing is run on it.
    """
    run = arguments.run()
    jobs = {
        one["instance_id"]: one for one in arguments.results if one.get("job_id") and one.get("status") != "Deleting"
    }
    usable = {one["instance_id"] for one in arguments.results if one.get("state") in ("Available", "InUse")}
    fresh = []
    for host in arguments.hosts:
        record = run.host_record(host)
        job = jobs.get(record["instance_id"])
        if not job:
            fresh.append(run.update_host(host, job=None))
            continue
        stage = record["stage"] if record["stage"] in CHANGING else "converting"
        run.update_host(host, stage=stage, job={"job_id": job["job_id"], "source_id": job.get("source_id")})
    over_ssh = [one for one in fresh if _import_way(arguments.hostvars, one["host"]) == SSH]
    return {
        "hosts": arguments.hosts,
        **targets([one for one in fresh if one not in over_ssh]),
        "ssh_hosts": [one["host"] for one in over_ssh if one["instance_id"] not in usable],
        "ssh_waiting": [one["host"] for one in over_ssh],
    }


def _import_way(hostvars: Mapping[str, Any], host: str) -> str:
    return str((hostvars.get(host) or {}).get("os_migration_smc_import") or "").strip()


def by_cloud_assistant(hostvars: Mapping[str, Any], host: str) -> bool:
    """Whether a host is reached through Cloud Assistant, so that it can be asked together with others."""
    return (hostvars.get(host) or {}).get("ansible_connection") == CLOUD_ASSISTANT


def select_connection(arguments: StepArguments) -> dict[str, Any]:
    """Of these hosts, the instances that are reached through Cloud Assistant: they are read together, in few calls."""
    run = arguments.run()
    names = [host for host in arguments.hosts if by_cloud_assistant(arguments.hostvars, host)]
    records = [one for one in (run.host_record(host) for host in names) if one["instance_id"] and not one["outcome"]]
    for record in records:
        # What was read earlier must never be taken for what is read now.
        run.forget_answer(record["instance_id"])
    return targets(records)


def note_smc_sources(arguments: StepArguments) -> dict[str, Any]:
    """Writes down which instances are migration sources now; returns the jobs to make. A host without a source is as it was."""
    run = arguments.run()
    by_instance: dict[str, dict[str, Any]] = {}
    for result in arguments.results:
        known = by_instance.setdefault(result["instance_id"], {"error": None})
        known.update(result, error=known["error"] or result.get("error"))
    jobs = []
    for host in arguments.hosts:
        record = run.host_record(host)
        if record["outcome"]:
            continue
        if record["failure"]:  # noted by the task that imports a host over its own connection
            reason = f"{record['failure']['step']}: {record['failure']['message']}"
            run.update_host(host, outcome="not_started", reason=reason)
            continue
        if (record["job"] or {}).get("job_id"):
            jobs.append(_job_item(record, record["job"].get("source_id")))
            continue
        result = by_instance.get(record["instance_id"]) or {"error": {"message": "no answer for this instance"}}
        error = result.get("error")
        if arguments.check_mode:
            line = f"Not possible now: {_told(error)}" if error else "Import the instance as a migration source."
            run.update_host(host, plan=[*record["plan"], line])
        elif error:
            failure = {"step": "smc_import", "message": _told(error)}
            run.update_host(host, outcome="not_started", reason=f"smc_import: {failure['message']}", failure=failure)
            continue
        else:
            # From here on the cloud may change the host at any moment.
            stage = record["stage"] if record["stage"] in CHANGING else "converting"
            run.update_host(host, stage=stage, job={**(record["job"] or {}), "source_id": result.get("source_id")})
        jobs.append(_job_item(record, result.get("source_id")))
    return {"jobs": [] if arguments.check_mode else jobs}


def _job_item(record: Mapping[str, Any], source_id: Any) -> dict[str, Any]:
    source = {"source_id": source_id} if source_id else {}
    return {**item(record["instance_id"], record["region_id"]), **source}


def note_smc_jobs(arguments: StepArguments) -> dict[str, Any]:
    """Writes down how the jobs of a wave ended; returns all hosts of the wave that go on to be converted or verified."""
    run = arguments.run()
    by_instance = {result["instance_id"]: result for result in arguments.results}
    for host in arguments.hosts:
        record = run.host_record(host)
        if record["engine"] != ENGINE or record["outcome"] or record["failure"] or arguments.check_mode:
            continue
        result = by_instance.get(record["instance_id"]) or {"error": {"message": "no answer for this instance"}}
        run.update_host(host, **_job_changes(record, result))
    records = [run.host_record(host) for host in arguments.hosts]
    going_on = [one for one in records if not one["outcome"] and not one["failure"]]
    finished = [one for one in going_on if one["engine"] == ENGINE and one["job"]]
    _name, system, major, _stream = SYSTEMS[run.facts()["target"]]
    return {
        "ready": [one["host"] for one in going_on],
        # What the finished hosts must show, and those of them that can be asked together.
        "system": [system, major],
        **targets([one for one in finished if by_cloud_assistant(arguments.hostvars, one["host"])]),
    }


def note_smc_settled(arguments: StepArguments) -> dict[str, Any]:
    """Writes down which hosts did not settle after their job; returns those that did, or that were not asked together."""
    run = arguments.run()
    problems = {result["instance_id"]: result["error"] for result in arguments.results if result.get("error")}
    for host in arguments.hosts:
        error = problems.get(run.host_record(host)["instance_id"])
        if error:
            run.update_host(host, failure={"step": "smc_settle", "message": _told(error)})
    asked = {result["instance_id"] for result in arguments.results}
    records = [run.host_record(host) for host in arguments.hosts]
    going_on = [one for one in records if not one["failure"] and not one["outcome"]]
    by_cloud = [one for one in going_on if one["engine"] == ENGINE]
    return {
        "ready": [one["host"] for one in going_on],
        # Those that the cloud has converted, and of them those that are still to be waited for, and the others.
        "by_cloud": [one["host"] for one in by_cloud],
        "unasked": [one["host"] for one in by_cloud if one["instance_id"] not in asked],
        "settled": [one["host"] for one in by_cloud if one["instance_id"] in asked],
    }


def _job_changes(record: Mapping[str, Any], result: Mapping[str, Any]) -> dict[str, Any]:
    job = {
        "source_id": result.get("source_id") or (record["job"] or {}).get("source_id"),
        "job_id": result.get("job_id"),
        "status": result.get("status") or "",
        "business_status": result.get("business_status") or "",
        "progress": result.get("progress"),
        "attempts": result.get("attempts"),
    }
    history = [entry for entry in result.get("history") or [] if isinstance(entry, Mapping)]
    changes: dict[str, Any] = {"job": job, "steps": _steps(history)}
    outage = next((entry.get("time") for entry in history if entry.get("business_status") == OUTAGE_PHASE), None)
    if outage:
        changes["times"] = {"outage_started": outage}
    error = result.get("error")
    if not error:
        return changes
    message = _told(error)
    changes["failure"] = {"step": "smc_job", "message": message}
    if job["status"] in GOES_ON:
        reason = f"smc_job: {message} The job {job['job_id']} goes on in the cloud; the same command takes it up again."
        return {**changes, "outcome": "held", "reason": reason}
    if not job["job_id"] or job["status"] == "Ready":
        # Nothing has been started, so the host is as it was.
        outcome = "not_eligible" if error.get("code") in NOT_ELIGIBLE else "not_started"
        return {**changes, "outcome": outcome, "reason": f"smc_job: {message}"}
    return changes


def _steps(history: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The phases of a job as steps with a start and an end."""
    steps: list[dict[str, Any]] = []
    for entry in history:
        name = str(entry.get("business_status") or entry.get("status") or "")
        moment = entry.get("time")
        if steps and steps[-1]["name"] == name:
            continue
        if steps:
            steps[-1].update(finished=moment, status="done")
        steps.append({"name": name, "started": moment, "finished": None, "status": "running"})
    if steps:
        last = steps[-1]
        failed = last["name"] in ("InError", "Expired", "Stopped")
        last.update(finished=last["started"], status="failed" if failed else "done")
    return steps


def goes_on(record: Mapping[str, Any]) -> bool:
    """Whether a job of this host still runs in the cloud: its tags must keep saying so, whatever the outcome is."""
    return (record.get("job") or {}).get("status") in GOES_ON and record.get("outcome") == "held"


def _told(error: Mapping[str, Any]) -> str:
    code = f"{error['code']}: " if error.get("code") else ""
    return f"{code}{error.get('message')} {error.get('hint') or ''}".strip()
