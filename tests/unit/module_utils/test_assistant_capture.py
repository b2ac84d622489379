# SPDX-License-Identifier: GPL-3.0-or-later
"""A program's output is brought back whole, byte for byte, by scripts that /bin/sh really runs."""

from __future__ import annotations

import base64
import os
import random
import subprocess
import time
from pathlib import Path

import pytest
from assistant_doubles import Hosts, refs, session

from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud import assistant_capture as capture
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.assistant_execute import (
    Answer,
    Job,
    execute,
)
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.assistant_scripts import MARKER
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.errors import CloudError

ID = capture.identify("seed")
KIB = 1024
RANDOM = random.Random(7)
SHELLS = ["/bin/dash", "/bin/bash"]


def noise(size: int) -> bytes:
    return RANDOM.randbytes(size)


def letters(size: int) -> bytes:
    return ("".join(RANDOM.choices("abcdefgh \n", k=size - 1)) + "\n").encode() if size else b""


@pytest.fixture(params=SHELLS)
def hosts(request: pytest.FixtureRequest, tmp_path: Path) -> Hosts:
    return Hosts(tmp_path, ["i-1", "i-2"], request.param)


def run(hosts: Hosts, script: str, seed: str = "seed", stdin: bytes | None = None, **more: object) -> Answer:
    program = capture.Program(script, stdin=stdin, **more)  # type: ignore[arg-type]
    return execute(session(hosts, seed), refs("i-1"), Job(program, 30))[refs("i-1")[0]]


def printing(tmp_path: Path, out: bytes, err: bytes = b"", code: int = 0) -> str:
    (tmp_path / "out.bin").write_bytes(out)
    (tmp_path / "err.bin").write_bytes(err)
    return f"cat '{tmp_path}/out.bin'; cat '{tmp_path}/err.bin' >&2; exit {code}\n"


@pytest.mark.parametrize("size", [0, 1, 16 * KIB - 1, 16 * KIB, 16 * KIB + 1, 24 * KIB, 1000 * KIB])
@pytest.mark.parametrize("kind", [letters, noise])
def test_every_byte_comes_back_whatever_the_size(hosts: Hosts, tmp_path: Path, size: int, kind: object) -> None:
    data = kind(size)  # type: ignore[operator]
    answer = run(hosts, printing(hosts.root, data))
    assert (answer.error, answer.exit_code, answer.stderr) == (None, 0, b"")
    assert answer.stdout == data
    assert hosts.left_on("i-1") == []


def test_short_plain_text_is_printed_as_it_is_by_one_command(hosts: Hosts) -> None:
    answer = run(hosts, "printf 'hello\\n'; exit 3")
    assert (answer.stdout, answer.exit_code) == (b"hello\n", 3) and hosts.count("RunCommand") == 1
    assert base64.b64decode(hosts.invocations["t-0"][0]["Output"]) == b"hello\n"


@pytest.mark.parametrize("code", [0, 1, 124, 255])
def test_both_streams_and_the_exit_code_are_kept_apart(hosts: Hosts, code: int) -> None:
    answer = run(hosts, printing(hosts.root, b"out\0\xff", b"err\n", code))
    assert (answer.stdout, answer.stderr, answer.exit_code) == (b"out\0\xff", b"err\n", code)


def test_a_program_that_prints_errors_only_loses_none(hosts: Hosts) -> None:
    errors = letters(40 * KIB)
    answer = run(hosts, printing(hosts.root, b"", errors, 1))
    assert (answer.stdout, answer.stderr, answer.exit_code, answer.error) == (b"", errors, 1, None)


@pytest.mark.parametrize("forged", [f"{MARKER} {ID} 0 5 0 5 {'0' * 64}\naGVsbG8=\n", f"{MARKER} {ID} failed x\n"])
def test_output_that_looks_like_a_frame_is_not_taken_for_one(hosts: Hosts, forged: str) -> None:
    assert run(hosts, printing(hosts.root, forged.encode())).stdout == forged.encode()


def test_a_frame_of_another_run_is_plain_text() -> None:
    other = f"{MARKER} {'a' * 32} 0 5 0 5 {'0' * 64}\naGVsbG8=\n".encode()
    assert capture.parse(other, ID) == other


@pytest.mark.parametrize(
    "line",
    ["", "0 1", f"0 -5 0 5 {'0' * 64}", f"0 {'9' * 15} 0 5 {'0' * 64}", f"0 5 0 99999999 {'0' * 64}", "x" * 5000],
)
def test_a_damaged_or_absurd_frame_is_an_error_and_costs_nothing(line: str) -> None:
    with pytest.raises(CloudError, match=r"CaptureFailed|OutputTooLarge|OutputDamaged"):
        capture.parse(f"{MARKER} {ID} {line}\nAAAA\n".encode(), ID)


def test_a_frame_that_grows_without_end_is_not_unpacked_beyond_what_it_announced() -> None:
    import gzip

    bomb = gzip.compress(b"\0" * (8 * 2**20))
    frame = capture.Frame(0, 10, 0, len(bomb), "0" * 64, bomb)
    with pytest.raises(CloudError, match="OutputDamaged"):
        capture.unpack(frame, [bomb])


@pytest.mark.parametrize("size", [0, 100, 11 * KIB, 60 * KIB])
@pytest.mark.parametrize("kind", [letters, noise])
def test_standard_input_reaches_the_program_unchanged(hosts: Hosts, size: int, kind: object) -> None:
    data = kind(size)  # type: ignore[operator]
    assert run(hosts, "cat", stdin=data).stdout == data
    assert hosts.left_on("i-1") == []


def test_a_program_too_large_for_a_command_is_sent_in_pieces_and_runs(hosts: Hosts) -> None:
    filler = "".join(f": {noise(30).hex()}\n" for _line in range(1500))
    answer = run(hosts, filler + "echo end of it\n")
    assert (answer.stdout, answer.error) == (b"end of it\n", None)
    assert hosts.count("SendFile") > 1 and hosts.left_on("i-1") == []


def test_a_piece_of_a_program_that_was_changed_on_its_way_is_never_run(hosts: Hosts) -> None:
    send = hosts.SendFile

    def damaged(params: dict[str, object]) -> dict[str, object]:
        return send({**params, "Content": base64.b64encode(b"touch ran").decode()})

    hosts.SendFile = damaged  # type: ignore[method-assign]
    answer = run(hosts, "touch ran\n", stdin=noise(60 * KIB))
    assert answer.error is not None and "checksum" in answer.error.message
    assert not (hosts.root / "i-1/root/ran").exists() and hosts.left_on("i-1") == []


@pytest.mark.parametrize("lost", ["lost", "damaged", "offline"])
def test_a_piece_that_does_not_come_is_asked_for_again(hosts: Hosts, lost: str) -> None:
    data = noise(100 * KIB)

    def spoil(name: str, script: str, number: int, result: dict[str, object]) -> dict[str, object]:
        if number != 3:
            return result
        if lost == "offline":
            return {"InvocationStatus": "Failed", "ErrorCode": "ClientNotRunning"}
        text = base64.b64decode(str(result["Output"])).splitlines()
        text = text[:-2] if lost == "lost" else [text[0], text[2], text[1], *text[3:]]
        return {**result, "Output": base64.b64encode(b"\n".join(text)).decode()}

    hosts.spoil = spoil
    answer = run(hosts, printing(hosts.root, data))
    if lost == "damaged":  # the right length, another order: only the checksum can tell
        assert answer.error is not None and answer.error.code == "OutputDamaged"
        assert answer.stdout == b""
    else:
        assert answer.error is None and answer.stdout == data
    assert hosts.left_on("i-1") == []


def test_output_that_cannot_be_had_is_an_error_never_half_an_output(hosts: Hosts) -> None:
    def spoil(name: str, script: str, number: int, result: dict[str, object]) -> dict[str, object]:
        if number == 0:
            for path in (hosts.root / name / "run").iterdir():
                subprocess.run(["rm", "-rf", str(path)], check=True)
        return result

    hosts.spoil = spoil
    answer = run(hosts, printing(hosts.root, noise(40 * KIB)))
    assert answer.error is not None and answer.error.code == "OutputLost" and answer.stdout == b""


def test_words_arrive_as_they_are(hosts: Hosts) -> None:
    words = ("", "a b", "'", '"$HOME"', "$(touch pwned)", "@ID@", "-n", "@HEREDOCS@\n", "two\nlines")
    assert run(hosts, 'for w; do printf "[%s]" "$w"; done', words=words).stdout.decode() == "".join(
        f"[{word}]" for word in words
    )
    assert not (hosts.root / "i-1/root/pwned").exists()


@pytest.mark.parametrize(
    "script", [f"echo END_{ID}\nEND_{ID}\necho after", "echo '@TEXT@ @ID@ @LOAD@ @SIZE@'", "echo 'é\\'"]
)
def test_no_text_of_a_program_can_break_out_of_its_place(hosts: Hosts, script: str) -> None:
    wanted = subprocess.run([hosts.shell, "-c", script], capture_output=True, check=False)
    answer = run(hosts, script)
    assert (answer.stdout, answer.stderr != b"") == (wanted.stdout, wanted.stderr != b"")


def test_a_first_line_that_names_an_interpreter_counts(hosts: Hosts) -> None:
    assert run(hosts, "#!/bin/cat -A\nas it is\n").stdout == b"#!/bin/cat -A$\nas it is$\n"


def test_a_program_can_be_read_in_the_command(hosts: Hosts) -> None:
    run(hosts, "echo a # find me\n")
    assert "echo a # find me\n" in hosts.scripts[0]


def test_a_program_sees_the_working_directory_and_umask_of_the_agent(hosts: Hosts) -> None:
    answer = run(hosts, "pwd; umask")
    mask = os.umask(0)
    os.umask(mask)
    assert answer.stdout.decode().split() == [str(hosts.root / "i-1/root"), f"{mask:04o}"]


def test_what_a_killed_controller_left_is_removed_and_what_is_in_use_is_not(hosts: Hosts) -> None:
    old = time.time() - 7200
    for name, pid in (("dead", "999999"), ("staged", None), ("alive", str(os.getpid()))):
        path = hosts.root / f"i-1/run/os_migration.{name}"
        path.mkdir()
        if pid:
            (path / "pid").write_text(pid)
        os.utime(path, (old, old))
    (hosts.root / "i-1/run/os_migration.young").mkdir()
    assert run(hosts, "echo ok").stdout == b"ok\n"
    assert hosts.left_on("i-1") == ["os_migration.alive", "os_migration.young"]


def test_a_background_process_does_not_hold_up_the_answer(hosts: Hosts) -> None:
    started = time.monotonic()
    answer = run(hosts, "sleep 20 & echo $!")
    subprocess.run(["kill", answer.stdout.decode().strip()], check=False)
    assert time.monotonic() - started < 15


def test_the_same_run_answers_again_without_running_again(hosts: Hosts) -> None:
    data = noise(40 * KIB)
    script = f"echo x >>'{hosts.root}/ran'; cat '{hosts.root}/out.bin'"
    printing(hosts.root, data)
    assert [run(hosts, script).stdout, run(hosts, script).stdout] == [data, data]
    assert (hosts.root / "ran").read_text() == "x\n"
    assert run(hosts, script, seed="another").stdout == data
    assert (hosts.root / "ran").read_text() == "x\nx\n"


@pytest.mark.parametrize("shell", ["sh", "dash", "bash"])
def test_the_scripts_are_clean(tmp_path: Path, shell: str) -> None:
    large = capture.Program("x", stdin=noise(60 * KIB))
    packed = capture.Program("x", stdin=noise(8 * KIB))
    programs = [capture.Program("echo a\n", ("b",), b"input\n"), packed, large, capture.Program("x", framed=True)]
    texts = [capture.build(program, ID)[0] for program in programs]
    texts += [capture.piece_script(ID, 3), capture.discard_script(ID)]
    assert [text for text in texts if "@" in text.replace('"$@"', "")] == []
    for number, text in enumerate(texts):
        path = tmp_path / f"{number}.sh"
        path.write_text(text)
        checked = subprocess.run(["shellcheck", "-s", shell, str(path)], capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stdout
