# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What known error codes mean to a user, and what to do about them."""

from __future__ import annotations

NAME = (
    "A name has 2 to 128 letters (also Chinese ones), digits and the signs . _ : -, and begins with a letter. Check name, "
    "name_prefix and instance_name."
)
# (code or its beginning, what it means and what to do). The first match counts, so longer codes come first.
HINTS = (
    (
        "NoCredentials",
        "No credentials were found. Set access_key_id and access_key_secret, or a profile, or the environment "
        "variables ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, or run on an instance "
        "with a RAM role.",
    ),
    (
        "InvalidAccessKeyId",
        "The AccessKey ID does not exist or is disabled. Check access_key_id or the profile in use.",
    ),
    ("SignatureDoesNotMatch", "The AccessKey secret does not belong to the AccessKey ID. Check for a mistyped secret."),
    (
        "IncompleteSignature",
        "The signature was not accepted. Check the AccessKey secret and any proxy that changes requests.",
    ),
    ("SignatureNonceUsed", "A request arrived twice, most likely through a proxy that repeats requests. Run again."),
    (
        "InvalidSecurityToken",
        "The STS security token is wrong or has expired. Fetch new temporary credentials and run again.",
    ),
    ("MissingSecurityToken", "Temporary credentials need security_token beside the key and the secret."),
    ("InvalidTimeStamp", "The clock of this machine is off by more than 15 minutes. Set it right and run again."),
    ("IllegalTimestamp", "The clock of this machine is off by more than 15 minutes. Set it right and run again."),
    ("Forbidden", "The RAM user or role may not do this. Grant the action {operation} to it."),
    ("NoPermission", "The RAM user or role may not do this. Grant the action {operation} to it."),
    (
        "Unreachable",
        "No connection could be made. Check ecs_endpoint, smc_endpoint or slb_endpoint, the region, DNS, proxy and firewall.",
    ),
    (
        "Throttling",
        "The account called this operation too often. The limit counts per account, region and minute over "
        "all users and tools. Run again in a minute, or with fewer items at a time.",
    ),
    ("NoAnswer", "The connection broke after the request was sent. Look at the resource before you repeat it."),
    ("BadAnswer", "Something that is not the cloud answered, most likely a proxy or a wrong endpoint."),
    ("ServiceUnavailable", "The service is temporarily unavailable. Run again."),
    ("InternalError", "The service had an internal error. Run again; give the request id to support if it stays."),
    ("InvalidRegionId", "There is no such region, or the endpoint serves another one. Check region and ecs_endpoint."),
    (
        "InvalidInstanceId.NotFound",
        "Check the instance id and the region. An empty answer is also what an account without the right "
        "ecs:DescribeInstances gets.",
    ),
    (
        "IncorrectInstanceStatus",
        "The instance is in a state that does not allow this. A disk is reset only on a Stopped instance, an "
        "instance is started only when Stopped and rebooted only when Running.",
    ),
    (
        "InvalidDiskId.NotFound",
        "The disk was deleted, or its instance released, or it is in another region. Read the disks of the instance again "
        "(ecs_instance_info).",
    ),
    ("InvalidSnapshotId.NotFound", "The snapshot was deleted, or is in another region. Check its id and the region."),
    ("InvalidResourceId.NotFound", "There is no such resource. Check its id, resource_type and the region."),
    (
        "InvalidSourceId.NotFound",
        "Somebody deleted the migration source. Import the instance again (smc_import), then run again.",
    ),
    ("InvalidJobId.NotFound", "Somebody deleted the migration job. Look at the instance before it is migrated again."),
    ("InvalidImageName.Malformed", NAME),
    ("InvalidInstanceName.Malformed", NAME),
    ("InvalidSecurityGroupName.Malformed", NAME),
    (
        "InvalidHostName.Malformed",
        "A host name has 2 to 64 letters, digits, hyphens and dots, and begins and ends with a letter or digit. Set hostname.",
    ),
    ("InvalidVpcId.NotFound", "There is no such VPC. Check its id and the region."),
    ("InvalidImageId.NotFound", "The image was deleted, or is in another region. Check its id and the region."),
    ("OperationDenied.QuotaExceed", "The resource would have more than 20 tags. Remove some (ecs_tag) and run again."),
    ("InstanceLockedForSecurity", "The instance is locked for security reasons. Have it unlocked in the ECS console."),
    ("InstanceExpired", "The instance is expired or its account in arrears. Renew it first."),
    (
        "QuotaExceed.Snapshot",
        "The disk has as many snapshots as it may have. Delete old ones (state=absent) and run again.",
    ),
    (
        "IncorrectDiskStatus.CreatingSnapshot",
        "Another snapshot of this disk is being made. Wait until it is done, then run again.",
    ),
    (
        "DISK_HAS_CREATING_SNAPSHOT",
        "Another snapshot of this disk is being made. Wait until it is done, then run again.",
    ),
    (
        "IncorrectDiskStatus.HasUnfinishedSnapshot",
        "A snapshot of this disk is still being made. Wait for it, then run again.",
    ),
    (
        "IncorrectDiskStatus.NeverAttached",
        "A disk that was never attached cannot be snapshotted. Attach it or exclude it.",
    ),
    ("IncorrectDiskStatus.NeverUsed", "An instance must have been started once before its disks can be snapshotted."),
    ("DiskCategory.OperationNotSupported", "This kind of disk cannot be snapshotted or reset."),
    ("InvalidOperation.DiskResetInProgress", "The disk is being reset already. Wait until it is In_use again."),
    ("InvalidSnapshotId.NotReady", "The snapshot is not complete yet. Wait until it is accomplished."),
    (
        "InvalidParameter.Mismatch",
        "The snapshot was not made from this disk. After the system disk was replaced, old snapshots no longer fit.",
    ),
    ("SnapshotCreatedImage", "An image was made from this snapshot. Delete the image first."),
    (
        "SnapshotCreatedDisk",
        "A disk was made from this snapshot. Use force=true if that disk need not be reinitialised.",
    ),
    ("InvalidAccountStatus", "The account cannot do this: open the snapshot service, or top up the balance."),
    (
        "OperationDenied.NoStock",
        "The zone has no capacity for this instance type now. Try again later. Instances that were stopped "
        "with KeepCharging do not have this problem.",
    ),
    (
        "InstanceNotRunning",
        "Cloud Assistant runs commands on running instances only. Start the instance and run again.",
    ),
    (
        "InvalidInstance.Not",
        "Cloud Assistant cannot use this instance: check its id and region, and that it runs Linux and is Running.",
    ),
    ("InstanceNotExists", "The instance was released, or is in another region. Check the instance id and the region."),
    (
        "ClientNotRunning",
        "The Cloud Assistant agent of the instance is not installed or does not run. On the instance: systemctl start "
        "aliyun.service. Without an agent, install it and reboot the instance.",
    ),
    (
        "ClientNotResponse",
        "The Cloud Assistant agent does not answer. The command may have run. On the instance: systemctl restart "
        "aliyun.service.",
    ),
    ("ClientIsUpgrading", "The Cloud Assistant agent is being upgraded. Run again in a minute."),
    ("ClientNeedUpgrade", "The Cloud Assistant agent is too old for this. Upgrade the agent of the instance."),
    (
        "ClientNetworkBlocked",
        "The instance cannot reach Cloud Assistant. Allow outgoing HTTPS to the service in its network.",
    ),
    (
        "SecurityGroupRuleDenied",
        "A security group keeps the instance from Cloud Assistant. Allow outgoing HTTPS to the service.",
    ),
    (
        "DeliveryTimeout",
        "The command did not reach the instance within a minute, so it did not run. The system may be booting, or the "
        "Cloud Assistant agent may have stopped.",
    ),
    ("ExecutionTimeout", "The command ran longer than its time limit and was ended. Raise timeout."),
    (
        "ExecutionInterrupted",
        "The command was cut off, most likely because the system was restarted while it ran. Look at the host before "
        "you repeat it.",
    ),
    ("ExecutionException", "The Cloud Assistant agent could not run the command. Look into its log on the instance."),
    ("AccountNotExists", "The user does not exist on the instance. Check username."),
    ("DirectoryNotExists", "The directory does not exist on the instance. Check working_dir."),
    ("Invocation.ExceedQuota", "The account may run no more Cloud Assistant commands today. Raise the quota, or wait."),
    ("Invocation.Terminated", "The command was stopped while it ran. Look at the host before you repeat it."),
    ("Invocation.Cancelled", "The command was stopped before it ran. Run again."),
    ("CmdContent.ExceedLimit", "Cloud Assistant takes commands of 24 KB after Base64. Shorten the arguments."),
    (
        "CaptureFailed",
        "The program was not run, or its output was not kept. It needs room in /run or /tmp, and the tools of a minimal "
        "Linux system: base64, gzip, head, sha256sum, tail, tr and wc.",
    ),
    ("OutputLost", "The program has run, but its output cannot be had any more. Run it again, with another run_token."),
    ("OutputDamaged", "The program has run, but its output was changed on its way. Run it again."),
    (
        "OutputTooLarge",
        "The program has run and printed more than can be brought back. Let it write to a file, or print less.",
    ),
    (
        "UntilTimeout",
        "The last answer is in this result. Raise until_timeout, or check the expression in until_stdout.",
    ),
    ("NonZeroExit", "The end of what the program said is in the message. With failed_when_rc=false this is no error."),
    (
        "SourceServerState.Invalid",
        "The migration source is in a state that does not allow this. Check that the SMC client runs on the host and "
        "reaches the service, and that the source has no other job.",
    ),
    (
        "QuotaExceeded.ReplicationJob",
        "The account has as many migration jobs as it may have. Delete finished ones (smc_job with state=absent).",
    ),
    (
        "ReplicationJobName.Duplicate",
        "Another migration job has this name. Give a name of your own, or another run_id.",
    ),
    (
        "InvalidOsMigrationType.NotMatched",
        "The message lists the targets that the service takes. Choose another target, or set target_os_field to one of "
        "them.",
    ),
    (
        "EntityNotExist.Role",
        "SMC has no role in this account. Grant AliyunServiceRoleForSMC (formerly AliyunSMCDefaultRole) in the console.",
    ),
    ("RealNameAuthenticationError", "The account is not verified. Complete the real-name verification."),
    (
        "ReplicationJob.InvalidBusinessStatus",
        "The phase of the migration job does not allow this. A job can be stopped only while it is Syncing.",
    ),
    (
        "ReplicationJob.InvalidStatus",
        "The status of the migration job does not allow this; the message names those that do. Wait, then run again.",
    ),
    (
        "SourceServer.WithRunningReplicationJob",
        "A migration job of this source is running. Wait until it ends, or stop it (smc_job with state=stopped).",
    ),
    ("ReplicationJob.Related", "The source has migration jobs. Delete them first (smc_job), or use force=true."),
    ("ImageUsingByInstance", "Instances were made from this image. Release them first, or use force=true."),
    ("ImageIsCreating", "The image is still being made. Wait until it is available, or use force=true."),
    ("QuotaExceed.Image", "The account has as many images as it may have in this region. Delete old ones."),
    ("InvalidImageName.Duplicated", "Another image of this region has the name. Set name, or another run_id."),
    (
        "OperationDenied.ImageNotValid",
        "The image cannot be used, or not yet. Wait until it is Available, or make a new one.",
    ),
    (
        "InvalidAutoReleaseTime",
        "The time of release must be half an hour ahead at least. Check auto_release_minutes and the clock of this machine.",
    ),
    ("QuotaExceed.AfterpayInstance", "The account has as many instances as it may have. Run with fewer at a time."),
    ("QuotaExceeded.PrivateIpAddress", "The vSwitch has no address left. Give another vswitch_id."),
    (
        "InvalidVSwitchId.NotFound",
        "Check the vSwitch and the region; it has to be in the region of the source instance.",
    ),
    (
        "InvalidOperation.DeletionProtection",
        "The instance is protected against release. Somebody wants to keep it: switch the protection off to release it.",
    ),
    ("QuotaExceed.SecurityGroup", "The account has as many security groups as it may have. Delete old ones."),
    (
        "DependencyViolation",
        "Instances are still in the security group, or a rule of another group names it. Release them first, or use "
        "wait=true to try until they are gone.",
    ),
    ("IdempotentParameterMismatch", "The same request was sent before with other parameters. Run with another run_id."),
    (
        "WaitTimeout",
        "The wait ended before the resource was ready; the work goes on in the cloud. Run again, or raise "
        "wait_timeout.",
    ),
)
