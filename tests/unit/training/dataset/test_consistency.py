"""The teacher is asked a second time."""

from __future__ import annotations

from pathlib import Path
from threading import Lock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.criteria.question import AnswerType, Question
from training.dataset import TeacherItem, TeacherNote
from training.dataset.consistency import agrees, find_disagreements, remembering

NUMBER = TeacherItem.model_validate(
    {"question": "Weight?", "type": "numeric", "answer": "70", "unit": "kg", "quote": "70"}
)
YES = TeacherItem.model_validate(
    {"question": "Smoker?", "type": "boolean", "answer": "Yes", "quote": "smokes"}
)
NA = TeacherItem.model_validate({"question": "Pregnant?", "type": "na-boolean", "answer": "NA"})


def note(id: str = "N-1", text: str = "She smokes.") -> TeacherNote:
    return TeacherNote(id=id, text=text, items=(YES, NUMBER, NA))


@pytest.mark.parametrize(
    ("item", "again"), [(YES, "yes."), (NUMBER, "70.0 kg"), (NUMBER, "70"), (NA, "N/A")]
)
def test_the_same_answer_agrees_however_it_is_written(item: TeacherItem, again: str) -> None:
    assert agrees(item, again)


@pytest.mark.parametrize(
    ("item", "again"),
    [(YES, "No"), (YES, "NA"), (YES, None), (NUMBER, "71"), (NUMBER, "NA"), (NUMBER, "154 lb"),
     (NA, "Yes"), (YES, "I think so")],
)  # fmt: skip
def test_any_other_answer_disagrees(item: TeacherItem, again: str | None) -> None:
    assert not agrees(item, again)


@given(st.none() | st.text())
def test_whatever_the_teacher_says_is_judged(again: str | None) -> None:
    for item in (YES, NUMBER, NA):
        agrees(item, again)


def test_items_are_named_whose_answer_was_not_repeated() -> None:
    said = {"Smoker?": "No", "Weight?": "70", "Pregnant?": "NA"}
    notes = [note("N-1"), note("N-2")]
    found = find_disagreements(notes, lambda n, q: said[q.text])
    assert found == {("N-1", 0), ("N-2", 0)}


def test_a_number_is_asked_for_in_its_unit() -> None:
    asked: dict[str, tuple[AnswerType, str | None]] = {}

    def ask(of: TeacherNote, question: Question) -> str:
        asked[question.text] = question.type, question.unit
        return "NA"

    find_disagreements([note()], ask)
    assert asked["Weight?"] == (AnswerType.NUMERIC, "kg")
    assert asked["Smoker?"] == (AnswerType.BOOLEAN, None)


def test_progress_ends_with_every_item() -> None:
    said: list[int] = []
    find_disagreements([note(f"N-{at}") for at in range(200)], lambda n, q: "NA", done=said.append)
    assert said == [256, 512, 600]


def test_a_teacher_that_fails_ends_the_filter() -> None:
    def ask(of: TeacherNote, question: Question) -> str:
        raise ConnectionError("teacher is gone")

    with pytest.raises(ConnectionError):
        find_disagreements([note(f"N-{at}") for at in range(200)], ask)


class Counting:
    def __init__(self, fail_at: int = -1) -> None:
        self.calls, self._fail_at, self._lock = 0, fail_at, Lock()

    def __call__(self, of: TeacherNote, question: Question) -> str:
        with self._lock:
            self.calls += 1
            if self.calls == self._fail_at:
                raise ConnectionError
        return "NA"


def test_after_a_failure_only_what_is_missing_is_asked_again(tmp_path: Path) -> None:
    notes = [note(text=f"{at}. She smokes.", id=str(at)) for at in range(10)]
    first, second = Counting(fail_at=20), Counting()
    with pytest.raises(ConnectionError):
        find_disagreements(notes, remembering(first, tmp_path / "asked.jsonl"), at_once=1)
    find_disagreements(notes, remembering(second, tmp_path / "asked.jsonl"))
    assert first.calls + second.calls <= 31 + 1
    assert second.calls <= 11


def test_a_line_that_was_cut_off_is_asked_again(tmp_path: Path) -> None:
    file = tmp_path / "asked.jsonl"
    find_disagreements([note()], remembering(Counting(), file))
    file.write_bytes(file.read_bytes()[:-5])
    again, later = Counting(), Counting()
    find_disagreements([note()], remembering(again, file))
    find_disagreements([note()], remembering(later, file))
    assert (again.calls, later.calls) == (1, 0)


def test_what_is_remembered_holds_no_text(tmp_path: Path) -> None:
    file = tmp_path / "asked.jsonl"
    find_disagreements([note()], remembering(Counting(), file))
    assert "smokes" not in file.read_text()
    assert "Smoker" not in file.read_text()
