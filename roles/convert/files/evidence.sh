# shellcheck shell=sh
# Resolves the transaction of a conversion on this host, runs nothing and changes nothing, and prints one JSON document:
# {"transaction": 1, "sections": {NAME: {"text", "cut", "rc"}, ...}}, as the probe does; the controller makes sense of the text.
# transaction.sh starts it in a mount namespace of its own, where it makes everything of the host read-only but the directory
# job. The functions of resolution.sh, the settings of the target, TARGET_REPO and TARGET_KEY stand in front of it.
# shellcheck disable=SC2317  # section calls the functions s_* by name
# shellcheck disable=SC2154  # the sender sets these
# shellcheck disable=SC2016  # the programs in single quotes are for awk
set -u
LC_ALL=C TZ=UTC PATH=/usr/sbin:/usr/bin:/sbin:/bin
# Never a yes: should anything go as nobody planned, the package manager still does nothing.
MANAGER_ANSWER=--assumeno MANAGER_SECONDS=150
export LC_ALL TZ PATH MANAGER_ANSWER MANAGER_SECONDS
unset ENV BASH_ENV CDPATH GREP_OPTIONS
umask 077
# Databases that do not read the files of a newer version.
SERVERS='mysql-server mariadb-server postgresql-server redis'
comma=

json_bytes() { # standard input as the inside of a JSON string, up to $1 bytes, then whether more was there
	# Numbers from od, not characters, go through awk: no byte can confuse any awk.
	head -c $(($1 + 1)) | od -An -v -tu1 | awk -v limit="$1" '
		BEGIN {
			for (i = 0; i < 256; i++) byte[i] = (i < 32 || i > 126) ? sprintf("\\u%04x", i) : sprintf("%c", i)
			byte[9] = "\\t"; byte[10] = "\\n"; byte[34] = "\\\""; byte[92] = "\\\\"
		}
		{ line = ""; for (i = 1; i <= NF; i++) if (n++ < limit) line = line byte[$i + 0]; printf "%s", line }
		END { printf "\",\"cut\":%s", (n + 0 > limit + 0) ? "true" : "false" }'
}

section() { # NAME BYTES: the output of the function s_NAME as one member of the document, and its status
	printf '%s\n"%s":{"text":"' "$comma" "$1"
	comma=,
	rc=$({ { "s_$1" 3>&- 4>&-
		echo $? >&3; } </dev/null | json_bytes "$2" >&4; } 3>&1)
	printf ',"rc":%d}' "${rc:-1}"
	return "${rc:-1}"
}

read_only() { # every mount on which a package manager might write
	awk '{ print $2 }' /proc/self/mounts | sort -u >mounts
	while read -r place; do
		case $place in
		"$job" | "$job"/* | /tmp | *\\*) ;;
		/ | /boot* | /etc* | /home* | /opt* | /root* | /run | /srv* | /usr* | /var*)
			timeout 10 mount -n -o remount,bind,ro "$place" || return 1
			;;
		esac
	done <mounts
}

make_private() { # the work in memory, or in the directory that OS_MIGRATION_WORK names; all else can only be read
	mount -n --make-rprivate / || return 1
	job=$OS_MIGRATION_WORK
	if [ -n "$job" ]; then
		mount -n --bind "$job" "$job" || return 1
	else
		job=/var/tmp
		mount -n -t tmpfs -o size=768m,mode=700 os_migration "$job" || return 1
	fi
	cd "$job" || return 1
	mkdir tmp home before modules.d || return 1
	HOME=$job/home TMPDIR=$job/tmp
	export HOME TMPDIR
	mount -n --bind "$job/tmp" /tmp && read_only && private_streams && private_database
}

private_streams() { # the package manager sees no stream of the source, as in the conversion
	[ -d /etc/dnf/modules.d ] || return 0
	cp -p /etc/dnf/modules.d/*.module modules.d/ 2>/dev/null
	awk -F = '/^\[/ { name = substr($0, 2, index($0, "]") - 2) } $1 == "stream" { stream = $2 } $1 == "state" { state = $2 }
		/^\[/ { stream = ""; state = "" } name != "" && stream != "" && state == "enabled" { print name ":" stream; name = "" }' \
		modules.d/*.module 2>/dev/null | sort -u >enabled
	reset_streams modules.d
	mount -n --bind "$job/modules.d" /etc/dnf/modules.d
}

private_database() { # rpm opens a database that it cannot write to without a lock; where it does not, a copy
	timeout 60 rpm -q rpm >/dev/null 2>&1 && return 0
	database=$(readlink -f "$(rpm --eval '%{_dbpath}')")
	cp -a "$database" rpmdb && mount -n --bind "$job/rpmdb" "$database"
}

s_key() { # whether rpm takes the pinned key
	[ -n "$TARGET_KEY" ] || return 0
	printf '%s\n' "$TARGET_KEY" >target.key
	timeout 30 rpmkeys --dbpath "$job/keyring" --import target.key 2>&1
}

s_repositories() { # whether the target's repositories can be read; if not, why, without the passwords that an address may have
	read_offer --setopt=retries=2 --setopt=timeout=15 >refusal 2>&1 && return 0
	status=$?
	{ cat refusal; grep -ho 'Curl error.*\|Status code.*' dnf.librepo.log | awk '!seen[$0]++'; } | sed 's#://[^/@ ]*@#://***@#g' | head -n 20
	return "$status"
}

s_meant() { # names of packages that are to go
	packages >before/packages && [ -s before/packages ] || return 1
	write_transaction
	{ cat meant; for name in $ALLOW_REMOVALS; do printf '%s\n' "$name"; done; } | sort -u
}

s_resolution() { # what the package manager would do, in its own words
	manager -C --allowerasing shell "$job/transaction" >resolution 2>&1
	status=$?
	cat resolution
	[ "$status" != 124 ] || return 124
}

s_offer() { # NAME|VERSION|ARCHITECTURE|SIZE|DOWNLOAD SIZE|SIZE OF THE INSTALLED, in bytes, of packages that the resolution speaks of
	timeout 60 rpm -qa --qf '%{NAME} %{SIZE}\n' >sizes || return
	awk -F '|' 'part == 1 { n = split($0, word, /[ \t]+/); for (i = 1; i <= n; i++) said[word[i]] }
		part == 2 { split($0, word, " "); old[word[1]] = word[2] }
		part == 3 && ($1 in said) && ($2 in said) { print $0 "|" old[$1] + 0 }' part=1 resolution part=2 sizes part=3 offer
}

s_left() { # packages of the source that stay, because the target has none of their name
	cut -d '|' -f 1 offer >names
	from_source <before/packages | awk -F '\t' 'part == 1 { known[$1] } part == 2 && !($1 in known) && $1 !~ /^kernel/ { print $2 }' \
		part=1 names meant part=2 -
}

s_servers() {
	awk -F '|' -v names="$SERVERS" 'BEGIN { n = split(names, name, " "); for (i = 1; i <= n; i++) wanted[name[i]] }
		$1 in wanted { print $1 "|" $2 "|" $3 }' offer
}

plain() { # FILE: a document of the repositories' metadata
	case $1 in
	*.gz) gzip -dc "$1" ;;
	*.xz) xz -dc "$1" ;;
	*.bz2) bzip2 -dc "$1" ;;
	*.zst) zstd -dc "$1" ;;
	*) cat "$1" ;;
	esac
}

s_streams() { # NAME:STREAM of enabled streams that the target does not have
	[ -s enabled ] || return 0
	for file in cache/*/repodata/*modules.yaml*; do
		[ ! -f "$file" ] || plain "$file" || return 1
	done >documents
	awk '{ gsub(/["\047\r]/, "") } /^---/ { name = "" } /^[^ ]/ { inside = ($1 == "data:") }
		inside && /^  name: / { name = $2 } inside && /^  stream: / { stream = $2 }
		inside && name != "" && stream != "" { print name ":" stream; name = ""; stream = "" }' documents | sort -u >streams
	comm -23 enabled streams
}

s_sizes() { # NAME KIB of what the preparation of the conversion will write beside the packages
	du -sk cache | awk '{ print "metadata", $1 }'
	du -sk "$(readlink -f "$(rpm --eval '%{_dbpath}')")" | awk '{ print "rpmdb", $1 }'
}

main() {
	exec 4>&1
	# The first to go where memory gets short, never a service of the host.
	echo 1000 >/proc/self/oom_score_adj
	if ! make_private >/dev/null 2>&1; then
		printf '{"transaction":1,"cause":"unknown","problem":"the host could not be shut off from the trial, so nothing was tried"}\n'
		return
	fi
	printf '%s\n' "$TARGET_REPO" >target.repo
	configure_manager
	printf '{"transaction":1,"sections":{'
	section key 4096
	if section repositories 16384 && section meant 65536 && section resolution 4194304; then
		section offer 4194304
		section left 524288
		section servers 65536
		section streams 65536
		section sizes 1024
	fi
	printf '\n}}\n'
}
main 2>/dev/null </dev/null
exit
