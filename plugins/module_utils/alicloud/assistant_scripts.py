# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shell scripts that capture output on a host. POSIX sh with what a minimal CentOS 7 has; @NAME@ is filled in."""

from __future__ import annotations

MARKER = "os_migration_capture 1"
PIECE_MARKER = "os_migration_piece 1"

# A directory older than an hour whose process is gone was left behind by a controller that was killed.
CAPTURE = r"""#!/bin/sh
# alicloud.os_migration: runs the program below and prints its output, or the first piece of it.
mask=$(umask)
umask 077
dir=
fail() {
    [ -z "$dir" ] || rm -rf "$dir"
    echo "@MARKER@ @ID@ failed $*"
    exit 125
}
find /run /tmp -maxdepth 1 -type d -name 'os_migration.*' -user "$(id -u)" -mmin +60 2>/dev/null | while read -r old; do
    kill -0 "$(cat "$old/pid" 2>/dev/null)" 2>/dev/null || rm -rf "$old"
done
for base in /run /tmp; do
    mkdir "$base/os_migration.@ID@" 2>/dev/null && dir=$base/os_migration.@ID@ && break
done
[ -n "$dir" ] || fail "no directory can be made in /run or /tmp, or this command is running already"
trap 'rm -rf "$dir"; exit 143' TERM INT HUP
{ echo $$ >"$dir/pid" && printf "" >"$dir/stdin"; } || fail "nothing can be written to $dir"
@LOAD@
[ -n "${HOME-}" ] || HOME=$(getent passwd "$(id -u)" | cut -d: -f6)
export HOME
set --@WORDS@
(umask "$mask" && exec @INTERPRETER@ "$dir/program" "$@") <"$dir/stdin" >"$dir/stdout" 2>"$dir/stderr"
status=$?
{ out=$(wc -c <"$dir/stdout") && err=$(wc -c <"$dir/stderr"); } || fail "the output was removed while the program ran"
out=$((out)) err=$((err)) framed=@FRAMED@
if [ "$out" -gt @BYTES@ ] || [ "$err" -gt 0 ]; then framed=yes; fi
[ "$framed" = yes ] || [ "$(LC_ALL=C tr -d '\11\12\40-\176' <"$dir/stdout" | wc -c)" -eq 0 ] || framed=yes
[ "$framed" = yes ] || case $(head -n 1 "$dir/stdout") in os_migration_*) framed=yes ;; esac
if [ "$framed" = no ]; then
    cat "$dir/stdout"
    rm -rf "$dir"
    exit "$status"
fi
{ head -c "$out" "$dir/stdout" && head -c "$err" "$dir/stderr"; } | gzip >"$dir/frame" || fail "no room for the output"
sum=$(gzip -dc "$dir/frame" | sha256sum | cut -c1-64)
size=$(wc -c <"$dir/frame")
size=$((size))
rm -f "$dir/program" "$dir/stdin" "$dir/stdout" "$dir/stderr" "$dir/pid"
echo "@MARKER@ @ID@ $status $out $err $size $sum"
head -c @BYTES@ "$dir/frame" | base64
[ "$size" -gt @BYTES@ ] || rm -rf "$dir"
exit "$status"
"""

# How the program and its standard input get into the directory: as readable text, packed, or from staged pieces.
READABLE = "@HEREDOCS@\n"
HEREDOC = """cat >"$dir/@FILE@" <<'END_@ID@' || fail "no room for the program"
@TEXT@END_@ID@
"""
SPLIT = r"""{ head -c @SIZE@ "$dir/packed" >"$dir/program" && tail -c +$((@SIZE@ + 1)) "$dir/packed" >"$dir/stdin" &&
    rm -f "$dir/packed"; } || fail "no room for the program"
"""
PACKED = (
    r"""base64 -d <<'END_@ID@' | gzip -dc >"$dir/packed" || fail "the program cannot be unpacked"
@PACKED@END_@ID@
"""
    + SPLIT
)
STAGED = (
    r"""cat /run/os_migration.@ID@.in/* >"$dir/staged" 2>/dev/null
rm -rf /run/os_migration.@ID@.in 2>/dev/null
[ "$(sha256sum <"$dir/staged" | cut -c1-64)" = @SHA256@ ] || fail "the pieces of the program do not have its checksum"
{ gzip -dc "$dir/staged" >"$dir/packed" && rm -f "$dir/staged"; } || fail "no room for the program"
"""
    + SPLIT
)

PIECE = r"""#!/bin/sh
# alicloud.os_migration: prints a piece of a program's output; the last one takes the rest away.
for dir in /run/os_migration.@ID@ /tmp/os_migration.@ID@; do
    [ -f "$dir/frame" ] || continue
    touch "$dir"
    size=$(wc -c <"$dir/frame")
    size=$((size))
    echo "@MARKER@ @ID@ @NUMBER@ $size"
    dd if="$dir/frame" bs=@BYTES@ skip=@NUMBER@ count=1 2>/dev/null | base64
    [ $(((@NUMBER@ + 1) * @BYTES@)) -lt "$size" ] || rm -rf "$dir"
    exit 0
done
echo "@MARKER@ @ID@ @NUMBER@ lost"
"""

DISCARD = r"""#!/bin/sh
# alicloud.os_migration: removes what a command that was cut off has left behind.
rm -rf "/run/os_migration.@ID@" "/tmp/os_migration.@ID@" "/run/os_migration.@ID@.in"
"""
