"""Server Migration Center, as an account sees it that has never used it: empty pages."""

from __future__ import annotations

from .common import Answer, Context, Parameters
from .table import Operation, reads


def _empty(given: Parameters) -> Answer:
    return {"PageNumber": given.get("PageNumber", 1), "PageSize": given.get("PageSize", 10), "TotalCount": 0}


def describe_source_servers(context: Context, given: Parameters) -> Answer:
    return {"SourceServers": {"SourceServer": []}, **_empty(given)}


def describe_replication_jobs(context: Context, given: Parameters) -> Answer:
    return {"ReplicationJobs": {"ReplicationJob": []}, **_empty(given)}


def describe_workgroups(context: Context, given: Parameters) -> Answer:
    return {"Workgroups": {"Workgroup": []}, **_empty(given)}


OPERATIONS: dict[str, Operation] = {
    "DescribeSourceServers": reads(
        describe_source_servers, "PageNumber PageSize SourceId State Name JobId Tag WorkgroupId", "smc"),
    "DescribeReplicationJobs": reads(
        describe_replication_jobs,
        "PageNumber PageSize JobId SourceId Status BusinessStatus JobType Name InstanceId Tag", "smc"),
    "DescribeWorkgroups": reads(describe_workgroups, "PageNumber PageSize", "smc"),
}  # fmt: skip
