import pytest

from shared.students.encoder.numbers import candidates
from shared.students.encoder.plausible import plausible

SYSTOLIC = "What is the most recent systolic blood pressure, in mmHg?"
DIASTOLIC = "What is the most recent diastolic blood pressure, in mmHg?"


def possible(text: str, unit: str, question: str = "") -> list[float]:
    return [c.value for c in candidates(text) if plausible(c, text, unit, question)]


@pytest.mark.parametrize(("question", "expected"), [(SYSTOLIC, [140, 118]), (DIASTOLIC, [82, 70])])
def test_a_blood_pressure_has_two_sides(question, expected):
    assert possible("BP 140/82, HR 96, then 118 / 70", "mm[Hg]", question) == expected


@pytest.mark.parametrize("text", ["strength 5/5", "on 10/12/2024", "pulse 96", "20/40 vision"])
def test_what_is_no_blood_pressure_is_none(text):
    assert possible(text, "mm[Hg]", SYSTOLIC) == []


def test_a_percentage_answers_only_questions_in_percent():
    text = "EF 62%, hemoglobin 11.8"
    assert possible(text, "g/dL") == [11.8]
    assert possible(text, "%") == [62, 11.8]
