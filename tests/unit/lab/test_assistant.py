# SPDX-License-Identifier: GPL-3.0-or-later
"""What hosts are given for Cloud Assistant and Server Migration Center, as far as it needs no host."""

from __future__ import annotations

import asyncio
import tarfile
from pathlib import Path
from typing import Any

from lab import control, fleet, newhost


def test_a_host_whose_ssh_port_is_shut_is_made_so_and_others_are_not() -> None:
    hosts = fleet.parse("hosts: [{name: open1}, {name: shut1, ssh: false}]")
    assert [host.ssh for host in hosts] == [True, False]


def test_the_archive_of_the_client_is_the_same_each_time_so_that_its_checksum_can_be_pinned(tmp_path: Path) -> None:
    paths = [tmp_path / "one.tar.gz", tmp_path / "two.tar.gz"]
    for path in paths:
        newhost.pack_client(path)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    with tarfile.open(paths[0]) as archive:
        (entry,) = archive.getmembers()
        assert (entry.name, entry.mode & 0o111) == ("go2aliyun_client/go2aliyun_client", 0o111)


def test_the_work_for_an_asker_that_goes_away_is_ended() -> None:
    async def scene() -> tuple[bool, bool]:
        async def gone() -> bytes:
            return b""

        async def stays() -> bytes:
            await asyncio.sleep(3600)
            return b""

        endless = asyncio.ensure_future(asyncio.sleep(3600))
        short: asyncio.Future[Any] = asyncio.ensure_future(asyncio.sleep(0, "done"))
        await control._first(endless, gone())
        await control._first(short, stays())
        await asyncio.sleep(0)
        return endless.cancelled(), short.done() and not short.cancelled()

    assert asyncio.run(scene()) == (True, True)
