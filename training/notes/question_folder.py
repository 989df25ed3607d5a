"""A question set in the form that `chartsift evaluate` reads: notes, questions and key."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from training.dataset.records import TeacherItem, TeacherNote
from training.evaluate.folder import KEY, NOTES, QUESTIONS
from training.notes.records import NoteSourceError


def write_question_folder(notes: Iterable[TeacherNote], folder: Path) -> None:
    """Writes notes.jsonl, questions.json and key.jsonl.

    That form asks every question of every note, as the apixaban set does; a set whose notes have
    questions of their own is scored from its TeacherNotes instead (training.evaluate.dataset).
    Raises NoteSourceError before anything is written: a question that is not asked of every note,
    or asked twice of one, or with several units; a folder that holds something.
    """
    notes = list(notes)
    questions = _questions(notes)
    ids = {item.question: f"q{number}" for number, item in enumerate(questions, 1)}
    for note in notes:
        _check_complete(note, ids)
    if folder.is_dir() and any(folder.iterdir()):
        raise NoteSourceError(f"{folder} is not empty; name a folder that does not exist yet")
    folder.mkdir(parents=True, exist_ok=True)
    asked = [
        {
            "id": ids[item.question],
            "type": item.type.answer_type.value,
            "unit": item.unit,
            "question": item.question,
        }
        for item in questions
    ]
    _write(folder / NOTES, (note.model_dump(exclude={"items"}) for note in notes))
    (folder / QUESTIONS).write_text(
        json.dumps(asked, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )
    _write(folder / KEY, ({"id": note.id, "answers": _key(note, ids)} for note in notes))


def _questions(notes: Sequence[TeacherNote]) -> list[TeacherItem]:
    """One item for each question, in the order in which they are first asked."""
    found: dict[str, TeacherItem] = {}
    for note in notes:
        for number, item in enumerate(note.items, 1):
            first = found.setdefault(item.question, item)
            if (first.type.answer_type, first.unit) != (item.type.answer_type, item.unit):
                raise NoteSourceError(
                    f"note {note.id}: its question {number} was asked before in another type or "
                    "unit; give it the same in every row"
                )
    return list(found.values())


def _check_complete(note: TeacherNote, ids: dict[str, str]) -> None:
    asked = [item.question for item in note.items]
    if len(set(asked)) < len(asked):
        raise NoteSourceError(f"note {note.id}: a question is asked of it twice")
    if len(asked) < len(ids):
        raise NoteSourceError(
            f"note {note.id} is asked {len(asked)} of {len(ids)} questions; the folder's form "
            "asks all of every note"
        )


def _key(note: TeacherNote, ids: dict[str, str]) -> dict[str, list[str]]:
    return {
        ids[item.question]: [item.answer, item.quote] for item in note.items if item.answer != "NA"
    }


def _write(file: Path, records: Iterable[dict[str, Any]]) -> None:
    with file.open("w", encoding="utf-8") as lines:
        lines.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
