"""A command or a file must end here as it may end in the cloud: cut off, too late, refused, or with half of its output."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from alibabacloud_ecs20140526 import models as ecs

from simulator import fleet
from simulator.assistant_world import cut
from simulator.errors import ApiError
from simulator.operations import OPERATIONS, Context
from simulator.pytest_plugin import Simulator
from simulator.world import World

REGION = "cn-hangzhou"
SECRET = "Sehr geheimer Aktivierungscode 4711"
ANSWERS: list[dict[str, Any]] = [
    {"match": "settled", "system": ["alinux3"], "settling": True, "output": '{"settled":false}'},
    {"match": "settled", "system": ["alinux3"], "output": '{"settled":true}'},
    {"match": "settled", "output": '{"settled":false,"id":"centos"}'},
    {"match": "^whoami", "output": '{"host":"{hostname}","id":"{instance_id}","ip":"{private_ip}","boot":"{boot_id}"}'},
    {"match": "^fail", "exit_code": 3, "output": "no such luck\n"},
    {"match": "^slow", "delay_s": 90, "output": "late"},
    {"match": "^big", "output": "A" * 10_000 + "B" * 20_000 + "C" * 10_000},
    {"match": "^reboot", "output": "going", "effect": "reboot"},
    {"match": "^poweroff", "effect": "power_off"},
]
HOSTS = [
    {"name": "web", "count": 1000, "system": "centos8", "users": ["app"]},
    {"name": "mute", "instance_id": "i-mute", "assistant": "offline"},
    {"name": "bare", "instance_id": "i-bare", "assistant": "missing"},
    {"name": "off", "instance_id": "i-off", "status": "Stopped"},
    {"name": "one", "instance_id": "i-one", "users": ["app"]},
]
FLEET: dict[str, Any] = {
    "clock_rate": 0,
    "clock_base": 1_800_000_000,
    "timing": {"stop_s": 30, "start_s": 40, "assistant_boot_s": 20, "assistant_deliver_s": 1},
    "assistant": {"answers": ANSWERS, "daily_quota": 1500},
    "regions": {REGION: {"instances": HOSTS}},
}


class Bench:
    """The operations on a world of their own, with time that only `at` moves."""

    def __init__(self, **more: Any) -> None:
        self.now = 1_800_000_000.0
        self.world: World = fleet.build(fleet.settings({**FLEET, **more}), self.now)
        self.region = self.world.regions[REGION]

    def call(self, op: str, **given: Any) -> dict[str, Any]:
        self.world.settle(self.now)
        return OPERATIONS["ecs", op].handler(Context(self.world, self.region, self.now), given)

    def wait(self, seconds: float) -> None:
        self.now += seconds

    def run(self, content: str, *ids: str, **more: Any) -> str:
        given = {"Type": "RunShellScript", "CommandContent": content, "InstanceId": list(ids or ("i-one",)), **more}
        made: str = self.call("RunCommand", **given)["InvokeId"]
        return made

    def results(self, **given: Any) -> list[dict[str, Any]]:
        answer = self.call("DescribeInvocationResults", **{"ContentEncoding": "PlainText", "MaxResults": 50, **given})
        rows: list[dict[str, Any]] = answer["Invocation"]["InvocationResults"]["InvocationResult"]
        return rows

    def result(self, invoke_id: str) -> tuple[Any, ...]:
        """(status, record status, error code, exit code, output) of the only instance."""
        (row,) = self.results(InvokeId=invoke_id)
        names = ("InvocationStatus", "InvokeRecordStatus", "ErrorCode", "ExitCode", "Output")
        return tuple(row.get(name) for name in names)

    def overall(self, invoke_id: str) -> tuple[str, str]:
        (one,) = self.call("DescribeInvocations", InvokeId=invoke_id)["Invocations"]["Invocation"]
        return one["InvokeStatus"], one["InvocationStatus"]

    def agent(self, instance_id: str = "i-one") -> dict[str, Any]:
        answer = self.call("DescribeCloudAssistantStatus", InstanceId=[instance_id])
        (row,) = answer["InstanceCloudAssistantStatusSet"]["InstanceCloudAssistantStatus"]
        found: dict[str, Any] = row
        return found

    def send(self, name: str = "motd", *ids: str, **more: Any) -> str:
        given = {"Name": name, "TargetDir": "/etc", "Content": SECRET, "InstanceId": list(ids or ("i-one",)), **more}
        made: str = self.call("SendFile", **given)["InvokeId"]
        return made

    def sent(self, invoke_id: str) -> tuple[str, str]:
        (one,) = self.call("DescribeSendFileResults", InvokeId=invoke_id)["Invocations"]["Invocation"]
        (row,) = one["InvokeInstances"]["InvokeInstance"]
        return row["InvocationStatus"], row["ErrorCode"]


def refused(bench: Bench, op: str, **given: Any) -> tuple[str, int]:
    with pytest.raises(ApiError) as caught:
        bench.call(op, **given)
    return caught.value.code, caught.value.status


def test_a_command_is_pending_then_running_then_done() -> None:
    bench = Bench()
    made = bench.run("whoami")
    assert bench.result(made)[:4] == ("Pending", "Running", "", None)
    assert bench.overall(made) == ("Running", "Pending")
    bench.wait(1)
    assert bench.result(made)[:2] == ("Running", "Running")
    assert bench.agent()["ActiveTaskCount"] == 1
    bench.wait(2)
    status, record, error, code, output = bench.result(made)
    assert (status, record, error, code) == ("Success", "Finished", "", 0)
    one = bench.region.instances["i-one"]
    told = json.loads(output)
    assert (told["host"], told["id"], told["ip"]) == ("one", "i-one", one.private_ip)
    assert bench.overall(made) == ("Finished", "Success")
    assert (bench.agent()["ActiveTaskCount"], bench.agent()["InvocationCount"]) == (0, 1)


@pytest.mark.parametrize(
    ("content", "more", "after", "ends"),
    [
        ("fail", {}, 3, ("Failed", "Failed", "ExitCodeNonzero", 3, "no such luck\n")),
        ("unheard of", {}, 3, ("Failed", "Failed", "ExitCodeNonzero", 127, "sh: command not found\n")),
        ("slow", {}, 61, ("Timeout", "Failed", "ExecutionTimeout", None, "")),
        ("slow", {"Timeout": 300}, 61, ("Running", "Running", "", None, "")),
        ("slow", {"Timeout": 300}, 91, ("Success", "Finished", "", 0, "late")),
        ("whoami", {"Username": "nobody"}, 2, ("Invalid", "Failed", "AccountNotExists", None, "")),
        ("whoami", {"WorkingDir": "/nowhere"}, 2, ("Invalid", "Failed", "DirectoryNotExists", None, "")),
        ("settled", {"Username": "app", "WorkingDir": "/tmp/"}, 3,
         ("Success", "Finished", "", 0, '{"settled":false,"id":"centos"}')),
    ],
)  # fmt: skip
def test_a_command_ends_as_its_answer_and_its_limits_say(
    content: str, more: dict[str, Any], after: float, ends: tuple[Any, ...]
) -> None:
    bench = Bench()
    made = bench.run(content, **more)
    bench.wait(after)
    assert bench.result(made) == ends


@pytest.mark.parametrize(
    ("instance_id", "after", "error"),
    [("i-bare", 1, "ClientNotRunning"), ("i-mute", 60, "ClientNotResponse")],
)
def test_a_command_for_an_agent_that_does_not_answer_is_never_delivered(
    instance_id: str, after: float, error: str
) -> None:
    bench = Bench()
    made = bench.run("whoami", instance_id)
    assert bench.result(made)[0] == "Pending"
    bench.wait(after)
    assert bench.result(made)[:4] == ("Aborted", "Failed", error, None)
    assert bench.overall(made) == ("Failed", "Failed")


def test_a_command_waits_for_an_agent_that_starts_soon() -> None:
    bench = Bench()
    bench.call("RebootInstances", InstanceId=["i-one"])
    bench.wait(75)
    made = bench.run("whoami")
    bench.wait(15)
    assert bench.result(made)[0] == "Pending"
    bench.wait(3)
    assert bench.result(made)[0] == "Success"


def test_a_command_for_an_agent_that_starts_too_late_is_not_delivered() -> None:
    bench = Bench(timing={"stop_s": 1, "start_s": 1, "assistant_boot_s": 300})
    bench.call("RebootInstances", InstanceId=["i-one"])
    bench.wait(3)
    made = bench.run("whoami")
    bench.wait(61)
    assert bench.result(made)[:3] == ("Aborted", "Failed", "DeliveryTimeout")


@pytest.mark.parametrize("op", ["RebootInstances", "StopInstances"])
def test_a_power_change_cuts_a_running_command_off(op: str) -> None:
    bench = Bench()
    made = bench.run("slow", Timeout=600)
    bench.wait(10)
    bench.call(op, InstanceId=["i-one"])
    assert bench.result(made)[:4] == ("Error", "Failed", "ExecutionInterrupted", None)
    bench.wait(600)
    assert bench.result(made)[2] == "ExecutionInterrupted"


def test_a_reboot_before_a_command_is_delivered_loses_it() -> None:
    bench = Bench()
    made = bench.run("slow")
    bench.call("RebootInstances", InstanceId=["i-one"])
    bench.wait(61)
    assert bench.result(made)[:3] == ("Aborted", "Failed", "DeliveryTimeout")


def test_a_power_change_after_the_end_of_a_command_changes_nothing() -> None:
    bench = Bench()
    made = bench.run("whoami")
    bench.wait(3)
    bench.call("StopInstances", InstanceId=["i-one"])
    bench.wait(100)
    assert bench.result(made)[0] == "Success"


def test_a_command_that_reboots_is_interrupted_and_the_next_boot_has_another_id() -> None:
    bench = Bench()
    first = bench.run("whoami")
    other = bench.run("slow", Timeout=600)
    bench.wait(5)
    reboot = bench.run("reboot")
    bench.wait(3)
    assert bench.result(reboot) == ("Error", "Failed", "ExecutionInterrupted", None, "going")
    assert bench.result(other)[2] == "ExecutionInterrupted"
    assert bench.region.instances["i-one"].status == "Running"
    bench.wait(100)
    again = bench.run("whoami")
    bench.wait(3)
    boots = [json.loads(bench.result(made)[4])["boot"] for made in (first, again)]
    assert boots[0] != boots[1]


def test_a_command_that_powers_off_stops_its_instance() -> None:
    bench = Bench()
    bench.run("poweroff")
    bench.wait(40)
    bench.world.settle(bench.now)
    one = bench.region.instances["i-one"]
    assert one.status == "Stopped"
    bench.call("StartInstances", InstanceId=["i-one"])
    bench.wait(100)
    made = bench.run("whoami")
    bench.wait(3)
    assert bench.result(made)[0] == "Success"


def test_what_was_cut_off_has_no_effect() -> None:
    bench = Bench()
    bench.run("reboot")
    bench.wait(2)
    boots = bench.region.instances["i-one"].agent.boots
    bench.call("StopInstances", InstanceId=["i-one"], ForceStop=True)
    bench.wait(200)
    bench.world.settle(bench.now)
    assert bench.region.instances["i-one"].status == "Stopped"
    assert bench.region.instances["i-one"].agent.boots == boots


@pytest.mark.parametrize(("system", "settling", "said"), [
    ("centos8", 0, '{"settled":false,"id":"centos"}'),
    ("alinux3", 100, '{"settled":false}'),
    ("alinux3", 0, '{"settled":true}'),
])  # fmt: skip
def test_an_answer_depends_on_the_system_and_on_whether_it_settles(system: str, settling: float, said: str) -> None:
    bench = Bench()
    one = bench.region.instances["i-one"]
    one.system, one.settling_until = system, bench.now + settling
    made = bench.run("settled")
    bench.wait(3)
    assert bench.result(made)[4] == said


def test_a_stopped_command_ends_and_those_that_ended_stay_as_they_were() -> None:
    bench = Bench()
    web = [one.instance_id for one in bench.region.instances.values() if one.name.startswith("web")][:2]
    done = bench.run("whoami", *web)
    slow = bench.run("slow", *web, Timeout=600)
    bench.wait(5)
    bench.call("StopInvocation", InvokeId=done)
    bench.call("StopInvocation", InvokeId=slow, InstanceId=web[:1])
    assert [row["InvocationStatus"] for row in bench.results(InvokeId=slow)] == ["Stopping", "Running"]
    assert bench.overall(slow) == ("Running", "Running")
    bench.wait(2)
    assert [row["InvokeRecordStatus"] for row in bench.results(InvokeId=slow)] == ["Stopped", "Running"]
    assert [row["InvocationStatus"] for row in bench.results(InvokeId=done)] == ["Success"] * 2
    bench.wait(200)
    assert bench.overall(slow) == ("Finished", "Success")
    pending = bench.run("slow", Timeout=600)
    bench.call("StopInvocation", InvokeId=pending)
    assert bench.result(pending)[:2] == ("Cancelled", "Stopped")
    assert bench.overall(pending) == ("Stopped", "Stopped")
    wrong = refused(bench, "StopInvocation", InvokeId=slow, InstanceId=["i-one"])
    assert wrong == ("InvalidInstanceId.NotFound", 404)


def test_failures_on_some_instances_are_told_apart_from_failures_on_all() -> None:
    bench = Bench()
    both = bench.run("whoami", "i-one", "i-bare")
    bench.wait(3)
    assert bench.overall(both) == ("PartialFailed", "PartialFailed")


def test_of_a_long_output_beginning_and_end_are_left_and_the_rest_is_counted() -> None:
    bench = Bench()
    made = bench.run("big")
    bench.wait(3)
    (row,) = bench.results(InvokeId=made)
    assert row["Dropped"] == 40_000 - 24 * 1024
    assert len(row["Output"]) == 24 * 1024
    assert row["Output"].startswith("A" * 6000 + "B") and row["Output"].endswith("B" + "C" * 10_000)


@pytest.mark.parametrize(("size", "dropped"), [(24 * 1024, 0), (24 * 1024 + 1, 1)])
def test_an_output_is_whole_up_to_its_limit(size: int, dropped: int) -> None:
    kept, missing = cut(bytes(size))
    assert (len(kept), missing) == (24 * 1024, dropped)


def test_the_output_is_base64_unless_plain_text_is_asked_for() -> None:
    bench = Bench()
    made = bench.run("fail")
    bench.wait(3)
    (row,) = bench.results(InvokeId=made, ContentEncoding="Base64")
    assert base64.b64decode(row["Output"]) == b"no such luck\n"
    one = bench.call("DescribeInvocations", InvokeId=made, IncludeOutput=True)["Invocations"]["Invocation"][0]
    assert base64.b64decode(one["InvokeInstances"]["InvokeInstance"][0]["Output"]) == b"no such luck\n"
    quiet = bench.call("DescribeInvocations", InvokeId=made)["Invocations"]["Invocation"][0]
    assert "Output" not in quiet["InvokeInstances"]["InvokeInstance"][0]


@pytest.mark.parametrize(
    ("op", "given", "code", "status"),
    [
        ("RunCommand", {"InstanceId": ["i-one"] * 101}, "InstanceIds.ExceedLimit", 403),
        ("RunCommand", {"CommandContent": "x" * 18_433}, "CmdContent.ExceedLimit", 403),
        ("RunCommand", {"Username": "x" * 256}, "Username.ExceedLimit", 403),
        ("RunCommand", {"Name": "x" * 129}, "CmdName.ExceedLimit", 403),
        ("RunCommand", {"Description": "x" * 513}, "CmdDesc.ExceedLimit", 403),
        ("RunCommand", {"WorkingDir": "/" + "x" * 200}, "InvalidParameter.WorkingDir", 400),
        ("RunCommand", {"ClientToken": "x" * 65}, "InvalidClientToken.Malformed", 400),
        ("RunCommand", {"Tag": [{"Key": f"k{number}", "Value": ""} for number in range(21)]}, "NumberExceed.Tags", 400),
        ("SendFile", {"InstanceId": ["i-one"] * 51}, "InstanceIds.ExceedLimit", 403),
        ("SendFile", {"Content": "x" * 24_577}, "FileSize.ExceedLimit", 403),
        ("SendFile", {"Name": "x" * 256}, "FileName.ExceedLimit", 403),
        ("SendFile", {"Description": "x" * 513}, "FileDesc.ExceedLimit", 403),
        ("SendFile", {"TargetDir": "/" + "x" * 255}, "FileTargetDir.Invalid", 400),
        ("SendFile", {"FileOwner": "x" * 65}, "InvalidParameter.FileOwner", 400),
        ("DescribeCloudAssistantStatus", {"InstanceId": ["i-one"] * 51}, "InstanceIds.ExceedLimit", 403),
        ("InstallCloudAssistant", {"InstanceId": ["i-one"] * 51}, "InstanceIds.ExceedLimit", 403),
    ],
)
def test_what_is_too_long_or_too_many_is_refused(op: str, given: dict[str, Any], code: str, status: int) -> None:
    whole: dict[str, dict[str, Any]] = {
        "RunCommand": {"Type": "RunShellScript", "CommandContent": "whoami", "InstanceId": ["i-one"]},
        "SendFile": {"Name": "a", "TargetDir": "/etc", "Content": "x", "InstanceId": ["i-one"]},
    }
    assert refused(Bench(), op, **{**whole.get(op, {}), **given}) == (code, status)


def test_what_just_fits_is_accepted() -> None:
    bench = Bench()
    content = base64.b64encode(b"x" * 18_432).decode()
    assert len(content) == 24 * 1024
    bench.run(content, ContentEncoding="Base64")
    bench.send(Content="x" * 24_576)
    with pytest.raises(ApiError, match=r"CmdContent\.ExceedLimit"):
        bench.run(content + "eA==", ContentEncoding="base64")


def test_more_commands_than_a_day_allows_are_refused_until_the_next_day() -> None:
    bench = Bench(assistant={"daily_quota": 3})
    bench.run("whoami", "i-one", "i-bare")
    assert refused(bench, "RunCommand", Type="RunShellScript", CommandContent="x", InstanceId=["i-one", "i-bare"]) == (
        "Invocation.ExceedQuota", 403,
    )  # fmt: skip
    bench.run("whoami")
    bench.wait(86400)
    bench.run("whoami", "i-one", "i-bare")


def test_a_dry_run_leaves_nothing_behind() -> None:
    bench = Bench()
    bench.run("whoami", RepeatMode="DryRun")
    assert bench.results() == []
    assert refused(
        bench, "RunCommand", Type="RunShellScript", CommandContent="x", InstanceId=["i-mute"], RepeatMode="DryRun"
    ) == ("InvalidInstance.NotMatch", 400)


def test_agents_show_heartbeats_and_who_does_not_answer() -> None:
    bench = Bench()
    assert [bench.agent(name)["CloudAssistantStatus"] for name in ("i-one", "i-mute", "i-bare", "i-off")] == [
        "true", "false", "false", "false",
    ]  # fmt: skip
    bench.wait(90)
    assert bench.agent()["LastHeartbeatTime"] == "2027-01-15T08:01:00Z"
    bench.call("StopInstances", InstanceId=["i-one"])
    bench.wait(30)
    assert bench.agent()["CloudAssistantStatus"] == "false"
    bench.call("StartInstances", InstanceId=["i-one"])
    bench.wait(50)
    assert bench.agent()["LastHeartbeatTime"] == "2027-01-15T08:01:00Z"
    bench.wait(10)
    assert bench.agent()["CloudAssistantStatus"] == "true"
    assert bench.agent()["LastHeartbeatTime"] == "2027-01-15T08:03:00Z"


def test_an_agent_that_fell_silent_still_counts_as_online_for_two_minutes() -> None:
    bench = Bench(timing={"stop_s": 200, "start_s": 40, "assistant_boot_s": 20, "assistant_deliver_s": 1})
    bench.run("reboot")
    bench.wait(120)
    assert bench.agent()["CloudAssistantStatus"] == "true"
    bench.wait(2)
    assert bench.agent()["CloudAssistantStatus"] == "false"


def test_an_installed_agent_answers_after_a_restart_and_not_before() -> None:
    bench = Bench()
    bench.call("InstallCloudAssistant", InstanceId=["i-bare"])
    assert bench.agent("i-bare")["CloudAssistantStatus"] == "false"
    bench.call("RebootInstances", InstanceId=["i-bare"])
    bench.wait(100)
    assert bench.agent("i-bare")["CloudAssistantStatus"] == "true"
    made = bench.run("whoami", "i-bare")
    bench.wait(3)
    assert bench.result(made)[0] == "Success"


def test_a_file_is_written_once_unless_it_may_be_overwritten() -> None:
    bench = Bench()
    first = bench.send(FileMode="0600", FileOwner="app", FileGroup="app")
    assert bench.sent(first) == ("Pending", "")
    bench.wait(2)
    assert bench.sent(first) == ("Success", "")
    again, over = bench.send(), bench.send(Overwrite=True, FileMode="0640")
    bench.wait(2)
    assert (bench.sent(again), bench.sent(over)) == (("Failed", "FileAlreadyExists"), ("Success", ""))
    kept = bench.region.instances["i-one"].agent.files["/etc/motd"]
    assert (kept["size"], kept["mode"], kept["owner"]) == (len(SECRET), "0640", "root")


@pytest.mark.parametrize(
    ("given", "ends"),
    [
        ({"FileOwner": "nobody"}, ("Invalid", "AccountNotExists")),
        ({"FileGroup": "wheel"}, ("Invalid", "UserGroupNotExists")),
        ({"name": "../motd"}, ("Invalid", "FileNameInvalid")),
    ],
)
def test_a_file_that_cannot_be_written_says_why(given: dict[str, Any], ends: tuple[str, str]) -> None:
    bench = Bench()
    made = bench.send(**given)
    bench.wait(2)
    assert bench.sent(made) == ends


def test_a_file_is_not_written_when_the_instance_goes_down_before() -> None:
    bench = Bench()
    made = bench.send()
    bench.call("RebootInstances", InstanceId=["i-one"])
    bench.wait(61)
    assert bench.sent(made) == ("Aborted", "DeliveryTimeout")
    assert not bench.region.instances["i-one"].agent.files


def test_a_failure_that_was_planned_strikes_the_command() -> None:
    bench = Bench()
    bench.world.fail_work = True
    made = bench.run("whoami")
    bench.wait(3)
    assert bench.result(made)[:3] == ("Error", "Failed", "ExecutionException")


@pytest.mark.parametrize(
    "answer",
    [
        {"match": "("},
        {"output": "x"},
        {"match": "x", "colour": "red"},
        {"match": "x", "effect": "explode"},
        {"match": "x", "effect": "smc_import"},
        {"match": "x", "effect": "smc_import", "code": "no group"},
        {"match": "x", "output": "a", "output_file": "b"},
        {"match": "x", "output_file": "not there"},
    ],
    ids=str,
)
def test_an_answer_that_means_nothing_is_refused(answer: dict[str, Any]) -> None:
    with pytest.raises(fleet.FleetError, match="assistant"):
        fleet.settings({**FLEET, "assistant": {"answers": [answer]}})


def test_an_output_file_lies_beside_the_fleet_file(tmp_path: Path) -> None:
    (tmp_path / "probe.json").write_text('{"probe": 1, "host": "{hostname}"}')
    answers = [{"match": "probe", "output_file": "probe.json"}]
    settings = fleet.settings({**FLEET, "assistant": {"answers": answers}}, tmp_path)
    assert settings.assistant.answers[0].output == '{"probe": 1, "host": "{hostname}"}'


def test_an_import_by_command_makes_a_source_with_the_code_that_was_sent() -> None:
    answers = [{"match": "go2aliyun", "effect": "smc_import", "code": r"code='([^']*)'", "output": "importing\n"}]
    bench = Bench(assistant={"answers": answers})
    context = Context(bench.world, bench.region, bench.now)
    code = OPERATIONS["smc", "CreateAccessToken"].handler(context, {"Count": "5"})["AccessTokenCode"]
    good, bad = bench.run(f"code='{code}' go2aliyun"), bench.run("code='wrong' go2aliyun")
    bench.wait(3)
    status, _record, _error, _code, said = bench.result(good)
    (source,) = bench.world.smc.sources.values()
    assert (status, source.hostname) == ("Success", "one")
    assert said == f"importing\nImport Source Server [{source.source_id}] Successfully!\n"
    assert bench.result(bad)[2:4] == ("ExitCodeNonzero", 1)
    assert "Import Source Server Failed" in bench.result(bad)[4]


# By the SDK, through the process


def targets(client: Any, count: int) -> list[str]:
    found: list[str] = []
    token = None
    while len(found) < count and token != "":
        request = ecs.DescribeInstancesRequest(
            region_id=REGION, max_results=100, next_token=token, instance_name="web-*"
        )
        body = client.describe_instances(request).body
        found += [one.instance_id for one in body.instances.instance]
        token = body.next_token
    return found[:count]


def test_a_thousand_instances_answer_each_for_itself(client: Any, simulator: Simulator) -> None:
    ids = targets(client, 1000)
    for first in range(0, 1000, 100):
        request = {"region_id": REGION, "type": "RunShellScript", "command_content": "whoami", "name": "all"}
        client.run_command(ecs.RunCommandRequest(**request, instance_id=ids[first:first + 100]))  # fmt: skip
    simulator.advance(3)
    rows, token = [], None
    while token != "":
        asked = ecs.DescribeInvocationResultsRequest(
            region_id=REGION, max_results=50, next_token=token, content_encoding="PlainText"
        )
        page = client.describe_invocation_results(asked).body.invocation
        rows += page.invocation_results.invocation_result
        token = page.next_token
    assert [row.instance_id for row in rows] == ids
    assert all(json.loads(row.output)["id"] == row.instance_id for row in rows)
    assert len({json.loads(row.output)["boot"] for row in rows}) == 1000
    by_number = ecs.DescribeInvocationResultsRequest(region_id=REGION, page_number=20, page_size=50)
    page = client.describe_invocation_results(by_number).body.invocation
    assert (page.total_count, len(page.invocation_results.invocation_result)) == (1000, 50)


def test_what_was_sent_shows_in_no_log_no_state_and_no_answer(client: Any, simulator: Simulator) -> None:
    here = {"region_id": REGION, "instance_id": targets(client, 1)}
    encoded = base64.b64encode(SECRET.encode()).decode()
    command = {**here, "type": "RunShellScript", "client_token": "t-1", "command_content": encoded}
    invoke = client.run_command(ecs.RunCommandRequest(**command, content_encoding="Base64")).body.invoke_id
    client.run_command(ecs.RunCommandRequest(**{**command, "client_token": "t-2"}))
    file = {**here, "name": "a", "target_dir": "/tmp", "content": encoded, "content_type": "Base64"}
    client.send_file(ecs.SendFileRequest(**file))
    with pytest.raises(Exception, match="FileMode"):
        client.send_file(ecs.SendFileRequest(**file, file_mode="worse"))
    simulator.advance(5)
    told = client.describe_invocations(ecs.DescribeInvocationsRequest(region_id=REGION, invoke_id=invoke))
    files = client.describe_send_file_results(ecs.DescribeSendFileResultsRequest(region_id=REGION))
    seen = json.dumps([simulator.log(), simulator.state(), told.body.to_map(), files.body.to_map()])
    assert SECRET not in seen and encoded not in seen
    kept = simulator.state()["regions"][REGION]["invocations"][invoke]
    assert kept["size"] == len(SECRET)
    assert simulator.log(op="RunCommand")[0]["ids"]["InvokeId"] == invoke


def test_a_command_sent_twice_with_one_token_runs_once(client: Any) -> None:
    request = {"region_id": REGION, "instance_id": targets(client, 1), "type": "RunShellScript", "client_token": "t"}
    ids = {
        client.run_command(ecs.RunCommandRequest(**request, command_content="id")).body.invoke_id for _time in range(2)
    }
    assert len(ids) == 1
    with pytest.raises(Exception, match="IdempotentParameterMismatch"):
        client.run_command(ecs.RunCommandRequest(**request, command_content="rm"))


def test_a_dry_run_counts_as_no_change(client: Any, simulator: Simulator) -> None:
    request = {"region_id": REGION, "instance_id": targets(client, 1), "type": "RunShellScript"}
    client.run_command(ecs.RunCommandRequest(**request, command_content="id", repeat_mode="DryRun"))
    assert simulator.mutating() == []


def test_what_was_sent_is_found_by_its_tags_and_its_name(client: Any, simulator: Simulator) -> None:
    request = {
        "region_id": REGION,
        "instance_id": targets(client, 2),
        "type": "RunShellScript",
        "command_content": "id",
    }
    tag = ecs.RunCommandRequestTag(key="run", value="r1")
    made = client.run_command(ecs.RunCommandRequest(**request, name="look", tag=[tag])).body.invoke_id
    client.run_command(ecs.RunCommandRequest(**request))
    wanted = ecs.DescribeInvocationResultsRequestTag(key="run", value="r1")
    asked = ecs.DescribeInvocationResultsRequest(region_id=REGION, tag=[wanted])
    rows = client.describe_invocation_results(asked).body.invocation.invocation_results.invocation_result
    assert [row.invoke_id for row in rows] == [made, made]
    assert rows[0].tags.tag[0].tag_key == "run"
    named = client.describe_invocations(ecs.DescribeInvocationsRequest(region_id=REGION, command_name="look"))
    assert [one.invoke_id for one in named.body.invocations.invocation] == [made]


def test_a_file_as_long_as_allowed_fits_into_a_request(client: Any, simulator: Simulator) -> None:
    content = base64.b64encode(bytes(range(256)) * 96).decode()
    assert len(content) == 32 * 1024
    file = {"name": "a", "target_dir": "/tmp", "content": content, "content_type": "Base64"}
    made = client.send_file(ecs.SendFileRequest(region_id=REGION, instance_id=targets(client, 50), **file))
    simulator.advance(5)
    asked = ecs.DescribeSendFileResultsRequest(region_id=REGION, invoke_id=made.body.invoke_id)
    (one,) = client.describe_send_file_results(asked).body.invocations.invocation
    assert (one.vm_count, one.invocation_status) == (50, "Success")


def test_the_agents_of_a_whole_region_are_read_page_by_page(client: Any) -> None:
    rows, token = [], None
    while token != "":
        request = ecs.DescribeCloudAssistantStatusRequest(region_id=REGION, max_results=50, next_token=token)
        body = client.describe_cloud_assistant_status(request).body
        rows += body.instance_cloud_assistant_status_set.instance_cloud_assistant_status
        token = body.next_token
    assert len(rows) == 1004
    assert sum(row.cloud_assistant_status == "true" for row in rows) == 1001
