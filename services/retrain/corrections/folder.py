"""The corrections of one run in its folder, and the run's configuration with them.

corrections/training/     dataset folder that joins the run's own dataset
corrections/evaluation/   annotated dataset folder that both students are judged on
corrections/report.json   what was found and what was left out; once it is there, it is done

Reviewers look most at what the student in service got wrong, so that corrections alone flatter a
new one: an annotated dataset that the run names under `evaluation` is judged on together with them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, JsonValue

from services.retrain.config import CorrectionSettings
from services.retrain.corrections.collect import Collected
from services.retrain.corrections.omitted import Omitted
from services.retrain.corrections.sides import Rule, divide
from training.dataset import Dataset, TeacherNote, read_dataset
from training.dataset.folder import DATASET as SPLIT_FILE
from training.dataset.folder import DatasetSplit
from training.dataset.writing import write_dataset
from training.distill.config import EvaluationPart, RunConfig

REPORT = "report.json"
KEY = "key.jsonl"  # of an evaluation folder, which is no dataset


class Report(BaseModel):
    """Items. omitted: reason -> Observations. judged: whether the evaluation items are used."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    training: int
    training_patients: int
    evaluation: int
    evaluation_patients: int
    unquoted: int
    omitted: dict[str, int]
    judged: bool

    def lines(self) -> list[str]:
        """For a person to read."""
        left_out = [f"{count} left out: {reason}" for reason, count in self.omitted.items()]
        use = "" if self.judged or not self.evaluation else "; too few to judge students on"
        return [
            f"corrections: {self.training} items of {self.training_patients} patients to train on,"
            f" {self.evaluation} of {self.evaluation_patients} to judge on{use}",
            f"corrections: {self.unquoted} answers without a quote that is in the note",
            *(f"corrections: {line}" for line in left_out),
        ]


def rule_for(run: RunConfig, settings: CorrectionSettings) -> Rule:
    """Raises DatasetError: a dataset that the run names cannot be read."""
    judged = _patients(_annotated(run.evaluation.folder))
    if run.dataset is None:
        cleaning = run.cleaning
        test = cleaning.test or settings.evaluation_share
        return Rule(cleaning.held_out, test, cleaning.salt, judged=judged)
    dataset, split = read_dataset(run.dataset), _split(run.dataset)
    return Rule(
        split.held_out,
        split.test or min(settings.evaluation_share, 1 - split.held_out),
        split.salt,
        trained=_patients((*dataset.train, *dataset.held_out)),
        judged=judged | _patients(dataset.test),
    )


def write_corrections(
    folder: Path, found: Collected, rule: Rule, run: RunConfig, settings: CorrectionSettings
) -> Report:
    """Replaces what is there. Raises DatasetError."""
    divided = divide(found.notes, rule)
    evaluation = _joined(_annotated(run.evaluation.folder), divided.evaluation)
    items = _items(divided.evaluation)
    judged = items >= settings.least_evaluation_items and not _is_key_folder(run.evaluation.folder)
    if divided.training:
        _write(
            divided.training,
            folder / "training",
            {"held_out": rule.held_out, "salt": rule.salt},
            "Answers that reviewers confirmed, corrected or added, to train on.",
        )
    if divided.evaluation and judged:
        _write(
            evaluation,
            folder / "evaluation",
            {"held_out": 1.0, "annotated": True},
            "Answers that reviewers confirmed, corrected or added, to judge students on; "
            "nothing is trained on them.",
        )
    omitted = dict(found.omitted)
    if refused := _items(divided.refused):
        omitted[Omitted.BOTH_SIDES] = refused
    report = Report(
        training=_items(divided.training),
        training_patients=len(_patients(divided.training)),
        evaluation=items,
        evaluation_patients=len(_patients(divided.evaluation)),
        unquoted=found.unquoted,
        omitted={str(why): count for why, count in sorted(omitted.items())},
        judged=bool(divided.evaluation) and judged,
    )
    folder.mkdir(parents=True, exist_ok=True)
    scratch = folder / f"{REPORT}.partial"
    scratch.write_text(report.model_dump_json(indent=2) + "\n", encoding="utf-8")
    scratch.replace(folder / REPORT)
    return report


def read_report(folder: Path) -> Report | None:
    """None: the corrections have not been read, or not to the end."""
    file = folder / REPORT
    return Report.model_validate_json(file.read_text("utf-8")) if file.is_file() else None


def with_corrections(run: RunConfig, folder: Path, rule: Rule, report: Report) -> RunConfig:
    """The run with what `write_corrections` wrote; the test patients of a dataset that it makes
    itself are those whom corrections judge on."""
    changes: dict[str, object] = {}
    if report.training:
        changes["corrections"] = folder / "training"
    if report.judged:
        changes["evaluation"] = EvaluationPart(folder=folder / "evaluation")
    if run.dataset is None:
        changes["cleaning"] = run.cleaning.model_copy(update={"test": rule.test})
    return run.model_copy(update=changes)


def _write(
    notes: Sequence[TeacherNote], out: Path, split: Mapping[str, JsonValue], about: str
) -> None:
    def describe(dataset: Dataset) -> tuple[Mapping[str, JsonValue], str]:
        card = (
            f"# Reviewers' corrections\n\n{about}\n\n**Protected health information.** The notes "
            f"stand here in full.\n\nHash: `{dataset.hash}`\n"
        )
        return {"hash": dataset.hash, "source": "reviewers' corrections"}, card

    write_dataset(notes, out, split, describe)


def _joined(
    annotated: Sequence[TeacherNote], corrected: Sequence[TeacherNote]
) -> list[TeacherNote]:
    """Two notes of one id with different texts stand apart."""
    notes = {note.id: note for note in annotated}
    for note in corrected:
        other = notes.get(note.id)
        if other is None:
            notes[note.id] = note
        elif other.text == note.text:
            notes[note.id] = other.model_copy(update={"items": (*other.items, *note.items)})
        else:
            id = f"{note.id}/corrected"
            notes[id] = note.model_copy(update={"id": id})
    return [notes[id] for id in sorted(notes)]


def _annotated(folder: Path | None) -> tuple[TeacherNote, ...]:
    if folder is None or _is_key_folder(folder):
        return ()
    dataset = read_dataset(folder)
    return (*dataset.train, *dataset.held_out, *dataset.test)


def _is_key_folder(folder: Path | None) -> bool:
    return folder is not None and (folder / KEY).is_file()


def _split(folder: Path) -> DatasetSplit:
    file = folder / SPLIT_FILE
    return (
        DatasetSplit.model_validate_json(file.read_text("utf-8"))
        if file.is_file()
        else (DatasetSplit())
    )


def _patients(notes: Sequence[TeacherNote]) -> frozenset[str]:
    return frozenset(note.patient_id for note in notes)


def _items(notes: Sequence[TeacherNote]) -> int:
    return sum(len(note.items) for note in notes)
