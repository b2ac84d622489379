# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The image that the instance was made from: what it tells of the host, and whether the host is that one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.base import Context, check, need
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.checks.cloud_details import (
    boots_by_efi,
    detail,
    is_of,
)
from ansible_collections.alicloud.os_migration.plugins.plugin_utils.matrix import name_of

# assumed: what the names of public images have in them, by the family of the source.
_NAMES = {
    "centos": ("centos",),
    "rhel": ("red hat", "rhel"),
    "alinux": ("alibaba cloud linux", "aliyun linux", "alinux"),
}


def _image(context: Context) -> Mapping[str, Any] | None:
    """None stands for an image that does not exist any more."""
    found = detail(context, "image")
    return found if isinstance(found, Mapping) else None


@check(
    id="CLOUD-IMAGE-MARKETPLACE",
    title="The instance was made from an image of Alibaba Cloud Marketplace",
    severity="info",
    area="cloud_image",
    severities={"smc": "high"},
    remediation="Ask the vendor whether the product runs on the target. Server Migration Center takes such instances "
    "for enabled accounts only; open a ticket.",
    source="Server Migration Center: limits of Marketplace images",
    grade="documented",
)
def marketplace(context: Context) -> Iterable[str]:
    image = _image(context)
    if image and (image.get("owner") == "marketplace" or image.get("product_code")):
        yield f"{image.get('image_id')}, product {image.get('product_code') or 'not told'}"


@check(
    id="CLOUD-IMAGE-QUICK-START",
    title="The instance was made from an image of the Quick Start edition",
    severity="high",
    area="cloud_image",
    severities={"leapp": "inhibitor"},
    remediation="Such an image is initialised by AliyunInit instead of cloud-init, and does not take changes of the kernel's "
    "arguments, which the upgrade needs to boot its own environment. Build a new instance on the target instead, or rehearse "
    "on a clone.",
    source="Alibaba Cloud Linux 2: overview, Quick Start images; assumed: that their ids hold qboot",
    grade="assumed",
    sources=("alinux2",),
)
def quick_start(context: Context) -> Iterable[str]:
    image = str(need((context.cloud or {}).get("image_id"), "image_id"))
    if "_qboot_" in image:
        yield image


@check(
    id="CLOUD-IMAGE-GONE",
    title="The image of the instance does not exist any more",
    severity="info",
    area="cloud_image",
    remediation="The system disk cannot be made anew from it. The restore point is the only way back, so keep it "
    "until the host has proven itself.",
    source="ECS API: DescribeImages, an empty answer",
    grade="documented",
)
def image_gone(context: Context) -> Iterable[str]:
    if _image(context) is None:
        yield str((context.cloud or {}).get("image_id"))


@check(
    id="CLOUD-IMAGE-WITHDRAWN",
    title="The image of the instance is no longer offered",
    severity="info",
    area="cloud_image",
    remediation="No further instance can be made from it, for comparison or in place of this one. Keep an image of "
    "your own of a host before its migration.",
    source="ECS API: DescribeImages, Status",
    grade="documented",
)
def image_withdrawn(context: Context) -> Iterable[str]:
    image = _image(context)
    if image and image.get("status") in ("Deprecated", "UnAvailable"):
        yield f"{image.get('image_id')} is {image['status']}"


@check(
    id="CLOUD-IMAGE-SHARED",
    title="The image of the instance belongs to another account",
    severity="low",
    area="cloud_image",
    remediation="Its owner may have built in repositories, keys and agents that this account does not know of. Look "
    "for them before the migration.",
    source="ECS API: DescribeImages, ImageOwnerAlias",
    grade="documented",
)
def image_shared(context: Context) -> Iterable[str]:
    image = _image(context)
    if image and image.get("owner") == "others":
        yield f"{image.get('image_id')} ({image.get('os_name')})"


@check(
    id="CLOUD-IMAGE-CUSTOM",
    title="The instance was made from an image of your own",
    severity="info",
    area="cloud_image",
    severities={"smc": "low"},
    remediation="What was built into it is on every host that was made from it: rehearse with one of them. An image "
    "that was uploaded may lack Cloud Assistant and cloud-init.",
    source="Server Migration Center: Cloud Assistant of uploaded images",
    grade="documented",
)
def image_custom(context: Context) -> Iterable[str]:
    image = _image(context)
    if image and image.get("owner") == "self":
        yield f"{image.get('image_id')} ({image.get('os_name')})"


@check(
    id="CLOUD-IMAGE-BOOT",
    title="The host boots in another way than its image",
    severity="medium",
    area="cloud_image",
    remediation="Find out which is right before the boot loader is replaced: an instance whose boot mode was changed "
    "may not start from what the target installs.",
    source="ECS API: DescribeImages, BootMode",
    grade="documented",
)
def image_boot(context: Context) -> Iterable[str]:
    mode = str((_image(context) or {}).get("boot_mode") or "")
    efi = boots_by_efi(context) if mode in ("BIOS", "UEFI") else None
    if efi is not None and efi != (mode == "UEFI"):
        yield f"the image boots by {mode}, the host by {'UEFI' if efi else 'BIOS'}"


@check(
    id="CLOUD-IMAGE-ARCH",
    title="The host has another architecture than the image of the instance",
    severity="high",
    area="cloud_image",
    remediation="Make sure that the address and the instance id of the inventory belong together: the restore point "
    "would be of another host.",
    source="ECS API: DescribeImages, Architecture",
    grade="documented",
)
def image_arch(context: Context) -> Iterable[str]:
    found = (_image(context) or {}).get("architecture")
    if found and not is_of(context, str(found)):
        yield f"the image is of {found}, the host of {context.path.arch}"


@check(
    id="CLOUD-IMAGE-SYSTEM",
    title="The host runs another system than its public image",
    severity="low",
    area="cloud_image",
    remediation="Its system was replaced before, or the address and the instance id of the inventory do not belong "
    "together. Make sure which.",
    source="ECS API: DescribeImages, OSNameEn",
    grade="assumed",
)
def image_system(context: Context) -> Iterable[str]:
    image = _image(context)
    name = str(image.get("os_name") or "") if image and image.get("owner") == "system" else ""
    known = [words for words in _NAMES.values() if any(word in name.lower() for word in words)]
    mine = _NAMES.get(context.path.source.rstrip("0123456789"), ())
    if known and mine and mine not in known:
        yield f"the image is {name}, the host runs {name_of(context.path.source)}"
