"""What a Subscription must be for this server: rest-hook to an http(s) endpoint."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from services.fhir.outcome import Fault, invalid
from services.fhir.query import Query, parse, parse_pairs
from shared.fhir.issue import Issue

Resource = dict[str, Any]

PAYLOADS = frozenset({"application/fhir+json", "application/json"})


def accept(resource: Resource, location: str | None = None) -> Resource:
    """The Subscription as it is stored: one that is `requested` is `active` at once.

    Raises Fault 422 for what the server cannot deliver.
    """
    location = location or "Subscription"
    issues = list(_issues(resource, location))
    if issues:
        raise invalid(issues)
    if resource["status"] == "requested":
        return {key: value for key, value in resource.items() if key != "error"} | {
            "status": "active"
        }
    return resource


def criteria(resource: Resource) -> Query:
    """Raises Fault for criteria that are no search of this server."""
    kind, _, query = resource["criteria"].partition("?")
    return parse(kind, parse_pairs(query), strict=True)


def headers(resource: Resource) -> dict[str, str]:
    """The headers that the endpoint wants to see."""
    pairs = (line.partition(":") for line in resource["channel"].get("header", []))
    return {name.strip(): value.strip() for name, _, value in pairs}


def _issues(resource: Resource, location: str) -> Iterator[Issue]:
    channel = resource["channel"]
    if channel["type"] != "rest-hook":
        message = "only rest-hook is delivered here"
        yield Issue("error", "not-supported", f"{location}.channel.type", message)
    try:
        address = urlsplit(channel.get("endpoint", ""))
        reachable = address.scheme in ("http", "https") and bool(address.hostname)
    except ValueError:
        reachable = False
    if not reachable:
        message = "an http or https URL is needed"
        yield Issue("error", "value", f"{location}.channel.endpoint", message)
    if channel.get("payload", "application/fhir+json") not in PAYLOADS:
        message = "payload is application/fhir+json, or absent for a notification without content"
        yield Issue("error", "not-supported", f"{location}.channel.payload", message)
    for index, line in enumerate(channel.get("header", [])):
        name, colon, value = line.partition(":")
        if not (colon and name.strip().isascii() and name.strip() and value.isprintable()):
            place = f"{location}.channel.header[{index}]"
            yield Issue("error", "value", place, "a header is written Name: value")
    try:
        criteria(resource)
    except Fault as error:
        yield Issue("error", "value", f"{location}.criteria", str(error))
