"""What is known of a student: its version, how it came about, how it measured.

A student is a folder (`models/<name>`); `student.json` in it describes it, README.md is its card.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from shared.students.version import DESCRIPTION, StudentFolderError, student_version


class StudentDescription(BaseModel):
    """student.json.

    dataset: at least `hash` (training.dataset.dataset_hash) where the data is known.
    thresholds: per question type, as the engine reads them.
    metrics: measured on held-out training notes.
    code_version: commit or release of the code that trained it.
    Keys beyond these belong to the engine and are kept.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    format: Literal[1] = 1
    engine: str
    name: str | None = None
    created: datetime
    code_version: str | None = None
    dataset: dict[str, JsonValue]
    thresholds: dict[str, JsonValue]
    metrics: dict[str, JsonValue]


@dataclass(frozen=True)
class RegistryEntry:
    version: str
    folder: Path
    description: StudentDescription


def read_entry(folder: Path) -> RegistryEntry:
    """The entry of one student folder.

    Raises StudentFolderError: no student there, or a student.json without the keys above.
    """
    version = student_version(folder)
    file = folder / DESCRIPTION
    try:
        description = StudentDescription.model_validate_json(file.read_text(encoding="utf-8"))
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()
        )
        raise StudentFolderError(f"{file}: {faults}") from None
    return RegistryEntry(version, folder, description)


def write_description(folder: Path, description: StudentDescription) -> RegistryEntry:
    """Writes student.json beside the student's files, which fixes its version."""
    text = description.model_dump_json(indent=2) + "\n"
    (folder / DESCRIPTION).write_text(text, encoding="utf-8")
    return read_entry(folder)
