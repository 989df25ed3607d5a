"""What FHIR says about HTTP: content types, preferences, bodies and headers."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from fastapi import Request, Response

from services.fhir.bundle import last_modified
from services.fhir.outcome import Fault, all_well, fault, outcome_text
from services.fhir.store import Stored
from shared.fhir.issue import Issue

Resource = dict[str, Any]

FHIR_JSON = "application/fhir+json"
_JSON = frozenset({FHIR_JSON, "application/json", "text/json", "application/json+fhir"})
_ANY = frozenset({"*/*", "application/*"})


def base_of(request: Request) -> str:
    """This server's base URL as the client wrote it."""
    return f"{str(request.base_url).rstrip('/')}/fhir"


def require_json_wanted(request: Request) -> None:
    """Raises Fault 406 where the client takes no JSON."""
    asked = request.query_params.get("_format")
    wanted = {asked.replace(" ", "+")} if asked else accepted(request)
    if wanted and not wanted & (_JSON | _ANY | {"json"}):
        raise fault(406, "not-supported", f"this server answers in {FHIR_JSON} only")


def accepted(request: Request) -> set[str]:
    """The media types of the Accept header, without parameters."""
    types = request.headers.get("accept", "").split(",")
    return {media_type(one) for one in types} - {""}


def media_type(header: str) -> str:
    return header.partition(";")[0].strip().lower()


def preferences(request: Request) -> dict[str, str]:
    """The Prefer header: return, handling."""
    parts = re.split(r"[;,]", request.headers.get("prefer", ""))
    pairs = (part.partition("=") for part in parts)
    return {name.strip().lower(): value.strip().strip('"') for name, _, value in pairs if value}


def is_json(request: Request) -> bool:
    return media_type(request.headers.get("content-type", "")) in _JSON


async def read_body(request: Request, limit: int) -> bytes:
    """Raises Fault 413 as soon as more than `limit` bytes have come."""
    announced = request.headers.get("content-length", "0")
    if announced.isdigit() and int(announced) > limit:
        raise _too_large(limit)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise _too_large(limit)
    return bytes(body)


def parse_resource(body: bytes) -> Resource:
    """Raises Fault 400 for anything but one JSON object."""
    try:
        parsed = json.loads(
            body.decode("utf-8-sig"), parse_constant=_no_constant, object_pairs_hook=_unique
        )
    except UnicodeDecodeError:
        raise fault(400, "structure", "the body is not UTF-8") from None
    except json.JSONDecodeError as error:
        message = f"malformed JSON at line {error.lineno}, column {error.colno}"
        raise fault(400, "structure", message) from None
    except RecursionError:
        raise fault(400, "too-costly", "the JSON is nested too deeply") from None
    if not isinstance(parsed, dict):
        raise fault(400, "structure", "the body is not a JSON object")
    if b"\\ud" in body or b"\\uD" in body:
        _require_whole_characters(parsed)
    return parsed


def require_json_sent(request: Request) -> None:
    """Raises Fault 415."""
    if not is_json(request):
        raise fault(415, "not-supported", f"send the resource as {FHIR_JSON}")


def json_response(text: str, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(text, status, headers, media_type=f"{FHIR_JSON}; charset=utf-8")


def resource_response(stored: Stored) -> Response:
    return json_response(stored.body, 200, version_headers(stored))


def written_response(request: Request, status: int, stored: Stored) -> Response:
    """After create and update: the resource, or what Prefer asks for instead."""
    headers = version_headers(stored)
    headers["Location"] = f"{base_of(request)}/{stored.location}"
    wish = preferences(request).get("return", "representation")
    if wish == "minimal":
        return Response(status_code=status, headers=headers)
    if wish == "OperationOutcome":
        done = "created" if status == 201 else "stored as it was sent, or found"
        return json_response(json.dumps(all_well(done)), status, headers)
    return json_response(stored.body, status, headers)


def fault_response(error: Fault) -> Response:
    return json_response(outcome_text(error.issues), error.status, error.headers)


def http_error_response(status: int, headers: dict[str, str]) -> Response:
    """For errors of the routing."""
    told = {
        404: ("not-found", "there is nothing at this URL; /fhir/metadata says what there is"),
        405: ("not-supported", "this URL does not take this method"),
    }
    code, message = told.get(status, ("processing", "the request cannot be met"))
    return json_response(outcome_text([Issue("error", code, "", message)]), status, headers)


def version_headers(stored: Stored) -> dict[str, str]:
    return {"ETag": stored.etag, "Last-Modified": last_modified(stored)}


def _too_large(limit: int) -> Fault:
    message = f"the body is larger than {limit} bytes; CHARTSIFT_FHIR_MAX_BODY_BYTES sets this"
    return fault(413, "too-long", message)


def _no_constant(_name: str) -> NoReturn:
    raise fault(400, "structure", "NaN and Infinity are not JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise fault(400, "structure", "an element occurs twice in one JSON object")
    return found


def _require_whole_characters(parsed: Resource) -> None:
    try:
        json.dumps(parsed, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise fault(400, "structure", "half a surrogate pair is no character") from None
