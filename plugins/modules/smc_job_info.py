# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: smc_job_info
short_description: Read migration jobs of Server Migration Center
version_added: 0.1.0
description:
  - Lists migration jobs by ID, run, tags, status and instance, in one paged call for all of them.
  - The instance of a job is the one that its tag C(os_migration_instance_id) names, or else its own field.
author:
  - The alicloud.os_migration contributors (@alicloud)
extends_documentation_fragment:
  - alicloud.os_migration.alicloud
  - alicloud.os_migration.batch
  - alicloud.os_migration.attributes
  - alicloud.os_migration.attributes.info
options:
  instances:
    description:
      - Only operating system migrations of these instances. An instance that is named twice counts once.
      - With an empty list nothing is called.
  job_ids:
    description: Only these jobs. One that does not exist is an error of its own.
    type: list
    elements: str
  run_id:
    description: Only jobs of this run.
    type: str
  tags:
    description: Only jobs that bear all of these tags.
    type: dict
    default: {}
  status:
    description: Only jobs in this status.
    type: str
    choices: [Ready, Running, Stopped, InError, Finished, Waiting, Expired, Deleting]
seealso:
  - module: alicloud.os_migration.smc_job
"""

EXAMPLES = r"""
- name: Read what runs in the account
  alicloud.os_migration.smc_job_info:
    region: cn-hangzhou
    status: Running
  delegate_to: localhost
  run_once: true
  register: running

- name: Read the jobs of a run
  alicloud.os_migration.smc_job_info:
    region: cn-hangzhou
    run_id: kernel-2026-11
  delegate_to: localhost
  run_once: true
  register: jobs
"""

RETURN = r"""
jobs:
  description: The jobs that were found.
  returned: always
  type: list
  elements: dict
  sample:
    - business_status: Cleaning
      created: '2026-11-24T09:00:00Z'
      ended: '2026-11-24T09:31:00Z'
      error_code: null
      error_message: null
      hint: null
      instance_id: i-bp1a0000000000000001
      job_id: j-bp1000000000000000001
      job_type: 1
      name: os-migration-kernel-2026-11-i-bp1a0000000000000001
      progress: 100.0
      region_id: cn-hangzhou
      source_id: s-bp1000000000000000001
      started: '2026-11-24T09:00:01Z'
      status: Finished
      tags: {os_migration_run_id: kernel-2026-11}
      transition_instance_id: null
      valid_until: '2026-12-24T09:00:00Z'
results:
  description: One entry per job; the same as RV(jobs), with the jobs that are missing.
  returned: always
  type: list
  elements: dict
  contains:
    job_id:
      description: The ID of the job.
      type: str
      returned: always
      sample: j-bp1000000000000000001
    instance_id:
      description: The instance, or null if nothing says which.
      type: str
      returned: always
      sample: i-bp1a0000000000000001
    region_id:
      description: The region of the instance; null if the job does not exist.
      type: str
      returned: always
      sample: cn-hangzhou
    status:
      description: The status that was seen last, for example C(Running) or C(Finished); null if there is no job.
      type: str
      returned: always
      sample: Finished
    business_status:
      description: The phase, for example C(Preparing), C(Syncing), C(Processing) or C(Cleaning), or null.
      type: str
      returned: always
      sample: Cleaning
    progress:
      description: Percent done, or null.
      type: float
      returned: always
      sample: 100.0
    changed:
      description: Always false.
      type: bool
      returned: always
    error:
      description: What went wrong with reading it, or null. That a job itself is InError is no error here.
      type: dict
      returned: always
      sample: null
api_calls:
  description: How many calls of each operation were made.
  returned: always
  type: dict
  sample: {smc.DescribeReplicationJobs: 1}
"""

from typing import Any

from ansible_collections.alicloud.os_migration.plugins.module_utils import base
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud import (
    inputs,
    smc_errors,
    smc_jobs,
    tags,
)
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.client import Api
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.errors import CloudError

STATUSES = ["Ready", "Running", "Stopped", "InError", "Finished", "Waiting", "Expired", "Deleting"]
OPTIONS: dict[str, Any] = base.batch_options(required=False) | {
    "job_ids": {"type": "list", "elements": "str"},
    "run_id": {"type": "str"},
    "tags": {"type": "dict", "default": {}},
    "status": {"type": "str", "choices": STATUSES},
}
SHORT = ("job_id", "instance_id", "region_id", "status", "business_status", "progress")


def read(api: Api, given: dict[str, Any], instance_ids: set[str] | None) -> list[dict[str, Any]]:
    wanted = {str(key): str(value) for key, value in given["tags"].items()}
    wanted |= {tags.RUN_ID: given["run_id"]} if given["run_id"] else {}
    filters: dict[str, Any] = {"Status": given["status"]} if given["status"] else {}
    if given["job_ids"] is not None:
        found = list(smc_jobs.by_ids(api, given["job_ids"]).values())
    elif instance_ids is not None:
        found = smc_jobs.search(api, JobType=smc_jobs.OS_MIGRATION, **filters)
    else:
        found = smc_jobs.search(api, **filters, **({"Tag": tags.to_wire(wanted)} if wanted else {}))
    return [
        shown(job)
        for job in found
        if given["status"] in (None, job["status"])
        and all(job["tags"].get(key) == value for key, value in wanted.items())
        and (instance_ids is None or smc_jobs.instance_of(job) in instance_ids)
    ]


def shown(job: dict[str, Any]) -> dict[str, Any]:
    known = smc_errors.explain(job["error_code"] or "", job["error_message"] or "")
    return {**job, "instance_id": smc_jobs.instance_of(job), "hint": known.remedy if known else None}


def missing(job_id: str) -> dict[str, Any]:
    error = inputs.wrong_id(job_id) or CloudError(
        "JobNotFound", f"there is no migration job {job_id}", resource=job_id, hint="Check the id."
    )
    return {**dict.fromkeys(SHORT), "job_id": job_id, "changed": False, "error": error.as_dict()}


def main() -> None:
    module = base.new_module(OPTIONS, mutually_exclusive=[("instances", "job_ids"), ("run_id", "job_ids")])
    given = module.params
    refs = base.refs_of(module)
    if [] in (given["instances"], given["job_ids"]):
        base.finish(module, None, [], jobs=[])
    api = base.new_api(module)
    instance_ids = None if given["instances"] is None else {ref.id for ref in refs}
    jobs = base.guarded(module, lambda: read(api, given, instance_ids))
    results = [{**{key: job[key] for key in SHORT}, "changed": False, "error": None} for job in jobs]
    for ref, error in inputs.wrong(refs).items():
        ids = {"instance_id": ref.id, "region_id": ref.region}
        results.append({**dict.fromkeys(SHORT), **ids, "changed": False, "error": error.as_dict()})
    seen = {job["job_id"] for job in jobs}
    if given["status"] is None and not given["tags"]:
        results += [missing(one) for one in dict.fromkeys(given["job_ids"] or []) if one not in seen]
    base.finish(module, api, results, jobs=jobs)


if __name__ == "__main__":
    main()
