# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input gets one clear error that says what to do, and changes nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from harness import REGION, Cloud, Host

CASES = {
    "unknown_target": ([], {"target": "alinux9"}, r"alinux9.* not known.* Known targets: .*alinux3"),
    "path_that_does_not_exist": (
        [],
        {"target": "rhel9"},
        r"Red Hat Enterprise Linux 9 .*engine=smc.*Available targets: alinux3",
    ),
    "unknown_engine": ([], {"engine": "magic"}, r"magic|one of"),
    "host_without_instance_id": (
        ["-e", '{"os_migration_instance_id": ""}'],
        {},
        r"without an instance id: set os_migration_instance_id",
    ),
    "two_hosts_with_one_instance": (["-e", "os_migration_instance_id=i-1"], {}, r"same instance id: .*web1, web2"),
    "region_that_does_not_fit": (
        ["-e", "os_migration_region=cn-beijing"],
        {},
        r"do(es)? not know these instances.*cn-beijing",
    ),
    "risks_not_accepted": ([], {"accept_risks": None}, r"os_migration_accept_risks=true"),
    "failure_budget_that_is_no_number": ([], {"max_failures": "many"}, r"os_migration_max_failures is 'many'"),
    "run_id_with_a_path": ([], {"run_id": "../x"}, r"run id .* is not valid"),
    "no_host_selected": (["--limit", "nobody"], {}, r"no hosts to target"),
}


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with Cloud([Host("web1"), Host("web2")]) as fleet:
        yield fleet


def complaint(output: str) -> str:
    errors = re.findall(r"^(?:\[ERROR\]|fatal|ERROR!).*", output, re.MULTILINE)
    assert "Traceback" not in output
    return " ".join(errors)


@pytest.mark.parametrize("name", CASES)
def test_bad_input_is_named_with_its_remedy_and_nothing_is_touched(name: str, cloud: Cloud) -> None:
    arguments, options, said = CASES[name]
    before = [cloud.tree_hash(host) for host in cloud.hosts]
    done = cloud.playbook("alicloud.os_migration.migrate", *arguments, **options)  # type: ignore[arg-type]  # options of several types
    assert done.returncode != 0
    assert re.search(said, complaint(done.stdout + done.stderr).replace("\\", "")), done.stdout + done.stderr
    assert cloud.mutating() == []
    assert [cloud.tree_hash(host) for host in cloud.hosts] == before


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ({"ALIBABA_CLOUD_ACCESS_KEY_SECRET": "wrong-secret"}, r"SignatureDoesNotMatch|signature"),
        ({"ALIBABA_CLOUD_ACCESS_KEY_ID": "LTAInobody"}, r"InvalidAccessKeyId"),
        ({"ALICLOUD_ECS_ENDPOINT": f"http://127.0.0.1:9/r/{REGION}"}, r"127\.0\.0\.1"),
    ],
    ids=["wrong_secret", "unknown_key", "endpoint_out_of_reach"],
)
def test_a_cloud_that_does_not_answer_or_trust_us_is_named(env: dict[str, str], said: str, cloud: Cloud) -> None:
    done = cloud.playbook(env=env)
    output = done.stdout + done.stderr
    assert done.returncode != 0
    assert re.search(said, complaint(output)), output
    assert "wrong-secret" not in output
    assert cloud.mutating() == []


def test_a_rollback_of_no_run_in_particular_is_refused(cloud: Cloud) -> None:
    done = cloud.playbook("alicloud.os_migration.rollback", target=None)
    assert done.returncode != 0 and "os_migration_run_id=" in complaint(done.stdout + done.stderr)
    assert cloud.mutating() == []
