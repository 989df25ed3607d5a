"""Notes written for these tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from training.dataset import TeacherNote


@pytest.fixture
def teacher_note() -> Callable[..., TeacherNote]:
    """Makes a note that passes every check; keywords replace its fields."""

    def make(**changes: Any) -> TeacherNote:
        text = "Platelets 187. She smokes. No asthma. " + "Nothing else to report. " * 80
        shared = {"difficulty": 1, "section": "", "explanation": ""}
        yes = {"question": "Smoker?", "type": "boolean", "answer": "Yes", "quote": "She smokes"}
        no = {"question": "Asthma?", "type": "boolean", "answer": "No", "quote": "No asthma"}
        number = {
            "question": "Platelets?",
            "type": "numeric",
            "answer": "187",
            "unit": "10*3/uL",
            "quote": "Platelets 187",
        }
        unknown = {"question": "Pregnant?", "type": "na-boolean", "answer": "NA"}
        no_number = {"question": "Weight?", "type": "na-numeric", "answer": "NA", "unit": "kg"}
        items = [yes] * 6 + [no] * 6 + [number] * 7 + [unknown] * 5 + [no_number] * 5
        note = {"id": "T-1", "text": text, "items": [shared | item for item in items]}
        return TeacherNote.model_validate(note | changes)

    return make
