"""A quote is what the note says, or the item goes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.dataset import TeacherItem
from training.dataset.cleaning import CleaningSettings, Reason
from training.dataset.evidence import with_real_quote

TEXT = "Platelets 187 today.\nShe denies\n  any chest pain. Family history of stroke in a brother."


def settle(quote: str, answer: str = "No", **settings: object) -> TeacherItem | Reason:
    kind = "na-boolean" if answer == "NA" else "boolean"
    raw = {"question": "Chest pain?", "type": kind, "answer": answer, "quote": quote}
    chosen = CleaningSettings.model_validate(settings)
    return with_real_quote(TeacherItem.model_validate(raw), TEXT, chosen)


def quote_of(settled: TeacherItem | Reason) -> str:
    assert isinstance(settled, TeacherItem)
    return settled.quote


def test_a_verbatim_quote_stays() -> None:
    assert quote_of(settle("Platelets 187")) == "Platelets 187"


def test_a_quote_with_other_spaces_and_case_is_replaced_by_the_notes_text() -> None:
    assert quote_of(settle("she denies any chest PAIN")) == "She denies\n  any chest pain"


def test_a_quote_that_is_not_there_is_a_reason_to_drop_the_item() -> None:
    assert settle("She had crushing chest pain") is Reason.QUOTE_NOT_FOUND


def test_a_quote_that_is_there_only_roughly_is_used_if_asked_for() -> None:
    rough = "Family history of strokes in a brother"
    assert settle(rough) is Reason.QUOTE_NOT_FOUND
    assert quote_of(settle(rough, rough_quotes=True)) == "Family history of stroke in a brother"


def test_an_answer_without_a_quote_goes() -> None:
    assert settle("  ") is Reason.NO_QUOTE


def test_an_na_with_a_quote_goes() -> None:
    assert settle("Platelets 187", "NA") is Reason.NA_WITH_QUOTE


def test_an_na_without_a_quote_stays() -> None:
    assert quote_of(settle(" ", "NA")) == ""


def test_half_the_note_is_no_quote() -> None:
    assert settle("denies any chest pain", most_quote_words=3) is Reason.QUOTE_TOO_LONG


@given(st.text(max_size=60) | st.sampled_from(TEXT.split()), st.booleans())
def test_whatever_stays_is_verbatim(quote: str, rough: bool) -> None:
    settled = settle(quote, rough_quotes=rough)
    assert isinstance(settled, Reason) or (settled.quote and settled.quote in TEXT)


@pytest.mark.parametrize("start", range(0, 40, 7))
def test_every_piece_of_the_note_is_found_in_capitals(start: int) -> None:
    piece = " ".join(TEXT[start : start + 30].split())
    assert quote_of(settle(piece.upper())).casefold().split() == piece.casefold().split()
