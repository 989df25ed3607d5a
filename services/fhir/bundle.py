"""Bundles as JSON text: stored resources are pasted in as they stand, not parsed again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from email.utils import formatdate
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from services.fhir.outcome import outcome_text
from services.fhir.query import CURSOR, Query
from services.fhir.search import Page
from services.fhir.store import Stored
from shared.fhir.dates import instant
from shared.fhir.issue import Issue


def searchset(query: Query, page: Page, base: str) -> str:
    """A page of matches, what they include, and a warning about ignored parameters."""
    used = list(query.used)
    here = [*used, (CURSOR, query.cursor)] if query.cursor else used
    links = {"self": _url(f"{base}/{query.kind}", here)}
    if page.cursor:
        links["next"] = _url(f"{base}/{query.kind}", [*used, (CURSOR, page.cursor)])
    entries = [_found(stored, "match", base) for stored in page.matches]
    entries += [_found(stored, "include", base) for stored in page.included]
    if query.ignored:
        message = f"ignored, because this server does not know it: {', '.join(query.ignored)}"
        warning = outcome_text([Issue("warning", "not-supported", "", message)])
        entries.append(f'{{"resource":{warning},"search":{{"mode":"outcome"}}}}')
    return bundle("searchset", entries, links, page.total)


def history(versions: Iterable[Stored], links: Mapping[str, str], total: int, base: str) -> str:
    entries = []
    for stored in versions:
        url = stored.reference if stored.method != "POST" else stored.kind
        request = to_json({"method": stored.method, "url": url})
        response = to_json(entry_response(_status_of(stored), stored))
        resource = f'"resource":{stored.body},' if stored.body else ""
        entries.append(
            f'{{"fullUrl":{to_json(f"{base}/{stored.reference}")},{resource}'
            f'"request":{request},"response":{response}}}'
        )
    return bundle("history", entries, links, total)


def bundle(
    kind: str, entries: Sequence[str], links: Mapping[str, str] | None = None,
    total: int | None = None,
) -> str:  # fmt: skip
    """entries: JSON texts."""
    head: dict[str, Any] = {"resourceType": "Bundle", "type": kind}
    if total is not None:
        head["total"] = total
    if links:
        head["link"] = [{"relation": name, "url": url} for name, url in links.items()]
    text = to_json(head)
    return f'{text[:-1]},"entry":[{",".join(entries)}]}}' if entries else text


def entry_response(status: int, stored: Stored | None) -> dict[str, str]:
    """Bundle.entry.response of one interaction."""
    told = {"status": f"{status} {HTTPStatus(status).phrase}"}
    if stored is not None:
        told |= {"etag": stored.etag, "lastModified": instant(stored.updated)}
        if not stored.deleted:
            told["location"] = stored.location
    return told


def last_modified(stored: Stored) -> str:
    """The value of the Last-Modified header."""
    return formatdate(stored.updated // 1_000_000, usegmt=True)


def _status_of(stored: Stored) -> int:
    if stored.deleted:
        return 204
    return 201 if stored.version == 1 else 200


def _found(stored: Stored, mode: str, base: str) -> str:
    url = to_json(f"{base}/{stored.reference}")
    return f'{{"fullUrl":{url},"resource":{stored.body},"search":{{"mode":"{mode}"}}}}'


def _url(address: str, pairs: Sequence[tuple[str, str]]) -> str:
    return f"{address}?{urlencode(pairs)}" if pairs else address


def to_json(value: Any) -> str:
    """Compact, not escaped beyond need."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
