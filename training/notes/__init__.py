"""Clinical notes from where they lie, as a stream. `open_source(location)` picks the reader."""

from training.notes.records import NoteFilter, NoteSourceError, SourceNote
from training.notes.source import NoteForm, open_source

__all__ = ["NoteFilter", "NoteForm", "NoteSourceError", "SourceNote", "open_source"]
