"""The structure of a FHIR resource: what the models of fhir.resources know, and what they let by.

The models check names, cardinalities and formats. They accept nulls, empty arrays, numbers
written as strings, codes outside a required value set and references to a type that the element
does not allow; `walk` finds those.
"""

from __future__ import annotations

import re
import typing
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from fhir.resources.R4B import get_fhir_model_class
from pydantic import BaseModel

from shared.fhir import bindings
from shared.fhir.issue import Issue

_INTEGERS = frozenset({"Integer", "PositiveInt", "UnsignedInt", "Integer64"})
_URIS = frozenset({"Uri", "Url", "Canonical", "Oid", "Uuid"})
_LITERAL = re.compile(r"^([A-Z][A-Za-z]+)[/?]")
_UNMODELLED = frozenset({"fhir_comments", "resource_type"})
_NAME = re.compile(r"^_?[A-Za-z][A-Za-z0-9_]{0,63}$")


@dataclass(frozen=True)
class Node:
    """One complex element. kind: its data type, or the definition path of a backbone element."""

    kind: str
    location: str
    value: dict[str, Any]


@dataclass(frozen=True)
class _Element:
    """primitive: FHIR name of a primitive type, else empty. child: type of a complex element,
    `Resource` where any resource may stand."""

    definition: str
    primitive: str = ""
    child: str = ""
    targets: frozenset[str] = frozenset()


@dataclass
class Walk:
    """What one walk over a resource found."""

    issues: list[Issue] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)  # every string that starts with #


@cache
def model_of(kind: str) -> type[BaseModel] | None:
    """The R4B model of a resource or data type; None for a name FHIR does not know."""
    try:
        model: type[BaseModel] = get_fhir_model_class(kind)
    except (ValueError, KeyError, AttributeError, TypeError):
        return None
    return model


@cache
def is_resource(kind: str) -> bool:
    model = model_of(kind)
    return model is not None and any(base.__name__ == "Resource" for base in model.__mro__)


def element_name(name: object) -> str:
    """Safe to print: only what looks like an element's name, for a key can hold anything."""
    return name if isinstance(name, str) and _NAME.match(name) else "(not an element name)"


def walk(resource: dict[str, Any], location: str) -> Walk:
    """Every element of `resource`, whose resourceType must be known."""
    found = Walk()
    kind = resource["resourceType"]
    _visit(resource, kind, kind, location, found)
    return found


def _visit(value: dict[str, Any], model: str, definition: str, location: str, out: Walk) -> None:
    out.nodes.append(Node(definition, location, value))
    elements = _elements(model, definition)
    beside = set() if model == "FHIRPrimitiveExtension" else {"id"}
    if not is_resource(model) and not value.keys() - beside:
        out.issues.append(_ele_1(location, "an element needs a value or children"))
    for name, content in value.items():
        if name == "resourceType":
            continue
        here = f"{location}.{element_name(name)}"
        if name in _UNMODELLED:
            out.issues.append(Issue("error", "structure", here, "unknown element"))
        elif content is None:
            out.issues.append(_ele_1(here, "null is not a value; leave the element out"))
        elif isinstance(content, list):
            _visit_list(content, value.get(f"_{name}"), elements.get(name), here, out)
        elif (element := elements.get(name)) is not None:
            _visit_one(content, element, here, out)


def _visit_list(
    items: list[Any], siblings: Any, element: _Element | None, location: str, out: Walk
) -> None:
    if not items:
        out.issues.append(_ele_1(location, "an array must not be empty; leave it out"))
    if element is None:
        return
    for index, item in enumerate(items):
        here = f"{location}[{index}]"
        if item is not None:
            _visit_one(item, element, here, out)
        elif element.child != "FHIRPrimitiveExtension" and not (
            isinstance(siblings, list) and index < len(siblings) and siblings[index]
        ):
            out.issues.append(_ele_1(here, "null without an extension in its place"))


def _visit_one(content: Any, element: _Element, location: str, out: Walk) -> None:
    if element.primitive:
        out.issues.extend(_check_primitive(content, element, location))
        if isinstance(content, str) and content.startswith("#"):
            out.anchors.add(content)
        return
    if not isinstance(content, dict):
        return  # the model says so
    child = element.child
    definition = element.definition
    if child == "Resource":
        named = content.get("resourceType")
        if not isinstance(named, str) or not is_resource(named):
            problem = "resourceType is missing or unknown"
            out.issues.append(Issue("error", "structure", location, problem))
            return
        child = definition = named
    _visit(content, child, definition, location, out)
    if element.targets:
        out.issues.extend(_check_target(content, element.targets, location))
    if (bound := bindings.CONCEPTS.get(element.definition)) is not None:
        out.issues.extend(_check_concept(content, bound, location))


def _check_primitive(content: Any, element: _Element, location: str) -> Iterator[Issue]:
    kind = element.primitive
    if kind == "Boolean":
        fits = isinstance(content, bool)
    elif kind in _INTEGERS:
        fits = isinstance(content, int) and not isinstance(content, bool)
    elif kind == "Decimal":
        fits = isinstance(content, int | float) and not isinstance(content, bool)
    else:
        fits = isinstance(content, str)
        if fits and not content.strip():
            yield _ele_1(location, "an empty string is not a value; leave the element out")
        elif fits and kind in _URIS and any(sign.isspace() for sign in content):
            yield Issue("error", "value", location, "a URI holds no white space")
    if not fits:
        problem = f"the JSON value is not of the type that {kind.lower()} needs"
        yield Issue("error", "structure", location, problem)
    elif (codes := bindings.CODES.get(element.definition)) is not None and content not in codes:
        problem = f"not in the required value set: {' | '.join(sorted(codes))}"
        yield Issue("error", "code-invalid", location, problem)


def _check_target(
    reference: dict[str, Any], targets: frozenset[str], location: str
) -> Iterator[Issue]:
    literal = reference.get("reference")
    match = _LITERAL.match(literal) if isinstance(literal, str) else None
    if match and is_resource(match[1]) and match[1] not in targets:
        problem = f"may refer to {', '.join(sorted(targets))}, not to {match[1]}"
        yield Issue("error", "value", f"{location}.reference", problem)


def _check_concept(
    concept: dict[str, Any], bound: bindings.ConceptBinding, location: str
) -> Iterator[Issue]:
    codings = concept.get("coding")
    codings = codings if isinstance(codings, list) else []
    if not any(
        isinstance(coding, dict)
        and coding.get("system") == bound.system
        and coding.get("code") in bound.codes
        for coding in codings
    ):
        problem = f"needs a code of {bound.system}: {' | '.join(sorted(bound.codes))}"
        yield Issue("error", "code-invalid", location, problem)


def _ele_1(location: str, problem: str) -> Issue:
    return Issue("error", "invariant", location, f"ele-1: {problem}")


@cache
def _elements(model_name: str, definition: str) -> dict[str, _Element]:
    model = model_of(model_name)
    assert model is not None, model_name
    found = {}
    for name, info in model.model_fields.items():
        leaf, primitive = _leaf(info.annotation, info.metadata)
        alias = info.alias or name
        path = f"{definition}.{alias}"
        extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
        if not hasattr(leaf, "_model_klass"):
            found[alias] = _Element(path, primitive=primitive)
            continue
        child = leaf.__name__.removesuffix("Type")
        if child == "Reference":
            listed = typing.cast(list[str], extra.get("enum_reference_types") or ["Resource"])
            allowed = bindings.TARGETS.get(path, frozenset(listed))
            targets = frozenset() if "Resource" in allowed else allowed
            found[alias] = _Element(child, child=child, targets=targets)
        elif child == "Resource" or path in bindings.CONCEPTS:
            found[alias] = _Element(path, child=child)
        else:
            found[alias] = _Element(_definition_of(child, model, path), child=child)
    return found


def _definition_of(child: str, parent: type[BaseModel], path: str) -> str:
    """A backbone element is defined where its parent is; a data type stands for itself."""
    model = model_of(child)
    assert model is not None, child
    return path if model.__module__ == parent.__module__ else child


def _leaf(annotation: Any, metadata: list[Any]) -> tuple[Any, str]:
    """The type below Optional, List and Annotated, and the name of its FHIR primitive."""
    markers = list(metadata)
    while True:
        if hasattr(annotation, "__metadata__"):
            markers.extend(annotation.__metadata__)
            annotation = annotation.__origin__
        elif arguments := [a for a in typing.get_args(annotation) if a is not type(None)]:
            annotation = arguments[0]
        else:
            break
    if annotation is bool:
        return annotation, "Boolean"
    named = [type(m).__name__ for m in markers if type(m).__module__ == "fhir_core.types"]
    return annotation, named[-1] if named else "String"
