# shellcheck shell=sh
# How the one transaction of a conversion is put together: shared by the engine, which runs it, and by the assessment, which
# only resolves it, so that both ask the package manager the same question. Functions alone; they work in the directory job,
# which is the working directory too.
job=''
# What the target is; config sets it.
RELEASEVER='' PLATFORM_ID='' SOURCE_VENDORS='' RELEASE_PACKAGES='' OPTIONAL_PACKAGES='' SOURCE_PACKAGES='' KERNEL_PACKAGE='' PROXY=''

packages() { # every installed package but the pseudo packages of keys: name, version, architecture, vendor
	timeout 300 rpm -qa --qf '%{NAME}\t%{NAME}-%|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}.%{ARCH}\t%{ARCH}\t%{VENDOR}\n' | grep -v '^gpg-pubkey	' | sort
}

from_source() { # of lines as packages prints them, those whose vendor is the source's
	awk -F '\t' -v vendors="$SOURCE_VENDORS" 'BEGIN { n = split(vendors, v, "|") }
		{ for (i = 1; i <= n; i++) if (v[i] != "" && index($4, v[i]) == 1) { print; break } }'
}

configure_manager() { # a configuration of its own: no repository, plug-in, exclude or version lock of the host
	mkdir -p "$job/repos" "$job/cache" "$job/persist" "$job/keyring"
	cp "$job/target.repo" "$job/repos/target.repo"
	cat >"$job/dnf.conf" <<-END
		[main]
		reposdir=$job/repos
		cachedir=$job/cache
		persistdir=$job/persist
		logdir=$job
		keepcache=1
		gpgcheck=1
		localpkg_gpgcheck=1
		plugins=0
		best=0
		clean_requirements_on_remove=0
		installonly_limit=0
		protected_packages=
		module_platform_id=$PLATFORM_ID
		skip_if_unavailable=0
		retries=5
		timeout=30
		fastestmirror=0
		${PROXY:+proxy=$PROXY}
	END
}

manager() { # the package manager with the private configuration
	timeout "${MANAGER_SECONDS:-7200}" dnf "${MANAGER_ANSWER:--y}" --config="$job/dnf.conf" --releasever="$RELEASEVER" "$@"
}

read_offer() { # every package of the target, as NAME|VERSION|ARCHITECTURE|SIZE|DOWNLOAD SIZE with sizes in bytes, into the file offer
	manager -q "$@" repoquery --qf '%{name}|%{evr}|%{arch}|%{installsize}|%{downloadsize}' '*' >offer
}

source_packages() { # release, repository, key and branding packages of the source: by capability, by ownership, by name
	{
		rpm -q --whatprovides system-release redhat-release system-logos --qf '%{NAME}\n' 2>/dev/null | grep -v 'no package provides'
		awk -F '\t' '{ print $1 }' before/packages | while read -r name; do
			for pattern in $SOURCE_PACKAGES; do
				# shellcheck disable=SC2254 # the pattern is meant as one
				case $name in $pattern) printf '%s\n' "$name" ;; esac
			done
		done
	} | sort -u
}

same_builds() { # packages whose very version the target has too: a sync would leave the file of the old vendor in place
	awk -F '|' '{ print $1 "-" $2 "." $3 }' offer | sort -u >offered
	from_source <before/packages | cut -f 2 | sed 's/-0:/-/' | sort -u | comm -12 - offered
}

write_transaction() { # the one transaction as a script of the package manager's shell, from the files before/packages and offer
	source_packages >meant
	{
		printf 'remove'; while read -r name; do printf ' %s' "$name"; done <meant; printf '\n'
		printf 'install %s' "$RELEASE_PACKAGES"
		for name in $OPTIONAL_PACKAGES; do
			cut -d '|' -f 1 offer | grep -qxF "$name" && printf ' %s' "$name"
		done
		printf ' %s\ndistro-sync\n' "$KERNEL_PACKAGE"
		same_builds | while read -r package; do printf 'reinstall %s\n' "$package"; done
		printf 'run\n'
	} >transaction
}

reset_streams() { # DIRECTORY : module streams of the source do not exist in the target
	for file in "$1"/*.module; do
		[ ! -f "$file" ] || sed -i 's/^stream=.*/stream=/; s/^state=.*/state=/; s/^profiles=.*/profiles=/' "$file"
	done
}
