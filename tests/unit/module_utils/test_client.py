"""Endpoints, requests, pages, and what happens without the SDK."""

from __future__ import annotations

import builtins
import sys

import pytest
from alibabacloud_ecs20140526 import models
from alibabacloud_ecs20140526.client import Client
from alibabacloud_tea_openapi import models as openapi_models
from cloud_doubles import Replay, cases

from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud import client, snapshots
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.errors import CloudError

OPERATIONS = [
    "DescribeInstances",
    "DescribeDisks",
    "DescribeSnapshots",
    "DescribeSnapshotGroups",
    "CreateSnapshot",
    "CreateSnapshotGroup",
    "DeleteSnapshot",
    "DeleteSnapshotGroup",
    "ModifySnapshotAttribute",
    "ResetDisk",
    "StartInstances",
    "StopInstances",
    "RebootInstances",
    "TagResources",
    "UntagResources",
    "ListTagResources",
]


@pytest.mark.parametrize("case", cases("endpoints.yml"), ids=lambda case: case["text"] or "empty")
def test_endpoints(case):
    if case.get("refused"):
        with pytest.raises(CloudError) as caught:
            client.parse_endpoint(case["text"], "cn-beijing")
        assert caught.value.code == "InvalidEndpoint"
    else:
        assert client.parse_endpoint(case["text"], "cn-beijing") == (case["scheme"], case["endpoint"])


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_that_is_used_exists_in_the_sdk(operation):
    assert hasattr(models, operation + "Request")
    assert hasattr(Client, client.snake_case(operation) + "_with_options")


def test_a_filter_that_the_sdk_does_not_know_is_never_dropped_silently():
    with pytest.raises(CloudError, match="Tagg"):
        client.build_request(models, "DescribeSnapshots", "cn-beijing", {"Tagg": []})


def test_the_region_is_added_where_the_operation_has_one():
    assert client.build_request(models, "DescribeDisks", "cn-beijing", {}).to_map()["RegionId"] == "cn-beijing"
    reset = client.build_request(models, "ResetDisk", "cn-beijing", {"DiskId": "d", "SnapshotId": "s"})
    assert reset.to_map() == {"DiskId": "d", "SnapshotId": "s"}


def test_all_pages_are_read():
    answers = {None: (["a", "b"], "t1"), "t1": ([], "t2"), "t2": (["c"], "")}

    def answer(operation, region, params):
        items, token = answers[params.get("NextToken")]
        return {"Disks": {"Disk": [{"id": one} for one in items]}, "NextToken": token}

    api = Replay(answer)
    found = client.pages(api, "DescribeDisks", "r", {}, ("Disks", "Disk"), 100)
    assert [one["id"] for one in found] == ["a", "b", "c"] and len(api.calls) == 3


def test_a_service_that_repeats_a_page_does_not_hang_the_run():
    api = Replay(lambda operation, region, params: {"Disks": {"Disk": []}, "NextToken": "same"})
    with pytest.raises(CloudError, match="twice"):
        list(client.pages(api, "DescribeDisks", "r", {}, ("Disks", "Disk"), 100))


def test_a_missing_sdk_is_told_with_the_interpreter_and_the_command(monkeypatch):
    genuine = builtins.__import__

    def refuse(name, *args, **kwargs):
        if name.startswith("alibabacloud"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return genuine(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(client.MissingLibrary) as caught:
        client.Api(client.Settings()).call("DescribeDisks", "cn-beijing", {})
    assert sys.executable in str(caught.value) and "pip install" in str(caught.value)


def test_keys_from_the_options_win_over_the_environment(monkeypatch):
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "environment")
    config = openapi_models.Config()
    client.add_credentials(config, client.Settings("id", "secret", "token"))
    assert (config.access_key_id, config.access_key_secret, config.security_token) == ("id", "secret", "token")


def test_a_profile_is_read_by_its_name(tmp_path, monkeypatch):
    config = openapi_models.Config()
    client.add_credentials(config, client.Settings(profile="staging"))
    assert config.credential.cloud_credential.get_type() == "cli_profile"


@pytest.mark.parametrize(("product", "host"), [
    ("ecs", "ecs.cn-beijing.aliyuncs.com"), ("smc", "smc.aliyuncs.com"), ("slb", "slb.aliyuncs.com"),
])  # fmt: skip
def test_without_an_endpoint_the_genuine_one_is_used(product, host):
    made, _models, _runtime = client.new_client(client.Settings("id", "secret"), product, "cn-beijing")
    assert made._endpoint == host and made._protocol == "https"


def test_a_token_is_the_same_for_the_same_wish_and_no_other():
    tokens = {
        snapshots.client_token("CreateSnapshot", region, {"DiskId": disk}, attempt)
        for region in ("r1", "r2")
        for disk in ("a", "b")
        for attempt in (0, 1)
    }
    assert len(tokens) == 8 and all(len(token) <= 64 and token.isascii() for token in tokens)
    assert snapshots.client_token("CreateSnapshot", "r1", {"DiskId": "a"}, 0) in tokens
