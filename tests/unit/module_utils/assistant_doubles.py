"""A stand-in for Cloud Assistant whose hosts are directories in which /bin/sh really runs what is sent."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cloud_doubles import Clock
from host_driver import relocate

from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.assistant_dispatch import Session
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.batch import Ref
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.errors import CloudError
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.waiter import Pace

OUTPUT_LIMIT = 24 * 1024
Result = dict[str, Any]
# Changes the result of a command, given the instance, the script and how often RunCommand was called before.
Spoil = Callable[[str, str, int, Result], Result]


class Hosts:
    """Cloud and hosts in one. `offline` hosts are refused or fail, `stopped` are not running, others do not exist."""

    def __init__(self, root: Path, names: list[str], shell: str = "/bin/sh") -> None:
        self.root, self.names, self.shell = root, names, shell
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.invocations: dict[str, list[Result]] = {}
        self.tokens: dict[str, str] = {}
        self.offline: set[str] = set()
        self.stopped: set[str] = set()
        self.refuses_offline = False
        self.spoil: Spoil | None = None
        self.scripts: list[str] = []
        self.errors: dict[str, list[CloudError]] = {}
        for name in names:
            for folder in ("run", "tmp", "root"):
                (root / name / folder).mkdir(parents=True)

    def count(self, operation: str) -> int:
        return sum(called == operation for called, _params in self.calls)

    def params(self, operation: str) -> list[dict[str, Any]]:
        return [params for called, params in self.calls if called == operation]

    def left_on(self, name: str) -> list[str]:
        return sorted(path.name for folder in ("run", "tmp") for path in (self.root / name / folder).iterdir())

    def call(
        self, operation: str, region: str, params: dict[str, Any], resource: str | None = None, product: str = "ecs"
    ) -> dict[str, Any]:
        self.calls.append((operation, params))
        if self.errors.get(operation):
            raise self.errors[operation].pop(0)
        answer: dict[str, Any] = getattr(self, operation)(params)
        return answer

    def RunCommand(self, params: dict[str, Any]) -> dict[str, Any]:
        def run(name: str) -> Result:
            content = base64.b64decode(params["CommandContent"]).decode()
            self.scripts.append(content)
            result = self._run(name, content, params["Timeout"])
            return self.spoil(name, content, self.count("RunCommand") - 1, result) if self.spoil else result

        assert len(params["CommandContent"]) <= 24 * 1024
        return self._order(params, 100, run)

    def SendFile(self, params: dict[str, Any]) -> dict[str, Any]:
        def send(name: str) -> Result:
            folder = self._path(name, params["TargetDir"])
            folder.mkdir(parents=True, exist_ok=True)
            (folder / params["Name"]).write_bytes(base64.b64decode(params["Content"]))
            return {"InvocationStatus": "Success"}

        assert len(params["Content"]) <= 32 * 1024
        return self._order(params, 50, send)

    def DescribeInvocationResults(self, params: dict[str, Any]) -> dict[str, Any]:
        entries = self.invocations[params["InvokeId"]]
        start = int(params.get("NextToken", "0"))
        end = start + params["MaxResults"]
        following = {"NextToken": str(end)} if end < len(entries) else {}
        return {"Invocation": {"InvocationResults": {"InvocationResult": entries[start:end]}, **following}}

    def DescribeSendFileResults(self, params: dict[str, Any]) -> dict[str, Any]:
        entries = self.invocations[params["InvokeId"]]
        return {"Invocations": {"Invocation": [{"InvokeInstances": {"InvokeInstance": entries}}]}}

    def DescribeInstances(self, params: dict[str, Any]) -> dict[str, Any]:
        found = [name for name in json.loads(params["InstanceIds"]) if name in self.names]
        entries = [{"InstanceId": one, "Status": "Stopped" if one in self.stopped else "Running"} for one in found]
        return {"Instances": {"Instance": entries}}

    def DescribeCloudAssistantStatus(self, params: dict[str, Any]) -> dict[str, Any]:
        found = [name for name in params["InstanceId"] if name in self.names]
        entries = [
            {"InstanceId": one, "CloudAssistantStatus": str(one not in self.offline | self.stopped).lower()}
            for one in found
        ]
        return {"InstanceCloudAssistantStatusSet": {"InstanceCloudAssistantStatus": entries}}

    def StopInvocation(self, params: dict[str, Any]) -> dict[str, Any]:
        for entry in self.invocations[params["InvokeId"]]:
            if entry["InvocationStatus"] == "Running" and entry["InstanceId"] in params["InstanceId"]:
                entry["InvocationStatus"] = "Terminated"
        return {}

    def _order(self, params: dict[str, Any], most: int, work: Callable[[str], Result]) -> dict[str, Any]:
        ids, token = params["InstanceId"], params.get("ClientToken", f"none-{len(self.calls)}")
        assert 0 < len(ids) <= most and len(token) <= 64
        if token in self.tokens:
            return {"InvokeId": self.tokens[token]}
        if any(one not in self.names for one in ids):
            raise CloudError("InvalidInstance.NotFound", "no such instance")
        if any(one in self.stopped or (self.refuses_offline and one in self.offline) for one in ids):
            raise CloudError("InvalidInstance.NotMatch", "an instance is not fit")
        invoke_id = self.tokens[token] = f"t-{len(self.invocations)}"
        silent = {"InvocationStatus": "Failed", "ErrorCode": "ClientNotRunning", "ErrorInfo": "no agent"}
        self.invocations[invoke_id] = [
            {"InstanceId": one, "InvokeId": invoke_id, **(silent if one in self.offline else work(one))} for one in ids
        ]
        return {"InvokeId": invoke_id}

    def _path(self, name: str, path: str) -> Path:
        return self.root / name / path.lstrip("/")

    def _run(self, name: str, content: str, timeout: int) -> Result:
        """Runs a script in a host whose /run and /tmp are its own."""
        home = self.root / name
        script = home / "root" / "command.sh"
        script.write_text(relocate(content, home))
        done = subprocess.run(
            [self.shell, str(script)], cwd=home / "root", stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL, timeout=min(timeout, 60), check=False)  # fmt: skip
        code = done.returncode
        return {
            "InvocationStatus": "Failed" if code else "Success",
            "ExitCode": code,
            "ErrorCode": "ExitCodeNonzero" if code else "",
            "Output": base64.b64encode(done.stdout[:OUTPUT_LIMIT]).decode(),
            "Dropped": max(0, len(done.stdout) - OUTPUT_LIMIT),
        }


def refs(*names: str, region: str = "cn-hangzhou") -> list[Ref]:
    return [Ref(region, name) for name in names]


def session(hosts: Any, seed: str = "seed", **more: Any) -> Session:
    clock = Clock()
    return Session(hosts, Pace(100, 1, clock, clock.sleep), seed, threads=1, **more)
