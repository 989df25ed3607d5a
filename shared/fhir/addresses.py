"""Addresses on a FHIR server: references, page links and versioned locations."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_ID = r"[A-Za-z0-9.\-]{1,64}"
_REFERENCE = re.compile(rf"[A-Z][A-Za-z]+/{_ID}(/_history/{_ID})?")
_LOCATION = re.compile(rf"(?:^|/)([A-Z][A-Za-z]+/{_ID}(?:/_history/{_ID})?)/?$")
_ETAG = re.compile(r'(?:W/)?"([^"]+)"')


def relative_reference(reference: str, base_url: str) -> str:
    """`Type/id[/_history/version]` of a relative reference, or of an absolute one below
    `base_url`. Raises ValueError for everything else: another host, a contained resource."""
    relative = reference.removeprefix(base_url.rstrip("/") + "/")
    if not _REFERENCE.fullmatch(relative):
        raise ValueError(
            f"the reference is neither Type/id nor an address below {base_url}; "
            "ChartSift reads from its own FHIR server alone"
        )
    return relative


def page_address(link: str, base_url: str, kind: str) -> str:
    """The next page's link as an address below `base_url`. A server behind a proxy names the
    host by which it knows itself: its path and query count, not its host (and the token goes
    to no other host)."""
    base = base_url.rstrip("/")
    if link == base or link.startswith((base + "/", base + "?")):
        return link
    parts = urlsplit(link)
    base_path = urlsplit(base).path
    if parts.path == base_path or parts.path.startswith(base_path + "/"):
        path = parts.path[len(base_path) :]
    else:
        _, found, after = f"/{parts.path}".rpartition(f"/{kind}")
        path = found + after if found else ""
    path = path.rstrip("/")
    return f"{base}{path}?{parts.query}" if parts.query else f"{base}{path}"


def versioned_location(location: str | None) -> str | None:
    """`Type/id[/_history/version]` at the end of a Location header."""
    found = _LOCATION.search(location) if location else None
    return found[1] if found else None


def version_in(etag: str | None) -> str | None:
    """The versionId in `W/"3"`."""
    found = _ETAG.fullmatch(etag.strip()) if etag else None
    return found[1] if found else None


def etag_of(version_id: str) -> str:
    return f'W/"{version_id}"'
