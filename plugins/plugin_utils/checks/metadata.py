# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is this host the instance that the inventory takes it for, and does it know its cloud?"""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.base import (
    KNOWN_FAILURE,
    Context,
    check,
    need,
)

_REFUSED = (401, 403)


@check(
    id="META-INSTANCE",
    title="The host is another instance than the inventory says",
    severity="inhibitor",
    area="metadata",
    remediation="The restore point would be made of one machine, and another one would be changed. Correct the address or the "
    "instance id in the inventory.",
    command="curl http://100.100.100.200/latest/meta-data/instance-id",
    source="ECS: instance metadata",
    grade="documented",
    waivable=False,
)
def instance(context: Context) -> Iterable[str]:
    said, known = need(context.facts.metadata, "metadata").instance_id, (context.cloud or {}).get("instance_id")
    # Where the service does not tell, META-SERVICE or META-TOKEN says so.
    if said and isinstance(known, str) and known and said != known:
        yield f"the host says {said}, the inventory {known}"


@check(
    id="META-SERVICE",
    title="The metadata service of the cloud does not answer the host",
    severity="medium",
    area="metadata",
    remediation="Whether the host is the instance of the inventory cannot be proven, and cloud-init of the target may wait for "
    "it at boot. Look at routes and firewalls.",
    command="curl http://100.100.100.200/latest/meta-data/instance-id",
    source="ECS: instance metadata",
    grade="documented",
)
def service(context: Context) -> Iterable[str]:
    metadata = need(context.facts.metadata, "metadata")
    if not metadata.instance_id and metadata.status not in _REFUSED:
        answer = (
            f"answers with HTTP status {metadata.status}" if metadata.status else "does not answer within 2 seconds"
        )
        yield f"100.100.100.200 {answer}"


@check(
    id="META-TOKEN",
    title="The metadata service of the cloud asks for a token",
    severity="low",
    area="metadata",
    remediation="The check whether the host is the instance of the inventory was left out. Make sure that the cloud-init which the "
    "target brings knows this mode.",
    source="ECS: security hardening mode of instance metadata",
    grade="documented",
)
def token(context: Context) -> Iterable[str]:
    status = need(context.facts.metadata, "metadata").status
    if status in _REFUSED:
        yield f"100.100.100.200 answers with HTTP status {status}"


@check(
    id="META-DATASOURCE",
    title="cloud-init is not told to ask Alibaba Cloud",
    severity="medium",
    area="metadata",
    remediation="It waits for other clouds at boot, and may set the host up anew. Name the data source AliYun.",
    command="echo 'datasource_list: [ AliYun ]' > /etc/cloud/cloud.cfg.d/90_aliyun.cfg",
    source="Alibaba Cloud: install cloud-init; " + KNOWN_FAILURE + " (a wait of three minutes after the conversion)",
    grade="documented",
)
def datasource(context: Context) -> Iterable[str]:
    lines = need(context.facts.metadata, "metadata").datasources
    # A list that goes on in the next lines cannot be judged.
    whole = [(path, line) for path, line in lines if "[" in line]
    if whole and not any("AliYun" in line for _path, line in whole):
        yield from (f"{path}: {line}" for path, line in whole)


@check(
    id="META-NEW-INSTANCE",
    title="cloud-init takes the host for another instance",
    severity="medium",
    area="metadata",
    remediation="At the next boot it does what it does on new instances: keys, passwords and names may be set again. Restart the "
    "host before the migration.",
    command="cat /var/lib/cloud/data/instance-id",
    source="cloud-init: per-instance modules, boot of a new instance",
    grade="documented",
)
def new_instance(context: Context) -> Iterable[str]:
    metadata = need(context.facts.metadata, "metadata")
    if metadata.instance_id and metadata.cloud_init_id and metadata.instance_id != metadata.cloud_init_id:
        yield f"the cloud says {metadata.instance_id}, cloud-init remembers {metadata.cloud_init_id}"
