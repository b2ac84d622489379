# shellcheck shell=sh
# Starts a detached job on this host, tells how it stands, and gives its files back.
# Usage: sh -s -- start ID PHASE | status ID | fetch ID NAME | remove ID
# "start" finds the job's files as a base64 tar.gz in the shell function payload, which the sender puts in front.
# A job is a directory; whoever holds the lock of its phase is running. Safe to call again at any time.
set -u
LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
verb=$1 id=$2
base=/var/lib/os_migration
job=$base/$id
umask 077

json_string() { # standard input as one JSON string; bytes that are not printable ASCII become escapes
	od -An -v -tu1 | awk '
		BEGIN { printf "\"" }
		{ for (i = 1; i <= NF; i++) { c = $i + 0
			if (c == 34 || c == 92) printf "\\%c", c
			else if (c >= 32 && c < 127) printf "%c", c
			else printf "\\u%04x", c } }
		END { printf "\"" }'
}

value() { # value KEY : from the job's state file
	[ -r "$job/state" ] && sed -n "s/^$1=//p" "$job/state" | tail -n 1
}

running() { # not at its end, and a process of this phase still lives
	# A lock for each phase: something that outlives the first phase, a key agent for one, must not pass for the second.
	# Shared: it conflicts with the phase's own, but not with that of another who asks.
	lock=$job/lock.$(value phase)
	[ -e "$lock" ] && [ "$(value state)" = running ] && ! flock -n -s "$lock" true
}

standing() { # running, finished, failed, or died: says that it runs, but no process of it lives
	# The lock first, then the state: the other way round, a job that ends between the two would look dead.
	for look in 1 2 3; do
		if running; then
			printf running
			return
		fi
		state=$(value state)
		if [ "$state" != running ]; then
			printf '%s' "$state"
			return
		fi
		[ "$look" = 3 ] || sleep 0.2 # another controller may just be starting it
	done
	printf died
}

percent() { # how far the package transaction is, from the "n/m" that the package manager writes
	[ -r "$job/transaction.log" ] || return 0
	tail -c 4000 "$job/transaction.log" | tr '\r' '\n' | awk '
		match($0, /[0-9]+\/[0-9]+[ \t]*$/) { split(substr($0, RSTART, RLENGTH), part, "/")
			if (part[2] + 0 > 0 && part[1] + 0 <= part[2] + 0) found = int(100 * part[1] / part[2]) }
		END { if (found != "") print found }'
}

steps() { # the journal's lines (time, step, status) as JSON objects
	[ -r "$job/journal" ] || return 0
	awk 'NF >= 3 && $1 ~ /^[0-9]+$/ && $2 ~ /^[a-z_]+$/ && $3 ~ /^[a-z]+$/ {
		printf "%s{\"time\":%s,\"step\":\"%s\",\"status\":\"%s\"}", n++ ? "," : "", $1, $2, $3 }' "$job/journal"
}

tell() {
	if [ ! -d "$job" ]; then
		printf '{"job":1,"state":"absent"}\n'
		return
	fi
	state=$(standing)
	done_percent=$(percent)
	printf '{"job":1,"state":"%s","phase":"%s","step":"%s"' "$state" "$(value phase | tr -cd "[:lower:]")" "$(value step | tr -cd "[:lower:]_")"
	printf ',"percent":%s,"steps":[%s]' "${done_percent:-null}" "$(steps)"
	printf ',"message":'
	value message | tr -d '\n' | head -c 2000 | json_string
	printf ',"job_boot_id":'
	value boot_id | tr -d '\n' | json_string
	printf ',"boot_id":'
	tr -d '\n' </proc/sys/kernel/random/boot_id | json_string
	printf ',"log_tail":'
	{ tail -n 25 "$job/log" 2>/dev/null; [ "$state" = finished ] || tail -n 25 "$job/transaction.log" 2>/dev/null; } | tail -c 4000 | json_string
	printf '}\n'
}

unpack() { # the payload into the job's directory; a file that is there already is replaced by rename
	mkdir -p "$base" "$job" || return 1
	fresh=$(mktemp -d "$job/.new.XXXXXX") || return 1
	payload | base64 -d | tar -xzf - -C "$fresh" || return 1
	for file in "$fresh"/*; do
		mv -f "$file" "$job/" || return 1
	done
	rmdir "$fresh"
}

launch() { # PHASE, in a process tree that outlives this session; it waits for the lock, which somebody may just be looking at
	lock=$job/lock.$1
	: >>"$lock"
	if [ -d /run/systemd/system ] && command -v systemd-run >/dev/null; then
		systemctl reset-failed "os-migration-$id.service" 2>/dev/null
		set -- flock -w 60 "$lock" /bin/sh "$job/engine.sh" "$job" "$1"
		# KillMode and the long stop time keep a shutdown from cutting an rpm transaction; an old systemd does not know them here.
		timeout 60 systemd-run --unit="os-migration-$id" --property=KillMode=process --property=TimeoutStopSec=30min \
			--property=LimitNOFILE=65536 --property=OOMScoreAdjust=-900 "$@" >/dev/null 2>&1 ||
			timeout 60 systemd-run --unit="os-migration-$id" "$@" >/dev/null
	else
		setsid flock -w 60 "$lock" /bin/sh "$job/engine.sh" "$job" "$1" >/dev/null 2>&1 </dev/null &
	fi
}

refuse() { # MESSAGE
	printf '{"job":1,"state":"refused","step":"","message":'
	printf '%s' "$1" | json_string
	printf '}\n'
}

begin() { # PHASE: starts it where that is due, and tells how the job stands
	case $1.$(value phase).$(standing) in
	prepare..* | prepare.prepare.failed | prepare.prepare.died)
		complaint=$(unpack 2>&1) || {
			refuse "the job could not be written to $job: $complaint"
			return
		}
		;;
	convert.prepare.finished) ;;
	convert..* | convert.prepare.*)
		refuse "the transaction was not proven on this host, so it is not run"
		return
		;;
	*) # it runs, or the phase is over; a conversion that began is never begun again
		tell
		return
		;;
	esac
	printf 'state=running\nphase=%s\nstep=\nmessage=\nboot_id=%s\n' "$1" "$(cat /proc/sys/kernel/random/boot_id)" >"$job/state"
	launch "$1"
	tries=0
	while ! running && [ "$(value state)" = running ] && [ $tries -lt 300 ]; do
		sleep 0.1
		tries=$((tries + 1))
	done
	tell
}

case $verb in
start) begin "$3" ;;
status) tell ;;
remove) # never a job that runs or that has begun to change the host
	if ! running && ! grep -q ' trust_target ' "$job/journal" 2>/dev/null; then rm -rf "$job"; rmdir "$base" 2>/dev/null; fi
	tell
	;;
fetch)
	printf '{"job":1,"content":'
	head -c 2000000 "$job/$3" 2>/dev/null | json_string
	printf '}\n'
	;;
esac
