# shellcheck shell=bash
# Sourced by the scripts of this folder and by the Makefile's targets: where things are kept.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
# Caches live outside the tree and are keyed by the hash of what made them.
CACHE=${OS_MIGRATION_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/alicloud-os-migration}
PYTHON=${PYTHON:-python3}
export ROOT CACHE PYTHON

die() { # one clear sentence, then out
	printf 'os_migration: %s\n' "$*" >&2
	exit 1
}

hash_of() { # hash_of WORD... : a short key of words and of the content of files among them
	for word in "$@"; do
		if [ -f "$word" ]; then cat -- "$word"; else printf '%s\n' "$word"; fi
	done | sha256sum | cut -c1-16
}
