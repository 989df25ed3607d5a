"""Which attachment is the note, and whether its bytes are what they claim to be."""

from __future__ import annotations

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.documents.attachment import check_size, decode_base64, media_type, the_note
from shared.documents.converters import to_text
from shared.documents.problem import Problem

LIMIT = 1_000
PLAIN = {"contentType": "text/plain", "data": "QQ=="}
PDF = {"contentType": "application/pdf", "data": "JVBERg=="}


def contents(*attachments):
    return [{"attachment": attachment} for attachment in attachments]


def test_the_only_attachment_is_the_note():
    assert the_note(contents(PDF)) == PDF


def test_of_several_formats_the_plain_text_is_read():
    latin = PLAIN | {"contentType": "TEXT/PLAIN; charset=iso-8859-1"}
    assert the_note(contents(PDF, latin)) == latin


def test_an_attachment_without_data_and_url_does_not_count():
    assert the_note(contents({"contentType": "text/plain", "title": "empty"}, PLAIN)) == PLAIN


def test_no_attachment_is_refused():
    with pytest.raises(Problem, match=r"no attachment with data or url.*Send the note in"):
        the_note(contents({"contentType": "text/plain"}))


@pytest.mark.parametrize("pair", [(PLAIN, PLAIN), (PDF, PDF)])
def test_two_attachments_that_could_both_be_the_note_are_refused_with_the_cure(pair):
    with pytest.raises(Problem, match=r"2 attachments.*one DocumentReference for each note"):
        the_note(contents(*pair))


@pytest.mark.parametrize(
    "data",
    ["!!!", "QQ", "QQ=", "Q===", "QQ==QQ==", "QQ=\u00e9", "_-8=", "QQ==\0", "=", "\u0660QQ="],
)
def test_invalid_base64_is_refused(data):
    with pytest.raises(Problem, match=r"not valid base64.*RFC 4648") as refused:
        decode_base64(data, LIMIT)
    assert refused.value.status == 422
    assert data not in str(refused.value) or data == "="


def test_line_breaks_in_base64_are_allowed():
    assert decode_base64("QUJD\r\nREVG\n", LIMIT) == b"ABCDEF"


@pytest.mark.parametrize("size", [LIMIT + 1, LIMIT * 5])
def test_content_above_the_limit_is_refused_with_413(size):
    with pytest.raises(Problem, match=r"larger than 1000 bytes.*CHARTSIFT_INGEST_MAX") as refused:
        decode_base64(base64.b64encode(b"x" * size).decode(), LIMIT)
    assert refused.value.status == 413


@given(st.binary(max_size=LIMIT), st.integers(1, 80))
def test_base64_gives_back_the_bytes_however_its_lines_are_broken(content, width):
    data = base64.b64encode(content).decode()
    lines = [data[start : start + width] for start in range(0, len(data), width)]
    assert decode_base64("\n".join(lines), LIMIT) == content


@given(st.text())
def test_any_text_is_base64_or_a_problem(data):
    try:
        content = decode_base64(data, LIMIT)
    except Problem as problem:
        assert problem.status == 422
    else:
        assert base64.b64encode(content).decode() == "".join(data.split())


def test_the_stated_size_and_hash_must_fit():
    sha1 = base64.b64encode(hashlib.sha1(b"note").digest()).decode()
    check_size({"size": 4, "hash": sha1}, b"note")
    with pytest.raises(Problem, match=r"attachment.size says 5 bytes, the content has 4"):
        check_size({"size": 5}, b"note")
    with pytest.raises(Problem, match=r"SHA-1 that attachment.hash states"):
        check_size({"hash": sha1}, b"another note")


@pytest.mark.parametrize(
    ("content_type", "name", "charset"),
    [
        ("text/plain", "text/plain", None),
        ("Text/Plain;charset=UTF-8", "text/plain", "UTF-8"),
        ('text/plain; format=flowed; charset="utf-16"', "text/plain", "utf-16"),
        ("", "", None),
    ],
)
def test_content_types_are_read_as_mime_writes_them(content_type, name, charset):
    found = media_type(content_type)
    assert (found.name, found.charset) == (name, charset)


@given(st.text())
def test_no_content_type_breaks_the_reading(content_type):
    media_type(content_type)


def test_an_unsupported_type_is_named_with_what_can_be_read():
    with pytest.raises(Problem, match=r"'application/pdf' cannot be read.*text/plain"):
        to_text(b"%PDF", "application/pdf")


def test_a_missing_type_is_refused():
    with pytest.raises(Problem, match="no contentType"):
        to_text(b"note", None)


@pytest.mark.parametrize("content", [b"", b" \r\n\t ", "\u00a0\u2003".encode()])
def test_an_empty_note_is_refused(content):
    with pytest.raises(Problem, match="note is empty"):
        to_text(content, "text/plain")
