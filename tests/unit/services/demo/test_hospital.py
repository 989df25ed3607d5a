"""The sample hospital as FHIR resources."""

import base64
import json

import pytest
from fhir.resources.R4B.documentreference import DocumentReference
from fhir.resources.R4B.patient import Patient

from services.demo import hospital
from shared.fhir.systems import LOINC
from training.evaluate.folder import read_folder

KEY = read_folder(hospital.FOLDER)


@pytest.fixture(scope="module")
def sample() -> hospital.Hospital:
    return hospital.load()


def test_holds_24_patients_and_72_notes_with_a_key_for_each(sample: hospital.Hospital) -> None:
    assert len(sample.patients) == 24
    assert len(sample.notes) == 72
    assert {note.id for note in KEY.notes} == {note.id for note in sample.notes}
    assert {note.mrn for note in sample.notes} == {patient.mrn for patient in sample.patients}


def test_every_quote_of_the_key_stands_in_its_note(sample: hospital.Hospital) -> None:
    text = {note.id: note.text for note in sample.notes}
    for line in (hospital.FOLDER / "key.jsonl").read_text().splitlines():
        key = json.loads(line)
        for answer, quote in key["answers"].values():
            assert quote in text[key["id"]], (key["id"], answer)


def test_key_answers_the_36_questions_of_both_studies() -> None:
    assert len(KEY.questions) == 36
    assert {question.study for question in KEY.questions} == {"apixaban-af", "n2c2-2018"}


def test_resources_are_valid_fhir(sample: hospital.Hospital) -> None:
    for patient in sample.patients:
        Patient.model_validate(patient.resource())
    for note in sample.notes:
        DocumentReference.model_validate(note.resource())


def test_patient_carries_what_eligibility_reads(sample: hospital.Hospital) -> None:
    patient = next(one for one in sample.patients if one.language != "en")
    resource = patient.resource()
    assert resource["gender"] == patient.sex
    assert resource["birthDate"] == patient.birthDate.isoformat()
    assert resource["identifier"][0]["value"] == patient.mrn
    assert resource["communication"][0]["language"]["coding"][0]["code"] == patient.language


def test_intended_outcome_is_not_in_the_resources(sample: hospital.Hospital) -> None:
    for patient in sample.patients:
        assert patient.why not in json.dumps(patient.resource(), ensure_ascii=False)
        assert "intended" not in patient.resource()


def test_note_carries_subject_type_date_and_its_text(sample: hospital.Hospital) -> None:
    note = sample.notes[0]
    resource = note.resource()
    attachment = resource["content"][0]["attachment"]
    assert base64.b64decode(attachment["data"]).decode() == note.text
    assert resource["subject"]["reference"] == f"Patient/{hospital.patient_id(note.mrn)}"
    assert resource["type"]["coding"][0] == {
        "system": LOINC,
        "code": note.loinc,
        "display": note.type,
    }
    assert resource["date"].startswith(note.date.strftime("%Y-%m-%dT%H:%M:%S"))


def test_ids_are_the_same_each_time_and_differ(sample: hospital.Hospital) -> None:
    again = hospital.load()
    ids = [note.document_id for note in sample.notes] + [one.id for one in sample.patients]
    assert ids == [note.document_id for note in again.notes] + [one.id for one in again.patients]
    assert len(set(ids)) == len(ids)
