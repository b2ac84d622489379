#!/bin/sh
# run.sh [TARGET...]: starts a simulator with fleet.yml, runs the targets against it (all ecs_* targets by default), and
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
[ $# -gt 0 ] || set -- ecs_instance_info ecs_power ecs_tag ecs_snapshot ecs_snapshot_info ecs_disk_reset
for target; do
	printf '== %s\n' "$target"
	(cd "$targets/$target" && ./runme.sh)
done
