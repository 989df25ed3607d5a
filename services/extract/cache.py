"""Answers already given: the same student is not asked the same of the same text twice.

Identity: student version (which covers weights, thresholds and prompt), hash of the note's text,
and wording, answer type and unit of the question. Nothing else invalidates an answer.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress

from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from services.extract.tables import GivenAnswer
from shared.criteria.question import Question
from shared.database import session
from shared.events import NoteRef
from shared.students.interface import Answer

Wording = tuple[str, str, str | None]


def wording(question: Question) -> Wording:
    """What makes two questions the same to a student, whichever studies ask them."""
    return question.text, question.type.value, question.unit


def recall(
    engine: Engine, student: str, note_hash: str, questions: Sequence[Question]
) -> dict[Wording, Answer]:
    """The answers known for these questions; each with the key of the question that asks now."""
    asked = {_digest(wording(question)): question for question in questions}
    known = select(GivenAnswer).where(
        GivenAnswer.student == student,
        GivenAnswer.note_hash == note_hash,
        col(GivenAnswer.question).in_(asked),
    )
    with session(engine, read_only=True) as opened:
        rows = opened.exec(known).all()
    return {
        wording(question): Answer.model_validate_json(row.answer).model_copy(
            update={"question": question.key}
        )
        for row in rows
        for question in [asked[row.question]]
    }


def keep(engine: Engine, student: str, note: NoteRef, answers: Mapping[Wording, Answer]) -> None:
    rows = [
        GivenAnswer(
            student=student,
            note_hash=note.note_hash,
            question=_digest(words),
            answer=answer.model_dump_json(exclude_none=True),
            patient_id=note.patient_id,
        )
        for words, answer in answers.items()
    ]
    # Another worker may have kept some of them meanwhile; then they are asked once more later.
    with suppress(IntegrityError), session(engine) as opened:
        opened.add_all(rows)


def _digest(words: Wording) -> str:
    return hashlib.sha256(json.dumps(words).encode()).hexdigest()
