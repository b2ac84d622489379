"""Server Migration Center: one center for all regions, with its tokens, source servers, jobs and tags."""

from __future__ import annotations

from . import smc_jobs, smc_sources, smc_tags, smc_tokens
from .common import Answer, Context, Parameters
from .smc_sources import import_source
from .table import Operation, reads

__all__ = ["OPERATIONS", "import_source"]


def describe_workgroups(context: Context, given: Parameters) -> Answer:
    """An account that has never made a workgroup."""
    paging = {"PageNumber": given.get("PageNumber", 1), "PageSize": given.get("PageSize", 10), "TotalCount": 0}
    return {"Workgroups": {"Workgroup": []}, **paging}


OPERATIONS: dict[str, Operation] = {
    **smc_tokens.OPERATIONS,
    **smc_sources.OPERATIONS,
    **smc_jobs.OPERATIONS,
    **smc_tags.OPERATIONS,
    "DescribeWorkgroups": reads(describe_workgroups, "PageNumber PageSize", "smc"),
}
