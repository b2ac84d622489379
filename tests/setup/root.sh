#!/usr/bin/env bash
# root.sh WHAT: says in one sentence what this machine lacks for the lab, and what to do about it.
# shellcheck source=tests/setup/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
what=${1:-lab}
[ "$(uname -s)" = Linux ] || die "make $what needs Linux: run it in a Debian 12 machine"
[ "$(id -u)" = 0 ] || die "make $what needs root for network namespaces and overlay mounts: run it with sudo, or as root in a virtual machine"
grep -qw overlay /proc/filesystems || modprobe overlay 2>/dev/null || die "make $what needs overlayfs, which this kernel lacks: use a kernel with CONFIG_OVERLAY_FS"
unshare --mount --pid --uts --ipc --fork true 2>/dev/null || die "make $what needs namespaces, which this machine refuses: run it outside of an unprivileged container"
ip netns list >/dev/null 2>&1 || die "make $what needs network namespaces, which this machine refuses: run it outside of an unprivileged container"
