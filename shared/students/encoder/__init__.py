"""The small distilled encoder: the embedded student, run on the CPU."""

from __future__ import annotations

from pathlib import Path

from shared.students.encoder.engine import EncoderStudent
from shared.students.interface import StudentEngine

SHIPPED = Path(__file__).parents[3] / "models" / "encoder"


def load_encoder(folder: Path | None = None) -> StudentEngine:
    """The student in `folder`, or the shipped one. Raises StudentFolderError."""
    return EncoderStudent(folder or SHIPPED)
