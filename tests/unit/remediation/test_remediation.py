# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which remedies a host gets, and what the controller makes of its answer."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from ansible_collections.alicloud.os_migration.plugins.action import host_remediate
from ansible_collections.alicloud.os_migration.plugins.plugin_utils import remediation
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks import REGISTER
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.host import HostError
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.plan import PlanError
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.run import RunDirectory

ROLE = Path(__file__).resolve().parents[3] / "roles/remediate"


def finding(remedy: str | None, status: str = "fired", waived: bool = False) -> dict[str, Any]:
    name = f"X-{remedy}".upper()
    return {"id": name, "status": status, "remediation": {"id": remedy}, "waived": {"reason": "r"} if waived else None}


def test_every_remedy_that_a_finding_names_exists_and_every_remedy_resolves_a_finding() -> None:
    assert {check.remedy for check in REGISTER.values() if check.remedy} == set(remediation.REMEDIES)


def test_host_program_role_and_documentation_know_the_same_remedies() -> None:
    listed = re.search(r"^order='(.*?)'", (ROLE / "files/remedies.sh").read_text(), re.MULTILINE | re.DOTALL)
    assert listed and listed[1].split() == list(remediation.REMEDIES)
    options = yaml.safe_load((ROLE / "meta/argument_specs.yml").read_text())["argument_specs"]["main"]["options"]
    for name in ("os_migration_remediate", "os_migration_remediate_undo"):
        assert set(options[name]["choices"]) == {*remediation.REMEDIES, remediation.ALL_SAFE}
    assert re.findall(r"^\| `([a-z0-9-]+)` \|", (ROLE / "README.md").read_text(), re.MULTILINE) == list(
        remediation.REMEDIES
    )


def test_nothing_but_its_own_name_asks_for_what_applications_may_need() -> None:
    assert "i686" not in remediation.asked(["all-safe"])
    assert remediation.asked(["i686", "version-locks"]) == ["version-locks", "i686"]


def test_a_name_that_does_not_exist_is_no_remedy_and_the_known_ones_are_named() -> None:
    with pytest.raises(PlanError, match=r"'rot-login' is not a remedy.*root-login.*all-safe"):
        remediation.asked(["rot-login"])


@pytest.mark.parametrize(
    ("found", "words", "wanted"),
    [
        ([finding("root-login"), finding("old-kernels")], ["all-safe"], ["old-kernels", "root-login"]),
        ([finding("root-login")], ["old-kernels"], []),
        ([finding("i686")], ["all-safe"], []),
        ([finding("root-login", "unknown")], ["all-safe"], []),
        ([finding("root-login", waived=True)], ["all-safe"], []),
        ([finding("root-login", waived=True)], ["root-login"], ["root-login"]),
        ([finding(None), finding("from-somewhere-else"), {"id": "X"}], ["all-safe"], []),
    ],
)
def test_a_host_gets_what_was_asked_for_and_it_needs(
    found: list[dict[str, Any]], words: list[str], wanted: list[str]
) -> None:
    assert remediation.due(found, words) == wanted


def test_a_finding_that_is_still_there_or_cannot_be_told_any_more_is_not_resolved() -> None:
    assert remediation.unresolved([finding("root-login")], ["all-safe"]) == {"root-login": ["X-ROOT-LOGIN"]}
    unknown = [finding("root-login", "unknown")]
    assert remediation.unresolved(unknown, ["all-safe"], ["root-login"]) == {"root-login": ["X-ROOT-LOGIN"]}
    assert remediation.unresolved(unknown, ["all-safe"]) == {}
    assert remediation.unresolved([], ["all-safe"], ["root-login"]) == {}


@pytest.mark.parametrize(
    "url", ["", "mirror", "ftp://m", "https://m/$(id)", "https://m/\n[x]", "https://u:p@m", "https://m;id"]
)
def test_an_address_that_would_be_more_than_an_address_is_refused(url: str) -> None:
    with pytest.raises(PlanError, match="os_migration_vault_mirror"):
        remediation.check_mirror(url)
    assert remediation.check_mirror("http://mirrors.cloud.aliyuncs.com/") == "http://mirrors.cloud.aliyuncs.com"


@pytest.mark.parametrize(
    "document",
    [{}, {"remediate": 2, "remedies": []}, {"remediate": 1, "refused": "yum is at work", "remedies": []}],
)
def test_an_answer_that_is_none_or_refuses_is_an_error(document: dict[str, Any]) -> None:
    with pytest.raises(HostError):
        remediation.answered(document)


@pytest.mark.parametrize(
    "remedies",
    [
        None,
        "x",
        [7, {"id": "rm -rf"}],
        [{"id": "root-login", "state": ["x"], "acts": "x", "diffs": [7, {"before": 1}]}],
    ],
)
def test_a_forged_answer_never_counts_as_success(remedies: Any) -> None:
    told = remediation.answered({"remediate": 1, "refused": 0, "remedies": remedies})
    assert all(one["state"] == "failed" and not one["changed"] and one["acts"] == [] for one in told)


class Action:
    """The action plugin with a host that answers what the test says; it notes what it was asked."""

    def __init__(self, run: RunDirectory, answer: dict[str, Any], check_mode: bool = False) -> None:
        self.asked: list[tuple[str, ...]] = []
        self.plugin = host_remediate.ActionModule.__new__(host_remediate.ActionModule)
        self.plugin.host, self.plugin._task = "web", SimpleNamespace(check_mode=check_mode, diff=False)
        self.run, self.answer = run, answer

    def __call__(self, *remedies: str, state: str = "applied", mirror: str = "https://m") -> dict[str, Any]:
        self.plugin.given = {
            "run_dir": str(self.run.path), "state": state, "remedies": list(remedies), "vault_mirror": mirror,
            "irreversible": False, "timeout": 5, "wait_timeout": 0,
        }  # fmt: skip

        def patiently(wait: float, program: str, *words: str, timeout: float) -> dict[str, Any]:
            assert program == host_remediate.host_program(*host_remediate.PROGRAM)
            self.asked.append(words)
            return self.answer

        self.plugin.patiently = patiently  # type: ignore[method-assign]
        return self.plugin.act(self.plugin.given)


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    directory = RunDirectory.create(tmp_path, "r1")
    directory.update_host("web", findings=[finding("root-login"), finding("i686")])
    return directory


def answer(state: str, changed: bool, message: str = "") -> dict[str, Any]:
    acts = ["edit /etc/ssh/sshd_config"]
    one = {"id": "root-login", "state": state, "changed": changed, "acts": acts, "message": message, "diffs": []}
    return {"remediate": 1, "refused": "", "remedies": [one]}


def test_the_host_is_asked_for_what_is_due_and_told_what_was_asked_for(run: RunDirectory) -> None:
    action = Action(run, answer("applied", True))
    assert action("all-safe")["changed"]
    verb, *_options, asked, due = action.asked[0]
    assert (verb, due) == ("apply", "root-login")
    assert asked == ",".join(name for name in remediation.REMEDIES if name != "i686")
    assert [step["name"] for step in run.host_record("web")["steps"]] == ["applied root-login"]


def test_an_empty_list_asks_nothing_of_the_host(run: RunDirectory) -> None:
    action = Action(run, {})
    assert action()["changed"] is False and action.asked == []


@pytest.mark.parametrize(("state", "verb"), [("applied", "plan"), ("undone", "plan-undo")])
def test_check_mode_asks_for_a_plan_only_and_writes_it_down(run: RunDirectory, state: str, verb: str) -> None:
    action = Action(run, answer("planned", False), check_mode=True)
    assert action("all-safe", state=state)["changed"]
    assert [words[0] for words in action.asked] == [verb]
    assert run.host_record("web")["plan"] == ["root-login: edit /etc/ssh/sshd_config"]
    assert run.host_record("web")["steps"] == []


def test_a_remedy_that_was_refused_fails_the_host_with_the_reason(run: RunDirectory) -> None:
    result = Action(run, answer("refused", False, "sshd -T tells nothing"))("all-safe")
    assert result["failed"] and result["msg"] == "root-login: sshd -T tells nothing" and not result["changed"]


def test_a_finding_that_stays_fails_the_host_without_asking_it(run: RunDirectory) -> None:
    action = Action(run, {})
    result = action("all-safe", state="resolved")
    assert result["failed"] and "root-login did not resolve X-ROOT-LOGIN" in result["msg"] and action.asked == []
    run.update_host("web", findings=[])
    assert "failed" not in action("all-safe", state="resolved")


@pytest.mark.parametrize(("remedies", "mirror"), [(("nonsense",), "https://m"), (("all-safe",), "https://m\n[x]")])
def test_what_is_asked_for_in_a_wrong_way_reaches_no_host(
    run: RunDirectory, remedies: tuple[str, ...], mirror: str
) -> None:
    action = Action(run, {})
    with pytest.raises(HostError):
        action(*remedies, mirror=mirror)
    assert action.asked == []
