"""A sample of items for people to check, and what they made of it as an evaluation set.

The folder given to an annotator:
items.csv       a row for each item, to be filled in; see COLUMNS
notes/*.txt     the notes, named in the column `note`
sample.jsonl    the same as the teacher wrote it; what the sheet is read back against
README.md       what to do
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from training.dataset.folder import Dataset
from training.dataset.reading import DatasetError, read_notes
from training.dataset.records import ItemType, TeacherItem, TeacherNote
from training.dataset.sheet import write_sheet
from training.dataset.subsets import Place, draw_order
from training.dataset.whole_folder import whole_folder

SHEET, SAMPLE = "items.csv", "sample.jsonl"
COLUMNS = ("row", "note", "type", "question", "answer", "unit", "quote", "explanation", "verdict")
"""row: which item it is. type: not read back, the answer decides it. verdict: left to people."""

_INSTRUCTIONS = """\
# Items to check

Each row of items.csv is a question on one note (column `note`: a file in notes/), with the answer
of a teacher model. Read the note, then write into the column `verdict`:

- `confirmed`: question, answer and quote are right. Change nothing.
- `corrected`: you have put question, answer, unit, quote or explanation right in the row.
- `rejected`: the question makes no sense or has no one answer.

answer: Yes or No, a number without its unit, or NA if the note does not tell.
quote: what proves the answer, copied from the note in one piece; empty for NA.
Rows without a verdict are left out. Keep the first line and the column `row`; rows may be sorted.
The notes are patient text unless they are known to be de-identified or invented.
"""


def sample(notes: Sequence[TeacherNote], count: int, seed: int = 0) -> list[TeacherNote]:
    """Up to `count` items, as many of each type as there are, on their notes.

    Where a type has too few, the others fill up. A smaller sample with the same seed is part of
    a larger one.
    """
    queues: dict[ItemType, list[Place]] = {kind: [] for kind in ItemType}
    for note in notes:
        for at, item in enumerate(note.items):
            queues[item.type].append((note.id, at))
    texts = {(note.id, at): i.question for note in notes for at, i in enumerate(note.items)}
    for queue in queues.values():
        queue.sort(key=lambda place: draw_order(seed, place[0], texts[place]), reverse=True)
    taken: set[Place] = set()
    while len(taken) < count and any(queues.values()):
        for queue in queues.values():
            if queue and len(taken) < count:
                taken.add(queue.pop())
    kept = (
        note.model_copy(
            update={"items": tuple(i for at, i in enumerate(note.items) if (note.id, at) in taken)}
        )
        for note in notes
    )
    return sorted((note for note in kept if note.items), key=lambda note: note.id)


def export_sample(dataset: Dataset, count: int, out: Path, seed: int = 0) -> int:
    """Writes the folder for an annotator; returns the number of items in it.

    Drawn from the test notes or, where there are none, those held out: what a student was trained
    on does not measure it.
    Raises DatasetError: no such notes, a dataset without quotes, or the disk gave out;
    FileExistsError: `out` is something else, or a sheet that may have been filled in.
    """
    if not dataset.evidence:
        raise DatasetError("this dataset has no quotes to check; export from one with evidence")
    chosen = sample(dataset.test or dataset.held_out, count, seed)
    if not chosen:
        raise DatasetError("no item to draw from; only test or held-out notes are annotated")
    if (out / SHEET).exists():
        raise FileExistsError(f"{out} holds a sheet already, perhaps filled in; name another")
    try:
        with whole_folder(out, SAMPLE) as folder:
            (folder / "notes").mkdir()
            files = note_files(note.id for note in chosen)
            for note in chosen:
                (folder / "notes" / files[note.id]).write_bytes(note.text.encode())
            lines = "".join(note.model_dump_json() + "\n" for note in chosen)
            (folder / SAMPLE).write_text(lines, encoding="utf-8")
            (folder / SHEET).write_bytes(write_sheet(COLUMNS, _rows(chosen)))
            (folder / "README.md").write_text(_INSTRUCTIONS, encoding="utf-8")
    except FileExistsError:
        raise
    except OSError as error:
        raise DatasetError(
            f"{out}: cannot be written ({error.strerror}); nothing changed"
        ) from None
    return sum(len(note.items) for note in chosen)


def read_sample(folder: Path) -> dict[str, tuple[TeacherNote, TeacherItem]]:
    """Row of the sheet -> note and item as the teacher wrote them. Raises DatasetError."""
    if not (folder / SAMPLE).is_file():
        raise DatasetError(f"no {SAMPLE} in {folder}; keep the folder as it was exported")
    return dict(numbered(read_notes(folder)))


def numbered(
    notes: Iterable[TeacherNote],
) -> Iterable[tuple[str, tuple[TeacherNote, TeacherItem]]]:
    """Rows have letters in their names: programs turn long numbers into other numbers."""
    pairs = ((note, item) for note in notes for item in note.items)
    return ((f"q{at:05}", pair) for at, pair in enumerate(pairs, 1))


def _rows(notes: Sequence[TeacherNote]) -> Iterable[dict[str, str]]:
    files = note_files(note.id for note in notes)
    for row, (note, item) in numbered(notes):
        yield {
            "row": row,
            "note": files[note.id],
            "type": item.type.value,
            "question": item.question,
            "answer": item.answer,
            "unit": item.unit or "",
            "quote": item.quote,
            "explanation": item.explanation or "",
            "verdict": "",
        }


def note_files(ids: Iterable[str]) -> dict[str, str]:
    """Note id -> name of its file, which is not the id, for that may hold anything.

    ids: of all notes of the sample, in order; repeated ones count once.
    """
    return {id: f"note-{at:05}.txt" for at, id in enumerate(dict.fromkeys(ids), 1)}
