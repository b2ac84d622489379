"""What Cloud Assistant knows: agents, commands and files on their way, scripted answers. Pure, and resolved on reading."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .world import Instance, Work

HEARTBEAT_S = 60  # documented: SDK text of LastHeartbeatTime
ONLINE_S = 120  # documented: SDK text of CloudAssistantStatus, a heartbeat within two minutes
DELIVERY_S = 60  # documented: what is not delivered within a minute is not delivered
STOPPING_S = 2  # assumed
OUTPUT_BYTES = 24 * 1024  # documented limit
# The published agent keeps this much of the beginning, and the end; what it drops lies in between.
OUTPUT_HEAD = 6000
PRESENCES = ("online", "offline", "missing")
EFFECTS = ("none", "smc_import", "reboot", "power_off")
FOREVER = float("inf")

# documented: values of ErrorCode and ErrorInfo in the SDK's texts of the Describe operations
ERROR_INFO = {
    "": "",
    "InstanceNotRunning": "the instance is not running when create task",
    "ClientNotRunning": "the aliyun service is not running on the instance",
    "ClientNotResponse": "the aliyun service in the instance does not response",
    "DeliveryTimeout": "the command delivery has been timeout",
    "ExecutionTimeout": "the command execution has been timeout",
    "ExecutionException": "the command execution got an exception",
    "ExecutionInterrupted": "the command execution has been interrupted",
    "ExitCodeNonzero": "the command execution exit code is not zero",
    "AccountNotExists": "the specified account does not exists",
    "DirectoryNotExists": "the specified directory does not exists",
    "FileAlreadyExists": "File already exists",
    "FileCreateFail": "Unexpected error during creating",
    "FileNameInvalid": "File name is invalid",
    "FilePathInvalid": "File path is invalid",
    "UserGroupNotExists": "Group not exists",
}


@dataclass
class Agent:
    """Cloud Assistant on one instance. `since` is when it answers from, None while its system is down."""

    presence: str = "online"
    since: float | None = 0.0
    last_beat: float | None = None
    boots: int = 1
    downs: list[float] = field(default_factory=list)
    users: tuple[str, ...] = ("root",)
    files: dict[str, dict[str, str | int]] = field(default_factory=dict)

    def go_down(self, at: float) -> None:
        self.last_beat = self.beat(at)
        self.since = None
        self.downs.append(at)

    def come_up(self, answers_from: float, booted: bool = True) -> None:
        """The system has started once more; an agent that was installed meanwhile runs from now on."""
        self.since = answers_from
        if not booted:
            return
        self.boots += 1
        if self.presence == "installed":
            self.presence = "online"

    def online(self, now: float) -> bool:
        return self.presence == "online" and self.since is not None and now >= self.since

    def beat(self, now: float) -> float | None:
        """Its last heartbeat: at its start, and once a minute since."""
        if self.presence != "online":
            return None
        if self.since is None or now < self.since:
            return self.last_beat
        return self.since + (now - self.since) // HEARTBEAT_S * HEARTBEAT_S

    def directories(self) -> set[str]:
        """The directories of an instance without a real host: those every system has, and those of the files sent."""
        return {"/", "/root", "/tmp", "/home", "/var", *(path.rpartition("/")[0] or "/" for path in self.files)}


@dataclass
class Ending:
    """How a run ends: a value of InvocationStatus, and what goes with it."""

    status: str
    error: str = ""
    exit_code: int | None = None
    output: bytes = field(default=b"", repr=False)

    @classmethod
    def of_exit(cls, code: int, output: bytes) -> Ending:
        if code == 0:
            return cls("Success", "", 0, output)
        return cls("Failed", "ExitCodeNonzero", code, output)


@dataclass
class Run:
    """One instance's part of an invocation. A real host's work has no planned end until it is done."""

    instance_id: str
    agent: Agent
    created: float
    start: float
    end: float
    ending: Ending
    work: Work | None = None
    stopped: float | None = None

    def seen(self, now: float) -> Seen:
        """What a Describe at this time tells: whatever came first counts."""
        # Of two at the same moment the last counts: a command that ends as its instance goes down has ended.
        at, ending = min(reversed(list(self._ends())), key=lambda one: one[0])
        if at <= now:
            began = self.start if self.start < at else None
            return Seen(ending.status, ending, began, at)
        if self.stopped is not None:
            return Seen("Stopping", None, self.start)
        if now < self.start:
            return Seen("Pending")
        return Seen("Running", None, self.start)

    def over(self, now: float) -> bool:
        return self.seen(now).finish is not None

    def _ends(self) -> Iterator[tuple[float, Ending]]:
        # Whether a real host was interrupted, it tells itself.
        downs = self.agent.downs if self.work is None else []
        down = next((at for at in downs if at >= self.created), FOREVER)
        if down < self.start:
            yield self.created + DELIVERY_S, Ending("Aborted", "DeliveryTimeout")
        else:
            yield down, Ending("Error", "ExecutionInterrupted")
            if self.stopped is None:
                yield self.end, self.ending
        if self.stopped is not None and self.stopped < self.start:
            yield self.stopped, Ending("Cancelled")
        elif self.stopped is not None:
            yield self.stopped + STOPPING_S, Ending("Terminated")


@dataclass(frozen=True)
class Seen:
    status: str
    ending: Ending | None = None
    start: float | None = None
    finish: float | None = None

    @property
    def record_status(self) -> str:
        """InvokeRecordStatus of one instance (documented values; which one goes with which status is assumed)."""
        known = {"Pending": "Running", "Running": "Running", "Stopping": "Stopping", "Success": "Finished"}
        known |= {"Terminated": "Stopped", "Cancelled": "Stopped"}
        return known.get(self.status, "Failed")


@dataclass
class Invocation:
    """A command or a file that was sent. Of its content only size and hash are kept."""

    invoke_id: str
    created: float
    runs: list[Run]
    sha256: str
    size: int
    name: str = ""
    description: str = ""
    command_id: str = ""
    timeout: int = 60
    username: str = "root"
    working_dir: str = ""
    termination_mode: str = ""
    target_dir: str = ""
    file_mode: str = ""
    file_owner: str = ""
    file_group: str = ""
    content_type: str = ""
    overwrite: bool = False
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def is_file(self) -> bool:
        return not self.command_id

    def statuses(self, now: float) -> tuple[str, str]:
        """(InvokeStatus, InvocationStatus) over all instances. Source: SDK text of both."""
        seen = [run.seen(now) for run in self.runs]
        each = {one.record_status for one in seen}
        if any(one.status == "Pending" for one in seen):
            return "Running", "Pending"
        if busy := [status for status in ("Running", "Stopping") if status in each]:
            return busy[0], busy[0]
        if each == {"Stopped"}:
            return "Stopped", "Stopped"
        if "Failed" not in each:
            return "Finished", "Success"
        overall = "Failed" if each == {"Failed"} else "PartialFailed"
        return overall, overall

    def dump(self, now: float) -> dict[str, object]:
        """For the state that tests look at: no content, and no output either."""
        runs = [{"instance_id": run.instance_id, "status": run.seen(now).status} for run in self.runs]
        return {"created": self.created, "name": self.name, "size": self.size, "sha256": self.sha256, "runs": runs}


@dataclass(frozen=True)
class ScriptedAnswer:
    """What an instance without a real host says to a command in which `match` is found."""

    match: re.Pattern[str]
    system: tuple[str, ...] = ()
    settling: bool | None = None
    exit_code: int = 0
    output: str = ""
    delay_s: float = 2
    effect: str = "none"
    code: re.Pattern[str] | None = None

    def fits(self, instance: Instance, now: float) -> bool:
        if self.system and instance.system not in self.system:
            return False
        return self.settling is None or self.settling == (instance.settling_until > now)


NOT_FOUND = ScriptedAnswer(re.compile(""), exit_code=127, output="sh: command not found\n")


@dataclass(frozen=True)
class Assistant:
    """The fleet's part of Cloud Assistant; `daily_quota` counts instances on which commands run, by region."""

    answers: tuple[ScriptedAnswer, ...] = ()
    daily_quota: int | None = None

    def chooser(self, content: str) -> Callable[[Instance, float], ScriptedAnswer]:
        """The patterns are looked for once for a command, not once for each of a thousand instances."""
        found = [one for one in self.answers if one.match.search(content)]
        return lambda instance, now: next((one for one in found if one.fits(instance, now)), NOT_FOUND)


def boot_id(seed: int, instance: Instance) -> str:
    digest = hashlib.sha256(f"{seed}:{instance.instance_id}:{instance.agent.boots}".encode()).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))


def filled(text: str, seed: int, instance: Instance) -> bytes:
    """Only these tokens are replaced: JSON is full of braces."""
    values = {
        "{hostname}": instance.hostname,
        "{instance_id}": instance.instance_id,
        "{private_ip}": instance.private_ip,
        "{boot_id}": boot_id(seed, instance),
    }
    for token, value in values.items():
        text = text.replace(token, value)
    return text.encode()


def cut(output: bytes) -> tuple[bytes, int]:
    """What is left of an output, and how many bytes were dropped from its middle."""
    dropped = len(output) - OUTPUT_BYTES
    if dropped <= 0:
        return output, 0
    return output[:OUTPUT_HEAD] + output[OUTPUT_HEAD + dropped:], dropped  # fmt: skip
