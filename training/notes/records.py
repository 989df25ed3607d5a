"""A clinical note as a source gives it, before any question is written for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from training.notes.sections import keep_sections


class NoteSourceError(ValueError):
    """A source that cannot be read; the message names file, place, cause and cure, never text."""


class SourceNote(BaseModel):
    """id: unique in its source. patient_id: what splits go by. date: ISO 8601, of the note.
    description: what the source says of the note within its type, as MIMIC-III's DESCRIPTION."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(min_length=1)
    patient_id: str = Field(min_length=1)
    text: str = Field(min_length=1)
    note_type: str | None = None
    specialty: str | None = None
    date: str | None = None
    description: str | None = None


class NoteFilter(BaseModel):
    """Which notes are kept, and what of them.

    types, descriptions: of the notes' fields of these names, whatever their case; empty: all.
    sections: the text is cut down to these headed sections (`training.notes.sections`), and a
    note with none of them is left out; empty: the whole text.
    least_words, most_words: of the text that is kept. most_notes: the first so many that are kept.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    types: tuple[str, ...] = ()
    descriptions: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    least_words: int = Field(0, ge=0)
    most_words: int | None = Field(None, ge=1)
    most_notes: int | None = Field(None, ge=1)

    def keep(self, notes: Iterable[SourceNote]) -> Iterator[SourceNote]:
        """The notes that fit, as they come: nothing is held in memory."""
        return islice(filter(None, map(self._fitted, notes)), self.most_notes)

    def _fitted(self, note: SourceNote) -> SourceNote | None:
        if not _among(note.note_type, self.types) or not _among(
            note.description, self.descriptions
        ):
            return None
        if self.sections:
            text = keep_sections(note.text, self.sections)
            if not text.strip():
                return None
            note = note.model_copy(update={"text": text})
        words = len(note.text.split())
        fits = self.least_words <= words and (self.most_words is None or words <= self.most_words)
        return note if fits else None


def note_of(place: str, fields: dict[str, str | None]) -> SourceNote:
    """The note with these fields. place: file and line, for the error.

    Raises NoteSourceError where a required field is missing or empty.
    """
    try:
        return SourceNote.model_validate(fields)
    except ValidationError as error:
        raise NoteSourceError(f"{place}: {first_fault(error)}") from None


def first_fault(error: ValidationError) -> str:
    """The first fault's field and kind; never its value."""
    fault = error.errors(include_input=False, include_url=False)[0]
    field = ".".join(map(str, fault["loc"]))
    return f"{field}: {fault['msg']}" if field else fault["msg"]


def _among(value: str | None, wanted: tuple[str, ...]) -> bool:
    return not wanted or (value or "").strip().casefold() in {
        one.strip().casefold() for one in wanted
    }
