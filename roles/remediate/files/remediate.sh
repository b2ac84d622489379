# Applies remedies on this host and takes them back. remedies.sh, which is sent in front, says what each one touches.
# Usage: sh -s -- apply|plan|undo|plan-undo DIFF IRREVERSIBLE MIRROR ASKED DUE
# DIFF and IRREVERSIBLE are yes or no, ASKED and DUE ids separated by commas: what is due is done, and what was asked for and
# was interrupted is brought to an end. The verbs plan and plan-undo change nothing.
# A remedy has a directory under /var/lib/os_migration/remediated while it can be taken back: list (KIND<tab>PATH), files, packages,
# left (what it left behind: SUM<tab>PATH), system, and state: keeping (nothing changed yet), changing, applied, undoing, undone.
# shellcheck shell=sh
# shellcheck disable=SC2046,SC2086  # lists hold one entry per line, and are split there alone
# shellcheck disable=SC2034  # mirror, root_login, boots_upgrade, upgrade_kernels: read by remedies.sh
# shellcheck disable=SC2154  # edits, moves, packages, sides, refusal, order: remedies.sh
set -uf
LC_ALL=C TZ=UTC PATH=/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL TZ PATH
unset ENV BASH_ENV CDPATH POSIXLY_CORRECT GREP_OPTIONS
umask 022 # scriptlets of packages run under it; what is kept lies in a directory of mode 700
newline='
'
tab='	'
IFS=$newline
base=/var/lib/os_migration
store=$base/remediated
verb=$1 diff=$2 irreversible=$3 mirror=${4%/} asked=",$5," due=",$6,"
root_login='' boots_upgrade='' upgrade_kernels=''
planning=''
case $verb in plan*) planning=1 ;; esac

json_string() { # standard input as one JSON string; bytes that are not printable ASCII become escapes
	od -An -v -tu1 | awk '
		BEGIN { printf "\"" }
		{ for (i = 1; i <= NF; i++) { c = $i + 0
			if (c == 34 || c == 92) printf "\\%c", c
			else if (c >= 32 && c < 127) printf "%c", c
			else printf "\\u%04x", c } }
		END { printf "\"" }'
}

shown() { # a file as far as a person may see it
	timeout 10 awk '{ gsub(/:\/\/[^\/@ \t]+@/, "://***@"); gsub(/pass(word|wd)?[ \t]*=[ \t]*[^, \t]+/, "password=***"); print }' |
		head -c 65536
}

# What is kept

state_of() { cat "$1/state" 2>/dev/null; }

enter() { # STATE
	printf '%s\n' "$1" >"$dir/state.new" && mv -f "$dir/state.new" "$dir/state"
}

act() { # WORD OBJECT: noted before it is done
	acts="$acts$1 $2$newline"
	[ -n "$planning" ] || printf '%s %s %s %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$id" "$1" "$2" >>"$store/journal"
}

sum_of() { # PATH: what is there, as one word
	if [ -f "$1" ]; then sha256sum <"$1" | cut -c 1-64; elif [ -e "$1" ] || [ -L "$1" ]; then echo present; else echo absent; fi
}

entries() { # KIND: the paths of that kind
	sed -n "s/^$1$tab//p" "$dir/list" 2>/dev/null
}

copy() { # FROM TO: with owner, mode, times, links and SELinux context; there as a whole or not at all
	mkdir -p "${2%/*}" && rm -rf "$2.os_migration" && timeout 600 cp -a -- "$1" "$2.os_migration" && mv -fT -- "$2.os_migration" "$2"
}

carry() { # FROM TO: moves it, also to another file system; can be repeated
	if [ -e "$1" ] || [ -L "$1" ]; then
		mkdir -p "${2%/*}" || return
		if [ "$(stat -c %d -- "$1")" != "$(stat -c %d -- "${2%/*}")" ]; then
			[ -e "$2" ] || copy "$1" "$2" || return
			timeout 600 rm -rf -- "$1"
		else
			mv -fT -- "$1" "$2"
		fi
	fi
}

keep() { # KIND PATH: what is kept already stays as it is
	grep -Fqx "$1$tab$2" "$dir/list" 2>/dev/null && return
	[ "$1" = move ] || copy "$2" "$dir/files$2" || return
	printf '%s\t%s\n' "$1" "$2" >>"$dir/list"
}

room() { # whether everything fits, with 50 MiB to spare
	device=$(stat -c %d "$base")
	needed=$(
		{
			for path in $edits $sides; do du -sk -- "$path"; done
			for path in $moves; do [ "$(stat -c %d -- "$path")" = "$device" ] || du -sk -- "$path"; done
			[ -z "$packages" ] || timeout 60 rpm -q --qf '%{SIZE}\n' $packages | awk '{ print $1 / 1024 }'
		} 2>/dev/null | awk '{ sum += $1 } END { printf "%d", sum + 51200 }'
	)
	free=$(df -Pk "$base" | awk 'NR == 2 { print $4 }')
	[ "${free:-0}" -gt "$needed" ] || {
		problem="$((needed / 1024)) MiB are needed in $base to keep what is changed, ${free:-0} KiB are free"
		return 1
	}
}

not_kept() { # the packages of which the very same build is not among the kept files
	have=$(timeout 120 rpm -qp --qf '%{SHA1HEADER} %{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}\n' $(paths "$dir/packages/*.rpm") /dev/null 2>/dev/null)
	timeout 60 rpm -q --qf '%{SHA1HEADER} %{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}\n' $packages |
		have=$have awk 'BEGIN { n = split(ENVIRON["have"], line, "\n"); for (i = 1; i <= n; i++) kept[line[i]] = 1 } !($0 in kept) { print $2 }'
}

keep_packages() { # downloads what will be removed from the host's own repositories
	missing=$(not_kept)
	if [ -n "$missing" ]; then
		mkdir -p "$dir/packages"
		manager=$(command -v dnf || command -v yum) || manager=yum
		timeout 900 "$manager" -y --disableexcludes=all --disableplugin=versionlock --downloadonly --downloaddir="$dir/packages" \
			reinstall $missing >"$dir/log" 2>&1 9>&-
		missing=$(not_kept)
		if [ -n "$missing" ] && command -v yumdownloader >/dev/null; then
			timeout 900 yumdownloader --disableexcludes=all --destdir="$dir/packages" $missing >>"$dir/log" 2>&1 9>&-
			missing=$(not_kept)
		fi
	fi
	[ -n "$missing" ] || return 0
	if [ "$irreversible" = yes ]; then
		printf '%s\n' "$missing" >>"$dir/unkept"
		return 0
	fi
	problem="these packages cannot be had from the repositories, so their removal could not be taken back: $(printf '%s\n' "$missing" | head -n 10 | tr '\n' ' ')(see os_migration_remediate_irreversible)"
	return 1
}

durable() { # what is kept outlives a power cut; the sync of an old coreutils knows no single files, and whole disks are not ours
	find "$dir" -type f -exec timeout 60 dd if=/dev/null of={} conv=notrunc,fsync \; 2>/dev/null
}

system() { # which one this host runs; an update within its major version makes it no other
	printf '%s %s\n' "$(os_value ID)" "$(os_value VERSION_ID | sed 's/[.].*//')"
}

keep_all() {
	room || return
	problem="what is to be changed could not be kept in $dir"
	for path in $edits; do keep edit "$(readlink -f -- "$path")" || return; done
	for path in $sides; do keep side "$path" || return; done
	for path in $moves; do keep move "$path" || return; done
	system >"$dir/system"
	[ -z "$packages" ] || keep_packages || return
	durable
	problem=''
}

# The change

rewrite() { # FILE: becomes what it should be, with owner, mode and context of before
	real=$(readlink -f -- "$1")
	fresh=$real.os_migration
	if ! timeout 10 cp -a -- "$real" "$fresh" || ! edited "$id" "$1" >"$fresh"; then
		rm -f "$fresh"
		problem="$1 could not be written"
		return 1
	fi
	complaint=$(approve "$id" "$fresh") || {
		rm -f "$fresh"
		problem="the new $1 is not accepted: $(printf '%s' "$complaint" | tr '\n' ' ' | head -c 300)"
		return 1
	}
	mv -fT -- "$fresh" "$real"
}

change() {
	before_change "$id" || return
	for file in $edits; do
		act edit "$file"
		rewrite "$file" || return
	done
	for path in $moves; do
		act move "$path"
		carry "$path" "$dir/files$path" || {
			problem="$path could not be moved"
			return 1
		}
	done
	if [ -n "$packages" ]; then
		for package in $packages; do act remove "$package"; done
		complaint=$(timeout -k 60 1800 rpm -e $packages 2>&1 9>&-)
		for package in $packages; do
			if timeout 30 rpm -q "$package" >/dev/null 2>&1; then
				problem="$package could not be removed: $(printf '%s' "$complaint" | tr '\n' ' ' | head -c 300)"
				return 1
			fi
		done
	fi
	after_change "$id"
}

seal() { # notes what was left behind, so that the way back never overwrites somebody's later work
	sed "s/^[a-z]*$tab//" "$dir/list" 2>/dev/null | while read -r path; do printf '%s\t%s\n' "$(sum_of "$path")" "$path"; done >"$dir/left"
	enter applied
}

planned_acts() {
	for file in $edits; do act edit "$file"; done
	for path in $moves; do act move "$path"; done
	for package in $packages; do act remove "$package"; done
}

show_edits() {
	[ "$diff" = yes ] || return 0
	for file in $edits; do
		difference "$file" "$(shown <"$file" | json_string)" "$(edited "$id" "$file" | shown | json_string)"
	done
}

difference() { # PATH BEFORE AFTER
	diffs="$diffs${diffs:+,}{\"path\":$(printf '%s' "$1" | json_string),\"before\":$2,\"after\":$3}"
}

next_generation() { # an earlier remedy of the same kind stays one that can be taken back
	number=1
	while [ -e "$dir.$number" ]; do number=$((number + 1)); done
	mv -T "$dir" "$dir.$number"
}

apply_one() {
	state=$(state_of "$dir")
	if [ "$state" = undoing ] || [ "$state" = undone ]; then # the way back had begun: it is finished first
		if [ -n "$planning" ]; then
			act finish-undo "$id"
			result=planned
			return
		fi
		undo_one || return
		changed=true
		state=$(state_of "$dir")
	fi
	case "$state,$due" in
	changing,*) ;;
	*,*",$id,"*) ;;
	*) return ;;
	esac
	scan "$id"
	if [ -n "$refusal" ] && [ "$state" != changing ]; then
		result=refused message=$refusal
		return
	fi
	if [ "$state" != changing ] && [ -z "$edits$moves$packages" ]; then return; fi
	show_edits
	if [ -n "$planning" ]; then
		planned_acts
		[ "$state" != changing ] || act finish "$id"
		result=planned
		return
	fi
	case $state in
	changing) act finish "$id" ;;
	applied) next_generation ;;
	*) rm -rf "$dir" ;;
	esac
	mkdir -p "$dir" || return
	[ "$state" = changing ] || enter keeping
	keep_all || {
		[ "$state" = changing ] || rm -rf "$dir"
		restore_generation
		result=refused message=$problem
		return
	}
	enter changing
	changed=true
	if [ -z "$refusal" ] && change; then
		seal
		result=applied
		return
	fi
	message=${problem:-$refusal}
	undo_one && changed=false && message="$message; what had been changed was put back"
	result=failed
}

# The way back

restore_generation() { # the remedy of the same kind before this one, where there was one
	[ ! -e "$dir" ] || return 0
	last=$(paths "$dir.[0-9]*" | sort -t . -k 2n | tail -n 1)
	[ -z "$last" ] || mv -T "$last" "$dir"
}

conflicts() { # what somebody has changed since; of files that only go along (sides) it is noted, and they are left alone
	while IFS=$tab read -r sum path; do
		[ "$(sum_of "$path")" != "$sum" ] || continue
		if grep -Fqx "side$tab$path" "$dir/list"; then
			[ -n "$planning" ] || printf '%s\n' "$path" >>"$dir/skip"
		else
			printf '%s\n' "$path"
		fi
	done <"$dir/left"
}

refuses_undo() { # why the remedy cannot be taken back, if so
	if [ "$(cat "$dir/system" 2>/dev/null)" != "$(system)" ]; then
		echo 'this host runs another system now than when it was applied'
	elif [ -s "$dir/unkept" ]; then
		printf 'these packages were not kept: %s\n' "$(tr '\n' ' ' <"$dir/unkept")"
	elif [ "$(state_of "$dir")" = applied ]; then
		rm_skip
		changed_since=$(conflicts)
		[ -z "$changed_since" ] || printf 'changed since, by somebody or by a remedy that has to be taken back with it: %s; what was there before is in %s/files\n' "$(printf '%s' "$changed_since" | tr '\n' ' ')" "$dir"
	fi
}

rm_skip() { [ -n "$planning" ] || rm -f "$dir/skip"; }

missing_packages() { # kept files of packages that are not installed
	files=$(paths "$dir/packages/*.rpm")
	[ -n "$files" ] || return 0
	for file in $files; do
		name=$(timeout 30 rpm -qp --qf '%{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}' "$file" 2>/dev/null)
		timeout 30 rpm -q "$name" >/dev/null 2>&1 || printf '%s\n' "$file"
	done
}

reinstall() {
	files=$(missing_packages)
	[ -n "$files" ] || return 0
	for file in $files; do act install "${file##*/}"; done
	default=$(default_kernel)
	complaint=$(timeout -k 60 1800 rpm -i --oldpackage $files 2>&1 9>&-)
	[ -z "$default" ] || [ "$(default_kernel)" = "$default" ] || timeout 60 grubby --set-default "$default" >/dev/null 2>&1 9>&-
	[ -z "$(missing_packages)" ] || {
		problem="packages could not be installed again: $(printf '%s' "$complaint" | tr '\n' ' ' | head -c 300)"
		return 1
	}
}

put_back() {
	for path in $(entries move); do
		[ -e "$dir/files$path" ] || [ -L "$dir/files$path" ] || continue
		act restore "$path"
		rm -rf -- "$path.os_migration" "$path" && carry "$dir/files$path" "$path" || return
	done
	for path in $(entries edit) $(entries side); do
		if grep -Fqxs "$path" "$dir/skip"; then
			act leave "$path"
			continue
		fi
		act restore "$path"
		if [ -f "$path.rpmsave" ] && cmp -s "$path.rpmsave" "$dir/files$path"; then rm -f -- "$path.rpmsave"; fi
		copy "$dir/files$path" "$path" || return
	done
}

undo_one() { # takes the remedy in $dir back; 0 where it is as it was
	[ "$(state_of "$dir")" = undoing ] || enter undoing
	problem=''
	root_login=''
	if ! reinstall || ! put_back || ! after_change "$id"; then
		problem="${problem:-a file could not be put back} (what is kept is in $dir)"
		result=failed message="${message:+$message; }$problem"
		return 1
	fi
	enter undone
	rm -rf "$dir"
	restore_generation
}

show_restored() {
	[ "$diff" = yes ] || return 0
	for path in $(entries edit); do
		difference "$path" "$(shown <"$path" | json_string)" "$(shown <"$dir/files$path" | json_string)"
	done
}

take_back() { # all generations of a remedy, the last one first
	case $asked in *",$id,"*) ;; *) return ;; esac
	[ -n "$planning" ] || restore_generation
	while [ -d "$dir" ]; do
		case $(state_of "$dir") in
		keeping | undone | '')
			[ -z "$planning" ] || return
			rm -rf "$dir"
			restore_generation
			continue
			;;
		esac
		message=$(refuses_undo)
		if [ -n "$message" ]; then
			result=refused
			return
		fi
		show_restored
		if [ -n "$planning" ]; then
			result=planned
			for file in $(missing_packages); do act install "${file##*/}"; done
			for path in $(entries move) $(entries edit) $(entries side); do act restore "$path"; done
			return
		fi
		changed=true
		undo_one || return
		result=undone
	done
}

# All of it

obstacle() { # why nothing may be done on this host now, if so
	[ "$(id -u)" = 0 ] || {
		echo 'only root can do this'
		return
	}
	for tool in awk cmp cp cut date dd df du find flock grep head od readlink rpm sed sha256sum sort stat tail timeout tr; do
		command -v "$tool" >/dev/null || {
			echo "the program $tool is missing"
			return
		}
	done
	for state in $(paths "$base/*/state"); do
		if grep -q '^state=running' "$state"; then
			state=${state%/state}
			echo "the migration job ${state##*/} is under way on this host, or was cut off"
			return
		fi
	done
	for comm in $(paths '/proc/[0-9]*/comm'); do
		name=''
		{ read -r name <"$comm"; } 2>/dev/null
		case $name in
		yum | dnf | dnf-3 | rpm | rpmbuild | packagekitd | yum-cron | dnf-automatic | microdnf | leapp | convert2rhel)
			echo "a package manager is at work: $name"
			return
			;;
		esac
	done
}

strings() { # LINES as a JSON list
	comma=''
	printf '['
	for line in $1; do
		printf '%s' "$comma"
		printf '%s' "$line" | json_string
		comma=,
	done
	printf ']'
}

refuse() { # REASON
	printf '{"remediate":1,"refused":'
	printf '%s' "$1" | json_string
	printf ',"remedies":[]}\n'
}

main() {
	reason=$(obstacle)
	if [ -n "$reason" ]; then
		refuse "$reason"
		return
	fi
	if [ -z "$planning" ]; then
		if ! mkdir -p "$store" || ! chmod 700 "$base" "$store" || ! : >>"$store/lock"; then
			refuse "$store cannot be written"
			return
		fi
		exec 9>>"$store/lock"
		if ! flock -w 60 9; then
			refuse 'another remediation is at work on this host'
			return
		fi
	fi
	case $verb in *undo) order=$(printf '%s\n' "$order" | awk '{ line[NR] = $0 } END { for (i = NR; i; i--) print line[i] }') ;; esac
	told=''
	for id in $order; do
		dir=$store/$id acts='' diffs='' message='' result=nothing changed=false problem=''
		case $verb in
		*undo) take_back ;;
		*) case $asked in *",$id,"*) apply_one ;; esac ;;
		esac
		told="$told${told:+,}{\"id\":\"$id\",\"state\":\"$result\",\"changed\":$changed,\"acts\":$(strings "$acts"),\"message\":$(printf '%s' "$message" | json_string),\"diffs\":[$diffs]}"
	done
	printf '{"remediate":1,"refused":"","remedies":[%s]}\n' "$told"
}
main </dev/null
exit
