#!/bin/sh
# The endpoint and the credentials come from the environment: see ../ecs_setup/run.sh.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED=true
export COLUMNS=2000

# must_fail FILE WORD...: the inventory is refused, in words that name the reason, and without a traceback.
must_fail() {
	file=$1
	shift
	if ansible-inventory -i "$file" --list >"$work/out" 2>&1; then
		echo "$file was accepted" >&2
		exit 1
	fi
	for word; do grep -qF "$word" "$work/out" || { cat "$work/out"; echo "$word is missing" >&2; exit 1; }; done
	if grep -q Traceback "$work/out"; then cat "$work/out"; exit 1; fi
}
configuration() { # configuration FILE LINE...: a file with these lines
	path=$work/$1_ecs.yml
	shift
	printf '%s\n' 'plugin: alicloud.os_migration.ecs' "$@" >"$path"
	printf '%s\n' "$path"
}

ansible-playbook -i ladder_ecs.yml test.yml "$@"

cached=$(configuration cached 'regions: all' 'cache: true' 'cache_plugin: ansible.builtin.jsonfile' "cache_connection: $work/cache")
ansible-inventory -i "$cached" --list --output "$work/first"
# With a wrong secret, the second comes from the cache or fails.
ALIBABA_CLOUD_ACCESS_KEY_SECRET=none ansible-inventory -i "$cached" --list --output "$work/second"
cmp "$work/first" "$work/second"
if grep -rqF "$ALIBABA_CLOUD_ACCESS_KEY_SECRET" "$work/cache"; then echo 'the cache holds the secret' >&2; exit 1; fi

must_fail "$(configuration region 'regions: [cn-hangzhou, cn-nowhere]')" cn-nowhere InvalidRegionId
must_fail "$(configuration option 'regions: cn-hangzhou' 'filter: {status: Running}')" filter 'did you mean filters'
must_fail "$(configuration query 'regions: cn-hangzhou' 'query: ["status =="]')" query 'status =='
ALIBABA_CLOUD_ACCESS_KEY_SECRET=none must_fail "$(configuration secret 'regions: cn-hangzhou')" SignatureDoesNotMatch
ansible-doc -t inventory alicloud.os_migration.ecs >"$work/page"
grep -q hostvar_prefix "$work/page"
