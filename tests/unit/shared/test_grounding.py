from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.grounding import How, Span, locate

NOTE = """HISTORY: 73F with AF w/ RVR.\tNo prior  stroke or TIA.
Creatinine 1.4 mg/dL yesterday, creatinine 1.9 mg/dL
today. Her heart rate is 88. Art therapy on Mondays. Café au lait spots."""


def found(quote: str, text: str = NOTE) -> str | None:
    span = locate(text, quote)
    return None if span is None else span.of(text)


def test_a_verbatim_quote_is_found_exactly() -> None:
    assert locate(NOTE, "AF w/ RVR") == Span(NOTE.index("AF"), 9, How.EXACT)


def test_offsets_count_code_points() -> None:
    text = "🫀 Naïve. Afib since 2019."

    span = locate(text, "Afib since 2019")

    assert span is not None
    assert text[span.offset : span.offset + span.length] == "Afib since 2019"


def test_a_whole_word_is_preferred_to_a_part_of_one() -> None:
    span = locate("artery and art", "art")

    assert span == Span(11, 3, How.EXACT)


@pytest.mark.parametrize(
    ("quote", "real"),
    [
        ("no prior stroke OR TIA", "No prior  stroke or TIA"),
        ("creatinine 1.9 mg/dL today", "creatinine 1.9 mg/dL\ntoday"),
        ("  AF w/ RVR  ", "AF w/ RVR"),
    ],
)
def test_spaces_line_breaks_and_case_may_differ(quote: str, real: str) -> None:
    assert found(quote) == real


@pytest.mark.parametrize(
    ("quote", "real"),
    [
        ("Her heart rate was 88", "Her heart rate is 88"),
        ("Cafe au lait spots", "Café au lait spots"),
        ("No prior stroke, or TIA", "No prior  stroke or TIA"),
    ],
)
def test_a_slip_of_the_pen_is_snapped_to_whole_words_of_the_note(quote: str, real: str) -> None:
    span = locate(NOTE, quote)

    assert span is not None
    assert (span.how, span.of(NOTE)) == (How.ROUGH, real)


@pytest.mark.parametrize(
    "quote",
    [
        "Creatinine 1.5 mg/dL yesterday",  # another number
        "Her heart rate is not 88",  # a negation that the note does not have
        "Prior stroke with or without TIA",
        "the patient has endocarditis",
        "",
        " \n",
    ],
)
def test_what_the_note_does_not_say_is_not_found(quote: str) -> None:
    assert found(quote) is None


def test_a_rough_quote_is_found_in_a_note_of_100_000_words() -> None:
    filler = "the patient has been seen in clinic and was doing well on the usual drugs "
    text = filler * 3_500 + "takes apixaban 5 mg for atrial fibrillation. " + filler * 3_500

    assert found("takes apixiban 5 mg for atrial fibrilation", text) == (
        "takes apixaban 5 mg for atrial fibrillation"
    )


@pytest.mark.parametrize(
    "text", ["a" * 600_000, "a " * 300_000, " " * 600_000, "the " * 150_000, "\n1.4" * 150_000]
)
@pytest.mark.parametrize("quote", ["the quick fox", "a a a b " * 20, "1.4 1.5 the", "z" * 5_000])
def test_hostile_notes_end_in_an_answer(text: str, quote: str) -> None:
    assert locate(text, quote) is None or locate(text, quote).of(text)  # type: ignore[union-attr]


texts = st.text(alphabet=string.ascii_letters + string.digits + " .,\n\tßİéﬁ🫀", max_size=300)


@given(texts, texts)
def test_what_is_found_is_real_text_without_spaces_around(text: str, quote: str) -> None:
    span = locate(text, quote)

    if span is not None:
        real = span.of(text)
        assert len(real) == span.length > 0
        assert real == real.strip()


@given(texts, st.integers(0, 300), st.integers(1, 80))
def test_every_verbatim_quote_is_found(text: str, start: int, length: int) -> None:
    quote = text[start : start + length].strip()

    if quote:
        span = locate(text, quote)
        assert span is not None
        assert (span.how, span.of(text)) == (How.EXACT, quote)


@given(texts, st.integers(0, 300), st.integers(1, 80))
def test_a_quote_with_its_spaces_collapsed_is_found(text: str, start: int, length: int) -> None:
    quote = " ".join(text[start : start + length].split())

    if quote:
        span = locate(text, quote)
        assert span is not None
        assert span.of(text).split() == quote.split()


@given(texts, texts)
def test_numbers_of_a_rough_match_are_those_of_the_quote(text: str, quote: str) -> None:
    span = locate(text, quote)

    if span is not None and span.how is How.ROUGH:
        digits = [c for c in span.of(text) if c in string.digits]
        assert digits == [c for c in quote if c in string.digits]
