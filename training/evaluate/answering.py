"""Puts questions to a student, note by note, and sets its answers beside the key."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from shared.criteria.question import Question
from shared.students.interface import Answer, StudentEngine, Verdict
from training.evaluate.fault import EvaluationError
from training.evaluate.folder import EvaluationFolder, KeyedNote
from training.evaluate.scoring import Pair, Value, same
from training.evaluate.subjects import Settled, Subject
from training.evaluate.usage import Usage, usage_of


@dataclass(frozen=True)
class AskedNote:
    """A note with what is asked of it and scored; the key answers each of `subjects`."""

    note: KeyedNote
    subjects: tuple[Subject, ...]


@dataclass(frozen=True)
class Claim:
    """A Yes, a No or a number that the student gave, as an answer or as a proposal.

    confidence: the student's own, 0 to 1 (of the least certain answer behind a criterion).
    """

    value: Value
    confidence: float
    answered: bool
    right: bool


@dataclass(frozen=True)
class Outcome:
    """A scored pair and the answers behind it. proposed: as if every proposal were an answer."""

    pair: Pair
    settled: Settled
    proposed: Settled
    note: KeyedNote
    subject: Subject

    @property
    def claim(self) -> Claim | None:
        """None: the student answers NA, with no proposal."""
        answered = self.settled.value != Verdict.NA
        settled = self.settled if answered else self.proposed
        if settled.value == Verdict.NA:
            return None
        right = same(self.pair.expected, settled.value)
        return Claim(settled.value, settled.confidence, answered, right)


@dataclass(frozen=True)
class Answered:
    """What one student answered. seconds: for all notes, loading left out.
    usage: tokens, where the engine reports them."""

    version: str
    seconds: float
    outcomes: tuple[Outcome, ...]
    usage: Usage | None = None

    @property
    def pairs(self) -> tuple[Pair, ...]:
        return tuple(outcome.pair for outcome in self.outcomes)


class EngineContractError(EvaluationError):
    """An engine that does not answer each question once, in order."""


def asked_of(folder: EvaluationFolder, subjects: Sequence[Subject]) -> tuple[AskedNote, ...]:
    """What is scored of a folder: disputed pairs are not asked."""
    return tuple(
        AskedNote(note, tuple(subject for subject in subjects if subject.id in note.expected))
        for note in folder.notes
    )


def answer_all(
    engine: StudentEngine,
    asked: Iterable[AskedNote],
    on_note: Callable[[], None] = lambda: None,
) -> Answered:
    """Every pair, notes in their order, all questions of a note at once.

    on_note: called after each note. Raises EngineContractError.
    """
    before = usage_of(engine)
    began = time.perf_counter()
    outcomes: list[Outcome] = []
    for one in asked:
        questions = tuple({q.key: q for subject in one.subjects for q in subject.asked}.values())
        answers = answer_note(engine, one.note.text, questions)
        outcomes += [_outcome(one.note, subject, answers) for subject in one.subjects]
        on_note()
    seconds = time.perf_counter() - began
    after = usage_of(engine)
    usage = None if after is None else after.since(before)
    return Answered(engine.version, seconds, tuple(outcomes), usage)


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
    proposed = subject.propose(answers)
    return Outcome(scored(note, subject, settled), settled, proposed, note, subject)


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
        patient=note.patient,
    )
