# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host program of the remedies on a host in a directory: what it changes, refuses and takes back, wherever it is cut off."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.remediation import REMEDIES
from ansible_collections.alicloud.os_migration.tests.unit.remediation.machine import BASE_REPO, RUNNING, Machine

OLD = ("kernel-3.10.0-957.el7.x86_64", "kernel-3.10.0-1062.el7.x86_64")
SHELLS = [shell for shell in ("dash", "bash") if shutil.which(shell)]
AWKS = [awk for awk in ("mawk", "gawk") if shutil.which(awk)]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "host")


def with_everything(machine: Machine) -> Machine:
    """A host that every remedy has work on."""
    for label in OLD:
        machine.package(label)
    machine.package("glibc-2.17-317.el7.i686")
    machine.package("leapp-0.13-1.el7.noarch")
    machine.write("etc/leapp/leapp.conf", "by hand\n")
    machine.write("var/lib/leapp/deep/er", "\0 binary", 0o600)
    machine.write("boot/vmlinuz-upgrade.x86_64", "upgrade\n")
    machine.write("etc/yum.repos.d/Z.repo", "[base]\nname=again\nbaseurl=http://mirror.example.com/\n", 0o600)
    return machine


def states(answer: dict[str, dict[str, object]]) -> dict[str, object]:
    return {name: one["state"] for name, one in answer.items()}


@pytest.mark.parametrize("awk", AWKS)
@pytest.mark.parametrize("shell", SHELLS)
def test_everything_is_planned_done_once_and_taken_back_to_the_last_byte(tmp_path: Path, shell: str, awk: str) -> None:
    machine = with_everything(Machine(tmp_path / "host", shell, awk))
    before = machine.tree()
    assert set(states(machine.ask("plan", *REMEDIES)).values()) == {"planned"}
    assert machine.tree() == before and not (machine.root / "var/lib/os_migration").exists()

    done = machine.ask("apply", *REMEDIES)
    assert states(done) == dict.fromkeys(REMEDIES, "applied"), done
    after = machine.tree()
    assert [name for name in after if name.startswith("db/")] == [f"db/kernel-{RUNNING}"]
    assert not [name for name in after if "leapp" in name or "upgrade" in name or ".os_migration" in name]

    again = machine.ask("apply", *REMEDIES)
    assert states(again) == dict.fromkeys(REMEDIES, "nothing") and machine.tree() == after
    assert states(machine.ask("plan-undo", *REMEDIES)) == dict.fromkeys(REMEDIES, "planned")
    assert machine.tree() == after
    assert states(machine.ask("undo", *REMEDIES)) == dict.fromkeys(REMEDIES, "undone")
    assert machine.tree() == before
    assert states(machine.ask("undo", *REMEDIES)) == dict.fromkeys(REMEDIES, "nothing")


# Whatever is kept, put in place, noted as a state, removed or installed: it is one of these that makes it so.
CUTS = ("mv", "rpm")


def cut_at(machine: Machine, count: int) -> None:
    """From now on the program is killed in place of that one of its changing calls."""
    counter = machine.root / "counter"
    counter.write_text("")
    for name in CUTS:
        tool = machine.tools / name
        real = machine.tools / f"real-{name}"
        if not real.exists():
            tool.rename(real)
        # Questions to rpm change nothing.
        machine.tool(
            name,
            f'case "$1" in -q*) exec "{real}" "$@" ;; esac\necho >>"{counter}"\n'
            f'if [ "$(wc -l <"{counter}")" -eq {count} ]; then kill -9 "$(cat "{machine.root}/main.pid")"; exit 1; fi\nexec "{real}" "$@"',
        )
    if not (machine.tools / "wc").exists():
        (machine.tools / "wc").symlink_to(str(shutil.which("wc")))


def cut_off(machine: Machine, count: int, verb: str, *ids: str) -> bool:
    """Whether the program had so many changing calls, at the last of which it was killed."""
    cut_at(machine, count)
    killed = machine.run(verb, *ids).returncode == -9
    cut_at(machine, 0)
    return killed


def content(machine: Machine) -> dict[str, str]:
    """The tree without times, which are those of the change."""
    return {name: " ".join([text.split(" ")[0], *text.split(" ")[2:]]) for name, text in machine.tree().items()}


def small(root: Path) -> Machine:
    machine = Machine(root)
    machine.package(OLD[0])
    machine.package("leapp-0.13-1.el7.noarch")
    machine.write("etc/leapp/leapp.conf", "by hand\n")
    return machine


IDS = ("tool-leftovers", "old-kernels", "root-login")
# Every third change, and in the full tier every single one.
every = pytest.mark.parametrize("stride", [3, pytest.param(1, marks=pytest.mark.full)])


@every
def test_wherever_it_is_killed_the_same_command_finishes_it(tmp_path: Path, stride: int) -> None:
    whole = small(tmp_path / "whole")
    whole.ask("apply", *IDS)
    count, killed = 1 - stride, True
    while killed:
        count += stride
        machine = small(tmp_path / str(count))
        killed = cut_off(machine, count, "apply", *IDS)
        # What was begun is finished although its finding may be gone, and so is what had not begun.
        begun = machine.ask("apply", *IDS, due=[])
        rest = machine.ask("apply", *IDS)
        assert content(machine) == content(whole), f"cut off at change {count}: {begun}, {rest}"
    assert count > 10, "it was hardly ever cut off"


@every
def test_wherever_it_is_killed_undo_takes_it_back(tmp_path: Path, stride: int) -> None:
    count, killed = 1 - stride, True
    while killed:
        count += stride
        machine = small(tmp_path / str(count))
        before = machine.tree()
        killed = cut_off(machine, count, "apply", *IDS)
        answer = machine.ask("undo", *IDS)
        assert machine.tree() == before, f"cut off at change {count}: {answer}"
    assert count > 10, "it was hardly ever cut off"


@every
def test_an_undo_that_was_killed_is_finished_by_the_next_call(tmp_path: Path, stride: int) -> None:
    count, killed = 1 - stride, True
    while killed:
        count += stride
        machine = small(tmp_path / str(count))
        before = machine.tree()
        machine.ask("apply", *IDS)
        killed = cut_off(machine, count, "undo", *IDS)
        answer = machine.ask("undo", *IDS)
        assert machine.tree() == before, f"cut off at change {count}: {answer}"
    assert count > 10, "it was hardly ever cut off"


def test_repositories_of_centos_7_point_at_the_vault_and_nothing_else_is_touched(machine: Machine) -> None:
    machine.write("etc/yum.repos.d/epel.repo", "[epel]\nbaseurl=https://dl.example.com/epel/7/\n")
    machine.ask("apply", "vault-mirrors")
    assert machine.read("etc/yum.repos.d/CentOS-Base.repo") == BASE_REPO.replace(
        "[base]\n", "[base]\nbaseurl=https://mirrors.example.com/centos-vault/7.9.2009/os/$basearch/\n"
    ).replace(
        "mirrorlist=http://mirrorlist.centos.org/?release=$releasever&arch=$basearch&repo=os",
        "#mirrorlist=http://mirrorlist.centos.org/?release=$releasever&arch=$basearch&repo=os",
    )
    assert (
        machine.read("fetched") == "https://mirrors.example.com/centos-vault/7.9.2009/os/x86_64/repodata/repomd.xml\n"
    )


@pytest.mark.parametrize(
    ("system", "section", "address"),
    [
        ("8", "baseurl=http://mirror.centos.org/$contentdir/$releasever/BaseOS/$basearch/os/", "8.5.2111/BaseOS/$basearch/os/"),
        ("8", "mirrorlist=http://mirrorlist.centos.org/?release=$releasever&arch=$basearch&repo=extras", "8.5.2111/extras/$basearch/os/"),
        ("8", "baseurl=https://mirrors.aliyun.com/centos/8/AppStream/$basearch/os/\n  http://mirrors.aliyuncs.com/x/", "8.5.2111/AppStream/$basearch/os/"),
        ("8 Stream", "baseurl=http://mirror.centos.org/$contentdir/$stream/BaseOS/$basearch/os/", "8-stream/BaseOS/$basearch/os/"),
        ("8", "baseurl=https://vault.centos.org/8.5.2111/BaseOS/$basearch/os/", ""),
        ("8", "baseurl=https://mirrors.aliyun.com/centos-vault/8.5.2111/BaseOS/$basearch/os/", ""),
        ("7", "baseurl=https://mirrors.aliyun.com/centos/7/os/$basearch/", ""),
    ],
)  # fmt: skip
def test_each_address_that_is_gone_becomes_its_place_in_the_vault(
    machine: Machine, system: str, section: str, address: str
) -> None:
    name = "CentOS Stream" if "Stream" in system else "CentOS Linux"
    machine.write("etc/os-release", f'NAME="{name}"\nID="centos"\nVERSION_ID="{system[0]}"\n')
    (machine.root / "etc/yum.repos.d/CentOS-Base.repo").unlink()
    before = f"[x]\nname=X\n{section}\nenabled=1\n"
    machine.write("etc/yum.repos.d/x.repo", before)
    machine.ask("apply", "vault-mirrors")
    lines = [line for line in machine.read("etc/yum.repos.d/x.repo").splitlines() if not line.startswith("#")]
    wanted = [f"baseurl=https://mirrors.example.com/centos-vault/{address}"] if address else section.splitlines()
    assert sorted(lines) == sorted(["[x]", "name=X", *wanted, "enabled=1"])


@pytest.mark.parametrize("system", ["rhel", "alinux"])
def test_repositories_of_other_systems_are_left_alone(machine: Machine, system: str) -> None:
    machine.write("etc/os-release", f'ID="{system}"\nVERSION_ID="7"\n')
    assert states(machine.ask("apply", "vault-mirrors"))["vault-mirrors"] == "nothing"


def test_a_mirror_that_does_not_answer_changes_nothing(machine: Machine) -> None:
    machine.write("mirror-is-down", "")
    before = machine.tree()
    answer = machine.ask("apply", "vault-mirrors", "version-locks")
    assert answer["vault-mirrors"]["state"] == "refused" and "repomd.xml" in answer["vault-mirrors"]["message"]
    assert answer["version-locks"]["state"] == "applied", "one refusal must not keep the others"
    assert machine.read("etc/yum.repos.d/CentOS-Base.repo") == BASE_REPO
    machine.ask("undo", "version-locks")
    assert machine.tree() == before


def test_kernels_that_run_or_boot_next_stay(machine: Machine) -> None:
    machine.package("kernel-3.10.0-1200.el7.x86_64")
    for label in OLD:
        machine.package(label)
    machine.package("kernel-devel-3.10.0-957.el7.x86_64")
    machine.package("kernel-headers-3.10.0-957.el7.x86_64")
    machine.write("default-kernel", "/boot/vmlinuz-3.10.0-1062.el7.x86_64\n")
    machine.ask("apply", "old-kernels")
    left = sorted(path.name for path in (machine.root / "db").iterdir())
    assert left == sorted(
        [f"kernel-{RUNNING}", "kernel-3.10.0-1200.el7.x86_64", OLD[1], "kernel-headers-3.10.0-957.el7.x86_64"]
    )


@pytest.mark.parametrize(
    ("file", "text", "why"),
    [
        ("default-kernel", "", "which kernel is the default"),
        ("proc/sys/kernel/osrelease", "6.1.0-own\n", "belongs to no kernel package"),
    ],
)
def test_where_the_kernels_are_not_understood_none_is_removed(machine: Machine, file: str, text: str, why: str) -> None:
    for label in OLD:
        machine.package(label)
    machine.write(file, text)
    before = machine.tree()
    answer = machine.ask("apply", "old-kernels")["old-kernels"]
    assert answer["state"] == "refused" and why in answer["message"]
    assert machine.tree() == before


def test_a_package_that_could_not_come_back_is_removed_only_on_request(machine: Machine) -> None:
    for label in OLD:
        machine.package(label, had=label == OLD[0])
    before = machine.tree()
    answer = machine.ask("apply", "old-kernels")["old-kernels"]
    assert answer["state"] == "refused" and OLD[1] in answer["message"] and not answer["changed"]
    assert machine.tree() == before and not (machine.root / "var/lib/os_migration/remediated/old-kernels").exists()

    assert machine.ask("apply", "old-kernels", irreversible=True)["old-kernels"]["state"] == "applied"
    after = machine.tree()
    answer = machine.ask("undo", "old-kernels")["old-kernels"]
    assert answer["state"] == "refused" and OLD[1] in answer["message"]
    assert machine.tree() == after


def test_another_build_of_the_same_name_does_not_pass_for_the_one_that_is_removed(machine: Machine) -> None:
    machine.package(OLD[0])
    machine.write(f"repo/{OLD[0]}", "another header\n")
    assert machine.ask("apply", "old-kernels")["old-kernels"]["state"] == "refused"


def test_a_32_bit_package_that_a_64_bit_one_needs_keeps_all_of_them(machine: Machine) -> None:
    machine.package("glibc-2.17-317.el7.i686")
    machine.package("app-1-1.x86_64", "glibc-2.17-317.el7.i686")
    before = machine.tree()
    answer = machine.ask("apply", "i686")["i686"]
    assert answer["state"] == "refused" and "app-1-1.x86_64" in answer["message"]
    assert machine.tree() == before


@pytest.mark.parametrize(
    ("effective", "stated"), [("yes", "yes"), ("no", "no"), ("without-password", "prohibit-password")]
)
def test_root_may_log_in_exactly_as_before(machine: Machine, effective: str, stated: str) -> None:
    machine.write("sshd-default", f"{effective}\n")
    machine.ask("apply", "root-login")
    assert machine.read("etc/ssh/sshd_config") == (
        f"#PermitRootLogin yes\nPermitRootLogin {stated}\nUsePAM yes\nMatch User joe\n  X11Forwarding no\n"
    )
    assert "reload sshd" in machine.read("systemctl")


def test_a_statement_is_never_put_into_a_block_that_holds_for_some_only(machine: Machine) -> None:
    machine.write("etc/ssh/sshd_config", "Match User joe\n  X11Forwarding no\n  #PermitRootLogin no\n")
    machine.ask("apply", "root-login")
    assert machine.read("etc/ssh/sshd_config").splitlines()[0] == "PermitRootLogin yes"


@pytest.mark.parametrize("trouble", ["sshd-refuses", "sshd-is-silent", "effect-differs"])
def test_the_ssh_server_is_never_left_with_what_it_does_not_accept(machine: Machine, trouble: str) -> None:
    if trouble == "sshd-refuses":
        machine.write("sshd-refuses", "")
    elif trouble == "sshd-is-silent":
        machine.tool("sshd", "exit 255")
    else:  # another file is in the way, so that the statement has no effect
        stated = f'grep -q "^PermitRootLogin" {machine.root}/etc/ssh/sshd_config'
        answer = "echo permitrootlogin no && exit"
        script = (machine.tools / "sshd").read_text().splitlines()[1]
        machine.tool("sshd", f'if [ "$1" = -T ] && {stated}; then {answer}; fi\n{script}')
    before = machine.tree()
    answer = machine.ask("apply", "root-login")["root-login"]
    assert answer["state"] in ("refused", "failed") and answer["message"] and not answer["changed"]
    assert machine.tree() == before


@pytest.mark.parametrize(
    ("file", "text", "why"),
    [
        ("proc/42/comm", "yum\n", "a package manager is at work: yum"),
        ("var/lib/os_migration/r1/state", "state=running\nphase=convert\n", "migration job r1"),
    ],
)
@pytest.mark.parametrize("verb", ["apply", "undo"])
def test_nothing_is_done_beside_other_work_on_the_packages(
    machine: Machine, verb: str, file: str, text: str, why: str
) -> None:
    machine.write(file, text)
    before = machine.tree()
    assert why in machine.ask(verb, *REMEDIES)[""]["message"]
    assert machine.tree() == before


def test_what_was_changed_since_is_not_overwritten(machine: Machine) -> None:
    machine.ask("apply", "version-locks", "root-login")
    machine.write("etc/ssh/sshd_config", "PermitRootLogin no\n")
    answer = machine.ask("undo", "version-locks", "root-login")
    assert states(answer)["root-login"] == "refused" and states(answer)["version-locks"] == "undone"
    assert machine.read("etc/ssh/sshd_config") == "PermitRootLogin no\n"


def test_nothing_of_the_old_system_is_put_into_the_new_one(machine: Machine) -> None:
    machine.ask("apply", "vault-mirrors")
    machine.write("etc/os-release", 'NAME="Alibaba Cloud Linux"\nID="alinux"\nVERSION_ID="3"\n')
    before = machine.tree()
    answer = machine.ask("undo", "vault-mirrors")["vault-mirrors"]
    assert answer["state"] == "refused" and "another system" in answer["message"]
    assert machine.tree() == before


def test_an_update_of_the_same_system_does_not_keep_a_remedy_from_being_taken_back(machine: Machine) -> None:
    machine.write("etc/os-release", 'ID="rhel"\nVERSION_ID="7.8"\n')
    machine.ask("apply", "version-locks")
    machine.write("etc/os-release", 'ID="rhel"\nVERSION_ID="7.9"\n')
    assert states(machine.ask("undo", "version-locks")) == {
        **dict.fromkeys(REMEDIES, "nothing"),
        "version-locks": "undone",
    }


def test_a_remedy_that_was_needed_again_is_taken_back_all_the_way(machine: Machine) -> None:
    before = machine.tree()
    machine.ask("apply", "version-locks")
    path = machine.root / "etc/yum/pluginconf.d/versionlock.list"
    path.write_text("0:curl-7.29.0-59.el7.*\n")
    machine.ask("apply", "version-locks")
    assert path.read_text() == ""
    # Between the two somebody has written the file anew: that is where the first one cannot be taken back.
    assert machine.ask("undo", "version-locks")["version-locks"]["state"] == "refused"
    assert path.read_text() == "0:curl-7.29.0-59.el7.*\n"
    path.write_text("# by hand\n")
    assert machine.ask("undo", "version-locks")["version-locks"]["state"] == "undone"
    assert {name: text for name, text in machine.tree().items() if "versionlock" in name} == {
        name: text for name, text in before.items() if "versionlock" in name
    }


def test_a_directory_of_a_tool_with_something_mounted_in_it_is_left_alone(machine: Machine) -> None:
    machine.write("var/lib/leapp/scratch/x", "")
    machine.write("proc/self/mounts", f"/dev/loop0 {machine.root}/var/lib/leapp/scratch ext4 rw 0 0\n")
    assert "is mounted under" in machine.ask("apply", "tool-leftovers")["tool-leftovers"]["message"]


def test_a_host_that_would_boot_into_an_abandoned_upgrade_boots_its_running_kernel(machine: Machine) -> None:
    machine.write("boot/vmlinuz-upgrade.x86_64", "upgrade\n")
    machine.write("default-kernel", "/boot/vmlinuz-upgrade.x86_64\n")
    answer = machine.ask("apply", "tool-leftovers")["tool-leftovers"]
    assert answer["state"] == "applied", answer
    assert machine.read("default-kernel").endswith(f"/boot/vmlinuz-{RUNNING}\n")


def test_passwords_in_addresses_are_not_in_the_differences(machine: Machine) -> None:
    machine.write("etc/yum.repos.d/Z.repo", "[base]\nbaseurl=https://joe:s3cret@mirror.example.com/\npassword=s3cret\n")
    done = machine.run("plan", "duplicate-repositories", diff=True)
    assert "https://***@mirror.example.com/" in done.stdout and "s3cret" not in done.stdout


@pytest.mark.parametrize("name", ["a b.repo", "$(touch pwned).repo", 'q"\\u0000.repo', "new\nline.repo", "*.repo"])
def test_odd_names_of_files_are_nothing_but_names(machine: Machine, name: str) -> None:
    machine.write(f"etc/yum.repos.d/{name}", "[base]\nname=\x1b[2J\xe9\n")
    before = machine.tree()
    answer = machine.ask("apply", "duplicate-repositories", diff=True)["duplicate-repositories"]
    assert answer["state"] in ("applied", "nothing"), answer
    machine.ask("undo", "duplicate-repositories")
    assert machine.tree() == before and not list(machine.root.rglob("pwned"))


def test_a_full_disk_is_told_before_anything_changes(machine: Machine) -> None:
    machine.package(OLD[0])
    machine.tool("df", "echo header; echo x 1000 900 100 90% /")
    before = machine.tree()
    answer = machine.ask("apply", "old-kernels")["old-kernels"]
    assert answer["state"] == "refused" and "MiB are needed" in answer["message"]
    assert machine.tree() == before
