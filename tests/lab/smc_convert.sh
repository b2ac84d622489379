#!/bin/sh
# What a migration job of Server Migration Center does to a test host, played for real: one package transaction from the
# lab's mirror, the target's kernel as the default, and work for the first minutes after the reboot, which follows.
set -eu
LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
mirror=http://mirror.lab/alinux/3
work=$(mktemp -d /var/tmp/smc.XXXXXX)
trap 'rm -rf "$work"' EXIT

repositories() {
	mkdir "$work/repos"
	for name in os updates plus; do
		printf '[alinux3-%s]\nname=alinux3-%s\nbaseurl=%s/%s/x86_64\ngpgkey=%s/RPM-GPG-KEY-ALINUX-3\n' "$name" "$name" "$mirror" "$name" "$mirror"
	done >"$work/repos/target.repo"
	cat >"$work/dnf.conf" <<-END
		[main]
		reposdir=$work/repos
		cachedir=$work/cache
		persistdir=$work/persist
		logdir=$work
		gpgcheck=1
		plugins=0
		best=0
		clean_requirements_on_remove=0
		installonly_limit=0
		protected_packages=
		module_platform_id=platform:al8
	END
}

manager() { dnf -y --config="$work/dnf.conf" --releasever=3 "$@"; }

installed() { # of the source: name, and name-epoch:version-release.architecture without an epoch of 0
	rpm -qa --qf '%{NAME}\t%{NAME}-%|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}.%{ARCH}\t%{VENDOR}\n' | grep 'CentOS$'
}

transaction() { # swap what names the distribution, sync the rest, and install again what both have in the same version
	installed >"$work/installed"
	manager -q repoquery --qf '%{name}-%{evr}.%{arch}' '*' | sort -u >"$work/offered"
	printf 'remove '
	{
		rpm -q --whatprovides system-release redhat-release system-logos --qf '%{NAME}\n' | grep -v 'no package provides'
		cut -f 1 "$work/installed" | grep -E '^centos-'
	} | sort -u | paste -s -d ' ' -
	printf 'install alinux-release alinux-repos alinux-logos kernel\ndistro-sync\n'
	cut -f 2 "$work/installed" | sort -u | comm -12 - "$work/offered" | sed 's/^/reinstall /'
	printf 'run\n'
}

boot_target() {
	kernel=$(rpm -q --whatprovides kernel-core kernel --qf '%{VERSION}-%{RELEASE}.%{ARCH}\n' | grep -F .al8 | sort -V | tail -n 1)
	[ -s "/boot/initramfs-$kernel.img" ] || dracut -f "/boot/initramfs-$kernel.img" "$kernel"
	grubby --set-default="/boot/vmlinuz-$kernel"
}

first_boot() { # once, after the reboot: something that bears the name of a package manager works for a while
	mkdir -p /etc/lab-init.d
	cat >/etc/lab-init.d/smc-first-boot.start <<-'END'
		rm -f /etc/lab-init.d/smc-first-boot.start
		rmdir /etc/lab-init.d 2>/dev/null
		mkdir -p /run/lab/first-boot
		cp /usr/bin/sleep /run/lab/first-boot/dnf
		/run/lab/first-boot/dnf 8
		rm -rf /run/lab/first-boot /run/lab/services/smc-first-boot.pid
	END
}

repositories
transaction >"$work/transaction"
manager --allowerasing shell "$work/transaction" </dev/null >"$work/log" 2>&1 || true
# The package database is the judge, not an exit status.
if ! tail -n 5 "$work/log" | grep -q '^Complete!' || ! rpm -q alinux-release >/dev/null || rpm -q centos-linux-release >/dev/null; then
	tail -n 20 "$work/log"
	exit 1
fi
boot_target
first_boot
