#!/usr/bin/env bash
# test.sh: everything that CI runs; says what it ran and how many tests, and ends with the first failure.
# shellcheck source=tests/setup/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
started=$SECONDS
ran() { printf '== %s: passed after %d s\n' "$*" $((SECONDS - started)); }
"$ROOT/tests/setup/root.sh" test
venv=$("$ROOT/tests/setup/venv.sh")
export PATH="$venv/bin:$PATH"
printf 'caches: %s\n' "$CACHE"
cd "$ROOT"
# Meanwhile, in the background: the image of the lab hosts, and the ladders of the modules against the simulator.
background() {
	(cd tests && python -m lab build)
	tests/integration/targets/ecs_setup/run.sh
}
background >"$CACHE/ladders.log" 2>&1 &
ladders=$!
trap wait EXIT # it ends by itself, also when a linter has not liked something
"$ROOT/tests/setup/lint.sh"
ran "ruff, mypy, shellcheck and ansible-lint (production)"
"$ROOT/tests/setup/sanity.sh"
ran "ansible-test sanity, without an ignore file"
wait "$ladders" || { cat "$CACHE/ladders.log"; exit 1; }
ran "lab image, and $(grep -c '^== ' "$CACHE/ladders.log") integration targets of the cloud modules"
# The limit is for a test that hangs; the run takes a third of it. Tests on lab hosts wait more than they work: one more than cores.
timeout --kill-after=60 2100 python -m pytest -q -n 3 --dist worksteal --durations=25 tests/unit tests/acceptance
ran "unit and acceptance tests"
