"""Which items stay, judged by item, by note and over all notes; every item that goes is counted."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from training.dataset.cleaning import CleaningSettings, Reason
from training.dataset.duplicates import find_duplicates
from training.dataset.evidence import with_real_quote
from training.dataset.fitting import MisfitError, fit
from training.dataset.reading import DatasetError
from training.dataset.records import TeacherItem, TeacherNote
from training.dataset.subsets import choose, difficult_enough, without_evidence
from training.notes.records import SourceNote
from training.progress import Say
from training.teacher.records import RawItem

_SAY_EVERY = 500


@dataclass
class Tally:
    """What was read and dropped so far."""

    notes: int = 0
    items: int = 0
    quotes_mended: int = 0
    dropped: Counter[str] = field(default_factory=Counter)


def clean_notes(
    asked: Iterable[tuple[SourceNote, list[RawItem]]],
    settings: CleaningSettings,
    tally: Tally,
    say: Say,
) -> Iterator[TeacherNote]:
    """Everything that can be judged note by note. Notes without an item left are left out."""
    texts: set[bytes] = set()
    ids: set[str] = set()
    for source, raw in asked:
        tally.notes += 1
        tally.items += len(raw)
        if tally.notes % _SAY_EVERY == 0:
            say(f"{tally.notes} notes cleaned")
        if source.id in ids:
            raise DatasetError(f"note {source.id} stands twice in the teacher folder")
        ids.add(source.id)
        digest = hashlib.sha256(" ".join(source.text.split()).encode("utf-8", "replace")).digest()
        if digest in texts:  # of another patient, it would stand on both sides of the split
            tally.dropped[Reason.NOTE_REPEATED] += len(raw)
            continue
        texts.add(digest)
        if items := clean_items(raw, source.text, settings, tally):
            yield TeacherNote(
                id=source.id,
                patient_id=source.patient_id,
                note_type=source.note_type,
                specialty=source.specialty,
                text=source.text,
                items=tuple(items),
            )


def clean_items(
    raw: Iterable[RawItem], text: str, settings: CleaningSettings, tally: Tally
) -> list[TeacherItem]:
    """The items of one note that stay, in their order."""
    sound: list[TeacherItem] = []
    for one in raw:
        try:
            item = fit(one.model_dump(), one.type)
        except MisfitError:
            tally.dropped[Reason.MISFIT] += 1
            continue
        settled = with_real_quote(item, text, settings)
        if isinstance(settled, Reason):
            tally.dropped[settled] += 1
            continue
        tally.quotes_mended += settled.quote != item.quote
        sound.append(settled)
    gone = find_duplicates(sound, settings.similar)
    for at, item in enumerate(sound):
        if at in gone:
            continue
        if not difficult_enough(item, settings.least_difficulty):
            gone[at] = Reason.DIFFICULTY
        elif item.type not in settings.subset.types:
            gone[at] = Reason.NOT_IN_SUBSET
    tally.dropped.update(gone.values())
    return [item for at, item in enumerate(sound) if at not in gone]


def narrowed(
    notes: list[TeacherNote], settings: CleaningSettings, tally: Tally
) -> list[TeacherNote]:
    """Balanced, cut to the number wanted, and without evidence if that is the subset."""
    stay = choose(
        notes, settings.subset.types, settings.seed, settings.balanced, settings.most_items
    )
    gone = {
        (note.id, at)
        for note in notes
        for at in range(len(note.items))
        if (note.id, at) not in stay
    }
    notes = without(notes, gone, Reason.SURPLUS, tally)
    if settings.subset.evidence:
        return notes
    return [
        note.model_copy(update={"items": tuple(map(without_evidence, note.items))})
        for note in notes
    ]


def without(
    notes: list[TeacherNote], gone: set[tuple[str, int]], reason: Reason, tally: Tally
) -> list[TeacherNote]:
    tally.dropped[reason] += len(gone)
    left = [
        note.model_copy(
            update={
                "items": tuple(i for at, i in enumerate(note.items) if (note.id, at) not in gone)
            }
        )
        for note in notes
    ]
    return [note for note in left if note.items]
