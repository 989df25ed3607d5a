"""The interactions on one resource, inside an open database transaction.

Resources handed to the writing ones are valid already: `accept` looks at them before the write
lock is taken.
"""

from __future__ import annotations

import re
import uuid
from typing import Any, NamedTuple

from services.fhir import search, store, subscription
from services.fhir.outcome import fault, invalid
from services.fhir.query import parse, parse_pairs
from services.fhir.references import conditional_references
from services.fhir.searchparams import PARAMETERS
from services.fhir.store import Stored, Transaction
from shared.fhir.rules import check

Resource = dict[str, Any]

_ID = re.compile(r"^[A-Za-z0-9.-]{1,64}$")
_ETAG = re.compile(r'^(?:W/)?"?(\d{1,9})"?$', re.ASCII)


class Written(NamedTuple):
    """status: 201 created, 200 updated or found as it stands."""

    status: int
    stored: Stored


def require_served(kind: str) -> None:
    if kind not in PARAMETERS:
        known = ", ".join(sorted(PARAMETERS))
        raise fault(404, "not-supported", f"this resource type is not served here; {known} are")


def accept(kind: str, resource: Resource, location: str | None = None) -> Resource:
    """The resource as it is to be stored. Raises Fault 404, 400 or 422."""
    require_served(kind)
    if resource.get("resourceType") != kind:
        message = f"resourceType is not {kind}, which the URL names"
        raise fault(400, "invalid", message, location or "")
    errors = [issue for issue in check(resource, location) if issue.severity == "error"]
    if errors:
        raise invalid(errors)
    return subscription.accept(resource, location) if kind == "Subscription" else resource


def read(transaction: Transaction, kind: str, id: str) -> Stored:
    """Raises Fault 404 or 410."""
    require_served(kind)
    return _alive(store.current(transaction, kind, id))


def vread(transaction: Transaction, kind: str, id: str, version: str) -> Stored:
    """Raises Fault 404 or 410."""
    require_served(kind)
    return _alive(store.at_version(transaction, kind, id, version))


def _alive(found: Stored | None) -> Stored:
    if found is None:
        raise fault(404, "not-found", "there is no such resource or version")
    if found.deleted:
        raise fault(410, "deleted", "the resource was deleted", ETag=found.etag)
    return found


def create(
    transaction: Transaction, resource: Resource, if_none_exist: str | None = None
) -> Written:
    """Raises Fault 412 where the condition finds several."""
    if if_none_exist is not None:
        found = match_one(transaction, resource["resourceType"], if_none_exist)
        if found is not None:
            return Written(200, found)
    _refuse_conditional_references(resource)
    return Written(201, store.put(transaction, resource, new_id(), "POST", None))


def update(
    transaction: Transaction, resource: Resource, id: str, if_match: str | None = None
) -> Written:
    """Updates, or creates at that id. Raises Fault 400 for an id that differs from the
    resource's, 412 where the current version is not the one of `if_match`."""
    kind = resource["resourceType"]
    if not _ID.match(id):
        raise fault(400, "value", "an id has 1 to 64 letters, digits, - and .")
    if resource.get("id") != id:
        raise fault(400, "invalid", "the resource's id is not the id of the URL", f"{kind}.id")
    _refuse_conditional_references(resource)
    before = store.current(transaction, kind, id)
    require_version(before, if_match)
    stored = store.put(transaction, resource, id, "PUT", before)
    return Written(200 if before and not before.deleted else 201, stored)


def update_conditional(
    transaction: Transaction, resource: Resource, query: str, if_match: str | None = None
) -> Written:
    """Updates the one match, or creates. Raises Fault 412 for several matches."""
    id = id_for_conditional(transaction, resource, query)
    return update(transaction, resource | {"id": id}, id, if_match)


def id_for_conditional(transaction: Transaction, resource: Resource, query: str) -> str:
    """Where a conditional update writes. Raises Fault 400 or 412."""
    kind, named = resource["resourceType"], resource.get("id")
    found = match_one(transaction, kind, query)
    if found is None:
        if named is not None and store.current(transaction, kind, named) is not None:
            message = "the id is taken by a resource that the condition does not find"
            raise fault(409, "conflict", message, f"{kind}.id")
        return named or new_id()
    if named not in (None, found.id):
        message = "the condition finds a resource of another id"
        raise fault(400, "invalid", message, f"{kind}.id")
    return found.id


def delete(
    transaction: Transaction, kind: str, id: str, if_match: str | None = None
) -> Stored | None:
    """None where there is nothing to delete, which is no error."""
    require_served(kind)
    before = store.current(transaction, kind, id)
    require_version(before, if_match)
    if before is None or before.deleted:
        return None
    return store.remove(transaction, before)


def delete_conditional(transaction: Transaction, kind: str, query: str) -> Stored | None:
    """Raises Fault 412 for several matches."""
    found = match_one(transaction, kind, query)
    return store.remove(transaction, found) if found else None


def match_one(transaction: Transaction, kind: str, query: str) -> Stored | None:
    """The one match of a condition. Raises Fault 412 for several, 400 for a condition with an
    unknown parameter or without any."""
    parsed = parse(kind, parse_pairs(query), strict=True)
    if not parsed.filters:
        raise fault(412, "required", "a condition needs at least one search parameter")
    found = search.find(transaction, parsed)
    if len(found) > 1:
        raise fault(412, "multiple-matches", "the condition finds more than one resource")
    return found[0] if found else None


def require_version(before: Stored | None, if_match: str | None) -> None:
    """Raises Fault 412 unless the current version is the one named, 400 if it can't be read."""
    if if_match is None:
        return
    wanted = _ETAG.match(if_match.strip())
    if wanted is None:
        raise fault(400, "value", 'If-Match is a version as W/"3"')
    if before is None or before.deleted or before.version != int(wanted[1]):
        raise fault(412, "conflict", "the resource has changed: read it again and decide anew")


def new_id() -> str:
    return str(uuid.uuid4())


def _refuse_conditional_references(resource: Resource) -> None:
    if next(conditional_references(resource), None) is not None:
        message = "conditional references (Type?query) are resolved in transactions only"
        raise fault(400, "not-supported", message, resource["resourceType"])
