"""Invariants of FHIR R4 for the resources and data types in use, named as in the specification.

The functions see resources whose structure is already right. Best-practice rules (dom-6, con-3)
are not among them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from shared.fhir.bundle_rules import broken_in_bundle
from shared.fhir.invariant_table import RULES
from shared.fhir.issue import Issue
from shared.fhir.structure import Node, Walk, is_resource


def broken(found: Walk) -> Iterator[Issue]:
    """Every invariant that the walked resource breaks."""
    for node in found.nodes:
        for rule in RULES.get(node.kind, ()):
            if not rule.holds(node.value):
                yield _issue(node, rule.key, rule.message, rule.at)
        if node.kind == "Bundle":
            yield from broken_in_bundle(node)
        elif "contained" in node.value and ".contained[" not in node.location:
            yield from _broken_in_contained(node, found.anchors)
    yield from _broken_anchors(found)


def _issue(node: Node, key: str, message: str, at: str = "") -> Issue:
    location = f"{node.location}.{at}" if at else node.location
    return Issue("error", "invariant", location, f"{key}: {message}")


def _broken_in_contained(node: Node, anchors: set[str]) -> Iterator[Issue]:
    for index, contained in enumerate(node.value["contained"]):
        at = f"contained[{index}]"
        meta = contained.get("meta", {})
        if "contained" in contained:
            yield _issue(node, "dom-2", "a contained resource contains no other", at)
        if "versionId" in meta or "lastUpdated" in meta:
            message = "a contained resource has no versionId and no lastUpdated"
            yield _issue(node, "dom-4", message, f"{at}.meta")
        if "security" in meta:
            message = "a contained resource has no security label of its own"
            yield _issue(node, "dom-5", message, f"{at}.meta")
        if f"#{contained.get('id')}" not in anchors and "#" not in _anchors_in(contained):
            message = "a contained resource is referred to from its container, or refers to it"
            yield _issue(node, "dom-3", message, at)


def _anchors_in(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set().union(*map(_anchors_in, value.values()))
    if isinstance(value, list):
        return set().union(*map(_anchors_in, value))
    return {value} if isinstance(value, str) and value.startswith("#") else set()


def _broken_anchors(found: Walk) -> Iterator[Issue]:
    """ref-1, for the references of one resource and of those contained in it."""
    roots: list[tuple[str, set[str]]] = [
        (node.location, {f"#{c.get('id')}" for c in node.value.get("contained", ())} | {"#"})
        for node in found.nodes
        if is_resource(node.kind) and ".contained[" not in node.location
    ]
    for node in found.nodes:
        literal = node.value.get("reference") if node.kind == "Reference" else None
        if not isinstance(literal, str) or not literal.startswith("#"):
            continue
        known = max((root for root in roots if node.location.startswith(root[0])), key=_depth)[1]
        if literal not in known:
            message = "a local reference needs the contained resource it names"
            yield _issue(node, "ref-1", message, "reference")


def _depth(root: tuple[str, set[str]]) -> int:
    return len(root[0])
