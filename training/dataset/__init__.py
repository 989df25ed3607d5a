"""Question-answer data that students are trained on: reading, checking, splitting, hashing."""

from training.dataset.check import check_notes
from training.dataset.folder import Dataset, read_dataset
from training.dataset.reading import (
    DatasetError,
    DatasetSummary,
    dataset_hash,
    read_notes,
    summarize,
)
from training.dataset.records import ItemType, TeacherItem, TeacherNote
from training.dataset.split import Split, split_notes

__all__ = [
    "Dataset",
    "DatasetError",
    "DatasetSummary",
    "ItemType",
    "Split",
    "TeacherItem",
    "TeacherNote",
    "check_notes",
    "dataset_hash",
    "read_dataset",
    "read_notes",
    "split_notes",
    "summarize",
]
