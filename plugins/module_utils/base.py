# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where AnsibleModule meets the cloud layer: common options, failing with one clear message, per-item results."""

from __future__ import annotations

import platform
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleModule, env_fallback

from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.batch import Ref
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.client import Api, MissingLibrary, Settings
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.errors import CloudError, told
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.redaction import redact
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.retry import Retrier
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.temporary import Marks, Unwanted
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.waiter import Pace

COMMON: dict[str, Any] = {
    "access_key_id": {"type": "str", "no_log": False},
    "access_key_secret": {"type": "str", "no_log": True},
    "security_token": {"type": "str", "no_log": True},
    "profile": {"type": "str"},
    "region": {"type": "str", "fallback": (env_fallback, ["ALICLOUD_REGION", "ALIBABA_CLOUD_REGION_ID"])},
    "ecs_endpoint": {"type": "str", "fallback": (env_fallback, ["ALICLOUD_ECS_ENDPOINT"])},
    "smc_endpoint": {"type": "str", "fallback": (env_fallback, ["ALICLOUD_SMC_ENDPOINT"])},
    "slb_endpoint": {"type": "str", "fallback": (env_fallback, ["ALICLOUD_SLB_ENDPOINT"])},
    "connect_timeout": {"type": "float", "default": 3.0},
    "read_timeout": {"type": "float", "default": 20.0},
    "throttle_wait": {"type": "float", "fallback": (env_fallback, ["ALICLOUD_THROTTLE_WAIT_SECONDS"])},
}
ITEM = {"id": {"type": "str", "required": True}, "region": {"type": "str"}}
# By which of its ids a result is named in a message.
NAMES = (
    "instance_id",
    "resource_id",
    "disk_id",
    "snapshot_id",
    "job_id",
    "source_id",
    "access_token_id",
    "clone_id",
    "image_id",
    "security_group_id",
    "vpc_id",
    "name",
)
# So many failed items are told in the message of a task; a wave is smaller than that.
TOLD = 100
# What a mistake of ours ends in, most often over an answer that nobody has foreseen.
UNEXPECTED = (ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
# The collection, or the archive that holds it where a module runs.
ROOT = Path(__file__).parents[2]
# More of an exception's text helps nobody, and it may be a whole answer.
QUOTED = 200
ON_ITEM_ERROR: dict[str, Any] = {"type": "str", "choices": ["fail", "report"], "default": "fail"}

TEMPORARY: dict[str, Any] = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "run_id": {"type": "str"},
    "purpose": {"type": "str", "default": "drill"},
    "tags": {"type": "dict", "default": {}},
    "on_item_error": ON_ITEM_ERROR,
}


def batch_options(required: bool = True) -> dict[str, Any]:
    instances = {"type": "list", "elements": "dict", "options": ITEM}
    return {"instances": instances | ({"required": True} if required else {}), "on_item_error": ON_ITEM_ERROR}


def wait_options(timeout: int, interval: float) -> dict[str, Any]:
    return {
        "wait": {"type": "bool", "default": True},
        "wait_timeout": {"type": "int", "default": timeout},
        "wait_interval": {"type": "float", "default": interval},
    }


def new_module(options: dict[str, Any], **rules: Any) -> AnsibleModule:
    together = [*rules.pop("required_together", []), ("access_key_id", "access_key_secret")]
    by = {"security_token": ("access_key_id", "access_key_secret"), **rules.pop("required_by", {})}
    return AnsibleModule(
        argument_spec=COMMON | options,
        required_together=together,
        required_by=by,
        supports_check_mode=True,
        **rules,
    )


def new_api(module: AnsibleModule) -> Api:
    given = module.params
    settings = Settings(
        access_key_id=given["access_key_id"],
        access_key_secret=given["access_key_secret"],
        security_token=given["security_token"],
        profile=given["profile"],
        ecs_endpoint=given["ecs_endpoint"],
        smc_endpoint=given["smc_endpoint"],
        slb_endpoint=given["slb_endpoint"],
        connect_timeout=given["connect_timeout"],
        read_timeout=given["read_timeout"],
        user_agent=f"alicloud.os_migration ansible-core/{module.ansible_version} python/{platform.python_version()}",
    )
    return Api(settings, Retrier(given["throttle_wait"]))


def pace_of(module: AnsibleModule) -> Pace:
    return Pace(timeout=module.params["wait_timeout"], interval=module.params["wait_interval"])


def region_of(module: AnsibleModule, item: dict[str, Any]) -> str:
    region = item.get("region") or module.params["region"]
    if not region:
        module.fail_json(msg=f"No region for {item.get('id')}: set the option region, or region beside the id.")
    return str(region)


def refs_of(module: AnsibleModule, option: str = "instances") -> list[Ref]:
    """The items of the option, each once, in their order."""
    items = module.params[option] or []
    return list(dict.fromkeys(Ref(region_of(module, item), item["id"]) for item in items))


def marks_of(module: AnsibleModule, ids: str) -> Marks:
    """The marks of a run. ids: the option that names what is there already, which is for state=absent alone."""
    given = module.params
    if given["state"] == "present" and given[ids] is not None:
        module.fail_json(msg=f"{ids} is for state=absent.")
    tags = {str(key): str(value) for key, value in given["tags"].items()}
    return Marks(given["run_id"] or "", given["purpose"], tags)


def removal_of(module: AnsibleModule, marks: Marks, items: str, ids: str) -> Unwanted:
    """What state=absent removes, by the options that name items and ids; with neither, all of the run in the region.

    Ends the module where there is nothing to do.
    """
    whole = module.params[items] is None and module.params[ids] is None
    refs, named = refs_of(module, items), refs_of(module, ids)
    if not (refs or named or whole):
        finish(module, None, [])
    if (refs or whole) and not module.params["run_id"]:
        module.fail_json(msg=f"state=absent needs run_id, unless only {ids} are given.")
    regions = [region_of(module, {"id": "all of the run"})] if whole else []
    return Unwanted(marks, None if module.params[items] is None else refs, named, regions)


def guarded(module: AnsibleModule, work: Callable[[], Any]) -> Any:
    """Run the work of a module; what stops all of it ends in one message instead of a traceback."""
    try:
        return work()
    except MissingLibrary as error:
        module.fail_json(msg=str(error))
    except CloudError as error:
        module.fail_json(msg=str(error), error=error.as_dict())
    except UNEXPECTED as error:
        told_error = unexpected(error, [module.params["access_key_secret"], module.params["security_token"]])
        module.fail_json(msg=str(told_error), error=told_error.as_dict())


def unexpected(error: Exception, secrets: Sequence[str | None]) -> CloudError:
    """The last net: what nobody has foreseen, as one sentence with the place in this collection where it happened."""
    ours = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).is_relative_to(ROOT)]
    places = [(Path(frame.filename).relative_to(ROOT), frame) for frame in ours]
    name = next((path.stem for path, _frame in places if path.parent.name == "modules"), "this module")
    where = next((f"{path}:{frame.lineno} ({frame.name})" for path, frame in reversed(places)), "an unknown place")
    message = f"{name} met something unexpected: {type(error).__name__}{_quoted(error, secrets)} at {where}"
    hint = "This is a mistake in the collection; please report it with this line. What has been begun is kept, so look "
    return CloudError("UnexpectedError", message, hint=hint + "at the resources, then run again.")


def _quoted(error: Exception, secrets: Sequence[str | None]) -> str:
    text = ""
    # An exception may hold something that cannot be told, such as lists in lists without an end.
    with suppress(Exception):
        text = str(error)[: 10 * QUOTED]
    text = redact(text, [secret for secret in secrets if secret])
    text = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    return f" {text[:QUOTED]!r}" if text else ""


def finish(module: AnsibleModule, api: Api | None, results: list[dict[str, Any]], **more: Any) -> NoReturn:
    """End with the results; items that failed fail the task unless on_item_error is report."""
    output: dict[str, Any] = {
        "changed": any(result["changed"] for result in results),
        "results": results,
        "api_calls": dict(sorted(api.calls.items())) if api else {},
        **more,
    }
    broken = [result for result in results if result["error"]]
    if broken and module.params["on_item_error"] == "fail":
        module.fail_json(msg=summary(broken, len(results)), **output)
    module.exit_json(**output)
    raise AssertionError("exit_json does not return")


def summary(broken: Sequence[dict[str, Any]], total: int) -> str:
    """Every item that failed, with its reason; of very many, the first ones, as the results tell all."""
    lines = []
    for result in broken[:TOLD]:
        error = result["error"]
        name = next((str(result[key]) for key in NAMES if result.get(key)), "?")
        place = f" ({result['region_id']})" if result.get("region_id") else ""
        text = told(error["code"], error["message"], error["hint"])
        lines.append(text if error["code"].startswith("InvalidId") else f"{name}{place}: {text}")
    more = [f"and {len(broken) - TOLD} more, see results"] if len(broken) > TOLD else []
    return f"{len(broken)} of {total} items failed. " + " | ".join(lines + more)
