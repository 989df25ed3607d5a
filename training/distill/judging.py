"""What both students are judged on: notes that neither they nor their thresholds have seen."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from training.dataset import Dataset, DatasetError
from training.evaluate.answering import AskedNote
from training.evaluate.dataset import as_asked
from training.evaluate.forms import Asked, form_of, read_asked


def read_judging(folder: Path | None, dataset: Dataset) -> Asked:
    """folder: an evaluation folder (`chartsift evaluate`), or an annotated dataset; None: the
    dataset's test patients.

    Raises EvaluationError, DatasetError: nothing to judge on, or on patients of the training.
    """
    if folder is None:
        if not dataset.test:
            raise DatasetError(
                "this run has nothing to judge students on: set evaluation.folder, or a share of "
                "test patients in the dataset (cleaning.test)"
            )
        return Asked("test patients", as_asked(dataset.test))
    asked = read_asked(folder, form_of(folder))
    known = {note.patient_id for note in (*dataset.train, *dataset.held_out)}
    if shared := {one.note.patient or one.note.id for one in asked.notes} & known:
        raise DatasetError(
            f"{len(shared)} patients of {folder} are also in the training data (the first is "
            f"{min(shared)}); judge on others, or leave them out of the training notes"
        )
    return asked


def hash_of(notes: Sequence[AskedNote]) -> str:
    """sha256 (hex) over the texts and the key."""
    digest = hashlib.sha256()
    for one in notes:
        expected = sorted((key, str(value)) for key, value in one.note.expected.items())
        digest.update(repr((one.note.id, one.note.text, expected)).encode())
    return digest.hexdigest()
