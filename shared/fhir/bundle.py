"""Transaction and batch Bundles: entries in, results out."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shared.fhir.addresses import etag_of, version_in, versioned_location
from shared.fhir.errors import FhirError, error_of

Resource = dict[str, Any]


@dataclass(frozen=True)
class Entry:
    """One entry of a transaction: PUT with id, conditional PUT (`query`), or conditional POST
    (`if_none_exist`).

    full_url: urn:uuid by which other entries of the Bundle refer to a resource without id.
    """

    method: str  # PUT | POST | DELETE
    resource: Resource | None
    url: str
    if_match: str | None = None
    if_none_exist: str | None = None
    full_url: str | None = None


@dataclass(frozen=True)
class EntryResult:
    """error: why an entry of a batch failed."""

    status: int
    location: str | None  # Type/id/_history/version
    version_id: str | None
    resource: Resource | None
    error: FhirError | None = None


def bundle_of(kind: str, entries: Sequence[Entry], base_url: str) -> Resource:
    """The Bundle to send. kind: transaction | batch."""
    return {
        "resourceType": "Bundle",
        "type": kind,
        "entry": [_sent(entry, base_url) for entry in entries],
    }


def results_of(entries: Sequence[Entry], answer: Resource) -> list[EntryResult] | None:
    """What the server's Bundle says of each entry; None if it does not fit the entries."""
    given = answer.get("entry", [])
    if len(given) != len(entries):
        return None
    return [_result(entry, one) for entry, one in zip(entries, given, strict=True)]


def _sent(entry: Entry, base_url: str) -> Resource:
    request = {"method": entry.method, "url": entry.url}
    if entry.if_match:
        request["ifMatch"] = etag_of(entry.if_match)
    if entry.if_none_exist:
        request["ifNoneExist"] = entry.if_none_exist
    if entry.resource is None:
        return {"request": request}
    known = entry.method == "PUT" and "?" not in entry.url
    own_url = f"{base_url}/{entry.url}" if known else uuid.uuid4().urn
    return {
        "fullUrl": entry.full_url or own_url,
        "resource": entry.resource,
        "request": request,
    }


def _result(entry: Entry, given: Resource) -> EntryResult:
    response = given.get("response", {})
    status = int(str(response.get("status", "0")).split()[0])
    resource = given.get("resource")
    if status >= 300:
        action = f"{entry.method} {entry.url.split('?')[0]}"
        error = error_of(status, action, response.get("outcome") or resource)
        return EntryResult(status, None, None, None, error)
    location = versioned_location(response.get("location"))
    version = version_in(response.get("etag"))
    if version is None and location and "/_history/" in location:
        version = location.rsplit("/", 1)[1]
    if version is None and isinstance(resource, dict):
        version = resource.get("meta", {}).get("versionId")
    return EntryResult(status, location, version, resource)
