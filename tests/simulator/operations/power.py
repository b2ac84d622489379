"""Stop, start and reboot, one instance at a time or many at once."""

from __future__ import annotations

from collections.abc import Callable

from ..errors import ApiError
from ..world import Instance, Work
from . import common, smc_run
from .common import Answer, Context, Parameters
from .table import Operation, changes

Step = Callable[[Context, Parameters, Instance], None]


def _in_state(one: Instance, state: str) -> None:
    if one.status != state:  # documented: error tables of StopInstance, StartInstance and RebootInstance
        message = "The current status of the resource does not support this operation."
        raise ApiError(403, "IncorrectInstanceStatus", message)


def _work(one: Instance, how: str) -> Work | None:
    return Work("power", (one.driver_host, how), one.driver_host) if one.driver_host else None


def _note_snapshots(context: Context, one: Instance, verb: str) -> None:
    """Allowed, but the documentation of CreateSnapshot warns against it: a test can look for the note."""
    if any(any(context.region.unfinished(disk_id)) for disk_id in one.disk_ids):
        context.notes.append(f"{verb} of {one.instance_id} while a snapshot is being created")


def _change(context: Context, one: Instance, via: str, then: str, seconds: float, how: str) -> None:
    before = one.status
    one.status = via
    if before == "Running":
        one.agent.go_down(context.now)

    def finish(succeeded: bool, at: float) -> None:
        one.status = then if succeeded else before
        if one.status == "Running":
            # A real host's agent answers when the host does, which the driver has waited for.
            later = 0 if one.driver_host or not succeeded else context.world.timing.assistant_boot_s
            one.agent.come_up(at + later, booted=succeeded)

    context.world.schedule(context.now + seconds, finish, _work(one, how))


def _check_stop(context: Context, given: Parameters, one: Instance) -> None:
    _in_state(one, "Running")
    common.unlocked(one)
    mode = given.get("StoppedMode", "KeepCharging")
    if mode not in ("KeepCharging", "StopCharging"):  # the values are documented, the code is assumed
        raise ApiError(400, "InvalidParameter", "The specified parameter StoppedMode is not valid.")
    if mode == "StopCharging" and one.charge_type == "PrePaid":  # documented: error table of StopInstance
        raise ApiError(403, "InvalidInstanceId.NotSupport", "Pre pay instance does not support this operation.")


def _stop(context: Context, given: Parameters, one: Instance) -> None:
    _note_snapshots(context, one, "stop")
    smc_run.disturbed(context, one, "stop")
    # documented: without the account setting for the economical mode the default is KeepCharging
    one.stopped_mode = given.get("StoppedMode", "KeepCharging")
    how = "force-off" if given.get("ForceStop") else "off"
    _change(context, one, "Stopping", "Stopped", context.world.timing.stop_s, how)


def _check_start(context: Context, given: Parameters, one: Instance) -> None:
    _in_state(one, "Stopped")
    common.unlocked(one)
    if "financial" in one.operation_locks:  # documented: error table of StartInstance
        raise ApiError(403, "InstanceExpired", "The prePaid instance has been expired.")
    if any(disk.resetting for disk in context.region.disks_of(one)):  # documented code, assumed for a running reset
        raise ApiError(403, "DiskError", "IncorrectDiskStatus.")


def _start(context: Context, given: Parameters, one: Instance) -> None:
    _note_snapshots(context, one, "start")
    smc_run.disturbed(context, one, "start")
    one.stopped_mode = "Not-applicable"
    _change(context, one, "Starting", "Running", context.world.timing.start_s, "on")


def _check_reboot(context: Context, given: Parameters, one: Instance) -> None:
    _in_state(one, "Running")
    common.unlocked(one)


def _reboot(context: Context, given: Parameters, one: Instance) -> None:
    """It goes to Starting (documented); that it never shows Stopping is assumed."""
    _note_snapshots(context, one, "reboot")
    smc_run.disturbed(context, one, "reboot")
    how = "force-reboot" if given.get("ForceStop") or given.get("ForceReboot") else "reboot"
    timing = context.world.timing
    _change(context, one, "Starting", "Running", timing.stop_s + timing.start_s, how)


def _single(context: Context, given: Parameters, check: Step, act: Step) -> Answer:
    one = common.instance(context, given["InstanceId"])
    check(context, given, one)
    common.dry_run(given)
    act(context, given, one)
    return {}


def _batch(context: Context, given: Parameters, check: Step, act: Step) -> Answer:
    """AllTogether is all or nothing, SuccessFirst answers for each. Source: SDK text of BatchOptimization."""
    ids = given["InstanceId"]
    if len(ids) > 100:  # documented: error table of StopInstances
        raise ApiError(403, "InvalidParameter.TooManyInstanceIds", "Instance ids cannot be more than 100.")
    mode = given.get("BatchOptimization", "AllTogether")
    if mode not in ("AllTogether", "SuccessFirst"):  # the values are documented, the code is assumed
        raise ApiError(400, "InvalidParameter", "The specified parameter BatchOptimization is not valid.")
    if mode == "SuccessFirst":
        common.dry_run(given, "DRYRUN.SUCCESS")
    refusals: dict[str, ApiError] = {}
    for instance_id in ids:
        try:
            check(context, given, common.instance(context, instance_id))
        except ApiError as error:
            if mode == "AllTogether":
                raise
            refusals[instance_id] = error
    common.dry_run(given, "DRYRUN.SUCCESS")
    rows = [_one(context, given, instance_id, act, refusals.get(instance_id)) for instance_id in dict.fromkeys(ids)]
    return {"InstanceResponses": {"InstanceResponse": rows}}


def _one(context: Context, given: Parameters, instance_id: str, act: Step, refusal: ApiError | None) -> Answer:
    known = context.region.instances.get(instance_id)
    before = known.status if known else ""
    if refusal is None and known is not None:
        act(context, given, known)
    return {
        "InstanceId": instance_id,
        "Code": refusal.code if refusal else "200",
        "Message": refusal.message if refusal else "success",
        "PreviousStatus": before,
        "CurrentStatus": known.status if known else "",
    }


def stop_instance(context: Context, given: Parameters) -> Answer:
    return _single(context, given, _check_stop, _stop)


def stop_instances(context: Context, given: Parameters) -> Answer:
    return _batch(context, given, _check_stop, _stop)


def start_instance(context: Context, given: Parameters) -> Answer:
    return _single(context, given, _check_start, _start)


def start_instances(context: Context, given: Parameters) -> Answer:
    return _batch(context, given, _check_start, _start)


def reboot_instance(context: Context, given: Parameters) -> Answer:
    return _single(context, given, _check_reboot, _reboot)


def reboot_instances(context: Context, given: Parameters) -> Answer:
    return _batch(context, given, _check_reboot, _reboot)


OPERATIONS: dict[str, Operation] = {
    "StopInstance": changes(stop_instance, "InstanceId ForceStop StoppedMode DryRun ConfirmStop"),
    "StopInstances": changes(stop_instances, "InstanceId ForceStop StoppedMode DryRun BatchOptimization"),
    "StartInstance": changes(start_instance, "InstanceId DryRun"),
    "StartInstances": changes(start_instances, "InstanceId DryRun BatchOptimization"),
    "RebootInstance": changes(reboot_instance, "InstanceId ForceStop DryRun"),
    "RebootInstances": changes(reboot_instances, "InstanceId ForceReboot DryRun BatchOptimization"),
}
