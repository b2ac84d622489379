#!/usr/bin/env bash
# test.sh: everything that CI runs; says what it ran and how many tests, and ends with the first failure.
# shellcheck source=tests/setup/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
"$ROOT/tests/setup/root.sh" test
venv=$("$ROOT/tests/setup/venv.sh")
printf 'caches: %s\n' "$CACHE"
cd "$ROOT"
"$ROOT/tests/setup/lint.sh"
"$ROOT/tests/setup/sanity.sh"
exec "$venv/bin/python" -m pytest -q tests/unit tests/acceptance
