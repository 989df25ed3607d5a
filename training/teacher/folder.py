"""The folder of a run, read back note by note without holding its texts in memory.

notes.jsonl       SourceNote a line, written before the first request for the note
replies.jsonl     Reply a line; a (note, kind) that stands here is never asked for again
failures.jsonl    Failure a line; the last of a (note, kind) without reply counts
manifest.json     Manifest; replaced as a whole
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from training.dataset.records import ItemType
from training.notes.records import SourceNote
from training.teacher.errors import TeacherFolderError
from training.teacher.lines import parse, read_lines
from training.teacher.records import Manifest, Reply

NOTES, REPLIES, FAILURES = "notes.jsonl", "replies.jsonl", "failures.jsonl"
MANIFEST = "manifest.json"


def read_manifest(folder: Path) -> Manifest | None:
    """None: nothing was begun there. Raises TeacherFolderError: it cannot be read."""
    file = folder / MANIFEST
    try:
        return Manifest.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        cause = error.strerror if isinstance(error, OSError) else "it is no manifest of a teacher"
        raise TeacherFolderError(
            f"teacher: cannot read {file}: {cause}. Begin in a new folder"
        ) from None


def read_replies(folder: Path) -> Iterator[tuple[SourceNote, list[Reply]]]:
    """Each note as it was asked, with its replies in the order of the kinds; an empty list where
    nothing was replied. A folder that is being written to can be read.

    Raises TeacherFolderError: no notes there, or a line that cannot be read.
    """
    if not (folder / NOTES).is_file():
        raise TeacherFolderError(
            f"teacher: no {NOTES} in {folder}; name a folder that the teacher has written"
        )
    places: dict[str, list[int]] = {}
    for place, reply in read_lines(folder / REPLIES, Reply):
        places.setdefault(reply.note_id, []).append(place)
    for _, note in read_lines(folder / NOTES, SourceNote):
        yield note, _at(folder / REPLIES, places.get(note.id, []))


def _at(file: Path, places: list[int]) -> list[Reply]:
    if not places:
        return []
    with file.open("rb") as lines:
        replies: dict[ItemType, Reply] = {}
        for place in places:
            lines.seek(place)
            reply = parse(lines.readline(), Reply, file.name)
            replies.setdefault(reply.kind, reply)
    return [replies[kind] for kind in ItemType if kind in replies]
