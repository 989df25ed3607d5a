"""Answers beside the key of the sample hospital."""

import pytest

from services.demo import hospital
from services.demo.comparison import beside_key, outcomes
from services.demo.findings import Screened
from shared.students.interface import Answer, Verdict
from training.evaluate.command import shipped_studies
from training.evaluate.folder import read_folder

FOLDER = read_folder(hospital.FOLDER)


def test_without_answers_only_what_the_key_leaves_out_is_right() -> None:
    pairs = beside_key(FOLDER, shipped_studies(), {})
    assert {pair.got for pair in pairs} == {Verdict.NA}
    assert all(pair.right == (pair.expected is Verdict.NA) for pair in pairs)


def test_disputed_questions_are_not_scored() -> None:
    pairs = beside_key(FOLDER, shipped_studies(), {})
    assert len(pairs) == 36 * 72 - FOLDER.disputed


@pytest.mark.parametrize(("number", "right"), [(0.9, True), (1.1, False)])
def test_an_answer_is_set_beside_the_key_of_its_own_note(number: float, right: bool) -> None:
    note = next(note for note in FOLDER.notes if note.expected.get("creatinine") == 0.9)
    answer = Answer(
        question="apixaban-af/creatinine",
        verdict=Verdict.NUMBER,
        number=number,
        unit="mg/dL",
        quote=note.text[:10],
        offset=0,
        length=10,
        confidence=0.9,
    )
    pairs = beside_key(FOLDER, shipped_studies(), {hospital.document_id(note.id): [answer]})
    (answered,) = [pair for pair in pairs if pair.got is not Verdict.NA]
    assert (answered.note, answered.question) == (note.id, "creatinine")
    assert answered.right == right
    assert answered.claims == answered.verbatim == 1


def test_outcome_of_a_patient_whom_the_server_does_not_know_is_wrong() -> None:
    first, second, *_ = hospital.load().patients
    screened = [Screened("apixaban-af", first.id, first.intended, ())]
    assert [one.right for one in outcomes([first, second], screened)] == [True, False]


def test_outcomes_of_other_studies_do_not_count() -> None:
    patient = hospital.load().patients[0]
    screened = [Screened("n2c2-2018", patient.id, patient.intended, ())]
    assert outcomes([patient], screened)[0].got is None
