"""What Server Migration Center knows of an account: access tokens, source servers, jobs. Pure, as the rest of the world."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import asdict, dataclass, field
from typing import Any

DAY = 86400
X86, ARM = "x86_64", "aarch64"

# documented: Alibaba Cloud Help Center, "Migrate a Linux operating system". Every account counts as allow-listed here,
# and minor versions are not modelled.
PATHS: dict[str, dict[str, tuple[str, ...]]] = {
    X86: {
        "centos7": ("anolis7", "anolis8", "alinux2", "alinux3", "rhel7"),
        "centos8": ("anolis8", "alinux3", "rhel8"),
        "rhel7": ("alinux3", "rhel8"),
        "rhel8": ("rhel9", "alinux3"),
        "alinux2": ("alinux3",),
    },
    ARM: {
        "centos7": ("anolis7", "anolis8", "alinux3"),
        "centos8": ("anolis8", "alinux3"),
    },
}

# assumed: neither the parameter nor its values are documented, so the fleet may change them.
SYSTEM_VALUES: dict[str, str] = {
    "centos7": "CentOS 7",
    "centos8": "CentOS 8",
    "anolis7": "Anolis OS 7",
    "anolis8": "Anolis OS 8",
    "alinux2": "Alibaba Cloud Linux 2",
    "alinux3": "Alibaba Cloud Linux 3",
    "rhel7": "RHEL 7",
    "rhel8": "RHEL 8",
    "rhel9": "RHEL 9",
}

# assumed: what ECS shows as the name of the operating system once a job has replaced it.
OS_NAMES: dict[str, str] = {
    "anolis7": "Anolis OS  7.9 ANCK 64 bit",
    "anolis8": "Anolis OS  8.9 ANCK 64 bit",
    "alinux2": "Alibaba Cloud Linux  2.1903 LTS 64 bit",
    "alinux3": "Alibaba Cloud Linux  3.2104 LTS 64 bit",
    "rhel7": "Red Hat Enterprise Linux  7.9 64 bit",
    "rhel8": "Red Hat Enterprise Linux  8.10 64 bit",
    "rhel9": "Red Hat Enterprise Linux  9.5 64 bit",
}

# documented: SDK text of BusinessStatus. The share of the progress that each of them has is assumed.
PHASES = ("Preparing", "Syncing", "Processing", "Cleaning")
SHARES = {"Preparing": (0.0, 20.0), "Syncing": (20.0, 40.0), "Processing": (40.0, 95.0), "Cleaning": (95.0, 100.0)}
# documented: SDK text of CreateReplicationJob; a source has one of these at most.
UNFINISHED = ("Ready", "Running", "Stopped", "Waiting", "InError", "Expired")


@dataclass
class Token:
    """An access token. Its code is known to nobody but its owner: only a digest is kept."""

    token_id: str
    name: str
    description: str
    count: int
    days: int
    created: float
    digest: str = field(repr=False)
    registered: int = 0
    disabled: bool = False

    def status(self, now: float) -> str:
        """Source of the words: SDK text. That disabling leads to `unactivated` is assumed."""
        if now >= self.created + self.days * DAY:
            return "expired"
        return "unactivated" if self.disabled else "activated"

    def opens(self, code: str) -> bool:
        return self.digest == digest(code)


@dataclass
class Source:
    """A source server. The API tells neither its instance nor, in these words, its system and architecture."""

    source_id: str
    name: str
    hostname: str
    ipv4: str
    created: float
    region_id: str | None = None
    instance_id: str | None = None
    system: str = "centos7"
    arch: str = X86
    state: str = "Available"
    error_code: str = ""
    error_msg: str = ""
    description: str = ""
    job_id: str = ""
    token_id: str | None = None
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class JobFault:
    """What goes wrong in a job: an error half way through a phase, or no end of it."""

    code: str
    phase: str
    stuck: bool


@dataclass
class Run:
    start: float
    type: str
    end: float | None = None


@dataclass
class Job:
    job_id: str
    name: str
    description: str
    region_id: str
    source_id: str
    instance_id: str | None
    target: str
    target_type: str
    replication_parameters: str
    created: float
    valid_until: float
    scheduled: float | None = None
    status: str = "Ready"
    phase: str = ""
    phase_began: float = 0.0
    phase_due: float = 0.0
    progress: float = 0.0
    error_code: str = ""
    error_msg: str = ""
    snapshot_ids: list[str] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    fault: JobFault | None = None
    # Counts what has interrupted the job; an event of an earlier count has lost its meaning.
    turn: int = 0
    tags: dict[str, str] = field(default_factory=dict)

    def progress_at(self, now: float) -> float:
        if self.status != "Running":
            return self.progress
        low, high = SHARES[self.phase]
        done = (now - self.phase_began) / max(self.phase_due - self.phase_began, 1e-9)
        limit = 0.5 if self.fault and self.fault.phase == self.phase else 0.99
        return round(low + (high - low) * min(limit, max(0.0, done)), 2)


@dataclass(frozen=True)
class Quota:
    """Source: SDK text and limits page (jobs, sources, jobs that run at once)."""

    jobs: int = 1000
    sources: int = 1000
    running: int = 50


@dataclass(frozen=True)
class TargetRule:
    """Where a request tells the target system: by a key of ReplicationParameters, or by a parameter of its own."""

    where: str = "parameters"
    key: str = "TargetOsType"
    values: dict[str, str] = field(default_factory=lambda: dict(SYSTEM_VALUES))

    def hidden(self, product: str, action: str) -> frozenset[str]:
        """Parameters that the operation takes though the SDK does not know them."""
        takes = self.where == "query" and (product, action) == ("smc", "CreateReplicationJob")
        return frozenset((self.key,)) if takes else frozenset()

    def system(self, value: str) -> str | None:
        return next((name for name, text in self.values.items() if text == value), None)


@dataclass
class Smc:
    """The account's migration center; one for all regions. The two flags are what an account needs to have."""

    role: bool = True
    verified: bool = True
    quota: Quota = field(default_factory=Quota)
    target_os: TargetRule = field(default_factory=TargetRule)
    # Instances, by id or name, whose client meets an error when it is imported, with the error code.
    import_errors: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)

    def jobs_of(self, source_id: str) -> list[Job]:
        return [one for one in self.jobs.values() if one.source_id == source_id]

    def running(self) -> int:
        return sum(one.status == "Running" for one in self.jobs.values())

    def running_on(self, region_id: str, instance_id: str) -> list[Job]:
        place = (region_id, instance_id)
        jobs = self.jobs.values()
        return [one for one in jobs if (one.region_id, one.instance_id) == place and one.status == "Running"]

    def state(self, now: float) -> dict[str, Any]:
        """For tests and people to look at; no code, and no digest of one."""
        tokens = {key: {**asdict(one), "status": one.status(now)} for key, one in self.tokens.items()}
        for one in tokens.values():
            del one["digest"]
        return {
            "tokens": tokens,
            "sources": {key: asdict(one) for key, one in self.sources.items()},
            "jobs": {key: {**asdict(one), "progress": one.progress_at(now)} for key, one in self.jobs.items()},
        }


def make_code(seed: int, token_id: str) -> str:
    """32 letters and digits, as the published example of a code has them."""
    raw = hashlib.sha256(f"{seed}:code:{token_id}".encode()).digest()
    return base64.b64encode(raw, b"xX").decode()[:32]


def digest(code: str) -> str:
    return hashlib.sha256(code.encode(errors="surrogateescape")).hexdigest()
