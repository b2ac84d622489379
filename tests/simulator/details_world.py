"""What the service plans for an instance, and what an instance type offers."""

from __future__ import annotations

from dataclasses import dataclass, field

# Documented values: SDK texts of DescribeInstancesFullStatus and DescribeInstanceHistoryEvents.
HEALTH = ("Ok", "Impaired", "Warning", "Maintaining", "Initializing", "InsufficientData", "NotApplicable")
BALANCER_STATES = ("active", "inactive", "locked")
CYCLE = ("Scheduled", "Avoided", "Executing", "Executed", "Canceled", "Failed", "Inquiring")
# Documented values of AttributeName that are modelled; the values of the account are the fleet's.
ACCOUNT = {
    "real-name-authentication": "yes",
    "max-axt-invocation-daily": "5000",
    "max-security-groups": "100",
    "max-postpaid-instance-vcpu-count": "1000",
}


@dataclass
class SystemEvent:
    """A system event of an instance, or of one of its disks."""

    type: str
    event_id: str = ""
    status: str = "Scheduled"
    not_before: str = ""
    reason: str = ""
    disk_id: str = ""


@dataclass
class LoadBalancer:
    """A classic load balancer. `backends` are the ids of instances; `status` is active, inactive or locked (documented)."""

    load_balancer_id: str
    name: str
    status: str = "active"
    backends: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class InstanceType:
    """An entry of DescribeInstanceTypes. Sizes are vCPUs and GiB."""

    instance_type: str
    cpus: int = 2
    memory_gib: float = 8
    category: str = "General-purpose"
    family_level: str = "EnterpriseLevel"
    architecture: str = "X86"
    boot_modes: tuple[str, ...] = ("BIOS", "UEFI")
    nvme_support: str = "unsupported"
    gpus: int = 0
    gpu: str = ""
    local_disks: int = 0
    local_disk_category: str = ""

    @property
    def family(self) -> str:
        return self.instance_type.rpartition(".")[0]
