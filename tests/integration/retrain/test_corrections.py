"""What reviewers left on a real FHIR server, as items."""

from __future__ import annotations

from typing import Any

import pytest

from services.retrain.config import CorrectionSettings
from services.retrain.corrections.collect import Collected, collect
from services.retrain.corrections.folder import (
    read_report,
    rule_for,
    with_corrections,
    write_corrections,
)
from services.retrain.corrections.omitted import Omitted
from shared.criteria.question import AnswerType, Question
from shared.fhir import systems
from shared.fhir.client import FhirClient
from training.dataset import TeacherNote, read_dataset
from training.dataset.split import position
from training.distill.config import EvaluationPart, NotesPart, RunConfig

TEXT = "Known atrial fibrillation. Platelets 148 today. No bleeding."


async def collected(hospital: Any, **arguments: Any) -> Collected:
    questions = {
        f"{hospital.study}/af": Question(
            study=hospital.study, id="af", text="In AF?", type=AnswerType.BOOLEAN
        )
    }
    async with FhirClient(hospital.url) as fhir:
        return await collect(fhir, questions, study=hospital.study, **arguments)


def answers(found: Collected) -> dict[str, str]:
    return {item.question: item.answer for note in found.notes for item in note.items}


def omitted(found: Collected) -> dict[str, int]:
    return {why: count for why, count in found.omitted.items() if why is not Omitted.OTHER_STUDY}


async def test_what_persons_confirmed_and_corrected_comes_with_its_note(hospital: Any) -> None:
    note = hospital.note(hospital.patient(), TEXT, type={"text": "Discharge summary"})
    quote = [{"text": "Quote: known atrial fibrillation"}]
    hospital.answer("af", note, valueBoolean=True, note=quote)
    hospital.answer("bleed", note, status="corrected", valueBoolean=False)
    number = {"value": 148, "code": "10*3/uL", "system": systems.UCUM}
    hospital.answer("plt", note, valueQuantity=number)

    found = await collected(hospital)

    (read,) = found.notes
    assert (read.id, read.text, read.note_type) == (note["id"], TEXT, "Discharge summary")
    assert answers(found) == {"AF?": "Yes", "BLEED?": "No", "PLT?": "148"}
    assert {item.question: item.quote for item in read.items} == {
        "AF?": "Known atrial fibrillation",
        "BLEED?": "",
        "PLT?": TEXT,
    }
    assert found.unquoted == 1


async def test_what_the_machine_wrote_and_what_was_rejected_is_none(hospital: Any) -> None:
    note = hospital.note(hospital.patient(), TEXT)
    hospital.answer("a", note, status="preliminary", valueBoolean=True)
    hospital.answer("b", note, status="entered-in-error", valueBoolean=True)
    by_machine = hospital.answer("c", note, status="corrected", valueBoolean=True)
    hospital.provenance(by_machine, "Device/other-machine")

    found = await collected(hospital)

    assert found.notes == []
    assert omitted(found) == {Omitted.MACHINE: 1}


async def test_a_person_after_the_machine_counts(hospital: Any) -> None:
    note = hospital.note(hospital.patient(), TEXT)
    first = hospital.answer("a", note, status="preliminary", valueBoolean=True)
    hospital.provenance(first, "Device/encoder-1")
    hospital.answer("a", note, valueBoolean=False)
    second = hospital.answer("b", note, status="corrected", valueBoolean=False)
    hospital.provenance(second, "Practitioner/p1")

    assert answers(await collected(hospital)) == {"A?": "No", "B?": "No"}


async def test_an_answer_that_a_person_added_is_found_by_its_id(hospital: Any) -> None:
    patient = hospital.patient()
    hospital.note(patient, "Another note.")
    note = hospital.note(patient, TEXT)
    bare = {"derivedFrom": None, "code": {"coding": [_coding(hospital, "af")]}}
    hospital.answer("af", note, valueBoolean=True, **bare)

    found = await collected(hospital)

    assert [(one.id, one.items[0].question) for one in found.notes] == [(note["id"], "In AF?")]


async def test_that_nothing_is_known_is_learned_where_the_question_is_known(hospital: Any) -> None:
    note = hospital.note(hospital.patient(), TEXT)
    absent = {"coding": [{"system": systems.DATA_ABSENT_REASON, "code": "unknown"}]}
    hospital.answer("af", note, dataAbsentReason=absent)
    hospital.answer("strange", note, dataAbsentReason=absent)

    found = await collected(hospital)

    assert answers(found) == {"AF?": "NA"}
    assert omitted(found) == {Omitted.NO_KIND: 1}


async def test_a_note_that_counts_no_more_takes_its_corrections_along(hospital: Any) -> None:
    patient = hospital.patient()
    gone = hospital.note(patient, TEXT, status="entered-in-error")
    replaced = hospital.note(patient, TEXT)
    target = {"reference": f"DocumentReference/{replaced['id']}"}
    hospital.note(patient, TEXT, relatesTo=[{"code": "replaces", "target": target}])
    for note in (gone, replaced):
        hospital.answer("af", note, valueBoolean=True)

    found = await collected(hospital)

    assert omitted(found) == {Omitted.NOTE_GONE: 2}


async def test_who_opted_out_is_not_learned_from(hospital: Any) -> None:
    patient = hospital.patient()
    hospital.answer("af", hospital.note(patient, TEXT), valueBoolean=True)
    group = hospital.put(
        {
            "resourceType": "Group",
            "id": f"out-{hospital.study}",
            "type": "person",
            "actual": True,
            "member": [{"entity": {"reference": f"Patient/{patient}"}}],
        }
    )

    found = await collected(hospital, opt_out_group=group["id"])

    assert omitted(found) == {Omitted.NOTE_GONE: 1}


async def test_a_note_that_changed_since_counts_where_the_evidence_still_stands(
    hospital: Any,
) -> None:
    patient = hospital.patient()
    note = hospital.note(patient, TEXT)
    quote = [{"text": "Quote: Known atrial fibrillation."}]
    hospital.answer("kept", note, valueBoolean=True, note=quote)
    hospital.answer("lost", note, valueBoolean=True, note=[{"text": "Quote: No bleeding."}])
    hospital.answer("none", note, valueBoolean=True)
    hospital.note(patient, "Known atrial fibrillation. Bled yesterday.", note["id"])

    found = await collected(hospital)

    assert answers(found) == {"KEPT?": "Yes"}
    assert omitted(found) == {Omitted.NOTE_CHANGED: 2}


async def test_a_note_of_another_patient_is_left_out(hospital: Any) -> None:
    note = hospital.note(hospital.patient(), TEXT)
    other = {"reference": f"Patient/{hospital.patient()}"}
    hospital.answer("af", note, valueBoolean=True, subject=other)

    assert omitted(await collected(hospital)) == {Omitted.OTHER_PATIENT: 1}


async def test_other_studies_are_left_to_themselves(hospital: Any) -> None:
    note = hospital.note(hospital.patient(), TEXT)
    hospital.answer("af", note, valueBoolean=True)
    hospital.study = f"{hospital.study}-2"
    hospital.answer("dm", note, valueBoolean=True)

    assert answers(await collected(hospital)) == {"DM?": "Yes"}


@pytest.fixture
def run(hospital: Any, tmp_path: Any) -> RunConfig:
    return RunConfig(name="r", folder=tmp_path / "run", notes=NotesPart(source=hospital.url))


async def test_each_patient_trains_or_judges(hospital: Any, run: RunConfig) -> None:
    for _ in range(30):
        note = hospital.note(hospital.patient(), TEXT)
        hospital.answer("af", note, valueBoolean=True)
    found = await collected(hospital)
    settings = CorrectionSettings(least_evaluation_items=1, evaluation_share=0.5)
    run = run.model_copy(update={"cleaning": run.cleaning.model_copy(update={"test": 0.5})})
    folder = run.folder.parent / "corrections"
    rule = rule_for(run, settings)

    report = write_corrections(folder, found, rule, run, settings)
    config = with_corrections(run, folder, rule, report)

    assert config.corrections is not None
    assert config.evaluation.folder is not None
    training, judging = read_dataset(config.corrections), read_dataset(config.evaluation.folder)
    trained = _patients((*training.train, *training.held_out))
    judged = _patients((*judging.train, *judging.held_out))
    assert not trained & judged
    assert len(trained | judged) == 30
    assert judging.annotated
    assert all(0.1 <= position(patient) < 0.6 for patient in judged)
    assert (report.training, report.evaluation) == (len(trained), len(judged))
    assert read_report(folder) == report


async def test_too_few_judge_nobody_and_train_nobody(hospital: Any, run: RunConfig) -> None:
    judged = next(name for n in range(999) if 0.1 <= position(name := f"p{n}") < 0.2)
    hospital.answer("af", hospital.note(hospital.patient(judged), TEXT), valueBoolean=True)
    settings = CorrectionSettings()
    folder = run.folder.parent / "corrections"
    rule = rule_for(run, settings)

    report = write_corrections(folder, await collected(hospital), rule, run, settings)
    config = with_corrections(run, folder, rule, report)

    assert (report.training, report.evaluation, report.judged) == (0, 1, False)
    assert (config.corrections, config.evaluation) == (None, EvaluationPart())
    assert "too few to judge" in report.lines()[0]


def _coding(hospital: Any, question: str) -> dict[str, str]:
    return {"system": systems.QUESTIONS, "code": f"{hospital.study}/{question}"}


def _patients(notes: tuple[TeacherNote, ...]) -> set[str]:
    return {note.patient_id for note in notes}
