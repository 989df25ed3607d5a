"""Long notes in windows, and the windows' answers as one."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.students.decoder.windows import Count, merge, split, split_into
from shared.students.interface import Answer, Standing, Verdict

COUNTS: list[Count] = [len, lambda text: len(text.split()), lambda text: len(text.encode())]
texts = st.text(st.sampled_from("ab1é漢 .;\n\t"), max_size=300)


def lines(count: int) -> str:
    return "".join(f"Line {at} of the note.\n" for at in range(count))


@given(texts, st.sampled_from(COUNTS), st.integers(5, 40), st.integers(0, 4))
def test_windows_cover_the_note_and_fit(text: str, count: Count, most: int, overlap: int) -> None:
    windows = split(text, count, most, overlap)
    assert windows[0].offset == 0
    assert windows[-1].offset + len(windows[-1].text) == len(text)
    for window in windows:
        assert text[window.offset : window.offset + len(window.text)] == window.text
        assert count(window.text) <= most
    for before, after in pairwise(windows):
        shared = before.offset + len(before.text) - after.offset
        assert before.offset < after.offset
        assert shared >= 0
        assert count(after.text[:shared]) <= overlap


def test_a_note_that_fits_is_one_window() -> None:
    assert [window.text for window in split("Short note.", len, 100, 10)] == ["Short note."]
    assert [window.text for window in split("", len, 100, 10)] == [""]


def test_windows_begin_and_end_at_lines() -> None:
    windows = split(lines(200), len, 500, 100)
    assert len(windows) > 5
    for window in windows:
        assert window.text.startswith("Line ")
        assert window.text.endswith(".\n")


def test_where_there_are_no_lines_windows_end_at_sentences() -> None:
    windows = split("He is well. " * 200, len, 500, 100)
    assert all(window.text.startswith("He is well.") for window in windows)


def test_where_there_are_no_sentences_words_stay_whole() -> None:
    windows = split("creatinine " * 200, len, 500, 100)
    assert {word for window in windows for word in window.text.split()} == {"creatinine"}


def test_one_endless_word_is_cut_anywhere() -> None:
    assert len(split("x" * 1000, len, 100, 20)) >= 10


def test_what_stands_on_a_border_is_whole_in_one_window() -> None:
    text = lines(200)
    windows = split(text, len, 500, 100)
    for at in range(0, len(text) - 60, 7):
        assert any(text[at : at + 60] in window.text for window in windows)


@pytest.mark.parametrize(("most", "overlap"), [(10, 10), (10, -1), (0, 0)])
def test_an_overlap_that_never_moves_on_is_refused(most: int, overlap: int) -> None:
    with pytest.raises(ValueError, match="overlap"):
        split("text", len, most, overlap)


def test_a_context_without_room_for_a_note_names_the_setting() -> None:
    assert len(split_into("word " * 100, len, 400, 100)) == 2
    with pytest.raises(ValueError, match="CHARTSIFT_STUDENT_CONTEXT"):
        split_into("note", len, 400, 390)


def test_a_note_of_a_million_characters_counts_little_more_than_once() -> None:
    counted = 0

    def count(text: str) -> int:
        nonlocal counted
        counted += len(text)
        return len(text) // 4

    split("She takes apixaban 5 mg. " * 40_000, count, 4000, 200)
    assert counted < 40 * 1_000_000


def claim(verdict: Verdict, confidence: float, standing: Standing = Standing.ANSWERED) -> Answer:
    return Answer(question="s/q", verdict=verdict, confidence=confidence, standing=standing)


def test_the_surest_claim_wins_and_of_equals_the_first() -> None:
    one, two = claim(Verdict.YES, 0.8), claim(Verdict.NO, 0.8)
    assert merge("s/q", [claim(Verdict.NA, 1), claim(Verdict.YES, 0.6), one, two]) is one


def test_a_claim_that_stands_goes_before_a_surer_proposal() -> None:
    stands = claim(Verdict.NO, 0.7)
    assert merge("s/q", [claim(Verdict.YES, 0.9, Standing.REVIEW), stands]) is stands


def test_nothing_in_any_window_is_as_sure_as_the_least_sure() -> None:
    answer = merge("s/q", [claim(Verdict.NA, 0.9), claim(Verdict.NA, 0.4)])
    assert (answer.verdict, answer.confidence) == (Verdict.NA, 0.4)


def test_without_windows_there_is_no_answer() -> None:
    assert merge("s/q", []).verdict is Verdict.NA
