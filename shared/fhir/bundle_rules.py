"""Invariants of Bundle (bdl-1 to bdl-12), each looked at for the Bundle as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from shared.fhir.issue import Issue
from shared.fhir.structure import Node

_WITH_REQUEST = frozenset({"batch", "transaction", "history"})
_WITH_RESPONSE = frozenset({"batch-response", "transaction-response", "history"})
_FIRST = {"document": ("bdl-11", "Composition"), "message": ("bdl-12", "MessageHeader")}


def broken_in_bundle(node: Node) -> Iterator[Issue]:
    """Every rule that the Bundle at `node` breaks; its structure is already right."""
    bundle, kind = node.value, node.value["type"]
    entries: list[dict[str, Any]] = bundle.get("entry", [])
    if "total" in bundle and kind not in ("searchset", "history"):
        yield _issue(node, "bdl-1", "total only in a searchset or a history", "total")
    if kind == "document":
        identifier = bundle.get("identifier", {})
        if "system" not in identifier or "value" not in identifier:
            yield _issue(node, "bdl-9", "a document needs an identifier with system", "identifier")
        if "timestamp" not in bundle:
            yield _issue(node, "bdl-10", "a document needs a timestamp", "timestamp")
    if kind in _FIRST:
        key, wanted = _FIRST[kind]
        if not entries or entries[0].get("resource", {}).get("resourceType") != wanted:
            yield _issue(node, key, f"the first resource of a {kind} is a {wanted}", "entry")
    seen: set[tuple[str, str | None]] = set()
    for index, entry in enumerate(entries):
        for key, message, at in _broken_in_entry(entry, kind):
            yield _issue(node, key, message, f"entry[{index}]" + (f".{at}" if at else ""))
        if (full_url := entry.get("fullUrl")) is not None:
            version = entry.get("resource", {}).get("meta", {}).get("versionId")
            if (full_url, version) in seen and kind != "history":
                yield _issue(node, "bdl-7", "fullUrl is unique", f"entry[{index}].fullUrl")
            seen.add((full_url, version))


def _broken_in_entry(entry: dict[str, Any], kind: str) -> Iterator[tuple[str, str, str]]:
    if "search" in entry and kind != "searchset":
        yield "bdl-2", "search only in a searchset", "search"
    if ("request" in entry) != (kind in _WITH_REQUEST):
        yield "bdl-3", "request in batch, transaction and history, and nowhere else", "request"
    if ("response" in entry) != (kind in _WITH_RESPONSE):
        yield "bdl-4", "response in responses and history, and nowhere else", "response"
    if not entry.keys() & {"resource", "request", "response"}:
        yield "bdl-5", "needs a resource, a request or a response", ""
    if "/_history/" in entry.get("fullUrl", ""):
        yield "bdl-8", "fullUrl names no version", "fullUrl"


def _issue(node: Node, key: str, message: str, at: str) -> Issue:
    return Issue("error", "invariant", f"{node.location}.{at}", f"{key}: {message}")
