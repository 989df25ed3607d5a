"""Opens what is measured, by name."""

from __future__ import annotations

from shared.settings import Settings
from shared.students.interface import StudentEngine
from training.baselines import BASELINES, BaselineUnavailableError


class EngineNotOpenedError(ValueError):
    """No such engine, or what it needs is missing; the message names the cure."""


def open_engine(name: str) -> StudentEngine:
    """A baseline, or a student engine as the services open it, from the folder in the settings.

    Raises EngineNotOpenedError.
    """
    from services.extract.engines import open_student

    try:
        return BASELINES[name]() if name in BASELINES else open_student(Settings(student=name))
    except (ValueError, BaselineUnavailableError) as error:
        raise EngineNotOpenedError(str(error)) from error
