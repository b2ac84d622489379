# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: smc_source_info
short_description: Read migration sources of Server Migration Center, and find those of ECS instances
version_added: 0.1.0
description:
  - Lists migration sources by ID, name, state and tags.
  - With O(instances), finds the source of each instance. The service does not say which instance a source is. The tag
    C(os_migration_instance_id) decides, which M(alicloud.os_migration.smc_import) writes; without it, private and
    public addresses; and only where no address tells, the hostname.
  - More than one candidate, a hostname whose addresses say otherwise, and a source that would be that of two instances
    are the error C(AmbiguousSource), which lists the candidates. An instance without a source is no error.
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
      - The instances whose sources are wanted. An instance that is named twice counts once.
      - With an empty list nothing is called.
  source_ids:
    description: Only these sources. One that does not exist is an error of its own.
    type: list
    elements: str
  names:
    description: Only sources with one of these names.
    type: list
    elements: str
  state:
    description: Only sources in this state.
    type: str
    choices: [Available, Unavailable, InUse, Deleting]
  tags:
    description: Only sources that bear all of these tags.
    type: dict
seealso:
  - module: alicloud.os_migration.smc_import
  - module: alicloud.os_migration.smc_source
"""

EXAMPLES = r"""
- name: Read the sources that can be migrated
  alicloud.os_migration.smc_source_info:
    region: cn-hangzhou
    state: Available
  delegate_to: localhost
  run_once: true
  register: sources

- name: Find the sources of two instances
  alicloud.os_migration.smc_source_info:
    region: cn-hangzhou
    instances:
      - id: i-bp1a0000000000000001
      - id: i-bp1a0000000000000002
    on_item_error: report
  delegate_to: localhost
  run_once: true
  register: sources
"""

RETURN = r"""
sources:
  description: The sources that were found.
  returned: always
  type: list
  elements: dict
  sample:
    - addresses: [10.0.0.1]
      agent_version: 2.7.0
      architecture: x86_64
      created: '2026-11-24T09:00:00Z'
      description: ''
      error_code: null
      error_message: null
      hostname: web-1
      job_id: null
      name: web-1
      platform: CentOS
      source_id: s-bp1000000000000000001
      state: Available
      tags: {os_migration_instance_id: i-bp1a0000000000000001}
results:
  description: One entry per instance, in the order of O(instances), or one per source.
  returned: always
  type: list
  elements: dict
  contains:
    instance_id:
      description: The instance ID.
      type: str
      returned: with O(instances)
      sample: i-bp1a0000000000000001
    region_id:
      description: The region of the instance.
      type: str
      returned: with O(instances)
      sample: cn-hangzhou
    source_id:
      description: The ID of the source, or null.
      type: str
      returned: always
      sample: s-bp1000000000000000001
    state:
      description: The state of the source, or null.
      type: str
      returned: always
      sample: Available
    matched_by:
      description: What decided that it is this source, or why there is none.
      type: str
      returned: with O(instances)
      sample: address 10.0.0.1
    candidates:
      description: The IDs of the sources that it may be, where that is not clear.
      type: list
      elements: str
      returned: with O(instances)
      sample: []
    changed:
      description: Always false.
      type: bool
      returned: always
    error:
      description: What went wrong, or null.
      type: dict
      returned: always
      sample: null
api_calls:
  description: How many calls of each operation were made.
  returned: always
  type: dict
  sample: {DescribeInstances: 1, smc.DescribeSourceServers: 1}
"""

from typing import Any

from ansible_collections.alicloud.os_migration.plugins.module_utils import base
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud import (
    smc_match,
    smc_sources,
)
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.batch import Ref
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.client import Api

OPTIONS: dict[str, Any] = base.batch_options(required=False) | {
    "source_ids": {"type": "list", "elements": "str"},
    "names": {"type": "list", "elements": "str"},
    "state": {"type": "str", "choices": ["Available", "Unavailable", "InUse", "Deleting"]},
    "tags": {"type": "dict"},
}
FILTERS = ("source_ids", "names", "state", "tags")


def of_instances(api: Api, refs: list[Ref]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """(sources, results)."""
    _found, matches, errors = smc_sources.of_instances(api, refs)
    results = []
    for ref in refs:
        match = matches.get(ref, smc_match.Match(None, "the instance was not found"))
        error = errors.get(ref) or (smc_match.ambiguous(ref, match) if match.ambiguous else None)
        results.append(
            {
                "instance_id": ref.id,
                "region_id": ref.region,
                "source_id": match.source["source_id"] if match.source else None,
                "state": match.source["state"] if match.source else None,
                "matched_by": match.reason,
                "candidates": [one["source_id"] for one in match.candidates],
                "changed": False,
                "error": error.as_dict() if error else None,
            }
        )
    return [match.source for match in matches.values() if match.source], results


def listed(api: Api, given: dict[str, Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """(sources, results)."""
    ids, names, state = given["source_ids"], given["names"], given["state"]
    wanted = {str(key): str(value) for key, value in (given["tags"] or {}).items()}
    found = (
        list(smc_sources.by_ids(api, ids).values())
        if ids is not None
        else smc_sources.search(api, state, wanted=wanted)
    )
    known = {one["source_id"] for one in found}
    sources = [one for one in found if fits(one, names, state, wanted)]
    results = [
        {"source_id": one["source_id"], "state": one["state"], "changed": False, "error": None} for one in sources
    ]
    for one in dict.fromkeys(ids or []):
        if one not in known:
            error = smc_sources.not_found(one).as_dict()
            results.append({"source_id": one, "state": None, "changed": False, "error": error})
    return sources, results


def fits(source: dict[str, Any], names: list[str] | None, state: str | None, tags: dict[str, str]) -> bool:
    return (
        (names is None or source["name"] in names)
        and state in (None, source["state"])
        and all(source["tags"].get(key) == value for key, value in tags.items())
    )


def main() -> None:
    module = base.new_module(OPTIONS, mutually_exclusive=[("instances", one) for one in FILTERS])
    given = module.params
    refs = base.refs_of(module)
    if [] in (given["instances"], given["source_ids"], given["names"]):
        base.finish(module, None, [], sources=[])
    api = base.new_api(module)
    sources, results = base.guarded(module, lambda: of_instances(api, refs) if refs else listed(api, given))
    base.finish(module, api, results, sources=sources)


if __name__ == "__main__":
    main()
