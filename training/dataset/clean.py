"""From a teacher folder to a dataset folder.

Not among the names of `training.dataset`, because `training.teacher` builds on those.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import JsonValue

from training.dataset.card import card
from training.dataset.cleaning import CleaningReport, CleaningSettings, Reason, Side
from training.dataset.consistency import Ask, find_disagreements
from training.dataset.filtering import Tally, clean_notes, narrowed, without
from training.dataset.folder import Dataset
from training.dataset.reading import DatasetError, summarize
from training.dataset.records import ItemType, TeacherNote
from training.dataset.usable import refuse_lacking, refuse_unusable
from training.dataset.writing import write_dataset
from training.notes.records import SourceNote
from training.progress import Say
from training.teacher.folder import read_manifest, read_replies
from training.teacher.reading import read_items
from training.teacher.records import RawItem


def clean(
    generated: Path,
    out: Path,
    settings: CleaningSettings,
    say: Say,
    ask: Ask | None = None,
    at_once: int = 8,
) -> CleaningReport:
    """generated: folder of `training.teacher`. out: dataset folder, replaced as a whole.

    ask: puts a question to the teacher again, `at_once` at any time; None: no consistency filter.
    Raises DatasetError: nothing usable is left, the split leaves a side empty, the disk is full;
    TeacherFolderError: `generated` cannot be read. In every case `out` stays as it was.
    """
    manifest = read_manifest(generated)
    if manifest is None:
        raise DatasetError(f"no manifest in {generated}; name a folder that the teacher wrote")
    if not manifest.complete:
        say("the teacher has not come to the end of its notes; cleaning what is there")
    tally = Tally()
    notes = list(clean_notes(_read(generated, tally), settings, tally, say))
    if ask is not None:
        notes = _consistent(notes, ask, at_once, tally, say)
    refuse_lacking(notes, settings, tally.dropped)
    notes = narrowed(notes, settings, tally)
    reports: list[CleaningReport] = []

    def describe(dataset: Dataset) -> tuple[dict[str, JsonValue], str]:
        refuse_unusable(dataset, settings, tally.dropped)
        report = _report(dataset, tally, ask is not None)
        reports.append(report)
        facts: dict[str, JsonValue] = {
            "settings": settings.model_dump(mode="json"),
            "teacher": manifest.model_dump(mode="json"),
            "cleaning": report.model_dump(mode="json"),
        }
        return facts, card(out.name, manifest, settings, report)

    split: dict[str, JsonValue] = {
        "held_out": settings.held_out,
        "test": settings.test,
        "salt": settings.salt,
        "evidence": settings.subset.evidence,
    }
    write_dataset(notes, out, split, describe)
    (report,) = reports
    say(f"{report.items_kept} of {report.items_read} items kept, of {report.notes_kept} notes")
    return report


def _read(generated: Path, tally: Tally) -> Iterator[tuple[SourceNote, list[RawItem]]]:
    for note, replies in read_replies(generated):
        items: list[RawItem] = []
        for reply in replies:
            read, unread = read_items(reply)
            items += read
            for reason, count in unread.items():
                tally.dropped[f"reply: {reason}"] += count
                tally.items += count
        yield note, items


def _consistent(
    notes: list[TeacherNote], ask: Ask, at_once: int, tally: Tally, say: Say
) -> list[TeacherNote]:
    total = sum(len(note.items) for note in notes)

    def done(count: int) -> None:
        say(f"{count} of {total} questions asked again")

    return without(notes, find_disagreements(notes, ask, at_once, done), Reason.DISAGREED, tally)


def _report(dataset: Dataset, tally: Tally, asked_again: bool) -> CleaningReport:
    sides = [_side(notes) for notes in (dataset.train, dataset.held_out, dataset.test)]
    return CleaningReport(
        notes_read=tally.notes,
        notes_kept=sum(side.notes for side in sides),
        items_read=tally.items,
        items_kept=sum(sum(side.items.values()) for side in sides),
        dropped={str(reason): count for reason, count in sorted(tally.dropped.items()) if count},
        quotes_mended=tally.quotes_mended,
        asked_again=asked_again,
        train=sides[0],
        held_out=sides[1],
        test=sides[2],
        hash=dataset.hash,
    )


def _side(notes: Iterable[TeacherNote]) -> Side:
    summary = summarize(notes)
    return Side(
        patients=summary.patients,
        notes=summary.notes,
        items={kind: summary.items[kind] for kind in ItemType},
    )
