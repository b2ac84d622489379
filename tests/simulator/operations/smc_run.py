"""How a replication job runs: phase by phase, what it does to its instance, and how it fails.

Documented are the words for states and phases, the backup snapshots, several restarts, and 15 to 30 minutes of settling
afterwards. Which phase does what is assumed.
"""

from __future__ import annotations

from ..errors import ApiError
from ..smc_world import OS_NAMES, PHASES, Job, JobFault, Run
from ..world import Instance, Work, World
from . import snapshots
from .common import Context


def start(context: Context, job: Job, how: str, fault: JobFault | None) -> None:
    """Run a job from where it is; the caller has checked that it may."""
    job.turn += 1
    job.status, job.error_code, job.error_msg = "Running", "", ""
    job.fault = fault
    job.runs.append(Run(context.now, how))
    _source_state(context.world, job, "InUse")
    _enter(context, job, job.phase or PHASES[0])


def stop(context: Context, job: Job) -> None:
    _end(context, job, "Stopped")


def fail(context: Context, job: Job, code: str, message: str) -> None:
    _end(context, job, "InError")
    job.error_code, job.error_msg = code, message


def disturbed(context: Context, instance: Instance, verb: str) -> None:
    """Somebody stops, starts or restarts an instance: its job breaks off (documented: do not; the error is assumed)."""
    for job in context.world.smc.running_on(context.region.region_id, instance.instance_id):
        context.notes.append(f"{verb} of {instance.instance_id} while its migration job runs")
        fail(context, job, "IncorrectInstanceStatus", f"There was a {verb} of the instance while the job was running.")
    if context.now < instance.settling_until:
        context.notes.append(f"{verb} of {instance.instance_id} while it still settles after its migration")


def instance_of(world: World, job: Job) -> Instance | None:
    return world.regions[job.region_id].instances.get(job.instance_id or "")


def _end(context: Context, job: Job, status: str) -> None:
    job.progress = 100.0 if status == "Finished" else job.progress_at(context.now)
    job.status, job.turn = status, job.turn + 1
    if job.runs:
        job.runs[-1].end = context.now
    _source_state(context.world, job, "Available")


def _source_state(world: World, job: Job, state: str) -> None:
    source = world.smc.sources.get(job.source_id)
    if source is not None and source.state in ("Available", "InUse"):
        source.state = state


def _enter(context: Context, job: Job, phase: str) -> None:
    job.phase, job.phase_began, job.phase_due = phase, context.now, context.now
    instance = instance_of(context.world, job)
    if instance is not None and instance.status != "Running":
        fail(context, job, "IncorrectInstanceStatus", "The instance is not running.")
        return
    try:
        job.phase_due = _begin(context, job, instance)
    except ApiError as refusal:
        fail(context, job, refusal.code, refusal.message)
        return
    _await_end(context, job, instance)
    if phase == "Processing" and instance is not None:
        _restart(context, instance)


def _begin(context: Context, job: Job, instance: Instance | None) -> float:
    """Do what a phase does at its start; when it will be over."""
    timing, now = context.world.timing, context.now
    if job.phase == "Preparing":
        due = now + timing.smc_prepare_s
        return max([due, *_back_up(context, job, instance)]) if instance else due
    if job.phase == "Processing":
        return now + max(timing.smc_process_s, timing.stop_s + timing.start_s)
    return now + (timing.smc_sync_s if job.phase == "Syncing" else timing.smc_clean_s)


def _back_up(context: Context, job: Job, instance: Instance) -> list[float]:
    """Snapshots of all disks that the job has none of; when they are due. One in the making is refused (documented)."""
    taken = context.region.snapshots
    job.snapshot_ids = [one for one in job.snapshot_ids if one in taken and taken[one].status != "failed"]
    backed = {taken[one].disk_id for one in job.snapshot_ids}
    disks = [disk for disk in context.region.disks_of(instance) if disk.disk_id not in backed]
    for disk in disks:
        snapshots.snapshottable(context, disk)
    name = f"SMC_Backup_Snapshot_{job.job_id}"  # documented, but for the end of the name
    made = [snapshots.start(context, disk, name, "", {}) for disk in disks]
    job.snapshot_ids += [one.snapshot_id for one in made]
    return [taken[one].due for one in job.snapshot_ids]


def _await_end(context: Context, job: Job, instance: Instance | None) -> None:
    turn, world = job.turn, context.world
    work: Work | None = None
    planned = job.fault if job.fault and job.fault.phase == job.phase else None
    if planned and planned.stuck:
        return
    if planned is None and instance and instance.driver_host and job.phase == "Processing":
        work = Work("smc-convert", (instance.driver_host, job.target), instance.driver_host)

    def end(succeeded: bool, at: float) -> None:
        later = Context(world, context.region, at)
        if job.turn != turn:
            return
        if planned:
            fail(later, job, planned.code, f"The job was told to fail in {planned.phase}.")
        elif not succeeded:
            fail(later, job, "InternalError", (work and work.error) or "The work of this phase failed.")
        else:
            _leave(later, job)

    due = (job.phase_began + job.phase_due) / 2 if planned else job.phase_due
    world.schedule(due, end, work)


def _leave(context: Context, job: Job) -> None:
    """A phase has reached its end: check what it has done, and go on."""
    world, instance = context.world, instance_of(context.world, job)
    if job.phase == "Preparing" and not _backed_up(context, job):
        return
    if job.phase == "Processing" and instance is not None:
        instance.system = job.target
        instance.os_name = OS_NAMES.get(job.target, instance.os_name)
    if job.phase != PHASES[-1]:
        _enter(context, job, PHASES[PHASES.index(job.phase) + 1])
        return
    _end(context, job, "Finished")
    source = world.smc.sources.get(job.source_id)
    if source is not None:
        source.system = job.target  # counts where no instance tells it
    if instance is not None:
        instance.settling_until = context.now + world.timing.smc_settle_s


def _backed_up(context: Context, job: Job) -> bool:
    """Whether all backups are there. One that its driver still makes is waited for, a lost one is an error."""
    taken = context.region.snapshots
    if any(one not in taken or taken[one].status == "failed" for one in job.snapshot_ids):
        fail(context, job, "SnapshotFailed", "A backup snapshot of the instance could not be created.")
        return False
    late = next((taken[one] for one in job.snapshot_ids if taken[one].status != "accomplished"), None)
    if late is None or late.work is None:
        return True
    turn, world = job.turn, context.world

    def again(succeeded: bool, at: float) -> None:
        if job.turn == turn:
            _leave(Context(world, context.region, at), job)

    world.follow(context.now, again, late.work)
    return False


def _restart(context: Context, instance: Instance) -> None:
    """The job restarts the instance by itself, so no driver is asked to."""
    world = context.world
    instance.status = "Stopping"
    instance.agent.go_down(context.now)

    def off(succeeded: bool, at: float) -> None:
        instance.status = "Starting"
        world.schedule(at + world.timing.start_s, on)

    def on(succeeded: bool, at: float) -> None:
        instance.status = "Running"
        instance.agent.come_up(at + (0 if instance.driver_host else world.timing.assistant_boot_s))

    world.schedule(context.now + world.timing.stop_s, off)
