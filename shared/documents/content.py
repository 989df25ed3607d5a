"""The bytes of a note's attachment: inline, or from the Binary that its url names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.documents.attachment import check_size, decode_base64, too_large
from shared.documents.converters import to_text
from shared.documents.problem import Problem, invalid, unavailable
from shared.documents.references import local_reference
from shared.fhir.client import FhirClient, FhirError, FhirNotFound, FhirUnavailable

_URL = "DocumentReference.content.attachment.url"


async def read_text(attachment: Mapping[str, Any], fhir: FhirClient, base: str, limit: int) -> str:
    """The note's text. base: URL of the FHIR server; limit: bytes of content, decoded.

    Raises Problem: 413 above the limit, 503 while the FHIR server does not answer, else 422.
    """
    if (attachment.get("size") or 0) > limit:
        raise too_large(limit)
    if "data" in attachment:
        content_type = attachment.get("contentType")
        content = decode_base64(attachment["data"], limit)
    else:
        binary = await _read_binary(attachment["url"], fhir, base)
        content_type = attachment.get("contentType") or binary.get("contentType")
        content = decode_base64(binary.get("data") or "", limit, _URL)
    check_size(attachment, content)
    return to_text(content, content_type)


async def _read_binary(url: str, fhir: FhirClient, base: str) -> dict[str, Any]:
    found = local_reference(url, base)
    if found is None or found[0] != "Binary":
        raise Problem(
            422,
            "security",
            "attachment.url is not a Binary on the FHIR server; nothing else is ever fetched.",
            f"Send the content in attachment.data, or store it as a Binary and give its url as "
            f"Binary/<id> or {base.rstrip('/')}/Binary/<id>.",
            _URL,
        )
    kind, id, version = found
    reference = f"{kind}/{id}/_history/{version}" if version else f"{kind}/{id}"
    try:
        return await fhir.read_reference(reference)
    except FhirNotFound:
        raise invalid(
            f"{reference} is not on the FHIR server.",
            "Store the Binary before the DocumentReference that names it.",
            _URL,
        ) from None
    except FhirUnavailable:
        raise unavailable(
            f"The FHIR server does not answer, so {reference} cannot be read.",
            "Nothing was stored; send the DocumentReference again later.",
        ) from None
    except FhirError as error:
        raise invalid(
            f"The FHIR server does not give {reference}: {error}.",
            "Give ChartSift's client the right to read Binary.",
            _URL,
        ) from None
