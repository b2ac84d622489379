"""The mirror: serves the repositories over HTTP from a network namespace of its own, and notes every request.

It also is the metadata service of the hosts: who asks gets the id of the instance that the harness has noted for its address.
"""
# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer
from typing import Any

from . import linux

# Where a mirror keeps releases at end of life: what is there is what the hosts were made of.
VAULT = "/centos-vault/8.5.2111/"
INSTANCE_ID = "/latest/meta-data/instance-id"


class Handler(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    log: Any = None
    more = ""
    # One line "ADDRESS INSTANCE" for each host, written when it is known.
    instances = Path()

    def do_GET(self) -> None:
        if self.path != INSTANCE_ID:
            super().do_GET()
            return
        known = (
            dict(line.split() for line in self.instances.read_text().splitlines()) if self.instances.exists() else {}
        )
        instance = known.get(self.client_address[0], "").encode()
        self.send_response(200 if instance else 404)
        self.send_header("Content-Length", str(len(instance)))
        self.end_headers()
        self.wfile.write(instance)

    def translate_path(self, path: str) -> str:
        """Files of this lab lie beside the repositories of the image."""
        if path.startswith("/smc/"):
            return str(Path(self.more, Path(path).name))
        if path.startswith(VAULT):
            path = f"/el8/{path.removeprefix(VAULT)}"
        return super().translate_path(path)

    def log_message(self, format: str, *args: Any) -> None:  # the name is the base class's
        self.log.write(f"{self.log_date_time_string()} {self.address_string()} {format % args}\n")


class Server(ThreadingHTTPServer):
    request_queue_size = 512

    def server_bind(self) -> None:
        # The base class asks the name service for its own name, which has to time out here.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])


def main() -> None:
    address, gateway, folder, log, more = sys.argv[2:7]  # the first names the lab, for whoever has to clean up
    linux.wait_for_go()
    linux.address_up(address, gateway, also=linux.METADATA)
    with Path(log).open("a", buffering=1) as stream:
        Handler.log, Handler.more, Handler.instances = stream, more, Path(log).with_name("instances")
        server = Server(("", 80), partial(Handler, directory=folder))
        print("serving", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
