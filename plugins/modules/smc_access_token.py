# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: smc_access_token
short_description: Manage access tokens (activation codes) of Server Migration Center
version_added: 0.1.0
description:
  - Creates, disables or deletes the access tokens with which hosts are imported as migration sources.
  - The code of a token is told only once, when it is created. Set C(no_log=true) on the task that creates one, so that
    the code is in no log, and on every task that uses it. M(alicloud.os_migration.smc_import) needs none of this.
author:
  - The alicloud.os_migration contributors (@alicloud)
extends_documentation_fragment:
  - alicloud.os_migration.alicloud
  - alicloud.os_migration.items
  - alicloud.os_migration.attributes
options:
  state:
    description:
      - V(present) creates a token of O(name) unless one of that name is in force. Its code cannot be read again, so a
        second run changes nothing and returns no code.
      - V(disabled) puts tokens out of force. Sources that were imported with them stay.
      - V(absent) deletes tokens.
    type: str
    choices: [present, disabled, absent]
    default: present
  name:
    description:
      - The name of the token, a letter followed by letters, digits, colons, underscores and hyphens.
      - With O(state=disabled) and O(state=absent), all tokens of that name.
    type: str
  access_token_ids:
    description: The tokens to disable or delete, by their IDs. Tokens that do not exist are gone already.
    type: list
    elements: str
  description:
    description: What the token is for.
    type: str
  count:
    description: How many hosts can be imported with it, 1 to 1000.
    type: int
    default: 100
  ttl_days:
    description: How many days it is in force, 1 to 90.
    type: int
    default: 30
seealso:
  - module: alicloud.os_migration.smc_import
  - module: alicloud.os_migration.smc_source_info
"""

EXAMPLES = r"""
- name: Create a token for ten hosts
  alicloud.os_migration.smc_access_token:
    region: cn-hangzhou
    name: wave-1
    count: 10
    ttl_days: 1
  delegate_to: localhost
  run_once: true
  no_log: true
  register: token

- name: Delete it
  alicloud.os_migration.smc_access_token:
    region: cn-hangzhou
    name: wave-1
    state: absent
  delegate_to: localhost
  run_once: true
"""

RETURN = r"""
access_token_id:
  description: The ID of the new token.
  returned: when a token was created
  type: str
  sample: at-bp100000000000000001
access_token_code:
  description: The code of the new token. It is told only this once.
  returned: when a token was created
  type: str
  sample: VALUE_SPECIFIED_IN_NO_LOG_PARAMETER
results:
  description: One entry per token of O(name) or O(access_token_ids), without its code.
  returned: always
  type: list
  elements: dict
  contains:
    access_token_id:
      description: The ID; null for a token that would be created in check mode.
      type: str
      returned: always
      sample: at-bp100000000000000001
    name:
      description: The name.
      type: str
      returned: always
      sample: wave-1
    description:
      description: The description.
      type: str
      returned: always
      sample: ''
    status:
      description: C(activated), C(unactivated), C(expired), or empty when it is gone. In check mode as it is now.
      type: str
      returned: always
      sample: activated
    count:
      description: How many hosts can be imported with it.
      type: int
      returned: always
      sample: 10
    registered_count:
      description: How many hosts were imported with it.
      type: int
      returned: always
      sample: 0
    ttl_days:
      description: For how many days it was made.
      type: int
      returned: always
      sample: 1
    created:
      description: When it was made.
      type: str
      returned: always
      sample: '2026-11-24T09:00:00Z'
    changed:
      description: Whether it was created, disabled or deleted, or would be in check mode.
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
  sample: {smc.CreateAccessToken: 1, smc.ListAccessTokens: 2}
"""

from typing import Any

from ansible_collections.alicloud.os_migration.plugins.module_utils import base
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud import smc_tokens

OPTIONS: dict[str, Any] = {
    "state": {"type": "str", "choices": ["present", "disabled", "absent"], "default": "present"},
    "name": {"type": "str"},
    "access_token_ids": {"type": "list", "elements": "str", "no_log": False},
    "description": {"type": "str"},
    "count": {"type": "int", "default": 100},
    "ttl_days": {"type": "int", "default": 30},
    "on_item_error": base.ON_ITEM_ERROR,
}


def main() -> None:
    module = base.new_module(
        OPTIONS,
        required_if=[("state", "present", ("name",))],
        mutually_exclusive=[("name", "access_token_ids")],
        required_one_of=[("name", "access_token_ids")],
    )
    given = module.params
    for option, most in (("count", smc_tokens.MOST_USES), ("ttl_days", smc_tokens.MOST_DAYS)):
        if not 1 <= given[option] <= most:
            module.fail_json(msg=f"{option} is {given[option]}, it must be from 1 to {most}.")
    if given["access_token_ids"] == []:
        base.finish(module, None, [])
    api = base.new_api(module)
    if given["state"] != "present":
        ids = given["access_token_ids"] or []
        results = base.guarded(
            module, lambda: smc_tokens.withdraw(api, given["name"], ids, given["state"], module.check_mode)
        )
        base.finish(module, api, results)
    results, secret = base.guarded(
        module,
        lambda: smc_tokens.present(
            api, given["name"], given["description"], given["count"], given["ttl_days"], module.check_mode
        ),
    )
    if secret is None:
        base.finish(module, api, results)
    base.finish(module, api, results, access_token_id=secret.access_token_id, access_token_code=secret.code)


if __name__ == "__main__":
    main()
