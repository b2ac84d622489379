# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does this host carry containers, virtual machines, storage or a part of a platform for others?"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.base import (
    LEAPP,
    SMC_LIMITS,
    Context,
    check,
    need,
)
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.named import (
    EL7,
    EL8,
    REMOVED_IN_8,
    packages_named,
)

_KUBELET = re.compile(r"/(kubelet|k3s|k3s-server|k3s-agent|rke2)$")


@check(
    id="INFRA-KUBERNETES",
    title="The host is a node of a Kubernetes cluster",
    severity="high",
    area="infrastructure",
    remediation="Do not migrate nodes in place: add nodes of the target to the cluster, drain this one, and remove it. "
    "Where it has to stay, drain and cordon it before.",
    source="Kubernetes documentation: safely drain a node; " + SMC_LIMITS,
    grade="documented",
)
def kubernetes(context: Context) -> Iterable[str]:
    yield from (p.nevra for p in context.packages if p.name == "kubelet")
    yield from (path for path in need(context.facts.running, "running") if _KUBELET.search(path))


packages_named(
    r"(docker|docker-common|docker-latest|docker-client)",
    id="INFRA-DOCKER-OLD",
    title="The source's own Docker is installed, which the target's major version has not",
    severity="high",
    area="infrastructure",
    remediation="Save what the containers hold, and move them to Podman or to Docker's own packages: the migration removes "
    "this Docker.",
    source=REMOVED_IN_8 + "; Leapp: Docker",
    grade="documented",
    sources=EL7,
    targets=EL8,
)

packages_named(
    r"(docker-ce|docker-ee|docker-engine|moby-engine)",
    id="INFRA-DOCKER",
    title="Docker is installed from its vendor's packages",
    severity="medium",
    area="infrastructure",
    remediation="Its packages are not replaced, and its repository depends on the version number, which changes. Make sure "
    "that images and volumes can be made again, point the repository to the target's major version, and see "
    "that containers start after the reboot.",
    source="convert2rhel, elevate-cpanel: Docker; SMC: containers may not start",
    grade="documented",
)

packages_named(
    r"(podman|containerd|containerd\.io|cri-o|buildah)",
    id="INFRA-CONTAINERS",
    title="A container engine is installed",
    severity="low",
    area="infrastructure",
    remediation="Containers are stopped for the migration. Note which ones run, and see that they do so afterwards; images "
    "of the source's release stay what they are.",
    source="assumed: container engines are replaced like other packages",
    grade="assumed",
)

packages_named(
    r"(atomic-openshift-node|origin-node|openshift-hyperkube|atomic-openshift)",
    id="INFRA-OPENSHIFT",
    title="The host is a node of OpenShift",
    severity="inhibitor",
    area="infrastructure",
    remediation="OpenShift decides which system its nodes run. Add a new node, and remove this one.",
    source="Red Hat: OpenShift Container Platform 3 supports RHEL 7 only",
    grade="documented",
)

packages_named(
    r"(openstack-(nova|neutron|cinder|glance|keystone|swift)-.*|vdsm|ovirt-(engine|host|node.*))",
    id="INFRA-CLOUD-NODE",
    title="The host is a part of OpenStack or oVirt",
    severity="high",
    area="infrastructure",
    remediation="Its platform prescribes the system. Upgrade the platform by its own procedure, or move the role to a new host.",
    source="leapp: OpenStack and oVirt have upgrade procedures of their own",
    grade="documented",
)

packages_named(
    r"(ceph-(osd|mon|mgr|mds|radosgw)|glusterfs-server|moosefs-.*|minio|lizardfs-(master|chunkserver))",
    id="INFRA-STORAGE-NODE",
    title="The host serves a distributed storage",
    severity="high",
    area="infrastructure",
    remediation="Bring the storage into a state that bears the loss of this host, stop it from rebalancing, and migrate one "
    "host at a time. Its packages have to exist for the target in the same version.",
    command="ceph osd set noout",
    source=LEAPP + ": Ceph; Gluster: offline upgrade",
    grade="documented",
)

packages_named(
    r"(qemu-kvm|qemu-kvm-ev|libvirt-daemon-kvm|xen|virtualbox-.*|VirtualBox-.*)",
    id="INFRA-HYPERVISOR",
    title="The host runs virtual machines",
    severity="medium",
    area="infrastructure",
    remediation="Shut the virtual machines down and copy their disks: machine types of the source may be unknown to the target.",
    source="Red Hat: machine types of RHEL 7 are deprecated in RHEL 8",
    grade="documented",
)

packages_named(
    r"(lustre-client|lustre-client-modules|kmod-lustre-client|cpfs-client|cpfs-.*|gpfs\.(base|gplbin.*)|beegfs-client|wekafs.*)",
    id="INFRA-PARALLEL-STORAGE",
    title="A parallel file system is used through modules for the source's kernel",
    severity="high",
    area="infrastructure",
    remediation="Get its client for the target's kernel first; without it, what is mounted from there is not there after "
    "the reboot. Comment the mounts out for the migration.",
    source=SMC_LIMITS + " (kernel modules)",
    grade="documented",
)

packages_named(
    r"(cloudera-manager-agent|ambari-agent|hadoop(-.*)?|hdp-select|bigtop-utils|emr-.*)",
    id="INFRA-HADOOP",
    title="The host is a node of a Hadoop cluster",
    severity="medium",
    area="infrastructure",
    remediation="Decommission the node first, or migrate a few nodes at a time, so that each block stays elsewhere.",
    source="Apache Hadoop: decommissioning; vendors list the systems that they support",
    grade="documented",
)

packages_named(
    r"(aliyun-)?alinas-utils|aliyun-cpfs-utils|cpfs-utils|aliyun-alinas-.*",
    id="INFRA-NAS-CLIENT",
    title="A mount helper of Alibaba Cloud's file storage is installed",
    severity="medium",
    area="infrastructure",
    remediation="It is a Python program with a watchdog of its own, and is not replaced. Install it anew on the target, and "
    "see that its mounts come back after the reboot.",
    source="Alibaba Cloud NAS: client alinas-utils; assumed: it runs with the source's Python",
    grade="assumed",
)
