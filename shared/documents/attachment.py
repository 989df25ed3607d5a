"""The one attachment that is the note, and its bytes checked: pure functions."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.message import Message
from typing import Any

from shared.documents.charset import shown
from shared.documents.problem import Problem, invalid

_PATH = "DocumentReference.content.attachment"
Attachment = Mapping[str, Any]


@dataclass(frozen=True)
class MediaType:
    """name: lower-case `type/subtype`; charset: its parameter as sent."""

    name: str
    charset: str | None


def media_type(content_type: str) -> MediaType:
    """Reads a Content-Type value as RFC 2045 writes it; anything else gives an empty name."""
    header = Message()
    # A header line holds no control characters; what has some is no content type.
    header["Content-Type"] = "".join(c if c.isprintable() else "\ufffd" for c in content_type)
    charset = header.get_param("charset")
    name = content_type.partition(";")[0].strip().lower()
    return MediaType(name, charset if isinstance(charset, str) else None)


def the_note(contents: Sequence[Mapping[str, Any]]) -> Attachment:
    """The attachment of a DocumentReference's `content` that is read.

    One attachment with data or url: that one. Several are the same document in several formats
    (R4, DocumentReference.content), so the text/plain one, if it is exactly one. Raises Problem.
    """
    attachments = [
        attachment
        for attachment in (content.get("attachment") or {} for content in contents)
        if "data" in attachment or "url" in attachment
    ]
    if not attachments:
        raise invalid(
            "The DocumentReference has no attachment with data or url.",
            "Send the note in content.attachment.data (base64) or name its Binary in "
            "content.attachment.url.",
            _PATH,
        )
    if len(attachments) == 1:
        return attachments[0]
    plain = [one for one in attachments if media_type(one.get("contentType", "")).name == PLAIN]
    if len(plain) == 1:
        return plain[0]
    raise invalid(
        f"The DocumentReference has {len(attachments)} attachments, {len(plain)} of them "
        f"{PLAIN}: it is not clear which one is the note.",
        "Send one DocumentReference for each note, or the formats of one note with exactly one "
        f"attachment of type {PLAIN}.",
        _PATH,
    )


PLAIN = "text/plain"


def decode_base64(data: str, limit: int, path: str = f"{_PATH}.data") -> bytes:
    """Strict base64 (RFC 4648, padded; line breaks allowed as FHIR R4 allows them).

    limit: bytes after decoding. Raises Problem: 413 above the limit, 422 for anything else.
    """
    if len(data) // 4 * 3 - 2 > limit:
        # Line breaks make it longer than its content: only certain once they are gone.
        data = "".join(data.split())
        if len(data) // 4 * 3 - 2 > limit:
            raise too_large(limit, path)
    try:
        content = base64.b64decode("".join(data.split()).encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise invalid(
            "The attachment's data is not valid base64.",
            "Encode the bytes as RFC 4648 base64 with padding, without URL-safe characters.",
            path,
        ) from None
    if len(content) > limit:
        raise too_large(limit, path)
    return content


def check_size(attachment: Attachment, content: bytes) -> None:
    """size and hash (SHA-1) as the attachment states them. Raises Problem where they differ."""
    size, sha1 = attachment.get("size"), attachment.get("hash")
    if size is not None and size != len(content):
        raise invalid(
            f"attachment.size says {size} bytes, the content has {len(content)}.",
            "Send the whole content, or correct attachment.size (bytes before base64).",
            f"{_PATH}.size",
        )
    if sha1 is not None and sha1 != base64.b64encode(hashlib.sha1(content).digest()).decode():
        raise invalid(
            "The content does not have the SHA-1 that attachment.hash states.",
            "Send the content again unchanged, or correct attachment.hash (base64 of the SHA-1).",
            f"{_PATH}.hash",
        )


def too_large(limit: int, path: str | None = None) -> Problem:
    return Problem(
        413,
        "too-long",
        f"The attachment is larger than {limit} bytes.",
        "Send the note's text alone, or raise CHARTSIFT_INGEST_MAX_ATTACHMENT_BYTES.",
        path,
    )


def unsupported(content_type: str, supported: Sequence[str]) -> Problem:
    return invalid(
        f"Attachments of type {shown(content_type)} cannot be read.",
        f"Send the note as {' or '.join(supported)}, for example as a second format of the same "
        "document.",
        f"{_PATH}.contentType",
    )
