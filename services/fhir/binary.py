"""Binary in its own content type, beside its FHIR form."""

from __future__ import annotations

import base64
from typing import Any

from fastapi import Request, Response

from services.fhir.http import FHIR_JSON, accepted, resource_response, version_headers
from services.fhir.outcome import fault
from services.fhir.store import Stored

Resource = dict[str, Any]


def from_content(request: Request, body: bytes, id: str | None) -> Resource:
    """The Binary of a body sent in a content type of its own. Raises Fault 400 without type."""
    content_type = request.headers.get("content-type")
    if not content_type:
        raise fault(400, "required", "a Binary needs a Content-Type")
    resource: Resource = {"resourceType": "Binary", "contentType": content_type}
    if id is not None:
        resource["id"] = id
    if (context := request.headers.get("x-security-context")) is not None:
        resource["securityContext"] = {"reference": context}
    if body:
        resource["data"] = base64.b64encode(body).decode()
    return resource


def response(request: Request, stored: Stored) -> Response:
    """The content itself, unless the client asks for FHIR."""
    asked = request.query_params.get("_format", "")
    fhir = {"application/json", FHIR_JSON}
    if asked or accepted(request) & fhir:
        return resource_response(stored)
    resource = stored.resource()
    headers = version_headers(stored) | {
        "Content-Type": _header_value(resource["contentType"]),
        # What a client stored is never run as a page of this server.
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(base64.b64decode(resource.get("data", "")), headers=headers)


def _header_value(content_type: str) -> str:
    """A stored type that no header can hold is told as plain bytes."""
    fits = content_type.isascii() and content_type.isprintable()
    return content_type if fits else "application/octet-stream"
