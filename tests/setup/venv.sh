#!/usr/bin/env bash
# venv.sh [CORE [CONSTRAINTS]]: makes a virtual environment with ansible-core CORE, puts this checkout into it as
# alicloud.os_migration, and prints its path. Without CORE: the newest that this Python allows, with the development
# tools, linked as .venv. CONSTRAINTS is a pip constraints file, for testing the lower ends of the ranges, also of what is
# optional.
# shellcheck source=tests/setup/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 10))' || die "Python 3.10 or newer is needed, $PYTHON is older: set PYTHON to a newer one"
version=$("$PYTHON" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
newest=$(case $version in 3.10) echo 2.17.14 ;; 3.11) echo 2.19.14 ;; *) echo 2.21.5 ;; esac)
core=${1:-$newest}
constraints=${2:-}
requirements=("$ROOT/requirements.txt")
[ $# -gt 0 ] || requirements+=("$ROOT/tests/setup/requirements-dev.txt")
[ -z "$constraints" ] || requirements+=("$ROOT/requirements-optional.txt")

key=$(hash_of "$ROOT" "$(readlink -f "$(command -v "$PYTHON")")" "$version" "$core" "${requirements[@]}" ${constraints:+"$constraints"})
venv=$CACHE/venv/$core-$key
if [ ! -e "$venv/.complete" ]; then
	rm -rf "$venv"
	mkdir -p "$CACHE/venv"
	"$PYTHON" -m venv "$venv" >&2 || die "python3 -m venv failed: install the package python3-venv"
	"$venv/bin/python" -m pip install --quiet --quiet --disable-pip-version-check "ansible-core==$core" ${constraints:+-c "$constraints"} \
		"${requirements[@]/#/-r}" >&2 || die "pip could not install the requirements: is the Python package registry reachable?"
	touch "$venv/.complete"
fi
collections=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/ansible_collections
mkdir -p "$collections/alicloud"
ln -sfn "$ROOT" "$collections/alicloud/os_migration"
[ $# -gt 0 ] || ln -sfn "$venv" "$ROOT/.venv"
printf '%s\n' "$venv"
