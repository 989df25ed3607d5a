"""Notes as JSON Lines, plain or gzip; fields may have any of their usual names."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from training.notes.lines import read_lines
from training.notes.records import NoteSourceError, SourceNote, note_of

SUFFIXES = (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz")
_NAMES: dict[str, tuple[str, ...]] = {
    "id": ("id", "noteid", "rowid", "documentid"),
    "patient_id": ("patientid", "subjectid", "personid", "patient"),
    "text": ("text", "notetext", "note", "content"),
    "note_type": ("notetype", "type", "category"),
    "specialty": ("specialty",),
    "date": ("date", "notedate", "charttime", "chartdate"),
    "description": ("description",),
}


def read_json_lines(location: Path) -> Iterator[SourceNote]:
    """The notes of a file, or of the *.jsonl files of a folder, by name; empty ones are left out.

    Names of fields count whatever their case and underscores; other fields are ignored. Where no
    line has a patient, each note is a patient of its own. Holds some 70 bytes for each note, to
    tell a repeated id. Raises NoteSourceError with the line: not a JSON object, no id or text, an
    id given twice, a patient on some lines alone (a split by patient would be a guess).
    """
    seen: set[int] = set()
    with_patient: bool | None = None
    for file in json_files(location):
        for number, line in enumerate(read_lines(file), 1):
            if not line.strip():
                continue
            place = f"{file}: line {number}"
            fields = _fields(_object(line, place), place)
            has_patient = fields["patient_id"] is not None
            if with_patient not in (None, has_patient):
                raise NoteSourceError(
                    f"{place}: some notes have a patient_id and some have none; give it to all, "
                    "for training and test data are divided by it"
                )
            with_patient = has_patient
            note_id = fields["id"]
            if hash(note_id) in seen:
                raise NoteSourceError(f"{place}: its note id stands on an earlier line too")
            seen.add(hash(note_id))
            if (fields["text"] or "").strip():
                yield note_of(place, {**fields, "patient_id": fields["patient_id"] or note_id})


def json_files(location: Path) -> list[Path]:
    """The files that are read, by name. Raises NoteSourceError if there is none."""
    if not location.is_dir():
        return [location]
    files = sorted(file for file in location.iterdir() if file.name.lower().endswith(SUFFIXES))
    if not files:
        raise NoteSourceError(f"no *.jsonl file in {location}; name the folder of the notes")
    return files


def _object(line: str, place: str) -> dict[str, Any]:
    try:
        read = json.loads(line)
    except (ValueError, RecursionError):
        raise NoteSourceError(f"{place}: not JSON; write one JSON object on each line") from None
    if not isinstance(read, dict):
        raise NoteSourceError(f"{place}: not a JSON object; write one on each line")
    return read


def _fields(record: Mapping[str, Any], place: str) -> dict[str, str | None]:
    given = {name.lower().replace("_", ""): value for name, value in record.items()}
    found = {
        field: next((given[name] for name in names if given.get(name) is not None), None)
        for field, names in _NAMES.items()
    }
    if found["id"] in (None, "") or found["text"] is None:
        field = "id" if found["id"] in (None, "") else "text"
        raise NoteSourceError(f"{place}: no {field}; name it {field} or note_{field}")
    return {field: _as_text(value, f"{place}: {field}") for field, value in found.items()}


def _as_text(value: Any, place: str) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int | None):
        raise NoteSourceError(f"{place}: neither text nor a whole number")
    return None if value is None or value == "" else str(value)
