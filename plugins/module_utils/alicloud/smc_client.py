# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands that import a host as a migration source. The code of the access token reaches the client on standard input."""

from __future__ import annotations

import re

from .errors import CloudError

CODE, TOKEN_ID = "@CODE@", "@TOKEN_ID@"
# What the client says when it has done its work (documented: SMC client guide).
SUCCESS = re.compile(r"Import Source Server \[(s-[A-Za-z0-9-]{1,64})\] Successfully!")
_SAFE_CODE = re.compile(r"[A-Za-z0-9+/=_.:,@%-]{4,512}")
_SAFE_URL = re.compile(r"https?://[A-Za-z0-9._~:/?#\[\]@!&()*+,;=%-]+")

# `code` is a shell variable and printf a builtin that writes to a pipe, so the code is in no list of processes and in no file of
# ours; it has no character that would end the quotes. What is printed loses it too.
_COMMON = r"""#!/bin/sh
# alicloud.os_migration: imports this host as a migration source.
set -u
umask 077
LC_ALL=C PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
code='@CODE@'
show() {
    tail -n 20 "$1" | while IFS= read -r line; do
        case $line in *"$code"*) echo "(a line with the code)" ;; *) printf '%s\n' "$line" ;; esac
    done
}
base=/var/lib/os_migration
mkdir -p "$base" && dir=$(mktemp -d "$base/smc-client.XXXXXX") || {
    echo "os_migration: no directory can be made in $base"
    exit 1
}
fail() {
    echo "os_migration: $*"
    [ ! -s "$dir/log" ] || show "$dir/log"
    rm -rf "$dir"
    exit 1
}
"""

# documented: the program in the archive, what it asks for, its success line, and that it works on in the background.
# assumed: where the archive is, and that the client asks in this order: id and code of the token, then whether to use a
# snapshot driver (no: blocks are not replicated), to install rsync (yes) and to switch SELinux off (yes).
TARBALL = (
    _COMMON
    + r"""archive=$dir/client.tar.gz
if command -v curl >/dev/null; then
    timeout -k 10 300 curl -fsSL --retry 3 -o "$archive" '@URL@' 2>"$dir/log" || fail "the client cannot be downloaded"
else
    timeout -k 10 300 wget -q -O "$archive" '@URL@' 2>"$dir/log" || fail "the client cannot be downloaded"
fi
if [ -n '@CHECKSUM@' ]; then
    printf '%s  %s\n' '@CHECKSUM@' "$archive" | sha256sum -c >/dev/null 2>&1 || fail "the client has another checksum"
fi
timeout -k 10 120 tar -xzf "$archive" -C "$dir" 2>"$dir/log" || fail "the client cannot be unpacked"
client=$(find "$dir" -type f -name go2aliyun_client | head -n 1)
[ -n "$client" ] || fail "there is no go2aliyun_client in the archive"
chmod 700 "$client" && cd "$(dirname "$client")" || fail "the client cannot be started"
: >"$dir/log"
# The client works on after it has imported the host, so it gets a session of its own, and its directory stays.
printf '%s\n' '@TOKEN_ID@' "$code" no yes yes | setsid "$client" >"$dir/log" 2>&1 &
client_pid=$!
left=@SECONDS@
while :; do
    alive=yes
    kill -0 "$client_pid" 2>/dev/null || alive=
    if grep -aom 1 'Import Source Server \[[^]]*\] Successfully!' "$dir/log"; then exit 0; fi
    [ -n "$alive" ] || fail "the client ended without importing the host"
    [ "$left" -gt 0 ] || break
    sleep 2
    left=$((left - 2))
done
kill -s TERM -- "-$client_pid" 2>/dev/null
fail "the client did not import the host in @SECONDS@ seconds"
"""
)

# documented: the name of the plug-in and that it imports a host, with an AccessKey in its arguments, where every user of the
# host can read it. assumed: that it takes a code from standard input like the client that it wraps.
PLUGIN = (
    _COMMON
    + r"""command -v acs-plugin-manager >/dev/null || fail "there is no acs-plugin-manager: the Cloud Assistant agent is too old"
printf '%s\n' '@TOKEN_ID@' "$code" | timeout -k 10 @SECONDS@ acs-plugin-manager -e -P smc-client-plugin -p --nocheckversion >"$dir/log" 2>&1
status=$?
if grep -aom 1 'Import Source Server \[[^]]*\] Successfully!' "$dir/log"; then rm -rf "$dir" && exit 0; fi
fail "the plug-in ended with exit status $status without importing the host"
"""
)


def default_command(method: str, url: str | None, checksum: str | None, timeout: int) -> str:
    """The command of a method (tarball or plugin), with the code still missing."""
    if method == "tarball" and not _SAFE_URL.fullmatch(url or ""):
        raise CloudError(
            "InvalidClientUrl",
            f"{url!r} is not a plain http or https URL",
            hint="Give the URL of go2aliyun_client.tar.gz that the SMC console shows, without quotes and spaces.",
        )
    if checksum and not re.fullmatch(r"[0-9a-f]{64}", checksum):
        raise CloudError("InvalidChecksum", "client_checksum is not a SHA-256 sum of 64 hexadecimal digits", hint="")
    text = TARBALL if method == "tarball" else PLUGIN
    # What is left of the time for the client; the download has a limit of its own.
    seconds = max(timeout - 60, 10)
    filled = {"@URL@": url or "", "@CHECKSUM@": checksum or "", "@SECONDS@": str(seconds)}
    for name, value in filled.items():
        text = text.replace(name, value)
    return text


def with_code(command: str, token_id: str, code: str) -> str:
    """The command as it is sent. What a shell could take for something else is refused."""
    if not _SAFE_CODE.fullmatch(code) or not _SAFE_CODE.fullmatch(token_id):
        raise CloudError("BadAnswer", "the id or code of the new token has characters that none has", hint="")
    return command.replace(TOKEN_ID, token_id).replace(CODE, code)
