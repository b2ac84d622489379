# shellcheck shell=sh
# Tells whether this host runs the target system and has ended the work of its first boots. Only reads.
# Usage: sh -s -- QUIET_SECONDS ID MAJOR_VERSION, the last two as in os-release.
# Settled means: the right system, up for that long, no package work under way, and the rpm database unchanged for that long.
set -u
LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
quiet=$1 wanted_id=$2 wanted_major=$3

release() { # KEY of os-release, without quotes
	timeout 5 sed -n "s/^$1=//p" /etc/os-release 2>/dev/null | head -n 1 | tr -cd 'A-Za-z0-9._-'
}

package_work() { # names of processes that change packages or the boot files
	for file in /proc/[0-9]*/comm; do
		name=
		{ read -r name <"$file"; } 2>/dev/null
		case $name in
		dnf | yum | rpm | rpmdb | leapp | dracut | grub2-mkconfig | convert2rhel | centos2anolis*) echo "$name" | tr -cd 'a-z0-9\n-' ;;
		esac
	done
	[ ! -e /etc/systemd/system/leapp_resume.service ] || echo leapp_resume
	case $(timeout 10 systemctl is-system-running 2>/dev/null) in initializing | starting) echo boot ;; esac
}

unchanged_for() { # seconds since the rpm database was written; 0 where it cannot be seen
	changed=$(timeout 5 stat -c %Y /var/lib/rpm/Packages /var/lib/rpm/rpmdb.sqlite /var/lib/rpm/Packages.db \
		/usr/lib/sysimage/rpm/rpmdb.sqlite 2>/dev/null | sort -n | tail -n 1)
	now=$(date +%s)
	echo $((now - ${changed:-$now}))
}

id=$(release ID) version=$(release VERSION_ID)
read -r uptime _rest </proc/uptime
uptime=${uptime%%.*} unchanged=$(unchanged_for) busy=$(package_work | sort -u)
waits=
[ "$id" = "$wanted_id" ] && [ "${version%%.*}" = "$wanted_major" ] || waits="$waits system"
[ "$uptime" -ge "$quiet" ] || waits="$waits boot"
[ -z "$busy" ] || waits="$waits packages"
[ "$unchanged" -ge "$quiet" ] || waits="$waits database"

words() { # WORD... as a JSON list
	comma=
	printf '['
	for word in "$@"; do
		printf '%s"%s"' "$comma" "$word"
		comma=,
	done
	printf ']'
}

settled=false
[ -n "$waits" ] || settled=true
printf '{"settled":%s,"id":"%s","version_id":"%s","uptime":%d,"unchanged_for":%d,"waits_for":' \
	"$settled" "$id" "$version" "$uptime" "$unchanged"
# shellcheck disable=SC2086  # words without blanks, made above
words $waits
printf ',"busy":'
# shellcheck disable=SC2086
words $busy
printf ',"boot_id":"%s"}\n' "$(tr -cd 'a-f0-9-' </proc/sys/kernel/random/boot_id)"
