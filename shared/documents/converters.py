"""Content -> text, one converter for each media type. A new format is one more entry here."""

from __future__ import annotations

from collections.abc import Callable

from shared.documents.attachment import PLAIN, media_type, unsupported
from shared.documents.charset import decode
from shared.documents.problem import invalid

Converter = Callable[[bytes, str | None], str]
"""(content, charset as sent) -> text. Raises Problem."""

CONVERTERS: dict[str, Converter] = {PLAIN: decode}


def to_text(content: bytes, content_type: str | None) -> str:
    """The note's text, exactly as written. Raises Problem (422) for a missing or unsupported
    type, unreadable content, and a note without a single visible character."""
    if not content_type:
        raise invalid(
            "The attachment has no contentType.",
            "State it, as in 'text/plain; charset=utf-8'.",
            "DocumentReference.content.attachment.contentType",
        )
    media = media_type(content_type)
    converter = CONVERTERS.get(media.name)
    if converter is None:
        raise unsupported(content_type, sorted(CONVERTERS))
    text = converter(content, media.charset)
    if not text.strip():
        raise invalid(
            "The note is empty.",
            "Send a DocumentReference once its note has text.",
            "DocumentReference.content.attachment",
        )
    return text
