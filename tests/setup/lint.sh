#!/usr/bin/env bash
# lint.sh: every linter, each on all that it understands; none has a list of things to overlook.
# shellcheck source=tests/setup/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
venv=$("$ROOT/tests/setup/venv.sh")
cd "$ROOT"
run() { printf '== %s\n' "$*"; PATH="$venv/bin:$PATH" "$@"; }
run ruff check .
run ruff format --check .
run mypy
mapfile -t scripts < <(git ls-files -co --exclude-standard '*.sh')
run shellcheck -x "${scripts[@]}"
run ansible-lint --offline --strict --profile production
