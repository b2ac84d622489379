# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of a run on the controller: what each reads from the run record, decides, and writes back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.alicloud.os_migration.plugins.plugin_utils import plan
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.orchestration_rollback import (
    note_held,
    note_rollback,
    select_rollback,
    settle_wave,
)
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.orchestration_smc import (
    note_smc_jobs,
    note_smc_settled,
    note_smc_sources,
    plan_smc_imports,
    select_connection,
    select_smc,
)
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.outcome import CHANGING, touched
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.report_files import (
    write_fleet_report,
    write_run_report,
)
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.run import (
    RunDirectory,
    check_run_id,
    new_run_id,
    utc,
)
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.step import (
    CLOUD_STEP,
    StepArguments,
    item,
    targets,
)
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.waivers import as_data, parse_waivers

# Phases of the host's job in which the host itself is still as it was.
HARMLESS_STEPS = frozenset(
    {"prepare", "save_state", "target_repositories", "prove", "verify_signatures", "check_space"}
)
# Of these, the ones whose failure says that this host cannot be converted as it is.
PROOF_STEPS = frozenset({"prove", "verify_signatures", "check_space"})


def request(arguments: StepArguments) -> dict[str, Any]:
    """Checks what the user asked for, before anything is contacted; returns the instances to ask the cloud about."""
    if arguments.target:
        plan.check_target(arguments.target, arguments.engine, arguments.assess_only)
    parse_waivers(arguments.waivers)
    plan.check_risks(arguments.accept_risks or arguments.check_mode)
    plan.budget(arguments.max_failures, len(arguments.hosts))
    if arguments.run_id:
        check_run_id(arguments.run_id)
    wanted = plan.requested(arguments.hosts, arguments.hostvars)
    return {"instances": [item(entry["id"], entry["region"]) for entry in wanted]}


def open_run(arguments: StepArguments) -> dict[str, Any]:
    """Joins hosts and instances, finds the run to continue or begins one, and locks it."""
    wanted = plan.requested(arguments.hosts, arguments.hostvars)
    cloud = plan.joined(wanted, arguments.results)
    # A plan is a run of its own: it never writes into the record of a real one.
    resumed = plan.run_to_resume(cloud.values()) if arguments.resume and not arguments.check_mode else None
    if arguments.run_id and resumed and resumed != arguments.run_id and arguments.accept_risks:
        raise plan.PlanError(
            f"Run {resumed} is unfinished on some of these hosts: continue it with -e os_migration_run_id={resumed} first."
        )
    run = RunDirectory.create(
        arguments.runs_dir,
        arguments.run_id or resumed or new_run_id(),
        target=arguments.target,
        engine=arguments.engine,
        check_mode=arguments.check_mode,
        inventory=arguments.inventory,
    )
    run.lock(arguments.owner_pid)
    known = run.facts().get("hosts") or []
    run.update(
        hosts=list(dict.fromkeys([*known, *arguments.hosts])),
        finished=None,
        # A run that goes on may do so under other rules.
        language=arguments.language,
        on_failure=arguments.on_failure,
        max_failures=arguments.max_failures,
        accepted_outcomes=arguments.accepted_outcomes,
        waivers=as_data(parse_waivers(arguments.waivers)),
    )
    run.write("cloud.json", {**(run.read("cloud.json") or {}), **cloud})
    for host, instance in cloud.items():
        record = run.host_record(host)
        run.update_host(
            host,
            instance_id=instance["instance_id"],
            instance_name=instance.get("instance_name") or "",
            region_id=instance["region_id"],
            target=arguments.target or record["target"],
            times={"started": record["times"]["started"] or utc()},
        )
    return {"run_id": run.run_id, "run_dir": str(run.path.absolute()), "resumed": bool(resumed)}


def select_wave(arguments: StepArguments) -> dict[str, Any]:
    """The instances of a wave that are due for a restore point: eligible, without an outcome, within the budget."""
    run = arguments.run()
    everyone = [run.host_record(host) for host in run.hosts()]
    limit = run.facts()["max_failures"]
    allowed = plan.budget(limit, len(everyone))
    failed = plan.spent(everyone)
    cloud = run.read("cloud.json") or {}
    due = []
    for host in arguments.hosts:
        record = run.host_record(host)
        if record["eligible"] is not True or record["outcome"]:
            continue
        # What has begun goes on, whatever the budget says.
        if failed >= allowed and not plan.unfinished(cloud.get(host) or {}, run.run_id):
            reason = f"{failed} hosts failed, which is the limit of os_migration_max_failures={limit}."
            run.update_host(host, outcome="not_started", reason=reason)
            continue
        due.append(record)
    return {"hosts": [record["host"] for record in due], **targets(due)}


def note_restore_point(arguments: StepArguments) -> dict[str, Any]:
    """Writes down the snapshots of a wave; only hosts with a complete restore point may be changed."""
    run = arguments.run()
    cloud = run.read("cloud.json") or {}
    by_instance = {result["instance_id"]: result for result in arguments.results}
    ready = []
    for host in arguments.hosts:
        record = run.host_record(host)
        result = by_instance.get(record["instance_id"]) or {"error": {"message": "no answer for this instance"}}
        # Disks of which some may be reset and some not: such a host is never converted, it goes back all the way.
        going_back = record["stage"] == "rolling_back" or plan.going_back(cloud.get(host) or {}, run.run_id)
        if arguments.check_mode:
            run.update_host(host, plan=[_snapshot_plan(disk) for disk in result.get("snapshots") or []])
        elif result.get("error") or not result.get("complete"):
            message = (result.get("error") or {}).get("message") or "it is not complete"
            touched = going_back or record["stage"] in CHANGING
            reason = f"The restore point {'is not usable' if touched else 'could not be made'}: {message}"
            run.update_host(host, outcome="held" if touched else "not_started", reason=reason)
        else:
            points = [_snapshot(item) for item in result["snapshots"]]
            if going_back:
                failure = record["failure"] or {"step": "rollback", "message": "an earlier rollback was interrupted"}
                run.update_host(host, stage="rolling_back", restore_point=points, failure=failure)
                continue
            stage = record["stage"] if record["stage"] in CHANGING else "restore_point"
            run.update_host(host, stage=stage, restore_point=points, failure=None)
            ready.append(host)
    return {"ready": ready, "by_cloud": [], "unasked": []}


def note_cloud_failure(arguments: StepArguments) -> dict[str, Any]:
    """The cloud could not be asked at all: no host drops out for that, and the same command goes on where it stood.

    Returns, empty, what the steps return in whose place it stands.
    """
    run = arguments.run()
    for host in arguments.hosts:
        record = run.host_record(host)
        if record["outcome"] or record["eligible"] is not True:
            continue
        failure = {"step": CLOUD_STEP, "message": arguments.message[:2000]}
        reason = f"{arguments.message[:1000]} Nothing was decided about this host; the same command goes on with it."
        outcome = "held" if touched(record) else "not_started"
        run.update_host(host, outcome=outcome, reason=reason, failure=failure)
    return {
        "ready": [],
        "own": [],
        "unasked": [],
        "settled": [],
        "restored": [],
        "hosts": [],
        "instances": [],
        "ssh_hosts": [],
    }


def note_failure(arguments: StepArguments) -> dict[str, Any]:
    """Writes down why a host failed, unless the failing step did; says whether the host itself is still as it was."""
    run = arguments.run()
    (host,) = arguments.hosts
    record = run.host_record(host)
    failure = record["failure"] or {"step": record["stage"], "message": arguments.message[:2000]}
    untouched = failure["step"] in HARMLESS_STEPS
    if untouched:
        outcome = "not_eligible" if failure["step"] in PROOF_STEPS else "not_started"
        run.update_host(host, outcome=outcome, reason=f"{failure['step']}: {failure['message']}", failure=failure)
    else:
        run.update_host(host, failure=failure)
    return {"untouched": untouched, "failure": failure}


def write_report(arguments: StepArguments) -> dict[str, Any]:
    """Writes the report of what is known so far and gives the lock back."""
    run = arguments.run()
    written = write_run_report(run)
    run.unlock(arguments.owner_pid)
    return {**written, "summary": run.summary()}


def report_fleet(arguments: StepArguments) -> dict[str, Any]:
    """Writes the report over all runs: every host as its newest assessment left it, and what has changed since."""
    return write_fleet_report(Path(arguments.runs_dir), arguments.language)


def close_run(arguments: StepArguments) -> dict[str, Any]:
    """Gives every host its outcome and writes the report; names the hosts that did not end as they should, with the reason."""
    run = arguments.run()
    run.settle()
    accepted = run.facts()["accepted_outcomes"]
    records = [run.host_record(host) for host in run.hosts()]
    problems = {
        record["host"]: f"{record['outcome']}: {record['reason']}"
        for record in records
        if record["outcome"] not in accepted
    }
    return {**write_report(arguments), "problem": run.exit_code_reason(accepted) or "", "problems": problems}


def _snapshot(item: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "snapshot_id": item.get("snapshot_id"),
        "disk_id": item.get("disk_id"),
        "device": item.get("device") or "",
        "type": item.get("disk_type") or "",
    }


def _snapshot_plan(disk: Mapping[str, Any]) -> str:
    return f"snapshot the {disk.get('disk_type') or ''} disk {disk.get('disk_id')} ({disk.get('size_gib') or '?'} GiB)"


STEPS: dict[str, Callable[[StepArguments], dict[str, Any]]] = {
    "request": request,
    "open": open_run,
    "select_wave": select_wave,
    "note_restore_point": note_restore_point,
    "note_cloud_failure": note_cloud_failure,
    "note_failure": note_failure,
    "select_smc": select_smc,
    "plan_smc_imports": plan_smc_imports,
    "note_smc_sources": note_smc_sources,
    "note_smc_jobs": note_smc_jobs,
    "note_smc_settled": note_smc_settled,
    "select_connection": select_connection,
    "select_rollback": select_rollback,
    "note_rollback": note_rollback,
    "note_held": note_held,
    "settle_wave": settle_wave,
    "report": write_report,
    "fleet": report_fleet,
    "close": close_run,
}
