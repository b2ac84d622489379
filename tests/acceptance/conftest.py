# SPDX-License-Identifier: GPL-3.0-or-later
"""Lab hosts with real ssh, rpm and dnf behind the simulated cloud; every test has hosts of its own."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from harness import ROOT, Cloud, Host


@pytest.fixture(scope="session")
def oldest_core() -> Path:
    """A virtual environment with the oldest ansible-core and the oldest SDKs that the collection supports."""
    done = subprocess.run(
        [ROOT / "tests/setup/venv.sh", "2.16.0", ROOT / "tests/setup/constraints-oldest.txt"],
        capture_output=True,
        text=True,
        check=True,
    )
    return Path(done.stdout.strip())


@pytest.fixture
def cloud_of() -> Iterator[Callable[..., Cloud]]:
    """Starts a cloud with the given hosts; it is gone after the test."""
    with ExitStack() as stack:
        yield lambda *hosts, **options: stack.enter_context(Cloud([*hosts], **options))


@pytest.fixture
def one_host(cloud_of: Callable[..., Cloud]) -> Cloud:
    return cloud_of(Host("web1"))
