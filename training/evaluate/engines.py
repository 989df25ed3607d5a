"""Opens what is measured, by name."""

from __future__ import annotations

from shared.settings import Settings
from shared.students.interface import StudentEngine
from training.baselines import BASELINES


def open_engine(name: str) -> StudentEngine:
    """A student engine as the services open it, from the folder in the settings; or a baseline.

    Raises StudentFolderError, BaselineUnavailableError.
    """
    if name in BASELINES:
        return BASELINES[name]()
    from services.extract.engines import open_student

    return open_student(Settings(student=name))
