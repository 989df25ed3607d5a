"""The body of a request: JSON within a limit, or a Problem that says what to send."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from fastapi import Request

from shared.documents.attachment import media_type
from shared.documents.charset import shown
from shared.documents.problem import Problem

_JSON = ("application/fhir+json", "application/json", "application/json+fhir", "text/json")
_DRAINED = 4
"""So many times the limit is read and thrown away, for a sender that is cut off while it still
sends does not see the answer."""


async def read_json(request: Request, limit: int, setting: str) -> Any:
    """The JSON body. Never holds more than `limit` bytes; `setting` is the variable that raises
    it. Raises Problem: 415 for another content type, 413 above the limit, 400 for no JSON."""
    content_type = request.headers.get("content-type", _JSON[0])
    if media_type(content_type).name not in _JSON:
        raise Problem(
            415,
            "not-supported",
            f"Content-Type {shown(content_type)} is not supported.",
            f"Send FHIR as JSON, Content-Type {_JSON[0]}.",
        )
    body = await _read(request, limit)
    if body is None:
        raise Problem(
            413,
            "too-long",
            f"The request is larger than {limit} bytes.",
            f"Send less at once, or raise {setting}.",
        )
    try:
        return await asyncio.to_thread(json.loads, body)
    except (ValueError, RecursionError) as error:
        where = (
            f" (line {error.lineno}, column {error.colno})"
            if isinstance(error, json.JSONDecodeError)
            else ""
        )
        raise Problem(
            400,
            "structure",
            f"The request is not JSON in UTF-8{where}.",
            "Send one FHIR resource as JSON.",
        ) from None


async def _read(request: Request, limit: int) -> bytes | None:
    """The body, None if it is larger than `limit` bytes."""
    body, size = bytearray(), 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= limit:
            body += chunk
        else:
            body.clear()
            if size > limit * _DRAINED:
                break
    return bytes(body) if size <= limit else None
