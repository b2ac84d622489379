# shellcheck shell=sh disable=SC2015
# Converts this host to another distribution of the same major version, in one package transaction.
# Usage: engine.sh JOB_DIRECTORY PHASE
#   prepare  proves the whole transaction while the host is untouched and in service: resolve, download, verify
#            signatures against the pinned key, rpm test transaction
#   convert  stops the named services, runs the transaction from the local cache, audits it, and asserts that the
#            host will boot; it never reboots
# Every step is journaled and can be entered again. The job's directory holds: config, target.repo, target.key.
# The functions of resolution.sh stand in front of it.
set -u
LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
umask 022
job=$1 phase=$2
cd "$job" || exit 1
exec >>"$job/log" 2>&1

# Set by config, beside what resolution.sh names: what the target is, and what the user allowed.
TARGET_ID='' TARGET_VERSION_ID='' TARGET_DIST='' ALLOW_REMOVALS='' STOP_SERVICES=''
# shellcheck source=/dev/null
. "$job/config"

say() { printf '%s %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$*"; }

set_state() { # STATE STEP MESSAGE : by rename, so that a reader never sees half of it
	printf 'state=%s\nphase=%s\nstep=%s\nmessage=%s\nboot_id=%s\n' "$1" "$phase" "$2" "$3" "$(cat /proc/sys/kernel/random/boot_id)" >state.new
	mv -f state.new state
}

journal() { printf '%s %s %s\n' "$(date +%s)" "$1" "$2" >>journal; sync -f journal 2>/dev/null || sync; }

fail() { # MESSAGE : ends the job; nothing else is tried
	say "FAILED: $*"
	journal "$step" failed
	set_state failed "$step" "$(printf '%s' "$*" | tr '\n' ' ' | cut -c1-1500)"
	exit 1
}

step() { # NAME : runs the function step_NAME unless an earlier run of this job has done it
	step=$1
	if grep -q " $1 done\$" journal 2>/dev/null; then return 0; fi
	say "step $1"
	journal "$1" started
	set_state running "$1" ''
	"step_$1"
	journal "$1" "done"
}

# ---- prepare ------------------------------------------------------------------------------------------------------

step_save_state() {
	mkdir -p before
	packages >before/packages || fail "the rpm database could not be read"
	[ -s before/packages ] || fail "the rpm database lists no package"
	cp -p /etc/os-release before/os-release
	cp -a /etc/yum.repos.d before/ 2>/dev/null
	sed -n 's/^SELINUX=//p' /etc/selinux/config >before/selinux 2>/dev/null
	network_files >before/network
}

network_files() { # what the next boot configures the network from
	for file in /etc/sysconfig/network-scripts/ifcfg-* /etc/NetworkManager/system-connections/* /etc/systemd/network/* /etc/sysconfig/network; do
		[ -f "$file" ] && sha256sum "$file"
	done
}

step_target_repositories() {
	configure_manager
	rpmkeys --dbpath "$job/keyring" --import target.key || fail "the signing key of the target could not be read"
	read_offer 2>makecache.log || fail "the target's repositories could not be read: $(tail -n 3 makecache.log)"
}

removed_packages() { # names in the sections "Removing" of the printed transaction; a removed release package is meant to go
	awk '/^(Removing|Removing dependent packages|Removing unused dependencies):$/ { on = 1; next }
		/^[^ ]/ { on = 0 } on && /^ [^ ]/ { print $1 }' "$1" | sort -u
}

step_prove() {
	write_transaction
	# Signatures are checked below against the pinned key alone; here the host's own rpm database must not gain a key.
	manager --setopt=tsflags=test --setopt=gpgcheck=0 --setopt=localpkg_gpgcheck=0 --setopt='*.gpgcheck=0' --allowerasing shell "$job/transaction" \
		</dev/null >prove.log 2>&1
	grep -q '^Transaction test succeeded\|^Complete!' prove.log || fail "the transaction does not resolve or its test failed: $(grep -i '^ *error\|^Problem\|^ *- ' prove.log | head -n 8)"
	find cache -name '*.rpm' -type f | grep -q . || fail "nothing was downloaded for the transaction"
	removed_packages prove.log >removals
	for name in $ALLOW_REMOVALS; do printf '%s\n' "$name"; done >>meant
	sort -u -o meant meant
	unwanted=$(comm -23 removals meant | tr '\n' ' ')
	[ -z "$unwanted" ] || fail "the transaction would remove packages that nobody asked to remove: $unwanted(allow them by name, or remove them before)"
}

step_verify_signatures() { # every package that will be installed bears a signature of the pinned key
	find cache -name '*.rpm' -type f >cached
	timeout 1800 xargs rpmkeys --dbpath "$job/keyring" --checksig <cached >checksig 2>&1
	bad=$(grep -v ': digests signatures OK$\|: .*pgp.* OK$' checksig | head -n 3)
	[ -z "$bad" ] || fail "packages are not signed by the pinned key: $bad"
	[ "$(wc -l <checksig)" -eq "$(wc -l <cached)" ] || fail "the signatures of the packages could not be checked"
}

step_check_space() { # room for what was downloaded, unpacked, and for a second kernel with its initramfs
	need=$(tr '\n' '\0' <cached | xargs -0 -r rpm -qp --nosignature --qf '%{SIZE}\n' 2>/dev/null | awk '{ sum += $1 } END { print int(sum / 1024 / 4) }')
	room=$(df -Pk /usr | awk 'NR == 2 { print $4 }')
	[ "${room:-0}" -ge "${need:-0}" ] || fail "/usr has $room KiB free, the transaction needs about $need KiB while it runs"
	room=$(df -Pk /boot | awk 'NR == 2 { print $4 }')
	[ "${room:-0}" -ge 102400 ] || fail "/boot has $room KiB free, a second kernel with its initramfs needs 102400 KiB"
}

# ---- convert ------------------------------------------------------------------------------------------------------

step_stop_services() {
	for service in $STOP_SERVICES; do
		say "stopping $service"
		timeout 300 systemctl stop "$service" || fail "the service $service could not be stopped"
	done
}

step_trust_target() {
	rpmkeys --import target.key || fail "the target's signing key could not be imported"
	reset_streams /etc/dnf/modules.d
}

step_transaction() {
	if ! converted; then
		[ "$(grep -c ' transaction started$' journal)" = 1 ] || fail "an earlier run was cut off in the middle of the package transaction"
		manager -C --allowerasing shell "$job/transaction" </dev/null >>transaction.log 2>&1
		status=$?
		say "the package manager ended with status $status"
	fi
	converted || fail "the package transaction did not complete (status ${status:-unknown}); the last that it did: $(last_actions)"
}

last_actions() { # the end of the transaction's log in a form that fits a sentence
	tr -s ' \t' ' ' <transaction.log | sed 's/^ //' | tail -n 2 | cut -c1-200 | paste -s -d ';' -
}

converted() { # the rpm database is the judge, not an exit status
	for name in $RELEASE_PACKAGES; do rpm -q "$name" >/dev/null 2>&1 || return 1; done
	is_target || return 1
	tail -n 5 transaction.log 2>/dev/null | grep -q '^Complete!' || return 1
	[ -z "$(packages | awk -F '\t' '$1 !~ /^kernel/ { if (seen[$1 "." $3]++) print $1 }')" ]
}

# shellcheck source=/dev/null
is_target() { (. /etc/os-release && [ "${ID:-}" = "$TARGET_ID" ] && [ "${VERSION_ID:-}" = "$TARGET_VERSION_ID" ]); }

old_vendor_packages() { # names of installed packages that still bear the source's vendor
	packages | from_source | awk -F '\t' '$1 !~ /^kernel/ { print $1 }'
}

step_vendor_audit() { # what still bears the old vendor is named in the report; the target's repositories must be configured
	old_vendor_packages >leftovers
	ls /etc/yum.repos.d/*.repo >/dev/null 2>&1 || grep -v '^gpgkey=file:' target.repo >"/etc/yum.repos.d/$TARGET_ID.repo"
}

target_kernel() { # the newest kernel of the target that is installed
	rpm -q --whatprovides kernel-core kernel --qf '%{VERSION}-%{RELEASE}.%{ARCH}\n' 2>/dev/null | grep -F -- "$TARGET_DIST" | sort -V | tail -n 1
}

step_boot_target() {
	kernel=$(target_kernel)
	[ -n "$kernel" ] || fail "no kernel of the target is installed"
	[ -s "/boot/initramfs-$kernel.img" ] || timeout 900 dracut -f "/boot/initramfs-$kernel.img" "$kernel" || fail "the initramfs of $kernel could not be made"
	timeout 120 grubby --set-default="/boot/vmlinuz-$kernel" || fail "the kernel $kernel could not be made the default"
}

root_drivers() { # modules that the next boot needs to find its root: the disk's driver and the file system's
	awk '$2 == "/" && $3 != "rootfs" { print $3 }' /proc/mounts | tail -n 1 | grep -x 'ext4\|xfs'
	for device in /sys/block/vd* /sys/block/nvme* /sys/block/sd*; do
		[ -e "$device/device/driver" ] && basename "$(readlink -f "$device/device/driver")"
	done | sort -u | grep -x 'virtio_blk\|virtio_scsi\|nvme'
}

step_assertions() { # what must hold before anybody may reboot this host
	kernel=$(target_kernel)
	is_target || fail "/etc/os-release is not the target's"
	default=$(timeout 60 grubby --default-kernel) || fail "the default kernel could not be read"
	[ "$default" = "/boot/vmlinuz-$kernel" ] || fail "the default kernel is $default, not the target's /boot/vmlinuz-$kernel"
	[ -s "$default" ] || fail "$default is missing or empty"
	timeout 300 lsinitrd "/boot/initramfs-$kernel.img" >initramfs 2>/dev/null && [ -s initramfs ] || fail "/boot/initramfs-$kernel.img is missing or cannot be read"
	for driver in $(root_drivers); do
		grep -q "/$driver\.ko" initramfs || grep -q "/$driver\.ko" "/lib/modules/$kernel/modules.builtin" 2>/dev/null ||
			fail "the initramfs of $kernel lacks the driver $driver, without which the root file system is not found"
	done
	timeout 60 grubby --info="$default" | grep -q '^kernel=' || fail "the boot loader has no entry for $default"
	awk '$1 ~ /^(UUID|LABEL|PARTUUID)=/ && $4 !~ /nofail|noauto/ { print $1 }' /etc/fstab | tr -d '"' | while read -r tag; do
		blkid -t "$tag" >/dev/null 2>&1 || [ -z "$(blkid 2>/dev/null)" ] || printf '%s ' "$tag"
	done >missing
	[ ! -s missing ] || fail "/etc/fstab names devices that do not exist: $(cat missing)"
	sshd -t || fail "sshd does not accept its configuration"
	[ "$(sed -n 's/^SELINUX=//p' /etc/selinux/config 2>/dev/null)" = "$(cat before/selinux 2>/dev/null)" ] || fail "the SELinux setting changed"
	network_files | cmp -s - before/network || fail "the network configuration files changed"
}

private_package_state() { # in this mount namespace only: the proof works on copies, the host's rpm database is not even locked
	database=$(readlink -f /var/lib/rpm)
	rm -rf rpmdb modules.d
	cp -a "$database" rpmdb && mount --make-rprivate / && mount --bind "$job/rpmdb" "$database" || return 1
	[ -d /etc/dnf/modules.d ] || return 0
	mkdir -p before && cp -a /etc/dnf/modules.d before/
	cp -a /etc/dnf/modules.d modules.d && reset_streams modules.d && mount --bind "$job/modules.d" /etc/dnf/modules.d
}

if [ "$phase" = prepare ] && [ -z "${OS_MIGRATION_PRIVATE:-}" ] && command -v unshare >/dev/null; then
	export OS_MIGRATION_PRIVATE=1
	exec unshare -m /bin/sh "$0" "$job" "$phase"
fi
: >>journal
step=prepare
if [ "$phase" = prepare ] && [ -n "${OS_MIGRATION_PRIVATE:-}" ]; then
	private_package_state || fail "the rpm database could not be copied for the proof: is there room in /var?"
fi
case $phase in
prepare) plan='save_state target_repositories prove verify_signatures check_space' ;;
convert) plan='stop_services trust_target transaction vendor_audit boot_target assertions' ;;
*) exit 2 ;;
esac
for name in $plan; do
	step "$name"
done
rm -rf rpmdb modules.d
[ "$phase" = prepare ] || rm -rf cache persist keyring
set_state finished "$step" ''
say "phase $phase finished"
