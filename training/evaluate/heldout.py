"""Scores a student on held-out notes of the training form, by type and by difficulty."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from shared.students.interface import Answer, Standing, StudentEngine, Verdict
from training.dataset.records import ItemType, TeacherItem, TeacherNote
from training.evaluate.answering import answer_note, verbatim
from training.evaluate.bootstrap import Estimate, estimate
from training.evaluate.scoring import Metric, Pair, Value, count_by

STUDY = "teacher"
EASY, HARD = 3, 7  # difficulties up to and from here


@dataclass(frozen=True)
class ItemOutcome:
    """An item of a note, and what the student answered."""

    patient: str
    item: TeacherItem
    answer: Answer
    pair: Pair


@dataclass(frozen=True)
class Slice:
    """A part of the items. right: share of them answered rightly, NA included."""

    items: int
    right: float
    metrics: dict[Metric, Estimate]


def answer_items(
    engine: StudentEngine,
    notes: Iterable[TeacherNote],
    on_note: Callable[[], None] = lambda: None,
) -> list[ItemOutcome]:
    """Every item of the notes, all items of a note asked at once. Raises EngineContractError."""
    outcomes: list[ItemOutcome] = []
    for note in notes:
        questions = [item.as_question(STUDY, at) for at, item in enumerate(note.items, 1)]
        answers = answer_note(engine, note.text, questions)
        for item, question in zip(note.items, questions, strict=True):
            answer = answers[question.key]
            outcomes.append(
                ItemOutcome(note.patient_id, item, answer, _pair(note, item, question.id, answer))
            )
        on_note()
    return outcomes


def slices(outcomes: Iterable[ItemOutcome]) -> dict[str, Slice]:
    """All items, then by type, then by difficulty; intervals over patients. Empty parts left out.

    The types `boolean` and `numeric` hold what the note answers, so three-class accuracy is to be
    read on "all".
    """
    parts: dict[str, list[ItemOutcome]] = {"all": []}
    parts |= {kind.value: [] for kind in ItemType}
    parts |= {name: [] for name in ("easy", "medium", "hard")}
    for outcome in outcomes:
        for name in ("all", outcome.item.type.value, _difficulty(outcome.item)):
            parts[name].append(outcome)
    return {name: _slice(part) for name, part in parts.items() if part}


def _slice(outcomes: list[ItemOutcome]) -> Slice:
    patient_of = {outcome.pair.note: outcome.patient for outcome in outcomes}
    pairs = [outcome.pair for outcome in outcomes]
    return Slice(
        items=len(pairs),
        right=sum(pair.right for pair in pairs) / len(pairs),
        metrics=estimate(count_by(pairs, lambda pair: patient_of[pair.note])),
    )


def _difficulty(item: TeacherItem) -> str:
    if item.difficulty <= EASY:
        return "easy"
    return "hard" if item.difficulty >= HARD else "medium"


def _pair(note: TeacherNote, item: TeacherItem, question: str, answer: Answer) -> Pair:
    """An answer that needs review is no claim."""
    claimed = answer.standing is Standing.ANSWERED and answer.verdict is not Verdict.NA
    got: Value = Verdict.NA
    if claimed:
        got = answer.verdict if answer.number is None else answer.number
    return Pair(
        note=note.id,
        question=question,
        type=item.type.answer_type,
        expected=item.verdict if item.number is None else item.number,
        got=got,
        claims=int(claimed),
        verbatim=int(claimed and verbatim(answer, note.text)),
    )
