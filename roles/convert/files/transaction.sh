# shellcheck shell=sh
# Runs evidence.sh, which stands packed in the variable payload, in a mount namespace of its own; prints its JSON document.
# Usage: sh -s -- SECONDS
# What it works on lies in memory, and so is gone with its last process however that ends. Where memory is short it lies in a
# directory, which is removed at the end; what a run left that was killed is removed by the next one.
# shellcheck disable=SC2154  # the sender sets payload
set -u
LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
umask 077
places=/var/tmp/os_migration-transaction

refuse() { # CAUSE SENTENCE
	printf '{"transaction":1,"cause":"%s","problem":"%s"}\n' "$1" "$2"
	exit 0
}

remove_leftovers() { # directories of ours that no process holds
	for old in "$places".*; do
		[ -d "$old" ] && [ ! -L "$old" ] && [ -O "$old" ] && flock -n "$old" rm -rf -- "$old"
	done
}

make_directory() { # on descriptor 9 it is locked for as long as a process of this run lives
	tries=0
	while [ $tries -lt 3 ]; do
		OS_MIGRATION_WORK=$(mktemp -d "$places.XXXXXXXX") || return 1
		# Between these two commands another run may take it for a leftover.
		exec 9<"$OS_MIGRATION_WORK" && flock -n 9 && [ -d "$OS_MIGRATION_WORK" ] && return 0
		tries=$((tries + 1))
	done
	return 1
}

choose_place() { # 1.5 GiB of memory, or 1 GiB of disk: metadata of some ten thousand packages, and the package manager
	OS_MIGRATION_WORK=
	available=$(awk '$1 == "MemAvailable:" { print $2 }' /proc/meminfo)
	[ "${available:-0}" -lt 1572864 ] || return 0
	room=$(df -Pk /var/tmp | awk 'NR == 2 { print $4 }')
	[ "${room:-0}" -ge 1048576 ] || refuse space "neither 1536 MiB of memory nor 1024 MiB in /var/tmp are free, so the transaction was not resolved"
	trap 'rm -rf -- "$OS_MIGRATION_WORK"' EXIT
	trap 'exit 1' HUP INT TERM
	make_directory || refuse space "no directory could be made in /var/tmp, so the transaction was not resolved"
}

main() {
	for tool in base64 dnf flock gzip mount nice timeout unshare; do
		command -v "$tool" >/dev/null || refuse unknown "the host has no program $tool, so the transaction was not resolved"
	done
	remove_leftovers
	choose_place
	export OS_MIGRATION_WORK
	printf '%s' "$payload" | base64 -d | gzip -dc | timeout -k 10 "$1" nice -n 10 unshare -m /bin/sh -s
}
main "$@" 2>/dev/null
exit
