"""Reads filled-in sheets back: what people confirmed or corrected becomes an evaluation set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from pydantic import JsonValue

from shared.criteria.question import AnswerType
from shared.grounding import locate
from training.dataset.agreement import (
    Agreement,
    AnnotatorVerdict,
    Judgement,
    Place,
    count_agreement,
    disputed,
)
from training.dataset.annotate import COLUMNS, SHEET, note_files, read_sample
from training.dataset.duplicates import same_answer
from training.dataset.fitting import MisfitError, fit, read_answer
from training.dataset.folder import Dataset
from training.dataset.reading import DatasetError
from training.dataset.records import ItemType, TeacherItem, TeacherNote
from training.dataset.sheet import SheetError, read_sheet
from training.dataset.writing import write_dataset

MOST_FAULTS = 20
"""So many are named at once."""


def read_annotated(
    folder: Path, out: Path, sheets: Sequence[Path] = (), name: str | None = None
) -> Agreement:
    """Writes the evaluation set into the dataset folder `out`, all of it held out.

    folder: as exported. sheets: the filled-in sheet of each annotator; none: the folder's own.
    Raises DatasetError, with all faults that the sheets have, or if nothing is left; `out` then
    stays as it was.
    """
    places = read_sample(folder)
    judged: dict[str, list[Judgement]] = {row: [] for row in places}
    for sheet in sheets or [folder / SHEET]:
        for row, judgement in read_judgements(sheet, places).items():
            judged[row].append(judgement)
    settled = {row: of_row[0] for row, of_row in judged.items() if of_row and not disputed(of_row)}
    agreement = count_agreement(places, judged, settled)
    notes = _notes(places, settled)
    if not notes:
        raise DatasetError(f"no item was confirmed or corrected in the sheets of {folder}")

    def describe(dataset: Dataset) -> tuple[Mapping[str, JsonValue], str]:
        facts: dict[str, JsonValue] = {
            "agreement": agreement.model_dump(mode="json"),
            "hash": dataset.hash,
        }
        return facts, _card(name or out.name, agreement, dataset)

    split: dict[str, JsonValue] = {"held_out": 1.0, "salt": "", "evidence": True, "annotated": True}
    write_dataset(notes, out, split, describe)
    return agreement


def read_judgements(sheet: Path, places: Mapping[str, Place]) -> dict[str, Judgement]:
    """Row -> judgement, of the rows with a verdict. Raises DatasetError naming every fault."""
    try:
        lines = read_sheet(sheet.read_bytes(), COLUMNS)
    except OSError as error:
        raise DatasetError(f"{sheet}: {error.strerror}") from None
    except SheetError as error:
        raise DatasetError(f"{sheet}: {error}") from None
    files = note_files(note.id for note, _ in places.values())
    found: dict[str, Judgement] = {}
    faults: list[str] = []
    for line, cells in lines:
        row = cells["row"].strip()
        if not cells["verdict"].strip():
            continue
        try:
            if row not in places:
                raise MisfitError("no such row in the sample")
            if row in found:
                raise MisfitError("this row has a verdict already")
            if cells["note"].strip() != files[places[row][0].id]:
                raise MisfitError("another note than this row's; was a column sorted alone?")
            found[row] = judge(cells, *places[row])
        except MisfitError as error:
            faults.append(f"line {line}, row {row[:10]}: {error}")
    if faults:
        more = f"\nand {len(faults) - MOST_FAULTS} more" if len(faults) > MOST_FAULTS else ""
        raise DatasetError(f"{sheet}:\n" + "\n".join(faults[:MOST_FAULTS]) + more)
    return found


def judge(cells: Mapping[str, str], note: TeacherNote, item: TeacherItem) -> Judgement:
    """Raises MisfitError: an unknown verdict, an answer that fits no type, a quote that is not in
    the note, or a confirmed row that was changed."""
    try:
        verdict = AnnotatorVerdict(cells["verdict"].strip().casefold())
    except ValueError:
        raise MisfitError("verdict is neither confirmed, corrected nor rejected") from None
    if verdict is AnnotatorVerdict.REJECTED:
        return Judgement(verdict, item)
    answer, _ = read_answer(cells["answer"], item.type.answer_type, item.unit)
    kind = _type_of(answer, item.type)
    quote = "" if answer == "NA" else cells["quote"]
    changed = fit({**cells, "quote": quote}, kind)
    if answer != "NA":
        span = locate(note.text, changed.quote)
        if span is None:
            raise MisfitError("quote is not in the note" if changed.quote else "no quote")
        changed = changed.model_copy(update={"quote": span.of(note.text)})
    if verdict is AnnotatorVerdict.CONFIRMED:
        if not _same(changed, item):
            raise MisfitError("verdict is confirmed, but the row was changed; write corrected")
        return Judgement(verdict, item)
    # Spaces alone are the program's doing.
    kept = {
        name: old
        for name, old in (("quote", item.quote), ("question", item.question))
        if old.split() == getattr(changed, name).split()
    }
    written = ("question", "type", "answer", "unit", "quote", "explanation")
    return Judgement(
        verdict, item.model_copy(update={name: getattr(changed, name) for name in written} | kept)
    )


def _notes(places: Mapping[str, Place], settled: Mapping[str, Judgement]) -> list[TeacherNote]:
    items: dict[str, list[TeacherItem]] = {}
    notes: dict[str, TeacherNote] = {}
    for row, judgement in sorted(settled.items()):
        if judgement.verdict is not AnnotatorVerdict.REJECTED:
            note = places[row][0]
            notes[note.id] = note
            items.setdefault(note.id, []).append(judgement.item)
    return [note.model_copy(update={"items": tuple(items[id])}) for id, note in notes.items()]


def _type_of(answer: str, was: ItemType) -> ItemType:
    """A correction to or from NA changes the type, never what kind of answer is asked for."""
    if was in (ItemType.BOOLEAN, ItemType.NA_BOOLEAN):
        return ItemType.NA_BOOLEAN if answer == "NA" else ItemType.BOOLEAN
    return ItemType.NA_NUMERIC if answer == "NA" else ItemType.NUMERIC


def _same(one: TeacherItem, other: TeacherItem) -> bool:
    numeric = one.type.answer_type is AnswerType.NUMERIC
    return (
        same_answer(one, other)
        and (not numeric or one.unit == other.unit)
        and one.quote.split() == other.quote.split()
        and one.question.split() == other.question.split()
    )


def _card(name: str, agreement: Agreement, dataset: Dataset) -> str:
    rows: Iterable[str] = (
        f"| {kind.value} | {of.judged} | {of.confirmed} | {of.corrected} | {of.rejected} "
        f"| {of.agreed} |"
        for kind, of in agreement.types.items()
    )
    return "\n".join(
        [
            f"# {name}",
            "",
            "Evaluation set: items of a teacher model that people have confirmed or corrected.",
            "Not for training; `dataset.json` holds all of it out.",
            "",
            "**Protected health information.** The notes stand here in full; keep it as you keep",
            "them, and share it only as their terms allow.",
            "",
            "| teacher's type | judged | confirmed | corrected | rejected | same answer |",
            "|---|---:|---:|---:|---:|---:|",
            *rows,
            "",
            f"{agreement.open} items were left open, {agreement.disputed} disputed between "
            "annotators and left out.",
            "",
            f"Hash: `{dataset.hash}`",
            "",
        ]
    )
