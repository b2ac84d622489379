# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: ecs
short_description: ECS instances as an inventory
version_added: 0.2.0
description:
  - Makes the ECS instances of one or more regions hosts. Their names and tags are never evaluated as templates.
  - Every host gets C(os_migration_instance_id) and C(os_migration_region), so the playbooks of this collection need no more.
  - The name of the configuration file ends with C(ecs.yml) or C(ecs.yaml). A key in it that is no option is an error.
author:
  - The alicloud.os_migration contributors (@alicloud)
extends_documentation_fragment:
  - alicloud.os_migration.plugin_credentials
  - constructed
  - inventory_cache
options:
  plugin:
    description: The name of this plugin. It shows that the file is meant for it.
    type: str
    required: true
    choices: [alicloud.os_migration.ecs]
  regions:
    description:
      - The regions to read, in parallel, for example V(cn-hangzhou). V(all), alone, stands for every region.
      - Required, unless an environment variable names one or, with commas between them, several.
    type: list
    elements: str
    env:
      - name: ALICLOUD_REGION
      - name: ALIBABA_CLOUD_REGION_ID
  strict_regions:
    description:
      - Whether a region that cannot be read is an error. With V(false) it is a warning, as long as another region can
        be read; such an inventory is not cached.
    type: bool
    default: true
  filters:
    description:
      - What the API is asked for. An instance has to match all of them. Each takes one value; see O(query) for more.
      - V(status), for example V(Running); V(instance_name), with V(*) for any text; V(instance_charge_type), V(PostPaid)
        or V(PrePaid); V(image_id), V(instance_type), V(security_group_id), V(vpc_id), V(vswitch_id), V(zone_id).
      - V(tags), a mapping of up to 20 tags. A tag with the value V(null) stands for any value. Where 1,000 or more
        instances of a region have these tags, all of its instances are read, because the API finds no more by tags.
    type: dict
    default: {}
  instance_ids:
    description:
      - Read only these, in whichever of the regions they are. One that is in none of them gives a warning.
        With an empty list nothing is read.
    type: list
    elements: str
  query:
    description:
      - JMESPath expressions over the attributes of an instance, which is kept when all of them are true.
        Null, false, and empty texts, lists and mappings are not true.
    type: list
    elements: str
    default: []
  cidrs:
    description:
      - Networks, IPv4 or IPv6. An instance is kept when one of its addresses, private or public, is in one of them.
    type: list
    elements: str
    default: []
  address:
    description:
      - Which address becomes C(ansible_host). The first that the instance has wins. V(public_ip) is a fixed public
        address or the EIP, V(eip) the EIP only. V(none), alone, leaves C(ansible_host) unset.
      - Without any of them it becomes the instance ID, so that no machine is reached that happens to have the same name.
    type: list
    elements: str
    choices: [public_ip, private_ip, eip, ipv6, none]
    default: [public_ip, private_ip]
  hostnames:
    description:
      - Where host names come from. The first wins that gives a name to this instance alone, then the first that gives
        a name at all, then the instance ID. Spaces and signs in a name become underscores.
      - An attribute such as V(hostname), a tag as V(tags.Name), one of the values of O(address), or a template over the
        attributes such as V({{ hostname }}-{{ zone_id }}).
    type: list
    elements: str
    default: [instance_name]
  duplicate_hostnames:
    description:
      - What to do about several instances with the same name. V(append_id) puts the instance ID behind the name of each
        of them. A name that means something else to Ansible, such as V(localhost), always gets the instance ID.
    type: str
    choices: [append_id, error]
    default: append_id
  hostvar_prefix:
    description:
      - What the names of the host variables begin with. It keeps them apart from your own, and C(tags) from the keyword.
        In O(hostnames), O(compose), O(groups) and O(keyed_groups) the attributes have their plain names.
    type: str
    default: ecs_
  with_disks:
    description: Whether to read the disks as well, into C(disks).
    type: bool
    default: false
  connection:
    description:
      - V(cloud_assistant) sets C(ansible_connection) to C(alicloud.os_migration.cloud_assistant). V(ssh) does not set it,
        so that your own setting counts.
    type: str
    choices: [ssh, cloud_assistant]
    default: ssh
notes:
  - The attributes, which become host variables, are C(instance_id), C(region_id), C(zone_id), C(instance_name),
    C(hostname), C(status), C(instance_type), C(image_id), C(os_name), C(os_type), C(created), C(expired),
    C(charge_type), C(stopped_mode), C(spot_strategy), C(deletion_protection), C(operation_locks), C(private_ips),
    C(public_ips), C(eip), C(ipv6_addresses), C(security_group_ids), C(vpc_id), C(vswitch_id), C(tags) and, with
    O(with_disks=true), C(disks), in the shapes of M(alicloud.os_migration.ecs_instance_info).
  - The credentials need C(ecs:DescribeInstances), C(ecs:DescribeRegions) for O(regions=all), and C(ecs:DescribeDisks)
    for O(with_disks=true). An account without C(ecs:DescribeInstances) gets an empty answer, not an error.
  - The cache holds the instances as they were read, before O(query) and O(cidrs). Its key covers what decides what is
    read, with the AccessKey ID or profile; it holds no secret.
  - O(query) needs the Python package C(jmespath), O(cidrs) needs C(netaddr).
"""

EXAMPLES = r"""
# alicloud_ecs.yml: all running instances of two regions
plugin: alicloud.os_migration.ecs
regions: [cn-hangzhou, cn-beijing]
filters:
  status: Running

---
# The CentOS instances of a team, by private address, in groups by zone and by the tag role
plugin: alicloud.os_migration.ecs
regions: [cn-hangzhou]
profile: production
filters:
  status: Running
  tags:
    team: shop
query:
  - contains(os_name, 'CentOS')
  - "!contains(keys(tags), 'keep')"
cidrs: [10.0.0.0/8]
address: [private_ip]
hostnames:
  - tags.Name
  - "{{ hostname }}-{{ zone_id }}"
compose:
  ansible_user: "'ecs-user' if 'ecs-user' in tags else 'root'"
groups:
  subscription: charge_type == 'PrePaid'
keyed_groups:
  - key: zone_id
    prefix: zone
  - key: tags.role
    prefix: role

---
# Everything, without a way in by SSH, remembered for ten minutes
plugin: alicloud.os_migration.ecs
regions: all
connection: cloud_assistant
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: ~/.cache/alicloud_inventory
cache_timeout: 600
"""

import os
import platform
from typing import Any, NoReturn

from ansible import __version__ as ansible_version
from ansible.errors import AnsibleError, AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible.utils.unsafe_proxy import wrap_var

from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud import instances
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.client import Api, MissingLibrary, Settings
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.errors import CloudError
from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud.retry import Retrier
from ansible_collections.alicloud.os_migration.plugins.plugin_utils import inventory_names as names
from ansible_collections.alicloud.os_migration.plugins.plugin_utils import inventory_select as select

# Part of the cache key: raise it when the shape of an instance changes.
CACHE_VERSION = 1
# Ansible does not template the options of an inventory.
ACCESS = ("access_key_id", "access_key_secret", "security_token", "profile", "ecs_endpoint")


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    NAME = "alicloud.os_migration.ecs"

    def verify_file(self, path: str) -> bool:
        return bool(super().verify_file(path)) and path.endswith(("ecs.yml", "ecs.yaml"))

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path, cache)
        config = self._read_config_data(path)
        try:
            select.check_names(config, self.option_definitions)
            self._add_hosts(path, cache)
        except (select.SelectError, MissingLibrary, CloudError) as error:
            fail(str(error))

    def _add_hosts(self, path: str, cache: bool) -> None:
        """Everything that the user can get wrong is looked at before the first call."""
        wanted = [select.queries(self.get_option("query") or []), select.networks(self.get_option("cidrs") or [])]
        addresses = select.check_addresses(self.get_option("address") or [])
        found = [one for one in self._instances(path, cache) if all(accepts(one) for accepts in wanted)]
        naming = names.Naming(self.get_option("hostnames") or [], self.get_option("duplicate_hostnames") == "error")
        for name, instance in names.name_hosts(found, naming, self._render).items():
            self._add_host(name, instance, addresses)

    def _add_host(self, name: str, instance: select.Instance, addresses: list[str]) -> None:
        self.inventory.add_host(name)
        own = wrap_var(select.host_variables(instance, self.get_option("hostvar_prefix") or ""))
        if addresses:
            own["ansible_host"] = select.address(instance, addresses) or select.plain_id(instance)
        if self.get_option("connection") == "cloud_assistant":
            own["ansible_connection"] = "alicloud.os_migration.cloud_assistant"
        for key, value in own.items():
            self.inventory.set_variable(name, key, value)
        variables = wrap_var(instance) | own
        strict = self.get_option("strict")
        self._set_composite_vars(self.get_option("compose"), variables, name, strict=strict)
        self._add_host_to_composed_groups(self.get_option("groups"), variables, name, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, name, strict=strict)

    def _render(self, template: str, instance: select.Instance) -> str:
        """A template of hostnames; one that cannot be rendered gives no name, unless strict is set."""
        self.templar.available_variables = wrap_var(instance)
        try:
            text = self.templar.template(template)
        except AnsibleError as error:
            if self.get_option("strict"):
                raise select.SelectError(f"hostnames: {template}: {error}") from error
            return ""
        return "" if text is None else str(text)

    def _instances(self, path: str, cache: bool) -> list[dict[str, Any]]:
        """The instances of the cache, or of the cloud. An inventory that lacks a region is not kept."""
        regions = select.check_regions(self.get_option("regions") or [])
        wanted, settings, disks = self._search(), self._settings(), bool(self.get_option("with_disks"))
        account = settings.access_key_id or settings.profile or os.environ.get("ALIBABA_CLOUD_ACCESS_KEY_ID", "")
        asked = [sorted(regions), wanted.params(), wanted.ids, disks]
        mark = select.fingerprint(CACHE_VERSION, *asked, account, settings.ecs_endpoint)
        key = f"{self.get_cache_key(path)}_{mark}"
        uses_cache = self.get_option("cache")
        if uses_cache and cache:
            kept = self._cache.get(key)
            if select.is_kept(kept):
                return kept
        api = Api(settings, Retrier(self.get_option("throttle_wait")))
        found, complete = self._read(api, regions, wanted, disks)
        if uses_cache and complete:
            self._cache[key] = found
        return found

    def _read(self, api: Api, regions: list[str], wanted: instances.Search, disks: bool) -> tuple[list[Any], bool]:
        """(instances, whether every region answered)."""
        if wanted.ids == ():
            return [], True
        if regions == ["all"]:
            regions = instances.all_regions(api)
        found, errors = instances.find_in(api, regions, wanted, disks)
        self.display.vvv(f"{self.NAME}: {len(found)} instances, calls: {dict(sorted(api.calls.items()))}")
        if errors and (self.get_option("strict_regions") or len(errors) == len(regions)):
            fail(instances.told_by_region(errors))
        if errors:
            self.display.warning(f"{self.NAME}: left out: {select.printable(instances.told_by_region(errors))}")
        missing = set(wanted.ids or ()) - {ref.id for ref in found}
        if missing and not (wanted.filters or wanted.tags or errors):
            self.display.warning(f"{self.NAME}: no region has {', '.join(sorted(missing))}")
        return [one | {"region_id": ref.region} for ref, one in found.items()], not errors

    def _search(self) -> instances.Search:
        filters, tags = select.check_filters(self.get_option("filters") or {}, instances.FILTERS)
        ids = self.get_option("instance_ids")
        return instances.Search(filters, tags, None if ids is None else tuple(str(one) for one in ids))

    def _settings(self) -> Settings:
        access = {name: self._text(name) for name in ACCESS}
        select.check_access(access)
        return Settings(
            **access,
            connect_timeout=self.get_option("connect_timeout"),
            read_timeout=self.get_option("read_timeout"),
            user_agent=f"alicloud.os_migration ansible-core/{ansible_version} python/{platform.python_version()}",
        )

    def _text(self, option: str) -> str | None:
        try:
            return str(self.templar.template(self.get_option(option) or "") or "") or None
        except AnsibleError as error:
            fail(f"{option}: {error}")


def fail(message: str) -> NoReturn:
    raise AnsibleParserError(select.printable(message)) from None
