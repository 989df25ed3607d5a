"""Questions asked twice of one note."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.dataset import TeacherItem, read_notes
from training.dataset.cleaning import Reason
from training.dataset.duplicates import alike, find_duplicates, same_answer, wording

DATA = Path(__file__).parents[4] / "training/data/notes"
SIMILAR = 90.0
words = st.sampled_from("smoke smokes the patient does aspirin left 5 not >".split())
questions = st.lists(words, min_size=1, max_size=5).map(" ".join)
answers = st.sampled_from(["Yes", "No", "5", "NA"])
TYPES = {"Yes": "boolean", "No": "boolean", "NA": "na-boolean", "5": "numeric", "6": "numeric"}


def item(question: str, answer: str = "Yes", unit: str | None = None) -> TeacherItem:
    raw = {"question": question, "type": TYPES[answer], "answer": answer, "unit": unit}
    return TeacherItem.model_validate(raw)


def kept(*items: TeacherItem) -> list[int]:
    gone = find_duplicates(items, SIMILAR)
    return [at for at in range(len(items)) if at not in gone]


lists_of_items = st.lists(st.builds(item, questions, answers), max_size=8)


def test_the_first_of_two_that_differ_in_case_and_punctuation_stays() -> None:
    assert kept(item("Does she smoke?"), item("does she  SMOKE")) == [0]


def test_the_first_of_two_in_nearly_the_same_words_stays() -> None:
    assert kept(item("Is the patient a smoker?"), item("Is this patient a smoker?")) == [0]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("History of MI?", "History of AF?"),
        ("Does the patient have hypertension?", "Does the patient have hypotension?"),
        ("Is the systolic pressure above 140?", "Is the systolic pressure above 160?"),
        ("Is the creatinine > 2.5?", "Is the creatinine < 2.5?"),
        ("Is the creatinine > 2.5?", "Is the creatinine > 25?"),
        ("Was the left knee replaced?", "Was the right knee replaced?"),
        ("Is the patient on aspirin?", "Is the patient not on aspirin?"),
        ("Was the wound infected before surgery?", "Was the wound infected after surgery?"),
        ("Does the patient have hepatitis B?", "Does the patient have hepatitis C?"),
    ],
)
def test_questions_of_another_meaning_both_stay(one: str, other: str) -> None:
    assert kept(item(one), item(other)) == [0, 1]


def test_no_shipped_question_is_taken_for_another() -> None:
    """They were written to differ, near misses among them."""
    for note in read_notes(DATA)[::8]:
        assert find_duplicates(note.items, SIMILAR) == {}


def test_the_same_question_with_two_answers_goes_altogether() -> None:
    items = [item("Smoker?"), item("smoker", "No"), item("SMOKER?"), item("Asthma?")]
    assert find_duplicates(items, SIMILAR) == dict.fromkeys(range(3), Reason.CONTRADICTION)


def test_the_same_question_answered_with_a_value_and_with_na_goes_altogether() -> None:
    assert kept(item("Weight?", "5"), item("weight", "NA")) == []


def test_nearly_the_same_question_with_two_answers_is_two_questions() -> None:
    assert kept(item("Does the patient smoke?"), item("Has the patient smoked?", "No")) == [0, 1]


def test_numbers_in_two_units_are_no_contradiction() -> None:
    assert kept(item("Weight?", "5", "kg"), item("Weight?", "6", "[lb_av]")) == [0, 1]


def test_numbers_in_one_unit_are() -> None:
    assert kept(item("Weight?", "5", "kg"), item("Weight?", "6", "kg")) == []


@given(lists_of_items)
def test_what_stays_holds_no_further_duplicate(items: list[TeacherItem]) -> None:
    left = [items[at] for at in kept(*items)]
    assert find_duplicates(left, SIMILAR) == {}


@given(lists_of_items)
def test_no_two_of_what_stays_contradict_each_other(items: list[TeacherItem]) -> None:
    seen: dict[str, TeacherItem] = {}
    for at in kept(*items):
        first = seen.setdefault(wording(items[at].question), items[at])
        assert same_answer(first, items[at])


@given(lists_of_items)
def test_a_question_without_contradiction_is_still_asked(items: list[TeacherItem]) -> None:
    gone = find_duplicates(items, SIMILAR)
    left = [wording(items[at].question) for at in range(len(items)) if at not in gone]
    for at, reason in gone.items():
        if reason is Reason.DUPLICATE:
            text = wording(items[at].question)
            assert any(text == other or alike(text, other, SIMILAR) for other in left)


@given(st.text(), st.text())
def test_likeness_goes_both_ways(one: str, other: str) -> None:
    one, other = wording(one), wording(other)
    assert alike(one, other, SIMILAR) == alike(other, one, SIMILAR)
