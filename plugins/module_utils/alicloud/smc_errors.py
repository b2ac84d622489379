# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a migration job is InError: what its code and message mean, what to do, and whether a second start may help."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from . import smc
from .errors import CloudError

UNKNOWN = "JobInError"


@dataclass(frozen=True)
class Explanation:
    """retryable: the reason passes by itself, so the same job may be started again without a person."""

    name: str
    remedy: str
    retryable: bool = False
    source: str = "documented"


FAQ = "documented: Alibaba Cloud Help Center, SMC, FAQ about migrating a Linux operating system"
CODES_PAGE = "documented: error codes of the SMC API and SMC FAQ"
LEAPP = "assumed: an inhibitor that Leapp knows; the FAQ of SMC lists others of its kind"

# A part of a message that Leapp writes when it refuses the upgrade -> (name, remedy, source). Compared in lower case.
TITLES: tuple[tuple[str, Explanation], ...] = (
    (
        "links in root directory to be relative",
        Explanation(
            "absolute links in /",
            "Make each absolute link in / relative, for example: ln -snf opt/data /data.",
            source=FAQ,
        ),
    ),
    (
        "repository defined multiple times",
        Explanation(
            "duplicate repository",
            "Two files in /etc/yum.repos.d define the same section. Remove or rename one of them.",
            source=FAQ,
        ),
    ),
    (
        "unsupported network configuration",
        Explanation(
            "network interface names",
            "Put net.ifnames=0 into GRUB_CMDLINE_LINUX of /etc/default/grub, regenerate the GRUB configuration and reboot.",
            source=FAQ,
        ),
    ),
    (
        "configured to use removed ciphers",
        Explanation(
            "removed SSH ciphers",
            "Take blowfish-cbc, cast128-cbc, arcfour, arcfour128, arcfour256 and the MAC hmac-ripemd160 out of the "
            "OpenSSH configuration.",
            source=FAQ,
        ),
    ),
    (
        "missing required answers in the answer file",
        Explanation(
            "answer file",
            "Answer Leapp's questions on the host, most often: leapp answer --section "
            "remove_pam_pkcs11_module_check.confirm=True.",
            source=LEAPP,
        ),
    ),
    (
        "remote login using root account",
        Explanation("root login", "Set PermitRootLogin explicitly in /etc/ssh/sshd_config.", source=LEAPP),
    ),
    (
        "use of nfs detected",
        Explanation("NFS mounts", "Unmount NFS and take it out of /etc/fstab for the migration.", source=LEAPP),
    ),
    (
        "use of cifs detected",
        Explanation("CIFS mounts", "Unmount CIFS and take it out of /etc/fstab for the migration.", source=LEAPP),
    ),
    (
        "kernel drivers",
        Explanation(
            "removed kernel drivers",
            "The host has loaded kernel modules that the target's kernel lacks. Unload and blacklist them.",
            source=LEAPP,
        ),
    ),
    (
        "newest installed kernel",
        Explanation("old kernel is running", "Reboot the host into its newest installed kernel.", source=LEAPP),
    ),
    (
        "not enough space",
        Explanation("no space", "Free space in /usr, /var and /boot, or grow the disk.", source=LEAPP),
    ),
)

# The beginning of an error code -> what it means. The first match counts.
CODES: tuple[tuple[str, Explanation], ...] = (
    (
        "M199",
        Explanation(
            "the environment check of the source failed",
            "The message names the reason. Remove it on the host, then run again.",
            source=CODES_PAGE,
        ),
    ),
    ("S1", Explanation("rsync is missing", "Install rsync on the source, then run again.", source=CODES_PAGE)),
    (
        "SourceServerState.Invalid",
        Explanation(
            "the source is not in a state that allows this",
            "Get the source Available: check that the SMC client runs on the host and reaches the service.",
            source=CODES_PAGE,
        ),
    ),
    (
        "InternalError",
        Explanation("the service had an internal error", "Run again.", retryable=True, source=CODES_PAGE),
    ),
    (
        "ServiceUnavailable",
        Explanation("the service is temporarily unavailable", "Run again.", retryable=True, source="assumed"),
    ),
    (
        "Throttling",
        Explanation("the account called the service too often", "Run again.", retryable=True, source="assumed"),
    ),
    (
        "IllegalTimestamp",
        Explanation("the clock of the source is wrong", "Set the clock of the host right, then run again.", source=FAQ),
    ),
    (
        "InvalidAccountStatus.NotEnoughBalance",
        Explanation("the account has no balance", "Top up the account: snapshots are paid for.", source=CODES_PAGE),
    ),
    (
        "InvalidAccountStatus.SnapshotServiceUnavailable",
        Explanation(
            "the snapshot service is not activated", "Activate ECS Snapshot for the account.", source=CODES_PAGE
        ),
    ),
    (
        "EntityNotExist.Role",
        Explanation(
            "SMC has no role in this account",
            "Grant AliyunServiceRoleForSMC (formerly AliyunSMCDefaultRole) to SMC in the RAM console.",
            source=CODES_PAGE,
        ),
    ),
    (
        "RealNameAuthenticationError",
        Explanation("the account is not verified", "Complete the real-name verification.", source=CODES_PAGE),
    ),
    (
        "Forbidden",
        Explanation(
            "a right is missing",
            "Grant AliyunSMCFullAccess to the RAM user or role, then run again.",
            source=CODES_PAGE,
        ),
    ),
    (
        "InvalidOsMigrationType.NotMatched",
        Explanation(
            "the service does not migrate this source to this target",
            "The message lists what it accepts. Choose another target, or set target_os_field.value to one of them.",
            source=CODES_PAGE,
        ),
    ),
)


def explain(code: str, message: str) -> Explanation | None:
    """What a known code or message means. A message that names an inhibitor says more than the code."""
    plain = re.sub(r"\s+", " ", message).lower()
    for title, explanation in TITLES:
        if title in plain:
            return explanation
    for beginning, explanation in CODES:
        if code == beginning or code.startswith(beginning + "."):
            return explanation
    return None


def reason_of(job_code: Any, status_info: Any) -> tuple[str, str]:
    """(code, message) of ErrorCode and StatusInfo, which is a JSON object or plain text; both come from a host."""
    info = smc.parse_json(status_info)
    code = smc.text_of(job_code, 128) or smc.text_of(info.get("error_code"), 128)
    message = smc.text_of(info.get("error_msg"))
    if not message and not info:
        message = smc.text_of(status_info)
    return code, message


def in_error(job_id: str, code: str, message: str) -> CloudError:
    """The error of a job that is InError, with the remedy as its hint."""
    known = explain(code, message)
    told = message or "the service gives no message"
    if known is None:
        hint = "Look at the job in the SMC console (Troubleshoot), remove the reason, then run again."
        return CloudError(code or UNKNOWN, f"job {job_id} is InError: {told}", resource=job_id, hint=hint)
    text = f"job {job_id} is InError ({known.name}): {told}"
    return CloudError(code or UNKNOWN, text, resource=job_id, hint=known.remedy)


def retryable(code: str, message: str) -> bool:
    known = explain(code, message)
    return known is not None and known.retryable
