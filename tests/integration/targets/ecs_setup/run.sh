#!/bin/sh
# run.sh [TARGET...]: starts a simulator with fleet.yml, runs the targets against it (all that have a runme.sh by default), and
# ends it. ansible-playbook and the simulator's Python are taken from the PATH.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
targets=$(cd "$here/.." && pwd)
work=$(mktemp -d)
simulator=
finish() {
	[ -z "$simulator" ] || kill "$simulator" 2>/dev/null || true
	rm -rf "$work"
}
trap finish EXIT
cd "$here/../../.."
python3 -m simulator serve --fleet "$here/fleet.yml" --port 0 --write-env "$work/env" >"$work/out" &
simulator=$!
for _ in $(seq 100); do
	grep -q '^ready ' "$work/out" && break
	sleep 0.2
done
# shellcheck source=/dev/null
. "$work/env"
if [ $# -eq 0 ]; then
	for script in "$targets"/*/runme.sh; do set -- "$@" "$(basename "$(dirname "$script")")"; done
fi
for target; do
	printf '== %s\n' "$target"
	(cd "$targets/$target" && ./runme.sh)
done
