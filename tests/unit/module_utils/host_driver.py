"""The simulator's driver for tests: a host is a directory, and what Cloud Assistant is told to do there really happens.

Words as in the simulator's README; ROOT is the first.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any


def relocate(script: str, home: Path) -> str:
    """The same script for a host whose /run and /tmp are folders. What it carries for others is left as it is."""
    for words in ("find /run /tmp ", "in /run /tmp;"):
        script = script.replace(words, words.replace("/run /tmp", f"{home}/run {home}/tmp"))
    return script.replace("/run/os_migration.", f"{home}/run/os_migration.").replace(
        "/tmp/os_migration.", f"{home}/tmp/os_migration."
    )


def execute(home: Path, content: str, timeout: float) -> dict[str, Any]:
    for folder in ("run", "tmp", "root"):
        (home / folder).mkdir(parents=True, exist_ok=True)
    script = home / f"command-{os.getpid()}.sh"
    script.write_text(relocate(content, home))
    try:
        done = subprocess.run(
            ["/bin/sh", str(script)], cwd=home / "root", stdin=subprocess.DEVNULL,
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
        print(json.dumps(execute(home, content.decode(), float(words[0]))))
    elif verb == "put":
        path = home / words[0].lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        print(json.dumps({"how": "written"}))
    else:
        sys.exit(f"this driver cannot {verb}")


if __name__ == "__main__":
    main()
