"""Answers of Server Migration Center that no documentation promises: an error with a reason, never a crash or a loss."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from cloud_doubles import Clock, Replay
from test_odd_answers import INSTANCE, JUNK, broken

from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud import (
    answers,
    smc_import,
    smc_job_run,
    smc_job_wish,
    smc_jobs,
    smc_match,
    smc_sources,
    smc_tokens,
    tags,
)
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.assistant import Outcome
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.batch import Ref
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.errors import CloudError, LostAnswer
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.waiter import Pace

REGION = "cn-hangzhou"
ONE, TWO = Ref(REGION, "i-1"), Ref(REGION, "i-2")
INSTANCES = [
    INSTANCE,
    INSTANCE | {"InstanceId": "i-2", "VpcAttributes": {"PrivateIpAddress": {"IpAddress": ["10.0.0.2"]}},
                "PublicIpAddress": {"IpAddress": ["47.1.1.2"]}, "HostName": "h2"},
]  # fmt: skip
PATHS = {
    "DescribeInstances": ("Instances", "Instance"),
    "DescribeSourceServers": ("SourceServers", "SourceServer"),
    "DescribeReplicationJobs": ("ReplicationJobs", "ReplicationJob"),
    "ListAccessTokens": ("AccessTokens", "AccessToken"),
}
SOURCE: dict[str, Any] = {
    "SourceId": "s-1", "Name": "n", "Description": "d", "State": "Available", "Platform": "CentOS", "Architecture": "x86_64",
    "AgentVersion": "1.6", "JobId": "", "CreationTime": "2026-01-01T00:00Z", "ErrorCode": "",
    "SystemInfo": json.dumps({"hostname": "h", "ipv4": "10.0.0.1"}), "StatusInfo": "{}", "Tags": {"Tag": []},
}  # fmt: skip
OTHER_SOURCE = SOURCE | {"SourceId": "s-2", "SystemInfo": json.dumps({"hostname": "h2", "ipv4": "10.0.0.2"})}
JOB: dict[str, Any] = {
    "JobId": "j-1", "Name": "n", "RegionId": REGION, "SourceId": "s-1", "InstanceId": "i-1", "TransitionInstanceId": "",
    "JobType": 1, "Status": "Running", "BusinessStatus": "Prepare", "Progress": 12.5, "ErrorCode": "", "StatusInfo": "",
    "CreationTime": "2026-01-01T00:00Z", "StartTime": "", "EndTime": "", "ValidTime": "", "Tags": {"Tag": []},
}  # fmt: skip
OTHER_JOB = JOB | {"JobId": "j-2", "SourceId": "s-2", "InstanceId": "i-2"}
TOKEN: dict[str, Any] = {
    "AccessTokenId": "at-1", "Name": "name", "Description": "d", "Status": "activated", "Count": "10",
    "RegisteredCount": "0", "TimeToLiveInDays": "1", "CreationTime": "2026-01-01T00:00Z",
}  # fmt: skip
# JSON texts that a host sends through the service: not JSON, of another shape, without a bottom, without an end.
TEXTS: list[Any] = [
    *JUNK, "{", "nul", "[]", '"text"', "7", "NaN", '{"hostname": NaN, "error_code": 1e999}', "[" * 10_000,
    '{"hostname":' * 10_000, '{"ipv4": ' + "[" * 900 + "]" * 900 + "}", "x" * 10_000_000, '{"a": "' + "x" * 10_000_000 + '"}',
    '{"hostname": {"a": 1}, "ipv4": {"a": 1}, "ipv6": 5, "error_code": ["a"], "error_msg": {"a": "b"}}',
    '{"hostname": "a;b$(c)", "ipv4": ["10.0.0.1", 167772161, null, ["10.0.0.2"], "\\u0661.2.3.4", "fe80::1%\\u0000"]}',
    '{"hostname": "' + "h" * 60_000 + '", "ipv4": "' + "1," * 30_000 + '"}', json.dumps({"error_code": 10**4000}),
]  # fmt: skip


def shape(value: Any) -> str:
    return f"{str(value)[:30]}-{len(str(value))}"


def wrapped(operation: str, found: list[Any], **more: Any) -> dict[str, Any]:
    outer, inner = PATHS[operation]
    return {outer: {inner: found}, **more}


def cloud(**found: list[Any]) -> Replay:
    """Answers each operation with these entries, and those that are not named with none."""
    return Replay(lambda operation, *_: wrapped(operation, found.get(operation, [])) if operation in PATHS else {})


def pace(timeout: float = 100) -> Pace:
    clock = Clock()
    return Pace(timeout, 10, clock, clock.sleep)


def marked(record: dict[str, Any], **own: str) -> dict[str, Any]:
    return record | {"Tags": {"Tag": [{"Key": key, "Value": value} for key, value in own.items()]}}


@pytest.mark.parametrize("odd", broken(SOURCE), ids=shape)
def test_an_odd_source_is_read_or_refused_and_the_matching_goes_on(odd):
    api = cloud(DescribeInstances=INSTANCES, DescribeSourceServers=[odd, OTHER_SOURCE])
    try:
        _found, matches, errors = smc_sources.of_instances(api, [ONE, TWO])
    except CloudError as error:
        assert error.code == "BadAnswer" and odd.get("SourceId") != "s-1"
        return
    json.dumps([smc_match.describe(one) for match in matches.values() for one in match.candidates])
    assert errors == {} and matches[TWO].source and matches[TWO].source["source_id"] == "s-2"
    assert all(isinstance(value, (str, list, dict, type(None))) for value in (matches[ONE].source or {}).values())


@pytest.mark.parametrize("text", TEXTS, ids=shape)
@pytest.mark.parametrize("field", ["SystemInfo", "StatusInfo", "ErrorCode"])
def test_what_a_host_sends_in_place_of_json_costs_at_most_the_match_of_that_host(field, text):
    api = cloud(DescribeInstances=INSTANCES, DescribeSourceServers=[SOURCE | {field: text}, OTHER_SOURCE])
    _found, matches, _errors = smc_sources.of_instances(api, [ONE, TWO])
    assert matches[TWO].source and matches[TWO].source["source_id"] == "s-2"
    for one in smc_sources.search(api):
        assert len(json.dumps(one)) < 70_000 and len(one["addresses"]) <= 128 and len(one["hostname"]) <= 255
        assert all(set(address) <= set("0123456789abcdef.:") for address in one["addresses"])


@pytest.mark.parametrize("text", TEXTS, ids=shape)
@pytest.mark.parametrize("field", ["StatusInfo", "ErrorCode", "Progress"])
def test_what_a_job_says_in_place_of_json_is_cut_and_never_hides_the_job(field, text):
    jobs = smc_jobs.search(cloud(DescribeReplicationJobs=[JOB | {field: text}, OTHER_JOB]))
    assert [one["job_id"] for one in jobs] == ["j-1", "j-2"] and len(json.dumps(jobs)) < 10_000
    assert jobs[0]["progress"] is None or 0 <= jobs[0]["progress"] <= 100


@pytest.mark.parametrize("value", [10**400, "1e999", "-1e999", "nan", "12.5%", "\u00b2"], ids=shape)
def test_a_progress_beyond_all_numbers_is_unknown_or_within_0_and_100(value):
    progress = smc_jobs.normalise(JOB | {"Progress": value, "JobType": value})["progress"]
    assert progress is None or 0 <= progress <= 100


@pytest.mark.parametrize("odd", broken(JOB), ids=shape)
def test_an_odd_job_never_opens_the_way_to_the_instance_of_another_one(odd):
    errors = smc_jobs.guard(cloud(DescribeReplicationJobs=[odd, OTHER_JOB]), pytest.fail)([ONE, TWO])
    assert TWO in errors and errors[TWO].code in ("SmcJobRunning", "BadAnswer")
    assert all(error.code == "BadAnswer" for error in errors.values()) or set(errors) <= {ONE, TWO}


@pytest.mark.parametrize("odd", broken(JOB | {"Status": "Finished"}), ids=shape)
def test_an_odd_job_of_the_run_costs_at_most_its_instance(odd):
    wish = smc_job_wish.Wish(run_id="r1", state="finished", target="alinux3")
    own = marked(odd, os_migration_run_id="r1", **{} if "Tags" not in odd else {tags.INSTANCE_ID: "i-1"})
    jobs = [own, marked(OTHER_JOB | {"Status": "Finished"}, os_migration_run_id="r1")]
    api = cloud(DescribeReplicationJobs=jobs, DescribeInstances=INSTANCES, DescribeSourceServers=[])
    items = [smc_job_wish.Item(ONE), smc_job_wish.Item(TWO)]
    try:
        first, second = smc_job_run.run(api, items, wish, pace(), False, len)
    except CloudError as error:
        assert error.code == "BadAnswer" and odd.get("JobId") != "j-1"
        return
    assert second["error"] is None and second["status"] == "Finished"
    json.dumps(first)
    created = [operation for operation, *_rest in api.calls if operation == "CreateReplicationJob"]
    assert created == [] and (first["error"] is not None or first["status"] == "Finished")


def test_a_state_that_nobody_knows_is_waited_out_and_holds_up_no_other_job():
    wish = smc_job_wish.Wish(run_id="r1", state="finished", target="alinux3")
    jobs = [
        marked(JOB | {"Status": "Hibernated"}, os_migration_run_id="r1", **{tags.INSTANCE_ID: "i-1"}),
        marked(OTHER_JOB | {"Status": "Finished"}, os_migration_run_id="r1", **{tags.INSTANCE_ID: "i-2"}),
    ]
    api = cloud(DescribeReplicationJobs=jobs, DescribeInstances=INSTANCES, DescribeSourceServers=[])
    items = [smc_job_wish.Item(ONE), smc_job_wish.Item(TWO)]
    first, second = smc_job_run.run(api, items, wish, pace(), False, len)
    assert second["error"] is None and first["error"]
    assert not {operation for operation, *_rest in api.calls} & {"CreateReplicationJob", "StartReplicationJob"}


@pytest.mark.parametrize("odd", broken(TOKEN), ids=shape)
def test_an_odd_token_is_read_or_refused(odd):
    api = cloud(ListAccessTokens=[odd, TOKEN | {"AccessTokenId": "at-2"}])
    try:
        found = smc_tokens.by_name(api, "name")
    except CloudError as error:
        assert error.code == "BadAnswer" and odd.get("AccessTokenId") != "at-1"
        return
    assert "at-2" in [one["access_token_id"] for one in found]
    counts = [one[key] for one in found for key in ("count", "registered_count", "ttl_days")]
    assert all(count is None or 0 <= count <= answers.NUMBER_AT_MOST for count in counts)


@pytest.mark.parametrize("junk", JUNK, ids=repr)
@pytest.mark.parametrize("key", ["AccessTokenId", "AccessTokenCode"])
def test_a_new_token_without_an_id_or_a_code_is_refused(key, junk):
    made = {"AccessTokenId": "at-9", "AccessTokenCode": "code-of-it"} | {key: junk}
    api = Replay(lambda operation, *_: made if operation == "CreateAccessToken" else wrapped(operation, []))
    if isinstance(junk, str) and junk:
        assert smc_tokens.create(api, "name", None, 1, 1).access_token_id
        return
    with pytest.raises(CloudError, match="no id or no code"):
        smc_tokens.create(api, "name", None, 1, 1)


@pytest.mark.parametrize("total", JUNK, ids=repr)
def test_a_number_of_tokens_that_is_none_does_not_matter_and_one_too_high_is_an_error(total):
    api = Replay(lambda operation, *_: wrapped(operation, [TOKEN], TotalCount=total))
    assert [one["access_token_id"] for one in smc_tokens.by_name(api, "name")] == ["at-1"]
    with pytest.raises(CloudError, match="5 tokens match"):
        smc_tokens.by_name(Replay(lambda op, *_: wrapped(op, [TOKEN], TotalCount=5)), "name")


def test_a_token_that_comes_twice_is_deleted_once():
    api = Replay(lambda operation, *_: wrapped(operation, [TOKEN, TOKEN], TotalCount=2) if operation in PATHS else {})
    results = smc_tokens.withdraw(api, "name", [], "absent", False)
    assert [one["access_token_id"] for one in results] == ["at-1"]
    assert [operation for operation, *_rest in api.calls].count("DeleteAccessToken") == 1


@pytest.mark.parametrize("work", ["purge", "withdraw"])
def test_tokens_that_never_end_do_end_with_an_error(work, monkeypatch):
    monkeypatch.setattr(answers, "PAGES_AT_MOST", 20)
    count = itertools.count()

    def answer(operation: str, _region: str, params: dict[str, Any]) -> dict[str, Any]:
        named = isinstance(params.get("AccessTokenId"), list)
        new = [] if named else [TOKEN | {"AccessTokenId": f"at-{next(count)}"}]
        return wrapped(operation, new, TotalCount=0 if named else 99) if operation in PATHS else {}

    with pytest.raises(CloudError, match="without an end"):
        smc_tokens.purge(Replay(answer), "name") if work == "purge" else smc_tokens.withdraw(
            Replay(answer), "name", [], "absent", False
        )


WHOLE: list[dict[str, Any]] = [
    {},
    *({outer: junk} for outer, _inner in PATHS.values() for junk in JUNK),
    *({outer: {inner: [junk]}} for outer, inner in PATHS.values() for junk in JUNK if not isinstance(junk, dict)),
    *({outer: {inner: "text"}} for outer, inner in PATHS.values()),
]
READS = {
    "sources": smc_sources.search,
    "jobs": smc_jobs.search,
    "tokens": lambda api: smc_tokens.by_name(api, "name"),
}


@pytest.mark.parametrize("answer", WHOLE, ids=repr)
@pytest.mark.parametrize("read", READS)
def test_an_answer_that_is_something_else_is_an_error_and_not_an_empty_list(read, answer):
    with pytest.raises(CloudError) as caught:
        READS[read](Replay(lambda *_: answer))
    assert caught.value.code == "BadAnswer"


@pytest.mark.parametrize("read", ["sources", "jobs"])
def test_numbered_pages_that_repeat_or_never_end_do_end_with_an_error(read, monkeypatch):
    monkeypatch.setattr(answers, "PAGES_AT_MOST", 20)
    count = itertools.count()

    def fresh(operation: str, *_: Any) -> dict[str, Any]:
        ids = [f"x-{next(count)}" for _number in range(50)]
        return wrapped(operation, [{"JobId": one, "SourceId": one} for one in ids], TotalCount=-1)

    def same(operation: str, *_: Any) -> dict[str, Any]:
        return wrapped(operation, [{"JobId": "j-1", "SourceId": "s-1"}] * 50)

    for answer in (fresh, same):
        api = Replay(answer)
        with pytest.raises(CloudError, match="never ends"):
            READS[read](api)
        assert len(api.calls) <= 21


def test_sources_and_jobs_that_nobody_asked_for_are_left_alone():
    """A service that overlooks a filter must not widen what is deleted, stopped or taken for one's own."""
    foreign = cloud(
        DescribeSourceServers=[SOURCE, marked(OTHER_SOURCE, a="b")], DescribeReplicationJobs=[JOB, OTHER_JOB]
    )
    results = smc_sources.absent(foreign, [], {"a": "b"}, force=True, check=False)
    assert [one["source_id"] for one in results] == ["s-2"]
    assert [
        params["SourceId"] for operation, _region, params in foreign.calls if operation == "DeleteSourceServer"
    ] == ["s-2"]
    assert list(smc_sources.by_ids(foreign, ["s-9"])) == [] and list(smc_jobs.by_ids(foreign, ["j-9"])) == []
    assert smc_jobs.of_sources(foreign, ["s-9"]) == [] and smc_jobs.of_run(foreign, "r1") == []
    assert smc_tokens.by_ids(cloud(ListAccessTokens=[TOKEN]), ["at-9"]) == []


def test_ids_that_come_twice_are_one_source_and_one_job():
    api = cloud(DescribeSourceServers=[SOURCE, SOURCE], DescribeReplicationJobs=[JOB, JOB])
    assert len(smc_sources.search(api)) == 1 and len(smc_jobs.search(api)) == 1


@pytest.mark.parametrize("junk", [one for one in JUNK if not (isinstance(one, str) and one)], ids=repr)
def test_a_creation_that_names_no_job_is_an_error(junk):
    with pytest.raises(CloudError, match="no id"):
        smc_jobs.create(Replay(lambda *_: {"JobId": junk}), {}, {}, ONE)


@pytest.mark.parametrize("wrong", [[{"SourceId": None}], [7], None], ids=repr)
def test_an_unreadable_look_after_a_lost_answer_is_an_error_and_never_taken_for_success(wrong):
    def answer(operation: str, *_: Any) -> dict[str, Any]:
        if operation == "DeleteSourceServer":
            raise LostAnswer("NoAnswer", "lost", kind="unsure")
        return {"SourceServers": {"SourceServer": wrong}}

    with pytest.raises(CloudError) as caught:
        smc_sources.delete(Replay(answer), "s-1", False)
    assert caught.value.code == "BadAnswer"


@pytest.mark.parametrize(
    "output",
    [
        b"",
        b"\xff\xfe\x00" * 1000,
        b"x" * 10_000_000,
        b"Import Source Server [s-1; rm] Successfully!",
        b"\x1b]0;t\x07" * 99,
    ],
    ids=shape,
)
def test_what_a_host_prints_in_place_of_its_source_is_an_error_of_that_host_alone(output):
    tasks = [smc_import.Task(ONE), smc_import.Task(TWO)]
    good = b"Import Source Server [s-2] Successfully!"
    for task, printed in zip(tasks, (output, good), strict=True):
        smc_import._take_outcome(task, Outcome("Failed", 1, printed), "the-code")
    assert tasks[1].error is None and tasks[1].source_id == "s-2"
    error = tasks[0].error
    assert error is not None and error.code == "ImportFailed"
    assert len(str(error)) < 2000 and str(error).isprintable()
