# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network services whose successor reads another configuration, or does not exist."""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.base import Context, check
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.named import (
    EL7,
    EL8,
    REMOVED_IN_8,
    packages_named,
)

packages_named(
    r"bind",
    id="SRV-BIND",
    title="BIND is installed, and its successor refuses some options",
    severity="medium",
    area="servers",
    remediation="Remove dnssec-lookaside and the other options that version 9.11 dropped, and check the configuration with "
    "the target's version on a clone.",
    command="named-checkconf -z",
    source="Leapp: BIND; " + REMOVED_IN_8,
    grade="documented",
    sources=EL7,
    targets=EL8,
)

packages_named(
    r"postfix",
    id="SRV-POSTFIX",
    title="Postfix goes from version 2 to version 3",
    severity="low",
    area="servers",
    remediation="Version 3 keeps the old defaults while compatibility_level is not set, and logs where they matter. Read its "
    "log after the migration.",
    command="postconf -d compatibility_level",
    source="Leapp: Postfix",
    grade="documented",
    sources=EL7,
    targets=EL8,
)

packages_named(
    r"sendmail",
    id="SRV-SENDMAIL",
    title="Sendmail is installed",
    severity="medium",
    area="servers",
    remediation="Its successor writes IPv6 addresses in full, without ::, and makes its maps anew. Look for compressed "
    "addresses in /etc/mail, and test a delivery.",
    source="Leapp: Sendmail",
    grade="documented",
    sources=EL7,
    targets=EL8,
)

packages_named(
    r"vsftpd",
    id="SRV-VSFTPD",
    title="vsftpd loses support for tcp_wrappers and for old TLS",
    severity="medium",
    area="servers",
    remediation="Set tcp_wrappers=NO and strict_ssl_read_eof as the clients need it; limit addresses in the firewall instead.",
    source="Leapp: vsftpd",
    grade="documented",
    sources=EL7,
    targets=EL8,
)

packages_named(
    r"quagga(-.*)?",
    id="SRV-QUAGGA",
    title="Quagga is installed, and FRRouting takes its place",
    severity="high",
    area="servers",
    remediation="Install FRRouting on the target, and carry the configuration from /etc/quagga to /etc/frr. Routes that it "
    "announced are missing until then.",
    source="Leapp: Quagga to FRR; " + REMOVED_IN_8,
    grade="documented",
    sources=EL7,
    targets=EL8,
)

packages_named(
    r"openldap-servers(-sql)?",
    id="SRV-OPENLDAP",
    title="An OpenLDAP server is installed, and the target has none",
    severity="high",
    area="servers",
    remediation="Export the directory with slapcat, and load it into 389 Directory Server, or into OpenLDAP from another source.",
    command="slapcat -l directory.ldif",
    source=REMOVED_IN_8 + ": openldap-servers",
    grade="documented",
    sources=EL7,
    targets=EL8,
)

packages_named(
    r"bacula-(director|storage|client)(-.*)?",
    id="SRV-BACULA",
    title="Bacula is installed",
    severity="medium",
    area="servers",
    remediation="Director, storage and clients have to speak the same version. Upgrade the director first, and give the "
    "service's user the rights on its files again.",
    source="Leapp: Bacula",
    grade="documented",
    sources=EL7,
    targets=EL8,
)

packages_named(
    r"squid",
    id="SRV-SQUID",
    title="Squid goes to version 4",
    severity="low",
    area="servers",
    remediation="Options of the old TLS code, and helpers, have other names. Check the configuration with the target's version.",
    command="squid -k parse",
    source=REMOVED_IN_8 + ": Squid",
    grade="documented",
    sources=EL7,
    targets=EL8,
)

packages_named(
    r"mod_(auth_kerb|nss|revocator|auth_mellon|wsgi|perl|ldap|bw|fastcgi|evasive)|httpd-itk",
    id="SRV-HTTPD-MODULES",
    title="Modules of the web server have no counterpart, or another name",
    severity="medium",
    area="servers",
    remediation="The server does not start while its configuration loads a module that is gone. Replace mod_auth_kerb by "
    "mod_auth_gssapi and mod_nss by mod_ssl; mod_wsgi becomes python3-mod_wsgi.",
    command="httpd -M",
    source=REMOVED_IN_8 + ": web servers",
    grade="documented",
    sources=EL7,
    targets=EL8,
)

packages_named(
    r"memcached",
    id="SRV-MEMCACHED",
    title="memcached no longer listens to UDP",
    severity="low",
    area="servers",
    remediation="Let the clients use TCP, or set -U 11211 on purpose.",
    source="Leapp: memcached",
    grade="documented",
    sources=EL7,
    targets=EL8,
)

packages_named(
    r"samba-dc(-.*)?|samba4(-dc)?",
    id="SRV-SAMBA-AD",
    title="The host is a domain controller",
    severity="high",
    area="servers",
    remediation="The target's Samba has no domain controller. Move the roles to another controller, and demote this one.",
    source="Red Hat: Samba as an Active Directory domain controller is not provided",
    grade="documented",
)


@check(
    id="SRV-PHP",
    title="PHP comes from another vendor, or is older than any of the target's",
    severity="medium",
    area="servers",
    remediation="Set up the vendor's repository for the target before its packages are missed, and test the application "
    "with the target's version: PHP 7.2 and later refuse code of PHP 5.",
    source="rocky-tools issue 198 (Remi); " + REMOVED_IN_8,
    grade="documented",
)
def php(context: Context) -> Iterable[str]:
    crosses = context.path.source in EL7 and context.path.target in EL8
    for p in context.packages:
        if p.name in ("php", "php-fpm", "php-cli", "mod_php") or (
            p.name.startswith("php") and p.name.endswith("-php-cli")
        ):
            if not context.from_source(p):
                yield f"{p.nevra} ({p.vendor or 'no vendor'})"
            elif crosses and p.version.startswith("5."):
                yield f"{p.nevra}; the target starts at PHP 7.2"


packages_named(
    r"tomcat\d?|tomcat-native",
    id="SRV-TOMCAT",
    title="The source's Tomcat is installed, which the target may not have",
    severity="medium",
    area="servers",
    remediation="RHEL 8 dropped Tomcat and took it up again in 8.8. Note the applications in /var/lib/tomcat, and install "
    "Tomcat from its own distribution where the target has none.",
    source=REMOVED_IN_8 + ": Tomcat",
    grade="documented",
    sources=EL7,
    targets=EL8,
)
