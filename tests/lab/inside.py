"""Enters a running host and runs a script there, the way the agent of Cloud Assistant does: a file, a shell, a small environment.

Unlike nsenter it does not stop when its child is stopped, so that a snapshot may be taken while a command runs.
Usage: python -m lab.inside PID REPORT USER DIRECTORY, with the script on standard input. On the open file REPORT it tells
`started`, or why nothing was started: `offline`, `no-account`, `no-directory`. Its exit status is the script's.
"""
# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import sys
import uuid
from contextlib import suppress
from typing import NamedTuple, NoReturn

from . import linux

SCRIPTS = "/run/lab/assistant"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Account(NamedTuple):
    name: str
    uid: int
    gid: int
    home: str


def main() -> int:
    pid, report, user, directory = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
    script = sys.stdin.buffer.read()
    try:
        linux.join_namespaces(pid)
    except OSError:
        return _refuse(report, "offline")
    account = _account(user)
    if account is None:
        return _refuse(report, "no-account")
    place = directory or account.home
    if not os.path.isdir(place):
        return _refuse(report, "no-directory")
    path = _write(script, account)
    child = os.fork()  # the first process in the host's own numbering of processes
    if child == 0:
        _become(report, path, account, place)
    os.close(report)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with suppress(OSError):  # the host went down meanwhile
        os.unlink(path)
    return 128 - status if status < 0 else status


def _refuse(report: int, why: str) -> int:
    os.write(report, why.encode())
    return 1


def _account(name: str) -> Account | None:
    """From the host's own file: the C library of this process may not be the host's."""
    with open("/etc/passwd", encoding="utf-8", errors="replace") as lines:
        for line in lines:
            fields = line.rstrip("\n").split(":")
            if fields[0] == name and len(fields) == 7:
                return Account(name, int(fields[2]), int(fields[3]), fields[5])
    return None


def _groups(account: Account) -> list[int]:
    with open("/etc/group", encoding="utf-8", errors="replace") as lines:
        fields = [line.rstrip("\n").split(":") for line in lines]
    return [account.gid, *(int(one[2]) for one in fields if len(one) == 4 and account.name in one[3].split(","))]


def _write(script: bytes, account: Account) -> str:
    os.makedirs(SCRIPTS, 0o711, exist_ok=True)
    path = f"{SCRIPTS}/{uuid.uuid4().hex}.sh"
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o700)
    with os.fdopen(file, "wb") as stream:
        os.fchown(file, account.uid, account.gid)
        stream.write(script)
    return path


def _become(report: int, path: str, account: Account, place: str) -> NoReturn:
    os.setsid()
    null = os.open("/dev/null", os.O_RDONLY)
    os.dup2(null, 0)
    os.chdir(place)
    os.umask(0o022)
    if account.uid:
        os.setgroups(_groups(account))
        os.setgid(account.gid)
        os.setuid(account.uid)
    os.write(report, b"started")
    os.close(report)
    os.closerange(3, 256)
    environment = {"PATH": PATH, "HOME": account.home, "USER": account.name, "LANG": "C.UTF-8"}
    # A file without a first line that names its interpreter is a shell script to the shell.
    os.execve("/bin/sh", ["sh", "-c", path], environment)


if __name__ == "__main__":
    sys.exit(main())
