"""Rights, tokens and quotas: a controller that may not, may no longer, or may not so often, must be told as the cloud would."""

from __future__ import annotations

import json
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from alibabacloud_ecs20140526 import models as ecs
from alibabacloud_ecs20140526.client import Client
from alibabacloud_smc20190601 import models as smc
from alibabacloud_smc20190601.client import Client as SmcClient
from alibabacloud_tea_openapi.models import Config

from simulator import fleet, policy
from simulator.gate import Quotas
from simulator.pytest_plugin import Simulator, start

REGION = "cn-hangzhou"
FLEET: dict[str, Any] = {
    "clock_rate": 0,
    "clock_base": 1_800_000_000,
    "quota": {"*": 4, "DescribeDisks": 2},
    "quota_hint": True,
    "accounts": [
        {"access_key_id": "limited", "access_key_secret": "limited-secret"},
        {"access_key_id": "sts", "access_key_secret": "sts-secret", "security_token": "first", "expires_s": 600},
    ],
    "regions": {
        REGION: {"instances": [
            {"name": "web", "instance_id": "i-web", "disks": [{"type": "system", "disk_id": "d-web"}]},
            {"name": "db", "instance_id": "i-db", "disks": [{"type": "system", "disk_id": "d-db"}]}]},
        "cn-beijing": {},
    },
}  # fmt: skip


def allow(*actions: str, resource: Any = "*", effect: str = "Allow") -> dict[str, Any]:
    return {"Effect": effect, "Action": list(actions), "Resource": resource}


def rights(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "1", "Statement": list(statements)}


def refused(action: Any) -> Any:
    with pytest.raises(Exception) as caught:
        action()
    return caught.value


def describe(client: Any, region: str = REGION, **more: Any) -> Any:
    return client.describe_instances(ecs.DescribeInstancesRequest(region_id=region, **more)).body


def create(client: Any, disk: str = "d-web") -> Any:
    return client.create_snapshot(ecs.CreateSnapshotRequest(disk_id=disk))


def test_a_call_without_the_right_is_refused_and_does_nothing(client: Any, simulator: Simulator) -> None:
    simulator.policy(rights(allow("ecs:Describe*")))
    error = refused(lambda: create(client))
    assert (error.status_code, error.code) == (403, "Forbidden.RAM")
    assert error.message.startswith("code: 403, User not authorized to operate on the specified resource")
    assert error.access_denied_detail["AuthAction"] == "ecs:CreateSnapshot"
    assert error.access_denied_detail["NoPermissionType"] == "ImplicitDeny"
    assert not simulator.state()["regions"][REGION]["snapshots"]


def test_a_deny_outweighs_every_allow(client: Any, simulator: Simulator) -> None:
    simulator.policy(rights(allow("*"), allow("ecs:CreateSnapshot", effect="Deny")))
    assert refused(lambda: create(client)).access_denied_detail["NoPermissionType"] == "ExplicitDeny"
    assert describe(client).total_count == 2


def test_instances_look_as_if_there_were_none_where_the_right_is_missing(client: Any, simulator: Simulator) -> None:
    simulator.policy(rights(allow("ecs:CreateSnapshot")))
    body = describe(client)
    assert (body.total_count, body.instances.instance) == (0, [])
    assert refused(lambda: describe(client, dry_run=True)).code == "Forbidden.RAM"
    create(client)
    simulator.policy(None)
    assert describe(client).total_count == 2
    assert refused(lambda: describe(client, dry_run=True)).code == "DryRunOperation"


def test_other_reads_without_the_right_are_refused(client: Any, simulator: Simulator) -> None:
    simulator.policy(rights(allow("ecs:DescribeInstances")))
    request = ecs.DescribeSnapshotsRequest(region_id=REGION)
    assert refused(lambda: client.describe_snapshots(request)).code == "Forbidden.RAM"


def test_server_migration_center_needs_rights_of_its_own(simulator: Simulator) -> None:
    host = simulator.endpoint.removeprefix("http://")
    keys = {"access_key_id": "limited", "access_key_secret": "limited-secret"}
    client = SmcClient(Config(endpoint=f"{host}/smc", protocol="http", **keys))
    simulator.policy(rights(allow("ecs:*")))
    ask = partial(client.describe_source_servers, smc.DescribeSourceServersRequest())
    assert refused(ask).code == "Forbidden.Unauthorized"
    simulator.policy(rights(allow("smc:DescribeSourceServers")))
    assert ask().body.total_count == 0


def test_rights_can_be_narrowed_to_a_region_or_to_one_disk(client: Any, connect: Any, simulator: Simulator) -> None:
    narrow = [
        allow("ecs:DescribeInstances", resource=f"acs:ecs:{REGION}:*:*"),
        allow("ecs:CreateSnapshot", resource=["acs:ecs:*:*:disk/d-w*"]),
    ]
    simulator.policy(rights(*narrow))
    assert describe(client).total_count == 2
    assert refused(lambda: describe(connect("cn-beijing"), "cn-beijing", dry_run=True)).code == "Forbidden.RAM"
    create(client, "d-web")
    assert refused(lambda: create(client, "d-db")).code == "Forbidden.RAM"


def test_every_resource_of_a_batch_must_be_allowed(client: Any, simulator: Simulator) -> None:
    simulator.policy(rights(allow("ecs:StopInstances", resource="acs:ecs:*:*:instance/i-web")))

    def stop(*ids: str) -> None:
        client.stop_instances(ecs.StopInstancesRequest(region_id=REGION, instance_id=list(ids)))

    assert refused(lambda: stop("i-web", "i-db")).code == "Forbidden.RAM"
    stop("i-web")


def test_tags_need_the_right_to_the_resource_that_gets_them() -> None:
    given = {"ResourceType": "snapshot", "ResourceId": ["s-1", "s-2"]}
    assert policy.resources("ecs", REGION, given) == [
        f"acs:ecs:{REGION}:*:snapshot/s-1",
        f"acs:ecs:{REGION}:*:snapshot/s-2",
    ]


def test_the_operations_really_called_make_the_policy_that_is_enough(client: Any, simulator: Simulator) -> None:
    def work() -> None:
        describe(client)
        create(client)

    work()
    assert simulator.actions() == ["ecs:CreateSnapshot", "ecs:DescribeInstances"]
    needed = policy.allowing(simulator.actions())
    simulator.reset()
    simulator.policy(needed)
    work()
    for missing in needed["Statement"][0]["Action"]:
        less = [action for action in simulator.actions() if action != missing]
        assert policy.parse(policy.allowing(less)).refusal(missing, ["acs:ecs:r:*:*"]) == "ImplicitDeny"
    assert simulator.actions("sts") == []


@pytest.mark.parametrize(
    ("pattern", "action", "allowed"),
    [
        ("*", "ecs:RunCommand", True),
        ("ecs:*", "ecs:RunCommand", True),
        ("ecs:*", "smc:StartReplicationJob", False),
        ("ecs:Describe*", "ecs:DescribeDisks", True),
        ("ecs:Describe*", "ecs:RunCommand", False),
        ("ecs:RunComman?", "ecs:RunCommand", True),
        ("ecs:RunComman?", "ecs:RunCommands", False),
        ("ecs:Run", "ecs:RunCommand", False),
    ],
)
def test_an_action_may_have_wildcards(pattern: str, action: str, allowed: bool) -> None:
    given = policy.parse(rights(allow(pattern)))
    assert (given.refusal(action, [f"acs:ecs:{REGION}:*:*"]) is None) == allowed


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ({"Version": "2", "Statement": [allow("*")]}, 'Version "1"'),
        ({"Version": "1", "Statement": []}, "list of statements"),
        (rights({**allow("*"), "Condition": {"Bool": {"acs:SecureTransport": "true"}}}), "does not model Condition"),
        (rights({"Effect": "Allow", "NotAction": "ecs:*", "Resource": "*"}), "does not model NotAction"),
        (rights({**allow("*"), "Effect": "allow"}), "Allow or Deny"),
        (rights({"Effect": "Allow", "Resource": "*"}), "needs Action"),
        (rights(allow("DescribeInstances")), "is not an action"),
        (rights(allow("ecs:*", resource="instance/*")), "is not a resource"),
        (rights(allow("ecs:*", resource="acs:ecs:*:123456:*")), "account numbers"),
    ],
)
def test_a_policy_that_is_wrong_or_not_modelled_is_refused_when_the_fleet_is_read(document: Any, says: str) -> None:
    account = {"access_key_id": "a", "access_key_secret": "b", "policy": document}
    with pytest.raises(fleet.FleetError, match=says):
        fleet.settings({**FLEET, "accounts": [account]})


def test_a_policy_may_lie_in_a_file_beside_the_fleet(tmp_path: Path) -> None:
    (tmp_path / "rights.json").write_text(json.dumps(rights(allow("ecs:Describe*"))))
    account = {"access_key_id": "a", "access_key_secret": "b", "policy": "rights.json"}
    given = fleet.settings({**FLEET, "accounts": [account]}, tmp_path).accounts["a"].policy
    assert given == policy.parse(rights(allow("ecs:Describe*")))
    with pytest.raises(fleet.FleetError, match=r"rights\.json"):
        fleet.settings({**FLEET, "accounts": [account]}, tmp_path / "elsewhere")


STS = {"access_key_id": "sts", "access_key_secret": "sts-secret", "security_token": "first"}


def test_a_token_is_good_until_it_expires_and_a_new_one_takes_its_place(connect: Any, simulator: Simulator) -> None:
    def ask(token: str) -> str:
        try:
            return str(describe(connect(**{**STS, "security_token": token})).total_count)
        except Exception as error:
            return str(getattr(error, "code", error))

    # The service's clock decides; 15 minutes are what it grants to the dates of signatures.
    simulator.skew(590)
    assert ask("first") == "2"
    simulator.skew(610)
    assert ask("first") == "InvalidSecurityToken.Expired"
    simulator._call("token", {"access_key_id": "sts", "security_token": "second", "expires_s": 100})
    assert [ask("first"), ask("second")] == ["InvalidSecurityToken.Expired", "2"]
    assert ask("third") == "InvalidSecurityToken.MismatchWithAccessKey"
    simulator.skew(720)
    assert ask("second") == "InvalidSecurityToken.Expired"
    simulator.reset()
    assert ask("first") == "2"


def test_the_environment_has_the_new_token_of_the_first_account() -> None:
    account = {"access_key_id": "a", "access_key_secret": "b", "security_token": "first"}
    running = start({"accounts": [account], "regions": {REGION: {}}})
    running.token("second")
    assert running.env["ALIBABA_CLOUD_SECURITY_TOKEN"] == "second"
    options = {"endpoint": running.ecs_endpoint(REGION), "protocol": "http", "access_key_id": "a"}
    client = Client(Config(access_key_secret="b", security_token="second", **options))
    assert describe(client).total_count == 0
    running.stop()


def test_secrets_do_not_show_where_an_account_is_printed() -> None:
    account = fleet.settings(FLEET).accounts["sts"].renewed("second", None, time.time())
    assert not any(secret in repr(account) for secret in ("sts-secret", "first", "second"))


def test_the_number_for_all_operations_counts_each_of_them_for_itself(client: Any, simulator: Simulator) -> None:
    disks = partial(client.describe_disks, ecs.DescribeDisksRequest(region_id=REGION))
    for _call in range(4):
        describe(client)
    assert refused(lambda: describe(client)).code == "Throttling.User"
    disks(), disks()
    assert refused(disks).code == "Throttling.User"
    simulator.advance(60)
    describe(client)


def test_a_refusal_over_the_quota_tells_when_the_next_minute_begins(client: Any, simulator: Simulator) -> None:
    simulator.advance(15)
    for _call in range(4):
        describe(client)
    error = refused(lambda: describe(client))
    assert (type(error).__name__, error.status_code, error.retry_after) == ("ThrottlingException", 400, 45_000)


def test_the_wait_over_the_quota_is_told_in_real_time() -> None:
    quotas = Quotas({"ResetDisk": 0}, hint=True, rate=600)
    error = refused(lambda: quotas.take("one", REGION, "ResetDisk", 1_800_000_000))
    assert error.retry_after_ms == 100


def test_operations_of_one_name_are_counted_for_each_product() -> None:
    quotas = Quotas({"TagResources": 1})
    quotas.take("one", REGION, "TagResources", 0, "ecs")
    quotas.take("one", REGION, "TagResources", 0, "smc")
    assert refused(lambda: quotas.take("one", REGION, "TagResources", 0, "smc")).code == "Throttling.User"
