"""Bytes become exactly the text that was written, or an error that names the cure."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.documents.charset import SUPPORTED, decode
from shared.documents.problem import Problem

_TEXT = st.text(st.characters(exclude_characters="\0\ufeff", exclude_categories=["Cs"]))


@pytest.mark.parametrize(
    ("charset", "content", "text"),
    [
        (None, "Größe 1,80 m".encode(), "Größe 1,80 m"),
        ("utf-8", "µg".encode(), "µg"),
        ("UTF-8", "µg".encode(), "µg"),
        ("iso-8859-1", b"\xb5g", "µg"),
        ("ISO-8859-15", b"\xa4", "€"),
        ("windows-1252", b"\x93quoted\x94", "\u201cquoted\u201d"),
        ("windows-1250", b"\xb9", "ą"),
        ("us-ascii", b"plain", "plain"),
        ("utf-16", "µg".encode("utf-16-be"), "µg"),
        ("utf-16le", "µg".encode("utf-16-le"), "µg"),
        ("utf-16", codecs.BOM_UTF16_LE + "µg".encode("utf-16-le"), "µg"),
        (None, codecs.BOM_UTF16_BE + "µg".encode("utf-16-be"), "µg"),
        ("iso-8859-1", codecs.BOM_UTF8 + "µg".encode(), "µg"),
    ],
)
def test_the_charset_or_a_byte_order_mark_says_how_to_read(charset, content, text):
    assert decode(content, charset) == text


def test_line_ends_stay_as_they_are():
    assert decode(b"one\r\ntwo\rthree\n", None) == "one\r\ntwo\rthree\n"


def test_an_unknown_charset_is_refused_with_the_list_of_known_ones():
    with pytest.raises(Problem, match=r"'klingon' is not supported.*windows-1252") as refused:
        decode(b"text", "klingon")
    assert refused.value.status == 422


@pytest.mark.parametrize("charset", ["rot13", "idna", "../os", "utf-8\0", "ütf-8", "x" * 500])
def test_no_codec_beyond_the_list_is_ever_looked_up(charset):
    with pytest.raises(Problem, match="not supported"):
        decode(b"text", charset)


@pytest.mark.parametrize(
    ("charset", "content"),
    [(None, b"\xff\xfa"), ("us-ascii", b"\xb5"), ("windows-1252", b"\x81"), ("utf-16", b"\0")],
)
def test_bytes_that_are_no_text_in_the_charset_are_refused(charset, content):
    with pytest.raises(Problem, match=r"are not text in .*charset"):
        decode(content, charset)


def test_nul_characters_are_refused():
    with pytest.raises(Problem, match="NUL"):
        decode(b"a\0b", None)


@given(_TEXT, st.sampled_from([name for name in SUPPORTED if name.startswith("utf")]))
def test_unicode_text_comes_back_code_point_for_code_point(text, charset):
    codec = "utf-16-be" if charset == "utf-16" else charset
    content = text.encode(codec)
    if not content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF8)):
        assert decode(content, charset) == text


@given(st.binary(), st.one_of(st.none(), st.sampled_from(SUPPORTED), st.text()))
def test_any_bytes_give_text_or_a_problem(content, charset):
    try:
        assert "\0" not in decode(content, charset)
    except Problem as problem:
        assert problem.status == 422
