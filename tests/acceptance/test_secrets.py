# SPDX-License-Identifier: GPL-3.0-or-later
"""Neither the AccessKey secret, nor an STS token, nor an activation code is anywhere where it could be read afterwards.

What cannot be helped is told in docs/secrets.md.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
import os
import secrets
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from leaks import Call, Processes, Relay, files_with, found_in, needles, refusal

from harness import REGION, Cloud, Host, write_yaml
from metadata import MetadataCloud

SMC = {"engine": "smc", "smc_client_url": "https://mirror.example/go2aliyun_client_linux_x86_64.tar.gz"}
KEY_ID = "LTAIofthistest"


class Secrets:
    """Fresh ones, with the characters that real ones have, and an account that has them."""

    def __init__(self) -> None:
        self.secret = "S" + secrets.token_hex(20)
        self.token = "CAIS/" + base64.b64encode(secrets.token_bytes(60)).decode() + "+/="
        self.all = [self.secret, self.token]
        self.account = {"access_key_id": KEY_ID, "access_key_secret": self.secret, "security_token": self.token}
        self.env = {
            "ALIBABA_CLOUD_ACCESS_KEY_ID": KEY_ID,
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": self.secret,
            "ALIBABA_CLOUD_SECURITY_TOKEN": self.token,
        }


@pytest.fixture
def known() -> Secrets:
    return Secrets()


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """The one place where a run can leave something on the controller; the rest of the test is elsewhere."""
    for name in ("work/local", "work/remote", "work/tmp", "work/cwd"):
        (tmp_path / name).mkdir(parents=True)
    return tmp_path / "work"


def everything_kept(work: Path) -> dict[str, str]:
    """Settings with which a run logs all that it can, and removes no temporary file."""
    return {
        "ANSIBLE_LOG_PATH": str(work / "ansible.log"),
        "ANSIBLE_LOCAL_TEMP": str(work / "local"),
        "ANSIBLE_REMOTE_TEMP": str(work / "remote"),
        "ANSIBLE_KEEP_REMOTE_FILES": "1",
        "ANSIBLE_DISPLAY_TRACEBACK": "always",
        "ANSIBLE_DISPLAY_ARGS_TO_STDOUT": "1",
        "DEBUG": "sdk",
        "TMPDIR": str(work / "tmp"),
    }


def assert_nowhere(work: Path, done: subprocess.CompletedProcess[str], watch: Processes, words: list[str]) -> None:
    wanted = needles(words)
    for name, text in (("stdout", done.stdout), ("stderr", done.stderr)):
        lines = [line[:300] for line in text.splitlines() if found_in(line.encode(), wanted)]
        assert not lines and not found_in(text.encode(), wanted), f"a secret is in {name}: {lines[:3]}"
    assert files_with(work, words) == []
    assert watch.with_secret(words) == []
    assert (work / "ansible.log").stat().st_size > 1000, "the log was not where it was looked for"


# The search itself


@pytest.mark.parametrize("secret", [Secrets().secret, Secrets().token], ids=["secret", "token"])
def test_the_search_finds_what_is_planted(tmp_path: Path, secret: str) -> None:
    def zipped(data: bytes) -> bytes:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("ansible/module.py", data)
        return packed.getvalue()

    plain = f"x {secret} y".encode()
    planted = {
        "plain": plain,
        "first half": plain[: 2 + len(secret) // 2],
        "last half": plain[2 + len(secret) // 2 :],
        "base64": base64.b64encode(plain),
        "lines": base64.encodebytes(b"#" * 80 + plain),
        "command": b"content=" + base64.b64encode(b"#!/bin/sh\ncode='" + plain),
        "zip": zipped(plain),
        "payload.py": b"ZIPDATA = '" + base64.b64encode(zipped(json.dumps({"a": secret}).encode())) + b"'",
        "gzip": base64.b64encode(gzip.compress(plain)),
        "deep/er/file": plain,
        f"name {secret.replace('/', '')[-20:]}": b"",
    }
    for name, data in planted.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    (tmp_path / "clean").write_bytes(base64.b64encode(b"nothing of the kind" * 9))
    found = files_with(tmp_path, [secret, secret.replace("/", "")])
    assert sorted(found) == sorted(planted)


def test_the_watch_sees_a_command_line_here_and_in_namespaces(known: Secrets) -> None:
    with Processes() as watch:
        subprocess.run(
            ["unshare", "--mount", "--pid", "--fork", "sh", "-c", "sleep 0.3; : $0", known.token], check=True
        )
        subprocess.run([sys.executable, "-c", "import time; time.sleep(0.3)", known.secret], check=True)
    assert watch.with_secret([known.secret]) and watch.with_secret([known.token])


# A run of many instances through Cloud Assistant


class Careless:
    """A service, and a client, that quote secrets: an import that prints the code, refusals that quote the request."""

    def __init__(self, victim: str, refused: str) -> None:
        self.victim, self.refused = victim, refused
        self.relay: Relay | None = None
        self.invocations: dict[str, str] = {}
        self.quoted: list[str] = []

    def before(self, call: Call) -> Any:
        assert self.relay
        if call.op in ("DeleteAccessToken", "DisableAccessToken"):
            self.quoted.append(call.op)
            code = self.relay.codes[-1]
            quoted = base64.b64encode(f"the code {code}".encode()).decode()
            return refusal("Forbidden.RAM", f"no right to {call.quoted} {code} {quoted}", 403)
        if call.op == "CreateReplicationJob" and self.refused not in self.quoted:
            self.quoted.append(self.refused)
            return refusal("Forbidden.RAM", f"{call.token} must not do this, nor {call.quoted}", 403)
        return None

    def after(self, call: Call, answer: dict[str, Any]) -> None:
        assert self.relay
        if call.op == "RunCommand":
            code = next((one for one in self.relay.codes if one in call.command), None)
            if code:
                self.invocations[answer["InvokeId"]] = code
        if call.op == "DescribeInvocationResults":
            for one in answer["Invocation"]["InvocationResults"]["InvocationResult"]:
                if one["InstanceId"] == self.victim and one["InvokeId"] in self.invocations and "ExitCode" in one:
                    self.quoted.append("import")
                    code = self.invocations[one["InvokeId"]]
                    said = f"read code {code}\n{code[10:]} is refused\n{base64.b64encode(code.encode()).decode()}\n"
                    output = base64.b64encode(said.encode()).decode()
                    one.update(ExitCode=1, InvocationStatus="Failed", ErrorCode="ExitCodeNonzero", Output=output)


def test_a_run_in_which_everybody_quotes_secrets_leaves_them_nowhere(work: Path, known: Secrets) -> None:
    account = {"accounts": [known.account]}
    with MetadataCloud(3, clock_rate=3000, regions=(REGION,), fleet=account) as cloud:
        careless = Careless(cloud.instance_id("host001"), "CreateReplicationJob")
        with Relay(cloud.endpoint, careless.before, careless.after) as relay, Processes() as watch:
            careless.relay = relay
            env = {**known.env, **relay.env, **everything_kept(work)}
            done = cloud.playbook(
                "alicloud.os_migration.migrate", "-vvvv", cwd=work / "cwd", env=env, on_failure="hold", **SMC
            )
        outcomes = cloud.outcomes(work / "cwd")
        report = cloud.report_page(work / "cwd").with_suffix(".json").read_text()
    assert {"import", "DeleteAccessToken", "CreateReplicationJob"} <= set(careless.quoted), done.stdout[-3000:]
    assert "migrated" in outcomes.values() and outcomes["host001"] != "migrated"
    assert "ImportFailed" in report and "read code ***" in report and "Forbidden.RAM: ***" in report
    assert "could not be taken back" in done.stdout + done.stderr
    assert_nowhere(work, done, watch, [*known.all, *relay.codes])


# Credentials that are refused, wherever they come from


def by_environment(known: Secrets, _home: Path) -> Mapping[str, str]:
    return known.env


def by_profile(known: Secrets, home: Path) -> Mapping[str, str]:
    """The default profile of the command line tool, in a home of its own."""
    profile = {
        "name": "default", "mode": "StsToken", "access_key_id": KEY_ID, "access_key_secret": known.secret,
        "sts_token": known.token, "region_id": REGION,
    }  # fmt: skip
    (home / ".aliyun").mkdir(parents=True)
    (home / ".aliyun/config.json").write_text(json.dumps({"current": "default", "profiles": [profile]}))
    return {"HOME": str(home)}


def wrong_signature(call: Call) -> Any:
    return refusal("SignatureDoesNotMatch", f"Not matched. server string to sign is:{call.quoted}. {call.token}")


def wrong_token(call: Call) -> Any:
    return refusal("InvalidSecurityToken.Malformed", f"The token {call.token} is wrong, in {call.quoted}")


def error_page(call: Call) -> Any:
    return 502, {"Content-Type": "text/html"}, f"<html>{call.token}<pre>{call.quoted}</pre></html>".encode()


QUOTING = {"cn-hangzhou": wrong_signature, "cn-beijing": wrong_token, "ap-southeast-1": error_page}


@pytest.mark.parametrize(("source", "regions"), [(by_environment, list(QUOTING)[:2]), (by_profile, list(QUOTING))])
def test_a_service_that_quotes_the_request_brings_no_secret_into_an_error(
    work: Path, tmp_path: Path, known: Secrets, source: Callable[..., Mapping[str, str]], regions: list[str]
) -> None:
    asked: list[Call] = []

    def quoting(call: Call) -> Any:
        asked.append(call)
        return QUOTING[call.region](call)

    with Relay(before=quoting) as relay, Processes() as watch:
        plain = {name: value for name, value in os.environ.items() if not name.startswith(("ALIBABA_", "ALICLOUD_"))}
        env = {
            **plain, **everything_kept(work), **relay.env, **source(known, tmp_path / "home"), "ANSIBLE_NOCOLOR": "1",
            "ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true", "PATH": f"{Path(sys.prefix) / 'bin'}:{os.environ['PATH']}",
        }  # fmt: skip
        inventory = write_yaml(tmp_path / "hosts.yml", {"all": {"hosts": {name: host_in(name) for name in regions}}})
        book = write_yaml(tmp_path / "book.yml", refused_everywhere(regions))
        command = ["ansible-playbook", str(book), "-i", str(inventory), "-vvvv"]
        done = subprocess.run(
            command, cwd=work / "cwd", env=env, text=True, capture_output=True, check=False, timeout=120
        )
    assert {(call.region, call.op) for call in asked} == {
        (region, op) for region in regions for op in ("DescribeInstances", "RunCommand")
    }, done.stdout[-3000:]
    assert {call.token for call in asked} == {known.token}
    assert "failed: [localhost]" in done.stdout and all(f"fatal: [{region}]" in done.stdout for region in regions)
    assert "The token *** is wrong" in done.stdout
    assert_nowhere(work, done, watch, known.all)


def host_in(region: str) -> dict[str, Any]:
    return {
        "os_migration_instance_id": "i-bp1a0000000000000001",
        "os_migration_region": region,
        "ansible_connection": "alicloud.os_migration.cloud_assistant",
    }


def refused_everywhere(regions: list[str]) -> list[dict[str, Any]]:
    """A module and the connection, in every region; all fail."""
    wanted = {"instances": [{"id": "i-bp1a0000000000000001"}], "region": "{{ item }}", "throttle_wait": 0.1}
    module = {"alicloud.os_migration.ecs_instance_info": wanted, "loop": regions, "ignore_errors": True}
    return [
        {"hosts": "localhost", "gather_facts": False, "tasks": [module]},
        {"hosts": "all", "gather_facts": False, "tasks": [{"ansible.builtin.raw": "true"}]},
    ]


# Credentials as options


@pytest.fixture(scope="module")
def small() -> Iterator[tuple[MetadataCloud, Secrets]]:
    owner = Secrets()
    with MetadataCloud(1, regions=(REGION,), fleet={"accounts": [owner.account]}) as cloud:
        yield cloud, owner


def with_options(cloud: Cloud, owner: Secrets, tmp_path: Path, work: Path, **env: str) -> Any:
    """A module that succeeds and one that fails, with the credentials as their options. They come from a vault or the like."""
    options = {**owner.account, "region": REGION, "instances": [{"id": cloud.instance_id("host001")}]}
    variables = write_yaml(tmp_path / "vault.yml", {"given": options})
    tasks = [
        {"alicloud.os_migration.ecs_instance_info": "{{ given }}"},
        {"alicloud.os_migration.ecs_power": "{{ given | combine({'state': 'no such state'}) }}", "ignore_errors": True},
        {
            "alicloud.os_migration.ecs_instance_info": "{{ given | combine({'ecs_endpoint': '?'}) }}",
            "ignore_errors": True,
        },
    ]
    play = {"hosts": "localhost", "gather_facts": False, "vars_files": [str(variables)], "tasks": tasks}
    book = write_yaml(tmp_path / "book.yml", [play])
    anonymous = {name: "" for name in owner.env}
    with Processes() as watch:
        settings = {**everything_kept(work), "ANSIBLE_INJECT_FACT_VARS": "1", **anonymous, **env}
        done = cloud.playbook(str(book), "-vvvv", cwd=work / "cwd", env=settings, target=None, accept_risks=None)
    assert "ok=3" in done.stdout and "ignored=2" in done.stdout, done.stdout[-3000:]
    assert "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER" in done.stdout and KEY_ID in done.stdout
    return done, watch


def test_credentials_given_as_options_are_nowhere_when_modules_are_piped(
    small: tuple[MetadataCloud, Secrets], tmp_path: Path, work: Path
) -> None:
    cloud, owner = small
    done, watch = with_options(cloud, owner, tmp_path, work, ANSIBLE_PIPELINING="1", ANSIBLE_KEEP_REMOTE_FILES="0")
    assert_nowhere(work, done, watch, owner.all)


def test_credentials_given_as_options_are_in_the_files_of_modules_alone_as_documented(
    small: tuple[MetadataCloud, Secrets], tmp_path: Path, work: Path
) -> None:
    cloud, owner = small
    done, watch = with_options(cloud, owner, tmp_path, work)
    kept = files_with(work, owner.all)
    assert kept and all("AnsiballZ_ecs_" in name for name in kept), "the documentation of the options says so"
    for name in kept:
        (work / name).unlink()
    assert_nowhere(work, done, watch, owner.all)


def test_the_cache_of_an_inventory_holds_no_credentials(
    small: tuple[MetadataCloud, Secrets], tmp_path: Path, work: Path
) -> None:
    cloud, owner = small
    cache = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(work / "cache")}
    options = {"plugin": "alicloud.os_migration.ecs", "regions": [REGION], **owner.account, **cache}
    path = write_yaml(tmp_path / "fleet.ecs.yml", options)
    env = cloud.environment(more={**everything_kept(work), **{name: "" for name in owner.env}})
    command = ["ansible-inventory", "-i", str(path), "--list", "-vvvv"]
    with Processes() as watch:
        done = subprocess.run(
            command, cwd=work / "cwd", env=env, text=True, capture_output=True, check=False, timeout=60
        )
    assert cloud.instance_id("host001") in done.stdout, done.stderr
    assert files_with(work / "cache", [cloud.instance_id("host001")]), "nothing was cached"
    assert_nowhere(work, done, watch, owner.all)


# An import over SSH, on real hosts


class GuardedCloud(Cloud):
    """Lab hosts of an account with secrets of this test. One is loud: its client prints the code, and fails."""

    def __init__(self, known: Secrets) -> None:
        super().__init__([Host("loud1"), Host("web1", user="ops")], clock_rate=3000)
        self.known = known

    def _serve(self, fleet: Mapping[str, Any]) -> None:
        super()._serve({**fleet, "accounts": [self.known.account]})

    def _login(self, host: Host) -> dict[str, Any]:
        loud = "printf 'I read %s\\n' '@TOKEN_ID@' '@CODE@'; exit 3"
        own = {"os_migration_smc_import_command": loud, "os_migration_smc_client_url": ""}
        return {**super()._login(host), **(own if host.name == "loud1" else {})}


def files_on(cloud: Cloud, host: str, word: str) -> list[str]:
    """The files of a host that contain a word."""
    places = "/boot /dev/shm /etc /home /opt /root /run /tmp /usr /var"
    script = f'grep -rasl -D skip -F -e "$1" {places}; true'
    return str(cloud.control("run", host, "sh", "-c", script, "search", word)["stdout"]).split()


def no_jobs(call: Call) -> Any:
    """The run ends after the import: what comes then has no code."""
    return refusal("Forbidden.RAM", "no right to make jobs", 403) if call.op == "CreateReplicationJob" else None


@pytest.mark.full
def test_a_code_that_goes_over_ssh_is_nowhere_on_the_hosts_nor_here(work: Path, known: Secrets) -> None:
    with GuardedCloud(known) as cloud, Relay(cloud.endpoint, no_jobs) as relay:
        env = {**known.env, **relay.env, **everything_kept(work)}
        with Processes() as watch:
            done = cloud.playbook(
                "alicloud.os_migration.migrate",
                "-vvvv",
                cwd=work / "cwd",
                env=env,
                engine="smc",
                smc_import="ssh",
                on_failure="hold",
            )
        (source,) = cloud.state()["smc"]["sources"].values()
        assert source["instance_id"] == cloud.instance_id("web1"), done.stdout[-5000:]
        failures = {host["host"]: host["failure"]["message"] for host in cloud.report(work / "cwd")["hosts"]}
        assert "I read ***" in failures["loud1"] and "no right to make jobs" in failures["web1"]
        (code,) = relay.codes
        assert_nowhere(work, done, watch, [*known.all, code])
        for host in cloud.hosts:
            cloud.control("run", host, "sh", "-c", 'printf %s "$1" >/var/tmp/planted', "plant", code)
            assert files_on(cloud, host, code) == ["/var/tmp/planted"]
            assert [files_on(cloud, host, word) for word in known.all] == [[], []]
