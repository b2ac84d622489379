# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole output of a program, though Cloud Assistant keeps 24 KB of it and merges both streams.

The program runs inside a capture script. Short plain text comes back as it was printed. Anything else comes back as a
frame, gzip of standard output followed by standard error: a line that describes it and its first piece, then further
pieces, one for each further command. Whatever a host sends is believed only when sizes and SHA-256 fit.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import hashlib
import re
import shlex
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from .assistant import CONTENT_LIMIT
from .assistant_scripts import CAPTURE, DISCARD, HEREDOC, MARKER, PACKED, PIECE, PIECE_MARKER, READABLE, STAGED
from .errors import CloudError

PIECE_BYTES = 16384
FRAME_LIMIT = 32 * 2**20
OUTPUT_LIMIT = 256 * 2**20

HEADER = re.compile(
    rb"(?P<status>\d{1,3}) (?P<out>\d{1,15}) (?P<err>\d{1,15}) (?P<size>\d{1,15}) (?P<sha256>[0-9a-f]{64})\n"
)


@dataclass(frozen=True)
class Program:
    """What to run: a script with its positional parameters and standard input, in a private directory."""

    script: str
    words: tuple[str, ...] = ()
    stdin: bytes | None = None
    framed: bool = False  # never as plain text, so that every byte is proved


@dataclass(frozen=True)
class Frame:
    status: int
    out: int
    err: int
    size: int
    sha256: str
    first: bytes

    @property
    def pieces(self) -> int:
        return max(1, -(-self.size // PIECE_BYTES))


def identify(seed: str) -> str:
    """The name of a run on the host; nobody can guess it who does not know the seed."""
    return hashlib.sha256(f"capture:{seed}".encode()).hexdigest()[:32]


def build(program: Program, run_id: str) -> tuple[str, bytes | None]:
    """(command content, None), or (content, bytes to be staged on the host first) for a program that is too large."""
    script = program.script if program.script.endswith("\n") else program.script + "\n"
    content = _readable(program, script, run_id)
    if content is not None and fits(content):
        return content, None
    blob = gzip.compress(script.encode("utf-8") + (program.stdin or b""), mtime=0)
    size = len(script.encode("utf-8"))
    packed = base64.encodebytes(blob).decode("ascii")
    content = _script(program, script, run_id, PACKED, {"PACKED": packed, "SIZE": str(size)})
    if fits(content):
        return content, None
    values = {"SIZE": str(size), "SHA256": hashlib.sha256(blob).hexdigest()}
    content = _script(program, script, run_id, STAGED, values)
    if not fits(content):
        raise CloudError("CmdContent.ExceedLimit", "the arguments of the command are too long")
    return content, blob


def fits(content: str) -> bool:
    return len(base64.b64encode(content.encode("utf-8"))) <= CONTENT_LIMIT


def parse(output: bytes, run_id: str) -> bytes | Frame:
    """Plain output, or the frame that it begins with. CloudError when the capture failed or its line is not usable."""
    intro = f"{MARKER} {run_id} ".encode()
    if not output.startswith(intro):
        return output
    line, _newline, rest = output[len(intro) :].partition(b"\n")
    if line.startswith(b"failed "):
        raise CloudError("CaptureFailed", line[7:].decode("utf-8", "replace")[:300])
    match = HEADER.fullmatch(line + b"\n")
    if match is None:
        raise CloudError("CaptureFailed", "the host's answer is damaged")
    out, err, size = (int(match[name]) for name in ("out", "err", "size"))
    if size > FRAME_LIMIT or out + err > OUTPUT_LIMIT:
        raise CloudError("OutputTooLarge", f"the output has {out + err} bytes, {size} when compressed")
    first = _decoded(rest, min(size, PIECE_BYTES))
    return Frame(int(match["status"]), out, err, size, match["sha256"].decode(), first)


def piece_script(run_id: str, number: int) -> str:
    """Prints piece `number` of a frame (the first is 0); the last piece takes the frame with it."""
    return _filled(PIECE, {"ID": run_id, "NUMBER": str(number), "BYTES": str(PIECE_BYTES), "MARKER": PIECE_MARKER})


def discard_script(run_id: str) -> str:
    """Removes whatever a run has left behind."""
    return _filled(DISCARD, {"ID": run_id})


def parse_piece(output: bytes, run_id: str, number: int, frame: Frame) -> bytes:
    """The bytes of one piece. CloudError `OutputLost` when the host has it no more."""
    line, _newline, rest = output.partition(b"\n")
    if line == f"{PIECE_MARKER} {run_id} {number} lost".encode():
        raise CloudError("OutputLost", "the rest of the output is no longer on the host")
    if line != f"{PIECE_MARKER} {run_id} {number} {frame.size}".encode():
        raise CloudError("OutputDamaged", f"piece {number} of the output is not what was asked for")
    return _decoded(rest, min(PIECE_BYTES, frame.size - number * PIECE_BYTES))


def unpack(frame: Frame, pieces: Sequence[bytes]) -> tuple[bytes, bytes]:
    """(stdout, stderr) of a frame whose pieces are all here and prove to be right."""
    unzip = zlib.decompressobj(wbits=31)
    try:
        whole = unzip.decompress(b"".join(pieces), frame.out + frame.err + 1)
    except zlib.error as error:
        raise CloudError("OutputDamaged", "the output cannot be decompressed") from error
    if len(whole) != frame.out + frame.err or hashlib.sha256(whole).hexdigest() != frame.sha256:
        raise CloudError("OutputDamaged", "the output does not have the checksum that the host told")
    return whole[: frame.out], whole[frame.out :]


def _decoded(text: bytes, expected: int) -> bytes:
    try:
        data = base64.b64decode(b"".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise CloudError("OutputDamaged", "a piece of the output is not Base64") from error
    if len(data) != expected:
        raise CloudError("OutputDamaged", f"a piece of the output has {len(data)} bytes instead of {expected}")
    return data


def _readable(program: Program, script: str, run_id: str) -> str | None:
    """The content with program and input as they are, so that logs show them; None if they are no plain text."""
    parts = [script]
    if program.stdin:
        try:
            parts.append(program.stdin.decode("utf-8"))
        except UnicodeDecodeError:
            return None
    if any("\0" in part or "\r" in part or not part.endswith("\n") or f"END_{run_id}" in part for part in parts):
        return None
    content = _script(program, script, run_id, READABLE, {})
    texts = [_filled(HEREDOC, {"FILE": name, "ID": run_id}) for name in ("program", "stdin")]
    filled = [text.replace("@TEXT@", part) for text, part in zip(texts, parts, strict=False)]
    return content.replace("@HEREDOCS@\n", "".join(filled), 1)


def _script(program: Program, script: str, run_id: str, load: str, values: dict[str, str]) -> str:
    interpreter = "/bin/sh"
    first = script.partition("\n")[0]
    if first.startswith("#!") and first[2:].strip():
        # As the kernel reads it: the interpreter, and the rest of the line as one argument.
        interpreter = " ".join(shlex.quote(word) for word in first[2:].strip().split(None, 1))
    return _filled(
        CAPTURE.replace("@LOAD@\n", load),
        {
            "ID": run_id,
            "MARKER": MARKER,
            "BYTES": str(PIECE_BYTES),
            "FRAMED": "yes" if program.framed else "no",
            "INTERPRETER": interpreter,
            "WORDS": "".join(" " + shlex.quote(word) for word in program.words),
            **values,
        },
    )


def _filled(template: str, values: dict[str, str]) -> str:
    """The template with its places filled, in one pass: a value may itself look like a place."""
    return re.sub(r"@([A-Z0-9]+)@", lambda match: values.get(match[1], match[0]), template)
