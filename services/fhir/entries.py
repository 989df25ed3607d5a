"""The entries of a batch or transaction Bundle, read before anything is written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, NamedTuple

from services.fhir import interactions
from services.fhir.outcome import fault, invalid
from shared.fhir.rules import check

Resource = dict[str, Any]

_METHODS = frozenset({"DELETE", "POST", "PUT", "GET"})
_PART = re.compile(r"^[A-Za-z0-9_.-]{1,64}$")


class Target(NamedTuple):
    """A request URL, taken apart: `kind`, `kind/id`, `kind?query`, `kind/id/_history/version`."""

    kind: str
    id: str | None
    history: bool
    version: str | None
    query: str


@dataclass
class Step:
    """One entry. id: where it writes, once that is known."""

    index: int
    method: str
    target: Target
    resource: Resource | None
    full_url: str | None
    if_match: str | None
    if_none_exist: str | None
    id: str | None = None

    @property
    def location(self) -> str:
        return f"Bundle.entry[{self.index}]"


def require_bundle(bundle: Resource) -> None:
    """Looks at the Bundle itself; the resources in it are looked at one by one, once.

    Raises Fault 422 for a broken Bundle, 400 for a type that is not processed.
    """
    entries = bundle.get("entry", [])
    shell = bundle
    if isinstance(entries, list) and entries:
        bare = [_without_resource(entry) for entry in entries]
        shell = bundle | {"entry": bare}
    issues = check(shell)
    if issues:
        raise invalid(issues)
    if bundle["type"] not in ("batch", "transaction"):
        message = "only Bundles of type batch and transaction are processed"
        raise fault(400, "not-supported", message, "Bundle.type")


def read_entry(entry: dict[str, Any], index: int, base: str) -> Step:
    """Raises Fault for an entry that cannot be performed whatever is stored."""
    request = entry["request"]
    method = request["method"]
    place = f"Bundle.entry[{index}]"
    if method not in _METHODS:
        message = f"{method} is not supported; {', '.join(sorted(_METHODS))} are"
        raise fault(400, "not-supported", message, f"{place}.request.method")
    target = _target(request["url"], base, f"{place}.request.url")
    resource = entry.get("resource")
    if method in ("POST", "PUT"):
        if resource is None:
            raise fault(400, "required", f"{method} needs a resource", f"{place}.resource")
        resource = interactions.accept(target.kind, resource, f"{place}.resource")
    if not _fits(method, target):
        message = f"{method} does not take such a URL"
        raise fault(400, "not-supported", message, f"{place}.request.url")
    return Step(
        index=index,
        method=method,
        target=target,
        resource=resource,
        full_url=entry.get("fullUrl"),
        if_match=request.get("ifMatch"),
        if_none_exist=request.get("ifNoneExist"),
    )


def _fits(method: str, target: Target) -> bool:
    if method == "GET":
        return True
    if target.history:
        return False
    if method == "POST":
        return target.id is None and not target.query
    return (target.id is None) == bool(target.query)


def _target(url: str, base: str, location: str) -> Target:
    path, _, query = url.removeprefix(f"{base}/").removeprefix("/").partition("?")
    parts = path.split("/")
    if not all(_PART.match(part) for part in parts):
        raise fault(400, "value", "the URL is relative to the server's base: Type/id", location)
    match parts:
        case [kind]:
            target = Target(kind, None, False, None, query)
        case [kind, "_history"]:
            target = Target(kind, None, True, None, query)
        case [kind, id]:
            target = Target(kind, id, False, None, query)
        case [kind, id, "_history"]:
            target = Target(kind, id, True, None, query)
        case [kind, id, "_history", version]:
            target = Target(kind, id, True, version, query)
        case _:
            raise fault(400, "not-supported", "no interaction has such a URL", location)
    interactions.require_served(target.kind)
    return target


def _without_resource(entry: Any) -> Any:
    if not isinstance(entry, dict):
        return entry
    return {name: value for name, value in entry.items() if name != "resource"}
