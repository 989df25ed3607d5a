"""Puts the questions of a folder to a student, note by note, and sets answers beside the key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from shared.criteria.question import Question
from shared.students.interface import Answer, StudentEngine
from training.evaluate.folder import EvaluationFolder, KeyedNote
from training.evaluate.scoring import Pair
from training.evaluate.subjects import Settled, Subject


@dataclass(frozen=True)
class Outcome:
    """A scored pair and the answers behind it."""

    pair: Pair
    settled: Settled


class EngineContractError(RuntimeError):
    """An engine that does not answer each question once, in order."""


def answer_folder(
    engine: StudentEngine,
    folder: EvaluationFolder,
    subjects: Sequence[Subject],
    on_note: Callable[[], None] = lambda: None,
) -> list[Outcome]:
    """Every pair that is scored, notes in the folder's order. on_note: called after each note.

    Raises EngineContractError.
    """
    questions = tuple({q.key: q for subject in subjects for q in subject.asked}.values())
    outcomes: list[Outcome] = []
    for note in folder.notes:
        answers = answer_note(engine, note.text, questions)
        outcomes += [
            _outcome(note, subject, answers) for subject in subjects if subject.id in note.expected
        ]
        on_note()
    return outcomes


def answer_note(
    engine: StudentEngine, text: str, questions: Sequence[Question]
) -> dict[str, Answer]:
    """Answers by question key. Raises EngineContractError."""
    answers = engine.answer(text, questions)
    if [answer.question for answer in answers] != [question.key for question in questions]:
        raise EngineContractError(
            f"student {engine.version} did not answer the {len(questions)} questions in order"
        )
    return {answer.question: answer for answer in answers}


def verbatim(claim: Answer, text: str) -> bool:
    """Whether the claim's quote stands in the note, and where it says it does."""
    if not claim.quote:
        return False
    if claim.offset is None:
        return claim.quote in text
    return text.startswith(claim.quote, claim.offset)


def _outcome(note: KeyedNote, subject: Subject, answers: dict[str, Answer]) -> Outcome:
    settled = subject.settle(answers)
    return Outcome(scored(note, subject, settled), settled)


def scored(note: KeyedNote, subject: Subject, settled: Settled) -> Pair:
    """What came out for a subject of the note, beside what the key says."""
    return Pair(
        note=note.id,
        question=subject.id,
        type=subject.type,
        expected=note.expected[subject.id],
        got=settled.value,
        claims=len(settled.claims),
        verbatim=sum(verbatim(claim, note.text) for claim in settled.claims),
    )
