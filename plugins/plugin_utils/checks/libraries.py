# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which shared libraries a target lacks that its source has, and how new its C and C++ libraries are.

From the package lists of Red Hat Enterprise Linux 7, 8 and 9. The other targets are assumed to be like the version that
they rebuild; Alibaba Cloud Linux 3 has a newer C library and compiler.
"""

from __future__ import annotations

import re

# A pattern of names, and the target's package that still brings them; empty where none does.
_AFTER_7: tuple[tuple[str, str], ...] = (
    (r"lib(ssl|crypto)\.so\.10", "compat-openssl10"),
    (r"lib(ncursesw?|tinfo|formw?|menuw?|panelw?)\.so\.5", "ncurses-compat-libs"),
    (r"libgfortran\.so\.3", "compat-libgfortran-48"),
    (r"libpython2\.7\.so\.1\.0", "python2-libs"),
    (r"libnsl\.so\.1", "libnsl"),
    (r"libpng15\.so\.15", "libpng15"),
    (r"libreadline\.so\.6", ""),
    (r"libicu[a-z0-9]+\.so\.50", ""),
    (r"libboost_[a-z0-9_-]+\.so\.1\.53\.0", ""),
    (r"libjson(-c\.so\.2|\.so\.0)", ""),
    (r"libmysqlclient(_r)?\.so\.18", ""),
    (r"libgdbm\.so\.4", ""),
    (r"libgcrypt\.so\.11", ""),
    (r"libgnutls\.so\.28", ""),
    (r"libnettle\.so\.4|libhogweed\.so\.2", ""),
    (r"libprocps\.so\.4", ""),
    (r"libunistring\.so\.0", ""),
    (r"libevent(_[a-z]+)?-2\.0\.so\.5", ""),
    (r"libwebp\.so\.4", ""),
    (r"libgif\.so\.4", ""),
    (r"libvpx\.so\.1", ""),
    (r"libprotobuf(-lite)?\.so\.8", ""),
    (r"libnetsnmp(agent|mibs)?\.so\.31", ""),
    (r"librpm(io|build|sign)?\.so\.3", ""),
    (r"libxerces-c-3\.1\.so", ""),
    (r"libMagick(Core|Wand)\.so\.5", ""),
    (r"libruby\.so\.2\.0", ""),
    (r"lib(tcl|tk)8\.5\.so", ""),
    (r"libnl\.so\.1", ""),
    (r"libsystemd-(login|daemon|journal|id128)\.so\.0", ""),
    (r"libstdc\+\+\.so\.5|libg2c\.so\.0", ""),
    (r"libdb-4\.[78]\.so", ""),
)
_AFTER_8: tuple[tuple[str, str], ...] = (
    (r"lib(ssl|crypto)\.so\.1\.1", "compat-openssl11"),
    (r"lib(ldap|ldap_r|lber)-2\.4\.so\.2", "openldap-compat"),
    (r"libcrypt\.so\.1", "libxcrypt-compat"),
    (r"libnsl\.so\.1", "libnsl"),
    (r"lib(ssl|crypto)\.so\.10", ""),
    (r"lib(ncursesw?|tinfo|formw?|menuw?|panelw?)\.so\.5", ""),
    (r"libgfortran\.so\.3", ""),
    (r"libpython(2\.7|3\.6m)\.so\.1\.0", ""),
    (r"libreadline\.so\.7", ""),
    (r"libicu[a-z0-9]+\.so\.60", ""),
    (r"libboost_[a-z0-9_-]+\.so\.1\.66\.0", ""),
    (r"libjson-c\.so\.4", ""),
    (r"libffi\.so\.6", ""),
    (r"libprocps\.so\.7", ""),
    (r"libevent(_[a-z]+)?-2\.1\.so\.6", ""),
    (r"libnetsnmp(agent|mibs)?\.so\.35", ""),
    (r"libprotobuf(-lite)?\.so\.15", ""),
    (r"libnettle\.so\.6|libhogweed\.so\.4", ""),
    (r"librpm(io|build|sign)?\.so\.8", ""),
    (r"libidn\.so\.11", ""),
    (r"libpng(12|15)\.so\.\d+", ""),
    (r"libperl\.so\.5\.26", ""),
    (r"libruby\.so\.2\.5", ""),
)
_RELEASES = {
    "7": ("centos7", "rhel7", "alinux2", "anolis7"),
    "8": ("centos8", "rhel8", "alinux3", "anolis8"),
    "9": ("rhel9",),
}
_GONE = {
    ("7", "8"): tuple((re.compile(pattern), package) for pattern, package in _AFTER_7),
    ("8", "9"): tuple((re.compile(pattern), package) for pattern, package in _AFTER_8),
}
_LIBC_7, _LIBC_8 = {"GLIBC": "2.17", "GLIBCXX": "3.4.19"}, {"GLIBC": "2.28", "GLIBCXX": "3.4.25"}
# The newest symbol versions of the C library and of the C++ library.
NEWEST_SYMBOLS: dict[str, dict[str, str]] = {
    "alinux2": _LIBC_7,
    "anolis7": _LIBC_7,
    "rhel7": _LIBC_7,
    "alinux3": {"GLIBC": "2.32", "GLIBCXX": "3.4.28"},
    "anolis8": _LIBC_8,
    "rhel8": _LIBC_8,
    "rhel9": {"GLIBC": "2.34", "GLIBCXX": "3.4.29"},
}
# Libraries that the package manager and the shell are linked with.
OF_THE_SYSTEM = re.compile(
    r"lib(c|m|dl|pthread|rt|resolv|z|lzma|bz2|zstd|ssl|crypto|curl|xml2|sqlite3|expat|stdc\+\+|gcc_s|glib-2\.0|gio-2\.0|pcre2?|pcre2-8"
    r"|readline|tinfo|ncursesw?|rpm(io|build|sign)?|dnf|solv(ext)?|gpgme|gcrypt|python3\.6m|python2\.7|idn2?|ldap.*|lber.*|sasl2"
    r"|krb5|gssapi_krb5|uuid|blkid|mount|selinux|audit|pam|systemd)(-2\.4)?\.so(\.\d+)*"
)


def _release(system: str) -> str:
    return next((release for release, systems in _RELEASES.items() if system in systems), "")


def lacking(source: str, target: str, name: str) -> str | None:
    """The target's package that brings a library which is gone, empty where none does; None where it is not gone."""
    table = _GONE.get((_release(source), _release(target)), ())
    return next((package for pattern, package in table if pattern.fullmatch(name)), None)
