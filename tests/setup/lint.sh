#!/usr/bin/env bash
# lint.sh: every linter, each on all that it understands; none has a list of things to overlook.
# shellcheck source=tests/setup/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
venv=$("$ROOT/tests/setup/venv.sh")
cd "$ROOT"
run() { printf '== %s\n' "$*"; PATH="$venv/bin:$PATH" "$@"; }
run ruff check .
run ruff format --check .
# mypy finds the collection by the name under which it is imported.
names=$(mktemp -d)
trap 'rm -rf "$names"' EXIT
mkdir -p "$names/ansible_collections/alicloud"
ln -s "$ROOT" "$names/ansible_collections/alicloud/os_migration"
(cd "$names" && run mypy --config-file "$ROOT/pyproject.toml" --cache-dir "$ROOT/.mypy_cache" ansible_collections/alicloud/os_migration/plugins)
(cd tests && run mypy --config-file "$ROOT/pyproject.toml" --cache-dir "$ROOT/.mypy_cache" harness.py metadata.py policies.py catalogue.py demo.py bench/bench.py simulator lab)
mapfile -t scripts < <(git ls-files -co --exclude-standard | while read -r file; do
	case $file in *.sh) echo "$file" ;; *) head -c 40 "$file" 2>/dev/null | head -n 1 | grep -aqE '^#!.*\b(ba)?sh\b' && echo "$file" ;; esac
done)
run shellcheck -x "${scripts[@]}"
run ansible-lint --offline --strict --profile production
