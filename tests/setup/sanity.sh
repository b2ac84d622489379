#!/usr/bin/env bash
# sanity.sh: ansible-test sanity on a copy of the tracked files, in the folder layout that it wants; with no ignore file.
# shellcheck source=tests/setup/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
venv=$("$ROOT/tests/setup/venv.sh")
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
tree=$copy/ansible_collections/alicloud/os_migration
mkdir -p "$tree"
cd "$ROOT"
git ls-files -co --exclude-standard -z | while IFS= read -r -d '' file; do [ ! -e "$file" ] || printf '%s\0' "$file"; done | tar --null -T - -cf - | tar -xf - -C "$tree"
cd "$tree"
[ -z "$(find tests/sanity -name 'ignore*' 2>/dev/null)" ] || die "there is an ignore file in tests/sanity"
git init -q . && git add -A
# ansible-test hides this machine's pip settings from its environments, so they get a copy, without addresses printed.
settings=$("$venv/bin/python" -m pip config list | sed -n "s/^[^=]*\.\(cert\|index-url\|extra-index-url\|find-links\|proxy\)='\(.*\)'$/\1 = \2/p" | sort -u -t= -k1,1)
# The environments are kept in the cache, where ansible-test names them by the hash of what is in them.
export HOME=$CACHE/ansible-test
bootstrap=$HOME/.ansible/test/cache
mkdir -p "$bootstrap" "$HOME/.config/pip"
printf '[global]\n%s\n' "$settings" >"$HOME/.config/pip/pip.conf"
# ansible-test wants a script that puts pip into an empty environment, from an address that not every machine reaches.
# Python's own ensurepip and the package registry do the same.
version=$("$venv/bin/python" - <<'END'
from ansible_test._internal.host_configs import NativePythonConfig
from ansible_test._internal.python_requirements import get_venv_packages
print(get_venv_packages(NativePythonConfig(version="3.11", path=""))["pip"])
END
)
cat >"$bootstrap/get_pip_${version//./_}.py" <<'END'
import subprocess
import sys

subprocess.run([sys.executable, "-m", "ensurepip"], check=True, stdout=subprocess.DEVNULL)
wanted = [word for word in sys.argv[1:] if word not in ("--no-setuptools", "--no-wheel")]
subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", *wanted], check=True)
END
PATH="$venv/bin:$PATH" ansible-test sanity --venv --color no --python "$("$venv/bin/python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')" "$@"
