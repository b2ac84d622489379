#!/bin/sh
# Reads this host and prints one JSON document: {"probe": 1, "sections": {NAME: {"text", "cut", "rc"}, ...}}.
# Started as "sh -s" by root, with this program on standard input. It only reads: no file is made or changed, no lock is
# taken, no cache is filled, and no part of it needs a temporary file, so that it works on a full disk too.
# rc is the exit status of a section (123: part of it is on a file system of the network, which is not touched; 124: a time
# limit struck; 127: a command or "timeout" is missing), cut says that text or files beyond the section's limit were
# dropped. Bytes above 126 are written as \u00XX, whatever they may mean.
# Whatever hangs on the host, the document is whole after so many seconds; sections that had no turn have status 124.
# shellcheck disable=SC2317  # section calls the functions s_* by name
# shellcheck disable=SC2016  # the programs in single quotes are for awk
# shellcheck disable=SC3045  # dash and bash know ulimit -v
set -u
LC_ALL=C TZ=UTC PATH=/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL TZ PATH
unset ENV BASH_ENV CDPATH POSIXLY_CORRECT GREP_OPTIONS SYSTEMD_PAGER SYSTEMD_COLORS

time_allowed=90
have_timeout=
command -v timeout >/dev/null 2>&1 && have_timeout=1
strikes=0 # sections in which a time limit struck
struck=0  # whether one struck in this section
comma=
newline='
'
# What a section wants to be known of it is said on descriptor 3, one word per line, so that it gets through from any
# subshell: late, far, cut. "verdict" reads it. Descriptor 4 is the document.
exec 3>/dev/null

clock() { # now: seconds of a clock that nobody sets; no process is started for it
	now=
	{ read -r now rest </proc/uptime; } 2>/dev/null
	now=${now%%.*}
	[ -n "$now" ] || now=$(date +%s) || now=0
}
clock
deadline=$((now + time_allowed))

json_bytes() { # numbers of bytes, as od prints them, as the inside of a JSON string; status 1: more than $1 of them
	# Numbers, not characters, go through awk: no byte can confuse any awk.
	awk -v limit="$1" '
		BEGIN {
			for (i = 0; i < 256; i++) byte[i] = (i < 32 || i > 126) ? sprintf("\\u%04x", i) : sprintf("%c", i)
			byte[9] = "\\t"; byte[10] = "\\n"; byte[34] = "\\\""; byte[92] = "\\\\"
		}
		{ line = ""; for (i = 1; i <= NF; i++) if (n++ < limit) line = line byte[$i + 0]; printf "%s", line }
		END { exit n + 0 > limit + 0 }'
}

listen() { # SECONDS BYTES: the numbers of so many bytes of standard input, as long as somebody may write them
	if [ -n "$have_timeout" ]; then
		timeout -k 1 "$1" od -An -v -tu1 -N "$2"
		case $? in 124 | 137) echo stuck >&3 ;; esac
	else
		od -An -v -tu1 -N "$2"
	fi
	# Taken if the section itself said nothing: it was stopped, because its output is beyond the limit or by the host.
	echo 'rc 141' >&3
}

work() { # NAME: the section itself, in a shell of its own
	{ read -r process </proc/self/stat && echo "process $process" >&3; } 2>/dev/null
	"s_$1"
	status=$?
	[ $struck = 0 ] || status=124
	echo "rc $status" >&3
}

end_process() { # a line of /proc/PID/stat: ends that process, and no other that has got its number since
	read -r still <"/proc/${1%% *}/stat" || return
	# shellcheck disable=SC2086  # words
	set -- $1
	begun="$1 ${22}"
	# shellcheck disable=SC2086
	set -- $still
	[ "$begun" != "$1 ${22}" ] || kill -9 "$1"
}

verdict() { # the end of a section in the document; its status: a time limit struck
	process='' rc='' cut=false far='' late=''
	while read -r word value; do
		case $word in
		process) process=$value ;;
		rc) [ -n "$rc" ] || rc=$value ;;
		late) late=1 ;;
		far) far=1 ;;
		cut) cut=true ;;
		stuck)
			late=1
			end_process "$process" 2>/dev/null
			;;
		end) break ;;
		esac
	done
	[ -z "$far" ] || rc=123
	[ -z "$late" ] || rc=124
	printf '","cut":%s,"rc":%d}' "$cut" "${rc:-141}"
	[ "$rc" != 124 ]
}

section() { # NAME [BYTES]: the output of the function s_NAME as one member of the document
	# Nobody reads the document any more where this fails.
	printf '%s\n"%s":{"text":"' "$comma" "$1" || exit
	comma=,
	clock
	patience=40
	[ $strikes -lt 1 ] || patience=20
	[ $strikes -lt 3 ] || patience=5
	[ $((deadline - now)) -ge $patience ] || patience=$((deadline - now))
	if [ $patience -lt 1 ]; then
		printf '","cut":false,"rc":124}'
		return
	fi
	# The section runs in the background: what hangs beyond the reach of every signal must not be waited for.
	{
		{ work "$1" </dev/null 2>/dev/null 4>&- & } | listen "$patience" $((${2:-65536} + 1)) | {
			json_bytes "${2:-65536}" >&4 || echo cut >&3
			echo end >&3
		}
	} 3>&1 | verdict || strikes=$((strikes + 1))
}

run() { # SECONDS COMMAND...: no command runs without a limit; on a host that hangs the limits shrink
	[ -n "$have_timeout" ] || {
		echo 'rc 127' >&3
		return 127
	}
	seconds=$1
	shift
	if [ $strikes -ge 3 ] || [ $struck = 1 ]; then seconds=1; fi
	clock
	[ $((deadline - now)) -ge "$seconds" ] || seconds=$((deadline - now))
	status=124
	if [ "$seconds" -gt 0 ]; then
		timeout -k 1 "$seconds" "$@" 3>&- 4>&-
		status=$?
	fi
	case $status in
	124 | 137) # 137: it had to be killed
		struck=1
		echo late >&3
		return 124
		;;
	esac
	return $status
}

# A server that is gone holds up whoever looks at a file of it, also a shell, and some file systems for ever. So file
# systems of the network, of FUSE and of the automounter are never touched: they are known by the table of mounts alone.
remote=$newline
find_remote() {
	remote=$newline$(run 5 awk '
		$3 ~ /^(nfs|cifs$|smb|fuse($|[.]|blk)|ceph|gluster|lustre|9p|afs|gpfs|cpfs|beegfs|pvfs|orangefs|ocfs2|gfs|coda|ncp|autofs)/ {
			gsub(/\\040/, " ", $2); gsub(/\\134/, "\\", $2)
			if ($2 != "/" && $2 !~ /^\/proc\//) print $2
		}' /proc/self/mounts 2>/dev/null)$newline
	struck=0
}

near() { # PATH: whether it is on this host; else the section says that something was left out
	[ "$remote" != "$newline$newline" ] || return 0
	whole=${1%/}
	while [ -n "$whole" ]; do
		case $remote in *"$newline$whole$newline"*) echo far >&3 && return 1 ;; esac
		whole=${whole%/*}
	done
}

is() { # -TEST PATH: like test, but never held up by a file system of the network, not even behind a link
	if [ "$remote" = "$newline$newline" ]; then
		test "$1" "$2"
	else
		near "$2" && run 2 test "$1" "$2"
	fi
}

# What configuration files may hold of secrets stays on the host.
redact='{ gsub(/:\/\/[^\/@ \t]+@/, "://***@"); gsub(/pass(word|wd)?[ \t]*=[ \t]*[^, \t]+/, "password=***") } '

find_near() { # SECONDS PATH... -EXPRESSION...: find in those of the paths that have nothing remote in them
	limit=$1
	shift
	count=0 paths=1
	for word in "$@"; do
		count=$((count + 1))
		[ "$count" -gt 1 ] || set --
		case $paths$word in
		1-*) paths='' ;;
		1*)
			case $remote in *"$newline${word%/}/"*) echo far >&3 && continue ;; esac
			is -e "$word" || continue
			;;
		esac
		set -- "$@" "$word"
	done
	case ${1-} in
	/*) run "$limit" find "$@" ;;
	esac
}

most_files=1000
most_memory=524288 # KiB
run_on() { # WORDS WORD... FILE...: runs so many words with those files that are regular and can be read
	words=$1
	shift
	count=0
	for word in "$@"; do
		count=$((count + 1))
		if [ "$count" = 1 ]; then
			set -- "$word"
		elif [ "$count" -le "$words" ] || { is -f "$word" && is -r "$word"; }; then
			set -- "$@" "$word"
		fi
		[ "$count" -lt $((words + most_files)) ] || break
	done
	[ $# -le "$words" ] || run "$@"
}

# A line that fills the memory, as in a file that is one hole, ends awk and not the host.
dump() ( # FILE...: PATH<tab>LINE for every line; names that are no regular file are passed over
	[ $# -le "$most_files" ] || echo cut >&3
	ulimit -v "$most_memory"
	run_on 3 5 awk "$redact"'{ print FILENAME "\t" $0 }' "$@"
)

hash_files() { # FILE...: like dump, with SHA-256<blanks>PATH
	[ $# -le "$most_files" ] || echo cut >&3
	run_on 3 10 sha256sum -- "$@"
}

show() ( # FILE; one that does not exist is empty
	is -e "$1" || exit 0
	ulimit -v "$most_memory"
	run 5 awk "$redact"'{ print }' "$1"
)

first_line() { # FILE of the kernel's, such as are never large; no process is started for it
	near "$1" && read -r line <"$1" && printf '%s\n' "$line"
}

present() { # PATH...: those that exist
	for path in "$@"; do
		if is -L "$path" || is -e "$path"; then echo "$path"; fi
	done
}

# rpm run by root opens its database for writing even for a query. In a private mount namespace, where the database is
# read-only, it does not: no lock is taken and no file is touched. Where that does not work, rpm runs as it always does.
# shellcheck disable=SC2016  # the inner shell expands it
private='mount -n --make-rprivate / && mount -n --bind "$0" "$0" && mount -n -o remount,bind,ro "$0" && exec rpm "$@"'
rpm_database=
rpm_is_private=
rpm_answers=

rpm_query() {
	if [ -n "$rpm_is_private" ]; then
		run 30 unshare -m sh -c "$private" "$rpm_database" "$@"
	else
		run 30 rpm "$@"
	fi
}

rpm_list() { # rpm_query of a whole list: rpm may print half of it and end as if all were well, but not without a word
	[ -n "$rpm_answers" ] || rpm_query -q rpm >/dev/null || return
	{
		# shellcheck disable=SC2046  # two words
		set -- $({
			rpm_query "$@" 2>&1 >&5
			echo "exit $?"
		} | awk '/^error:/ { bad = 1 } /^exit / { status = $2 } END { print status + 0, bad + 0 }')
	} 5>&1
	[ "$1" -eq 0 ] || return "$1"
	[ "$2" -eq 0 ]
}

choose_rpm_view() {
	rpm_database=$(run 10 rpm --eval '%{_dbpath}' </dev/null 2>/dev/null)
	[ -n "$rpm_database" ] && is -d "$rpm_database" || return 0
	rpm_database=$(run 5 readlink -f "$rpm_database" 2>/dev/null)
	for rpm_is_private in 1 ''; do
		rpm_query -q rpm </dev/null >/dev/null 2>&1 && rpm_answers=1 && break
	done
	struck=0
}

s_uid() { run 5 id -u; }
s_os_release() { if [ -e /etc/os-release ]; then show /etc/os-release; else show /usr/lib/os-release; fi; }
s_release_files() {
	dump /etc/centos-release /etc/redhat-release /etc/alinux-release /etc/anolis-release /etc/system-release \
		/etc/system-release-cpe
}
s_kernel() { first_line /proc/sys/kernel/osrelease; }
s_boot_id() { first_line /proc/sys/kernel/random/boot_id; }
s_machine_id() { show /etc/machine-id; }
s_cmdline() { show /proc/cmdline; }
s_arch() { run 5 uname -m; }
s_hostname() { run 5 uname -n; }
s_uptime() { first_line /proc/uptime; }
s_epoch() { run 5 date +%s; }
s_taint() { show /proc/sys/kernel/tainted; }
s_pid1() { first_line /proc/1/comm; }

s_rpm_qa() { # NAME|EPOCH|VERSION|RELEASE|ARCH|VENDOR|SIGNATURE|INSTALLTIME
	signature='%|RSAHEADER?{%{RSAHEADER:pgpsig}}:{%|DSAHEADER?{%{DSAHEADER:pgpsig}}:{%|SIGPGP?{%{SIGPGP:pgpsig}}:{%|SIGGPG?{%{SIGGPG:pgpsig}}:{none}|}|}|}|'
	rpm_list -qa --qf "%{NAME}|%{EPOCH}|%{VERSION}|%{RELEASE}|%{ARCH}|%{VENDOR}|$signature|%{INSTALLTIME}\\n"
}
s_rpm_providers() { # CAPABILITY|NAME, for each package that provides it
	command -v rpm >/dev/null || return 127
	for capability in system-release system-logos redhat-indexhtml system-backgrounds kernel; do
		rpm_query -q --whatprovides --qf "$capability|%{NAME}\\n" "$capability" || [ "$struck" = 0 ] || return
	done
}
s_repo_files() { dump /etc/yum.repos.d/*.repo; }
s_yum_conf() { dump /etc/yum.conf /etc/dnf/dnf.conf; }
s_dnf_vars() { dump /etc/dnf/vars/* /etc/yum/vars/*; }
s_versionlock() { dump /etc/dnf/plugins/versionlock.list /etc/yum/pluginconf.d/versionlock.list; }
s_module_streams() { dump /etc/dnf/modules.d/*.module; }

disk_paths='/ /boot /boot/efi /usr /var /var/cache /var/lib /tmp'
df_of() { # UNIT: PATH<tab>its line of df
	set -- "$1"
	for path in $disk_paths; do
		if is -d "$path"; then set -- "$@" "$path"; fi
	done
	unit=$1
	shift
	run 5 df -P "$unit" -- "$@" | awk -v paths="$*" '
		NR == 1 { n = split(paths, path, " "); next }
		{ print path[NR - 1] "\t" $0 }
		END { exit NR != n + 1 }'
}
s_df_space() { df_of -k; } # in KiB
s_df_inodes() { df_of -i; }
s_mounts() { run 5 cat /proc/self/mounts; }
s_fstab() { show /etc/fstab; }
s_swaps() { show /proc/swaps; }
s_meminfo() { run 5 head -n 8 /proc/meminfo; }
s_cpus() { run 5 grep -c '^processor' /proc/cpuinfo; }
s_block() { run 5 lsblk -P -b -o NAME,KNAME,PKNAME,TYPE,SIZE,RO,FSTYPE,UUID,LABEL,MOUNTPOINT; }
s_mdstat() { show /proc/mdstat; }

s_boot_files() { # TYPE SIZE PATH<tab>LINK TARGET
	run 5 find /boot -xdev -maxdepth 4 -printf '%y %s %p\t%l\n'
}
s_default_kernel() { run 10 grubby --default-kernel; }
s_grubenv() { dump /boot/grub2/grubenv; }
s_bls() { dump /boot/loader/entries/*.conf; }
s_grub_default() { show /etc/default/grub; }
s_sysconfig_kernel() { dump /etc/sysconfig/kernel; }
s_efi() { # one word per line: what is there
	[ ! -d /sys/firmware/efi ] || echo efi
	for variable in /sys/firmware/efi/efivars/SecureBoot-*; do
		[ ! -e "$variable" ] || run 5 od -An -tu1 "$variable" | awk '{ for (i = 1; i <= NF; i++) last = $i }
			END { print last == 1 ? "secure_boot" : "secure_boot_off" }'
	done
	run 5 true
}
s_efibootmgr() { [ ! -d /sys/firmware/efi ] || run 5 efibootmgr -v; }
s_lsmod() { show /proc/modules; }
s_dracut_conf() { dump /etc/dracut.conf /etc/dracut.conf.d/*.conf; }
s_selinux() { dump /etc/selinux/config /sys/fs/selinux/enforce; }
s_fips() { show /proc/sys/crypto/fips_enabled; }
s_crypto_policy() { show /etc/crypto-policies/state/current; }

s_sshd_config() { dump /etc/ssh/sshd_config /etc/ssh/sshd_config.d/*.conf; }
s_sshd_effective() { run 10 sshd -T; }
s_sshd_test() { run 10 sshd -t 2>&1; }
s_sockets() { run 10 ss -lntup; }
s_proc_net() { dump /proc/net/tcp /proc/net/tcp6 /proc/net/udp /proc/net/udp6; }

s_unit_files() { # systemd looks into /usr/local too
	near /usr/local/lib/systemd || return
	run 15 systemctl --no-pager --no-legend --full list-unit-files --type=service --type=socket --type=timer
}
s_units() {
	run 15 systemctl --no-pager --no-legend --plain --full --all list-units --type=service --type=socket --type=timer --type=mount
}
s_users() { run 5 awk 'BEGIN { FS = OFS = ":" } NF > 1 { $2 = "x" } { print }' /etc/passwd; }
s_groups() { run 5 cat /etc/group; }
s_cron() { near /var/spool/cron && hash_files /etc/crontab /etc/anacrontab /etc/cron.*/* /var/spool/cron/*; }
s_hashes() {
	hash_files /etc/fstab /etc/hosts /etc/hostname /etc/resolv.conf /etc/sysctl.conf /etc/sudoers /etc/chrony.conf \
		/etc/ssh/sshd_config /etc/ssh/*_key.pub /etc/default/grub /etc/selinux/config /etc/security/limits.conf \
		/etc/cloud/cloud.cfg /etc/sysctl.d/*.conf /etc/sudoers.d/* /etc/sysconfig/network-scripts/ifcfg-* \
		/etc/NetworkManager/system-connections/* /root/.ssh/authorized_keys
}

s_addresses() { run 5 ip -o addr show; }
s_routes() { run 5 ip -4 route show && run 5 ip -6 route show; }
s_interfaces() { run 5 ls -1 /sys/class/net; }
s_resolv() { show /etc/resolv.conf; }
s_network_files() {
	present /etc/sysconfig/network-scripts/ifcfg-* /etc/NetworkManager/system-connections/* /etc/systemd/network/*.network
}

s_busy() { # PID NAME of what holds, or may soon hold, the package database
	for comm in /proc/[0-9]*/comm; do
		name=
		read -r name <"$comm" || continue
		case $name in
		yum | dnf | dnf-3 | rpm | rpmbuild | packagekitd | yum-cron | dnf-automatic | microdnf | leapp | convert2rhel)
			pid=${comm#/proc/}
			echo "${pid%/comm} $name"
			;;
		esac
	done
	run 5 true
}
s_paths() { # what is there of agents, containers, and traces of other migration tools
	present /.dockerenv /run/.containerenv /run/systemd/system /run/ostree-booted /etc/ld.so.preload \
		/usr/local/share/aliyun-assist /usr/sbin/aliyun-service /etc/systemd/system/aliyun.service \
		/usr/lib/systemd/system/aliyun.service /usr/local/aegis /usr/local/cloudmonitor /usr/bin/cloud-init \
		/usr/local/bin/cloud-init /etc/cloud/cloud.cfg /etc/rc.d/init.d/* \
		/etc/sysconfig/network-scripts/ifup-local /var/log/centostoanolis.json /var/tmp/state.json /var/log/leapp \
		/var/lib/leapp /etc/leapp /root/tmp_leapp_py3 /var/log/convert2rhel /var/lib/convert2rhel \
		/boot/vmlinuz-upgrade* /boot/initramfs-upgrade* /etc/oratab /usr/local/cpanel /usr/local/psa \
		/usr/local/directadmin /usr/local/CyberCP /usr/local/mgr5 /www/server/panel
	run 5 true
}
s_virt() { run 5 systemd-detect-virt; }
s_cgroup() { show /proc/1/cgroup; }
s_tools() { # NAME PATH
	for tool in awk base64 cat chattr curl df dnf dracut efibootmgr flock grub2-mkconfig grubby gpg head ip lsattr lsinitrd \
		od rpm rpmkeys rsync sed setsid sha256sum ss sshd systemctl systemd-run tail tar timeout unshare yum; do
		command -v "$tool"
	done | awk -F / '{ print $NF " " $0 }'
}
s_attributes() { # lsattr says by its status that a file system knows no attributes: not an error here
	set -- /boot /boot/grub2/grub.cfg /etc /etc/os-release /etc/centos-release /etc/redhat-release /etc/yum.repos.d /etc/passwd \
		/etc/shadow /etc/group /etc/fstab /etc/resolv.conf /etc/hosts /etc/ssh/sshd_config /etc/crontab /usr /usr/bin /usr/lib64 \
		/usr/sbin /var/lib/rpm /etc/yum.repos.d/*.repo
	[ $# -le "$most_files" ] || echo cut >&3
	count=0
	for path in "$@"; do
		[ "$count" -gt 0 ] || set -- -d --
		count=$((count + 1))
		[ "$count" -le "$most_files" ] || break
		if ! is -L "$path" && is -e "$path"; then set -- "$@" "$path"; fi
	done
	run 5 lsattr "$@" || [ $? -eq 1 ]
}
s_root_links() { # PATH<tab>TARGET
	set --
	for path in /* /.[!.]*; do
		case $remote in *"$newline$path$newline"*) continue ;; esac # a directory
		if [ -L "$path" ]; then set -- "$@" "$path"; fi
	done
	[ $# -eq 0 ] || run 5 find "$@" -maxdepth 0 -printf '%p\t%l\n'
}
s_alternatives() { [ ! -d /etc/alternatives ] || run 5 find /etc/alternatives -type l -printf '%f\t%l\n'; }
s_journal() { near /var/lib && dump /var/lib/os_migration/*/state; }
s_site_packages() { # Python modules that no package owns, in places that Python searches first
	near /usr/local/lib || return
	for path in /usr/local/lib/python3*/site-packages /usr/local/lib64/python3*/site-packages \
		/usr/local/lib/python2*/site-packages /usr/local/lib64/python2*/site-packages; do
		[ ! -d "$path" ] || run 5 ls -1d -- "$path"/*/
	done
	run 5 true
}
s_tool_reports() { # PATH<tab>@MTIME, then the JSON in pieces, without what indents it; secrets end before a quotation mark
	for report in /var/log/leapp/leapp-report.json /var/log/convert2rhel/convert2rhel-pre-conversion.json; do
		if [ ! -f "$report" ] || [ ! -r "$report" ]; then continue; fi
		run 5 stat -c "$report	@%Y" "$report"
		run 5 awk '{ gsub(/:\/\/[^\/@ \t"\\]+@/, "://***@"); gsub(/pass(word|wd)?[ \t]*=[ \t]*[^, \t"\\]+/, "password=***")
				sub(/^[ \t]+/, ""); text = text $0
				while (length(text) >= 8000) { print FILENAME "\t" substr(text, 1, 8000); text = substr(text, 8001) } }
			END { if (text != "") print FILENAME "\t" text }' "$report"
	done
	run 5 true
}

# A broken database shows when every header is read: rpm then says so on its standard error.
s_rpm_errors() { { rpm_query -qa --qf '' 2>&1 >/dev/null || [ "$struck" = 0 ]; } | head -n 50; }
s_rpm_unmet() { rpm_query -Va --nofiles --nodigest --nosignature --noscripts || [ "$struck" = 0 ]; }
s_rpm_verify() { # rpm -V of the packages without which no host boots, lets people in, or updates itself
	command -v rpm >/dev/null || return 127
	rpm_query -V --nodeps --noscripts glibc bash coreutils systemd rpm yum dnf openssl-libs openssh-server ||
		[ "$struck" = 0 ]
}
s_rpm_keys() { rpm_query -q --qf '%{VERSION}|%{SUMMARY}\n' gpg-pubkey || [ "$struck" = 0 ]; }
s_rpm_exact() { # NAME|VERSION-RELEASE|VENDOR|REQUIRED|=|VERSION, where one build of CentOS is required
	command -v rpm >/dev/null || return 127
	rpm_query -qa --qf '[%{=NAME}|%{=VERSION}-%{=RELEASE}|%{=VENDOR}|%{REQUIRENAME}|%{REQUIREFLAGS:depflags}|%{REQUIREVERSION}\n]' |
		awk -F '|' '$5 ~ /^ *= *$/ && $6 ~ /[.]centos/'
}
s_subscription() { # what is there, then CERTIFICATE<tab>its end
	present /etc/pki/consumer/cert.pem /etc/pki/entitlement/*.pem /etc/pki/rhui/*.crt /etc/pki/rhui/product/*.crt \
		/etc/insights-client/.registered /usr/sbin/subscription-manager /usr/bin/subscription-manager
	dump /var/lib/rhsm/cache/releasever.json
	for certificate in /etc/pki/consumer/cert.pem /etc/pki/entitlement/*.pem /etc/pki/rhui/*.crt /etc/pki/rhui/product/*.crt; do
		case $certificate in *key.pem | *\**) continue ;; esac
		end=$(run 5 openssl x509 -noout -enddate -in "$certificate") || continue
		printf '%s\t%s\n' "$certificate" "$end"
	done
	run 5 true
}
s_ld_conf() { dump /etc/ld.so.conf /etc/ld.so.conf.d/*.conf; }

owned_by_nobody() { # lines with paths on standard input; those that no package owns, as *unowned<tab>PATH
	command -v rpm >/dev/null || return 127
	paths=$(cat)
	[ -n "$paths" ] || return 0
	old_ifs=$IFS
	IFS='
'
	set -f
	# shellcheck disable=SC2086  # one argument for each line
	set -- $paths
	set +f
	IFS=$old_ifs
	# rpm's status is the number of files that it knows nothing about.
	rpm_query -qf "$@" 2>&1 | awk '
		/^file .* is not owned by any package$/ { print "*unowned\t" substr($0, 6, length($0) - 33) }
		/^error: file .*: No such file or directory$/ { print "*missing\t" substr($0, 13, length($0) - 39) }'
}

s_unit_programs() { # UNIT FILE<tab>PROGRAM<tab>ITS FIRST ARGUMENT, where that is a path, for what the host's owner set up
	# Other arguments stay on the host: they may hold secrets.
	set -- /etc/systemd/system/*.service /etc/systemd/system/*.service.d/*.conf
	for unit in "$@"; do
		if [ ! -f "$unit" ] || [ -L "$unit" ] || [ ! -r "$unit" ]; then continue; fi
		run 5 awk '/^[ \t]*ExecStart[ \t]*=[ \t]*[^ \t]/ {
			sub(/^[^=]*=[ \t]*[-@:+!|]*/, "")
			print FILENAME "\t" $1 "\t" ($2 ~ /^\// ? $2 : "")
		}' "$unit"
	done
	run 5 true
}
s_running() { # executables of the processes on the host itself, not of those in containers
	here=$(run 5 readlink /proc/self/ns/pid) || return
	run 10 find /proc/[0-9]*/ns/pid /proc/[0-9]*/exe -maxdepth 0 -printf '%p\t%l\n' | awk -F '\t' -v here="$here" '
		{ split($1, part, "/") }
		part[4] == "ns" && $2 == here { own[part[3]] = 1 }
		part[4] == "exe" && $2 ~ /^\// { if (own[part[3]] && !seen[$2]++) print $2 }'
}
s_scripts() { # SCRIPT<tab>its first line, where that names Python
	find_near 5 /usr/local/bin /usr/local/sbin /opt /srv /root/bin /etc/cron.hourly /etc/cron.daily /etc/cron.weekly \
		/etc/cron.monthly /etc/rc.d/init.d /usr/bin/cloud-init -xdev -maxdepth 3 -type f -perm /111 -size -512k \
		! -path '*[[:cntrl:]]*' | head -n 500 | xargs -r -d '\n' awk '
		FNR == 1 && /^#!.*python/ { print FILENAME "\t" substr($0, 1, 200) }
		FNR == 1 { nextfile }'
}
s_unowned() { # of all these, what no package owns, and what is not there
	{
		s_unit_programs | awk -F '\t' '{ print $2; if ($3 != "") print $3 }'
		s_running
		s_scripts | awk -F '\t' '{ print $1 }'
	} | grep '^/' | grep -v ' (deleted)$' | sort -u | head -n 500 | owned_by_nobody
}

# Programs from outside the packages. What an ELF file needs stands in its dynamic section, found by its program
# headers; it is read with od, because binutils is rarely there and ldd would run the program.
program_roots='/opt /usr/local /srv /home /data /app'
elf_found() { # paths of executables and libraries on local file systems, and *complete where none was left out
	for root in $program_roots; do
		# Before anything touches the directory: a server that is gone would hold up whoever looks.
		awk -v root="$root" '$2 == root && $3 ~ /^(nfs|cifs|smb|fuse|ceph|gluster|lustre|9p|afs|autofs|gpfs|cpfs|ocfs2|gfs2)/ { far = 1 }
			END { exit far }' /proc/self/mounts || continue
		if [ -d "$root" ] && [ ! -L "$root" ]; then set -- "$@" "$root"; fi
	done
	[ $# -gt 0 ] || { echo '*complete' && return; }
	run 6 find "$@" -xdev -maxdepth 7 \( -path /usr/local/aegis -o -path /usr/local/share/aliyun-assist -o \
		-path /usr/local/cloudmonitor -o -name node_modules -o -name .git -o -name .cache -o -name overlay -o -name overlay2 \
		-o -name containers -o -name rootfs \) -prune -o -type f -size +1023c -size -204800k \( -perm /111 -o -name '*.so' -o \
		-name '*.so.*' \) ! -path '*[[:cntrl:]]*' -print
	[ $? -eq 124 ] || echo '*complete'
}
elf_head() { # those of the lines on standard input that are programs or libraries; each has 1024 bytes at least
	paths=$(cat)
	[ -n "$paths" ] || return 0
	{
		printf '%s\n*bytes\n' "$paths"
		printf '%s\n' "$paths" | run 10 xargs -d '\n' head -q -c "$1" -- | od -An -v -tu1 -w"$1"
	} | awk "$2"
}
# shellcheck disable=SC2016
elf_magic='/^\*bytes$/ { bytes = 1; next } !bytes { path[++n] = $0; next }
	{ if ($1 == 127 && $2 == 69 && $3 == 76 && $4 == 70 && $6 == 1 && ($17 == 2 || $17 == 3)) found[++k] = path[m + 1]; m++ }
	END { if (m == n) for (i = 1; i <= k; i++) print found[i]; else print "*unread" }'
# CLASS MACHINE KIND OFFSET SIZE LOADS<tab>PATH; LOADS are address:offset:size of what is mapped, with commas.
# shellcheck disable=SC2016
elf_headers='function number(at, size, i, sum) { for (i = size; i > 0; i--) sum = sum * 256 + $(at + i); return sum + 0 }
	/^\*bytes$/ { bytes = 1; next } !bytes { path[++n] = $0; next }
	{
		m++; wide = $5 == 2; table = number(wide ? 32 : 28, wide ? 8 : 4); count = number(wide ? 56 : 44, 2)
		size = wide ? 56 : 32; kind = "static"; offset = 0; length_ = 0; loads = "-"
		if (table + count * size > 1024) { kind = "unread"; count = 0 }
		for (i = 0; i < count; i++) {
			at = table + i * size; type = number(at, 4)
			from = number(at + (wide ? 8 : 4), wide ? 8 : 4); address = number(at + (wide ? 16 : 8), wide ? 8 : 4)
			bytes_ = number(at + (wide ? 32 : 16), wide ? 8 : 4)
			if (type == 1) loads = loads "," sprintf("%.0f:%.0f:%.0f", address, from, bytes_)
			if (type == 2) { kind = "dynamic"; offset = from; length_ = bytes_ }
		}
		line[m] = (wide ? 64 : 32) " " number(18, 2) " " kind sprintf(" %.0f %.0f ", offset, length_) loads "\t" path[m]
	}
	END { if (m == n) for (i = 1; i <= m; i++) print line[i]; else print "*unread" }'
elf_names() { # PATH OFFSET SIZE LOADS: SONAME<tab>RUNPATH<tab>NEEDED<tab>VERSIONS, lists with commas
	table=$(run 5 od -An -v -tu1 -w16 -j"$2" -N"$3" "$1" | awk -v loads="$4" '
		function number(at, i, sum) { for (i = 8; i > 0; i--) sum = sum * 256 + $(at + i); return sum + 0 }
		{ tag = number(0); value = number(8) }
		tag == 1 { needed = needed "," sprintf("%.0f", value) } tag == 5 { address = value } tag == 10 { size = value }
		tag == 14 { soname = value } tag == 15 || tag == 29 { runpath = value } tag == 0 { exit }
		END {
			n = split(loads, load, ",")
			for (i = 2; i <= n; i++) {
				split(load[i], part, ":")
				if (address >= part[1] && address < part[1] + part[3]) at = address - part[1] + part[2]
			}
			if (at && size <= 4194304) printf "%.0f %.0f %s %.0f %.0f", at, size, (needed == "" ? "-" : needed), soname, runpath
		}')
	[ -n "$table" ] || return 1
	# shellcheck disable=SC2086  # numbers and commas
	set -- "$1" $table
	run 5 tail -c +$(($2 + 1)) "$1" | head -c "$3" | tr '\000' '\n' | awk -v needed="$4" -v soname="$5" -v runpath="$6" '
		function name(at, i) { for (i in text) if (at >= i + 0 && at <= i + length(text[i])) return substr(text[i], at - i + 1) }
		BEGIN { k = split(needed, want, ",") }
		{ text[at + 0] = $0; at += length($0) + 1 }
		/^(GLIBC|GLIBCXX|CXXABI)_[0-9.]+$/ { if (!seen[$0]++) versions = versions "," $0 }
		END {
			for (i = 2; i <= k; i++) names = names "," name(want[i])
			printf "%s\t%s\t%s\t%s\n", (soname + 0 ? name(soname) : ""), (runpath + 0 ? name(runpath) : ""), substr(names, 2), substr(versions, 2)
		}'
}
s_elf() { # CLASS<tab>MACHINE<tab>KIND<tab>PATH<tab>what elf_names says; *complete where none was left out
	command -v rpm >/dev/null || return 127
	list=$(elf_found | head -n 4000)
	complete=
	case $list in *'*complete') complete=1 ;; esac
	list=$(printf '%s\n' "$list" | grep '^/' | elf_head 20 "$elf_magic" | head -n 601)
	elf_counted 600
	list=$(printf '%s\n' "$list" | grep '^/' | owned_by_nobody | awk -F '\t' '$1 == "*unowned" { print $2 }' | head -n 201)
	elf_counted 200
	list=$(printf '%s\n' "$list" | grep '^/' | head -n 200 | elf_head 1024 "$elf_headers")
	elf_counted 200
	printf '%s\n' "$list" | grep '/' | while IFS='	' read -r facts path; do
		# shellcheck disable=SC2086  # words
		set -- $facts
		names=
		if [ "$1$3" = 64dynamic ]; then names=$(elf_names "$path" "$4" "$5" "$6") || set -- "$1" "$2" unread; fi
		printf '%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$path" "$names"
	done
	[ -z "$complete" ] || echo '*complete'
}
elf_counted() { # LIMIT: whether the list is whole so far
	case $list in *'*unread') complete= ;; esac
	[ "$(printf '%s\n' "$list" | grep -c '/')" -le "$1" ] || complete=
}

pick() { # PROGRAM FILE...: like dump; PROGRAM, of awk, changes lines, or passes over them with next
	kept=$redact
	redact="$redact $1 "
	shift
	dump "$@"
	status=$?
	redact=$kept
	return "$status"
}
s_kernel_values() { # PATH<tab>VALUE of what the kernel says about devices and itself
	dump /proc/loadavg /sys/class/block/*/start /sys/block/dm-*/dm/uuid /sys/block/dm-*/dm/name \
		/sys/class/nvme/nvme*/transport /sys/firmware/efi/fw_platform_size /sys/kernel/kexec_crash_size \
		/sys/class/net/*/address
}
s_cpu() { run 5 awk '/^$/ { exit } /^(vendor_id|model name|flags|Features|CPU architecture)[ \t]*:/' /proc/cpuinfo; }
s_boot_sectors() { # DISK grub|other|empty|unread, by its first 512 bytes
	for disk in /dev/vd[a-h] /dev/xvd[a-h] /dev/sd[a-h] /dev/nvme[0-7]n1; do
		[ ! -b "$disk" ] || run 5 head -c 512 "$disk" | od -An -v -tx1 | awk -v disk="${disk#/dev/}" '
			{ gsub(/ /, ""); bytes = bytes $0 }
			END {
				kind = bytes == "" ? "unread" : bytes ~ /55aa$/ ? "other" : "empty"
				print disk, bytes ~ /47525542/ ? "grub" : kind
			}'
	done
	run 5 true
}
s_xfs() { # PATH<tab>FEATURES of mounted XFS file systems
	command -v xfs_info >/dev/null || return 127
	awk '$3 == "xfs" && !seen[$1]++ && n++ < 8 { print $2 }' /proc/self/mounts | while read -r path; do
		run 5 xfs_info "$path" | awk -v path="$path" '
			{ for (i = 1; i <= NF; i++) if ($i ~ /^(crc|ftype)=[01]/) found = found " " substr($i, 1, index($i, "=") + 1) }
			END { if (found) print path "\t" found }'
	done
	run 5 true
}
s_path_states() { # TYPE MODE SIZE PATH<tab>LINK TARGET
	for path in / /tmp /var /var/tmp /etc /usr /dev/null /var/run /var/lock /etc/resolv.conf /etc/rc.d/rc.local \
		/etc/nologin /.autorelabel /etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem /etc/pki/tls/certs/ca-bundle.crt \
		/etc/pam.d/system-auth /boot/grub/grub.conf /boot/grub/menu.lst /boot/grub2/grub.cfg /boot/efi/EFI/*/*; do
		if near "$path" && { [ -e "$path" ] || [ -L "$path" ]; }; then set -- "$@" "$path"; fi
	done
	run 5 find "$@" -maxdepth 0 -printf '%y %m %s %p\t%l\n'
}
s_network_config() { # what interfaces are told, without keys and passwords of networks
	pick '!/^[ \t]*(\[[A-Za-z0-9.-]+\]|(DEVICE|NAME|HWADDR|ONBOOT|BOOTPROTO|TYPE|DEVICETYPE|NM_CONTROLLED|MASTER|BRIDGE|VLAN|TEAM_MASTER|IPADDR[0-9]*|IPV6ADDR|GATEWAY|type|interface-name|mac-address|method|Name|DHCP|Address)[ \t]*=)/ { next }' \
		/etc/sysconfig/network /etc/sysconfig/network-scripts/ifcfg-* /etc/NetworkManager/system-connections/* \
		/etc/systemd/network/*.network
}
s_network_hooks() { # what routes and hooks the owner of the host may have added
	present /sbin/ifup-local /sbin/ifup-pre-local /sbin/ifdown-local /sbin/ifdown-pre-local \
		/etc/sysconfig/network-scripts/route-* /etc/sysconfig/network-scripts/route6-* \
		/etc/sysconfig/network-scripts/rule-* /etc/sysconfig/network-scripts/rule6-* \
		/etc/dhcp/dhclient-*-hooks /etc/dhcp/dhclient.d/*.sh /etc/NetworkManager/dispatcher.d/*
	run 5 true
}
s_ip_rules() { run 5 ip rule show; }
s_config_files() { # all but comments
	pick '/^[ \t]*(#|$)/ { next }' /etc/hosts /etc/hosts.allow /etc/hosts.deny /etc/nsswitch.conf /etc/sysctl.conf /etc/sysctl.d/*.conf \
		/etc/modprobe.d/*.conf /etc/firewalld/firewalld.conf /etc/firewalld/direct.xml
}
s_auth_lines() { # each module of PAM once, and what sudo asks of terminals
	pick '/^[ \t]*#/ { next }
		FILENAME ~ /sudoers/ && !/requiretty/ { next }
		FILENAME ~ /pam[.]d/ {
			if (!match($0, /[^ \t\/=]+[.]so/)) next
			$0 = substr($0, RSTART, RLENGTH)
			if (seen[$0]++) next
		}' /etc/pam.d/* /etc/sudoers /etc/sudoers.d/*
}
s_environment() { # variables that change how programs run; of proxies the names alone
	pick '/^[ \t]*#/ || !match($0, /(LD_LIBRARY_PATH|LD_PRELOAD)=[^ \t;]+|LEAPP_[A-Z0-9_]+|umask[ \t]+[0-7]+|(https?|ftp|all|HTTPS?|FTP|ALL)_(proxy|PROXY)=["'\'']?[A-Za-z0-9$]/) { next }
		{ $0 = substr($0, RSTART, RLENGTH); if (/_(proxy|PROXY)=/) sub(/=.*/, "=") }' \
		/etc/environment /etc/profile /etc/profile.d/*.sh /etc/bashrc /root/.bashrc /root/.bash_profile /root/.profile
}
s_broken_units() { run 5 find /etc/systemd/system -maxdepth 2 -xtype l -printf '%p\t%l\n'; }
s_scheduled() { # PATH<tab>LINE NUMBER WORD of what runs at boot or may disturb; whole commands may hold secrets
	near /var/spool/cron || return
	pick '/^[ \t]*(#|$)/ { next }
		FILENAME ~ /rc[.]local$/ { $0 = FNR " " $1 }
		FILENAME !~ /rc[.]local$/ {
			# In a script a command stands first, and the same word elsewhere is a word of a message.
			if (FILENAME ~ /[.](hourly|daily|weekly|monthly)\// && !/(^|[;&|])[ \t]*([^ \t]*\/)?(yum|dnf|reboot|shutdown|poweroff)([ \t;&|]|$)/) next
			if (!match($0, /(^|[ \t;&|\/])(@reboot|yum|dnf|reboot|shutdown|poweroff)([ \t;&|]|$)/)) next
			word = substr($0, RSTART, RLENGTH)
			gsub(/[ \t;&|\/]/, "", word)
			$0 = FNR " " word
		}' /etc/rc.d/rc.local /etc/crontab /etc/cron.d/* /etc/cron.hourly/* /etc/cron.daily/* /etc/cron.weekly/* \
		/etc/cron.monthly/* /var/spool/cron/*
}
s_open_files() { ulimit -Hn; }
s_root_access() { # whether root has a password, never which; and how many keys
	run 5 awk -F: '$1 == "root" { print "password " ($2 == "" ? "none" : $2 ~ /^[!*]/ ? "locked" : "set") }' /etc/shadow
	if is -f /root/.ssh/authorized_keys; then
		run 5 awk '!/^[ \t]*(#|$)/ { n++ } END { print "keys " n + 0 }' /root/.ssh/authorized_keys
	else
		echo 'keys 0'
	fi
}
s_metadata() { # answer<tab>INSTANCE ID<tab>HTTP STATUS of the cloud's metadata service, then what cloud-init was told
	command -v curl >/dev/null || return 127
	run 3 curl -q -s -m 2 --noproxy '*' -w ' %{http_code}' http://100.100.100.200/latest/meta-data/instance-id |
		awk '{ all = all " " $0 } END { n = split(all, word, " "); print "answer\t" substr(word[1], 1, 64) "\t" word[n] }'
	pick 'FILENAME ~ /cfg$/ && !/^[ \t]*datasource_list/ { next }' /var/lib/cloud/data/instance-id /etc/cloud/cloud.cfg \
		/etc/cloud/cloud.cfg.d/*.cfg
}
main() {
	exec 4>&1
	find_remote
	choose_rpm_view
	printf '{"probe":1,"sections":{'
	# First what is worth most, should the time not be enough for all.
	section rpm_qa 4194304
	section repo_files 1048576
	for part in uid os_release release_files kernel boot_id machine_id cmdline arch hostname uptime epoch taint pid1 \
		rpm_providers yum_conf dnf_vars versionlock df_space df_inodes fstab swaps meminfo cpus mdstat default_kernel grubenv \
		grub_default sysconfig_kernel efi efibootmgr dracut_conf selinux fips crypto_policy sshd_config sshd_effective \
		sshd_test interfaces resolv network_files busy paths virt cgroup tools attributes root_links journal; do
		section $part
	done
	for part in lsmod module_streams mounts block boot_files bls units unit_files users groups cron hashes sockets proc_net \
		addresses routes alternatives site_packages tool_reports; do
		section $part 524288
	done
	for part in rpm_errors rpm_unmet rpm_verify rpm_keys rpm_exact subscription ld_conf unit_programs running scripts unowned elf; do
		section $part 262144
	done
	for part in kernel_values cpu boot_sectors xfs path_states network_config network_hooks ip_rules config_files auth_lines \
		environment broken_units scheduled open_files root_access metadata; do
		section $part 262144
	done
	printf '\n}}\n'
}
main
exit
