"""References between the entries of a transaction Bundle, and conditional references."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Resource = dict[str, Any]

# Elements of type uri, url, canonical, oid and uuid that can point at an entry of the Bundle.
_LINKS = frozenset(
    {"reference", "url", "uri", "valueUri", "valueUrl", "valueCanonical", "valueOid", "valueUuid"}
)
_CONDITIONAL = re.compile(r"^([A-Z][A-Za-z]+)\?(.+)$", re.DOTALL)
_PLACEHOLDER = re.compile(r"^urn:(uuid|oid):", re.IGNORECASE)


def rewrite(resource: Resource, targets: Mapping[str, str]) -> Resource:
    """A copy in which every link to a fullUrl of `targets` names its new place, narrative
    included. Other parts are shared with the original."""
    changed = _map_links(resource, lambda link: _replace(link, targets))
    assert isinstance(changed, dict)
    return changed


def resolve_conditional(resource: Resource, find: Callable[[str, str], str]) -> Resource:
    """A copy in which `Type?query` is replaced by what `find(type, query)` gives."""

    def resolve(link: str) -> str:
        match = _CONDITIONAL.match(link)
        return find(match[1], match[2]) if match else link

    changed = _map_references(resource, resolve)
    assert isinstance(changed, dict)
    return changed


def conditional_references(resource: Any) -> Iterator[str]:
    return (link for link in _references(resource) if _CONDITIONAL.match(link))


def unresolved(resource: Any) -> Iterator[str]:
    """References to urn:uuid and urn:oid that no entry has as fullUrl."""
    return (link for link in _references(resource) if _PLACEHOLDER.match(link))


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(literal := value.get("reference"), str):
            yield literal
        for child in value.values():
            if isinstance(child, dict | list):
                yield from _references(child)
    elif isinstance(value, list):
        for item in value:
            if isinstance(item, dict | list):
                yield from _references(item)


def _replace(link: str, targets: Mapping[str, str]) -> str:
    if (new := targets.get(link)) is not None:
        return new
    bare, mark, fragment = link.partition("#")
    return f"{targets[bare]}{mark}{fragment}" if mark and bare in targets else link


def _map_links(value: Any, change: Callable[[str], str], name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _map_links(child, change, key) for key, child in value.items()}
    if isinstance(value, list):
        return [_map_links(item, change, name) for item in value]
    if isinstance(value, str):
        if name in _LINKS:
            return change(value)
        if name == "div" and ("href=" in value or "src=" in value):
            return re.sub(
                r"""((?:href|src)=(["']))(.*?)(\2)""",
                lambda m: f"{m[1]}{change(m[3])}{m[4]}",
                value,
            )
    return value


def _map_references(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        return {
            key: change(child)
            if key == "reference" and isinstance(child, str)
            else _map_references(child, change)
            for key, child in value.items()
        }
    if isinstance(value, list):
        return [_map_references(item, change) for item in value]
    return value
