"""The second kind of training data: one fixed list of screening questions, each asked of every
note, as a study asks them. Most answers are NA, as in service."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from training.dataset.reading import DatasetError
from training.dataset.records import ItemType, TeacherItem, TeacherNote

QUESTIONS = "questions.json"


class ScreeningQuestion(BaseModel):
    """also: the same question in other words; training draws one wording at each step."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    type: ItemType
    question: str
    also: tuple[str, ...] = ()
    unit: str | None = None


def read_screening(
    folder: Path, notes: Iterable[TeacherNote]
) -> dict[str, tuple[TeacherItem, ...]]:
    """Note id -> one item for each screening question (what is not listed is NA).

    Raises DatasetError: an unknown note or question, a note that stands twice, or a quote that
    is not in its note.
    """
    document = json.loads((folder / QUESTIONS).read_text(encoding="utf-8"))
    questions = [ScreeningQuestion.model_validate(q) for q in document["questions"]]
    known = {q.id for q in questions}
    texts = {note.id: note.text for note in notes}
    items: dict[str, tuple[TeacherItem, ...]] = {}
    for file in sorted(folder.glob("answers-*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            answers = record["answers"]
            if record["id"] not in texts or not known.issuperset(answers):
                raise DatasetError(f"{file.name}: {record['id']}: unknown note or question")
            if record["id"] in items:
                raise DatasetError(f"{file.name}: {record['id']} stands twice")
            for id, (_, quote) in answers.items():
                if quote not in texts[record["id"]]:
                    raise DatasetError(f"{file.name}: {record['id']}: {id}: quote not verbatim")
            items[record["id"]] = tuple(_item(q, *answers.get(q.id, ("NA", ""))) for q in questions)
    return items


def _item(question: ScreeningQuestion, answer: str, quote: str) -> TeacherItem:
    kind = question.type
    if answer == "NA":
        kind = ItemType.NA_NUMERIC if kind is ItemType.NUMERIC else ItemType.NA_BOOLEAN
    return TeacherItem(
        question=question.question,
        also=question.also,
        type=kind,
        answer=answer,
        unit=question.unit,
        quote=quote,
    )
