# Copyright: (c) 2026, The alicloud.os_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Host names for instances: from attributes, tags or templates, safe to use and each only once."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from .inventory_select import ADDRESSES, Instance, SelectError, address, plain_id, usual_form

Render = Callable[[str, Instance], str]

# Names that mean something else to Ansible: whoever may rename an instance must not get what is meant for the controller.
RESERVED = ("localhost", "all", "ungrouped")
# A name becomes part of file names, which may have 255 bytes.
NAME_BYTES = 180


@dataclass(frozen=True)
class Naming:
    """Where host names come from: attributes or templates, the first that names an instance alone wins."""

    sources: Sequence[str]
    duplicates_are_errors: bool = False


def name_hosts(instances: Iterable[Instance], naming: Naming, render: Render) -> dict[str, Instance]:
    """Every instance by its host name.

    A name that several instances have gets the instance ID behind it in each of them, so that it does not depend on the
    order of the answers; so does one that is reserved or too long.
    """
    todo = list(instances)
    columns = [[safe_name(_source(one, source, render)) for one in todo] for source in naming.sources]
    counts = [Counter(column) for column in columns]
    names: list[str] = []
    for row, one in enumerate(todo):
        offers = [(column[row], count) for column, count in zip(columns, counts, strict=True) if column[row]]
        alone = [name for name, count in offers if count[name] == 1]
        names.append((alone or [name for name, _count in offers] or [plain_id(one)])[0])
    if naming.duplicates_are_errors:
        _refuse_duplicates(todo, names)
    return _unique(todo, names)


def safe_name(text: str) -> str:
    """Letters, digits, dots, dashes and underscores of any language, or an address; empty where nothing is left."""
    text = unicodedata.normalize("NFC", text.strip())
    name = usual_form(text) or re.sub(r"[^\w.-]+", "_", text).lstrip("-.")
    return name if any(one.isalnum() for one in name) else ""


def _unique(instances: list[Instance], names: list[str]) -> dict[str, Instance]:
    marked = {row for row, name in enumerate(names) if _is_reserved(name) or len(name.encode()) > NAME_BYTES}
    while True:
        result = [
            f"{_cut(name)}_{plain_id(instances[row])}" if row in marked else name for row, name in enumerate(names)
        ]
        counts = Counter(result)
        more = {row for row, name in enumerate(result) if counts[name] > 1} - marked
        if not more:
            break
        marked |= more
    if len(set(result)) < len(result):
        twice = next(name for name in result if counts[name] > 1)
        raise SelectError(f"hostnames: two instances have the name and the ID of {twice}")
    return dict(zip(result, instances, strict=True))


def _refuse_duplicates(instances: list[Instance], names: list[str]) -> None:
    counts = Counter(names)
    clashes = sorted({name for name in names if counts[name] > 1})
    if clashes:
        told = [
            f"{name} ({', '.join(plain_id(one) for one, own in zip(instances, names, strict=True) if own == name)})"
            for name in clashes[:5]
        ]
        more = f", and {len(clashes) - 5} more" if len(clashes) > 5 else ""
        raise SelectError(f"hostnames: several instances have the same name: {', '.join(told)}{more}")


def _source(instance: Instance, source: str, render: Render) -> str:
    if "{{" in source or "{%" in source:
        return render(source, instance)
    if source.startswith("tags."):
        return instance["tags"].get(source.removeprefix("tags.")) or ""
    if source in ADDRESSES:
        return address(instance, [source]) or ""
    if source not in instance or isinstance(instance[source], Mapping):
        raise SelectError(f"hostnames: {source!r} is no attribute with a text; see the host variables, or use tags.KEY")
    value = instance[source]
    if isinstance(value, (list, tuple)):
        value = value[0] if value else ""
    return "" if value is None else str(value)


def _is_reserved(name: str) -> bool:
    found = usual_form(name)
    return name.lower() in RESERVED or (found is not None and _is_local(found))


def _is_local(text: str) -> bool:
    parsed = ipaddress.ip_address(text)
    return parsed.is_loopback or parsed.is_unspecified


def _cut(name: str) -> str:
    return name.encode()[:NAME_BYTES].decode(errors="ignore")
