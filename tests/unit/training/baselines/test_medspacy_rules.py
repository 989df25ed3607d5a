"""Keywords and negation on notes."""

from __future__ import annotations

from typing import Any

import pytest

from shared.criteria.question import Question
from shared.students.interface import Answer, Verdict
from training.baselines import open_medspacy_rules
from training.baselines.medspacy_rules import MedspacyRules

NOTE = """HISTORY OF PRESENT ILLNESS:
Mr. Doe is a 67-year-old man with atrial fibrillation. He denies chest pain.
There is no evidence of stroke. He takes aspirin and Plavix.

FAMILY HISTORY:
Mother had diabetes.

LABS:
Creatinine 1.8 on arrival. Creatinine 1.1 at discharge. BP 142/78. Platelets 187,000.

PLAN:
Return if there is any fever.
"""


@pytest.fixture(scope="module")
def rules() -> MedspacyRules:
    opened = open_medspacy_rules()
    assert isinstance(opened, MedspacyRules)
    return opened


def asked(rules: MedspacyRules, text: str, unit: str | None = None, note: str = NOTE) -> Answer:
    fields: dict[str, Any] = {"study": "s", "id": "q", "text": text, "unit": unit}
    question = Question(type="boolean" if unit is None else "numeric", **fields)
    (answer,) = rules.answer(note, [question])
    return answer


@pytest.mark.parametrize(
    ("question", "verdict"),
    [
        ("Does the patient have atrial fibrillation?", Verdict.YES),
        ("Does the patient have AF?", Verdict.YES),
        ("Has the patient ever had a stroke?", Verdict.NO),
        ("Does the patient have chest pain?", Verdict.NO),
        ("Does the patient have diabetes?", Verdict.NA),
        ("Has the patient's mother had diabetes?", Verdict.YES),
        ("Is the patient taking both aspirin and a P2Y12 inhibitor?", Verdict.YES),
        ("Is the patient taking both aspirin and warfarin?", Verdict.NA),
        ("Is the patient allergic to aspirin?", Verdict.NA),
        ("Does the patient have gout?", Verdict.NA),
    ],
)
def test_a_yes_no_question_is_answered_by_what_is_asserted_or_denied(
    rules: MedspacyRules, question: str, verdict: Verdict
) -> None:
    assert asked(rules, question).verdict == verdict


@pytest.mark.parametrize(
    ("question", "unit", "number"),
    [
        ("How old is the patient, in years?", "a", 67.0),
        ("What is the most recent serum creatinine, in mg/dL?", "mg/dL", 1.1),
        ("What was the creatinine at admission?", "mg/dL", 1.8),
        ("What is the highest creatinine?", "mg/dL", 1.8),
        ("What is the systolic blood pressure?", "mm[Hg]", 142.0),
        ("What is the diastolic blood pressure?", "mm[Hg]", 78.0),
        ("What is the platelet count, in thousands per microliter?", "10*3/uL", 187.0),
        ("What is the hemoglobin?", "g/dL", None),
    ],
)
def test_a_number_is_the_one_that_the_question_chooses(
    rules: MedspacyRules, question: str, unit: str, number: float | None
) -> None:
    assert asked(rules, question, unit).number == number


def test_every_claim_carries_a_verbatim_quote(rules: MedspacyRules) -> None:
    for answer in (
        asked(rules, "Does the patient have atrial fibrillation?"),
        asked(rules, "Has the patient ever had a stroke?"),
        asked(rules, "What is the highest creatinine?", "mg/dL"),
    ):
        assert answer.quote is not None
        assert answer.offset is not None
        assert NOTE.startswith(answer.quote, answer.offset)


@pytest.mark.parametrize("note", ["", " \n ", "\x00\ufffd", "a" * 20_000, "gout " * 5_000])
def test_a_strange_note_is_answered(rules: MedspacyRules, note: str) -> None:
    assert asked(rules, "Is the creatinine high?", note=note).verdict == Verdict.NA


def test_the_words_of_a_note_are_not_logged(
    rules: MedspacyRules, capfd: pytest.CaptureFixture[str]
) -> None:
    asked(rules, "Does the patient have gout?")
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""
