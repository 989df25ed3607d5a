"""Bytes of a text note -> text, by the charset of its content type. Strict: nothing is guessed,
replaced or normalised, because every offset counts code points of exactly this text."""

from __future__ import annotations

import codecs

from shared.documents.problem import Problem, invalid

_CODECS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "ascii",
    "ascii": "ascii",
    "iso-8859-1": "latin-1",
    "latin-1": "latin-1",
    "latin1": "latin-1",
    "iso-8859-15": "iso8859-15",
    "windows-1250": "cp1250",
    "windows-1252": "cp1252",
    "cp1252": "cp1252",
    "utf-16": "utf-16-be",  # without a byte order mark RFC 2781 says big-endian
    "utf-16be": "utf-16-be",
    "utf-16le": "utf-16-le",
}
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
)
SUPPORTED = (
    *("utf-8", "us-ascii", "iso-8859-1", "iso-8859-15", "windows-1250", "windows-1252"),
    *("utf-16", "utf-16be", "utf-16le"),
)


def decode(content: bytes, charset: str | None) -> str:
    """The text of `content`. A byte order mark decides over `charset` and is not part of the
    text; without either it is UTF-8. Raises Problem for an unknown charset, bytes that are not
    text in it, and NUL characters."""
    codec = _CODECS.get((charset or "utf-8").strip().lower())
    if codec is None:
        raise invalid(
            f"The charset {shown(charset or '')} is not supported.",
            f"Send one of {', '.join(SUPPORTED)}.",
            "DocumentReference.content.attachment.contentType",
        )
    for mark, marked_codec in _MARKS:
        if content.startswith(mark):
            codec, content = marked_codec, content[len(mark) :]
            break
    try:
        text = content.decode(codec)
    except UnicodeDecodeError:
        raise _not_text(f"The attachment's bytes are not text in {codec}.") from None
    if "\0" in text:
        raise _not_text("The attachment's text holds NUL characters.")
    return text


def shown(value: str) -> str:
    """A value of the sender's, short and printable, to stand in an error message."""
    return ascii(value if len(value) <= 60 else value[:60] + "...")


def _not_text(cause: str) -> Problem:
    return invalid(
        cause,
        "Name the charset the text was written in, as in 'text/plain; charset=windows-1252', "
        "or send it as UTF-8.",
        "DocumentReference.content.attachment",
    )
