"""What can be evaluated: an evaluation folder, a dataset folder, or the patients of n2c2."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from shared.criteria.study import Study, load_study
from training.dataset.folder import read_dataset
from training.evaluate.answering import AskedNote, asked_of
from training.evaluate.dataset import as_asked
from training.evaluate.folder import KEY, QUESTIONS, read_folder
from training.evaluate.subjects import subjects
from training.notes.n2c2 import SUFFIX

STUDIES = Path(__file__).parents[2] / "studies"


class Form(StrEnum):
    """FOLDER: notes.jsonl, questions.json, key.jsonl. DATASET: notes/*.jsonl with their items, of
    which the test patients are scored or, where it has none, the held-out ones. COHORT: the XML
    files of n2c2 2018 track 1."""

    FOLDER = "folder"
    DATASET = "dataset"
    COHORT = "cohort"


@dataclass(frozen=True)
class Asked:
    """disputed: pairs that are not scored because two readers disagreed."""

    name: str
    notes: tuple[AskedNote, ...]
    disputed: int = 0


def form_of(location: Path) -> Form:
    """By the files there; what is none of the others is taken for an evaluation folder."""
    if location.suffix.lower() == SUFFIX:
        return Form.COHORT
    if (location / KEY).exists() or (location / QUESTIONS).exists():
        return Form.FOLDER
    if any((location / "notes").glob("*.jsonl")):
        return Form.DATASET
    return Form.COHORT if any(location.rglob(f"*{SUFFIX}")) else Form.FOLDER


def read_asked(location: Path, form: Form) -> Asked:
    """form: FOLDER or DATASET. Raises EvaluationFolderError, DatasetError, NothingToScoreError."""
    if form is Form.DATASET:
        dataset = read_dataset(location)
        notes, which = (dataset.test, "test") if dataset.test else (dataset.held_out, "held out")
        return Asked(f"{location.resolve().name} ({which})", as_asked(notes))
    folder = read_folder(location)
    asked = asked_of(folder, subjects(folder.questions, shipped_studies()))
    return Asked(folder.name, asked, folder.disputed)


def shipped_studies() -> tuple[Study, ...]:
    """The studies that ChartSift ships, by file name."""
    return tuple(load_study(file) for file in sorted(STUDIES.glob("*.yaml")))
