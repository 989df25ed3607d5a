"""A Bundle's notes, with what its entries say of each other resolved: pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.documents.identity import document_id
from shared.documents.problem import Problem, invalid
from shared.documents.references import is_id

REQUESTS = ("batch", "transaction")
CARRIERS = ("message", "searchset", "collection", "history", "document")
"""Types whose entries ask for nothing: notes are taken, all else is context."""


@dataclass(frozen=True)
class BundleEntry:
    """One entry. path: FHIRPath of its resource. resource: the DocumentReference to take in;
    None: there is nothing to do, or `problem` says why it cannot be taken."""

    path: str
    resource: dict[str, Any] | None = None
    problem: Problem | None = None


def bundle_type(bundle: Any) -> str:
    """Raises Problem if it is no Bundle of a type that is taken."""
    kind = bundle.get("type") if isinstance(bundle, dict) else None
    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle":
        raise Problem(
            422,
            "invalid",
            "The resource is not a Bundle.",
            "Send a Bundle here, or one DocumentReference to /fhir/DocumentReference.",
        )
    if kind not in REQUESTS + CARRIERS:
        raise invalid(
            "The Bundle's type is not one that is taken.",
            f"Set Bundle.type to one of {', '.join(REQUESTS + CARRIERS)}.",
            "Bundle.type",
        )
    return str(kind)


def read_entries(bundle: Mapping[str, Any]) -> list[BundleEntry]:
    """Each entry in its order. References to other entries (by fullUrl) become references by id,
    and an attachment whose url is a Binary of the Bundle gets its data. Raises Problem if the
    entries are not a list of objects."""
    entries = bundle.get("entry") or []
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise invalid(
            "Bundle.entry is not an array of objects.", "Send it as FHIR says.", "Bundle.entry"
        )
    inside = _by_full_url(entries)
    attached = _attachment_urls(entries)
    return [
        _read_entry(f"Bundle.entry[{index}].resource", entry, bundle["type"], inside, attached)
        for index, entry in enumerate(entries)
    ]


def _read_entry(
    path: str,
    entry: Mapping[str, Any],
    kind: str,
    inside: Mapping[str, dict[str, Any]],
    attached: frozenset[str],
) -> BundleEntry:
    resource = entry.get("resource")
    is_note = isinstance(resource, dict) and resource.get("resourceType") == "DocumentReference"
    if kind not in REQUESTS:
        return BundleEntry(path, _resolved(resource, inside) if is_note else None)
    if not is_note:
        if isinstance(entry.get("fullUrl"), str) and entry["fullUrl"] in attached:
            return BundleEntry(path)
        return BundleEntry(path, problem=_not_a_note(path))
    assert isinstance(resource, dict)
    problem = _wrong_request(entry.get("request"), resource, path)
    return BundleEntry(path, None if problem else _resolved(resource, inside), problem)


def _wrong_request(request: Any, resource: Mapping[str, Any], path: str) -> Problem | None:
    method = request.get("method") if isinstance(request, dict) else None
    url = request.get("url") if isinstance(request, dict) else None
    place = path.replace(".resource", ".request")
    if method not in ("POST", "PUT") or not isinstance(url, str):
        return Problem(
            422,
            "not-supported",
            "The entry's request is neither a POST nor a PUT of a DocumentReference.",
            "Send request.method and request.url; to take a note back, PUT it with status "
            "entered-in-error.",
            place,
        )
    if method == "PUT" and "?" not in url and url != f"DocumentReference/{resource.get('id')}":
        return Problem(
            400,
            "invalid",
            "The entry's request.url does not name the resource's id.",
            "Send PUT DocumentReference/<id> with the same id in the resource.",
            f"{place}.url",
        )
    return None


def _not_a_note(path: str) -> Problem:
    return Problem(
        422,
        "not-supported",
        "The entry is not a DocumentReference; nothing else is stored here.",
        "Send other resources to the FHIR server itself.",
        path,
    )


def _by_full_url(entries: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {
        entry["fullUrl"]: entry["resource"]
        for entry in entries
        if isinstance(entry.get("fullUrl"), str) and isinstance(entry.get("resource"), dict)
    }


def _attachment_urls(entries: list[dict[str, Any]]) -> frozenset[str]:
    found: set[str] = set()
    for entry in entries:
        resource = entry.get("resource")
        if isinstance(resource, dict):
            found.update(
                attachment["url"]
                for attachment in _attachments(resource)
                if isinstance(attachment.get("url"), str)
            )
    return frozenset(found)


def _attachments(resource: Mapping[str, Any]) -> list[dict[str, Any]]:
    contents = resource.get("content")
    attachments = (
        content.get("attachment")
        for content in (contents if isinstance(contents, list) else [])
        if isinstance(content, dict)
    )
    return [attachment for attachment in attachments if isinstance(attachment, dict)]


def _resolved(value: Any, inside: Mapping[str, dict[str, Any]]) -> Any:
    """A copy in which nothing refers to the Bundle any more."""
    if isinstance(value, list):
        return [_resolved(item, inside) for item in value]
    if not isinstance(value, dict):
        return value
    copy = {name: _resolved(item, inside) for name, item in value.items()}
    if isinstance(copy.get("reference"), str) and copy["reference"] in inside:
        copy["reference"] = _reference_to(inside[copy["reference"]]) or copy["reference"]
    if isinstance(copy.get("attachment"), dict):
        copy["attachment"] = _with_binary(copy["attachment"], inside)
    return copy


def _reference_to(resource: dict[str, Any]) -> str | None:
    """`Type/id`; None where the entry has no id to refer to."""
    kind, id = resource.get("resourceType"), resource.get("id")
    if kind == "DocumentReference":
        try:
            return f"{kind}/{document_id(resource)}"
        except Problem:
            return None
    return f"{kind}/{id}" if isinstance(kind, str) and isinstance(id, str) and is_id(id) else None


def _with_binary(
    attachment: dict[str, Any], inside: Mapping[str, dict[str, Any]]
) -> dict[str, Any]:
    url = attachment.get("url")
    binary = inside.get(url) if isinstance(url, str) and "data" not in attachment else None
    if binary is None or binary.get("resourceType") != "Binary":
        return attachment
    taken = {name: binary[name] for name in ("contentType", "data") if name in binary}
    return taken | {name: value for name, value in attachment.items() if name != "url"}
