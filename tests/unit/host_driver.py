"""The simulator's driver for tests: a host is a directory, and what Cloud Assistant is told to do there really happens.

Words as in the simulator's README; ROOT is the first. /run and /tmp in a script stand for those of the host.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any


def relocate(text: str, root: Path, home: Path) -> str:
    for word, place in ((str(root), "@ROOT@"), ("/run", "@RUN@"), ("/tmp", f"{home}/tmp")):
        text = text.replace(word, place)
    return text.replace("@RUN@", f"{home}/run").replace("@ROOT@", str(root))


def execute(root: Path, home: Path, content: str, timeout: float, shell: str = "/bin/sh") -> dict[str, Any]:
    for folder in ("run", "tmp", "root"):
        (home / folder).mkdir(parents=True, exist_ok=True)
    script = home / f"command-{os.getpid()}.sh"
    script.write_text(relocate(content, root, home))
    try:
        done = subprocess.run(
            [shell, str(script)], cwd=home / "root", stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout, check=False)  # fmt: skip
    except subprocess.TimeoutExpired:
        return {"how": "timeout"}
    finally:
        script.unlink()
    return {"how": "exited", "rc": done.returncode, "output": base64.b64encode(done.stdout).decode()}


def main() -> None:
    root, verb, host, *words = Path(sys.argv[1]), *sys.argv[2:]
    home = root / host
    content = sys.stdin.buffer.read()
    if (home / "offline").exists():
        print(json.dumps({"how": "offline"}))
    elif verb == "exec":
        print(json.dumps(execute(root, home, content.decode(), float(words[0]))))
    elif verb == "put":
        path = home / words[0].lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        print(json.dumps({"how": "written"}))
    else:
        sys.exit(f"this driver cannot {verb}")


if __name__ == "__main__":
    main()
