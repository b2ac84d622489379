# shellcheck shell=sh
# shellcheck disable=SC2034  # what scan fills is read by remediate.sh, which is sent behind this file
# shellcheck disable=SC2046,SC2086  # lists hold one entry per line, and are split there alone
# shellcheck disable=SC2154  # newline, mirror: remediate.sh
# shellcheck disable=SC2016  # the programs in single quotes are for awk
# What each remedy touches on this host. Nothing here changes anything but for the functions before_change and after_change.
# scan fills, one entry per line: edits (files that become what edited prints), moves (paths to take away), packages (to remove,
# NAME-VERSION-RELEASE.ARCH), sides (files that the removal changes or deletes), and refusal (why it cannot be done).

order='vault-mirrors
duplicate-repositories
version-locks
tool-leftovers
old-kernels
i686
root-login'

paths() { # PATTERN...: what is there, one path per line
	(
		set +f
		for pattern in "$@"; do
			for path in $pattern; do
				case $path in *"$newline"*) continue ;; esac
				if [ -e "$path" ] || [ -L "$path" ]; then printf '%s\n' "$path"; fi
			done
		done
	)
}

repository_files() {
	for file in $(paths '/etc/yum.repos.d/*.repo'); do
		if [ -f "$file" ] && [ -r "$file" ]; then printf '%s\n' "$file"; fi
	done
}
grub_configurations() { paths /boot/grub2/grub.cfg '/boot/efi/EFI/*/grub.cfg'; }
os_value() { sed -n "s/^$1=//p" /etc/os-release 2>/dev/null | head -n 1 | tr -d "\"'"; }
default_kernel() { timeout 10 grubby --default-kernel 2>/dev/null 9>&- | head -n 1; }
installed() { timeout 60 rpm -qa --qf '%{NAME}-%{VERSION}-%{RELEASE}.%{ARCH} %{NAME} %{VERSION}-%{RELEASE}.%{ARCH} %{ARCH}\n' 2>/dev/null; }

# Repositories and locks

comment_out_duplicates='
	BEGIN { want = ENVIRON["want"] }
	FNR == 1 { later = 0 }
	/^\[/ { id = $0; sub(/^\[/, "", id); sub(/\].*/, "", id); later = (id in seen) && id != "main"; seen[id] = 1 }
	FILENAME == want { print (later && $0 !~ /^[ \t]*([#;]|$)/ ? "#" : "") $0 }'

# Sections that are enabled and ask an address where nothing answers any more get the same path in the vault.
point_at_vault='
	function flush(   i, key, value, url, put) {
		if (enabled && dead) url = vault_url(active != "" ? active : commented != "" ? commented : "")
		for (i = 1; i <= n; i++) {
			if (url != "" && kind[i] != "") {
				if (kind[i] == "baseurl" && !put++) print "baseurl=" url
				print "#" line[i]
			} else print line[i]
			if (url != "" && !has_baseurl && !put && i == 1) { print "baseurl=" url; put = 1 }
		}
		n = 0; enabled = 1; dead = 0; active = commented = listed = current = ""; has_baseurl = 0
	}
	function is_dead(value) {
		return value ~ /:\/\/(mirror|mirrorlist|mirrors|debuginfo)\.centos\.org[:\/]/ ||
			(major == 8 && value ~ /:\/\/mirrors\.(cloud\.aliyuncs|aliyun|aliyuncs)\.com\/(centos|\$contentdir)\/(8|\$releasever)/)
	}
	function vault_url(url,   rest, tree) {
		tree = ENVIRON["vault_tree"]
		if (url != "") {
			rest = url
			sub(/^[a-z]+:\/\/[^\/]+\//, "", rest)
			if (rest ~ /^altarch\//) tree = "altarch/"
			if (!sub(/^(centos|altarch|centos-vault|\$contentdir)\/[^\/]+\//, "", rest)) return ""
		} else {
			rest = listed
			if (!sub(/^.*[?&]repo=/, "", rest)) return ""
			sub(/[& \t].*/, "", rest)
			rest = rest "/$basearch/" (major == 8 ? "os/" : "")
		}
		return ENVIRON["mirror"] "/centos-vault/" tree ENVIRON["vault_version"] "/" rest
	}
	BEGIN { major = int(ENVIRON["vault_version"]); enabled = 1 }
	/^\[/ { flush() }
	{
		line[++n] = $0; kind[n] = ""
		value = $0
		if (/^[ \t]+[^ \t]/ && current != "") kind[n] = current " more"
		else current = ""
		if (/^enabled[ \t]*=[ \t]*(0|no|false|off)[ \t]*$/) enabled = 0
		if (match(value, /^#?[ \t]*(baseurl|mirrorlist|metalink)[ \t]*=[ \t]*/)) {
			key = substr(value, 1, RLENGTH); value = substr(value, RLENGTH + 1); sub(/[ \t].*/, "", value)
			if (key ~ /^#/) { if (key ~ /baseurl/ && commented == "") commented = value }
			else {
				current = kind[n] = key ~ /baseurl/ ? "baseurl" : "list"
				if (kind[n] == "baseurl") { has_baseurl = 1; if (active == "") active = value }
				else listed = value
				if (is_dead(value)) dead = 1
			}
		}
	}
	END { flush() }'

state_root_login='
	{ line[NR] = $0 }
	tolower($1) == "match" && !end { end = NR }
	/^[ \t]*#[ \t]*[Pp][Ee][Rr][Mm][Ii][Tt][Rr][Oo][Oo][Tt][Ll][Oo][Gg][Ii][Nn][ \t]/ && !end && !place { place = NR }
	END {
		if (!place) print "PermitRootLogin " ENVIRON["root_login"]
		for (i = 1; i <= NR; i++) { print line[i]; if (i == place) print "PermitRootLogin " ENVIRON["root_login"] }
	}'

edited() { # ID FILE: the file as it should be
	case $1 in
	duplicate-repositories) want=$2 timeout 10 awk "$comment_out_duplicates" $(repository_files) ;;
	version-locks) timeout 10 awk '/^[ \t]*(#|$)/' "$2" ;;
	vault-mirrors)
		mirror=$mirror vault_version=$vault_version vault_tree=$vault_tree timeout 10 awk "$point_at_vault" "$2"
		;;
	root-login) root_login=$root_login timeout 10 awk "$state_root_login" "$2" ;;
	*) return 1 ;;
	esac
}

differing() { # ID FILES: those that are not as they should be
	for file in $2; do
		if [ -f "$file" ] && [ "$(edited "$1" "$file" | sha256sum)" != "$(sha256sum <"$file")" ]; then printf '%s\n' "$file"; fi
	done
}

scan_vault_mirrors() {
	vault_tree=''
	case "$(os_value ID) $(os_value VERSION_ID) $(os_value NAME)" in
	'centos 7 '*) vault_version=7.9.2009 ;;
	'centos 8 '*Stream*) vault_version=8-stream ;;
	'centos 8 '*) vault_version=8.5.2111 ;;
	*) return ;;
	esac
	architecture=$(uname -m)
	if [ $vault_version = 7.9.2009 ] && [ "$architecture" != x86_64 ]; then vault_tree=altarch/; fi
	edits=$(differing vault-mirrors "$(repository_files)")
	[ -n "$edits" ] || return
	command -v curl >/dev/null || {
		refusal='curl is missing, so nothing tells whether the mirror can be reached'
		return
	}
	for url in $(for file in $edits; do edited vault-mirrors "$file"; done | sed -n 's/^baseurl=//p' | grep -F "$mirror/centos-vault/" | sort -u); do
		url=$(printf '%s' "$url" | sed "s/[$]basearch/$architecture/g")
		timeout 40 curl -fsSL --max-time 30 -o /dev/null "${url%/}/repodata/repomd.xml" 2>/dev/null 9>&- || {
			refusal="the mirror does not have ${url%/}/repodata/repomd.xml, or this host cannot reach it"
			return
		}
	done
}

# Root's login

stated_root_login() {
	grep -qi '^[[:blank:]]*PermitRootLogin[[:blank:]=]' $(paths /etc/ssh/sshd_config '/etc/ssh/sshd_config.d/*.conf') /dev/null
}

effective_root_login() { # sshd calls the same setting without-password in old and prohibit-password in new versions
	timeout 10 sshd -T 2>/dev/null 9>&- |
		awk 'tolower($1) == "permitrootlogin" { print ($2 == "without-password" ? "prohibit-password" : $2); exit }'
}

scan_root_login() {
	stated_root_login && return
	root_login=$(effective_root_login)
	case $root_login in
	yes | no | prohibit-password | forced-commands-only) edits=/etc/ssh/sshd_config ;;
	*) refusal='the SSH server does not tell what is in effect (sshd -T)' ;;
	esac
}

# Packages

scan_old_kernels() {
	all=$(installed) || {
		refusal='the package database cannot be read'
		return
	}
	running=$(cat /proc/sys/kernel/osrelease)
	kernels=$(printf '%s\n' "$all" | awk '$2 == "kernel" || $2 == "kernel-core" { print $3 }' | sort -uV)
	default=$(default_kernel)
	default=${default##*/vmlinuz-}
	newest=$(printf '%s\n' "$kernels" | tail -n 1)
	packages=$(printf '%s\n' "$all" | keep="$running $default $newest" awk '
		BEGIN { n = split(ENVIRON["keep"], version, " "); for (i = 1; i <= n; i++) kept[version[i]] = 1 }
		$2 ~ /^kernel(-debug)?(-core|-modules|-modules-core|-modules-extra|-devel)?$/ && !($3 in kept) { print $1 }' | sort)
	[ -n "$packages" ] || return
	printf '%s\n' "$kernels" | grep -Fqx "$running" || refusal="the running kernel $running belongs to no kernel package"
	[ -n "$default" ] || refusal='grubby does not tell which kernel is the default'
	for version in $kernels; do
		case "$newline$running$newline$default$newline$newest$newline" in *"$newline$version$newline"*) continue ;; esac
		sides=$sides$(paths "/boot/initramfs-$version*" "/boot/loader/entries/*-$version.conf")$newline
	done
	sides=$sides$(grub_configurations)$newline
}

scan_i686() {
	all=$(installed) || refusal='the package database cannot be read'
	packages=$(printf '%s\n' "$all" | awk '$4 ~ /^i[3-6]86$/ { print $1 }' | sort)
}

scan_tool_leftovers() {
	all=$(installed) || refusal='the package database cannot be read'
	packages=$(printf '%s\n' "$all" | awk '
		$2 ~ /^python[23]-leapp/ || $2 ~ /^(leapp|snactor|elevate-release|convert2rhel|centos2anolis|centos2alinux|anolis-migration)/ { print $1 }' | sort)
	entries=$(timeout 10 grep -lE '^(linux|initrd)[[:blank:]].*-upgrade' $(paths '/boot/loader/entries/*.conf') /dev/null)
	moves=$(paths /etc/leapp /var/lib/leapp /var/log/leapp /root/tmp_leapp_py3 /etc/systemd/system/leapp_resume.service \
		/etc/systemd/system/default.target.wants/leapp_resume.service /usr/share/convert2rhel /var/lib/convert2rhel \
		/var/log/convert2rhel /etc/convert2rhel.ini /var/log/centostoanolis.json /var/tmp/state.json '/boot/vmlinuz-upgrade*' \
		'/boot/initramfs-upgrade*' '/boot/.vmlinuz-upgrade*')
	# Entry files first: without its files an entry would be one that cannot boot.
	moves=$(printf '%s\n%s\n' "$entries" "$moves" | grep .)
	upgrade_kernels=$(paths '/boot/vmlinuz-upgrade*')
	boots_upgrade=''
	case $(default_kernel) in */vmlinuz-upgrade*) boots_upgrade=1 ;; esac
	if [ -n "$boots_upgrade" ]; then sides=$(paths /boot/grub2/grubenv)$newline; fi
	if [ -n "$upgrade_kernels" ]; then sides=$sides$(grub_configurations)$newline; fi
	for path in $moves; do
		if path=$path awk 'index($2 "/", ENVIRON["path"] "/") == 1 { found = 1 } END { exit !found }' /proc/self/mounts; then
			refusal="something is mounted under $path"
		fi
	done
}

scan() { # ID
	edits='' moves='' packages='' sides='' refusal=''
	case $1 in
	vault-mirrors) scan_vault_mirrors ;;
	duplicate-repositories) edits=$(differing "$1" "$(repository_files)") ;;
	version-locks) edits=$(differing "$1" "$(paths /etc/dnf/plugins/versionlock.list /etc/yum/pluginconf.d/versionlock.list)") ;;
	tool-leftovers) scan_tool_leftovers ;;
	old-kernels) scan_old_kernels ;;
	i686) scan_i686 ;;
	root-login) scan_root_login ;;
	esac
	[ -z "$packages" ] || [ -n "$refusal" ] || scan_removal
}

scan_removal() { # rpm removes exactly what it is told, or says what needs it
	said=$(timeout 120 rpm -e --test $packages 2>&1 9>&-) || {
		refusal="other packages need them: $(printf '%s\n' "$said" | sed 's/^[[:blank:]]*//' | head -n 6 | tr '\n' ';' | head -c 600)"
		return
	}
	for file in $(timeout 60 rpm -qc $packages 2>/dev/null | grep '^/' | sort -u); do
		for path in $moves; do case $file in "$path"/*) continue 2 ;; esac done
		[ ! -f "$file" ] || sides=$sides$file$newline
	done
}

# Beside files and packages

approve() { # ID FILE: whether the file may take its place
	[ "$1" != root-login ] || timeout 10 sshd -t -f "$2" 2>&1 9>&-
}

before_change() { # ID
	[ "$1" = tool-leftovers ] || return 0
	if [ -n "$boots_upgrade" ]; then
		act set-default "/boot/vmlinuz-$(cat /proc/sys/kernel/osrelease)"
		timeout 60 grubby --set-default "/boot/vmlinuz-$(cat /proc/sys/kernel/osrelease)" >/dev/null 2>&1 9>&- || {
			problem='the running kernel could not be made the default'
			return 1
		}
	fi
	for kernel in $upgrade_kernels; do # entries in grub.cfg itself; entry files are moved
		timeout 10 grep -qF "${kernel##*/}" $(grub_configurations) /dev/null || continue
		act remove-boot-entry "$kernel"
		timeout 60 grubby --remove-kernel="$kernel" >/dev/null 2>&1 9>&- || {
			problem="the boot entry of $kernel could not be removed"
			return 1
		}
	done
}

after_change() { # ID: also after an interruption and after the way back
	case $1 in
	root-login)
		# What is in effect afterwards is what was in effect before, or the file goes back.
		if [ -n "$root_login" ] && [ "$(effective_root_login)" != "$root_login" ]; then
			problem="PermitRootLogin would not be $root_login any more"
			return 1
		fi
		timeout 10 systemctl -q is-active sshd 2>/dev/null 9>&- || return 0
		if ! timeout 10 sshd -t 2>/dev/null 9>&- || ! timeout 30 systemctl reload sshd >/dev/null 2>&1 9>&-; then
			problem='the SSH server could not be told to read its configuration'
			return 1
		fi
		;;
	tool-leftovers)
		timeout 30 systemctl daemon-reload >/dev/null 2>&1 9>&-
		return 0
		;;
	esac
}
