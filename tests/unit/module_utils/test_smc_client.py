"""The programs that import a host, run by the shell of this machine with a client that a test has written."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import http.server
import io
import os
import signal
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud import smc_client
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.errors import CloudError

CODE = "aB3dE5gH7jK9"
# What it was given on standard input and as arguments is written down; the list of processes is what ps would show.
CLIENT = """#!/bin/sh
cat >"{seen}/stdin"
tr '\\0' ' ' </proc/$$/cmdline >"{seen}/cmdline"
cat /proc/*/cmdline 2>/dev/null | tr '\\0' ' ' >"{seen}/processes"
echo $$ >"{seen}/pid"
{then}
"""
SAYS_YES = "echo 'Import Source Server [s-abc123] Successfully!'"


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None: ...


@pytest.fixture
def web(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder, and the address where it is served."""
    folder = tmp_path / "web"
    folder.mkdir()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_port}/client.tar.gz"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "seen").mkdir()
    (tmp_path / "bin").mkdir()
    yield tmp_path
    pid = tmp_path / "seen/pid"
    if pid.exists():
        with contextlib.suppress(ProcessLookupError):
            os.killpg(int(pid.read_text()), signal.SIGKILL)


def archive(folder: Path, client: str, name: str = "go2aliyun_client") -> str:
    """Writes client.tar.gz; its SHA-256 sum."""
    target = folder / "client.tar.gz"
    with tarfile.open(target, "w:gz") as tar:
        entry = tarfile.TarInfo(f"go2aliyun_client2.7/{name}")
        entry.size, entry.mode = len(client.encode()), 0o644
        tar.addfile(entry, io.BytesIO(client.encode()))
    return hashlib.sha256(target.read_bytes()).hexdigest()


def program(host: Path, method: str, url: str = "", checksum: str | None = None, seconds: int = 600) -> str:
    text = smc_client.with_code(smc_client.default_command(method, url, checksum, seconds), "at-1", CODE)
    for old, new in {"base=/var/lib/os_migration": f"base={host}/var", "PATH=": f"PATH={host}/bin:"}.items():
        assert old in text
        text = text.replace(old, new, 1)
    return text


def execute(text: str) -> subprocess.CompletedProcess[str]:
    env = {key: value for key, value in os.environ.items() if "proxy" not in key.lower()}
    return subprocess.run(["/bin/sh"], input=text, capture_output=True, text=True, timeout=60, env=env, check=False)


def test_the_client_gets_the_code_on_standard_input_and_nobody_else_sees_it(host, web):
    folder, url = web
    checksum = archive(folder, CLIENT.format(seen=host / "seen", then=SAYS_YES))
    done = execute(program(host, "tarball", url, checksum))
    assert done.returncode == 0, done.stdout + done.stderr
    assert smc_client.SUCCESS.search(done.stdout).group(1) == "s-abc123"
    assert (host / "seen/stdin").read_text().splitlines() == ["at-1", CODE, "no", "yes", "yes"]
    assert CODE not in (host / "seen/processes").read_text() + done.stdout + done.stderr
    written = [path for path in (host / "var").rglob("*") if path.is_file()]
    assert written and all(CODE.encode() not in path.read_bytes() for path in written)
    assert all(path.stat().st_mode & 0o077 == 0 for path in (host / "var").iterdir())


def test_a_client_that_works_on_is_left_alone(host, web):
    folder, url = web
    archive(folder, CLIENT.format(seen=host / "seen", then=SAYS_YES + "\nexec sleep 600"))
    assert execute(program(host, "tarball", url)).returncode == 0
    pid = int((host / "seen/pid").read_text())
    os.kill(pid, 0)
    assert os.getsid(pid) != os.getsid(0)


@pytest.mark.parametrize(
    ("then", "told"),
    [
        ("echo 'cannot reach smc-service'; exit 3", "cannot reach smc-service"),
        ('echo "wrong code $(sed -n 2p "{seen}/stdin")"; exit 3', "(a line with the code)"),
    ],
)
def test_a_client_that_fails_is_quoted_without_the_code_and_leaves_nothing_behind(host, web, then, told):
    folder, url = web
    archive(folder, CLIENT.format(seen=host / "seen", then=then.replace("{seen}", str(host / "seen"))))
    done = execute(program(host, "tarball", url))
    assert done.returncode == 1 and told in done.stdout and CODE not in done.stdout
    assert "ended without importing" in done.stdout and list((host / "var").iterdir()) == []


def test_a_client_that_hangs_is_ended(host, web):
    folder, url = web
    archive(folder, CLIENT.format(seen=host / "seen", then="exec sleep 600"))
    text = program(host, "tarball", url).replace("left=540", "left=2")
    done = execute(text)
    assert done.returncode == 1 and "did not import" in done.stdout
    with pytest.raises(ProcessLookupError):
        for _look in range(200):
            os.kill(int((host / "seen/pid").read_text()), 0)
            subprocess.run(["sleep", "0.05"], check=True)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda folder: None, "cannot be downloaded"),
        (lambda folder: (folder / "client.tar.gz").write_text("no archive"), "cannot be unpacked"),
        (lambda folder: archive(folder, "", name="other"), "no go2aliyun_client"),
    ],
)
def test_a_bad_archive_is_told_and_nothing_is_left_behind(host, web, make, told):
    folder, url = web
    make(folder)
    done = execute(program(host, "tarball", url))
    assert done.returncode == 1 and told in done.stdout and list((host / "var").iterdir()) == []


def test_a_client_with_another_checksum_is_never_run(host, web):
    folder, url = web
    archive(folder, CLIENT.format(seen=host / "seen", then=SAYS_YES))
    done = execute(program(host, "tarball", url, "0" * 64))
    assert done.returncode == 1 and "checksum" in done.stdout and not (host / "seen/stdin").exists()


def test_the_plug_in_gets_the_code_on_standard_input_too(host):
    manager = host / "bin/acs-plugin-manager"
    manager.write_text(CLIENT.format(seen=host / "seen", then=SAYS_YES))
    manager.chmod(0o755)
    done = execute(program(host, "plugin"))
    assert done.returncode == 0 and "s-abc123" in done.stdout
    assert (host / "seen/stdin").read_text().splitlines() == ["at-1", CODE]
    assert CODE not in (host / "seen/cmdline").read_text() and list((host / "var").iterdir()) == []


def test_a_host_without_the_plug_in_manager_says_so(host):
    done = execute(program(host, "plugin"))
    assert done.returncode == 1 and "agent is too old" in done.stdout


@pytest.mark.parametrize("code", ["", "a'b'c'd", "$(reboot)", "two words", "two\nlines", "`id`aa"])
def test_a_code_that_a_shell_would_execute_is_never_sent(code):
    with pytest.raises(CloudError) as caught:
        smc_client.with_code("x @CODE@", "at-1", code)
    assert code == "" or code not in str(caught.value)


def test_every_program_is_portable_shell(tmp_path):
    for method in ("tarball", "plugin"):
        script = tmp_path / f"{method}.sh"
        script.write_text(smc_client.default_command(method, "https://a/b.tar.gz", None, 600))
        assert "@" not in script.read_text().replace("@CODE@", "").replace("@TOKEN_ID@", "")
        for shell in (["bash", "--posix", "-n"], ["sh", "-n"]):
            assert subprocess.run([*shell, script], check=False).returncode == 0
