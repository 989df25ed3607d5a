"""The worst errors and the text around them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.criteria.study import Study
from shared.students.interface import StudentEngine, Verdict
from training.baselines.always_na import AlwaysNA
from training.evaluate.answering import Outcome, answer_all, asked_of
from training.evaluate.folder import read_folder
from training.evaluate.subjects import subjects
from training.evaluate.worst import AROUND, Piece, excerpt, in_words, worst_errors


def outcomes(engine: StudentEngine, folder: Path, study: Study) -> tuple[Outcome, ...]:
    read = read_folder(folder)
    asked = asked_of(read, subjects(read.questions, [study]))
    return answer_all(engine, asked).outcomes


@pytest.fixture
def wrong_folder(folder: Path) -> Path:
    """A key that has another number than the engine will say, with its quote."""
    key = folder / "key.jsonl"
    key.write_text(key.read_text().replace('["1.2", ""]', '["3.4", "Takes aspirin"]'))
    return folder


def test_a_wrong_answer_shows_both_quotes_in_the_note(
    engine: StudentEngine, wrong_folder: Path, study: Study
) -> None:
    (error,) = worst_errors(outcomes(engine, wrong_folder, study), with_notes=True)
    assert (error.note, error.question) == ("N1", "Creatinine?")
    assert (error.expected, error.got, error.missed) == ("3.4 mg/dL", "1.2 mg/dL", False)
    assert error.pieces == (
        Piece("Takes aspirin", "key"),
        Piece(" and clopidogrel. "),
        Piece("Creatinine", "student"),
        Piece(" 1.2."),
    )


def test_without_notes_there_is_no_text(
    engine: StudentEngine, wrong_folder: Path, study: Study
) -> None:
    (error,) = worst_errors(outcomes(engine, wrong_folder, study), with_notes=False)
    assert error.pieces == ()
    assert error.question == "Creatinine?"


def test_answers_that_are_missed_come_last(folder: Path, study: Study) -> None:
    errors = worst_errors(outcomes(AlwaysNA(), folder, study), with_notes=True)
    assert [error.missed for error in errors] == [True] * 4
    assert {error.got for error in errors} == {"not answerable"}


def test_right_answers_are_no_errors(engine: StudentEngine, folder: Path, study: Study) -> None:
    assert worst_errors(outcomes(engine, folder, study), with_notes=True) == ()


def test_text_far_from_the_quotes_is_left_out() -> None:
    text = "a" * 5000
    pieces = excerpt(text, [(1000, 1010, "key"), (4000, 4010, "student")])
    assert [piece.mark for piece in pieces] == [
        *("gap", "", "key", "", "gap"),
        *("", "student", "", "gap"),
    ]
    assert sum(len(piece.text) for piece in pieces) == 2 * (2 * AROUND + 10)


def test_words_are_not_cut() -> None:
    text = "word " * 400
    pieces = excerpt(text, [(1000, 1004, "key")])
    shown = "".join(piece.text for piece in pieces)
    assert set(shown.split()) == {"word"}


def test_where_the_quotes_overlap_both_are_marked() -> None:
    pieces = excerpt("0123456789", [(0, 6, "key"), (4, 10, "student")])
    assert [(piece.text, piece.mark) for piece in pieces] == [
        ("0123", "key"),
        ("45", "both"),
        ("6789", "student"),
    ]


@given(
    st.text(max_size=900),
    st.lists(
        st.tuples(st.integers(0, 900), st.integers(1, 50), st.sampled_from(["key", "student"])),
        max_size=4,
    ),
)
def test_every_quote_is_shown_whole(text: str, quotes: list[tuple[int, int, str]]) -> None:
    spans = [(at, at + length, mark) for at, length, mark in quotes if at + length <= len(text)]
    shown = "".join(piece.text for piece in excerpt(text, spans))
    assert all(text[start:end] in shown for start, end, _ in spans)


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (Verdict.YES, None, "Yes"),
        (Verdict.NA, "mg/dL", "not answerable"),
        (1.2, "mg/dL", "1.2 mg/dL"),
        (120000.0, "1", "120000"),
    ],
)
def test_answers_are_in_words(value: Verdict | float, unit: str | None, words: str) -> None:
    assert in_words(value, unit) == words
