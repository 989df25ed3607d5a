"""A question set: a CSV file of questions that people answered about notes of another source.

    note_id,question,type,answer            also read: unit, quote, section, difficulty, explanation

As the annotated synthetic set and the apixaban set of the method's paper are laid out: what they
ask is in the file, the notes are MIMIC's and stay where they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path

from pydantic import ValidationError

from shared.criteria.question import AnswerType
from training.dataset.records import ItemType, TeacherItem, TeacherNote
from training.notes.records import NoteSourceError, SourceNote, first_fault
from training.notes.table import read_columns, read_table

_NAMES = {
    "note_id": ("note_id", "note id", "id", "note"),
    "question": ("question",),
    "type": ("type", "question_type", "question type"),
    "answer": ("answer",),
}
_EXTRA = {
    "unit": ("unit", "units"),
    "quote": ("quote", "source", "evidence"),
    "section": ("section",),
    "difficulty": ("difficulty",),
    "explanation": ("explanation",),
}
_TYPES = {
    "boolean": AnswerType.BOOLEAN,
    "yes/no": AnswerType.BOOLEAN,
    "na-boolean": AnswerType.BOOLEAN,
    "numeric": AnswerType.NUMERIC,
    "number": AnswerType.NUMERIC,
    "na-numeric": AnswerType.NUMERIC,
}
_WORDS = {"yes": "Yes", "no": "No", "na": "NA", "n/a": "NA"}

QuestionSet = Mapping[str, tuple[TeacherItem, ...]]
"""Note id -> what is asked of the note, in the file's order."""


def read_question_set(file: Path) -> QuestionSet:
    """Raises NoteSourceError with the line: a missing column, an answer that does not fit its
    type, and what `read_table` raises.

    The type of an item follows from its answer: `numeric` answered NA is na-numeric, and
    `na-boolean` that a person corrected to Yes is boolean.
    """
    columns = read_columns(file)
    chosen = {
        field: next((name for name in names if name in columns), names[0])
        for field, names in (_NAMES | _EXTRA).items()
    }
    asked: dict[str, list[TeacherItem]] = {}
    for row in read_table(file, [chosen[field] for field in _NAMES]):
        values = {field: row.values.get(name, "").strip() for field, name in chosen.items()}
        place = f"{file}: line {row.line}"
        if not values["note_id"]:
            raise NoteSourceError(f"{place}: no note id")
        asked.setdefault(values["note_id"], []).append(_item(values, place))
    if not asked:
        raise NoteSourceError(f"{file}: no question below the header")
    return {id: tuple(items) for id, items in asked.items()}


def with_questions(notes: Iterable[SourceNote], questions: QuestionSet) -> Iterator[TeacherNote]:
    """The notes that are asked about, each with its items; the source is read as a stream, and
    no further than needed. Raises NoteSourceError at its end if a note is not in it."""
    missing = dict.fromkeys(questions)
    for note in notes:
        if note.id not in missing:
            continue
        del missing[note.id]
        yield TeacherNote(
            id=note.id,
            patient_id=note.patient_id,
            note_type=note.note_type,
            specialty=note.specialty,
            text=note.text,
            items=questions[note.id],
        )
        if not missing:
            return
    if missing:
        raise NoteSourceError(
            f"{len(missing)} notes that the question set asks about are not in the source, the "
            f"first: {next(iter(missing))}"
        )


def _item(values: Mapping[str, str], place: str) -> TeacherItem:
    kind = _TYPES.get(values["type"].casefold().replace("_", "-"))
    if kind is None:
        raise NoteSourceError(f"{place}: its type is none of {', '.join(_TYPES)}")
    item_type, answer = _answer(kind, values["answer"], place)
    optional = {name: values[name] or None for name in _EXTRA if name != "quote"}
    try:
        return TeacherItem.model_validate(
            {
                **optional,
                "question": values["question"],
                "type": item_type,
                "answer": answer,
                "quote": values["quote"],
            }
        )
    except ValidationError as error:
        raise NoteSourceError(f"{place}: {first_fault(error)}") from None


def _answer(kind: AnswerType, written: str, place: str) -> tuple[ItemType, str]:
    word = _WORDS.get(written.casefold())
    if kind is AnswerType.BOOLEAN:
        if word is None:
            raise NoteSourceError(f"{place}: its answer must be Yes, No or NA")
        return (ItemType.NA_BOOLEAN if word == "NA" else ItemType.BOOLEAN), word
    if word == "NA":
        return ItemType.NA_NUMERIC, word
    try:
        number = Decimal(written)
    except InvalidOperation:
        number = Decimal("NaN")
    # The exponent is bounded, for 1e999999 is a number of a million digits.
    if not number.is_finite() or abs(number.adjusted()) > 30:
        raise NoteSourceError(f"{place}: its answer must be a number, its unit aside, or NA")
    return ItemType.NUMERIC, format(number, "f")
