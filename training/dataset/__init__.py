"""Question-answer data that students are trained on: reading, checking, splitting, hashing."""

from training.dataset.check import check_notes
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
    "DatasetError",
    "DatasetSummary",
    "ItemType",
    "Split",
    "TeacherItem",
    "TeacherNote",
    "check_notes",
    "dataset_hash",
    "read_notes",
    "split_notes",
    "summarize",
]
