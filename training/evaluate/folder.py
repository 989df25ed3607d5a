"""An evaluation folder: notes.jsonl, questions.json and key.jsonl."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from shared.criteria.question import AnswerType
from shared.students.interface import Verdict
from training.evaluate.fault import EvaluationError
from training.evaluate.scoring import Value

NOTES, QUESTIONS, KEY = "notes.jsonl", "questions.json", "key.jsonl"


class EvaluationFolderError(EvaluationError):
    """The folder cannot be evaluated; the message names file, line and cause, never note text."""


class FolderQuestion(BaseModel):
    """A question of the folder. study: where it comes from, if from a study."""

    model_config = ConfigDict(frozen=True)

    id: str = Field(min_length=1)
    study: str | None = None
    type: AnswerType
    unit: str | None = None
    question: str = Field(min_length=1, max_length=500)


class _Note(BaseModel):
    """patient_id: intervals are over patients; without one the note stands for a patient."""

    id: str = Field(min_length=1)
    text: str
    patient_id: str | None = Field(None, validation_alias=AliasChoices("patient_id", "mrn"))


class _NoteKey(BaseModel):
    """answers: question id -> [answer, verbatim quote]; what is not listed is NA."""

    id: str
    answers: dict[str, tuple[str | float, str]]
    disputed: frozenset[str] = frozenset()


@dataclass(frozen=True)
class KeyedNote:
    """A note with the key's answer to each question that is scored on it, and its quote if any."""

    id: str
    text: str
    expected: dict[str, Value]
    patient: str | None = None
    quotes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class EvaluationFolder:
    """disputed: how many (note, question) pairs are not scored because two readers disagreed."""

    name: str
    notes: tuple[KeyedNote, ...]
    questions: tuple[FolderQuestion, ...]
    disputed: int


def read_folder(folder: Path) -> EvaluationFolder:
    """Raises EvaluationFolderError: a missing or unreadable file, an id given twice, a note
    without key or a key without note, an answer that does not fit its question."""
    questions = _read_questions(folder / QUESTIONS)
    notes = {note.id: note for note in _read_lines(folder / NOTES, _Note)}
    keys = {key.id: key for key in _read_lines(folder / KEY, _NoteKey)}
    if not notes:
        raise EvaluationFolderError(f"{folder / NOTES} holds no note")
    if strangers := sorted(keys.keys() - notes.keys()):
        raise EvaluationFolderError(f"{KEY} answers note {strangers[0]}, which is not in {NOTES}")
    if missing := sorted(notes.keys() - keys.keys()):
        raise EvaluationFolderError(
            f"{KEY} has no line for note {missing[0]}; "
            'if all of its answers are NA, add {"id": ..., "answers": {}}'
        )
    keyed = tuple(
        KeyedNote(
            note.id,
            note.text,
            _expected(keys[note.id], questions),
            note.patient_id,
            {id: quote for id, (_, quote) in keys[note.id].answers.items() if quote},
        )
        for note in notes.values()
    )
    disputed = sum(len(key.disputed) for key in keys.values())
    return EvaluationFolder(folder.resolve().name, keyed, tuple(questions.values()), disputed)


def _expected(key: _NoteKey, questions: dict[str, FolderQuestion]) -> dict[str, Value]:
    if unknown := sorted((key.answers.keys() | key.disputed) - questions.keys()):
        raise EvaluationFolderError(
            f"{KEY}, note {key.id}: question {unknown[0]!r} is not in {QUESTIONS}"
        )
    return {
        question.id: _value(key, question)
        for question in questions.values()
        if question.id not in key.disputed
    }


def _value(key: _NoteKey, question: FolderQuestion) -> Value:
    answer, _ = key.answers.get(question.id, (Verdict.NA, ""))
    if answer == Verdict.NA:
        return Verdict.NA
    if question.type is AnswerType.BOOLEAN and answer in (Verdict.YES, Verdict.NO):
        return Verdict(answer)
    if question.type is AnswerType.NUMERIC:
        try:
            if math.isfinite(number := float(answer)):
                return number
        except ValueError:
            pass
    wanted = "Yes, No or NA" if question.type is AnswerType.BOOLEAN else "a number or NA"
    raise EvaluationFolderError(
        f"{KEY}, note {key.id}: the answer to {question.id!r} must be {wanted}"
    )


def _read_questions(file: Path) -> dict[str, FolderQuestion]:
    try:
        read = TypeAdapter(list[FolderQuestion]).validate_json(_content(file))
    except ValidationError as error:
        raise EvaluationFolderError(f"{file}: {_first_fault(error)}") from None
    questions = {question.id: question for question in read}
    if len(questions) < len(read) or not read:
        raise EvaluationFolderError(f"{file}: it must list questions, each id once")
    return questions


Line = TypeVar("Line", _Note, _NoteKey)


def _read_lines(file: Path, kind: type[Line]) -> Iterator[Line]:
    seen: set[str] = set()
    for number, line in enumerate(_content(file).split("\n"), 1):
        if not line.strip():
            continue
        try:
            record = kind.model_validate_json(line)
        except ValidationError as error:
            raise EvaluationFolderError(f"{file}:{number}: {_first_fault(error)}") from None
        if record.id in seen:
            raise EvaluationFolderError(f"{file}:{number}: note {record.id} stands twice")
        seen.add(record.id)
        yield record


def _content(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise EvaluationFolderError(f"{file} is not UTF-8") from None
    except OSError as error:
        raise EvaluationFolderError(
            f"cannot read {file}: {error.strerror}; "
            f"the folder must hold {NOTES}, {QUESTIONS} and {KEY}"
        ) from None


def _first_fault(error: ValidationError) -> str:
    fault = error.errors(include_input=False, include_url=False)[0]
    place = ".".join(str(part) for part in fault["loc"])
    return f"{place}: {fault['msg']}" if place else fault["msg"]
