"""Questions with answers from a large model, the teacher, about notes."""

from training.teacher.errors import (
    HostRefusedError,
    TeacherError,
    TeacherFolderError,
    TeacherRefusedError,
    TeacherUnreachableError,
)
from training.teacher.folder import read_manifest, read_replies
from training.teacher.generate import generate
from training.teacher.reading import Dropped, read_items
from training.teacher.records import Failure, Manifest, NoteFailed, RawItem, Reply
from training.teacher.settings import ItemCounts, Prices, Sampling, TeacherSettings

__all__ = [
    "Dropped",
    "Failure",
    "HostRefusedError",
    "ItemCounts",
    "Manifest",
    "NoteFailed",
    "Prices",
    "RawItem",
    "Reply",
    "Sampling",
    "TeacherError",
    "TeacherFolderError",
    "TeacherRefusedError",
    "TeacherSettings",
    "TeacherUnreachableError",
    "generate",
    "read_items",
    "read_manifest",
    "read_replies",
]
