#!/usr/bin/env bash
# system.sh: installs the Debian packages that the lab and the tests need, where they are missing.
# shellcheck source=tests/setup/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
packages=(createrepo-c gnupg iproute2 mmdebstrap openssh-client python3-venv rpm shellcheck util-linux)
missing=()
for package in "${packages[@]}"; do
	dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0
command -v apt-get >/dev/null || die "these packages are missing and apt-get is not here to install them: ${missing[*]}"
[ "$(id -u)" = 0 ] || die "these packages are missing: ${missing[*]}. Run as root, or install them with apt-get."
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq >&2 || die "apt-get update failed: is the Debian package registry reachable?"
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null || die "apt-get could not install ${missing[*]}"
