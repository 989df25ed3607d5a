"""The real client in front of the stand-in server, over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from training.dataset import TeacherNote, read_notes
from training.notes.records import SourceNote
from training.teacher import TeacherSettings
from training.teacher.stand_in import StandIn, stand_in

SAMPLES = Path(__file__).parents[4] / "training" / "data" / "notes"


@pytest.fixture(scope="session")
def samples() -> list[TeacherNote]:
    return read_notes(SAMPLES)[:6]


@pytest.fixture
def notes(samples: list[TeacherNote]) -> list[SourceNote]:
    """Three of the notes that the server knows."""
    return [SourceNote(id=n.id, patient_id=n.patient_id, text=n.text) for n in samples[:3]]


@pytest.fixture
def server(samples: list[TeacherNote]) -> Iterator[StandIn]:
    with stand_in(samples) as running:
        yield running


@pytest.fixture
def settings(server: StandIn) -> Callable[..., TeacherSettings]:
    """Settings for the server with hardly a pause between attempts; keywords replace them."""

    def make(**changes: Any) -> TeacherSettings:
        quick = {
            "first_pause_seconds": 0.001,
            "attempts": 3,
            "concurrency": 4,
            "timeout_seconds": 20,
        }
        place = {"base_url": server.base_url, "model": server.model}
        return TeacherSettings.model_validate(place | quick | changes)

    return make
